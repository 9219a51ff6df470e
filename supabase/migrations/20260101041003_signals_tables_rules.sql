create type private.signal_field_kind as enum (
  'text', 'integer', 'number', 'boolean', 'time', 'address', 'object', 'array', 'items', 'currency', 'media_type'
);

create table private.signal_fields (
  signal_type signals.signal_type not null,
  field text not null,
  kind private.signal_field_kind not null,
  minimum numeric,
  maximum numeric,
  allowed text[],
  default_value jsonb,
  identifier_type text,
  is_required boolean not null,
  is_informative boolean not null,
  is_event_time boolean not null,
  is_free_text boolean not null,
  primary key (signal_type, field)
);
comment on table private.signal_fields is
  'What signals.ingest takes under data, per signal type: the same names as the columns of the detail tables. Other fields are kept in raw_content and not looked at.';
comment on column private.signal_fields.minimum is 'Least value; for text the least number of characters, for arrays of elements.';
comment on column private.signal_fields.maximum is 'Greatest value, number of characters, or number of elements.';
comment on column private.signal_fields.allowed is 'The words that a text may be; null: any.';
comment on column private.signal_fields.identifier_type is 'The field names the person by this kind of identifier.';
comment on column private.signal_fields.is_informative is 'Counts for the completeness of a signal.';
comment on column private.signal_fields.is_event_time is 'Always holds the event time; what the sender gives here is not used.';
comment on column private.signal_fields.is_free_text is 'People''s own words: near-same ones are duplicates.';

create table private.calling_codes (
  country text primary key
    constraint country_is_iso_3166_alpha_2 check (country ~ '^[A-Z]{2}$'),
  calling_code text not null
    constraint calling_code_is_digits check (calling_code ~ '^[1-9][0-9]{0,2}$'),
  trunk_prefix text not null default ''
);
comment on table private.calling_codes is
  'ITU-T E.164 calling code of a country, and the prefix that national numbers start with and international ones drop.';

create type private.text_bands_row as (idx integer, bands bigint[]);

create type private.incoming_signal as (
  idx integer,
  item jsonb,
  signal_type signals.signal_type,
  source_platform text,
  source_id text,
  occurred_at timestamptz,
  data jsonb,
  identifiers jsonb,
  content_sha256 bytea,
  free_text text,
  completeness double precision,
  doubts integer,
  error_code text,
  field text,
  reason text
);
comment on type private.incoming_signal is
  'A signal on its way in, as private.read_signals returns it. data: normalised, with defaults. doubts: how many of its own statements cannot be true.';

create type private.signal_match as (
  idx integer,
  signal_id uuid,
  is_stored boolean,
  duplicate_of uuid,
  duplicate_kind signals.duplicate_kind,
  bands bigint[]
);
comment on type private.signal_match is
  'What private.match_duplicates found for a row: the id it has or gets, whether it is to be stored, and what it duplicates.';

create type private.signal_detail as (signal_type signals.signal_type, data jsonb);
comment on type private.signal_detail is 'A row for the detail table of its type, as JSON.';
