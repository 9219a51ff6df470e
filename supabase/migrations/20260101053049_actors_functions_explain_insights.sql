create function private.explain_computation(p_id uuid)
returns jsonb
language sql
stable
set search_path = ''
as $$
  select jsonb_build_object('kind', 'computation', 'id', b.id, 'brand_id', b.brand_id, 'actor_id', b.actor_id,
    'summary', format('%s%s is folded from %s pieces of evidence', case when b.is_stated then 'stated ' else '' end, b.attribute, b.evidence_count),
    'attribute', b.attribute, 'context', b.context, 'is_stated', b.is_stated, 'distribution', b.distribution,
    'settings', jsonb_build_object('half_life_days', b.tracking[1], 'change_hazard', b.tracking[2], 'prior_strength', b.tracking[3], 'prior_mean', b.tracking[4],
      'prior_rate_per_occasion', b.tracking[5], 'change_after', b.tracking[6], 'change_strength', b.tracking[7]),
    'priors', coalesce((
      select jsonb_agg(jsonb_build_object('group_id', p.group_id, 'mean', p.mean, 'strength', p.strength, 'variance', p.variance, 'category_count', p.category_count, 'change_hazard', p.change_hazard,
        'valid_from', p.valid_from, 'valid_until', p.valid_until) order by p.valid_from, p.group_id)
      from actors.belief_priors p
      where p.brand_id = b.brand_id and p.attribute = b.attribute and (p.group_id is null or p.group_id in (
        select g.group_id from actors.belief_prior_groups g where g.brand_id = b.brand_id and g.actor_id = b.actor_id)
        -- What a small group is like is for managers only.
        and (private.is_service() or private.caller_role(b.brand_id) >= 'manager'))), '[]'),
    'groups', coalesce((
      select jsonb_agg(jsonb_build_object('group_id', g.group_id, 'share', g.share, 'valid_from', g.valid_from, 'valid_until', g.valid_until) order by g.valid_from, g.group_id)
      from actors.belief_prior_groups g where g.brand_id = b.brand_id and g.actor_id = b.actor_id
        and (private.is_service() or private.caller_role(b.brand_id) >= 'manager')), '[]'),
    'evidence', (
      select jsonb_agg(jsonb_build_object('id', e.id, 'occurred_at', e.occurred_at, 'recorded_at', e.recorded_at, 'category', e.category, 'value', e.value,
        'exposure', e.exposure, 'weight', e.weight, 'match_probability', e.match_probability, 'source_kind', e.source_kind, 'source_id', e.source_id)
        order by e.occurred_at, e.source_kind, e.source_id, e.category)
      from private.evidence_pieces e
      where (e.brand_id, e.actor_id, e.attribute, e.context, e.is_stated) = (b.brand_id, b.actor_id, b.attribute, b.context, b.is_stated)))
  from actors.actor_beliefs b where b.id = p_id
$$;
comment on function private.explain_computation(uuid) is
  'For ai.explain: everything that a belief (by its id) is computed from, so that anybody can compute it again: all evidence in the order of the fold, the settings of private.tracking, and the priors of the brand and of the actor''s groups that ever held. How: private.fold, then private.actors_posteriors.';

create function private.belief_causes(p_brand uuid, p_actor uuid, p_attributes text[])
returns jsonb
language sql
stable
set search_path = ''
as $$
  select coalesce(jsonb_agg(jsonb_build_object('kind', 'belief', 'id', b.id) order by b.attribute, b.context, b.is_stated), '[]')
  from actors.actor_beliefs b where b.brand_id = p_brand and b.actor_id = p_actor and b.attribute = any (p_attributes)
$$;
comment on function private.belief_causes(uuid, uuid, text[]) is 'The beliefs about these attributes of a person as causes for ai.explain.';

create function private.explain_communication_profile(p_id uuid)
returns jsonb
language sql
stable
set search_path = ''
as $$
  select jsonb_build_object('kind', 'communication_profile', 'id', c.id, 'brand_id', c.brand_id, 'actor_id', c.actor_id,
    'summary', format('uses %s around %s, confidence %s', c.preferred_channel, coalesce(c.preferred_time, 'any time'), round(c.confidence::numeric, 2)),
    'computed_at', c.last_updated_at, 'confidence', c.confidence,
    'because', private.belief_causes(c.brand_id, c.actor_id, '{communication.channel,communication.hour}'))
  from actors.actor_communication_profiles c where c.id = p_id
$$;
comment on function private.explain_communication_profile(uuid) is
  'For ai.explain: channel and hour of a person. confidence: that of the channel''s share times the share, both at computed_at; what is observed goes before what is stated once it weighs 20.';

create function private.explain_friction_point(p_id uuid)
returns jsonb
language sql
stable
set search_path = ''
as $$
  select jsonb_build_object('kind', 'friction_point', 'id', f.id, 'brand_id', f.brand_id, 'actor_id', f.actor_id,
    'summary', format('%s: %s', f.friction_type, f.friction_description), 'computed_at', f.last_updated_at, 'severity', f.friction_severity, 'is_resolved', f.is_resolved,
    'because', private.belief_causes(f.brand_id, f.actor_id, array['friction.' || f.friction_type]))
  from actors.actor_friction_points f where f.id = p_id
$$;
comment on function private.explain_friction_point(uuid) is 'For ai.explain: a friction point; its severity is the mean of the belief friction.<type> at computed_at.';

create function private.explain_contradiction(p_id uuid)
returns jsonb
language sql
stable
set search_path = ''
as $$
  select jsonb_build_object('kind', 'contradiction', 'id', k.id, 'brand_id', k.brand_id, 'actor_id', k.actor_id,
    'summary', format('%s; ln Bayes factor %s', k.contradiction_description, round(k.log_bayes_factor::numeric, 2)),
    'contradiction_type', k.contradiction_type, 'attribute', k.attribute, 'category', k.category, 'computed_at', k.last_updated_at,
    'log_bayes_factor', k.log_bayes_factor, 'question', k.resolution_hypothesis, 'expected_information_gain', k.expected_information_gain,
    'settings', jsonb_build_object('opens_at', private.actors_number(k.brand_id, 'contradiction_log_bayes_factor'),
      'answer_reliability', private.actors_number(k.brand_id, 'answer_reliability'), 'intent_window_days', private.actors_number(k.brand_id, 'intent_window_days')),
    'because', private.belief_causes(k.brand_id, k.actor_id,
      k.attribute || case when k.contradiction_type = 'intention_vs_outcome' then '{behavior.purchase_rate}' else '{}'::text[] end))
  from actors.actor_contradictions k where k.id = p_id
$$;
comment on function private.explain_contradiction(uuid) is
  'For ai.explain: what is said against what is seen. The Bayes factor (private.ln_bayes_factor_of_statement) compares the stated and the observed belief at computed_at; of an intention, its statements with the purchases within the window after each.';

create function private.explain_drivers(p_id uuid)
returns jsonb
language sql
stable
set search_path = ''
as $$
  select jsonb_build_object('kind', 'drivers', 'id', d.id, 'brand_id', d.brand_id, 'actor_id', d.actor_id,
    'summary', format('%s leads, %s: %s', d.leading_driver, d.driver_state, d.decoded ->> 'observed_behavior'),
    'computed_at', d.last_updated_at, 'half_life_days', private.half_life_days(d.brand_id, 'driver.primary'),
    'prior', (select jsonb_object_agg(r.driver, r.prior) from private.drivers r),
    'coherence', d.coherence, 'entropy_bits', d.entropy_bits, 'fragments', d.fragments,
    'because', private.belief_causes(d.brand_id, d.actor_id, '{driver.primary,identity.archetype}'))
  from actors.actor_drivers d where d.id = p_id
$$;
comment on function private.explain_drivers(uuid) is
  'For ai.explain: the six drivers, from the latest 1,000 pieces of evidence about driver.primary and identity.archetype by the rule of private.actors_write_drivers at computed_at.';

create function private.explain_memory_loop(p_id uuid)
returns jsonb
language sql
stable
set search_path = ''
as $$
  select jsonb_build_object('kind', 'memory_loop', 'id', m.id, 'brand_id', m.brand_id, 'actor_id', m.actor_id,
    'summary', format('%s: strength %s, confidence %s', m.loop_description, round(m.loop_strength::numeric, 2), round(m.confidence::numeric, 2)),
    'loop_type', m.loop_type, 'activity', m.activity, 'computed_at', m.last_updated_at, 'timezone', b.timezone, 'pattern', m.pattern_data,
    'strength', m.loop_strength, 'consistency', m.loop_consistency, 'confidence', m.confidence, 'next_expected_at', m.next_expected_at,
    'occasions', coalesce((
      select jsonb_agg(jsonb_build_object('at', o.occurred_at, 'source_id', o.source_id) order by o.day)
      from private.actors_occasions(m.brand_id, array[m.actor_id], m.last_updated_at) o where o.activity = m.activity), '[]'),
    'because', private.belief_causes(m.brand_id, m.actor_id, array[case m.activity when 'purchase' then 'behavior.purchase_rate' else 'communication.channel' end]))
  from actors.actor_memory_loops m
  join core.brands b on b.id = m.brand_id
  where m.id = p_id
$$;
comment on function private.explain_memory_loop(uuid) is
  'For ai.explain: a rhythm or habit with the first happening of each local day that the test saw, and the window or the classes that it found (private.regularity, private.habits).';
