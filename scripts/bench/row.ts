/** One measured figure beside what it is compared with, taken in the same run. */
export interface BenchRow {
  what: string;
  figure: number;
  unit: string;
  /** What the figure must reach, for people: "at most 3". */
  bar: string;
  /** What it was compared with, and that one's own figure. */
  rival: string;
  passed: boolean;
}
