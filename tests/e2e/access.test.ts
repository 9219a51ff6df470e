import { readFileSync } from "node:fs";
import type { SupabaseClient } from "@supabase/supabase-js";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Stack } from "../../scripts/stack/types.ts";
import { anonymous, serviceClient, signUp } from "../support/clients.ts";
import { exposedTables, type Row, RowFactory, type TableAccess } from "../support/rows.ts";
import { useStack } from "../support/stack.ts";

/**
 * Every table × verb × kind of caller over HTTP, expected from what private.grant_access declared. A denial that could
 * come from a broken request proves nothing, so each (table, verb) that is denied to somebody must also succeed for
 * somebody: a role, the service role, or, where rows only come in through functions, the migration role.
 */
const roles = ["customer", "kiosk", "support", "operator", "manager", "admin", "owner"] as const;
const callers = ["anonymous", "outsider", ...roles, "owner of another brand", "removed member"] as const;
const verbs = ["select", "insert", "update", "delete", "upsert"] as const;
type Caller = (typeof callers)[number];
type Verb = (typeof verbs)[number];

let stack: Stack;
let service: SupabaseClient;
let tables: TableAccess[];
let factory: RowFactory;
let brand: string;
let otherBrand: string;
const clients = new Map<Caller, SupabaseClient>();

beforeAll(async () => {
  stack = await useStack();
  service = serviceClient(stack) as SupabaseClient;
  factory = new RowFactory(stack.engine);
  tables = await exposedTables(stack.engine);
  const people = new Map<Caller, string>();
  for (const caller of callers) {
    if (caller === "anonymous") {
      clients.set(caller, anonymous(stack) as SupabaseClient);
      continue;
    }
    const person = await signUp(stack);
    clients.set(caller, person.client as SupabaseClient);
    people.set(caller, person.id);
  }
  brand = await createBrand("owner");
  otherBrand = await createBrand("owner of another brand");
  for (const caller of [...roles, "removed member" as const]) {
    if (caller === "owner") continue;
    await stack.engine.query(
      `insert into core.users (brand_id, auth_user_id, email, role, is_active)
       values ($1::uuid, $2::uuid, $3, $4::text::core.role_kind, $5)`,
      [
        brand,
        people.get(caller),
        `${people.get(caller)}@example.com`,
        caller === "removed member" ? "admin" : caller,
        caller !== "removed member",
      ],
    );
  }
  for (const { name } of tables) {
    await factory.row(name, brand);
    await factory.row(name, otherBrand);
  }
});

afterAll(() => stack?.close());

async function createBrand(owner: Caller): Promise<string> {
  const slug = `access-${Math.random().toString(36).slice(2)}`;
  const { data, error } = await (clients.get(owner) as SupabaseClient)
    .schema("core")
    .rpc("create_brand", { p_name: "Access", p_slug: slug });
  if (error) throw new Error(error.message);
  return (data as { id: string }).id;
}

/** What a caller may do with a row of `brand`. */
function expected(table: TableAccess, verb: Verb, caller: Caller): boolean {
  const rank = roles.indexOf(caller as (typeof roles)[number]);
  const has = (role: string | null) => role !== null && rank >= 0 && rank >= roles.indexOf(role as never);
  if (verb === "select") {
    if (table.kind === "global") return caller !== "anonymous" && (table.brandColumn === null || rank >= 0);
    return has(table.readRole);
  }
  if (!has(table.writeRole)) return false;
  if (verb === "update") return table.updateColumns !== null;
  if (verb === "delete") return table.canDelete;
  return table.insertColumns !== null;
}

/** Does it over HTTP; true when it had its effect, false when it was denied. Anything else throws. */
async function attempt(
  client: SupabaseClient,
  table: TableAccess,
  verb: Verb,
  row: Row,
  target = brand,
): Promise<boolean> {
  const key = pick(row, table.primaryKey);
  const columns = table.primaryKey.join(",");
  const from = () => client.schema(table.schema).from(table.table);
  if (verb === "select") {
    const { data, error } = await from().select(columns).match(key);
    return decided(table, verb, data, error);
  }
  if (verb === "update") {
    const column = table.updateColumns?.[0] ?? (table.primaryKey[0] as string);
    const { data, error } = await from()
      .update({ [column]: row[column] })
      .match(key)
      .select(columns);
    return decided(table, verb, data, error);
  }
  if (verb === "delete") {
    const { data, error } = await from().delete().match(key).select(columns);
    return decided(table, verb, data, error);
  }
  const values = pick(await factory.values(table.name, target), table.insertColumns);
  const request =
    verb === "insert"
      ? from().insert(values)
      : from().upsert(values, { ignoreDuplicates: true, onConflict: columns });
  const { error } = await request;
  return decided(table, verb, [values], error);
}

function pick(row: Row, columns: string[] | null): Row {
  return columns === null
    ? row
    : Object.fromEntries(Object.entries(row).filter(([name]) => columns.includes(name)));
}

function decided(
  table: TableAccess,
  verb: Verb,
  data: unknown[] | null,
  error: { code: string; message: string } | null,
) {
  if (error === null) return (data?.length ?? 0) > 0;
  if (error.code === "42501") return false;
  throw new Error(`${verb} ${table.name}: ${error.code} ${error.message}`);
}

test("every table of the design is there, with the access that the design gives it", () => {
  const design = readFileSync(new URL("../database/catalog/tables.csv", import.meta.url), "utf8")
    .trim()
    .split("\n")
    .slice(1)
    .map((line) => line.split(","));
  const declared = new Map(tables.map((table) => [table.name, table.kind]));
  const differing = design
    .map(([, schema, name, access]) => ({
      table: `${schema}.${name}`,
      access,
      declared: declared.get(`${schema}.${name}`),
    }))
    .filter((row) => row.access !== row.declared);
  expect(differing).toEqual([]);
});

test.for(callers)("%s reads and writes exactly what was declared", async (caller) => {
  const client = clients.get(caller) as SupabaseClient;
  const surprises: string[] = [];
  for (const table of tables) {
    for (const verb of verbs) {
      const wanted = expected(table, verb, caller);
      const row = await factory.row(table.name, brand);
      const got = await attempt(client, table, verb, row).catch((error: Error) => error.message);
      if (got !== wanted) surprises.push(`${verb} ${table.name}: ${got}, expected ${wanted}`);
      if (verb === "delete" && got === true) factory.forget(table.name, brand);
    }
  }
  expect(surprises).toEqual([]);
});

test("a member of one brand never meets a row of another", async () => {
  const owner = clients.get("owner") as SupabaseClient;
  const leaks: string[] = [];
  for (const table of tables.filter((table) => table.brandColumn !== null)) {
    const foreign = await factory.row(table.name, otherBrand);
    for (const verb of ["select", "update", "delete"] as const) {
      if (foreign[table.brandColumn as string] === null) continue;
      if (await attempt(owner, table, verb, foreign)) leaks.push(`${verb} ${table.name}`);
    }
    if (table.insertColumns) {
      const values = pick(await factory.values(table.name, otherBrand), table.insertColumns);
      const { error } = await owner.schema(table.schema).from(table.table).insert(values);
      if (error?.code !== "42501") leaks.push(`insert ${table.name}: ${error?.code}`);
    }
  }
  expect(leaks).toEqual([]);
});

test("what is denied to clients works for the service role, so that the denials mean something", async () => {
  const failures: string[] = [];
  for (const table of tables.filter((table) => !table.kind.startsWith("append"))) {
    for (const verb of verbs) {
      const row = await factory.newRow(table.name);
      const done = await attempt(
        service,
        { ...table, insertColumns: null },
        verb,
        row,
        await factory.newBrand(),
      ).catch((error: Error) => error.message);
      if (done !== true) failures.push(`${verb} ${table.name}: ${done}`);
    }
  }
  expect(failures).toEqual([]);
});

test("append-only tables are changed by nobody", async () => {
  const changed: string[] = [];
  for (const table of tables.filter((table) => table.kind.startsWith("append"))) {
    const row = await factory.row(table.name, brand);
    for (const verb of ["insert", "update", "delete", "upsert"] as const) {
      if (await attempt(service, table, verb, row)) changed.push(`${verb} ${table.name}`);
    }
    if (!(await attempt(service, table, "select", row))) changed.push(`${table.name} cannot be read`);
  }
  expect(changed).toEqual([]);
});
