/** How right cohorts are, against the known truth of generators, all through the real SQL. */
import { startStack } from "../stack/start.ts";
import type { Engine } from "../stack/types.ts";
import { evolutionRows } from "./accuracy/cohort-evolution.ts";
import type { BenchRow } from "./row.ts";

export async function bench(): Promise<BenchRow[]> {
  const stack = await startStack({ engine: "native", cron: false });
  const query: Engine["query"] = (text, params) => stack.engine.query(text, params);
  try {
    return await evolutionRows(query);
  } finally {
    await stack.close();
  }
}
