/**
 * People who meet six channels and buy or not. Who wants to buy anyway searches and is followed by ads, so the channels
 * that meet him look good without doing much. A tenth of those whom a channel would reach are held out of it at random.
 * Port of the generator behind the rivals' figures: with the same seed it draws the very same people.
 */
import { createRandom } from "../../demo/random.ts";

export const CHANNELS = ["email", "whatsapp", "social", "push", "web", "in_app"] as const;
const SETS = 1 << CHANNELS.length;

/** What exposure adds to the log-odds, how far eligibility follows intent, and how common it is. */
const EFFECTS = [0.5, 0.9, 0.35, 0.05, 0.15, 0.6];
const LOADINGS = [0, 0, 0.2, 1.2, 1, 0.3];
const BASES = [-0.6, -1.2, -0.4, -1.2, -1, -1.3];
/** Touches happen from `from` to `from + span` days before the decision: social early, search and ads late. */
const TIMES = [
  { from: 0, span: 25 },
  { from: 0, span: 25 },
  { from: 5, span: 25 },
  { from: 0, span: 2 },
  { from: 0, span: 5 },
  { from: 0, span: 25 },
];

export interface Journey {
  /** Bit c: the channel would reach the person; it did. */
  eligible: number;
  exposed: number;
  responded: boolean;
  /** Days before the decision, of each exposure. */
  touches: { channel: number; daysBefore: number }[];
}

export interface Journeys {
  journeys: Journey[];
  /** Each channel's part of what all of them cause (Shapley values of the expected responses). */
  truth: number[];
}

export function simulateJourneys(seed: number, people: number, holdout: number): Journeys {
  const random = createRandom(seed);
  const journeys: Journey[] = [];
  const expected = new Float64Array(SETS);
  for (let n = 0; n < people; n++) {
    const intent = normal(random.next);
    const journey: Journey = { eligible: 0, exposed: 0, responded: false, touches: [] };
    CHANNELS.forEach((_, channel) => {
      if (random.next() >= logistic(at(BASES, channel) + at(LOADINGS, channel) * intent)) return;
      journey.eligible |= 1 << channel;
      if (holdout > 0 && random.next() < holdout) return;
      journey.exposed |= 1 << channel;
      const { from, span } = TIMES[channel] as { from: number; span: number };
      journey.touches.push({ channel, daysBefore: from + random.next() * span });
    });
    const alone = -3.2 + 0.9 * intent;
    journey.responded = random.next() < logistic(alone + effectOf(journey.exposed));
    for (let set = 0; set < SETS; set++)
      expected[set] = (expected[set] as number) + logistic(alone + effectOf(journey.eligible & set));
    journeys.push(journey);
  }
  return { journeys, truth: shares(shapley([...expected])) };
}

function effectOf(set: number): number {
  return EFFECTS.reduce((sum, effect, channel) => (set & (1 << channel) ? sum + effect : sum), 0);
}

function shapley(values: readonly number[]): number[] {
  const players = CHANNELS.length;
  return CHANNELS.map((_, player) =>
    values.reduce((sum, value, set) => {
      if (set & (1 << player)) return sum;
      const before = bits(set);
      const weight = (factorial(before) * factorial(players - before - 1)) / factorial(players);
      return sum + weight * (at(values, set | (1 << player)) - value);
    }, 0),
  );
}

export function shares(values: readonly number[]): number[] {
  const positive = values.map((value) => Math.max(0, value));
  const total = positive.reduce((sum, value) => sum + value, 0) || 1;
  return positive.map((value) => value / total);
}

function normal(next: () => number): number {
  return Math.sqrt(-2 * Math.log(next() || next())) * Math.cos(2 * Math.PI * next());
}

function bits(set: number): number {
  return CHANNELS.filter((_, channel) => set & (1 << channel)).length;
}

function factorial(n: number): number {
  return n < 2 ? 1 : n * factorial(n - 1);
}

function logistic(x: number): number {
  return 1 / (1 + Math.exp(-x));
}

function at(values: readonly number[], index: number): number {
  return values[index] as number;
}
