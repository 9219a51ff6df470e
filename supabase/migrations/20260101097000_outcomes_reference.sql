insert into core.system_parameters (parameter_key, parameter_value, parameter_type, description) values
  ('outcomes.prior_strength', '10', 'number', 'How many people the belief "no effect" is worth when treated and held out are compared. Above 0.'),
  ('outcomes.baseline_days', '180', 'number', 'Held-out people of so many past days make the baseline of a cohort and of the brand. Above 0.'),
  ('outcomes.late_days', '1', 'number', 'Days after the end of a window in which its late signals may still arrive before it is closed. Not negative.');

select private.register_function('outcomes.measure', 'analysis', 'analysis',
  'Reads signals after a deployment as outcomes and attributes them by the randomised holdout',
  '{"prior_strength": "outcomes.prior_strength", "baseline_days": "outcomes.baseline_days"}');
select private.register_function('outcomes.learn', 'learning', 'learning',
  'Closes deployments whose window is over: evidence for beliefs, rewards for arms, what was learned',
  '{"late_days": "outcomes.late_days"}');

select private.register_function('outcomes.measure_cohorts', 'analysis', 'analysis',
  'Measures month by month how the people of each cohort did beside everybody');

insert into private.explainers (kind, function_name) values ('outcome', 'private.explain_outcome');
