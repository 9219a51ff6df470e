/** How fast the queue hands over and takes answers, with every check, beside the two bare updates that it comes to. */
import postgres from "postgres";
import { startStack } from "../../stack/start.ts";
import { neverQuiet, newBrand } from "../accuracy-loop/sending/brand.ts";
import type { BenchRow } from "../row.ts";

const MESSAGES = 40_000;
const BATCH = 200;

export async function sendingRows(): Promise<BenchRow[]> {
  const stack = await startStack({ engine: "native", cron: false });
  const sql = postgres(stack.engine.databaseUrl as string, { max: 1, onnotice: () => {} });
  try {
    const recipients = {
      people: MESSAGES,
      stimuli: 1,
      channel: "email",
      deployedAt: "2026-06-01T00:00:00Z",
    } as const;
    const brand = await newBrand(sql, recipients);
    await neverQuiet(sql, brand);
    await sql`insert into stimuli.frequency_caps (brand_id, window_kind, window_hours, max_sends) values (${brand}, 'rolling', 24, 3)`;
    const queue = await perSecond(() => claimAndFinish(sql));
    const bare = await perSecond(
      () => updateTwice(sql),
      await newBrand(sql, recipients).then(() => MESSAGES),
    );
    return [
      {
        what: `hand-over and answer with all checks, ${BATCH} at a time, of ${MESSAGES.toLocaleString("en")}`,
        figure: queue,
        unit: "messages/s",
        bar: "at least 500",
        rival: `two bare updates of the same rows: ${Math.round(bare).toLocaleString("en")}/s, ${(bare / queue).toFixed(1)} times as fast`,
        passed: queue >= 500,
      },
    ];
  } finally {
    await sql.end();
    await stack.close();
  }
}

async function perSecond(work: () => Promise<number>, expected = MESSAGES): Promise<number> {
  const started = performance.now();
  let done = 0;
  for (let batch = await work(); batch > 0; batch = await work()) done += batch;
  if (done !== expected) throw new Error(`${done} messages instead of ${expected}`);
  return (done / (performance.now() - started)) * 1000;
}

async function claimAndFinish(sql: postgres.Sql): Promise<number> {
  const claimed =
    await sql`select deployment_id, fencing_token from stimuli.claim_deliveries('bench', ${BATCH})`;
  if (claimed.length > 0) {
    const results = claimed.map((row) => ({
      ...row,
      fencing_token: Number(row.fencing_token),
      verdict: "sent",
    }));
    await sql`select stimuli.finish_deliveries(${sql.json(results as never)})`;
  }
  return claimed.length;
}

async function updateTwice(sql: postgres.Sql): Promise<number> {
  const taken = await sql`
    update stimuli.stimulus_deployments d
    set delivery_status = 'sending', lease_until = now(), handed_over_at = now(), fencing_token = d.fencing_token + 1
    from (select id from stimuli.stimulus_deployments where delivery_status = 'pending' limit ${BATCH} for update skip locked) n
    where d.id = n.id returning d.id`;
  if (taken.length > 0)
    await sql`update stimuli.stimulus_deployments set delivery_status = 'sent', lease_until = null, sent_at = now() where id = any (${taken.map((row) => row.id as string)})`;
  return taken.length;
}
