create function private.claim_local_periods(
  p_schedule text,
  p_period text,
  p_local_time interval default '0',
  p_now timestamptz default now(),
  p_catch_up integer default 7
)
returns table (brand_id uuid, local_period timestamp)
language sql
volatile
set search_path = ''
as $$
  with due as (
    select b.id, d.period
    from core.brands b
    cross join lateral private.local_periods_due(
      (select max(r.local_period) from private.schedule_runs r
       where r.schedule_name = p_schedule and r.brand_id = b.id),
      b.timezone, p_period, p_local_time, p_now, p_catch_up) as d (period)
    where b.is_active
  )
  insert into private.schedule_runs (schedule_name, brand_id, local_period)
  select p_schedule, d.id, d.period from due d order by d.id, d.period
  on conflict do nothing
  returning schedule_runs.brand_id, schedule_runs.local_period
$$;

comment on function private.claim_local_periods(text, text, interval, timestamptz, integer) is
  'For a cron job that ticks often: claims the local periods (p_period: hour, day, week, month) of every active brand that have become due, each exactly once per p_schedule, through daylight saving and missed ticks (at most p_catch_up of them). p_local_time: how far into the local period the work starts. The claim belongs to the transaction: work that fails gives it back.';
