create function private.explain_outcome(p_id uuid)
returns jsonb
language sql
stable
set search_path = ''
as $$
  select jsonb_build_object(
    'kind', 'outcome', 'id', o.id, 'brand_id', o.brand_id, 'summary', o.outcome_description, 'type', o.outcome_type,
    'value', o.outcome_value, 'unit', o.outcome_unit, 'at', o.outcome_timestamp, 'is_holdout', o.is_holdout,
    'confidence', o.outcome_confidence, 'attribution', o.attribution_confidence, 'counterfactual', o.counterfactual_analysis,
    'because', jsonb_path_query_array(jsonb_build_array(
      jsonb_build_object('kind', 'deployment', 'id', o.deployment_id),
      jsonb_build_object('kind', 'signal', 'id', o.source_signal_id),
      jsonb_build_object('kind', 'actor', 'id', o.target_actor_id)), '$[*] ? (@.id != null)'))
  from outcomes.outcomes o where o.id = p_id
$$;
comment on function private.explain_outcome(uuid) is 'Explainer of outcomes.outcomes: the deployment before it, the signal it was read from, the person.';
