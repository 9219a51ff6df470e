/** How far A/B tests can be trusted, through the SQL that decides them: errors, power, coverage, discoveries and CUPED. */
import type { Engine } from "../../stack/types.ts";
import { BASELINE, DAYS, generateStreams, PER_DAY } from "../generators/experiments.ts";
import type { BenchRow } from "../row.ts";
import { cupedRows } from "./cuped.ts";

type Query = Engine["query"];

const SEEDS = [11, 12, 13];
const STREAMS = 4000;

interface Found {
  /** Share of the streams in which the method saw a difference at any of the daily looks. */
  boundary: number;
  eValue: number;
  sequence: number;
  chance: number;
  fixed: number;
  /** Share of the streams whose interval held the truth at every look. */
  covered: number;
  /** Median day of those that the boundary found. */
  day: number;
}

export async function experimentRows(query: Query): Promise<BenchRow[]> {
  const found = new Map<number, Found>();
  for (const effect of [0, 0.05, 0.1, 0.2]) found.set(effect, await overSeeds(query, effect));
  const at = (effect: number) => found.get(effect) as Found;
  const power = (effect: number, bar: number): BenchRow => ({
    what: `power at +${Math.round(effect * 100)}%, daily looks (median day ${Math.round(at(effect).day)})`,
    figure: at(effect).boundary,
    unit: "share",
    bar: bar > 0 ? `at least ${bar}` : "shown",
    rival: `e-value ${share(at(effect).eValue)}, asymptotic sequence ${share(at(effect).sequence)}, one look at the end ${share(at(effect).fixed)}`,
    passed: at(effect).boundary >= bar,
  });
  const error = (what: string, figure: number): BenchRow => ({
    what,
    figure,
    unit: "share",
    bar: "at most 0.05",
    rival: `asymptotic sequence ${share(at(0).sequence)}, chance to win > 95% ${share(at(0).chance)}`,
    passed: figure <= 0.05,
  });
  const covered = Math.min(...[...found.values()].map((one) => one.covered));
  return [
    error("A/A error of the boundary, 30 daily looks", at(0).boundary),
    error("A/A error of the e-value, 30 daily looks", at(0).eValue),
    power(0.2, 0.9),
    power(0.1, 0.3),
    power(0.05, 0),
    {
      what: "sequential intervals hold the truth at all 30 looks",
      figure: covered,
      unit: "share",
      bar: "at least 0.95",
      rival: "the least of four effects",
      passed: covered >= 0.95,
    },
    await discoveryRow(query),
    ...(await cupedRows(query)),
  ];
}

async function overSeeds(query: Query, effect: number): Promise<Found> {
  const all: Found[] = [];
  for (const seed of SEEDS) {
    const { control, variant } = generateStreams(seed * 100 + effect * 1000, STREAMS, effect);
    // The rivals as they work: a sequence about the relative lift, tuned to 5,000 people, and a chance to win with a flat prior.
    const [row] = await query<Found>(
      `with bounds as materialized (
         select d as day, private.sequential_boundary(d / $3::float8, 0.05) as z, private.mixture_reach(2 * d * $4::float8, private.mixture_rho(5000, 0.05), 0.05) as rival_reach
         from generate_series(1, $3::integer) d
       ),
       looks as materialized (
         select (g.place - 1) / $3::integer as stream, 1 + (g.place - 1) % $3::integer as day, g.a, g.b
         from unnest($1::float8[], $2::float8[]) with ordinality g (a, b, place)
       ),
       judged as (
         select l.stream, l.day, o.z, b.z as boundary, o.log_e_value, abs(o.difference - $5::float8) <= o.reach as is_held,
           abs(r.lift) > b.rival_reach * sqrt(r.lift_variance) as is_rival, r.chance_to_win
         from looks l
         join bounds b on b.day = l.day
         cross join lateral (select l.day * $4::float8 as n) n
         cross join lateral private.compare_variants(row(n.n, l.a, n.n, l.a, n.n, l.a, 0, 0, 0, 0), row(n.n, l.b, n.n, l.b, n.n, l.b, 0, 0, 0, 0),
           private.mixture_rho(2 * $3::float8 * $4::float8, 0.05), 0.05, 0.3) o
         cross join lateral private.compare_variants(row(n.n, l.a, n.n, l.a, n.n, l.a, 0, 0, 0, 0), row(n.n, l.b, n.n, l.b, n.n, l.b, 0, 0, 0, 0),
           private.mixture_rho(5000, 0.05), 0.05, 1e6) r
       ),
       streams as (
         select min(day) filter (where abs(z) >= boundary) as day, bool_or(log_e_value > ln(20)) as e, bool_or(is_rival) as sequence,
           bool_or(abs(chance_to_win - 0.5) > 0.45) as chance, bool_or(day = $3::integer and abs(z) > 1.959963984540054) as fixed, bool_and(is_held) as held
         from judged group by stream
       )
       select (count(day) / count(*)::float8) as boundary, avg(e::integer)::float8 as "eValue", avg(sequence::integer)::float8 as sequence,
         avg(chance::integer)::float8 as chance, avg(fixed::integer)::float8 as fixed, avg(held::integer)::float8 as covered,
         coalesce(percentile_cont(0.5) within group (order by day), 0) as day
       from streams`,
      [control, variant, DAYS, PER_DAY, BASELINE * effect],
    );
    const one = row as Found;
    console.error(
      `  seed ${seed} +${effect * 100}%: boundary ${share(one.boundary)}, e-value ${share(one.eValue)}, sequence ${share(one.sequence)}, ` +
        `chance to win ${share(one.chance)}, covered ${share(one.covered)}`,
    );
    all.push(one);
  }
  const mean = (key: keyof Found) => all.reduce((sum, one) => sum + one[key], 0) / all.length;
  return {
    boundary: mean("boundary"),
    eValue: mean("eValue"),
    sequence: mean("sequence"),
    chance: mean("chance"),
    fixed: mean("fixed"),
    covered: mean("covered"),
    day: mean("day"),
  };
}

/** Ten metrics, five of them with an effect, looked at daily; who looks stops at the first day with a discovery. */
async function discoveryRow(query: Query): Promise<BenchRow> {
  const streams = 500;
  const rates: { first: number; last: number; naive: number; found: number }[] = [];
  for (const seed of SEEDS) {
    const even = generateStreams(seed * 100 + 7, streams * 5, 0);
    const better = generateStreams(seed * 100 + 8, streams * 5, 0.2);
    const [row] = await query<(typeof rates)[number]>(
      `with looks as materialized (
         -- Metric after metric of a stream: five even ones, then five better ones.
         select (g.place - 1) / (5 * $3::integer) as stream, m.metric + (g.place - 1) / $3::integer % 5 as metric, 1 + (g.place - 1) % $3::integer as day, g.a, g.b
         from (values (0, $1::float8[], $2::float8[]), (5, $4::float8[], $5::float8[])) m (metric, a, b)
         cross join lateral unnest(m.a, m.b) with ordinality g (a, b, place)
       ),
       judged as materialized (
         select l.stream, l.day, l.metric, least(1, exp(-o.log_e_value)) as p, abs(o.z) > 1.959963984540054 as is_naive
         from looks l
         cross join lateral (select l.day * $6::float8 as n) n
         cross join lateral private.compare_variants(row(n.n, l.a, n.n, l.a, n.n, l.a, 0, 0, 0, 0), row(n.n, l.b, n.n, l.b, n.n, l.b, 0, 0, 0, 0),
           private.mixture_rho(2 * $3::float8 * $6::float8, 0.05), 0.05, 0.3) o
       ),
       days as materialized (
         select j.stream, j.day, private.adjusted_p_values(array_agg(j.p order by j.metric)) as adjusted, bool_or(j.is_naive and j.metric < 5) as is_naive
         from judged j group by j.stream, j.day
       ),
       counted as (
         select d.stream, d.day, d.is_naive, count(*) filter (where x.p <= 0.05) as found, count(*) filter (where x.p <= 0.05 and x.place <= 5) as wrong
         from days d cross join lateral unnest(d.adjusted) with ordinality x (p, place) group by d.stream, d.day, d.is_naive
       ),
       told as (
         select c.stream, (array_agg(c.wrong::float8 / c.found order by c.day) filter (where c.found > 0))[1] as first,
           (array_agg(c.wrong::float8 / greatest(c.found, 1) order by c.day desc))[1] as last, (array_agg(c.found - c.wrong order by c.day desc))[1] as found, bool_or(c.is_naive) as naive
         from counted c group by c.stream
       )
       select avg(coalesce(first, 0))::float8 as first, avg(last)::float8 as last, avg(naive::integer)::float8 as naive, (avg(found) / 5)::float8 as found from told`,
      [even.control, even.variant, DAYS, better.control, better.variant, PER_DAY],
    );
    rates.push(row as (typeof rates)[number]);
  }
  const mean = (key: keyof (typeof rates)[number]) =>
    rates.reduce((sum, one) => sum + one[key], 0) / rates.length;
  const figure = Math.max(mean("first"), mean("last"));
  return {
    what: "false discovery rate, 10 metrics of which 5 differ",
    figure,
    unit: "share",
    bar: "at most 0.05",
    rival: `finds ${share(mean("found"))} of the true ones; uncorrected daily z: a false one in ${share(mean("naive"))} of the tests`,
    passed: figure <= 0.05,
  };
}

const share = (value: number) => `${(100 * value).toFixed(1)}%`;
