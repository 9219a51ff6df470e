import { Hono } from "hono";
import { Problem } from "./problem.ts";
import { redact } from "./redact.ts";

export interface HttpOptions {
  /** Name of the function: the first segment of its paths. */
  name: string;
  /** Origins whose pages may call it, from ALLOWED_ORIGINS; a server needs none. */
  allowedOrigins: string[];
  log?: (line: string) => void;
}

interface Variables {
  requestId: string;
}
export type App = Hono<{ Variables: Variables }>;

const ALLOWED_HEADERS =
  "authorization, apikey, content-type, x-api-key, x-brand-id, x-client-info, idempotency-key, x-request-id";
const EXPOSED_HEADERS = "x-request-id, ratelimit-limit, ratelimit-remaining, ratelimit-reset, retry-after";

/** A Hono app with what every function has: request id, CORS allow-list, problem documents, one log line per failure. */
export function createApp({ name, allowedOrigins, log = (line) => console.error(line) }: HttpOptions): App {
  const app: App = new Hono<{ Variables: Variables }>().basePath(`/${name}`);

  app.use(async (c, next) => {
    const given = c.req.header("x-request-id");
    const requestId = given && /^[\w-]{8,64}$/.test(given) ? given : crypto.randomUUID();
    c.set("requestId", requestId);
    const origin = c.req.header("origin");
    const isAllowed = origin !== undefined && allowedOrigins.includes(origin);
    if (c.req.method === "OPTIONS") c.res = new Response(null, { status: 204 });
    else await next();
    c.header("x-request-id", requestId);
    c.header("vary", "origin");
    if (isAllowed) {
      c.header("access-control-allow-origin", origin);
      c.header("access-control-allow-methods", "GET, POST, PUT, PATCH, DELETE");
      c.header("access-control-allow-headers", ALLOWED_HEADERS);
      c.header("access-control-expose-headers", EXPOSED_HEADERS);
      c.header("access-control-max-age", "86400");
    }
  });

  app.onError((error, c) => {
    const requestId = c.get("requestId") ?? crypto.randomUUID();
    const problem = error instanceof Problem ? error : new Problem("internal");
    if (problem.status >= 500) {
      log(redact(`${requestId} ${c.req.method} ${c.req.path} ${problem.code}: ${error.stack ?? error}`));
    }
    return problem.toResponse(requestId);
  });
  app.notFound((c) => new Problem("route_not_found").toResponse(c.get("requestId") ?? crypto.randomUUID()));
  return app;
}
