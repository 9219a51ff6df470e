create table stimuli.arms (
  id uuid primary key default private.uuid_v7(),
  brand_id uuid not null references core.brands (id) on delete cascade,
  cohort_id uuid not null,
  template_id uuid not null,
  alpha double precision not null
    constraint alpha_is_positive check (alpha > 0 and alpha < 'infinity'),
  beta double precision not null
    constraint beta_is_positive check (beta > 0 and beta < 'infinity'),
  pulls bigint not null default 0
    constraint pulls_are_not_negative check (pulls >= 0),
  last_reward_at timestamptz,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  unique (brand_id, id),
  unique (brand_id, cohort_id, template_id),
  foreign key (brand_id, cohort_id) references cohorts.cohorts (brand_id, id) on delete cascade,
  foreign key (brand_id, template_id) references stimuli.stimulus_templates (brand_id, id) on delete cascade
);
comment on table stimuli.arms is
  'What is known about each template in each cohort: a Beta(alpha, beta) posterior of the share of people who respond inside the attribution window. A pair without a row stands at the prior.';
comment on column stimuli.arms.alpha is 'As of last_reward_at: prior plus weighted responses, forgotten exponentially.';
comment on column stimuli.arms.pulls is 'Deployments it has learned from, never forgotten.';

create table stimuli.arm_inheritance (
  id uuid primary key default private.uuid_v7(),
  brand_id uuid not null references core.brands (id) on delete cascade,
  arm_id uuid not null,
  from_arm_id uuid not null,
  evolution_id uuid not null,
  fraction double precision not null
    constraint fraction_is_a_share check (fraction between 0 and 1),
  alpha_gained double precision not null
    constraint alpha_gained_is_not_negative check (alpha_gained >= 0),
  beta_gained double precision not null
    constraint beta_gained_is_not_negative check (beta_gained >= 0),
  inherited_at timestamptz not null,
  unique (brand_id, evolution_id, from_arm_id, arm_id),
  foreign key (brand_id, arm_id) references stimuli.arms (brand_id, id) on delete cascade,
  foreign key (brand_id, from_arm_id) references stimuli.arms (brand_id, id) on delete cascade,
  foreign key (brand_id, evolution_id) references cohorts.cohort_evolution_log (brand_id, id) on delete cascade
);
comment on table stimuli.arm_inheritance is
  'What an arm took over when a cohort split, merged or dissolved: the heirs of the cohort begin with what it had learnt. A cohort that goes on after a split hands a share on and keeps the rest: it stands as its own heir.';
comment on column stimuli.arm_inheritance.evolution_id is 'The event in cohorts.cohort_evolution_log; each is handed on once.';
comment on column stimuli.arm_inheritance.fraction is 'Share of what from_arm_id had learnt: the share of the people, for the child of a split times the parameter stimuli.inherited_strength.';
comment on column stimuli.arm_inheritance.alpha_gained is 'Responses above the prior, as of inherited_at; beta_gained: silences.';

create table stimuli.stimulus_deployments (
  id uuid primary key default private.uuid_v7(),
  brand_id uuid not null references core.brands (id) on delete cascade,
  stimulus_id uuid not null,
  actor_id uuid not null,
  cohort_id uuid,
  template_id uuid,
  is_holdout boolean not null,
  propensity double precision not null
    constraint propensity_is_a_positive_share check (propensity > 0 and propensity <= 1),
  deployment_channel stimuli.channel not null,
  deployment_method text not null
    constraint deployment_method_is_known check (deployment_method in ('push', 'pull', 'scheduled', 'triggered', 'batch')),
  delivered_content jsonb not null,
  personalization_applied jsonb not null default '{}',
  scheduled_for timestamptz,
  deployed_at timestamptz not null default now(),
  expires_at timestamptz,
  window_ends_at timestamptz not null,
  delivery_status stimuli.delivery_status not null default 'pending',
  delivery_attempts integer not null default 0
    constraint delivery_attempts_are_not_negative check (delivery_attempts >= 0),
  last_delivery_attempt timestamptz,
  response_status stimuli.response_status not null default 'none',
  response_timestamp timestamptz,
  response_data jsonb not null default '{}',
  time_to_open integer
    constraint time_to_open_is_not_negative check (time_to_open >= 0),
  time_to_click integer
    constraint time_to_click_is_not_negative check (time_to_click >= 0),
  time_to_convert integer
    constraint time_to_convert_is_not_negative check (time_to_convert >= 0),
  error_message text,
  error_code text,
  error_details jsonb not null default '{}',
  purpose stimuli.send_purpose not null default 'marketing',
  reason_code text
    constraint reason_code_is_short check (length(reason_code) <= 60),
  next_attempt_at timestamptz,
  fencing_token bigint not null default 0,
  lease_until timestamptz,
  worker text,
  connector_id uuid,
  is_repeatable boolean not null default false,
  handed_over_at timestamptz,
  sent_at timestamptz,
  delivered_at timestamptz,
  address_sha256 bytea,
  provider_message_id text
    constraint provider_message_id_is_short check (length(provider_message_id) <= 500),
  send_cost numeric(12, 4)
    constraint send_cost_is_not_negative check (send_cost >= 0),
  spending_day date,
  reach smallint not null generated always as (
    case when is_holdout then 0 when response_status = 'converted' then 5 when response_status in ('clicked', 'responded') then 4
      when response_status in ('opened', 'unsubscribed') then 3 when delivery_status = 'delivered' then 2
      when delivery_status = 'sent' or response_status = 'bounced' then 1 else 0 end) stored,
  learned_at timestamptz,
  learning_id uuid,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  unique (brand_id, id),
  constraint a_person_gets_a_stimulus_once unique (stimulus_id, actor_id),
  constraint held_out_people_are_sent_nothing check (
    is_holdout = (delivery_status = 'held_out') and (not is_holdout or delivery_attempts = 0 and delivered_content = '{}')),
  constraint window_ends_after_deployment check (window_ends_at > deployed_at),
  constraint what_is_being_sent_has_a_lease check ((delivery_status = 'sending') = (lease_until is not null)),
  foreign key (brand_id, stimulus_id) references stimuli.stimuli_base (brand_id, id) on delete cascade,
  foreign key (brand_id, actor_id) references actors.actors (brand_id, id) on delete cascade,
  foreign key (brand_id, cohort_id) references cohorts.cohorts (brand_id, id) on delete set null (cohort_id),
  foreign key (brand_id, template_id) references stimuli.stimulus_templates (brand_id, id) on delete set null (template_id)
);
comment on table stimuli.stimulus_deployments is
  'One person assigned to one stimulus, once: either treated (it is sent) or held out (nothing is sent, but measured the same way). The difference of the two groups is what the stimulus caused.';
comment on column stimuli.stimulus_deployments.propensity is
  'Probability that this person got this assignment: of the template (Thompson sampling) times of treated or held out. For inverse-propensity evaluation of other policies.';
comment on column stimuli.stimulus_deployments.window_ends_at is
  'End of the attribution window: signals with an event time in [deployed_at, window_ends_at) can be its outcomes. Fixed at deployment, so a later change of the parameter moves no past window.';
comment on column stimuli.stimulus_deployments.time_to_open is 'Seconds from deployed_at to the first open; likewise click and convert.';
comment on column stimuli.stimulus_deployments.purpose is 'As the stimulus says. The queue takes transactional ones first.';
comment on column stimuli.stimulus_deployments.reason_code is
  'Why it has not gone: of a pending one why it waits until next_attempt_at, of one that failed, expired or was cancelled why it never goes. See private.delivery_verdicts.';
comment on column stimuli.stimulus_deployments.next_attempt_at is 'Null: at scheduled_for, or at once.';
comment on column stimuli.stimulus_deployments.fencing_token is 'Grows with every hand-over; an answer with an older one is of another attempt.';
comment on column stimuli.stimulus_deployments.lease_until is 'Until then the worker that hands it over may still answer.';
comment on column stimuli.stimulus_deployments.is_repeatable is
  'The provider of the last hand-over knows a message again by its key: where the answer was lost, the message is handed over once more. Otherwise its fate is unknown, and it is held.';
comment on column stimuli.stimulus_deployments.handed_over_at is 'Committed before the provider was called. Null again where it is certain that nothing was sent: frequency caps count what has it.';
comment on column stimuli.stimulus_deployments.send_cost is 'In the currency of the brand; reserved with the hand-over, given back where the message was not sent.';
comment on column stimuli.stimulus_deployments.spending_day is 'Local day of the brand that the cost stands under in stimuli.campaign_spending.';
comment on column stimuli.stimulus_deployments.reach is
  'Furthest stage: 0 not sent, 1 sent, 2 delivered, 3 opened, 4 clicked or answered, 5 converted. total_sent … total_converted of the stimulus count it.';
comment on column stimuli.stimulus_deployments.learned_at is 'When outcomes.learn closed it; once.';
comment on column stimuli.stimulus_deployments.learning_id is
  'The step of learning (its first version) that closed it, set with learned_at. No foreign key: steps belong to a higher domain.';

create table stimuli.stimulus_performance_metrics (
  id uuid primary key default private.uuid_v7(),
  brand_id uuid not null references core.brands (id) on delete cascade,
  stimulus_id uuid not null,
  metric_name text not null,
  metric_value double precision not null
    constraint metric_value_is_not_negative check (metric_value >= 0),
  metric_unit text,
  measurement_period_start timestamptz not null,
  measurement_period_end timestamptz not null,
  measurement_date timestamptz not null default now(),
  context_type text,
  context_id uuid,
  context_data jsonb not null default '{}',
  sample_size integer not null
    constraint sample_size_is_positive check (sample_size > 0),
  confidence_interval_lower double precision,
  confidence_interval_upper double precision,
  p_value double precision
    constraint p_value_is_a_share check (p_value between 0 and 1),
  baseline_value double precision,
  improvement_over_baseline double precision,
  percentile_rank double precision
    constraint percentile_rank_is_a_percentage check (percentile_rank between 0 and 100),
  data_quality_score double precision not null default 0
    constraint data_quality_score_is_a_share check (data_quality_score between 0 and 1),
  measurement_confidence double precision not null default 0
    constraint measurement_confidence_is_a_share check (measurement_confidence between 0 and 1),
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  unique (brand_id, stimulus_id, metric_name, measurement_period_start, measurement_period_end),
  constraint period_ends_after_it_begins check (measurement_period_start < measurement_period_end),
  constraint interval_is_in_order check (confidence_interval_lower <= confidence_interval_upper),
  foreign key (brand_id, stimulus_id) references stimuli.stimuli_base (brand_id, id) on delete cascade
);
comment on table stimuli.stimulus_performance_metrics is
  'How a stimulus did in a period: the treated people''s value with its interval against the held-out people''s (baseline_value).';
comment on column stimuli.stimulus_performance_metrics.sample_size is 'Treated people whose window lies in the period.';
comment on column stimuli.stimulus_performance_metrics.improvement_over_baseline is 'metric_value less baseline_value, in the metric''s unit; negative when it did harm.';
comment on column stimuli.stimulus_performance_metrics.measurement_confidence is '1 - p_value.';

create table private.default_templates (
  template_key text primary key,
  template_name text not null,
  template_type text not null,
  template_category stimuli.template_category not null,
  template_description text not null,
  template_structure jsonb not null,
  default_content jsonb not null,
  required_fields jsonb not null,
  optional_fields jsonb not null
);
comment on table private.default_templates is 'What stimuli.install_templates copies into a brand.';
