import { expect, test } from "vitest";
import { compareGrowth } from "../../scripts/bench/growth.ts";

const costs = (cost: (n: number) => number) => new Map([1_000, 10_000, 100_000].map((n) => [n, cost(n)]));

test("A cost that grows as n log n passes at each size, and so does one that is a quarter dearer at the last", () => {
  const rows = compareGrowth(
    "work",
    costs((n) => (n * Math.log(n) * (n === 100_000 ? 1.24 : 1)) / 1000),
  );
  expect(rows.map((row) => [row.what, row.passed])).toEqual([
    ["work, 10,000 actors", true],
    ["work, 100,000 actors", true],
  ]);
});

test("A cost that grows with the square of n is found out", () => {
  expect(
    compareGrowth(
      "work",
      costs((n) => n ** 2 / 1e6),
    ).map((row) => row.passed),
  ).toEqual([false, false]);
});

test("What costs next to nothing at the smaller size may cost as much as a tenth of a second grown", () => {
  expect(
    compareGrowth(
      "work",
      costs((n) => (n > 1_000 ? 1.6 : 0.001)),
    ).map((row) => row.passed),
  ).toEqual([true, true]);
});
