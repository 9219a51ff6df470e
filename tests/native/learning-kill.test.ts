import { chmodSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import postgres from "postgres";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createRandom } from "../../scripts/demo/random.ts";
import { createNativeEngine, type NativeEngine } from "../../scripts/stack/engines/native.ts";
import { startStack } from "../../scripts/stack/start.ts";

/** The server dies in the middle of learning, at random points: each step is learnt once, whole, and none is lost. */
const COHORTS = 4;
const PEOPLE = 90;
const KILLS = 5;
const dataDir = mkdtempSync(join(tmpdir(), "loopwise-learning-"));
let engine: NativeEngine;
let brand: string;

beforeAll(async () => {
  // The server runs as a user of its own where the tests run as root.
  chmodSync(dataDir, 0o755);
  const stack = await startStack({ engine: "native", dataDir, cron: false });
  await stack.close();
  engine = await createNativeEngine({ dataDir: join(dataDir, "database") });
  brand = await plant();
});
afterAll(async () => {
  await engine?.close();
  rmSync(dataDir, { recursive: true, force: true });
});

/** One offer to each group; a third of the people order. */
async function plant(): Promise<string> {
  const [row] = await engine.query<{ id: string }>(
    "insert into core.brands (brand_name, brand_slug) values ('Killed', 'killed') returning id",
  );
  const id = row?.id as string;
  await engine.query("select stimuli.install_templates($1::uuid)", [id]);
  await engine.query(PLANT, [id, COHORTS, PEOPLE]);
  await engine.query(ORDERS, [id]);
  await engine.query(DETAILS, [id]);
  return id;
}

test("a server killed while it learns has learnt each window once and whole", async () => {
  const random = createRandom(5);
  let learnt = 0;
  for (let kill = 0; learnt < COHORTS * PEOPLE; kill += 1) {
    const sql = postgres(engine.databaseUrl, { max: 1, onnotice: () => {} });
    const learning = sql`select outcomes_learned from outcomes.learn(${brand}::uuid, '2026-02-01', 60)`;
    if (kill < KILLS) {
      setTimeout(() => process.kill(engine.cluster?.pid() as number, "SIGKILL"), 50 + random.integer(900));
      await Promise.allSettled([learning]);
      await sql.end({ timeout: 1 });
      await new Promise((resolve) => setTimeout(resolve, 1000));
      await engine.close();
      engine = await createNativeEngine({ dataDir: join(dataDir, "database") });
    } else {
      await learning;
      await sql.end();
    }
    const state = await consistent();
    expect(state.wrong).toEqual([]);
    learnt = state.learnt;
    expect(kill).toBeLessThan(60);
  }
  const [after] = await engine.query<{ outcomes_learned: number }>(
    "select outcomes_learned from outcomes.learn($1::uuid, '2026-02-01')",
    [brand],
  );
  expect(after?.outcomes_learned).toBe(0);
}, 300_000);

/** What must hold after every death: closed windows have their evidence, step and reward, open ones have none. */
async function consistent(): Promise<{ learnt: number; wrong: string[] }> {
  const [row] = await engine.query<{ learnt: number; wrong: string[] }>(
    `with deployment as (
       select d.*, (select count(*) from outcomes.outcomes o join actors.evidence e on e.source_kind = 'outcome' and e.source_id = o.id
           and e.attribute ~ '^response\\.[a-z]+$' and e.retracted_at is null where o.deployment_id = d.id) as pieces
       from stimuli.stimulus_deployments d where d.brand_id = $1::uuid)
     select (select count(*)::int from deployment where learned_at is not null) as learnt, array_remove(array[
       (select 'a closed window without its one piece of evidence' from deployment where not is_holdout and learned_at is not null and pieces <> 1 limit 1),
       (select 'an open window with evidence' from deployment where learned_at is null and pieces > 0 limit 1),
       (select 'a window without its step' from deployment d where learned_at is not null
         and not exists (select from outcomes.outcome_learning l where l.id = d.learning_id and l.implementation_status = 'implemented') limit 1),
       (select 'a step without windows' from outcomes.outcome_learning l where l.brand_id = $1::uuid
         and not exists (select from deployment d where d.learning_id = l.id) limit 1),
       (select 'an arm that is not its rewards' from stimuli.arms a where a.brand_id = $1::uuid and a.pulls <>
         coalesce((select sum(r.pulls) from outcomes.arm_rewards r where r.arm_id = a.id), 0) limit 1),
       (select 'rewards that are not the closed windows'
        where (select coalesce(sum(r.pulls), 0) from outcomes.arm_rewards r where r.brand_id = $1::uuid)
          <> (select count(*) from deployment where not is_holdout and learned_at is not null))], null) as wrong`,
    [brand],
  );
  return row as { learnt: number; wrong: string[] };
}

const PLANT = `
  with cohort as (
    insert into cohorts.cohorts (brand_id, cohort_type, discovery_algorithm, cohort_name)
    select $1::uuid, 'mixed', 'test', 'Group ' || g from generate_series(1, $2::int) g returning id, brand_id),
  person as (
    insert into actors.actors (brand_id, primary_identifier, primary_identifier_type, first_seen_at, last_seen_at)
    select $1::uuid, 'k' || i, 'customer_id', '2026-01-01', '2026-01-01' from generate_series(1, $2::int * $3::int) i returning id),
  placed as (select id, row_number() over (order by id) as place from person),
  offered as (
    insert into stimuli.stimuli_base (brand_id, stimulus_type, stimulus_name, content_data, target_cohort_id, template_id, status)
    select c.brand_id, 'message', 'Hello', '{}', c.id, (select t.id from stimuli.stimulus_templates t where t.brand_id = $1::uuid order by t.id limit 1), 'active'
    from cohort c returning id, target_cohort_id, template_id),
  numbered as (select o.*, row_number() over (order by o.id) as g from offered o)
  insert into stimuli.stimulus_deployments (brand_id, stimulus_id, actor_id, cohort_id, template_id, is_holdout, propensity, deployment_channel,
    deployment_method, delivered_content, delivery_status, deployed_at, window_ends_at)
  select $1::uuid, n.id, p.id, n.target_cohort_id, n.template_id, p.place % 10 = 0, 0.9, 'email', 'batch', '{}',
    case when p.place % 10 = 0 then 'held_out' else 'sent' end::stimuli.delivery_status, '2026-01-10', '2026-01-24'
  from placed p join numbered n on n.g = 1 + (p.place - 1) / $3::int`;

const ORDERS = `
  insert into signals.signals_base (brand_id, signal_type, source_platform, source_id, occurred_at, received_at, raw_content, content_sha256,
    actor_id, confidence_in_matching, quality_score, processing_status)
  select d.brand_id, 'order', 'shop', d.id::text, '2026-01-12', '2026-01-12', '{}', sha256(convert_to(d.id::text, 'UTF8')), d.actor_id, 0.9, 0.9, 'completed'
  from (select x.*, row_number() over (order by x.id) as place from stimuli.stimulus_deployments x where x.brand_id = $1::uuid) d where d.place % 3 = 0`;

const DETAILS = `
  insert into signals.order_history (signal_id, brand_id, order_number, order_date, order_status, items, subtotal, total_amount)
  select s.id, s.brand_id, s.source_id, s.occurred_at, 'confirmed',
    '[{"product_id": "p", "name": "P", "quantity": 1, "unit_price": 50}]', 50, 50
  from signals.signals_base s where s.brand_id = $1::uuid`;
