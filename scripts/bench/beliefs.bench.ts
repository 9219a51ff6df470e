/**
 * Cost of learning and of reading at 100,000 actors: 10,000 orders' evidence folded into beliefs against the bare insert
 * of these evidence rows, and one person's profile against a select of the same beliefs by their key.
 */
import { startStack } from "../stack/start.ts";
import type { Engine } from "../stack/types.ts";
import { median } from "./accuracy/tracking.ts";
import type { BenchRow } from "./row.ts";

const ACTORS = 100_000;
const SIGNALS = 10_000;
const BATCH = 1_000;
const READS = 300;

export async function bench(): Promise<BenchRow[]> {
  const stack = await startStack({ engine: "native", cron: false });
  try {
    const brand = await makeActors(stack.engine);
    const fold = await measureFold(stack.engine, brand);
    const read = await measureProfile(stack.engine, brand);
    return [fold, read];
  } finally {
    await stack.close();
  }
}

/** Everybody has two orders behind them, so that each later one meets beliefs that exist. */
async function makeActors(engine: Engine): Promise<string> {
  const [made] = await engine.query<{ brand: string }>(
    "insert into core.brands (brand_name, brand_slug) values ('Bench', 'bench-beliefs') returning id as brand",
  );
  const brand = made?.brand as string;
  await engine.query(
    `insert into actors.actors (brand_id, primary_identifier, primary_identifier_type, first_seen_at, last_seen_at)
     select $1::uuid, 'P' || i, 'customer_id', '2026-01-01', '2026-01-01' from generate_series(1, $2::integer) i`,
    [brand, ACTORS],
  );
  for (let from = 0; from < ACTORS; from += ACTORS / 10) {
    for (const day of ["2026-01-05", "2026-01-19"]) {
      const ids = await insertEvidence(engine, brand, from, ACTORS / 10, day);
      await engine.query("select private.fold_evidence($1::uuid, $2::uuid[])", [brand, ids]);
    }
    console.error(`  ${(from + ACTORS / 10).toLocaleString("en")} actors have beliefs`);
  }
  await engine.exec("analyze actors.actors; analyze actors.evidence; analyze actors.actor_beliefs;");
  return brand;
}

async function insertEvidence(engine: Engine, brand: string, from: number, orders: number, day: string) {
  const [added] = await engine.query<{ ids: string[] }>(EVIDENCE, [brand, from, orders, day]);
  return added?.ids as string[];
}

async function measureFold(engine: Engine, brand: string): Promise<BenchRow> {
  let inserting = 0;
  let folding = 0;
  let rows = 0;
  for (let done = 0; done < SIGNALS; done += BATCH) {
    const started = performance.now();
    const ids = await insertEvidence(engine, brand, done * 7, BATCH, "2026-02-02");
    const inserted = performance.now();
    await engine.query("select private.fold_evidence($1::uuid, $2::uuid[])", [brand, ids]);
    folding += performance.now() - inserted;
    inserting += inserted - started;
    rows += ids.length;
  }
  return {
    what: `${SIGNALS.toLocaleString("en")} signals (${rows.toLocaleString("en")} pieces) folded at ${ACTORS.toLocaleString("en")} actors`,
    figure: folding / inserting,
    unit: "times",
    bar: "at most 3",
    rival: `bare insert of the rows: ${(inserting / 1000).toFixed(2)} s, fold ${(folding / 1000).toFixed(2)} s`,
    passed: folding <= 3 * inserting,
  };
}

async function measureProfile(engine: Engine, brand: string): Promise<BenchRow> {
  const actors = await engine.query<{ id: string }>(
    "select id from actors.actors where brand_id = $1::uuid and primary_identifier like 'P%7' limit $2::integer",
    [brand, READS],
  );
  const timed = async (query: string, params: unknown[]) => {
    const started = performance.now();
    await engine.query(query, params);
    return performance.now() - started;
  };
  const key: number[] = [];
  const profile: number[] = [];
  await asMember(engine, brand);
  // In turns, so that whatever else the machine does falls on both; the first round warms up.
  for (const { id } of [...actors, ...actors]) {
    key.push(await timed(BY_KEY, [brand, id]));
    profile.push(await timed("select actors.profile($1::uuid, '2026-02-03')", [id]));
  }
  const [plain, ours] = [key, profile].map((took) => median(took.slice(READS))) as [number, number];
  return {
    what: "profile of a person read by a member, median",
    figure: ours / plain,
    unit: "times",
    bar: "at most 2",
    rival: `its beliefs by key: ${plain.toFixed(2)} ms, profile ${ours.toFixed(2)} ms`,
    passed: ours <= 2 * plain,
  };
}

const BY_KEY =
  "select to_jsonb(b) from actors.actor_beliefs b where b.brand_id = $1::uuid and b.actor_id = $2::uuid";

/** From here on the connection is that of a client: row level security holds for both reads. */
async function asMember(engine: Engine, brand: string): Promise<void> {
  const [member] = await engine.query<{ id: string }>(
    "insert into auth.users (id, aud, role, email) values (gen_random_uuid(), 'authenticated', 'authenticated', 'reader@example.com') returning id",
  );
  await engine.query(
    "insert into core.users (brand_id, auth_user_id, email, role) values ($1::uuid, $2::uuid, 'reader@example.com', 'support')",
    [brand, member?.id],
  );
  await engine.query(
    "select set_config('request.jwt.claims', $1, false), set_config('role', 'authenticated', false)",
    [JSON.stringify({ sub: member?.id, role: "authenticated" })],
  );
}

/** What an order says, as private.order_evidence tells it: eight pieces; the signal itself is left out of the measure. */
const EVIDENCE = `
  with added as (
    insert into actors.evidence (brand_id, actor_id, attribute, distribution, category, value, is_stated, weight, match_probability,
      occurred_at, source_kind, source_id)
    select $1::uuid, o.id, e.attribute, e.distribution::actors.distribution, e.category, e.value, e.is_stated, 0.85, 0.95,
      $4::timestamptz + o.place * interval '1 second', 'signal', o.signal
    from (
      select a.id, a.place, gen_random_uuid() as signal from (
        select a.id, row_number() over (order by a.id) as place from actors.actors a where a.brand_id = $1::uuid
        order by a.id offset $2::integer limit $3::integer) a
    ) o
    cross join lateral (values
      ('preference.category', 'dirichlet', (array['coffee', 'tea', 'wine', 'cheese', 'bread'])[1 + o.place % 5], 1::float8, false),
      ('behavior.purchase_rate', 'gamma', '', 1, false),
      ('behavior.order_value', 'normal', '', 20 + o.place % 37, false),
      ('behavior.weekday', 'dirichlet', (1 + o.place % 7)::text, 1, false),
      ('behavior.order_method', 'dirichlet', 'online', 1, false),
      ('communication.hour', 'dirichlet', lpad((8 + o.place % 12)::text, 2, '0'), 1, false),
      ('behavior.refund_share', 'beta', '', 0, false),
      ('friction.quality', 'beta', '', 0, false)
    ) e (attribute, distribution, category, value, is_stated)
    returning id)
  select array_agg(id) as ids from added`;
