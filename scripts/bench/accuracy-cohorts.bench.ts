/** How right cohorts are, against sets and generators with a known truth, all through the real SQL. */
import postgres from "postgres";
import { startStack } from "../stack/start.ts";
import { setRows } from "./accuracy/cohort-sets.ts";
import type { BenchRow } from "./row.ts";

export async function bench(): Promise<BenchRow[]> {
  const stack = await startStack({ engine: "native", cron: false });
  const sql = postgres(stack.engine.databaseUrl as string, { max: 1, onnotice: () => {} });
  try {
    return await setRows(sql);
  } finally {
    await sql.end();
    await stack.close();
  }
}
