import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Stack } from "../../scripts/stack/types.ts";
import { anonymous, type Client, type Person, serviceClient, signUp } from "../support/clients.ts";
import { useProject } from "../support/stack.ts";

/** Requests run with the rights that migrations granted, no more: what stock @supabase/lite does not do. */
let stack: Stack;
let person: Person;
let service: Client;

beforeAll(async () => {
  stack = await useProject({
    schemas: ["public", "app"],
    migration: `
      create schema app;
      grant usage on schema app to authenticated, service_role;
      create table app.notes (id bigint generated always as identity primary key, owner uuid not null default auth.uid(), body text);
      alter table app.notes enable row level security;
      grant select, insert on app.notes to authenticated;
      grant all on app.notes to service_role;
      create policy own on app.notes to authenticated using (owner = (select auth.uid())) with check (owner = (select auth.uid()));

      create table public.revoked (id int primary key);
      alter table public.revoked enable row level security;
      revoke all on public.revoked from anon, authenticated, service_role;
      create policy everything on public.revoked using (true);

      create function public.whoami() returns jsonb language sql stable as $$
        select jsonb_build_object(
          'uid', auth.uid(), 'role', current_setting('role'), 'user', current_user, 'claims', auth.jwt(),
          'method', current_setting('request.method'), 'path', current_setting('request.path'),
          'client', current_setting('request.headers')::jsonb ->> 'x-client-info')
      $$;
      create function public.leave_role() returns text language plpgsql as $$ begin reset role; return current_user; end $$;
      create function public.fail(code text) returns void language plpgsql as $$
        begin raise exception using errcode = code, message = 'the message', detail = 'the detail', hint = 'the hint'; end
      $$;`,
  });
  service = serviceClient(stack);
  person = await signUp(stack);
});
afterAll(() => stack?.close());

describe("rights", () => {
  test("a revoked table stays revoked for every role, also after requests", async () => {
    const anon = await anonymous(stack).from("revoked").select();
    expect([anon.status, anon.error?.code]).toEqual([401, "42501"]);
    for (const client of [person.client, service]) {
      const { status, error } = await client.from("revoked").select();
      expect([status, error?.code]).toEqual([403, "42501"]);
    }
    const [row] = await stack.engine.query<{ granted: boolean }>(`
      select bool_or(has_table_privilege(role, 'public.revoked', 'select')) as granted
      from unnest(array['anon', 'authenticated', 'service_role']) as role`);
    expect(row?.granted).toBe(false);
  });

  test("a schema without usage stays closed after requests", async () => {
    const { status, error } = await anonymous(stack).schema("app").from("notes").select();
    expect([status, error?.message]).toEqual([401, "permission denied for schema app"]);
  });

  test("a table that gets row level security after the first request is not readable past its policies", async () => {
    await anonymous(stack).rpc("whoami");
    await stack.engine.exec(`
      create table public.later (id int primary key);
      alter table public.later enable row level security;
      grant select on public.later to anon, service_role;
      insert into public.later values (1);
      notify pgrst, 'reload schema';`);
    await expect.poll(async () => (await service.from("later").select()).data).toEqual([{ id: 1 }]);
    expect((await anonymous(stack).from("later").select()).data).toEqual([]);
  });

  test("a function that resets the role does not end up as a superuser", async () => {
    expect((await person.client.rpc("leave_role")).data).toBe("authenticator");
  });

  test("a schema that config.toml does not expose is refused", async () => {
    const { status, error } = await service.schema("auth").from("users").select();
    expect([status, error?.code]).toEqual([406, "PGRST106"]);
  });
});

describe("the request's context", () => {
  test("has the user's claims with the metadata of auth.users, and the request", async () => {
    await person.client.auth.updateUser({ data: { nickname: "Ada" } });
    const { data } = await person.client.rpc("whoami");
    expect(data).toMatchObject({
      uid: person.id,
      role: "authenticated",
      user: "authenticated",
      method: "POST",
    });
    expect(data).toMatchObject({ path: "/rpc/whoami", client: expect.stringContaining("supabase-js") });
    expect(data.claims).toMatchObject({
      sub: person.id,
      role: "authenticated",
      is_anonymous: false,
      app_metadata: { provider: "email" },
      user_metadata: { nickname: "Ada" },
    });
  });

  test.each(["publishableKey", "anonKey"] as const)("runs as anon with the %s", async (key) => {
    expect(await whoami(stack[key])).toMatchObject({ uid: null, role: "anon", user: "anon" });
  });

  test.each(["secretKey", "serviceRoleKey"] as const)("runs as service_role with the %s", async (key) => {
    expect(await whoami(stack[key])).toMatchObject({ role: "service_role", user: "service_role" });
  });

  test("is not entered with an unknown key or a token of another secret", async () => {
    const headers = {
      apikey: stack.publishableKey,
      authorization: `Bearer ${stack.anonKey.slice(0, -4)}AAAA`,
    };
    const forged = await fetch(`${stack.url}/rest/v1/rpc/whoami`, { headers });
    expect(forged.status).toBe(401);
    const unknown = await fetch(`${stack.url}/rest/v1/rpc/whoami`, {
      headers: { apikey: "sb_secret_guess" },
    });
    expect(unknown.status).toBe(401);
  });

  async function whoami(apikey: string): Promise<unknown> {
    const response = await fetch(`${stack.url}/rest/v1/rpc/whoami`, { headers: { apikey } });
    return response.json();
  }
});

test("100 overlapping requests of different users each see their own rows only", async () => {
  const people = await Promise.all(Array.from({ length: 5 }, () => signUp(stack)));
  for (const { client, id } of people) {
    await client.schema("app").from("notes").insert({ body: id }).throwOnError();
  }
  const requests = Array.from({ length: 100 }, async (_, i) => {
    const { client, id } = people[i % people.length] as Person;
    if (i % 3 === 0) return expect((await client.rpc("whoami")).data.uid).toBe(id);
    if (i % 10 === 1) return expect((await anonymous(stack).rpc("whoami")).data.user).toBe("anon");
    const { data } = await client.schema("app").from("notes").select("owner, body");
    expect(data).toEqual([{ owner: id, body: id }]);
  });
  await Promise.all(requests);
});

test("requests do not get into a transaction that a job or a test holds open", async () => {
  const { engine } = stack;
  const requests: PromiseLike<unknown>[] = [];
  const user = await engine.exclusively(async () => {
    await engine.exec("begin; set local role anon");
    requests.push(
      person.client.rpc("whoami").then(),
      person.client.schema("app").from("notes").select().then(),
    );
    await new Promise((resume) => setTimeout(resume, 200));
    const [row] = await engine.query<{ user: string }>("select current_user as user");
    await engine.exec("rollback");
    return row?.user;
  });
  expect(user).toBe("anon");
  await Promise.all(requests);
});

describe("errors", () => {
  test.each([
    ["PT404", 404],
    ["PT422", 422],
    ["PT429", 429],
    ["23514", 400],
    ["P0001", 400],
    ["23505", 409],
    ["XX000", 500],
    ["42501", 403],
  ])("errcode %s is answered with %i and PostgREST's body", async (code, status) => {
    const answer = await person.client.rpc("fail", { code });
    expect(answer.status).toBe(status);
    expect(answer.error).toMatchObject({
      code,
      message: "the message",
      details: "the detail",
      hint: "the hint",
    });
  });

  test("42501 is 401 for whoever is not signed in", async () => {
    expect((await anonymous(stack).rpc("fail", { code: "42501" })).status).toBe(401);
  });

  test("an unknown table or function is 404", async () => {
    expect((await person.client.from("nothing").select()).error?.code).toBe("PGRST205");
    expect((await person.client.rpc("nothing")).error?.code).toBe("PGRST202");
  });
});

test("what a migration adds is served after notify pgrst", async () => {
  const table = "made_while_running";
  expect((await service.from(table).select()).status).toBe(404);
  await stack.engine.exec(
    `create table public.${table} (id int primary key, at timestamptz, n numeric, v extensions.vector(2))`,
  );
  await stack.engine.exec("notify pgrst, 'reload schema'");
  await expect.poll(async () => (await service.from(table).select()).status).toBe(200);
  const { data } = await service
    .from(table)
    .insert({ id: 1, at: "2026-01-31 10:00+00", n: 1.5, v: [1, 0.5] })
    .select();
  expect(data).toEqual([{ id: 1, at: "2026-01-31T10:00:00+00:00", n: 1.5, v: "[1,0.5]" }]);
});
