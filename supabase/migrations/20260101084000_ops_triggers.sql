create trigger _100_set_updated_at before update on ops.sites for each row execute function private.set_updated_at();
create trigger _100_set_updated_at before update on ops.sales_data for each row execute function private.set_updated_at();
create trigger _100_set_updated_at before update on ops.inventory for each row execute function private.set_updated_at();
create trigger _100_set_updated_at before update on ops.supply_chain for each row execute function private.set_updated_at();
create trigger _100_set_updated_at before update on ops.crm_events for each row execute function private.set_updated_at();
create trigger _100_set_updated_at before update on ops.business_metrics for each row execute function private.set_updated_at();
create trigger _100_set_updated_at before update on ops.operational_alerts for each row execute function private.set_updated_at();

create trigger _500_check_time_zone before insert or update of timezone on ops.sites
  for each row execute function private.check_time_zone();
create trigger _500_move_stock_of_new_sales after insert on ops.sales_data
  referencing new table as inserted for each statement execute function private.move_stock_of_new_sales();
create trigger _500_move_stock_of_changed_sales after update on ops.sales_data
  referencing old table as replaced new table as changed for each statement execute function private.move_stock_of_changed_sales();
create trigger _500_watch_stock_insert after insert on ops.inventory
  for each row when (new.reorder_point > 0) execute function private.watch_stock();
create trigger _500_watch_stock after update of current_stock, reorder_point, is_active on ops.inventory
  for each row when ((old.current_stock, old.reorder_point, old.is_active) is distinct from (new.current_stock, new.reorder_point, new.is_active))
  execute function private.watch_stock();
create trigger _500_stamp_alert before update of status on ops.operational_alerts
  for each row when (new.status is distinct from old.status) execute function private.stamp_alert();
