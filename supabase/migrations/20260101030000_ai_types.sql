create schema ai;
comment on schema ai is
  'Registry of the logic functions, their calls, and the logs of reasoning, learning and contradictions.';

create type ai.function_type as enum ('signal_processing', 'actor_matching', 'clustering', 'stimulus_generation', 'learning',
  'prediction', 'optimization', 'validation', 'transformation', 'analysis', 'other');
create type ai.function_category as enum ('matching', 'clustering', 'reasoning', 'learning', 'prediction', 'optimization',
  'validation', 'transformation', 'analysis', 'communication', 'other');
create type ai.implementation_type as enum ('sql', 'plpgsql', 'typescript', 'python', 'javascript', 'external_api', 'hybrid');
create type ai.function_validation as enum ('pending', 'validated', 'failed', 'needs_review', 'in_testing');

create type ai.call_type as enum ('scheduled', 'triggered', 'manual', 'batch', 'real_time', 'replay');
create type ai.call_status as enum ('pending', 'running', 'completed', 'failed', 'timeout', 'cancelled', 'retrying');
create type ai.priority as enum ('low', 'normal', 'high', 'urgent');

create type ai.scope as enum ('global', 'cohort', 'actor', 'stimulus', 'outcome', 'signal', 'system');
create type ai.reasoning_type as enum ('actor_matching', 'cohort_assignment', 'stimulus_generation', 'learning_update',
  'belief_update', 'preference_inference', 'behavior_prediction', 'anomaly_detection', 'other');

create type ai.learning_type as enum ('belief_update', 'pattern_discovery', 'rule_creation', 'model_update',
  'preference_update', 'behavior_prediction', 'anomaly_detection', 'optimization', 'other');
create type ai.learning_category as enum ('actor_behavior', 'cohort_characteristics', 'stimulus_effectiveness',
  'system_performance', 'market_conditions', 'seasonal_patterns', 'external_factors', 'user_preferences', 'other');
create type ai.learning_method as enum ('statistical', 'ml', 'rule_based', 'hybrid', 'expert', 'reinforcement', 'other');
create type ai.impact_scope as enum ('global', 'cohort_specific', 'actor_specific', 'stimulus_specific', 'temporal', 'contextual');
create type ai.implementation_status as enum ('pending', 'implemented', 'rejected', 'testing', 'paused', 'deprecated');
create type ai.learning_validation as enum ('pending', 'validated', 'invalidated', 'needs_more_data', 'partially_validated');
create type ai.learning_mode as enum ('active', 'paused', 'disabled', 'maintenance', 'testing');

create type ai.contradiction_type as enum ('belief_vs_behavior', 'stated_vs_actual', 'belief_vs_belief', 'prediction_vs_outcome',
  'preference_vs_choice', 'intention_vs_action', 'self_vs_other_perception', 'other');
create type ai.severity as enum ('low', 'medium', 'high', 'critical');
create type ai.resolution_status as enum ('unresolved', 'investigating', 'resolved', 'irreconcilable', 'dismissed');
