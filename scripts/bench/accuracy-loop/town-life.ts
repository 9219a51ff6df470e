/** A town with a hidden truth lives through its weeks against the engine; what the offers reached is scored every cycle. */
import type postgres from "postgres";
import { createRandom } from "../../demo/random.ts";
import { correlation, mean } from "../../demo/scoring.ts";
import { hiddenRates } from "../../demo/town/groups.ts";
import { react, weekOfLife } from "../../demo/town/life.ts";
import { addNoise } from "../../demo/town/noise.ts";
import { createTown, type Person, phaseIn } from "../../demo/town/people.ts";
import { Registry } from "../../demo/town/recognise.ts";
import { WEEK } from "../../demo/town/shop.ts";
import { TownBrand, WINDOW_DAYS } from "./town-brand.ts";
import { beginThompson, playThompson } from "./town-rivals.ts";
import type { CycleScore, Sent, TownPlan, TownState, TownStore } from "./town-state.ts";

/** Cohorts are searched anew every so many weeks; between, people are placed in those there are. */
const REGROUPED = 4;
const START = Date.UTC(2026, 0, 5);

interface Town {
  plan: TownPlan;
  people: Person[];
  registry: Registry;
  brand: TownBrand;
  /** Hidden answer of each group to each template. */
  rates: Map<string, number>[];
}

/** Lives what is left of the town's weeks, and keeps in the store how far it got. */
export async function liveTown(sql: postgres.Sql, plan: TownPlan, store: TownStore): Promise<TownState> {
  const people = createTown({
    people: plan.people,
    seed: plan.seed,
    driftWeek: plan.warmUp + plan.cycles / 2,
  });
  const brand = await TownBrand.open(sql, `town-${plan.seed}`);
  const templates = await brand.templates();
  const town = {
    plan,
    people,
    registry: new Registry(people),
    brand,
    rates: hiddenRates(templates, plan.seed),
  };
  const weeks = plan.warmUp + plan.cycles;
  let state = store.read() ?? {
    weeksLived: 0,
    sent: [],
    cycles: [],
    thompson: beginThompson(templates.length),
  };
  while (state.weeksLived < weeks) {
    const began = performance.now();
    state = await liveWeek(town, state);
    if (state.weeksLived === weeks)
      state.score = { cycles: state.cycles, ...(await scoreKnowledge(town, weeks - 1)) };
    store.write(state);
    report(plan.seed, state, (performance.now() - began) / 1000);
  }
  return state;
}

/** Each week has its own randomness: one that is lived again after a break is the same. */
async function liveWeek(
  { plan, people, registry, brand, rates }: Town,
  before: TownState,
): Promise<TownState> {
  const week = before.weeksLived;
  const random = createRandom(plan.seed * 1000 + week);
  const weekStart = START + week * WEEK;
  const now = new Date(weekStart + WEEK);
  const deliveries = before.sent.map((sent) => ({
    ...sent,
    subject: "An offer",
    person: people[sent.person] as Person,
    at: weekStart,
  }));
  const life = [
    ...weekOfLife(people, week, weekStart, random),
    ...react(deliveries, week, random).signals,
  ].sort((a, b) => a.occurred_at.localeCompare(b.occurred_at));
  const signals = addNoise(life, random).map(({ signal }) => signal);
  await brand.take(signals, now);
  await brand.group(now, week % REGROUPED === REGROUPED - 1);
  if (deliveries.length > 0) await brand.learn(now);
  const state = { ...before, weeksLived: week + 1, sent: [] as Sent[] };
  if (week >= plan.warmUp - 1 && state.weeksLived < plan.warmUp + plan.cycles) {
    const persons = registry.peopleOfActors(await brand.identifiers());
    const groupOf = (person: Person) => rates[phaseIn(person, week + 1).group] as Map<string, number>;
    for (const choice of await brand.choose(now, plan.seed * 1000 + week)) {
      const person = persons.get(choice.actor_id);
      if (!person || choice.is_holdout) continue;
      const rate = groupOf(person).get(choice.template_id) as number;
      state.sent.push({ deployment: choice.id, stimulus: choice.stimulus_id, person: person.number, rate });
    }
    const reached = state.sent.map(({ person }) => people[person] as Person);
    const truths = reached.map((person) => ({
      rates: [...groupOf(person).values()],
      anyway: ordersAnyway(person),
    }));
    const thompson = playThompson(state.thompson, truths, random);
    state.thompson = thompson.state;
    state.cycles = [...state.cycles, scoreCycle(state.sent, truths, thompson.reward)];
  }
  return state;
}

function scoreCycle(
  sent: readonly Sent[],
  truths: readonly { rates: number[] }[],
  thompson: number,
): CycleScore {
  const byTemplate = (truths[0]?.rates ?? []).map((_, k) =>
    mean(truths.map(({ rates }) => rates[k] as number)),
  );
  return {
    learnt: mean(sent.map(({ rate }) => rate)),
    oracle: mean(truths.map(({ rates }) => Math.max(...rates))),
    random: mean(byTemplate),
    rule: Math.max(...byTemplate),
    thompson,
  };
}

/** Chance that a person orders within the window of its own accord. */
function ordersAnyway(person: Person): number {
  return 1 - Math.exp((-person.ordersPerWeek * WINDOW_DAYS) / 7);
}

async function scoreKnowledge({ brand, registry, rates }: Town, week: number) {
  const persons = registry.peopleOfActors(await brand.identifiers());
  const members = await brand.members();
  const pairs = (await brand.arms(new Date(START + (week + 1) * WEEK))).flatMap((arm): [number, number][] => {
    const people = members
      .filter(({ cohort_id }) => cohort_id === arm.cohort_id)
      .flatMap(({ actor_id }) => persons.get(actor_id) ?? []);
    if (people.length < 5) return [];
    const truth = mean(
      people.map((person) => {
        const rate = rates[phaseIn(person, week).group]?.get(arm.template_id) as number;
        return 1 - (1 - rate) * (1 - ordersAnyway(person));
      }),
    );
    return [[arm.mean, truth]];
  });
  return { correlation: correlation(pairs), pairs: pairs.length };
}

function report(seed: number, { weeksLived, cycles }: TownState, seconds: number): void {
  const score = cycles.at(-1);
  const share = score ? `, ${((100 * score.learnt) / score.oracle).toFixed(1)}% of the best possible` : "";
  console.error(`  town ${seed}, week ${weeksLived}: ${seconds.toFixed(0)} s${share}`);
}
