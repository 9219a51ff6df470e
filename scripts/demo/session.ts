import { createClient, type SupabaseClient } from "@supabase/supabase-js";
import { startStack } from "../stack/start.ts";
import type { Stack } from "../stack/types.ts";

// biome-ignore lint/suspicious/noExplicitAny: rows are read by column lists; each reader names the shape it asked for.
export type Client = SupabaseClient<any, any, any>;

/** A signed-in owner of a brand on a running stack: what an app would have after login. */
export interface Session {
  stack: Stack;
  owner: Client;
  brand: string;
  /** Key of a machine that may send signals, void after close(). */
  apiKey: string;
  close(): Promise<void>;
}

export interface SessionOptions {
  brandName: string;
  brandSlug: string;
  currency: string;
  /** Keeps the data between runs; without it they live in memory. */
  dataDir?: string;
}

/** The demonstration's own accounts; they open nothing but this local stack. */
const PASSWORD = "a local demonstration";

export async function openSession(options: SessionOptions): Promise<Session> {
  const log = process.env.LOOPWISE_VERBOSE ? console.log : undefined;
  const stack = await startStack({ dataDir: options.dataDir, cron: false, log });
  try {
    const owner = await signIn(stack, `owner@${options.brandSlug}.example.com`, "Olive Owner");
    const brand = await findOrCreateBrand(owner, options);
    const [key] = await call<{ api_key_id: string; api_key: string }[]>(owner, "core", "create_api_key", {
      p_brand: brand,
      p_name: "Demonstration",
      p_scopes: ["signals:write"],
    });
    if (!key) throw new Error("core.create_api_key returned no key.");
    const close = async () => {
      await call(owner, "core", "revoke_api_key", { p_brand: brand, p_api_key: key.api_key_id });
      await stack.close();
    };
    return { stack, owner, brand, apiKey: key.api_key, close };
  } catch (error) {
    await stack.close();
    throw error;
  }
}

/** One RPC; what the database answers with an error is thrown with the place where it came from. */
export async function call<Result>(
  client: Client,
  schema: string,
  name: string,
  args: Record<string, unknown>,
): Promise<Result> {
  const { data, error } = await client.schema(schema).rpc(name, args);
  if (error) {
    const parts = [error.message, error.details, error.hint].filter(Boolean);
    throw new Error(`${schema}.${name}: ${parts.join(" | ")}`);
  }
  return data as Result;
}

async function signIn(stack: Stack, email: string, fullName: string): Promise<Client> {
  const client: Client = createClient(stack.url, stack.publishableKey, {
    auth: { persistSession: false, autoRefreshToken: false },
    // Node 20 has no WebSocket; without one supabase-js refuses to start, even where Realtime is not used.
    realtime: { transport: globalThis.WebSocket ?? NoWebSocket },
  });
  const known = await client.auth.signInWithPassword({ email, password: PASSWORD });
  if (!known.error) return client;
  const { error } = await client.auth.signUp({
    email,
    password: PASSWORD,
    options: { data: { full_name: fullName } },
  });
  if (error) throw new Error(`Signing up ${email}: ${error.message}`);
  return client;
}

async function findOrCreateBrand(
  owner: Client,
  { brandName, brandSlug, currency }: SessionOptions,
): Promise<string> {
  const { data, error } = await owner
    .schema("core")
    .from("brands")
    .select("id")
    .eq("brand_slug", brandSlug)
    .maybeSingle();
  if (error) throw new Error(`Reading core.brands: ${error.message}`);
  if (data) return data.id as string;
  const made = await call<{ id: string }>(owner, "core", "create_brand", {
    p_name: brandName,
    p_slug: brandSlug,
    p_currency: currency,
  });
  return made.id;
}

class NoWebSocket {
  constructor() {
    throw new Error("The local stack has no Realtime.");
  }
}
