create function private.register_function(
  p_name text,
  p_type text,
  p_category text,
  p_purpose text,
  p_parameters jsonb default '{}',
  p_implementation text default 'plpgsql',
  p_input_schema jsonb default '{}',
  p_output_schema jsonb default '{}'
)
returns uuid
language plpgsql
volatile
set search_path = ''
as $$
declare
  v_old ai.functions;
  v_id uuid := private.uuid_v7();
begin
  select * into v_old from ai.functions f
  where f.brand_id is null and f.function_name = p_name and f.is_active for update;
  if (v_old.function_type::text, v_old.function_category::text, v_old.purpose, v_old.parameters,
      v_old.implementation_type::text, v_old.input_schema, v_old.output_schema)
     is not distinct from
     (p_type, p_category, p_purpose, p_parameters, p_implementation, p_input_schema, p_output_schema) then
    return v_old.id;
  end if;

  update ai.functions f set is_active = false, is_deprecated = true, deprecation_reason = 'replaced by a newer version'
  where f.id = v_old.id;
  insert into ai.functions (id, function_name, function_type, function_category, version, purpose, parameters,
    implementation_type, input_schema, output_schema)
  -- Every change of content is a new minor version.
  select v_id, p_name, p_type::ai.function_type, p_category::ai.function_category,
    '1.' || coalesce(max(split_part(f.version, '.', 2)::integer) + 1, 0) || '.0',
    p_purpose, p_parameters, p_implementation::ai.implementation_type, p_input_schema, p_output_schema
  from ai.functions f where f.brand_id is null and f.function_name = p_name;
  update ai.functions f set replacement_function_id = v_id where f.id = v_old.id;
  return v_id;
end
$$;

comment on function private.register_function(text, text, text, text, jsonb, text, jsonb, jsonb) is
  'Registers a function for all brands and returns its id. The same content again changes nothing; other content under the same name becomes the next version and replaces the active one. p_type, p_category, p_implementation: words of ai.function_type, ai.function_category, ai.implementation_type; p_parameters: its tunables.';
