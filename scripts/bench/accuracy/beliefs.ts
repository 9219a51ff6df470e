/** Accuracy of belief tracking through the SQL that runs in production: evidence inserted, folded event by event, posteriors read. */
import type { Engine } from "../../stack/types.ts";
import { type Change, type Chooser, EVENTS, generateChoosers } from "../generators/beliefs.ts";
import type { BenchRow } from "../row.ts";
import { type Belief, betaTracker, changePointTracker, judge, median, type Tracking } from "./tracking.ts";

const SEEDS = [11, 12, 13];
const PEOPLE = 700;
/** People known before, from whom the brand's prior is learnt. */
const EARLIER = 300;

type Query = Engine["query"];
type Tracker = "ours" | "beta" | "changePoint";

const NAMES: Record<Change, string> = {
  none: "steady",
  flip: "half-way flip",
  fresh: "half-way another taste",
  shift: "half-way shift by .2",
};

export async function beliefs(query: Query): Promise<BenchRow[]> {
  const cases: Record<Change, Record<Tracker, Tracking>[]> = { none: [], flip: [], fresh: [], shift: [] };
  for (const seed of SEEDS) {
    for (const change of Object.keys(cases) as Change[]) {
      const people = generateChoosers(seed, PEOPLE, change);
      const believed = await track(query, people, generateChoosers(seed + 1000, EARLIER, change));
      const ours = judge(people, believed);
      cases[change].push({
        ours,
        beta: judge(people, people.map(betaTracker)),
        changePoint: judge(people, people.map(changePointTracker)),
      });
      console.error(
        `  seed ${seed} ${NAMES[change]}: RMSE ${ours.rmse.toFixed(4)}, calibration error ${ours.ece.toFixed(4)}, ` +
          `median lag ${median(ours.lags)}, intervals hold ${(ours.covered / ours.intervals).toFixed(3)}`,
      );
    }
  }

  const over = (change: Change, who: Tracker, key: Exclude<keyof Tracking, "lags"> | "lag") =>
    key === "lag"
      ? median(cases[change].flatMap((one) => one[who].lags))
      : cases[change].reduce((sum, one) => sum + one[who][key], 0) / SEEDS.length;
  const row = (change: Change, key: "rmse" | "ece" | "lag", what: string, bar?: number): BenchRow => {
    const figure = over(change, "ours", key);
    const [beta, changePoint] = [over(change, "beta", key), over(change, "changePoint", key)];
    // A tracker made for one kind of change may be a little better at it.
    const most = bar ?? 1.05 * Math.min(beta, changePoint);
    return {
      what: `${what}, ${NAMES[change]}`,
      figure,
      unit: key === "lag" ? "events" : "",
      bar: bar === undefined ? "at most 1.05 of the best rival's" : `at most ${bar}`,
      rival: `beta ${beta.toPrecision(3)}, BOCPD ${changePoint.toPrecision(3)}`,
      passed: figure <= most,
    };
  };
  const coverage = (changes: Change[]) =>
    changes.reduce((sum, change) => sum + over(change, "ours", "covered"), 0) /
    changes.reduce((sum, change) => sum + over(change, "ours", "intervals"), 0);
  const covered = coverage(["none", "flip"]);
  return [
    row("none", "rmse", "RMSE of p", 0.085),
    row("flip", "rmse", "RMSE of p", 0.125),
    row("fresh", "rmse", "RMSE of p"),
    row("shift", "rmse", "RMSE of p"),
    row("flip", "lag", "median lag", 5),
    row("none", "ece", "calibration error", 0.02),
    row("flip", "ece", "calibration error", 0.02),
    {
      what: "90 % intervals hold p",
      figure: covered,
      unit: "share",
      bar: "0.88 to 0.92",
      rival: `steady ${coverage(["none"]).toFixed(3)}, flip ${coverage(["flip"]).toFixed(3)}`,
      passed: covered >= 0.88 && covered <= 0.92,
    },
  ];
}

/**
 * What is believed of each person before each event and after the last, one event an hour, in a new brand. `earlier`
 * people teach the brand's prior first; `settings` are parameters of the brand.
 */
export async function track(
  query: Query,
  people: Chooser[],
  earlier: Chooser[],
  settings: Record<string, number> = {},
): Promise<Belief[][]> {
  const [made] = await query<{ brand: string }>(
    "insert into core.brands (brand_name, brand_slug) values ('Tracking', 'tracking-' || gen_random_uuid()) returning id as brand",
  );
  const brand = made?.brand as string;
  await query(
    `insert into core.brand_settings (brand_id, setting_key, setting_value, setting_type)
     select $1::uuid, k, v, 'number' from jsonb_each($2::jsonb) s (k, v)`,
    [brand, settings],
  );
  await choose(query, brand, "earlier", earlier, false);
  await query("select private.actors_refresh_priors($1::uuid, $2::timestamptz)", [brand, at(EVENTS)]);
  return choose(query, brand, "new", people, true);
}

async function choose(query: Query, brand: string, group: string, people: Chooser[], read: boolean) {
  const rows = await query<{ id: string }>(
    `insert into actors.actors (brand_id, primary_identifier, primary_identifier_type, first_seen_at, last_seen_at)
     select $1::uuid, $2 || lpad(i::text, 6, '0'), 'customer_id', $3::timestamptz, $3::timestamptz from generate_series(1, $4::integer) i
     returning id`,
    [brand, group, at(0), people.length],
  );
  const actors = rows.map((row) => row.id);
  const beliefs = people.map((): Belief[] => []);
  for (let i = 0; i <= EVENTS; i++) {
    if (read) {
      const known = await query<Belief & { actor: string }>(
        `select p.actor_id as actor, p.mean, p.interval_low as low, p.interval_high as high
         from private.actors_posteriors($1::uuid, $2::uuid[], $3::timestamptz) p`,
        [brand, actors, at(i)],
      );
      const byActor = new Map(known.map((row) => [row.actor, row]));
      // Before the first event there is no belief: the brand's mean stands.
      beliefs.forEach((own, s) => {
        own.push(byActor.get(actors[s] as string) ?? { mean: 0.5 });
      });
    }
    if (i === EVENTS) break;
    const [added] = await query<{ ids: string[] }>(
      `with added as (
         insert into actors.evidence (brand_id, actor_id, attribute, distribution, value, weight, occurred_at, source_kind, source_id)
         select $1::uuid, u.actor, 'preference.yes', 'beta', u.choice, 1, $4::timestamptz, 'signal', gen_random_uuid()
         from unnest($2::uuid[], $3::float8[]) u (actor, choice)
         returning id)
       select array_agg(id) as ids from added`,
      [brand, actors, people.map((person) => person.choices[i]), at(i)],
    );
    await query("select private.fold_evidence($1::uuid, $2::uuid[])", [brand, added?.ids]);
  }
  return beliefs;
}

const at = (event: number) => new Date(Date.UTC(2026, 0, 1, event)).toISOString();
