/** Simulated journeys as rows of a brand: people, deployments of six stimuli, orders. */
import type { Engine } from "../../stack/types.ts";
import { CHANNELS, type Journey } from "../generators/journeys.ts";

/** All journeys decide on this day. */
const DECISION = "2026-03-31T00:00:00Z";

/** A new brand in which the journeys happened, told by its id. */
export async function loadJourneys(
  engine: Engine,
  name: string,
  journeys: readonly Journey[],
): Promise<string> {
  const [row] = await engine.query<{ brand: string }>(
    "insert into core.brands (brand_name, brand_slug) values ($1::text, $1::text) returning id as brand",
    [name],
  );
  const brand = (row as { brand: string }).brand;
  const deployments = journeys.flatMap((journey, person) =>
    CHANNELS.flatMap((_, channel) =>
      journey.eligible & (1 << channel)
        ? {
            person,
            channel,
            days: journey.touches.find((touch) => touch.channel === channel)?.daysBefore ?? 15,
            held: journey.exposed & (1 << channel) ? 0 : 1,
          }
        : [],
    ),
  );
  await engine.query(PEOPLE, [brand, journeys.length]);
  await engine.query(STIMULI, [brand, [...CHANNELS]]);
  await engine.query(DEPLOYMENTS, [
    brand,
    deployments.map(({ person }) => person),
    deployments.map(({ channel }) => CHANNELS[channel]),
    deployments.map(({ days }) => days),
    deployments.map(({ held }) => held),
    DECISION,
  ]);
  await engine.query(ORDERS, [
    brand,
    journeys.flatMap(({ responded }, person) => (responded ? person : [])),
    DECISION,
  ]);
  await engine.exec("analyze");
  return brand;
}

const PEOPLE = `
  insert into actors.actors (id, brand_id, primary_identifier, primary_identifier_type, first_seen_at, last_seen_at)
  select md5($1::text || 'person' || n)::uuid, $1::uuid, 'p' || n, 'customer_id', '2026-01-01', '2026-01-01'
  from generate_series(0, $2::int - 1) n`;

const STIMULI = `
  insert into stimuli.stimuli_base (id, brand_id, stimulus_type, stimulus_name, content_data, status)
  select md5($1::text || c)::uuid, $1::uuid, 'message', c, '{}', 'active' from unnest($2::text[]) c`;

const DEPLOYMENTS = `
  insert into stimuli.stimulus_deployments (brand_id, stimulus_id, actor_id, is_holdout, propensity, deployment_channel,
    deployment_method, delivered_content, deployed_at, window_ends_at, delivery_status)
  select $1::uuid, md5($1::text || d.channel)::uuid, md5($1::text || 'person' || d.person)::uuid, d.held = 1,
    case when d.held = 1 then 0.1 else 0.9 end, d.channel::stimuli.channel, 'push', '{}', at, at + interval '31 days',
    (case when d.held = 1 then 'held_out' else 'sent' end)::stimuli.delivery_status
  from unnest($2::int[], $3::text[], $4::double precision[], $5::int[]) d (person, channel, days, held)
  cross join lateral (select $6::timestamptz - d.days * interval '1 day' as at) t`;

const ORDERS = `
  with bought as (
    insert into signals.signals_base (id, brand_id, signal_type, source_platform, source_id, occurred_at, raw_content,
      content_sha256, actor_id, confidence_in_matching, quality_score, processing_status)
    select md5($1::text || 'order' || n)::uuid, $1::uuid, 'order', 'shop', 'o' || n, $3::timestamptz, '{}',
      sha256(('o' || n)::bytea), md5($1::text || 'person' || n)::uuid, 1, 1, 'completed'
    from unnest($2::int[]) n
    returning id, brand_id, source_id, occurred_at
  )
  insert into signals.order_history (signal_id, brand_id, order_number, order_date, items, subtotal, total_amount)
  select b.id, b.brand_id, b.source_id, b.occurred_at,
    '[{"product_id": "p", "name": "P", "quantity": 1, "unit_price": 29.99}]', 29.99, 29.99
  from bought b`;
