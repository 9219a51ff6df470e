/** Streams of an A/B test with a known truth: how many of the people of each day convert, in the control and in the variant. */
import { createRandom, type Random } from "../../demo/random.ts";

export const DAYS = 30;
/** People per variant and day. */
export const PER_DAY = 500;
export const BASELINE = 0.05;

export interface Streams {
  /** Conversions so far, stream after stream and day after day. */
  control: number[];
  variant: number[];
}

/** `count` streams whose variant converts `effect` (relative) more than BASELINE. */
export function generateStreams(seed: number, count: number, effect: number): Streams {
  const random = createRandom(seed);
  return {
    control: runningTotals(random, count, BASELINE),
    variant: runningTotals(random, count, BASELINE * (1 + effect)),
  };
}

function runningTotals(random: Random, count: number, rate: number): number[] {
  const totals: number[] = [];
  for (let stream = 0; stream < count; stream++) {
    let total = 0;
    for (let day = 0; day < DAYS; day++) {
      total += binomial(random, PER_DAY, rate);
      totals.push(total);
    }
  }
  return totals;
}

/** By the normal curve, which is close for as many people as these. */
function binomial(random: Random, trials: number, rate: number): number {
  const drawn = Math.round(random.normal(trials * rate, Math.sqrt(trials * rate * (1 - rate))));
  return Math.max(0, Math.min(trials, drawn));
}

export interface Buyer {
  /** Days before the test (0: its first moment) on which the person ordered. */
  before: number[];
  /** Orders in the outcome window, of the control. */
  after: number;
}

/** People who order at rates of their own; a third of them changed their rate half-way through the time before the test. */
export function generateBuyers(seed: number, count: number, daysBefore: number, windowDays: number): Buyer[] {
  const random = createRandom(seed);
  const rate = () => (0.04 * random.gamma(0.8)) / 0.8;
  return Array.from({ length: count }, () => {
    const now = rate();
    const earlier = random.chance(1 / 3) ? rate() : now;
    const half = daysBefore / 2;
    const days = (orders: number, from: number) =>
      Array.from({ length: orders }, () => from + half * random.next());
    return {
      before: [...days(random.poisson(earlier * half), half), ...days(random.poisson(now * half), 0)],
      after: random.poisson(now * windowDays),
    };
  });
}
