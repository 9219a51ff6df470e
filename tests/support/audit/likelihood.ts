import { type Computation, type Piece, sum, weightOf } from "./computation.ts";
import type { Folded, Run } from "./fold.ts";

const share = (x: number) => Math.min(1 - 1e-9, Math.max(1e-9, x));
const lnBernoulli = (value: number, p: number) => value * Math.log(p) + (1 - value) * Math.log(1 - p);
const categoriesOf = (state: Folded) => Math.max(2, state.categories.length);

/** What a run expects of its next piece, and how likely it makes this one, to the power of the piece's weight. */
export function foresee(
  state: Folded,
  { distribution, settings }: Computation,
  piece: Piece,
  run: Run,
  k: number,
  exposure: number,
): { mean: number; likelihood: number } {
  const { value } = piece;
  const w = weightOf(piece);
  const prior = settings.prior_strength * (1 - run.expectation);
  const y = run.sums[k] as number;
  if (distribution === "beta") {
    const mean = share((prior * settings.prior_mean + y) / (prior + run.n));
    return { mean, likelihood: Math.exp(w * lnBernoulli(value, mean)) };
  }
  if (distribution === "dirichlet") {
    const mean = share((prior / categoriesOf(state) + y) / (prior + run.n));
    return { mean, likelihood: Math.exp(w * Math.min(1, value) * Math.log(mean)) };
  }
  if (distribution === "gamma") {
    const rate = piece.exposure === null ? settings.prior_mean : settings.prior_rate_per_occasion;
    const events = prior + y;
    const time = prior / rate + run.n;
    const ln =
      value * Math.log(Math.max(1e-9, events + (value - 1) / 2)) +
      events * Math.log(time) -
      (events + value) * Math.log(time + exposure);
    return { mean: events / time, likelihood: Math.exp(Math.max(-600, w * ln)) };
  }
  const mean = y / run.n;
  const squares = Math.max(0, (run.sums[1] as number) - mean * y) / 2 + mean ** 2 / 4;
  const scale = Math.max(1e-12, (squares / (1 + run.n / 2)) * (1 + 1 / run.n));
  return { mean, likelihood: student(value - mean, w, run.n, scale) };
}

/** The same of a person who changed just now, and what the change leads one to expect: away from what was believed. */
export function foreseeChange(
  state: Folded,
  { distribution, settings }: Computation,
  piece: Piece,
  known: Run[],
  mean: number,
  exposure: number,
): { likelihood: number; n: number; sums: number[] } {
  const { value } = piece;
  const w = weightOf(piece);
  const strength = settings.change_strength;
  if (distribution === "beta") {
    const p = settings.prior_mean;
    const away = share((p * (1 - mean)) / (p * (1 - mean) + (1 - p) * mean));
    return { likelihood: Math.exp(w * lnBernoulli(value, away)), n: strength, sums: [strength * away] };
  }
  if (distribution === "dirichlet") {
    const many = categoriesOf(state);
    const away = state.categories.map((_, i) => {
      const believed = sum(
        known.map((run) => run.weight * plainShare(run, i, many, settings.prior_strength)),
      );
      return (1 - believed) / (many - 1);
    });
    const likelihood = Math.exp(w * Math.min(1, value) * Math.log((1 - mean) / (many - 1)));
    return { likelihood, n: strength, sums: away.map((x) => strength * x) };
  }
  if (distribution === "gamma") {
    const ln =
      value * Math.log((1 + value) / 2) - Math.log(mean) - (1 + value) * Math.log(1 / mean + exposure);
    return { likelihood: Math.exp(Math.max(-600, w * ln)), n: 1 / mean, sums: [1] };
  }
  const likelihood = student(value - mean, w, 1, Math.max(1e-12, mean ** 2 / 3));
  return { likelihood, n: 1, sums: [mean, mean ** 2] };
}

function plainShare(run: Run, i: number, many: number, strength: number): number {
  const prior = strength * (1 - run.expectation);
  return (prior / many + (run.sums[i] as number)) / (prior + run.n);
}

function student(distance: number, w: number, n: number, scale: number): number {
  const ln =
    0.5 * Math.log(0.25 + n / 4) -
    0.5 * Math.log(2 + n) -
    0.5 * Math.log(scale) -
    ((3 + n) / 2) * Math.log(1 + distance ** 2 / scale / (2 + n));
  return Math.exp(Math.max(-600, w * ln));
}
