create function private.count_rewards(p_brand uuid, p_step uuid, p_former uuid)
returns void
language sql
volatile
set search_path = ''
as $$
  insert into outcomes.arm_rewards (brand_id, learning_id, arm_id, cohort_id, share, pulls, responses, rewarded_at, alpha_before, beta_before, alpha_after, beta_after)
  select p_brand, p_step, r.arm_id, r.cohort_id, r.share, n.pulls, n.responses, r.rewarded_at, r.alpha_before, r.beta_before,
    r.alpha_before + r.share * n.responses, r.beta_before + r.share * (n.pulls - n.responses)
  from outcomes.arm_rewards r
  join outcomes.outcome_learning l on l.brand_id = p_brand and l.id = p_former
  join stimuli.arms a on a.brand_id = p_brand and a.id = r.arm_id
  cross join lateral (
    select count(*)::integer as pulls, count(*) filter (where exists (select from outcomes.outcomes o
      where o.brand_id = p_brand and o.deployment_id = d.id and private.is_response(o.outcome_type)))::integer as responses
    from stimuli.stimulus_deployments d
    where d.brand_id = p_brand and d.stimulus_id = l.impact_scope_id and not d.is_holdout and d.learning_id = coalesce(l.revises, l.id)
      and d.cohort_id = r.cohort_id and d.template_id = a.template_id and d.delivery_status in ('pending', 'sending', 'sent', 'delivered', 'unknown')
  ) n
  where r.brand_id = p_brand and r.learning_id = p_former and n.pulls > 0
$$;
comment on function private.count_rewards(uuid, uuid, uuid) is
  'Rewards of the step p_step, which revises p_former: the same arms at the same time with what the outcomes say now.';

create function private.replace_steps(p_brand uuid, p_former uuid[], p_cause text, p_now timestamptz)
returns uuid[]
language plpgsql
volatile
set search_path = ''
as $$
declare
  v_steps uuid[];
  v_arms constant uuid[] := private.arms_of_steps(p_brand, p_former);
  v_before private.folded_arm[];
begin
  v_before := array(select f from private.folded_arms(p_brand, v_arms) f);
  update outcomes.outcome_learning l set is_active = false where l.brand_id = p_brand and l.id = any (p_former) and l.is_active;
  update ai.learning_logs g set is_active = false
  from outcomes.outcome_learning l where l.brand_id = p_brand and l.id = any (p_former) and g.brand_id = p_brand and g.id = l.learning_log_id;
  with added as (
    insert into outcomes.outcome_learning (brand_id, learning_type, learning_category, learning_description, learned_facts,
      confidence_in_learning, source_outcomes, learning_algorithm, impact_scope, impact_scope_id, learned_at, last_reinforced_at, version, revises, cause)
    select p_brand, l.learning_type, l.learning_category, l.learning_description, '{}', 0, '[]', l.learning_algorithm, l.impact_scope, l.impact_scope_id,
      -- What it is about was learnt then: of the steps about a stimulus the latest stays the latest.
      l.learned_at, p_now, l.version + 1, coalesce(l.revises, l.id), p_cause
    from outcomes.outcome_learning l where l.brand_id = p_brand and l.id = any (p_former)
    returning id, revises, version
  )
  select array_agg(a.id) into v_steps from added a;
  perform private.count_rewards(p_brand, s.id, f.id)
  from outcomes.outcome_learning s
  join outcomes.outcome_learning f on f.brand_id = p_brand and f.id = any (p_former) and coalesce(f.revises, f.id) = s.revises
  where s.brand_id = p_brand and s.id = any (v_steps);
  perform private.refold_arms(p_brand, v_arms, v_before);
  return coalesce(v_steps, '{}');
end
$$;
comment on function private.replace_steps(uuid, uuid[], text, timestamptz) is
  'Puts a revision in the place of each of these steps of learning and makes their arms again; private.learn_again does the rest. Returns the revisions.';

create function private.learn_again(p_brand uuid, p_former uuid[], p_gone uuid[], p_cause text, p_now timestamptz)
returns uuid[]
language plpgsql
volatile
set search_path = ''
as $$
declare
  v_steps uuid[] := private.replace_steps(p_brand, p_former, p_cause, p_now);
  v_closed uuid[];
  v_stimuli uuid[];
  v_actors uuid[];
begin
  select array_agg(d.id), array_agg(distinct d.stimulus_id) into v_closed, v_stimuli
  from outcomes.outcome_learning l
  join stimuli.stimulus_deployments d on d.brand_id = p_brand and d.stimulus_id = l.impact_scope_id and d.learning_id = l.revises
  where l.brand_id = p_brand and l.id = any (v_steps);
  -- The person was silent then, or was not, and what the stimulus is credited with of the other responses is a little less or more.
  with findings as materialized (
    select * from private.findings(p_brand, coalesce(v_closed, '{}'))
  ), source as materialized (
    select g.id from unnest(p_gone) g (id)
    union all
    select o.id from unnest(v_closed) d (id)
    cross join lateral (select o.id from outcomes.outcomes o where o.brand_id = p_brand and o.deployment_id = d.id offset 0) o
  ), said as materialized (
    select e.id, e.source_id, e.attribute, e.category, e.value, e.weight from source s
    cross join lateral (select e.* from actors.evidence e
      where e.brand_id = p_brand and e.source_kind = 'outcome' and e.source_id = s.id and e.retracted_at is null offset 0) e
  ), wrong as (
    update actors.evidence e set retracted_at = p_now
    where e.id in (
      select s.id from said s
      left join findings f on (f.outcome_id, f.attribute, f.category, f.value, f.weight) = (s.source_id, s.attribute, s.category, s.value, s.weight)
      where f.outcome_id is null)
    returning e.actor_id
  )
  select array_agg(distinct w.actor_id) into v_actors from wrong w;
  perform private.learn_beliefs(p_brand, coalesce(v_closed, '{}'), p_now);
  perform private.refold_actors(p_brand, coalesce(v_actors, '{}'), p_now);
  update outcomes.outcomes o set processing_status = 'learned'
  where o.brand_id = p_brand and o.deployment_id = any (v_closed) and o.processing_status <> 'learned';

  delete from outcomes.cohort_outcome_summary s where s.brand_id = p_brand and s.stimulus_id = any (v_stimuli);
  perform private.summarise_stimuli(p_brand, v_stimuli, p_now);
  perform private.record_performance(p_brand, v_stimuli, p_now);
  perform private.conclude_step(p_brand, s.id, p_now) from unnest(v_steps) s (id);
  perform private.score_stimuli(p_brand, v_stimuli);
  return v_steps;
end
$$;
comment on function private.learn_again(uuid, uuid[], uuid[], text, timestamptz) is
  'Learns once more from the deployments of some steps, as their outcomes are now: revisions take the place of the steps, and beliefs, arms, summaries, measures and scores are what they would be had this been known at the time. p_gone: outcomes that are there no more; p_cause: a word of outcomes.outcome_learning.cause. Returns the revisions.';

create function private.late_deployments(p_brand uuid, p_now timestamptz)
returns uuid[]
language sql
stable
set search_path = ''
as $$
  with closed as materialized (
    select d.id, d.stimulus_id, d.deployed_at, d.window_ends_at, d.learned_at, coalesce(a.merged_into, a.id) as person_id
    from stimuli.stimulus_deployments d
    join actors.actors a on a.brand_id = d.brand_id and a.id = d.actor_id
    where d.brand_id = p_brand and d.learned_at <= p_now
      and d.learned_at > p_now - (select private.parameter(p_brand, 'outcomes.reopen_days')::double precision) * interval '1 day'
  ),
  late as materialized (
    select c.id, c.stimulus_id, s.id as signal_id
    from closed c
    cross join lateral (
      select s.id, s.occurred_at, s.received_at from signals.signals_base s
      where s.brand_id = p_brand and s.actor_id = c.person_id
      offset 0
    ) s
    where s.received_at > c.learned_at and s.received_at <= p_now and s.occurred_at >= c.deployed_at and s.occurred_at < c.window_ends_at
  )
  select array_agg(distinct l.id)
  from late l
  cross join lateral (select * from private.signal_responses x where x.signal_id = l.signal_id and x.brand_id = p_brand offset 0) r
  where (r.stimulus_ref is null or r.stimulus_ref = l.stimulus_id::text)
    and not exists (select from outcomes.outcomes o where o.brand_id = p_brand and o.deployment_id = l.id and o.source_signal_id = l.signal_id)
$$;
comment on function private.late_deployments(uuid, timestamptz) is
  'Deployments closed in the last outcomes.reopen_days for which a signal of their window reached Loopwise afterwards; null without any.';

create function private.judge_again(p_brand uuid, p_stimuli uuid[], p_now timestamptz)
returns uuid[]
language plpgsql
volatile
set search_path = ''
as $$
begin
  -- As at the time of learning: what was held out long before counts as it did then.
  perform private.attribute_outcomes(p_brand, coalesce(
    (select max(d.learned_at) from stimuli.stimulus_deployments d where d.brand_id = p_brand and d.stimulus_id = any (p_stimuli)), p_now), p_stimuli);
  perform private.note_responses(p_brand, p_stimuli);
  perform private.refresh_stimulus_totals(p_brand, p_stimuli);
  return array(select l.id from outcomes.outcome_learning l
    where l.brand_id = p_brand and l.impact_scope_id = any (p_stimuli) and l.is_active and l.learning_category = 'stimulus_effectiveness'
    order by l.id);
end
$$;
comment on function private.judge_again(uuid, uuid[], timestamptz) is
  'After outcomes of stimuli came or went: attributes them, counts again, and returns the active steps of learning about the stimuli, which are to be learnt again.';

create function private.measure_for_learning(p_brand uuid, p_now timestamptz)
returns integer
language plpgsql
volatile
set search_path = ''
as $$
declare
  v_late uuid[] := private.late_deployments(p_brand, p_now);
  v_closed_at timestamptz[];
  v_stimuli uuid[];
  v_silences uuid[];
begin
  if v_late is null then
    perform private.measure_outcomes(p_brand, p_now, true);
    return 0;
  end if;
  -- Open for this measurement, then closed as they were: learnt at the time at which the others were.
  select array_agg(d.id order by d.id), array_agg(d.learned_at order by d.id), array_agg(distinct d.stimulus_id)
  into v_late, v_closed_at, v_stimuli from stimuli.stimulus_deployments d where d.brand_id = p_brand and d.id = any (v_late);
  update stimuli.stimulus_deployments d set learned_at = null where d.brand_id = p_brand and d.id = any (v_late);
  perform private.measure_outcomes(p_brand, p_now, true);
  update stimuli.stimulus_deployments d set learned_at = c.at
  from unnest(v_late, v_closed_at) c (id, at) where d.brand_id = p_brand and d.id = c.id;
  with broken as (
    delete from outcomes.outcomes o
    where o.brand_id = p_brand and o.deployment_id = any (v_late) and o.source_signal_id is null and o.source_key is null
      and exists (select from outcomes.outcomes r
        where r.brand_id = p_brand and r.deployment_id = o.deployment_id and private.is_response(r.outcome_type))
    returning o.id
  )
  select array_agg(b.id) into v_silences from broken b;
  return cardinality(private.learn_again(p_brand, private.judge_again(p_brand, v_stimuli, p_now), coalesce(v_silences, '{}'), 'signal_came_late', p_now));
end
$$;
comment on function private.measure_for_learning(uuid, timestamptz) is
  'Measures the open deployments, and those closed ones for which a signal of their window came late; about the latter it learns again, as if the signal had come in time. Returns how many steps of learning were revised.';
