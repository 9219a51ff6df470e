/** A town with a hidden truth lives through its weeks against the engine; what the offers reached is scored every cycle. */
import type postgres from "postgres";
import { createRandom } from "../../demo/random.ts";
import { correlation, mean } from "../../demo/scoring.ts";
import { hiddenRates } from "../../demo/town/groups.ts";
import { type Delivery, react, weekOfLife } from "../../demo/town/life.ts";
import { addNoise } from "../../demo/town/noise.ts";
import { createTown, type Person, phaseIn } from "../../demo/town/people.ts";
import { Registry } from "../../demo/town/recognise.ts";
import { WEEK } from "../../demo/town/shop.ts";
import { type Choice, TownBrand, WINDOW_DAYS } from "./town-brand.ts";

export interface TownPlan {
  people: number;
  /** Weeks in which the town is only observed. */
  warmUp: number;
  cycles: number;
  seed: number;
}

/** Expected answers per person who was sent something, of one cycle. */
export interface CycleScore {
  learnt: number;
  oracle: number;
  random: number;
  /** Of the one template that would be best for everybody. */
  rule: number;
}

export interface TownScore {
  cycles: CycleScore[];
  /** Learnt response rates of templates in cohorts against the true ones of their people. */
  correlation: number;
  pairs: number;
}

/** Cohorts are searched anew every so many weeks; between, people are placed in those there are. */
const REGROUPED = 4;
const START = Date.UTC(2026, 0, 5);

export async function liveTown(sql: postgres.Sql, plan: TownPlan): Promise<TownScore> {
  const { people, warmUp, cycles, seed } = plan;
  const random = createRandom(seed);
  const weeks = warmUp + cycles;
  const town = createTown({ people, seed, driftWeek: warmUp + cycles / 2 });
  const registry = new Registry(town);
  const brand = await TownBrand.open(sql, `town-${seed}`);
  const rates = hiddenRates(await brand.templates(), seed);
  const scores: CycleScore[] = [];
  let deliveries: Delivery[] = [];
  for (let week = 0; week < weeks; week++) {
    const began = performance.now();
    const weekStart = START + week * WEEK;
    const life = [...weekOfLife(town, week, weekStart, random), ...react(deliveries, week, random).signals];
    life.sort((a, b) => a.occurred_at.localeCompare(b.occurred_at));
    const now = new Date(weekStart + WEEK);
    await brand.take(
      addNoise(life, random).map(({ signal }) => signal),
      now,
    );
    await brand.group(now, week % REGROUPED === REGROUPED - 1);
    if (deliveries.length > 0) await brand.learn(now);
    if (week >= warmUp - 1 && week < weeks - 1) {
      const persons = registry.peopleOfActors(await brand.identifiers());
      deliveries = deliver(await brand.choose(now, seed * 1000 + week), persons, rates, week + 1, now);
      scores.push(scoreCycle(deliveries, rates, week + 1));
    }
    report(seed, week, scores.at(-1), (performance.now() - began) / 1000);
  }
  return { cycles: scores, ...(await scoreKnowledge(brand, registry, rates, weeks - 1)) };
}

function deliver(
  choices: readonly Choice[],
  persons: ReadonlyMap<string, Person>,
  rates: readonly Map<string, number>[],
  week: number,
  now: Date,
): Delivery[] {
  return choices.flatMap((choice) => {
    const person = persons.get(choice.actor_id);
    if (!person || choice.is_holdout) return [];
    const rate = rates[phaseIn(person, week).group]?.get(choice.template_id) ?? 0;
    const { id: deployment, stimulus_id: stimulus } = choice;
    return [{ deployment, stimulus, subject: "An offer", person, rate, at: now.getTime() }];
  });
}

function scoreCycle(
  deliveries: readonly Delivery[],
  rates: readonly Map<string, number>[],
  week: number,
): CycleScore {
  const truths = deliveries.map(({ person }) => [
    ...(rates[phaseIn(person, week).group] as Map<string, number>).values(),
  ]);
  const byTemplate = [...(truths[0] ?? []).keys()].map((k) => mean(truths.map((truth) => truth[k] as number)));
  return {
    learnt: mean(deliveries.map(({ rate }) => rate)),
    oracle: mean(truths.map((truth) => Math.max(...truth))),
    random: mean(byTemplate),
    rule: Math.max(...byTemplate),
  };
}

/** True chance that a person who is sent this template orders within the window, for its sake or of its own accord. */
function buysInWindow(person: Person, week: number, rate: number): number {
  return 1 - (1 - rate) * Math.exp((-person.ordersPerWeek * WINDOW_DAYS) / 7);
}

async function scoreKnowledge(
  brand: TownBrand,
  registry: Registry,
  rates: readonly Map<string, number>[],
  week: number,
) {
  const persons = registry.peopleOfActors(await brand.identifiers());
  const members = await brand.members();
  const pairs = (await brand.arms()).flatMap((arm): [number, number][] => {
    const people = members.filter(({ cohort_id }) => cohort_id === arm.cohort_id).flatMap(({ actor_id }) => persons.get(actor_id) ?? []);
    if (arm.pulls === 0 || people.length < 5) return [];
    const truth = mean(
      people.map((person) =>
        buysInWindow(person, week, rates[phaseIn(person, week).group]?.get(arm.template_id) ?? 0),
      ),
    );
    return [[arm.mean, truth]];
  });
  return { correlation: correlation(pairs), pairs: pairs.length };
}

function report(seed: number, week: number, score: CycleScore | undefined, seconds: number): void {
  const share = score ? `, ${((100 * score.learnt) / score.oracle).toFixed(1)}% of the best possible` : "";
  console.error(`  town ${seed}, week ${week + 1}: ${seconds.toFixed(1)} s${share}`);
}
