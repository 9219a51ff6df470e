create type private.observation as (rule_id uuid, subject text, site_id uuid, value double precision, center double precision, width double precision, title text, entity jsonb);

create function private.robust_interval(p_history double precision[], out center double precision, out width double precision)
language sql
immutable
set search_path = ''
as $$
  -- The median absolute deviation is 0.6745 standard deviations of a normal variable. Of a short history it is too small
  -- as often as too large: n / (n - 2.5) evens out the false alarms. At least the noise of counting.
  select m.center, greatest(1.4826 * d.mad * sqrt(1 + 1.57 / n.n) * n.n / (n.n - 2.5), sqrt(abs(m.center)) * 0.5, 1e-9)
  from (select cardinality(p_history)::double precision as n) n
  cross join lateral (select percentile_cont(0.5) within group (order by h) as center from unnest(p_history) h) m
  cross join lateral (select percentile_cont(0.5) within group (order by abs(h - m.center)) as mad from unnest(p_history) h) d
  where n.n >= 6
$$;
comment on function private.robust_interval(double precision[]) is
  'Median of a history of at least 6 values, and the standard deviation around it that one more value should have: from the median absolute deviation, widened for a short history. Null where the history is shorter.';

create function private.observe_metrics(p_brand uuid, p_now timestamptz)
returns setof private.observation
language sql
stable
set search_path = ''
as $$
  with rules as materialized (
    select r.* from ops.alert_rules r where r.brand_id = p_brand and r.is_active and r.watches = 'metric'
  ), latest as materialized (
    select r.id as rule_id, r.is_anomaly, r.measurement_period, r.rule_name, m.*
    from rules r cross join lateral (
      select b.id, b.site_id, b.metric_name, b.metric_value, b.period_start, b.period_end, b.measurement_date from ops.business_metrics b
      where b.brand_id = p_brand and b.metric_name = r.measure and b.measurement_period = r.measurement_period and b.site_id is not distinct from r.site_id
        and b.breakdown_dimension is null and b.period_end <= p_now
      order by b.period_start desc limit 1) m (id, site_id, metric_name, metric_value, period_start, period_end, measurement_date)
  ), histories as (
    -- Days are compared with the same weekday: a Sunday is no anomaly.
    select l.rule_id, array_agg(h.metric_value) as history
    from latest l cross join lateral (
      select b.metric_value from ops.business_metrics b
      where b.brand_id = p_brand and b.metric_name = l.metric_name and b.measurement_period = l.measurement_period and b.site_id is not distinct from l.site_id
        and b.breakdown_dimension is null and b.period_start < l.period_start
        and (l.measurement_period <> 'daily' or (l.measurement_date - b.measurement_date) % 7 = 0)
      order by b.period_start desc limit 12) h
    where l.is_anomaly group by l.rule_id
  )
  select l.rule_id, ''::text, l.site_id, l.metric_value, i.center, i.width, l.rule_name,
    jsonb_build_object('kind', 'metric', 'id', l.id)
  from latest l
  left join histories h on h.rule_id = l.rule_id
  left join lateral private.robust_interval(h.history) i on true
$$;
comment on function private.observe_metrics(uuid, timestamptz) is 'The newest value of what each metric rule watches; for anomaly rules with the centre and width of up to 12 values before it.';

create function private.observe_stock_and_cases(p_brand uuid, p_now timestamptz)
returns setof private.observation
language sql
stable
set search_path = ''
as $$
  with rules as materialized (
    select r.* from ops.alert_rules r where r.brand_id = p_brand and r.is_active and r.watches in ('stock', 'case')
  ), stock as materialized (
    -- Not computed where nobody asks.
    select f.* from (select from rules r where r.watches = 'stock' limit 1) e cross join lateral private.stock_forecast(p_brand, 0.95, p_now) f
  ), cases as materialized (
    select c.site_id, c.status, private.case_is_late(p_brand, c, p_now) as is_late, c.customer_satisfaction_score as score, c.event_timestamp
    from (select from rules r where r.watches = 'case' limit 1) e cross join ops.crm_events c
    where c.brand_id = p_brand and (c.status in ('open', 'in_progress', 'escalated') or c.event_timestamp > p_now - interval '28 days') and c.event_timestamp <= p_now
  )
  select r.id, s.inventory_id::text, s.site_id, case r.measure when 'current_stock' then s.current_stock when 'days_of_cover' then s.days_of_cover end,
    null::double precision, null::double precision, r.rule_name || ': ' || s.product_id, jsonb_build_object('kind', 'inventory', 'id', s.inventory_id)
  from rules r join stock s on r.site_id is null or s.site_id = r.site_id
  where r.watches = 'stock' and r.measure in ('current_stock', 'days_of_cover')
  union all
  select r.id, '', r.site_id, v.value, null, null, r.rule_name, null
  from rules r cross join lateral (
    select case r.measure when 'open_cases' then count(*) filter (where c.status in ('open', 'in_progress', 'escalated'))
      when 'overdue_cases' then count(*) filter (where c.is_late)
      when 'satisfaction' then avg(c.score) filter (where c.event_timestamp > p_now - interval '28 days') end::double precision as value
    from cases c where r.site_id is null or c.site_id = r.site_id) v
  where r.watches = 'case' and v.value is not null
$$;
comment on function private.observe_stock_and_cases(uuid, timestamptz) is 'What each stock rule sees of each product, and each rule on service cases of them.';

create function private.evaluate_alerts(p_brand uuid, p_now timestamptz)
returns integer
language plpgsql
volatile
set search_path = ''
as $$
declare
  v_width double precision := (private.parameter(p_brand, 'ops.anomaly_width') #>> '{}')::double precision;
  v_calls private.alert_call[];
  v_cleared text[];
begin
  update ops.operational_alerts a set status = 'expired'
  where a.brand_id = p_brand and a.status in ('active', 'acknowledged') and a.expires_at <= p_now;
  if not exists (select from ops.alert_rules r where r.brand_id = p_brand and r.is_active) then
    return 0;
  end if;
  -- Two looks at once would open one alert twice.
  perform pg_advisory_xact_lock(hashtextextended('ops.evaluate_alerts/' || p_brand, 0));
  with seen as materialized (
    select o.* from private.observe_metrics(p_brand, p_now) o
    union all select o.* from private.observe_stock_and_cases(p_brand, p_now) o
  ), judged as materialized (
    select r.id as rule_id, o.subject, o.site_id, o.value, o.title, o.entity, r.alert_type, r.alert_severity, r.measure, r.threshold_type, r.cool_down_minutes,
      r.minimum_minutes, r.expires_after_minutes, s.value as before, s.breached_since, l.at, 'rule:' || r.id || coalesce(':' || nullif(o.subject, ''), '') as alert_key,
      case r.threshold_type when 'above' then o.value > l.at when 'below' then o.value < l.at
        when 'equals' then o.value = l.at
        when 'not_equals' then case when r.is_anomaly then abs(o.value - o.center) > v_width * o.width else o.value <> l.at end
        when 'changed' then o.value <> s.value when 'unchanged' then o.value = s.value end as is_breached,
      case r.threshold_type when 'above' then o.value <= coalesce(case when not r.is_anomaly then r.clear_threshold end, l.at)
        when 'below' then o.value >= coalesce(case when not r.is_anomaly then r.clear_threshold end, l.at) else true end as is_clear,
      case r.threshold_type when 'above' then o.value >= r.escalate_threshold when 'below' then o.value <= r.escalate_threshold else false end as is_critical
    from seen o
    join ops.alert_rules r on r.id = o.rule_id
    left join private.alert_states s on s.rule_id = o.rule_id and s.subject = o.subject
    cross join lateral (
      select case when not r.is_anomaly then r.threshold when r.threshold_type = 'below' then o.center - v_width * o.width else o.center + v_width * o.width end as at) l
  ), kept as (
    insert into private.alert_states (brand_id, rule_id, subject, value, breached_since, looked_at)
    select p_brand, j.rule_id, j.subject, j.value, case when j.is_breached then coalesce(j.breached_since, p_now) end, p_now from judged j
    on conflict (rule_id, subject) do update
    set value = excluded.value, breached_since = excluded.breached_since, looked_at = excluded.looked_at
  )
  select array_agg(row(p_brand, j.site_id, j.alert_type, case when j.is_critical then 'critical' else j.alert_severity end, j.title,
      format('%s is %s (%s %s).', j.measure, round(j.value::numeric, 2), replace(j.threshold_type, '_', ' '), coalesce(round(j.at::numeric, 2)::text, round(j.before::numeric, 2)::text)),
      j.alert_key, j.measure || ' ' || j.threshold_type, j.value, j.at, j.threshold_type, 'ops.alert_rules', jsonb_build_object('rule_id', j.rule_id),
      case when j.entity is null then '[]' else jsonb_build_array(j.entity) end, j.cool_down_minutes * interval '1 minute',
      p_now + j.expires_after_minutes * interval '1 minute')::private.alert_call)
      filter (where j.is_breached and coalesce(j.breached_since, p_now) <= p_now - j.minimum_minutes * interval '1 minute'
        -- What was dismissed or has expired is over until its cause comes again.
        and not exists (
          select from ops.operational_alerts a
          where a.brand_id = p_brand and a.alert_key = j.alert_key and a.status in ('dismissed', 'expired')
            and coalesce(a.resolved_at, a.expires_at) >= j.breached_since)),
    array_agg(j.alert_key) filter (where not coalesce(j.is_breached, false) and j.is_clear)
  into v_calls, v_cleared from judged j;
  perform private.raise_alerts(coalesce(v_calls, '{}'), p_now);
  perform private.clear_alerts(p_brand, coalesce(v_cleared, '{}'), 'within its threshold again', p_now);
  return coalesce(cardinality(v_calls), 0);
end
$$;
comment on function private.evaluate_alerts(uuid, timestamptz) is
  'Looks at everything that the brand''s alert rules watch: opens, escalates and resolves alerts, and lets old ones expire. Returns how many rules are passed.';

create function private.evaluate_written_metrics()
returns trigger
language plpgsql
security definer
set search_path = ''
as $$
declare
  v_brand record;
begin
  -- A loop over brands, of which a statement nearly always has one.
  for v_brand in
    select w.brand_id, greatest(now(), max(w.calculated_at)) as at from written w
    where exists (select from ops.alert_rules r where r.brand_id = w.brand_id and r.is_active and r.watches = 'metric')
    group by w.brand_id order by w.brand_id
  loop
    perform private.evaluate_alerts(v_brand.brand_id, v_brand.at);
  end loop;
  return null;
end
$$;
comment on function private.evaluate_written_metrics() is
  'Trigger (after metrics are written, per statement): looks at the alert rules at once. Definer: clients write no alerts.';
