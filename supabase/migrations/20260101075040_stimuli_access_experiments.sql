-- Managers write the plan while it is a draft; from the start on everything moves through functions.
select private.grant_access('stimuli.experiments', 'staff', p_write_role => 'manager',
  p_insert => '{brand_id, experiment_name, hypothesis, campaign_id, baseline, baseline_deviation, minimal_effect, power, alpha, sequential_method, outcome_window_days, covariate_attribute, max_people}',
  p_update => '{experiment_name, hypothesis, campaign_id, baseline, baseline_deviation, minimal_effect, power, alpha, sequential_method, outcome_window_days, covariate_attribute, max_people}');
select private.grant_access('stimuli.experiment_variants', 'staff', p_write_role => 'manager', p_delete => true,
  p_insert => '{brand_id, experiment_id, variant_name, is_control, share, stimulus_id}',
  p_update => '{variant_name, is_control, share, stimulus_id}');
select private.grant_access('stimuli.experiment_metrics', 'staff', p_write_role => 'manager', p_delete => true,
  p_insert => '{brand_id, experiment_id, metric_name, metric_kind, metric_role, numerator, denominator, direction, margin}',
  p_update => '{metric_name, metric_kind, metric_role, numerator, denominator, direction, margin}');
select private.grant_access('stimuli.experiment_assignments', 'staff');
select private.grant_access('stimuli.experiment_exposures', 'staff');
select private.grant_access('stimuli.experiment_looks', 'append');
select private.grant_access('stimuli.experiment_decisions', 'append');
