create table private.schedule_runs (
  schedule_name text not null,
  brand_id uuid not null,
  local_period timestamp not null,
  claimed_at timestamptz not null default now(),
  primary key (schedule_name, brand_id, local_period)
);

comment on table private.schedule_runs is
  'Which local periods of which brand a schedule has run for; the primary key is what makes it exactly once.';

create function private.local_periods_due(
  p_last timestamp,
  p_time_zone text,
  p_period text,
  p_local_time interval,
  p_now timestamptz,
  p_catch_up integer
)
returns setof timestamp
language sql
stable
set search_path = ''
as $$
  -- The newest period whose local start time has come. Local time may repeat or skip an hour; a period may not.
  with latest as (
    select date_trunc(p_period, (p_now at time zone p_time_zone) - p_local_time) as period
  )
  select s.period
  from latest l
  cross join lateral generate_series(
    greatest(p_last + ('1 ' || p_period)::interval, l.period - (p_catch_up - 1) * ('1 ' || p_period)::interval),
    l.period,
    ('1 ' || p_period)::interval
  ) as s (period)
  where p_last is not null
  union all
  select l.period from latest l where p_last is null
$$;

comment on function private.local_periods_due(timestamp, text, text, interval, timestamptz, integer) is
  'Local periods (hour, day, week or month, by their first local moment) after p_last that are due at p_now in p_time_zone, oldest first, at most p_catch_up; only the newest when there is no last one. p_local_time: how far into the period the work starts.';
