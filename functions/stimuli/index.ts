import { type AiEnvironment, createAi, createProvider, serviceLog } from "../_shared/ai/calls.ts";
import { createStimuli } from "./app.ts";
import { createStore } from "./store.ts";

const env = Deno.env.toObject() as unknown as AiEnvironment;
const ai = createAi(createProvider(env), serviceLog(env));
Deno.serve(createStimuli(createStore(env), ai, env).fetch);
