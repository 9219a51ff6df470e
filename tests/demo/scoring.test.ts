import { describe, expect, test } from "vitest";
import { createRandom } from "../../scripts/demo/random.ts";
import {
  betaInterval,
  adjustedRandIndex,
  calibration,
  correlation,
  pairwise,
  verdictScore,
} from "../../scripts/demo/scoring.ts";

const items = (truth: string, found: string) =>
  [...truth].map((letter, index) => ({ truth: letter, found: found[index] as string }));

describe("Scores", () => {
  test("count pairs put together rightly, wrongly and not at all", () => {
    // Truth pairs: 3 (aaa) + 1 (bb) = 4; found pairs: 1 (xx) + 3 (yyy) = 4; in both: aa in x, bb in y = 2.
    expect(pairwise(items("aaabb", "xxyyy"))).toEqual({ precision: 0.5, recall: 0.5, f1: 0.5 });
    expect(pairwise(items("aabb", "1122"))).toEqual({ precision: 1, recall: 1, f1: 1 });
    expect(pairwise(items("aabb", "1234"))).toEqual({ precision: 1, recall: 0, f1: 0 });
  });

  test("give partitions that agree 1 and unrelated ones about 0", () => {
    expect(adjustedRandIndex(items("aabbcc", "zzxxyy"))).toBe(1);
    const random = createRandom(1);
    const unrelated = Array.from({ length: 2000 }, () => ({
      truth: String(random.integer(4)),
      found: String(random.integer(4)),
    }));
    expect(Math.abs(adjustedRandIndex(unrelated))).toBeLessThan(0.02);
    // The worked example of six items in which one moved: index 4, expected 6*7/15, highest 6.5.
    expect(adjustedRandIndex(items("aaabbb", "xxxyyx"))).toBeCloseTo(
      (4 - (6 * 7) / 15) / (6.5 - (6 * 7) / 15),
      12,
    );
  });

  test("measure how far predictions lie from what came", () => {
    const { bins, error } = calibration([
      { predicted: 0.12, actual: 0 },
      { predicted: 0.18, actual: 0.2 },
      { predicted: 0.9, actual: 1 },
    ]);
    expect(bins).toHaveLength(2);
    expect(bins[0]?.predicted).toBeCloseTo(0.15);
    expect(error).toBeCloseTo((2 * 0.05 + 0.1) / 3);
  });

  test("give the interval of a belief", () => {
    // Beta(1, 1) is uniform; a concentrated one is nearly normal with deviation sqrt(m (1 - m) / (n + 1)).
    const [low, high] = betaInterval(0.5, 2, 0.9, createRandom(1), 20_000);
    expect(low).toBeCloseTo(0.05, 1);
    expect(high).toBeCloseTo(0.95, 1);
    const [left, right] = betaInterval(0.3, 2099, 0.9, createRandom(1), 20_000);
    expect(right - left).toBeCloseTo(2 * 1.645 * 0.01, 3);
  });

  test("of a verdict count what was claimed and what was missed", () => {
    const verdicts = [
      { truth: true, found: true },
      { truth: true, found: false },
      { truth: false, found: true },
      { truth: true, found: true },
    ];
    expect(verdictScore(verdicts)).toEqual({ precision: 2 / 3, recall: 2 / 3, f1: 2 / 3 });
    expect(
      correlation([
        [1, 2],
        [2, 4],
        [3, 6],
      ]),
    ).toBeCloseTo(1);
  });
});

describe("Seeded randomness", () => {
  test("repeats itself for the same seed and differs for another", () => {
    const draw = (seed: number) => Array.from({ length: 5 }, createRandom(seed).next);
    expect(draw(7)).toEqual(draw(7));
    expect(draw(7)).not.toEqual(draw(8));
  });

  test("has the means its distributions promise", () => {
    const random = createRandom(3);
    const average = (draw: () => number) =>
      Array.from({ length: 20_000 }, draw).reduce((a, b) => a + b) / 20_000;
    expect(average(() => random.normal(2, 1))).toBeCloseTo(2, 1);
    expect(average(() => random.poisson(1.5))).toBeCloseTo(1.5, 1);
    expect(average(() => random.gamma(0.4))).toBeCloseTo(0.4, 1);
    expect(average(() => random.weighted([1, 0, 3]))).toBeCloseTo(1.5, 1);
    expect(random.dirichlet([1, 2, 3]).reduce((a, b) => a + b)).toBeCloseTo(1, 12);
  });
});
