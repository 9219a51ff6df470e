insert into core.system_parameters (parameter_key, parameter_value, parameter_type, description) values
  ('ops.prices_include_tax', 'false', 'boolean', 'Whether the subtotal of a sale already has the tax in it; decides what the amounts must add up to.'),
  ('ops.supplier_prior', '{"strength": 5, "on_time": 0.8, "quality": 0.95}', 'object', 'What is expected of a supplier before its first delivery, and how many deliveries weigh as much as that. strength above 0.'),
  ('ops.supplier_weights', '{"on_time": 0.4, "quality": 0.4, "cost": 0.2}', 'object', 'Weights of the scores of a supplier in its overall rating; not negative, not all 0.'),
  ('ops.forecast_days', '28', 'number', 'Days of sales that a stock forecast looks back on. Above 0.'),
  ('ops.default_lead_time_days', '7', 'number', 'Days from order to delivery where neither the product nor its supplier tells. Above 0.'),
  ('ops.review_days', '7', 'number', 'Days between two orders, which an order has to last for beside the lead time. Not negative.'),
  ('ops.anomaly_width', '4', 'number', 'Standard deviations from the median of its history at which a metric is an anomaly. Above 0.'),
  ('ops.first_response_minutes', '{"urgent": 15, "high": 60, "medium": 240, "low": 1440}', 'object', 'Minutes, by priority, in which a service case is to be answered.'),
  ('ops.resolution_minutes', '{"urgent": 240, "high": 1440, "medium": 4320, "low": 10080}', 'object', 'Minutes, by priority, in which a service case is to be solved.');

select private.register_function('ops.record_sales', 'signal_processing', 'validation',
  'Checks and stores a batch of transactions of the till, moves stock.', '{"parameters": ["ops.prices_include_tax"]}');
select private.register_function('ops.count_stock', 'other', 'other', 'Sets stock to what was counted.');
select private.register_function('ops.record_receipt', 'analysis', 'analysis', 'Takes a delivery into stock and scores its supplier.',
  '{"parameters": ["ops.supplier_prior", "ops.supplier_weights"]}');
select private.register_function('ops.compute_business_metrics', 'analysis', 'analysis', 'Measures the business over a local period.');
select private.register_function('ops.evaluate_alerts', 'analysis', 'analysis', 'Looks at the alert rules of a brand.', '{"parameters": ["ops.anomaly_width"]}');
