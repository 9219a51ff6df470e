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
    'is_holdout', d.is_holdout, 'propensity', d.propensity, 'belief_version', d.belief_version, 'at', d.deployed_at, 'window_ends_at', d.window_ends_at,
    'delivery_status', d.delivery_status, 'response_status', d.response_status,
    'because', jsonb_build_array(
      jsonb_build_object('kind', 'stimulus', 'id', d.stimulus_id), jsonb_build_object('kind', 'actor', 'id', d.actor_id)) || (
      select coalesce(jsonb_agg(distinct jsonb_build_object('kind', 'reasoning', 'id', o.reasoning_log_id)), '[]')
      from stimuli.choice_odds o
      where o.round_id = d.round_id and o.cohort_id is not distinct from d.cohort_id and o.reasoning_log_id is not null))
  from stimuli.stimulus_deployments d join stimuli.stimuli_base s on s.id = d.stimulus_id
  where d.id = p_id
$$;
comment on function private.explain_deployment(uuid) is 'Explainer of stimuli.stimulus_deployments: what was sent, then to whom, and why this one of what could have been chosen for the cohort.';

create function private.explain_arm(p_id uuid)
returns jsonb
language sql
stable
set search_path = ''
as $$
  select jsonb_build_object(
    'kind', 'arm', 'id', a.id, 'brand_id', a.brand_id,
    'summary', format('"%s" in cohort "%s": %s responses expected of 100', t.template_name, c.cohort_name, round((100 * a.alpha / (a.alpha + a.beta))::numeric, 1)),
    'alpha', a.alpha, 'beta', a.beta, 'pulls', a.pulls, 'at', a.last_reward_at,
    'inherited', (
      select coalesce(jsonb_agg(jsonb_build_object('from_cohort', f.cohort_id, 'event', e.event_type, 'at', i.inherited_at, 'fraction', i.fraction,
        'responses', i.alpha_gained, 'silences', i.beta_gained) order by i.inherited_at, i.id), '[]')
      from stimuli.arm_inheritance i
      join stimuli.arms f on f.id = i.from_arm_id
      join cohorts.cohort_evolution_log e on e.id = i.evolution_id
      where i.brand_id = a.brand_id and i.arm_id = a.id),
    'because', jsonb_build_array(jsonb_build_object('kind', 'cohort', 'id', a.cohort_id)) || (
      select coalesce(jsonb_agg(distinct jsonb_build_object('kind', 'arm', 'id', i.from_arm_id)), '[]')
      from stimuli.arm_inheritance i where i.brand_id = a.brand_id and i.arm_id = a.id and i.from_arm_id <> a.id))
  from stimuli.arms a
  join stimuli.stimulus_templates t on t.brand_id = a.brand_id and t.id = a.template_id
  join cohorts.cohorts c on c.brand_id = a.brand_id and c.id = a.cohort_id
  where a.id = p_id
$$;
comment on function private.explain_arm(uuid) is
  'Explainer of stimuli.arms: what is known of a template in a cohort, what of it was learnt in cohorts that the people came from, then the cohort and those arms.';
