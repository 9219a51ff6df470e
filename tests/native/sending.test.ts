import postgres from "postgres";
import { afterAll, beforeAll, expect, test } from "vitest";
import { neverQuiet, newBrand } from "../../scripts/bench/accuracy-loop/sending/brand.ts";
import { sendUnderCaps } from "../../scripts/bench/accuracy-loop/sending/caps.ts";
import { sendAndKill } from "../../scripts/bench/accuracy-loop/sending/kills.ts";
import { startStack } from "../../scripts/stack/start.ts";
import type { Stack } from "../../scripts/stack/types.ts";

/** The figures of `npm run bench -- accuracy-loop`, with fewer messages. */
let stack: Stack;
let sql: postgres.Sql;

beforeAll(async () => {
  stack = await startStack({ engine: "native", cron: false });
  sql = postgres(stack.engine.databaseUrl as string, { max: 4, onnotice: () => {} });
});
afterAll(async () => {
  await sql?.end({ timeout: 5 });
  await stack?.close();
});

test("a claim waits for another of the same brand, and counts what that one took", async () => {
  const at = "2026-06-01T00:00:00Z";
  // More messages than one claim looks at, so that the second finds others of the same person.
  const brand = await newBrand(sql, { people: 1, stimuli: 120, channel: "alternating", deployedAt: at });
  await neverQuiet(sql, brand);
  await sql`insert into stimuli.frequency_caps (brand_id, window_kind, window_hours, max_sends) values (${brand}, 'rolling', 24, 1)`;
  const first = await sql.reserve();
  await first`begin`;
  expect(await first`select from stimuli.claim_deliveries('first', 1, ${at})`).toHaveLength(1);
  const second = sql`select from stimuli.claim_deliveries('second', 1, ${at})`.execute();
  await expect.poll(async () => (await sql`select from pg_locks where not granted`).count).toBe(1);
  await first`commit`;
  first.release();
  expect(await second).toHaveLength(0);
});

test("eight workers send nobody more than its caps, nor at night, in the week of the changed clock", async () => {
  const { sends, breaches, atNight } = await sendUnderCaps(
    stack.engine.databaseUrl as string,
    "2026-10-24T00:00:00Z",
    2,
    48,
  );
  expect(sends).toBeGreaterThan(100);
  expect([breaches, atNight]).toEqual([0, 0]);
}, 180_000);

test("workers that are killed lose nothing and send nothing twice, and an opt-out holds within a second", async () => {
  const { lost, twice, latest, stopped, held, repeated } = await sendAndKill(
    sql,
    stack.engine.databaseUrl as string,
    2_000,
    4,
  );
  expect([lost, twice]).toEqual([0, 0]);
  expect(latest).toBeLessThanOrEqual(1_000);
  // Otherwise nothing was tried.
  expect(Math.min(stopped, held, repeated)).toBeGreaterThan(0);
}, 240_000);
