create table actors.actor_demographics (
  id uuid primary key default private.uuid_v7(),
  brand_id uuid not null,
  actor_id uuid not null,
  attribute_name text not null,
  attribute_value jsonb not null,
  confidence double precision not null default 0
    constraint confidence_is_a_share check (confidence between 0 and 1),
  evidence_count integer not null default 0
    constraint evidence_count_is_not_negative check (evidence_count >= 0),
  last_updated_at timestamptz not null default now(),
  source_signals jsonb not null default '[]'
    constraint source_signals_is_a_list check (jsonb_typeof(source_signals) = 'array'),
  source_weights jsonb not null default '[]'
    constraint source_weights_is_a_list check (jsonb_typeof(source_weights) = 'array'),
  uncertainty_type text not null default 'confidence'
    constraint uncertainty_type_is_known check (uncertainty_type in ('confidence', 'range', 'distribution', 'categorical')),
  uncertainty_data jsonb not null default '{}',
  version integer not null default 1
    constraint version_is_positive check (version > 0),
  is_current boolean not null default true,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  foreign key (brand_id, actor_id) references actors.actors (brand_id, id) on delete cascade
);
create index actor_demographics_actor_idx on actors.actor_demographics (brand_id, actor_id);
create unique index actor_demographics_one_current_idx on actors.actor_demographics (brand_id, actor_id, attribute_name) where is_current;
comment on table actors.actor_demographics is
  'What kind of person: city, language and other attributes that signals state. Written from the beliefs demographic.*; uncertainty_data holds the probability of every value.';

create table actors.actor_identity_beliefs (
  id uuid primary key default private.uuid_v7(),
  brand_id uuid not null,
  actor_id uuid not null,
  identity_dimension text not null,
  stated_value jsonb,
  behavioral_value jsonb,
  alignment_score double precision
    constraint alignment_score_is_from_minus_one_to_one check (alignment_score between -1 and 1),
  stated_confidence double precision not null default 0
    constraint stated_confidence_is_a_share check (stated_confidence between 0 and 1),
  behavioral_confidence double precision not null default 0
    constraint behavioral_confidence_is_a_share check (behavioral_confidence between 0 and 1),
  evidence_count integer not null default 0
    constraint evidence_count_is_not_negative check (evidence_count >= 0),
  last_updated_at timestamptz not null default now(),
  stated_sources jsonb not null default '[]'
    constraint stated_sources_is_a_list check (jsonb_typeof(stated_sources) = 'array'),
  behavioral_sources jsonb not null default '[]'
    constraint behavioral_sources_is_a_list check (jsonb_typeof(behavioral_sources) = 'array'),
  is_contradiction boolean not null default false,
  contradiction_strength double precision not null default 0
    constraint contradiction_strength_is_a_share check (contradiction_strength between 0 and 1),
  contradiction_explanation text,
  version integer not null default 1
    constraint version_is_positive check (version > 0),
  is_current boolean not null default true,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  foreign key (brand_id, actor_id) references actors.actors (brand_id, id) on delete cascade
);
create index actor_identity_beliefs_actor_idx on actors.actor_identity_beliefs (brand_id, actor_id);
create unique index actor_identity_beliefs_one_current_idx on actors.actor_identity_beliefs (brand_id, actor_id, identity_dimension) where is_current;
comment on table actors.actor_identity_beliefs is
  'Who the person says to be against who the behaviour shows, per dimension. Written from the beliefs that have both a stated and an observed side.';

create table actors.actor_behavioral_scores (
  id uuid primary key default private.uuid_v7(),
  brand_id uuid not null,
  actor_id uuid not null,
  behavior_type text not null,
  context text not null default '',
  score_value double precision not null,
  version_score double precision not null,
  confidence double precision not null default 0
    constraint confidence_is_a_share check (confidence between 0 and 1),
  evidence_count integer not null default 0
    constraint evidence_count_is_not_negative check (evidence_count >= 0),
  last_updated_at timestamptz not null default now(),
  context_dependency double precision 
    constraint context_dependency_is_a_share check (context_dependency between 0 and 1),
  context_weights jsonb not null default '{}',
  source_signals jsonb not null default '[]'
    constraint source_signals_is_a_list check (jsonb_typeof(source_signals) = 'array'),
  source_weights jsonb not null default '[]'
    constraint source_weights_is_a_list check (jsonb_typeof(source_weights) = 'array'),
  temporal_stability double precision 
    constraint temporal_stability_is_a_share check (temporal_stability between 0 and 1),
  seasonal_patterns jsonb not null default '{}',
  version integer not null default 1
    constraint version_is_positive check (version > 0),
  is_current boolean not null default true,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  foreign key (brand_id, actor_id) references actors.actors (brand_id, id) on delete cascade
)
-- Updated in place with every signal, and in no column that is indexed: see actors.actor_beliefs.
with (fillfactor = 75);
create index actor_behavioral_scores_actor_idx on actors.actor_behavioral_scores (brand_id, actor_id);
create unique index actor_behavioral_scores_one_current_idx on actors.actor_behavioral_scores (brand_id, actor_id, behavior_type, context) where is_current;
comment on table actors.actor_behavioral_scores is
  'How the person behaves: purchase_rate (repeat orders a day), order_value (currency of the brand), refund_share, satisfaction (0 to 1), email_open and email_click (per occasion), each with its context.';

create table actors.actor_communication_profiles (
  id uuid primary key default private.uuid_v7(),
  brand_id uuid not null,
  actor_id uuid not null,
  preferred_channel text not null
    constraint preferred_channel_is_known check (preferred_channel in ('whatsapp', 'email', 'sms', 'phone', 'social', 'push', 'in_app')),
  preferred_tone text
    constraint preferred_tone_is_known check (preferred_tone in ('formal', 'casual', 'friendly', 'professional', 'humorous', 'serious')),
  preferred_frequency text
    constraint preferred_frequency_is_known check (preferred_frequency in ('daily', 'weekly', 'monthly', 'as_needed', 'never')),
  preferred_time text,
  avg_response_time integer
    constraint avg_response_time_is_not_negative check (avg_response_time >= 0),
  response_rate double precision 
    constraint response_rate_is_a_share check (response_rate between 0 and 1),
  engagement_level double precision 
    constraint engagement_level_is_a_share check (engagement_level between 0 and 1),
  content_types jsonb not null default '[]'
    constraint content_types_is_a_list check (jsonb_typeof(content_types) = 'array'),
  topic_interests jsonb not null default '[]'
    constraint topic_interests_is_a_list check (jsonb_typeof(topic_interests) = 'array'),
  language_preference text not null default 'en',
  confidence double precision not null default 0
    constraint confidence_is_a_share check (confidence between 0 and 1),
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
create index actor_communication_profiles_actor_idx on actors.actor_communication_profiles (brand_id, actor_id);
create unique index actor_communication_profiles_one_current_idx on actors.actor_communication_profiles (brand_id, actor_id) where is_current;
comment on table actors.actor_communication_profiles is
  'Where and when the person is reached best. Written from the beliefs communication.*; one current row per actor.';

create table actors.actor_psychological_triggers (
  id uuid primary key default private.uuid_v7(),
  brand_id uuid not null,
  actor_id uuid not null,
  trigger_type text not null
    constraint trigger_type_is_known check (trigger_type in ('fear', 'greed', 'social_proof', 'scarcity', 'authority', 'reciprocity', 'commitment', 'consistency', 'curiosity', 'urgency', 'exclusivity', 'other')),
  trigger_description text,
  trigger_strength double precision not null
    constraint trigger_strength_is_a_share check (trigger_strength between 0 and 1),
  activation_context jsonb not null default '{}',
  deactivation_conditions jsonb not null default '{}',
  impact_on_behavior jsonb not null default '{}',
  success_rate double precision 
    constraint success_rate_is_a_share check (success_rate between 0 and 1),
  confidence double precision not null default 0
    constraint confidence_is_a_share check (confidence between 0 and 1),
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
create index actor_psychological_triggers_actor_idx on actors.actor_psychological_triggers (brand_id, actor_id);
create unique index actor_psychological_triggers_one_current_idx on actors.actor_psychological_triggers (brand_id, actor_id, trigger_type) where is_current;
comment on table actors.actor_psychological_triggers is
  'Which kind of stimulus moves the person. Written from the beliefs response.*, which come from outcomes.';

comment on column actors.actor_behavioral_scores.context is 'Empty: everywhere.';
comment on column actors.actor_behavioral_scores.temporal_stability is 'Share of the evidence that has not faded, 0 to 1.';
comment on column actors.actor_communication_profiles.preferred_time is 'Most likely local hour of the brand, "HH:00".';
comment on column actors.actor_communication_profiles.avg_response_time is 'Seconds from what the brand wrote to the answer, on the same channel.';
comment on column actors.actor_communication_profiles.preferred_frequency is 'How often the person writes of its own will; never: who complained or unsubscribed.';
comment on column actors.actor_communication_profiles.preferred_tone is 'The tone in which the person writes.';
comment on column actors.actor_communication_profiles.response_rate is 'Probability of an open, click or answer to what the brand sends.';
comment on column actors.actor_behavioral_scores.version_score is 'score_value when this version began: the next version begins a fifth away from it, however slowly the score gets there.';
