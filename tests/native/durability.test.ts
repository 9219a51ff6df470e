import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import postgres from "postgres";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createNativeEngine, type NativeEngine } from "../../scripts/stack/engines/native.ts";
import { startStack } from "../../scripts/stack/start.ts";
import { orderSignals } from "../support/signals.ts";

/** Whatever is killed, and whenever: after a retry each signal is there once, with its details. */
const BATCHES = 40;
const BATCH = 100;
const dataDir = mkdtempSync(join(tmpdir(), "loopwise-durability-"));
let engine: NativeEngine;

beforeAll(async () => {
  // The server runs as a user of its own where the tests run as root.
  chmodSync(dataDir, 0o755);
  const stack = await startStack({ engine: "native", dataDir, cron: false });
  await stack.close();
  engine = await createNativeEngine({ dataDir: join(dataDir, "database") });
});
afterAll(async () => {
  await engine?.close();
  rmSync(dataDir, { recursive: true, force: true });
});

async function newBrand(): Promise<string> {
  const [row] = await engine.query<{ id: string }>(
    "insert into core.brands (brand_name, brand_slug) values ('Durable', 'durable-' || gen_random_uuid()) returning id",
  );
  return row?.id as string;
}

async function send(sql: postgres.Sql, brand: string, batch: number): Promise<string[]> {
  const signals = orderSignals(batch * BATCH, (batch + 1) * BATCH);
  const rows = await sql<{ verdict: string }[]>`
    select verdict from signals.ingest(${brand}::uuid, ${sql.json(signals as never)}, null, '2026-03-01')`;
  return rows.map((row) => row.verdict);
}

async function stored(brand: string): Promise<Record<string, unknown>> {
  const [row] = await engine.query(
    `select count(*)::int as signals, count(distinct b.source_id)::int as sources, count(o.signal_id)::int as orders,
       count(*) filter (where b.is_duplicate)::int as duplicates
     from signals.signals_base b left join signals.order_history o on o.signal_id = b.id where b.brand_id = $1::uuid`,
    [brand],
  );
  return row as Record<string, unknown>;
}

const everything = {
  signals: BATCHES * BATCH,
  sources: BATCHES * BATCH,
  orders: BATCHES * BATCH,
  duplicates: 0,
};

test("the same batch from eight clients at once is stored once", async () => {
  const brand = await newBrand();
  const clients = Array.from({ length: 8 }, () =>
    postgres(engine.databaseUrl, { max: 1, onnotice: () => {} }),
  );
  const verdicts = await Promise.all(clients.map((sql) => send(sql, brand, 0)));
  await Promise.all(clients.map((sql) => sql.end()));
  expect(await stored(brand)).toEqual({ signals: BATCH, sources: BATCH, orders: BATCH, duplicates: 0 });
  expect(verdicts.flat().filter((verdict) => verdict === "accepted").length).toBe(BATCH);
  expect(verdicts.flat().filter((verdict) => verdict === "duplicate").length).toBe(7 * BATCH);
});

test("overlapping batches in different orders neither deadlock nor double", async () => {
  const brand = await newBrand();
  const signals = orderSignals(0, 300);
  const clients = Array.from({ length: 6 }, () =>
    postgres(engine.databaseUrl, { max: 1, onnotice: () => {} }),
  );
  await Promise.all(
    clients.map((sql, index) => {
      const turned = [...signals.slice(index * 50), ...signals.slice(0, index * 50)];
      const mine = index % 2 === 0 ? turned : turned.reverse();
      return sql`select count(*) from signals.ingest(${brand}::uuid, ${sql.json(mine as never)}, null, '2026-03-01')`;
    }),
  );
  await Promise.all(clients.map((sql) => sql.end()));
  expect(await stored(brand)).toEqual({ signals: 300, sources: 300, orders: 300, duplicates: 0 });
});

test("a client killed while it sends loses and doubles nothing after its retry", async () => {
  const brand = await newBrand();
  const child = spawn(
    process.execPath,
    ["--import", "tsx", "tests/native/send-batches.ts", engine.databaseUrl, brand],
    {
      stdio: ["ignore", "pipe", "inherit"],
    },
  );
  let acknowledged = 0;
  child.stdout.on("data", (chunk: Buffer) => {
    acknowledged += chunk.toString().split("\n").length - 1;
    if (acknowledged >= 5) child.kill("SIGKILL");
  });
  await once(child, "exit");
  expect(acknowledged).toBeLessThan(BATCHES);

  const sql = postgres(engine.databaseUrl, { max: 1, onnotice: () => {} });
  for (let batch = 0; batch < BATCHES; batch += 1) await send(sql, brand, batch);
  await sql.end();
  expect(await stored(brand)).toEqual(everything);
});

test("a server killed under load loses and doubles nothing after the retry", async () => {
  const brand = await newBrand();
  const sql = postgres(engine.databaseUrl, { max: 4, onnotice: () => {} });
  const acknowledged: number[] = [];
  const waiting = Array.from({ length: BATCHES }, (_, batch) => batch);
  const worker = async () => {
    for (let batch = waiting.shift(); batch !== undefined; batch = waiting.shift()) {
      await send(sql, brand, batch);
      acknowledged.push(batch);
      if (acknowledged.length === 8) process.kill(engine.cluster?.pid() as number, "SIGKILL");
    }
  };
  await Promise.allSettled([worker(), worker(), worker(), worker()]);
  await sql.end({ timeout: 1 });
  await engine.close();
  engine = await createNativeEngine({ dataDir: join(dataDir, "database") });
  expect(acknowledged.length).toBeLessThan(BATCHES);

  const kept = await engine.query<{ batch: number; signals: number }>(
    `select (substr(source_id, 7)::int / ${BATCH}) as batch, count(*)::int as signals from signals.signals_base
     where brand_id = $1::uuid group by 1`,
    [brand],
  );
  expect(kept.every((row) => row.signals === BATCH)).toBe(true);
  expect(acknowledged.filter((batch) => !kept.some((row) => row.batch === batch))).toEqual([]);

  const again = postgres(engine.databaseUrl, { max: 1, onnotice: () => {} });
  for (let batch = 0; batch < BATCHES; batch += 1) await send(again, brand, batch);
  await again.end();
  expect(await stored(brand)).toEqual(everything);
});
