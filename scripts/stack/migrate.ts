import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { repository } from "./engines/folders.ts";
import type { Engine } from "./types.ts";

/** A migration or seed that failed: `message` begins with file:line, `code` is the SQLSTATE. */
export class MigrationError extends Error {
  override name = "MigrationError";
  readonly code: string | undefined;

  constructor(message: string, code: string | undefined, cause: unknown) {
    super(message, { cause });
    this.code = code;
  }
}

/** The table in which the Supabase CLI keeps what was applied, so that both agree. */
const HISTORY = `
  create schema if not exists supabase_migrations;
  create table if not exists supabase_migrations.schema_migrations (
    version text primary key,
    statements text[],
    name text,
    created_by text,
    idempotency_key text unique,
    rollback text[]
  )`;

/**
 * Applies what is new in `<projectDir>/supabase/migrations` as the migration role, each file in one transaction with
 * its history row. Returns the names of the files applied.
 */
export async function migrate(engine: Engine, projectDir = repository): Promise<string[]> {
  const folder = join(projectDir, "supabase/migrations");
  return engine.exclusively(async () => {
    await engine.exec(HISTORY);
    const rows = await engine.query<{ version: string }>(
      "select version from supabase_migrations.schema_migrations",
    );
    const applied = new Set(rows.map((row) => row.version));
    const added: string[] = [];
    for (const file of migrationFiles(folder)) {
      if (applied.has(file.version)) continue;
      const path = join(folder, file.name);
      await runFile(engine, path, (script) =>
        engine.query(
          "insert into supabase_migrations.schema_migrations (version, name, statements) values ($1, $2, array[$3::text])",
          [file.version, file.title, script],
        ),
      );
      added.push(file.name);
    }
    return added;
  });
}

/** Runs `<projectDir>/supabase/seed.sql`, which must bear being run again. */
export async function seed(engine: Engine, projectDir = repository): Promise<void> {
  const path = join(projectDir, "supabase/seed.sql");
  if (existsSync(path)) await engine.exclusively(() => runFile(engine, path));
}

function migrationFiles(folder: string): { name: string; version: string; title: string }[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .sort()
    .flatMap((name) => {
      const match = /^(\d+)_(.*)\.sql$/.exec(name);
      return match ? [{ name, version: match[1] as string, title: match[2] as string }] : [];
    });
}

async function runFile(
  engine: Engine,
  path: string,
  record?: (script: string) => Promise<unknown>,
): Promise<void> {
  const script = readFileSync(path, "utf8");
  try {
    await engine.exec("begin");
    await engine.exec(script);
    await record?.(script);
    await engine.exec("commit");
  } catch (error) {
    await engine.exec("rollback");
    throw describe(error, path, script);
  }
}

/** Finds the line: of the statement's position, if the server names one that lies in this file. */
function describe(error: unknown, path: string, script: string): MigrationError {
  const { message, code, position, where, detail, hint } = error as Record<string, string | undefined>;
  // Positions count characters, JavaScript counts UTF-16 units.
  const line = position
    ? [...script].slice(0, Number(position) - 1).filter((c) => c === "\n").length + 1
    : undefined;
  const place = relative(process.cwd(), path) + (line ? `:${line}` : "");
  const more = [detail, hint, where].filter(Boolean).map((text) => `\n  ${text}`);
  return new MigrationError(`${place}: ${message}${more.join("")}`, code, error);
}
