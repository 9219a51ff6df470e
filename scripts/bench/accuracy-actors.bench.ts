/** How right people and beliefs are, against the known truth of generators and labelled files, all through the real SQL. */
import postgres from "postgres";
import { startStack } from "../stack/start.ts";
import type { Engine } from "../stack/types.ts";
import { beliefs } from "./accuracy/beliefs.ts";
import { identityRows } from "./accuracy/identity.ts";
import { insights } from "./accuracy/insights.ts";
import type { BenchRow } from "./row.ts";

export async function bench(): Promise<BenchRow[]> {
  const stack = await startStack({ engine: "native", cron: false });
  const sql = postgres(stack.engine.databaseUrl as string, { max: 1, onnotice: () => {} });
  const query: Engine["query"] = (text, params) => stack.engine.query(text, params);
  try {
    return [...(await identityRows(sql)), ...(await beliefs(query)), ...(await insights(query))];
  } finally {
    await sql.end();
    await stack.close();
  }
}
