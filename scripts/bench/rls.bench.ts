/**
 * What row security costs: the newest 20 rows of a table of 500,000 rows and 1,000 brands, as a member through the
 * policy, beside the same query by the owner of the table with the brand written into it.
 */
import postgres from "postgres";
import { startStack } from "../stack/start.ts";
import type { BenchRow } from "./row.ts";

const ROWS = 500_000;
const BRANDS = 1_000;
const REPETITIONS = 200;

/** Tables whose newest rows clients list; each has an index led by brand_id on the column of its order. */
const lists = [
  { table: "signals.signals_base", order: "received_at" },
  { table: "actors.actors", order: "last_seen_at" },
  { table: "stimuli.stimulus_deployments", order: "deployed_at" },
  { table: "outcomes.outcomes", order: "outcome_timestamp" },
];

export async function bench(): Promise<BenchRow[]> {
  const stack = await startStack({ engine: "native", cron: false });
  const sql = postgres(stack.engine.databaseUrl as string, { max: 1, onnotice: () => {} });
  try {
    const { brand, user } = await prepare(sql);
    const rows: BenchRow[] = [];
    for (const list of lists) {
      await fill(stack.engine.execAsAdmin, list);
      rows.push(...(await compare(sql, list, brand, user)));
    }
    return rows;
  } finally {
    await sql.end();
    await stack.close();
  }
}

async function prepare(sql: postgres.Sql): Promise<{ brand: string; user: string }> {
  await sql`insert into core.brands (brand_name, brand_slug)
    select 'Brand ' || n, 'brand-' || n from generate_series(1, ${BRANDS}) n`;
  const [row] = await sql<{ brand: string; user: string }[]>`
    with person as (
      insert into auth.users (id, aud, role, email) values (gen_random_uuid(), 'authenticated', 'authenticated', 'bench@example.com')
      returning id
    )
    insert into core.users (brand_id, auth_user_id, email, role)
    select (select id from core.brands where brand_slug = 'brand-500'), id, 'bench@example.com', 'support' from person
    returning brand_id as brand, auth_user_id as user`;
  if (!row) throw new Error("No member was made");
  return row;
}

/** Rows without their parents: only the shape of the table and its indexes matter here. */
async function fill(
  execAsAdmin: (script: string) => Promise<void>,
  { table, order }: (typeof lists)[number],
) {
  await execAsAdmin(`
    set session_replication_role = replica;
    do $fill$
    declare
      v_columns text;
      v_values text;
    begin
      select string_agg(quote_ident(a.attname), ', '),
        string_agg(case
          when a.attname = 'brand_id' then 'b.id'
          when a.attname = '${order}' then 'now() - n * interval ''1 minute'''
          when a.atttypid = 'uuid'::regtype then 'gen_random_uuid()'
          when t.typtype = 'e' then (select quote_literal(min(e.enumlabel::text)) from pg_enum e where e.enumtypid = t.oid) || '::' || a.atttypid::regtype
          when t.typname = 'jsonb' then '''{}'''
          when t.typname = 'bytea' then 'sha256(n::text::bytea)'
          when t.typname = 'timestamptz' then case when a.attname ~ '_ends_at$' then '''2036-01-01''' else '''2020-01-01''' end
          when t.typname in ('float8', 'numeric', 'int4', 'int8') then '1'
          when t.typname = 'bool' then 'false'
          when c.label is not null then quote_literal(c.label)
          else '''x'' || n' end, ', ')
      into v_columns, v_values
      from pg_attribute a join pg_type t on t.oid = a.atttypid
      left join lateral (
        select substring(pg_get_constraintdef(k.oid) from '= ANY \\(ARRAY\\[''([^'']*)''') as label from pg_constraint k
        where k.conrelid = a.attrelid and k.contype = 'c' and k.conkey = array[a.attnum] and pg_get_constraintdef(k.oid) ~ 'ANY'
        limit 1) c on true
      where a.attrelid = '${table}'::regclass and a.attnum > 0 and not a.attisdropped
        and (a.attname in ('brand_id', '${order}') or a.attnotnull and not a.atthasdef);
      execute format(
        'insert into ${table} (%s) select %s from generate_series(1, ${ROWS}) n join (select id, row_number() over () as r from core.brands) b on b.r = n %% ${BRANDS} + 1',
        v_columns, v_values);
    end $fill$;
    reset session_replication_role;
    analyze ${table};`);
}

async function compare(
  sql: postgres.Sql,
  { table, order }: (typeof lists)[number],
  brand: string,
  user: string,
): Promise<BenchRow[]> {
  const list = `select * from ${table}`;
  const tail = `order by ${order} desc limit 20`;
  const claims = JSON.stringify({ sub: user, role: "authenticated" });
  const asMember = `select set_config('request.jwt.claims', '${claims}', true), set_config('request.jwt.claim.sub', '${user}', true), set_config('role', 'authenticated', true)`;

  const owner: number[] = [];
  const member: number[] = [];
  // In turns, so that whatever else the machine does falls on both.
  for (let n = 0; n < REPETITIONS; n += 1) {
    owner.push(await timed(sql, "select 1", `${list} where brand_id = '${brand}' ${tail}`));
    member.push(await timed(sql, asMember, `${list} ${tail}`));
  }
  const plan = await sql.begin(async (tx) => {
    await tx.unsafe(asMember);
    return (await tx.unsafe(`explain ${list} ${tail}`)).map((row) => row["QUERY PLAN"]).join("\n");
  });
  const initPlans = plan.match(/^ *InitPlan \d+$/gm)?.length ?? 0;
  const ratio = median(member) / median(owner);
  return [
    {
      what: `top-20 of ${table}, member : owner`,
      figure: ratio,
      unit: "×",
      bar: "at most 2",
      rival: `owner ${median(owner).toFixed(2)} ms, member ${median(member).toFixed(2)} ms`,
      passed: ratio <= 2,
    },
    {
      what: `InitPlans in the plan of ${table}`,
      figure: initPlans,
      unit: "",
      bar: "1, and an index scan",
      rival: /Index/.test(plan) ? "index used" : "no index used",
      passed: initPlans === 1 && /Index/.test(plan) && !/Seq Scan/.test(plan),
    },
  ];
}

async function timed(sql: postgres.Sql, before: string, query: string): Promise<number> {
  return sql.begin(async (tx) => {
    await tx.unsafe(before);
    const started = performance.now();
    await tx.unsafe(query);
    return performance.now() - started;
  });
}

function median(values: number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] as number;
}
