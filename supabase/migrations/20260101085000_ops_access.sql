grant usage on schema ops to authenticated, service_role;

select private.grant_access('ops.sites', 'staff', p_write_role => 'manager',
  p_insert => '{brand_id, site_name, site_code, site_type, address_line1, address_line2, city, state_province, postal_code, country, latitude, longitude, phone, email, website_url, timezone, currency, language, operating_hours, special_hours, max_capacity, delivery_radius, pickup_available, delivery_available, dine_in_available, is_active, opening_date, closing_date}',
  p_update => '{site_name, site_type, address_line1, address_line2, city, state_province, postal_code, country, latitude, longitude, phone, email, website_url, timezone, currency, language, operating_hours, special_hours, max_capacity, delivery_radius, pickup_available, delivery_available, dine_in_available, is_active, opening_date, closing_date}');
-- Of a sale only its status and notes change: the till corrects amounts by a new row.
select private.grant_access('ops.sales_data', 'staff',
  p_insert => '{brand_id, site_id, transaction_id, transaction_type, transaction_date, customer_id, customer_identifier, customer_type, order_number, order_method, payment_method, subtotal, tax_amount, tip_amount, discount_amount, delivery_fee, service_fee, total_amount, items, item_count, unique_item_count, order_time, preparation_time, total_time, status, notes, metadata}',
  p_update => '{status, notes, preparation_time, total_time}');
select private.grant_access('ops.inventory', 'staff',
  p_insert => '{brand_id, site_id, product_id, product_name, product_category, product_type, current_stock, minimum_stock, maximum_stock, reorder_point, reorder_quantity, unit_cost, unit_price, markup_percentage, unit_of_measure, unit_size, is_active, is_available, availability_reason, supplier_id, supplier_name, supplier_contact, lead_time_days}',
  p_update => '{product_name, product_category, product_type, current_stock, minimum_stock, maximum_stock, reorder_point, reorder_quantity, unit_cost, unit_price, markup_percentage, unit_of_measure, unit_size, is_active, is_available, availability_reason, supplier_id, supplier_name, supplier_contact, lead_time_days}');
select private.grant_access('ops.supply_chain', 'staff', p_write_role => 'manager',
  p_insert => '{brand_id, supplier_id, supplier_name, supplier_type, contact_person, email, phone, website, address_line1, address_line2, city, state_province, postal_code, country, tax_id, payment_terms, credit_limit, is_active, is_preferred, relationship_start_date}',
  p_update => '{supplier_name, supplier_type, contact_person, email, phone, website, address_line1, address_line2, city, state_province, postal_code, country, tax_id, payment_terms, credit_limit, is_active, is_preferred, relationship_start_date}');
select private.grant_access('ops.crm_events', 'staff',
  p_insert => '{brand_id, site_id, actor_id, event_type, event_category, event_description, event_source, event_channel, event_priority, customer_identifier, customer_sentiment, customer_satisfaction_score, assigned_to, follow_up_required, follow_up_date, follow_up_notes, event_timestamp, tags, metadata}',
  p_update => '{event_category, event_priority, customer_sentiment, customer_satisfaction_score, status, assigned_to, resolution_notes, resolution_date, follow_up_required, follow_up_date, follow_up_notes, tags, metadata}');
select private.grant_access('ops.business_metrics', 'staff');
select private.grant_access('ops.operational_alerts', 'staff',
  p_update => '{status, assigned_to, resolution_notes, resolution_action, follow_up_required}');
select private.grant_access('ops.supplier_deliveries', 'append');
select private.grant_access('ops.stock_movements', 'append');
select private.grant_access('ops.metric_targets', 'staff', p_write_role => 'manager',
  p_insert => '{brand_id, site_id, metric_name, measurement_period, valid_from, target_value}', p_update => '{target_value}');
select private.grant_access('ops.alert_rules', 'staff', p_write_role => 'manager',
  p_insert => '{brand_id, site_id, rule_name, watches, measure, measurement_period, is_anomaly, threshold_type, threshold, clear_threshold, escalate_threshold, minimum_minutes, cool_down_minutes, expires_after_minutes, alert_type, alert_severity, is_active}',
  p_update => '{rule_name, measure, measurement_period, is_anomaly, threshold_type, threshold, clear_threshold, escalate_threshold, minimum_minutes, cool_down_minutes, expires_after_minutes, alert_type, alert_severity, is_active}');
select private.grant_access('private.alert_states', 'service');
select private.grant_access('private.ops_untold', 'service');
select private.grant_access('private.late_sales', 'service');
