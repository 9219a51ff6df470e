/** Makes the files of tests/support/clusters anew: `node --import tsx scripts/bench/rivals/export-sets.ts`. */
import { writeFileSync } from "node:fs";
import { clusterSetFile } from "../accuracy/cluster-sets.ts";
import { runSklearn } from "./sklearn.ts";

const sets = await runSklearn<Record<string, string[]>>("export-sets", [], new Float32Array());
for (const [name, rows] of Object.entries(sets ?? {}))
  writeFileSync(clusterSetFile(name), `${rows.join("\n")}\n`);
