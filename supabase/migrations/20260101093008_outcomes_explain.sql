create function private.signal_of_outcome(p_brand uuid, p_outcome uuid)
returns uuid
language sql
stable
set search_path = ''
as $$
  select s.id from signals.signals_base s
  where s.brand_id = p_brand and s.source_platform = 'internal' and s.source_id = p_outcome::text and not s.is_duplicate and s.retracted_at is null
$$;
comment on function private.signal_of_outcome(uuid, uuid) is 'The outcome_signal that was made of an outcome; null for none.';

create function private.explain_outcome(p_id uuid)
returns jsonb
language sql
stable
set search_path = ''
as $$
  select jsonb_build_object(
    'kind', 'outcome', 'id', o.id, 'brand_id', o.brand_id, 'summary', o.outcome_description, 'type', o.outcome_type,
    'value', o.outcome_value, 'unit', o.outcome_unit, 'at', o.outcome_timestamp, 'is_holdout', o.is_holdout,
    'confidence', o.outcome_confidence, 'quality', o.data_quality_score, 'attribution', o.attribution_confidence, 'counterfactual', o.counterfactual_analysis,
    'because', jsonb_path_query_array(jsonb_build_array(
      jsonb_build_object('kind', 'deployment', 'id', o.deployment_id),
      jsonb_build_object('kind', 'signal', 'id', coalesce(o.source_signal_id, private.signal_of_outcome(o.brand_id, o.id))),
      jsonb_build_object('kind', 'actor', 'id', o.target_actor_id)), '$[*] ? (@.id != null)'))
  from outcomes.outcomes o where o.id = p_id
$$;
comment on function private.explain_outcome(uuid) is
  'Explainer of outcomes.outcomes: the deployment before it, the signal it was read from or became, the person.';

create function private.explain_learning_step(p_id uuid)
returns jsonb
language sql
stable
set search_path = ''
as $$
  select jsonb_build_object(
    'kind', 'learning_step', 'id', l.id, 'brand_id', l.brand_id, 'summary', l.learning_description, 'cause', l.cause, 'algorithm', l.learning_algorithm,
    'prior', l.prior, 'evidence', l.evidence, 'weight', l.weight, 'posterior', l.posterior, 'expected', l.expected_impact, 'facts', l.learned_facts,
    'confidence', l.confidence_in_learning, 'at', l.learned_at, 'is_active', l.is_active, 'undone_at', l.undone_at, 'undo_reason', l.undo_reason,
    'validation', l.validation_status, 'validation_results', l.validation_results,
    'because', jsonb_path_query_array(
      (select coalesce(jsonb_agg(jsonb_build_object('kind', 'arm_reward', 'id', r.id) order by r.pulls * r.share desc, r.id), '[]')
        from outcomes.arm_rewards r where r.brand_id = l.brand_id and r.learning_id = l.id)
      || jsonb_build_array(jsonb_build_object('kind', 'analysis', 'id', l.source_analysis_id), jsonb_build_object('kind', 'learning_step', 'id', l.revises))
      || (select coalesce(jsonb_agg(jsonb_build_object('kind', 'outcome', 'id', o.id) order by o.place), '[]')
        from jsonb_array_elements_text(l.source_outcomes) with ordinality o (id, place)), '$[*] ? (@.id != null)'))
  from outcomes.outcome_learning l where l.id = p_id
$$;
comment on function private.explain_learning_step(uuid) is
  'Explainer of outcomes.outcome_learning: what it rewarded, the analysis, the step it revises, the outcomes it came from.';

create function private.explain_arm_reward(p_id uuid)
returns jsonb
language sql
stable
set search_path = ''
as $$
  select jsonb_build_object(
    'kind', 'arm_reward', 'id', r.id, 'brand_id', r.brand_id,
    'summary', format('%s of %s people responded%s', r.responses, r.pulls, case when r.share < 1 then format('; %s of it is this cohort''s', round(r.share::numeric, 3)) else '' end),
    'pulls', r.pulls, 'responses', r.responses, 'share', r.share, 'at', r.rewarded_at, 'alpha_before', r.alpha_before, 'beta_before', r.beta_before,
    'alpha_after', r.alpha_after, 'beta_after', r.beta_after, 'counts', l.is_active,
    'because', jsonb_build_array(jsonb_build_object('kind', 'learning_step', 'id', r.learning_id), jsonb_build_object('kind', 'arm', 'id', r.arm_id)) || coalesce((
      select jsonb_agg(jsonb_build_object('kind', 'deployment', 'id', d.id)) from (
        select d.id from stimuli.stimulus_deployments d
        where d.brand_id = r.brand_id and d.stimulus_id = l.impact_scope_id and not d.is_holdout and d.learning_id = coalesce(l.revises, l.id) and d.cohort_id = r.cohort_id
        order by d.response_status = 'converted' desc, d.id limit 20) d), '[]'))
  from outcomes.arm_rewards r
  join outcomes.outcome_learning l on l.brand_id = r.brand_id and l.id = r.learning_id
  where r.id = p_id
$$;
comment on function private.explain_arm_reward(uuid) is
  'Explainer of outcomes.arm_rewards: the step it belongs to, the arm, and the deployments it counts, those that were responded to first.';

create function private.explain_feedback(p_id uuid)
returns jsonb
language sql
stable
set search_path = ''
as $$
  select jsonb_build_object(
    'kind', 'feedback', 'id', f.id, 'brand_id', f.brand_id, 'summary', f.feedback_description, 'type', f.feedback_type, 'target', f.target_entity_type,
    'attribute', f.target_attribute, 'data', f.feedback_data, 'confidence', f.feedback_confidence, 'status', f.processing_status, 'at', f.applied_at,
    'because', coalesce((select jsonb_agg(jsonb_build_object('kind', 'evidence', 'id', e.id) order by e.place)
        from jsonb_array_elements_text(f.feedback_data -> 'evidence') with ordinality e (id, place)), '[]')
      || jsonb_path_query_array(jsonb_build_array(
        jsonb_build_object('kind', 'outcome', 'id', f.source_outcome_id),
        jsonb_build_object('kind', 'arm_reward', 'id', case f.target_entity_type when 'model' then f.feedback_data ->> 'id' end),
        jsonb_build_object('kind', 'learning_step', 'id', f.source_learning_id)), '$[*] ? (@.id != null)'))
  from outcomes.outcome_feedback_loop f where f.id = p_id
$$;
comment on function private.explain_feedback(uuid) is
  'Explainer of outcomes.outcome_feedback_loop: the evidence or reward that it gave, its outcome, the step of learning.';

create function private.explain_analysis(p_id uuid)
returns jsonb
language sql
stable
set search_path = ''
as $$
  select jsonb_build_object(
    'kind', 'analysis', 'id', a.id, 'brand_id', a.brand_id, 'summary', format('%s, version %s', replace(a.analysis_type, '_', ' '), a.analysis_version),
    'findings', a.key_findings, 'tests', a.significance_tests, 'confidence', a.confidence_scores, 'from', a.analysis_period_start, 'until', a.analysis_period_end,
    'is_current', a.is_current, 'at', a.analysis_date,
    'because', case a.analysis_scope
      when 'stimulus' then jsonb_build_array(jsonb_build_object('kind', 'stimulus', 'id', a.scope_id)) || coalesce((
        select jsonb_agg(jsonb_build_object('kind', 'outcome', 'id', o.id)) from (
          select o.id from outcomes.outcomes o
          where o.brand_id = a.brand_id and o.stimulus_id = a.scope_id and o.source_signal_id is not null
          order by o.is_holdout, o.attribution_confidence desc, o.id limit 20) o), '[]')
      when 'cohort' then jsonb_build_array(jsonb_build_object('kind', 'cohort', 'id', a.scope_id))
      when 'actor' then jsonb_build_array(jsonb_build_object('kind', 'actor', 'id', a.scope_id))
      else '[]' end)
  from outcomes.outcome_analysis a where a.id = p_id
$$;
comment on function private.explain_analysis(uuid) is
  'Explainer of outcomes.outcome_analysis: what it is about and, of a stimulus, 20 of its outcomes, the most surely caused first.';
