begin;
select plan(24);

-- People of p_groups hidden groups, each with a taste of its own that lies p_distance deviations above the others', and four
-- components that tell nothing; standardised as
-- actors.refresh_vectors does it. The group is kept in actors.identifiers, which nothing reads.
create function pg_temp.uniform(p_key text) returns double precision language sql immutable as
$$ select ((hashtextextended(p_key, 0) & 9007199254740991) + 1) / 9007199254740993.0::double precision $$;
create function pg_temp.normal(p_key text) returns double precision language sql immutable as
$$ select sqrt(-2 * ln(pg_temp.uniform(p_key))) * cos(2 * pi() * pg_temp.uniform(p_key || ' angle')) $$;

create function pg_temp.plant(p_brand uuid, p_people integer, p_groups integer, p_seed integer, p_distance double precision default 4)
returns void language sql as $$
  insert into actors.actors (id, brand_id, primary_identifier, primary_identifier_type, identifiers, first_seen_at, last_seen_at)
  select md5(format('%s %s %s', p_brand, p_seed, i))::uuid, p_brand, format('c-%s-%s', p_seed, i), 'customer_id',
    jsonb_build_object('group', i % p_groups), '2026-01-01', '2026-01-01'
  from generate_series(1, p_people) i;
  with raw as materialized (
    select i, j, pg_temp.normal(format('%s person %s %s', p_seed, i, j))
      + case when j = 1 + i % p_groups then p_distance else 0 end as x
    from generate_series(1, p_people) i cross join generate_series(1, 12) j
  ),
  unit as (select j, avg(x) as mean, stddev_pop(x) as deviation from raw group by j),
  components as (
    insert into actors.belief_vector_components (brand_id, position, component_name, label, mean_value, standard_deviation)
    select p_brand, u.j, format('preference.category.c%s', u.j), format('buys c%s', u.j), u.mean, u.deviation from unit u
    on conflict (brand_id, position) do nothing
  )
  insert into actors.actor_belief_vectors (brand_id, actor_id, vector_name, vector_data, vector_type, generation_method, vector_quality)
  select p_brand, md5(format('%s %s %s', p_brand, p_seed, r.i))::uuid, 'belief',
    ((array_agg(((r.x - u.mean) / u.deviation)::real order by r.j) || array_fill(0::real, array[20])))::extensions.vector,
    'combined', 'auto', 0.8
  from raw r join unit u on u.j = r.j group by r.i
$$;

create temp table t on commit drop as
select b.owner, b.staff, b.stranger, tests.create_brand(b.owner) as brand, tests.create_brand(b.stranger) as other
from (select tests.create_user('owner@example.com') as owner, tests.create_user('staff@example.com') as staff, tests.create_user('stranger@example.com') as stranger) b;
grant select on t to anon, authenticated, service_role;
select tests.add_member(brand, staff, 'support') from t;

select tests.authenticate_as(staff) from t;
select throws_ok($$select cohorts.discover(brand) from t$$, '42501', null, 'support staff does not start a run');
select throws_ok($$select cohorts.assign(brand) from t$$, '42501', null, 'nor place people');
select tests.authenticate_as(stranger) from t;
select throws_ok($$select cohorts.discover(brand) from t$$, '42501', null, 'the owner of another brand does not either');
select tests.as_anon();
select throws_ok($$select cohorts.discover(brand) from t$$, '42501', null, 'nor does an anonymous caller');

select tests.authenticate_as(owner) from t;
select throws_ok($$select cohorts.discover(brand) from t$$, 'PT422', null, 'a brand with too few people gets too_few_actors');
select throws_ok($$select cohorts.discover(brand, 'divination') from t$$, 'PT400', null, 'an unknown algorithm is refused');
select throws_ok($$select cohorts.discover(brand, 'kmeans', null) from t$$, 'PT400', null, 'so is a run without seed');
select throws_ok($$select cohorts.assign(brand, 0) from t$$, 'PT400', null, 'and an assignment of nobody');
select is((select cohorts.assign(brand) from t), 0, 'before the first run nobody is placed');

select tests.clear_authentication();
select pg_temp.plant(brand, 200, 2, 1) from t;
select tests.authenticate_as(owner) from t;
select lives_ok($$select cohorts.discover(brand, p_now => '2026-02-01') from t$$, 'an owner starts a run');
select throws_ok($$update cohorts.cohorts set member_count = 0$$, '42501', null, 'counters are not writable');
select throws_ok($$insert into cohorts.actor_cohort_membership (brand_id, actor_id, cohort_id, assigned_by_algorithm)
  select brand, brand, brand, 'me' from t$$, '42501', null, 'nor are memberships');

select tests.authenticate_as(staff) from t;
select is((select count(*) from t, cohorts.list(brand)), 2::bigint, 'support staff reads the cohorts');
select is((select count(*) from t, cohorts.list(brand) l, cohorts.members(l.id, 1000)), 200::bigint, 'and their members');
select is((select count(*) from t, cohorts.projection(brand, 50) where x is not null and y is not null), 50::bigint,
  'and the projection, as many points as asked for');
select cmp_ok((select max(x) - min(x) from (select avg(p.x) as x from t, cohorts.projection(brand) p group by p.cohort_id) g), '>', 1::double precision,
  'which shows the two groups apart');
select is((select ai.explain('cohort', l.id) #>> '{because, 0, because, 0, kind}' from t, cohorts.list(brand) l limit 1), 'actor',
  'a cohort is explained by its people');
select is((select count(*) from t, cohorts.list(brand) l where l.cohort_name like 'Buys c%' and l.cohort_description like '%people, %More than the others: buys c%'), 2::bigint,
  'and described in words');

select tests.authenticate_as(stranger) from t;
select is((select count(*) from t, cohorts.list(brand)), 0::bigint, 'another brand sees no cohorts');
select tests.clear_authentication();
create temp table run on commit drop as select id from cohorts.clustering_runs;
grant select on run to authenticated;
select tests.authenticate_as(stranger) from t;
select throws_ok($$select ai.explain('clustering_run', id) from run$$, 'PT404', null, 'and gets no explanation');

-- New people between the runs; by now everything is measured in other units, which must not matter.
select tests.clear_authentication();
select pg_temp.plant(brand, 60, 2, 2) from t;
update actors.belief_vector_components set mean_value = mean_value + standard_deviation, standard_deviation = standard_deviation * 2;
update actors.actor_belief_vectors v set vector_data = (
  select array_agg((case when i <= 12 then (x - 1) / 2 else 0 end)::real order by i) from unnest(v.vector_data::real[]) with ordinality u (x, i))::extensions.vector;
select is((select cohorts.assign(brand, 40) from t), 40, 'new people are placed, as many as asked for');
select is((select array_agg(affected_actor_count > 0) from cohorts.cohort_evolution_log where event_type = 'member_added'), '{t,t}', 'and the log says where');
select cmp_ok((
  select avg((x.main = a.identifiers ->> 'group')::integer) from cohorts.actor_cohort_membership m join actors.actors a on a.id = m.actor_id
  join lateral (
    select b.identifiers ->> 'group' as main from cohorts.actor_cohort_membership n join actors.actors b on b.id = n.actor_id
    where n.cohort_id = m.cohort_id and n.assigned_at = '2026-02-01' group by 1 order by count(*) desc limit 1) x on true
  where m.assigned_at <> '2026-02-01'), '>=', 0.9, 'nine in ten of them in the cohort of their group');
select is((select sum(l.member_count) from t, cohorts.list(brand) l), 240::bigint, 'and are counted');

select * from finish();
rollback;
