/** What `ai.explain('computation', …)` tells: everything that a belief is computed from. */
export interface Computation {
  id: string;
  actor_id: string;
  attribute: string;
  is_stated: boolean;
  distribution: "beta" | "dirichlet" | "gamma" | "normal";
  settings: {
    half_life_days: number;
    change_hazard: number;
    prior_strength: number;
    prior_mean: number;
    prior_rate_per_occasion: number;
    change_after: number;
    change_strength: number;
  };
  priors: (Valid & {
    group_id: string | null;
    mean: number;
    strength: number | null;
    variance: number;
    category_count: number;
    /** Probability of a change that was learnt from the brand's people; null: that of the settings holds. */
    change_hazard: number | null;
  })[];
  groups: (Valid & { group_id: string; share: number })[];
  evidence: Piece[];
}

export interface Piece {
  id: string;
  occurred_at: string;
  recorded_at: string;
  category: string;
  value: number;
  exposure: number | null;
  weight: number;
  match_probability: number;
  source_kind: "signal" | "outcome";
  source_id: string;
}

interface Valid {
  valid_from: string;
  valid_until: string;
}

/** Microseconds since 1970: PostgreSQL's clock is finer than JavaScript's. */
export function micros(time: string): number {
  if (time === "infinity") return Number.POSITIVE_INFINITY;
  if (time === "-infinity") return Number.NEGATIVE_INFINITY;
  const fraction = /\.(\d+)/.exec(time)?.[1] ?? "";
  return Date.parse(time.replace(/\.\d+/, "")) * 1000 + Number(fraction.padEnd(6, "0"));
}

export const daysBetween = (from: string, to: string) => (micros(to) - micros(from)) / 86_400e6;

/** What is left of a weight after so many days. */
export const fading = (days: number, halfLife: number) =>
  days <= 0 ? 1 : days > 200 * halfLife ? 0 : 2 ** (-days / halfLife);

export const weightOf = (piece: Piece) => piece.weight * piece.match_probability;

export const isValid = (at: string) => (row: Valid) =>
  micros(row.valid_from) <= micros(at) && micros(at) < micros(row.valid_until);

export function groupBy<Item, Key>(items: Item[], keyOf: (item: Item) => Key): Map<Key, Item[]> {
  const groups = new Map<Key, Item[]>();
  for (const item of items) groups.set(keyOf(item), [...(groups.get(keyOf(item)) ?? []), item]);
  return groups;
}

export const sum = (numbers: number[]) => numbers.reduce((total, x) => total + x, 0);

/** Lanczos approximation, g = 7, nine terms: 15 digits for x > 0. */
export function lnGamma(x: number): number {
  const terms = [
    0.99999999999980993, 676.5203681218851, -1259.1392167224028, 771.32342877765313, -176.61502916214059,
    12.507343278686905, -0.13857109526572012, 9.9843695780195716e-6, 1.5056327351493116e-7,
  ];
  if (x < 0.5) return Math.log(Math.PI / Math.sin(Math.PI * x)) - lnGamma(1 - x);
  const series = terms.reduce((total, term, i) => total + (i === 0 ? term : term / (x - 1 + i)), 0);
  const t = x + 6.5;
  return 0.5 * Math.log(2 * Math.PI) + (x - 0.5) * Math.log(t) - t + Math.log(series);
}
