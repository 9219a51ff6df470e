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
    'coherence', c.coherence_score, 'separation', c.separation_score, 'formed_at', c.first_formed_at, 'named_by', c.name_source,
    'parent', c.parent_cohort_id, 'merged_from', c.merged_from_cohorts,
    'characteristics', (
      select coalesce(jsonb_agg(jsonb_build_object('component', h.characteristic_name, 'label', h.characteristic_value ->> 'label',
        'direction', h.characteristic_value ->> 'direction', 'words', h.characteristic_value ->> 'words', 'effect', h.effect_size,
        'interval', jsonb_build_array(h.effect_lower, h.effect_upper), 'adjusted_p_value', h.adjusted_p_value) order by abs(h.effect_size) desc), '[]')
      from cohorts.cohort_characteristics h where h.brand_id = c.brand_id and h.cohort_id = c.id and h.is_current),
    'history', (
      select coalesce(jsonb_agg(jsonb_build_object('kind', 'cohort_event', 'id', e.id, 'event', e.event_type, 'at', e.event_timestamp, 'description', e.event_description) order by e.event_timestamp desc, e.id desc), '[]')
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
    'reasons', (
      select coalesce(jsonb_agg(jsonb_build_object('component', w.component, 'contribution', w.contribution, 'words', w.words) order by w.i), '[]')
      from private.cohort_reasons(c, m.actor_id) with ordinality w (component, label, value, is_known, cohort_mean, rest_mean, contribution, rival_cohort_id, words, i)
      where w.i <= 5),
    'because', jsonb_build_array(jsonb_build_object('kind', 'actor', 'id', m.actor_id)))
  from cohorts.actor_cohort_membership m
  join cohorts.cohorts c on c.brand_id = m.brand_id and c.id = m.cohort_id
  where m.id = p_id and not (m.cohort_id = any (private.hidden_cohorts()))
$$;
comment on function private.explain_membership(uuid) is
  'Explainer of cohorts.actor_cohort_membership: confidence, the five weightiest reasons for or against it (cohorts.why), then the person.';

create function private.explain_clustering_run(p_id uuid)
returns jsonb
language sql
stable
set search_path = ''
as $$
  select jsonb_build_object(
    'kind', 'clustering_run', 'id', r.id, 'brand_id', r.brand_id,
    'summary', format('%s found %s cohorts among %s people', r.algorithm_name, r.discovered_cohort_count, r.input_actor_count),
    'status', r.status, 'type', r.run_type, 'trigger', r.trigger_kind, 'reason', r.trigger_reason, 'structure', r.structure, 'seed', r.seed, 'parameters', r.parameters, 'confidence', r.overall_quality_score,
    'silhouette', r.silhouette_score, 'alternatives', r.candidates, 'at', r.started_at,
    'because', (
      select coalesce(jsonb_agg(jsonb_build_object('kind', 'cohort', 'id', c.id) order by c.member_count desc, c.id), '[]')
      from cohorts.cohorts c where c.brand_id = r.brand_id and c.last_run_id = r.id))
  from cohorts.clustering_runs r where r.id = p_id
$$;
comment on function private.explain_clustering_run(uuid) is 'Explainer of cohorts.clustering_runs: how many groups were tried and why this number; then its cohorts.';

create function private.explain_cohort_event(p_id uuid)
returns jsonb
language sql
stable
set search_path = ''
as $$
  select jsonb_build_object(
    'kind', 'cohort_event', 'id', e.id, 'brand_id', e.brand_id,
    'summary', format('%s: %s', coalesce(c.cohort_name, 'A cohort that is no more'), coalesce(e.event_description, e.event_type::text)),
    'event', e.event_type, 'at', e.event_timestamp, 'cause', e.trigger_reason, 'before', e.before_state, 'after', e.after_state,
    'changed', e.changed_attributes, 'people', e.affected_actor_count, 'confidence', e.event_confidence, 'importance', e.event_importance,
    'because', case when e.run_id is null then '[]' else jsonb_build_array(jsonb_build_object('kind', 'clustering_run', 'id', e.run_id)) end
      || (select coalesce(jsonb_agg(jsonb_build_object('kind', 'cohort', 'id', r.id) order by r.place), '[]')
        from jsonb_array_elements_text(e.related_cohort_ids) with ordinality r (id, place)))
  from cohorts.cohort_evolution_log e
  left join cohorts.cohorts c on c.brand_id = e.brand_id and c.id = e.cohort_id
  where e.id = p_id
$$;
comment on function private.explain_cohort_event(uuid) is 'Explainer of cohorts.cohort_evolution_log: what happened to a cohort and why; then the run that saw it and the other cohorts in it.';
