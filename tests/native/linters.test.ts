import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import { readConfig } from "../../scripts/stack/config.ts";
import { repository } from "../../scripts/stack/engines/folders.ts";
import { startStack } from "../../scripts/stack/start.ts";
import type { Stack } from "../../scripts/stack/types.ts";

const run = promisify(execFile);
let stack: Stack;

beforeAll(async () => {
  stack = await startStack({ engine: "native" });
});
afterAll(() => stack?.close());

async function supabase(...args: string[]): Promise<string> {
  const { stdout, stderr } = await run(
    "npx",
    ["supabase", "db", ...args, `--remote=${stack.engine.databaseUrl}`],
    {
      cwd: repository,
      env: { ...process.env, DO_NOT_TRACK: "1", PGSSLMODE: "disable" },
    },
  );
  return stdout + stderr;
}

test("supabase db lint finds nothing at level warning or above", async () => {
  const schemas = [...readConfig(repository).schemas, "private"].join(",");
  const output = await supabase("lint", "--schema", schemas, "--level", "warning", "--fail-on", "warning");
  expect(output).toContain("No schema errors found");
});

test("supabase db lint does look: a broken function is found", async () => {
  await stack.engine.exec(
    "create schema lint_check; create function lint_check.broken() returns int language plpgsql as 'begin return (select no_such_column from core.brands); end'",
  );
  await expect(supabase("lint", "--schema", "lint_check", "--fail-on", "warning")).rejects.toThrow();
  await stack.engine.exec("drop schema lint_check cascade");
});

test("supabase db advisors finds nothing at level warn or above", async () => {
  const output = await supabase("advisors", "--level", "warn", "--fail-on", "warn");
  expect(output).toContain("No issues found");
});

test("supabase db advisors does look: an open table is found", async () => {
  await stack.engine.exec(
    "create table public.advisor_check (id int); grant all on public.advisor_check to anon",
  );
  await expect(supabase("advisors", "--level", "warn", "--fail-on", "warn")).rejects.toThrow();
  await stack.engine.exec("drop table public.advisor_check");
});

test("the generated files are what the database makes of them", async () => {
  await run("npx", ["tsx", "scripts/gen/main.ts", "--check"], { cwd: repository });
});
