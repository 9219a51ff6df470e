create type private.intent_draw as (draw integer, theta double precision[], weight double precision);
comment on type private.intent_draw is 'Parameters of the intent model, with their weight.';

create function private.intent_draws(p_fits private.intent_fit[], p_count integer, p_seed bigint)
returns setof private.intent_draw
language sql
immutable
set search_path = ''
as $$
  with fit as materialized (
    select f.k, f.theta, f.inverse_root, case when lead(f.k) over (order by f.k) is null then 1 else sum(f.weight) over (order by f.k) end as up_to
    from unnest(p_fits) with ordinality f (theta, inverse_root, weight, k)
  ),
  -- Each draw has its mirror image, so that the mean of the draws of a fit is its mode.
  normal as materialized (
    select d, array_agg(case when d % 2 = 0 then 1 else -1 end * sqrt(-2 * ln(u.a)) * cos(2 * pi() * u.b) order by i) as z
    from generate_series(1, p_count) d
    cross join generate_subscripts((p_fits[1]).theta, 1) i
    cross join lateral (select
      (((hashint8extended((d - 1) / 2 * 10000 + 2 * i, p_seed) >> 11) & 9007199254740991) + 0.5::double precision) / 9007199254740992 as a,
      (((hashint8extended((d - 1) / 2 * 10000 + 2 * i + 1, p_seed) >> 11) & 9007199254740991) + 0.5::double precision) / 9007199254740992 as b) u
    group by d
  ),
  placed as materialized (
    select n.d, n.z, (select f.k from fit f where ((n.d + 1) / 2 - 0.5) / ((p_count + 1) / 2) <= f.up_to order by f.k limit 1) as k from normal n
  )
  select p.d, (select array_agg(t.m + t.s order by t.i) from unnest(f.theta, private.times_transposed(f.inverse_root, p.z)) with ordinality t (m, s, i)),
    1::double precision / p_count
  from placed p join fit f on f.k = p.k
$$;
comment on function private.intent_draws(private.intent_fit[], integer, bigint) is
  'p_count (even) draws of the parameters of the intent model from its posterior; the same p_seed gives the same draws.';

create function private.intent_values(p_patterns private.journey_pattern[], p_groups integer, p_draws private.intent_draw[])
returns table (draw integer, eligible integer, subset integer, value double precision)
language sql
immutable
set search_path = ''
as $$
  with parameters as materialized (select * from unnest(p_draws)),
  kind as materialized (select distinct p.eligible from unnest(p_patterns) p where p.eligible > 0),
  intent as materialized (
    select p.draw, k.eligible, n.x, ln(n.weight) - sum(greatest(z.z, 0) + ln(1 + exp(-abs(z.z)))) as log_weight
    from parameters p cross join kind k cross join private.intent_nodes() n
    cross join generate_series(1, p_groups) g
    cross join lateral (select (p.theta[g] + p.theta[p_groups + g] * n.x) * (1 - 2 * (k.eligible >> (g - 1) & 1)) as z) z
    group by p.draw, k.eligible, n.x, n.weight
  ),
  -- For those eligible for a set, node by node: how likely the node is, and the logit of a response without any exposure.
  unexposed as materialized (
    select i.draw, i.eligible,
      array_agg(exp(greatest(i.log_weight - m.most, -700)) order by i.x) as weights, sum(exp(greatest(i.log_weight - m.most, -700))) as total,
      array_agg(least(500, greatest(-500, p.theta[2 * p_groups + 1] + p.theta[2 * p_groups + 2] * i.x + r.residue)) order by i.x) as logits
    from intent i
    join (select x.draw, x.eligible, max(x.log_weight) as most from intent x group by x.draw, x.eligible) m on m.draw = i.draw and m.eligible = i.eligible
    join parameters p on p.draw = i.draw
    cross join lateral (select sum((i.eligible >> (g - 1) & 1) * p.theta[3 * p_groups + 2 + g]) as residue from generate_series(1, p_groups) g) r
    group by i.draw, i.eligible
  ),
  -- What exposure to each set adds to the logit.
  exposure as materialized (
    select x.draw, array_agg(x.effect order by x.s) as effects
    from (
      select p.draw, s, least(100, greatest(-100, sum((s >> (g - 1) & 1) * p.theta[2 * p_groups + 2 + g]))) as effect
      from parameters p cross join generate_series(0, (1 << p_groups) - 1) s cross join generate_series(1, p_groups) g
      group by p.draw, s
    ) x group by x.draw
  ),
  cell as materialized (
    select k.eligible, s from kind k cross join generate_series(0, (1 << p_groups) - 1) s where s & ~k.eligible = 0
  )
  -- The seven nodes are written out: as rows they would be a million to add up.
  select u.draw, u.eligible, c.s, (u.weights[1] / (1 + exp(-u.logits[1] - x.effect)) + u.weights[2] / (1 + exp(-u.logits[2] - x.effect))
    + u.weights[3] / (1 + exp(-u.logits[3] - x.effect)) + u.weights[4] / (1 + exp(-u.logits[4] - x.effect))
    + u.weights[5] / (1 + exp(-u.logits[5] - x.effect)) + u.weights[6] / (1 + exp(-u.logits[6] - x.effect))
    + u.weights[7] / (1 + exp(-u.logits[7] - x.effect))) / u.total
  from unexposed u
  join cell c on c.eligible = u.eligible
  join exposure e on e.draw = u.draw
  cross join lateral (select e.effects[c.s + 1] as effect) x
$$;
comment on function private.intent_values(private.journey_pattern[], integer, private.intent_draw[]) is
  'Under each draw of the parameters, for each set of groups that people of p_patterns are eligible for and each subset of it: the probability that one of them responds who is exposed to just that subset. Sets are bits as in private.journey_pattern.';

create function private.shapley_weight(p_players integer, p_before integer)
returns double precision
language sql
immutable
parallel safe
set search_path = ''
as $$
  select exp(sum(ln(case when i <= p_before then i else 1 end)) + sum(ln(case when i <= p_players - p_before - 1 then i else 1 end)) - sum(ln(i)))
  from generate_series(1, p_players) i
$$;
comment on function private.shapley_weight(integer, integer) is
  's! (n - s - 1)! / n!: the share of the orders of n players in which just s certain ones come before a certain other.';

create function private.intent_effects(p_patterns private.journey_pattern[], p_groups integer, p_fits private.intent_fit[], p_count integer, p_seed bigint)
returns table (
  group_number integer, eligible double precision, exposed double precision, caused double precision, caused_lower double precision,
  caused_upper double precision, share double precision, share_lower double precision, share_upper double precision, chance_positive double precision
)
language sql
immutable
set search_path = ''
as $$
  with people as materialized (
    select p.eligible, sum(p.people) as n from unnest(p_patterns) p group by p.eligible
  ),
  reached as materialized (
    select g, coalesce(sum(p.people) filter (where (p.eligible >> (g - 1) & 1) = 1), 0) as eligible,
      coalesce(sum(p.people) filter (where (p.exposed >> (g - 1) & 1) = 1), 0) as exposed
    from generate_series(1, p_groups) g cross join unnest(p_patterns) p group by g
  ),
  weight as materialized (
    select n, s, private.shapley_weight(n, s) as w from generate_series(1, p_groups) n cross join generate_series(0, n - 1) s
  ),
  -- How much the value of a subset counts for each group of the set: with it, less without it.
  coefficient as materialized (
    select v.eligible, v.subset, g, p.n * case when (v.subset >> (g - 1) & 1) = 1 then w.w else -w.w end as factor
    from (select distinct x.eligible, s as subset from people x cross join generate_series(0, (1 << p_groups) - 1) s where s & ~x.eligible = 0) v
    join people p on p.eligible = v.eligible
    cross join generate_series(1, p_groups) g
    join weight w on w.n = bit_count(v.eligible::bit(32)) and w.s = bit_count((v.subset & ~(1 << (g - 1)))::bit(32))
    where (v.eligible >> (g - 1) & 1) = 1
  ),
  drawn as materialized (
    select v.draw, c.g, sum(c.factor * v.value) as caused
    from private.intent_values(p_patterns, p_groups, array(select d from private.intent_draws(p_fits, p_count, p_seed) d)) v
    join coefficient c on c.eligible = v.eligible and c.subset = v.subset
    group by v.draw, c.g
  ),
  shared as materialized (
    select d.draw, d.g, d.caused, coalesce(greatest(d.caused, 0) / nullif(sum(greatest(d.caused, 0)) over (partition by d.draw), 0), 0) as share
    from drawn d
  ),
  summed as (
    select s.g, avg(s.caused) as caused, avg(s.share) as share,
      percentile_cont(array[0.05, 0.95]) within group (order by s.caused) as around,
      percentile_cont(array[0.05, 0.95]) within group (order by s.share) as share_around,
      avg(case when s.caused > 0 then 1 else 0 end) as chance
    from shared s group by s.g
  )
  select r.g, r.eligible, r.exposed, f.caused * x.part, f.around[1] * x.part, f.around[2] * x.part,
    f.share, f.share_around[1], f.share_around[2], f.chance
  from reached r
  join summed f on f.g = r.g
  cross join lateral (select r.exposed / nullif(r.eligible, 0) as part) x
$$;
comment on function private.intent_effects(private.journey_pattern[], integer, private.intent_fit[], integer, bigint) is
  'What each group caused: its Shapley value in the expected number of people who respond (the mean over all orders of what it adds to the groups before it), brought from all eligible to the exposed. share: of what all groups together cause, harm counted as nothing, as if nobody had been held out. Means and 90% intervals over p_count draws of the posterior; chance_positive: share of the draws in which it causes anything at all.';

create function private.intent_credit(p_patterns private.journey_pattern[], p_groups integer, p_fits private.intent_fit[])
returns table (eligible integer, exposed integer, group_number integer, credit double precision)
language sql
immutable
set search_path = ''
as $$
  with value as materialized (
    select v.eligible, v.subset, sum(f.weight * v.value) as value
    from private.intent_values(p_patterns, p_groups, array(
      select row(k, x.theta, x.weight)::private.intent_draw from unnest(p_fits) with ordinality x (theta, inverse_root, weight, k))) v
    join unnest(p_fits) with ordinality f (theta, inverse_root, weight, k) on f.k = v.draw
    group by v.eligible, v.subset
  ),
  kind as materialized (select distinct p.eligible, p.exposed from unnest(p_patterns) p where p.has_responded and p.eligible > 0),
  caused as materialized (
    select k.eligible, k.exposed, g, sum(private.shapley_weight(bit_count(k.exposed::bit(32))::integer, bit_count((v.subset & ~(1 << (g - 1)))::bit(32))::integer)
      * case when (v.subset >> (g - 1) & 1) = 1 then v.value else -v.value end) as value
    from kind k
    join value v on v.eligible = k.eligible and v.subset & ~k.exposed = 0
    cross join generate_series(1, p_groups) g
    where (k.exposed >> (g - 1) & 1) = 1
    group by k.eligible, k.exposed, g
    union all
    select k.eligible, k.exposed, 0, v.value from kind k join value v on v.eligible = k.eligible and v.subset = 0
  )
  select c.eligible, c.exposed, c.g, greatest(c.value, 0) / sum(greatest(c.value, 0)) over (partition by c.eligible, c.exposed)
  from caused c
$$;
comment on function private.intent_credit(private.journey_pattern[], integer, private.intent_fit[]) is
  'For a person who was eligible for and exposed to these groups and responded: the shares of the response that each group caused (Shapley value over the probability), and what would have come anyway (group_number 0). They sum to 1; a group that seems to do harm has no share.';
