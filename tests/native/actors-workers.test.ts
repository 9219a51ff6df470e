import postgres from "postgres";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startStack } from "../../scripts/stack/start.ts";
import type { Stack } from "../../scripts/stack/types.ts";
import { orderSignals } from "../support/signals.ts";

/** Workers that process one brand at once, and workers that die at it: each signal counts exactly once. */
const signals = 1200;
const people = 50;
const now = "2026-03-01";

let stack: Stack;
let sql: postgres.Sql;
/** What one worker alone makes of the same signals. */
let alone: unknown;

beforeAll(async () => {
  stack = await startStack({ engine: "native", cron: false });
  sql = connect(6);
  const brand = await newBrand();
  expect(await work(brand)).toBe(signals);
  alone = await learned(brand);
});
afterAll(async () => {
  await sql?.end({ timeout: 5 });
  await stack?.close();
});

const connect = (max: number) => postgres(stack.engine.databaseUrl as string, { max, onnotice: () => {} });

async function newBrand(): Promise<string> {
  const [row] = await sql`
    insert into core.brands (brand_name, brand_slug) values ('Workers', 'workers-' || gen_random_uuid()) returning id`;
  const brand = row?.id as string;
  for (let from = 0; from < signals; from += 400) {
    const batch = sql.json(orderSignals(from, from + 400) as never);
    await sql`select count(*) from signals.ingest(${brand}, ${batch}, null, ${now})`;
  }
  return brand;
}

/** One worker: takes batches until nothing is left; returns how many signals it took. */
async function work(brand: string, batch = 100): Promise<number> {
  for (let total = 0; ; ) {
    const [row] = await sql`select claimed, failed from actors.process_signals(${brand}, ${batch}, ${now})`;
    expect(row?.failed).toBe(0);
    if (row?.claimed === 0) return total;
    total += row?.claimed as number;
  }
}

/** Everything that depends on how often a signal was counted. */
async function learned(brand: string) {
  const persons = await sql`
    select primary_identifier, total_signals, first_seen_at, last_seen_at from actors.actors where brand_id = ${brand} order by 1`;
  const beliefs = await sql`
    select a.primary_identifier, b.attribute, b.is_stated, b.categories, b.state, b.as_of, b.evidence_count
    from actors.actor_beliefs b join actors.actors a on a.id = b.actor_id where b.brand_id = ${brand} order by 1, 2, 3`;
  const [rows] = await sql`
    select (select count(*)::int from actors.evidence where brand_id = ${brand}) as evidence,
      (select count(*)::int from signals.signals_base where brand_id = ${brand} and processing_status = 'completed') as completed`;
  expect(persons).toHaveLength(people);
  expect(persons.reduce((sum, row) => sum + row.total_signals, 0)).toBe(signals);
  expect(rows?.completed).toBe(signals);
  return { persons: [...persons], beliefs: [...beliefs], evidence: rows?.evidence };
}

test("four workers on one brand share its signals, and learn what one alone learns", async () => {
  const brand = await newBrand();
  const taken = await Promise.all([1, 2, 3, 4].map(() => work(brand)));
  expect(taken.reduce((sum, one) => sum + one, 0)).toBe(signals);
  expect(await learned(brand)).toEqual(alone);
});

test("the batch of a worker that dies before its commit is done by the one that waits for it", async () => {
  const brand = await newBrand();
  const dying = connect(1);
  const session = await dying.reserve();
  const [process] = await session`select pg_backend_pid() as id`;
  await session`begin`;
  const [claimed] = await session`select claimed from actors.process_signals(${brand}, 700, ${now})`;
  expect(claimed?.claimed).toBe(700);

  const waiting = work(brand);
  await expect.poll(() => waiters()).toBe(1);
  await sql`select pg_terminate_backend(${process?.id as number})`;
  expect(await waiting).toBe(signals);
  expect(await learned(brand)).toEqual(alone);
  await dying.end({ timeout: 1 });
});

test("a worker that is killed in the middle of its batch leaves nothing behind", async () => {
  const brand = await newBrand();
  const dying = connect(1);
  const [process] = await dying`select pg_backend_pid() as id`;
  const killed = dying`select actors.process_signals(${brand}, ${signals}, ${now})`.then(
    () => "finished",
    () => "killed",
  );
  const holds = async () =>
    (
      await sql`select from pg_locks where pid = ${process?.id as number} and locktype = 'advisory' and granted`
    ).count;
  await expect.poll(holds, { interval: 5 }).toBe(1);
  await sql`select pg_terminate_backend(${process?.id as number})`;
  expect(await killed).toBe("killed");
  await dying.end({ timeout: 1 });
  await expect.poll(holds).toBe(0);
  expect(await sql`select from actors.actors where brand_id = ${brand}`).toHaveLength(0);

  expect(await work(brand)).toBe(signals);
  expect(await learned(brand)).toEqual(alone);
});

test("a worker on one brand holds up no other brand", async () => {
  const [slow, quick] = [await newBrand(), await newBrand()];
  const session = await sql.reserve();
  await session`begin`;
  await session`select actors.process_signals(${slow}, 100, ${now})`;
  expect(await work(quick, signals)).toBe(signals);
  await session`rollback`;
  session.release();
});

async function waiters(): Promise<number> {
  return (await sql`select from pg_locks where locktype = 'advisory' and not granted`).count;
}
