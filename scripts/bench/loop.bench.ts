/**
 * Cost of each link of the loop for brands of 1,000, 10,000 and 100,000 actors in one database. Each actor sends two
 * orders before the offers and every third one answers them. The rival of a size is the size before it.
 */
import { startStack } from "../stack/start.ts";
import type { Engine } from "../stack/types.ts";
import { compareGrowth } from "./growth.ts";
import type { BenchRow } from "./row.ts";

const SIZES = [1_000, 10_000, 100_000];
const BATCH = 1_000;

export async function bench(): Promise<BenchRow[]> {
  const stack = await startStack({ engine: "native", cron: false });
  try {
    const costs = new Map<string, Map<number, number>>();
    for (const size of SIZES) {
      for (const [link, seconds] of await runLoop(stack.engine, size))
        costs.set(link, (costs.get(link) ?? new Map()).set(size, seconds));
    }
    return [...costs].flatMap(([link, seconds]) => compareGrowth(link, seconds));
  } finally {
    await stack.close();
  }
}

async function runLoop(engine: Engine, size: number): Promise<Map<string, number>> {
  const seconds = new Map<string, number>();
  const timed = async <T>(link: string, work: () => Promise<T>): Promise<T> => {
    const started = performance.now();
    const result = await work();
    const cost = (performance.now() - started) / 1000;
    seconds.set(link, cost);
    console.error(`  ${size.toLocaleString("en")} actors: ${link} ${cost.toFixed(2)} s`);
    return result;
  };
  const one = async <Row>(query: string, params: unknown[]) =>
    (await engine.query<Row>(query, params))[0] as Row;

  const { brand } = await one<{ brand: string }>(
    "insert into core.brands (brand_name, brand_slug) values ('Bench', 'bench-' || $1::text) returning id as brand",
    [size],
  );
  const send = async (wave: number, day: string, share: number) => {
    for (let from = 0; from < size; from += BATCH) {
      const { rejected } = await one<{ rejected: number }>(ORDERS, [
        brand,
        from,
        Math.min(from + BATCH, size),
        wave,
        day,
        share,
      ]);
      if (rejected > 0) throw new Error(`${rejected} signals were rejected`);
    }
  };
  const process = async (now: string) => {
    for (let claimed = BATCH; claimed > 0; ) {
      const row = await one<{ claimed: number }>(
        "select claimed from actors.process_signals($1::uuid, 1000, $2::timestamptz)",
        [brand, now],
      );
      claimed = row.claimed;
    }
  };

  await timed("signals.ingest", async () => {
    await send(0, "2026-01-10", 1);
    await send(1, "2026-01-20", 1);
  });
  await engine.exec("analyze");
  await timed("actors.process_signals", () => process("2026-02-01"));
  await engine.exec("analyze");
  await timed("actors.refresh_vectors", () =>
    engine.query("select actors.refresh_vectors($1::uuid, '2026-02-01')", [brand]),
  );
  await timed("cohorts.discover", () =>
    engine.query("select cohorts.discover($1::uuid, 'auto', 42, '2026-02-01')", [brand]),
  );
  await engine.query("select stimuli.install_templates($1::uuid)", [brand]);
  const stimuli = await timed("stimuli.propose", () =>
    engine.query<{ id: string }>("select id from stimuli.propose($1::uuid, '2026-02-01', 42)", [brand]),
  );
  await timed("stimuli.deploy", async () => {
    for (const { id } of stimuli) {
      await engine.query("select stimuli.approve($1::uuid, $2::uuid)", [brand, id]);
      await engine.query("select stimuli.deploy($1::uuid, $2::uuid, '2026-02-01', 42)", [brand, id]);
    }
  });
  await send(2, "2026-02-03", 3);
  await process("2026-02-10");
  await engine.exec("analyze");
  await timed("outcomes.measure", () =>
    engine.query("select outcomes.measure($1::uuid, '2026-02-10')", [brand]),
  );
  await timed("outcomes.learn", () => engine.query("select outcomes.learn($1::uuid, '2026-04-01')", [brand]));
  return seconds;
}

/** One order of every $6th actor of [$2, $3): three kinds of shoppers who differ in category and spending. */
const ORDERS = `
  select count(*) filter (where verdict = 'rejected')::int as rejected from signals.ingest($1::uuid, (
    select jsonb_agg(jsonb_build_object(
      'type', 'order', 'source_platform', 'bench', 'source_id', n || '-' || $4::int,
      'occurred_at', to_char($5::date + (n % 24) * interval '1 hour', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'),
      'identifiers', jsonb_build_object('email', 'person' || n || '@example.com'),
      'data', jsonb_build_object(
        'order_number', n || '-' || $4::int, 'order_status', 'delivered',
        'subtotal', 10 * (n % 3 + 1), 'total_amount', 10 * (n % 3 + 1),
        'items', jsonb_build_array(jsonb_build_object(
          'product_id', 'p' || n % 3, 'name', 'Product ' || n % 3, 'category', (array['tea', 'cake', 'books'])[n % 3 + 1],
          'quantity', 1 + n % 2, 'unit_price', 10)))))
    from generate_series($2::int, $3::int - 1) n where n % $6::int = 0), null, $5::date + interval '2 days')`;
