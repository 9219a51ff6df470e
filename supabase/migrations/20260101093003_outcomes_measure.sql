create function private.note_responses(p_brand uuid, p_stimuli uuid[])
returns void
language sql
volatile
set search_path = ''
as $$
  with reached as materialized (
    select o.deployment_id,
      max(case when private.is_response(o.outcome_type) then 5 when o.outcome_type in ('unsubscribe', 'complaint') then 4
        when o.outcome_type in ('engagement', 'feedback') then 3 when o.outcome_type = 'click' then 2 when o.outcome_type = 'open' then 1 else 0 end) as stage,
      min(o.outcome_timestamp) as first_at,
      min(o.time_to_outcome) filter (where o.outcome_type = 'open') as to_open,
      min(o.time_to_outcome) filter (where o.outcome_type = 'click') as to_click,
      min(o.time_to_outcome) filter (where private.is_response(o.outcome_type)) as to_convert
    from outcomes.outcomes o
    where o.brand_id = p_brand and o.stimulus_id = any (p_stimuli) and (o.source_signal_id is not null or o.source_key is not null)
    group by o.deployment_id
  )
  update stimuli.stimulus_deployments d
  set response_status = ('{none,opened,clicked,responded,unsubscribed,converted}'::stimuli.response_status[])[r.stage + 1],
    response_timestamp = r.first_at, time_to_open = r.to_open, time_to_click = r.to_click, time_to_convert = r.to_convert
  from reached r
  where d.brand_id = p_brand and d.id = r.deployment_id and d.delivery_status in ('pending', 'sending', 'sent', 'delivered', 'unknown', 'held_out')
    and (d.response_status::text, d.response_timestamp, d.time_to_open, d.time_to_click, d.time_to_convert) is distinct from
      (('{none,opened,clicked,responded,unsubscribed,converted}'::text[])[r.stage + 1], r.first_at, r.to_open, r.to_click, r.to_convert)
$$;
comment on function private.note_responses(uuid, uuid[]) is
  'Writes the furthest response and the seconds to the first open, click and response to the deployments. A deployment without a delivery report counts as sent; one that failed has no response. A held-out person responds by doing the same unasked.';

create function private.measure_outcomes(p_brand uuid, p_now timestamptz, p_due_only boolean default false)
returns integer
language plpgsql
volatile
set search_path = ''
set plan_cache_mode = force_custom_plan -- a plan for thousands of deployments is none for a few
as $$
declare
  v_found integer;
  v_stimuli uuid[];
  v_deployments uuid[];
begin
  -- What a person did may have followed any of its open deployments: those of the people who have one that is due.
  if p_due_only then
    select array_agg(o.id) into v_deployments
    from stimuli.stimulus_deployments o
    where o.brand_id = p_brand and o.learned_at is null and o.deployed_at <= p_now and o.actor_id in (
      select d.actor_id from stimuli.stimulus_deployments d
      where d.brand_id = p_brand and d.learned_at is null
        and d.window_ends_at <= p_now - private.parameter(p_brand, 'outcomes.late_days')::double precision * interval '1 day');
    if v_deployments is null then
      return 0;
    end if;
  end if;
  select array_agg(distinct d.stimulus_id order by d.stimulus_id) into v_stimuli
  from stimuli.stimulus_deployments d
  where d.brand_id = p_brand and d.learned_at is null and d.deployed_at <= p_now and (v_deployments is null or d.id = any (v_deployments));

  -- Step by step from the deployments to their signals: a plan that starts from all signals costs their product.
  with open_deployments as materialized (
    -- A person who was merged into another since then goes on as the other.
    select d.*, coalesce(a.merged_into, a.id) as person_id, b.stimulus_type, b.stimulus_name
    from stimuli.stimulus_deployments d
    join stimuli.stimuli_base b on b.brand_id = d.brand_id and b.id = d.stimulus_id
    join actors.actors a on a.brand_id = d.brand_id and a.id = d.actor_id
    where d.brand_id = p_brand and d.learned_at is null and d.deployed_at <= p_now and (v_deployments is null or d.id = any (v_deployments))
  ),
  pairs as materialized (
    select d as deployment, s.id as signal_id
    from open_deployments d
    cross join lateral (
      -- The times stay outside: inside, the index on all signals of the brand by time can look as good as the person's own.
      select s.id, s.occurred_at from signals.signals_base s
      where s.brand_id = p_brand and s.actor_id = d.person_id
      offset 0
    ) s
    where s.occurred_at >= d.deployed_at and s.occurred_at < least(d.window_ends_at, p_now)
  )
  insert into outcomes.outcomes (brand_id, stimulus_id, stimulus_type, deployment_id, source_signal_id, target_cohort_id,
    target_actor_id, is_holdout, outcome_type, outcome_category, outcome_description, outcome_value, outcome_unit,
    outcome_confidence, outcome_timestamp, stimulus_deployed_at, time_to_outcome, data_quality_score, source_systems, created_at)
  select p_brand, (p.deployment).stimulus_id, (p.deployment).stimulus_type, (p.deployment).id, r.signal_id, (p.deployment).cohort_id,
    (p.deployment).actor_id, (p.deployment).is_holdout, r.outcome_type, r.outcome_category,
    format('%s %s days after %s%s', r.outcome_type,
      round((extract(epoch from r.occurred_at - (p.deployment).deployed_at) / 86400)::numeric, 1),
      case when (p.deployment).is_holdout then 'being held out of ' end, (p.deployment).stimulus_name),
    r.outcome_value, r.outcome_unit, r.confidence_in_matching, r.occurred_at, (p.deployment).deployed_at,
    extract(epoch from r.occurred_at - (p.deployment).deployed_at)::integer, r.quality_score, jsonb_build_array(r.source_platform), p_now
  from pairs p
  cross join lateral (select * from private.signal_responses x where x.signal_id = p.signal_id and x.brand_id = p_brand offset 0) r
  where r.stimulus_ref is null or r.stimulus_ref = (p.deployment).stimulus_id::text
  on conflict (brand_id, deployment_id, source_signal_id) where deployment_id is not null and source_key is null do nothing;
  get diagnostics v_found = row_count;

  perform private.attribute_outcomes(p_brand, p_now, null, v_deployments);
  perform private.note_responses(p_brand, v_stimuli);
  perform private.refresh_stimulus_totals(p_brand, v_stimuli);
  return v_found;
end
$$;
comment on function private.measure_outcomes(uuid, timestamptz, boolean) is
  'Finds the outcomes of all deployments that are not closed, attributes them, and counts again. p_due_only: only of the people of whom a deployment is due to be closed. Returns how many were new.';

create function private.outcomes_measure(p_brand uuid, p_now timestamptz)
returns integer
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  v_started timestamptz := clock_timestamp();
  v_found integer;
begin
  perform private.require_role(p_brand, 'manager');
  perform pg_advisory_xact_lock(hashtextextended('outcomes:' || p_brand::text, 0));
  v_found := private.measure_outcomes(p_brand, p_now);
  if v_found > 0 then
    perform private.emit(p_brand, 'outcomes.measured', null, null, jsonb_build_object('found', v_found));
  end if;
  perform private.log_call('outcomes.measure', p_brand, jsonb_build_object('now', p_now), jsonb_build_object('found', v_found), v_started);
  return v_found;
end
$$;
comment on function private.outcomes_measure(uuid, timestamptz) is 'Body of outcomes.measure. Definer: clients may not write outcomes.';
grant execute on function private.outcomes_measure(uuid, timestamptz) to authenticated, service_role;

create function outcomes.measure(p_brand uuid, p_now timestamptz default now())
returns integer
language sql
volatile
set search_path = ''
begin atomic
  select * from private.outcomes_measure(p_brand, p_now);
end;
comment on function outcomes.measure(uuid, timestamptz) is
  'Reads the signals of every treated and held-out person since its deployment, until the window ends or p_now, as outcomes; recomputes how much each stimulus caused. Each signal is one outcome of a deployment, however often this runs. Returns how many are new. For managers.';
grant execute on function outcomes.measure(uuid, timestamptz) to authenticated, service_role;
