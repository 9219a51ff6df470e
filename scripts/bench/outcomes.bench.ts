/** What the business does and what came of it. */
import { sales } from "./outcomes/sales.ts";
import type { BenchRow } from "./row.ts";

export async function bench(): Promise<BenchRow[]> {
  return sales();
}
