begin;
select plan(24);

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
select tests.plant_groups(brand, 200, 2, 1) from t;
select tests.authenticate_as(owner) from t;
select lives_ok($$select cohorts.discover(brand, p_now => '2026-02-01') from t$$, 'an owner starts a run');
select throws_ok($$update cohorts.cohorts set member_count = 0$$, '42501', null, 'counters are not writable');
select throws_ok($$insert into cohorts.actor_cohort_membership (brand_id, actor_id, cohort_id, assigned_by_algorithm)
  select brand, brand, brand, 'me' from t$$, '42501', null, 'nor are memberships');

select tests.authenticate_as(staff) from t;
select is((select count(*) from t, cohorts.list(brand)), 2::bigint, 'support staff reads the cohorts');
select is((select count(*) from t, cohorts.list(brand) l, cohorts.members(l.id, 1000) m where m.membership_type = 'primary'), 200::bigint, 'and their members');
select is((select count(*) from t, cohorts.projection(brand, 50) where x is not null and y is not null), 50::bigint,
  'and the projection, as many points as asked for');
select cmp_ok((select max(x) - min(x) from (select avg(p.x) as x from t, cohorts.projection(brand) p group by p.cohort_id) g), '>', 1::double precision,
  'which shows the two groups apart');
select is((select ai.explain('cohort', l.id) #>> '{because, 0, because, 0, kind}' from t, cohorts.list(brand) l limit 1), 'actor',
  'a cohort is explained by its people');
select is((select count(*) from t, cohorts.list(brand) l where l.cohort_name like 'Buyers of c%' and l.cohort_description like '%people, %They buy %c% of what they buy; others %Stability: %. Watch: the stock of c%.'), 2::bigint,
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
select tests.plant_groups(brand, 60, 2, 2) from t;
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
  where m.assigned_at <> '2026-02-01' and m.membership_type = 'primary'), '>=', 0.9, 'nine in ten of them in the cohort of their group');
select is((select sum(l.member_count) from t, cohorts.list(brand) l), 240::bigint, 'and are counted');

select * from finish();
rollback;
