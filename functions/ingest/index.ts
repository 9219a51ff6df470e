import type { Environment } from "../_shared/clients.ts";
import { createIngest } from "./app.ts";
import { createStore } from "./store.ts";

const env = Deno.env.toObject() as unknown as Environment;
Deno.serve(createIngest(createStore(env), env).fetch);
