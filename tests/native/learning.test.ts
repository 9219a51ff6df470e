import postgres from "postgres";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startStack } from "../../scripts/stack/start.ts";
import type { Stack } from "../../scripts/stack/types.ts";

/** From proposal to learning with many callers at once, and with one that dies: each deployment counts exactly once. */
const people = 200;
const callers = [1, 2, 3, 4, 5, 6];
const start = "2026-03-01";
const closed = "2026-03-20";

let stack: Stack;
let sql: postgres.Sql;

beforeAll(async () => {
  stack = await startStack({ engine: "native", cron: false });
  sql = postgres(stack.engine.databaseUrl as string, { max: callers.length, onnotice: () => {} });
});
afterAll(async () => {
  await sql?.end({ timeout: 5 });
  await stack?.close();
});

/** A brand with one cohort, and an approved proposal for it. */
async function newBrand() {
  const [row] = await sql`
    insert into core.brands (brand_name, brand_slug) values ('Loop', 'loop-' || gen_random_uuid()) returning id`;
  const brand = row?.id as string;
  const [cohort] = await sql`
    insert into cohorts.cohorts (brand_id, cohort_type, discovery_algorithm, cohort_name)
    values (${brand}, 'mixed', 'test', 'Everybody') returning id`;
  await sql`
    with person as (
      insert into actors.actors (brand_id, primary_identifier, primary_identifier_type, first_seen_at, last_seen_at)
      select ${brand}, 'c' || i, 'customer_id', ${start}, ${start} from generate_series(1, ${people}) i
      returning id)
    insert into cohorts.actor_cohort_membership (brand_id, actor_id, cohort_id, assigned_by_algorithm)
    select ${brand}, id, ${cohort?.id as string}, 'test' from person`;
  await sql`select stimuli.install_templates(${brand})`;
  return brand;
}

/** Of how many people something was learnt, and how many pieces of evidence say a thing again. */
async function taught(brand: string) {
  const [row] = await sql`
    select count(distinct actor_id)::int as people, (count(*) - count(distinct (actor_id, attribute)))::int as twice
    from actors.evidence where brand_id = ${brand}`;
  return { ...row };
}

/** The same call from all callers at once, each in its own session and transaction. */
const together = <T>(call: (caller: number) => Promise<T>) => Promise.all(callers.map(call));

test("callers at once propose once, deploy each person once and learn from each once", async () => {
  const brand = await newBrand();
  const proposals = await together(() => sql`select id from stimuli.propose(${brand}, ${start}, 1)`);
  expect(proposals.flat()).toHaveLength(1);
  const stimulus = proposals.flat()[0]?.id as string;
  await sql`select stimuli.approve(${brand}, ${stimulus}, ${start})`;

  const deployments = await together(
    (caller) =>
      sql`select deployed, held_out from stimuli.deploy(${brand}, ${stimulus}, ${start}, ${caller})`,
  );
  expect(new Set(deployments.flat().map((row) => `${row.deployed} ${row.held_out}`)).size).toBe(1);
  const treated = deployments[0]?.[0]?.deployed as number;
  expect(treated + (deployments[0]?.[0]?.held_out as number)).toBe(people);

  // Batches of 70, so that several callers have something to do.
  await together(() => sql`select * from outcomes.learn(${brand}, ${closed}, 70)`);
  expect(await taught(brand)).toEqual({ people: treated, twice: 0 });
  const [arm] = await sql`select pulls, alpha + beta as weight from stimuli.arms where brand_id = ${brand}`;
  expect([Number(arm?.pulls), arm?.weight]).toEqual([treated, treated + 10]);
});

test("a caller that dies while it learns leaves nothing behind, and the next one learns it all", async () => {
  const brand = await newBrand();
  const [stimulus] = await sql`select id from stimuli.propose(${brand}, ${start}, 1)`;
  await sql`select stimuli.approve(${brand}, ${stimulus?.id as string}, ${start})`;
  const [deployed] =
    await sql`select * from stimuli.deploy(${brand}, ${stimulus?.id as string}, ${start}, 1)`;

  const dying = postgres(stack.engine.databaseUrl as string, { max: 1, onnotice: () => {} });
  const session = await dying.reserve();
  const [process] = await session`select pg_backend_pid() as id`;
  await session`begin`;
  await session`select * from outcomes.learn(${brand}, ${closed})`;
  await sql`select pg_terminate_backend(${process?.id as number})`;
  await dying.end({ timeout: 1 });
  // The server needs a moment to let go of what the dead session held.
  await expect
    .poll(() => sql`select from pg_stat_activity where pid = ${process?.id as number}`)
    .toHaveLength(0);
  expect(await sql`select from stimuli.arms where brand_id = ${brand}`).toHaveLength(0);

  await sql`select * from outcomes.learn(${brand}, ${closed})`;
  expect(await taught(brand)).toEqual({ people: deployed?.deployed, twice: 0 });
});
