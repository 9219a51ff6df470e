/** Belief tracking against known truth: what it must reach, and that a tracker without its parts does not. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { track } from "../../scripts/bench/accuracy/beliefs.ts";
import { judge, median } from "../../scripts/bench/accuracy/tracking.ts";
import { type Change, generateChoosers } from "../../scripts/bench/generators/beliefs.ts";
import type { Stack } from "../../scripts/stack/types.ts";
import { useStack } from "../support/stack.ts";

let stack: Stack;
beforeAll(async () => {
  stack = await useStack({ engine: "native", cron: false });
});
afterAll(() => stack?.close());

const people = 150;
// A hundred and fifty people know a figure to a few hundredths of itself: the margins are three times that.
const measure = async (change: Change, settings: Record<string, number> = {}) => {
  const choosers = generateChoosers(change === "none" ? 6 : 5, people, change);
  const earlier = generateChoosers(change === "none" ? 8 : 7, 60, change);
  return judge(
    choosers,
    await track((text, params) => stack.engine.query(text, params), choosers, earlier, settings),
  );
};
/** What the brand's people say about changes is not listened to. */
const fixedHazard = (probability: number) => ({
  "actors.change_hazard.preference": probability,
  "actors.prior_actors": 1_000_000,
});

test("a steady taste is known, and one that flips is followed, with honest intervals", async () => {
  const [steady, flip] = [await measure("none"), await measure("flip")];
  expect(steady.rmse).toBeLessThan(0.082);
  expect(flip.rmse).toBeLessThan(0.132);
  expect(median(flip.lags)).toBeLessThanOrEqual(6);
  expect(steady.ece).toBeLessThan(0.03);
  expect(flip.ece).toBeLessThan(0.03);
  const covered = (steady.covered + flip.covered) / (steady.intervals + flip.intervals);
  expect(covered).toBeGreaterThan(0.87);
  expect(covered).toBeLessThan(0.93);
  expect(steady.step).toBeLessThan(0.022);
}, 300_000);

test("a taste that changes to any other, or a little, is followed as well", async () => {
  expect((await measure("fresh")).rmse).toBeLessThan(0.13);
  expect((await measure("shift")).rmse).toBeLessThan(0.125);
}, 300_000);

test("without changes a flip is not followed", async () => {
  const flip = await measure("flip", fixedHazard(0));
  expect(flip.rmse).toBeGreaterThan(0.18);
  expect(median(flip.lags)).toBeGreaterThan(20);
}, 300_000);

test("with a change suspected everywhere the steady ones are jumpy", async () => {
  const steady = await measure("none", fixedHazard(0.1));
  expect(steady.rmse).toBeGreaterThan(0.1);
  expect(steady.step).toBeGreaterThan(0.03);
}, 300_000);

test("that steady people are steady is learnt from the brand, however restless the setting", async () => {
  expect((await measure("none", { "actors.change_hazard.preference": 0.02 })).rmse).toBeLessThan(0.086);
}, 300_000);
