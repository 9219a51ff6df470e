/** How well the loop acts and learns, against generators with a known truth, all through the real SQL. */
import { startStack } from "../stack/start.ts";
import type { Engine } from "../stack/types.ts";
import { experimentRows } from "./accuracy-loop/experiments.ts";
import type { BenchRow } from "./row.ts";

export async function bench(): Promise<BenchRow[]> {
  const stack = await startStack({ engine: "native", cron: false });
  const query: Engine["query"] = (text, params) => stack.engine.query(text, params);
  try {
    return [...(await experimentRows(query))];
  } finally {
    await stack.close();
  }
}
