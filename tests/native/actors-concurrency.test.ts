import postgres from "postgres";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startStack } from "../../scripts/stack/start.ts";
import type { Stack } from "../../scripts/stack/types.ts";
import { orderSignals } from "../support/signals.ts";

/** Everything that changes what is known of people, at once on one brand: nobody gets a deadlock, and nothing is lost. */
const milliseconds = 12_000;
let stack: Stack;
let sql: postgres.Sql;
let brand: string;
let sent = 0;

beforeAll(async () => {
  stack = await startStack({ engine: "native" });
  sql = postgres(stack.engine.databaseUrl as string, { max: 6, onnotice: () => {} });
  await sql`select cron.unschedule(jobname) from cron.job where jobname like 'loopwise-actors-%'`;
  const [row] = await sql`
    insert into core.brands (brand_name, brand_slug) values ('Busy', 'busy-' || gen_random_uuid()) returning id`;
  brand = row?.id as string;
  for (let i = 0; i < 5; i += 1) await work.send();
});
afterAll(async () => {
  await sql?.end({ timeout: 5 });
  await stack?.close();
});

const work = {
  send: async () => {
    sent += 40;
    await sql`select count(*) from signals.ingest(${brand}, ${sql.json(orderSignals(sent - 40, sent) as never)})`;
    await sql`select actors.process_signals(${brand}, 100)`;
  },
  merge: () => sql`
    select actors.merge(a.id, b.id)
    from (select id from actors.actors where brand_id = ${brand} and is_active order by random() limit 1) a
    join (select id from actors.actors where brand_id = ${brand} and is_active order by random() limit 1) b on a.id <> b.id`,
  unmerge: () => sql`
    select actors.unmerge(e.id) from (
      select id from actors.identity_events where brand_id = ${brand} and event_kind = 'merge' order by random() limit 1) e`,
  retract: () => sql`
    select actors.retract(s.id) from (
      select id from signals.signals_base where brand_id = ${brand} order by random() limit 1) s`,
  insights: () => sql`select actors.refresh_insights(${brand}, 1000)`,
  vectors: () => sql`select actors.refresh_vectors(${brand})`,
};

test("whoever changes people at the same moment gets no deadlock, and a rebuild finds nothing amiss", async () => {
  const end = Date.now() + milliseconds;
  const failures: string[] = [];
  const repeat = async (...steps: (() => Promise<unknown>)[]) => {
    for (let i = 0; Date.now() < end; i += 1)
      await steps[i % steps.length]?.().catch((error: postgres.PostgresError) => {
        // That somebody was merged meanwhile is an answer; everything else is a defect.
        if (!error.code.startsWith("PT")) failures.push(`${error.code} ${error.message}`);
      });
  };
  await Promise.all([
    repeat(work.send),
    repeat(work.merge, work.unmerge),
    repeat(work.retract, work.merge),
    repeat(work.insights),
    repeat(work.insights, work.vectors),
  ]);
  expect(failures).toEqual([]);
  await sql`select actors.process_signals(${brand}, 20000)`;
  const [rebuilt] = await sql`
    select hash_before = hash_after as is_same, evidence_added, evidence_retracted from actors.rebuild(${brand})`;
  expect(rebuilt).toEqual({ is_same: true, evidence_added: 0, evidence_retracted: 0 });
}, 120_000);
