/** Eight workers on the messages of the same people, through days with a changed clock: how often a person got one too many. */
import postgres from "postgres";
import { newBrand } from "./brand.ts";

export interface Capped {
  sends: number;
  /** Sends beyond a cap, as counted from the ledger afterwards. */
  breaches: number;
  /** Sends in the quiet hours of the person. */
  atNight: number;
  days: number;
}

const WORKERS = 8;
const ROLLING = { hours: 20, sends: 2 };
const DAILY = 2;
const WEEKLY = 7;
const STEP_MINUTES = 11;
const ZONES = [
  "Europe/Berlin",
  "America/New_York",
  "Asia/Kathmandu",
  "Pacific/Kiritimati",
  "Australia/Lord_Howe",
  "Africa/Cairo",
];

export async function sendUnderCaps(
  databaseUrl: string,
  from: string,
  days: number,
  people: number,
): Promise<Capped> {
  const sql = postgres(databaseUrl, { max: WORKERS, onnotice: () => {} });
  try {
    const brand = await newBrand(sql, {
      people,
      stimuli: 10 * days,
      channel: "alternating",
      deployedAt: from,
      zones: ZONES,
    });
    await sql`
      insert into stimuli.frequency_caps (brand_id, channel, window_kind, window_hours, max_sends)
      values (${brand}, null, 'rolling', ${ROLLING.hours}, ${ROLLING.sends}), (${brand}, null, 'local_day', null, ${DAILY}),
        (${brand}, null, 'local_week', null, ${WEEKLY}), (${brand}, 'email', 'local_day', null, 1)`;
    // One clock for all, that goes on by a step whenever a worker looks at it.
    let minutes = 0;
    const now = () => {
      minutes += STEP_MINUTES / WORKERS;
      return new Date(Date.parse(from) + minutes * 60_000);
    };
    await Promise.all(
      Array.from({ length: WORKERS }, (_, n) =>
        work(sql, `w${n}`, now, Date.parse(from) + days * 86_400_000),
      ),
    );
    return { ...(await count(sql, brand)), days };
  } finally {
    await sql.end();
  }
}

async function work(sql: postgres.Sql, worker: string, now: () => Date, until: number): Promise<void> {
  for (let at = now(); at.getTime() < until; at = now()) {
    const claimed =
      await sql`select deployment_id, fencing_token from stimuli.claim_deliveries(${worker}, 20, ${at})`;
    if (claimed.length === 0) continue;
    const results = claimed.map((row) => ({
      ...row,
      fencing_token: Number(row.fencing_token),
      verdict: Math.random() < 0.05 ? "unknown" : "sent",
    }));
    await sql`select stimuli.finish_deliveries(${sql.json(results as never)}, ${at})`;
  }
}

async function count(sql: postgres.Sql, brand: string): Promise<Omit<Capped, "days">> {
  const [row] = await sql`
    with sends as materialized (
      select d.actor_id, d.deployment_channel as channel, d.handed_over_at as at, d.handed_over_at at time zone w.time_zone as local
      from stimuli.stimulus_deployments d join stimuli.contact_preferences w on w.brand_id = d.brand_id and w.actor_id = d.actor_id
      where d.brand_id = ${brand} and d.handed_over_at is not null
    )
    select (select count(*) from sends)::int as sends,
      (select count(*) from sends where local::time >= '21:00' or local::time < '08:00')::int as night,
      (select count(*) from (select at - lag(at, ${ROLLING.sends}::integer) over (partition by actor_id order by at) as gap from sends) g
        where gap < ${ROLLING.hours} * interval '1 hour')::int
      + (select coalesce(sum(n - ${DAILY}), 0) from (select count(*) as n from sends group by actor_id, local::date) g where n > ${DAILY})::int
      + (select coalesce(sum(n - 1), 0) from (select count(*) as n from sends where channel = 'email' group by actor_id, local::date) g where n > 1)::int
      + (select coalesce(sum(n - ${WEEKLY}), 0) from (select count(*) as n from sends group by actor_id, date_trunc('week', local)) g where n > ${WEEKLY})::int
      as breaches`;
  return { sends: row?.sends as number, breaches: row?.breaches as number, atNight: row?.night as number };
}
