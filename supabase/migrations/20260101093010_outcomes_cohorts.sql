-- What the people of a cohort did in a calendar month, beside everybody the brand knew at its beginning.
create function private.cohort_month(p_brand uuid, p_start timestamptz, p_end timestamptz)
returns table (cohort_id uuid, metric_name text, metric_unit text, is_share boolean, n double precision, total double precision, squares double precision, quality double precision)
language sql
stable
set search_path = ''
set enable_nestloop = off -- people of unknown number: hash joins, never a quadratic one
set jit = off
as $$
  with sale as materialized (
    select e.actor_id, sum(e.value) filter (where e.attribute = 'behavior.order_value') as revenue,
      count(*) filter (where e.attribute = 'behavior.order_value') as orders,
      count(*) filter (where e.attribute = 'behavior.refund_share' and e.value = 1) as refunds, avg(e.weight) as quality
    from private.order_evidence e
    where e.brand_id = p_brand and e.occurred_at >= p_start and e.occurred_at < p_end and e.attribute in ('behavior.order_value', 'behavior.refund_share')
    group by e.actor_id
  ),
  response as materialized (
    select d.actor_id, count(*) as treated, count(r.deployment_id) as responded
    from stimuli.stimulus_deployments d
    left join (
      select distinct o.deployment_id from outcomes.outcomes o where o.brand_id = p_brand and private.is_response(o.outcome_type) and not o.is_holdout) r
      on r.deployment_id = d.id
    where d.brand_id = p_brand and not d.is_holdout and d.deployed_at >= p_start and d.deployed_at < p_end
    group by d.actor_id
  ),
  person as materialized (
    select a.id, coalesce(s.revenue, 0) as revenue, coalesce(s.orders, 0) as orders, coalesce(s.refunds, 0) as refunds, s.quality,
      coalesce(r.treated, 0) as treated, coalesce(r.responded, 0) as responded
    from actors.actors a
    left join sale s on s.actor_id = a.id
    left join response r on r.actor_id = a.id
    where a.brand_id = p_brand and a.merged_into is null and a.first_seen_at < p_start
  ),
  sums as (
    select g.cohort_id, count(*) as people, sum(p.revenue) as revenue, sum(p.revenue ^ 2) as revenue_squares, sum(p.orders) as orders, sum(p.orders ^ 2) as order_squares,
      count(*) filter (where p.orders > 0) as active, least(sum(p.refunds), sum(p.orders)) as refunds, sum(p.treated) as treated, sum(p.responded) as responded,
      coalesce(avg(p.quality), 1) as quality
    from person p
    join (
      select m.actor_id, m.cohort_id from private.members_as_of(p_brand, p_start) m
      union all select x.id, null from person x
    ) g on g.actor_id = p.id
    group by g.cohort_id
  )
  select s.cohort_id, v.*, s.quality
  from sums s
  cross join lateral (values
    ('revenue_per_member', 'currency', false, s.people, s.revenue, s.revenue_squares),
    ('orders_per_member', 'orders', false, s.people, s.orders, s.order_squares),
    ('active_share', 'share', true, s.people, s.active, s.active),
    ('refund_share', 'share', true, s.orders, s.refunds, s.refunds),
    ('response_rate', 'share', true, s.treated, s.responded, s.responded)
  ) v (metric_name, metric_unit, is_share, n, total, squares)
  where v.n > 0
$$;
comment on function private.cohort_month(uuid, timestamptz, timestamptz) is
  'Sums over the people who were in a cohort when a period began (cohort_id null: everybody known by then): n, total and total of squares of each measure. Measured are those who were members before, so that nobody is a member for what is measured. refund_share counts at most as many refunds as sales; response_rate treated deployments of the period.';

create function private.welch_p_value(
  p_n1 double precision, p_total1 double precision, p_squares1 double precision, p_n2 double precision, p_total2 double precision, p_squares2 double precision)
returns double precision
language sql
immutable
set search_path = ''
as $$
  select case when a.error + b.error > 0 then private.t_p_value((p_total1 / p_n1 - p_total2 / p_n2) / sqrt(a.error + b.error),
    greatest((a.error + b.error) ^ 2 / (a.error ^ 2 / (p_n1 - 1) + b.error ^ 2 / (p_n2 - 1)), 3)) end
  from (select greatest(p_squares1 - p_total1 ^ 2 / p_n1, 0) / (p_n1 - 1) / p_n1 as error where p_n1 > 1) a,
    (select greatest(p_squares2 - p_total2 ^ 2 / p_n2, 0) / (p_n2 - 1) / p_n2 as error where p_n2 > 1) b
$$;
comment on function private.welch_p_value(double precision, double precision, double precision, double precision, double precision, double precision) is
  'Two-sided Welch test of two means from their sums: how many, total, total of squares. Null for fewer than two on one side, or without any spread.';

create function private.cohort_metrics(p_brand uuid, p_start timestamptz, p_end timestamptz)
returns table (cohort_id uuid, metric_name text, metric_unit text, sample_size integer, value double precision, lower double precision, upper double precision,
  p_value double precision, baseline double precision, percentile_rank double precision, quality double precision)
language sql
stable
set search_path = ''
as $$
  with cell as materialized (select c.* from private.cohort_month(p_brand, p_start, p_end) c)
  select c.cohort_id, c.metric_name, c.metric_unit, c.n::integer, c.total / c.n,
    case when c.is_share then w.lower else greatest(c.total / c.n - r.reach, 0) end,
    case when c.is_share then w.upper else c.total / c.n + r.reach end,
    case when c.is_share then t.p_value else private.welch_p_value(c.n, c.total, c.squares, b.n - c.n, b.total - c.total, b.squares - c.squares) end,
    b.total / b.n,
    case when count(*) over g > 1 then 100 * percent_rank() over (partition by c.metric_name order by c.total / c.n) end, c.quality
  from cell c
  join cell b on b.metric_name = c.metric_name and b.cohort_id is null
  cross join lateral private.wilson_interval(case when c.is_share then c.total end, c.n) w
  cross join lateral private.two_shares(case when c.is_share then c.total end, c.n, case when c.is_share then b.total - c.total end, b.n - c.n) t
  cross join lateral (
    select private.t_critical(greatest(c.n - 1, 3)) * sqrt(greatest(c.squares - c.total ^ 2 / c.n, 0) / nullif(c.n - 1, 0) / c.n) as reach) r
  where c.cohort_id is not null
  window g as (partition by c.metric_name)
$$;
comment on function private.cohort_metrics(uuid, timestamptz, timestamptz) is
  'The measures of the cohorts of a brand in a period: value, 95% interval (Wilson for shares, t for means), p value against everybody else, the mean of everybody, and the rank among the cohorts (0 lowest, 100 highest).';

create function private.outcomes_measure_cohorts(p_brand uuid, p_now timestamptz)
returns integer
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  v_started constant timestamptz := clock_timestamp();
  v_written integer;
begin
  perform private.require_role(p_brand, 'manager');
  perform private.require_time('p_now', p_now);
  insert into cohorts.cohort_performance_metrics as t (brand_id, cohort_id, metric_name, metric_value, metric_unit,
    measurement_period_start, measurement_period_end, measurement_date, context_type, sample_size,
    confidence_interval_lower, confidence_interval_upper, p_value, baseline_value, improvement_over_baseline, percentile_rank,
    data_quality_score, measurement_confidence)
  select p_brand, m.cohort_id, m.metric_name, m.value, m.metric_unit, p.starts, p.ends, p_now, 'calendar_month', m.sample_size,
    m.lower, m.upper, m.p_value, m.baseline, m.value - m.baseline, m.percentile_rank, m.quality, coalesce(1 - m.p_value, 0)
  from (
    -- The month before last once more: orders and refunds arrive late.
    select d.day at time zone b.timezone as starts, (d.day + interval '1 month') at time zone b.timezone as ends
    from core.brands b
    cross join lateral (select date_trunc('month', p_now at time zone b.timezone) - i.i * interval '1 month' as day from generate_series(1, 2) i (i)) d
    where b.id = p_brand
  ) p
  cross join lateral private.cohort_metrics(p_brand, p.starts, p.ends) m
  on conflict (brand_id, cohort_id, metric_name, measurement_period_start, measurement_period_end, context_type, context_id) do update
  set metric_value = excluded.metric_value, measurement_date = excluded.measurement_date, sample_size = excluded.sample_size,
    confidence_interval_lower = excluded.confidence_interval_lower, confidence_interval_upper = excluded.confidence_interval_upper,
    p_value = excluded.p_value, baseline_value = excluded.baseline_value, improvement_over_baseline = excluded.improvement_over_baseline,
    percentile_rank = excluded.percentile_rank, data_quality_score = excluded.data_quality_score, measurement_confidence = excluded.measurement_confidence;
  get diagnostics v_written = row_count;
  perform private.log_call('outcomes.measure_cohorts', p_brand, jsonb_build_object('now', p_now), jsonb_build_object('metrics', v_written), v_started);
  return v_written;
end
$$;
comment on function private.outcomes_measure_cohorts(uuid, timestamptz) is 'Body of outcomes.measure_cohorts. Definer: metrics are not writable by clients.';
grant execute on function private.outcomes_measure_cohorts(uuid, timestamptz) to authenticated, service_role;

create function outcomes.measure_cohorts(p_brand uuid, p_now timestamptz default now())
returns integer
language sql
volatile
set search_path = ''
begin atomic
  select private.outcomes_measure_cohorts(p_brand, p_now);
end;
comment on function outcomes.measure_cohorts(uuid, timestamptz) is
  'Measures how the people of each cohort did in the two calendar months (of the brand''s time zone) that were over at p_now: revenue_per_member (before refunds) and orders_per_member, active_share (ordered at all), refund_share, response_rate to what was sent to them; beside the mean of everybody. Members are those of the beginning of the month. Written to cohorts.cohort_performance_metrics with context_type calendar_month; the same month again replaces its rows. Returns how many. For managers. Errors: role_too_low, invalid_argument, not_found.';
grant execute on function outcomes.measure_cohorts(uuid, timestamptz) to authenticated, service_role;
