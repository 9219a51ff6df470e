import { readRows } from "../rows.ts";
import { adjustedRandIndex, correlation, mean, type PairScore, verdictScore } from "../scoring.ts";
import type { Session } from "../session.ts";
import { type Person, phaseIn } from "./people.ts";
import type { IdentifierRow } from "./recognise.ts";
import type { TownRun } from "./run.ts";
import { type BeliefScore, readTastes, scoreBeliefs } from "./score-beliefs.ts";

export interface TownScores {
  duplicates: PairScore;
  faults: PairScore;
  /** Copies and faults by kind: how many were sent and how many were found. */
  kinds: { kind: string; sent: number; found: number }[];
  identity: PairScore & { actors: number; peopleSeen: number };
  beliefs: BeliefScore;
  /** Adjusted Rand index of cohorts and hidden groups: over everybody, and over those who ever bought something. */
  cohorts: { agreement: number; agreementOfBuyers: number; count: number };
  /** Expected response of the last three cycles as a share of the best possible. */
  reward: { learnt: number; random: number };
  attribution: { purchases: number; believed: number; caused: number };
  /** Correlation of learnt response rates of cohorts with the true ones. */
  knowledge: { pairs: number; correlation: number };
}

export async function scoreTown(session: Session, run: TownRun): Promise<TownScores> {
  const identifiers = await readRows<IdentifierRow>(session, {
    schema: "actors",
    table: "actor_identifiers",
    columns: "actor_id, identifier_type, identifier_value",
  });
  const people = run.registry.peopleOfActors(identifiers);
  const members = await readMembers(session);
  const tastes = await readTastes(session);
  return {
    duplicates: scoreVerdict(run, "duplicate"),
    faults: scoreVerdict(run, "rejected"),
    kinds: countKinds(run),
    identity: {
      ...run.registry.score(identifiers),
      actors: new Set(identifiers.map((row) => row.actor_id)).size,
      peopleSeen: new Set(people.values()).size,
    },
    beliefs: scoreBeliefs(tastes, run, people),
    cohorts: scoreCohorts(members, people, new Set(tastes.map((row) => row.actor_id)), run.lastWeek),
    reward: scoreReward(run),
    attribution: await scoreAttribution(session, run),
    knowledge: await scoreKnowledge(session, run, members, people),
  };
}

function scoreVerdict(run: TownRun, wanted: "duplicate" | "rejected"): PairScore {
  return verdictScore(
    run.sent.map(({ expected, verdict }) => ({
      truth: expected.expected === wanted,
      found: verdict.verdict === wanted,
    })),
  );
}

function countKinds(run: TownRun) {
  const kinds = new Map<string, { kind: string; sent: number; found: number }>();
  for (const { expected, verdict } of run.sent) {
    const row = kinds.get(expected.kind) ?? { kind: expected.kind, sent: 0, found: 0 };
    row.sent += 1;
    if (verdict.verdict === expected.expected) row.found += 1;
    kinds.set(expected.kind, row);
  }
  return [...kinds.values()];
}

interface Member {
  actor_id: string;
  cohort_id: string;
}

function readMembers(session: Session): Promise<Member[]> {
  return readRows<Member>(session, {
    schema: "cohorts",
    table: "actor_cohort_membership",
    columns: "actor_id, cohort_id",
    where: { is_active: true, membership_type: "primary" },
  });
}

/** The other half of a person who could not be recognised has no purchases, and so no taste to be grouped by. */
function scoreCohorts(
  members: readonly Member[],
  people: ReadonlyMap<string, Person>,
  buyers: ReadonlySet<string>,
  week: number,
) {
  const items = members.flatMap(({ actor_id, cohort_id }) => {
    const person = people.get(actor_id);
    if (!person) return [];
    return [{ truth: String(phaseIn(person, week).group), found: cohort_id, isBuyer: buyers.has(actor_id) }];
  });
  return {
    agreement: adjustedRandIndex(items),
    agreementOfBuyers: adjustedRandIndex(items.filter((item) => item.isBuyer)),
    count: new Set(items.map((item) => item.found)).size,
  };
}

function scoreReward({ rewards }: TownRun) {
  const last = rewards.slice(-3);
  const oracle = mean(last.map((cycle) => cycle.oracle));
  return {
    learnt: mean(last.map((cycle) => cycle.learnt)) / oracle,
    random: mean(last.map((cycle) => cycle.random)) / oracle,
  };
}

/** Purchases after an offer, how many of them the system takes for caused by it, and how many really were. */
async function scoreAttribution(session: Session, run: TownRun) {
  const rows = await readRows<{ deployment_id: string; attribution_confidence: number }>(session, {
    schema: "outcomes",
    table: "outcomes",
    columns: "deployment_id, attribution_confidence",
    where: { outcome_type: "purchase", is_holdout: false },
  });
  return {
    purchases: rows.length,
    believed: rows.reduce((sum, row) => sum + row.attribution_confidence, 0),
    caused: run.caused.size,
  };
}

/** True chance that a person sent this template orders within the week, for the offer's sake or of its own accord. */
function buysWithinWeek(run: TownRun, person: Person, template: string): number {
  const rate = run.rates[phaseIn(person, run.lastWeek).group]?.get(template) ?? 0;
  return 1 - (1 - rate) * Math.exp(-person.ordersPerWeek);
}

/** Beta posteriors of templates in cohorts against the true mean response of the cohort's people. */
async function scoreKnowledge(
  session: Session,
  run: TownRun,
  members: readonly Member[],
  people: ReadonlyMap<string, Person>,
) {
  const arms = await readRows<{
    cohort_id: string;
    template_id: string;
    alpha: number;
    beta: number;
    pulls: number;
  }>(session, {
    schema: "stimuli",
    table: "arms",
    columns: "cohort_id, template_id, alpha, beta, pulls",
  });
  const pairs = arms.flatMap((arm): [number, number][] => {
    const persons = members
      .filter((member) => member.cohort_id === arm.cohort_id)
      .flatMap((member) => people.get(member.actor_id) ?? []);
    if (arm.pulls === 0 || persons.length < 5) return [];
    const truth = mean(persons.map((person) => buysWithinWeek(run, person, arm.template_id)));
    return [[arm.alpha / (arm.alpha + arm.beta), truth]];
  });
  return { pairs: pairs.length, correlation: correlation(pairs) };
}
