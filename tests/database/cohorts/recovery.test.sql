begin;
select plan(8);

-- Fewer numbers of cohorts are tried than by default: the test is about what is found, not about time.
update core.system_parameters set parameter_value = '6' where parameter_key = 'cohorts.max_k';

-- Adjusted Rand index of the cohorts against the hidden groups: 1 the same partition, 0 chance.
create function pg_temp.rand_index(p_brand uuid) returns double precision language sql as $$
  with cell as (
    select m.cohort_id as c, a.identifiers ->> 'group' as g, count(*)::double precision as n
    from cohorts.actor_cohort_membership m join actors.actors a on a.id = m.actor_id
    where m.brand_id = p_brand and m.is_active and m.membership_type = 'primary' group by 1, 2
  ),
  pairs as (
    select (select sum(n * (n - 1) / 2) from cell) as together,
      (select sum(s * (s - 1) / 2) from (select sum(n) as s from cell group by c) x) as by_cohort,
      (select sum(s * (s - 1) / 2) from (select sum(n) as s from cell group by g) x) as by_group,
      (select sum(n) * (sum(n) - 1) / 2 from cell) as total
  )
  select (together - by_cohort * by_group / total) / nullif((by_cohort + by_group) / 2 - by_cohort * by_group / total, 0) from pairs
$$;
-- The hidden group that most members of a cohort come from.
create function pg_temp.main_group(p_cohort uuid) returns integer language sql as $$
  select (a.identifiers ->> 'group')::integer
  from cohorts.actor_cohort_membership m join actors.actors a on a.id = m.actor_id
  where m.cohort_id = p_cohort and m.membership_type = 'primary' group by 1 order by count(*) desc limit 1
$$;

create temp table t on commit drop as
select k.groups, s.seed, tests.create_brand(tests.create_user(format('owner-%s-%s@example.com', k.groups, s.seed))) as brand
from (values (1), (4)) k (groups) cross join generate_series(1, 3) s (seed);
select tests.plant_groups(brand, 240, groups, seed) from t;
select cohorts.discover(brand, 'kmeans', seed, '2026-02-01') from t;
create temp table c on commit drop as
select t.groups, t.seed, c.id, pg_temp.main_group(c.id) as main from t join cohorts.cohorts c on c.brand_id = t.brand;

select is((select array_agg(r.discovered_cohort_count) from t join cohorts.clustering_runs r on r.brand_id = t.brand where t.groups = g.groups),
  array[g.groups, g.groups, g.groups], format('%s planted groups are found as %s, for three seeds', g.groups, g.groups))
from (values (1), (4)) g (groups);

select cmp_ok((select min(pg_temp.rand_index(brand)) from t where groups > 1), '>=', 0.9::double precision,
  'and hold the planted people (adjusted Rand index)');
select is((select count(*) from c
  where groups > 1 and 'buys c' || (main + 1) is distinct from (
    select h.characteristic_value ->> 'label' from cohorts.cohort_characteristics h where h.cohort_id = c.id order by abs(h.effect_size) desc limit 1)),
  0::bigint, 'the strongest characteristic of each cohort is the planted taste');
select is_empty($$select h.* from c join cohorts.cohort_characteristics h on h.cohort_id = c.id
  where groups = 4 and h.characteristic_name not in ('preference.category.c1', 'preference.category.c2', 'preference.category.c3', 'preference.category.c4')
    and abs(h.effect_size) > 0.5$$, 'what tells nothing is never a strong characteristic');
select cmp_ok((
  select abs(avg(m.membership_confidence) - avg((a.identifiers ->> 'group' = c.main::text)::integer))
  from c join cohorts.actor_cohort_membership m on m.cohort_id = c.id join actors.actors a on a.id = m.actor_id where c.groups > 1),
  '<=', 0.05::double precision, 'the mean confidence is the share of people who are rightly placed, within 0.05');

-- Again, on the same people.
select cohorts.discover(brand, 'kmeans', seed, '2026-02-02') from t where groups = 4 and seed = 1;
select is((select array_agg(distinct e.event_type::text) from t join cohorts.cohort_evolution_log e on e.brand_id = t.brand
  where t.groups = 4 and e.event_timestamp = '2026-02-02'), '{survived}', 'the same data and seed: every cohort survives and nothing else happens');
select is_empty($$select * from t join cohorts.actor_cohort_membership m on m.brand_id = t.brand
  where t.groups = 4 and (not m.is_active or m.assigned_at <> '2026-02-01')$$, 'and nobody moves');

select * from finish();
rollback;
