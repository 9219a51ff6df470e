/**
 * Done-when 5 of the actors: planted contradictions and planted rhythms, through the SQL that runs in production. The
 * people and their truth are made by tests/support/planted.sql, which the pgTAP tests use as well.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Engine } from "../../stack/types.ts";
import type { BenchRow } from "../row.ts";

type Query = Engine["query"];

const SEEDS = [0.13, 0.29, 0.53, 0.71, 0.97];
const NOW = "2026-05-01T12:00:00Z";
const HELPERS = join(import.meta.dirname, "../../../tests/support/planted.sql");
/** People per seed: one in four contradicts himself, one in ten or one in fifty has a rhythm. */
const TASTES = 1_000;
const RHYTHMS = 2_000;
const SHARES = [0.1, 0.02];

export async function insights(query: Query): Promise<BenchRow[]> {
  await query("create schema if not exists tests");
  for (const statement of readFileSync(HELPERS, "utf8").split(/(?<=^\$\$;)$/m)) {
    if (statement.trim()) await query(statement);
  }
  return [...(await contradictions(query)), ...(await rhythms(query))];
}

async function contradictions(query: Query): Promise<BenchRow[]> {
  const total = { found: 0, right: 0, planted: 0 };
  for (const seed of SEEDS) {
    const brand = await newBrand(query, `tastes-${seed}`);
    await query("select tests.plant_tastes($1::uuid, $2::float8, $3::int, 0.25, $4::timestamptz)", [
      brand,
      seed,
      TASTES,
      NOW,
    ]);
    const [score] = await query<{ found: number; right_found: number; planted: number }>(
      "select found, right_found, planted from tests.score_tastes($1::uuid)",
      [brand],
    );
    total.found += score?.found ?? 0;
    total.right += score?.right_found ?? 0;
    total.planted += score?.planted ?? 0;
  }
  const rival = `${total.planted} of ${SEEDS.length * TASTES} people contradict themselves, ${SEEDS.length} seeds`;
  return [
    atLeast("planted contradictions: precision", total.right / total.found, 0.95, rival),
    atLeast("planted contradictions: recall", total.right / total.planted, 0.9, rival),
  ];
}

async function rhythms(query: Query): Promise<BenchRow[]> {
  const rows: BenchRow[] = [];
  for (const share of SHARES) {
    const total = { found: 0, wrong: 0, right: 0, planted: 0 };
    for (const seed of SEEDS) {
      const brand = await newBrand(query, `rhythms-${share}-${seed}`);
      await query("select tests.plant_rhythms($1::uuid, $2::float8, $3::int, $4::float8, $5::timestamptz)", [
        brand,
        seed,
        RHYTHMS,
        share,
        NOW,
      ]);
      await query(
        "insert into private.insights_due select brand_id, id from actors.actors where brand_id = $1::uuid",
        [brand],
      );
      await query("select actors.refresh_insights($1::uuid, 20000, $2::timestamptz)", [brand, NOW]);
      const [score] = await query<{
        found: number;
        false_found: number;
        planted: number;
        right_found: number;
      }>("select * from tests.score_rhythms($1::uuid)", [brand]);
      total.found += score?.found ?? 0;
      total.wrong += score?.false_found ?? 0;
      total.right += score?.right_found ?? 0;
      total.planted += score?.planted ?? 0;
    }
    const rival = `${total.wrong} of ${total.found} found; ${share * 100}% of ${SEEDS.length * RHYTHMS} people have a rhythm`;
    const rate = total.wrong / total.found;
    rows.push({
      what: `planted rhythms (${share * 100}% of people): false discovery rate`,
      figure: rate,
      unit: "share",
      bar: "at most 0.05",
      rival,
      passed: rate <= 0.05,
    });
    rows.push(
      atLeast(`planted rhythms (${share * 100}% of people): found`, total.right / total.planted, 0.75, rival),
    );
  }
  return rows;
}

function atLeast(what: string, figure: number, bar: number, rival: string): BenchRow {
  return { what, figure, unit: "share", bar: `at least ${bar}`, rival, passed: figure >= bar };
}

async function newBrand(query: Query, slug: string): Promise<string> {
  const [row] = await query<{ id: string }>(
    "insert into core.brands (brand_name, brand_slug) values ('Bench', 'bench-' || replace($1::text, '.', '-')) returning id",
    [slug],
  );
  return row?.id as string;
}
