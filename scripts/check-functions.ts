/** `deno check` of every Edge Function, with the Deno that the local stack runs them on. */
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { readConfig } from "./stack/config.ts";
import { repository } from "./stack/engines/folders.ts";
import { denoBinary, denoEnvironment } from "./stack/gateway/deno.ts";

const entrypoints = [...readConfig(repository).functions.values()].map((fn) => fn.entrypoint);
const result = spawnSync(
  denoBinary(),
  ["check", "--config", join(repository, "functions/deno.json"), ...entrypoints],
  {
    stdio: "inherit",
    env: denoEnvironment(),
  },
);
process.exit(result.status ?? 1);
