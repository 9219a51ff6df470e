/** What the belief of before an experiment takes off the variance, beside the orders of an equally long time before. */
import type { Engine } from "../../stack/types.ts";
import { generateBuyers } from "../generators/experiments.ts";
import type { BenchRow } from "../row.ts";

type Query = Engine["query"];

const SEEDS = [21, 22, 23];
const PEOPLE = 2000;
const DAYS_BEFORE = 180;
const WINDOW_DAYS = 14;
const START = "2026-07-01T00:00:00Z";

export async function cupedRows(query: Query): Promise<BenchRow[]> {
  let [belief, plain] = [0, 0];
  for (const seed of SEEDS) {
    const cut = await variancesCut(query, seed);
    console.error(
      `  seed ${seed}: the belief cuts the variance by ${cut.belief.toFixed(3)}, the period before by ${cut.plain.toFixed(3)}`,
    );
    belief += cut.belief / SEEDS.length;
    plain += cut.plain / SEEDS.length;
  }
  return [
    {
      what: "variance cut by the belief as covariate (CUPED)",
      figure: belief,
      unit: "share",
      bar: "at least the rival's",
      rival: `orders of the ${WINDOW_DAYS} days before: ${plain.toPrecision(3)}`,
      passed: belief >= plain,
    },
  ];
}

async function variancesCut(query: Query, seed: number): Promise<{ belief: number; plain: number }> {
  const buyers = generateBuyers(seed, PEOPLE, DAYS_BEFORE, WINDOW_DAYS);
  const { brand, actors } = await makePeople(query);
  const orders = buyers.flatMap((buyer, i) =>
    buyer.before.map((day) => ({ actor: actors[i] as string, day })),
  );
  await query(
    `with added as (
       insert into actors.evidence (brand_id, actor_id, attribute, distribution, value, weight, occurred_at, recorded_at, source_kind, source_id)
       select $1::uuid, u.actor, 'behavior.purchase_rate', 'gamma', 1, 1, t.at, t.at, 'signal', gen_random_uuid()
       from unnest($2::uuid[], $3::float8[]) u (actor, day) cross join lateral (select $4::timestamptz - u.day * interval '1 day' as at) t
       order by t.at returning id)
     select private.fold_evidence($1::uuid, array_agg(id), $4::timestamptz) from added`,
    [brand, orders.map((order) => order.actor), orders.map((order) => order.day), START],
  );
  await query("select private.actors_refresh_priors($1::uuid, $2::timestamptz)", [brand, START]);

  const experiment = await startExperiment(query, brand);
  await query(
    "select count(*) from private.experiment_variants($1::uuid, $2::uuid, $3::uuid[], $4::timestamptz)",
    [brand, experiment, actors, START],
  );
  await query(
    `select private.expose($1::uuid, $2::uuid, $3::uuid[], array_fill(null::uuid, array[cardinality($3::uuid[])]),
       array_fill($4::timestamptz, array[cardinality($3::uuid[])]), $4::timestamptz)`,
    [brand, experiment, actors, START],
  );
  const after = buyers.flatMap((buyer, i) => Array.from({ length: buyer.after }, () => actors[i] as string));
  await query(
    `insert into outcomes.outcomes (brand_id, source_key, target_actor_id, outcome_type, outcome_value, outcome_timestamp)
     select $1::uuid, gen_random_uuid()::text, a, 'purchase', 1, $3::timestamptz + interval '1 day' from unnest($2::uuid[]) a`,
    [brand, after, START],
  );

  const belief = await cut(query, experiment);
  await query(
    `update stimuli.experiment_assignments a set covariate = u.orders from unnest($2::uuid[], $3::float8[]) u (actor, orders)
     where a.experiment_id = $1::uuid and a.actor_id = u.actor`,
    [experiment, actors, buyers.map((buyer) => buyer.before.filter((day) => day < WINDOW_DAYS).length)],
  );
  return { belief, plain: await cut(query, experiment) };
}

async function makePeople(query: Query): Promise<{ brand: string; actors: string[] }> {
  const [made] = await query<{ brand: string }>(
    "insert into core.brands (brand_name, brand_slug) values ('Covariate', 'covariate-' || gen_random_uuid()) returning id as brand",
  );
  const brand = made?.brand as string;
  const rows = await query<{ id: string }>(
    `insert into actors.actors (brand_id, primary_identifier, primary_identifier_type, first_seen_at, last_seen_at)
     select $1::uuid, 'p' || i, 'customer_id', $2::timestamptz, $2::timestamptz from generate_series(1, $3::integer) i returning id`,
    [brand, START, PEOPLE],
  );
  return { brand, actors: rows.map((row) => row.id) };
}

async function startExperiment(query: Query, brand: string): Promise<string> {
  const [made] = await query<{ id: string }>(
    `with made as (
       insert into stimuli.experiments (brand_id, experiment_name, hypothesis, baseline, baseline_deviation, minimal_effect, outcome_window_days, covariate_attribute)
       values ($1::uuid, 'covariate', 'They order more', 0.5, 1, 0.1, $2::float8, 'behavior.purchase_rate') returning id)
     select id from made`,
    [brand, WINDOW_DAYS],
  );
  const id = made?.id as string;
  await query(
    `insert into stimuli.experiment_variants (brand_id, experiment_id, variant_name, is_control, share)
     select $1::uuid, $2::uuid, v, v = 'control', 0.5 from unnest(array['control', 'variant']) v`,
    [brand, id],
  );
  await query(
    `insert into stimuli.experiment_metrics (brand_id, experiment_id, metric_name, metric_kind, metric_role, numerator)
     values ($1::uuid, $2::uuid, 'orders', 'count', 'primary', '{purchase}')`,
    [brand, id],
  );
  await query("select private.stimuli_start_experiment($1::uuid, $2::uuid, $3::timestamptz)", [
    brand,
    id,
    START,
  ]);
  return id;
}

async function cut(query: Query, experiment: string): Promise<number> {
  const [row] = await query<{ cut: number }>(
    `select variance_cut as cut from outcomes.experiment_results($1::uuid, $2::timestamptz + interval '30 days') where not is_control`,
    [experiment, START],
  );
  return (row as { cut: number }).cut;
}
