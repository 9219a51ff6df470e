-- Identity is a probability: what signals say of who they are of (records), which records may be of one person (matches),
-- and what people decided where the probability was not enough (reviews).
create table actors.identity_records (
  id uuid primary key default private.uuid_v7(),
  brand_id uuid not null references core.brands (id) on delete cascade,
  fingerprint text not null,
  actor_id uuid,
  match_probability double precision not null default 1
    constraint match_probability_is_a_share check (match_probability between 0 and 1),
  decided_by text not null default 'auto'
    constraint decided_by_is_known check (decided_by in ('auto', 'review', 'rule')),
  customer_id text,
  email text,
  phone text,
  social_handle text,
  more_identifiers text[],
  given_name text,
  family_name text,
  given_is_derived boolean not null default false,
  family_is_derived boolean not null default false,
  birth_date text,
  street text,
  house_number text,
  city text,
  postcode text,
  region text,
  country text,
  email_letters text,
  agreement_bits double precision[] not null default '{}',
  search_text text not null generated always as (coalesce(given_name, '') || ' ' || coalesce(family_name, '') || ' ' || coalesce(street, '') || ' ' || coalesce(house_number, '')
    || ' ' || coalesce(city, '') || ' ' || coalesce(postcode, '') || ' ' || coalesce(email, '')) stored,
  signal_count integer not null default 0,
  first_seen_at timestamptz not null,
  last_seen_at timestamptz not null,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  unique (brand_id, id),
  unique (brand_id, fingerprint),
  foreign key (brand_id, actor_id) references actors.actors (brand_id, id) on delete set null (actor_id)
)
-- Updated in place with every signal, and in no column that is indexed: see actors.actor_beliefs.
with (fillfactor = 75);
create index identity_records_actor_idx on actors.identity_records (brand_id, actor_id);
create index identity_records_search_idx on actors.identity_records using gin (brand_id, search_text extensions.gin_trgm_ops);
comment on table actors.identity_records is
  'One row per distinct combination of what signals say of their person (identifiers, name, address, birth), normalised. Most signals repeat a known combination: their person is then one indexed lookup away.';
comment on column actors.identity_records.fingerprint is 'Hash of all the normalised fields; of the signal too where they are a name and no more.';
comment on column actors.identity_records.actor_id is 'The person that the record is of, as it is believed now. Changed by private.hand_over_records only.';
comment on column actors.identity_records.match_probability is 'Probability that the record is of that person; 1 for the one that founded it.';
comment on column actors.identity_records.decided_by is 'auto: by probability; review: an answered question ties it; rule: moved by hand.';
comment on column actors.identity_records.more_identifiers is 'Further identifiers of a kind that has one already, as type:value.';
comment on column actors.identity_records.given_is_derived is 'True: the given name was read from the letters before the @ of the e-mail address.';
comment on column actors.identity_records.birth_date is 'Digits: yyyymmdd, or yyyy where only the year is known.';
comment on column actors.identity_records.email_letters is 'The letters before the @ of the e-mail address.';
comment on column actors.identity_records.search_text is 'What actors.search looks through: names, postal address, e-mail address.';
comment on column actors.identity_records.agreement_bits is
  'For each field in the order of private.identity_fields: -log2 of how common its value is in the brand, as counted when last refreshed; null: says nothing (shared by too many).';

create table private.identity_blocks (
  brand_id uuid not null,
  block_key bigint not null,
  record_id uuid not null,
  is_identifier boolean not null,
  primary key (brand_id, block_key, record_id),
  foreign key (brand_id, record_id) references actors.identity_records (brand_id, id) on delete cascade
);
create index identity_blocks_record_idx on private.identity_blocks (brand_id, record_id);
comment on table private.identity_blocks is 'Blocking: records that share a key (hash of an identifier, or of parts of name, address, birth) are compared, and no others.';

create table private.identity_values (
  brand_id uuid not null references core.brands (id) on delete cascade,
  field text not null,
  value text not null,
  record_count integer not null,
  names text[] not null default '{}',
  primary key (brand_id, field, value)
);
comment on table private.identity_values is
  'How many records carry a value; the row with value empty counts the records that have the field at all. names, for identifiers: beginnings of the given names seen with it, at most 12: many mean a shared or placeholder value.';

create table actors.identity_matches (
  id uuid primary key default private.uuid_v7(),
  brand_id uuid not null,
  record_a uuid not null,
  record_b uuid not null,
  weight double precision not null,
  probability double precision not null
    constraint probability_is_a_share check (probability between 0 and 1),
  waterfall jsonb not null,
  model_version integer not null,
  created_at timestamptz not null default now(),
  unique (brand_id, record_a, record_b),
  foreign key (brand_id, record_a) references actors.identity_records (brand_id, id) on delete cascade,
  foreign key (brand_id, record_b) references actors.identity_records (brand_id, id) on delete cascade,
  constraint a_pair_has_one_row check (record_a < record_b)
);
create index identity_matches_record_b_idx on actors.identity_matches (brand_id, record_b);
comment on table actors.identity_matches is 'Pairs of records that may be of one person: kept from parameter actors.match_floor up.';
comment on column actors.identity_matches.weight is 'Match weight in bits: log2 of the prior odds and of m/u of every field, with the household''s share taken off.';
comment on column actors.identity_matches.waterfall is
  '[{field, level, m, u, weight}, ...] from the prior on, in bits; the weights add up to weight. level: exact, near, similar, different, counted (agrees, but another field says the same already).';
comment on column actors.identity_matches.model_version is 'actors.identity_models.version that it was scored with; 0: the built-in model.';

create table actors.identity_models (
  id uuid primary key default private.uuid_v7(),
  brand_id uuid not null references core.brands (id) on delete cascade,
  version integer not null
    constraint version_is_positive check (version > 0),
  matches_per_record double precision not null,
  m jsonb not null,
  u jsonb not null,
  pair_count integer not null,
  label_count integer not null,
  calibration jsonb,
  trained_at timestamptz not null,
  unique (brand_id, version)
);
comment on table actors.identity_models is 'What was learned of how records of one person and of two people differ, per brand and training; the highest version counts.';
comment on column actors.identity_models.matches_per_record is 'How many other records of the same person a record has, on average: the prior odds of a random pair are this over the number of records.';
comment on column actors.identity_models.m is '{field: [P(different), P(similar), P(near), P(exact)]} among pairs of one person.';
comment on column actors.identity_models.u is 'The same among pairs of two people; for exact agreement the frequency of the very value is used instead.';
comment on column actors.identity_models.label_count is 'Answered reviews that took part.';
comment on column actors.identity_models.calibration is 'Expected calibration error of the match probability and what it was measured on: see private.identity_calibration.';

create table actors.identity_reviews (
  id uuid primary key default private.uuid_v7(),
  brand_id uuid not null,
  record_a uuid not null,
  record_b uuid not null,
  probability double precision not null
    constraint probability_is_a_share check (probability between 0 and 1),
  waterfall jsonb not null,
  status text not null default 'open'
    constraint status_is_known check (status in ('open', 'same', 'different', 'obsolete')),
  note text
    constraint note_is_not_too_long check (length(note) <= 2000),
  answered_by uuid,
  answered_at timestamptz,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  unique (brand_id, record_a, record_b),
  foreign key (brand_id, record_a) references actors.identity_records (brand_id, id) on delete cascade,
  foreign key (brand_id, record_b) references actors.identity_records (brand_id, id) on delete cascade,
  constraint a_question_has_one_row check (record_a < record_b),
  constraint an_answer_has_its_time check ((status in ('same', 'different')) = (answered_at is not null))
);
create index identity_reviews_record_b_idx on actors.identity_reviews (brand_id, record_b);
create index identity_reviews_open_idx on actors.identity_reviews (brand_id, probability desc) where status = 'open';
comment on table actors.identity_reviews is
  'Are these two records of one person? Asked where the probability lies between actors.match_review and actors.match_auto. same and different bind every later clustering (must-link, cannot-link) and teach the model; obsolete: evidence has settled it since.';
comment on column actors.identity_reviews.probability is 'Probability, when it was asked, that the two groups of records around them are of one person.';

alter table signals.signals_base
  add constraint signals_base_identity_record_fkey foreign key (brand_id, identity_record_id)
  references actors.identity_records (brand_id, id) on delete set null (identity_record_id);
create index signals_base_identity_record_idx on signals.signals_base (brand_id, identity_record_id);
