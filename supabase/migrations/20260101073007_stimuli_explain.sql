create function private.explain_stimulus(p_id uuid)
returns jsonb
language sql
stable
set search_path = ''
as $$
  select jsonb_build_object(
    'kind', 'stimulus', 'id', s.id, 'brand_id', s.brand_id, 'summary', s.stimulus_name, 'type', s.stimulus_type,
    'status', s.status, 'generated_by', s.generated_by, 'confidence', s.generation_confidence, 'at', s.created_at,
    'propensity', s.generation_parameters -> 'propensity', 'expected', s.expected_outcomes, 'content', s.content_data,
    'because', jsonb_path_query_array(jsonb_build_array(
      jsonb_build_object('kind', 'reasoning', 'id', s.reasoning_log_id),
      jsonb_build_object('kind', 'cohort', 'id', s.target_cohort_id),
      jsonb_build_object('kind', 'actor', 'id', s.target_actor_id)), '$[*] ? (@.id != null)'))
  from stimuli.stimuli_base s where s.id = p_id
$$;
comment on function private.explain_stimulus(uuid) is 'Explainer of stimuli.stimuli_base: the reasoning that chose it, then whom it is for.';

create function private.explain_deployment(p_id uuid)
returns jsonb
language sql
stable
set search_path = ''
as $$
  select jsonb_build_object(
    'kind', 'deployment', 'id', d.id, 'brand_id', d.brand_id,
    'summary', case when d.is_holdout then 'held out of ' else format('sent by %s: ', d.deployment_channel) end || s.stimulus_name,
    'is_holdout', d.is_holdout, 'propensity', d.propensity, 'at', d.deployed_at, 'window_ends_at', d.window_ends_at,
    'delivery_status', d.delivery_status, 'response_status', d.response_status,
    'because', jsonb_build_array(
      jsonb_build_object('kind', 'stimulus', 'id', d.stimulus_id), jsonb_build_object('kind', 'actor', 'id', d.actor_id)))
  from stimuli.stimulus_deployments d join stimuli.stimuli_base s on s.id = d.stimulus_id
  where d.id = p_id
$$;
comment on function private.explain_deployment(uuid) is 'Explainer of stimuli.stimulus_deployments: what was sent, then to whom.';
