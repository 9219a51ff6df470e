import { chmodSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import postgres from "postgres";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createNativeEngine, type NativeEngine } from "../../scripts/stack/engines/native.ts";
import { startStack } from "../../scripts/stack/start.ts";

/** A run that is killed, wherever and however, goes on to the very result of one that nobody disturbed. */
const KINDS = ["load", "sample", "try", "again", "choose", "place", "match", "publish", "describe", "finish"];
const dataDir = mkdtempSync(join(tmpdir(), "loopwise-cohort-runs-"));
let engine: NativeEngine;
let sql: postgres.Sql;

beforeAll(async () => {
  // The server runs as a user of its own where the tests run as root.
  chmodSync(dataDir, 0o755);
  const stack = await startStack({ engine: "native", dataDir, cron: false });
  await stack.close();
  await openServer();
  await engine.exec(readFileSync(join(import.meta.dirname, "../support/database.sql"), "utf8"));
  // Small chunks, so that there are many places to die at.
  await sql`
    update core.system_parameters p set parameter_value = to_jsonb(v.value)
    from (values ('cohorts.load_size', 150), ('cohorts.place_size', 150), ('cohorts.publish_size', 150), ('cohorts.max_k', 4), ('cohorts.rounds', 2))
      v (key, value)
    where p.parameter_key = v.key`;
}, 180_000);
afterAll(async () => {
  await sql?.end({ timeout: 5 });
  await engine?.close();
  rmSync(dataDir, { recursive: true, force: true });
});

async function openServer(): Promise<void> {
  engine = await createNativeEngine({ dataDir: join(dataDir, "database") });
  sql = connect(4);
}

const connect = (max: number) => postgres(engine.databaseUrl, { max, onnotice: () => {} });

async function newBrand(people = 500): Promise<string> {
  const [row] = await sql`
    insert into core.brands (brand_name, brand_slug)
    select n.name, n.name from (select 'runs-' || gen_random_uuid() as name) n returning id`;
  await sql`select tests.plant_groups(${row?.id}, ${people}, 3, 1, 3)`;
  return row?.id as string;
}

/** Everything that a run found and wrote, without ids and the time of the clock; people by their number, cohorts by their label. */
async function written(client: postgres.Sql, brand: string): Promise<Record<string, unknown>> {
  const [row] = await client`
    with run as (select * from cohorts.clustering_runs where brand_id = ${brand} and status = 'completed' order by started_at desc limit 1),
    label as (select c.id, c.label from run, unnest(run.cohort_ids) with ordinality c (id, label)),
    found as (
      select 'cohort' as kind, l.label || ' ' as key, to_jsonb(c) as row from cohorts.cohorts c left join label l using (id) where c.brand_id = ${brand}
      union all
      select 'membership', a.primary_identifier || ' ' || coalesce(l.label, 0), to_jsonb(m) - 'previous_memberships'
      from cohorts.actor_cohort_membership m join actors.actors a on a.id = m.actor_id left join label l on l.id = m.cohort_id where m.brand_id = ${brand}
      union all
      select 'component', c.label || ' ' || c.place, to_jsonb(c) from private.clustering_components c join run on run.id = c.run_id
      union all
      select 'characteristic', l.label || c.characteristic_name, to_jsonb(c) from cohorts.cohort_characteristics c join label l on l.id = c.cohort_id
      union all
      select 'event', coalesce(l.label, 0) || ' ' || e.event_type || e.event_description, to_jsonb(e) - 'related_cohort_ids'
      from cohorts.cohort_evolution_log e join run on run.id = e.run_id left join label l on l.id = e.cohort_id
      union all
      select 'run', '', jsonb_build_object('candidates', run.candidates, 'projection_axes', run.projection_axes, 'quality', run.input_data_quality,
        'silhouette', run.silhouette_score, 'fit', run.fit_mean, 'davies', run.davies_bouldin_score)
      from run
    ),
    plain as (
      select f.kind, f.key, (select jsonb_object_agg(e.key, e.value) from jsonb_each(f.row) e where e.key !~ '(^|_)ids?$|^(created|updated)_at$|^dissolution_reason$') as row
      from found f
    )
    select (select count(*)::int from plain where kind = 'membership' and row ->> 'membership_type' = 'primary') as memberships,
      (select jsonb_object_agg(k.kind, k.digest) from (
        select kind, md5(jsonb_agg(row order by key, row::text)::text) as digest from plain group by kind) k) as digests`;
  return { ...row };
}

/** What a run that nobody disturbs makes of the same people; it is taken back. */
async function undisturbed(brand: string, now: string): Promise<Record<string, unknown>> {
  let result: Record<string, unknown> | undefined;
  await sql
    .begin(async (transaction) => {
      await transaction`select cohorts.discover(${brand}, 'kmeans', 7, ${now})`;
      result = await written(transaction as unknown as postgres.Sql, brand);
      throw new Error("taken back");
    })
    .catch((error) => {
      if (error.message !== "taken back") throw error;
    });
  return result as Record<string, unknown>;
}

const request = async (brand: string, now: string) =>
  (await sql`select (private.request_clustering(${brand}, 'kmeans', 7, ${now}, 'manual')).id`)[0]
    ?.id as string;

async function advance(client: postgres.Sql, run: string) {
  const [row] =
    await client`select status, stage, error_message from private.advance_clustering(${run}, '0')`;
  return row as { status: string; stage: string; error_message: string | null };
}

async function stage(run: string) {
  const [row] = await sql`select status, stage, error_message from cohorts.clustering_runs where id = ${run}`;
  return row as { status: string; stage: string; error_message: string | null };
}

/** A worker that does one chunk and is killed after a while, or as soon as it is done. */
async function killWorker(run: string, after: number): Promise<"killed" | "done"> {
  const worker = connect(1);
  const [process] = await worker`select pg_backend_pid() as id`;
  const work = advance(worker, run).then(
    () => "done" as const,
    () => "killed" as const,
  );
  await setTimeout(after);
  await sql`select pg_terminate_backend(${process?.id as number})`;
  const outcome = await work;
  await worker.end({ timeout: 1 });
  return outcome;
}

test("a worker killed at every kind of step, early and late: the same cohorts to the last bit", async () => {
  const brand = await newBrand();
  for (const now of ["2026-02-01", "2026-02-02"]) {
    const expected = await undisturbed(brand, now);
    const run = await request(brand, now);
    const killed = new Set<string>();
    const delays = new Map(KINDS.map((kind) => [kind, [2, 8, 30, 60]]));
    for (let at = await stage(run); at.status === "running"; at = await stage(run)) {
      const delay = delays.get(at.stage)?.shift();
      if (!delay) await advance(sql, run);
      else if ((await killWorker(run, delay)) === "killed") killed.add(at.stage);
    }
    expect(await stage(run)).toMatchObject({ status: "completed", error_message: null });
    expect(killed.size, [...killed].join()).toBeGreaterThanOrEqual(KINDS.length - 2);
    expect(await written(sql, brand)).toEqual(expected);
    // Other people are there the next day: the second run finds living cohorts.
    await sql`
      update actors.actors set is_active = false
      where brand_id = ${brand} and (identifiers ->> 'group')::int = 0 and right(primary_identifier, 1) in ('0', '3', '6')`;
  }
}, 180_000);

test("a server killed at every kind of step: the same cohorts to the last bit", async () => {
  const brand = await newBrand();
  const expected = await undisturbed(brand, "2026-02-01");
  const run = await request(brand, "2026-02-01");
  const died: string[] = [];
  for (let at = await stage(run); at.status === "running"; at = await stage(run)) {
    if (died.includes(at.stage)) {
      await advance(sql, run);
      continue;
    }
    died.push(at.stage);
    const work = advance(sql, run).catch(() => "killed");
    await setTimeout(died.length * 3);
    process.kill(engine.cluster?.pid() as number, "SIGKILL");
    await work;
    await sql.end({ timeout: 1 });
    await engine.close();
    await openServer();
  }
  expect(died.length, died.join()).toBeGreaterThanOrEqual(KINDS.length - 2);
  expect(await stage(run)).toMatchObject({ status: "completed", error_message: null });
  expect(await written(sql, brand)).toEqual(expected);
}, 300_000);

test("two runs of the same people with one seed are the same, with another they are not", async () => {
  const brand = await newBrand(300);
  const [first, second] = [await undisturbed(brand, "2026-02-01"), await undisturbed(brand, "2026-02-01")];
  expect(second).toEqual(first);
  expect(first.memberships).toBe(300);
  await sql`select cohorts.discover(${brand}, 'kmeans', 8, '2026-02-01')`;
  expect(await written(sql, brand)).not.toEqual(first);
});

test("twenty requests at once, of every kind, are one run, which two workers bring to its end", async () => {
  const brand = await newBrand(300);
  const clients = connect(20);
  const ask = [
    () => clients`select (cohorts.request_run(${brand}, 'kmeans')).run_id`,
    () => clients`select cohorts.discover(${brand}, 'kmeans')`,
    () => clients`select private.job_cohorts_discover()`,
    () => clients`select private.job_cohorts_rerun()`,
  ];
  await Promise.all(Array.from({ length: 20 }, (_, index) => ask[index % ask.length]?.()));
  const work = async () => {
    for (let worked = true; worked; ) {
      const [row] = await clients`select worked from private.job_cohorts_run('0')`;
      worked = row?.worked;
    }
  };
  // Whoever finds the run taken leaves; the other one stays.
  await Promise.all([work(), work()]);
  await clients.end();
  const runs =
    await sql`select status, error_message, (select sum(s.attempts + s.interruptions)::int from private.clustering_steps s where s.run_id = r.id) as failed
    from cohorts.clustering_runs r where brand_id = ${brand}`;
  expect([...runs]).toEqual([{ status: "completed", error_message: null, failed: 0 }]);
}, 120_000);

test("a step that is cancelled is done again and is no failure", async () => {
  const brand = await newBrand(300);
  const expected = await undisturbed(brand, "2026-02-01");
  const run = await request(brand, "2026-02-01");
  const worker = connect(1);
  await worker`set statement_timeout = '5ms'`;
  for (let index = 0; index < 4; index += 1) await advance(worker, run).catch(() => {});
  await worker.end();
  for (let at = await stage(run); at.status === "running"; at = await stage(run)) await advance(sql, run);
  const [row] =
    await sql`select sum(attempts)::int as attempts from private.clustering_steps where run_id = ${run}`;
  expect(row?.attempts).toBe(0);
  expect(await written(sql, brand)).toEqual(expected);
});
