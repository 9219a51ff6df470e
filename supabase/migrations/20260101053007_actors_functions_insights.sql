create function private.entropy_bits(p_shares double precision[])
returns double precision
language sql
immutable
strict
set search_path = ''
as $$
  select coalesce(-sum(case when p > 0 then p * ln(p) / ln(2::double precision) else 0 end), 0) from unnest(p_shares) p
$$;
comment on function private.entropy_bits(double precision[]) is 'Shannon entropy of shares that sum to 1, in bits.';

create type private.question as (
  actor_id uuid,
  attribute text,
  category text,
  asked text[],
  question text,
  information_gain double precision
);

create function private.best_questions(p_shares private.compared_share[], p_opens_at double precision, p_reliability double precision)
returns setof private.question
language sql
stable
set search_path = ''
set enable_nestloop = off -- all rows are in memory and of unknown number: hash joins, never a quadratic one
as $$
  with open as materialized (
    select c.actor_id, c.attribute, c.category, 1 / (1 + exp(-least(700, c.ln_bayes_factor))) as strength
    from unnest(p_shares) c where c.ln_bayes_factor >= p_opens_at
  ), sides as materialized (
    select c.actor_id, c.attribute, c.category, coalesce(c.stated_mean / nullif(sum(c.stated_mean) over w, 0), 0) as stated,
      coalesce(c.actual_mean / nullif(sum(c.actual_mean) over w, 0), 0) as actual
    from unnest(p_shares) c window w as (partition by c.actor_id, c.attribute)
  ), favourite as materialized (
    -- Which category is the favourite: what was said where it is true, else what is done.
    select o.actor_id, o.attribute, o.category as about, s.category, (1 - o.strength) * s.stated + o.strength * s.actual as share
    from open o join sides s using (actor_id, attribute)
  ), wordings as (
    select f.actor_id, f.attribute, f.about, array[f.category] as asked, format('Is %s what you like best?', f.category) as question,
      private.entropy_bits(array[a.yes, 1 - a.yes]) - private.entropy_bits(array[p_reliability, 1 - p_reliability]) as gain
    from favourite f cross join lateral (select p_reliability * f.share + (1 - p_reliability) * (1 - f.share) as yes) a
    union all
    select f.actor_id, f.attribute, f.about, array[f.about, f.category], format('Which do you like better, %s or %s, or neither?', f.about, f.category),
      private.entropy_bits(array[a.first, a.second, 1 - a.first - a.second]) - private.entropy_bits(array[p_reliability, (1 - p_reliability) / 2, (1 - p_reliability) / 2])
    from favourite f
    join favourite g on (g.actor_id, g.attribute, g.about, g.category) = (f.actor_id, f.attribute, f.about, f.about)
    cross join lateral (
      select p_reliability * g.share + (1 - p_reliability) / 2 * (1 - g.share) as first, p_reliability * f.share + (1 - p_reliability) / 2 * (1 - f.share) as second) a
    where f.category <> f.about
  )
  select distinct on (w.actor_id, w.attribute, w.about) w.actor_id, w.attribute, w.about, w.asked, w.question, greatest(0, w.gain)
  from wordings w order by w.actor_id, w.attribute, w.about, w.gain desc, cardinality(w.asked), w.asked
$$;
comment on function private.best_questions(private.compared_share[], double precision, double precision) is
  'For each open contradiction the question with the largest expected reduction of uncertainty about the favourite category: H(answer) - H(answer | favourite), in bits, over yes/no about each category and a choice between the stated one and each other. p_reliability: probability that an answer is true, the rest spread over the other answers.';

create function private.actors_write_contradictions(p_brand uuid, p_shares private.compared_share[], p_now timestamptz)
returns integer
language sql
volatile
set search_path = ''
as $$
  with parameters as materialized (
    select private.actors_number(p_brand, 'contradiction_log_bayes_factor') as opens_at, private.actors_number(p_brand, 'answer_reliability') as reliability
  ), questions as materialized (
    select q.* from parameters r cross join lateral private.best_questions(p_shares, r.opens_at, r.reliability) q
  ), judged as (
    select c.*, q.question, q.asked, q.information_gain, 1 / (1 + exp(-c.ln_bayes_factor)) as strength, r.opens_at,
      format('says %s (%s), but it is %s%% of what is seen', c.category, replace(c.attribute, '.', ' '), round((100 * coalesce(c.actual_mean, 0))::numeric)) as description
    from unnest(p_shares) c
    cross join parameters r
    left join questions q on (q.actor_id, q.attribute, q.category) = (c.actor_id, c.attribute, c.category)
    left join lateral (
      select n.id from actors.actor_contradictions n
      where (n.brand_id, n.actor_id, n.attribute, n.category) = (p_brand, c.actor_id, c.attribute, c.category) and n.is_current offset 0
    ) k on c.ln_bayes_factor is not null
    where c.ln_bayes_factor >= r.opens_at or c.ln_bayes_factor is not null and k.id is not null
  ), written as (
    insert into actors.actor_contradictions as t (brand_id, actor_id, contradiction_type, attribute, category, contradiction_description,
      contradiction_strength, stated_belief, actual_behavior, evidence_for_stated, evidence_for_behavior, possible_explanations,
      resolution_hypothesis, question_categories, expected_information_gain, requires_investigation, log_bayes_factor, confidence, evidence_count, last_updated_at,
      source_signals)
    select p_brand, j.actor_id, 'stated_vs_behavior', j.attribute, j.category, j.description, j.strength,
      jsonb_build_object('share', j.stated_mean), jsonb_build_object('share', j.actual_mean, 'evidence_weight', j.actual_weight),
      private.to_list(j.stated_sources), private.to_list(j.actual_sources),
      '["wishes to be so and is not yet", "buys it elsewhere", "said it long ago", "the identifier is shared"]',
      coalesce(j.question, format('Is %s what you like best?', j.category)), coalesce(to_jsonb(j.asked), '[]'), j.information_gain, j.ln_bayes_factor > 2 * j.opens_at, j.ln_bayes_factor,
      j.actual_confidence, j.evidence_count, p_now, private.to_list(j.stated_sources) || private.to_list(j.actual_sources)
    from judged j
    on conflict (brand_id, actor_id, attribute, category) where is_current do update
    set contradiction_description = excluded.contradiction_description, contradiction_strength = excluded.contradiction_strength,
      stated_belief = excluded.stated_belief, actual_behavior = excluded.actual_behavior, evidence_for_stated = excluded.evidence_for_stated,
      evidence_for_behavior = excluded.evidence_for_behavior, resolution_hypothesis = coalesce(case when excluded.expected_information_gain is not null then excluded.resolution_hypothesis end, t.resolution_hypothesis),
      question_categories = excluded.question_categories, expected_information_gain = excluded.expected_information_gain, source_signals = excluded.source_signals, requires_investigation = excluded.requires_investigation,
      log_bayes_factor = excluded.log_bayes_factor, confidence = excluded.confidence, evidence_count = excluded.evidence_count,
      last_updated_at = excluded.last_updated_at,
      is_resolved = case when excluded.log_bayes_factor < 0 then true when excluded.log_bayes_factor >= (select opens_at from parameters) then false else t.is_resolved end,
      resolution_date = case when excluded.log_bayes_factor < 0 then coalesce(t.resolution_date, p_now)
        when excluded.log_bayes_factor >= (select opens_at from parameters) then null else t.resolution_date end,
      resolution_explanation = case when excluded.log_bayes_factor < 0 then 'what is said and what is seen agree again' end
    where (t.evidence_count, t.log_bayes_factor) is distinct from (excluded.evidence_count, excluded.log_bayes_factor)
    returning 1
  )
  select count(*)::integer from written
$$;
comment on function private.actors_write_contradictions(uuid, private.compared_share[], timestamptz) is
  'Opens, follows and closes actors.actor_contradictions by the Bayes factor of stated against observed. Both beliefs stay as they are. Returns how many rows it wrote.';

create function private.actors_log_contradictions(p_brand uuid, p_actors uuid[], p_now timestamptz)
returns void
language sql
volatile
set search_path = ''
set plan_cache_mode = force_custom_plan -- the plan depends on the number of people
as $$
  with open as materialized (
    select k.* from actors.actor_contradictions k
    where k.brand_id = p_brand and k.actor_id = any (p_actors) and k.is_current and not k.is_resolved
  ), logged as materialized (
    select l.id, (l.context_data ->> 'actor_contradiction_id')::uuid as contradiction_id from ai.contradiction_logs l
    where l.brand_id = p_brand and l.scope_type = 'actor' and l.scope_id = any (p_actors) and l.resolution_date is null and l.context_data ? 'actor_contradiction_id'
  ), closed as (
    update ai.contradiction_logs l
    set resolution_status = 'resolved', resolution_date = p_now,
      resolution_notes = coalesce((
        select k.resolution_explanation from actors.actor_contradictions k where k.brand_id = p_brand and k.id = g.contradiction_id), 'what it stood on is of this person no more')
    from logged g
    where l.brand_id = p_brand and l.id = g.id and not exists (select from open o where o.id = g.contradiction_id)
  )
  insert into ai.contradiction_logs (brand_id, contradiction_type, contradiction_severity, contradiction_description, belief_a, belief_b,
    evidence_for_a, evidence_for_b, scope_type, scope_id, context_data, contradiction_strength, possible_explanations,
    resolution_hypothesis, requires_investigation, detection_confidence, detected_at)
  select p_brand, case o.contradiction_type when 'intention_vs_outcome' then 'intention_vs_action' else 'stated_vs_actual' end::ai.contradiction_type,
    case when o.requires_investigation then 'high' else 'medium' end::ai.severity, o.contradiction_description,
    o.stated_belief, o.actual_behavior, o.evidence_for_stated, o.evidence_for_behavior, 'actor', o.actor_id,
    jsonb_build_object('actor_contradiction_id', o.id, 'attribute', o.attribute, 'category', o.category), o.contradiction_strength,
    o.possible_explanations, o.resolution_hypothesis, o.requires_investigation, o.confidence, p_now
  from open o
  where not exists (select from logged g where g.contradiction_id = o.id)
$$;
comment on function private.actors_log_contradictions(uuid, uuid[], timestamptz) is
  'Brings ai.contradiction_logs up to date with the open contradictions of the people: each has one open entry, and an entry whose contradiction was resolved, or is gone with its evidence, is closed.';

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
  perform private.actors_log_contradictions(p_brand, p_actors, p_now);
  perform private.actors_write_frictions(p_brand, v_posteriors, p_now);
  perform private.actors_write_triggers(p_brand, v_posteriors, p_now);
  perform private.actors_write_drivers(p_brand,
    array(select distinct p.actor_id from unnest(v_posteriors) p where p.attribute in ('driver.primary', 'identity.archetype')), p_now);
  -- Rhythms need each single occasion: too dear here, a job looks for them.
  insert into private.insights_due (brand_id, actor_id, due_at)
  select p_brand, x.id, x.due_at from (
    select a, '-infinity'::timestamptz from unnest(p_actors) a
    union
    -- When the time for an announced purchase is over, it is held against what was bought.
    select p.actor_id, p.last_evidence_at + private.actors_number(p_brand, 'intent_window_days') * interval '1 day'
    from unnest(v_posteriors) p where p.attribute = 'intent.purchase'
  ) x (id, due_at) order by x.id, x.due_at on conflict do nothing;
end
$$;
comment on function private.actors_write_beliefs(uuid, uuid[], timestamptz) is
  'Brings the belief tables of the actors up to date with their statistics at p_now; call it after private.fold_evidence. Rows without new evidence stay as they are: fading is applied when reading (actors.profile).';
