/** How fast outcomes are attributed and believed. */
import { startStack } from "../stack/start.ts";
import { attributionSpeedRows } from "./outcomes/attribution.ts";
import { beliefLatencyRows } from "./outcomes/belief-latency.ts";
import type { BenchRow } from "./row.ts";

export async function bench(): Promise<BenchRow[]> {
  const stack = await startStack({ engine: "native", cron: false });
  try {
    return [...(await attributionSpeedRows(stack.engine)), ...(await beliefLatencyRows(stack.engine))];
  } finally {
    await stack.close();
  }
}
