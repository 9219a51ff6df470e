create function private.actors_brand_of(p_actor uuid)
returns uuid
language plpgsql
stable
set search_path = ''
as $$
declare
  v_brand uuid;
begin
  select a.brand_id into v_brand from actors.actors a
  where a.id = p_actor and (private.is_service() or a.brand_id = any (private.brand_ids('support')));
  if v_brand is null then
    perform private.raise_error('not_found', 'actor', p_actor::text);
  end if;
  return v_brand;
end
$$;
comment on function private.actors_brand_of(uuid) is
  'Brand of an actor that the caller may read (support and up). Error: not_found, for an actor of another brand as well.';

create function private.actors_profile(p_actor uuid, p_now timestamptz)
returns jsonb
language plpgsql
stable
security definer
set search_path = ''
as $$
declare
  v_brand constant uuid := private.actors_brand_of(p_actor);
begin
  perform private.require_time('p_now', p_now);
  -- Built as text and read once: as jsonb every level would be taken apart and put together again.
  return (
    select json_build_object(
      'id', a.id, 'brand_id', a.brand_id, 'name', a.name, 'identifiers', a.identifiers, 'is_active', a.is_active, 'merged_into', a.merged_into,
      'first_seen_at', a.first_seen_at, 'last_seen_at', a.last_seen_at, 'total_signals', a.total_signals,
      'data_quality_score', a.data_quality_score, 'profile_completeness', a.profile_completeness, 'as_of', p_now,
      'beliefs', coalesce((
        select json_agg(json_build_object('id', p.belief_id, 'attribute', p.attribute, 'context', p.context, 'category', nullif(p.category, ''),
            'is_stated', p.is_stated, 'distribution', p.distribution, 'mean', p.mean, 'standard_deviation', sqrt(p.variance),
            'confidence', p.confidence, 'evidence_count', p.evidence_count, 'evidence_weight', p.evidence_weight,
            'last_evidence_at', p.last_evidence_at, 'interval', json_build_array(p.interval_low, p.interval_high),
            'change_probability', p.change_probability,
            'trend', json_build_object('direction', case when p.trend_probability < 0.5 then 'steady' when p.trend > 0 then 'up' else 'down' end,
              'by', p.trend, 'probability', p.trend_probability))
          order by p.attribute, p.context, p.is_stated, p.mean desc, p.category)
        from private.actors_posteriors(v_brand, array[p_actor], p_now) p), '[]'),
      'communication', (
        select json_build_object('id', c.id, 'channel', c.preferred_channel, 'time', c.preferred_time, 'confidence', c.confidence)
        from actors.actor_communication_profiles c where c.brand_id = v_brand and c.actor_id = p_actor and c.is_current),
      'routines', coalesce((
        select json_agg(json_build_object('id', m.id, 'type', m.loop_type, 'activity', m.activity, 'description', m.loop_description, 'strength', m.loop_strength,
          'confidence', m.confidence, 'period_days', m.pattern_data -> 'period_days', 'next_expected_at', m.next_expected_at) order by m.confidence desc, m.loop_type, m.activity)
        from actors.actor_memory_loops m where m.brand_id = v_brand and m.actor_id = p_actor and m.is_current), '[]'),
      'drivers', (
        select json_build_object('id', d.id, 'safety', d.safety, 'connection', d.connection, 'status', d.status, 'growth', d.growth, 'freedom', d.freedom, 'purpose', d.purpose,
          'state', d.driver_state, 'coherence', d.coherence, 'decoded', d.decoded)
        from actors.actor_drivers d where d.brand_id = v_brand and d.actor_id = p_actor and d.is_current),
      'friction_points', coalesce((
        select json_agg(json_build_object('id', f.id, 'type', f.friction_type, 'severity', f.friction_severity, 'description', f.friction_description,
          'is_resolved', f.is_resolved) order by f.friction_severity desc)
        from actors.actor_friction_points f where f.brand_id = v_brand and f.actor_id = p_actor and f.is_current), '[]'),
      'contradictions', coalesce((
        select json_agg(json_build_object('id', k.id, 'attribute', k.attribute, 'category', k.category, 'description', k.contradiction_description,
          'log_bayes_factor', k.log_bayes_factor, 'question', k.resolution_hypothesis, 'expected_information_gain', k.expected_information_gain) order by k.log_bayes_factor desc)
        from actors.actor_contradictions k where k.brand_id = v_brand and k.actor_id = p_actor and k.is_current and not k.is_resolved), '[]'))::jsonb
    from actors.actors a where a.id = p_actor);
end
$$;
comment on function private.actors_profile(uuid, timestamptz) is 'Body of actors.profile. Definer: reads the parameters and priors of the brand after checking the caller''s role in it.';
grant execute on function private.actors_profile(uuid, timestamptz) to authenticated, service_role;

create function actors.profile(p_actor uuid, p_now timestamptz default now())
returns jsonb
language sql
stable
set search_path = ''
begin atomic
  select private.actors_profile(p_actor, p_now);
end;
comment on function actors.profile(uuid, timestamptz) is
  'Everything believed of a person at p_now (p_now after the last evidence lets beliefs fade): {id, brand_id, name, identifiers, ..., beliefs: [{id, attribute, context, category, is_stated, distribution, mean, standard_deviation, confidence, evidence_count, evidence_weight, last_evidence_at, interval: [low, high] of 90 %, change_probability (within the last ten pieces), trend: {direction: up, down or steady, by, probability}}], communication, routines (with next_expected_at), drivers, friction_points, contradictions}. Every item has the id by which ai.explain tells what its numbers stand on, as belief, computation, communication_profile, memory_loop, drivers, friction_point, contradiction. Of a person that was merged into another only that is told (merged_into: ask for that one). For support and up. Errors: not_found, invalid_argument.';
grant execute on function actors.profile(uuid, timestamptz) to authenticated, service_role;

create function private.actors_evidence(p_actor uuid, p_attribute text, p_now timestamptz)
returns table (evidence_id uuid, attribute text, context text, category text, is_stated boolean, value double precision, exposure double precision,
  weight double precision, weight_left double precision, occurred_at timestamptz, recorded_at timestamptz,
  source_kind actors.evidence_source, source_id uuid)
language plpgsql
stable
security definer
set search_path = ''
as $$
declare
  v_brand constant uuid := private.actors_brand_of(p_actor);
begin
  perform private.require_time('p_now', p_now);
  return query
  select e.id, e.attribute, e.context, e.category, e.is_stated, e.value, e.exposure, e.weight * e.match_probability,
    e.weight * e.match_probability * private.fading(private.days_between(e.occurred_at, p_now), private.half_life_days(v_brand, e.attribute)),
    e.occurred_at, e.recorded_at, e.source_kind, e.source_id
  from actors.evidence e
  where e.brand_id = v_brand and e.actor_id = p_actor and e.retracted_at is null and (p_attribute is null or e.attribute = p_attribute)
  order by e.occurred_at desc, e.attribute, e.category, e.source_id;
end
$$;
comment on function private.actors_evidence(uuid, text, timestamptz) is 'Body of actors.evidence(). Definer: reads the half-lives of the brand after checking the caller''s role in it.';
grant execute on function private.actors_evidence(uuid, text, timestamptz) to authenticated, service_role;

create function actors.evidence(p_actor uuid, p_attribute text default null, p_now timestamptz default now())
returns table (evidence_id uuid, attribute text, context text, category text, is_stated boolean, value double precision, exposure double precision,
  weight double precision, weight_left double precision, occurred_at timestamptz, recorded_at timestamptz,
  source_kind actors.evidence_source, source_id uuid)
language sql
stable
set search_path = ''
begin atomic
  select * from private.actors_evidence(p_actor, p_attribute, p_now);
end;
comment on function actors.evidence(uuid, text, timestamptz) is
  'Every piece of evidence about a person (p_attribute null) or about one attribute, newest first, with its weight and what is left of it at p_now, and the signal or outcome that it came from; for support and up. Errors: not_found, invalid_argument.';
grant execute on function actors.evidence(uuid, text, timestamptz) to authenticated, service_role;

create function private.actors_find(p_brand uuid, p_identifier text)
returns setof actors.actors
language plpgsql
stable
security definer
set search_path = ''
as $$
begin
  perform private.require_role(p_brand, 'support');
  return query
  select a.*
  from actors.actor_identifiers i
  join actors.actors a on a.brand_id = i.brand_id and a.id = i.actor_id
  where i.brand_id = p_brand and (i.identifier_type, i.identifier_value) in (
    select t.t, private.normalize_identifier(t.t::text, p_identifier, nullif(private.parameter(p_brand, 'signals.default_country') #>> '{}', ''))
    from unnest(enum_range(null::actors.identifier_type)) t (t))
  order by i.confidence desc, a.id;
end
$$;
comment on function private.actors_find(uuid, text) is 'Body of actors.find. Definer: reads the brand''s settings for national phone numbers after checking the role.';
grant execute on function private.actors_find(uuid, text) to authenticated, service_role;

create function actors.find(p_brand uuid, p_identifier text)
returns setof actors.actors
language sql
stable
set search_path = ''
begin atomic
  select * from private.actors_find(p_brand, p_identifier);
end;
comment on function actors.find(uuid, text) is
  'The people of the brand that an identifier of any type belongs to, written in any way (normalised as signals are): e-mail, phone number, handle or customer id. More than one when it is, for example, one person''s customer id and another''s handle. For support and up. Error: not_a_member.';
grant execute on function actors.find(uuid, text) to authenticated, service_role;
