import { describe, expect, test } from "vitest";
import { createRandom } from "../../scripts/demo/random.ts";
import { mean } from "../../scripts/demo/scoring.ts";
import { type Delivery, react, weekOfLife } from "../../scripts/demo/town/life.ts";
import { addNoise } from "../../scripts/demo/town/noise.ts";
import { CATEGORIES, GROUPS, hiddenRates } from "../../scripts/demo/town/groups.ts";
import { createTown, phaseIn } from "../../scripts/demo/town/people.ts";
import { WEEK } from "../../scripts/demo/town/shop.ts";

const START = Date.UTC(2026, 0, 5);
const town = createTown({ people: 600, seed: 11, driftWeek: 5 });
const TEMPLATES = ["discount", "free shipping", "early access", "we miss you", "bundle", "points"];

describe("The simulated town", () => {
  test("is the same for the same seed", () => {
    expect(createTown({ people: 20, seed: 4, driftWeek: 5 })).toEqual(
      createTown({ people: 20, seed: 4, driftWeek: 5 }),
    );
    expect(weekOfLife(town, 0, START, createRandom(1))).toEqual(weekOfLife(town, 0, START, createRandom(1)));
  });

  test("has people who differ from one another and on average like their group", () => {
    const breakfast = town.filter((person) => phaseIn(person, 0).group === 0);
    const coffee = breakfast.map((person) => phaseIn(person, 0).tastes[0] as number);
    expect(mean(coffee)).toBeCloseTo(GROUPS[0]?.tastes[0] as number, 1);
    expect(Math.max(...coffee) - Math.min(...coffee)).toBeGreaterThan(0.25);
    for (const group of GROUPS) expect(group.tastes.reduce((a, b) => a + b)).toBeCloseTo(1, 9);
    for (const { tastes } of GROUPS) expect(tastes).toHaveLength(CATEGORIES.length);
  });

  test("changes some people's group half way, and only then", () => {
    const drifting = town.filter((person) => phaseIn(person, 4).group !== phaseIn(person, 5).group);
    expect(drifting.length / town.length).toBeGreaterThan(0.07);
    expect(drifting.length / town.length).toBeLessThan(0.18);
    expect(town.filter((person) => phaseIn(person, 0).group !== phaseIn(person, 4).group)).toHaveLength(0);
  });

  test("gives every group another favourite among the templates", () => {
    const rates = hiddenRates(TEMPLATES, 3);
    const favourites = rates.map((group) => [...group].sort(([, a], [, b]) => b - a)[0]?.[0]);
    expect(new Set(favourites).size).toBe(GROUPS.length);
    for (const group of rates) {
      expect([...group.keys()].sort()).toEqual([...TEMPLATES].sort());
      expect([...group.values()].filter((rate) => rate > 0.3)).toHaveLength(1);
    }
  });

  test("never lets people who do not link name phone and account together", () => {
    const separate = town.filter((person) => person.habit === "never links");
    const life = [0, 6].flatMap((week) =>
      weekOfLife(separate, week, START + week * WEEK, createRandom(week)),
    );
    expect(life.length).toBeGreaterThan(50);
    for (const { identifiers } of life) expect(Object.keys(identifiers)).toHaveLength(1);
  });

  test("leaves a week of signals inside that week, each under its own id", () => {
    const life = weekOfLife(town, 0, START, createRandom(2));
    for (const { occurred_at } of life) {
      expect(Date.parse(occurred_at)).toBeGreaterThanOrEqual(START);
      expect(Date.parse(occurred_at)).toBeLessThan(START + WEEK);
    }
    expect(new Set(life.map((signal) => signal.source_id)).size).toBe(life.length);
  });

  test("marks every copy and every fault it adds", () => {
    const life = weekOfLife(town, 0, START, createRandom(2));
    const sent = addNoise(life, createRandom(3));
    expect(sent.filter((item) => item.expected === "accepted").map((item) => item.signal)).toEqual(life);
    expect(new Set(sent.map((item) => item.expected))).toEqual(
      new Set(["accepted", "duplicate", "rejected"]),
    );
  });

  test("answers an offer at its hidden rate and names what it caused", () => {
    const deliveries = town.map(
      (person): Delivery => ({
        deployment: `d-${person.number}`,
        stimulus: "s",
        subject: "Ten per cent off",
        person,
        rate: 0.3,
        at: START,
      }),
    );
    const { signals, caused } = react(deliveries, 0, createRandom(9));
    expect(caused.size / deliveries.length).toBeCloseTo(0.3, 1);
    expect(signals.filter((signal) => signal.type === "order")).toHaveLength(caused.size);
    const none = react(
      deliveries.map((delivery) => ({ ...delivery, rate: 0 })),
      0,
      createRandom(9),
    );
    expect(none.caused.size).toBe(0);
    expect(none.signals.some((signal) => signal.type === "order")).toBe(false);
  });
});
