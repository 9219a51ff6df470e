import { allowedOrigins } from "../_shared/clients.ts";
import { type App, createApp } from "../_shared/http.ts";
import { type Delivery, deliveryRoutes } from "./delivery/routes.ts";
import { type Content, contentRoutes } from "./routes.ts";
import { webhookRoutes } from "./webhooks/routes.ts";

export function createStimuli(content: Content, delivery: Delivery): App {
  const app = createApp({ name: "stimuli", allowedOrigins: allowedOrigins(delivery.env) });
  contentRoutes(app, content);
  deliveryRoutes(app, delivery);
  webhookRoutes(app, delivery.store);
  return app;
}
