import { createStimuli } from "./app.ts";
import type { DeliveryEnvironment } from "./delivery/routes.ts";
import { createDeliveryStore } from "./delivery/store.ts";
import { render } from "./render.ts";

const env = Deno.env.toObject() as unknown as DeliveryEnvironment;
Deno.serve(createStimuli({ store: createDeliveryStore(env), render, env }).fetch);
