insert into core.system_parameters (parameter_key, parameter_value, parameter_type, description) values
  ('outcomes.attribution_groups', '8', 'number', 'How many groups outcomes.attribute tells apart in its models shapley and holdout; the smaller ones count as one. 1 to 10: each more triples the work.');

select private.register_function('outcomes.attribute', 'analysis', 'analysis',
  'Divides the responses of a period between what was sent before them, by rules and by the randomised holdout',
  '{"groups": "outcomes.attribution_groups"}');
select private.register_function('outcomes.record', 'other', 'other', 'Takes outcomes that came by no signal', p_implementation => 'sql');
select private.register_function('outcomes.analyse', 'analysis', 'analysis', 'Finds which cohorts respond, when people respond, and what the randomised holdout tells of it all');
