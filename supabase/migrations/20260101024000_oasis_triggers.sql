create trigger _100_set_updated_at before update on public.vtid_ledger for each row execute function private.set_updated_at();

create trigger _800_emit_created after insert on core.brands referencing new table as new_rows
  for each statement execute function private.emit_changes('brand', 'brand_name,brand_slug');
create trigger _800_emit_updated after update on core.brands referencing old table as old_rows new table as new_rows
  for each statement execute function private.emit_changes('brand', 'brand_name,description,timezone,currency,language,settings,is_active');
create trigger _800_emit_deleted after delete on core.brands referencing old table as old_rows
  for each statement execute function private.emit_changes('brand', 'brand_name,brand_slug');

create trigger _800_emit_created after insert on core.users referencing new table as new_rows
  for each statement execute function private.emit_changes('member', 'role,is_active,accepted_at');
create trigger _800_emit_updated after update on core.users referencing old table as old_rows new table as new_rows
  for each statement execute function private.emit_changes('member', 'role,is_active,accepted_at');
create trigger _800_emit_deleted after delete on core.users referencing old table as old_rows
  for each statement execute function private.emit_changes('member', 'role');

-- A setting changes by a new version; its value may be sensitive and is not told.
create trigger _800_emit_created after insert on core.brand_settings referencing new table as new_rows
  for each statement execute function private.emit_changes('brand_setting', 'setting_key,version');

create trigger _800_emit_created after insert on core.api_keys referencing new table as new_rows
  for each statement execute function private.emit_changes('api_key', 'key_name,key_prefix,scopes,expires_at');
create trigger _800_emit_updated after update on core.api_keys referencing old table as old_rows new table as new_rows
  for each statement execute function private.emit_changes('api_key', 'scopes,expires_at,revoked_at');
create trigger _800_emit_deleted after delete on core.api_keys referencing old table as old_rows
  for each statement execute function private.emit_changes('api_key', 'key_name,key_prefix');

create trigger _800_emit_created after insert on core.brand_integrations referencing new table as new_rows
  for each statement execute function private.emit_changes('integration', 'service_name,service_type,status');
create trigger _800_emit_updated after update on core.brand_integrations referencing old table as old_rows new table as new_rows
  for each statement execute function private.emit_changes('integration', 'status,service_type,last_error');
create trigger _800_emit_deleted after delete on core.brand_integrations referencing old table as old_rows
  for each statement execute function private.emit_changes('integration', 'service_name,service_type');
