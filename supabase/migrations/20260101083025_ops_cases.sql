create function private.business_minutes(p_from timestamptz, p_until timestamptz, p_hours jsonb, p_special jsonb, p_zone text)
returns integer
language sql
stable
set search_path = ''
as $$
  -- Beyond a year of days the clock is near enough.
  select case when coalesce(p_hours, '{}') = '{}' or p_until > p_from + interval '400 days' then least(2147483647, greatest(0, floor(extract(epoch from p_until - p_from) / 60)))::integer
    else (
      select coalesce(floor(sum(extract(epoch from least(p_until, s.closes) - greatest(p_from, s.opens))) / 60), 0)::integer
      from generate_series(((p_from at time zone p_zone)::date - 1)::timestamp, (p_until at time zone p_zone)::date, interval '1 day') d (day)
      cross join lateral (
        select coalesce((select x.value -> 'hours' from jsonb_array_elements(case jsonb_typeof(p_special) when 'array' then p_special else '[]' end) x
            where x.value ->> 'date' = to_char(d.day, 'YYYY-MM-DD') limit 1),
          p_hours -> to_char(d.day, 'dy'), '[]') as spans) h
      cross join lateral (
        select (d.day + (o.span ->> 0)::interval) at time zone p_zone as opens,
          -- Until after midnight where it closes before it opens.
          (d.day + (o.span ->> 1)::interval + case when (o.span ->> 1)::interval <= (o.span ->> 0)::interval then interval '1 day' else interval '0' end) at time zone p_zone as closes
        from jsonb_array_elements(case jsonb_typeof(h.spans) when 'array' then h.spans else '[]' end) o (span)
        where o.span ->> 0 ~ '^([01]\d|2[0-4]):[0-5]\d$' and o.span ->> 1 ~ '^([01]\d|2[0-4]):[0-5]\d$') s
      where s.closes > p_from and s.opens < p_until) end
$$;
comment on function private.business_minutes(timestamptz, timestamptz, jsonb, jsonb, text) is
  'Minutes between two times inside opening hours, {"mon": [["09:00", "18:00"]], ...} in local time of p_zone; p_special: [{"date", "hours"}] instead of the weekday''s. Without hours, by the clock. Spans that are none count as closed.';

create function private.case_minutes(p_brand uuid, p_site uuid, p_from timestamptz, p_until timestamptz)
returns integer
language sql
stable
set search_path = ''
as $$
  select private.business_minutes(p_from, p_until, s.operating_hours, s.special_hours, coalesce(s.timezone, 'UTC'))
  from (select) x left join ops.sites s on s.brand_id = p_brand and s.id = p_site
$$;
comment on function private.case_minutes(uuid, uuid, timestamptz, timestamptz) is 'Minutes of a service case: inside the opening hours of its site, else by the clock.';

create function private.case_is_late(p_brand uuid, p_case ops.crm_events, p_now timestamptz)
returns boolean
language sql
stable
set search_path = ''
as $$
  select p_case.status in ('open', 'in_progress', 'escalated') and (
    p_case.first_response_time is null and private.case_minutes(p_brand, p_case.site_id, p_case.event_timestamp, p_now)
      > (private.parameter(p_brand, 'ops.first_response_minutes') ->> p_case.event_priority)::double precision
    or private.case_minutes(p_brand, p_case.site_id, p_case.event_timestamp, p_now)
      > (private.parameter(p_brand, 'ops.resolution_minutes') ->> p_case.event_priority)::double precision)
$$;
comment on function private.case_is_late(uuid, ops.crm_events, timestamptz) is
  'Whether an open service case waits longer for its answer or solution than its priority allows.';

create function private.keep_case()
returns trigger
language plpgsql
security definer
set search_path = ''
as $$
declare
  v_mood double precision;
begin
  if new.customer_sentiment is null and (tg_op = 'INSERT' or old.event_description is distinct from new.event_description)
    and private.parameter(new.brand_id, 'actors.text_provider') #>> '{}' = 'offline' then
    select (t.insight ->> 'sentiment')::double precision into v_mood
    from private.read_texts(array[new.id], array[new.event_description]) t;
    new.customer_sentiment := case when v_mood > 0.2 then 'positive' when v_mood < -0.2 then 'negative' when v_mood is not null then 'neutral' end;
  end if;
  if new.status not in ('open', 'cancelled') and new.first_response_time is null and not (tg_op = 'UPDATE' and new.status = 'escalated' and new.escalated_at = now()) then
    new.first_response_time := private.case_minutes(new.brand_id, new.site_id, new.event_timestamp, now());
  end if;
  if new.status in ('resolved', 'closed') and (tg_op = 'INSERT' or old.status not in ('resolved', 'closed')) then
    -- A date that staff give counts, unless it lies before the case or ahead.
    new.resolution_date := case when new.resolution_date between new.event_timestamp and now()
      and (tg_op = 'INSERT' or new.resolution_date is distinct from old.resolution_date) then new.resolution_date else now() end;
    new.resolution_time := private.case_minutes(new.brand_id, new.site_id, new.event_timestamp, new.resolution_date);
  elsif tg_op = 'UPDATE' and old.status in ('resolved', 'closed') and new.status in ('open', 'in_progress', 'escalated') then
    new.reopened_count := old.reopened_count + 1;
    new.resolution_date := null;
    new.resolution_time := null;
    new.escalated_at := null;
  end if;
  return new;
end
$$;
comment on function private.keep_case() is
  'Trigger (before a service case is written): sentiment, first answer, solution and reopening follow from its text and states. Definer: these columns are not for clients to write.';

create function private.note_case()
returns trigger
language plpgsql
security definer
set search_path = ''
as $$
begin
  insert into private.ops_untold (brand_id, source, row_id) values (new.brand_id, 'case', new.id);
  return null;
end
$$;
comment on function private.note_case() is 'Trigger (after a service case of somebody is opened, solved or rated): puts it in line for signals. Definer: the line is closed to clients.';

create function private.escalate_cases(p_brand uuid, p_now timestamptz, p_limit integer)
returns integer
language plpgsql
volatile
set search_path = ''
as $$
declare
  v_late uuid[];
  v_waiting integer;
begin
  v_late := array(
    select c.id from ops.crm_events c
    where c.brand_id = p_brand and c.status in ('open', 'in_progress') and c.escalated_at is null and c.event_timestamp <= p_now
      and private.case_is_late(p_brand, c, p_now)
    order by c.event_timestamp limit p_limit for no key update skip locked);
  update ops.crm_events c
  set escalated_at = p_now, follow_up_required = true, status = 'escalated'
  where c.brand_id = p_brand and c.id = any (v_late);
  select count(*)::integer into v_waiting from ops.crm_events c where c.brand_id = p_brand and c.status = 'escalated' and c.escalated_at is not null;
  -- One alert, however many wait: each case shows its own state.
  if v_waiting > 0 then
    perform private.raise_alerts(array[row(p_brand, null, 'customer', case when v_waiting >= 10 then 'critical' else 'high' end, 'Service cases wait too long',
      format('%s service cases wait longer than their priority allows.', v_waiting), 'late_cases', 'minutes waiting > minutes allowed', v_waiting, 0, 'above',
      'ops.crm_events', '{}'::jsonb, coalesce((select jsonb_agg(jsonb_build_object('kind', 'case', 'id', l.id)) from unnest(v_late[:20]) l (id)), '[]'),
      interval '1 hour', null)::private.alert_call], p_now);
  else
    perform private.clear_alerts(p_brand, array['late_cases'], 'no case waits too long', p_now);
  end if;
  return cardinality(v_late);
end
$$;
comment on function private.escalate_cases(uuid, timestamptz, integer) is
  'Escalates up to p_limit open service cases whose answer or solution is late, and keeps one alert while such cases wait. Returns how many.';
