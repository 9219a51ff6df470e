insert into core.system_parameters (parameter_key, parameter_value, parameter_type, description) values
  ('ops.prices_include_tax', 'false', 'boolean', 'Whether the subtotal of a sale already has the tax in it; decides what the amounts must add up to.'),
  ('ops.supplier_prior', '{"strength": 5, "on_time": 0.8, "quality": 0.95}', 'object', 'What is expected of a supplier before its first delivery, and how many deliveries weigh as much as that. strength above 0.'),
  ('ops.supplier_weights', '{"on_time": 0.4, "quality": 0.4, "cost": 0.2}', 'object', 'Weights of the scores of a supplier in its overall rating; not negative, not all 0.');

select private.register_function('ops.record_sales', 'signal_processing', 'validation',
  'Checks and stores a batch of transactions of the till, moves stock.', '{"parameters": ["ops.prices_include_tax"]}');
select private.register_function('ops.count_stock', 'other', 'other', 'Sets stock to what was counted.');
select private.register_function('ops.record_receipt', 'analysis', 'analysis', 'Takes a delivery into stock and scores its supplier.',
  '{"parameters": ["ops.supplier_prior", "ops.supplier_weights"]}');
