/** How well the whole loop does against a hidden truth. */
import { townRows } from "./accuracy-loop/town.ts";
import type { BenchRow } from "./row.ts";

export function bench(): Promise<BenchRow[]> {
  return townRows();
}
