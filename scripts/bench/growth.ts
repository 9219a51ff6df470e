import type { BenchRow } from "./row.ts";

/** What the rest of the machine may add to a cost. */
const NOISE = 1.25;
/** Below this a step costs nothing worth comparing. */
const LEAST_SECONDS = 0.1;

/**
 * How the seconds of one thing grow with the number of actors, each beside the size before it: n log n would make them
 * grow by (n₂ log n₂) / (n₁ log n₁); a quarter more is allowed.
 */
export function compareGrowth(what: string, costs: Map<number, number>): BenchRow[] {
  const sizes = [...costs.keys()];
  return sizes.slice(1).map((size, index) => {
    const before = sizes[index] as number;
    const cost = costs.get(size) as number;
    const rival = Math.max(costs.get(before) as number, LEAST_SECONDS);
    const allowed = rival * ((size * Math.log(size)) / (before * Math.log(before))) * NOISE;
    return {
      what: `${what}, ${size.toLocaleString("en")} actors`,
      figure: cost,
      unit: "s",
      bar: `at most ${allowed.toPrecision(3)} (n log n)`,
      rival: `${rival.toPrecision(3)} s at ${before.toLocaleString("en")}`,
      passed: cost <= allowed,
    };
  });
}
