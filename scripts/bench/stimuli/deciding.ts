/**
 * Speed of choosing: 100,000 people given one of thirty stimuli (six for each of five cohorts) beside a bare insert-select
 * of the same rows of the ledger, and one person's decision beside a bare RPC, both through supabase-js.
 */
import { createClient } from "@supabase/supabase-js";
import { startStack } from "../../stack/start.ts";
import type { Engine, Stack } from "../../stack/types.ts";
import { median } from "../accuracy/tracking.ts";
import type { BenchRow } from "../row.ts";
import { NOW, PEOPLE, plantBrand } from "./deciding-brand.ts";

const ROUNDS = 3;
const DECISIONS = 200;

export async function decidingRows(): Promise<BenchRow[]> {
  const stack = await startStack({ engine: "native", cron: false });
  try {
    // The bare RPC; before the first request, which reads what there is.
    await stack.engine.exec(`
      create function stimuli.bench_nothing(p_brand uuid) returns uuid language sql as 'select p_brand';
      grant execute on function stimuli.bench_nothing(uuid) to service_role`);
    const brand = await plantBrand(stack.engine);
    return [await measureRound(stack.engine, brand), await measureDecision(stack, brand)];
  } finally {
    await stack.close();
  }
}

async function measureRound(engine: Engine, brand: string): Promise<BenchRow> {
  const seconds = { ours: [] as number[], bare: [] as number[] };
  const timed = async (into: number[], query: string, params: unknown[] = []) => {
    const started = performance.now();
    await engine.query(query, params);
    into.push((performance.now() - started) / 1000);
  };
  await engine.query("select stimuli.propose($1::uuid, $2::timestamptz, 7)", [brand, NOW]);
  const stimuli = await engine.query<{ id: string }>(
    "select id from stimuli.stimuli_base where brand_id = $1::uuid",
    [brand],
  );
  const ids = stimuli.map(({ id }) => id);
  const [{ columns } = { columns: "" }] = await engine.query<{ columns: string }>(
    `select string_agg(quote_ident(attname), ', ' order by attnum) as columns from pg_attribute
     where attrelid = 'stimuli.stimulus_deployments'::regclass and attnum > 0 and not attisdropped and attgenerated = ''`,
  );
  // The events of providers point at deployments, and are never truncated by anybody else.
  const emptyLedger =
    "set session_replication_role = replica; truncate stimuli.stimulus_deployments cascade; reset session_replication_role";
  for (let round = 0; round < ROUNDS; round++) {
    await engine.query("update stimuli.stimuli_base set status = 'approved' where brand_id = $1::uuid", [
      brand,
    ]);
    await timed(
      seconds.ours,
      "select stimuli.deploy_round($1::uuid, $2::uuid[], $3::timestamptz, $4::integer)",
      [brand, ids, NOW, round],
    );
    await engine.exec(
      `create table public.bench_copy as select ${columns} from stimuli.stimulus_deployments; analyze public.bench_copy`,
    );
    await engine.execAsAdmin(emptyLedger);
    await timed(
      seconds.bare,
      `insert into stimuli.stimulus_deployments (${columns}) select ${columns} from public.bench_copy`,
    );
    const [copied] = await engine.query<{ rows: number }>(
      "select count(*)::integer as rows from public.bench_copy",
    );
    if (copied?.rows !== PEOPLE) throw new Error(`${copied?.rows} of ${PEOPLE} people were given something`);
    await engine.exec("drop table public.bench_copy");
    await engine.execAsAdmin(emptyLedger);
    console.error(
      `  round ${round + 1}: ${seconds.ours.at(-1)?.toFixed(2)} s, bare ${seconds.bare.at(-1)?.toFixed(2)} s`,
    );
  }
  const [ours, bare] = [median(seconds.ours), median(seconds.bare)];
  return {
    what: `${PEOPLE.toLocaleString("en")} people decided, personalised and queued, ${ids.length} stimuli`,
    figure: ours / bare,
    unit: "times",
    bar: "at most 3",
    rival: `bare insert-select of the rows: ${bare.toFixed(2)} s, ours ${ours.toFixed(2)} s`,
    passed: ours <= 3 * bare,
  };
}

async function measureDecision(stack: Stack, brand: string): Promise<BenchRow> {
  const client = createClient(stack.url, stack.secretKey, {
    auth: { persistSession: false },
    realtime: { transport: class {} as never },
  }).schema("stimuli");
  await stack.engine.query(
    "update stimuli.stimuli_base set status = 'approved', expires_at = null where brand_id = $1::uuid",
    [brand],
  );
  const people = await stack.engine.query<{ id: string }>(
    "select id from actors.actors where brand_id = $1::uuid order by md5(id::text) limit $2::integer",
    [brand, DECISIONS],
  );
  const timed = async (name: string, args: object) => {
    const started = performance.now();
    const { error } = await client.rpc(name, args);
    if (error) throw new Error(`${name}: ${error.message}`);
    return performance.now() - started;
  };
  const bare: number[] = [];
  const ours: number[] = [];
  // In turns, so that whatever else the machine does falls on both; the first half warms up.
  for (const { id } of people) {
    bare.push(await timed("bench_nothing", { p_brand: brand }));
    ours.push(await timed("decide", { p_brand: brand, p_actor: id, p_now: NOW }));
  }
  const [plain, decided] = [bare, ours].map((took) => median(took.slice(DECISIONS / 2))) as [number, number];
  return {
    what: `one person decided among ${PEOPLE.toLocaleString("en")}, through supabase-js, median`,
    figure: decided / plain,
    unit: "times",
    bar: "at most 3",
    rival: `bare RPC: ${plain.toFixed(2)} ms, decision ${decided.toFixed(2)} ms`,
    passed: decided <= 3 * plain,
  };
}
