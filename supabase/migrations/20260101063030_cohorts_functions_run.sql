create function private.clustering_parameters(p_brand uuid)
returns jsonb
language sql
stable
set search_path = ''
as $$
  select jsonb_object_agg(substr(k.parameter_key, 9), private.parameter(p_brand, k.parameter_key))
    || jsonb_build_object('algorithms', (
      select jsonb_object_agg(substr(f.function_name, 17), f.parameters) from ai.functions f
      where f.function_name like 'cohorts.cluster\_%' and f.is_active and f.brand_id is null))
  from core.system_parameters k where k.parameter_key like 'cohorts.%' and k.is_active
$$;
comment on function private.clustering_parameters(uuid) is
  'The tunables of a run as one object: system parameters cohorts.*, with the settings of the brand, and those of every algorithm.';

create function private.plan_clustering(p_run cohorts.clustering_runs, p_algorithms text[])
returns void
language sql
volatile
set search_path = ''
as $$
  insert into private.clustering_steps (run_id, place, kind, arguments)
  select p_run.id, row_number() over (order by s.stage, s.round, s.algorithm), s.kind, jsonb_strip_nulls(jsonb_build_object('algorithm', s.algorithm, 'round', s.round))
  from (
    select v.stage, v.kind, null::text as algorithm, null::integer as round
    from (values (1, 'load'), (2, 'sample'), (10, 'choose'), (11, 'resample'), (12, 'mix'), (13, 'place'), (14, 'match'), (15, 'publish'), (16, 'describe'), (17, 'finish')) v (stage, kind)
    where v.stage not between 14 and 16 or p_run.run_type <> 'validation'
    union all
    select 3, 'halve', null, r.round from generate_series(1, (p_run.parameters ->> 'rounds')::integer) r (round)
    union all
    -- Slices are cut last: only where nobody found groups.
    select v.stage + case when (p_run.parameters #>> array['algorithms', a.algorithm, 'slices'])::boolean then 3 else 0 end, v.kind, a.algorithm, r.round
    from unnest(p_algorithms) a (algorithm)
    cross join (values (4, 'try'), (5, 'refit'), (6, 'separate')) v (stage, kind)
    left join generate_series(1, (p_run.parameters ->> 'rounds')::integer) r (round) on v.kind = 'refit'
  ) s
$$;
comment on function private.plan_clustering(cohorts.clustering_runs, text[]) is
  'Writes the steps of a run: what goes in, the partitions of each algorithm on the sample and on halves of it, the choice, and, unless it only validates, what makes cohorts of it.';

create function private.request_clustering(
  p_brand uuid, p_algorithm text, p_seed integer, p_now timestamptz, p_trigger cohorts.run_trigger, p_reason text default null,
  p_run_type cohorts.run_type default 'full')
returns cohorts.clustering_runs
language plpgsql
volatile
set search_path = ''
as $$
declare
  v_asked constant timestamptz := clock_timestamp();
  v_run cohorts.clustering_runs;
  v_parameters jsonb;
  v_actors integer;
  v_algorithms text[];
begin
  -- Two requests at once: the second waits here, and then finds the run of the first, which may have ended meanwhile.
  perform pg_advisory_xact_lock(hashtextextended('cohorts.clustering', 0) # hashtextextended(p_brand::text, 0));
  select r.* into v_run from cohorts.clustering_runs r
  where r.brand_id = p_brand and (r.status = 'running' or r.status = 'completed' and r.run_type = p_run_type and r.updated_at >= v_asked);
  if found then
    return v_run;
  end if;
  v_algorithms := array(
    select substr(f.function_name, 17) from ai.functions f
    where f.function_name like 'cohorts.cluster\_%' and f.is_active and f.brand_id is null
      and (p_algorithm = 'auto' or f.function_name = 'cohorts.cluster_' || p_algorithm)
    order by 1);
  if not exists (select from core.brands b where b.id = p_brand) then
    perform private.raise_error('not_found', 'brand', p_brand::text);
  elsif cardinality(v_algorithms) = 0 then
    perform private.raise_error('invalid_argument', 'p_algorithm', format('%L is not a registered clustering algorithm', p_algorithm));
  elsif p_seed is null or p_now is null then
    perform private.raise_error('invalid_argument', case when p_seed is null then 'p_seed' else 'p_now' end, 'must not be null');
  elsif p_now < (select max(r.started_at) from cohorts.clustering_runs r where r.brand_id = p_brand) then
    -- What a run writes is dated by p_now: the past of the cohorts is not written again.
    perform private.raise_error('invalid_argument', 'p_now', 'must not lie before the last run of the brand');
  end if;
  perform private.require_time('p_now', p_now);
  v_parameters := private.clustering_parameters(p_brand);
  select count(*) into v_actors
  from actors.actor_belief_vectors v
  join actors.actors a on a.id = v.actor_id and a.is_active and a.merged_into is null
  where v.brand_id = p_brand and v.vector_name = 'belief' and v.is_current;
  if v_actors < greatest((v_parameters ->> 'min_actors')::integer, 2) then
    perform private.raise_error('too_few_actors', v_actors::text, v_parameters ->> 'min_actors');
  end if;

  insert into cohorts.clustering_runs (brand_id, algorithm_name, algorithm_version, function_name, seed, parameters, run_type,
    input_actor_count, input_vector_type, input_vector_dimensions, trigger_kind, trigger_reason, requested_by, started_at)
  select p_brand, p_algorithm, f.version, f.function_name, p_seed, v_parameters, p_run_type, v_actors, 'combined',
    (select v.vector_dimensions from actors.actor_belief_vectors v where v.brand_id = p_brand and v.vector_name = 'belief' and v.is_current limit 1),
    p_trigger, p_reason, auth.uid(), p_now
  from ai.functions f where f.function_name = 'cohorts.discover' and f.brand_id is null
  returning * into v_run;
  perform private.plan_clustering(v_run, v_algorithms);
  perform private.emit(p_brand, 'cohorts.run_started', 'clustering_run', v_run.id, jsonb_build_object('trigger', p_trigger, 'reason', p_reason, 'people', v_actors));
  return v_run;
end
$$;
comment on function private.request_clustering(uuid, text, integer, timestamptz, cohorts.run_trigger, text, cohorts.run_type) is
  'Begins a run of a brand, or returns the one that is under way, or was while this request waited for it: there is never a second. Errors: too_few_actors, invalid_argument, not_found.';

create function private.do_clustering_step(p_run cohorts.clustering_runs, p_step private.clustering_steps)
returns jsonb
language plpgsql
volatile
set search_path = ''
as $$
declare
  v_function constant regproc := format('private.%I', 'clustering_' || p_step.kind)::regproc;
  v_cursor jsonb;
begin
  execute (
    select format('select private.%I(%s)', 'clustering_' || p_step.kind, string_agg(
      case n.name when 'p_run' then 'p_run => $1' when 'p_arguments' then 'p_arguments => $2' when 'p_cursor' then 'p_cursor => $3' end, ', '))
    from pg_proc p cross join unnest(p.proargnames) n (name) where p.oid = v_function)
  into v_cursor using p_run, p_step.arguments, p_step.progress_cursor;
  return v_cursor;
end
$$;
comment on function private.do_clustering_step(cohorts.clustering_runs, private.clustering_steps) is
  'Calls private.clustering_<kind> with what it takes of p_run, p_arguments and p_cursor. Returns where to go on from; null: the step is done.';

create function private.advance_clustering(p_run uuid, p_budget interval)
returns cohorts.clustering_runs
language plpgsql
volatile
set search_path = ''
as $$
declare
  v_most_attempts constant integer := 3;
  v_most_interruptions constant integer := 20;
  v_until constant timestamptz := clock_timestamp() + p_budget;
  v_started timestamptz;
  v_run cohorts.clustering_runs;
  v_step private.clustering_steps;
  v_error text;
  v_interrupted boolean;
begin
  loop
    v_started := clock_timestamp();
    -- Whoever works on the run already goes on alone.
    select r.* into v_run from cohorts.clustering_runs r where r.id = p_run and r.status = 'running' for update skip locked;
    exit when not found;
    select s.* into v_step from private.clustering_steps s where s.run_id = p_run and s.done_at is null order by s.place limit 1;
    v_error := null;
    v_interrupted := false;
    begin
      v_step.progress_cursor := private.do_clustering_step(v_run, v_step);
    exception
      -- Cancelled, out of time, or in the way of another session: nothing is wrong with the step itself.
      when query_canceled or deadlock_detected or serialization_failure or lock_not_available then
        v_error := sqlerrm;
        v_interrupted := true;
      when others then
        v_error := sqlerrm;
    end;
    update private.clustering_steps s
    set progress_cursor = v_step.progress_cursor, last_error = v_error,
      attempts = s.attempts + (v_error is not null and not v_interrupted)::integer, interruptions = s.interruptions + v_interrupted::integer,
      retry_at = case when v_error is not null then clock_timestamp() + (5 + 5 * random()) * 3 ^ s.attempts * interval '1 second' end,
      spent_ms = s.spent_ms + extract(epoch from clock_timestamp() - v_started) * 1000,
      done_at = case when v_error is null and v_step.progress_cursor is null then clock_timestamp() end
    where s.run_id = p_run and s.place = v_step.place
    returning s.* into v_step;
    update cohorts.clustering_runs r
    set status = case when v_step.attempts >= v_most_attempts or v_step.interruptions >= v_most_interruptions then 'failed' else r.status end,
      error_message = case when v_error is not null then format('The step %s failed: %s.', v_step.kind, rtrim(v_error, '.')) end,
      error_details = case when v_error is not null then jsonb_build_object('step', v_step.kind, 'arguments', v_step.arguments,
        'attempts', v_step.attempts, 'interruptions', v_step.interruptions) end,
      progress = n.progress, stage = coalesce(n.stage, 'done')
    from (
      select avg((s.done_at is not null)::integer) as progress, (array_agg(s.kind order by s.place) filter (where s.done_at is null))[1] as stage
      from private.clustering_steps s where s.run_id = p_run
    ) n
    where r.id = p_run
    returning r.* into v_run;
    if v_run.status <> 'running' then
      perform private.end_clustering(v_run);
    end if;
    exit when v_error is not null or clock_timestamp() >= v_until;
  end loop;
  select r.* into v_run from cohorts.clustering_runs r where r.id = p_run;
  return v_run;
end
$$;
comment on function private.advance_clustering(uuid, interval) is
  'Does the next steps of a run until p_budget is used up (at least one), in the transaction of the caller. A step that fails is rolled back and tried again by the next call; at the third failure, or the twentieth interruption (cancelled, timed out, deadlock), the run has failed. Does nothing when another session works on the run or it has ended.';

create function private.end_clustering(p_run cohorts.clustering_runs)
returns void
language plpgsql
volatile
set search_path = ''
as $$
declare
  v_most_runs constant integer := 5;
begin
  update cohorts.clustering_runs r
  set execution_time_ms = t.total, step_times = t.times
  from (
    select sum(k.ms)::integer as total, jsonb_object_agg(k.kind, jsonb_build_object('steps', k.steps, 'milliseconds', round(k.ms::numeric),
      'attempts', k.attempts, 'interruptions', k.interruptions)) as times
    from (
      select s.kind, count(*) as steps, sum(s.spent_ms) as ms, sum(s.attempts) as attempts, sum(s.interruptions) as interruptions
      from private.clustering_steps s where s.run_id = p_run.id group by s.kind
    ) k
  ) t
  where r.id = p_run.id;

  delete from private.clustering_points p where p.run_id = p_run.id;
  delete from private.clustering_candidates c where c.run_id = p_run.id;
  delete from private.clustering_halves h where h.run_id = p_run.id;
  delete from private.clustering_refits f where f.run_id = p_run.id;
  delete from private.clustering_steps s
  where s.run_id in (
    select r.id from cohorts.clustering_runs r where r.brand_id = p_run.brand_id order by r.started_at desc, r.id desc offset v_most_runs);
  delete from private.clustering_samples c
  where c.run_id in (select r.id from cohorts.clustering_runs r where r.brand_id = p_run.brand_id)
    and c.run_id is distinct from (private.last_clustering(p_run.brand_id)).id;
  delete from private.clustering_components c
  where c.run_id in (select r.id from cohorts.clustering_runs r where r.brand_id = p_run.brand_id)
    and c.run_id is distinct from (private.last_clustering(p_run.brand_id)).id
    and not exists (select from cohorts.cohorts x where x.brand_id = p_run.brand_id and x.last_run_id = c.run_id and x.cohort_status = 'active');

  if p_run.status = 'failed' then
    perform private.emit(p_run.brand_id, 'cohorts.run_failed', 'clustering_run', p_run.id,
      jsonb_build_object('step', p_run.stage, 'message', p_run.error_message));
    perform private.log_call('cohorts.discover', p_run.brand_id,
      jsonb_build_object('seed', p_run.seed, 'now', p_run.started_at, 'trigger', p_run.trigger_kind), null, p_run.created_at,
      p_entity_type => 'clustering_run', p_entity_id => p_run.id, p_status => 'failed',
      p_error => p_run.error_details || jsonb_build_object('message', p_run.error_message));
  end if;
end
$$;
comment on function private.end_clustering(cohorts.clustering_runs) is
  'What is to be done when a run has ended in whatever way: its times are summed up, its working rows go, and so do the steps, samples and mixtures of runs that nobody needs any more; a failure is told.';

create function private.last_clustering(p_brand uuid)
returns cohorts.clustering_runs
language sql
stable
set search_path = ''
as $$
  select r.* from cohorts.clustering_runs r
  where r.brand_id = p_brand and r.status = 'completed' and r.run_type <> 'validation'
  order by r.started_at desc, r.id desc limit 1
$$;
comment on function private.last_clustering(uuid) is 'The run that the cohorts of today come from; nulls where there is none.';

create function private.cohorts_discover(p_brand uuid, p_algorithm text, p_seed integer, p_now timestamptz)
returns uuid
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  v_run cohorts.clustering_runs;
begin
  perform private.require_role(p_brand, 'manager');
  v_run := private.request_clustering(p_brand, p_algorithm, p_seed, p_now, 'manual');
  while v_run.status = 'running' loop
    -- Where a worker is at it, after its step.
    perform from cohorts.clustering_runs r where r.id = v_run.id for update;
    v_run := private.advance_clustering(v_run.id, '1 minute');
    exit when v_run.error_message is not null;
  end loop;
  if v_run.status is distinct from 'completed' then
    perform private.raise_error('clustering_failed', v_run.id::text, coalesce(v_run.error_message, v_run.status::text, 'deleted'));
  end if;
  return v_run.id;
end
$$;
comment on function private.cohorts_discover(uuid, text, integer, timestamptz) is
  'Body of cohorts.discover. Definer: cohorts, memberships and logs are not writable by clients.';
grant execute on function private.cohorts_discover(uuid, text, integer, timestamptz) to authenticated, service_role;

create function cohorts.discover(p_brand uuid, p_algorithm text default 'auto', p_seed integer default 42, p_now timestamptz default now())
returns uuid
language sql
volatile
set search_path = ''
begin atomic
  select private.cohorts_discover(p_brand, p_algorithm, p_seed, p_now);
end;
comment on function cohorts.discover(uuid, text, integer, timestamptz) is
  'A whole run in one transaction, for small brands and for scripts: cohorts.request_run is the way for the rest. Finds the groups among the active people of a brand from their current belief vectors (made by actors.refresh_vectors): run, cohorts, memberships with confidence, characteristics, names, similarity, events. Cohorts whose people stay together keep their id. p_algorithm: registered in ai.functions as cohorts.cluster_<name>, or auto, the best of all; p_seed: same data and seed, same groups; returns cohorts.clustering_runs.id (of the run under way, which it brings to its end, if there is one). For managers. Errors: too_few_actors, clustering_failed, invalid_argument, not_found, role_too_low.';
grant execute on function cohorts.discover(uuid, text, integer, timestamptz) to authenticated, service_role;

create function private.cohorts_cancel_run(p_run uuid)
returns cohorts.clustering_runs
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  v_run cohorts.clustering_runs;
begin
  -- Waits for the step that is being done.
  select r.* into v_run from cohorts.clustering_runs r where r.id = p_run for update;
  if not found or not (private.is_service() or private.caller_role(v_run.brand_id) is not null) then
    perform private.raise_error('not_found', 'clustering run', p_run::text);
  end if;
  perform private.require_role(v_run.brand_id, 'manager');
  if v_run.status <> 'running' or exists (
    select from private.clustering_steps s where s.run_id = p_run and s.kind = 'match' and (s.done_at is not null or s.progress_cursor is not null)) then
    perform private.raise_error('run_not_cancellable', p_run::text, case when v_run.status = 'running' then 'publishing its cohorts' else v_run.status::text end);
  end if;
  update cohorts.clustering_runs r set status = 'cancelled' where r.id = p_run returning r.* into v_run;
  perform private.end_clustering(v_run);
  perform private.emit(v_run.brand_id, 'cohorts.run_cancelled', 'clustering_run', p_run, '{}');
  return v_run;
end
$$;
comment on function private.cohorts_cancel_run(uuid) is 'Body of cohorts.cancel_run. Definer: runs are not writable by clients.';
grant execute on function private.cohorts_cancel_run(uuid) to authenticated, service_role;

create function cohorts.cancel_run(p_run uuid)
returns cohorts.clustering_runs
language sql
volatile
set search_path = ''
begin atomic
  select * from private.cohorts_cancel_run(p_run);
end;
comment on function cohorts.cancel_run(uuid) is
  'Ends a run that still looks for cohorts; what there was before stays. Once it publishes them it goes on to its end. For managers. Errors: not_found, run_not_cancellable, role_too_low.';
grant execute on function cohorts.cancel_run(uuid) to authenticated, service_role;
