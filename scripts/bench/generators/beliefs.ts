/**
 * Choices of people whose taste is known: each says yes with a probability of its own between .15 and .85, and where
 * tastes flip, it says yes as often as it said no from the middle on.
 */
import { createRandom } from "../../demo/random.ts";

export const EVENTS = 120;
export const FLIP_AT = 60;

export interface Chooser {
  /** The true probability at each event. */
  truth: number[];
  choices: number[];
}

export function generateChoosers(seed: number, people: number, flips: boolean): Chooser[] {
  const random = createRandom(seed);
  return Array.from({ length: people }, () => {
    const first = 0.15 + 0.7 * random.next();
    const truth = Array.from({ length: EVENTS }, (_, i) => (flips && i >= FLIP_AT ? 1 - first : first));
    return { truth, choices: truth.map((p) => (random.chance(p) ? 1 : 0)) };
  });
}
