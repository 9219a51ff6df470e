create function private.keep_template_version()
returns trigger
language plpgsql
security definer
set search_path = ''
as $$
begin
  insert into stimuli.template_versions (brand_id, template_id, version, template_structure, default_content, required_fields, optional_fields, created_by)
  select new.brand_id, new.id, coalesce(max(v.version), 0) + 1, new.template_structure, new.default_content, new.required_fields, new.optional_fields,
    private.caller_member(new.brand_id)
  from stimuli.template_versions v where v.brand_id = new.brand_id and v.template_id = new.id
  having not coalesce(bool_or((v.template_structure, v.default_content, v.required_fields, v.optional_fields)
    is not distinct from (new.template_structure, new.default_content, new.required_fields, new.optional_fields)), false);
  return null;
end
$$;
comment on function private.keep_template_version() is
  'Trigger (after insert or update of the content of a template): content that it never had becomes its next version. Definer: versions are not writable by clients.';

create function private.working_version(p_brand uuid, p_template uuid)
returns stimuli.template_versions
language plpgsql
stable
set search_path = ''
as $$
declare
  v_version stimuli.template_versions;
begin
  select v.* into v_version
  from stimuli.stimulus_templates t
  join stimuli.template_versions v on v.brand_id = t.brand_id and v.template_id = t.id
    and (v.template_structure, v.default_content, v.required_fields, v.optional_fields)
      is not distinct from (t.template_structure, t.default_content, t.required_fields, t.optional_fields)
  where t.brand_id = p_brand and t.id = p_template;
  if not found then
    perform private.raise_error('not_found', 'template', p_template::text);
  end if;
  return v_version;
end
$$;
comment on function private.working_version(uuid, uuid) is 'The version that a template''s content is now, in use or not. Error: not_found.';

create function private.stimuli_template_to_check(p_brand uuid, p_template uuid)
returns jsonb
language plpgsql
stable
security definer
set search_path = ''
as $$
declare
  v_version stimuli.template_versions;
begin
  perform private.require_role(p_brand, 'manager');
  v_version := private.working_version(p_brand, p_template);
  return (
    select jsonb_build_object('version_id', v_version.id, 'version', v_version.version, 'asked_by', private.caller_member(p_brand),
      'template_type', t.template_type, 'template_category', t.template_category, 'language', b.language, 'currency', b.currency,
      'template_structure', v_version.template_structure, 'default_content', v_version.default_content,
      'required_fields', v_version.required_fields, 'optional_fields', v_version.optional_fields)
    from stimuli.stimulus_templates t
    join core.brands b on b.id = t.brand_id
    where t.brand_id = p_brand and t.id = p_template);
end
$$;
comment on function private.stimuli_template_to_check(uuid, uuid) is 'Body of stimuli.template_to_check. Definer: checks the role before it says whether there is such a template.';
grant execute on function private.stimuli_template_to_check(uuid, uuid) to authenticated, service_role;

create function stimuli.template_to_check(p_brand uuid, p_template uuid)
returns jsonb
language sql
stable
set search_path = ''
begin atomic
  select private.stimuli_template_to_check(p_brand, p_template);
end;
comment on function stimuli.template_to_check(uuid, uuid) is
  'What the check of a template needs: {version_id, version, asked_by, template_type, template_category, language, currency, template_structure, default_content, required_fields, optional_fields} of its content as last edited. For managers. Errors: not_found, role_too_low.';
grant execute on function stimuli.template_to_check(uuid, uuid) to authenticated, service_role;

create function private.stimuli_save_template_check(p_brand uuid, p_version uuid, p_problems jsonb, p_user uuid, p_now timestamptz)
returns stimuli.template_checks
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  v_template uuid;
  v_check stimuli.template_checks;
begin
  perform private.require_service();
  if jsonb_typeof(p_problems) is distinct from 'array' then
    perform private.raise_error('invalid_argument', 'p_problems', 'must be an array');
  end if;
  select v.template_id into v_template from stimuli.template_versions v where v.brand_id = p_brand and v.id = p_version;
  if not found then
    perform private.raise_error('not_found', 'template version', p_version::text);
  end if;
  perform from stimuli.stimulus_templates t where t.brand_id = p_brand and t.id = v_template for update;
  insert into stimuli.template_checks (brand_id, version_id, is_passed, problems, checked_by, checked_at)
  values (p_brand, p_version, p_problems = '[]', p_problems, p_user, p_now) returning * into v_check;
  -- While it was being checked the template may have been edited: then another version is to be checked.
  if v_check.is_passed and (private.working_version(p_brand, v_template)).id = p_version then
    update stimuli.stimulus_templates t set current_version_id = p_version where t.brand_id = p_brand and t.id = v_template;
    perform private.emit(p_brand, 'stimuli.template_published', 'template', v_template, jsonb_build_object('version_id', p_version));
  elsif not v_check.is_passed then
    -- What turns out not to be sound is no choice any more, whoever put it into use.
    update stimuli.stimulus_templates t set current_version_id = null where t.brand_id = p_brand and t.id = v_template and t.current_version_id = p_version;
  end if;
  return v_check;
end
$$;
comment on function private.stimuli_save_template_check(uuid, uuid, jsonb, uuid, timestamptz) is
  'Body of stimuli.save_template_check. Definer: checks are not writable by clients, who would pass what was never checked.';
grant execute on function private.stimuli_save_template_check(uuid, uuid, jsonb, uuid, timestamptz) to service_role;

create function stimuli.save_template_check(p_brand uuid, p_version uuid, p_problems jsonb, p_user uuid default null, p_now timestamptz default now())
returns stimuli.template_checks
language sql
volatile
set search_path = ''
begin atomic
  select * from private.stimuli_save_template_check(p_brand, p_version, p_problems, p_user, p_now);
end;
comment on function stimuli.save_template_check(uuid, uuid, jsonb, uuid, timestamptz) is
  'Writes down what came of checking a version of a template. p_problems: [{"field", "line", "problem", "mend"}], empty for passed; p_user: core.users.id of who asked. A version that passed comes into use if it is still the content of its template; one that failed goes out of use. Service role only: the Edge Function stimuli, which does the check. Errors: not_found, invalid_argument.';
grant execute on function stimuli.save_template_check(uuid, uuid, jsonb, uuid, timestamptz) to service_role;

create function private.stimuli_use_template_version(p_brand uuid, p_version uuid)
returns stimuli.stimulus_templates
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  v_version stimuli.template_versions;
  v_template stimuli.stimulus_templates;
begin
  perform private.require_role(p_brand, 'manager');
  select * into v_version from stimuli.template_versions v where v.brand_id = p_brand and v.id = p_version;
  if not found then
    perform private.raise_error('not_found', 'template version', p_version::text);
  elsif not coalesce((select c.is_passed from stimuli.template_checks c where c.brand_id = p_brand and c.version_id = p_version
      order by c.checked_at desc, c.id desc limit 1), false) then
    perform private.raise_error('template_not_checked', v_version.version::text);
  end if;
  update stimuli.stimulus_templates t
  set current_version_id = v_version.id, template_structure = v_version.template_structure, default_content = v_version.default_content,
    required_fields = v_version.required_fields, optional_fields = v_version.optional_fields
  where t.brand_id = p_brand and t.id = v_version.template_id
  returning * into v_template;
  perform private.emit(p_brand, 'stimuli.template_published', 'template', v_template.id, jsonb_build_object('version_id', p_version));
  return v_template;
end
$$;
comment on function private.stimuli_use_template_version(uuid, uuid) is 'Body of stimuli.use_template_version. Definer: which version is in use is not the clients'' to write.';
grant execute on function private.stimuli_use_template_version(uuid, uuid) to authenticated, service_role;

create function stimuli.use_template_version(p_brand uuid, p_version uuid)
returns stimuli.stimulus_templates
language sql
volatile
set search_path = ''
begin atomic
  select * from private.stimuli_use_template_version(p_brand, p_version);
end;
comment on function stimuli.use_template_version(uuid, uuid) is
  'Puts an earlier version of a template, whose newest check passed, into use again; the template gets its content back. What was made from other versions stays as it is. For managers. Errors: not_found, template_not_checked (409).';
grant execute on function stimuli.use_template_version(uuid, uuid) to authenticated, service_role;
