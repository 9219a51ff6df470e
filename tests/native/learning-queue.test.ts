import { setTimeout as sleep } from "node:timers/promises";
import postgres from "postgres";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startStack } from "../../scripts/stack/start.ts";
import type { Stack } from "../../scripts/stack/types.ts";
import { orderSignals } from "../support/signals.ts";

/** The queue between ingest and beliefs, with everybody at it at once. */
const now = "2026-03-01";
const signals = 900;

let stack: Stack;
let sql: postgres.Sql;

beforeAll(async () => {
  stack = await startStack({ engine: "native", cron: false });
  sql = postgres(stack.engine.databaseUrl as string, { max: 12, onnotice: () => {} });
});
afterAll(async () => {
  await sql?.end({ timeout: 5 });
  await stack?.close();
});

async function newBrand(): Promise<string> {
  const [row] = await sql`
    insert into core.brands (brand_name, brand_slug) values ('Queue', 'queue-' || gen_random_uuid()) returning id`;
  return row?.id as string;
}

const ingest = (brand: string, batch: object[]) =>
  sql`select count(*) from signals.ingest(${brand}, ${sql.json(batch as never)}, null, ${now})`;

/** By address, by number, or by both: that last kind makes two people one. */
function signalsOfPeople(from: number, to: number) {
  return orderSignals(from, to).map((signal, index) => {
    const n = from + index;
    const email = `person${n % 50}@example.com`;
    const phone = `+49171${(9_301_777 * (1 + (n % 50))) % 10_000_000}`.padEnd(13, "7");
    return { ...signal, identifiers: [{ email }, { phone }, { email, phone }][Math.floor(n / 50) % 3] };
  });
}

test("ingest, two workers, merges, retractions, rebuilds and insights at once: no deadlock, and every signal counts once", async () => {
  const brand = await newBrand();
  await ingest(brand, signalsOfPeople(0, 300));
  const deadlocks = async () =>
    (await sql`select deadlocks::int as n from pg_stat_database where datname = current_database()`)[0]?.n;
  const before = await deadlocks();
  let isOver = false;
  const untilOver = async (work: () => Promise<unknown>) => {
    while (!isOver) await work();
  };
  const work = async () => {
    const [row] = await sql`select claimed, failed from actors.process_signals(${brand}, 60, ${now})`;
    expect(row?.failed).toBe(0);
    return row?.claimed as number;
  };
  const mergeAndTakeBack = async () => {
    const pair = await sql`
      select id from actors.actors where brand_id = ${brand} and is_active order by random() limit 2`;
    if (pair.length < 2) return sleep(20);
    // A worker may have joined the two in between.
    const [row] =
      await sql`select actors.merge(${pair[0]?.id}, ${pair[1]?.id}, 'test', ${now}) as event`.catch(
        refusedAs("actor_is_merged"),
      );
    if (row) await sql`select actors.unmerge(${row.event}, 'test', ${now})`;
  };
  const someSignal = async (work: (id: string) => Promise<unknown>) => {
    const [row] = await sql`
      select id from signals.signals_base where brand_id = ${brand} and processing_status = 'completed' order by random() limit 1`;
    if (row) await work(row.id);
    await sleep(30);
  };
  const insight = sql.json({
    provider: "test",
    version: "1",
    confidence: 0.8,
    sentiment: 0.5,
    drivers: { status: 0.7 },
  });

  const others = Promise.all([
    untilOver(work),
    untilOver(work),
    untilOver(mergeAndTakeBack),
    untilOver(() => someSignal((id) => sql`select actors.retract(${id}, 'test', ${now})`)),
    untilOver(() =>
      someSignal((id) =>
        sql`select actors.set_text_insight(${id}, ${insight}, ${now})`.catch(refusedAs("text_read_already")),
      ),
    ),
    untilOver(() => sql`select hash_after from actors.rebuild(${brand}, ${now})`),
    untilOver(() => sql`select * from outcomes.learn(${brand}, ${now})`),
    untilOver(() => sql`select actors.refresh_insights(${brand}, 1000, ${now})`),
    untilOver(() => sql`select actors.refresh_vectors(${brand}, ${now})`),
  ]);
  for (let from = 300; from < signals; from += 30) await ingest(brand, signalsOfPeople(from, from + 30));
  await sleep(1_000);
  isOver = true;
  await others;
  while ((await work()) > 0);

  expect(await deadlocks()).toBe(before);
  const [counted] = await sql`
    select (select sum(total_signals)::int from actors.actors where brand_id = ${brand}) as of_people,
      (select count(*)::int from signals.signals_base where brand_id = ${brand} and processing_status = 'completed') as completed,
      (select count(*)::int from signals.signals_base where brand_id = ${brand} and retracted_at is not null) as retracted`;
  expect(counted?.of_people).toBe(counted?.completed);
  expect(counted?.completed + counted?.retracted).toBe(signals);
  const [rebuilt] = await sql`select * from actors.rebuild(${brand}, ${now})`;
  expect(rebuilt).toMatchObject({ evidence_added: 0, evidence_retracted: 0, beliefs_changed: 0 });
  expect(rebuilt?.hash_after).toBe(rebuilt?.hash_before);
});

const refusedAs = (key: string) => (error: postgres.PostgresError) => {
  if (error.detail !== key) throw error;
  return [];
};

test("the job passes over a brand that somebody works on, and serves the others", async () => {
  const brands = [await newBrand(), await newBrand()].sort();
  for (const brand of brands) await ingest(brand, signalsOfPeople(0, 10));
  const session = await sql.reserve();
  await session`begin`;
  await session`select private.lock_brand_identity(${brands[0] as string})`;
  const [first] = await sql`select * from private.job_actors_process(null, ${now})`;
  expect(first).toEqual({ brand: brands[1], is_behind: false });
  expect(await sql`select * from private.job_actors_process(${first?.brand}, ${now})`).toEqual([
    { brand: null, is_behind: false },
  ]);
  await session`rollback`;
  session.release();
  const [second] = await sql`select * from private.job_actors_process(null, ${now})`;
  expect(second?.brand).toBe(brands[0]);
});

test("what learns from outcomes or from a provider waits for whoever changes who is who", async () => {
  const brand = await newBrand();
  await ingest(brand, signalsOfPeople(0, 1));
  const [signal] = await sql`select id from signals.signals_base where brand_id = ${brand}`;
  const session = await sql.reserve();
  await session`begin`;
  await session`select private.lock_brand_identity(${brand})`;
  const refused = (work: (other: postgres.TransactionSql) => Promise<unknown>) =>
    expect(
      sql.begin(async (other) => {
        await other`set local lock_timeout = '100ms'`;
        await work(other);
      }),
    ).rejects.toMatchObject({ code: "55P03" });
  await refused((other) => other`select * from outcomes.learn(${brand}, ${now})`);
  await refused((other) => other`select actors.set_text_insight(${signal?.id}, '{}', ${now})`);
  await session`rollback`;
  session.release();
});

test("pg_cron learns a signal within a second or two of its commit, and its run ends when the job is put to rest", async () => {
  const job = (active: boolean) =>
    sql`select cron.alter_job(jobid, active := ${active}) from cron.job where jobname = 'loopwise-actors-process'`;
  const runs = async () => (await sql`select from cron.job_run_details where status = 'running'`).count;
  const brand = await newBrand();
  await job(true);
  await expect.poll(runs, { timeout: 10_000 }).toBe(1);
  await ingest(brand, signalsOfPeople(0, 1));
  const committed = performance.now();
  const beliefs = async () => (await sql`select from actors.actor_beliefs where brand_id = ${brand}`).count;
  await expect.poll(beliefs, { timeout: 10_000, interval: 20 }).toBeGreaterThan(0);
  expect(performance.now() - committed).toBeLessThan(2_000);
  await job(false);
  await expect.poll(runs, { timeout: 5_000 }).toBe(0);
});
