import { readFileSync } from "node:fs";
import { join } from "node:path";

/** Points with a known grouping; tests/support/clusters/README.md says which sets there are and where they come from. */
export interface ClusterSet {
  points: number[][];
  /** The true group of each point. */
  labels: number[];
}

export function clusterSetFile(name: string): string {
  return join(import.meta.dirname, "../../../tests/support/clusters", `${name}.csv`);
}

/** A row of a file is the label of a point and then its features, as they were measured: nothing is standardised. */
export function readClusterSet(name: string): ClusterSet {
  const rows = readFileSync(clusterSetFile(name), "utf8").trimEnd().split("\n");
  const numbers = rows.map((row) => row.split(",").map(Number));
  return { points: numbers.map((row) => row.slice(1)), labels: numbers.map((row) => row[0] as number) };
}
