/** How right the loop is, against the known truth of generators, all through the real SQL. */
import { startStack } from "../stack/start.ts";
import { attributionRows } from "./accuracy-loop/attribution.ts";
import { policyValueRows } from "./accuracy-loop/policy-value.ts";
import { realOrderRows } from "./accuracy-loop/real-orders.ts";
import type { BenchRow } from "./row.ts";

export async function bench(): Promise<BenchRow[]> {
  const stack = await startStack({ engine: "native", cron: false });
  try {
    return [
      ...(await attributionRows(stack.engine)),
      ...(await realOrderRows(stack.engine)),
      ...(await policyValueRows(stack.engine)),
    ];
  } finally {
    await stack.close();
  }
}
