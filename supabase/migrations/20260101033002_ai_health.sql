create function private.count_calls(p_before xid8 default pg_snapshot_xmin(pg_current_snapshot()))
returns bigint
language plpgsql
volatile
set search_path = ''
as $$
declare
  v_from xid8;
  v_counted bigint;
begin
  select w.counted_before into v_from from private.call_watermark w for update;

  with counted as (
    insert into private.function_totals as t
      (brand_id, function_id, total_calls, successful_calls, failed_calls, timed_calls, total_time_ms, last_called_at)
    select c.brand_id, c.function_id, count(*), count(*) filter (where c.execution_status = 'completed'),
      count(*) filter (where c.execution_status in ('failed', 'timeout')), count(c.execution_time_ms),
      coalesce(sum(c.execution_time_ms), 0), max(c.call_timestamp)
    from ai.function_calls c
    where c.xid >= v_from and c.xid < p_before
    group by c.brand_id, c.function_id
    on conflict (brand_id, function_id) do update set
      total_calls = t.total_calls + excluded.total_calls,
      successful_calls = t.successful_calls + excluded.successful_calls,
      failed_calls = t.failed_calls + excluded.failed_calls,
      timed_calls = t.timed_calls + excluded.timed_calls,
      total_time_ms = t.total_time_ms + excluded.total_time_ms,
      last_called_at = greatest(t.last_called_at, excluded.last_called_at)
    returning t.function_id
  )
  select count(*) into v_counted from counted;

  update private.call_watermark w set counted_before = p_before where p_before > v_from;
  update ai.functions f
  set total_calls = s.total_calls, successful_calls = s.successful_calls, failed_calls = s.failed_calls,
      average_execution_time_ms = s.average_ms, last_called_at = s.last_called_at,
      reliability_score = s.successful_calls::double precision / nullif(s.successful_calls + s.failed_calls, 0)
  from (
    select t.function_id, sum(t.total_calls) as total_calls, sum(t.successful_calls) as successful_calls,
      sum(t.failed_calls) as failed_calls, sum(t.total_time_ms) / nullif(sum(t.timed_calls), 0) as average_ms,
      max(t.last_called_at) as last_called_at
    from private.function_totals t group by t.function_id
  ) s
  where f.id = s.function_id and f.total_calls is distinct from s.total_calls;
  return v_counted;
end
$$;
comment on function private.count_calls(xid8) is
  'Adds the calls logged since its last run to private.function_totals and ai.functions, each exactly once: it takes those of transactions below p_before, which have all ended (the rule of public.read_oasis_events); the rest waits for the next run. Returns how many totals moved.';

create function private.call_totals(p_brand uuid)
returns table (function_id uuid, total_calls bigint, successful_calls bigint, failed_calls bigint, average_ms double precision, last_called_at timestamptz)
language sql
stable
set search_path = ''
as $$
  select u.function_id, sum(u.total_calls)::bigint, sum(u.successful_calls)::bigint, sum(u.failed_calls)::bigint,
    sum(u.total_time_ms) / nullif(sum(u.timed_calls), 0), max(u.last_called_at)
  from (
    select t.function_id, t.total_calls, t.successful_calls, t.failed_calls, t.timed_calls, t.total_time_ms, t.last_called_at
    from private.function_totals t where t.brand_id = p_brand
    union all
    select c.function_id, 1, (c.execution_status = 'completed')::integer,
      (c.execution_status in ('failed', 'timeout'))::integer,
      (c.execution_time_ms is not null)::integer, coalesce(c.execution_time_ms, 0), c.call_timestamp
    from ai.function_calls c
    where c.brand_id = p_brand and c.xid >= (select w.counted_before from private.call_watermark w)
  ) u
  group by u.function_id
$$;
comment on function private.call_totals(uuid) is 'Calls of a brand per function since the beginning: the counted ones and those that wait to be counted.';

create function private.ai_health(p_brand uuid)
returns table (function_id uuid, function_name text, version text, function_type ai.function_type, is_active boolean,
  total_calls bigint, successful_calls bigint, failed_calls bigint, error_rate double precision,
  average_execution_time_ms double precision, last_called_at timestamptz)
language plpgsql
stable
security definer
set search_path = ''
as $$
begin
  perform private.require_role(p_brand, 'support');
  return query
  select f.id, f.function_name, f.version, f.function_type, f.is_active,
    coalesce(t.total_calls, 0), coalesce(t.successful_calls, 0), coalesce(t.failed_calls, 0),
    t.failed_calls::double precision / nullif(t.failed_calls + t.successful_calls, 0), t.average_ms, t.last_called_at
  from ai.functions f
  left join private.call_totals(p_brand) t on t.function_id = f.id
  where (f.brand_id = p_brand or f.brand_id is null) and (f.is_active or t.function_id is not null)
  order by f.function_name, f.created_at desc;
end
$$;
comment on function private.ai_health(uuid) is 'Body of ai.health. Definer: reads the totals, which no client may.';
grant execute on function private.ai_health(uuid) to authenticated, service_role;

create function ai.health(p_brand uuid)
returns table (function_id uuid, function_name text, version text, function_type ai.function_type, is_active boolean,
  total_calls bigint, successful_calls bigint, failed_calls bigint, error_rate double precision,
  average_execution_time_ms double precision, last_called_at timestamptz)
language sql
stable
set search_path = ''
begin atomic
  select * from private.ai_health(p_brand);
end;
comment on function ai.health(uuid) is
  'How the functions serve p_brand, since the beginning and up to now: calls, failed share of the ended ones (0 to 1, null without any), mean execution time in milliseconds. Active functions and old versions that were called. For members from support up. Errors: not_a_member, role_too_low. The last 24 hours are in ai.ai_system_state.';
grant execute on function ai.health(uuid) to authenticated, service_role;
