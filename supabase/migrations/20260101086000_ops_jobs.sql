create function private.job_ops_tell(p_now timestamptz default now(), p_limit integer default 1000)
returns void
language sql
volatile
set search_path = ''
as $$
  select private.for_each_brand('signals.ingest',
    array(select b.id from core.brands b where b.is_active and exists (select from private.ops_untold u where u.brand_id = b.id) order by b.id),
    format('select private.ops_tell($1, $2, %s)', p_limit), p_now)
$$;
comment on function private.job_ops_tell(timestamptz, integer) is 'Every 5 seconds: tells signals of the sales and service cases that wait, up to p_limit of each active brand.';

create function private.job_ops_watch(p_now timestamptz default now(), p_limit integer default 1000)
returns void
language sql
volatile
set search_path = ''
as $$
  select private.for_each_brand('ops.evaluate_alerts', array(select b.id from core.brands b where b.is_active order by b.id),
    format('select private.escalate_cases($1, $2, %s), private.evaluate_alerts($1, $2)', p_limit), p_now)
$$;
comment on function private.job_ops_watch(timestamptz, integer) is 'Every 5 minutes: escalates late service cases and looks at the alert rules of every active brand.';

create function private.job_ops_metrics(p_now timestamptz default now(), p_limit integer default 30)
returns void
language plpgsql
volatile
set search_path = ''
as $$
begin
  -- An hour after local midnight, for the tills that close late; the longer periods when the day that ends them is over.
  perform private.for_each_brand('ops.compute_business_metrics', array(select distinct c.brand_id from private.claim_local_periods('ops.metrics', 'day', '1 hour', p_now, 7) c order by 1),
    $statement$select private.measure_ended($1, $2)$statement$, p_now);
  perform private.for_each_brand('ops.compute_business_metrics',
    array(select b.id from core.brands b where b.is_active and exists (select from private.late_sales l where l.brand_id = b.id) order by b.id),
    format('select private.measure_late_sales($1, $2, %s)', p_limit), p_now);
end
$$;
comment on function private.job_ops_metrics(timestamptz, integer) is
  'Every quarter of an hour: the metrics of the local periods that have ended, once each, and those of up to p_limit days that late sales came for.';

select cron.schedule('loopwise-ops-tell', '5 seconds', $$select private.job_ops_tell()$$);
select cron.schedule('loopwise-ops-watch', '*/5 * * * *', $$select private.job_ops_watch()$$);
select cron.schedule('loopwise-ops-metrics', '3,18,33,48 * * * *', $$select private.job_ops_metrics()$$);
