import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

export interface ProjectFiles {
  /** SQL of the only migration. */
  migration?: string;
  /** Sources by name; each is declared in config.toml and called without a token unless `verifyJwt` names it. */
  functions?: Record<string, string>;
  verifyJwt?: string[];
  schemas?: string[];
}

/** Writes a throw-away Supabase project for tests of the stack itself; `remove` deletes it. */
export async function createProject(files: ProjectFiles): Promise<{ dir: string; remove(): Promise<void> }> {
  const dir = await mkdtemp(join(tmpdir(), "loopwise-project-"));
  const write = async (path: string, text: string) => {
    await mkdir(dirname(join(dir, path)), { recursive: true });
    await writeFile(join(dir, path), text);
  };
  const config = [`[api]\nschemas = ${JSON.stringify(files.schemas ?? ["public"])}`];
  for (const [name, source] of Object.entries(files.functions ?? {})) {
    const verifyJwt = files.verifyJwt?.includes(name) ?? false;
    config.push(
      `[functions.${name}]\nverify_jwt = ${verifyJwt}\nentrypoint = "../functions/${name}/index.ts"`,
    );
    await write(`functions/${name}/index.ts`, source);
  }
  await write("functions/deno.json", "{}");
  await write("supabase/config.toml", config.join("\n\n"));
  await write("supabase/migrations/20260101000000_test.sql", files.migration ?? "");
  return { dir, remove: () => rm(dir, { recursive: true, force: true }) };
}
