import postgres from "postgres";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startStack } from "../../scripts/stack/start.ts";
import type { Stack } from "../../scripts/stack/types.ts";

/**
 * Events are written by many transactions that end in any order; a follower with a cursor misses none.
 * Expectations of what is there poll: any other writer of the server, such as autoanalyze, may hold the feed for a moment.
 */
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

/** A brand of the test's own, with the ways to write and read its events. */
async function newFeed() {
  const [row] = await sql`
    insert into core.brands (brand_name, brand_slug) values ('Feed', 'feed-' || gen_random_uuid()) returning id`;
  const brand = row?.id as string;
  return {
    emit: (session: postgres.ISql, name: string) =>
      session`select private.emit(${brand}::uuid, ${`test.${name}`}, null, null, '{}')`,
    async read(after: string | null) {
      const rows = await sql<{ cursor: string; type: string }[]>`
        select cursor, type from read_oasis_events(${brand}::uuid, ${after}, 1000)`;
      const types = rows.map((row) => row.type).filter((type) => type.startsWith("test."));
      return { types, cursor: rows.at(-1)?.cursor ?? after };
    },
  };
}

test("an event that commits after a later one is still shown, in its place", async () => {
  const feed = await newFeed();
  const start = await feed.read(null);
  const slow = await sql.reserve();
  try {
    await slow`begin`;
    await feed.emit(slow, "slow");
    await feed.emit(sql, "quick");
    expect((await feed.read(start.cursor)).types).toEqual([]);
    await slow`commit`;
  } finally {
    slow.release();
  }
  await expect.poll(async () => (await feed.read(start.cursor)).types).toEqual(["test.slow", "test.quick"]);
  const end = await feed.read(start.cursor);
  expect((await feed.read(end.cursor)).types).toEqual([]);
});

test("an event that is rolled back holds nothing up", async () => {
  const feed = await newFeed();
  const start = await feed.read(null);
  const rolledBack = sql.begin(async (transaction) => {
    await feed.emit(transaction, "lost");
    await feed.emit(sql, "kept");
    throw new Error("rolled back");
  });
  await expect(rolledBack).rejects.toThrow("rolled back");
  await expect.poll(async () => (await feed.read(start.cursor)).types).toEqual(["test.kept"]);
});

test("a follower beside eight writers sees each event once", async () => {
  const feed = await newFeed();
  let { cursor } = await feed.read(null);
  const seen: string[] = [];
  const follow = async () => {
    const page = await feed.read(cursor);
    seen.push(...page.types);
    cursor = page.cursor;
    return seen.length;
  };
  let writing = true;

  const writers = Array.from({ length: 8 }, async (_, writer) => {
    for (let n = 0; n < 25; n++) {
      await sql.begin(async (transaction) => {
        await feed.emit(transaction, `w${writer}_${n}`);
        // Transactions of different lengths, so that they end in another order than they began.
        await transaction`select pg_sleep(${((writer * 7 + n * 3) % 10) / 1000})`;
      });
    }
  });
  const follower = (async () => {
    while (writing) await follow();
  })();
  await Promise.all(writers);
  writing = false;
  await follower;

  await expect.poll(follow).toBe(200);
  expect(new Set(seen).size).toBe(200);
});
