create function private.actors_refresh_priors(p_brand uuid, p_now timestamptz default now())
returns integer
language plpgsql
volatile
set search_path = ''
set enable_nestloop = off -- all rows are in memory and of unknown number: hash joins, never a quadratic one
set jit = off -- the cost that forbids the loop would call for the compiler
as $$
declare
  v_count integer;
begin
  with limits as materialized (
    select private.actors_number(p_brand, 'prior_rate.per_day') as per_day, private.actors_number(p_brand, 'prior_rate.per_occasion') as per_occasion,
      private.actors_number(p_brand, 'prior_strength.least') as least, private.actors_number(p_brand, 'prior_strength.most') as most,
      private.actors_number(p_brand, 'prior_actors') as actors
  ), people as materialized (
    -- One row per person and attribute. q: sum of squared weights over squared sum, the share that a single piece has.
    select p.actor_id, p.attribute, min(p.distribution) as distribution, max(p.evidence_weight) as n, sum(p.evidence_sum) as x,
      sum(p.evidence_sum * p.evidence_sum) as xx, max(b.q) as q, max(b.second) as second, bool_or(b.is_stream) as is_stream
    from private.actors_posteriors(p_brand, null, p_now) p
    join (
      select b.actor_id, b.attribute, b.context, b.state[3] / nullif(b.state[2] * b.state[2], 0) as q,
        case when b.distribution = 'normal' then b.state[cardinality(b.state) - b.state[5]::integer] / nullif(b.state[4], 0) end as second,
        b.distribution = 'gamma' and b.state[3] > 0 as is_stream
      from actors.actor_beliefs b where b.brand_id = p_brand and not b.is_stated
    ) b using (actor_id, attribute, context)
    where not p.is_stated
    group by p.actor_id, p.attribute
  ), members as (
    select null::uuid as group_id, 1::double precision as share, p.* from people p where p.n > 0
    union all
    select g.group_id, g.share, p.* from people p
    join actors.belief_prior_groups g on g.brand_id = p_brand and g.actor_id = p.actor_id
    where p.n > 0 and g.share > 0
  ), pooled as (
    select m.group_id, m.attribute, min(m.distribution) as distribution, count(*) as actors, bool_or(m.is_stream) as is_stream,
      sum(m.share * m.n) as n, sum(m.share * m.x) as x, sum(m.share * m.second * m.n) as second,
      -- Moments between people, from those of whom enough is known: E[p] and E[p^2] without the noise of single pieces.
      count(*) filter (where m.q < 0.25) as known,
      sum(m.share * m.x / m.n) filter (where m.q < 0.25) / nullif(sum(m.share) filter (where m.q < 0.25), 0) as mean,
      sum(m.share * (m.xx / (m.n * m.n) - m.q * case when m.distribution = 'dirichlet' then 1 else m.x / m.n end) / (1 - m.q)) filter (where m.q < 0.25)
        / nullif(sum(m.share) filter (where m.q < 0.25), 0) as square,
      var_samp(m.x / m.n) as spread, avg(m.x / m.n) as middle, avg(1 / m.n) as noise
    from members m
    group by m.group_id, m.attribute
  ), categories as (
    select b.attribute, count(distinct c) as many
    from actors.actor_beliefs b cross join unnest(b.categories) c
    where b.brand_id = p_brand and not b.is_stated group by b.attribute
  ), moments as (
    select o.*, coalesce(c.many, 1) as many, case o.distribution
        when 'beta' then o.mean * (1 - o.mean) / nullif(greatest(0, o.square - o.mean * o.mean), 0) - 1
        when 'dirichlet' then (1 - o.square) / nullif(greatest(0, o.square - 1.0 / greatest(2, c.many)), 0)
        -- Var(rate) = m / n + m^2 / strength.
        when 'gamma' then o.middle * o.middle / nullif(greatest(0, o.spread - o.middle * o.noise), 0) end as strength
    from pooled o
    left join categories c using (attribute)
  )
  insert into actors.belief_priors as p (brand_id, attribute, group_id, distribution, mean, strength, variance, category_count, actor_count)
  select p_brand, o.attribute, o.group_id, o.distribution,
    case o.distribution
      when 'beta' then (o.x + 1) / (o.n + 2)
      when 'dirichlet' then 1.0 / o.many
      when 'normal' then o.x / o.n
      -- One more event, over the time of the default prior, keeps a rate above zero.
      else (o.x + 1) / (o.n + 1 / case when o.is_stream then l.per_day else l.per_occasion end) end,
    case when o.distribution <> 'normal' and case when o.distribution = 'gamma' then o.actors else o.known end >= l.actors
      then least(case when o.distribution = 'gamma' then 20 * l.least else l.most end, greatest(l.least, coalesce(o.strength, l.most))) end,
    case when o.distribution = 'normal' then greatest(0, o.second / o.n - power(o.x / o.n, 2)) else 0 end,
    o.many, o.actors
  from moments o
  cross join limits l
  where o.n > 0
  on conflict (brand_id, attribute, group_id) do update
  set distribution = excluded.distribution, mean = excluded.mean, strength = excluded.strength, variance = excluded.variance,
    category_count = excluded.category_count, actor_count = excluded.actor_count;
  get diagnostics v_count = row_count;
  delete from actors.belief_priors p
  where p.brand_id = p_brand and p.group_id is not null
    and not exists (select from actors.belief_prior_groups g where g.brand_id = p_brand and g.group_id = p.group_id);
  return v_count;
end
$$;
comment on function private.actors_refresh_priors(uuid, timestamptz) is
  'Makes the priors of the brand, and of each group of actors.belief_prior_groups with its people weighted by their shares: pooled share, pooled rate, mean and variance, number of categories; and, from the parameter actors.prior_actors people on, the strength by moments (empirical Bayes), between the parameters actors.prior_strength.least and .most. Returns how many priors there are.';
