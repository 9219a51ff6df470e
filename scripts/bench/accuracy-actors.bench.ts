/** How right the actors domain is: each part measures itself against known truth, on the engine that runs in production. */
import { startStack } from "../stack/start.ts";
import type { Engine } from "../stack/types.ts";
import { insights } from "./accuracy/insights.ts";
import type { BenchRow } from "./row.ts";

const parts: ((query: Engine["query"]) => Promise<BenchRow[]>)[] = [insights];

export async function bench(): Promise<BenchRow[]> {
  const stack = await startStack({ engine: "native", cron: false });
  try {
    const rows: BenchRow[] = [];
    for (const part of parts) rows.push(...(await part((text, params) => stack.engine.query(text, params))));
    return rows;
  } finally {
    await stack.close();
  }
}
