create function private.parameter(p_brand uuid, p_key text)
returns jsonb
language sql
stable
security definer
set search_path = ''
as $$
  select coalesce(
    (select s.setting_value from core.brand_settings s
     where s.brand_id = p_brand and s.setting_key = p_key and s.is_active and coalesce(p.is_editable, true)),
    p.parameter_value)
  from (select 1) one
  left join core.system_parameters p on p.parameter_key = p_key and p.is_active
$$;
comment on function private.parameter(uuid, text) is
  'Value of a tunable: the setting of the brand when there is one and the parameter may be overridden, else the system parameter, else null. Definer: invoker functions read it for callers who may not read the settings.';

create function private.core_set_setting(p_brand uuid, p_key text, p_value jsonb)
returns core.brand_settings
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  v_parameter core.system_parameters;
  v_setting core.brand_settings;
begin
  perform private.require_role(p_brand, 'admin');
  if coalesce(p_key !~ '^[a-z][a-z0-9_.]{0,99}$', true) then
    perform private.raise_error('invalid_argument', 'p_key', 'takes a-z, 0-9, dot and underscore, at most 100 characters');
  elsif coalesce(jsonb_typeof(p_value), 'null') = 'null' then
    perform private.raise_error('invalid_argument', 'p_value', 'must not be null');
  elsif length(p_value::text) > 65536 then
    perform private.raise_error('invalid_argument', 'p_value', 'must not be larger than 64 kB');
  end if;
  select * into v_parameter from core.system_parameters p where p.parameter_key = p_key and p.is_active;
  if not v_parameter.is_editable then
    perform private.raise_error('parameter_is_fixed', p_key);
  elsif v_parameter.parameter_type::text is distinct from jsonb_typeof(p_value) and v_parameter.id is not null then
    perform private.raise_error('invalid_argument', 'p_value', format('must be of type %s, as the parameter %s is', v_parameter.parameter_type, p_key));
  end if;

  perform from core.brands b where b.id = p_brand for no key update;
  update core.brand_settings s set is_active = false
  where s.brand_id = p_brand and s.setting_key = p_key and s.is_active;
  insert into core.brand_settings (brand_id, setting_key, setting_value, setting_type, version, changed_by)
  select p_brand, p_key, p_value, jsonb_typeof(p_value)::core.value_type, coalesce(max(s.version), 0) + 1, auth.uid()
  from core.brand_settings s where s.brand_id = p_brand and s.setting_key = p_key
  returning * into v_setting;
  return v_setting;
end
$$;
comment on function private.core_set_setting(uuid, text, jsonb) is 'Body of core.set_setting. Definer: versions are not writable by clients.';
grant execute on function private.core_set_setting(uuid, text, jsonb) to authenticated, service_role;

create function core.set_setting(p_brand uuid, p_key text, p_value jsonb)
returns core.brand_settings
language sql
volatile
set search_path = ''
begin atomic
  select * from private.core_set_setting(p_brand, p_key, p_value);
end;
comment on function core.set_setting(uuid, text, jsonb) is
  'Writes a new version of a setting of the brand and returns it; for admins. A key that is a system parameter overrides it and must have its type. Errors: invalid_argument, parameter_is_fixed, role_too_low.';
grant execute on function core.set_setting(uuid, text, jsonb) to authenticated, service_role;

create function core.set_parameter(p_key text, p_value jsonb)
returns core.system_parameters
language plpgsql
volatile
set search_path = ''
as $$
declare
  v_old core.system_parameters;
  v_new core.system_parameters;
begin
  update core.system_parameters p set is_active = false where p.parameter_key = p_key and p.is_active returning * into v_old;
  insert into core.system_parameters (parameter_key, parameter_value, parameter_type, description, is_editable, requires_restart, version)
  values (p_key, p_value, jsonb_typeof(p_value)::core.value_type, coalesce(v_old.description, p_key),
    coalesce(v_old.is_editable, true), coalesce(v_old.requires_restart, false), coalesce(v_old.version, 0) + 1)
  returning * into v_new;
  return v_new;
end
$$;
comment on function core.set_parameter(text, jsonb) is
  'Writes a new version of a system parameter, for all brands, and returns it. Service role only.';
grant execute on function core.set_parameter(text, jsonb) to service_role;

insert into private.error_codes (key, errcode, http_status, message, hint) values
  ('parameter_is_fixed', 'PT422', 422, 'The parameter %s is the same for all brands.', 'Choose another key.');
