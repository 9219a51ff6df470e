create function private.ln_gamma(p_x double precision)
returns double precision
language sql
immutable
strict
set search_path = ''
as $$
  -- Stirling's series from x + 8 on, brought back by the recurrence: exact to 1e-12 for x > 0.
  select (y.y - 0.5) * ln(y.y) - y.y + 0.9189385332046727 + 1 / (12 * y.y) - 1 / (360 * power(y.y, 3)) + 1 / (1260 * power(y.y, 5)) - 1 / (1680 * power(y.y, 7))
    - ln(p_x * (p_x + 1) * (p_x + 2) * (p_x + 3) * (p_x + 4) * (p_x + 5) * (p_x + 6) * (p_x + 7))
  from (select p_x + 8 as y) y
$$;
comment on function private.ln_gamma(double precision) is 'Natural log of the gamma function, for p_x > 0.';

create function private.ln_beta(p_a double precision, p_b double precision)
returns double precision
language sql
immutable
strict
set search_path = ''
as $$
  select private.ln_gamma(p_a) + private.ln_gamma(p_b) - private.ln_gamma(p_a + p_b)
$$;
comment on function private.ln_beta(double precision, double precision) is 'Natural log of the beta function, for arguments above 0.';

create function private.ln_bayes_factor_of_statement(p_said double precision, p_seen double precision, p_seen_of double precision)
returns double precision
language sql
immutable
strict
set search_path = ''
as $$
  select private.ln_beta(0.5 + p_seen, 6 + p_seen_of - p_seen) - private.ln_beta(0.5, 6)
    - private.ln_beta(1 + p_said + p_seen, 1 + p_said / 3 + p_seen_of - p_seen) + private.ln_beta(1 + p_said, 1 + p_said / 3)
$$;
comment on function private.ln_bayes_factor_of_statement(double precision, double precision, double precision) is
  'Natural log of how much likelier the behaviour (p_seen of p_seen_of, weights) is from one to whom the category is like any other, share ~ Beta(1/2, 6), than from one who meant what he said with weight p_said, share ~ Beta(1 + said, 1 + said / 3): a favourite is chosen three times of four, not always. Above 1.6 is a contradiction: with statements of weight 1 to 3 and 6 to 60 observations that is right 97 times of 100 and misses one contradiction of ten; below 0 they agree.';

create type private.compared_share as (
  actor_id uuid,
  attribute text,
  category text,
  stated_mean double precision,
  stated_confidence double precision,
  stated_sources uuid[],
  actual_mean double precision,
  actual_confidence double precision,
  actual_sources uuid[],
  actual_weight double precision,
  evidence_count integer,
  ln_bayes_factor double precision
);

create function private.actors_compare(p_posteriors private.posterior[])
returns setof private.compared_share
language sql
stable
set search_path = ''
set enable_nestloop = off -- all rows are in memory and of unknown number: hash joins, never a quadratic one
as $$
  with shares as materialized (
    select * from unnest(p_posteriors) p where p.distribution = 'dirichlet' and p.context = ''
  )
  select coalesce(s.actor_id, o.actor_id), coalesce(s.attribute, o.attribute), coalesce(s.category, o.category),
    s.mean, coalesce(s.confidence, 0), s.sources, o.mean, coalesce(o.confidence, t.confidence, 0), o.sources,
    coalesce(o.evidence_weight, t.evidence_weight, 0),
    coalesce(s.evidence_count, 0) + coalesce(o.evidence_count, 0),
    -- Repeating a statement makes it no truer than three observations.
    private.ln_bayes_factor_of_statement(s.evidence_sum * k.k, least(coalesce(o.evidence_sum, 0), coalesce(o.evidence_weight, t.evidence_weight)),
      coalesce(o.evidence_weight, t.evidence_weight))
  from (select * from shares where is_stated) s
  full join (select * from shares where not is_stated) o using (actor_id, attribute, category)
  -- A category that was never seen still has the rest of the behaviour against it.
  left join (
    select a.actor_id, a.attribute, max(a.evidence_weight) as evidence_weight, max(a.confidence) as confidence
    from shares a where not a.is_stated group by a.actor_id, a.attribute
  ) t using (actor_id, attribute)
  cross join lateral (select least(1, 3 / nullif(s.evidence_weight, 0)) as k) k
$$;
comment on function private.actors_compare(private.posterior[]) is
  'Stated and observed share of each category side by side, with the log Bayes factor of their difference (private.ln_bayes_factor_of_statement) where both sides have evidence.';

create function private.actors_write_preferences(p_brand uuid, p_shares private.compared_share[], p_now timestamptz)
returns void
language sql
volatile
set search_path = ''
as $$
  with parameters as materialized (
    select private.actors_number(p_brand, 'contradiction_log_bayes_factor') as opens_at
  )
  insert into actors.actor_preferences as t (brand_id, actor_id, preference_category, preference_dimension, stated_preference, actual_preference,
    stated_strength, actual_strength, consistency_score, stated_confidence, actual_confidence, evidence_count, last_updated_at,
    stated_sources, actual_sources, version_strength, is_contradiction, contradiction_explanation)
  select p_brand, c.actor_id, split_part(c.attribute, '.', 2), c.category,
    case when c.stated_mean is not null then jsonb_build_object('share', c.stated_mean) end,
    case when c.actual_mean is not null then jsonb_build_object('share', c.actual_mean, 'evidence_weight', c.actual_weight) end,
    c.stated_mean, c.actual_mean, 1 - 2 * abs(c.stated_mean - c.actual_mean), c.stated_confidence, c.actual_confidence,
    c.evidence_count, p_now, private.to_list(c.stated_sources), private.to_list(c.actual_sources), coalesce(c.actual_mean, 0), x.opens,
    case when x.opens then format('says %s, and it is %s%% of what is seen', c.category, round((100 * coalesce(c.actual_mean, 0))::numeric)) end
  from unnest(p_shares) c
  cross join parameters r
  cross join lateral (select coalesce(c.ln_bayes_factor >= r.opens_at, false) as opens) x
  where c.attribute like 'preference.%'
  on conflict (brand_id, actor_id, preference_category, preference_dimension) where is_current do update
  set stated_preference = excluded.stated_preference, actual_preference = excluded.actual_preference, stated_strength = excluded.stated_strength,
    actual_strength = excluded.actual_strength, consistency_score = excluded.consistency_score, stated_confidence = excluded.stated_confidence,
    actual_confidence = excluded.actual_confidence, evidence_count = excluded.evidence_count, last_updated_at = excluded.last_updated_at,
    stated_sources = excluded.stated_sources, actual_sources = excluded.actual_sources,
    version_strength = case when abs(excluded.version_strength - t.version_strength) > 0.1 then excluded.version_strength else t.version_strength end,
    is_contradiction = excluded.is_contradiction,
    contradiction_explanation = excluded.contradiction_explanation
  where t.evidence_count <> excluded.evidence_count or t.is_contradiction <> excluded.is_contradiction
    or abs(coalesce(t.actual_strength, 0) - coalesce(excluded.actual_strength, 0)) > 0.01
$$;
comment on function private.actors_write_preferences(uuid, private.compared_share[], timestamptz) is 'Writes actors.actor_preferences from preference.*: a row per category, what was said and what was done apart.';

create function private.actors_write_identity(p_brand uuid, p_shares private.compared_share[], p_now timestamptz)
returns void
language sql
volatile
set search_path = ''
set enable_nestloop = off -- all rows are in memory and of unknown number: hash joins, never a quadratic one
as $$
  with parameters as materialized (
    select private.actors_number(p_brand, 'contradiction_log_bayes_factor') as opens_at
  ), sides as (
    select c.actor_id, c.attribute,
      (array_agg(c.category order by c.stated_mean desc nulls last, c.category))[1] as stated,
      (array_agg(c.category order by c.actual_mean desc nulls last, c.category))[1] as behavioral,
      (array_agg(to_jsonb(c.stated_sources) order by c.stated_mean desc nulls last, c.category))[1] as stated_sources,
      (array_agg(to_jsonb(c.actual_sources) order by c.actual_mean desc nulls last, c.category))[1] as behavioral_sources,
      -- 1 - total variation x 2, both sides as shares of what they name.
      1 - sum(abs(coalesce(c.stated_mean, 0) / nullif(s.stated, 0) - coalesce(c.actual_mean, 0) / nullif(s.actual, 0))) as alignment,
      max(c.stated_confidence) as stated_confidence, max(c.actual_confidence) as behavioral_confidence,
      sum(c.evidence_count)::integer as evidence_count, max(c.ln_bayes_factor) as ln_bayes_factor
    from unnest(p_shares) c
    join (
      select u.actor_id, u.attribute, sum(u.stated_mean) as stated, sum(u.actual_mean) as actual
      from unnest(p_shares) u group by u.actor_id, u.attribute
    ) s using (actor_id, attribute)
    where s.stated > 0 and s.actual > 0
    group by c.actor_id, c.attribute
  )
  insert into actors.actor_identity_beliefs as t (brand_id, actor_id, identity_dimension, stated_value, behavioral_value, alignment_score,
    stated_confidence, behavioral_confidence, evidence_count, last_updated_at, stated_sources, behavioral_sources, is_contradiction, contradiction_strength, contradiction_explanation)
  select p_brand, s.actor_id, s.attribute, to_jsonb(s.stated), to_jsonb(s.behavioral), greatest(-1, least(1, s.alignment)),
    s.stated_confidence, s.behavioral_confidence, s.evidence_count, p_now, coalesce(s.stated_sources, '[]'), coalesce(s.behavioral_sources, '[]'), x.opens, coalesce(1 / (1 + exp(-s.ln_bayes_factor)), 0),
    case when x.opens then format('says %s, acts %s', s.stated, s.behavioral) end
  from sides s
  cross join parameters r
  cross join lateral (select coalesce(s.ln_bayes_factor >= r.opens_at, false) as opens) x
  on conflict (brand_id, actor_id, identity_dimension) where is_current do update
  set stated_value = excluded.stated_value, behavioral_value = excluded.behavioral_value, alignment_score = excluded.alignment_score,
    stated_confidence = excluded.stated_confidence, behavioral_confidence = excluded.behavioral_confidence, evidence_count = excluded.evidence_count,
    last_updated_at = excluded.last_updated_at, stated_sources = excluded.stated_sources, behavioral_sources = excluded.behavioral_sources,
    is_contradiction = excluded.is_contradiction, contradiction_strength = excluded.contradiction_strength, contradiction_explanation = excluded.contradiction_explanation
  where t.evidence_count <> excluded.evidence_count
$$;
comment on function private.actors_write_identity(uuid, private.compared_share[], timestamptz) is
  'Writes actors.actor_identity_beliefs for every attribute that has both a stated and an observed side.';
