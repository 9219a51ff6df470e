insert into core.system_parameters (parameter_key, parameter_value, parameter_type, description, is_editable) values
  ('ai.system_version', '"0.1.0"', 'string', 'Version of the logic, as ai.ai_system_state shows it.', false);

insert into private.explainers (kind, function_name) values
  ('reasoning', 'private.explain_reasoning'),
  ('call', 'private.explain_call'),
  ('learning', 'private.explain_learning');
