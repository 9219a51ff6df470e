create function private.tell_cases(p_brand uuid, p_cases uuid[], p_now timestamptz)
returns integer
language plpgsql
volatile
set search_path = ''
set plan_cache_mode = force_custom_plan -- the plan depends on the size of the array
as $$
declare
  v_country text := nullif(private.parameter(p_brand, 'signals.default_country') #>> '{}', '');
  v_signals private.untold_signal[];
begin
  v_signals := array(
    select row(c.id, s.step = 'created', jsonb_strip_nulls(jsonb_build_object('type', s.type, 'source_platform', 'ops', 'source_id', c.id || ':' || s.step,
      'occurred_at', to_char(s.happened_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), 'identifiers', c.who, 'data', s.data)))::private.untold_signal
    from (
      select e.*, private.customer_identifiers(p_brand, e.actor_id, e.customer_identifier, v_country) as who,
        case e.event_category when 'product' then 'quality' when 'billing' then 'payment' when 'service' then 'service'
          when 'delivery' then 'delivery' when 'technical' then 'technical' end as friction
      from ops.crm_events e where e.id = any (p_cases) and e.brand_id = p_brand and e.status <> 'cancelled'
    ) c
    cross join lateral (
      select 'crm_event' as type, 'created' as step, c.event_timestamp as happened_at, jsonb_build_object('event_type', 'created', 'event_name', c.event_type,
        'event_description', left(c.event_description, 4000), 'crm_record_id', c.id, 'crm_object_type', 'other', 'event_source', 'integration',
        'event_data', jsonb_strip_nulls(jsonb_build_object('category', c.friction, 'channel', c.event_channel)),
        'event_importance', case c.event_priority when 'low' then 0.25 when 'medium' then 0.5 when 'high' then 0.75 else 1 end,
        'event_sentiment', case c.customer_sentiment when 'positive' then 0.6 when 'negative' then -0.6 when 'neutral' then 0 when 'mixed' then 0 end) as data
      where c.signal_id is null
      union all
      select 'crm_event', 'resolved', c.resolution_date, jsonb_build_object('event_type', 'status_changed', 'event_name', 'resolved', 'crm_record_id', c.id,
        'crm_object_type', 'other', 'event_source', 'integration', 'event_data', jsonb_strip_nulls(jsonb_build_object('category', c.friction)))
      where c.event_type = 'complaint' and c.resolution_date is not null
      union all
      select 'survey_response', 'satisfaction', coalesce(c.resolution_date, c.event_timestamp), jsonb_build_object('survey_id', 'service_case', 'survey_name', 'Service case',
        'question_id', 'satisfaction', 'question_text', 'How satisfied was the customer with the service?', 'question_type', 'rating_scale',
        'response_numeric', c.customer_satisfaction_score, 'response_value', c.customer_satisfaction_score::text)
      where c.customer_satisfaction_score is not null
    ) s
    where c.who is not null
    order by c.event_timestamp, c.id, s.step);
  update ops.crm_events e set signal_id = t.signal_id
  from private.tell_signals(p_brand, v_signals, p_now) t
  where e.brand_id = p_brand and e.id = t.row_id and e.signal_id is distinct from t.signal_id;
  return coalesce(cardinality(v_signals), 0);
end
$$;
comment on function private.tell_cases(uuid, uuid[], timestamptz) is
  'Sends the service cases of known people by the intake: the case as CRM event, its solution where it was a complaint, the satisfaction as a survey response. Returns how many signals were sent.';

create function private.ops_tell(p_brand uuid, p_now timestamptz, p_limit integer)
returns integer
language plpgsql
volatile
set search_path = ''
as $$
declare
  v_sales uuid[];
  v_cases uuid[];
begin
  with taken as (
    delete from private.ops_untold u
    where u.id in (select w.id from private.ops_untold w where w.brand_id = p_brand order by w.id limit p_limit for update skip locked)
    returning u.source, u.row_id
  )
  select array_agg(distinct t.row_id) filter (where t.source = 'sale'), array_agg(distinct t.row_id) filter (where t.source = 'case')
  into v_sales, v_cases from taken t;
  return case when v_sales is null then 0 else private.tell_sales(p_brand, v_sales, p_now) end
    + case when v_cases is null then 0 else private.tell_cases(p_brand, v_cases, p_now) end;
end
$$;
comment on function private.ops_tell(uuid, timestamptz, integer) is
  'Tells signals of up to p_limit waiting sales and service cases of the brand; returns how many signals were sent. Should it fail, they wait on.';
