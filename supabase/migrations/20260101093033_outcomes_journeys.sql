create function private.gather_touches(p_run outcomes.attribution_runs)
returns void
language plpgsql
volatile
set search_path = ''
set enable_nestloop = off -- many people of whom the statistics may know nothing: hash joins, never a quadratic one
as $$
begin
  insert into private.attribution_groups (run_id, number, group_key)
  select p_run.id, row_number() over (order by count(*) desc, k.key), k.key
  from stimuli.stimulus_deployments d
  cross join lateral (select coalesce(case p_run.grouping when 'channel' then d.deployment_channel::text when 'template' then d.template_id::text
    else d.stimulus_id::text end, 'none') as key) k
  where d.brand_id = p_run.brand_id
    and d.deployed_at >= p_run.period_start - p_run.window_days * interval '1 day' and d.deployed_at < p_run.period_end
  group by k.key;

  insert into private.attribution_touches (run_id, deployment_id, actor_id, group_number, touched_at, is_holdout, is_touch)
  select p_run.id, d.id, coalesce(a.merged_into, a.id), g.number, d.deployed_at, d.is_holdout,
    d.delivery_status in ('pending', 'sending', 'sent', 'delivered', 'unknown')
  from stimuli.stimulus_deployments d
  join actors.actors a on a.brand_id = d.brand_id and a.id = d.actor_id
  join private.attribution_groups g on g.run_id = p_run.id and g.group_key =
    coalesce(case p_run.grouping when 'channel' then d.deployment_channel::text when 'template' then d.template_id::text
      else d.stimulus_id::text end, 'none')
  where d.brand_id = p_run.brand_id
    and d.deployed_at >= p_run.period_start - p_run.window_days * interval '1 day' and d.deployed_at < p_run.period_end;
end
$$;
comment on function private.gather_touches(outcomes.attribution_runs) is
  'The groups and deployments of a run: of its period, and of the window before it. A deployment without a report counts as sent. People who were merged count as the one they are now.';

create function private.gather_conversions(p_run outcomes.attribution_runs, p_now timestamptz)
returns integer
language plpgsql
volatile
set search_path = ''
as $$
declare
  v_foreign integer;
begin
  with found as materialized (
    select r.actor_id, r.signal_id, null::uuid as outcome_id, r.occurred_at, r.outcome_value, r.outcome_unit
    from private.signal_responses r
    where r.brand_id = p_run.brand_id and r.occurred_at >= p_run.period_start and r.occurred_at < least(p_run.period_end, p_now)
      and r.outcome_type in ('purchase', 'conversion', 'signup')
    union all
    -- A happening that was recorded for several deployments is one.
    (select distinct on (o.source_key) o.target_actor_id, null::uuid, o.id, o.outcome_timestamp, o.outcome_value, o.outcome_unit
    from outcomes.outcomes o
    where o.brand_id = p_run.brand_id and o.source_key is not null and o.target_actor_id is not null
      and o.outcome_timestamp >= p_run.period_start and o.outcome_timestamp < least(p_run.period_end, p_now)
      and o.outcome_type in ('purchase', 'conversion', 'signup')
    order by o.source_key, o.id)
  ),
  told as materialized (
    select f.*, h.order_number, h.currency is null or h.currency = p_run.currency as is_own_currency
    from found f left join signals.order_history h on h.signal_id = f.signal_id
  ),
  added as (
    insert into private.attribution_conversions (run_id, number, actor_id, signal_id, outcome_id, order_number, converted_at, value)
    select p_run.id, row_number() over (order by t.occurred_at, t.signal_id, t.outcome_id), coalesce(a.merged_into, a.id), t.signal_id, t.outcome_id,
      t.order_number, t.occurred_at,
      case when t.outcome_unit = 'currency' and t.is_own_currency then greatest(t.outcome_value, 0)::numeric(14, 2) else 0 end
    from told t join actors.actors a on a.brand_id = p_run.brand_id and a.id = t.actor_id
  )
  select count(*) into v_foreign from told t where t.outcome_unit = 'currency' and not t.is_own_currency;
  return v_foreign;
end
$$;
comment on function private.gather_conversions(outcomes.attribution_runs, timestamptz) is
  'The responses of known people in the period of a run: orders and web conversions by their signals, and outcomes that were recorded without a signal. Returns how many orders are in another currency.';

create function private.gather_refunds(p_run outcomes.attribution_runs, p_now timestamptz)
returns numeric
language plpgsql
volatile
set search_path = ''
set enable_nestloop = off -- as above
as $$
declare
  v_unplaced numeric;
begin
  with refund as materialized (
    select r.signal_id, coalesce(a.merged_into, a.id) as actor_id, r.occurred_at, -r.outcome_value as amount, h.order_number,
      coalesce(case jsonb_typeof(s.metadata -> 'refund_of') when 'array' then s.metadata #>> '{refund_of,0,order_number}' end, '') as refund_of
    from private.signal_responses r
    join signals.signals_base s on s.brand_id = r.brand_id and s.id = r.signal_id
    join signals.order_history h on h.signal_id = r.signal_id
    join actors.actors a on a.brand_id = r.brand_id and a.id = r.actor_id
    where r.brand_id = p_run.brand_id and r.occurred_at >= p_run.period_start and r.occurred_at < p_now
      and r.outcome_type = 'revenue' and r.outcome_value < 0 and (h.currency is null or h.currency = p_run.currency)
  ),
  -- The order it names, else the one that it says it returns, else the person's latest one before it.
  matched as materialized (
    select distinct on (f.signal_id) f.signal_id, f.amount, c.number
    from refund f
    join private.attribution_conversions c on c.run_id = p_run.id and c.actor_id = f.actor_id and c.converted_at <= f.occurred_at and c.value > 0
    order by f.signal_id, c.order_number is not distinct from f.order_number desc, c.order_number is not distinct from f.refund_of desc, c.converted_at desc, c.number
  ),
  taken as (
    update private.attribution_conversions c
    set refunded = least(c.value, m.amount)::numeric(14, 2)
    from (select x.number, sum(x.amount) as amount from matched x group by x.number) m
    where c.run_id = p_run.id and c.number = m.number
    returning c.refunded
  )
  select coalesce((select sum(f.amount) from refund f), 0)::numeric - coalesce((select sum(t.refunded) from taken t), 0) into v_unplaced;
  return v_unplaced;
end
$$;
comment on function private.gather_refunds(outcomes.attribution_runs, timestamptz) is
  'Returns until p_now of the orders of a run, at most what each cost: of the same order number, else of the first order in the signal''s metadata.refund_of [{"order_number"}], else of the person''s latest order before. Returns how much was returned for which the run has no order.';

create function private.gather_people(p_run outcomes.attribution_runs, p_groups integer)
returns void
language sql
volatile
set search_path = ''
set enable_nestloop = off -- as above
as $$
  with first as materialized (
    -- The first assignment to a group decides whether a person counts as held out of it: later ones follow what it did.
    select distinct on (t.actor_id, least(t.group_number, p_groups)) t.actor_id, least(t.group_number, p_groups) as g, t.is_holdout, t.touched_at
    from private.attribution_touches t
    where t.run_id = p_run.id and t.touched_at >= p_run.period_start
    order by t.actor_id, least(t.group_number, p_groups), t.touched_at, t.deployment_id
  ),
  assigned as materialized (
    select f.actor_id, sum(1 << (f.g - 1)) as eligible, coalesce(sum(1 << (f.g - 1)) filter (where not f.is_holdout), 0) as exposed, min(f.touched_at) as since
    from first f group by f.actor_id
  ),
  latest as materialized (
    select c.actor_id, max(c.converted_at) as at from private.attribution_conversions c where c.run_id = p_run.id group by c.actor_id
  )
  insert into private.attribution_people (run_id, actor_id, eligible, exposed, has_responded)
  select p_run.id, a.id, coalesce(s.eligible, 0), coalesce(s.exposed, 0), coalesce(l.at >= coalesce(s.since, p_run.period_start), false)
  from actors.actors a
  left join assigned s on s.actor_id = a.id
  left join latest l on l.actor_id = a.id
  where a.brand_id = p_run.brand_id and a.merged_into is null and (a.first_seen_at < p_run.period_end or s.actor_id is not null or l.actor_id is not null)
$$;
comment on function private.gather_people(outcomes.attribution_runs, integer) is
  'Everybody of the brand in a run: groups (the p_groups with the most deployments; the last of them stands for all smaller ones) assigned in the period, groups assigned as treated, and whether a response followed the first assignment. Delivered or not: only the assignment was random.';
