create function private.meetings(p_brand uuid, p_experiment uuid, p_actors uuid[], p_variants uuid[], p_at timestamptz[], p_now timestamptz)
returns table (actor_id uuid, person_id uuid, variant_id uuid, at timestamptz, assigned_at timestamptz)
language sql
stable
set search_path = ''
set plan_cache_mode = force_custom_plan -- the plan depends on the size of the arrays
as $$
  with given as materialized (
    select g.actor_id, g.variant_id, coalesce(g.at, p_now) as at from unnest(p_actors, p_variants, p_at) g (actor_id, variant_id, at)
  ),
  people as materialized (
    select s.actor_id, s.person_id from private.survivors(p_brand, p_actors) s
  ),
  variants as materialized (
    select v.id from stimuli.experiment_variants v where v.experiment_id = p_experiment
  )
  select g.actor_id, s.person_id, v.id, g.at, x.assigned_at
  from given g
  left join people s on s.actor_id = g.actor_id
  left join lateral (
    -- Each by the index of the person: of a new experiment there are no statistics to plan a join with.
    select a.variant_id, a.assigned_at from stimuli.experiment_assignments a
    where a.brand_id = p_brand and a.experiment_id = p_experiment and a.actor_id = s.person_id offset 0
  ) x on true
  left join variants v on v.id = coalesce(g.variant_id, x.variant_id) and x.variant_id is not null
$$;
comment on function private.meetings(uuid, uuid, uuid[], uuid[], timestamptz[], timestamptz) is
  'Arguments of private.expose, with who each person is today and the assignment. variant_id is null where nothing was assigned or the variant is of another experiment.';

create function private.expose(p_brand uuid, p_experiment uuid, p_actors uuid[], p_variants uuid[], p_at timestamptz[], p_now timestamptz default now())
returns integer
language plpgsql
volatile
set search_path = ''
set plan_cache_mode = force_custom_plan -- the plan depends on the size of the arrays
as $$
declare
  v_experiment stimuli.experiments;
  v_problem record;
  v_new integer;
begin
  select * into v_experiment from stimuli.experiments e where e.brand_id = p_brand and e.id = p_experiment;
  if not found then
    perform private.raise_error('not_found', 'experiment', p_experiment::text);
  elsif v_experiment.status <> 'running' then
    perform private.raise_error('experiment_not_running', p_experiment::text, v_experiment.status);
  end if;

  select m.actor_id, m.variant_id is null as is_unknown into v_problem
  from private.meetings(p_brand, p_experiment, p_actors, p_variants, p_at, p_now) m
  where m.variant_id is null or (m.at between v_experiment.started_at and p_now + interval '5 minutes') is not true
  limit 1;
  if found then
    perform case when v_problem.is_unknown then private.raise_error('not_found', 'assignment (or variant) of actor', v_problem.actor_id::text)
      else private.raise_error('invalid_argument', 'exposed_at', 'must lie between the start of the experiment and now') end;
  end if;

  with met as (
    -- Apps have clocks of their own: nobody meets a variant before it is assigned.
    select m.person_id, m.variant_id, min(greatest(m.at, m.assigned_at)) as at
    from private.meetings(p_brand, p_experiment, p_actors, p_variants, p_at, p_now) m
    group by m.person_id, m.variant_id
  ),
  stored as (
    insert into stimuli.experiment_exposures as e (brand_id, experiment_id, actor_id, variant_id, exposed_at)
    select p_brand, p_experiment, m.person_id, m.variant_id, m.at from met m order by m.person_id, m.variant_id
    on conflict (brand_id, experiment_id, actor_id, variant_id) do update set exposed_at = excluded.exposed_at where excluded.exposed_at < e.exposed_at
    returning e.xmax = 0 as is_new
  )
  select count(*) filter (where s.is_new) into v_new from stored s;
  return v_new;
end
$$;
comment on function private.expose(uuid, uuid, uuid[], uuid[], timestamptz[], timestamptz) is
  'Notes that people met their variant of a running experiment (arrays side by side; variant null: the assigned one, time null: p_now) and returns how many had not before. The earliest time stays. A variant other than the assigned one is stored too: it is a crossover. Errors: not_found, experiment_not_running (409), invalid_argument; then nothing of the batch is stored.';

create function private.stimuli_expose(p_brand uuid, p_experiment uuid, p_exposures jsonb, p_now timestamptz)
returns integer
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  v_new integer;
begin
  perform private.require_role(p_brand, 'operator');
  perform private.require_time('p_now', p_now);
  if jsonb_typeof(p_exposures) is distinct from 'array' or jsonb_array_length(p_exposures) not between 1 and 10000 then
    perform private.raise_error('invalid_argument', 'p_exposures', 'must be a list of 1 to 10,000 exposures');
  elsif exists (
    select from jsonb_array_elements(p_exposures) e (item)
    where jsonb_typeof(e.item) <> 'object'
      or not coalesce(pg_input_is_valid(e.item ->> 'actor_id', 'uuid'), false)
      or not coalesce(pg_input_is_valid(e.item ->> 'variant_id', 'uuid'), true)
      or not coalesce(pg_input_is_valid(e.item ->> 'exposed_at', 'timestamptz'), true)
  ) then
    perform private.raise_error('invalid_argument', 'p_exposures', 'each must be {"actor_id", "variant_id"?, "exposed_at"?}');
  end if;
  select private.expose(p_brand, p_experiment, array_agg((e.item ->> 'actor_id')::uuid order by e.place),
    array_agg((e.item ->> 'variant_id')::uuid order by e.place), array_agg((e.item ->> 'exposed_at')::timestamptz order by e.place), p_now)
  into v_new
  from jsonb_array_elements(p_exposures) with ordinality e (item, place);
  return v_new;
end
$$;
comment on function private.stimuli_expose(uuid, uuid, jsonb, timestamptz) is 'Body of stimuli.expose. Definer: clients may not write exposures.';
grant execute on function private.stimuli_expose(uuid, uuid, jsonb, timestamptz) to authenticated, service_role;

create function stimuli.expose(p_brand uuid, p_experiment uuid, p_exposures jsonb, p_now timestamptz default now())
returns integer
language sql
volatile
set search_path = ''
begin atomic
  select private.stimuli_expose(p_brand, p_experiment, p_exposures, p_now);
end;
comment on function stimuli.expose(uuid, uuid, jsonb, timestamptz) is
  'Says that people met their variant, the control included (they would have met one). p_exposures: up to 10,000 of {"actor_id", "exposed_at"? (default p_now), "variant_id"? (what was really shown; default the assigned one)}. Returns how many are new; the same again changes nothing, an earlier time replaces a later one. Only people assigned before count. For operators and up. Errors: not_found, experiment_not_running (409), invalid_argument.';
grant execute on function stimuli.expose(uuid, uuid, jsonb, timestamptz) to authenticated, service_role;
