create function private.refresh_system_state(p_brand uuid, p_now timestamptz default now())
returns void
language sql
volatile
set search_path = ''
as $$
  with recent as (
    select c.*, f.function_name from ai.function_calls c join ai.functions f on f.id = c.function_id
    where c.brand_id = p_brand and c.call_timestamp > p_now - interval '24 hours' and c.call_timestamp <= p_now
  ),
  -- Only ended calls say anything about health.
  ended as (
    select r.*, (r.execution_status <> 'completed')::integer as is_failed from recent r
    where r.execution_status in ('completed', 'failed', 'timeout')
  ),
  last_day as (
    select avg(e.is_failed)::double precision as error_rate, avg(e.execution_time_ms)::double precision as average_ms,
      percentile_cont(0.95) within group (order by e.execution_time_ms) as p95_ms
    from ended e
  ),
  per_function as (
    select jsonb_agg(s.function_name order by s.function_name) as names, jsonb_object_agg(s.function_name, s.score) as scores
    from (select e.function_name, 1 - avg(e.is_failed)::double precision as score from ended e group by e.function_name) s
  ),
  errors as (
    select jsonb_agg(jsonb_build_object('function', w.function_name, 'call_id', w.id, 'at', w.call_timestamp, 'error', w.error_data)
      order by w.call_timestamp desc) as list
    from (select e.* from ended e where e.is_failed = 1 order by e.call_timestamp desc limit 10) w
  ),
  totals as (
    select coalesce(sum(t.total_calls), 0) as total, coalesce(sum(t.successful_calls), 0) as successful, coalesce(sum(t.failed_calls), 0) as failed
    from private.call_totals(p_brand) t
  ),
  learned as (
    select count(*) filter (where l.is_active) as size, max(l.learned_at) as last_at from ai.learning_logs l where l.brand_id = p_brand
  )
  insert into ai.ai_system_state as s (brand_id, system_version, active_functions, function_health_scores, knowledge_base_size,
    last_learning_update, total_function_calls, successful_function_calls, failed_function_calls, average_response_time_ms,
    p95_response_time_ms, error_rate, overall_health_score, recent_errors)
  select p_brand, private.parameter(null, 'ai.system_version') #>> '{}', coalesce(p.names, '[]'), coalesce(p.scores, '{}'), k.size,
    k.last_at, t.total, t.successful, t.failed, d.average_ms, d.p95_ms, d.error_rate, 1 - d.error_rate, coalesce(e.list, '[]')
  from last_day d, per_function p, errors e, totals t, learned k
  on conflict (brand_id) do update set
    system_version = excluded.system_version, active_functions = excluded.active_functions,
    function_health_scores = excluded.function_health_scores, knowledge_base_size = excluded.knowledge_base_size,
    last_learning_update = excluded.last_learning_update, total_function_calls = excluded.total_function_calls,
    successful_function_calls = excluded.successful_function_calls, failed_function_calls = excluded.failed_function_calls,
    average_response_time_ms = excluded.average_response_time_ms, p95_response_time_ms = excluded.p95_response_time_ms,
    error_rate = excluded.error_rate, overall_health_score = excluded.overall_health_score, recent_errors = excluded.recent_errors
$$;
comment on function private.refresh_system_state(uuid, timestamptz) is
  'Rewrites the row of p_brand in ai.ai_system_state from the call log: rates and times over the 24 hours before p_now, totals since the beginning. What people set (learning_mode, learning_rate, flags, alerts) stays.';

create function private.note_measure(p_brand uuid, p_measure text, p_value double precision, p_lower double precision, p_upper double precision,
  p_sample_size integer, p_details jsonb, p_now timestamptz)
returns void
language sql
volatile
set search_path = ''
as $$
  insert into ai.ai_system_measures as m (brand_id, measure, value, lower_bound, upper_bound, sample_size, details, measured_at)
  values (p_brand, p_measure, p_value, p_lower, p_upper, p_sample_size, p_details, p_now)
  on conflict (brand_id, measure) do update
  set value = excluded.value, lower_bound = excluded.lower_bound, upper_bound = excluded.upper_bound, sample_size = excluded.sample_size,
    details = excluded.details, measured_at = excluded.measured_at
$$;
comment on function private.note_measure(uuid, text, double precision, double precision, double precision, integer, jsonb, timestamptz) is
  'Writes one measure of a brand''s system to ai.ai_system_measures in the place of the last one. p_lower and p_upper: the bounds in which it is right, null for none; p_value null: too little to say.';
