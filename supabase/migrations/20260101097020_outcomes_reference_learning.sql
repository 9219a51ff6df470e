insert into core.system_parameters (parameter_key, parameter_value, parameter_type, description) values
  ('outcomes.reopen_days', '7', 'number', 'Days after closing in which a signal that came late is still learnt from, as if it had come in time. 0: never.'),
  ('outcomes.validation_windows', '3', 'number', 'Later windows of the same arm after which a step of learning is graded for good. At least 2.'),
  ('outcomes.auto_rollback', 'true', 'boolean', 'A step of learning that proves wrong is undone at once; false: it is only marked.'),
  ('outcomes.rollback_margin', '4.6', 'number', 'Log score by which later windows must be foretold better without a step than with it to prove it wrong where they lie inside its interval; 4.6 is a hundred to one. Above 0.');

insert into private.error_codes (key, errcode, http_status, message, hint) values
  ('learning_not_undone', 'PT409', 409, 'Step of learning %s was never undone.', 'Only what was undone can be learnt again.');

select private.register_function('outcomes.undo_learning', 'learning', 'learning', 'Takes a step of learning back: beliefs, arms and scores become what they would be without it');
select private.register_function('outcomes.redo_learning', 'learning', 'learning', 'Learns again what was undone, from the outcomes as they are now');
select private.register_function('outcomes.validate_learning', 'validation', 'validation',
  'Grades steps of learning by the windows that followed and takes back those that were wrong',
  '{"validation_windows": "outcomes.validation_windows", "rollback_margin": "outcomes.rollback_margin", "auto_rollback": "outcomes.auto_rollback"}');
select private.register_function('outcomes.measure_learning', 'analysis', 'analysis',
  'Measures how well the learning is calibrated, whether arms drift and whether it keeps up');
select private.register_function('outcomes.mark_outcome_as_signal', 'learning', 'learning', 'Makes an outcome that came by no signal a signal of its own');

insert into private.explainers (kind, function_name) values
  ('learning_step', 'private.explain_learning_step'),
  ('arm_reward', 'private.explain_arm_reward'),
  ('feedback', 'private.explain_feedback'),
  ('analysis', 'private.explain_analysis');
