create table signals.signals_base (
  id uuid primary key default private.uuid_v7(),
  brand_id uuid not null references core.brands (id) on delete cascade,
  signal_type signals.signal_type not null,
  source_platform text not null
    constraint source_platform_is_not_blank check (btrim(source_platform) <> '' and length(source_platform) <= 100),
  source_id text not null
    constraint source_id_is_short check (length(source_id) between 1 and 255),
  occurred_at timestamptz not null,
  received_at timestamptz not null default now(),
  raw_content jsonb not null,
  processed_content jsonb not null default '{}',
  content_sha256 bytea not null
    constraint content_is_hashed_with_sha256 check (length(content_sha256) = 32),
  text_bands bigint[],
  identifiers jsonb not null default '[]'
    constraint identifiers_are_a_list check (jsonb_typeof(identifiers) = 'array'),
  actor_identifier text,
  actor_identifier_type text
    constraint actor_identifier_type_is_known
      check (actor_identifier_type in ('customer_id', 'email', 'phone', 'social_handle')),
  actor_id uuid,
  identity_record_id uuid,
  confidence_in_matching double precision not null default 0
    constraint confidence_in_matching_is_between_0_and_1 check (confidence_in_matching between 0 and 1),
  processing_status signals.processing_status not null default 'pending',
  processing_error text,
  processed_at timestamptz,
  quality_score double precision not null default 0
    constraint quality_score_is_between_0_and_1 check (quality_score between 0 and 1),
  quality_parts jsonb not null default '{}',
  is_duplicate boolean not null default false,
  duplicate_of uuid,
  duplicate_kind signals.duplicate_kind,
  retracted_at timestamptz,
  retraction_reason text
    constraint retraction_reason_is_not_too_long check (length(retraction_reason) <= 2000),
  source_metadata jsonb not null default '{}',
  metadata jsonb not null default '{}',
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  unique (brand_id, id),
  foreign key (brand_id, duplicate_of) references signals.signals_base (brand_id, id) on delete set null (duplicate_of),
  constraint a_duplicate_is_never_processed check (not is_duplicate or processing_status = 'skipped'),
  constraint a_duplicate_has_a_kind check (is_duplicate = (duplicate_kind is not null)),
  constraint only_a_duplicate_is_of_another check (is_duplicate or duplicate_of is null)
);

comment on table signals.signals_base is
  'One row per signal, whatever its type; the detail table of the type has the same key. Rows come in through signals.ingest. Times are event times: a late signal takes the place where it happened.';
comment on column signals.signals_base.source_platform is 'Where it comes from, for example shop, whatsapp, google; part of the signal''s identity.';
comment on column signals.signals_base.source_id is 'The sender''s id, unique inside source_platform. Without one it is content:<sha256>, so that sending again still adds nothing.';
comment on column signals.signals_base.occurred_at is 'Event time, as the sender gave it.';
comment on column signals.signals_base.received_at is 'When it reached Loopwise.';
comment on column signals.signals_base.raw_content is 'The signal as it was sent, unknown fields included.';
comment on column signals.signals_base.processed_content is 'What later steps found in the content; empty until they run.';
comment on column signals.signals_base.content_sha256 is 'Hash of type, event time, identifiers and data: equal means the same happening. The platform is not in it.';
comment on column signals.signals_base.text_bands is 'MinHash bands of the free text (private.text_bands); two texts that share one are compared. Null where there is too little text.';
comment on column signals.signals_base.identifiers is 'Normalised: [{"type": "email|phone|social_handle|customer_id", "value": "..."}], the strongest first.';
comment on column signals.signals_base.actor_identifier is 'The strongest of identifiers, with actor_identifier_type.';
comment on column signals.signals_base.actor_id is 'The person, once identity resolution has found it.';
comment on column signals.signals_base.identity_record_id is 'What the signal says of who its person is (actors.identity_records); actor_id and confidence_in_matching follow it.';
comment on column signals.signals_base.processing_status is 'pending until the actors'' step claims it; skipped for duplicates, which are never learned from.';
comment on column signals.signals_base.processing_error is 'Why the last processing failed.';
comment on column signals.signals_base.quality_score is 'Weight of the signal as evidence: exp of the weighted mean of ln over quality_parts.';
comment on column signals.signals_base.quality_parts is 'completeness, plausibility, freshness and source_trust, each above 0 and at most 1.';
comment on column signals.signals_base.duplicate_of is 'The signal that counts instead. It is never itself a duplicate.';
comment on column signals.signals_base.retracted_at is 'When it was taken back (actors.retract): nothing is believed because of it from then on. Null: it counts.';
comment on column signals.signals_base.source_metadata is 'About the transport: name of the person as given, how it came in.';
comment on column signals.signals_base.metadata is 'What the sender added under metadata.';
