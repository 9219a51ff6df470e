import type { BenchRow } from "./row.ts";
import { sendingRows } from "./stimuli/sending.ts";

export function bench(): Promise<BenchRow[]> {
  return sendingRows();
}
