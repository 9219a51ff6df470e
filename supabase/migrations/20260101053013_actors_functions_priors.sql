create type private.pooled_prior as (
  attribute text,
  group_id uuid,
  distribution actors.distribution,
  mean double precision,
  strength double precision,
  variance double precision,
  category_count integer,
  change_hazard double precision,
  actor_count integer
);

create function private.learnt_hazards(p_brand uuid)
returns table (attribute text, hazard double precision)
language sql
stable
set search_path = ''
set jit = off -- thousands of cheap rows
as $$
  with parameters as materialized (
    select private.actors_number(p_brand, 'change_after') as after, private.actors_number(p_brand, 'prior_actors') as people
  ), watched as materialized (
    -- Those who could have changed: the probability that they did by the settings' hazard, and in how many pieces.
    select b.attribute, b.tracking[2] as nominal,
      case when b.state[5 * b.state[5]::integer + 2] = 0 then 1 - b.state[5 * b.state[5]::integer + 1] else 1 end as changed,
      b.evidence_count * coalesce(case when b.distribution = 'gamma' then b.state[2] / nullif(b.state[3], 0) else b.state[1] * b.state[3] / nullif(b.state[2], 0) end, 1)
        - r.after as pieces
    from actors.actor_beliefs b
    cross join parameters r
    where b.brand_id = p_brand and not b.is_stated and b.evidence_count > r.after and b.tracking[2] > 0
  ), exposed as (
    select w.attribute, w.nominal, sum(w.pieces) as pieces, count(*) as people
    from watched w where w.pieces > 0 group by w.attribute, w.nominal
  ), candidates as (
    -- Gamma(1, mean = the setting) as prior; the candidates stand evenly in the logarithm, hence the ln(factor).
    select w.attribute, w.nominal, e.people, f.factor,
      ln(f.factor) - f.factor - (f.factor - 1) * w.nominal * e.pieces + sum(ln(1 - w.changed + w.changed * f.factor)) as log_likelihood
    from watched w
    join exposed e using (attribute, nominal)
    cross join (select power(2::double precision, i / 2.0) as factor from generate_series(-8, 8) i) f
    cross join parameters r
    where w.pieces > 0 and e.people >= r.people
    group by w.attribute, w.nominal, e.people, e.pieces, f.factor
  ), weighed as (
    select c.*, exp(greatest(-600, c.log_likelihood - max(c.log_likelihood) over (partition by c.attribute, c.nominal))) as weight from candidates c
  )
  select distinct on (w.attribute) w.attribute, w.nominal * sum(w.factor * w.weight) / sum(w.weight)
  from weighed w group by w.attribute, w.nominal, w.people order by w.attribute, w.people desc, w.nominal
$$;
comment on function private.learnt_hazards(uuid) is
  'Probability of a change from one piece of evidence to the next, of each attribute, learnt from people with more evidence than the parameter actors.change_after, where there are actors.prior_actors of them: posterior mean over factors from 1/16 to 16 of what the beliefs were folded with. A person says 1 - c + c x factor, c being the probability of the state that it changed, and exp(-(factor - 1) x hazard x pieces): exact but for runs that were dropped. The bounds keep a brand where nobody ever changed from being blind to the first who does.';

create function private.pooled_priors(p_brand uuid, p_now timestamptz)
returns setof private.pooled_prior
language sql
stable
set search_path = ''
set enable_nestloop = off -- all rows are in memory and of unknown number: hash joins, never a quadratic one
set jit = off -- the cost that forbids the loop would call for the compiler
as $$
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
    join actors.belief_prior_groups g on g.brand_id = p_brand and g.actor_id = p.actor_id and g.valid_until = 'infinity'
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
  select o.attribute, o.group_id, o.distribution,
    case o.distribution
      when 'beta' then (o.x + 1) / (o.n + 2)
      when 'dirichlet' then 1.0 / o.many
      when 'normal' then o.x / o.n
      -- One more event, over the time of the default prior, keeps a rate above zero.
      else (o.x + 1) / (o.n + 1 / case when o.is_stream then l.per_day else l.per_occasion end) end,
    case when o.distribution <> 'normal' and case when o.distribution = 'gamma' then o.actors else o.known end >= l.actors
      then least(case when o.distribution = 'gamma' then 20 * l.least else l.most end, greatest(l.least, coalesce(o.strength, l.most))) end,
    case when o.distribution = 'normal' then greatest(0, o.second / o.n - power(o.x / o.n, 2)) else 0 end,
    o.many, case when o.group_id is null then h.hazard end, o.actors
  from moments o
  cross join limits l
  left join private.learnt_hazards(p_brand) h using (attribute)
  where o.n > 0
$$;
comment on function private.pooled_priors(uuid, timestamptz) is
  'Priors of the brand, and of each group of actors.belief_prior_groups with its people weighted by their shares: pooled share, pooled rate, mean and variance, number of categories; and, from the parameter actors.prior_actors people on, the strength by moments (empirical Bayes), between the parameters actors.prior_strength.least and .most, and the probability of a change (private.learnt_hazards).';

create function private.moved(p_before double precision, p_after double precision)
returns boolean
language sql
immutable
set search_path = ''
return coalesce(abs(p_before - p_after) > 0.001 * greatest(abs(p_before), abs(p_after)), (p_before is null) <> (p_after is null));
comment on function private.moved(double precision, double precision) is 'Whether a number is another by more than a thousandth of itself.';

create function private.actors_refresh_priors(p_brand uuid, p_now timestamptz default now())
returns integer
language plpgsql
volatile
set search_path = ''
as $$
declare
  v_priors constant private.pooled_prior[] := array(select p from private.pooled_priors(p_brand, p_now) p);
begin
  -- A prior that moved ends, as does that of a group without people; what was believed with it can still be told.
  update actors.belief_priors p set valid_until = p_now
  where p.brand_id = p_brand and p.valid_until = 'infinity' and p.valid_from < p_now
    and (exists (
        select from unnest(v_priors) n
        where n.attribute = p.attribute and n.group_id is not distinct from p.group_id
          and (n.distribution <> p.distribution or n.category_count <> p.category_count
            or private.moved(p.mean, n.mean) or private.moved(p.strength, n.strength) or private.moved(p.variance, n.variance) or private.moved(p.change_hazard, n.change_hazard)))
      or p.group_id is not null and not exists (
        select from actors.belief_prior_groups g
        where g.brand_id = p_brand and g.group_id = p.group_id and g.valid_until = 'infinity'));

  insert into actors.belief_priors as p (brand_id, attribute, group_id, distribution, mean, strength, variance, category_count, change_hazard, actor_count, valid_from)
  select p_brand, n.attribute, n.group_id, n.distribution, n.mean, n.strength, n.variance, n.category_count, n.change_hazard, n.actor_count, p_now from unnest(v_priors) n
  on conflict (brand_id, attribute, group_id, valid_until) do update
  set actor_count = excluded.actor_count;
  return cardinality(v_priors);
end
$$;
comment on function private.actors_refresh_priors(uuid, timestamptz) is
  'Brings actors.belief_priors up to date with private.pooled_priors at p_now: a prior that moved by more than a thousandth ends then and a new one begins. Returns how many there are.';

create function private.set_prior_groups(p_brand uuid, p_people uuid[], p_actors uuid[], p_groups uuid[], p_shares double precision[], p_now timestamptz)
returns void
language plpgsql
volatile
set search_path = ''
set plan_cache_mode = force_custom_plan -- the plan depends on the size of the arrays
as $$
begin
  delete from actors.belief_prior_groups g where g.brand_id = p_brand and g.actor_id = any (p_people) and g.valid_from >= p_now;
  update actors.belief_prior_groups g set valid_until = p_now
  where g.brand_id = p_brand and g.actor_id = any (p_people) and g.valid_until = 'infinity'
    and not exists (
      select from unnest(p_actors, p_groups, p_shares) n (actor_id, group_id, share)
      where (n.actor_id, n.group_id, n.share) = (g.actor_id, g.group_id, g.share));
  insert into actors.belief_prior_groups (brand_id, actor_id, group_id, share, valid_from)
  select p_brand, n.actor_id, n.group_id, n.share, p_now from unnest(p_actors, p_groups, p_shares) n (actor_id, group_id, share)
  on conflict (brand_id, actor_id, group_id, valid_until) do nothing;
end
$$;
comment on function private.set_prior_groups(uuid, uuid[], uuid[], uuid[], double precision[], timestamptz) is
  'Says which groups people (p_people) resemble from p_now on: person, group and share (0 to 1), side by side; whoever of them is not named is of no group.';
