import { randomUUID } from "node:crypto";
import bcrypt from "bcryptjs";
import { type Kysely, sql } from "kysely";
import { z } from "zod";
import { bearerToken, type Keys, verifiedClaims } from "../keys.ts";

/** `auth.admin.*User*` of supabase-js, which @supabase/lite 0.10.0 does not have. */
export const ADMIN_USERS_PATH = /^\/auth\/v1\/admin\/users(?:\/([^/]+))?\/?$/;

const metadata = z.record(z.string(), z.unknown());
const userBody = z.object({
  id: z.guid().optional(),
  email: z.email().toLowerCase().optional(),
  phone: z.string().optional(),
  password: z.string().min(6).max(72).optional(),
  email_confirm: z.boolean().optional(),
  user_metadata: metadata.optional(),
  app_metadata: metadata.optional(),
  role: z.string().optional(),
});
type UserBody = z.infer<typeof userBody>;
type Row = Record<string, unknown>;
type Database = Kysely<unknown>;

export interface AdminUsers {
  db: Database;
  keys: Keys;
  /** Runs work that nothing else on the session may interrupt. */
  exclusively<T>(work: () => Promise<T>): Promise<T>;
}

export async function answerAdminUsers(admin: AdminUsers, request: Request): Promise<Response> {
  if (!(await mayAdminister(admin.keys, request.headers)))
    return refusal(403, "not_admin", "User not allowed");
  const url = new URL(request.url);
  const id = ADMIN_USERS_PATH.exec(url.pathname)?.[1];
  const hasBody = request.method === "POST" || request.method === "PUT";
  const body = userBody.safeParse(hasBody ? await request.json() : {});
  if (!body.success) return refusal(400, "validation_failed", z.prettifyError(body.error));
  if (id && !z.guid().safeParse(id).success)
    return refusal(404, "validation_failed", "user_id must be an UUID");
  // Hashing takes a tenth of a second: done before the database is taken.
  const hash = body.data.password ? await bcrypt.hash(body.data.password, 10) : null;
  return admin.exclusively(() =>
    admin.db.transaction().execute((db) => {
      if (!id && request.method === "POST") return createUser(db, body.data, hash);
      if (!id && request.method === "GET") return listUsers(db, url.searchParams);
      if (id && request.method === "GET") return oneUser(db, id);
      if (id && request.method === "PUT") return updateUser(db, id, body.data, hash);
      if (id && request.method === "DELETE") return deleteUser(db, id);
      return Promise.resolve(refusal(405, "bad_method", "Method not allowed"));
    }),
  );
}

async function mayAdminister(keys: Keys, headers: Headers): Promise<boolean> {
  for (const key of [headers.get("apikey"), bearerToken(headers.get("authorization"))]) {
    if (!key) continue;
    if (key === keys.secretKey || (await verifiedClaims(keys, key))?.role === "service_role") return true;
  }
  return false;
}

async function createUser(db: Database, body: UserBody, hash: string | null): Promise<Response> {
  if (!body.email) return refusal(400, "validation_failed", "Cannot create a user without an email");
  const { rows } = await sql`select from auth.users where email = ${body.email}`.execute(db);
  if (rows.length > 0) {
    return refusal(422, "email_exists", "A user with this email address has already been registered");
  }
  const id = body.id ?? randomUUID();
  const appMetadata = { provider: "email", providers: ["email"], ...body.app_metadata };
  const identity = { sub: id, email: body.email, email_verified: body.email_confirm === true };
  await sql`
    insert into auth.users (id, aud, role, email, phone, encrypted_password, email_confirmed_at, raw_app_meta_data, raw_user_meta_data)
    values (${id}::text::uuid, 'authenticated', ${body.role ?? "authenticated"}, ${body.email}, ${body.phone ?? null}, ${hash},
      case when ${body.email_confirm === true}::boolean then now() end,
      ${JSON.stringify(appMetadata)}::text::jsonb, ${JSON.stringify(body.user_metadata ?? {})}::text::jsonb)`.execute(
    db,
  );
  await sql`
    insert into auth.identities (id, provider, provider_id, user_id, identity_data)
    values (${randomUUID()}::text::uuid, 'email', ${id}::text, ${id}::text::uuid, ${JSON.stringify(identity)}::text::jsonb)`.execute(
    db,
  );
  return oneUser(db, id);
}

async function listUsers(db: Database, query: URLSearchParams): Promise<Response> {
  const perPage = Math.min(Number(query.get("per_page")) || 50, 1000);
  const page = Math.max(Number(query.get("page")) || 1, 1);
  const { rows } = await sql<Row>`
    select * from auth.users order by created_at desc, id limit ${perPage} offset ${(page - 1) * perPage}`.execute(
    db,
  );
  const total = await sql<{ total: number }>`select count(*)::integer as total from auth.users`.execute(db);
  const headers = { "x-total-count": String(total.rows[0]?.total ?? 0) };
  return Response.json({ users: rows.map(userJson), aud: "authenticated" }, { headers });
}

async function oneUser(db: Database, id: string): Promise<Response> {
  const { rows } = await sql<Row>`select * from auth.users where id = ${id}::text::uuid`.execute(db);
  return rows[0] ? Response.json(userJson(rows[0])) : refusal(404, "user_not_found", "User not found");
}

async function updateUser(db: Database, id: string, body: UserBody, hash: string | null): Promise<Response> {
  await sql`
    update auth.users set
      email = coalesce(${body.email ?? null}, email),
      phone = coalesce(${body.phone ?? null}, phone),
      role = coalesce(${body.role ?? null}, role),
      encrypted_password = coalesce(${hash}, encrypted_password),
      email_confirmed_at = case when ${body.email_confirm === true}::boolean
        then coalesce(email_confirmed_at, now()) else email_confirmed_at end,
      raw_app_meta_data = coalesce(raw_app_meta_data, '{}') || ${JSON.stringify(body.app_metadata ?? {})}::text::jsonb,
      raw_user_meta_data = coalesce(raw_user_meta_data, '{}') || ${JSON.stringify(body.user_metadata ?? {})}::text::jsonb,
      updated_at = now()
    where id = ${id}::text::uuid`.execute(db);
  return oneUser(db, id);
}

async function deleteUser(db: Database, id: string): Promise<Response> {
  const { rows } = await sql`delete from auth.users where id = ${id}::text::uuid returning id`.execute(db);
  return rows.length > 0 ? Response.json({}) : refusal(404, "user_not_found", "User not found");
}

function userJson(row: Row) {
  const { id, aud, role, email, email_confirmed_at, confirmed_at, last_sign_in_at, created_at, updated_at } =
    row;
  return {
    ...{ id, aud, role, email, email_confirmed_at, confirmed_at, last_sign_in_at, created_at, updated_at },
    phone: row.phone ?? "",
    app_metadata: row.raw_app_meta_data,
    user_metadata: row.raw_user_meta_data,
    is_anonymous: row.is_anonymous,
  };
}

function refusal(status: number, code: string, message: string): Response {
  return Response.json({ code: status, error_code: code, msg: message }, { status });
}
