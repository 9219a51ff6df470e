import { jwtVerify, SignJWT } from "jose";

/** Fixed keys of the local stack. They open nothing but a database on this machine, so they may stand here. */
const LOCAL_KEYS = {
  publishableKey: "sb_publishable_loopwise_local_development",
  secretKey: "sb_secret_loopwise_local_development",
  jwtSecret: "loopwise-local-development-secret-of-more-than-32-characters",
} as const;

type ApiRole = "anon" | "authenticated" | "service_role";

export interface Keys {
  publishableKey: string;
  secretKey: string;
  /** The two rights again as tokens signed with `jwtSecret`, as projects had them before `sb_…` keys. */
  anonKey: string;
  serviceRoleKey: string;
  jwtSecret: string;
}

/** Issued and expiring at fixed times, so that the tokens are the same at every start and can be kept in a client's settings. */
const ISSUED_AT = Date.UTC(2025, 0, 1) / 1000;
const EXPIRES_AT = Date.UTC(2045, 0, 1) / 1000;

export async function localKeys(): Promise<Keys> {
  const token = (role: ApiRole) =>
    new SignJWT({ iss: "loopwise-local", role })
      .setProtectedHeader({ alg: "HS256", typ: "JWT" })
      .setIssuedAt(ISSUED_AT)
      .setExpirationTime(EXPIRES_AT)
      .sign(new TextEncoder().encode(LOCAL_KEYS.jwtSecret));
  return { ...LOCAL_KEYS, anonKey: await token("anon"), serviceRoleKey: await token("service_role") };
}

/** The claims of a token signed with the project's secret and still valid, else null. */
export async function verifiedClaims(keys: Keys, token: string): Promise<Record<string, unknown> | null> {
  try {
    const secret = new TextEncoder().encode(keys.jwtSecret);
    return (await jwtVerify(token, secret, { algorithms: ["HS256"] })).payload;
  } catch {
    return null;
  }
}

/** What an `apikey` entitles to, null for an unknown one. A user's token is not an API key. */
export async function apiKeyClaims(
  keys: Keys,
  key: string,
): Promise<{ role: "anon" | "service_role" } | null> {
  if (key === keys.publishableKey) return { role: "anon" };
  if (key === keys.secretKey) return { role: "service_role" };
  const role = (await verifiedClaims(keys, key))?.role;
  return role === "anon" || role === "service_role" ? { role } : null;
}

export function bearerToken(authorization: string | null | undefined): string | undefined {
  return /^Bearer (\S+)$/i.exec(authorization ?? "")?.[1];
}
