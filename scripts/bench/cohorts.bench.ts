/** Speed of finding cohorts, beside scikit-learn on the same vectors in the same run, and of placing people between runs. */
import { readFileSync } from "node:fs";
import postgres from "postgres";
import { startStack } from "../stack/start.ts";
import { mixture } from "./generators/mixture.ts";
import { compareGrowth } from "./growth.ts";
import { installSklearn, runSklearn } from "./rivals/sklearn.ts";
import type { BenchRow } from "./row.ts";
import { plantVectors } from "./vectors.ts";

const SIZES = [1_000, 10_000, 100_000];
const BESIDE_KMEANS = 10_000;
const BESIDE_HDBSCAN = 100_000;
/** Seconds that HDBSCAN is waited for; less shortens the run and says less about a discovery that takes as long. */
const PATIENCE = Number(process.env.LOOPWISE_BENCH_PATIENCE ?? 900);
const CHANGED = 1_000;
const NOW = "2026-06-01T00:00:00Z";

export async function bench(): Promise<BenchRow[]> {
  await installSklearn();
  const stack = await startStack({ engine: "native", cron: false });
  const connect = () => postgres(stack.engine.databaseUrl as string, { max: 1, onnotice: () => {} });
  const sql = connect();
  try {
    const rows: BenchRow[] = [];
    const seconds = new Map<number, number>();
    for (const size of SIZES) {
      const points = mixture(1, size, 32);
      const found = await discover(sql, await plantVectors(sql, `${size} people`, points, 32));
      seconds.set(size, found.seconds);
      if (size === BESIDE_KMEANS) rows.push(...(await besideKMeans(found, points)));
    }
    rows.push(...compareGrowth("discovery, 32 dimensions", seconds));

    const points = mixture(2, BESIDE_HDBSCAN, 64);
    const brand = await plantVectors(sql, `${BESIDE_HDBSCAN} people, 64 dimensions`, points, 64);
    // A session of its own: the peak of the others has their loading in it.
    const fresh = connect();
    const memory = await watchMemory(fresh);
    const found = await discover(fresh, brand);
    rows.push(memory());
    await fresh.end();
    rows.push(await assignChanged(sql, brand));
    rows.push(await besideHdbscan(found, points));
    return rows;
  } finally {
    await sql.end();
    await stack.close();
  }
}

interface Discovery {
  seconds: number;
  cohorts: number;
  max_k: number;
  rounds: number;
}

async function discover(sql: postgres.Sql, brand: string): Promise<Discovery> {
  await sql`analyze`;
  const started = performance.now();
  const [run] = await sql`select cohorts.discover(${brand}, 'auto', 42, ${NOW}) as id`;
  const seconds = (performance.now() - started) / 1000;
  const [row] = await sql`
    select discovered_cohort_count as cohorts, input_actor_count as actors, input_vector_dimensions as dimensions,
      (parameters ->> 'max_k')::integer as max_k, (parameters ->> 'rounds')::integer as rounds
    from cohorts.clustering_runs where id = ${run?.id}`;
  console.error(
    `  discovery, ${row?.actors} × ${row?.dimensions}: ${row?.cohorts} cohorts, ${seconds.toFixed(1)} s`,
  );
  return { ...(row as unknown as Discovery), seconds };
}

async function besideKMeans(found: Discovery, points: Float32Array): Promise<BenchRow[]> {
  const rival = await runSklearn<{ sweep: number; search: number }>(
    "kmeans",
    [32, found.max_k, found.rounds, 1],
    points,
  );
  const { sweep, search } = rival as NonNullable<typeof rival>;
  const what = `discovery, ${BESIDE_KMEANS.toLocaleString("en")} × 32 : scikit-learn's KMeans`;
  const ratio = (seconds: number) => ({
    figure: found.seconds / seconds,
    unit: "×",
    rival: `${found.seconds.toFixed(1)} s : ${seconds.toFixed(1)} s`,
  });
  return [
    {
      ...ratio(search),
      what: `${what}, k to ${found.max_k} with ${found.rounds} bootstrap rounds each, as ours`,
      bar: "at most 3",
      passed: found.seconds <= 3 * search,
    },
    { ...ratio(sweep), what: `${what} alone for each k, no stability`, bar: "none", passed: true },
  ];
}

async function besideHdbscan(found: Discovery, points: Float32Array): Promise<BenchRow> {
  const rival = await runSklearn<{ seconds: number; clusters: number; noise: number }>(
    "hdbscan",
    [64],
    points,
    PATIENCE,
  );
  const bar = rival?.seconds ?? PATIENCE;
  return {
    what: `discovery, ${BESIDE_HDBSCAN.toLocaleString("en")} × 64, beside scikit-learn's HDBSCAN`,
    figure: found.seconds,
    unit: "s",
    bar: `at most ${bar.toPrecision(3)}`,
    rival: rival
      ? `${rival.clusters} clusters, ${Math.round(100 * rival.noise)}% noise; ours ${found.cohorts} cohorts`
      : `more than ${PATIENCE} s: stopped then`,
    passed: found.seconds <= bar,
  };
}

/** Peak of the memory of a session's process from now on, as the system counts it: shared buffers are in it. */
async function watchMemory(sql: postgres.Sql): Promise<() => BenchRow> {
  const [row] = await sql`select pg_backend_pid() as pid`;
  const megabytes = (field: string) => {
    const status = readFileSync(`/proc/${row?.pid}/status`, "utf8");
    return Number(status.match(new RegExp(`^${field}:\\s+(\\d+) kB`, "m"))?.[1]) / 1024;
  };
  const start = megabytes("VmHWM");
  return () => {
    const figure = megabytes("VmHWM") - start;
    return {
      what: `memory of a discovery, ${BESIDE_HDBSCAN.toLocaleString("en")} × 64, at its peak`,
      figure,
      unit: "MB",
      bar: "at most 512",
      rival: `of them shared buffers ${megabytes("RssShmem").toFixed(0)}; the vectors alone ${(BESIDE_HDBSCAN * 64 * 4) / 1e6}`,
      passed: figure <= 512,
    };
  };
}

/** People whose beliefs changed since the run (here each has the vector of the next one), placed one by one. */
async function assignChanged(sql: postgres.Sql, brand: string): Promise<BenchRow> {
  const changed = await sql`
    with one as (
      select v.id, v.actor_id, lead(v.vector_data) over (order by v.actor_id) as next
      from actors.actor_belief_vectors v where v.brand_id = ${brand} and v.is_current
      order by v.actor_id limit ${CHANGED}
    )
    update actors.actor_belief_vectors v set vector_data = one.next from one
    where v.brand_id = ${brand} and v.id = one.id returning v.actor_id`;
  const times: number[] = [];
  for (const { actor_id } of changed) {
    const started = performance.now();
    await sql`select * from cohorts.assign_actor(${brand}, ${actor_id}, ${NOW})`;
    times.push(performance.now() - started);
  }
  const sorted = times.toSorted((a, b) => a - b);
  const p95 = sorted[Math.ceil(times.length * 0.95) - 1] as number;
  return {
    what: `changed actor placed at ${BESIDE_HDBSCAN.toLocaleString("en")} actors, p95 of ${CHANGED.toLocaleString("en")}`,
    figure: p95,
    unit: "ms",
    bar: "below 50",
    rival: `median ${(sorted[Math.floor(times.length / 2)] as number).toFixed(1)} ms`,
    passed: p95 < 50,
  };
}
