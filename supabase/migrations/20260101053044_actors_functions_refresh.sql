create function private.actors_write_intentions(p_brand uuid, p_actors uuid[], p_now timestamptz)
returns void
language sql
volatile
set search_path = ''
set plan_cache_mode = force_custom_plan -- the plan depends on the number of people
as $$
  with parameters as materialized (
    select private.actors_number(p_brand, 'contradiction_log_bayes_factor') as opens_at, private.actors_number(p_brand, 'answer_reliability') as reliability,
      private.actors_number(p_brand, 'intent_window_days') * interval '1 day' as window
  ), said as materialized (
    select e.actor_id, e.source_id, e.occurred_at, e.weight * e.match_probability as w, k.purchase
    from parameters r
    cross join unnest(p_actors) a (id)
    join private.evidence_pieces e on e.brand_id = p_brand and e.actor_id = a.id and e.attribute = 'intent.purchase' and e.is_stated and e.value = 1
      and e.occurred_at > p_now - interval '180 days' and e.occurred_at <= p_now - r.window
    left join lateral (
      select b.source_id as purchase from private.evidence_pieces b
      where b.brand_id = p_brand and b.actor_id = a.id and b.attribute = 'behavior.purchase_rate' and b.occurred_at > e.occurred_at and b.occurred_at <= e.occurred_at + r.window
      order by b.occurred_at limit 1) k on true
  ), judged as (
    select s.actor_id, count(*)::integer as n, count(s.purchase)::integer as kept, sum(s.w) as w, coalesce(sum(s.w) filter (where s.purchase is not null), 0) as w_kept,
      array_agg(s.source_id order by s.occurred_at desc) as sources, array_agg(s.w order by s.occurred_at desc) as weights,
      array_agg(s.purchase order by s.occurred_at desc) filter (where s.purchase is not null) as purchases,
      private.ln_bayes_factor_of_statement(3, coalesce(sum(s.w) filter (where s.purchase is not null), 0), sum(s.w)) as ln_bayes_factor
    from said s group by s.actor_id
  ), wanted as (
    select j.*, format('announced a purchase %s times and bought within %s days %s times', j.n, extract(day from r.window), j.kept) as description, r.opens_at,
      private.entropy_bits(array[y.yes, 1 - y.yes]) - private.entropy_bits(array[r.reliability, 1 - r.reliability]) as gain
    from judged j
    cross join parameters r
    cross join lateral (select (1 + j.w_kept) / (2 + j.w) as kept_share) k
    cross join lateral (select r.reliability * k.kept_share + (1 - r.reliability) * (1 - k.kept_share) as yes) y
    left join actors.actor_contradictions c on (c.brand_id, c.actor_id, c.attribute, c.category) = (p_brand, j.actor_id, 'intent.purchase', '') and c.is_current
    where j.ln_bayes_factor >= r.opens_at or c.id is not null
  )
  insert into actors.actor_contradictions as t (brand_id, actor_id, contradiction_type, attribute, category, contradiction_description, contradiction_strength,
    stated_belief, actual_behavior, evidence_for_stated, evidence_for_behavior, possible_explanations, resolution_hypothesis, expected_information_gain,
    requires_investigation, log_bayes_factor, confidence, evidence_count, last_updated_at, source_signals, source_weights)
  select p_brand, w.actor_id, 'intention_vs_outcome', 'intent.purchase', '', w.description, 1 / (1 + exp(-w.ln_bayes_factor)),
    jsonb_build_object('announced', w.n), jsonb_build_object('kept', w.kept, 'share', w.w_kept / w.w), private.to_list(w.sources), private.to_list(w.purchases),
    '["changed the mind", "bought it elsewhere", "something stood in the way", "said it to be polite"]', 'Do you still plan to order?', greatest(0, w.gain),
    w.ln_bayes_factor > 2 * w.opens_at, w.ln_bayes_factor, w.w / (w.w + 1), w.n, p_now, private.to_list(w.sources), to_jsonb(w.weights)
  from wanted w
  on conflict (brand_id, actor_id, attribute, category) where is_current do update
  set contradiction_description = excluded.contradiction_description, contradiction_strength = excluded.contradiction_strength, stated_belief = excluded.stated_belief,
    actual_behavior = excluded.actual_behavior, evidence_for_stated = excluded.evidence_for_stated, evidence_for_behavior = excluded.evidence_for_behavior,
    expected_information_gain = excluded.expected_information_gain, requires_investigation = excluded.requires_investigation, log_bayes_factor = excluded.log_bayes_factor,
    confidence = excluded.confidence, evidence_count = excluded.evidence_count, last_updated_at = excluded.last_updated_at, source_signals = excluded.source_signals,
    source_weights = excluded.source_weights,
    is_resolved = case when excluded.log_bayes_factor < 0 then true when excluded.log_bayes_factor >= (select opens_at from parameters) then false else t.is_resolved end,
    resolution_date = case when excluded.log_bayes_factor < 0 then coalesce(t.resolution_date, p_now)
      when excluded.log_bayes_factor >= (select opens_at from parameters) then null else t.resolution_date end,
    resolution_explanation = case when excluded.log_bayes_factor < 0 then 'what is announced is bought again' end
  where (t.evidence_count, t.log_bayes_factor) is distinct from (excluded.evidence_count, excluded.log_bayes_factor)
$$;
comment on function private.actors_write_intentions(uuid, uuid[], timestamptz) is
  'Contradictions intention_vs_outcome: purchases announced in the last 180 days (intent.purchase) of which the window, parameter actors.intent_window_days, is over, against the purchases that followed. Same Bayes factor as for tastes: of what is announced three of four would be kept.';

create function private.actors_write_source_weights(p_brand uuid, p_actors uuid[])
returns void
language plpgsql
volatile
set search_path = ''
set plan_cache_mode = force_custom_plan -- the plan depends on the number of people
as $$
declare
  v_table record;
begin
  -- A loop: one statement for each of six tables that differ only in what their rows are about.
  for v_table in
    select * from (values
      ('actor_demographics', $c$e.attribute = 'demographic.' || t.attribute_name$c$),
      ('actor_behavioral_scores', $c$e.attribute in ('behavior.' || t.behavior_type, 'experience.' || t.behavior_type, 'communication.' || t.behavior_type) and e.context = t.context$c$),
      ('actor_communication_profiles', $c$e.attribute = 'communication.channel' and e.category = t.preferred_channel$c$),
      ('actor_psychological_triggers', $c$e.attribute = 'response.' || (t.activation_context ->> 'stimulus')$c$),
      ('actor_friction_points', $c$e.attribute = 'friction.' || t.friction_type$c$),
      ('actor_contradictions', $c$e.attribute = t.attribute$c$)
    ) v (name, condition)
  loop
    execute format($sql$
      update actors.%1$I u set source_weights = w.weights
      from (
        select t.id, jsonb_agg(coalesce(f.weight, 0) order by s.place) as weights
        from actors.%1$I t
        cross join lateral jsonb_array_elements_text(t.source_signals) with ordinality s (source_id, place)
        left join lateral (
          select max(e.weight * e.match_probability) as weight from private.evidence_pieces e
          where e.brand_id = t.brand_id and e.source_kind in ('signal', 'outcome') and e.source_id = s.source_id::uuid and e.actor_id = t.actor_id and %2$s) f on true
        where t.brand_id = $1 and t.actor_id = any ($2) and t.is_current
        group by t.id) w
      where u.id = w.id and u.source_weights is distinct from w.weights$sql$, v_table.name, v_table.condition)
    using p_brand, p_actors;
  end loop;
end
$$;
comment on function private.actors_write_source_weights(uuid, uuid[]) is
  'Gives each of source_signals of the current rows its weight in source_weights: signal quality x attribution x match probability of the evidence it gave about the row.';

create function private.actors_refresh_insights(p_brand uuid, p_limit integer, p_now timestamptz)
returns integer
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  v_started constant timestamptz := clock_timestamp();
  v_actors uuid[];
  v_count integer := 0;
begin
  perform private.require_role(p_brand, 'operator');
  if coalesce(p_limit not between 1 and 20000, true) then
    perform private.raise_error('invalid_argument', 'p_limit', 'must be from 1 to 20000');
  end if;
  perform private.require_time('p_now', p_now);
  with due as materialized (
    select d.actor_id, d.due_at from private.insights_due d where d.brand_id = p_brand and d.due_at <= p_now
    order by d.actor_id, d.due_at limit p_limit for update skip locked
  ), free as materialized (
    -- Whoever is being changed at the moment comes next time: waiting with other people in hand would end in deadlocks.
    select a.id from actors.actors a where a.brand_id = p_brand and a.id in (select due.actor_id from due) for no key update skip locked
  ), taken as (
    delete from private.insights_due d using due join free on free.id = due.actor_id
    where d.brand_id = p_brand and (d.actor_id, d.due_at) = (due.actor_id, due.due_at) returning d.actor_id
  )
  select array_agg(distinct t.actor_id) into v_actors from taken t;
  if v_actors is not null then
    v_count := private.actors_write_insights(p_brand, v_actors, p_now);
  end if;
  -- Nothing came, and that is the news.
  update actors.actor_memory_loops m set is_current = false, last_updated_at = p_now
  where m.id in (
    select l.id from actors.actor_memory_loops l where l.brand_id = p_brand and l.is_current and l.expires_at < p_now for update skip locked);
  perform private.log_call('actors.refresh_insights', p_brand, jsonb_build_object('limit', p_limit, 'now', p_now),
    jsonb_build_object('actors', coalesce(cardinality(v_actors), 0), 'loops', v_count), v_started);
  return coalesce(cardinality(v_actors), 0);
end
$$;
comment on function private.actors_refresh_insights(uuid, integer, timestamptz) is 'Body of actors.refresh_insights. Definer: clients write no insights.';
grant execute on function private.actors_refresh_insights(uuid, integer, timestamptz) to authenticated, service_role;

create function actors.refresh_insights(p_brand uuid, p_limit integer default 5000, p_now timestamptz default now())
returns integer
language sql
volatile
set search_path = ''
begin atomic
  select private.actors_refresh_insights(p_brand, p_limit, p_now);
end;
comment on function actors.refresh_insights(uuid, integer, timestamptz) is
  'What is too dear to do with every signal, for up to p_limit (1 to 20000) people of the brand that have new evidence: looks for rhythms and habits, holds announced purchases against those made, tells the circumstances of scores, frictions and rhythms, gives each source of a belief its weight. And ends loops whose occasions have stayed away at p_now. For operators. Returns how many people it looked at: below p_limit, all are done but those who were being changed just then. Errors: invalid_argument, role_too_low.';
grant execute on function actors.refresh_insights(uuid, integer, timestamptz) to authenticated, service_role;
