/** How well a tracker of a changing probability does: the same figures for ours and for the rivals. */
import { type Chooser, EVENTS, CHANGE_AT } from "../generators/beliefs.ts";

/** What is believed just before an event; the interval where the tracker tells one. */
export interface Belief {
  mean: number;
  low?: number;
  high?: number;
}

export interface Tracking {
  rmse: number;
  /** Expected calibration error of the predictions, ten bins. */
  ece: number;
  /** Number of events after the change until the mean is on the right side of .5, of each person who changed sides. */
  lags: number[];
  /** Share of the intervals that hold the true probability, with how many there were. */
  covered: number;
  intervals: number;
  /** Mean absolute step from one event to the next. */
  step: number;
}

/** `beliefs[person][event]`, with one more at the end: what is believed after the last event. */
export function judge(people: Chooser[], beliefs: Belief[][]): Tracking {
  const bins = Array.from({ length: 10 }, () => ({ believed: 0, chosen: 0 }));
  let squares = 0;
  let covered = 0;
  let intervals = 0;
  let steps = 0;
  const lags: number[] = [];
  people.forEach((person, s) => {
    const own = beliefs[s] as Belief[];
    person.truth.forEach((p, i) => {
      const { mean, low, high } = own[i] as Belief;
      squares += (mean - p) ** 2;
      const bin = bins[Math.min(9, Math.floor(mean * 10))] as (typeof bins)[number];
      bin.believed += mean;
      bin.chosen += person.choices[i] as number;
      steps += Math.abs((own[i + 1] as Belief).mean - mean);
      if (low === undefined || high === undefined) return;
      intervals++;
      if (low <= p && p <= high) covered++;
    });
    const [first, last] = [person.truth[0] as number, person.truth[EVENTS - 1] as number];
    // Who was never far from .5 has no side to change.
    if (first > 0.5 === last > 0.5 || Math.abs(first - 0.5) <= 0.2) return;
    const crossed = own.findIndex((b, i) => i > CHANGE_AT && b.mean > 0.5 !== first > 0.5);
    lags.push(crossed > 0 ? crossed - CHANGE_AT : EVENTS - CHANGE_AT);
  });
  const n = people.length * EVENTS;
  return {
    rmse: Math.sqrt(squares / n),
    ece: bins.reduce((sum, bin) => sum + Math.abs(bin.believed - bin.chosen), 0) / n,
    lags,
    covered,
    intervals,
    step: steps / n,
  };
}

/** The usual answer: a beta posterior with a flat prior that forgets nothing. */
export function betaTracker({ choices }: Chooser): Belief[] {
  let [yes, n] = [1, 2];
  const beliefs = [{ mean: yes / n }];
  for (const choice of choices) {
    yes += choice;
    n++;
    beliefs.push({ mean: yes / n });
  }
  return beliefs;
}

/** Adams and MacKay's online change point detection with every run length kept, flat priors, a change in 100 events. */
export function changePointTracker({ choices }: Chooser): Belief[] {
  const hazard = 1 / 100;
  let runs = [{ weight: 1, yes: 1, n: 2 }];
  const beliefs: Belief[] = [];
  const mean = () => runs.reduce((sum, run) => sum + (run.weight * run.yes) / run.n, 0);
  for (const choice of choices) {
    beliefs.push({ mean: mean() });
    const grown = runs.map((run) => {
      const likelihood = choice ? run.yes / run.n : 1 - run.yes / run.n;
      return { weight: run.weight * likelihood, yes: run.yes + choice, n: run.n + 1 };
    });
    const total = grown.reduce((sum, run) => sum + run.weight, 0);
    runs = [
      { weight: hazard, yes: 1, n: 2 },
      ...grown.map((run) => ({ ...run, weight: (run.weight / total) * (1 - hazard) })),
    ];
  }
  return [...beliefs, { mean: mean() }];
}

export function median(figures: number[]): number {
  const sorted = [...figures].sort((a, b) => a - b);
  return sorted[sorted.length >> 1] ?? 0;
}
