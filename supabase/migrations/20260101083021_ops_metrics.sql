create function private.measure_business(p_brand uuid, p_period text, p_day date, p_now timestamptz)
returns integer
language plpgsql
volatile
set search_path = ''
as $$
declare
  v_zone text := (select b.timezone from core.brands b where b.id = p_brand);
  v_currency text := (select b.currency from core.brands b where b.id = p_brand);
  v_step interval := private.period_step(p_period);
  v_first date := private.period_start(p_day, p_period);
  v_from timestamptz := v_first::timestamp at time zone v_zone;
  v_until timestamptz := (v_first + v_step) at time zone v_zone;
  v_begin timestamptz := (select min(s.transaction_date) from ops.sales_data s where s.brand_id = p_brand);
  v_count integer;
begin
  perform pg_advisory_xact_lock(hashtextextended('ops.measure_business/' || p_brand, 0));
  with periods (which, from_at, until_at) as materialized (
    -- Each in local time: a day of 23 or 25 hours is one day.
    select w.which, (w.first at time zone v_zone), ((w.first + v_step) at time zone v_zone)
    from (values (0, v_first::timestamp), (1, v_first - v_step),
      -- Weekdays are compared with weekdays.
      (2, v_first - case when p_period in ('daily', 'weekly') then interval '364 days' else interval '1 year' end)) w (which, first)
  ), measured as materialized (
    select p.which, m.* from periods p
    cross join lateral (
      select s.* from private.measure_sales(p_brand, p.from_at, p.until_at) s
      union all select s.* from private.measure_stock(p_brand, p.from_at, p.until_at) s) m
    where p.until_at > v_begin
    union all
    -- A period without a sale has sold nothing, which is a fact; before the first sale nothing is known.
    select p.which, null, n.name, null, null, 0, 0, null, 1 from periods p cross join (values ('revenue'), ('orders')) n (name)
    where p.until_at > v_begin and not exists (
      select from ops.sales_data s where s.brand_id = p_brand and s.transaction_date >= p.from_at and s.transaction_date < p.until_at
        and s.transaction_type in ('sale', 'loyalty_redemption', 'refund', 'void')
        and (s.status in ('completed', 'delivered') or s.status = 'refunded' and s.transaction_type in ('sale', 'loyalty_redemption')))
  ), rows as materialized (
    select c.*, e.value as earlier, y.value as last_year, t.target_value
    from measured c
    left join measured e on e.which = 1 and e.metric_name = c.metric_name
      and (e.site_id, e.dimension, e.dimension_value) is not distinct from (c.site_id, c.dimension, c.dimension_value)
    left join measured y on y.which = 2 and y.metric_name = c.metric_name
      and (y.site_id, y.dimension, y.dimension_value) is not distinct from (c.site_id, c.dimension, c.dimension_value)
    left join lateral (
      select g.target_value from ops.metric_targets g
      where g.brand_id = p_brand and g.metric_name = c.metric_name and g.measurement_period = p_period and g.site_id is not distinct from c.site_id
        and g.valid_from <= v_first and c.dimension is null
      order by g.valid_from desc limit 1) t on true
    where c.which = 0
  ), gone as (
    delete from ops.business_metrics b
    where b.brand_id = p_brand and b.period_start = v_from and b.period_end = v_until and b.calculated_by = 'ops.compute_business_metrics'
      and not exists (select from rows r where r.metric_name = b.metric_name
        and (r.site_id, r.dimension, r.dimension_value) is not distinct from (b.site_id, b.breakdown_dimension, b.breakdown_value))
  ), written as (
    insert into ops.business_metrics (brand_id, site_id, metric_name, metric_category, metric_value, metric_unit, measurement_date, measurement_period,
      period_start, period_end, breakdown_dimension, breakdown_value, previous_period_value, year_over_year_value, target_value, variance_from_target,
      sample_size, confidence_level, margin_of_error, data_quality_score, calculation_method, source_systems, calculated_at, calculated_by)
    select p_brand, r.site_id, r.metric_name,
      case when r.metric_name in ('revenue', 'average_order_value', 'gross_margin') then 'financial' when r.metric_name like '%customers' then 'customer'
        when r.metric_name = 'stock_turnover' then 'inventory' else 'operational' end,
      r.value, case when r.metric_name in ('revenue', 'average_order_value') then coalesce((select s.currency from ops.sites s where s.brand_id = p_brand and s.id = r.site_id), v_currency)
        when r.metric_name in ('refund_rate', 'gross_margin') then 'share' when r.metric_name = 'stock_turnover' then 'per year' when r.metric_name = 'items_per_order' then 'items' else 'count' end,
      v_first, p_period, v_from, v_until, r.dimension, r.dimension_value, r.earlier, r.last_year, r.target_value, r.value - r.target_value,
      least(2147483647, r.n)::integer, case when r.margin is not null then 0.95 end, r.margin, coalesce(r.quality, 0), 'private.measure_' || case r.metric_name when 'stock_turnover' then 'stock' else 'sales' end,
      '["ops.sales_data"]', p_now, 'ops.compute_business_metrics'
    from rows r
    on conflict (brand_id, metric_name, site_id, period_start, period_end, breakdown_dimension, breakdown_value) do update
    set metric_category = excluded.metric_category, metric_value = excluded.metric_value, metric_unit = excluded.metric_unit, measurement_date = excluded.measurement_date,
      measurement_period = excluded.measurement_period, previous_period_value = excluded.previous_period_value, year_over_year_value = excluded.year_over_year_value,
      target_value = excluded.target_value, variance_from_target = excluded.variance_from_target, sample_size = excluded.sample_size,
      confidence_level = excluded.confidence_level, margin_of_error = excluded.margin_of_error, data_quality_score = excluded.data_quality_score,
      calculation_method = excluded.calculation_method, source_systems = excluded.source_systems, calculated_at = excluded.calculated_at, calculated_by = excluded.calculated_by
    returning 1
  )
  select count(*)::integer into v_count from written;
  return v_count;
end
$$;
comment on function private.measure_business(uuid, text, date, timestamptz) is
  'Computes the metrics of the period that the local day p_day is in and writes one row each; what no longer has a value goes. Returns how many rows.';

create function private.ops_compute_business_metrics(p_brand uuid, p_period text, p_now timestamptz)
returns integer
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  v_started constant timestamptz := clock_timestamp();
  v_today date;
  v_count integer;
begin
  perform private.require_role(p_brand, 'manager');
  perform private.require_time('p_now', p_now);
  if private.period_step(p_period) is null then
    perform private.raise_error('invalid_argument', 'p_period', 'must be one of daily, weekly, monthly, quarterly, yearly');
  end if;
  select (p_now at time zone b.timezone)::date into v_today from core.brands b where b.id = p_brand;
  -- The last one that is over.
  v_count := private.measure_business(p_brand, p_period, private.period_start(v_today, p_period) - 1, p_now);
  perform private.log_call('ops.compute_business_metrics', p_brand, jsonb_build_object('period', p_period, 'now', p_now), jsonb_build_object('metrics', v_count), v_started);
  return v_count;
end
$$;
comment on function private.ops_compute_business_metrics(uuid, text, timestamptz) is 'Body of ops.compute_business_metrics. Definer: clients write no metrics.';
grant execute on function private.ops_compute_business_metrics(uuid, text, timestamptz) to authenticated, service_role;

create function ops.compute_business_metrics(p_brand uuid, p_period text, p_now timestamptz default now())
returns integer
language sql
volatile
set search_path = ''
begin atomic
  select private.ops_compute_business_metrics(p_brand, p_period, p_now);
end;
comment on function ops.compute_business_metrics(uuid, text, timestamptz) is
  'Computes the metrics of the last period (p_period: daily, weekly, monthly, quarterly, yearly) that is over at p_now in the brand''s time zone, for the brand and each site: revenue, orders, average_order_value, items_per_order, refund_rate, new_customers, returning_customers, gross_margin, stock_turnover; revenue, orders and the means also by order_method, revenue by category. Beside each the value of the period before and of a year ago (364 days for days and weeks), target and distance from it, sample size and margin of error (half the 95% interval). Computing again replaces. The job does it once per local period and again when late sales arrive. Returns how many metrics. For managers. Errors: invalid_argument, not_a_member, role_too_low.';
grant execute on function ops.compute_business_metrics(uuid, text, timestamptz) to authenticated, service_role;

create function private.measure_late_sales(p_brand uuid, p_now timestamptz, p_limit integer)
returns integer
language plpgsql
volatile
set search_path = ''
as $$
declare
  v_today date := (select (p_now at time zone b.timezone)::date from core.brands b where b.id = p_brand);
  v_period record;
  v_count integer := 0;
begin
  -- A loop, since each period is one computation; days that one period holds are one round.
  for v_period in
    with days as (
      select distinct l.local_day from private.late_sales l where l.brand_id = p_brand order by l.local_day limit p_limit
    ), taken as (
      delete from private.late_sales l using days d where l.brand_id = p_brand and l.local_day = d.local_day returning l.local_day
    )
    select distinct p.period, private.period_start(t.local_day, p.period) as first
    from taken t cross join unnest(array['daily', 'weekly', 'monthly', 'quarterly', 'yearly']) p (period)
    where private.period_start(t.local_day, p.period) + private.period_step(p.period) <= v_today
    order by 1, 2
  loop
    v_count := v_count + private.measure_business(p_brand, v_period.period, v_period.first, p_now);
  end loop;
  return v_count;
end
$$;
comment on function private.measure_late_sales(uuid, timestamptz, integer) is
  'Computes again what is over and got or lost sales since, up to p_limit local days; returns how many metrics.';

create function private.measure_ended(p_brand uuid, p_now timestamptz)
returns integer
language sql
volatile
set search_path = ''
as $$
  -- What was over an hour ago and has no metrics yet, of the last 7 days: ticks may have been missed.
  select coalesce(sum(private.measure_business(p_brand, p.period, p.first, p_now)), 0)::integer
  from (
    select distinct k.period, private.period_start(d.day, k.period) as first
    from (
      select t.today - n as day, t.today
      from core.brands b cross join lateral (select ((p_now - interval '1 hour') at time zone b.timezone)::date as today) t
      cross join generate_series(1, 7) n where b.id = p_brand) d
    cross join unnest(array['daily', 'weekly', 'monthly', 'quarterly', 'yearly']) k (period)
    where private.period_start(d.day, k.period) + private.period_step(k.period) <= d.today
      and not exists (select from ops.business_metrics m where m.brand_id = p_brand and m.measurement_period = k.period and m.calculated_by = 'ops.compute_business_metrics'
        and m.measurement_date = private.period_start(d.day, k.period))
    order by 1, 2
  ) p
$$;
comment on function private.measure_ended(uuid, timestamptz) is 'Computes the metrics of the periods that ended in the last 7 local days, an hour ago at least, and have none; returns how many.';
