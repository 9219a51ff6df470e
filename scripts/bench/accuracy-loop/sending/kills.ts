/** Messages sent by workers that are killed at random moments, while people opt out: who got what, how often, and when. */
import { type ChildProcess, spawn } from "node:child_process";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type postgres from "postgres";
import { neverQuiet, newBrand } from "./brand.ts";
import { type Provider, startProvider } from "./provider.ts";

export interface Killed {
  messages: number;
  kills: number;
  /** Neither sent nor stopped by the wish of the person. */
  lost: number;
  /** Reached a provider that knows no keys more than once. */
  twice: number;
  /** Hand-overs with a known key, each of which a provider that knows keys drops. */
  repeated: number;
  held: number;
  /** The longest time from an opt-out to a hand-over after it, in milliseconds; opt-outs and what they stopped. */
  latest: number;
  optOuts: number;
  stopped: number;
  seconds: number;
}

const WORKERS = 2;
const LEASE_SECONDS = 4;
const OPT_OUTS = 200;

export async function sendAndKill(
  sql: postgres.Sql,
  databaseUrl: string,
  messages: number,
  kills: number,
): Promise<Killed> {
  await sql`select core.set_parameter('stimuli.send_lease_seconds', to_jsonb(${LEASE_SECONDS}::integer))`;
  await sql`select core.set_parameter('stimuli.retry_base_seconds', '0.5')`;
  const brand = await newBrand(sql, {
    people: messages / 2,
    stimuli: 2,
    channel: "alternating",
    deployedAt: "2026-06-01T00:00:00Z",
  });
  await neverQuiet(sql, brand);
  const provider = await startProvider();
  const crew = new Crew(databaseUrl, provider.url);
  const started = performance.now();
  try {
    const optOuts = await endure(sql, brand, crew, provider, messages, kills);
    const held = await settle(sql, brand, provider);
    await idle(sql, brand);
    return {
      ...(await judge(sql, brand, provider, optOuts)),
      messages,
      kills,
      held,
      seconds: (performance.now() - started) / 1000,
    };
  } finally {
    crew.stop();
    await provider.close();
  }
}

/** Workers, of which one that dies is followed by another. */
class Crew {
  readonly #running = new Set<ChildProcess>();
  readonly #args: string[];
  #isStopped = false;

  constructor(databaseUrl: string, providerUrl: string) {
    this.#args = ["--import", "tsx", join(import.meta.dirname, "send-worker.ts"), databaseUrl, providerUrl];
    for (let n = 0; n < WORKERS; n += 1) this.#start();
  }

  #start(): void {
    const child = spawn(process.execPath, [...this.#args, "bench"], {
      stdio: ["ignore", "ignore", "inherit"],
    });
    this.#running.add(child);
    child.once("exit", () => {
      this.#running.delete(child);
      if (!this.#isStopped) this.#start();
    });
  }

  killOne(): void {
    const all = [...this.#running];
    all[Math.floor(Math.random() * all.length)]?.kill("SIGKILL");
  }

  stop(): void {
    this.#isStopped = true;
    for (const child of this.#running) child.kill("SIGKILL");
  }
}

/** Kills and opt-outs come when the provider has seen so many messages: all through the work, however fast it is. */
async function endure(
  sql: postgres.Sql,
  brand: string,
  crew: Crew,
  provider: Provider,
  messages: number,
  kills: number,
) {
  const optOuts = new Map<string, number>();
  const moments = (count: number) =>
    Array.from({ length: count }, (_, k) => ((k + Math.random()) / (count + 1)) * messages * 0.9);
  const [deaths, wishes] = [moments(kills), moments(OPT_OUTS)];
  while (deaths.length + wishes.length > 0) {
    const seen = provider.arrivals.length;
    if ((deaths[0] ?? Number.POSITIVE_INFINITY) <= seen) {
      deaths.shift();
      crew.killOne();
    }
    if ((wishes[0] ?? Number.POSITIVE_INFINITY) <= seen) {
      wishes.shift();
      await optOut(sql, brand, optOuts);
    }
    await sleep(5);
  }
  await idle(sql, brand);
  return optOuts;
}

/** Of somebody whose message is being handed over at this very moment. */
async function optOut(sql: postgres.Sql, brand: string, optOuts: Map<string, number>): Promise<void> {
  const [row] = await sql`
    select d.actor_id as id from stimuli.stimulus_deployments d
    where d.brand_id = ${brand} and d.delivery_status = 'sending' order by d.lease_until desc, d.id desc limit 1`;
  const person = row?.id as string | undefined;
  if (!person || optOuts.has(person)) return;
  optOuts.set(person, Date.now());
  await sql`select stimuli.record_consent(${brand}, ${person}, c, 'marketing', false, 'form') from unnest('{email,push}'::stimuli.channel[]) c`;
}

async function idle(sql: postgres.Sql, brand: string): Promise<void> {
  for (;;) {
    const [row] = await sql`
      select count(*)::int as left from stimuli.stimulus_deployments d where d.brand_id = ${brand} and d.delivery_status in ('pending', 'sending')`;
    if (row?.left === 0) return;
    await sleep(250);
  }
}

/** What is held: the provider's events tell of those that it got, a manager sends the others again. */
async function settle(sql: postgres.Sql, brand: string, provider: Provider): Promise<number> {
  const held = await sql`select deployment_id as id from stimuli.held_deliveries where brand_id = ${brand}`;
  const arrived = new Set(provider.arrivals.map(({ key }) => key));
  const known = held.filter((row) => arrived.has(`loopwise-${row.id}`));
  for (let from = 0; from < known.length; from += 500) {
    const events = known
      .slice(from, from + 500)
      .map(({ id }) => ({ event_id: `e-${id}`, type: "delivered", deployment_id: id }));
    await sql`select count(*) from stimuli.record_events(${brand}, 'bench', ${sql.json(events)})`;
  }
  for (const { id } of held.filter((row) => !arrived.has(`loopwise-${row.id}`)))
    await sql`select count(*) from stimuli.settle_delivery(${brand}, ${id}, 'send_again')`;
  return held.length;
}

async function judge(sql: postgres.Sql, brand: string, provider: Provider, optOuts: Map<string, number>) {
  const rows = await sql`
    select 'loopwise-' || d.id as key, d.actor_id, d.deployment_channel as channel, d.delivery_status as status, d.reason_code as reason
    from stimuli.stimulus_deployments d where d.brand_id = ${brand}`;
  const arrivals = new Map<string, number[]>();
  for (const { key, at } of provider.arrivals) arrivals.set(key, [...(arrivals.get(key) ?? []), at]);
  const result = { lost: 0, twice: 0, repeated: 0, latest: 0, optOuts: optOuts.size, stopped: 0 };
  for (const row of rows) {
    const times = arrivals.get(row.key) ?? [];
    const optedOutAt = optOuts.get(row.actor_id) ?? Number.POSITIVE_INFINITY;
    const isStopped =
      row.status === "cancelled" && /^(consent_withdrawn|suppressed_unsubscribe)$/.test(row.reason);
    if (isStopped && optedOutAt < Number.POSITIVE_INFINITY) result.stopped += 1;
    else if (times.length === 0 || !/^(sent|delivered|unknown)$/.test(row.status)) result.lost += 1;
    if (times.length > 1 && row.channel === "email") result.twice += 1;
    if (times.length > 1 && row.channel === "push") result.repeated += times.length - 1;
    for (const at of times) result.latest = Math.max(result.latest, at - optedOutAt);
  }
  return result;
}
