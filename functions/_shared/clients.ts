import { createClient, type SupabaseClient } from "@supabase/supabase-js";
import type { Database } from "../../types/database.ts";

export type Client = SupabaseClient<Database>;

/** What every function finds in its environment. */
export interface Environment {
  SUPABASE_URL: string;
  SUPABASE_ANON_KEY: string;
  SUPABASE_SERVICE_ROLE_KEY: string;
  /** Comma-separated origins of the pages that may call the functions. */
  ALLOWED_ORIGINS?: string;
}

const options = { auth: { persistSession: false, autoRefreshToken: false, detectSessionInUrl: false } };

/** Past all policies. Only for what the caller cannot do as itself; say why at each use. */
export function serviceClient(env: Environment): Client {
  return createClient<Database>(env.SUPABASE_URL, env.SUPABASE_SERVICE_ROLE_KEY, options);
}

/** As the caller: its token is forwarded, so that policies and role checks decide. */
export function callerClient(env: Environment, token: string): Client {
  return createClient<Database>(env.SUPABASE_URL, env.SUPABASE_ANON_KEY, {
    ...options,
    global: { headers: { authorization: `Bearer ${token}` } },
  });
}

export function allowedOrigins(env: Environment): string[] {
  return (env.ALLOWED_ORIGINS ?? "").split(",").flatMap((origin) => origin.trim() || []);
}
