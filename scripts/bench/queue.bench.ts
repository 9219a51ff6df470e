/**
 * The learning queue as it runs: at 100,000 actors clients send 200 signals a second in small batches, the job of
 * pg_cron learns from them, and somebody watches how long after its commit each signal stands in the beliefs.
 */
import { setTimeout as sleep } from "node:timers/promises";
import postgres from "postgres";
import { startStack } from "../stack/start.ts";
import type { BenchRow } from "./row.ts";

const ACTORS = 100_000;
const SECONDS = 60;
const BATCHES_PER_SECOND = 10;
const BATCH = 20;
/** One of so many signals is of somebody new. */
const NEW_PERSON = 5;

export async function bench(): Promise<BenchRow[]> {
  const stack = await startStack({ engine: "native" });
  const sql = postgres(stack.engine.databaseUrl as string, { max: 6, onnotice: () => {} });
  try {
    const brand = await makeActors(sql);
    const [started] = await sql`select clock_timestamp() as at`;
    const delays = await sendAndWatch(sql, brand);
    return [seenAfter(delays), await perSignal(sql, brand, started?.at as Date)];
  } finally {
    await sql.end();
    await stack.close();
  }
}

/** Through the queue itself: everybody has ordered once. */
async function makeActors(sql: postgres.Sql): Promise<string> {
  const [made] =
    await sql`insert into core.brands (brand_name, brand_slug) values ('Bench', 'bench-queue') returning id`;
  const brand = made?.id as string;
  for (let from = 0; from < ACTORS; from += 1_000) {
    const people = Array.from({ length: 1_000 }, (_, i) => from + i);
    await send(sql, brand, people, 0);
  }
  for (let left = ACTORS; left > 0; await sleep(2_000)) {
    const [row] = await sql`
      select count(*)::int as left from signals.signals_base where brand_id = ${brand} and processing_status = 'pending'`;
    left = row?.left as number;
    console.error(`  ${(ACTORS - left).toLocaleString("en")} actors are known`);
  }
  return brand;
}

/** One order each; returns the signals' ids. `round` tells the orders of one person apart. */
async function send(sql: postgres.Sql, brand: string, people: number[], round: number): Promise<string[]> {
  const signals = people.map((person) => ({
    type: "order",
    source_platform: "bench",
    source_id: `${person}-${round}`,
    occurred_at: new Date(Date.now() - (round === 0 ? 10 * 86_400_000 : 0)).toISOString(),
    identifiers: { email: `person${person}@example.com` },
    data: {
      order_number: `${person}-${round}`,
      order_status: "delivered",
      subtotal: 10 + (person % 3),
      total_amount: 10 + (person % 3),
      items: [{ product_id: "p", name: "Tea", category: "tea", quantity: 1, unit_price: 10 }],
    },
  }));
  const rows = await sql`select signal_id from signals.ingest(${brand}, ${sql.json(signals as never)})`;
  return rows.map((row) => row.signal_id as string);
}

/** Milliseconds from the commit of each signal, as its sender sees it, to the moment a belief names it as a source. */
async function sendAndWatch(sql: postgres.Sql, brand: string): Promise<number[]> {
  const delays: number[] = [];
  const waiting = new Map<string, number>();
  const sending: Promise<void>[] = [];
  const total = SECONDS * BATCHES_PER_SECOND * BATCH;
  const started = performance.now();
  for (let batch = 0; delays.length < total; ) {
    const due = Math.min(
      SECONDS * BATCHES_PER_SECOND,
      ((performance.now() - started) / 1000) * BATCHES_PER_SECOND,
    );
    for (; batch < due; batch += 1) {
      const people = Array.from({ length: BATCH }, (_, i) => personOf(batch * BATCH + i));
      sending.push(
        send(sql, brand, people, batch + 1).then((ids) => {
          const committed = performance.now();
          for (const id of ids) waiting.set(id, committed);
        }),
      );
    }
    for (const id of await seen(sql, brand, [...waiting.keys()])) {
      delays.push(performance.now() - (waiting.get(id) as number));
      waiting.delete(id);
    }
    if (performance.now() - started > 4 * SECONDS * 1000) break;
    await sleep(40);
  }
  await Promise.all(sending);
  return [...delays, ...Array.from(waiting.values(), () => Number.POSITIVE_INFINITY)].sort((a, b) => a - b);
}

const personOf = (n: number) => (n % NEW_PERSON === 0 ? ACTORS + n : (n * 7919) % ACTORS);

async function seen(sql: postgres.Sql, brand: string, ids: string[]): Promise<string[]> {
  const rows = await sql`
    select i.id from unnest(${ids}::uuid[]) i (id)
    cross join lateral (select s.actor_id from signals.signals_base s where s.id = i.id and s.actor_id is not null offset 0) s
    cross join lateral (
      select from actors.actor_beliefs b
      where b.brand_id = ${brand} and b.actor_id = s.actor_id and b.attribute = 'behavior.purchase_rate' and i.id = any (b.sources) offset 0) b`;
  return rows.map((row) => row.id as string);
}

const at = (sorted: number[], share: number) =>
  sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] as number;

function seenAfter(delays: number[]): BenchRow {
  const [middle, p95, longest] = [at(delays, 0.5), at(delays, 0.95), at(delays, 1)];
  return {
    what: `from commit to belief, ${BATCHES_PER_SECOND * BATCH} signals/s for ${SECONDS} s, ${ACTORS.toLocaleString("en")} actors, p95`,
    figure: p95 / 1000,
    unit: "s",
    bar: "at most 1",
    rival: `median ${(middle / 1000).toFixed(2)} s, longest ${(longest / 1000).toFixed(2)} s, ${delays.length.toLocaleString("en")} signals`,
    passed: p95 <= 1_000,
  };
}

/** From the log of calls: what a signal cost in the batches of the job, each signal at the cost of its batch. */
async function perSignal(sql: postgres.Sql, brand: string, since: Date): Promise<BenchRow> {
  const [row] = await sql`
    select percentile_cont(0.95) within group (order by c.ms / c.claimed) as p95, count(distinct c.id)::int as batches, max(c.claimed)::int as largest
    from (
      select l.id, l.execution_time_ms as ms, (l.output_data ->> 'claimed')::double precision as claimed
      from ai.function_calls l join ai.functions f on f.id = l.function_id
      where l.brand_id = ${brand} and f.function_name = 'actors.process_signals' and l.call_timestamp >= ${since}
    ) c cross join lateral generate_series(1, c.claimed::int)`;
  return {
    what: "of that, matching and learning per signal in batch, p95",
    figure: row?.p95 as number,
    unit: "ms",
    bar: "at most 50",
    rival: `${row?.batches} batches, the largest of ${row?.largest}`,
    passed: (row?.p95 as number) <= 50,
  };
}
