insert into core.system_parameters (parameter_key, parameter_value, parameter_type, description) values
  ('outcomes.experiment_minimum_people', '50', 'number', 'People that every variant of an experiment must have before anything is concluded.'),
  ('outcomes.experiment_crossover_limit', '0.05', 'number', 'Share of the exposed people who may have met more than one variant before an experiment proves nothing, 0 to 1.');

insert into private.error_codes (key, errcode, http_status, message, hint) values
  ('experiment_verdict_differs', 'PT409', 409, 'The verdict on experiment %s is "%s"; it does not support this decision.', 'Wait for the verdict, keep the control, or say p_override with the reason.');

select private.register_function('outcomes.look_at_experiments', 'analysis', 'analysis', 'Looks at the running experiments and writes down what is seen');
select private.register_function('outcomes.decide_experiment', 'learning', 'learning', 'Ends an experiment, gives everybody the winner and learns its lift');
