import { setTimeout as sleep } from "node:timers/promises";
import { Cron } from "croner";
import type { Engine } from "../types.ts";

interface Job {
  jobid: number;
  schedule: string;
  command: string;
}

export interface CronWorker {
  /** Runs no further job and waits for the one that is running. */
  stop(): Promise<void>;
}

/** Runs the jobs of the pg_cron stand-in, as pg_cron does in a server: looks every second what is due. */
export async function startCronWorker(engine: Engine): Promise<CronWorker> {
  const scheduler = createScheduler(engine);
  const ended = new AbortController();
  await scheduler.tick(new Date());
  const loop = (async () => {
    while (!ended.signal.aborted) {
      await sleep(1000 - (Date.now() % 1000), undefined, { signal: ended.signal }).catch(() => {});
      if (ended.signal.aborted) return;
      // A failing job is recorded by tick; what fails here is the database itself, which the next tick may find well.
      await scheduler.tick(new Date(), ended.signal).catch((error) => console.error(`cron: ${error}`));
    }
  })();
  return {
    async stop() {
      ended.abort();
      await loop;
    },
  };
}

/**
 * Decides what is due. One tick runs its jobs one after another, and ticks must not overlap: so no job ever runs
 * twice at once. A job that was due several times since the last tick runs once.
 */
export function createScheduler(engine: Engine) {
  const plans = new Map<number, { schedule: string; next: number }>();
  let firstTick = true;

  async function tick(now: Date, signal?: AbortSignal): Promise<void> {
    const jobs = await engine.query<Job>(
      "select jobid::int, schedule, command from cron.job where active and database = current_database() order by jobid",
    );
    for (const known of plans.keys()) if (!jobs.some((job) => job.jobid === known)) plans.delete(known);
    for (const job of jobs) {
      if (signal?.aborted) return;
      const plan = plans.get(job.jobid);
      if (plan?.schedule !== job.schedule) {
        const startsNow = firstTick && job.schedule.trim().toLowerCase() === "@reboot";
        plans.set(job.jobid, { schedule: job.schedule, next: startsNow ? 0 : nextRun(job.schedule, now) });
      }
      if ((plans.get(job.jobid)?.next ?? Infinity) > now.getTime()) continue;
      plans.set(job.jobid, { schedule: job.schedule, next: nextRun(job.schedule, now) });
      await runJob(engine, job);
    }
    firstTick = false;
  }
  return { tick };
}

/** The next time after `now`, in milliseconds; Infinity if there is none. Schedules are in UTC, as on Supabase. */
export function nextRun(schedule: string, now: Date): number {
  const seconds = /^\s*(\d+)\s+seconds?\s*$/i.exec(schedule);
  if (seconds) return now.getTime() + Number(seconds[1]) * 1000;
  const name = schedule.trim().toLowerCase();
  if (name === "@reboot") return Infinity;
  // What pg_cron knows under another name than croner: midnight, and $ for the last day of the month.
  const pattern = name === "@midnight" ? "@daily" : name.replaceAll("$", "L");
  try {
    return new Cron(pattern, { timezone: "UTC", paused: true }).nextRun(now)?.getTime() ?? Infinity;
  } catch {
    // cron.schedule refuses such; one that was written into the table by hand must not stop the others.
    return Infinity;
  }
}

async function runJob(engine: Engine, job: Job): Promise<void> {
  await engine.exclusively(async () => {
    const [run] = await engine.query<{ runid: number }>(
      `insert into cron.job_run_details (jobid, database, username, command, status, start_time)
       values ($1, current_database(), current_user, $2, 'running', clock_timestamp()) returning runid::int`,
      [job.jobid, job.command],
    );
    // One session for everybody: a job that stays to wait for work would keep all others out.
    await engine.exec("set loopwise.linger_seconds = 0");
    const [status, message] = await outcome(engine, job.command);
    // A server gives each job a session of its own; here the next user of the session must not find any trace.
    await engine.exec("reset role; reset all; discard temp; select pg_advisory_unlock_all()");
    await engine.query(
      "update cron.job_run_details set status = $2, return_message = $3, end_time = clock_timestamp() where runid = $1",
      [run?.runid, status, message],
    );
  });
}

async function outcome(engine: Engine, command: string): Promise<[status: string, message: string]> {
  try {
    const rows = (await engine.exec(command)).at(-1)?.length ?? 0;
    return ["succeeded", rows === 1 ? "1 row" : `${rows} rows`];
  } catch (error) {
    await engine.exec("rollback");
    return ["failed", `ERROR:  ${(error as Error).message}`];
  }
}
