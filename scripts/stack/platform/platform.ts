import { readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Engine } from "../types.ts";

const folder = dirname(fileURLToPath(import.meta.url));
const read = (name: string) => readFileSync(join(folder, name), "utf8");

/** Control and SQL files of the stand-in extensions. */
export const extensionsFolder = join(folder, "extensions");

/** Roles, schemas, rights and extensions of a fresh Supabase project. */
export const platformScript = read("before.sql") + read("extensions.sql");

/** Changes whenever the platform does. */
export const platformFingerprint = [
  platformScript,
  ...readdirSync(extensionsFolder).map((name) => read(join("extensions", name))),
].join("\n");

/** Before @supabase/lite makes its schemas. */
export async function applyPlatformBefore(engine: Engine): Promise<void> {
  await engine.execAsAdmin(platformScript);
}

/** After `ensureSystemSchema()` of @supabase/lite, at every start: it replaces the auth functions each time. */
export async function applyPlatformAfter(engine: Engine): Promise<void> {
  await engine.execAsAdmin(read("after.sql"));
}
