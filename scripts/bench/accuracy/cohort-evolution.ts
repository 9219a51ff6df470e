/**
 * Planted evolution: people in groups that split, merge, dissolve and emerge, window after window, through runs as in
 * production. Once the runs look for the groups by themselves; once they are told them, so that what a missed group and what
 * a wrong match cost can be told apart.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { createRandom } from "../../demo/random.ts";
import type { Engine } from "../../stack/types.ts";
import { type EvolutionWindow, generateEvolution } from "../generators/evolution.ts";
import type { BenchRow } from "../row.ts";

type Query = Engine["query"];

const SEEDS = (process.env.SEEDS ?? "1").split(",").map(Number);
const HELPERS = join(import.meta.dirname, "../../../tests/support/planted.sql");
const DAY = 86_400_000;
const FIRST = Date.parse("2026-01-01T03:00:00Z");
/** What an event of the log says about the planted change; sizes and survivals say nothing about one. */
const CHANGES: Record<string, string> = { split: "split", merged: "merge", dissolved: "dissolve", born: "emerge" };

/** Brings the cohorts of a brand up to date at a time. */
type Discover = (brand: string, people: string[], window: EvolutionWindow, at: string) => Promise<void>;

interface Score {
  right: number;
  wrong: number;
  missed: number;
  /** Windows in which nothing happened, and the events of any kind told in them. */
  quiet: number;
  falseEvents: number;
  /** People whose group went on, and those of them who kept their cohort. */
  stayed: number;
  kept: number;
  /** Everybody, and those who were in the same cohort before. */
  everybody: number;
  same: number;
}

export async function evolutionRows(query: Query): Promise<BenchRow[]> {
  await query("create schema if not exists tests");
  for (const statement of readFileSync(HELPERS, "utf8").split(/(?<=^\$\$;)$/m)) {
    if (statement.trim()) await query(statement);
  }
  const found = process.env.TOLD ? undefined : await score(query, async (brand, _people, _window, at) => {
    await query("select cohorts.discover($1::uuid, p_now => $2::timestamptz)", [brand, at]);
  });
  const told = await score(query, tellGroups(query, 0, 0));
  const vague = await score(query, tellGroups(query, 0.1, 0.2));
  return [
    ...(found ? rows("planted evolution, k unknown", found) : []),
    ...rows("planted evolution, groups told", told),
    ...rows("planted evolution, 1 in 10 told wrong, 2 in 10 in no group", vague),
  ];
}

function tellGroups(query: Query, wrong: number, none: number): Discover {
  const random = createRandom(1);
  return async (brand, people, { groups }, at) => {
    const known = [...new Set(groups)];
    const labels = groups.map((group) => {
      const draw = random.next();
      return draw < none ? 0 : 1 + (draw < none + wrong ? random.pick(known) : group);
    });
    await query("select tests.publish_groups($1::uuid, $2::uuid[], $3::int[], $4::timestamptz)", [
      brand,
      people,
      labels,
      at,
    ]);
  };
}

function rows(what: string, score: Score): BenchRow[] {
  const windows = `${SEEDS.length} seeds, ${score.quiet} quiet windows`;
  const f1 = (2 * score.right) / (2 * score.right + score.wrong + score.missed);
  const kept = score.kept / score.stayed;
  const noise = (20 * score.falseEvents) / score.quiet;
  return [
    {
      what: `${what}: F1 of events`,
      figure: f1,
      unit: "share",
      bar: "at least 0.9",
      rival: `0.643 MONIC after k-means by silhouette; ${score.right} right, ${score.wrong} wrong, ${score.missed} missed, ${windows}`,
      passed: f1 >= 0.9,
    },
    {
      what: `${what}: people who keep their cohort where their group goes on`,
      figure: kept,
      unit: "share",
      bar: "at least 0.95",
      rival: `of everybody ${(score.same / score.everybody).toFixed(3)}, MONIC 0.93 to 0.95, labels as they come 0.15`,
      passed: kept >= 0.95,
    },
    {
      what: `${what}: false events in 20 quiet windows`,
      figure: noise,
      unit: "events",
      bar: "at most 1",
      rival: `${score.falseEvents} born, split, merged, dissolved, grown or shrunk; ${windows}`,
      passed: noise <= 1,
    },
  ];
}

async function score(query: Query, discover: Discover): Promise<Score> {
  const total: Score = {
    right: 0,
    wrong: 0,
    missed: 0,
    quiet: 0,
    falseEvents: 0,
    stayed: 0,
    kept: 0,
    everybody: 0,
    same: 0,
  };
  for (const seed of SEEDS) {
    const windows = generateEvolution(seed);
    const [brand, people] = await plantPeople(query, windows[0] as EvolutionWindow);
    let before: (string | null)[] = [];
    for (const [t, window] of windows.entries()) {
      const at = new Date(FIRST + t * DAY).toISOString();
      await measure(query, brand, people, window, at);
      await discover(brand, people, window, at);
      const cohorts = await cohortsOf(query, brand, people);
      if (t > 0) {
        judgeEvents(total, window, await eventsOf(query, brand, at));
        judgePeople(total, windows[t - 1] as EvolutionWindow, window, before, cohorts);
      }
      before = cohorts;
    }
  }
  return total;
}

function judgeEvents(total: Score, window: EvolutionWindow, events: string[]): void {
  const seen = new Set(events.flatMap((event) => CHANGES[event] ?? []));
  const planted = window.change === "quiet" ? [] : [window.change as string];
  total.right += planted.filter((change) => seen.has(change)).length;
  total.missed += planted.filter((change) => !seen.has(change)).length;
  total.wrong += [...seen].filter((change) => !planted.includes(change)).length;
  if (window.change !== "quiet") return;
  total.quiet++;
  total.falseEvents += events.length;
}

function judgePeople(
  total: Score,
  earlier: EvolutionWindow,
  window: EvolutionWindow,
  before: (string | null)[],
  now: (string | null)[],
): void {
  window.groups.forEach((group, person) => {
    const same = now[person] !== null && now[person] === before[person] ? 1 : 0;
    total.everybody++;
    total.same += same;
    if (group !== earlier.groups[person] || window.touched.has(group)) return;
    total.stayed++;
    total.kept += same;
  });
}

async function plantPeople(query: Query, window: EvolutionWindow): Promise<[string, string[]]> {
  const [brand] = await query<{ id: string }>(
    "insert into core.brands (brand_name, brand_slug) values ('Evolution', 'evolution-' || gen_random_uuid()) returning id",
  );
  const id = brand?.id as string;
  await query(
    `insert into actors.belief_vector_components (brand_id, position, component_name, label, mean_value, standard_deviation)
     select $1::uuid, i, 'preference.category.c' || i, 'buys c' || i, 0, 1 from generate_series(1, $2::int) i`,
    [id, window.points[0]?.length],
  );
  const people = await query<{ id: string }>(
    `insert into actors.actors (brand_id, primary_identifier, primary_identifier_type, first_seen_at, last_seen_at)
     select $1::uuid, 'c-' || i, 'customer_id', $3::timestamptz, $3::timestamptz from generate_series(1, $2::int) i returning id`,
    [id, window.groups.length, new Date(FIRST).toISOString()],
  );
  return [id, people.map((person) => person.id)];
}

/** Standardised over the people, as actors.refresh_vectors does it. */
async function measure(query: Query, brand: string, people: string[], window: EvolutionWindow, at: string): Promise<void> {
  const scales = (window.points[0] as number[]).map((_, i) => {
    const values = window.points.map((point) => point[i] as number);
    const mean = values.reduce((sum, x) => sum + x, 0) / values.length;
    return { mean, deviation: Math.sqrt(values.reduce((sum, x) => sum + (x - mean) ** 2, 0) / values.length) };
  });
  const vectors = window.points.map((point) =>
    JSON.stringify(point.map((x, i) => (x - (scales[i]?.mean as number)) / (scales[i]?.deviation as number))),
  );
  await query(
    `insert into actors.actor_belief_vectors (brand_id, actor_id, vector_name, vector_data, vector_dimensions, vector_type, generation_method, vector_quality, generated_at)
     select $1::uuid, p.actor, 'belief', p.vector::extensions.vector, extensions.vector_dims(p.vector::extensions.vector), 'combined', 'auto', 0.8, $4::timestamptz
     from unnest($2::uuid[], $3::text[]) p (actor, vector)
     on conflict (brand_id, actor_id, vector_name) where is_current do update set vector_data = excluded.vector_data, generated_at = excluded.generated_at`,
    [brand, people, vectors, at],
  );
}

async function cohortsOf(query: Query, brand: string, people: string[]): Promise<(string | null)[]> {
  const rows = await query<{ cohort: string | null }>(
    `select m.cohort_id as cohort from unnest($2::uuid[]) with ordinality p (actor, place)
     left join cohorts.actor_cohort_membership m
       on m.brand_id = $1::uuid and m.actor_id = p.actor and m.is_active and m.membership_type = 'primary'
     order by p.place`,
    [brand, people],
  );
  return rows.map((row) => row.cohort);
}

/** The kinds of the events of a run; a cohort that came out of one that split belongs to that event. */
async function eventsOf(query: Query, brand: string, at: string): Promise<string[]> {
  const events = await query<{ kind: string }>(
    `select e.event_type as kind from cohorts.cohort_evolution_log e
     where e.brand_id = $1::uuid and e.event_timestamp = $2::timestamptz
       and e.event_type in ('born', 'grown', 'shrunk', 'split', 'merged', 'dissolved')
       and not (e.event_type = 'born' and exists (
         select from cohorts.cohort_evolution_log s
         where s.brand_id = e.brand_id and s.run_id = e.run_id and s.event_type = 'split'
           and s.cohort_id = (e.after_state #>> '{parent,cohort_id}')::uuid))`,
    [brand, at],
  );
  return events.map((event) => event.kind);
}
