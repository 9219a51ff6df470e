create function private.group_label(p_number integer, p_key text, p_groups integer, p_count bigint)
returns text
language sql
immutable
parallel safe
set search_path = ''
as $$
  select case when p_number < p_groups or p_count <= p_groups then p_key else 'other' end
$$;
comment on function private.group_label(integer, text, integer, bigint) is
  'Name of a group in a model that tells p_groups apart, of p_count: the last one stands for all smaller ones.';

create function private.attribution_claims(
  p_run outcomes.attribution_runs, p_patterns private.journey_pattern[], p_fits private.intent_fit[], p_groups integer, p_chain_groups integer)
returns table (model text, conversion integer, deployment_id uuid, group_key text, claim double precision)
language sql
stable
set search_path = ''
set enable_nestloop = off -- many people of whom the statistics may know nothing: hash joins, never a quadratic one
as $$
  with named as materialized (
    select g.number, g.group_key, count(*) over () as groups from private.attribution_groups g where g.run_id = p_run.id
  ),
  reach as materialized (
    select c.number as conversion, c.actor_id, t.deployment_id, n.number, n.group_key,
      private.group_label(n.number, n.group_key, p_groups, n.groups) as label, private.group_label(n.number, n.group_key, p_chain_groups, n.groups) as chain_label,
      extract(epoch from c.converted_at - t.touched_at)::double precision / 86400 as age,
      row_number() over w as place, count(*) over (partition by c.number) as places,
      count(*) over (partition by c.number, least(n.number, p_groups)) as of_group
    from private.attribution_conversions c
    join private.attribution_touches t on t.run_id = p_run.id and t.actor_id = c.actor_id
    join named n on n.number = t.group_number
    where c.run_id = p_run.id and t.is_touch
      and t.touched_at <= c.converted_at and t.touched_at >= c.converted_at - p_run.window_days * interval '1 day'
    window w as (partition by c.number order by t.touched_at, t.deployment_id)
  ),
  chain as materialized (
    select * from private.removal_effects(p_run.id, p_run.window_days * interval '1 day', p_chain_groups) where 'markov' = any (p_run.models)
  ),
  coalition as materialized (
    select * from private.coalition_credit(p_run.id, p_run.window_days * interval '1 day', p_groups) where 'shapley' = any (p_run.models)
  ),
  caused as materialized (
    select c.* from private.intent_credit(p_patterns, p_groups, p_fits) c where 'holdout' = any (p_run.models)
  ),
  by_rule as (
    select r.*, v.model, v.claim
    from reach r
    cross join lateral (values
      ('first', case when r.place = 1 then 1 else 0 end),
      ('last', case when r.place = r.places then 1 else 0 end),
      ('linear', 1),
      ('time_decay', 2 ^ (-r.age / 7)),
      ('position', case when r.places <= 2 then 1 when r.place in (1, r.places) then 0.4 else 0.2 / (r.places - 2) end)
    ) v (model, claim)
    where v.model = any (p_run.models)
  ),
  divided as (
    select b.model, b.conversion, b.deployment_id, b.group_key, b.claim from by_rule b
    union all
    select 'markov', r.conversion, r.deployment_id, r.chain_label, c.effect
    from reach r join chain c on c.group_number = least(r.number, p_chain_groups)
    union all
    select 'shapley', r.conversion, r.deployment_id, r.label, c.credit / r.of_group
    from reach r join coalition c on c.conversion = r.conversion and c.group_number = least(r.number, p_groups)
  ),
  causal as materialized (
    select r.conversion, r.deployment_id, r.label, c.credit / r.of_group as claim
    from reach r
    join private.attribution_people p on p.run_id = p_run.id and p.actor_id = r.actor_id
    join caused c on c.eligible = p.eligible and c.exposed = p.exposed and c.group_number = least(r.number, p_groups)
  )
  -- Where a model sees no difference between the touches, they share alike.
  select d.model, d.conversion, d.deployment_id, d.group_key,
    case when sum(d.claim) over w > 0 then d.claim / sum(d.claim) over w else 1 / (count(*) over w)::double precision end
  from divided d window w as (partition by d.model, d.conversion)
  union all
  select 'holdout', c.conversion, c.deployment_id, c.label, c.claim from causal c
  union all
  -- What no touch claims came by itself.
  select m, c.number, null, 'direct', case m when 'holdout' then greatest(0, 1 - coalesce(k.claimed, 0)) else 1 end
  from private.attribution_conversions c
  cross join unnest(p_run.models) m
  left join (select r.conversion from reach r group by r.conversion) t on t.conversion = c.number
  left join (select x.conversion, sum(x.claim) as claimed from causal x group by x.conversion) k on k.conversion = c.number
  where c.run_id = p_run.id and (m = 'holdout' or t.conversion is null)
$$;
comment on function private.attribution_claims(outcomes.attribution_runs, private.journey_pattern[], private.intent_fit[], integer, integer) is
  'How each model of a run divides each response between the touches in the window before it and direct; the claims on a response sum to 1. time_decay halves in 7 days; position gives 40% to the first and the last touch and 20% to those between.';

create function private.write_credits(
  p_run outcomes.attribution_runs, p_patterns private.journey_pattern[], p_fits private.intent_fit[], p_groups integer, p_chain_groups integer)
returns void
language sql
volatile
set search_path = ''
set enable_nestloop = off -- as above
as $$
  with claim as materialized (
    select row_number() over (order by a.model, a.conversion, a.group_key, a.deployment_id) as place, a.*, c.signal_id, c.outcome_id,
      (case when c.value > 0 then round(1 - c.refunded / c.value, 6) else 1 end * 1000000)::double precision as credits,
      (c.value * 100)::double precision as cents, (c.refunded * 100)::double precision as refund_cents
    from private.attribution_claims(p_run, p_patterns, p_fits, p_groups, p_chain_groups) a
    join private.attribution_conversions c on c.run_id = p_run.id and c.number = a.conversion
  ),
  -- Millionths and cents: each gets the whole ones, and what is left over goes one by one to the largest remainders;
  -- rounded, since equal claims may differ in their last bits.
  parted as materialized (
    select c.*,
      floor(c.credits * c.claim) + case when row_number() over (partition by c.model, c.conversion order by round((c.credits * c.claim - floor(c.credits * c.claim))::numeric, 6) desc, c.place)
        <= c.credits - sum(floor(c.credits * c.claim)) over w then 1 else 0 end as credit_units,
      floor(c.cents * c.claim) + case when row_number() over (partition by c.model, c.conversion order by round((c.cents * c.claim - floor(c.cents * c.claim))::numeric, 6) desc, c.place)
        <= c.cents - sum(floor(c.cents * c.claim)) over w then 1 else 0 end as cent_units,
      floor(c.refund_cents * c.claim) + case when row_number() over (partition by c.model, c.conversion order by round((c.refund_cents * c.claim - floor(c.refund_cents * c.claim))::numeric, 6) desc, c.place)
        <= c.refund_cents - sum(floor(c.refund_cents * c.claim)) over w then 1 else 0 end as refund_units
    from claim c window w as (partition by c.model, c.conversion)
  )
  insert into outcomes.attribution_credits (brand_id, run_id, model, signal_id, outcome_id, deployment_id, group_key, credit, value, refunded_value)
  select p_run.brand_id, p_run.id, p.model, p.signal_id, p.outcome_id, p.deployment_id, p.group_key,
    p.credit_units::numeric / 1000000, (p.cent_units - p.refund_units)::numeric / 100, p.refund_units::numeric / 100
  from parted p
  where p.credit_units <> 0 or p.cent_units <> 0 or p.refund_units <> 0
$$;
comment on function private.write_credits(outcomes.attribution_runs, private.journey_pattern[], private.intent_fit[], integer, integer) is
  'Writes outcomes.attribution_credits of a run, divided so that the parts of each response sum to it after rounding.';

create function private.write_attributions(
  p_run outcomes.attribution_runs, p_patterns private.journey_pattern[], p_fits private.intent_fit[], p_groups integer, p_chain_groups integer, p_draws integer)
returns void
language sql
volatile
set search_path = ''
set enable_nestloop = off -- as above
as $$
  with named as materialized (
    select g.number, g.group_key, count(*) over () as groups from private.attribution_groups g where g.run_id = p_run.id
  ),
  cell as materialized (
    select distinct m as model, case m when 'markov' then private.group_label(n.number, n.group_key, p_chain_groups, n.groups)
      when 'shapley' then private.group_label(n.number, n.group_key, p_groups, n.groups)
      when 'holdout' then private.group_label(n.number, n.group_key, p_groups, n.groups) else n.group_key end as group_key
    from unnest(p_run.models) m cross join named n
    union all
    select m, 'direct' from unnest(p_run.models) m
  ),
  credit as materialized (
    select c.model, c.group_key, sum(c.credit) as credit, sum(c.value) as value, sum(c.refunded_value) as refunded
    from outcomes.attribution_credits c where c.brand_id = p_run.brand_id and c.run_id = p_run.id group by c.model, c.group_key
  ),
  effect as materialized (
    select private.group_label(n.number, n.group_key, p_groups, n.groups) as group_key, e.*
    from private.intent_effects(p_patterns, p_groups, p_fits, p_draws, 1) e join named n on n.number = e.group_number
    where 'holdout' = any (p_run.models)
  )
  insert into outcomes.attributions (brand_id, run_id, model, group_key, credit, value, refunded_value, share, share_lower, share_upper,
    caused, caused_lower, caused_upper, chance_positive, people_eligible, people_held_out, conclusion)
  select p_run.brand_id, p_run.id, c.model, c.group_key, coalesce(r.credit, 0), coalesce(r.value, 0), coalesce(r.refunded, 0),
    case when c.group_key = 'direct' then null when c.model = 'holdout' then e.share
      else coalesce(r.credit, 0)::double precision / nullif(sum(r.credit) filter (where c.group_key <> 'direct') over (partition by c.model), 0)::double precision end,
    e.share_lower, e.share_upper, e.caused, e.caused_lower, e.caused_upper, e.chance_positive, e.eligible::integer, (e.eligible - e.exposed)::integer,
    case when c.group_key = 'direct' and c.model = 'holdout' then 'would have come without any of them'
      when c.group_key = 'direct' then 'came without a touch'
      when c.model <> 'holdout' then 'divided by a rule: not causal'
      when e.group_number is null then 'nobody was assigned in the period: nothing to measure'
      when e.exposed >= e.eligible then 'nobody was held out: its effect cannot be told from who gets it'
      when e.caused_lower > 0 then 'it brings people to respond'
      when e.caused_upper < 0 then 'it keeps people from responding'
      else 'no effect that can be told from chance' end
  from cell c
  left join credit r on r.model = c.model and r.group_key = c.group_key
  left join effect e on c.model = 'holdout' and e.group_key = c.group_key
$$;
comment on function private.write_attributions(outcomes.attribution_runs, private.journey_pattern[], private.intent_fit[], integer, integer, integer) is
  'Writes outcomes.attributions of a run: its credits by group, and the effects of the groups with their intervals.';
