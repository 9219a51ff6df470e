import { createClient, type SupabaseClient } from "@supabase/supabase-js";
import type { Stack } from "../../scripts/stack/types.ts";

// biome-ignore lint/suspicious/noExplicitAny: tests of the stack itself have tables of their own.
type AnyDatabase = any;
export type Client<DB = AnyDatabase> = SupabaseClient<DB>;

/** supabase-js as an app has it before anyone signs in: `anonymous<Database>(stack)` for the typed client. */
export function anonymous<DB = AnyDatabase>(stack: Stack): Client<DB> {
  return clientWith<DB>(stack, stack.publishableKey);
}

export interface Person<DB = AnyDatabase> {
  client: Client<DB>;
  /** auth.users.id */
  id: string;
  email: string;
}

/** supabase-js signed in as a new user. */
export async function signUp<DB = AnyDatabase>(stack: Stack, email = newEmail()): Promise<Person<DB>> {
  const client = anonymous<DB>(stack);
  const { data, error } = await client.auth.signUp({ email, password: PASSWORD });
  if (error) throw error;
  if (!data.user) throw new Error(`No user was made for ${email}`);
  return { client, id: data.user.id, email };
}

/** supabase-js with the secret key, as a server has it: past all policies. */
export function serviceClient<DB = AnyDatabase>(stack: Stack): Client<DB> {
  return clientWith<DB>(stack, stack.secretKey);
}

export const PASSWORD = "a password for tests";

let emails = 0;
/** An address that no other test of the file uses. */
export function newEmail(): string {
  emails += 1;
  return `person-${emails}-${Math.random().toString(36).slice(2, 8)}@example.com`;
}

function clientWith<DB>(stack: Stack, key: string): Client<DB> {
  return createClient<DB>(stack.url, key, {
    auth: { persistSession: false, autoRefreshToken: false },
    // Node 20 has no WebSocket; without one supabase-js refuses to start, even where Realtime is not used.
    realtime: { transport: globalThis.WebSocket ?? NoWebSocket },
  });
}

class NoWebSocket {
  constructor() {
    throw new Error("The local stack has no Realtime");
  }
}
