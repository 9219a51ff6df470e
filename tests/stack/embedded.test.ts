import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createEmbeddedEngine } from "../../scripts/stack/engines/embedded.ts";
import type { Engine } from "../../scripts/stack/types.ts";

describe("the embedded engine", () => {
  let engine: Engine;
  beforeAll(async () => {
    engine = await createEmbeddedEngine();
  });
  afterAll(() => engine?.close());

  it("has the extensions of the product and of its tests", async () => {
    const rows = await engine.query<{ name: string }>("select extname as name from pg_extension");
    const names = rows.map((row) => row.name);
    expect(names).toEqual(
      expect.arrayContaining(["vector", "pgtap", "pgcrypto", "pg_cron", "pg_net", "supabase_vault"]),
    );
  });

  it("renders values as a hosted project's JSON has them", async () => {
    const [row] = await engine.query(`select
      timestamptz '2026-01-31 10:00:00.5+00' as at, timestamp '2026-01-31 10:00' as local, date '2026-01-31' as day,
      timestamptz 'infinity' as ever, 1.10::numeric as money, 'NaN'::numeric as nan, 42::bigint as big, '\\x01ff'::bytea as bytes,
      array[timestamptz '2026-01-31 10:00+00'] as times, '{"a": [1]}'::jsonb as json`);
    expect(row).toEqual({
      at: "2026-01-31T10:00:00.5+00:00",
      local: "2026-01-31T10:00:00",
      day: "2026-01-31",
      ever: "infinity",
      money: 1.1,
      nan: "NaN",
      big: 42,
      bytes: "\\x01ff",
      times: ["2026-01-31T10:00:00+00:00"],
      json: { a: [1] },
    });
  });

  it("takes arrays of numbers for vectors", async () => {
    const [row] = await engine.query("select $1::vector <-> $2::vector as distance, $1::halfvec as half", [
      [0, 0],
      [3, 4],
    ]);
    expect(row).toEqual({ distance: 5, half: "[0,0]" });
  });

  it("keeps others out of the session while one works exclusively", async () => {
    await engine.exec("create table public.accounts (n int)");
    const inside = engine.exclusively(async () => {
      await engine.exec("begin; insert into public.accounts values (1)");
      await sleep(50);
      await engine.exec("rollback");
    });
    const [outside] = await engine.query("select count(*) as n from public.accounts");
    await inside;
    expect(outside).toEqual({ n: 0 });
  });

  it("does not take for the holder's work what the holder's notification starts", async () => {
    await engine.exec("create table public.heard (n int)");
    let heard: Promise<unknown> | undefined;
    await engine.listen("news", () => {
      heard = sleep(10).then(() => engine.exec("insert into public.heard values (1)"));
    });
    await engine.exclusively(async () => {
      await engine.query("select pg_notify('news', '')");
      await engine.exec("begin");
      await sleep(50);
      await engine.exec("rollback");
    });
    await heard;
    expect(await engine.query("select n from public.heard")).toEqual([{ n: 1 }]);
  });

  it("goes on after work that failed", async () => {
    await expect(engine.exclusively(() => Promise.reject(new Error("broken")))).rejects.toThrow("broken");
    expect(await engine.query("select 1 as one")).toEqual([{ one: 1 }]);
  });
});

describe("the data folder of the embedded engine", () => {
  const folder = mkdtempSync(join(tmpdir(), "loopwise-embedded-"));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it("belongs to one process, and keeps every acknowledged row when that is killed", async () => {
    const module = new URL("../../scripts/stack/engines/embedded.ts", import.meta.url).href;
    const program = `import(${JSON.stringify(module)}).then(async ({ createEmbeddedEngine }) => {
      const engine = await createEmbeddedEngine({ dataDir: ${JSON.stringify(folder)} });
      await engine.exec("create table public.written (n int primary key)");
      for (let n = 1; ; n++) {
        await engine.query("insert into public.written values ($1)", [n]);
        process.stdout.write(n + "\\n");
      }
    })`;
    const writer = spawn(process.execPath, ["--import", "tsx", "-e", program], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    let acknowledged = 0;
    for await (const line of createInterface(writer.stdout)) {
      acknowledged = Number(line);
      if (acknowledged === 1)
        await expect(createEmbeddedEngine({ dataDir: folder })).rejects.toThrow("in use");
      if (acknowledged === 50) writer.kill("SIGKILL");
    }
    if (writer.signalCode === null) await once(writer, "exit");

    const engine = await createEmbeddedEngine({ dataDir: folder });
    const [kept] = await engine.query<{ n: number }>(
      "select count(*) as n from public.written where n <= $1",
      [acknowledged],
    );
    await engine.close();
    expect(acknowledged).toBeGreaterThanOrEqual(50);
    expect(kept).toEqual({ n: acknowledged });
  });
});
