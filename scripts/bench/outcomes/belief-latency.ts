/** How long after an outcome came the belief about its person has moved, while 200 a second come. */
import { setTimeout as sleep } from "node:timers/promises";
import type { Engine } from "../../stack/types.ts";
import type { BenchRow } from "../row.ts";

const PER_SECOND = 200;
const SECONDS = 15;
const BATCH = 50;

/**
 * The windows of the deployments end one after the other, 200 a second, and each person responds in the last moment. The
 * outcomes come in batches, and one learner calls outcomes.learn over and over.
 */
export async function beliefLatencyRows(engine: Engine): Promise<BenchRow[]> {
  const total = PER_SECOND * SECONDS;
  const [row] = await engine.query<{ brand: string }>(
    "insert into core.brands (brand_name, brand_slug) values ('Latency', 'latency') returning id as brand",
  );
  const brand = (row as { brand: string }).brand;
  await engine.query(WORLD, [brand, total]);
  await engine.exec("analyze");
  const start = Date.now() + 500;
  const due = (n: number) => start + (n * 1000) / PER_SECOND;
  // Late outcomes are waited for, outcomes.late_days: the windows end so much earlier.
  await engine.query(WINDOWS, [brand, new Date(start).toISOString(), PER_SECOND]);

  const latencies: number[] = [];
  for (let sent = 0, learned = 0; learned < total; ) {
    while (sent < total && due(sent) <= Date.now()) {
      const to = Math.min(total, sent + BATCH);
      await engine.query(RECORD, [brand, sent, to, new Date().toISOString()]);
      sent = to;
    }
    await engine.query("select * from outcomes.learn($1::uuid, least($2::timestamptz, $3::timestamptz))", [
      brand,
      // Not yet the one whose outcome is still to come.
      new Date(due(sent) - 1).toISOString(),
      new Date().toISOString(),
    ]);
    const [counted] = await engine.query<{ n: number }>(LEARNED, [brand]);
    const deployments = counted?.n ?? 0;
    for (; learned < deployments; learned++) latencies.push(Date.now() - due(learned));
    if (sent < total && due(sent) > Date.now()) await sleep(due(sent) - Date.now());
  }
  latencies.sort((a, b) => a - b);
  const p95 = (latencies[Math.floor(latencies.length * 0.95)] as number) / 1000;
  const [beliefs] = await engine.query<{ n: number }>(
    "select count(distinct actor_id)::int as n from actors.evidence where brand_id = $1::uuid and source_kind = 'outcome'",
    [brand],
  );
  return [
    {
      what: "outcome to updated belief, p95 at 200 outcomes/s",
      figure: p95,
      unit: "s",
      bar: "under 1",
      rival: `median ${((latencies[Math.floor(latencies.length / 2)] as number) / 1000).toFixed(2)} s; ${beliefs?.n} people`,
      passed: p95 < 1 && beliefs?.n === total,
    },
  ];
}

const WORLD = `
  with people as (
    insert into actors.actors (id, brand_id, primary_identifier, primary_identifier_type, first_seen_at, last_seen_at)
    select md5($1::text || 'person' || n)::uuid, $1::uuid, 'p' || n, 'customer_id', '2026-01-01', '2026-01-01'
    from generate_series(0, $2::int - 1) n
  ), cohort as (
    insert into cohorts.cohorts (id, brand_id, cohort_type, discovery_algorithm, cohort_name)
    values (md5($1::text || 'cohort')::uuid, $1::uuid, 'mixed', 'bench', 'Everybody')
  ), template as (
    insert into stimuli.stimulus_templates (id, brand_id, template_name, template_type, template_structure)
    values (md5($1::text || 'template')::uuid, $1::uuid, 'Template', 'message', '{}')
  ), stimulus as (
    insert into stimuli.stimuli_base (id, brand_id, stimulus_type, stimulus_name, content_data, status, template_id, target_cohort_id)
    values (md5($1::text || 'stimulus')::uuid, $1::uuid, 'message', 'Stimulus', '{}', 'active', md5($1::text || 'template')::uuid, md5($1::text || 'cohort')::uuid)
  )
  insert into stimuli.stimulus_deployments (id, brand_id, stimulus_id, actor_id, cohort_id, template_id, is_holdout, propensity,
    deployment_channel, deployment_method, delivered_content, deployed_at, window_ends_at, delivery_status)
  select md5($1::text || 'deployment' || n)::uuid, $1::uuid, md5($1::text || 'stimulus')::uuid, md5($1::text || 'person' || n)::uuid,
    md5($1::text || 'cohort')::uuid, md5($1::text || 'template')::uuid, false, 0.9, 'email', 'push', '{}', '2026-01-01', '2036-01-01', 'sent'
  from generate_series(0, $2::int - 1) n`;

const WINDOWS = `
  update stimuli.stimulus_deployments d
  set deployed_at = $2::timestamptz - interval '10 days',
    window_ends_at = $2::timestamptz - interval '1 day' + p.n / $3::double precision * interval '1 second'
  from (select a.id, substring(a.primary_identifier from 2)::int as n from actors.actors a where a.brand_id = $1::uuid) p
  where d.brand_id = $1::uuid and d.actor_id = p.id`;

const RECORD = `
  select count(*) from outcomes.record($1::uuid, (
    select jsonb_agg(jsonb_build_object('key', 'k' || n, 'outcome_type', 'purchase', 'outcome_value', 20,
      'occurred_at', to_char($4::timestamptz at time zone 'UTC' - interval '2 days', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'), 'deployment_id', md5($1::text || 'deployment' || n)::uuid))
    from generate_series($2::int, $3::int - 1) n), $4::timestamptz)`;

const LEARNED =
  "select count(*)::int as n from stimuli.stimulus_deployments where brand_id = $1::uuid and learned_at is not null";
