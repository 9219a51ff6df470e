/** The people of a generated evolution as a brand in the database: measured, put into cohorts, looked at. */
import { createRandom } from "../../demo/random.ts";
import type { Engine } from "../../stack/types.ts";
import type { EvolutionWindow } from "../generators/evolution.ts";

export type Query = Engine["query"];

/** Brings the cohorts of a brand up to date at a time. */
export type Discover = (
  brand: string,
  people: string[],
  window: EvolutionWindow,
  at: string,
) => Promise<void>;

/** A window is a day. */
export function dayOf(window: number): string {
  return new Date(Date.parse("2026-01-01T03:00:00Z") + window * 86_400_000).toISOString();
}

/** Runs as in production. */
export function discoverGroups(query: Query): Discover {
  return async (brand, _people, _window, at) => {
    await query("select cohorts.discover($1::uuid, p_now => $2::timestamptz)", [brand, at]);
  };
}

/** Runs that are told the group of each person; a share of the people wrongly, and a share that they are in none. */
export function tellGroups(query: Query, wrong: number, none: number): Discover {
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

export async function plantPeople(query: Query, window: EvolutionWindow): Promise<[string, string[]]> {
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
    [id, window.groups.length, dayOf(0)],
  );
  return [id, people.map((person) => person.id)];
}

/** Standardised over the people, as actors.refresh_vectors does it. */
export async function measurePeople(
  query: Query,
  brand: string,
  people: string[],
  window: EvolutionWindow,
  at: string,
): Promise<void> {
  const scales = (window.points[0] as number[]).map((_, i) => {
    const values = window.points.map((point) => point[i] as number);
    const mean = values.reduce((sum, x) => sum + x, 0) / values.length;
    return {
      mean,
      deviation: Math.sqrt(values.reduce((sum, x) => sum + (x - mean) ** 2, 0) / values.length),
    };
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

export async function cohortsOf(query: Query, brand: string, people: string[]): Promise<(string | null)[]> {
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
export async function eventsOf(query: Query, brand: string, at: string): Promise<string[]> {
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
