create table stimuli.experiments (
  id uuid primary key default private.uuid_v7(),
  brand_id uuid not null references core.brands (id) on delete cascade,
  experiment_name text not null
    constraint experiment_name_is_not_blank check (btrim(experiment_name) <> '' and length(experiment_name) <= 200),
  hypothesis text not null
    constraint hypothesis_is_not_blank check (btrim(hypothesis) <> '' and length(hypothesis) <= 2000),
  campaign_id uuid,
  status text not null default 'draft'
    constraint status_is_known check (status in ('draft', 'running', 'stopped', 'decided')),
  baseline double precision not null
    constraint baseline_is_positive check (baseline > 0 and baseline < 'infinity'),
  baseline_deviation double precision
    constraint baseline_deviation_is_positive check (baseline_deviation > 0 and baseline_deviation < 'infinity'),
  minimal_effect double precision not null
    constraint minimal_effect_is_a_relative_change check (minimal_effect > 0 and minimal_effect <= 10),
  power double precision not null default 0.9
    constraint power_is_a_share check (power >= 0.5 and power <= 0.99),
  alpha double precision not null default 0.05
    constraint alpha_is_a_small_share check (alpha >= 0.0001 and alpha <= 0.2),
  sequential_method text not null default 'group_sequential'
    constraint sequential_method_is_known check (sequential_method in ('group_sequential', 'always_valid')),
  outcome_window_days double precision not null default 7
    constraint outcome_window_is_positive check (outcome_window_days > 0 and outcome_window_days <= 366),
  covariate_attribute text
    constraint covariate_attribute_is_a_dotted_name
      check (covariate_attribute ~ '^[a-z][a-z0-9_]*(\.[a-z0-9_]+)+$' and length(covariate_attribute) <= 200),
  max_people integer
    constraint max_people_are_positive check (max_people > 0),
  mixture_rho double precision,
  prior_deviation double precision,
  started_at timestamptz,
  ended_at timestamptz,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  unique (brand_id, id),
  constraint a_running_experiment_has_its_plan
    check (status = 'draft' or num_nulls(started_at, max_people, mixture_rho, prior_deviation) = 0),
  constraint an_experiment_ends_when_it_stops check ((status in ('stopped', 'decided')) = (ended_at is not null)),
  constraint a_share_lies_below_one check (baseline_deviation is not null or baseline < 1),
  foreign key (brand_id, campaign_id) references stimuli.stimuli_base (brand_id, id) on delete set null (campaign_id)
);
comment on table stimuli.experiments is
  'A test of variants against a control on people drawn at random. The plan is fixed when it starts (stimuli.start_experiment) and never changes: what it may conclude was said before anybody looked.';
comment on column stimuli.experiments.campaign_id is 'The campaign whose variants are compared; null: something else, for example a page.';
comment on column stimuli.experiments.baseline is 'Expected primary metric of the control, per person in the outcome window: a share for a binary metric, else in the metric''s unit.';
comment on column stimuli.experiments.baseline_deviation is 'Expected standard deviation between people; null for a binary metric, where baseline tells it.';
comment on column stimuli.experiments.minimal_effect is 'Relative change that must not be missed: 0.1 is 10% of baseline.';
comment on column stimuli.experiments.power is 'Probability of finding minimal_effect if it is there.';
comment on column stimuli.experiments.alpha is 'Probability of finding a difference where there is none, over all looks and all variants together.';
comment on column stimuli.experiments.sequential_method is
  'What decides: group_sequential (boundary spent up to max_people, the more powerful) or always_valid (e-value, no end needed). Both are always shown.';
comment on column stimuli.experiments.outcome_window_days is
  'A person counts once these days since the first exposure are over, with the outcomes inside them: late converters bias nothing.';
comment on column stimuli.experiments.covariate_attribute is
  'Attribute of a belief, such as behavior.purchase_rate, whose mean as of assignment lowers the variance (CUPED); null: none.';
comment on column stimuli.experiments.max_people is 'Planned people over all variants; at the start, when null, as many as power and minimal_effect need.';
comment on column stimuli.experiments.mixture_rho is
  'Deviation of the mixture behind the e-values, in deviations of one observation; from earlier tests, or tuned to max_people. Fixed at the start.';
comment on column stimuli.experiments.prior_deviation is 'Deviation of the relative lifts expected before the data (private.lift_prior). Fixed at the start.';

create table stimuli.experiment_variants (
  id uuid primary key default private.uuid_v7(),
  brand_id uuid not null references core.brands (id) on delete cascade,
  experiment_id uuid not null,
  variant_name text not null
    constraint variant_name_is_not_blank check (btrim(variant_name) <> '' and length(variant_name) <= 100),
  is_control boolean not null default false,
  share double precision not null
    constraint share_is_between_0_and_1 check (share > 0 and share < 1),
  stimulus_id uuid,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  unique (brand_id, experiment_id, id),
  unique (experiment_id, variant_name),
  foreign key (brand_id, experiment_id) references stimuli.experiments (brand_id, id) on delete cascade,
  foreign key (brand_id, stimulus_id) references stimuli.stimuli_base (brand_id, id) on delete set null (stimulus_id)
);
create unique index experiment_variants_one_control_idx on stimuli.experiment_variants (experiment_id) where is_control;
comment on table stimuli.experiment_variants is 'What is compared. Exactly one is the control; the shares of an experiment sum to 1.';
comment on column stimuli.experiment_variants.share is 'Probability that a person is assigned to it.';
comment on column stimuli.experiment_variants.stimulus_id is 'What its people are sent; null: nothing, or something outside the system.';

create table stimuli.experiment_metrics (
  id uuid primary key default private.uuid_v7(),
  brand_id uuid not null references core.brands (id) on delete cascade,
  experiment_id uuid not null,
  metric_name text not null
    constraint metric_name_is_not_blank check (btrim(metric_name) <> '' and length(metric_name) <= 100),
  metric_kind text not null default 'binary'
    constraint metric_kind_is_known check (metric_kind in ('binary', 'count', 'mean', 'ratio')),
  metric_role text not null default 'secondary'
    constraint metric_role_is_known check (metric_role in ('primary', 'secondary', 'guardrail')),
  numerator text[] not null
    constraint numerator_names_outcomes check (cardinality(numerator) between 1 and 20),
  denominator text[]
    constraint denominator_names_outcomes check (cardinality(denominator) between 1 and 20),
  direction text not null default 'increase'
    constraint direction_is_known check (direction in ('increase', 'decrease')),
  margin double precision not null default 0
    constraint margin_is_a_share check (margin >= 0 and margin < 1),
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  unique (brand_id, id),
  unique (experiment_id, metric_name),
  constraint only_a_ratio_has_a_denominator check ((metric_kind = 'ratio') = (denominator is not null)),
  foreign key (brand_id, experiment_id) references stimuli.experiments (brand_id, id) on delete cascade
);
create unique index experiment_metrics_one_primary_idx on stimuli.experiment_metrics (experiment_id) where metric_role = 'primary';
comment on table stimuli.experiment_metrics is
  'What is measured of each person in the outcome window. The primary metric decides; secondary ones are corrected for their number; a guardrail only warns of harm.';
comment on column stimuli.experiment_metrics.metric_kind is
  'binary: whether there was such an outcome; count: how many; mean: the sum of their values; ratio: the sum of the numerator''s values by how many outcomes of the denominator, such as revenue per order.';
comment on column stimuli.experiment_metrics.numerator is 'Outcome types (outcomes.outcome_type), such as {purchase}.';
comment on column stimuli.experiment_metrics.direction is 'Which way is good.';
comment on column stimuli.experiment_metrics.margin is 'For a guardrail: relative change for the worse that is tolerated.';
