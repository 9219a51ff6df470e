import { type AiEnvironment, createAi, createProvider, serviceLog } from "../_shared/ai/calls.ts";
import { createStimuli } from "./app.ts";
import type { DeliveryEnvironment } from "./delivery/routes.ts";
import { createDeliveryStore } from "./delivery/store.ts";
import { createStore } from "./store.ts";

const env = Deno.env.toObject() as unknown as AiEnvironment & DeliveryEnvironment;
const ai = createAi(createProvider(env), serviceLog(env));
const content = { store: createStore(env), ai };
Deno.serve(createStimuli(content, { store: createDeliveryStore(env), env }).fetch);
