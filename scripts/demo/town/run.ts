import type { IngestVerdict } from "../../../types/api.ts";
import { formatPercent } from "../tables.ts";
import { deployRound, discoverCohorts, learn, processSignals, propose } from "../loop.ts";
import { createRandom } from "../random.ts";
import type { CycleReward } from "../report/loop-charts.ts";
import { readRows } from "../rows.ts";
import { mean } from "../scoring.ts";
import { sendSignals } from "../send.ts";
import { call, type Session } from "../session.ts";
import { type Delivery, react, weekOfLife } from "./life.ts";
import { addNoise, type SentSignal } from "./noise.ts";
import { hiddenRates } from "./groups.ts";
import { createTown, type Person, phaseIn } from "./people.ts";
import { type IdentifierRow, Registry } from "./recognise.ts";
import { WEEK } from "./shop.ts";
import { BeliefWatch } from "./watch.ts";

const SEED = 2026;
const PEOPLE = 500;
/** Weeks in which the town is only observed. */
const WARM_UP = 4;
/** Days in which an order can be the answer to an offer; short, since people also order without one. */
const WINDOW_DAYS = 3;
const CYCLES = 12;
const DRIFT_WEEK = WARM_UP + CYCLES / 2;

export interface TownRun {
  town: Person[];
  registry: Registry;
  /** Every signal that was sent, with what should have happened to it and what did. */
  sent: { expected: SentSignal; verdict: IngestVerdict }[];
  rewards: CycleReward[];
  /** Deployments that truly caused an order, out of those that were sent. */
  caused: Set<string>;
  deployed: number;
  heldOut: number;
  stimuli: number;
  outcomesLearned: number;
  /** Hidden response of each group to each template, by template id. */
  rates: Map<string, number>[];
  lastWeek: number;
  watch: BeliefWatch;
}

/** Lives through the town's weeks: signals in, people, beliefs, cohorts, offers, reactions, outcomes, learning. */
export async function runTown(session: Session): Promise<TownRun> {
  const random = createRandom(SEED);
  const town = createTown({ people: PEOPLE, seed: SEED, driftWeek: DRIFT_WEEK });
  const registry = new Registry(town);
  const rates = await prepareTemplates(session);
  const weeks = WARM_UP + CYCLES;
  const start = Math.floor(Date.now() / WEEK) * WEEK - weeks * WEEK;
  const run: TownRun = {
    town,
    registry,
    rates,
    sent: [],
    rewards: [],
    caused: new Set(),
    deployed: 0,
    heldOut: 0,
    stimuli: 0,
    outcomesLearned: 0,
    lastWeek: weeks - 1,
    watch: new BeliefWatch(town, DRIFT_WEEK, start, weeks),
  };

  let deliveries: Delivery[] = [];
  for (let week = 0; week < weeks; week++) {
    const reaction = react(deliveries, week, random);
    for (const id of reaction.caused) run.caused.add(id);
    const life = [...weekOfLife(town, week, start + week * WEEK, random), ...reaction.signals];
    life.sort((a, b) => a.occurred_at.localeCompare(b.occurred_at));
    await sendWeek(session, run, addNoise(life, random), week);

    const now = new Date(start + (week + 1) * WEEK);
    await processSignals(session, now);
    // A server keeps its statistics by itself; the embedded engine has nobody who does.
    await session.stack.engine.execAsAdmin("analyze");
    await discoverCohorts(session, now);
    await run.watch.look(session, now);
    if (deliveries.length > 0) run.outcomesLearned += (await learn(session, now)).learned;
    const isLast = week === weeks - 1;
    deliveries = week >= WARM_UP - 1 && !isLast ? await sendOffers(session, run, week + 1, now) : [];
  }
  return run;
}

/** The brand's templates, and how the town secretly answers each. */
async function prepareTemplates(session: Session): Promise<Map<string, number>[]> {
  await call(session.owner, "stimuli", "install_templates", { p_brand: session.brand });
  await call(session.owner, "core", "set_setting", {
    p_brand: session.brand,
    p_key: "stimuli.attribution_window_days",
    p_value: WINDOW_DAYS,
  });
  await call(session.owner, "core", "set_setting", {
    p_brand: session.brand,
    p_key: "stimuli.auto_approve",
    p_value: true,
  });
  const templates = await readRows<{ id: string; template_name: string }>(session, {
    schema: "stimuli",
    table: "stimulus_templates",
    columns: "id, template_name",
    where: { is_active: true },
  });
  templates.sort((a, b) => a.template_name.localeCompare(b.template_name));
  return hiddenRates(
    templates.map((template) => template.id),
    SEED,
  );
}

async function sendWeek(
  session: Session,
  run: TownRun,
  sent: readonly SentSignal[],
  week: number,
): Promise<void> {
  const verdicts = await sendSignals(
    session,
    sent.map((item) => item.signal),
    `Week ${String(week + 1).padStart(2)}`,
  );
  sent.forEach((expected, index) => {
    const verdict = verdicts[index];
    if (!verdict) throw new Error(`The intake gave no verdict for signal ${index} of week ${week}.`);
    run.sent.push({ expected, verdict });
  });
}

interface DeploymentRow {
  id: string;
  actor_id: string;
  template_id: string;
  is_holdout: boolean;
}

/** Each person gets one of the stimuli of its cohort; the postman finds the person by an identifier of the actor. */
async function sendOffers(session: Session, run: TownRun, week: number, now: Date): Promise<Delivery[]> {
  const identifiers = await readRows<IdentifierRow>(session, {
    schema: "actors",
    table: "actor_identifiers",
    columns: "actor_id, identifier_type, identifier_value",
  });
  const people = run.registry.peopleOfActors(identifiers);
  const deliveries: Delivery[] = [];
  const stimuli = await propose(session, now, week);
  if (stimuli.length === 0) return [];
  for (const { deployed, held_out } of await deployRound(session, stimuli, now, week)) {
    run.deployed += deployed;
    run.heldOut += held_out;
  }
  for (const stimulus of stimuli) {
    run.stimuli += 1;
    const rows = await readRows<DeploymentRow>(session, {
      schema: "stimuli",
      table: "stimulus_deployments",
      columns: "id, actor_id, template_id, is_holdout",
      where: { stimulus_id: stimulus.id },
    });
    for (const row of rows) {
      const person = people.get(row.actor_id);
      if (row.is_holdout || !person) continue;
      const rate = run.rates[phaseIn(person, week).group]?.get(row.template_id) ?? 0;
      deliveries.push({
        deployment: row.id,
        stimulus: stimulus.id,
        subject: stimulus.stimulus_name,
        person,
        rate,
        at: now.getTime(),
      });
    }
  }
  scoreChoice(run, deliveries, week);
  return deliveries;
}

/** The chosen templates' true response beside the best possible one and that of a blind choice, for the same people. */
function scoreChoice(run: TownRun, deliveries: readonly Delivery[], week: number): void {
  if (deliveries.length === 0) return;
  const choices = deliveries.map(
    ({ person }) => [...(run.rates[phaseIn(person, week).group] ?? new Map()).values()] as number[],
  );
  const reward: CycleReward = {
    cycle: run.rewards.length + 1,
    oracle: mean(choices.map((rates) => Math.max(...rates))),
    learnt: mean(deliveries.map((delivery) => delivery.rate)),
    random: mean(choices.map(mean)),
  };
  run.rewards.push(reward);
  console.log(
    `  offers of week ${week + 1}: answered by ${formatPercent(reward.learnt, 1)}` +
      ` (best possible ${formatPercent(reward.oracle, 1)}, random ${formatPercent(reward.random, 1)})`,
  );
}
