/** signals.ingest with all its work beside the bare insert of the very same rows, and beside row-by-row supabase-js. */
import { createClient, type SupabaseClient } from "@supabase/supabase-js";
import postgres from "postgres";
import { startStack } from "../stack/start.ts";
import type { BenchRow } from "./row.ts";
import { mixedSignals } from "./signals.ts";

const BATCH = 1_000;
const WARM = 6;
const ROUNDS = 10;
const SINGLE_ROWS = 200;
const TABLES = [
  "signals_base",
  "whatsapp_messages",
  "reviews",
  "social_comments",
  "order_history",
  "web_behavior",
  "email_interactions",
  "survey_responses",
  "crm_events",
];

export async function bench(): Promise<BenchRow[]> {
  const stack = await startStack({ engine: "native", cron: false });
  const sql = postgres(stack.engine.databaseUrl as string, { max: 1, onnotice: () => {} });
  try {
    const [brand] = await sql`
      insert into core.brands (brand_name, brand_slug) values ('Bench', 'bench-ingest') returning id`;
    const brandId = brand?.id as string;
    let next = 0;
    const batch = () => {
      next += BATCH;
      return mixedSignals(next - BATCH, next);
    };
    for (let i = 0; i < WARM; i++) await ingest(sql, brandId, batch());

    const ours: number[] = [];
    const bare: number[] = [];
    for (let i = 0; i < ROUNDS; i++) {
      const signals = batch();
      ours.push(await timed(() => ingest(sql, brandId, signals)));
      bare.push(await bareInsert(sql, brandId, next - BATCH));
    }
    const service = createClient(stack.url, stack.secretKey, {
      auth: { persistSession: false },
      realtime: { transport: class {} as never },
    });
    const single = await rowByRow(service, brandId, next);

    const templates = await oneTemplate(sql);

    const cost = median(ours) / median(bare);
    const perSecond = (BATCH / median(ours)) * 1000;
    const speedUp = perSecond / single;
    return [
      {
        what: "batch of 1,000 : bare multi-row insert of the same rows",
        figure: cost,
        unit: "×",
        bar: "at most 3",
        rival: `${median(ours).toFixed(0)} ms : ${median(bare).toFixed(0)} ms`,
        passed: cost <= 3,
      },
      {
        what: "batch of 1,000 : row-by-row supabase-js inserts",
        figure: speedUp,
        unit: "× faster",
        bar: "at least 20",
        rival: `${single.toFixed(0)} rows/s`,
        passed: speedUp >= 20,
      },
      {
        what: "signals ingested, durable",
        figure: perSecond,
        unit: "signals/s",
        bar: "at least 2,000",
        rival: "none",
        passed: perSecond >= 2000,
      },
      {
        what: "1,000 texts of one template : 1,000 with nothing in common",
        figure: templates.alike / templates.unlike,
        unit: "×",
        bar: "at most 20",
        rival: `${templates.alike.toFixed(0)} ms : ${templates.unlike.toFixed(0)} ms`,
        passed: templates.alike <= 20 * templates.unlike,
      },
    ];
  } finally {
    await sql.end();
    await stack.close();
  }
}

async function ingest(sql: postgres.Sql, brandId: string, signals: object[]): Promise<void> {
  const [counts] = await sql`
    select count(*) filter (where verdict = 'accepted')::integer as accepted
    from signals.ingest(${brandId}, ${sql.json(signals as never)})`;
  if (counts?.accepted !== signals.length)
    throw new Error(`${counts?.accepted} of ${signals.length} accepted`);
}

/** Texts made from one template are near to each other by the thousand: comparing each two of them would take minutes. */
async function oneTemplate(sql: postgres.Sql): Promise<{ alike: number; unlike: number }> {
  const ownWords = (n: number, words: number) =>
    Array.from({ length: words }, (_, i) => ((n * words + i + 1) * 2_654_435_761).toString(36)).join(" ");
  const template = ownWords(BATCH, 20);
  const time = async (text: (n: number) => string) => {
    const [brand] = await sql`
      insert into core.brands (brand_name, brand_slug) values ('Texts', 'texts-' || gen_random_uuid()) returning id`;
    const messages = Array.from({ length: BATCH }, (_, n) => ({
      type: "whatsapp_message",
      source_platform: "whatsapp",
      source_id: `m${n}`,
      occurred_at: new Date(Date.UTC(2026, 0, 1) + n * 1000).toISOString(),
      data: { sender_phone: `+4917${10_000_000 + n * 37}`, message_text: text(n) },
    }));
    return timed(() => ingest(sql, brand?.id as string, messages));
  };
  return {
    unlike: await time((n) => ownWords(n, 40)),
    alike: await time((n) => `${template} ${ownWords(n, 20)}`),
  };
}

/**
 * Takes the newest batch out again and puts the same rows back with one multi-row insert a table, as a client would
 * that does no work at all: it sends finished rows. Only the insert counts.
 */
async function bareInsert(sql: postgres.Sql, brandId: string, from: number): Promise<number> {
  const [taken] = await sql`
    select array_agg(id) as ids from signals.signals_base
    where brand_id = ${brandId} and (metadata ->> 'n')::integer >= ${from}`;
  const ids = taken?.ids as string[];
  const rows = new Map<string, string>();
  for (const table of TABLES) {
    const key = table === "signals_base" ? "id" : "signal_id";
    const [found] = await sql`
      select coalesce(jsonb_agg(to_jsonb(t)), '[]')::text as rows
      from ${sql(`signals.${table}`)} t where ${sql(key)} = any (${ids})`;
    rows.set(table, found?.rows as string);
  }
  await sql`delete from signals.signals_base where id = any (${ids})`;
  return timed(() =>
    sql.begin(async (tx) => {
      for (const table of TABLES) {
        await tx`
          insert into ${tx(`signals.${table}`)}
          select * from jsonb_populate_recordset(null::${tx(`signals.${table}`)}, ${rows.get(table) as string}::text::jsonb)`;
      }
    }),
  );
}

/** The base rows alone, one request each: less work than a signal is, and still what a client without ingest would do. */
async function rowByRow(service: SupabaseClient, brandId: string, from: number): Promise<number> {
  const rows = mixedSignals(from, from + SINGLE_ROWS).map((signal) => ({
    brand_id: brandId,
    signal_type: signal.type,
    source_platform: signal.source_platform,
    source_id: signal.source_id,
    occurred_at: signal.occurred_at,
    raw_content: signal,
    content_sha256: `\\x${signal.metadata.n.toString(16).padStart(64, "0")}`,
  }));
  const elapsed = await timed(async () => {
    for (const row of rows) {
      const { error } = await service.schema("signals").from("signals_base").insert(row);
      if (error) throw new Error(error.message);
    }
  });
  return (SINGLE_ROWS / elapsed) * 1000;
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await work();
  return performance.now() - start;
}

function median(values: number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] as number;
}
