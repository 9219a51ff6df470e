create trigger _100_set_updated_at before update on ai.functions for each row execute function private.set_updated_at();
create trigger _100_set_updated_at before update on ai.contradiction_logs for each row execute function private.set_updated_at();
create trigger _100_set_updated_at before update on ai.ai_system_state for each row execute function private.set_updated_at();
create trigger _100_set_updated_at before update on ai.ai_system_measures for each row execute function private.set_updated_at();
