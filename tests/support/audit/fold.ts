import { type Computation, daysBetween, fading, type Piece, sum, weightOf } from "./computation.ts";
import { foresee, foreseeChange } from "./likelihood.ts";

/** A hypothesis of when the person last changed; everything but weight and born fades. */
export interface Run {
  weight: number;
  /** 1-based place of the piece at which it began; 0: never changed. */
  born: number;
  /** What is left of what the change leads one to expect. */
  expectation: number;
  /** Weight of its evidence. */
  real: number;
  /** The same, or the exposure of a rate, with what is expected. */
  n: number;
  /** One per category; a mean has the sums of x and of its square. */
  sums: number[];
}

export interface Folded {
  categories: string[];
  counts: number[];
  asOf: string;
  n: number;
  sums: number[];
  /** Newest first. */
  runs: Run[];
  /** A stream of single events is watched since its first: weight and number of its events. */
  stream: { weight: number; events: number };
}

const mostRuns = 4;
const leastWeight = 0.001;

/** The belief by its definition: every number is kept as it is and faded at each piece. */
export function fold(computation: Computation, pieces: Piece[]): Folded {
  const { distribution, settings } = computation;
  const width = distribution === "normal" ? 2 : distribution === "dirichlet" ? 0 : 1;
  const zeros = () => new Array<number>(width).fill(0);
  const state: Folded = {
    categories: [],
    counts: [],
    asOf: pieces[0]?.occurred_at as string,
    n: 0,
    sums: zeros(),
    runs: [{ weight: 1, born: 0, expectation: 0, real: 0, n: 0, sums: zeros() }],
    stream: { weight: 0, events: 0 },
  };
  for (const [place, piece] of pieces.entries()) {
    const left = fading(daysBetween(state.asOf, piece.occurred_at), settings.half_life_days);
    fade(state, left);
    state.asOf = piece.occurred_at;
    const k = categoryOf(state, computation, piece);
    state.counts[k] = (state.counts[k] ?? 0) + 1;
    let exposure = piece.exposure ?? 0;
    if (distribution === "gamma" && piece.exposure === null) {
      exposure = (settings.half_life_days / Math.LN2) * (1 - left);
      state.stream.weight += weightOf(piece);
      state.stream.events += 1;
      if (place === 0) continue;
    }
    judge(state, computation, piece, k, exposure, place + 1);
    add(state, computation, piece, k, exposure);
  }
  return state;
}

function fade(state: Folded, left: number): void {
  for (const part of [state, ...state.runs]) {
    part.n *= left;
    part.sums = part.sums.map((x) => x * left);
  }
  for (const run of state.runs) {
    run.expectation *= left;
    run.real *= left;
  }
  state.stream.weight *= left;
  state.stream.events *= left;
}

function categoryOf(state: Folded, { distribution }: Computation, piece: Piece): number {
  if (distribution !== "dirichlet") return 0;
  const known = state.categories.indexOf(piece.category);
  if (known >= 0) return known;
  state.categories.push(piece.category);
  for (const part of [state, ...state.runs]) part.sums.push(0);
  return state.categories.length - 1;
}

function add(state: Folded, { distribution }: Computation, piece: Piece, k: number, exposure: number): void {
  const w = weightOf(piece);
  const n = distribution === "gamma" ? w * exposure : distribution === "dirichlet" ? w * piece.value : w;
  for (const run of state.runs) run.real += distribution === "gamma" ? w : n;
  for (const part of [state, ...state.runs]) {
    part.n += n;
    part.sums[k] = (part.sums[k] as number) + w * piece.value;
    if (distribution === "normal") part.sums[1] = (part.sums[1] as number) + w * piece.value ** 2;
  }
}

/** Weighs the runs by how well each foresaw the piece; the piece may be the first after a change. */
function judge(
  state: Folded,
  computation: Computation,
  piece: Piece,
  k: number,
  exposure: number,
  place: number,
): void {
  const { change_hazard: hazard, change_after: after } = computation.settings;
  const w = weightOf(piece);
  if (hazard <= 0 || w <= 0 || (state.runs.length === 1 && (state.runs[0] as Run).real < after)) return;
  const foreseen = state.runs.map((run) => foresee(state, computation, piece, run, k, exposure));
  const likelihoods = foreseen.map((one) => one.likelihood);
  const isReady = state.runs.map((run) => run.real >= after);
  const ready = sum(state.runs.map((run, r) => (isReady[r] ? run.weight : 0)));
  if (ready > 0) {
    const mean =
      sum(state.runs.map((run, r) => (isReady[r] ? run.weight * (foreseen[r]?.mean as number) : 0))) / ready;
    const known = state.runs
      .filter((_, r) => isReady[r])
      .map((run) => ({ ...run, weight: run.weight / ready }));
    const change = foreseeChange(state, computation, piece, known, mean, exposure);
    for (const r of state.runs.keys())
      if (isReady[r]) likelihoods[r] = (likelihoods[r] as number) * (1 - hazard * w);
    state.runs.unshift({
      weight: hazard * w * ready,
      born: place,
      expectation: 1,
      real: 0,
      n: change.n,
      sums: change.sums,
    });
    likelihoods.unshift(change.likelihood);
  }
  if (state.runs.length > 1) reweigh(state, likelihoods);
}

/** Weights after the piece; unlikely runs go, and of more than four two neighbours become one. */
function reweigh(state: Folded, likelihoods: number[]): void {
  const { runs } = state;
  for (const [r, run] of runs.entries()) run.weight *= likelihoods[r] as number;
  normalize(runs);
  state.runs = runs.filter((run) => run.weight >= leastWeight);
  if (state.runs.length > mostRuns) mergeNearest(state.runs);
  normalize(state.runs);
}

function normalize(runs: Run[]): void {
  const total = sum(runs.map((run) => run.weight));
  for (const run of runs) run.weight /= total;
}

/** The neighbours that are light or began at nearly the same time; the newest is left time to prove itself. */
function mergeNearest(runs: Run[]): void {
  const apart = (r: number) => {
    const [a, b] = runs.slice(r, r + 2) as [Run, Run];
    const weight = (a.weight * b.weight) / (a.weight + b.weight);
    return weight * Math.abs(Math.log((a.real + 1) / (b.real + 1)));
  };
  let nearest = 1;
  for (let r = 2; r < runs.length - 1; r += 1) if (apart(r) < apart(nearest)) nearest = r;
  const [newer, older] = runs.slice(nearest, nearest + 2) as [Run, Run];
  const share = newer.weight / (newer.weight + older.weight);
  const mix = (a: number, b: number) => share * a + (1 - share) * b;
  runs.splice(nearest, 2, {
    weight: newer.weight + older.weight,
    born: share > 0.5 ? newer.born : older.born,
    expectation: mix(newer.expectation, older.expectation),
    real: mix(newer.real, older.real),
    n: mix(newer.n, older.n),
    sums: newer.sums.map((x, i) => mix(x, older.sums[i] as number)),
  });
}
