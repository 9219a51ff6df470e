import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, expect, it } from "vitest";
import { createEmbeddedEngine } from "../../scripts/stack/engines/embedded.ts";
import { MigrationError, migrate, seed } from "../../scripts/stack/migrate.ts";
import type { Engine } from "../../scripts/stack/types.ts";

let engine: Engine;
let project: string;
beforeAll(async () => {
  engine = await createEmbeddedEngine();
});
afterAll(() => engine?.close());

beforeEach(async () => {
  await engine.exec("drop schema if exists shop cascade; drop schema if exists supabase_migrations cascade");
  project = mkdtempSync(join(tmpdir(), "loopwise-migrate-"));
  mkdirSync(join(project, "supabase/migrations"), { recursive: true });
  return () => rmSync(project, { recursive: true });
});

const write = (name: string, script: string) => writeFileSync(join(project, "supabase", name), script);
const shopTables = async () =>
  (
    await engine.query<{ name: string }>(
      "select tablename as name from pg_tables where schemaname = 'shop' order by 1",
    )
  ).map((row) => row.name);

it("applies files in the order of their versions, each once, and records them as the Supabase CLI does", async () => {
  write("migrations/2_table.sql", "create table shop.orders (id int)");
  write("migrations/1_schema.sql", "create schema shop");
  write("migrations/notes.md", "no migration");
  expect(await migrate(engine, project)).toEqual(["1_schema.sql", "2_table.sql"]);
  expect(await migrate(engine, project)).toEqual([]);
  expect(
    await engine.query(
      "select version, name, statements from supabase_migrations.schema_migrations order by 1",
    ),
  ).toEqual([
    { version: "1", name: "schema", statements: ["create schema shop"] },
    { version: "2", name: "table", statements: ["create table shop.orders (id int)"] },
  ]);
});

it("takes back the whole of a file that fails and tells file, line and SQLSTATE", async () => {
  write("migrations/1_schema.sql", "create schema shop; create table shop.kept (id int)");
  write(
    "migrations/2_bad.sql",
    "-- Ünïcode 👍 before it\ncreate table shop.lost (id int);\n\nselect nothing from shop.missing;\n",
  );
  write("migrations/3_later.sql", "create table shop.later (id int)");
  const failure = await migrate(engine, project).catch((error) => error);
  expect(failure).toBeInstanceOf(MigrationError);
  expect(failure.code).toBe("42P01");
  expect(failure.message).toMatch(/2_bad\.sql:4: relation "shop.missing" does not exist/);
  expect(await shopTables()).toEqual(["kept"]);

  write("migrations/2_bad.sql", "create table shop.mended (id int)");
  expect(await migrate(engine, project)).toEqual(["2_bad.sql", "3_later.sql"]);
  expect(await shopTables()).toEqual(["kept", "later", "mended"]);
});

it("keeps nothing of a file whose history row cannot be written", async () => {
  write(
    "migrations/1_schema.sql",
    "create schema shop; create table shop.lost (id int); drop schema supabase_migrations cascade",
  );
  await expect(migrate(engine, project)).rejects.toMatchObject({ code: "42P01" });
  expect(await shopTables()).toEqual([]);
});

it("takes a check that fails only at commit as a failure of its file", async () => {
  write(
    "migrations/1_schema.sql",
    "create schema shop; create table shop.a (id int primary key deferrable initially deferred)",
  );
  write("migrations/2_twice.sql", "insert into shop.a values (1), (1)");
  await expect(migrate(engine, project)).rejects.toMatchObject({ code: "23505" });
  expect(await engine.query("select version from supabase_migrations.schema_migrations")).toEqual([
    { version: "1" },
  ]);
});

it("passes everything PostgreSQL's own parser passes", async () => {
  write(
    "migrations/1_syntax.sql",
    String.raw`create schema shop;
create table shop.notes (text text default E'it\'s; fine', quoted text default 'a;b');
create function shop.one() returns int language sql begin atomic select 1; select 2; end;
create function shop.body() returns text language sql as $fn$ select $$;$$ || ';' $fn$;
do $do$ begin perform shop.one(); /* ; */ end $do$;
-- the end;`,
  );
  write("migrations/2_empty.sql", "");
  expect(await migrate(engine, project)).toHaveLength(2);
  expect(await engine.query("select shop.one() as one, shop.body() as body")).toEqual([
    { one: 2, body: ";;" },
  ]);
});

it("runs the seed, and does without one", async () => {
  await seed(engine, project);
  write("seed.sql", "create schema shop; create table shop.seeded as select 1 as id");
  await seed(engine, project);
  expect(await shopTables()).toEqual(["seeded"]);
});
