import type { MiddlewareHandler } from "hono";
import { Problem } from "./problem.ts";

/** Who calls. `key` is checked by the store, `token` by the database, which the token is forwarded to. */
export type Caller = { kind: "key"; key: string } | { kind: "user"; token: string } | { kind: "unsigned" };

/**
 * How a route finds out who calls, in one word: `key` an API key, `user` a signed-in user, `either` one of the two,
 * `signature` nobody yet: the route itself checks the signature of the body.
 */
export type Auth = "key" | "user" | "either" | "signature";

export function auth(kind: Auth): MiddlewareHandler<{ Variables: { caller: Caller } }> {
  return async (c, next) => {
    c.set("caller", kind === "signature" ? { kind: "unsigned" } : callerOf(c.req.raw.headers, kind));
    await next();
  };
}

function callerOf(headers: Headers, kind: Auth): Caller {
  const bearer = /^Bearer +(\S+)$/i.exec(headers.get("authorization") ?? "")?.[1];
  const key = headers.get("x-api-key") ?? (bearer?.startsWith("lwk_") ? bearer : undefined);
  if (key && kind !== "user") return { kind: "key", key };
  if (bearer && !bearer.startsWith("lwk_") && kind !== "key") return { kind: "user", token: bearer };
  throw new Problem("credentials_required");
}

/** The access token of a caller on a route for users. */
export function tokenOf(caller: Caller): string {
  if (caller.kind !== "user") throw new Problem("credentials_required");
  return caller.token;
}
