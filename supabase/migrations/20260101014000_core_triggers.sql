create trigger _100_set_updated_at before update on core.brands for each row execute function private.set_updated_at();
create trigger _100_set_updated_at before update on core.users for each row execute function private.set_updated_at();
create trigger _100_set_updated_at before update on core.brand_settings for each row execute function private.set_updated_at();
create trigger _100_set_updated_at before update on core.system_parameters for each row execute function private.set_updated_at();
create trigger _100_set_updated_at before update on core.brand_integrations for each row execute function private.set_updated_at();
create trigger _100_set_updated_at before update on core.api_keys for each row execute function private.set_updated_at();

create trigger _500_check_time_zone before insert or update of timezone on core.brands
  for each row execute function private.check_time_zone();
create trigger _500_guard_last_owner before delete or update of role, is_active, auth_user_id on core.users
  for each row when (old.role = 'owner' and old.is_active and old.auth_user_id is not null)
  execute function private.guard_last_owner();

create trigger _900_audit after insert or update or delete on core.brands for each row execute function private.audit_change();
create trigger _900_audit after insert or update or delete on core.users for each row execute function private.audit_change();
create trigger _900_audit after insert or update or delete on core.brand_settings for each row execute function private.audit_change();
create trigger _900_audit after insert or update or delete on core.system_parameters for each row execute function private.audit_change();
create trigger _900_audit after insert or update or delete on core.brand_integrations for each row execute function private.audit_change();
create trigger _900_audit after insert or update or delete on core.api_keys for each row execute function private.audit_change();
