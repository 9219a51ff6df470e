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
    'identifiers', a.identifiers,
    'conflicts', coalesce((
      select jsonb_agg(jsonb_build_object('signal_id', c.signal_id, 'type', c.identifier_type, 'value', c.identifier_value, 'other_actor_id', c.other_actor_id))
      from (select * from actors.identifier_conflicts c where c.brand_id = a.brand_id and c.actor_id = a.id order by c.created_at desc limit 20) c), '[]'),
    'because', coalesce((
      select jsonb_agg(jsonb_build_object('kind', 'belief', 'id', b.id))
      from (select b.id from actors.actor_beliefs b where b.brand_id = a.brand_id and b.actor_id = a.id
        order by b.evidence_count desc, b.id limit 20) b), '[]'))
  from actors.actors a where a.id = p_id
$$;
comment on function private.explain_actor(uuid) is 'For ai.explain: a person and the 20 beliefs with the most evidence.';

create function private.explain_belief(p_id uuid)
returns jsonb
language sql
stable
set search_path = ''
as $$
  select jsonb_build_object('kind', 'belief', 'id', b.id, 'brand_id', b.brand_id, 'actor_id', b.actor_id,
    'summary', format('%s%s%s: %s, confidence %s, from %s pieces of evidence', case when b.is_stated then 'says ' else '' end, b.attribute,
      case when b.category <> '' then ' ' || b.category else '' end, round(p.mean::numeric, 4), round(p.confidence::numeric, 2), b.evidence_count),
    'distribution', b.distribution, 'sums', to_jsonb(b.sums), 'as_of', b.as_of, 'half_life_days', b.half_life_days,
    'mean', p.mean, 'variance', p.variance, 'confidence', p.confidence, 'evidence_count', b.evidence_count,
    'because', coalesce((
      select jsonb_agg(jsonb_build_object('kind', 'evidence', 'id', e.id))
      from (select e.id from actors.evidence e
        where (e.brand_id, e.actor_id, e.attribute, e.context, e.is_stated, e.category)
          = (b.brand_id, b.actor_id, b.attribute, b.context, b.is_stated, b.category)
        -- What weighs most today comes first.
        order by ln(greatest(e.weight * e.match_probability, 1e-9)) + private.days_between(b.as_of, e.occurred_at) * ln(2) / b.half_life_days desc, e.id limit 20) e), '[]'))
  from actors.actor_beliefs b
  join lateral private.actors_posteriors(b.brand_id, array[b.actor_id]) p
    on (p.attribute, p.context, p.is_stated, p.category) = (b.attribute, b.context, b.is_stated, b.category)
  where b.id = p_id
$$;
comment on function private.explain_belief(uuid) is 'For ai.explain: one belief with its statistics and the 20 weightiest pieces of its evidence; actors.evidence() gives all.';

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
    'value', e.value, 'exposure', e.exposure, 'weight', e.weight, 'match_probability', e.match_probability, 'occurred_at', e.occurred_at, 'recorded_at', e.recorded_at,
    'because', jsonb_build_array(jsonb_build_object('kind', e.source_kind, 'id', e.source_id)))
  from actors.evidence e where e.id = p_id
$$;
comment on function private.explain_evidence(uuid) is 'For ai.explain: one piece of evidence and the signal or outcome it came from.';
