/** Belief tracking against known truth: what it must reach, and that a tracker without its parts does not. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { track } from "../../scripts/bench/accuracy/beliefs.ts";
import { judge, median } from "../../scripts/bench/accuracy/tracking.ts";
import { generateChoosers } from "../../scripts/bench/generators/beliefs.ts";
import type { Stack } from "../../scripts/stack/types.ts";
import { useStack } from "../support/stack.ts";

let stack: Stack;
beforeAll(async () => {
  stack = await useStack({ engine: "native", cron: false });
});
afterAll(() => stack?.close());

const people = 150;
// A hundred and fifty people know a figure to a few hundredths of itself: the margins are three times that.
const measure = async (flips: boolean, settings: Record<string, number> = {}) => {
  const choosers = generateChoosers(flips ? 5 : 6, people, flips);
  const earlier = generateChoosers(flips ? 7 : 8, 60, flips);
  return judge(
    choosers,
    await track((text, params) => stack.engine.query(text, params), choosers, earlier, settings),
  );
};
const hazard = (probability: number) => ({ "actors.change_hazard.preference": probability });

test("a steady taste is known, and one that flips is followed, with honest intervals", async () => {
  const [steady, flip] = [await measure(false), await measure(true)];
  expect(steady.rmse).toBeLessThan(0.09);
  expect(flip.rmse).toBeLessThan(0.132);
  expect(median(flip.lags)).toBeLessThanOrEqual(6);
  expect(steady.ece).toBeLessThan(0.03);
  expect(flip.ece).toBeLessThan(0.03);
  const covered = (steady.covered + flip.covered) / (steady.intervals + flip.intervals);
  expect(covered).toBeGreaterThan(0.87);
  expect(covered).toBeLessThan(0.935);
  expect(steady.step).toBeLessThan(0.024);
}, 300_000);

test("without changes a flip is not followed", async () => {
  const flip = await measure(true, hazard(0));
  expect(flip.rmse).toBeGreaterThan(0.18);
  expect(median(flip.lags)).toBeGreaterThan(20);
}, 300_000);

test("with a change suspected everywhere the steady ones are jumpy", async () => {
  const steady = await measure(false, hazard(0.1));
  expect(steady.rmse).toBeGreaterThan(0.1);
  expect(steady.step).toBeGreaterThan(0.03);
}, 300_000);
