/**
 * `npm run types` writes the generated files; `npm run types -- --check` only compares and fails when one has drifted.
 * Needs the native engine: the Supabase CLI wants a server to connect to.
 */
import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { repository } from "../stack/engines/folders.ts";
import { startStack } from "../stack/start.ts";
import { databaseTypesSource } from "./database-types.ts";
import { errorsSource } from "./errors.ts";

const check = process.argv.includes("--check");
const stack = await startStack({ engine: "native" });
try {
  const files = {
    "types/errors.ts": await errorsSource(stack.engine),
    "types/database.ts": await databaseTypesSource(stack.engine.databaseUrl as string),
  };
  const drifted = Object.entries(files).filter(([path, source]) => !settle(path, format(path, source)));
  if (drifted.length > 0) {
    console.error(
      `Out of date: ${drifted.map(([path]) => path).join(", ")}. Run \`npm run types\` and commit.`,
    );
    process.exitCode = 1;
  }
} finally {
  await stack.close();
}

/** Writes the file, or says whether it is what it would write. */
function settle(path: string, source: string): boolean {
  const target = join(repository, path);
  if (check) return readFileSync(target, "utf8") === source;
  writeFileSync(target, source);
  console.log(`wrote ${path}`);
  return true;
}

function format(path: string, source: string): string {
  const result = spawnSync("npx", ["biome", "format", `--stdin-file-path=${path}`], {
    cwd: repository,
    input: source,
    encoding: "utf8",
    maxBuffer: 64 * 1024 * 1024,
  });
  if (result.status !== 0) throw new Error(`biome could not format ${path}:\n${result.stderr}`);
  return result.stdout;
}
