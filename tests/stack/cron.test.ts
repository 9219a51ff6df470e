import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { createEmbeddedEngine } from "../../scripts/stack/engines/embedded.ts";
import type { Engine } from "../../scripts/stack/types.ts";
import { createScheduler, nextRun, startCronWorker } from "../../scripts/stack/workers/cron.ts";

let engine: Engine;
beforeAll(async () => {
  engine = await createEmbeddedEngine();
  await engine.exec("create table public.runs (job text, at timestamptz default clock_timestamp())");
});
afterAll(() => engine?.close());
beforeEach(() => engine.exec("truncate cron.job, cron.job_run_details, public.runs"));

const schedule = (name: string, when: string, command = `insert into public.runs (job) values ('${name}')`) =>
  engine.query("select cron.schedule($1, $2, $3)", [name, when, command]);
const runs = async () =>
  (await engine.query<{ job: string }>("select job from public.runs order by at")).map((row) => row.job);
const details = () => engine.query("select status, return_message from cron.job_run_details order by runid");

describe("scheduling", () => {
  it("refuses what is no schedule, as pg_cron does", async () => {
    for (const bad of [
      "",
      "foo",
      "* * * *",
      "* * * * * *",
      "0 seconds",
      "60 seconds",
      "60 * * * *",
      "* 24 * * *",
      "* * 0 * *",
      "* * 5,32 * *",
      "* * * 1-13 *",
      "* * * mon *",
      "* * * * jan",
      "*/0 * * * *",
      "@sometimes",
    ]) {
      await expect(schedule("bad", bad), bad).rejects.toThrow("invalid schedule");
    }
  });

  it("takes pg_cron's schedules", async () => {
    for (const good of [
      "*/5 1-3 * jan,feb mon-fri",
      "0 0 $ * *",
      "@daily",
      "@reboot",
      "1 second",
      "59 seconds",
    ]) {
      await expect(schedule("good", good), good).resolves.toHaveLength(1);
    }
  });

  it("replaces a job of the same name, and drops it by name or number", async () => {
    await schedule("one", "@daily");
    await schedule("one", "@hourly");
    expect(await engine.query("select jobname, schedule from cron.job")).toEqual([
      { jobname: "one", schedule: "@hourly" },
    ]);
    await engine.query("select cron.unschedule('one')");
    await expect(engine.query("select cron.unschedule('one')")).rejects.toThrow(
      "could not find valid entry for job 'one'",
    );
    const [job] = await engine.query<{ id: number }>("select cron.schedule('@daily', 'select 1') as id");
    await engine.query("select cron.unschedule($1::bigint)", [job?.id]);
    expect(await engine.query("select * from cron.job")).toEqual([]);
  });
});

describe("the next run", () => {
  const after = new Date("2026-02-10T10:00:30Z"); // a Tuesday
  it.each([
    ["* * * * *", "2026-02-10T10:01:00Z"],
    ["*/5 2-4 * * *", "2026-02-11T02:00:00Z"],
    ["0 9 * jan-mar 1-5", "2026-02-11T09:00:00Z"],
    ["0 0 20 * 0", "2026-02-15T00:00:00Z"], // either day will do
    ["0 0 $ * *", "2026-02-28T00:00:00Z"],
    ["@midnight", "2026-02-11T00:00:00Z"],
    ["@weekly", "2026-02-15T00:00:00Z"],
    ["@monthly", "2026-03-01T00:00:00Z"],
    ["10 seconds", "2026-02-10T10:00:40Z"],
  ])("of %s is at %s", (when, expected) => {
    expect(new Date(nextRun(when, after))).toEqual(new Date(expected));
  });
});

describe("the scheduler", () => {
  const at = (time: string) => new Date(`2026-02-10T${time}Z`);

  it("runs a job when its minute has come, once, also after ticks were missed", async () => {
    await schedule("minutely", "* * * * *");
    const { tick } = createScheduler(engine);
    await tick(at("10:00:30"));
    await tick(at("10:00:59"));
    expect(await runs()).toEqual([]);
    await tick(at("10:01:00"));
    await tick(at("10:01:01"));
    expect(await runs()).toEqual(["minutely"]);
    await tick(at("10:07:13"));
    await tick(at("10:07:14"));
    expect(await runs()).toEqual(["minutely", "minutely"]);
  });

  it("runs a job every so many seconds, follows a new schedule, and stops with the job", async () => {
    await schedule("often", "10 seconds");
    const { tick } = createScheduler(engine);
    for (const time of ["10:00:00", "10:00:09", "10:00:10", "10:00:20"]) await tick(at(time));
    expect(await runs()).toHaveLength(2);
    await schedule("often", "@hourly");
    for (const time of ["10:00:30", "10:00:40", "11:00:00"]) await tick(at(time));
    expect(await runs()).toHaveLength(3);
    await engine.query("select cron.unschedule('often')");
    await tick(at("12:00:00"));
    expect(await runs()).toHaveLength(3);
  });

  it("runs the others beside a job that has no valid schedule", async () => {
    await engine.exec("insert into cron.job (schedule, command) values ('61 * * * *', 'select 1')");
    await schedule("well", "1 second");
    const { tick } = createScheduler(engine);
    await tick(at("10:00:00"));
    await tick(at("10:00:01"));
    expect(await runs()).toEqual(["well"]);
  });

  it("runs @reboot jobs at its first tick only, and no inactive ones", async () => {
    await schedule("boot", "@reboot");
    await engine.query("select cron.alter_job($1, active => false)", [
      (await engine.query<{ id: number }>("select cron.schedule('off', '1 second', 'select 1') as id"))[0]
        ?.id,
    ]);
    const { tick } = createScheduler(engine);
    await tick(at("10:00:00"));
    await schedule("late", "@reboot");
    await tick(at("10:00:05"));
    expect(await runs()).toEqual(["boot"]);
    expect(await details()).toHaveLength(1);
  });

  it("records how each run ended, takes a failed one back, and runs the others", async () => {
    await schedule("a fails", "1 second", "insert into public.runs values ('lost'); select 1 / 0");
    await schedule("b works", "1 second", "select 1");
    const { tick } = createScheduler(engine);
    await tick(at("10:00:00"));
    await tick(at("10:00:01"));
    expect(await details()).toEqual([
      { status: "failed", return_message: "ERROR:  division by zero" },
      { status: "succeeded", return_message: "1 row" },
    ]);
    expect(await runs()).toEqual([]);
  });

  it("leaves no role, setting, temporary table or lock of a job in the session", async () => {
    await schedule(
      "messy",
      "1 second",
      "create temp table litter (); set search_path = cron; select pg_advisory_lock(7); set role anon",
    );
    const session = () =>
      engine.query(`select current_user as role, current_setting('search_path') as path, to_regclass('litter') as litter,
        (select count(*) from pg_locks where locktype = 'advisory') as locks`);
    const before = await session();
    const { tick } = createScheduler(engine);
    await tick(at("10:00:00"));
    await tick(at("10:00:01"));
    expect(await details()).toMatchObject([{ status: "succeeded" }]);
    expect(await session()).toEqual(before);
  });
});

describe("the worker", () => {
  it("never runs a job twice at once, and runs none after stop", async () => {
    await schedule(
      "slow",
      "1 second",
      "insert into public.runs values ('begun'); select pg_sleep(1.3); insert into public.runs values ('done')",
    );
    const worker = await startCronWorker(engine);
    await sleep(3500);
    await worker.stop();
    const seen = await runs();
    expect(seen.length).toBeGreaterThanOrEqual(2);
    expect(seen.every((entry, i) => entry === (i % 2 === 0 ? "begun" : "done"))).toBe(true);
    await sleep(1500);
    expect(await runs()).toEqual(seen);
    expect((await details()).every((run) => run.status === "succeeded")).toBe(true);
  });
});
