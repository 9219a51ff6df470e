create table actors.actors (
  id uuid primary key default private.uuid_v7(),
  brand_id uuid not null references core.brands (id) on delete cascade,
  name text
    constraint name_is_not_too_long check (length(name) <= 300),
  primary_identifier text not null
    constraint primary_identifier_is_not_blank check (btrim(primary_identifier) <> '' and length(primary_identifier) <= 320),
  primary_identifier_type actors.identifier_type not null,
  identifiers jsonb not null default '{}'
    constraint identifiers_is_an_object check (jsonb_typeof(identifiers) = 'object'),
  is_active boolean not null default true,
  is_verified boolean not null default false,
  verification_method text not null default 'none'
    constraint verification_method_is_known check (verification_method in ('phone', 'email', 'social', 'manual', 'none')),
  first_seen_at timestamptz not null,
  last_seen_at timestamptz not null,
  total_signals integer not null default 0
    constraint total_signals_is_not_negative check (total_signals >= 0),
  last_signal_at timestamptz,
  data_quality_score double precision not null default 0
    constraint data_quality_score_is_a_share check (data_quality_score between 0 and 1),
  profile_completeness double precision not null default 0
    constraint profile_completeness_is_a_share check (profile_completeness between 0 and 1),
  merged_into uuid,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  unique (brand_id, id),
  foreign key (brand_id, merged_into) references actors.actors (brand_id, id) on delete set null (merged_into),
  constraint first_seen_is_not_after_last check (first_seen_at <= last_seen_at),
  constraint nobody_is_merged_into_himself check (merged_into <> id),
  constraint who_was_merged_is_not_active check (merged_into is null or not is_active)
);

comment on table actors.actors is
  'One row per person that a brand deals with. Made by actors.process_signals from records of identity that are probably of one person; leads, contacts and orders point here and keep no copy of the person.';
comment on column actors.actors.name is 'As the newest signal that carries one gives it; one set by hand stays while verification_method is manual.';
comment on column actors.actors.primary_identifier is 'Normalised; the strongest identifier of the first record. Where it has none, the name (type name). Not unique: a household shares a phone.';
comment on column actors.actors.identifiers is 'All identifiers as {type: [value, ...]}, a copy of actors.actor_identifiers for display.';
comment on column actors.actors.first_seen_at is 'Event time of the earliest signal; a late signal moves it back.';
comment on column actors.actors.last_seen_at is 'Event time of the latest signal; a late signal never moves it back.';
comment on column actors.actors.data_quality_score is 'Mean quality of the signals, 0 to 1.';
comment on column actors.actors.profile_completeness is 'phone .3 + email .2 + name .2 + .3 from the first signal on.';
comment on column actors.actors.merged_into is 'The actor that this one was found to be; null for a person of its own.';

create table actors.actor_identifiers (
  id uuid primary key default private.uuid_v7(),
  brand_id uuid not null,
  actor_id uuid not null,
  identifier_type actors.identifier_type not null,
  identifier_value text not null
    constraint identifier_value_is_not_blank check (btrim(identifier_value) <> '' and length(identifier_value) <= 320),
  confidence double precision not null
    constraint confidence_is_a_share check (confidence between 0 and 1),
  first_seen_at timestamptz not null,
  last_seen_at timestamptz not null,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  unique (brand_id, actor_id, identifier_type, identifier_value),
  foreign key (brand_id, actor_id) references actors.actors (brand_id, id) on delete cascade
)
-- Updated in place with every signal, and in no column that is indexed: see actors.actor_beliefs.
with (fillfactor = 75);

comment on table actors.actor_identifiers is
  'Which identifiers a person has been seen with: derived from actors.identity_records by private.refresh_identifiers. One value may stand with several people, as a phone in a household does.';
comment on column actors.actor_identifiers.confidence is
  'Probability that a signal with this identifier is of this actor, as far as it is told by the best of the records that carry it.';
