create table actors.actor_preferences (
  id uuid primary key default private.uuid_v7(),
  brand_id uuid not null,
  actor_id uuid not null,
  preference_category text not null,
  preference_dimension text not null,
  stated_preference jsonb,
  actual_preference jsonb,
  stated_strength double precision 
    constraint stated_strength_is_a_share check (stated_strength between 0 and 1),
  actual_strength double precision 
    constraint actual_strength_is_a_share check (actual_strength between 0 and 1),
  consistency_score double precision
    constraint consistency_score_is_from_minus_one_to_one check (consistency_score between -1 and 1),
  stated_confidence double precision not null default 0
    constraint stated_confidence_is_a_share check (stated_confidence between 0 and 1),
  actual_confidence double precision not null default 0
    constraint actual_confidence_is_a_share check (actual_confidence between 0 and 1),
  evidence_count integer not null default 0
    constraint evidence_count_is_not_negative check (evidence_count >= 0),
  last_updated_at timestamptz not null default now(),
  stated_sources jsonb not null default '[]'
    constraint stated_sources_is_a_list check (jsonb_typeof(stated_sources) = 'array'),
  actual_sources jsonb not null default '[]'
    constraint actual_sources_is_a_list check (jsonb_typeof(actual_sources) = 'array'),
  version_strength double precision not null default 0,
  is_contradiction boolean not null default false,
  contradiction_explanation text,
  version integer not null default 1
    constraint version_is_positive check (version > 0),
  is_current boolean not null default true,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  foreign key (brand_id, actor_id) references actors.actors (brand_id, id) on delete cascade
)
-- Updated in place with every signal, and in no column that is indexed: see actors.actor_beliefs.
with (fillfactor = 75);
create index actor_preferences_actor_idx on actors.actor_preferences (brand_id, actor_id);
create unique index actor_preferences_one_current_idx on actors.actor_preferences (brand_id, actor_id, preference_category, preference_dimension) where is_current;
comment on table actors.actor_preferences is
  'What the person likes: what was said and what was done are kept apart, with a test between them. Written from the beliefs preference.*: the share of each category.';

create table actors.actor_memory_loops (
  id uuid primary key default private.uuid_v7(),
  brand_id uuid not null,
  actor_id uuid not null,
  loop_type text not null
    constraint loop_type_is_known check (loop_type in ('purchase_pattern', 'communication_rhythm', 'seasonal_behavior', 'weekly_routine', 'monthly_cycle', 'event_triggered', 'other')),
  activity text not null default 'purchase'
    constraint activity_is_known check (activity in ('purchase', 'contact')),
  loop_description text,
  loop_frequency text
    constraint loop_frequency_is_known check (loop_frequency in ('daily', 'weekly', 'monthly', 'seasonal', 'irregular', 'unknown')),
  loop_strength double precision not null
    constraint loop_strength_is_a_share check (loop_strength between 0 and 1),
  loop_consistency double precision 
    constraint loop_consistency_is_a_share check (loop_consistency between 0 and 1),
  loop_duration integer
    constraint loop_duration_is_positive check (loop_duration > 0),
  pattern_data jsonb not null,
  triggers jsonb not null default '[]'
    constraint triggers_is_a_list check (jsonb_typeof(triggers) = 'array'),
  outcomes jsonb not null default '[]'
    constraint outcomes_is_a_list check (jsonb_typeof(outcomes) = 'array'),
  confidence double precision not null default 0
    constraint confidence_is_a_share check (confidence between 0 and 1),
  next_expected_at timestamptz,
  expires_at timestamptz,
  evidence_count integer not null default 0
    constraint evidence_count_is_not_negative check (evidence_count >= 0),
  last_updated_at timestamptz not null default now(),
  source_signals jsonb not null default '[]'
    constraint source_signals_is_a_list check (jsonb_typeof(source_signals) = 'array'),
  source_weights jsonb not null default '[]'
    constraint source_weights_is_a_list check (jsonb_typeof(source_weights) = 'array'),
  version integer not null default 1
    constraint version_is_positive check (version > 0),
  is_current boolean not null default true,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  foreign key (brand_id, actor_id) references actors.actors (brand_id, id) on delete cascade
);
create index actor_memory_loops_actor_idx on actors.actor_memory_loops (brand_id, actor_id);
create unique index actor_memory_loops_one_current_idx on actors.actor_memory_loops (brand_id, actor_id, loop_type, activity) where is_current;
-- The hourly job looks for those whose occasions stayed away.
create index actor_memory_loops_expiry_idx on actors.actor_memory_loops (brand_id, expires_at) where is_current;
comment on table actors.actor_memory_loops is
  'Recurring patterns that a test tells from chance, with their period and strength.';

create table actors.actor_friction_points (
  id uuid primary key default private.uuid_v7(),
  brand_id uuid not null,
  actor_id uuid not null,
  friction_type text not null
    constraint friction_type_is_known check (friction_type in ('payment', 'delivery', 'communication', 'pricing', 'quality', 'service', 'convenience', 'technical', 'other')),
  friction_description text,
  friction_severity double precision not null
    constraint friction_severity_is_a_share check (friction_severity between 0 and 1),
  impact_on_behavior jsonb not null default '{}',
  context_when_occurs jsonb not null default '{}',
  resolution_attempts jsonb not null default '[]'
    constraint resolution_attempts_is_a_list check (jsonb_typeof(resolution_attempts) = 'array'),
  confidence double precision not null default 0
    constraint confidence_is_a_share check (confidence between 0 and 1),
  evidence_count integer not null default 0
    constraint evidence_count_is_not_negative check (evidence_count >= 0),
  last_updated_at timestamptz not null default now(),
  source_signals jsonb not null default '[]'
    constraint source_signals_is_a_list check (jsonb_typeof(source_signals) = 'array'),
  source_weights jsonb not null default '[]'
    constraint source_weights_is_a_list check (jsonb_typeof(source_weights) = 'array'),
  is_resolved boolean not null default false,
  resolution_date timestamptz,
  version integer not null default 1
    constraint version_is_positive check (version > 0),
  is_current boolean not null default true,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  foreign key (brand_id, actor_id) references actors.actors (brand_id, id) on delete cascade
);
create index actor_friction_points_actor_idx on actors.actor_friction_points (brand_id, actor_id);
create unique index actor_friction_points_one_current_idx on actors.actor_friction_points (brand_id, actor_id, friction_type) where is_current;
comment on table actors.actor_friction_points is
  'What goes wrong between the person and the brand. Written from the beliefs friction.*: the share of occasions that went wrong; resolved when good occasions outweigh it.';

create table actors.actor_contradictions (
  id uuid primary key default private.uuid_v7(),
  brand_id uuid not null,
  actor_id uuid not null,
  contradiction_type text not null
    constraint contradiction_type_is_known check (contradiction_type in ('stated_vs_behavior', 'belief_vs_action', 'preference_vs_choice', 'intention_vs_outcome', 'self_vs_other_perception', 'other')),
  attribute text not null,
  category text not null default '',
  contradiction_description text not null,
  contradiction_strength double precision not null
    constraint contradiction_strength_is_a_share check (contradiction_strength between 0 and 1),
  stated_belief jsonb not null,
  actual_behavior jsonb not null,
  evidence_for_stated jsonb not null default '[]'
    constraint evidence_for_stated_is_a_list check (jsonb_typeof(evidence_for_stated) = 'array'),
  evidence_for_behavior jsonb not null default '[]'
    constraint evidence_for_behavior_is_a_list check (jsonb_typeof(evidence_for_behavior) = 'array'),
  possible_explanations jsonb not null default '[]'
    constraint possible_explanations_is_a_list check (jsonb_typeof(possible_explanations) = 'array'),
  resolution_hypothesis text,
  question_categories jsonb not null default '[]'
    constraint question_categories_is_a_list check (jsonb_typeof(question_categories) = 'array'),
  expected_information_gain double precision
    constraint expected_information_gain_is_not_negative check (expected_information_gain >= 0),
  requires_investigation boolean not null default false,
  log_bayes_factor double precision not null,
  confidence double precision not null default 0
    constraint confidence_is_a_share check (confidence between 0 and 1),
  evidence_count integer not null default 0
    constraint evidence_count_is_not_negative check (evidence_count >= 0),
  last_updated_at timestamptz not null default now(),
  source_signals jsonb not null default '[]'
    constraint source_signals_is_a_list check (jsonb_typeof(source_signals) = 'array'),
  source_weights jsonb not null default '[]'
    constraint source_weights_is_a_list check (jsonb_typeof(source_weights) = 'array'),
  is_resolved boolean not null default false,
  resolution_date timestamptz,
  resolution_explanation text,
  version integer not null default 1
    constraint version_is_positive check (version > 0),
  is_current boolean not null default true,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  foreign key (brand_id, actor_id) references actors.actors (brand_id, id) on delete cascade
);
create index actor_contradictions_actor_idx on actors.actor_contradictions (brand_id, actor_id);
create unique index actor_contradictions_one_current_idx on actors.actor_contradictions (brand_id, actor_id, attribute, category) where is_current;
comment on table actors.actor_contradictions is
  'Where what the person says and does differ by more than chance. Both are kept; the row closes when they agree again.';

create table actors.actor_belief_vectors (
  id uuid primary key default private.uuid_v7(),
  brand_id uuid not null,
  actor_id uuid not null,
  vector_name text not null,
  vector_data extensions.vector not null,
  vector_dimensions integer not null default 32
    constraint vector_dimensions_are_at_most_64 check (vector_dimensions between 1 and 64)
    constraint vector_dimensions_are_those_of_the_data check (vector_dimensions = extensions.vector_dims(vector_data)),
  vector_type actors.vector_type not null,
  generation_method text not null
    constraint generation_method_is_known check (generation_method in ('manual', 'auto', 'ml_model', 'hybrid')),
  generation_parameters jsonb not null default '{}',
  vector_quality double precision not null default 0
    constraint vector_quality_is_a_share check (vector_quality between 0 and 1),
  completeness_score double precision not null default 0
    constraint completeness_score_is_a_share check (completeness_score between 0 and 1),
  source_attributes jsonb not null default '[]'
    constraint source_attributes_is_a_list check (jsonb_typeof(source_attributes) = 'array'),
  source_weights jsonb not null default '[]'
    constraint source_weights_is_a_list check (jsonb_typeof(source_weights) = 'array'),
  generated_at timestamptz not null default now(),
  last_updated_at timestamptz not null default now(),
  version integer not null default 1
    constraint version_is_positive check (version > 0),
  is_current boolean not null default true,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  foreign key (brand_id, actor_id) references actors.actors (brand_id, id) on delete cascade,
  unique (brand_id, id)
);
create index actor_belief_vectors_actor_idx on actors.actor_belief_vectors (brand_id, actor_id);
create unique index actor_belief_vectors_one_current_idx on actors.actor_belief_vectors (brand_id, actor_id, vector_name) where is_current;
comment on table actors.actor_belief_vectors is
  'The beliefs about a person as numbers, standardised over the brand, for similarity and cohorts. Made by actors.refresh_vectors.';

create table actors.actor_clustering_metadata (
  id uuid primary key default private.uuid_v7(),
  brand_id uuid not null,
  actor_id uuid not null,
  clustering_run_id uuid not null,
  algorithm_used text not null
    constraint algorithm_used_is_known check (algorithm_used in ('kmeans', 'dbscan', 'hierarchical', 'gaussian_mixture', 'spectral', 'other')),
  parameters jsonb not null default '{}',
  assigned_cohorts jsonb not null default '[]'
    constraint assigned_cohorts_is_a_list check (jsonb_typeof(assigned_cohorts) = 'array'),
  distances_to_centroids jsonb not null default '{}',
  confidence_scores jsonb not null default '{}',
  vector_used uuid,
  vector_similarity_scores jsonb not null default '{}',
  clustered_at timestamptz not null default now(),
  is_stable boolean not null default true,
  unassigned_reason text,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  foreign key (brand_id, actor_id) references actors.actors (brand_id, id) on delete cascade,
  foreign key (brand_id, vector_used) references actors.actor_belief_vectors (brand_id, id) on delete set null (vector_used),
  unique (brand_id, clustering_run_id, actor_id)
);
create index actor_clustering_metadata_actor_idx on actors.actor_clustering_metadata (brand_id, actor_id);
comment on table actors.actor_clustering_metadata is
  'How one clustering run placed the person: written by cohorts.discover, which also adds the reference of clustering_run_id.';

comment on column actors.actor_clustering_metadata.unassigned_reason is 'Why the person has no primary cohort, in words; null for one who has.';
create index actor_clustering_metadata_vector_idx on actors.actor_clustering_metadata (brand_id, vector_used);

create table actors.belief_vector_components (
  brand_id uuid not null references core.brands (id) on delete cascade,
  position integer not null
    constraint position_is_one_of_64 check (position between 1 and 64),
  component_name text not null,
  label text not null,
  mean_value double precision not null default 0,
  standard_deviation double precision not null default 0
    constraint standard_deviation_is_not_negative check (standard_deviation >= 0),
  pooled_shares jsonb not null default '{}',
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  primary key (brand_id, position),
  unique (brand_id, component_name)
);
comment on table actors.belief_vector_components is
  'What each position of the belief vectors of a brand means; value = mean_value + component x standard_deviation.';
comment on column actors.belief_vector_components.label is 'For a shopkeeper, for example "buys bags".';
comment on column actors.belief_vector_components.pooled_shares is
  '{attribute: {category: share}}: the shares in the whole brand, at the last refresh, towards which the component is shrunk in people of whom little is known. With them the vector of one person is made without looking at the others.';
comment on column actors.belief_vector_components.standard_deviation is 'Over the active actors of the brand at the last refresh; 0: the component tells nobody apart and is 0 for all.';

comment on column actors.actor_preferences.stated_strength is 'Posterior share of the category by what was said.';
comment on column actors.actor_preferences.consistency_score is '1 - 2 |stated - actual|.';
comment on column actors.actor_contradictions.log_bayes_factor is 'Natural log: how much likelier the behaviour is if the statement is not true of it; open from 1.6, strong from 3.2, agreed below 0.';
comment on column actors.actor_contradictions.contradiction_strength is 'BF / (1 + BF): probability that the two differ, at even prior odds.';
comment on column actors.actor_contradictions.resolution_hypothesis is 'The question that would settle it best, of those about question_categories.';
comment on column actors.actor_contradictions.expected_information_gain is 'Bits by which an answer to that question is expected to lower the uncertainty about the favourite; null while it is not open.';
comment on column actors.actor_contradictions.attribute is 'Belief that it is about, with category.';
comment on column actors.actor_memory_loops.pattern_data is 'What the test found. Rhythms: period_days, calendar, window (the one that was hit: octave, days, tolerance, multiples). Habits: classes (weekday, hour, hour_shifted), shares of this person and those expected of everybody.';
comment on column actors.actor_memory_loops.loop_duration is 'Period in whole days; pattern_data.period_days has it with fractions.';
comment on column actors.actor_memory_loops.loop_strength is 'Share of the person''s occasions that follow the loop.';
comment on column actors.actor_memory_loops.loop_consistency is 'Share of the expected occasions at which the person came.';
comment on column actors.actor_memory_loops.confidence is 'Probability that it is more than chance, at even prior odds (lower bound).';
comment on column actors.actor_memory_loops.loop_frequency is 'The nearest of the named periods.';
comment on column actors.actor_memory_loops.next_expected_at is 'The next occasion, exact to the day (local noon).';
comment on column actors.actor_memory_loops.expires_at is 'When so many expected occasions have stayed away that the loop has stopped.';

create table private.insights_due (
  brand_id uuid not null,
  actor_id uuid not null,
  due_at timestamptz not null default '-infinity',
  primary key (brand_id, actor_id, due_at),
  foreign key (brand_id, actor_id) references actors.actors (brand_id, id) on delete cascade
);
comment on table private.insights_due is
  'People whom actors.refresh_insights has yet to look at: at once after new evidence, later when the time for what they announced is over.';

create table private.vectors_due (
  brand_id uuid not null,
  actor_id uuid not null,
  is_stale boolean not null,
  changed_by xid8 not null default pg_current_xact_id(),
  primary key (brand_id, actor_id),
  foreign key (brand_id, actor_id) references actors.actors (brand_id, id) on delete cascade
);
comment on table private.vectors_due is
  'People whose beliefs, or whose vector, are new since those who work with the vectors last looked; cohorts.assign takes them out.';
comment on column private.vectors_due.is_stale is 'Beliefs changed after the vector was made; false: the vector is new, and as good as its beliefs.';
comment on column private.vectors_due.changed_by is 'The transaction that changed the beliefs last: a refresh has seen those that had ended when it began, and its own.';
comment on column actors.actor_friction_points.friction_severity is 'Posterior share of occasions that went wrong.';
comment on column actors.actor_preferences.version_strength is 'actual_strength when this version began: the next version begins 0.1 away from it, however slowly the share gets there.';
