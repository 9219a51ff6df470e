import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import postgres from "postgres";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createNativeEngine, type NativeEngine } from "../../scripts/stack/engines/native.ts";
import { applyPlatformBefore } from "../../scripts/stack/platform/platform.ts";
import { startNetWorker } from "../../scripts/stack/workers/net.ts";
import { startEcho } from "../support/echo.ts";

describe("the native engine", () => {
  let engine: NativeEngine;
  beforeAll(async () => {
    engine = await createNativeEngine();
    await applyPlatformBefore(engine);
  }, 120_000);
  afterAll(() => engine?.close());

  it("runs migrations as postgres, which is no superuser", async () => {
    const rows = await engine.query(
      "select current_user as name, rolsuper from pg_roles where rolname = current_user",
    );
    expect(rows).toEqual([{ name: "postgres", rolsuper: false }]);
    await expect(engine.exec("alter system set work_mem = '1MB'")).rejects.toThrow("permission denied");
  });

  it("lets postgres schedule a job, which the real pg_cron runs", async () => {
    await engine.exec("create table public.ticks (at timestamptz default now())");
    const [job] = await engine.query(
      "select cron.schedule('tick', '1 seconds', 'insert into public.ticks default values')",
    );
    expect(job).toBeDefined();
    // The log of a run is written after its work: wait for the log, then look at the work.
    const ended = () =>
      engine.query<{ status: string }>("select status from cron.job_run_details where end_time is not null");
    await eventually(async () => (await ended()).length > 0);
    await engine.query("select cron.unschedule('tick')");
    expect(new Set((await ended()).map((run) => run.status))).toEqual(new Set(["succeeded"]));
    expect((await engine.query("select from public.ticks")).length).toBeGreaterThan(0);
  });

  it("sends requests of the pg_net stand-in", async () => {
    const echo = await startEcho();
    const worker = await startNetWorker(engine);
    const [sent] = await engine.query<{ id: number }>("select net.http_post($1, '{\"a\": 1}') as id", [
      echo.url,
    ]);
    const find = () => engine.query("select status_code from net._http_response where id = $1", [sent?.id]);
    await eventually(async () => (await find()).length > 0);
    expect(await find()).toEqual([{ status_code: 200 }]);
    await worker.stop();
    await echo.close();
  });

  it("takes the server that DATABASE_URL names, and says what an unfit one lacks", async () => {
    process.env.DATABASE_URL = engine.adminUrl;
    const guest = await createNativeEngine();
    expect(await guest.query("select current_user as name")).toEqual([{ name: "postgres" }]);
    await guest.close();

    process.env.DATABASE_URL = engine.databaseUrl;
    await expect(createNativeEngine()).rejects.toThrow("superuser");
    delete process.env.DATABASE_URL;
  });
});

describe("the data of the native engine", () => {
  const folder = mkdtempSync(join(tmpdir(), "loopwise-native-"));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it("keep every acknowledged row when the server is killed under load", async () => {
    const first = await createNativeEngine({ dataDir: folder });
    const server = first.cluster?.pid() as number;
    const writer = postgres(first.adminUrl, { max: 4, onnotice: () => {} });
    await writer`create table written (n int primary key)`;
    const acknowledged: number[] = [];
    let next = 0;
    const write = async () => {
      for (;;) {
        const n = next++;
        await writer`insert into written values (${n})`;
        acknowledged.push(n);
        if (acknowledged.length === 500) process.kill(server, "SIGKILL");
      }
    };
    await Promise.allSettled([write(), write(), write(), write()]);
    await writer.end({ timeout: 1 });
    await first.close();
    expect(acknowledged.length).toBeGreaterThanOrEqual(500);

    const second = await createNativeEngine({ dataDir: folder });
    const reader = postgres(second.adminUrl, { max: 1 });
    const kept = new Set((await reader<{ n: number }[]>`select n from written`).map((row) => row.n));
    await reader.end();
    await second.close();
    expect(acknowledged.filter((n) => !kept.has(n))).toEqual([]);
  }, 120_000);

  it("are refused to a second engine, and the server ends with a starter that is killed", async () => {
    const starter = await startElsewhere(folder);
    await expect(createNativeEngine({ dataDir: folder })).rejects.toThrow(`in use by process ${starter.pid}`);
    starter.kill("SIGKILL");
    await once(starter, "exit");
    const successor = await createNativeEngine({ dataDir: folder });
    await successor.close();
  }, 120_000);
});

/** A process of its own that runs the engine on `folder`. */
function startElsewhere(folder: string): Promise<ChildProcess> {
  const module = new URL("../../scripts/stack/engines/native.ts", import.meta.url).href;
  const program = `import(${JSON.stringify(module)}).then(async ({ createNativeEngine }) => {
    await createNativeEngine({ dataDir: ${JSON.stringify(folder)} });
    console.log("ready");
  })`;
  const child = spawn(process.execPath, ["--import", "tsx", "-e", program], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  return new Promise((resolve, reject) => {
    child.stdout.once("data", () => resolve(child));
    child.once("exit", (code) => reject(new Error(`ended with ${code} before it was ready`)));
  });
}

async function eventually(condition: () => Promise<boolean>): Promise<void> {
  const patience = Date.now() + 20_000;
  while (!(await condition())) {
    if (Date.now() > patience) throw new Error("It did not come to pass within 20 s.");
    await sleep(100);
  }
}
