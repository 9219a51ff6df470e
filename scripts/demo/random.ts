/** Seeded randomness: the same seed gives the same town on every machine. */
export interface Random {
  /** Uniform in [0, 1). */
  next(): number;
  chance(probability: number): boolean;
  /** Whole number from 0 to `below` - 1. */
  integer(below: number): number;
  pick<T>(items: readonly T[]): T;
  /** Index drawn in proportion to non-negative weights. */
  weighted(weights: readonly number[]): number;
  normal(mean: number, deviation: number): number;
  poisson(mean: number): number;
  gamma(shape: number): number;
  /** A point of the simplex; larger concentrations lie closer to their mean. */
  dirichlet(concentrations: readonly number[]): number[];
}

/** Mulberry32: 32 bits of state are enough for a demonstration. */
export function createRandom(seed: number): Random {
  let state = seed >>> 0;
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const integer = (below: number) => Math.floor(next() * below);
  const normal = (mean: number, deviation: number) =>
    mean + deviation * Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next());

  /** Marsaglia and Tsang's rejection method; shapes below 1 are drawn one higher and scaled back. */
  const gamma = (shape: number): number => {
    if (shape < 1) return gamma(shape + 1) * (1 - next()) ** (1 / shape);
    const d = shape - 1 / 3;
    for (;;) {
      const x = normal(0, 1);
      const v = (1 + x / Math.sqrt(9 * d)) ** 3;
      if (v > 0 && Math.log(1 - next()) < x * x * 0.5 + d - d * v + d * Math.log(v)) return d * v;
    }
  };

  return {
    next,
    integer,
    normal,
    gamma,
    chance: (probability) => next() < probability,
    pick: (items) => {
      if (items.length === 0) throw new Error("Nothing to pick from.");
      return items[integer(items.length)] as (typeof items)[number];
    },
    weighted: (weights) => {
      let left = next() * weights.reduce((sum, weight) => sum + weight, 0);
      const index = weights.findIndex((weight) => {
        left -= weight;
        return left < 0;
      });
      return index < 0 ? weights.length - 1 : index;
    },
    /** Knuth's method: the means used here are below ten. */
    poisson: (mean) => {
      const limit = Math.exp(-mean);
      let count = 0;
      for (let product = next(); product > limit; product *= next()) count += 1;
      return count;
    },
    dirichlet: (concentrations) => {
      const draws = concentrations.map(gamma);
      const total = draws.reduce((sum, draw) => sum + draw, 0);
      return draws.map((draw) => draw / total);
    },
  };
}
