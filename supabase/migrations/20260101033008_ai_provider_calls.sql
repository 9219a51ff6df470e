create function private.ai_log_provider_call(
  p_brand uuid, p_function text, p_provider text, p_model text, p_status ai.call_status, p_started_at timestamptz,
  p_input jsonb, p_output jsonb, p_error jsonb, p_retries integer, p_user uuid, p_entity_type text, p_entity_id uuid)
returns uuid
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  v_id uuid;
begin
  perform private.require_role(p_brand, 'owner');
  perform private.require_time('p_started_at', p_started_at);
  v_id := private.log_call(p_function, p_brand, jsonb_build_object('provider', p_provider, 'model', p_model, 'request', private.log_body(p_input)),
    p_output, p_started_at, null, p_entity_type, p_entity_id, p_status::text, p_error);
  update ai.function_calls c set retry_count = p_retries, max_retries = greatest(p_retries, c.max_retries), user_id = p_user where c.id = v_id;
  return v_id;
end
$$;
comment on function private.ai_log_provider_call(uuid, text, text, text, ai.call_status, timestamptz, jsonb, jsonb, jsonb, integer, uuid, text, uuid) is
  'Body of ai.log_provider_call. Definer: the log is not writable by clients.';
grant execute on function private.ai_log_provider_call(uuid, text, text, text, ai.call_status, timestamptz, jsonb, jsonb, jsonb, integer, uuid, text, uuid) to service_role;

create function ai.log_provider_call(
  p_brand uuid, p_function text, p_provider text, p_model text, p_status ai.call_status, p_started_at timestamptz,
  p_input jsonb, p_output jsonb default null, p_error jsonb default null, p_retries integer default 0, p_user uuid default null,
  p_entity_type text default null, p_entity_id uuid default null)
returns uuid
language sql
volatile
set search_path = ''
begin atomic
  select private.ai_log_provider_call(p_brand, p_function, p_provider, p_model, p_status, p_started_at, p_input, p_output, p_error, p_retries, p_user, p_entity_type, p_entity_id);
end;
comment on function ai.log_provider_call(uuid, text, text, text, ai.call_status, timestamptz, jsonb, jsonb, jsonb, integer, uuid, text, uuid) is
  'Logs a call of an AI provider (or of offline, which stands in for one) that has ended and returns ai.function_calls.id. p_function: registered name of what asked; p_status: completed, failed or timeout; p_input: what the provider was given, p_output: its answer and the tokens it counted, p_error: {code, status}, never a text of the provider''s; p_retries: attempts after the first; p_user: for whom. Service role only, for Edge Functions: a client would write what never happened. Errors: function_not_registered, invalid_argument, not_found.';
grant execute on function ai.log_provider_call(uuid, text, text, text, ai.call_status, timestamptz, jsonb, jsonb, jsonb, integer, uuid, text, uuid) to service_role;
