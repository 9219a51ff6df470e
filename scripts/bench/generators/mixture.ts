/** Belief vectors of people of whom some belong to groups that overlap and some to none, standardised as the product does it. */
import { createRandom } from "../../demo/random.ts";

const GROUPS = 8;
const BACKGROUND = 0.1;
/** How far apart two centres usually lie, in deviations of a group: one in fifty is nearer to the other. */
const DISTANCE = 4;

/** `count` rows of `dimensions` numbers, one after the other. */
export function mixture(seed: number, count: number, dimensions: number): Float32Array {
  const random = createRandom(seed);
  const spread = DISTANCE / Math.sqrt(2 * dimensions);
  const centre = () => Array.from({ length: dimensions }, () => random.normal(0, spread));
  const centres = Array.from({ length: GROUPS }, centre);
  const sizes = Array.from({ length: GROUPS }, (_, group) => 1 / (group + 2));
  const values = new Float32Array(count * dimensions);
  for (let row = 0; row < count; row++) {
    const own = random.chance(BACKGROUND) ? undefined : centres[random.weighted(sizes)];
    // Who belongs to no group lies anywhere that people lie.
    const deviation = own ? 1 : Math.sqrt(1 + spread ** 2);
    for (let i = 0; i < dimensions; i++)
      values[row * dimensions + i] = random.normal(own?.[i] ?? 0, deviation);
  }
  standardise(values, dimensions);
  return values;
}

/** Every column gets mean 0 and deviation 1; one in which all are equal gets 0. */
export function standardise(values: Float32Array, dimensions: number): void {
  const count = values.length / dimensions;
  for (let i = 0; i < dimensions; i++) {
    let sum = 0;
    let squares = 0;
    for (let at = i; at < values.length; at += dimensions) {
      const value = values[at] as number;
      sum += value;
      squares += value ** 2;
    }
    const mean = sum / count;
    const deviation = Math.sqrt(Math.max(squares / count - mean ** 2, 0)) || 1;
    for (let at = i; at < values.length; at += dimensions)
      values[at] = ((values[at] as number) - mean) / deviation;
  }
}
