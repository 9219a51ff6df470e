begin;
select plan(13);

-- Few numbers of cohorts are tried: the test is about when a run is needed.
update core.system_parameters set parameter_value = '4' where parameter_key = 'cohorts.max_k';

create temp table t on commit drop as
select p.people, p.distance, tests.create_brand(tests.create_user(format('owner-%s@example.com', p.people)), 'Brand ' || p.people) as brand
from (values (150, 4.0), (200, 2.5), (500, 4.0)) p (people, distance);
select tests.plant_groups(brand, people, 3, 1, distance) from t;

-- The people as another day would find them: of the same groups, moved p_groups on; what distinguishes no group lies higher by
-- p_shift, and chance is drawn anew.
create function pg_temp.look_again(p_brand uuid, p_draw text, p_groups integer default 0, p_shift double precision default 0) returns void language sql as $$
  -- Made once: without statistics they would be made again for every vector.
  with x as materialized (
    select a.id, ((array_agg((
      (tests.normal(format('%s %s %s', p_draw, a.primary_identifier, c.position))
        + case when c.position = 1 + ((a.identifiers ->> 'group')::integer + p_groups) % 3 then t.distance when c.position > 3 then p_shift else 0 end
        - c.mean_value) / c.standard_deviation)::real order by c.position)) || array_fill(0::real, array[20]))::extensions.vector as vector
    from t join actors.actors a on a.brand_id = t.brand join actors.belief_vector_components c on c.brand_id = t.brand
    where t.brand = p_brand group by a.id
  )
  update actors.actor_belief_vectors v set vector_data = x.vector from x where v.brand_id = p_brand and v.actor_id = x.id
$$;
create function pg_temp.due(p_people integer, p_now timestamptz) returns text language sql as $$
  select (d.trigger_kind, d.reason)::text from t, private.clustering_due(t.brand, p_now) d where t.people = p_people
$$;

select is(pg_temp.due(150, '2026-02-01'), '(change,"150 people have beliefs, and no cohorts were found yet")', 'people without cohorts need a run');
select private.job_cohorts_rerun('2026-02-01');
select is((select array_agg(r.trigger_reason || ' ' || r.trigger_kind order by t.people) from t join cohorts.clustering_runs r on r.brand_id = t.brand),
  '{"150 people have beliefs, and no cohorts were found yet change","200 people have beliefs, and no cohorts were found yet change","500 people have beliefs, and no cohorts were found yet change"}',
  'the job begins it and says why');
do $$ begin while (select worked from private.job_cohorts_run()) loop end loop; end $$;
select is((select array_agg(r.status::text) from cohorts.clustering_runs r join t on t.brand = r.brand_id), '{completed,completed,completed}', 'and the other job does it');

select is_empty($$select * from t, private.clustering_due(brand, '2026-02-02')$$, 'the day after nothing is to be done');
-- Seven quiet days of each shop: everybody is looked at anew and the groups are what they were.
create temp table quiet (trigger_kind cohorts.run_trigger, reason text) on commit drop;
do $$
begin
  for v_day in 1..7 loop
    perform pg_temp.look_again(t.brand, 'day ' || v_day) from t;
    insert into quiet select d.* from t, private.clustering_due(t.brand, '2026-02-02') d;
  end loop;
end $$;
select is((select array_agg(reason) from quiet), null, 'nor on any of twenty-one quiet days, when everybody is measured anew');

-- People who come and go.
update actors.actors a set is_active = false from (
  select a.id, row_number() over (order by a.id) as i from t join actors.actors a on a.brand_id = t.brand where t.people = 200) x where x.id = a.id and x.i <= 20;
select is(pg_temp.due(200, '2026-02-02'), null, 'when one in ten has gone no run is needed');
select tests.plant_groups(brand, 20, 3, 2, distance) from t where people = 200;
select alike(pg_temp.due(200, '2026-02-02'), '(change,"of 200 people 20 are new since the last run, 20 have gone, and about % have moved")', 'when as many have come, it is');
select is(pg_temp.due(200, '2026-02-01 05:00+00'), null, 'not within six hours of the last run');

-- People who move to another group.
select pg_temp.look_again(brand, 'moved', 1) from t where people = 150;
select alike(pg_temp.due(150, '2026-02-02'), '(change,"of 150 people 0 are new since the last run, 0 have gone, and about % have moved")', 'people who move between the cohorts need a run');

-- People who all become different in what no cohort knew of.
select pg_temp.look_again(brand, 'drifted', 0, 0.3) from t where people = 500;
select is(pg_temp.due(500, '2026-02-02'), null, 'a little drift is not worth a run');
select pg_temp.look_again(brand, 'drifted', 0, 1.5) from t where people = 500;
select alike(pg_temp.due(500, '2026-02-02'), '(drift,"people fit the cohorts of the last run worse than then, by % standard deviations")', 'much of it is');
select private.job_cohorts_rerun('2026-02-02');
select is(pg_temp.due(500, '2026-02-03'), null, 'while the run is under way no other one is needed');

-- The night.
select private.job_cohorts_discover('2026-02-02 03:10+00');
select is((select count(*) from t join cohorts.clustering_runs r on r.brand_id = t.brand and r.trigger_kind = 'schedule'), 0::bigint,
  'nor in the night, three hours after the last one');

select * from finish();
rollback;
