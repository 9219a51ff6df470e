create function private.log_body(p_body jsonb)
returns jsonb
language sql
immutable
set search_path = ''
as $$
  select case when octet_length(p_body::text) > 16384
    then jsonb_build_object('omitted_bytes', octet_length(p_body::text)) else p_body end
$$;
comment on function private.log_body(jsonb) is 'p_body, or only its size when it is larger than 16 kB: a log of calls is no copy of the data.';

create function private.log_call(
  p_function text,
  p_brand uuid,
  p_input jsonb,
  p_output jsonb,
  p_started_at timestamptz,
  p_confidence double precision default null,
  p_entity_type text default null,
  p_entity_id uuid default null,
  p_status text default 'completed',
  p_error jsonb default null
)
returns uuid
language plpgsql
volatile
set search_path = ''
as $$
declare
  v_function uuid;
  v_id uuid;
begin
  -- A brand's own version goes before the one for all brands.
  select f.id into v_function from ai.functions f
  where f.function_name = p_function and f.is_active and (f.brand_id = p_brand or f.brand_id is null)
  order by f.brand_id nulls last limit 1;
  if v_function is null then
    perform private.raise_error('function_not_registered', p_function);
  end if;

  insert into ai.function_calls (brand_id, function_id, call_type, input_data, output_data, error_data,
    execution_status, execution_time_ms, confidence_score, related_entity_type, related_entity_id, triggered_by, user_id)
  values (
    p_brand, v_function,
    case current_setting('role') when 'authenticated' then 'manual' when 'service_role' then 'real_time' else 'scheduled' end::ai.call_type,
    coalesce(private.log_body(p_input), '{}'), private.log_body(p_output), private.log_body(p_error),
    p_status::ai.call_status,
    -- A replayed p_started_at may lie far from the clock.
    least(greatest(extract(epoch from clock_timestamp() - p_started_at) * 1000, 0), 2147483647)::integer,
    p_confidence, p_entity_type, p_entity_id, current_setting('role'), auth.uid())
  returning id into v_id;
  return v_id;
end
$$;
comment on function private.log_call(text, uuid, jsonb, jsonb, timestamptz, double precision, text, uuid, text, jsonb) is
  'Logs one call of a registered function that has ended and returns the id of the row. p_started_at: clock_timestamp() at the start of the call; p_confidence: 0 to 1; p_status: completed, failed or timeout; p_entity_type, p_entity_id: what the call was about. Error: function_not_registered.';

create function private.log_reasoning(
  p_brand uuid,
  p_type text,
  p_scope text,
  p_scope_id uuid,
  p_decision text,
  p_confidence double precision,
  p_evidence jsonb,
  p_alternatives jsonb default '[]',
  p_steps jsonb default '[]',
  p_call uuid default null
)
returns uuid
language sql
volatile
set search_path = ''
as $$
  insert into ai.reasoning_logs (brand_id, reasoning_type, reasoning_scope, scope_id, decision_made, decision_confidence,
    evidence_used, decision_alternatives, reasoning_steps, function_calls_used, triggered_by, reasoning_completed_at)
  values (p_brand, p_type::ai.reasoning_type, p_scope::ai.scope, p_scope_id, p_decision, p_confidence,
    p_evidence, p_alternatives, p_steps,
    case when p_call is null then '[]' else jsonb_build_array(p_call) end, current_setting('role'), clock_timestamp())
  returning id
$$;
comment on function private.log_reasoning(uuid, text, text, uuid, text, double precision, jsonb, jsonb, jsonb, uuid) is
  'Logs why a decision was taken and returns the id of the row. p_evidence: array; its elements {"kind", "id", …} are what ai.explain walks on to. p_alternatives: what else was possible, with scores; p_confidence: 0 to 1; p_call: ai.function_calls.id of the call that decided.';

create function private.log_learning(
  p_brand uuid,
  p_type text,
  p_category text,
  p_description text,
  p_knowledge jsonb,
  p_confidence double precision,
  p_source jsonb default '{}',
  p_scope text default 'global',
  p_scope_id uuid default null
)
returns uuid
language sql
volatile
set search_path = ''
as $$
  insert into ai.learning_logs (brand_id, learning_type, learning_category, learning_description, knowledge_gained,
    confidence_in_learning, learning_method, source_data, source_outcomes, source_analysis_id, impact_scope, impact_scope_id)
  values (p_brand, p_type::ai.learning_type, p_category::ai.learning_category, p_description, p_knowledge, p_confidence,
    coalesce(p_source ->> 'method', 'statistical')::ai.learning_method, p_source,
    coalesce(p_source -> 'outcomes', '[]'), (p_source ->> 'analysis_id')::uuid, p_scope::ai.impact_scope, p_scope_id)
  returning id
$$;
comment on function private.log_learning(uuid, text, text, text, jsonb, double precision, jsonb, text, uuid) is
  'Logs what was learned and returns the id of the row. p_confidence: 0 to 1; p_source: object; its "outcomes" (array of ids) are what ai.explain walks on to, its "analysis_id" the analysis they were read in, its "method" (default statistical) a word of ai.learning_method; p_scope: a word of ai.impact_scope.';

insert into private.error_codes (key, errcode, http_status, message, hint) values
  ('function_not_registered', 'PT500', 500, 'The function %s is not in the registry.', 'Register it with private.register_function in the reference rows of its domain.');
