import type { Random } from "./random.ts";

/** How well a result agrees with the truth. Pure: nothing here knows where the figures come from. */

export interface PairScore {
  precision: number;
  recall: number;
  f1: number;
}

const pairs = (count: number) => (count * (count - 1)) / 2;

function tally<Key>(keys: Iterable<Key>): Map<Key, number> {
  const counts = new Map<Key, number>();
  for (const key of keys) counts.set(key, (counts.get(key) ?? 0) + 1);
  return counts;
}

/** Numbers of pairs that are together in the truth, in what was found, and in both. */
function pairCounts(items: readonly { truth: string; found: string }[]) {
  const sum = (counts: Map<string, number>) => [...counts.values()].reduce((all, n) => all + pairs(n), 0);
  return {
    truth: sum(tally(items.map((item) => item.truth))),
    found: sum(tally(items.map((item) => item.found))),
    both: sum(tally(items.map((item) => JSON.stringify([item.truth, item.found])))),
  };
}

/** Of all pairs of records put together, how many belong together, and the other way round. */
export function pairwise(items: readonly { truth: string; found: string }[]): PairScore {
  const { truth, found, both } = pairCounts(items);
  const precision = found === 0 ? 1 : both / found;
  const recall = truth === 0 ? 1 : both / truth;
  return {
    precision,
    recall,
    f1: precision + recall === 0 ? 0 : (2 * precision * recall) / (precision + recall),
  };
}

/** Agreement of two partitions: 1 for the same one, about 0 for chance (Hubert and Arabie). */
export function adjustedRandIndex(items: readonly { truth: string; found: string }[]): number {
  const { truth, found, both } = pairCounts(items);
  const expected = (truth * found) / Math.max(1, pairs(items.length));
  const highest = (truth + found) / 2;
  return highest === expected ? 1 : (both - expected) / (highest - expected);
}

/** Precision, recall and F1 of a yes/no verdict. */
export function verdictScore(items: readonly { truth: boolean; found: boolean }[]): PairScore {
  const hits = items.filter((item) => item.truth && item.found).length;
  const claimed = items.filter((item) => item.found).length;
  const real = items.filter((item) => item.truth).length;
  const precision = claimed === 0 ? 1 : hits / claimed;
  const recall = real === 0 ? 1 : hits / real;
  return {
    precision,
    recall,
    f1: precision + recall === 0 ? 0 : (2 * precision * recall) / (precision + recall),
  };
}

export function mean(values: readonly number[]): number {
  return values.length === 0 ? Number.NaN : values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** Pearson's correlation; NaN where one side does not vary. */
export function correlation(points: readonly (readonly [number, number])[]): number {
  const meanX = mean(points.map(([x]) => x));
  const meanY = mean(points.map(([, y]) => y));
  let covariance = 0;
  let varianceX = 0;
  let varianceY = 0;
  for (const [x, y] of points) {
    covariance += (x - meanX) * (y - meanY);
    varianceX += (x - meanX) ** 2;
    varianceY += (y - meanY) ** 2;
  }
  return covariance / Math.sqrt(varianceX * varianceY);
}

/** Spearman's correlation: Pearson's of the ranks, those of equal values averaged. */
export function rankCorrelation(points: readonly (readonly [number, number])[]): number {
  const ranks = (values: number[]) => {
    const places = new Map<number, number[]>();
    [...values]
      .sort((a, b) => a - b)
      .forEach((value, place) => {
        const known = places.get(value);
        if (known) known.push(place);
        else places.set(value, [place]);
      });
    return values.map((value) => mean(places.get(value) ?? []));
  };
  const x = ranks(points.map(([value]) => value));
  const y = ranks(points.map(([, value]) => value));
  return correlation(x.map((rank, i) => [rank, y[i] as number] as const));
}

export interface CalibrationBin {
  /** Mean of what was predicted in this bin. */
  predicted: number;
  /** Mean of what was true. */
  actual: number;
  count: number;
}

/** Predictions in equal-width bins against what was true, and their weighted mean gap (expected calibration error). */
export function calibration(
  points: readonly { predicted: number; actual: number }[],
  binCount = 10,
): { bins: CalibrationBin[]; error: number } {
  const groups = Array.from({ length: binCount }, () => [] as { predicted: number; actual: number }[]);
  for (const point of points) {
    const index = Math.min(binCount - 1, Math.max(0, Math.floor(point.predicted * binCount)));
    groups[index]?.push(point);
  }
  const bins = groups
    .filter((group) => group.length > 0)
    .map((group) => ({
      predicted: mean(group.map((point) => point.predicted)),
      actual: mean(group.map((point) => point.actual)),
      count: group.length,
    }));
  const gap = bins.reduce((sum, bin) => sum + bin.count * Math.abs(bin.predicted - bin.actual), 0);
  return { bins, error: points.length === 0 ? Number.NaN : gap / points.length };
}

/** The middle `share` of a Beta distribution given by mean and concentration (alpha + beta), from draws. */
export function betaInterval(
  center: number,
  concentration: number,
  share: number,
  random: Random,
  draws = 400,
): [low: number, high: number] {
  const sample = Array.from({ length: draws }, () => {
    const a = random.gamma(Math.max(1e-6, center * concentration));
    const b = random.gamma(Math.max(1e-6, (1 - center) * concentration));
    return a / (a + b);
  }).sort((x, y) => x - y);
  const at = (quantile: number) => sample[Math.round(quantile * (draws - 1))] as number;
  return [at((1 - share) / 2), at((1 + share) / 2)];
}
