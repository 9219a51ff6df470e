import { afterAll, beforeAll, expect, it } from "vitest";
import { createEmbeddedEngine } from "../../scripts/stack/engines/embedded.ts";
import { applyPlatformBefore } from "../../scripts/stack/platform/platform.ts";
import type { Engine } from "../../scripts/stack/types.ts";

let engine: Engine;
beforeAll(async () => {
  engine = await createEmbeddedEngine();
  await applyPlatformBefore(engine);
});
afterAll(() => engine?.close());

const API_ROLES = ["anon", "authenticated", "service_role"];

it("may be applied again without a change of any right", async () => {
  const rights = () =>
    engine.query(`
      select 'namespace' as kind, nspname::text as name, nspacl::text as acl from pg_namespace
      union all select 'relation', oid::regclass::text, relacl::text from pg_class
      union all select 'function', oid::regprocedure::text, proacl::text from pg_proc
      union all select 'default', defaclnamespace::regnamespace::text || defaclobjtype::text || defaclrole::text, defaclacl::text
      from pg_default_acl
      order by 1, 2`);
  const before = await rights();
  await applyPlatformBefore(engine);
  expect(await rights()).toEqual(before);
});

it("gives each role Supabase's attributes", async () => {
  const roles = await engine.query(
    `select rolname as name, rolsuper as super, rolbypassrls as bypass, rolcanlogin as login, rolinherit as inherit
     from pg_roles where rolname = any ($1) order by 1`,
    [[...API_ROLES, "authenticator"]],
  );
  expect(roles).toEqual([
    { name: "anon", super: false, bypass: false, login: false, inherit: false },
    { name: "authenticated", super: false, bypass: false, login: false, inherit: false },
    { name: "authenticator", super: false, bypass: false, login: true, inherit: false },
    { name: "service_role", super: false, bypass: true, login: false, inherit: false },
  ]);
});

it("opens what is created in public to the API roles, and nothing that is created elsewhere", async () => {
  await engine.exec(
    "create table public.opened (id int); create schema closed; create table closed.kept (id int)",
  );
  for (const role of API_ROLES) {
    const [rights] = await engine.query(
      `select has_table_privilege($1, 'public.opened', 'select, insert, update, delete') as opened,
              has_schema_privilege($1, 'closed', 'usage') or has_table_privilege($1, 'closed.kept', 'select') as kept`,
      [role],
    );
    expect({ role, ...rights }).toEqual({ role, opened: true, kept: false });
  }
});

it("shows secrets to postgres and service_role only, and jobs to no API role", async () => {
  await engine.query("select vault.create_secret('s3cret', 'key')");
  const read = (role: string, table: string) =>
    engine.exclusively(async () => {
      await engine.exec(`set role ${role}`);
      try {
        return await engine.query(`select * from ${table}`);
      } finally {
        await engine.exec("reset role");
      }
    });
  expect(await read("service_role", "vault.decrypted_secrets")).toMatchObject([
    { name: "key", decrypted_secret: "s3cret" },
  ]);
  for (const role of ["anon", "authenticated"]) {
    await expect(read(role, "vault.decrypted_secrets")).rejects.toMatchObject({ code: "42501" });
  }
  for (const role of API_ROLES) await expect(read(role, "cron.job")).rejects.toMatchObject({ code: "42501" });
});

it("changes a secret and keeps what is not named", async () => {
  const [secret] = await engine.query<{ id: string }>(
    "select vault.create_secret('old', 'changing', 'about it') as id",
  );
  await engine.query("select vault.update_secret($1, 'new')", [secret?.id]);
  expect(
    await engine.query(
      "select decrypted_secret, description from vault.decrypted_secrets where name = 'changing'",
    ),
  ).toEqual([{ decrypted_secret: "new", description: "about it" }]);
  await expect(engine.query("select vault.create_secret('other', 'changing')")).rejects.toMatchObject({
    code: "23505",
  });
});
