/** How fast the business's sales are taken in, and outcomes attributed and believed. */
import { startStack } from "../stack/start.ts";
import { attributionSpeedRows } from "./outcomes/attribution.ts";
import { beliefLatencyRows } from "./outcomes/belief-latency.ts";
import { sales } from "./outcomes/sales.ts";
import type { BenchRow } from "./row.ts";

export async function bench(): Promise<BenchRow[]> {
  const stack = await startStack({ engine: "native", cron: false });
  try {
    return [
      ...(await attributionSpeedRows(stack.engine)),
      ...(await beliefLatencyRows(stack.engine)),
      ...(await sales()),
    ];
  } finally {
    await stack.close();
  }
}
