/** Real orders before which nothing was sent: whoever finds an effect there finds what is not. */
import { existsSync } from "node:fs";
import type { Engine } from "../../stack/types.ts";
import { readOrders } from "../../demo/orders/read.ts";
import type { BenchRow } from "../row.ts";

/** Never part of the project. */
const FILE = "/work/shared/data/online-retail.csv.gz";
const FROM = "2011-06-01";
const TO = "2011-09-01";
const SEEDS = [1, 2, 3, 4, 5, 6];

interface Placebo {
  group_key: string;
  caused_lower: number;
  caused_upper: number;
  credit: string;
}

export async function realOrderRows(engine: Engine): Promise<BenchRow[]> {
  if (!existsSync(FILE)) {
    console.error(`  left out: ${FILE} is not there`);
    return [];
  }
  const brand = await loadOrders(engine);
  const attribute = () =>
    engine.query<Placebo>(
      `select group_key, caused_lower, caused_upper, credit from outcomes.attribute($1::uuid, $2::timestamptz, $3::timestamptz, 'channel', '{holdout}')`,
      [brand, FROM, TO],
    );
  const nothing = await attribute();
  const claimed = nothing.filter(
    ({ group_key, credit }) => group_key !== "direct" && Number(credit) > 0,
  ).length;
  let wrong = 0;
  let asked = 0;
  for (const seed of SEEDS) {
    await engine.query("delete from stimuli.stimulus_deployments where brand_id = $1::uuid", [brand]);
    await engine.query(PLACEBO, [brand, seed, FROM]);
    await engine.exec("analyze stimuli.stimulus_deployments");
    const found = (await attribute()).filter(({ group_key }) => group_key !== "direct");
    wrong += found.filter(({ caused_lower, caused_upper }) => caused_lower > 0 || caused_upper < 0).length;
    asked += found.length;
  }
  const rival = "what credit by rules would give: all orders after a touch";
  return [
    {
      what: "real orders, nothing sent: groups with credit",
      figure: claimed,
      unit: "",
      bar: "0",
      rival,
      passed: claimed === 0 && nothing.length > 0,
    },
    {
      what: `real orders, imagined touches: effects found where none is, of ${asked}`,
      figure: wrong / asked,
      unit: "",
      bar: "at most 0.15 (90% intervals)",
      rival,
      passed: wrong / asked <= 0.15,
    },
  ];
}

async function loadOrders(engine: Engine): Promise<string> {
  const { signals } = await readOrders(FILE);
  const orders = signals.flatMap(({ source_id, occurred_at, identifiers, data }) =>
    identifiers?.customer_id === undefined
      ? []
      : {
          id: source_id,
          at: occurred_at,
          customer: identifiers.customer_id,
          status: (data as { order_status: string }).order_status,
          total: (data as { total_amount: number }).total_amount,
        },
  );
  const [row] = await engine.query<{ brand: string }>(
    "insert into core.brands (brand_name, brand_slug, currency) values ('Real orders', 'real-orders', 'GBP') returning id as brand",
  );
  const brand = (row as { brand: string }).brand;
  await engine.query(ORDERS, [brand, JSON.stringify(orders)]);
  await engine.exec("analyze");
  return brand;
}

const ORDERS = `
  with orders as materialized (
    select * from jsonb_to_recordset($2::text::jsonb) o (id text, at timestamptz, customer text, status text, total numeric)
  ), people as (
    insert into actors.actors (id, brand_id, primary_identifier, primary_identifier_type, first_seen_at, last_seen_at)
    select md5($1::text || o.customer)::uuid, $1::uuid, o.customer, 'customer_id', min(o.at), max(o.at) from orders o group by o.customer
  ), stimuli as (
    insert into stimuli.stimuli_base (id, brand_id, stimulus_type, stimulus_name, content_data, status)
    select md5($1::text || c)::uuid, $1::uuid, 'message', c, '{}', 'active' from unnest(array['email', 'web', 'push', 'social']) c
  ), signals as (
    insert into signals.signals_base (id, brand_id, signal_type, source_platform, source_id, occurred_at, raw_content, content_sha256,
      actor_id, confidence_in_matching, quality_score, processing_status)
    select md5($1::text || 'order' || o.id)::uuid, $1::uuid, 'order', 'orders-file', o.id, o.at, '{}', sha256(o.id::bytea),
      md5($1::text || o.customer)::uuid, 1, 1, 'completed'
    from orders o
  )
  insert into signals.order_history (signal_id, brand_id, order_number, order_date, order_status, items, subtotal, total_amount)
  select md5($1::text || 'order' || o.id)::uuid, $1::uuid, o.id, o.at, o.status, '[]', o.total, o.total from orders o`;

/**
 * Touches that never were: e-mail to half of all people, push to those who bought lately, web and social to those who buy
 * often, so that three of the four meet people who buy anyway. A tenth of each is held out.
 */
const PLACEBO = `
  with person as materialized (
    select a.id, count(s.id) as orders, coalesce(max(s.occurred_at), '2000-01-01') as latest
    from actors.actors a
    left join signals.signals_base s on s.actor_id = a.id and s.brand_id = a.brand_id and s.occurred_at < $3::timestamptz
    where a.brand_id = $1::uuid and a.first_seen_at < $3::timestamptz group by a.id
  ), reached as materialized (
    select p.id, c.channel, hashint8extended(hashtextextended(p.id::text || c.channel || $2::int, 1), 2) & 1023 as u,
      hashtextextended(p.id::text || c.channel || $2::int, 3) & 1023 as v,
      case c.channel when 'email' then 0.5 when 'push' then case when p.latest > $3::timestamptz - interval '60 days' then 0.6 else 0.1 end
        else least(0.8, 0.1 + p.orders * 0.08) end as chance
    from person p cross join unnest(array['email', 'web', 'push', 'social']) c (channel)
  )
  insert into stimuli.stimulus_deployments (brand_id, stimulus_id, actor_id, is_holdout, propensity, deployment_channel,
    deployment_method, delivered_content, deployed_at, window_ends_at, delivery_status)
  select $1::uuid, md5($1::text || r.channel)::uuid, r.id, r.v < 102, case when r.v < 102 then 0.1 else 0.9 end, r.channel::stimuli.channel, 'push', '{}',
    $3::timestamptz + interval '1 day', $3::timestamptz + interval '40 days', (case when r.v < 102 then 'held_out' else 'sent' end)::stimuli.delivery_status
  from reached r where r.u < r.chance * 1024`;
