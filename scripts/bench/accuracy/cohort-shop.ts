/**
 * Done-when 5 of the cohorts: a real shop. Its cohorts are found from the first nine months, through intake, beliefs and
 * vectors as in production; then it is looked what their members spent in the next three.
 */
import { existsSync } from "node:fs";
import { join } from "node:path";
import type postgres from "postgres";
import { readOrders } from "../../demo/orders/read.ts";
import { mean, rankCorrelation } from "../../demo/scoring.ts";
import type { WireSignal } from "../../demo/wire.ts";
import type { BenchRow } from "../row.ts";

const FILE = join(
  process.env.LOOPWISE_DATA ?? join(import.meta.dirname, "../../../../shared/data"),
  "online-retail.csv.gz",
);
const CUT = Date.parse("2011-09-01T00:00:00Z");
const END = Date.parse("2011-12-01T00:00:00Z");
const BATCH = 500;
const SEEDS = [1, 2, 3];

export async function shopRows(sql: postgres.Sql): Promise<BenchRow[]> {
  if (!existsSync(FILE)) {
    console.error(`  the real shop is left out: there is no ${FILE}`);
    return [];
  }
  const { signals } = await readOrders(FILE);
  const at = (signal: WireSignal) => Date.parse(signal.occurred_at as string);
  const [row] = await sql`
    insert into core.brands (id, brand_name, brand_slug) values (md5('shop')::uuid, 'Shop', 'shop') returning id`;
  const brand = row?.id as string;
  await learn(
    sql,
    brand,
    signals.filter((signal) => at(signal) < CUT),
  );
  const later = spending(signals.filter((signal) => at(signal) >= CUT && at(signal) < END));
  const rows: BenchRow[] = [];
  for (const seed of SEEDS) rows.push(...(await judge(sql, brand, seed, later)));
  return rows;
}

async function learn(sql: postgres.Sql, brand: string, signals: WireSignal[]): Promise<void> {
  for (let from = 0; from < signals.length; from += BATCH) {
    const batch = sql.json(signals.slice(from, from + BATCH) as unknown as postgres.JSONValue);
    await sql`select count(*) from signals.ingest(${brand}, ${batch}, null, ${new Date(CUT)})`;
  }
  await sql`analyze`;
  for (let claimed = BATCH; claimed > 0; ) {
    const [row] = await sql`select claimed from actors.process_signals(${brand}, 1000, ${new Date(CUT)})`;
    claimed = row?.claimed as number;
  }
  await sql`select actors.refresh_vectors(${brand}, ${new Date(CUT)})`;
  await sql`analyze`;
}

function spending(signals: WireSignal[]): Map<string, number> {
  const spent = new Map<string, number>();
  for (const { identifiers, data } of signals) {
    const customer = identifiers?.customer_id as string | undefined;
    if (!customer) continue;
    const amount = Number(data?.total_amount) * (data?.order_status === "refunded" ? -1 : 1);
    spent.set(customer, (spent.get(customer) ?? 0) + amount);
  }
  return spent;
}

async function judge(
  sql: postgres.Sql,
  brand: string,
  seed: number,
  later: Map<string, number>,
): Promise<BenchRow[]> {
  const now = new Date(CUT + seed * 60_000);
  const [run] = await sql`select cohorts.discover(${brand}, 'auto', ${seed}, ${now}) as id`;
  const members = await sql`
    select c.id, c.cohort_name as name, c.cohort_description as description, c.stability_score as stability, a.primary_identifier as customer,
      exp(f.rate) * exp(f.value) * 91 as predicted
    from cohorts.cohorts c
    join cohorts.actor_cohort_membership m on m.brand_id = c.brand_id and m.cohort_id = c.id and m.is_active and m.membership_type = 'primary'
    join actors.actors a on a.brand_id = m.brand_id and a.id = m.actor_id
    cross join lateral (
      select max(x.value) filter (where x.component = 'behavior.purchase_rate') as rate, max(x.value) filter (where x.component = 'behavior.order_value') as value
      from (
        select b.component_name as component, b.mean_value + b.standard_deviation * (v.vector_data::real[])[b.position] as value
        from actors.actor_belief_vectors v join actors.belief_vector_components b on b.brand_id = v.brand_id
        where v.brand_id = m.brand_id and v.actor_id = m.actor_id and v.vector_name = 'belief' and v.is_current) x
    ) f
    where c.brand_id = ${brand} and c.last_run_id = ${run?.id}`;
  const ids = [...new Set(members.map(({ id }) => id as string))];
  const cohorts = ids
    .map((id) => members.filter((member) => member.id === id))
    .map((people) => ({
      name: people[0]?.name as string,
      description: people[0]?.description as string,
      stability: people[0]?.stability as number,
      size: people.length,
      predicted: mean(people.map(({ predicted }) => predicted as number)),
      realised: mean(people.map(({ customer }) => later.get(customer) ?? 0)),
    }));
  for (const c of cohorts)
    console.error(
      `  seed ${seed}: ${c.name} (${c.size}, stability ${c.stability.toFixed(2)}): ${c.predicted.toFixed(0)} predicted, ${c.realised.toFixed(0)} spent. ${c.description}`,
    );
  const cohortRho = rankCorrelation(cohorts.map((c) => [c.predicted, c.realised] as const));
  const byCohort = new Map(cohorts.map((c) => [c.name, c.predicted]));
  const personRho = rankCorrelation(
    members.map(({ name, customer }) => [byCohort.get(name) as number, later.get(customer) ?? 0] as const),
  );
  const stability = Math.min(...cohorts.map((c) => c.stability));
  const realised = cohorts.map((c) => c.realised);
  const what = `shop, seed ${seed}, ${cohorts.length} cohorts`;
  return [
    {
      what: `${what}: least stability`,
      figure: stability,
      unit: "Jaccard",
      bar: "at least 0.75",
      rival: `people in cohorts: ${members.length}`,
      passed: cohorts.length > 1 && stability >= 0.75,
    },
    {
      what: `${what}: rank correlation of mean predicted and realised spending of the next three months`,
      figure: cohortRho,
      unit: "rho",
      bar: "at least 0.9",
      rival: `by person (its cohort's prediction) ${personRho.toFixed(2)}; spent by cohort ${realised.map((value) => value.toFixed(0)).join(", ")}`,
      passed: cohortRho >= 0.9,
    },
  ];
}
