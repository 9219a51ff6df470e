create table cohorts.actor_cohort_membership (
  id uuid primary key default private.uuid_v7(),
  brand_id uuid not null references core.brands (id) on delete cascade,
  actor_id uuid not null,
  cohort_id uuid not null,
  membership_type cohorts.membership_type not null default 'primary',
  membership_confidence double precision not null default 0
    constraint membership_confidence_is_a_share check (membership_confidence between 0 and 1),
  distance_to_centroid double precision
    constraint distance_to_centroid_is_not_negative check (distance_to_centroid >= 0),
  assigned_at timestamptz not null default now(),
  assigned_by_algorithm text not null,
  assignment_parameters jsonb not null default '{}',
  run_id uuid,
  is_active boolean not null default true,
  membership_strength double precision
    constraint membership_strength_is_a_share check (membership_strength between 0 and 1),
  previous_memberships jsonb not null default '[]',
  membership_history jsonb not null default '[]',
  fit_score double precision
    constraint fit_score_is_a_share check (fit_score between 0 and 1),
  contribution_score double precision
    constraint contribution_score_is_a_share check (contribution_score between 0 and 1),
  projection_x double precision,
  projection_y double precision,
  last_updated_at timestamptz not null default now(),
  removed_at timestamptz,
  removal_reason text,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  unique (brand_id, id),
  unique (brand_id, actor_id, cohort_id),
  foreign key (brand_id, actor_id) references actors.actors (brand_id, id) on delete cascade,
  foreign key (brand_id, cohort_id) references cohorts.cohorts (brand_id, id) on delete cascade,
  foreign key (brand_id, run_id) references cohorts.clustering_runs (brand_id, id) on delete set null (run_id),
  constraint an_active_membership_was_not_removed check (is_active = (removed_at is null))
);
create index actor_cohort_membership_cohort_idx
  on cohorts.actor_cohort_membership (brand_id, cohort_id, membership_confidence desc);
create index actor_cohort_membership_run_idx on cohorts.actor_cohort_membership (brand_id, run_id);
create unique index actor_cohort_membership_one_primary_idx
  on cohorts.actor_cohort_membership (brand_id, actor_id) where is_active and membership_type = 'primary';

comment on table cohorts.actor_cohort_membership is
  'Who belongs to which cohort, how surely, and since when. A person who leaves keeps the row with is_active false; one who comes back gets the same row again.';
comment on column cohorts.actor_cohort_membership.membership_confidence is
  'Posterior probability of the cohort given the vector, by the mixture of run_id (private.mixture_posteriors); of a rule, the probability that it holds given the beliefs.';
comment on column cohorts.actor_cohort_membership.membership_type is
  'primary: the likeliest cohort; secondary: any other with a posterior of at least cohorts.min_membership, and every membership of a rule or of a pinned cohort. temporary and probationary are not used: how little is known of a person shows in the confidence, and a word of its own for it would leave the person out of all that reads primary memberships.';
comment on column cohorts.actor_cohort_membership.membership_strength is 'Confidence above chance: (confidence - 1/k) / (1 - 1/k), not below 0.';
comment on column cohorts.actor_cohort_membership.fit_score is 'Simplified silhouette of the actor: 1 - distance to own centroid / distance to the nearest other one.';
comment on column cohorts.actor_cohort_membership.distance_to_centroid is 'Euclidean distance in the scale of run_id.';
comment on column cohorts.actor_cohort_membership.run_id is 'The run whose centroids the actor was compared with.';
comment on column cohorts.actor_cohort_membership.previous_memberships is 'Array of {cohort_id, removed_at}: the primary cohort that the actor left for this one, and when.';
comment on column cohorts.actor_cohort_membership.membership_history is 'Array of {assigned_at, removed_at, reason}: earlier times in this same cohort.';
comment on column cohorts.actor_cohort_membership.projection_x is 'Place on the first principal component of the run; projection_y: on the second.';

create table cohorts.cohort_evolution_log (
  id uuid primary key default private.uuid_v7(),
  brand_id uuid not null references core.brands (id) on delete cascade,
  cohort_id uuid,
  run_id uuid,
  event_type cohorts.evolution_event not null,
  event_description text,
  event_timestamp timestamptz not null default now(),
  trigger_reason text,
  trigger_algorithm text,
  trigger_parameters jsonb not null default '{}',
  before_state jsonb not null default '{}',
  after_state jsonb not null default '{}',
  changed_attributes jsonb not null default '[]',
  related_cohort_ids jsonb not null default '[]',
  affected_actor_count integer not null default 0
    constraint affected_actor_count_is_not_negative check (affected_actor_count >= 0),
  event_confidence double precision default 0
    constraint event_confidence_is_a_share check (event_confidence between 0 and 1),
  event_importance double precision default 0
    constraint event_importance_is_a_share check (event_importance between 0 and 1),
  requires_review boolean not null default false,
  source_data jsonb not null default '{}',
  source_signals jsonb not null default '[]',
  created_at timestamptz not null default now(),
  unique (brand_id, id),
  foreign key (brand_id, cohort_id) references cohorts.cohorts (brand_id, id) on delete set null (cohort_id),
  foreign key (brand_id, run_id) references cohorts.clustering_runs (brand_id, id) on delete set null (run_id)
);
create index cohort_evolution_log_cohort_idx on cohorts.cohort_evolution_log (brand_id, cohort_id, event_timestamp);
create index cohort_evolution_log_run_idx on cohorts.cohort_evolution_log (brand_id, run_id);

comment on table cohorts.cohort_evolution_log is
  'What happened to the cohorts: one row per cohort and run (born, survived, grown, shrunk, split, merged, dissolved), plus batches of members who joined between runs.';
comment on column cohorts.cohort_evolution_log.trigger_reason is 'Why, in words, and which run found it.';
comment on column cohorts.cohort_evolution_log.before_state is
  '{member_count}; of a growth that was too slow to be seen from run to run also compared_with: {member_count, at}.';
comment on column cohorts.cohort_evolution_log.after_state is
  '{member_count}; of a birth out of another cohort also parent: {cohort_id, share of the people}; of a split, merged or dissolved cohort heirs: [{cohort_id, people, share}], unassigned_share and gone_share (no longer seen), which add up to 1.';
comment on column cohorts.cohort_evolution_log.event_confidence is
  'Survived, grown, shrunk, merged: overlap of members (common members / members before, by age weight; MONIC). Dissolved: 1 - the largest overlap. Born: stability of the new cohort. Split: share of the people in the parts, or the least stability of a part if that is less.';
comment on column cohorts.cohort_evolution_log.event_importance is 'Share of the run''s actors that the event touches.';
comment on column cohorts.cohort_evolution_log.requires_review is 'Whether event_confidence is below the parameter cohorts.review_confidence.';
comment on column cohorts.cohort_evolution_log.related_cohort_ids is
  'Other cohorts in the event: the parent of a newborn, the children of one that split, whom a cohort took in, the heirs of one that merged or dissolved, largest first.';
