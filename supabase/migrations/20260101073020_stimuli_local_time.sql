create function private.first_instant(p_local timestamp, p_zone text)
returns timestamptz
language sql
stable
set search_path = ''
as $$
  select case
    -- Shown once or twice: of two the first. PostgreSQL takes the second.
    when (a.at at time zone p_zone) = p_local then coalesce(
      (select min(a.at - s.step) from unnest(array['1 hour', '30 minutes', '2 hours']::interval[]) s (step)
       where (a.at - s.step) at time zone p_zone = p_local), a.at)
    -- Never shown, because the clock jumped over it: the jump. Zones change on quarters of an hour.
    else (
      select min(g.at) from generate_series(
        date_bin('15 minutes', a.at - ((a.at at time zone p_zone) - p_local), '2000-01-01T00:00:00Z'), a.at, interval '15 minutes') g (at)
      where g.at at time zone p_zone >= p_local)
  end
  from (select p_local at time zone p_zone as at) a
$$;
comment on function private.first_instant(timestamp, text) is
  'The first moment at which clocks in p_zone (IANA) show p_local, or, where they jump over it, the moment of the jump. A day that begins with a jump begins there; a day that the zone skips ends when it begins.';

create function private.is_quiet(p_at timestamptz, p_zone text, p_from time, p_until time)
returns boolean
language sql
stable
set search_path = ''
as $$
  select case when p_from <= p_until then t.local >= p_from and t.local < p_until else t.local >= p_from or t.local < p_until end
  from (select (p_at at time zone p_zone)::time as local) t
$$;
comment on function private.is_quiet(timestamptz, text, time, time) is
  'Whether clocks in p_zone show, at p_at, a time in [p_from, p_until), over midnight where p_from is the later. Equal ends: never.';

create function private.quiet_until(p_at timestamptz, p_zone text, p_from time, p_until time)
returns timestamptz
language sql
stable
set search_path = ''
as $$
  -- The end of today, or of the next day; where the clock shows it a second time, the hour before it is quiet once more.
  select min(e.at) from (
    select private.first_instant((p_at at time zone p_zone)::date + d.day + p_until, p_zone) as at from generate_series(0, 2) d (day)
    union all
    select ((p_at at time zone p_zone)::date + p_until) at time zone p_zone
  ) e
  where e.at > p_at and not private.is_quiet(e.at, p_zone, p_from, p_until)
$$;
comment on function private.quiet_until(timestamptz, text, time, time) is
  'For a moment in the quiet hours: when they end, by the clock of p_zone, through days with 23, 25 or 0 hours.';

create function private.require_zone(p_zone text)
returns void
language plpgsql
stable
set search_path = ''
as $$
begin
  -- An abbreviation or a POSIX rule would be taken too, and has no daylight saving.
  if p_zone ~ '^([A-Za-z]+(/[A-Za-z0-9_+-]+)+|UTC)$' then
    perform now() at time zone p_zone;
    return;
  end if;
  raise invalid_parameter_value;
exception when invalid_parameter_value then
  perform private.raise_error('invalid_argument', 'p_time_zone', 'must be an IANA time zone such as Europe/Berlin');
end
$$;
comment on function private.require_zone(text) is 'Error invalid_argument (field p_time_zone) for what is no IANA time zone.';
