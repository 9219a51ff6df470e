-- Exactly once per deployment and signal, and one silence per deployment.
create unique index outcomes_once_idx on outcomes.outcomes (brand_id, deployment_id, source_signal_id) nulls not distinct
  where deployment_id is not null and source_key is null;
create unique index outcomes_recorded_once_idx on outcomes.outcomes (brand_id, source_key, deployment_id) nulls not distinct
  where source_key is not null;
create index outcomes_deployment_idx on outcomes.outcomes (brand_id, deployment_id);
create index outcomes_stimulus_idx on outcomes.outcomes (brand_id, stimulus_id, outcome_type);
create index outcomes_source_signal_idx on outcomes.outcomes (brand_id, source_signal_id);
create index outcomes_target_cohort_idx on outcomes.outcomes (brand_id, target_cohort_id);
create index outcomes_target_actor_idx on outcomes.outcomes (brand_id, target_actor_id);
create index outcomes_outcome_timestamp_idx on outcomes.outcomes (brand_id, outcome_timestamp desc);
create index cohort_outcome_summary_stimulus_idx on outcomes.cohort_outcome_summary (brand_id, stimulus_id);
create unique index outcome_analysis_one_current_idx
  on outcomes.outcome_analysis (brand_id, analysis_type, analysis_scope, scope_id, analysis_period_start, analysis_period_end)
  nulls not distinct where is_current;
create index outcome_analysis_date_idx on outcomes.outcome_analysis (brand_id, analysis_date desc);
create index outcome_learning_analysis_idx on outcomes.outcome_learning (brand_id, source_analysis_id);
create index outcome_learning_log_idx on outcomes.outcome_learning (brand_id, learning_log_id);
create index outcome_learning_learned_at_idx on outcomes.outcome_learning (brand_id, learned_at desc);
create index outcome_feedback_loop_outcome_idx on outcomes.outcome_feedback_loop (brand_id, source_outcome_id);
create index outcome_feedback_loop_analysis_idx on outcomes.outcome_feedback_loop (brand_id, source_analysis_id);
create index outcome_feedback_loop_learning_idx on outcomes.outcome_feedback_loop (brand_id, source_learning_id);
create index outcome_feedback_loop_target_idx on outcomes.outcome_feedback_loop (brand_id, target_entity_type, target_entity_id);
create index learning_logs_source_analysis_idx on ai.learning_logs (brand_id, source_analysis_id);
