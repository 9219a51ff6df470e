create trigger _100_set_updated_at before update on ops.sites for each row execute function private.set_updated_at();
create trigger _100_set_updated_at before update on ops.sales_data for each row execute function private.set_updated_at();
create trigger _100_set_updated_at before update on ops.inventory for each row execute function private.set_updated_at();
create trigger _100_set_updated_at before update on ops.supply_chain for each row execute function private.set_updated_at();
create trigger _100_set_updated_at before update on ops.crm_events for each row execute function private.set_updated_at();
create trigger _100_set_updated_at before update on ops.business_metrics for each row execute function private.set_updated_at();
create trigger _100_set_updated_at before update on ops.operational_alerts for each row execute function private.set_updated_at();

create trigger _500_check_time_zone before insert or update of timezone on ops.sites
  for each row execute function private.check_time_zone();
create trigger _100_set_updated_at before update on ops.metric_targets for each row execute function private.set_updated_at();
create trigger _100_set_updated_at before update on ops.alert_rules for each row execute function private.set_updated_at();

create trigger _500_settle_new_sales after insert on ops.sales_data
  referencing new table as inserted for each statement execute function private.settle_new_sales();
create trigger _500_settle_changed_sales after update on ops.sales_data
  referencing old table as replaced new table as changed for each statement execute function private.settle_changed_sales();

create trigger _300_watch_ledger before insert or update of current_stock, ledger_balance on ops.inventory
  for each row execute function private.watch_ledger();
create trigger _400_open_ledger after insert on ops.inventory
  for each row when (new.current_stock > 0) execute function private.open_ledger();
create trigger _500_watch_stock_insert after insert on ops.inventory
  for each row when (new.reorder_point > 0) execute function private.watch_stock();
create trigger _500_watch_stock after update of current_stock, ledger_balance, reorder_point, is_active on ops.inventory
  for each row when ((old.current_stock, old.ledger_balance, old.reorder_point, old.is_active)
      is distinct from (new.current_stock, new.ledger_balance, new.reorder_point, new.is_active)
    and (new.current_stock <= new.reorder_point or old.current_stock <= old.reorder_point))
  execute function private.watch_stock();

-- The condition is asked as the role that writes: the functions of the system write as their owner.
create trigger _400_refuse_alert_change before update of status on ops.operational_alerts
  for each row when (current_user = 'authenticated' and new.status is distinct from old.status
    and (old.status not in ('active', 'acknowledged') or new.status not in ('acknowledged', 'resolved', 'dismissed')))
  execute function private.refuse_alert_change();
create trigger _500_stamp_alert before update of status on ops.operational_alerts
  for each row when (new.status is distinct from old.status) execute function private.stamp_alert();
create trigger _900_tell_alert_insert after insert on ops.operational_alerts for each row execute function private.tell_alert();
create trigger _900_tell_alert after update of status, alert_severity on ops.operational_alerts
  for each row when (new.status is distinct from old.status and new.status <> 'active'
    or new.alert_severity is distinct from old.alert_severity and new.status = old.status)
  execute function private.tell_alert();

create trigger _500_evaluate_inserted_metrics after insert on ops.business_metrics
  referencing new table as written for each statement execute function private.evaluate_written_metrics();
create trigger _500_evaluate_updated_metrics after update on ops.business_metrics
  referencing new table as written for each statement execute function private.evaluate_written_metrics();

create trigger _500_keep_case before insert or update on ops.crm_events for each row execute function private.keep_case();
create trigger _500_note_case_insert after insert on ops.crm_events
  for each row when (new.actor_id is not null or new.customer_identifier is not null) execute function private.note_case();
create trigger _500_note_case after update on ops.crm_events
  for each row when ((new.actor_id is not null or new.customer_identifier is not null)
    and (old.actor_id, old.customer_identifier, old.resolution_date, old.customer_satisfaction_score)
      is distinct from (new.actor_id, new.customer_identifier, new.resolution_date, new.customer_satisfaction_score))
  execute function private.note_case();
