insert into core.system_parameters (parameter_key, parameter_value, parameter_type, description) values
  ('stimuli.lift_deviation', '0.3', 'number', 'Relative lifts of variants are expected to lie about 0 with this deviation until the brand''s own experiments tell. Above 0.'),
  ('stimuli.lift_prior_experiments', '5', 'number', 'From so many decided experiments on, they tell.');

insert into private.error_codes (key, errcode, http_status, message, hint) values
  ('experiment_not_whole', 'PT409', 409, 'Experiment %s cannot start: %s.', 'Give it a control and at least one other variant with shares that sum to 1, and one primary metric.'),
  ('experiment_not_running', 'PT409', 409, 'Experiment %s is %s.', 'A draft is started first; one that was stopped or decided takes nobody new.'),
  ('experiment_is_fixed', 'PT409', 409, 'Experiment %s is %s: its plan does not change any more.', 'Stop it and start a new one.');

select private.register_function('stimuli.start_experiment', 'stimulus_generation', 'validation', 'Fixes the plan of an experiment and starts it',
  '{"lift_deviation": "stimuli.lift_deviation"}');
select private.register_function('stimuli.stop_experiment', 'stimulus_generation', 'validation', 'Stops an experiment');

insert into private.explainers (kind, function_name) values ('experiment', 'private.explain_experiment');
