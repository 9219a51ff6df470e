/** How fast people are chosen for, and what was chosen is sent. */
import type { BenchRow } from "./row.ts";
import { decidingRows } from "./stimuli/deciding.ts";
import { sendingRows } from "./stimuli/sending.ts";

export async function bench(): Promise<BenchRow[]> {
  return [...(await decidingRows()), ...(await sendingRows())];
}
