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
  sources uuid[],
  interval_low double precision,
  interval_high double precision,
  change_probability double precision,
  trend double precision,
  trend_probability double precision,
  belief_id uuid
);

create function private.actors_posteriors(p_brand uuid, p_actors uuid[] default null, p_now timestamptz default now(),
  p_recorded_at timestamptz default null)
returns setof private.posterior
language plpgsql
stable
set search_path = ''
set plan_cache_mode = force_generic_plan -- people by their index, however many: planning would cost ten times the reading of one
set enable_hashjoin = off
set enable_mergejoin = off
set jit = off -- the generic plan looks dear enough to compile
as $$
declare
  v_actors constant uuid[] := coalesce(p_actors, array(select distinct b.actor_id from actors.actor_beliefs b where b.brand_id = p_brand));
begin
  return query
  -- Fading is written out: functions that pin their search path are never inlined, and this is computed for every row.
  with beliefs as (
    select b.*, b.state[1] * f.g as c, b.state[5]::integer as runs, greatest(1, cardinality(b.categories)) as own,
      b.distribution = 'gamma' and b.state[3] > 0 as is_stream,
      -- A stream is watched since its first event, with the mean weight of its events.
      case when b.distribution = 'gamma' and b.state[3] > 0 then b.state[2] / b.state[3] * b.tracking[1] / 0.6931471805599453 * (1 - f.g) else 0 end as watched
    from (
      select s.* from actors.actor_beliefs s
      where p_recorded_at is null and s.brand_id = p_brand and s.actor_id = any (v_actors)
      union all
      select s.* from private.folded_beliefs(p_brand, p_actors, p_recorded_at) s where p_recorded_at is not null
    ) b
    cross join lateral (select greatest(0, extract(epoch from p_now - b.as_of)::double precision / 86400 / b.tracking[1]) as age) a
    cross join lateral (select case when a.age > 200 then 0 else power(2::double precision, -a.age) end as g) f
    offset 0
  ), counted as (
    -- n0: strength of the prior in the units of the distribution; m0: its mean.
    select b.*, x.pv as prior_variance, h.ratio, 1 + h.changed * (h.ratio - 1) as total,
      case when b.distribution = 'gamma' then x.strength / x.mean else x.strength end as n0,
      case when b.distribution = 'dirichlet' then 1.0 / greatest(p.category_count, b.own, 2) else x.mean end as m0
    from beliefs b
    left join actors.belief_priors p on p.brand_id = p_brand and p.attribute = b.attribute and p.group_id is null
      and case when p_recorded_at is null then p.valid_until = 'infinity' else p.valid_from <= p_recorded_at and p.valid_until > p_recorded_at end
    cross join lateral (
      select sum(g.share) as share, sum(g.share * p.mean) as mean, sum(g.share * p.variance) as variance,
        sum(g.share * p.strength) as strength, sum(g.share) filter (where p.strength is not null) as strength_share
      from actors.belief_prior_groups g
      join actors.belief_priors p on p.brand_id = p_brand and p.attribute = b.attribute and p.group_id = g.group_id
        and case when p_recorded_at is null then p.valid_until = 'infinity' else p.valid_from <= p_recorded_at and p.valid_until > p_recorded_at end
      where g.brand_id = p_brand and g.actor_id = b.actor_id
        and case when p_recorded_at is null then g.valid_until = 'infinity' else g.valid_from <= p_recorded_at and g.valid_until > p_recorded_at end
    ) s
    cross join lateral (select least(1, coalesce(s.share, 0)) as of_groups, greatest(1, coalesce(s.share, 0)) as total) q
    cross join lateral (select
      coalesce(nullif(coalesce(s.mean / q.total, 0) + (1 - q.of_groups) * coalesce(p.mean, s.mean / s.share), 0),
        case b.distribution when 'normal' then p.mean when 'gamma' then b.tracking[case when b.is_stream then 4 else 5 end] else b.tracking[4] end) as mean,
      coalesce(coalesce(s.strength / q.total, 0) + (1 - coalesce(s.strength_share, 0) / q.total) * coalesce(p.strength, b.tracking[3]), b.tracking[3]) as strength,
      coalesce(s.variance / q.total, 0) + (1 - q.of_groups) * coalesce(p.variance, s.variance / s.share) as pv) x
    -- The runs were weighed with the probability of a change in the settings; to weigh them with the brand's is to multiply.
    cross join lateral (select coalesce(p.change_hazard / nullif(b.tracking[2], 0), 1) as ratio,
      case when b.state[5 * b.runs + 2] = 0 then 1 - b.state[5 * b.runs + 1] else 1 end as changed) h
    offset 0 -- here and below: each step is computed once, and not again in every expression that names it
  ), judged as (
    select c.*, k.category, k.k, r.mean, greatest(0, r.second - r.mean * r.mean) as variance, r.weight as evidence_weight, r.amount as evidence_sum,
      r.recent, r.ever, (c.n0 * coalesce(c.m0, r.mean) + a.s) / (c.n0 + a.n) as whole_mean
    from counted c
    cross join lateral unnest(case when c.categories = '{}' then '{""}' else c.categories end) with ordinality k (category, k)
    cross join lateral (select 5 + 5 * c.runs + (k.k::integer - 1) * (c.runs + 1) + 1 as at) o
    cross join lateral (select c.state[o.at] * c.c as s, c.state[4] * c.c + c.watched as n) a
    cross join lateral (
      select sum(v.w * v.mean) as mean, sum(v.w * (v.mean * v.mean + case c.distribution
          when 'gamma' then v.mean / (v.n0 + v.n)
          when 'normal' then (coalesce(c.prior_variance, v.m0 * v.m0 / 4, 0) + greatest(0, v.s2 - v.s * v.s / nullif(v.n, 0)) / 2
            + v.n0 * v.n * power(v.s / nullif(v.n, 0) - v.m0, 2) / (2 * (v.n0 + v.n))) / ((1 + v.n / 2) * (v.n0 + v.n))
          else v.mean * (1 - v.mean) / (v.n0 + v.n + 1) end)) as second,
        sum(v.w * case when c.distribution = 'gamma' then v.n else v.real end) as weight,
        -- What a change leads one to expect is no evidence.
        sum(v.w * case when c.distribution in ('beta', 'dirichlet') then v.s * least(1, v.real / nullif(v.n, 0)) else v.s end) as amount,
        sum(v.w * (v.born > greatest(0, c.evidence_count - 10))::integer) as recent, sum(v.w * (v.born > 0)::integer) as ever
      from (
        select u.*, (u.n0 * u.m0 + u.s) / (u.n0 + u.n) as mean
        from (
          select c.state[5 * i + 1] / c.total * case when c.state[5 * i + 2] > 0 then c.ratio else 1 end as w, c.state[5 * i + 2] as born, c.n0 * greatest(0, 1 - c.state[5 * i + 3] * c.c) as n0,
            c.state[5 * i + 4] * c.c as real, c.state[5 * i + 5] * c.c + c.watched as n, c.state[o.at + i] * c.c as s,
            case when c.distribution = 'normal' then c.state[o.at + c.runs + 1 + i] * c.c end as s2,
            coalesce(c.m0, c.state[o.at + i] / nullif(c.state[5 * i + 5], 0), 0) as m0
          from generate_series(1, c.runs) i
          offset 0
        ) u
        offset 0
      ) v
    ) r
    offset 0
  )
  select j.actor_id, j.attribute, j.context, j.is_stated, j.category, j.distribution, j.mean, j.variance,
    j.evidence_weight / (j.evidence_weight + j.n0 + case when j.distribution in ('beta', 'dirichlet') then 1 else 0 end),
    j.evidence_weight, coalesce(j.evidence_sum, 0), j.category_counts[j.k], j.as_of, j.sources,
    case j.distribution when 'normal' then j.mean - 1.6448536 * sqrt(j.variance)
      when 'gamma' then j.mean * power(greatest(0, 1 - 1 / (9 * g.shape) - 1.6448536 / (3 * sqrt(g.shape))), 3)
      else 1 / (1 + exp(-greatest(-600, least(600, l.centre - 1.6448536 * l.spread)))) end,
    case j.distribution when 'normal' then j.mean + 1.6448536 * sqrt(j.variance)
      when 'gamma' then j.mean * power(1 - 1 / (9 * g.shape) + 1.6448536 / (3 * sqrt(g.shape)), 3)
      else 1 / (1 + exp(-greatest(-600, least(600, l.centre + 1.6448536 * l.spread)))) end,
    j.recent, j.mean - j.whole_mean, j.ever, j.id
  from judged j
  cross join lateral (select greatest(1e-3, j.mean * j.mean / nullif(j.variance, 0)) as shape,
    greatest(1e-3, j.mean * (1 - j.mean) / nullif(j.variance, 0) - 1) as n offset 0) g
  -- Mean and variance of the log odds: digamma and trigamma of both sides, by their series from x + 1 on.
  cross join lateral (select greatest(1e-3, j.mean * g.n) as a, greatest(1e-3, (1 - j.mean) * g.n) as b offset 0) s
  cross join lateral (select case when j.distribution in ('beta', 'dirichlet') then
      ln((s.a + 0.5) / (s.b + 0.5)) + 1 / (24 * power(s.a + 0.5, 2)) - 1 / (24 * power(s.b + 0.5, 2)) - 1 / s.a + 1 / s.b end as centre,
    case when j.distribution in ('beta', 'dirichlet') then sqrt(1 / (s.a * s.a) + 1 / (s.b * s.b) + 1 / (s.a + 0.5) + 1 / (s.b + 0.5)
      - 1 / (12 * power(s.a + 0.5, 3)) - 1 / (12 * power(s.b + 0.5, 3))) end as spread offset 0) l;
end
$$;
comment on function private.actors_posteriors(uuid, uuid[], timestamptz, timestamptz) is
  'Posterior of every belief of the actors (null: of the whole brand) at p_now: conjugate update of the prior of the brand, or of the actor''s groups by their shares, with the faded statistics of each run (beta, dirichlet per category, gamma-poisson per day or occasion, normal-inverse-gamma), mixed by the weights of the runs, which the probability of a change learnt from the brand goes into. A rate without exposure counts the events after the first, over the time since it. confidence: n / (n + n0 + 1) for shares and n / (n + n0) else, which is 1 - Var_post / Var_prior with the mean held; it fades with the evidence and starts anew with a change. evidence_weight: n, the evidence that is left; evidence_sum: what it adds up to (successes, events, weight of the category). interval_low and _high: 90 % credible interval from mean and variance of the mixture (shares by log odds, rates by Wilson and Hilferty''s cube root). change_probability: that it changed within the last ten pieces. trend: mean less the mean of all evidence had nothing changed; trend_probability: that anything changed at all. p_recorded_at: as it was known then (evidence recorded, people as they were told apart, priors), for p_actors only; null: as it is known now. Rows are those the caller may read.';
