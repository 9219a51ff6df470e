-- What the Edge Function cohorts asks beside the rows that its caller may read.
create type cohorts.requested_run as (run_id uuid, joined boolean);
comment on type cohorts.requested_run is 'Answer of cohorts.request_run. joined: the run was under way already.';

create function private.cohorts_request_run(p_brand uuid, p_algorithm text, p_seed integer)
returns cohorts.requested_run
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  -- Of this call alone, so that it tells the run of this call from one that was found.
  v_now constant timestamptz := clock_timestamp();
  v_run cohorts.clustering_runs;
begin
  perform private.require_role(p_brand, 'manager');
  v_run := private.request_clustering(p_brand, p_algorithm, p_seed, v_now, 'manual');
  return (v_run.id, v_run.started_at <> v_now);
end
$$;
comment on function private.cohorts_request_run(uuid, text, integer) is 'Body of cohorts.request_run. Definer: runs are not writable by clients.';
grant execute on function private.cohorts_request_run(uuid, text, integer) to authenticated, service_role;

create function cohorts.request_run(p_brand uuid, p_algorithm text default 'auto', p_seed integer default 42)
returns cohorts.requested_run
language sql
volatile
set search_path = ''
begin atomic
  select * from private.cohorts_request_run(p_brand, p_algorithm, p_seed);
end;
comment on function cohorts.request_run(uuid, text, integer) is
  'Begins a search for cohorts, as cohorts.discover describes it, and returns at once with the id of its row in cohorts.clustering_runs: the job loopwise-cohorts-run does the work in steps of less than two seconds; status, stage and progress of the row tell how far it is. A brand has one run at a time: where one is under way, that one is joined. For managers. Errors: too_few_actors, invalid_argument, not_found, role_too_low.';
grant execute on function cohorts.request_run(uuid, text, integer) to authenticated, service_role;

create type cohorts.step_count as (kind text, steps integer, done integer, failures integer, spent_ms double precision);
comment on type cohorts.step_count is 'A row of cohorts.run_steps: how many steps of a kind a run has, how many are done, how often they failed, how long they took.';

create function private.cohorts_run_steps(p_run uuid)
returns setof cohorts.step_count
language plpgsql
stable
security definer
set search_path = ''
as $$
declare
  v_brand uuid := (select r.brand_id from cohorts.clustering_runs r where r.id = p_run);
begin
  if v_brand is null or not (private.is_service() or private.caller_role(v_brand) is not null) then
    perform private.raise_error('not_found', 'clustering run', p_run::text);
  end if;
  perform private.require_role(v_brand, 'support');
  return query
  select s.kind, count(*)::integer, count(s.done_at)::integer, sum(s.attempts)::integer, sum(s.spent_ms)
  from private.clustering_steps s where s.run_id = p_run group by s.kind order by min(s.place);
end
$$;
comment on function private.cohorts_run_steps(uuid) is 'Body of cohorts.run_steps. Definer: steps are closed to clients.';
grant execute on function private.cohorts_run_steps(uuid) to authenticated, service_role;

create function cohorts.run_steps(p_run uuid)
returns setof cohorts.step_count
language sql
stable
set search_path = ''
begin atomic
  select * from private.cohorts_run_steps(p_run);
end;
comment on function cohorts.run_steps(uuid) is
  'How far a run is: its steps by kind, in their order; none where the steps of an old run are gone. For members from support up. Errors: not_found, role_too_low.';
grant execute on function cohorts.run_steps(uuid) to authenticated, service_role;

create function private.cohorts_naming_facts(p_cohort uuid)
returns jsonb
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  v_cohort cohorts.cohorts;
  v_rate record;
begin
  select c.* into v_cohort from cohorts.cohorts c where c.id = p_cohort;
  if not found or not (private.is_service() or private.caller_role(v_cohort.brand_id) is not null) then
    perform private.raise_error('not_found', 'cohort', p_cohort::text);
  end if;
  perform private.require_role(v_cohort.brand_id, 'manager');
  if v_cohort.cohort_status <> 'active' or v_cohort.cohort_name is null then
    perform private.raise_error('cohort_not_active', p_cohort::text,
      case when v_cohort.cohort_status = 'active' then 'not described yet' else v_cohort.cohort_status::text end);
  elsif v_cohort.name_source = 'manager' then
    perform private.raise_error('cohort_named_by_manager', p_cohort::text);
  end if;
  select * into v_rate from private.take_rate('cohorts.naming:' || v_cohort.brand_id,
    greatest(private.parameter(v_cohort.brand_id, 'cohorts.namings_per_hour')::integer, 1), '1 hour');
  if not v_rate.allowed then
    perform private.raise_error('rate_limited', 'names of cohorts', v_rate.retry_after_seconds::text);
  end if;
  return jsonb_build_object(
    'brand_id', v_cohort.brand_id, 'asked_by', auth.uid(),
    'name', v_cohort.cohort_name, 'description', v_cohort.cohort_description, 'people', v_cohort.member_count,
    'characteristics', (
      -- Means are in the units of the vectors, which nobody outside knows; words has them in those of a shop.
      select coalesce(jsonb_agg(h.characteristic_value - '{mean,mean_of_rest}'::text[] || jsonb_build_object('effect_size', round(h.effect_size::numeric, 2))
        order by abs(h.effect_size) desc, h.characteristic_name), '[]')
      from cohorts.cohort_characteristics h
      where h.brand_id = v_cohort.brand_id and h.cohort_id = p_cohort and h.is_current),
    'other_names', (
      select coalesce(jsonb_agg(c.cohort_name order by c.cohort_name), '[]') from cohorts.cohorts c
      where c.brand_id = v_cohort.brand_id and c.id <> p_cohort and c.cohort_status = 'active' and c.cohort_name is not null));
end
$$;
comment on function private.cohorts_naming_facts(uuid) is
  'Body of cohorts.naming_facts. Definer: the role and the rate limit are not the caller''s to check.';
grant execute on function private.cohorts_naming_facts(uuid) to authenticated, service_role;

create function cohorts.naming_facts(p_cohort uuid)
returns jsonb
language sql
volatile
set search_path = ''
begin atomic
  select private.cohorts_naming_facts(p_cohort);
end;
comment on function cohorts.naming_facts(uuid) is
  'What somebody has to know who is to name an active cohort: {brand_id, asked_by, name, description, people, characteristics: [{label, direction, words, effect_size}], other_names}; of groups, never of a person. Labels may hold names of products that strangers wrote. For managers, cohorts.namings_per_hour times an hour. Errors: not_found, role_too_low, cohort_not_active, cohort_named_by_manager, rate_limited.';
grant execute on function cohorts.naming_facts(uuid) to authenticated, service_role;

insert into private.error_codes (key, errcode, http_status, message, hint) values
  ('cohort_named_by_manager', 'PT409', 409, 'The name of the cohort %s was given by a manager, and no provider replaces it.', 'Give it another with cohorts.rename.');
