create trigger _100_set_updated_at before update on ops.sites for each row execute function private.set_updated_at();
create trigger _100_set_updated_at before update on ops.sales_data for each row execute function private.set_updated_at();
create trigger _100_set_updated_at before update on ops.inventory for each row execute function private.set_updated_at();
create trigger _100_set_updated_at before update on ops.supply_chain for each row execute function private.set_updated_at();
create trigger _100_set_updated_at before update on ops.crm_events for each row execute function private.set_updated_at();
create trigger _100_set_updated_at before update on ops.business_metrics for each row execute function private.set_updated_at();
create trigger _100_set_updated_at before update on ops.operational_alerts for each row execute function private.set_updated_at();
