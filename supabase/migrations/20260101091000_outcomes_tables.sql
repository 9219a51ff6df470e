create table outcomes.outcomes (
  id uuid primary key default private.uuid_v7(),
  brand_id uuid not null references core.brands (id) on delete cascade,
  stimulus_id uuid,
  stimulus_type stimuli.stimulus_type,
  deployment_id uuid,
  source_signal_id uuid,
  source_key text
    constraint source_key_is_short check (length(source_key) between 1 and 255),
  target_cohort_id uuid,
  target_actor_id uuid,
  is_holdout boolean not null default false,
  outcome_type outcomes.outcome_type not null,
  outcome_category outcomes.outcome_category,
  outcome_description text,
  outcome_value double precision not null
    constraint outcome_value_is_finite check (outcome_value > '-infinity' and outcome_value < 'infinity'),
  outcome_unit text,
  outcome_confidence double precision not null default 0
    constraint outcome_confidence_is_a_share check (outcome_confidence between 0 and 1),
  outcome_timestamp timestamptz not null default now(),
  stimulus_deployed_at timestamptz,
  time_to_outcome integer
    constraint time_to_outcome_is_not_negative check (time_to_outcome >= 0),
  context_data jsonb not null default '{}',
  external_factors jsonb not null default '[]',
  attribution_confidence double precision not null default 0
    constraint attribution_confidence_is_a_share check (attribution_confidence between 0 and 1),
  causal_factors jsonb not null default '[]',
  counterfactual_analysis jsonb not null default '{}',
  data_quality_score double precision not null default 0
    constraint data_quality_score_is_a_share check (data_quality_score between 0 and 1),
  measurement_reliability double precision not null default 0
    constraint measurement_reliability_is_a_share check (measurement_reliability between 0 and 1),
  source_systems jsonb not null default '[]',
  learning_insights jsonb not null default '[]',
  pattern_matches jsonb not null default '[]',
  anomaly_flags jsonb not null default '[]',
  processing_status outcomes.processing_status not null default 'pending',
  requires_review boolean not null default false,
  review_notes text,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  unique (brand_id, id),
  foreign key (brand_id, stimulus_id) references stimuli.stimuli_base (brand_id, id) on delete cascade,
  foreign key (brand_id, deployment_id) references stimuli.stimulus_deployments (brand_id, id) on delete cascade,
  foreign key (brand_id, source_signal_id) references signals.signals_base (brand_id, id) on delete cascade,
  foreign key (brand_id, target_cohort_id) references cohorts.cohorts (brand_id, id) on delete set null (target_cohort_id),
  foreign key (brand_id, target_actor_id) references actors.actors (brand_id, id) on delete set null (target_actor_id)
);
comment on table outcomes.outcomes is
  'What a person did after a deployment, one row per deployment and signal or recorded happening. A treated person who did nothing until the window closed has one row without a signal: silence is an outcome too.';
comment on column outcomes.outcomes.source_signal_id is 'The signal it was read from; null for silence and for what was recorded without one.';
comment on column outcomes.outcomes.source_key is
  'The sender''s name of what was recorded by outcomes.record, unique in the brand; a happening that no deployment is named for has one row for each deployment it may have followed.';
comment on column outcomes.outcomes.is_holdout is 'The person was held out: what it did was not caused by the stimulus and is the baseline.';
comment on column outcomes.outcomes.outcome_value is 'In outcome_unit: the order''s total, negative for a return; 1 for an event; the rating for feedback; 0 for silence.';
comment on column outcomes.outcomes.outcome_confidence is 'That this person did it: the match probability of the signal.';
comment on column outcomes.outcomes.time_to_outcome is 'Seconds from deployment to outcome_timestamp.';
comment on column outcomes.outcomes.attribution_confidence is
  'Probability that it would not have happened without the stimulus, from treated against held-out people (outcomes.attribution); 0 for the held out. Recomputed by outcomes.measure until the window closes.';
comment on column outcomes.outcomes.counterfactual_analysis is 'Rates, groups and prior behind attribution_confidence.';

create table outcomes.cohort_outcome_summary (
  id uuid primary key default private.uuid_v7(),
  brand_id uuid not null references core.brands (id) on delete cascade,
  cohort_id uuid not null,
  stimulus_id uuid,
  summary_period_start timestamptz not null,
  summary_period_end timestamptz not null,
  summary_date timestamptz not null default now(),
  outcome_type outcomes.outcome_type not null,
  total_outcomes integer not null default 0
    constraint total_outcomes_are_not_negative check (total_outcomes >= 0),
  positive_outcomes integer not null default 0
    constraint positive_outcomes_are_not_negative check (positive_outcomes >= 0),
  negative_outcomes integer not null default 0
    constraint negative_outcomes_are_not_negative check (negative_outcomes >= 0),
  neutral_outcomes integer not null default 0
    constraint neutral_outcomes_are_not_negative check (neutral_outcomes >= 0),
  mean_outcome_value double precision,
  median_outcome_value double precision,
  standard_deviation double precision,
  min_outcome_value double precision,
  max_outcome_value double precision,
  outcome_rate double precision
    constraint outcome_rate_is_a_share check (outcome_rate between 0 and 1),
  positive_rate double precision
    constraint positive_rate_is_a_share check (positive_rate between 0 and 1),
  negative_rate double precision
    constraint negative_rate_is_a_share check (negative_rate between 0 and 1),
  cohort_size integer not null
    constraint cohort_size_is_not_negative check (cohort_size >= 0),
  active_members integer,
  new_members integer,
  churned_members integer,
  baseline_value double precision,
  improvement_over_baseline double precision,
  percentile_rank double precision
    constraint percentile_rank_is_a_percentage check (percentile_rank between 0 and 100),
  data_quality_score double precision not null default 0
    constraint data_quality_score_is_a_share check (data_quality_score between 0 and 1),
  sample_size_confidence double precision not null default 0
    constraint sample_size_confidence_is_a_share check (sample_size_confidence between 0 and 1),
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  unique (brand_id, id),
  unique nulls not distinct (brand_id, cohort_id, stimulus_id, outcome_type, summary_period_start, summary_period_end),
  constraint parts_are_not_more_than_all check (positive_outcomes + negative_outcomes + neutral_outcomes <= total_outcomes),
  constraint period_ends_after_it_begins check (summary_period_start < summary_period_end),
  foreign key (brand_id, cohort_id) references cohorts.cohorts (brand_id, id) on delete cascade,
  foreign key (brand_id, stimulus_id) references stimuli.stimuli_base (brand_id, id) on delete cascade
);
comment on table outcomes.cohort_outcome_summary is
  'Outcomes of the treated people of a cohort, per stimulus, type and window.';
comment on column outcomes.cohort_outcome_summary.outcome_rate is 'Treated people with at least one such outcome, of all treated (active_members).';
comment on column outcomes.cohort_outcome_summary.baseline_value is 'The same rate among the held-out people; null without any.';
comment on column outcomes.cohort_outcome_summary.active_members is 'Treated people; cohort_size also counts the held out.';
comment on column outcomes.cohort_outcome_summary.sample_size_confidence is 'n / (n + prior strength): weight of the cohort''s own people against the prior.';

create table outcomes.outcome_analysis (
  id uuid primary key default private.uuid_v7(),
  brand_id uuid not null references core.brands (id) on delete cascade,
  analysis_type text not null
    constraint analysis_type_is_known check (analysis_type in (
      'stimulus_effectiveness', 'cohort_performance', 'temporal_patterns', 'causal_analysis', 'segmentation_analysis',
      'churn_analysis', 'lifetime_value_analysis', 'other')),
  analysis_scope text not null
    constraint analysis_scope_is_known check (analysis_scope in ('global', 'cohort', 'stimulus', 'time_period', 'actor')),
  scope_id uuid,
  analysis_period_start timestamptz not null,
  analysis_period_end timestamptz not null,
  analysis_date timestamptz not null default now(),
  key_findings jsonb not null,
  success_factors jsonb not null default '[]',
  failure_factors jsonb not null default '[]',
  patterns_detected jsonb not null default '[]',
  correlation_analysis jsonb not null default '{}',
  regression_analysis jsonb not null default '{}',
  significance_tests jsonb not null default '{}',
  predictive_insights jsonb not null default '[]',
  recommendations jsonb not null default '[]',
  confidence_scores jsonb not null default '{}',
  analysis_method text not null
    constraint analysis_method_is_known check (analysis_method in ('statistical', 'ml', 'rule_based', 'hybrid', 'expert')),
  analysis_parameters jsonb not null default '{}',
  data_sources jsonb not null default '[]',
  analysis_quality double precision not null default 0
    constraint analysis_quality_is_a_share check (analysis_quality between 0 and 1),
  validation_score double precision not null default 0
    constraint validation_score_is_a_share check (validation_score between 0 and 1),
  peer_review_status text not null default 'pending'
    constraint peer_review_status_is_known check (peer_review_status in ('pending', 'approved', 'rejected', 'needs_revision')),
  created_by text,
  analysis_version integer not null default 1
    constraint analysis_version_is_positive check (analysis_version > 0),
  is_current boolean not null default true,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  unique (brand_id, id),
  constraint period_ends_after_it_begins check (analysis_period_start < analysis_period_end)
);
comment on table outcomes.outcome_analysis is
  'What a stimulus did in its closed window, with tests and intervals. A new look at the same window is a new version.';
comment on column outcomes.outcome_analysis.scope_id is 'The cohort, stimulus or actor that analysis_scope names; null for global and time_period.';
comment on column outcomes.outcome_analysis.analysis_quality is 'Share of the people whose window was measured to its end.';

create table outcomes.outcome_learning (
  id uuid primary key default private.uuid_v7(),
  brand_id uuid not null references core.brands (id) on delete cascade,
  learning_type text not null
    constraint learning_type_is_known check (learning_type in (
      'belief_update', 'pattern_discovery', 'rule_creation', 'model_update', 'preference_update', 'behavior_prediction',
      'anomaly_detection', 'other')),
  learning_category text not null
    constraint learning_category_is_known check (learning_category in (
      'actor_behavior', 'cohort_characteristics', 'stimulus_effectiveness', 'system_performance', 'market_conditions',
      'seasonal_patterns', 'external_factors', 'other')),
  learning_description text not null,
  learned_facts jsonb not null,
  confidence_in_learning double precision not null
    constraint confidence_in_learning_is_a_share check (confidence_in_learning between 0 and 1),
  source_outcomes jsonb not null
    constraint source_outcomes_are_a_list check (jsonb_typeof(source_outcomes) = 'array'),
  source_analysis_id uuid,
  learning_log_id uuid,
  learning_algorithm text,
  impact_scope text not null
    constraint impact_scope_is_known
      check (impact_scope in ('global', 'cohort_specific', 'stimulus_specific', 'actor_specific', 'temporal')),
  impact_scope_id uuid,
  expected_impact jsonb not null default '{}',
  implementation_status text not null default 'pending'
    constraint implementation_status_is_known
      check (implementation_status in ('pending', 'implemented', 'rejected', 'testing', 'paused')),
  implementation_notes text,
  implemented_at timestamptz,
  implemented_by text,
  validation_status outcomes.validation_status not null default 'pending',
  validation_results jsonb not null default '{}',
  validation_confidence double precision not null default 0
    constraint validation_confidence_is_a_share check (validation_confidence between 0 and 1),
  learning_strength double precision not null default 1
    constraint learning_strength_is_a_share check (learning_strength between 0 and 1),
  decay_rate double precision not null default 0
    constraint decay_rate_is_a_share check (decay_rate between 0 and 1),
  last_reinforced_at timestamptz,
  learned_at timestamptz not null default now(),
  expires_at timestamptz,
  version integer not null default 1
    constraint version_is_positive check (version > 0),
  is_active boolean not null default true,
  revises uuid,
  cause text not null default 'window_closed'
    constraint cause_is_known check (cause in ('window_closed', 'signal_retracted', 'signal_came_late', 'learned_again')),
  prior jsonb not null default '{}',
  evidence jsonb not null default '{}',
  weight double precision not null default 0
    constraint weight_is_not_negative check (weight >= 0 and weight < 'infinity'),
  posterior jsonb not null default '{}',
  undone_at timestamptz,
  undone_by text,
  undo_reason text
    constraint undo_reason_is_not_too_long check (length(undo_reason) <= 2000),
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  unique (brand_id, id),
  constraint what_is_undone_is_not_active check (undone_at is null or not is_active),
  foreign key (brand_id, revises) references outcomes.outcome_learning (brand_id, id) on delete cascade,
  foreign key (brand_id, source_analysis_id) references outcomes.outcome_analysis (brand_id, id) on delete set null (source_analysis_id),
  foreign key (brand_id, learning_log_id) references ai.learning_logs (brand_id, id) on delete set null (learning_log_id)
);
comment on table outcomes.outcome_learning is
  'The steps of learning, one row per stimulus and call of outcomes.learn: from which prior, by which evidence of what weight, to which posterior. What a step moved names it: evidence through its deployments (stimuli.stimulus_deployments.learning_id), arms through outcomes.arm_rewards; so it can be undone and learnt again. ai.learning_logs holds the same step in the log of all learning (learning_log_id).';
comment on column outcomes.outcome_learning.learned_facts is 'The arm before and after, the two groups, the lift with its interval.';
comment on column outcomes.outcome_learning.revises is
  'The first step about the same deployments, which a retraction, a late signal or learning again replaced by this one; null for a first step. Of a step and its revisions at most one is active.';
comment on column outcomes.outcome_learning.prior is 'Before the step: expected response_rate and the Beta (alpha, beta) of its arm; predicted responses of its people with their 99% predictive interval (lower, upper) and the log score of what came.';
comment on column outcomes.outcome_learning.evidence is 'pulls and responses of the arm, pieces of evidence about people.';
comment on column outcomes.outcome_learning.weight is 'Summed weight of the evidence about people: signal quality x match probability x attribution confidence.';
comment on column outcomes.outcome_learning.posterior is 'After the step: response_rate, alpha and beta of its arm.';
comment on column outcomes.outcome_learning.is_active is 'It counts. False: undone, or replaced by a revision.';
comment on column outcomes.outcome_learning.validation_results is
  'Of the later windows of the same arm: their number, how many lay outside the 99% predictive interval of this step alone, whether they agree with what was known without it, and gain: their summed log score with the step less without it.';
comment on column outcomes.outcome_learning.source_outcomes is 'Ids of up to 1,000 outcomes it was learned from; learned_facts counts them all.';
comment on column outcomes.outcome_learning.decay_rate is 'Share of the knowledge forgotten per day.';

create table outcomes.outcome_feedback_loop (
  id uuid primary key default private.uuid_v7(),
  brand_id uuid not null references core.brands (id) on delete cascade,
  feedback_type text not null
    constraint feedback_type_is_known check (feedback_type in (
      'actor_update', 'cohort_update', 'stimulus_update', 'system_update', 'belief_update', 'preference_update',
      'behavior_update', 'other')),
  feedback_trigger text not null,
  feedback_description text not null,
  source_outcome_id uuid,
  source_analysis_id uuid,
  source_learning_id uuid,
  target_entity_type text not null
    constraint target_entity_type_is_known check (target_entity_type in ('actor', 'cohort', 'stimulus', 'system', 'model')),
  target_entity_id uuid not null,
  target_attribute text,
  feedback_data jsonb not null,
  feedback_confidence double precision not null default 0
    constraint feedback_confidence_is_a_share check (feedback_confidence between 0 and 1),
  feedback_priority text not null default 'normal'
    constraint feedback_priority_is_known check (feedback_priority in ('low', 'normal', 'high', 'urgent')),
  processing_status text not null default 'pending'
    constraint processing_status_is_known
      check (processing_status in ('pending', 'processing', 'applied', 'rejected', 'failed', 'expired')),
  processing_attempts integer not null default 0
    constraint processing_attempts_are_not_negative check (processing_attempts >= 0),
  processing_errors jsonb not null default '[]',
  applied_at timestamptz,
  applied_by text,
  application_notes text,
  application_results jsonb not null default '{}',
  validation_required boolean not null default false,
  validation_status text not null default 'pending'
    constraint validation_status_is_known check (validation_status in ('pending', 'validated', 'rejected', 'expired')),
  validation_notes text,
  processed_at timestamptz,
  expires_at timestamptz,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  unique (brand_id, id),
  foreign key (brand_id, source_outcome_id) references outcomes.outcomes (brand_id, id) on delete cascade,
  foreign key (brand_id, source_analysis_id) references outcomes.outcome_analysis (brand_id, id) on delete set null (source_analysis_id),
  foreign key (brand_id, source_learning_id) references outcomes.outcome_learning (brand_id, id) on delete set null (source_learning_id)
);
comment on table outcomes.outcome_feedback_loop is
  'The way back: each change that an outcome made to a person''s beliefs (actor) or to the next choice (model: an arm of stimuli.arms).';

-- The log of learning belongs to a lower domain, which cannot name this one.
alter table ai.learning_logs
  add foreign key (brand_id, source_analysis_id) references outcomes.outcome_analysis (brand_id, id) on delete set null (source_analysis_id);
