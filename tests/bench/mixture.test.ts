import { expect, test } from "vitest";
import { mixture } from "../../scripts/bench/generators/mixture.ts";

const DIMENSIONS = 32;
const values = mixture(1, 2_000, DIMENSIONS);
const rows = Array.from({ length: 2_000 }, (_, row) =>
  values.subarray(row * DIMENSIONS, (row + 1) * DIMENSIONS),
);

test("The same seed gives the same vectors, another seed others", () => {
  expect(mixture(1, 2_000, DIMENSIONS)).toEqual(values);
  expect(mixture(2, 2_000, DIMENSIONS)).not.toEqual(values);
});

test("Every dimension is standardised", () => {
  for (let i = 0; i < DIMENSIONS; i++) {
    const mean = rows.reduce((sum, row) => sum + (row[i] as number), 0) / rows.length;
    const variance = rows.reduce((sum, row) => sum + ((row[i] as number) - mean) ** 2, 0) / rows.length;
    expect(mean).toBeCloseTo(0, 4);
    expect(variance).toBeCloseTo(1, 4);
  }
});

test("There are groups to find: along the line of most spread people lie further than in one cloud", () => {
  // Power iteration; in one cloud of 2,000 the largest variance in 32 dimensions stays below (1 + sqrt(32 / 2000))² = 1.27.
  let axis = new Array<number>(DIMENSIONS).fill(1 / Math.sqrt(DIMENSIONS));
  let variance = 0;
  for (let iteration = 0; iteration < 50; iteration++) {
    const next = new Array<number>(DIMENSIONS).fill(0);
    for (const row of rows) {
      const along = axis.reduce((sum, x, i) => sum + x * (row[i] as number), 0);
      for (let i = 0; i < DIMENSIONS; i++)
        next[i] = (next[i] as number) + (along * (row[i] as number)) / rows.length;
    }
    variance = Math.hypot(...next);
    axis = next.map((x) => x / variance);
  }
  expect(variance).toBeGreaterThan(2);
});
