/** Speed of identity resolution: pairs scored beside the bare self-join of their blocks, and signals matched at 100,000 people. */
import postgres from "postgres";
import { createRandom, type Random } from "../demo/random.ts";
import { startStack } from "../stack/start.ts";
import { ingest, newBrand, NOW } from "./accuracy/people.ts";
import { multichannel } from "./generators/multichannel.ts";
import type { BenchRow } from "./row.ts";

const PEOPLE = Number(process.env.LOOPWISE_BENCH_PEOPLE ?? 100_000);
const BATCH = 250;
const BATCHES = 20;
const ROUNDS = 5;
/** People of the multi-channel generator that have 10,000 and 100,000 records. */
const RESOLVED = [4_800, 48_000];
/** What a larger machine state (caches, disk) may add to n log n. */
const SLACK = 1.25;

interface Person {
  given: string;
  family: string;
  email: string;
  phone: string;
  city: string;
}

export async function bench(): Promise<BenchRow[]> {
  const stack = await startStack({ engine: "native", cron: false });
  const sql = postgres(stack.engine.databaseUrl as string, { max: 1, onnotice: () => {} });
  try {
    const brand = await newBrand(sql);
    const people = town(createRandom(1));
    let sent = 0;
    const send = async (rows: object[]) => {
      for (let at = 0; at < rows.length; at += 1000) {
        const signals = rows.slice(at, at + 1000).map((row) => signal(row, sent++));
        await sql`select count(*) from signals.ingest(${brand}, ${sql.json(signals as never)}, null, ${NOW})`;
      }
    };
    const loaded = await timed(async () => {
      for (let at = 0; at < people.length; at += 5000) {
        await send(people.slice(at, at + 5000).map(asSeenFirst));
        await sql`select actors.process_signals(${brand}, 5000, ${NOW})`;
      }
    });
    await sql`vacuum analyze`;

    const latencies: number[] = [];
    const random = createRandom(2);
    for (let i = 0; i < BATCHES; i++) {
      await send(Array.from({ length: BATCH }, () => asSeenAgain(random, random.pick(people))));
      latencies.push(
        (await timed(() => sql`select actors.process_signals(${brand}, ${BATCH}, ${NOW})`)) / BATCH,
      );
    }
    const p95 = latencies.toSorted((a, b) => a - b)[Math.ceil(BATCHES * 0.95) - 1] as number;

    const join: number[] = [];
    const scored: number[] = [];
    let pairs = 0;
    for (let i = 0; i < ROUNDS; i++) {
      join.push(
        await timed(async () => {
          const [row] =
            await sql`select count(*)::integer as n from private.identity_candidates(${brand}, null)`;
          pairs = row?.n as number;
        }),
      );
      scored.push(
        await timed(
          () => sql`
            with pairs as materialized (
              select array_agg(record_a) as a, array_agg(record_b) as b from private.identity_candidates(${brand}, null)
            )
            select count(*)
            from pairs p cross join lateral private.score_identities(${brand}, p.a, p.b, private.identity_model_of(${brand}), 0.02) s`,
        ),
      );
    }
    const cost = median(scored) / median(join);
    const [small, large] = [
      await resolve(sql, RESOLVED[0] as number),
      await resolve(sql, RESOLVED[1] as number),
    ];
    const allowed =
      ((SLACK * large.records * Math.log(large.records)) / (small.records * Math.log(small.records))) *
      small.time;
    return [
      {
        what: `${pairs.toLocaleString("en")} pairs found and scored : bare self-join of the same blocks`,
        figure: cost,
        unit: "×",
        bar: "at most 3",
        rival: `${median(scored).toFixed(0)} ms : ${median(join).toFixed(0)} ms`,
        passed: cost <= 3,
      },
      {
        what: "candidate pairs scored",
        figure: (pairs / median(scored)) * 1000,
        unit: "pairs/s",
        bar: "none",
        rival: "with their self-join",
        passed: true,
      },
      {
        what: `signal matched and learnt from at ${PEOPLE.toLocaleString("en")} people, p95 of batches of ${BATCH}`,
        figure: p95,
        unit: "ms/signal",
        bar: "below 50",
        rival: `first ${PEOPLE.toLocaleString("en")}: ${(loaded / PEOPLE).toFixed(2)} ms each with intake`,
        passed: p95 < 50,
      },
      {
        what: `all ${large.records.toLocaleString("en")} records of a brand resolved anew`,
        figure: large.time / 1000,
        unit: "s",
        bar: `at most ${(allowed / 1000).toFixed(0)}: n log n`,
        rival: `${small.records.toLocaleString("en")} records: ${(small.time / 1000).toFixed(1)} s`,
        passed: large.time <= allowed,
      },
    ];
  } finally {
    await sql.end();
    await stack.close();
  }
}

/** A brand that has its people already is resolved once more, as every night: the time of that. */
async function resolve(sql: postgres.Sql, people: number): Promise<{ records: number; time: number }> {
  const records = multichannel(1, people);
  const brand = await newBrand(sql);
  await ingest(sql, brand, records);
  for (let at = 0; at < records.length; at += 5000)
    await sql`
      select private.index_records(${brand}, private.note_identity_records(${brand}, array(
        select r from private.read_identities(array(
          select id from signals.signals_base where brand_id = ${brand} order by id offset ${at} limit 5000)) r)))`;
  await sql`analyze`;
  const again = () => sql`select private.resolve_identity(${brand}, ${NOW})`;
  await again();
  return { records: records.length, time: await timed(again) };
}

function town(random: Random): Person[] {
  const syllables = "ma ri lu ka san to el vi ber no da fi jo pe an gor le za qui mon".split(" ");
  const word = (length: number) => Array.from({ length }, () => random.pick(syllables)).join("");
  const given = Array.from({ length: 900 }, (_, i) => word(2 + (i % 2)));
  const family = Array.from({ length: 9000 }, (_, i) => word(2 + (i % 3)));
  const cities = Array.from({ length: 300 }, () => word(3));
  return Array.from({ length: PEOPLE }, (_, number) => {
    const first = given[Math.floor(given.length * random.next() ** 1.8)] as string;
    const last = family[Math.floor(family.length * random.next() ** 1.8)] as string;
    return {
      given: first,
      family: last,
      email: `${first}.${last}${number}@mail.example`,
      phone: `+447${String(random.integer(1_000_000_000)).padStart(9, "0")}`,
      city: random.pick(cities),
    };
  });
}

const asSeenFirst = ({ given, family, email, city }: Person) => ({
  identifiers: { email },
  person: { given_name: given, family_name: family, city },
});

/** Four in ten as before, the others with something else of them: a telephone, both, a name without anything. */
function asSeenAgain(random: Random, one: Person) {
  const chance = random.next();
  if (chance < 0.4) return asSeenFirst(one);
  const { given, family, email, phone, city } = one;
  if (chance < 0.6) return { identifiers: { email, phone } };
  if (chance < 0.8) return { identifiers: { phone }, person: { given_name: given, family_name: family } };
  return { person: { given_name: given, family_name: family, city } };
}

function signal(row: object, number: number) {
  return {
    ...row,
    type: "web_behavior",
    source_platform: "bench",
    source_id: `s${number}`,
    occurred_at: new Date(Date.UTC(2026, 0, 1) + number * 60_000).toISOString(),
    data: { session_id: `s${number}`, page_url: "https://shop.example/wine/1", action_type: "page_view" },
  };
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await work();
  return performance.now() - start;
}

function median(values: number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] as number;
}
