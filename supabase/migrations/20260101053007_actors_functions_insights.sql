create function private.actors_write_contradictions(p_brand uuid, p_shares private.compared_share[], p_now timestamptz)
returns integer
language sql
volatile
set search_path = ''
as $$
  with parameters as materialized (
    select private.actors_number(p_brand, 'contradiction_log_bayes_factor') as opens_at
  ), judged as (
    select c.*, 1 / (1 + exp(-c.ln_bayes_factor)) as strength, r.opens_at,
      format('says %s (%s), but it is %s%% of what is seen', c.category, replace(c.attribute, '.', ' '), round((100 * coalesce(c.actual_mean, 0))::numeric)) as description
    from unnest(p_shares) c
    cross join parameters r
    left join actors.actor_contradictions k
      on (k.brand_id, k.actor_id, k.attribute, k.category) = (p_brand, c.actor_id, c.attribute, c.category) and k.is_current
    where c.ln_bayes_factor >= r.opens_at or c.ln_bayes_factor is not null and k.id is not null
  ), written as (
    insert into actors.actor_contradictions as t (brand_id, actor_id, contradiction_type, attribute, category, contradiction_description,
      contradiction_strength, stated_belief, actual_behavior, evidence_for_stated, evidence_for_behavior, possible_explanations,
      resolution_hypothesis, requires_investigation, log_bayes_factor, confidence, evidence_count, last_updated_at)
    select p_brand, j.actor_id, 'stated_vs_behavior', j.attribute, j.category, j.description, j.strength,
      jsonb_build_object('share', j.stated_mean), jsonb_build_object('share', j.actual_mean, 'evidence_weight', j.actual_weight),
      private.to_list(j.stated_sources), private.to_list(j.actual_sources),
      '["wishes to be so and is not yet", "buys it elsewhere", "said it long ago", "the identifier is shared"]',
      format('Ask: do you still choose %s?', j.category), j.ln_bayes_factor > 2 * j.opens_at, j.ln_bayes_factor,
      j.actual_confidence, j.evidence_count, p_now
    from judged j
    on conflict (brand_id, actor_id, attribute, category) where is_current do update
    set contradiction_description = excluded.contradiction_description, contradiction_strength = excluded.contradiction_strength,
      stated_belief = excluded.stated_belief, actual_behavior = excluded.actual_behavior, evidence_for_stated = excluded.evidence_for_stated,
      evidence_for_behavior = excluded.evidence_for_behavior, requires_investigation = excluded.requires_investigation,
      log_bayes_factor = excluded.log_bayes_factor, confidence = excluded.confidence, evidence_count = excluded.evidence_count,
      last_updated_at = excluded.last_updated_at,
      is_resolved = case when excluded.log_bayes_factor < 0 then true when excluded.log_bayes_factor >= (select opens_at from parameters) then false else t.is_resolved end,
      resolution_date = case when excluded.log_bayes_factor < 0 then coalesce(t.resolution_date, p_now)
        when excluded.log_bayes_factor >= (select opens_at from parameters) then null else t.resolution_date end,
      resolution_explanation = case when excluded.log_bayes_factor < 0 then 'what is said and what is seen agree again' end
    where t.evidence_count <> excluded.evidence_count
    returning t.id, t.actor_id, t.attribute, t.category, t.contradiction_description, t.contradiction_strength, t.stated_belief, t.actual_behavior,
      t.evidence_for_stated, t.evidence_for_behavior, t.possible_explanations, t.resolution_hypothesis, t.requires_investigation,
      t.is_resolved, t.confidence, t.version
  ), closed as (
    update ai.contradiction_logs l
    set resolution_status = 'resolved', resolution_date = p_now, resolution_notes = 'what is said and what is seen agree again'
    from written w
    where w.is_resolved and l.brand_id = p_brand and l.scope_type = 'actor' and l.scope_id = w.actor_id
      and l.resolution_status = 'unresolved' and l.context_data ->> 'actor_contradiction_id' = w.id::text
  ), logged as (
    insert into ai.contradiction_logs (brand_id, contradiction_type, contradiction_severity, contradiction_description, belief_a, belief_b,
      evidence_for_a, evidence_for_b, scope_type, scope_id, context_data, contradiction_strength, possible_explanations,
      resolution_hypothesis, requires_investigation, detection_confidence, detected_at)
    select p_brand, 'stated_vs_actual', case when w.requires_investigation then 'high' else 'medium' end::ai.severity, w.contradiction_description,
      w.stated_belief, w.actual_behavior, w.evidence_for_stated, w.evidence_for_behavior, 'actor', w.actor_id,
      jsonb_build_object('actor_contradiction_id', w.id, 'attribute', w.attribute, 'category', w.category), w.contradiction_strength,
      w.possible_explanations, w.resolution_hypothesis, w.requires_investigation, w.confidence, p_now
    from written w
    where not w.is_resolved and not exists (
      select from ai.contradiction_logs l
      where l.brand_id = p_brand and l.scope_type = 'actor' and l.scope_id = w.actor_id and l.resolution_status = 'unresolved'
        and l.context_data ->> 'actor_contradiction_id' = w.id::text)
  )
  select count(*)::integer from written
$$;
comment on function private.actors_write_contradictions(uuid, private.compared_share[], timestamptz) is
  'Opens, follows and closes actors.actor_contradictions by the Bayes factor of stated against observed, and logs openings and endings in ai.contradiction_logs. Both beliefs stay as they are. Returns how many rows it wrote.';

create function private.actors_write_beliefs(p_brand uuid, p_actors uuid[], p_now timestamptz default now())
returns void
language plpgsql
volatile
set search_path = ''
as $$
declare
  v_posteriors private.posterior[];
  v_shares private.compared_share[];
begin
  -- Computed once, then read by each writer.
  v_posteriors := array(select p from private.actors_posteriors(p_brand, p_actors, p_now) p);
  v_shares := array(select c from private.actors_compare(v_posteriors) c);
  perform private.actors_write_scores(p_brand, v_posteriors, p_now);
  perform private.actors_write_demographics(p_brand, v_posteriors, p_now);
  perform private.actors_write_communication(p_brand, v_posteriors, p_now);
  perform private.actors_write_preferences(p_brand, v_shares, p_now);
  perform private.actors_write_identity(p_brand, v_shares, p_now);
  perform private.actors_write_contradictions(p_brand, v_shares, p_now);
  perform private.actors_write_frictions(p_brand, v_posteriors, p_now);
  perform private.actors_write_triggers(p_brand, v_posteriors, p_now);
  -- Rhythms need each single occasion: too dear here, the hourly job looks for them.
  insert into private.loops_due (brand_id, actor_id) select p_brand, a from unnest(p_actors) a order by a on conflict do nothing;
end
$$;
comment on function private.actors_write_beliefs(uuid, uuid[], timestamptz) is
  'Brings the belief tables of the actors up to date with their statistics at p_now; call it after private.fold_evidence. Rows without new evidence stay as they are: fading is applied when reading (actors.profile).';
