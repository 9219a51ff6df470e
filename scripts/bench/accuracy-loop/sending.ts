/** At-least-once delivery that can be trusted: killed workers, opt-outs, frequency caps through changes of the clock. */
import postgres from "postgres";
import { startStack } from "../../stack/start.ts";
import type { BenchRow } from "../row.ts";
import { type Capped, sendUnderCaps } from "./sending/caps.ts";
import { type Killed, sendAndKill } from "./sending/kills.ts";

const MESSAGES = 100_000;
const KILLS = 50;
/** Weeks in which clocks change in Europe, North America, Australia and Egypt. */
const WEEKS = [
  "2026-03-06T00:00:00Z",
  "2026-03-26T00:00:00Z",
  "2026-10-22T00:00:00Z",
  "2026-10-29T00:00:00Z",
];

export async function sendingRows(): Promise<BenchRow[]> {
  const stack = await startStack({ engine: "native", cron: false });
  const url = stack.engine.databaseUrl as string;
  const sql = postgres(url, { max: 4, onnotice: () => {} });
  try {
    const capped: Capped[] = [];
    for (const week of WEEKS) capped.push(await sendUnderCaps(url, week, 4, 60));
    return [...killRows(await sendAndKill(sql, url, MESSAGES, KILLS)), ...capRows(capped)];
  } finally {
    await sql.end();
    await stack.close();
  }
}

function killRows(killed: Killed): BenchRow[] {
  const run = `${killed.messages.toLocaleString("en")} messages, ${killed.kills} kills`;
  const none = (what: string, figure: number, rival: string): BenchRow => ({
    what: `${run}: ${what}`,
    figure,
    unit: "messages",
    bar: "0",
    rival,
    passed: figure === 0,
  });
  return [
    none("lost", killed.lost, `${Math.round(killed.messages / killed.seconds)} messages/s all along`),
    none(
      "twice to a provider that knows no keys",
      killed.twice,
      `${killed.held} were held and settled; a blind repeat would have sent those that had gone twice`,
    ),
    {
      what: `hand-over after an opt-out, the latest of ${killed.optOuts} people`,
      figure: killed.latest / 1000,
      unit: "s",
      bar: "at most 1",
      rival: `${killed.stopped} messages stopped, ${killed.repeated} keys repeated to a provider that drops them`,
      passed: killed.latest <= 1_000 && killed.stopped > 0,
    },
  ];
}

function capRows(capped: Capped[]): BenchRow[] {
  const total = (of: (one: Capped) => number) => capped.reduce((sum, one) => sum + of(one), 0);
  const sends = total((one) => one.sends);
  const row = (what: string, figure: number): BenchRow => ({
    what,
    figure,
    unit: "sends",
    bar: "0",
    rival: `${sends.toLocaleString("en")} sends by 8 workers in ${capped.length} weeks with a changed clock, 6 zones`,
    passed: figure === 0 && sends > 1_000,
  });
  return [
    row(
      "sends beyond a cap (rolling, local day, local week)",
      total((one) => one.breaches),
    ),
    row(
      "sends in the quiet hours of the person",
      total((one) => one.atNight),
    ),
  ];
}
