/** Who is who: pairwise F1, B3, precision, calibration, increments and answers, all through the real SQL. */
import { basename } from "node:path";
import type postgres from "postgres";
import { febrlFiles, readFebrl } from "../generators/febrl.ts";
import { type IdentityRecord, multichannel } from "../generators/multichannel.ts";
import type { BenchRow } from "../row.ts";
import { calibrationError, learn, newBrand, NOW, partition, score } from "./people.ts";

const SEEDS = [21, 4, 7];
const ANSWERS = 50;

export async function identityRows(sql: postgres.Sql): Promise<BenchRow[]> {
  const rows: BenchRow[] = [];
  for (const seed of SEEDS) rows.push(...(await generated(sql, seed)));
  const files = febrlFiles();
  if (files.length === 0) {
    console.log("FEBRL skipped: no files in LOOPWISE_FEBRL, LOOPWISE_DATA or ../shared/data.");
  }
  for (const file of files) rows.push(...(await febrl(sql, file)));
  return rows;
}

const night = (sql: postgres.Sql, brand: string) => sql`select private.refresh_identity(${brand}, ${NOW})`;

/** Half of the records, a night's training, the other half as they come, and a full rerun on all of them. */
async function generated(sql: postgres.Sql, seed: number): Promise<BenchRow[]> {
  const records = multichannel(seed);
  const brand = await newBrand(sql);
  const half = Math.floor(records.length / 2);
  await learn(sql, brand, records, { to: half });
  await night(sql, brand);
  await learn(sql, brand, records, { from: half, batch: 250 });
  const grown = await score(sql, brand, records);
  await sql`select private.resolve_identity(${brand}, ${NOW})`;
  const rerun = await score(sql, brand, records);
  await night(sql, brand);
  const found = await score(sql, brand, records);
  const error = await calibrationError(sql, brand, records);
  const name = `multi-channel, seed ${seed}`;
  const rows = [
    atLeast(`${name}: pairwise F1`, found.f1, 0.7, "rival 0.651"),
    atLeast(`${name}: B3`, found.b3, 0.87, "rival 0.840"),
    atLeast(`${name}: precision of what is merged`, found.precision, 0.99, "rival 0.937 at p >= 0.9"),
    atLeast(`${name}: recall at that precision`, found.recall, 0.45, "rival 0.20 at 0.991"),
    atMost(
      `${name}: match ECE, all pairs compared`,
      error.all,
      0.03,
      `${error.likely.toFixed(3)} over pairs of p >= 0.02`,
    ),
    atMost(`${name}: largest person beyond the true one`, found.excess, 2, "rival 86 beyond"),
    atMost(
      `${name}: F1 of increments : of a rerun`,
      Math.abs(grown.f1 - rerun.f1),
      0.01,
      `${grown.f1.toFixed(4)} : ${rerun.f1.toFixed(4)}`,
    ),
  ];
  const taught = await answered(sql, brand, records, ANSWERS);
  rows.push(
    atLeast(
      `${name}: F1 gained by ${ANSWERS} answers`,
      taught - found.f1,
      0.001,
      `${found.f1.toFixed(4)} before`,
    ),
  );
  return rows;
}

/** Somebody who knows answers the questions that are asked first; F1 after the night that follows. */
async function answered(
  sql: postgres.Sql,
  brand: string,
  records: readonly IdentityRecord[],
  count: number,
): Promise<number> {
  const questions = await sql<{ id: string; a: string; b: string }[]>`
    select r.review_id as id, x.source as a, y.source as b
    from actors.reviews(${brand}, ${count}) r
    join actors.identity_reviews v on v.id = r.review_id
    cross join lateral (select min(source_id) as source from signals.signals_base where brand_id = ${brand} and identity_record_id = v.record_a) x
    cross join lateral (select min(source_id) as source from signals.signals_base where brand_id = ${brand} and identity_record_id = v.record_b) y`;
  const person = (source: string) => records[Number(source.slice(1))]?.person;
  for (const { id, a, b } of questions)
    await sql`select actors.answer_review(${id}, ${person(a) === person(b)}, null, ${NOW})`;
  await night(sql, brand);
  return (await score(sql, brand, records)).f1;
}

async function febrl(sql: postgres.Sql, file: string): Promise<BenchRow[]> {
  const records = readFebrl(file);
  const people = async () => {
    const brand = await newBrand(sql);
    await learn(sql, brand, records);
    await night(sql, brand);
    return { brand, found: canonical(await partition(sql, brand)), score: await score(sql, brand, records) };
  };
  const [first, second] = [await people(), await people()];
  const name = `FEBRL ${basename(file, ".csv")}`;
  return [
    atLeast(
      `${name}: pairwise F1, unsupervised`,
      first.score.f1,
      0.97,
      `precision ${first.score.precision.toFixed(4)}, recall ${first.score.recall.toFixed(4)}`,
    ),
    atMost(
      `${name}: records placed otherwise by a second run`,
      first.found.filter((at, i) => at !== second.found[i]).length,
      0,
      `${records.length} records`,
    ),
  ];
}

/** For each record the first record of its person: the same for the same partition, whatever the people's ids are. */
function canonical(found: Map<number, string>): number[] {
  const first = new Map<string, number>();
  const numbers = [...found.keys()].toSorted((a, b) => a - b);
  for (const number of numbers) {
    const person = found.get(number) as string;
    if (!first.has(person)) first.set(person, number);
  }
  return numbers.map((number) => first.get(found.get(number) as string) as number);
}

const atLeast = (what: string, figure: number, bar: number, rival: string): BenchRow => ({
  what,
  figure,
  unit: "",
  bar: `at least ${bar}`,
  rival,
  passed: figure >= bar,
});
const atMost = (what: string, figure: number, bar: number, rival: string): BenchRow => ({
  what,
  figure,
  unit: "",
  bar: `at most ${bar}`,
  rival,
  passed: figure <= bar,
});
