create table cohorts.cohort_characteristics (
  id uuid primary key default private.uuid_v7(),
  brand_id uuid not null references core.brands (id) on delete cascade,
  cohort_id uuid not null,
  run_id uuid,
  characteristic_type cohorts.characteristic_type not null,
  characteristic_name text not null,
  characteristic_value jsonb not null,
  importance_score double precision not null
    constraint importance_score_is_a_share check (importance_score between 0 and 1),
  strength_score double precision not null
    constraint strength_score_is_a_share check (strength_score between 0 and 1),
  distinctiveness_score double precision default 0
    constraint distinctiveness_score_is_a_share check (distinctiveness_score between 0 and 1),
  effect_size double precision not null,
  effect_lower double precision not null,
  effect_upper double precision not null,
  p_value double precision not null
    constraint p_value_is_a_probability check (p_value between 0 and 1),
  adjusted_p_value double precision not null
    constraint adjusted_p_value_is_a_probability check (adjusted_p_value between 0 and 1),
  mean_value double precision,
  median_value double precision,
  standard_deviation double precision
    constraint standard_deviation_is_not_negative check (standard_deviation >= 0),
  min_value double precision,
  max_value double precision,
  distribution_type text,
  confidence_score double precision default 0
    constraint confidence_score_is_a_share check (confidence_score between 0 and 1),
  evidence_count integer not null default 0
    constraint evidence_count_is_not_negative check (evidence_count >= 0),
  last_updated_at timestamptz not null default now(),
  source_attributes jsonb not null default '[]',
  source_weights jsonb not null default '[]',
  version integer not null default 1,
  is_current boolean not null default true,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  foreign key (brand_id, cohort_id) references cohorts.cohorts (brand_id, id) on delete cascade,
  foreign key (brand_id, run_id) references cohorts.clustering_runs (brand_id, id) on delete set null (run_id),
  constraint effect_lies_in_its_interval check (effect_size between effect_lower and effect_upper)
);
create unique index cohort_characteristics_one_current_idx
  on cohorts.cohort_characteristics (brand_id, cohort_id, characteristic_name) where is_current;
create unique index cohort_characteristics_version_idx
  on cohorts.cohort_characteristics (brand_id, cohort_id, characteristic_name, version);
create index cohort_characteristics_run_idx on cohorts.cohort_characteristics (brand_id, run_id);

comment on table cohorts.cohort_characteristics is
  'What sets a cohort apart from everybody else in the brand, by effect size, with interval and error control; versioned: a run writes new rows and the old ones stay.';
comment on column cohorts.cohort_characteristics.characteristic_name is 'component_name of actors.belief_vector_components.';
comment on column cohorts.cohort_characteristics.characteristic_value is
  '{label, direction (high or low), mean, mean_of_rest, words}; the means in the component''s own unit, words: what the members do, and the others beside it.';
comment on column cohorts.cohort_characteristics.effect_size is
  'Standardised mean difference to the rest, people of no cohort included: (mean of members - mean of rest) / pooled standard deviation, with Hedges'' correction for small samples; 0.2 small, 0.5 medium, 0.8 large.';
comment on column cohorts.cohort_characteristics.effect_lower is
  '95% interval: effect -+ t * error, which holds for unequal variances (private.feature_contrasts); effect_upper is its other end.';
comment on column cohorts.cohort_characteristics.p_value is
  'Two-sided Welch test. The cohorts were formed on the same vectors, so it ranks characteristics; it does not prove that the cohort exists (see stability_score).';
comment on column cohorts.cohort_characteristics.adjusted_p_value is 'Benjamini-Hochberg over all components and cohorts of the run.';
comment on column cohorts.cohort_characteristics.strength_score is '|effect| / (1 + |effect|).';
comment on column cohorts.cohort_characteristics.importance_score is '|effect| as a share of the cohort''s largest.';
comment on column cohorts.cohort_characteristics.distinctiveness_score is 'erf(|effect| / 2): chance-corrected probability that a member exceeds somebody from the rest (two equal normals).';
comment on column cohorts.cohort_characteristics.confidence_score is '1 - adjusted_p_value.';
comment on column cohorts.cohort_characteristics.evidence_count is
  'Members of whom it is known from evidence of their own, reckoned from those in the sample of the run; the others lie at the brand''s mean in it.';
comment on column cohorts.cohort_characteristics.source_weights is 'One number: mean confidence of the beliefs it was read from, beside source_attributes.';
comment on column cohorts.cohort_characteristics.distribution_type is 'empirical: median, minimum and maximum are those of the members; no curve was fitted.';
comment on column cohorts.cohort_characteristics.mean_value is 'Of the members, in the component''s own unit; so are median, standard deviation, min and max.';

create table cohorts.cohort_similarity_matrix (
  id uuid primary key default private.uuid_v7(),
  brand_id uuid not null references core.brands (id) on delete cascade,
  cohort_a_id uuid not null,
  cohort_b_id uuid not null,
  cosine_similarity double precision
    constraint cosine_similarity_is_a_cosine check (cosine_similarity between -1 and 1),
  euclidean_distance double precision
    constraint euclidean_distance_is_not_negative check (euclidean_distance >= 0),
  jaccard_similarity double precision
    constraint jaccard_similarity_is_a_share check (jaccard_similarity between 0 and 1),
  overlap_score double precision
    constraint overlap_score_is_a_share check (overlap_score between 0 and 1),
  relationship_type cohorts.relationship_type,
  relationship_strength double precision
    constraint relationship_strength_is_a_share check (relationship_strength between 0 and 1),
  computed_at timestamptz not null default now(),
  computation_method text not null,
  computation_parameters jsonb not null default '{}',
  similarity_confidence double precision default 0
    constraint similarity_confidence_is_a_share check (similarity_confidence between 0 and 1),
  stability_score double precision default 0
    constraint stability_score_is_a_share check (stability_score between 0 and 1),
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  unique (brand_id, cohort_a_id, cohort_b_id),
  foreign key (brand_id, cohort_a_id) references cohorts.cohorts (brand_id, id) on delete cascade,
  foreign key (brand_id, cohort_b_id) references cohorts.cohorts (brand_id, id) on delete cascade,
  constraint a_pair_is_stored_once check (cohort_a_id < cohort_b_id)
);
create index cohort_similarity_matrix_b_idx on cohorts.cohort_similarity_matrix (brand_id, cohort_b_id);

comment on table cohorts.cohort_similarity_matrix is 'How alike the active cohorts are, one row per pair (the smaller id first); rewritten by every run.';
comment on column cohorts.cohort_similarity_matrix.cosine_similarity is 'Of the centroids; they are centred on the brand''s mean, so -1 is the opposite.';
comment on column cohorts.cohort_similarity_matrix.jaccard_similarity is 'Common members / members of either, whatever the type of membership.';
comment on column cohorts.cohort_similarity_matrix.overlap_score is 'exp(-distance^2 / (8 * within_variance)): how much the two clouds mix.';
comment on column cohorts.cohort_similarity_matrix.relationship_type is
  'hierarchical: one is the parent of the other; similar from cosine 0.5; complementary: other tastes (cosine of the tastes below 0), alike in all else (from 0.5); opposite to cosine -0.5; else independent.';
comment on column cohorts.cohort_similarity_matrix.relationship_strength is
  'The size of the cosine that the type was concluded from; 1 between parent and child.';
comment on column cohorts.cohort_similarity_matrix.similarity_confidence is 'The smaller discovery_confidence of the two; stability_score likewise.';

create table cohorts.cohort_measurements (
  id uuid primary key default private.uuid_v7(),
  brand_id uuid not null references core.brands (id) on delete cascade,
  cohort_id uuid not null,
  run_id uuid not null,
  measured_at timestamptz not null,
  member_count integer not null
    constraint member_count_is_not_negative check (member_count >= 0),
  stability_score double precision
    constraint stability_score_is_a_share check (stability_score between 0 and 1),
  coherence_score double precision
    constraint coherence_score_is_a_share check (coherence_score between 0 and 1),
  separation_score double precision
    constraint separation_score_is_a_share check (separation_score between 0 and 1),
  confidence_score double precision
    constraint confidence_score_is_a_share check (confidence_score between 0 and 1),
  representativeness_score double precision
    constraint representativeness_score_is_a_share check (representativeness_score between 0 and 1),
  created_at timestamptz not null default now(),
  unique (brand_id, cohort_id, run_id),
  foreign key (brand_id, cohort_id) references cohorts.cohorts (brand_id, id) on delete cascade,
  foreign key (brand_id, run_id) references cohorts.clustering_runs (brand_id, id) on delete cascade
);
create index cohort_measurements_run_idx on cohorts.cohort_measurements (brand_id, run_id);
comment on table cohorts.cohort_measurements is
  'How large and how good a cohort was at each run, as its row in cohorts.cohorts said then.';
comment on column cohorts.cohort_measurements.measured_at is 'The p_now of the run.';
comment on column cohorts.cohort_measurements.confidence_score is 'discovery_confidence: mean membership confidence.';

create table cohorts.cohort_performance_metrics (
  id uuid primary key default private.uuid_v7(),
  brand_id uuid not null references core.brands (id) on delete cascade,
  cohort_id uuid not null,
  metric_name text not null,
  metric_value double precision not null
    constraint metric_value_is_not_negative check (metric_value >= 0),
  metric_unit text,
  measurement_period_start timestamptz not null,
  measurement_period_end timestamptz not null,
  measurement_date timestamptz not null default now(),
  context_type text,
  context_id uuid,
  sample_size integer not null
    constraint sample_size_is_positive check (sample_size > 0),
  confidence_interval_lower double precision,
  confidence_interval_upper double precision,
  p_value double precision
    constraint p_value_is_a_probability check (p_value between 0 and 1),
  baseline_value double precision,
  improvement_over_baseline double precision,
  percentile_rank double precision
    constraint percentile_rank_is_a_percentage check (percentile_rank between 0 and 100),
  data_quality_score double precision default 0
    constraint data_quality_score_is_a_share check (data_quality_score between 0 and 1),
  measurement_confidence double precision default 0
    constraint measurement_confidence_is_a_share check (measurement_confidence between 0 and 1),
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  foreign key (brand_id, cohort_id) references cohorts.cohorts (brand_id, id) on delete cascade,
  constraint measurement_period_is_not_empty check (measurement_period_start < measurement_period_end),
  constraint interval_is_ordered check (confidence_interval_lower <= confidence_interval_upper)
);
create index cohort_performance_metrics_cohort_idx
  on cohorts.cohort_performance_metrics (brand_id, cohort_id, metric_name, measurement_period_end);

comment on table cohorts.cohort_performance_metrics is 'How a cohort does over time (response rate, revenue, ...), written by the domain outcomes.';
