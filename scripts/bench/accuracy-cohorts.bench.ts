/** How right cohorts are, against sets and generators with a known truth and a real shop, all through the real SQL. */
import postgres from "postgres";
import { startStack } from "../stack/start.ts";
import type { Engine } from "../stack/types.ts";
import { evolutionRows } from "./accuracy/cohort-evolution.ts";
import { setRows } from "./accuracy/cohort-sets.ts";
import { shopRows } from "./accuracy/cohort-shop.ts";
import { stabilityRows } from "./accuracy/cohort-stability.ts";
import type { BenchRow } from "./row.ts";

export async function bench(): Promise<BenchRow[]> {
  const stack = await startStack({ engine: "native", cron: false });
  const sql = postgres(stack.engine.databaseUrl as string, { max: 1, onnotice: () => {} });
  const query: Engine["query"] = (text, params) => stack.engine.query(text, params);
  try {
    return [
      ...(await setRows(sql)),
      ...(await evolutionRows(query)),
      ...(await stabilityRows(sql)),
      ...(await shopRows(sql)),
    ];
  } finally {
    await sql.end();
    await stack.close();
  }
}
