begin;
select plan(39);

-- Little is tried: the tests are about what happens to a run, not about what it finds.
update core.system_parameters set parameter_value = v.value
from (values ('cohorts.max_k', '3'::jsonb), ('cohorts.rounds', '1'), ('cohorts.load_size', '80'), ('cohorts.publish_size', '80')) v (key, value)
where parameter_key = v.key;

create temp table t on commit drop as
select b.owner, b.staff, b.stranger, tests.create_brand(b.owner) as brand, tests.create_brand(b.stranger) as other
from (select tests.create_user('owner@example.com') as owner, tests.create_user('staff@example.com') as staff, tests.create_user('stranger@example.com') as stranger) b;
grant select on t to authenticated;
select tests.add_member(brand, staff, 'support') from t;
select tests.plant_groups(brand, 200, 2, 1) from t;

-- Step by step up to a kind of step, which is not done yet.
create function pg_temp.advance_to(p_run uuid, p_stage text) returns text language plpgsql as $$
declare v_run cohorts.clustering_runs;
begin
  loop
    select * into v_run from cohorts.clustering_runs where id = p_run;
    exit when v_run.stage = p_stage or v_run.status <> 'running';
    perform private.advance_clustering(p_run, '0');
  end loop;
  return v_run.status;
end $$;
create function pg_temp.begin_run(p_now timestamptz, p_type cohorts.run_type default 'full') returns uuid language sql as $$
  select (private.request_clustering(brand, 'kmeans', 1, p_now, 'manual', null, p_type)).id from t
$$;
create function pg_temp.working_rows(p_run uuid) returns bigint language sql as $$
  select (select count(*) from private.clustering_points where run_id = p_run) + (select count(*) from private.clustering_candidates where run_id = p_run)
$$;

-- Progress.
create temp table r on commit drop as select pg_temp.begin_run('2026-02-01') as id;
select is((select (status, stage, progress)::text from cohorts.clustering_runs join r using (id)), '(running,load,0)', 'a run begins with nothing done');
select is(pg_temp.begin_run('2026-02-01'), (select id from r), 'who asks for another one gets the one under way');
select private.advance_clustering(id, '0') from r;
select is((select count(*) from private.clustering_points p join r on r.id = p.run_id), 80::bigint, 'a call without time does one chunk of one step');
create temp table seen (progress double precision, stage text) on commit drop;
do $$
declare v_run cohorts.clustering_runs;
begin
  loop
    v_run := private.advance_clustering((select id from r), '0');
    insert into seen values (v_run.progress, v_run.stage);
    exit when v_run.status <> 'running';
  end loop;
end $$;
select is((select array_agg(progress) from seen), (select array_agg(progress order by progress) from seen), 'progress never falls');
select is((select (status, stage, progress)::text from cohorts.clustering_runs join r using (id)), '(completed,done,1)', 'and is 1 at the end');
select is((select array_agg(k order by k) from cohorts.clustering_runs join r using (id), jsonb_object_keys(step_times) k),
  '{choose,describe,finish,halve,load,match,mix,place,publish,refit,resample,sample,separate,try}', 'the time of each kind of step is kept');
select is(pg_temp.working_rows(id), 0::bigint, 'the working rows are not') from r;
select throws_ok($$select pg_temp.begin_run('2026-01-31')$$, 'PT400', null, 'the past of the cohorts is not written again');

-- Cancelling.
update r set id = pg_temp.begin_run('2026-02-02');
grant select on r to authenticated;
select pg_temp.advance_to(id, 'place') from r;
select tests.authenticate_as(staff) from t;
select throws_ok($$select cohorts.cancel_run(id) from r$$, '42501', null, 'support staff does not cancel a run');
select tests.authenticate_as(stranger) from t;
select throws_ok($$select cohorts.cancel_run(id) from r$$, 'PT404', null, 'to another brand it does not exist');
select tests.authenticate_as(owner) from t;
select is((select (cohorts.cancel_run(id)).status from r), 'cancelled', 'an owner cancels it');
select throws_ok($$select cohorts.cancel_run(id) from r$$, 'PT409', null, 'once');
select tests.clear_authentication();
select is(pg_temp.working_rows(id), 0::bigint, 'its working rows go') from r;
select is((private.advance_clustering(id, '1 minute')).status, 'cancelled', 'and nobody goes on with it') from r;
select is((select count(*) from r join public.oasis_events e on e.entity_id = r.id and e.type = 'cohorts.run_cancelled'), 1::bigint, 'clients are told');
update r set id = pg_temp.begin_run('2026-02-03');
select pg_temp.advance_to(id, 'publish') from r;
select throws_ok($$select private.cohorts_cancel_run(id) from r$$, 'PT409', null, 'once its cohorts are there it cannot be cancelled');

-- People who go between reading and publishing.
create temp table gone on commit drop as
select p.actor_id, row_number() over (order by p.actor_id) as place from private.clustering_points p join r on r.id = p.run_id order by p.actor_id limit 4;
delete from actors.actors where id = (select actor_id from gone where place = 1);
update actors.actors set is_active = false, merged_into = (select actor_id from gone where place = 3) where id = (select actor_id from gone where place = 2);
delete from actors.actor_belief_vectors where actor_id = (select actor_id from gone where place = 4);
select is(pg_temp.advance_to(id, 'done'), 'completed', 'people who are erased, merged or lose their vector under way do not stop a run') from r;
select is((select array_agg(m.is_active order by g.place) from gone g
  left join cohorts.actor_cohort_membership m on m.actor_id = g.actor_id and m.membership_type = 'primary'), array[null, false, true, true],
  'who has gone is in no cohort any more');

-- Vectors that are standardised anew under way.
update r set id = pg_temp.begin_run('2026-02-04');
select private.advance_clustering(id, '0') from r;
update actors.belief_vector_components set mean_value = mean_value + 1 where position = 1;
select private.advance_clustering(id, '0') from r;
select is(pg_temp.working_rows(id), 0::bigint, 'when the scale changes between two chunks the run begins to read again') from r;
select is(pg_temp.advance_to(id, 'done'), 'completed', 'and comes to its end') from r;
select is((select feature_scaling #>> '{0, mean}' from cohorts.clustering_runs join r using (id)), (select mean_value::text from actors.belief_vector_components join t on brand = brand_id where position = 1),
  'in the new scale');

-- A step that is in another session's way, then one that fails.
update r set id = pg_temp.begin_run('2026-02-05');
select pg_temp.advance_to(id, 'place') from r;
alter function private.clustering_place(cohorts.clustering_runs, jsonb) rename to clustering_place_for_later;
create function private.clustering_place(p_run cohorts.clustering_runs, p_cursor jsonb) returns jsonb language plpgsql as $$
begin raise exception using errcode = '40P01', message = 'deadlock detected'; end $$;
do $$ begin for i in 1..5 loop perform private.advance_clustering((select id from r), '1 hour'); end loop; end $$;
select is((select (r.status, s.attempts, s.interruptions)::text from r x join cohorts.clustering_runs r using (id) join private.clustering_steps s on s.run_id = r.id and s.kind = 'place'),
  '(running,0,5)', 'giving way to another session is no failure');
select is((select worked from private.job_cohorts_run()), false, 'the job waits before it tries again');
update private.clustering_steps set retry_at = clock_timestamp() - interval '1 second' where retry_at is not null;
select is((select worked from private.job_cohorts_run()), true, 'and then tries again');
create or replace function private.clustering_place(p_run cohorts.clustering_runs, p_cursor jsonb) returns jsonb language plpgsql as $$
begin update private.clustering_points set label = 99 where run_id = p_run.id; raise exception 'the ground shook'; end $$;
select private.advance_clustering(id, '1 hour') from r;
select is((select (status, error_message)::text from cohorts.clustering_runs join r using (id)), '(running,"The step place failed: the ground shook.")', 'a failure is told in words');
select is((select count(*) from private.clustering_points p join r on r.id = p.run_id where p.label = 99), 0::bigint, 'and leaves nothing of the step');
select throws_ok($$select private.cohorts_discover(brand, 'kmeans', 1, '2026-02-05') from t$$, 'PT409', null, 'who waits for the run hears of it');
do $$ begin for i in 1..2 loop perform private.advance_clustering((select id from r), '1 hour'); end loop; end $$;
select is((select status from cohorts.clustering_runs join r using (id)), 'failed', 'after the third failure the run has failed');
select is(pg_temp.working_rows(id), 0::bigint, 'its working rows go') from r;
select is((select count(*) from r join public.oasis_events e on e.entity_id = r.id and e.type = 'cohorts.run_failed'), 1::bigint, 'clients are told');
select is((select (c.execution_status, c.error_data ->> 'message')::text from r join ai.function_calls c on c.related_entity_id = r.id),
  '(failed,"The step place failed: the ground shook.")', 'and so is the log');
select is((select count(*) from t, cohorts.list(brand)), 2::bigint, 'the cohorts are as they were');

-- One failure only.
update r set id = pg_temp.begin_run('2026-02-06');
select pg_temp.advance_to(id, 'place') from r;
select private.advance_clustering(id, '0') from r;
drop function private.clustering_place(cohorts.clustering_runs, jsonb);
alter function private.clustering_place_for_later(cohorts.clustering_runs, jsonb) rename to clustering_place;
select is(pg_temp.advance_to(id, 'done'), 'completed', 'a step that fails once is done at the next attempt') from r;
select is((select (error_message, step_times #>> '{place, attempts}')::text from cohorts.clustering_runs join r using (id)), '(,1)', 'and the run ends without an error, which is counted');

-- What is kept.
select private.cohorts_discover(brand, 'kmeans', 1, '2026-02-07') from t;
update r set id = pg_temp.begin_run('2026-02-08', 'validation');
create temp table before on commit drop as select c.id, c.last_run_id, c.updated_at from t join cohorts.cohorts c on c.brand_id = t.brand;
select is(pg_temp.advance_to(id, 'done'), 'completed', 'a run that only validates comes to its end') from r;
select is((select discovered_cohort_count from cohorts.clustering_runs join r using (id)), 2, 'says what it found');
select set_eq($$select c.id, c.last_run_id, c.updated_at from t join cohorts.cohorts c on c.brand_id = t.brand$$, $$select * from before$$, 'and leaves the cohorts as they are');
select is((select count(distinct s.run_id) from t join cohorts.clustering_runs c on c.brand_id = t.brand join private.clustering_steps s on s.run_id = c.id), 5::bigint,
  'the steps of the last five runs are kept');
select is((select array_agg(distinct c.started_at) from private.clustering_components m join cohorts.clustering_runs c on c.id = m.run_id join t on t.brand = c.brand_id),
  array['2026-02-07'::timestamptz], 'and the mixture of the last one that made cohorts');

select * from finish();
rollback;
