create index sales_data_site_idx on ops.sales_data (brand_id, site_id);
create index sales_data_customer_idx on ops.sales_data (brand_id, customer_id);
create index sales_data_transaction_date_idx on ops.sales_data (brand_id, transaction_date desc);
create index inventory_site_idx on ops.inventory (brand_id, site_id);
create index inventory_supplier_idx on ops.inventory (brand_id, supplier_id);
create index crm_events_actor_idx on ops.crm_events (brand_id, actor_id);
create index crm_events_assigned_to_idx on ops.crm_events (brand_id, assigned_to);
create index crm_events_event_timestamp_idx on ops.crm_events (brand_id, event_timestamp desc);
create index business_metrics_site_idx on ops.business_metrics (brand_id, site_id);
create index business_metrics_measurement_date_idx on ops.business_metrics (brand_id, measurement_date desc);
create index operational_alerts_site_idx on ops.operational_alerts (brand_id, site_id);
create index operational_alerts_assigned_to_idx on ops.operational_alerts (brand_id, assigned_to);
create index operational_alerts_acknowledged_by_idx on ops.operational_alerts (brand_id, acknowledged_by);
create index operational_alerts_resolved_by_idx on ops.operational_alerts (brand_id, resolved_by);
create index operational_alerts_triggered_at_idx on ops.operational_alerts (brand_id, triggered_at desc);
create unique index operational_alerts_one_open_idx on ops.operational_alerts (brand_id, alert_key)
  where status in ('active', 'acknowledged');
