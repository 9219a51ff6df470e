import { type Kysely, sql } from "kysely";
import { requestContext } from "./context.ts";
import { toDataApiError } from "./errors.ts";

type Database = Kysely<unknown>;
interface RequestVars {
  auth?: { uid?: unknown; role?: unknown; jwt?: Record<string, unknown> | null } | null;
  storage?: { operation?: unknown } | null;
}
type Work<T> = (db: Database) => Promise<T>;

/** The methods of a @supabase/lite 0.10.0 Postgres connection that are replaced here; its types hide most of them. */
export interface LiteConnection {
  kysely: Database;
  ensureRlsContext(): Promise<boolean>;
  applyJwtSessionContext(db: Database, vars: RequestVars): Promise<void>;
  applyRpcRequestGucs(db: Database, request: unknown): Promise<void>;
  withContext<T>(vars: RequestVars | undefined, work: Work<T>, options?: unknown): Promise<T>;
  normalizeDbError(error: unknown): unknown;
  clearSchemaCache(): Promise<void>;
}

/**
 * @supabase/lite is made for one trusting developer. This makes its connection behave like a Supabase project's:
 * every request runs under its own role with exactly the rights that migrations granted, and knows who is asking.
 */
export async function hardenConnection(connection: LiteConnection): Promise<void> {
  // PGlite logs in without telling the setting, so that a `set local session authorization` would outlive its transaction.
  await sql`select set_config('session_authorization', session_user, false)`.execute(connection.kysely);

  // Stock: the first request grants everything on every schema with RLS to all API roles, and if no table has RLS yet,
  // all requests run as superuser for good.
  connection.ensureRlsContext = async () => true;

  // Stock: no context means superuser.
  const withContext = connection.withContext.bind(connection);
  connection.withContext = (vars, work, options) => withContext(vars ?? { auth: null }, work, options);

  connection.applyJwtSessionContext = applyRequestContext;
  // Stock: five more statements, for function calls only, with what the context has set already.
  connection.applyRpcRequestGucs = async () => {};

  // Every failed Data API request passes here. Stock prints each one and knows only some of the SQLSTATEs.
  connection.normalizeDbError = (error) => {
    const request = requestContext.getStore();
    if (request?.isDataApi) throw toDataApiError(error, request.role);
    return error;
  };
}

/** Sets, for the current transaction, what PostgREST sets: the claims, the request, and last of all the role. */
async function applyRequestContext(db: Database, vars: RequestVars): Promise<void> {
  const request = requestContext.getStore();
  const role = String(vars.auth?.role || "anon");
  if (request) request.role = role;
  const claims = vars.auth?.jwt ?? { role };
  // A storage token's subject is a path, and a service key has none.
  const user = /^[0-9a-f-]{36}$/i.test(String(vars.auth?.uid)) ? String(vars.auth?.uid) : null;
  // Stock tokens lack the metadata that Supabase's carry. As a login role, `authenticator` may become an API role only,
  // so that neither a forged-looking role claim nor a `reset role` in a function ends at the superuser.
  await sql`
    with claims as (
      select coalesce(
        (select jsonb_build_object(
            'aal', 'aal1',
            'app_metadata', coalesce(raw_app_meta_data::jsonb, '{}'),
            'user_metadata', coalesce(raw_user_meta_data::jsonb, '{}'),
            'is_anonymous', coalesce(is_anonymous, false))
          from auth.users where id = ${user}::text::uuid), '{}') || ${JSON.stringify(claims)}::text::jsonb as c
    )
    select
      set_config('request.jwt.claims', c::text, true),
      set_config('request.jwt.claim.sub', coalesce(c ->> 'sub', ''), true),
      set_config('request.jwt.claim.role', ${role}, true),
      set_config('request.jwt.claim.email', coalesce(c ->> 'email', ''), true),
      set_config('request.method', ${request?.method ?? ""}, true),
      set_config('request.path', ${request?.path ?? ""}, true),
      set_config('request.headers', ${JSON.stringify(request?.headers ?? {})}, true),
      set_config('response.status', '', true),
      set_config('response.headers', '', true),
      set_config('storage.operation', ${String(vars.storage?.operation ?? "")}, true),
      set_config('session_authorization', 'authenticator', true),
      set_config('role', ${role}, true)
    from claims`.execute(db);
}
