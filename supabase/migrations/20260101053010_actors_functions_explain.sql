create function private.explain_actor(p_id uuid)
returns jsonb
language sql
stable
set search_path = ''
as $$
  select jsonb_build_object('kind', 'actor', 'id', a.id, 'brand_id', a.brand_id,
    'summary', format('%s: %s signals since %s, %s identifiers', coalesce(a.name, a.primary_identifier), a.total_signals,
      to_char(a.first_seen_at at time zone 'UTC', 'YYYY-MM-DD'),
      (select count(*) from actors.actor_identifiers i where i.brand_id = a.brand_id and i.actor_id = a.id)),
    'identifiers', a.identifiers, 'total_signals', a.total_signals, 'data_quality_score', a.data_quality_score, 'profile_completeness', a.profile_completeness,
    'signals', coalesce((
      select jsonb_agg(jsonb_build_object('id', s.id, 'quality_score', s.quality_score) order by s.occurred_at, s.id)
      from signals.signals_base s where s.brand_id = a.brand_id and s.actor_id = a.id and s.processing_status = 'completed'), '[]'),
    'matches', coalesce((
      select jsonb_agg(jsonb_build_object('record_a', m.record_a, 'record_b', m.record_b, 'probability', m.probability, 'waterfall', m.waterfall))
      from (select m.* from actors.identity_records r join actors.identity_matches m on m.brand_id = r.brand_id and m.record_a = r.id
        where r.brand_id = a.brand_id and r.actor_id = a.id order by m.probability desc, m.record_a, m.record_b limit 20) m), '[]'),
    'because', coalesce((
      select jsonb_agg(jsonb_build_object('kind', 'belief', 'id', b.id))
      from (select b.id from actors.actor_beliefs b where b.brand_id = a.brand_id and b.actor_id = a.id
        order by b.evidence_count desc, b.id limit 20) b), '[]'))
  from actors.actors a where a.id = p_id
$$;
comment on function private.explain_actor(uuid) is 'For ai.explain: a person, the signals that were counted with their quality, what joined its records, and the 20 beliefs with the most evidence.';

create function private.explain_belief(p_id uuid)
returns jsonb
language sql
stable
set search_path = ''
as $$
  select jsonb_build_object('kind', 'belief', 'id', b.id, 'brand_id', b.brand_id, 'actor_id', b.actor_id,
    'summary', format('%s%s%s: %s, confidence %s, from %s pieces of evidence', case when b.is_stated then 'says ' else '' end, b.attribute,
      case when p.category <> '' then ' ' || p.category else '' end, round(p.mean::numeric, 4), round(p.confidence::numeric, 2), b.evidence_count),
    'distribution', b.distribution, 'state', to_jsonb(b.state), 'as_of', b.as_of, 'half_life_days', b.tracking[1],
    'mean', p.mean, 'variance', p.variance, 'confidence', p.confidence, 'interval', jsonb_build_array(p.interval_low, p.interval_high),
    'change_probability', p.change_probability, 'evidence_count', b.evidence_count, 'categories', p.categories,
    'because', coalesce((
      select jsonb_agg(jsonb_build_object('kind', 'evidence', 'id', e.id))
      from (select e.id from actors.evidence e
        where (e.brand_id, e.actor_id, e.attribute, e.context, e.is_stated) = (b.brand_id, b.actor_id, b.attribute, b.context, b.is_stated)
          and e.retracted_at is null
        -- What weighs most today comes first.
        order by ln(greatest(e.weight * e.match_probability, 1e-9)) + private.days_between(b.as_of, e.occurred_at) * ln(2) / b.tracking[1] desc, e.id limit 20) e), '[]'))
  from actors.actor_beliefs b
  join lateral (
    select p.*, jsonb_object_agg(p.category, p.mean) filter (where p.category <> '') over () as categories
    from private.actors_posteriors(b.brand_id, array[b.actor_id]) p
    where (p.attribute, p.context, p.is_stated) = (b.attribute, b.context, b.is_stated)
    order by p.mean desc, p.category limit 1
  ) p on true
  where b.id = p_id
$$;
comment on function private.explain_belief(uuid) is 'For ai.explain: one belief with its statistics, the likeliest category first named and all with their share, and the 20 weightiest pieces of its evidence; the kind computation, by the same id, gives all.';

create function private.explain_evidence(p_id uuid)
returns jsonb
language sql
stable
set search_path = ''
as $$
  select jsonb_build_object('kind', 'evidence', 'id', e.id, 'brand_id', e.brand_id, 'actor_id', e.actor_id,
    'summary', format('%s%s%s = %s with weight %s on %s', case when e.is_stated then 'said ' else '' end, e.attribute,
      case when e.category <> '' then ' ' || e.category else '' end, e.value, round((e.weight * e.match_probability)::numeric, 3),
      to_char(e.occurred_at at time zone 'UTC', 'YYYY-MM-DD')),
    'category', e.category, 'value', e.value, 'exposure', e.exposure, 'weight', e.weight, 'match_probability', e.match_probability, 'occurred_at', e.occurred_at, 'recorded_at', e.recorded_at,
    'source_id', e.source_id, 'because', jsonb_build_array(jsonb_build_object('kind', e.source_kind, 'id', e.source_id)))
  from actors.evidence e where e.id = p_id
$$;
comment on function private.explain_evidence(uuid) is 'For ai.explain: one piece of evidence and the signal or outcome it came from.';
