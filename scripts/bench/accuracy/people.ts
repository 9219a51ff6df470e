/** Records of a generator as signals of a brand, and what became of them. */
import type postgres from "postgres";
import { type PairScore, pairwise } from "../../demo/scoring.ts";
import type { IdentityRecord } from "../generators/multichannel.ts";

export const NOW = "2026-06-01T00:00:00Z";

export interface IdentityScore extends PairScore {
  /** B-cubed F1: precision and recall of the group that each single record finds itself in. */
  b3: number;
  /** Records of the largest person found, less those of the largest true one. */
  excess: number;
}

export async function newBrand(sql: postgres.Sql): Promise<string> {
  const [row] = await sql`
    insert into core.brands (brand_name, brand_slug) values ('Accuracy', 'accuracy-' || gen_random_uuid()) returning id`;
  return row?.id as string;
}

function toSignal(record: IdentityRecord, number: number) {
  const { given, family, phone, email, city, birth, street, house, postcode, region, customer } = record;
  const given_ = (fields: Record<string, string | undefined>) =>
    Object.fromEntries(Object.entries(fields).filter(([, value]) => value));
  return {
    type: "web_behavior",
    source_platform: "bench",
    source_id: `r${number}`,
    occurred_at: new Date(Date.UTC(2026, 0, 1) + number * 60_000).toISOString(),
    // What is no telephone number or address at all would be rejected with its signal: a sender leaves it out.
    identifiers: given_({
      phone: phone && /^\d+$/.test(phone) ? `+44${phone}` : undefined,
      email: email && /^[^@\s]+@[^@\s.]+\.[^@\s.]{2,}$/.test(email) ? email : undefined,
      customer_id: customer,
    }),
    person: given_({
      given_name: given,
      family_name: family,
      street,
      house_number: house,
      city,
      postcode,
      region,
      birth_date: birth && /^\d{4,8}$/.test(birth) ? birth : undefined,
    }),
    data: { session_id: `r${number}`, page_url: "https://shop.example/", action_type: "form_submit" },
  };
}

/** Takes in the records from `from` to `to`. */
export async function ingest(
  sql: postgres.Sql,
  brand: string,
  records: readonly IdentityRecord[],
  { from = 0, to = records.length } = {},
): Promise<void> {
  for (let at = from; at < to; at += 1000) {
    const signals = records.slice(at, Math.min(to, at + 1000)).map((record, i) => toSignal(record, at + i));
    const [row] = await sql`
      select count(*) filter (where verdict = 'accepted')::integer as accepted
      from signals.ingest(${brand}, ${sql.json(signals as never)}, null, ${NOW})`;
    if (row?.accepted !== signals.length)
      throw new Error(`${row?.accepted} of ${signals.length} records accepted`);
  }
}

/** Takes in the records from `from` to `to` and processes them in batches. */
export async function learn(
  sql: postgres.Sql,
  brand: string,
  records: readonly IdentityRecord[],
  { from = 0, to = records.length, batch = 1000 } = {},
): Promise<void> {
  await ingest(sql, brand, records, { from, to });
  for (;;) {
    const [run] = await sql`select claimed, failed from actors.process_signals(${brand}, ${batch}, ${NOW})`;
    if (run?.failed) throw new Error(`${run.failed} records failed`);
    if (!run?.claimed) return;
  }
}

/** The person found for each record so far; one that is nobody stands alone. */
export async function partition(sql: postgres.Sql, brand: string): Promise<Map<number, string>> {
  const rows = await sql<{ source: string; actor: string | null }[]>`
    select source_id as source, actor_id::text as actor from signals.signals_base where brand_id = ${brand}`;
  return new Map(rows.map(({ source, actor }) => [Number(source.slice(1)), actor ?? `nobody ${source}`]));
}

export async function score(
  sql: postgres.Sql,
  brand: string,
  records: readonly IdentityRecord[],
): Promise<IdentityScore> {
  const found = await partition(sql, brand);
  const items = [...found].map(([number, person]) => ({
    truth: (records[number] as IdentityRecord).person,
    found: person,
  }));
  const truth = tally(items.map((item) => item.truth));
  const people = tally(items.map((item) => item.found));
  const both = tally(items.map((item) => `${item.truth}|${item.found}`));
  let precision = 0;
  let recall = 0;
  for (const item of items) {
    const shared = both.get(`${item.truth}|${item.found}`) as number;
    precision += shared / (people.get(item.found) as number) / items.length;
    recall += shared / (truth.get(item.truth) as number) / items.length;
  }
  return {
    ...pairwise(items),
    b3: (2 * precision * recall) / (precision + recall),
    excess: Math.max(...people.values()) - Math.max(...truth.values()),
  };
}

/** Expected calibration error of the match probability over every pair that was compared, in ten bins. */
export async function calibrationError(
  sql: postgres.Sql,
  brand: string,
  records: readonly IdentityRecord[],
): Promise<{ all: number; likely: number }> {
  const pairs = await sql<{ probability: number; a: string; b: string }[]>`
    with pairs as materialized (
      select array_agg(record_a) as a, array_agg(record_b) as b from private.identity_candidates(${brand}, null)
    ), first as materialized (
      select identity_record_id as id, min(source_id) as source from signals.signals_base where brand_id = ${brand} group by 1
    )
    select s.probability, x.source as a, y.source as b
    from pairs p
    cross join lateral private.score_identities(${brand}, p.a, p.b, private.identity_model_of(${brand})) s
    join first x on x.id = s.record_a
    join first y on y.id = s.record_b`;
  const person = (source: string) => records[Number(source.slice(1))]?.person;
  const judged = pairs.map(({ probability, a, b }) => ({ probability, same: person(a) === person(b) }));
  return {
    all: binnedError(judged),
    likely: binnedError(judged.filter(({ probability }) => probability >= 0.02)),
  };
}

function binnedError(pairs: readonly { probability: number; same: boolean }[]): number {
  const bins = Array.from({ length: 10 }, () => 0);
  for (const { probability, same } of pairs) {
    const bin = Math.min(9, Math.floor(probability * 10));
    bins[bin] = (bins[bin] as number) + probability - Number(same);
  }
  return bins.reduce((sum, difference) => sum + Math.abs(difference), 0) / Math.max(1, pairs.length);
}

function tally(keys: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const key of keys) counts.set(key, (counts.get(key) ?? 0) + 1);
  return counts;
}
