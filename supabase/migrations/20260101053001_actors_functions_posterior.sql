create type private.posterior as (
  actor_id uuid,
  attribute text,
  context text,
  is_stated boolean,
  category text,
  distribution actors.distribution,
  mean double precision,
  variance double precision,
  confidence double precision,
  evidence_weight double precision,
  evidence_sum double precision,
  evidence_count integer,
  last_evidence_at timestamptz,
  sources uuid[]
);

create function private.actors_posteriors(p_brand uuid, p_actors uuid[] default null, p_now timestamptz default now())
returns setof private.posterior
language plpgsql
stable
set search_path = ''
set plan_cache_mode = force_custom_plan -- a few people by their index, or the whole brand: the plan depends on p_actors
as $$
begin
  return query
  -- Fading is written out: functions that pin their search path are never inlined, and this is computed for every row.
  with faded as (
    select b.*, f.g, h.g as g_first, b.sums[1] * f.g as s0, b.sums[2] * f.g as s1, b.sums[3] * f.g as s2,
      sum(b.sums[2] * f.g) over (partition by b.actor_id, b.attribute, b.context, b.is_stated) as all_categories,
      count(*) over (partition by b.actor_id, b.attribute, b.context, b.is_stated) as own_categories
    from actors.actor_beliefs b
    cross join lateral (select greatest(0, extract(epoch from p_now - b.as_of)::double precision / 86400 / b.half_life_days) as age,
      greatest(0, extract(epoch from p_now - b.first_occurred_at)::double precision / 86400 / b.half_life_days) as age_first) a
    cross join lateral (select case when a.age > 200 then 0 else power(2::double precision, -a.age) end as g) f
    cross join lateral (select case when a.age_first > 200 then 0 else power(2::double precision, -a.age_first) end as g) h
    where b.brand_id = p_brand and (p_actors is null or b.actor_id = any (p_actors))
  ), strengths as materialized (
    select private.actors_number(p_brand, 'prior_strength.beta') as beta,
      private.actors_number(p_brand, 'prior_strength.dirichlet') as dirichlet,
      private.actors_number(p_brand, 'prior_strength.gamma') as gamma,
      private.actors_number(p_brand, 'prior_strength.normal') as normal,
      private.actors_number(p_brand, 'prior_share.friction') as friction,
      private.actors_number(p_brand, 'prior_rate.per_day') as per_day,
      private.actors_number(p_brand, 'prior_rate.per_occasion') as per_occasion
  ), counted as (
    -- n0, n: strength of prior and evidence; m0, x: prior mean and evidence total, all in the units of the distribution.
    select f.*, p.variance as prior_variance,
      case f.distribution when 'beta' then s.beta when 'dirichlet' then s.dirichlet when 'normal' then s.normal
        else s.gamma / coalesce(nullif(p.mean, 0), case when f.has_exposure then s.per_occasion else s.per_day end) end as n0,
      case f.distribution
        when 'beta' then coalesce(p.mean, case when f.attribute ~ '^friction|refund' then s.friction else 0.5 end)
        when 'dirichlet' then 1.0 / greatest(p.category_count, f.own_categories, 2)
        when 'normal' then coalesce(p.mean, f.s1 / nullif(f.s0, 0), 0)
        else coalesce(nullif(p.mean, 0), case when f.has_exposure then s.per_occasion else s.per_day end) end as m0,
      case
        when f.distribution = 'dirichlet' then f.all_categories
        when f.distribution = 'gamma' and not f.has_exposure then
          -- A stream is watched since its first event; with the mean weight of its events.
          coalesce(f.sums[1] / nullif(f.sums[3], 0), 0) * f.half_life_days / ln(2::double precision)
            * (1 - f.g_first)
        else f.s0 end as n,
      case when f.distribution = 'gamma' and not f.has_exposure then
        greatest(0, f.s1 - f.first_value * f.g_first)
      else f.s1 end as x
    from faded f
    cross join strengths s
    left join actors.belief_priors p on p.brand_id = p_brand and p.attribute = f.attribute
  )
  select c.actor_id, c.attribute, c.context, c.is_stated, c.category, c.distribution,
    m.mean,
    case c.distribution
      when 'gamma' then m.mean / (c.n0 + c.n)
      when 'normal' then
        (coalesce(c.prior_variance, c.m0 * c.m0 / 4, 0)
          + greatest(0, c.s2 - c.s1 * c.s1 / nullif(c.s0, 0)) / 2
          + c.n0 * c.n * power(c.s1 / nullif(c.s0, 0) - c.m0, 2) / (2 * (c.n0 + c.n)))
        / ((1 + c.n / 2) * (c.n0 + c.n))
      else m.mean * (1 - m.mean) / (c.n0 + c.n + 1) end,
    c.n / (c.n + c.n0 + case when c.distribution in ('beta', 'dirichlet') then 1 else 0 end),
    c.n, c.x, c.evidence_count, c.as_of, c.sources
  from counted c
  cross join lateral (select (c.n0 * c.m0 + c.x) / (c.n0 + c.n) as mean) m;
end
$$;
comment on function private.actors_posteriors(uuid, uuid[], timestamptz) is
  'Posterior of every belief of the actors (null: of the whole brand) at p_now: conjugate update of the brand''s prior with the faded sums (beta, dirichlet per category, gamma-poisson per day or occasion, normal-inverse-gamma). A rate without exposure counts the events after the first, over the time since it. confidence = 1 - Var_post / Var_prior with the mean held, which is n / (n + n0 + 1) for shares and n / (n + n0) else; it fades with the evidence. evidence_weight: n, the evidence that is left; evidence_sum: what it adds up to (successes, events, weight of the category). Rows are those the caller may read.';

create function private.actors_refresh_priors(p_brand uuid, p_now timestamptz default now())
returns integer
language sql
volatile
set search_path = ''
as $$
  with defaults as materialized (
    select private.actors_number(p_brand, 'prior_rate.per_day') as per_day, private.actors_number(p_brand, 'prior_rate.per_occasion') as per_occasion
  ), observed as (
    select b.attribute, b.distribution, b.category, b.actor_id, b.has_exposure, b.sums[1] as s0, b.sums[2] as s1, b.sums[3] as s2,
      case when b.distribution = 'gamma' and not b.has_exposure
        then b.sums[1] / nullif(b.sums[3], 0) * b.half_life_days / ln(2::double precision)
          * (1 - f.g) end as watched,
      case when b.distribution = 'gamma' and not b.has_exposure
        then greatest(0, b.sums[2] * power(2::double precision, -least(200, f.age)) - b.first_value * f.g) end as events
    from actors.actor_beliefs b
    cross join lateral (select greatest(0, extract(epoch from p_now - b.as_of)::double precision / 86400 / b.half_life_days) as age,
      power(2::double precision, -least(200, greatest(0, extract(epoch from p_now - b.first_occurred_at)::double precision / 86400 / b.half_life_days))) as g) f
    where b.brand_id = p_brand and not b.is_stated
  ), pooled as (
    select o.attribute, min(o.distribution) as distribution, count(distinct o.actor_id) as actors, count(distinct o.category) as categories,
      sum(o.s0) as s0, sum(o.s1) as s1, sum(o.s2) as s2, sum(o.watched) as watched, sum(o.events) as events
    from observed o
    group by o.attribute
  ), upserted as (
    insert into actors.belief_priors as p (brand_id, attribute, distribution, mean, variance, category_count, actor_count)
    select p_brand, o.attribute, o.distribution,
      case o.distribution
        when 'beta' then (o.s1 + 1) / (o.s0 + 2)
        when 'dirichlet' then 1.0 / o.categories
        when 'normal' then o.s1 / nullif(o.s0, 0)
        -- One more event, over the time of the default prior, keeps a rate above zero.
        else (coalesce(o.events, o.s1) + 1) / (coalesce(o.watched, o.s0)
          + 1 / case when o.watched is null then d.per_occasion else d.per_day end) end,
      case when o.distribution = 'normal' then greatest(0, o.s2 / nullif(o.s0, 0) - power(o.s1 / nullif(o.s0, 0), 2)) else 0 end,
      o.categories, o.actors
    from pooled o
    cross join defaults d
    where o.s0 > 0
    on conflict (brand_id, attribute) do update
    set distribution = excluded.distribution, mean = excluded.mean, variance = excluded.variance,
      category_count = excluded.category_count, actor_count = excluded.actor_count
    returning 1
  )
  select count(*)::integer from upserted
$$;
comment on function private.actors_refresh_priors(uuid, timestamptz) is
  'Makes the priors of the brand from all its actors: pooled share, pooled rate, mean and variance, number of categories. Returns how many attributes have one.';
