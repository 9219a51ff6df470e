import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { readClusterSet } from "../../scripts/bench/accuracy/cluster-sets.ts";

const folder = join(import.meta.dirname, "../support/clusters");
const readme = readFileSync(join(folder, "README.md"), "utf8");
const sets = [...readme.matchAll(/^\| `(\w+)\.csv` +\| (\d+) +\| (\d+) +\| (\d+) +\|/gm)].map(
  ([, name, ...numbers]) => ({
    name: name as string,
    size: numbers.map(Number),
  }),
);

test("The list names every set", () => {
  const files = readdirSync(folder).filter((file) => file.endsWith(".csv"));
  expect(sets.map(({ name }) => `${name}.csv`).toSorted()).toEqual(files.toSorted());
});

test.each(sets)("The set $name has the points, features and groups that its list names", ({ name, size }) => {
  const { points, labels } = readClusterSet(name);
  expect([points.length, points[0]?.length, new Set(labels).size]).toEqual(size);
  expect(labels).toHaveLength(points.length);
  expect(new Set(points.map((point) => point.length)).size).toBe(1);
  expect(points.flat().every(Number.isFinite)).toBe(true);
});

interface Case {
  set: string;
  k: number;
  clusters: { size: number; jaccard: number; centre: number[] }[];
}
const { cases } = JSON.parse(readFileSync(join(folder, "clusterboot.json"), "utf8")) as { cases: Case[] };

test.each(cases)("What fpc measured on $set are $k clusters of its points", ({ set, k, clusters }) => {
  const points = standardise(readClusterSet(set).points);
  const groups = clusters.map((): number[][] => []);
  for (const point of points) {
    const distances = clusters.map(({ centre }) => squaredDistance(centre, point));
    groups[distances.indexOf(Math.min(...distances))]?.push(point);
  }
  expect(clusters).toHaveLength(k);
  expect(groups.map((group) => group.length)).toEqual(clusters.map(({ size }) => size));
  for (const [i, { centre, jaccard }] of clusters.entries()) {
    expect(jaccard).toBeGreaterThan(0);
    expect(jaccard).toBeLessThanOrEqual(1);
    expect(squaredDistance(centre, mean(groups[i] as number[][]))).toBeLessThan(1e-5);
  }
});

function standardise(points: number[][]): number[][] {
  const centre = mean(points);
  const variance = mean(points.map((point) => point.map((x, i) => (x - (centre[i] as number)) ** 2)));
  return points.map((point) =>
    point.map((x, i) => (x - (centre[i] as number)) / Math.sqrt(variance[i] as number)),
  );
}

function mean(points: number[][]): number[] {
  const sums = (points[0] as number[]).map((_, i) =>
    points.reduce((sum, point) => sum + (point[i] as number), 0),
  );
  return sums.map((sum) => sum / points.length);
}

function squaredDistance(a: number[], b: number[]): number {
  return a.reduce((sum, x, i) => sum + (x - (b[i] as number)) ** 2, 0);
}
