/** Thompson sampling as it is mostly done: one Beta-Bernoulli arm per template for everybody, nothing forgotten. */
import type { Random } from "../../demo/random.ts";

/** Successes and failures of each template. */
export type ThompsonState = [successes: number, failures: number][];

export function beginThompson(templates: number): ThompsonState {
  return Array.from({ length: templates }, () => [0, 0]);
}

function draw(state: ThompsonState, random: Random): number {
  const draws = state.map(([won, lost]) => {
    const a = random.gamma(1 + won);
    return a / (a + random.gamma(1 + lost));
  });
  return draws.indexOf(Math.max(...draws));
}

/**
 * A cycle over people with these true rates, each with its own chance to order anyway (which the arms see too). Nine of
 * ten are treated and learnt from, as in the town. Returns the state after it and the mean rate of what was chosen.
 */
export function playThompson(
  state: ThompsonState,
  people: readonly { rates: readonly number[]; anyway: number }[],
  random: Random,
): { state: ThompsonState; reward: number } {
  const next = state.map(([won, lost]): [number, number] => [won, lost]);
  let reward = 0;
  for (const { rates, anyway } of people) {
    const choice = draw(state, random);
    const rate = rates[choice] as number;
    const arm = next[choice] as [number, number];
    arm[random.chance(1 - (1 - rate) * (1 - anyway)) ? 0 : 1] += 1;
    reward += rate;
  }
  return { state: next, reward: reward / people.length };
}
