/**
 * Choices of people whose taste is known: each says yes with a probability of its own between .15 and .85, and where
 * tastes change, it has another one from the middle on.
 */
import { createRandom } from "../../demo/random.ts";

export const EVENTS = 120;
export const CHANGE_AT = 60;

export interface Chooser {
  /** The true probability at each event. */
  truth: number[];
  choices: number[];
}

/** From the middle on: yes as often as it said no; a taste drawn anew; a fifth more or less of the whole scale. */
export type Change = "none" | "flip" | "fresh" | "shift";

export function generateChoosers(seed: number, people: number, change: Change): Chooser[] {
  const random = createRandom(seed);
  const draw = () => 0.15 + 0.7 * random.next();
  return Array.from({ length: people }, () => {
    const first = draw();
    const later = {
      none: () => first,
      flip: () => 1 - first,
      fresh: draw,
      shift: () => shifted(first, random),
    };
    const second = later[change]();
    const truth = Array.from({ length: EVENTS }, (_, i) => (i >= CHANGE_AT ? second : first));
    return { truth, choices: truth.map((p) => (random.chance(p) ? 1 : 0)) };
  });
}

function shifted(p: number, random: ReturnType<typeof createRandom>): number {
  const by = random.chance(0.5) ? 0.2 : -0.2;
  return p + by < 0.15 || p + by > 0.85 ? p - by : p + by;
}
