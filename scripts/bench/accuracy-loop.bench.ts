import { sendingRows } from "./accuracy-loop/sending.ts";
import type { BenchRow } from "./row.ts";

export function bench(): Promise<BenchRow[]> {
  return sendingRows();
}
