create function private.explain_cohort(p_id uuid)
returns jsonb
language sql
stable
set search_path = ''
as $$
  select jsonb_build_object(
    'kind', 'cohort', 'id', c.id, 'brand_id', c.brand_id,
    'summary', format('%s: %s', c.cohort_name, c.cohort_description),
    'status', c.cohort_status, 'members', c.member_count, 'confidence', c.discovery_confidence, 'stability', c.stability_score,
    'coherence', c.coherence_score, 'separation', c.separation_score, 'formed_at', c.first_formed_at,
    'characteristics', (
      select coalesce(jsonb_agg(jsonb_build_object('component', h.characteristic_name, 'label', h.characteristic_value ->> 'label',
        'direction', h.characteristic_value ->> 'direction', 'effect', h.effect_size,
        'interval', jsonb_build_array(h.effect_lower, h.effect_upper), 'adjusted_p_value', h.adjusted_p_value) order by abs(h.effect_size) desc), '[]')
      from cohorts.cohort_characteristics h where h.brand_id = c.brand_id and h.cohort_id = c.id and h.is_current),
    'history', (
      select coalesce(jsonb_agg(jsonb_build_object('event', e.event_type, 'at', e.event_timestamp, 'description', e.event_description) order by e.event_timestamp desc, e.id desc), '[]')
      from (select * from cohorts.cohort_evolution_log l where l.brand_id = c.brand_id and l.cohort_id = c.id
        order by l.event_timestamp desc, l.id desc limit 10) e),
    'because', (
      select coalesce(jsonb_agg(jsonb_build_object('kind', 'membership', 'id', m.id) order by m.fit_score desc nulls last, m.id), '[]')
      from (select x.id, x.fit_score from cohorts.actor_cohort_membership x
        where x.brand_id = c.brand_id and x.cohort_id = c.id and x.is_active
        order by x.fit_score desc nulls last, x.id limit 3) m))
  from cohorts.cohorts c where c.id = p_id and not (c.id = any (private.hidden_cohorts()))
$$;
comment on function private.explain_cohort(uuid) is 'Explainer of cohorts.cohorts: what sets it apart, its history, and its three most typical members.';

create function private.explain_membership(p_id uuid)
returns jsonb
language sql
stable
set search_path = ''
as $$
  select jsonb_build_object(
    'kind', 'membership', 'id', m.id, 'brand_id', m.brand_id,
    'summary', format('In "%s" with confidence %s%s', c.cohort_name, round(m.membership_confidence::numeric, 2),
      case when m.is_active then '' else ', until ' || m.removed_at::date end),
    'actor_id', m.actor_id, 'cohort_id', m.cohort_id, 'confidence', m.membership_confidence, 'fit', m.fit_score,
    'distance_to_centroid', m.distance_to_centroid, 'algorithm', m.assigned_by_algorithm, 'at', m.assigned_at,
    'shared', (
      -- What the person has in common with the cohort: on the same side of the brand's mean.
      select coalesce(jsonb_agg(jsonb_build_object('component', h.characteristic_name, 'label', h.characteristic_value ->> 'label',
        'direction', h.characteristic_value ->> 'direction', 'deviation', v.x) order by abs(v.x) desc), '[]')
      from cohorts.cohort_characteristics h
      join actors.belief_vector_components b on b.brand_id = h.brand_id and b.component_name = h.characteristic_name
      join actors.actor_belief_vectors a on a.brand_id = m.brand_id and a.actor_id = m.actor_id and a.vector_name = 'belief' and a.is_current
      cross join lateral (select (a.vector_data::real[])[b.position] as x) v
      where h.brand_id = m.brand_id and h.cohort_id = m.cohort_id and h.is_current and sign(v.x) = sign(h.effect_size)),
    'because', jsonb_build_array(jsonb_build_object('kind', 'actor', 'id', m.actor_id)))
  from cohorts.actor_cohort_membership m
  join cohorts.cohorts c on c.brand_id = m.brand_id and c.id = m.cohort_id
  where m.id = p_id and not (m.cohort_id = any (private.hidden_cohorts()))
$$;
comment on function private.explain_membership(uuid) is
  'Explainer of cohorts.actor_cohort_membership: confidence, the characteristics that the person shares with the cohort (deviation from the brand''s mean, in standard deviations), then the person.';

create function private.explain_clustering_run(p_id uuid)
returns jsonb
language sql
stable
set search_path = ''
as $$
  select jsonb_build_object(
    'kind', 'clustering_run', 'id', r.id, 'brand_id', r.brand_id,
    'summary', format('%s found %s cohorts among %s people', r.algorithm_name, r.discovered_cohort_count, r.input_actor_count),
    'status', r.status, 'seed', r.seed, 'parameters', r.parameters, 'confidence', r.overall_quality_score,
    'silhouette', r.silhouette_score, 'alternatives', r.candidates, 'at', r.started_at,
    'because', (
      select coalesce(jsonb_agg(jsonb_build_object('kind', 'cohort', 'id', c.id) order by c.member_count desc, c.id), '[]')
      from cohorts.cohorts c where c.brand_id = r.brand_id and c.last_run_id = r.id))
  from cohorts.clustering_runs r where r.id = p_id
$$;
comment on function private.explain_clustering_run(uuid) is 'Explainer of cohorts.clustering_runs: how many groups were tried and why this number; then its cohorts.';
