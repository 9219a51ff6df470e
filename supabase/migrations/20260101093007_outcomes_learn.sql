create function private.open_steps(p_brand uuid, p_deployments uuid[], p_now timestamptz)
returns uuid[]
language sql
volatile
set search_path = ''
as $$
  insert into outcomes.outcome_learning (id, brand_id, learning_type, learning_category, learning_description, learned_facts,
    confidence_in_learning, source_outcomes, learning_algorithm, impact_scope, impact_scope_id, learned_at, last_reinforced_at)
  select distinct d.learning_id, p_brand, 'model_update', 'stimulus_effectiveness', 'a window closed', '{}'::jsonb, 0::double precision, '[]'::jsonb,
    'beta_bernoulli', 'stimulus_specific', d.stimulus_id, p_now, p_now
  from stimuli.stimulus_deployments d where d.brand_id = p_brand and d.id = any (p_deployments);
  select array_agg(distinct d.learning_id) from stimuli.stimulus_deployments d where d.brand_id = p_brand and d.id = any (p_deployments);
$$;
comment on function private.open_steps(uuid, uuid[], timestamptz) is
  'A step of learning for each learning_id of the deployments, which what is learnt can name; private.conclude_step completes it. Returns their ids.';

create function private.analyse_step(p_brand uuid, p_stimulus uuid, p_facts jsonb, p_confidence double precision, p_now timestamptz)
returns uuid
language sql
volatile
set search_path = ''
as $$
  update outcomes.outcome_analysis a set is_current = false
  where a.brand_id = p_brand and a.analysis_type = 'stimulus_effectiveness' and a.scope_id = p_stimulus and a.is_current;
  insert into outcomes.outcome_analysis (brand_id, analysis_type, analysis_scope, scope_id, analysis_period_start, analysis_period_end,
    analysis_date, key_findings, significance_tests, confidence_scores, analysis_method, data_sources, analysis_quality, created_by, analysis_version)
  select p_brand, 'stimulus_effectiveness', 'stimulus', p_stimulus, min(d.deployed_at), max(d.window_ends_at), p_now, p_facts,
    jsonb_build_object('test', 'two proportions, pooled z', 'p_value', p_facts -> 'p_value'), jsonb_build_object('lift', p_confidence),
    'statistical', '["stimuli.stimulus_deployments", "outcomes.outcomes"]',
    count(d.learned_at)::double precision / count(*), 'outcomes.learn',
    (select coalesce(max(x.analysis_version), 0) + 1 from outcomes.outcome_analysis x
     where x.brand_id = p_brand and x.analysis_type = 'stimulus_effectiveness' and x.scope_id = p_stimulus)
  from stimuli.stimulus_deployments d where d.brand_id = p_brand and d.stimulus_id = p_stimulus
  returning id
$$;
comment on function private.analyse_step(uuid, uuid, jsonb, double precision, timestamptz) is
  'Writes the analysis of a stimulus that a step of learning came from, as the current version, and returns its id.';

create function private.step_numbers(p_brand uuid, p_step uuid, out prior jsonb, out evidence jsonb, out weight double precision, out posterior jsonb, out arm jsonb)
language sql
stable
set search_path = ''
as $$
  with reward as (
    -- Of a cohort that ended several heirs were rewarded: the one that got most stands for the step.
    select r.*, private.beta_binomial_interval(r.pulls, r.alpha_before, r.beta_before) as reach
    from outcomes.arm_rewards r where r.brand_id = p_brand and r.learning_id = p_step
    order by r.pulls * r.share desc, r.id limit 1
  ),
  people as (
    -- Lookups by index, one after the other: without statistics a join of the whole ledgers looks as good.
    select count(*) as pieces, sum(e.weight) as weight, count(distinct e.actor_id) as people
    from outcomes.outcome_learning l
    cross join lateral (select d.id from stimuli.stimulus_deployments d
      where d.brand_id = p_brand and d.stimulus_id = l.impact_scope_id and d.learning_id = coalesce(l.revises, l.id) offset 0) d
    cross join lateral (select o.id from outcomes.outcomes o where o.brand_id = p_brand and o.deployment_id = d.id offset 0) o
    cross join lateral (select e.weight, e.actor_id from actors.evidence e
      where e.brand_id = p_brand and e.source_kind = 'outcome' and e.source_id = o.id and e.retracted_at is null offset 0) e
    where l.brand_id = p_brand and l.id = p_step
  )
  select coalesce((select jsonb_build_object('alpha', r.alpha_before, 'beta', r.beta_before, 'response_rate', r.alpha_before / (r.alpha_before + r.beta_before),
      'lower', (r.reach).lower, 'upper', (r.reach).upper, 'log_score', private.ln_beta_binomial(r.responses, r.pulls, r.alpha_before, r.beta_before)) from reward r), '{}'),
    jsonb_build_object('pieces', p.pieces, 'people', p.people) || coalesce((select jsonb_build_object('pulls', r.pulls, 'responses', r.responses) from reward r), '{}'),
    coalesce(p.weight, 0),
    coalesce((select jsonb_build_object('alpha', r.alpha_after, 'beta', r.beta_after, 'response_rate', r.alpha_after / (r.alpha_after + r.beta_after)) from reward r), '{}'),
    (select jsonb_build_object('arm_id', r.arm_id, 'cohort_id', r.cohort_id, 'pulls', r.pulls, 'responses', r.responses, 'share', r.share,
      'alpha_before', r.alpha_before, 'beta_before', r.beta_before, 'alpha_after', r.alpha_after, 'beta_after', r.beta_after) from reward r)
  from people p
$$;
comment on function private.step_numbers(uuid, uuid) is
  'What a step of learning says about itself: prior, evidence, its weight and posterior as in outcomes.outcome_learning, and the arm it rewarded most (null: none).';

create function private.conclude_step(p_brand uuid, p_step uuid, p_now timestamptz)
returns void
language plpgsql
volatile
set search_path = ''
as $$
declare
  v_step outcomes.outcome_learning;
  v_stimulus stimuli.stimuli_base;
  v_effect record;
  v_share double precision;
  v_numbers record;
  v_next record;
  v_facts jsonb;
  v_outcomes jsonb;
  v_confidence double precision;
  v_text text;
  v_analysis uuid;
begin
  select * into v_step from outcomes.outcome_learning l where l.brand_id = p_brand and l.id = p_step;
  select * into v_stimulus from stimuli.stimuli_base s where s.brand_id = p_brand and s.id = v_step.impact_scope_id;
  select * into v_effect from outcomes.effectiveness(v_stimulus.id) e order by e.treated desc limit 1;
  if v_step.cause = 'learned_again' then
    -- Nothing was judged anew: what it is credited with is what it was.
    select (l.learned_facts ->> 'attribution')::double precision into v_share from outcomes.outcome_learning l
    where l.brand_id = p_brand and coalesce(l.revises, l.id) = v_step.revises and l.version = v_step.version - 1;
  else
    select max(a.attribution) into v_share
    from private.outcomes_attribution(p_brand, array[v_stimulus.id], p_now) a where a.outcome_type = 'purchase';
  end if;
  select coalesce(jsonb_agg(o.id), '[]') into v_outcomes from (
    select o.id from outcomes.outcomes o
    join stimuli.stimulus_deployments d on d.brand_id = o.brand_id and d.id = o.deployment_id and d.learning_id = coalesce(v_step.revises, p_step)
    where o.brand_id = p_brand and o.stimulus_id = v_stimulus.id and private.is_response(o.outcome_type) and not o.is_holdout
    order by o.attribution_confidence desc, o.id limit 1000) o;
  select * into v_numbers from private.step_numbers(p_brand, p_step);
  v_facts := to_jsonb(v_effect) || jsonb_build_object('attribution', coalesce(v_share, 0), 'arm', v_numbers.arm);
  v_confidence := coalesce(1 - v_effect.p_value, 0);
  v_text := format('%s: %s of %s treated people responded, %s of %s held out; %s', v_stimulus.stimulus_name,
    v_effect.treated_responses, v_effect.treated, v_effect.held_out_responses, v_effect.held_out,
    case when v_effect.lift_lower > 0 then 'it works' when v_effect.lift_upper < 0 then 'it does harm'
      else 'whether it works is not known yet' end);
  v_analysis := private.analyse_step(p_brand, v_stimulus.id, v_facts, v_confidence, p_now);
  select * into v_next from private.beta_binomial_interval((v_numbers.arm ->> 'pulls')::integer,
    (v_numbers.arm ->> 'alpha_after')::double precision, (v_numbers.arm ->> 'beta_after')::double precision);

  update outcomes.outcome_learning l
  set learning_description = v_text, learned_facts = v_facts, confidence_in_learning = v_confidence, source_outcomes = v_outcomes,
    source_analysis_id = v_analysis,
    learning_log_id = private.log_learning(p_brand, 'model_update', 'stimulus_effectiveness', v_text, v_facts, v_confidence,
      jsonb_build_object('outcomes', v_outcomes, 'method', 'statistical', 'analysis_id', v_analysis), 'stimulus_specific', v_stimulus.id),
    implementation_status = 'implemented', implemented_at = p_now, implemented_by = 'outcomes.learn',
    decay_rate = 1 - 2 ^ -(1 / private.parameter(p_brand, 'stimuli.half_life_days')::double precision),
    prior = v_numbers.prior, evidence = v_numbers.evidence, weight = v_numbers.weight, posterior = v_numbers.posterior,
    expected_impact = case when v_numbers.arm is null then '{}' else v_numbers.posterior || jsonb_build_object(
      'people', v_numbers.arm -> 'pulls', 'lower', v_next.lower, 'upper', v_next.upper) end
  where l.brand_id = p_brand and l.id = p_step;

  insert into outcomes.outcome_feedback_loop (brand_id, feedback_type, feedback_trigger, feedback_description, source_analysis_id,
    source_learning_id, target_entity_type, target_entity_id, target_attribute, feedback_data, feedback_confidence,
    processing_status, processing_attempts, applied_at, applied_by, processed_at)
  select p_brand, 'stimulus_update', v_step.cause, 'the next choice of a template for this cohort starts from here', v_analysis,
    p_step, 'model', r.arm_id, 'response_rate', to_jsonb(r), v_confidence, 'applied', 1, p_now, 'outcomes.learn', p_now
  from outcomes.arm_rewards r where r.brand_id = p_brand and r.learning_id = p_step;

  update stimuli.stimuli_base s set status = 'completed', completed_at = p_now
  where s.brand_id = p_brand and s.id = v_stimulus.id and s.status = 'active' and not exists (select from stimuli.stimulus_deployments d
    where d.brand_id = p_brand and d.stimulus_id = v_stimulus.id and d.learned_at is null);
end
$$;
comment on function private.conclude_step(uuid, uuid, timestamptz) is
  'Completes a step of learning about one stimulus: analysis, conclusion (here and in ai.learning_logs), what it expects of the next window, feedback to its arms.';

create function private.latest_steps(p_brand uuid, p_stimuli uuid[])
returns table (stimulus_id uuid, learning_id uuid, learned_facts jsonb)
language sql
stable
set search_path = ''
as $$
  select s.id, l.id, l.learned_facts
  from unnest(p_stimuli) s (id)
  left join lateral (
    select x.id, x.learned_facts from outcomes.outcome_learning x
    where x.brand_id = p_brand and x.impact_scope_id = s.id and x.is_active
    order by x.learned_at desc, x.id desc limit 1) l on true
$$;
comment on function private.latest_steps(uuid, uuid[]) is 'The latest active step of learning about each stimulus; nulls where there is none.';

create function private.score_stimuli(p_brand uuid, p_stimuli uuid[])
returns void
language plpgsql
volatile
set search_path = ''
as $$
begin
  update stimuli.stimuli_base s set effectiveness_score = coalesce((l.learned_facts ->> 'attribution')::double precision, 0)
  from private.latest_steps(p_brand, p_stimuli) l
  where s.brand_id = p_brand and s.id = l.stimulus_id;
  update stimuli.offers o
  set conversion_rate = (l.learned_facts ->> 'response_rate')::double precision
  from private.latest_steps(p_brand, p_stimuli) l
  where o.brand_id = p_brand and o.stimulus_id = l.stimulus_id;

  update stimuli.stimulus_templates t set success_rate = m.success_rate, avg_effectiveness = m.effectiveness
  from (
    select u.template_id,
      -- In one order, so that the same steps give the same bits.
      (select sum(r.responses * r.share order by r.id) / sum(r.pulls * r.share order by r.id)
       from stimuli.arms a
       join outcomes.arm_rewards r on r.brand_id = p_brand and r.arm_id = a.id
       join outcomes.outcome_learning l on l.brand_id = p_brand and l.id = r.learning_id and l.is_active
       where a.brand_id = p_brand and a.template_id = u.template_id) as success_rate,
      (select avg(b.effectiveness_score order by b.id) from stimuli.stimuli_base b
       where b.brand_id = p_brand and b.template_id = u.template_id and exists (
         select from outcomes.outcome_learning l where l.brand_id = p_brand and l.impact_scope_id = b.id and l.is_active)) as effectiveness
    from (select distinct b.template_id from stimuli.stimuli_base b where b.brand_id = p_brand and b.id = any (p_stimuli)) u
  ) m
  where t.brand_id = p_brand and t.id = m.template_id;
end
$$;
comment on function private.score_stimuli(uuid, uuid[]) is
  'Scores of stimuli, their offers and templates, made again from the steps of learning that are active: effectiveness_score and conversion_rate of the latest about each stimulus; success_rate and avg_effectiveness of the templates over all.';

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
  v_steps uuid[];
begin
  perform private.require_role(p_brand, 'manager');
  if not coalesce(p_limit between 1 and 100000, false) then
    perform private.raise_error('invalid_argument', 'p_limit', 'must be between 1 and 100000');
  end if;
  -- Before any row: what is learned of a person must not pass by a merge, and workers and merges lock people in their own order.
  perform private.lock_brand_identity(p_brand);
  perform pg_advisory_xact_lock(hashtextextended('outcomes:' || p_brand::text, 0));
  perform private.measure_for_learning(p_brand, p_now);

  -- learned_at is set in the transaction that learns: a crash undoes both, a second call finds nothing.
  with due as materialized (
    select c.id, c.stimulus_id from stimuli.stimulus_deployments c
    where c.brand_id = p_brand and c.learned_at is null
      and c.window_ends_at + (select private.parameter(p_brand, 'outcomes.late_days')::double precision) * interval '1 day' <= p_now
    order by c.window_ends_at, c.id limit p_limit for update skip locked
  ),
  step as materialized (
    select u.stimulus_id, private.uuid_v7() as id from (select distinct x.stimulus_id from due x) u
  ),
  claimed as (
    update stimuli.stimulus_deployments d set learned_at = p_now, learning_id = t.id
    from due join step t on t.stimulus_id = due.stimulus_id
    where d.id = due.id
    returning d.id, d.stimulus_id
  )
  select array_agg(c.id), array_agg(distinct c.stimulus_id) into v_deployments, v_stimuli from claimed c;

  if v_deployments is null then
    return query select 0, 0, 0;
    return;
  end if;

  v_steps := private.open_steps(p_brand, v_deployments, p_now);
  beliefs_moved := private.learn_beliefs(p_brand, v_deployments, p_now);
  arms_updated := private.learn_arms(p_brand, v_deployments, p_now);
  perform private.summarise_stimuli(p_brand, v_stimuli, p_now);
  perform private.record_performance(p_brand, v_stimuli, p_now);
  perform private.conclude_step(p_brand, s.id, p_now) from unnest(v_steps) s (id);
  perform private.score_stimuli(p_brand, v_stimuli);

  update outcomes.outcomes o set processing_status = 'learned'
  where o.brand_id = p_brand and o.deployment_id = any (v_deployments) and o.processing_status <> 'learned';
  get diagnostics outcomes_learned = row_count;
  -- What was told by no signal; a silence is no happening, and what was read from a signal is that signal.
  perform private.signals_of_outcomes(p_brand, array(select o.id from outcomes.outcomes o
    where o.brand_id = p_brand and o.deployment_id = any (v_deployments) and o.source_key is not null), p_now);
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
  'Closes up to p_limit deployments whose window (and outcomes.late_days after it) is over, each exactly once: measures a last time, gives evidence to the people, rewards the arms, and writes summaries, performance, analysis and one step of learning per stimulus (outcomes.undo_learning takes it back). Of windows closed in the last outcomes.reopen_days, signals that came late are learnt as if they had come in time. Returns how many outcomes, beliefs and arms that moved. For managers. Error: invalid_argument.';
grant execute on function outcomes.learn(uuid, timestamptz, integer) to authenticated, service_role;
