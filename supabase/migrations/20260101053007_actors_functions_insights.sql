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

create function private.actors_write_routines(p_brand uuid, p_posteriors private.posterior[], p_now timestamptz)
returns void
language sql
volatile
set search_path = ''
as $$
  with parameters as materialized (
    select private.actors_number(p_brand, 'routine_log_bayes_factor') as opens_at
  ), weeks as (
    select p.actor_id, max(p.evidence_weight) as n, max(p.confidence) as confidence, sum(p.evidence_count)::integer as evidence_count,
      jsonb_object_agg(p.category, p.mean) as shares,
      (array_agg(p.category order by p.mean desc, p.category))[1]::integer as weekday, max(p.mean) as share,
      (jsonb_agg(to_jsonb(p.sources) order by p.mean desc, p.category)) -> 0 as sources,
      -- Dirichlet(0.3 each) against equal days. Days without an order add nothing: their terms cancel.
      private.ln_gamma(7 * 0.3) - private.ln_gamma(7 * 0.3 + max(p.evidence_weight))
        + sum(private.ln_gamma(0.3 + p.evidence_sum) - private.ln_gamma(0.3)) + max(p.evidence_weight) * ln(7::double precision) as ln_bayes_factor
    from unnest(p_posteriors) p
    where p.attribute = 'behavior.weekday' and not p.is_stated
    group by p.actor_id
  )
  insert into actors.actor_memory_loops as t (brand_id, actor_id, loop_type, loop_description, loop_frequency, loop_strength, loop_consistency,
    loop_duration, pattern_data, confidence, evidence_count, last_updated_at, source_signals)
  select p_brand, w.actor_id, 'weekly_routine',
    'orders on ' || (array['Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday', 'Sunday'])[w.weekday], 'weekly', w.share,
    -- Of some hundred orders on one weekday the factor is so large that exp() would raise an underflow.
    1 / (1 + exp(-least(700, w.ln_bayes_factor))), 7, jsonb_build_object('iso_weekday', w.weekday, 'shares', w.shares, 'ln_bayes_factor', w.ln_bayes_factor),
    w.confidence, w.evidence_count, p_now, w.sources
  from weeks w
  left join actors.actor_memory_loops c on (c.brand_id, c.actor_id, c.loop_type) = (p_brand, w.actor_id, 'weekly_routine') and c.is_current
  where c.id is not null or w.ln_bayes_factor >= (select opens_at from parameters)
  on conflict (brand_id, actor_id, loop_type) where is_current do update
  set loop_description = excluded.loop_description, loop_strength = excluded.loop_strength, loop_consistency = excluded.loop_consistency,
    pattern_data = excluded.pattern_data, confidence = excluded.confidence, evidence_count = excluded.evidence_count,
    last_updated_at = excluded.last_updated_at, source_signals = excluded.source_signals
  where t.evidence_count <> excluded.evidence_count
$$;
comment on function private.actors_write_routines(uuid, private.posterior[], timestamptz) is
  'Writes the weekly routines of actors.actor_memory_loops: kept when the weekdays of the orders differ from chance by the parameter actors.routine_log_bayes_factor. loop_consistency: probability that it is a routine, at even prior odds.';

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
  perform private.actors_write_routines(p_brand, v_posteriors, p_now);
end
$$;
comment on function private.actors_write_beliefs(uuid, uuid[], timestamptz) is
  'Brings the belief tables of the actors up to date with their statistics at p_now; call it after private.fold_evidence. Rows without new evidence stay as they are: fading is applied when reading (actors.profile).';
