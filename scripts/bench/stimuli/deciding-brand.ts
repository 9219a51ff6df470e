/** A brand with a past: 100,000 people in five cohorts, with profiles, own responses, and arms that know something. */
import type { Engine } from "../../stack/types.ts";

export const PEOPLE = 100_000;
export const NOW = "2026-03-01T00:00:00Z";

export async function plantBrand(engine: Engine): Promise<string> {
  const one = async (query: string, params: unknown[] = []) =>
    (await engine.query<{ id: string }>(query, params))[0]?.id as string;
  const brand = await one(
    "insert into core.brands (brand_name, brand_slug) values ('Bench', 'bench-deciding') returning id",
  );
  const run = (query: string) => engine.query(query, [brand]);
  await run("select stimuli.install_templates($1::uuid)");
  await run(
    `insert into core.brand_settings (brand_id, setting_key, setting_value, setting_type)
     values ($1::uuid, 'stimuli.auto_approve', 'true', 'boolean')`,
  );
  await run(
    `insert into cohorts.cohorts (brand_id, cohort_type, discovery_algorithm, cohort_name)
     select $1::uuid, 'mixed', 'bench', 'Cohort ' || i from generate_series(1, 5) i`,
  );
  await engine.query(
    `insert into actors.actors (brand_id, name, primary_identifier, primary_identifier_type, first_seen_at, last_seen_at)
     select $1::uuid, 'Person ' || i, 'p' || i, 'customer_id', '2026-01-01', '2026-02-01' from generate_series(1, $2::integer) i`,
    [brand, PEOPLE],
  );
  for (const statement of [MEMBERSHIPS, PROFILES, TRAITS, ARMS, PRIORS, RESPONSES]) await run(statement);
  await engine.exec("analyze");
  return brand;
}

/** Everybody has a primary cohort, one in three a second one that is less likely. */
const MEMBERSHIPS = `
  with cohort as (select id, row_number() over (order by id) - 1 as place from cohorts.cohorts where brand_id = $1::uuid),
    person as (select id, row_number() over (order by id) as place from actors.actors where brand_id = $1::uuid)
  insert into cohorts.actor_cohort_membership (brand_id, actor_id, cohort_id, membership_type, membership_confidence, assigned_by_algorithm)
  select $1::uuid, p.id, c.id, case m.m when 0 then 'primary' else 'secondary' end::cohorts.membership_type, case m.m when 0 then 0.8 else 0.2 end, 'bench'
  from person p cross join generate_series(0, 1) m (m) join cohort c on c.place = (p.place + m.m) % 5
  where m.m = 0 or p.place % 3 = 0`;

const PROFILES = `
  insert into actors.actor_communication_profiles (brand_id, actor_id, preferred_channel, confidence, evidence_count, last_updated_at)
  select $1::uuid, a.id, 'email', 0.5, 3, '2026-02-01' from actors.actors a where a.brand_id = $1::uuid`;

/** What the templates ask of a cohort. */
const TRAITS = `
  insert into cohorts.cohort_characteristics (brand_id, cohort_id, characteristic_type, characteristic_name, characteristic_value,
    importance_score, strength_score, effect_size, effect_lower, effect_upper, p_value, adjusted_p_value, mean_value)
  select $1::uuid, c.id, 'preference', 'preference.category.' || k.name, '{"label": "buys", "direction": "high"}', 1, 1, k.effect, k.effect, k.effect, 0.01, 0.01, 0.5
  from cohorts.cohorts c cross join (values ('tea', 1.4), ('cake', 1.2)) k (name, effect) where c.brand_id = $1::uuid`;

const ARMS = `
  insert into stimuli.arms (brand_id, cohort_id, template_id, alpha, beta, pulls, last_reward_at)
  select $1::uuid, c.id, t.id, 1 + 20 + (hashtext(c.id::text || t.id) & 31), 9 + 400, 430, '2026-02-20'
  from cohorts.cohorts c cross join stimuli.stimulus_templates t where c.brand_id = $1::uuid and t.brand_id = $1::uuid`;

const PRIORS = `
  insert into actors.belief_priors (brand_id, attribute, group_id, distribution, mean, strength, variance, actor_count)
  select $1::uuid, 'response.' || k.kind, c.id, 'beta', 0.1, 12, 0, 20000
  from (select distinct template_category as kind from stimuli.stimulus_templates where brand_id = $1::uuid) k
  cross join (select id from cohorts.cohorts where brand_id = $1::uuid union all select null) c`;

/** Everybody was sent two kinds of stimuli before; folded as the product folds them. */
const RESPONSES = `
  insert into actors.actor_beliefs (brand_id, actor_id, attribute, distribution, state, tracking, as_of, evidence_count, category_counts)
  select $1::uuid, a.id, k.attribute, 'beta', array[1, 1, 3, 3, 1, 1, 0, 0, 0, 3, x.y, x.y]::double precision[], array[120, 0, 0, 0, 0, 0, 0]::double precision[],
    '2026-02-20', 3, '{3}'
  from actors.actors a
  cross join (values ('response.promotional'), ('response.reminder')) k (attribute)
  cross join lateral (select (hashtext(a.id::text || k.attribute) & 1)::double precision as y) x
  where a.brand_id = $1::uuid`;
