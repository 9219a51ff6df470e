create function private.findings(p_brand uuid, p_deployments uuid[])
returns table (actor_id uuid, attribute text, outcome_id uuid, value double precision, weight double precision, occurred_at timestamptz)
language sql
stable
set search_path = ''
set enable_nestloop = off -- thousands of deployments at once, of which the statistics may know nothing: hash joins, never a quadratic one
as $$
  select distinct on (d.id) coalesce(a.merged_into, a.id), 'response.' || t.template_category, o.id,
    case when private.is_response(o.outcome_type) then 1 else 0 end::double precision,
    case when private.is_response(o.outcome_type)
      then o.data_quality_score * o.outcome_confidence * o.attribution_confidence else 1 end,
    o.outcome_timestamp
  from stimuli.stimulus_deployments d
  join stimuli.stimulus_templates t on t.brand_id = d.brand_id and t.id = d.template_id
  join actors.actors a on a.brand_id = d.brand_id and a.id = d.actor_id
  join outcomes.outcomes o on o.brand_id = d.brand_id and o.deployment_id = d.id
  where d.brand_id = p_brand and d.id = any (p_deployments) and not d.is_holdout
    and d.delivery_status in ('pending', 'sent', 'delivered')
    and (private.is_response(o.outcome_type) or o.source_signal_id is null)
  order by d.id, private.is_response(o.outcome_type) desc, o.attribution_confidence desc, o.outcome_timestamp, o.id
$$;
comment on function private.findings(uuid, uuid[]) is
  'What these deployments say about each person treated by them, one row each: the response that the stimulus caused most surely, value 1 with weight signal quality x match probability x attribution, else the silence, value 0 with weight 1. Failed, expired and cancelled deliveries say nothing.';

create function private.learn_beliefs(p_brand uuid, p_deployments uuid[], p_now timestamptz)
returns integer
language plpgsql
volatile
set search_path = ''
set enable_nestloop = off -- thousands of deployments at once, of which the statistics may know nothing: hash joins, never a quadratic one
as $$
declare
  v_evidence uuid[];
begin
  -- Silence is an outcome too: evidence has to name what it came from.
  insert into outcomes.outcomes (brand_id, stimulus_id, stimulus_type, deployment_id, target_cohort_id, target_actor_id,
    outcome_type, outcome_category, outcome_description, outcome_value, outcome_unit, outcome_confidence, outcome_timestamp,
    stimulus_deployed_at, time_to_outcome, data_quality_score, created_at)
  select p_brand, d.stimulus_id, b.stimulus_type, d.id, d.cohort_id, d.actor_id, 'other', 'neutral',
    'no response until the window closed', 0, 'event', 1, d.window_ends_at, d.deployed_at,
    extract(epoch from d.window_ends_at - d.deployed_at)::integer, 1, p_now
  from stimuli.stimulus_deployments d
  join stimuli.stimuli_base b on b.brand_id = d.brand_id and b.id = d.stimulus_id
  where d.brand_id = p_brand and d.id = any (p_deployments) and not d.is_holdout
    and d.delivery_status in ('pending', 'sent', 'delivered')
    and not exists (select from outcomes.outcomes o
      where o.brand_id = p_brand and o.deployment_id = d.id and private.is_response(o.outcome_type))
  on conflict (brand_id, deployment_id, source_signal_id) where deployment_id is not null and source_key is null do nothing;

  with added as (
    insert into actors.evidence (brand_id, actor_id, attribute, distribution, value, weight, occurred_at, recorded_at, source_kind, source_id)
    select p_brand, f.actor_id, f.attribute, 'beta', f.value, f.weight, f.occurred_at, p_now, 'outcome', f.outcome_id
    from private.findings(p_brand, p_deployments) f
    on conflict do nothing
    returning id, actor_id, attribute, value, weight, source_id
  ),
  fed_back as (
    insert into outcomes.outcome_feedback_loop (brand_id, feedback_type, feedback_trigger, feedback_description, source_outcome_id,
      target_entity_type, target_entity_id, target_attribute, feedback_data, feedback_confidence, processing_status,
      processing_attempts, applied_at, applied_by, processed_at)
    select p_brand, 'belief_update', 'window_closed',
      case a.value when 1 then 'responded; weighted by how surely the stimulus caused it' else 'did not respond' end,
      a.source_id, 'actor', a.actor_id, a.attribute,
      jsonb_build_object('evidence_id', a.id, 'value', a.value, 'weight', a.weight), a.weight, 'applied', 1, p_now, 'outcomes.learn', p_now
    from added a
  )
  select array_agg(a.id) into v_evidence from added a;
  return private.fold_evidence(p_brand, coalesce(v_evidence, '{}'), p_now);
end
$$;
comment on function private.learn_beliefs(uuid, uuid[], timestamptz) is
  'Evidence response.<template category> about every person treated by these closed deployments (private.findings), where it is not in the ledger already. Folds it and returns how many beliefs moved.';

create function private.learn_arms(p_brand uuid, p_deployments uuid[], p_now timestamptz)
returns table (arm_id uuid, stimulus_id uuid, cohort_id uuid, template_id uuid, pulls integer, responses integer,
  alpha_before double precision, beta_before double precision, alpha_after double precision, beta_after double precision)
language plpgsql
volatile
set search_path = ''
as $$
declare
  v_group record;
  v_before stimuli.arms;
  v_after stimuli.arms;
  v_faded record;
begin
  -- A loop: one arm per stimulus and cohort, in one order, so that two calls cannot deadlock.
  for v_group in
    select h.cohort_id, d.template_id, d.stimulus_id, d.n, d.x, h.share
    from (
      select s.cohort_id, s.template_id, s.stimulus_id, count(*)::integer as n, count(*) filter (where r.responded)::integer as x
      from stimuli.stimulus_deployments s
      cross join lateral (select exists (select from outcomes.outcomes o
        where o.brand_id = p_brand and o.deployment_id = s.id and private.is_response(o.outcome_type)) as responded) r
      where s.brand_id = p_brand and s.id = any (p_deployments) and not s.is_holdout
        and s.cohort_id is not null and s.template_id is not null and s.delivery_status in ('pending', 'sent', 'delivered')
      group by s.cohort_id, s.template_id, s.stimulus_id
    ) d
    cross join lateral private.reward_heirs(p_brand, d.cohort_id, p_now) h
    order by h.cohort_id, d.template_id, d.stimulus_id
  loop
    select * into v_before from stimuli.arms a
    where a.brand_id = p_brand and a.cohort_id = v_group.cohort_id and a.template_id = v_group.template_id;
    select * into v_faded from private.faded_arm(p_brand, v_before, p_now);
    v_after := private.record_reward(p_brand, v_group.cohort_id, v_group.template_id,
      v_group.x::double precision / v_group.n, v_group.n * v_group.share, p_now, round(v_group.n * v_group.share)::integer);
    return query select v_after.id, v_group.stimulus_id, v_group.cohort_id, v_group.template_id, v_group.n, v_group.x,
      v_faded.alpha, v_faded.beta, v_after.alpha, v_after.beta;
  end loop;
end
$$;
comment on function private.learn_arms(uuid, uuid[], timestamptz) is
  'Rewards the arm of each closed deployment with 1 for a response and 0 for none; where its cohort has ended since, the arms of the cohorts its people are in (private.reward_heirs). The response rate, not the lift, is the reward: inside one cohort both rank the templates alike, and the rate is known ten times more exactly.';
