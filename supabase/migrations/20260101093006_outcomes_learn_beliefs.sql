create function private.findings(p_brand uuid, p_deployments uuid[])
returns table (actor_id uuid, attribute text, distribution actors.distribution, category text, outcome_id uuid, value double precision,
  weight double precision, occurred_at timestamptz, deployment_id uuid)
language sql
stable
set search_path = ''
set enable_nestloop = off -- thousands of deployments at once, of which the statistics may know nothing: hash joins, never a quadratic one
as $$
  with answer as materialized (
    select distinct on (d.id) d.id, coalesce(a.merged_into, a.id) as actor_id, t.template_category::text as template_category,
      d.deployment_channel::text as channel, f.offer_type::text as offer_type, o.id as outcome_id, o.outcome_timestamp as occurred_at,
      private.is_response(o.outcome_type) as responded,
      case when private.is_response(o.outcome_type) then o.data_quality_score * o.outcome_confidence * o.attribution_confidence else 1 end as weight
    from stimuli.stimulus_deployments d
    join stimuli.stimulus_templates t on t.brand_id = d.brand_id and t.id = d.template_id
    join actors.actors a on a.brand_id = d.brand_id and a.id = d.actor_id
    join outcomes.outcomes o on o.brand_id = d.brand_id and o.deployment_id = d.id
    left join stimuli.offers f on f.brand_id = d.brand_id and f.stimulus_id = d.stimulus_id
    where d.brand_id = p_brand and d.id = any (p_deployments) and not d.is_holdout
      and d.delivery_status in ('pending', 'sending', 'sent', 'delivered', 'unknown')
      and (private.is_response(o.outcome_type)
        or o.source_signal_id is null and o.source_key is null)
    order by d.id, private.is_response(o.outcome_type) desc, o.attribution_confidence desc, o.outcome_timestamp, o.id
  )
  select a.actor_id, s.attribute, s.distribution::actors.distribution, s.category, a.outcome_id, case when a.responded then 1 else 0 end::double precision,
    a.weight, a.occurred_at, a.id
  from answer a
  cross join lateral (values
    ('response.' || a.template_category, 'beta', ''),
    ('response.channel.' || a.channel, 'beta', ''),
    ('response.offer.' || a.offer_type, 'beta', ''),
    ('preference.offer_type', 'dirichlet', case when a.responded then a.offer_type end)
  ) s (attribute, distribution, category)
  where s.attribute is not null and s.category is not null
  union all
  -- What was told to outcomes.record and came by no signal has taught nobody yet; what was read from a signal was learnt from that.
  select coalesce(a.merged_into, a.id), case when o.outcome_type in ('unsubscribe', 'complaint') then 'friction.communication' else 'experience.satisfaction' end,
    'beta', '', o.id, case when o.outcome_type in ('unsubscribe', 'complaint') then 1 else (o.outcome_value - 1) / 4 end,
    o.data_quality_score * o.outcome_confidence, o.outcome_timestamp, d.id
  from stimuli.stimulus_deployments d
  join actors.actors a on a.brand_id = d.brand_id and a.id = d.actor_id
  join outcomes.outcomes o on o.brand_id = d.brand_id and o.deployment_id = d.id and o.source_key is not null
  where d.brand_id = p_brand and d.id = any (p_deployments)
    and (o.outcome_type in ('unsubscribe', 'complaint')
      or o.outcome_type in ('feedback', 'satisfaction') and o.outcome_unit = 'stars' and o.outcome_value between 1 and 5)
$$;
comment on function private.findings(uuid, uuid[]) is
  'What these deployments say about each person: of a treated one the response that the stimulus caused most surely, value 1 with weight signal quality x match probability x attribution, else the silence, value 0 with weight 1, about the kind of template (response.<template category>), the channel (response.channel.<channel>) and, of an offer, its type (response.offer.<type>; preference.offer_type, by which the person was won). Failed, expired and cancelled deliveries say nothing of that. Recorded outcomes without a signal: friction.communication (unsubscribe, complaint) and experience.satisfaction (1 to 5 stars as 0 to 1), with weight data quality x outcome confidence.';

create function private.learn_beliefs(p_brand uuid, p_deployments uuid[], p_now timestamptz)
returns integer
language plpgsql
volatile
set search_path = ''
set enable_nestloop = off -- thousands of deployments at once, of which the statistics may know nothing: hash joins, never a quadratic one
as $$
declare
  v_evidence uuid[];
  v_acted uuid[];
  v_moved integer;
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
    and d.delivery_status in ('pending', 'sending', 'sent', 'delivered', 'unknown')
    and not exists (select from outcomes.outcomes o
      where o.brand_id = p_brand and o.deployment_id = d.id and private.is_response(o.outcome_type))
  on conflict (brand_id, deployment_id, source_signal_id) where deployment_id is not null and source_key is null do nothing;

  with added as (
    insert into actors.evidence (brand_id, actor_id, attribute, distribution, category, value, weight, occurred_at, recorded_at, source_kind, source_id)
    select p_brand, f.actor_id, f.attribute, f.distribution, f.category, f.value, f.weight, f.occurred_at, p_now, 'outcome', f.outcome_id
    from private.findings(p_brand, p_deployments) f
    on conflict do nothing
    returning id, actor_id, attribute, value, weight, source_id
  ),
  fed_back as (
    insert into outcomes.outcome_feedback_loop (brand_id, feedback_type, feedback_trigger, feedback_description, source_outcome_id,
      source_learning_id, target_entity_type, target_entity_id, target_attribute, feedback_data, feedback_confidence, processing_status,
      processing_attempts, applied_at, applied_by, processed_at)
    select p_brand, 'belief_update', 'window_closed',
      case a.value when 1 then 'responded; weighted by how surely the stimulus caused it' else 'did not respond' end,
      a.source_id, l.id, 'actor', a.actor_id, g.attributes,
      jsonb_build_object('evidence', g.evidence, 'value', a.value, 'weight', a.weight), a.weight, 'applied', 1, p_now, 'outcomes.learn', p_now
    from (select x.source_id, string_agg(x.attribute, ', ' order by x.attribute) as attributes, jsonb_agg(x.id order by x.attribute) as evidence
      from added x group by x.source_id) g
    join (select distinct on (x.source_id) x.* from added x order by x.source_id, x.attribute desc) a on a.source_id = g.source_id
    join outcomes.outcomes o on o.id = a.source_id
    join stimuli.stimulus_deployments d on d.brand_id = o.brand_id and d.id = o.deployment_id
    left join outcomes.outcome_learning l on l.brand_id = d.brand_id and coalesce(l.revises, l.id) = d.learning_id and l.is_active
  )
  select array_agg(a.id), array_agg(distinct a.actor_id) filter (where a.value > 0) into v_evidence, v_acted from added a;
  v_moved := private.fold_evidence(p_brand, coalesce(v_evidence, '{}'), p_now);
  -- What made somebody act is told at once; that others were silent, with the next thing they do.
  perform private.actors_write_beliefs(p_brand, coalesce(v_acted, '{}'), p_now);
  return v_moved;
end
$$;
comment on function private.learn_beliefs(uuid, uuid[], timestamptz) is
  'Evidence about every person of these closed deployments (private.findings), where it is not in the ledger already, with one row of feedback per outcome. Folds it and returns how many beliefs moved.';

create function private.learn_arms(p_brand uuid, p_deployments uuid[], p_now timestamptz)
returns integer
language plpgsql
volatile
set search_path = ''
as $$
declare
  v_group record;
  v_before stimuli.arms;
  v_after stimuli.arms;
  v_faded record;
  v_count integer := 0;
begin
  -- A loop: one arm per step and cohort, in one order, so that two calls cannot deadlock.
  for v_group in
    select h.cohort_id, d.cohort_id as sent_to, d.template_id, d.learning_id, d.n, d.x, h.share
    from (
      select s.cohort_id, s.template_id, s.learning_id, count(*)::integer as n, count(*) filter (where r.responded)::integer as x
      from stimuli.stimulus_deployments s
      cross join lateral (select exists (select from outcomes.outcomes o
        where o.brand_id = p_brand and o.deployment_id = s.id and private.is_response(o.outcome_type)) as responded) r
      where s.brand_id = p_brand and s.id = any (p_deployments) and not s.is_holdout
        and s.cohort_id is not null and s.template_id is not null and s.delivery_status in ('pending', 'sending', 'sent', 'delivered', 'unknown')
      group by s.cohort_id, s.template_id, s.learning_id
    ) d
    cross join lateral private.reward_heirs(p_brand, d.cohort_id, p_now) h
    order by h.cohort_id, d.template_id, d.learning_id, d.cohort_id
  loop
    select * into v_before from stimuli.arms a
    where a.brand_id = p_brand and a.cohort_id = v_group.cohort_id and a.template_id = v_group.template_id;
    select * into v_faded from private.faded_arm(p_brand, v_before, p_now);
    v_after := private.record_reward(p_brand, v_group.cohort_id, v_group.template_id,
      v_group.x::double precision / v_group.n, v_group.n * v_group.share, p_now, round(v_group.n * v_group.share)::integer);
    insert into outcomes.arm_rewards (brand_id, learning_id, arm_id, cohort_id, share, pulls, responses, rewarded_at,
      alpha_before, beta_before, alpha_after, beta_after)
    values (p_brand, v_group.learning_id, v_after.id, v_group.sent_to, v_group.share, v_group.n, v_group.x, p_now,
      v_faded.alpha, v_faded.beta, v_after.alpha, v_after.beta);
    v_count := v_count + 1;
  end loop;
  return v_count;
end
$$;
comment on function private.learn_arms(uuid, uuid[], timestamptz) is
  'Rewards the arm of each closed deployment with 1 for a response and 0 for none, noted in outcomes.arm_rewards; where its cohort has ended since, the arms of the cohorts its people are in (private.reward_heirs). The response rate, not the lift, is the reward: inside one cohort both rank the templates alike, and the rate is known ten times more exactly. Returns how many rewards that were.';
