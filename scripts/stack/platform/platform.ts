import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Engine } from "../types.ts";

const folder = dirname(fileURLToPath(import.meta.url));
/** Control and SQL files of the stand-in extensions. */
export const extensionsFolder = join(folder, "extensions");

const script = (name: string) => readFileSync(join(folder, name), "utf8");

/** Before @supabase/lite makes its schemas: roles, schemas, rights and extensions of a fresh Supabase project. */
export async function applyPlatformBefore(engine: Engine): Promise<void> {
  await engine.execAsAdmin(script("before.sql") + script("extensions.sql"));
}

/** After `ensureSystemSchema()` of @supabase/lite, at every start: it replaces the auth functions each time. */
export async function applyPlatformAfter(engine: Engine): Promise<void> {
  await engine.execAsAdmin(script("after.sql"));
}
