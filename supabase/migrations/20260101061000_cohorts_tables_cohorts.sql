create table cohorts.clustering_runs (
  id uuid primary key default private.uuid_v7(),
  brand_id uuid not null references core.brands (id) on delete cascade,
  algorithm_name text not null
    constraint algorithm_name_is_snake_case check (algorithm_name ~ '^[a-z][a-z0-9_]{0,49}$'),
  algorithm_version text,
  function_name text not null,
  seed integer not null,
  parameters jsonb not null default '{}',
  run_type cohorts.run_type not null default 'full',
  input_actor_count integer not null
    constraint input_actor_count_is_not_negative check (input_actor_count >= 0),
  input_vector_type text not null,
  input_vector_dimensions integer not null
    constraint input_vector_dimensions_is_positive check (input_vector_dimensions > 0),
  varying_dimensions integer not null default 1
    constraint varying_dimensions_is_positive check (varying_dimensions > 0),
  input_data_quality double precision
    constraint input_data_quality_is_a_share check (input_data_quality between 0 and 1),
  feature_scaling jsonb not null default '[]',
  structure text
    constraint structure_is_known check (structure in ('groups', 'strata', 'none')),
  sharpness double precision not null default 1
    constraint sharpness_is_positive check (sharpness > 0),
  within_variance double precision
    constraint within_variance_is_not_negative check (within_variance >= 0),
  cohort_ids uuid[],
  projection_axes extensions.vector[],
  trigger_kind cohorts.run_trigger not null default 'manual',
  trigger_reason text,
  requested_by uuid references auth.users (id) on delete set null,
  started_at timestamptz not null default now(),
  completed_at timestamptz,
  execution_time_ms integer,
  status cohorts.run_status not null default 'running',
  stage text not null default 'load',
  progress double precision not null default 0
    constraint progress_is_a_share check (progress between 0 and 1),
  discovered_cohort_count integer not null default 0
    constraint discovered_cohort_count_is_not_negative check (discovered_cohort_count >= 0),
  total_memberships integer not null default 0
    constraint total_memberships_is_not_negative check (total_memberships >= 0),
  average_cohort_size double precision,
  average_coherence double precision,
  average_separation double precision,
  overall_quality_score double precision
    constraint overall_quality_score_is_a_share check (overall_quality_score between 0 and 1),
  silhouette_score double precision,
  davies_bouldin_score double precision,
  candidates jsonb not null default '[]',
  fit_mean double precision,
  fit_deviation double precision
    constraint fit_deviation_is_not_negative check (fit_deviation >= 0),
  step_times jsonb not null default '{}',
  error_message text,
  error_details jsonb,
  memory_usage_mb integer,
  cpu_usage_percent double precision,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  unique (brand_id, id)
);
create unique index clustering_runs_one_running_idx on cohorts.clustering_runs (brand_id) where status = 'running';
create index clustering_runs_requested_by_idx on cohorts.clustering_runs (requested_by);
create index clustering_runs_newest_idx on cohorts.clustering_runs (brand_id, started_at desc);

comment on table cohorts.clustering_runs is
  'One search for cohorts over the current belief vectors of a brand: what went in, how k was chosen, what came out. At most one of a brand is running.';
comment on column cohorts.clustering_runs.algorithm_name is 'The registered algorithm that found the cohorts, such as kmeans; while the run still looks for the best of all: auto.';
comment on column cohorts.clustering_runs.function_name is 'The function registered in ai.functions that found the groups; cohorts.discover while they are still looked for.';
comment on column cohorts.clustering_runs.run_type is 'validation: finds and scores groups and leaves the cohorts as they are.';
comment on column cohorts.clustering_runs.stage is 'The kind of step that comes next (private.clustering_steps); done at the end.';
comment on column cohorts.clustering_runs.progress is 'Share of its steps that are done.';
comment on column cohorts.clustering_runs.cohort_ids is 'The cohort of each label of the run, from label 1.';
comment on column cohorts.clustering_runs.started_at is 'The p_now of the request: everything that the run writes is dated by it.';
comment on column cohorts.clustering_runs.varying_dimensions is 'Those of the input in which people differ at all.';
comment on column cohorts.clustering_runs.seed is 'Same data and same seed give the same cohorts.';
comment on column cohorts.clustering_runs.feature_scaling is
  'Array of {position, component, label, mean, standard_deviation}: what the dimensions of the vectors meant when the run read them. Later vectors are brought to this scale before they are compared with its centroids.';
comment on column cohorts.clustering_runs.structure is
  'groups: they come back and nobody lies between them. strata: people differ along a range without gaps, and the cohorts are slices of it that come back. none: everybody is one cohort.';
comment on column cohorts.clustering_runs.sharpness is 'Power to which the densities of the mixture are raised before they become probabilities (private.fitting_sharpness).';
comment on column cohorts.clustering_runs.within_variance is
  'Variance of a member around its centroid, per used dimension, pooled over the cohorts: W / ((n - k) * d). Membership confidence is computed with it.';
comment on column cohorts.clustering_runs.projection_axes is
  'First two principal components of the sample (unit vectors): the plane of cohorts.projection.';
comment on column cohorts.clustering_runs.candidates is
  'Every partition of the sample that was tried: {algorithm, k, cohorts, coverage, stability, score, is_chosen}.';
comment on column cohorts.clustering_runs.fit_mean is
  'Mean over its sample of the logarithm of the density that the mixture of the run gives a person; fit_deviation: its standard deviation. By these it is seen later whether people still fit (private.clustering_due).';
comment on column cohorts.clustering_runs.step_times is
  'Of an ended run, per kind of step: {steps, milliseconds, attempts that failed, interruptions}.';
comment on column cohorts.clustering_runs.error_message is 'Which step failed and why; of a run that goes on: at its last attempt.';
comment on column cohorts.clustering_runs.silhouette_score is
  'Mean simplified silhouette over all actors, 0..1: 1 - distance to own centroid / distance to the nearest other one.';
comment on column cohorts.clustering_runs.davies_bouldin_score is 'Davies-Bouldin index, 0 upwards; lower is better. Null with one cohort.';

create table cohorts.cohorts (
  id uuid primary key default private.uuid_v7(),
  brand_id uuid not null references core.brands (id) on delete cascade,
  cohort_name text
    constraint cohort_name_is_not_blank check (btrim(cohort_name) <> '' and length(cohort_name) <= 200),
  cohort_description text,
  name_source cohorts.name_source not null default 'characteristics',
  cohort_type cohorts.cohort_type not null,
  cohort_status cohorts.cohort_status not null default 'active',
  discovered_at timestamptz not null default now(),
  discovery_algorithm text not null,
  is_pinned boolean not null default false,
  is_emergent boolean generated always as (not is_pinned and discovery_algorithm <> 'rule') stored,
  discovery_parameters jsonb not null default '{}',
  discovery_confidence double precision default 0
    constraint discovery_confidence_is_a_share check (discovery_confidence between 0 and 1),
  last_run_id uuid,
  cohort_signature jsonb not null default '{}',
  centroid_vector extensions.vector,
  centroid_dimensions integer generated always as (extensions.vector_dims(centroid_vector)) stored,
  member_count integer not null default 0
    constraint member_count_is_not_negative check (member_count >= 0),
  max_member_count integer,
  min_member_count integer,
  stability_score double precision
    constraint stability_score_is_a_share check (stability_score between 0 and 1),
  coherence_score double precision
    constraint coherence_score_is_a_share check (coherence_score between 0 and 1),
  separation_score double precision
    constraint separation_score_is_a_share check (separation_score between 0 and 1),
  parent_cohort_id uuid,
  child_cohort_ids jsonb not null default '[]',
  merged_from_cohorts jsonb not null default '[]',
  first_formed_at timestamptz not null default now(),
  last_updated_at timestamptz not null default now(),
  dissolved_at timestamptz,
  dissolution_reason text,
  data_quality_score double precision default 0
    constraint data_quality_score_is_a_share check (data_quality_score between 0 and 1),
  representativeness_score double precision default 0
    constraint representativeness_score_is_a_share check (representativeness_score between 0 and 1),
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  unique (brand_id, id),
  foreign key (brand_id, parent_cohort_id) references cohorts.cohorts (brand_id, id) on delete set null (parent_cohort_id),
  foreign key (brand_id, last_run_id) references cohorts.clustering_runs (brand_id, id) on delete set null (last_run_id),
  constraint member_count_is_at_most_the_largest check (max_member_count >= member_count),
  constraint member_counts_are_ordered check (min_member_count <= max_member_count)
);
create unique index cohorts_active_name_idx on cohorts.cohorts (brand_id, cohort_name) where cohort_status = 'active';
create index cohorts_parent_idx on cohorts.cohorts (brand_id, parent_cohort_id);
create index cohorts_last_run_idx on cohorts.cohorts (brand_id, last_run_id);

comment on table cohorts.cohorts is
  'A group of people that emerged. Its id lives as long as most of its people stay together; a run that finds them again updates the row.';
comment on column cohorts.cohorts.cohort_name is 'Made of the strongest characteristics; unique among the active cohorts of the brand; kept while they still hold.';
comment on column cohorts.cohorts.cohort_description is 'A few sentences that a shopkeeper understands: how many people, how they differ, what to watch.';
comment on column cohorts.cohorts.name_source is
  'Who worded name and description: characteristics, provider (a language model, by cohorts.rename; kept while the characteristics it was given hold) or manager (kept for good).';
comment on column cohorts.cohorts.cohort_signature is
  '{characteristics: [{component, label, direction (high or low), effect, mean, mean_of_rest}], strongest first; named_after: [{component, direction}]: what must hold for the name to stay; effects: {component: {effect, error, mean, mean_of_rest}} for every component; means in its own unit}.';
comment on column cohorts.cohorts.discovery_confidence is 'Mean membership confidence of its members in the last run.';
comment on column cohorts.cohorts.centroid_vector is 'Mean belief vector of its members, in the scale of last_run_id.';
comment on column cohorts.cohorts.is_pinned is 'Kept by a manager (cohorts.pin): runs neither end nor rename nor move it; who belongs to it is told by the mixture of last_run_id.';
comment on column cohorts.cohorts.is_emergent is 'Runs find it again, move or end it; a pinned cohort and one made by a rule stand beside them.';
comment on column cohorts.cohorts.member_count is
  'Active members; maintained by trigger. People with a secondary membership count where runs have no say (pinned, rule), and not in a cohort that emerged: there everybody counts once, in his primary one.';
comment on column cohorts.cohorts.max_member_count is 'Largest member_count ever; maintained by trigger.';
comment on column cohorts.cohorts.min_member_count is 'Smallest member_count at the end of a run.';
comment on column cohorts.cohorts.stability_score is
  'Mean Jaccard overlap with its best match when half of the sample is clustered again; the scale of fpc: below 0.6 not to be trusted, from 0.75 stable, from 0.85 highly stable.';
comment on column cohorts.cohorts.coherence_score is 'Mean simplified silhouette of its members.';
comment on column cohorts.cohorts.separation_score is
  '1 - overlap with the nearest cohort, where overlap = exp(-distance^2 / (8 * within_variance)) (Bhattacharyya coefficient of two equal spheres).';
comment on column cohorts.cohorts.representativeness_score is 'Share of the run''s actors that are members.';
comment on column cohorts.cohorts.last_updated_at is 'The p_now of the run that last saw it; updated_at is the wall clock of any change.';
