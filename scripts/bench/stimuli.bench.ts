/** Speed of choosing and sending. */
import type { BenchRow } from "./row.ts";
import { decidingRows } from "./stimuli/deciding.ts";

export function bench(): Promise<BenchRow[]> {
  return decidingRows();
}
