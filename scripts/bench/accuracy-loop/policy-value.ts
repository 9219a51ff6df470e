/** The value of policies that were never followed, estimated from the log of another one, against the known truth. */
import type { Engine } from "../../stack/types.ts";
import { createRandom, type Random } from "../../demo/random.ts";
import type { BenchRow } from "../row.ts";

const COHORTS = 8;
const TEMPLATES = 6;
const PEOPLE = 60_000;
const HOLDOUT = 0.1;
const SEEDS = [1, 2, 3, 4, 5];
const POLICIES = ["template", "uniform", "greedy", "thompson"] as const;
const TRUTH = "the true rates of the simulation";
const METHODS = ["ips", "snips", "doubly_robust"] as const;

interface World {
  /** Rates of response, logged probabilities, and what is known of each arm, by cohort and template. */
  rates: number[][];
  logged: number[][];
  arms: { alpha: number; beta: number }[][];
}

/** Relative errors of each method over seeds and policies; the logger leans to some templates in each cohort. */
export async function policyValueRows(engine: Engine): Promise<BenchRow[]> {
  const errors = new Map<string, number[]>(METHODS.map((method) => [method, []]));
  let covered = 0;
  for (const seed of SEEDS) {
    const random = createRandom(seed);
    const world = makeWorld(random);
    const brand = await loadLog(engine, seed, world, random);
    for (const policy of POLICIES) {
      const truth = await trueValue(engine, brand, world, policy);
      const rows = await engine.query<{ method: string; value: number; lower: number; upper: number }>(
        VALUE,
        [brand, policy, policy === "template" ? 1 : null],
      );
      for (const { method, value, lower, upper } of rows) {
        errors.get(method)?.push(Math.abs(value / truth - 1));
        if (method === "doubly_robust" && lower <= truth && truth <= upper) covered += 1;
      }
    }
  }
  const runs = SEEDS.length * POLICIES.length;
  const figures = METHODS.map((method): BenchRow => {
    const figure = mean(errors.get(method) as number[]);
    return {
      what: `policy value, ${method}: mean relative error, ${runs} values`,
      figure,
      unit: "",
      bar: "at most 0.05",
      rival: TRUTH,
      passed: figure <= 0.05,
    };
  });
  const worst = Math.max(...(errors.get("doubly_robust") as number[]));
  return [
    ...figures,
    {
      what: "policy value, doubly_robust: largest relative error",
      figure: worst,
      unit: "",
      bar: "at most 0.05",
      rival: TRUTH,
      passed: worst <= 0.05,
    },
    {
      what: "policy value, doubly_robust: 95% intervals that hold the truth",
      figure: covered / runs,
      unit: "",
      bar: "at least 0.85",
      rival: TRUTH,
      passed: covered / runs >= 0.85,
    },
  ];
}

function makeWorld(random: Random): World {
  const table = <T>(cell: (cohort: number, template: number) => T): T[][] =>
    Array.from({ length: COHORTS }, (_, cohort) =>
      Array.from({ length: TEMPLATES }, (_, template) => cell(cohort, template)),
    );
  const rates = table(() => 0.05 + 0.3 * random.next() ** 2);
  const strengths = table(() => Math.exp(random.normal(0, 0.5)));
  const logged = strengths.map((row) => row.map((x) => x / row.reduce((sum, y) => sum + y, 0)));
  const arms = rates.map((row) =>
    row.map((rate) => ({ alpha: 1 + 60 * rate * random.next() * 2, beta: 9 + 60 * (1 - rate) })),
  );
  return { rates, logged, arms };
}

async function loadLog(engine: Engine, seed: number, world: World, random: Random): Promise<string> {
  const [row] = await engine.query<{ brand: string }>(
    "insert into core.brands (brand_name, brand_slug) values ($1::text, $1::text) returning id as brand",
    [`policies-${seed}`],
  );
  const brand = (row as { brand: string }).brand;
  const people = Array.from({ length: PEOPLE }, () => {
    const cohort = random.integer(COHORTS);
    const template = random.weighted(world.logged[cohort] as number[]);
    const held = random.chance(HOLDOUT);
    const rate = held ? 0.04 : at(world.rates, cohort, template);
    return { cohort, template, held, responded: random.chance(rate) };
  });
  await engine.query(WORLD, [
    brand,
    COHORTS,
    TEMPLATES,
    world.arms.flatMap((arms, cohort) => arms.map((_, template) => cohort * TEMPLATES + template)),
    world.arms.flat().map(({ alpha }) => alpha),
    world.arms.flat().map(({ beta }) => beta),
  ]);
  await engine.query(LOG, [
    brand,
    people.map(({ cohort }) => cohort),
    people.map(({ template }) => template),
    people.map(({ held }) => (held ? 1 : 0)),
    people.map(
      ({ cohort, template, held }) => at(world.logged, cohort, template) * (held ? HOLDOUT : 1 - HOLDOUT),
    ),
    people.map(({ responded }) => (responded ? 1 : 0)),
  ]);
  return brand;
}

async function trueValue(
  engine: Engine,
  brand: string,
  world: World,
  policy: (typeof POLICIES)[number],
): Promise<number> {
  const choices = await engine.query<{
    cohort: number;
    template: number;
    probability: number;
    people: number;
  }>(CHOICES, [brand, policy, policy === "template" ? 1 : null]);
  const total = choices.reduce((sum, { probability, people }) => sum + probability * people, 0);
  return (
    choices.reduce(
      (sum, { cohort, template, probability, people }) =>
        sum + probability * people * at(world.rates, cohort, template),
      0,
    ) / total
  );
}

function at(table: readonly (readonly number[])[], cohort: number, template: number): number {
  return (table[cohort] as readonly number[])[template] as number;
}

const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;

const WORLD = `
  with people as (
    insert into actors.actors (id, brand_id, primary_identifier, primary_identifier_type, first_seen_at, last_seen_at)
    select md5($1::text || 'person' || n)::uuid, $1::uuid, 'p' || n, 'customer_id', '2026-01-01', '2026-01-01'
    from generate_series(0, ${PEOPLE - 1}) n
  ), cohorts as (
    insert into cohorts.cohorts (id, brand_id, cohort_type, discovery_algorithm, cohort_name)
    select md5($1::text || 'cohort' || n)::uuid, $1::uuid, 'mixed', 'bench', 'c' || n from generate_series(0, $2::int - 1) n
  ), templates as (
    insert into stimuli.stimulus_templates (id, brand_id, template_name, template_type, template_structure)
    select md5($1::text || 'template' || n)::uuid, $1::uuid, 't' || n, 'message', '{}' from generate_series(0, $3::int - 1) n
  ), stimuli as (
    insert into stimuli.stimuli_base (id, brand_id, stimulus_type, stimulus_name, content_data, status)
    select md5($1::text || 'stimulus' || n)::uuid, $1::uuid, 'message', 's' || n, '{}', 'active' from generate_series(0, $3::int - 1) n
  )
  insert into stimuli.arms (brand_id, cohort_id, template_id, alpha, beta, last_reward_at)
  select $1::uuid, md5($1::text || 'cohort' || a.cell / $3::int)::uuid, md5($1::text || 'template' || a.cell % $3::int)::uuid, a.alpha, a.beta, '2026-03-20'
  from unnest($4::int[], $5::double precision[], $6::double precision[]) a (cell, alpha, beta)`;

const LOG = `
  with assigned as (
    insert into stimuli.stimulus_deployments (brand_id, stimulus_id, actor_id, cohort_id, template_id, is_holdout, propensity,
      deployment_channel, deployment_method, delivered_content, deployed_at, window_ends_at, delivery_status)
    select $1::uuid, md5($1::text || 'stimulus' || d.template)::uuid, md5($1::text || 'person' || d.n - 1)::uuid,
      md5($1::text || 'cohort' || d.cohort)::uuid, md5($1::text || 'template' || d.template)::uuid, d.held = 1, d.propensity, 'email', 'push',
      '{}', '2026-03-01', '2026-03-15', (case when d.held = 1 then 'held_out' else 'sent' end)::stimuli.delivery_status
    from unnest($2::int[], $3::int[], $4::int[], $5::double precision[]) with ordinality d (cohort, template, held, propensity, n)
    returning id, actor_id, stimulus_id, is_holdout
  )
  insert into outcomes.outcomes (brand_id, source_key, stimulus_id, deployment_id, target_actor_id, is_holdout, outcome_type,
    outcome_value, outcome_unit, outcome_timestamp)
  select $1::uuid, 'r' || r.n, a.stimulus_id, a.id, a.actor_id, a.is_holdout, 'purchase', 20, 'currency', '2026-03-05'
  from unnest($6::int[]) with ordinality r (responded, n)
  join assigned a on a.actor_id = md5($1::text || 'person' || r.n - 1)::uuid
  where r.responded = 1`;

const VALUE = `
  select method, value, lower, upper from outcomes.policy_value($1::uuid, $2, '2026-03-01', '2026-04-01',
    md5($1::text || 'template' || $3::int)::uuid, 'response', '2026-03-20')`;

/** What the policy would choose, from the same arms: the truth is about its choices, not about how they are made. */
const CHOICES = `
  select c.n as cohort, t.n as template, p.probability,
    (select count(*)::int from stimuli.stimulus_deployments d where d.brand_id = $1::uuid and d.cohort_id = p.cohort_id) as people
  from private.policy_choices($1::uuid, array(select l from private.logged_choices($1::uuid, '2026-03-01', '2026-04-01', 'response', '2026-03-20') l),
    $2, md5($1::text || 'template' || $3::int)::uuid, '2026-03-20') p
  join generate_series(0, ${COHORTS - 1}) c (n) on p.cohort_id = md5($1::text || 'cohort' || c.n)::uuid
  join generate_series(0, ${TEMPLATES - 1}) t (n) on p.template_id = md5($1::text || 'template' || t.n)::uuid`;
