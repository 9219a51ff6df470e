import { type Computation, daysBetween, fading, isValid, micros, sum } from "./computation.ts";
import { fold, type Folded, type Run } from "./fold.ts";

export interface Posterior {
  category: string;
  mean: number;
  variance: number;
  confidence: number;
  evidence_count: number;
  evidence_weight: number;
  evidence_sum: number;
  interval: [number, number];
  change_probability: number;
  trend: number;
  trend_probability: number;
}

interface Prior {
  mean: number | null;
  strength: number;
  variance: number | null;
  categoryCount: number;
  /** The brand's probability of a change over that of the settings. */
  hazardRatio: number;
}

/** What is believed at a moment: the prior updated by the faded statistics of each run, mixed by their weights. */
export function posteriors(computation: Computation, at: string, recordedUntil?: string): Posterior[] {
  const pieces = computation.evidence.filter(
    (piece) => recordedUntil === undefined || micros(piece.recorded_at) <= micros(recordedUntil),
  );
  const state = fold(computation, pieces);
  const prior = priorOf(computation, state, at);
  const categories = state.categories.length > 0 ? state.categories : [""];
  return categories.map((category, k) => posterior(computation, state, prior, at, category, k));
}

function priorOf({ distribution, settings, ...told }: Computation, state: Folded, at: string): Prior {
  const priors = told.priors.filter(isValid(at));
  const brand = priors.find((prior) => prior.group_id === null);
  const groups = told.groups
    .filter(isValid(at))
    .flatMap(({ group_id, share }) =>
      priors.filter((prior) => prior.group_id === group_id).map((prior) => ({ ...prior, share })),
    );
  const shares = sum(groups.map((group) => group.share));
  const total = Math.max(1, shares);
  // What the groups leave is the brand's, and all is the groups' where the brand has none.
  const mixed = (of: (prior: { mean: number; variance: number }) => number) => {
    const ofGroups = sum(groups.map((group) => group.share * of(group)));
    const rest = brand ? of(brand) : groups.length > 0 ? ofGroups / shares : null;
    return rest === null ? null : ofGroups / total + (1 - Math.min(1, shares)) * rest;
  };
  const strong = groups.filter((group) => group.strength !== null);
  const rate = state.stream.events > 0 ? settings.prior_mean : settings.prior_rate_per_occasion;
  return {
    mean:
      mixed((prior) => prior.mean) ||
      (distribution === "normal" ? null : distribution === "gamma" ? rate : settings.prior_mean),
    strength:
      sum(strong.map((group) => group.share * (group.strength as number))) / total +
      (1 - sum(strong.map((group) => group.share)) / total) * (brand?.strength ?? settings.prior_strength),
    variance: mixed((prior) => prior.variance),
    categoryCount: brand?.category_count ?? 0,
    hazardRatio:
      settings.change_hazard > 0
        ? (brand?.change_hazard ?? settings.change_hazard) / settings.change_hazard
        : 1,
  };
}

function posterior(
  { distribution, settings }: Computation,
  state: Folded,
  prior: Prior,
  at: string,
  category: string,
  k: number,
): Posterior {
  const isShare = distribution === "beta" || distribution === "dirichlet";
  const left = fading(daysBetween(state.asOf, at), settings.half_life_days);
  const { stream } = state;
  const watched =
    stream.events > 0
      ? (stream.weight / stream.events) * (settings.half_life_days / Math.LN2) * (1 - left)
      : 0;
  const strength = distribution === "gamma" ? prior.strength / (prior.mean as number) : prior.strength;
  const priorMean =
    distribution === "dirichlet" ? 1 / Math.max(prior.categoryCount, state.categories.length, 2) : prior.mean;

  // The runs were weighed with the settings' probability of a change.
  const weightOfRun = (run: Run) => run.weight * (run.born > 0 ? prior.hazardRatio : 1);
  const total = sum(state.runs.map(weightOfRun));
  const parts = state.runs.map((run) => {
    const n0 = strength * Math.max(0, 1 - run.expectation * left);
    const s = (run.sums[k] as number) * left;
    const n = run.n * left + watched;
    const real = run.real * left;
    const m0 = priorMean ?? (run.n > 0 ? (run.sums[k] as number) / run.n : 0);
    const mean = (n0 * m0 + s) / (n0 + n);
    const variance =
      distribution === "gamma"
        ? mean / (n0 + n)
        : distribution === "normal"
          ? varianceOfMean(run, prior.variance, left, n0, n, s, m0)
          : (mean * (1 - mean)) / (n0 + n + 1);
    return {
      weight: weightOfRun(run) / total,
      mean,
      square: mean ** 2 + variance,
      evidence: distribution === "gamma" ? n : real,
      amount: isShare ? s * Math.min(1, n > 0 ? real / n : 1) : s,
      born: run.born,
    };
  });
  const mixed = (of: (part: (typeof parts)[number]) => number) =>
    sum(parts.map((part) => part.weight * of(part)));
  const mean = mixed((part) => part.mean);
  const variance = Math.max(0, mixed((part) => part.square) - mean ** 2);
  const weight = mixed((part) => part.evidence);
  const whole =
    (strength * (priorMean ?? mean) + (state.sums[k] as number) * left) /
    (strength + state.n * left + watched);
  const pieces = sum(state.counts);
  return {
    category,
    mean,
    variance,
    confidence: weight / (weight + strength + (isShare ? 1 : 0)),
    evidence_count: state.counts[k] as number,
    evidence_weight: weight,
    evidence_sum: mixed((part) => part.amount),
    interval: interval(distribution, mean, variance),
    change_probability: mixed((part) => (part.born > Math.max(0, pieces - 10) ? 1 : 0)),
    trend: mean - whole,
    trend_probability: mixed((part) => (part.born > 0 ? 1 : 0)),
  };
}

/** Of the mean of a normal with unknown variance (normal-inverse-gamma). */
function varianceOfMean(
  run: Run,
  priorVariance: number | null,
  left: number,
  n0: number,
  n: number,
  s: number,
  m0: number,
): number {
  const spread = Math.max(0, (run.sums[1] as number) * left - s ** 2 / n);
  const away = (n0 * n * (s / n - m0) ** 2) / (2 * (n0 + n));
  return ((priorVariance ?? m0 ** 2 / 4) + spread / 2 + away) / ((1 + n / 2) * (n0 + n));
}

const ninetyPercent = 1.6448536;

function interval(
  distribution: Computation["distribution"],
  mean: number,
  variance: number,
): [number, number] {
  const ends = (of: (z: number) => number): [number, number] => [of(-ninetyPercent), of(ninetyPercent)];
  if (distribution === "normal") return ends((z) => mean + z * Math.sqrt(variance));
  if (distribution === "gamma") {
    // Wilson and Hilferty 1931: the cube root is nearly normal.
    const shape = Math.max(1e-3, mean ** 2 / variance);
    return ends((z) => mean * Math.max(0, 1 - 1 / (9 * shape) + z / (3 * Math.sqrt(shape))) ** 3);
  }
  // The log odds of a beta distribution: digamma and trigamma by their series.
  const n = Math.max(1e-3, (mean * (1 - mean)) / variance - 1);
  const [a, b] = [Math.max(1e-3, mean * n), Math.max(1e-3, (1 - mean) * n)];
  const digamma = (x: number) => Math.log(x + 0.5) + 1 / (24 * (x + 0.5) ** 2) - 1 / x;
  const trigamma = (x: number) => 1 / x ** 2 + 1 / (x + 0.5) - 1 / (12 * (x + 0.5) ** 3);
  const spread = Math.sqrt(trigamma(a) + trigamma(b));
  return ends((z) => 1 / (1 + Math.exp(-(digamma(a) - digamma(b) + z * spread))));
}
