/** What the Edge Function adds to the database: `ingest` with an API key beside the same rows through supabase-js rpc. */
import { createClient, type SupabaseClient } from "@supabase/supabase-js";
import { startStack } from "../stack/start.ts";
import type { BenchRow } from "./row.ts";

const WARM_REQUESTS = 60;
const BATCHES = 8;
const BATCH = 1_000;

export async function bench(): Promise<BenchRow[]> {
  const stack = await startStack({ engine: "native", cron: false });
  try {
    const service = createClient(stack.url, stack.secretKey, {
      auth: { persistSession: false },
      realtime: { transport: class {} as never },
    });
    const { brand, apiKey } = await prepare(service);
    let sent = 0;
    const next = (count: number) => Array.from({ length: count }, () => signal(sent++));
    const throughFunction = async (count: number) => {
      const response = await fetch(`${stack.url}/functions/v1/ingest`, {
        method: "POST",
        headers: { "content-type": "application/json", "x-api-key": apiKey },
        body: JSON.stringify({ signals: next(count) }),
      });
      if (!response.ok) throw new Error(await response.text());
      await response.json();
    };
    const throughRpc = async (count: number) => {
      const { error } = await service
        .schema("signals")
        .rpc("ingest", { p_brand: brand, p_signals: next(count) });
      if (error) throw new Error(error.message);
    };

    const cold = await timed(() => throughFunction(1));
    await throughRpc(1);
    const single = await inTurns(
      WARM_REQUESTS,
      () => throughFunction(1),
      () => throughRpc(1),
    );
    const batch = await inTurns(
      BATCHES,
      () => throughFunction(BATCH),
      () => throughRpc(BATCH),
    );
    return [
      row("first request to a cold function", cold / 1000, "s", 3, "none"),
      row("one signal, function : rpc", single.left / single.right, "×", 4, ms(single)),
      row("batch of 1,000, function : rpc", batch.left / batch.right, "×", 2, ms(batch)),
    ];
  } finally {
    await stack.close();
  }
}

async function prepare(service: SupabaseClient): Promise<{ brand: string; apiKey: string }> {
  const brand = await service
    .schema("core")
    .from("brands")
    .insert({ brand_name: "Bench", brand_slug: "bench" })
    .select("id")
    .single();
  if (brand.error) throw new Error(brand.error.message);
  const key = await service
    .schema("core")
    .rpc("create_api_key", {
      p_brand: brand.data.id,
      p_name: "bench",
      p_scopes: ["signals:write"],
      p_rate_limit_per_minute: 100_000,
    })
    .single<{ api_key: string }>();
  if (key.error) throw new Error(key.error.message);
  return { brand: brand.data.id, apiKey: key.data.api_key };
}

function signal(n: number) {
  return {
    type: "web_behavior",
    source_platform: "bench",
    source_id: `view-${n}`,
    occurred_at: new Date(Date.UTC(2026, 0, 1) + n * 1000).toISOString(),
    identifiers: { customer_id: `c${n % 500}` },
    data: { session_id: `s${n % 500}`, page_url: `https://example.com/p/${n}`, action_type: "page_view" },
  };
}

interface Pair {
  left: number;
  right: number;
}

/** Medians in ms of two ways, taken alternately so that whatever else the machine does falls on both. */
async function inTurns(times: number, left: () => Promise<void>, right: () => Promise<void>): Promise<Pair> {
  const lefts: number[] = [];
  const rights: number[] = [];
  for (let n = 0; n < times; n += 1) {
    lefts.push(await timed(left));
    rights.push(await timed(right));
  }
  return { left: median(lefts), right: median(rights) };
}

async function timed(work: () => Promise<void>): Promise<number> {
  const started = performance.now();
  await work();
  return performance.now() - started;
}

function median(values: number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] as number;
}

function ms({ left, right }: Pair): string {
  return `function ${left.toFixed(1)} ms, rpc ${right.toFixed(1)} ms`;
}

function row(what: string, figure: number, unit: string, most: number, rival: string): BenchRow {
  return { what, figure, unit, bar: `at most ${most}`, rival, passed: figure <= most };
}
