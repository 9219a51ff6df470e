create function private.conclude_stimulus(p_brand uuid, p_stimulus uuid, p_arm jsonb, p_now timestamptz)
returns uuid
language plpgsql
volatile
set search_path = ''
as $$
declare
  v_stimulus stimuli.stimuli_base;
  v_effect record;
  v_share double precision;
  v_facts jsonb;
  v_outcomes jsonb;
  v_confidence double precision;
  v_text text;
  v_analysis uuid;
  v_learning uuid;
begin
  select * into v_stimulus from stimuli.stimuli_base s where s.brand_id = p_brand and s.id = p_stimulus;
  select * into v_effect from outcomes.effectiveness(p_stimulus) e order by e.treated desc limit 1;
  select coalesce(max(a.attribution), 0) into v_share
  from private.outcomes_attribution(p_brand, array[p_stimulus], p_now) a where a.outcome_type = 'purchase';
  select coalesce(jsonb_agg(o.id), '[]') into v_outcomes from (
    select o.id from outcomes.outcomes o
    where o.brand_id = p_brand and o.stimulus_id = p_stimulus and private.is_response(o.outcome_type) and not o.is_holdout
    order by o.attribution_confidence desc, o.id limit 1000) o;
  v_facts := to_jsonb(v_effect) || jsonb_build_object('attribution', v_share, 'arm', p_arm);
  v_confidence := coalesce(1 - v_effect.p_value, 0);
  v_text := format('%s: %s of %s treated people responded, %s of %s held out; %s', v_stimulus.stimulus_name,
    v_effect.treated_responses, v_effect.treated, v_effect.held_out_responses, v_effect.held_out,
    case when v_effect.lift_lower > 0 then 'it works' when v_effect.lift_upper < 0 then 'it does harm'
      else 'whether it works is not known yet' end);

  update outcomes.outcome_analysis a set is_current = false
  where a.brand_id = p_brand and a.analysis_type = 'stimulus_effectiveness' and a.scope_id = p_stimulus and a.is_current;
  insert into outcomes.outcome_analysis (brand_id, analysis_type, analysis_scope, scope_id, analysis_period_start, analysis_period_end,
    analysis_date, key_findings, significance_tests, confidence_scores, analysis_method, data_sources, analysis_quality, created_by, analysis_version)
  select p_brand, 'stimulus_effectiveness', 'stimulus', p_stimulus, min(d.deployed_at), max(d.window_ends_at), p_now, v_facts,
    jsonb_build_object('test', 'two proportions, pooled z', 'p_value', v_effect.p_value), jsonb_build_object('lift', v_confidence),
    'statistical', '["stimuli.stimulus_deployments", "outcomes.outcomes"]',
    count(d.learned_at)::double precision / count(*), 'outcomes.learn',
    (select coalesce(max(x.analysis_version), 0) + 1 from outcomes.outcome_analysis x
     where x.brand_id = p_brand and x.analysis_type = 'stimulus_effectiveness' and x.scope_id = p_stimulus)
  from stimuli.stimulus_deployments d where d.brand_id = p_brand and d.stimulus_id = p_stimulus
  returning id into v_analysis;

  insert into outcomes.outcome_learning (brand_id, learning_type, learning_category, learning_description, learned_facts,
    confidence_in_learning, source_outcomes, source_analysis_id, learning_log_id, learning_algorithm, impact_scope, impact_scope_id,
    implementation_status, implemented_at, implemented_by, decay_rate, last_reinforced_at, learned_at)
  values (p_brand, 'model_update', 'stimulus_effectiveness', v_text, v_facts, v_confidence, v_outcomes, v_analysis,
    private.log_learning(p_brand, 'model_update', 'stimulus_effectiveness', v_text, v_facts, v_confidence,
      jsonb_build_object('outcomes', v_outcomes, 'method', 'statistical', 'analysis_id', v_analysis), 'stimulus_specific', p_stimulus),
    'beta_bernoulli', 'stimulus_specific', p_stimulus, 'implemented', p_now, 'outcomes.learn',
    1 - 2 ^ -(1 / private.parameter(p_brand, 'stimuli.half_life_days')::double precision), p_now, p_now)
  returning id into v_learning;

  if p_arm is not null then
    insert into outcomes.outcome_feedback_loop (brand_id, feedback_type, feedback_trigger, feedback_description, source_analysis_id,
      source_learning_id, target_entity_type, target_entity_id, target_attribute, feedback_data, feedback_confidence,
      processing_status, processing_attempts, applied_at, applied_by, processed_at)
    values (p_brand, 'stimulus_update', 'window_closed', 'the next choice of a template for this cohort starts from here', v_analysis,
      v_learning, 'model', (p_arm ->> 'arm_id')::uuid, 'response_rate', p_arm, v_confidence, 'applied', 1, p_now, 'outcomes.learn', p_now);
  end if;

  update stimuli.stimuli_base s
  set effectiveness_score = v_share,
    status = case when s.status = 'active' and not exists (select from stimuli.stimulus_deployments d
      where d.brand_id = p_brand and d.stimulus_id = p_stimulus and d.learned_at is null) then 'completed' else s.status end,
    completed_at = case when s.status = 'active' then p_now else s.completed_at end
  where s.brand_id = p_brand and s.id = p_stimulus;
  update stimuli.offers o
  set conversion_rate = v_effect.response_rate
  where o.brand_id = p_brand and o.stimulus_id = p_stimulus;
  update stimuli.stimulus_templates t
  set success_rate = m.success_rate, avg_effectiveness = m.effectiveness
  from (
    select sum(x.metric_value * x.sample_size) / sum(x.sample_size) as success_rate, avg(s.effectiveness_score) as effectiveness
    from stimuli.stimuli_base s
    join stimuli.stimulus_performance_metrics x on x.brand_id = s.brand_id and x.stimulus_id = s.id and x.metric_name = 'response_rate'
    where s.brand_id = p_brand and s.template_id = v_stimulus.template_id
  ) m
  where t.brand_id = p_brand and t.id = v_stimulus.template_id;
  return v_learning;
end
$$;
comment on function private.conclude_stimulus(uuid, uuid, jsonb, timestamptz) is
  'Writes what was learned about one stimulus: analysis, learning (here and in ai.learning_logs), feedback to its arm, scores of the stimulus, its offer and its template. p_arm: the arm before and after, null where none was rewarded. Returns outcome_learning.id.';

create function private.outcomes_learn(p_brand uuid, p_now timestamptz, p_limit integer)
returns table (outcomes_learned integer, beliefs_moved integer, arms_updated integer)
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  v_started timestamptz := clock_timestamp();
  v_deployments uuid[];
  v_stimuli uuid[];
  v_arms jsonb;
begin
  perform private.require_role(p_brand, 'manager');
  if not coalesce(p_limit between 1 and 100000, false) then
    perform private.raise_error('invalid_argument', 'p_limit', 'must be between 1 and 100000');
  end if;
  -- Before any row: what is learned of a person must not pass by a merge, and workers and merges lock people in their own order.
  perform private.lock_brand_identity(p_brand);
  perform pg_advisory_xact_lock(hashtextextended('outcomes:' || p_brand::text, 0));
  perform private.measure_outcomes(p_brand, p_now, true);

  -- learned_at is set in the transaction that learns: a crash undoes both, a second call finds nothing.
  with claimed as (
    update stimuli.stimulus_deployments d set learned_at = p_now
    where d.id in (
      select c.id from stimuli.stimulus_deployments c
      where c.brand_id = p_brand and c.learned_at is null
        and c.window_ends_at + private.parameter(p_brand, 'outcomes.late_days')::double precision * interval '1 day' <= p_now
      order by c.window_ends_at, c.id limit p_limit for update skip locked)
    returning d.id, d.stimulus_id
  )
  select array_agg(c.id), array_agg(distinct c.stimulus_id) into v_deployments, v_stimuli from claimed c;

  if v_deployments is null then
    return query select 0, 0, 0;
    return;
  end if;

  beliefs_moved := private.learn_beliefs(p_brand, v_deployments, p_now);
  select coalesce(jsonb_object_agg(a.stimulus_id, to_jsonb(a)), '{}'), count(*) into v_arms, arms_updated
  from private.learn_arms(p_brand, v_deployments, p_now) a;
  perform private.summarise_stimuli(p_brand, v_stimuli, p_now);
  perform private.record_performance(p_brand, v_stimuli, p_now);
  perform private.conclude_stimulus(p_brand, s.id, v_arms -> s.id::text, p_now) from unnest(v_stimuli) s (id);

  update outcomes.outcomes o set processing_status = 'learned'
  where o.brand_id = p_brand and o.deployment_id = any (v_deployments) and o.processing_status <> 'learned';
  get diagnostics outcomes_learned = row_count;
  perform private.emit(p_brand, 'outcomes.learned', null, null,
    jsonb_build_object('outcomes', outcomes_learned, 'beliefs', beliefs_moved, 'arms', arms_updated));
  perform private.log_call('outcomes.learn', p_brand, jsonb_build_object('now', p_now, 'limit', p_limit),
    jsonb_build_object('deployments', cardinality(v_deployments), 'outcomes_learned', outcomes_learned,
      'beliefs_moved', beliefs_moved, 'arms_updated', arms_updated), v_started);
  return next;
end
$$;
comment on function private.outcomes_learn(uuid, timestamptz, integer) is 'Body of outcomes.learn. Definer: moves beliefs, arms and scores, which clients may not.';
grant execute on function private.outcomes_learn(uuid, timestamptz, integer) to authenticated, service_role;

create function outcomes.learn(p_brand uuid, p_now timestamptz default now(), p_limit integer default 20000)
returns table (outcomes_learned integer, beliefs_moved integer, arms_updated integer)
language sql
volatile
set search_path = ''
begin atomic
  select * from private.outcomes_learn(p_brand, p_now, p_limit);
end;
comment on function outcomes.learn(uuid, timestamptz, integer) is
  'Closes up to p_limit deployments whose window (and outcomes.late_days after it) is over, each exactly once: measures a last time, gives evidence to the people, rewards the arms, and writes summaries, performance, analysis and what was learned. Returns how many outcomes, beliefs and arms that moved. For managers. Error: invalid_argument.';
grant execute on function outcomes.learn(uuid, timestamptz, integer) to authenticated, service_role;
