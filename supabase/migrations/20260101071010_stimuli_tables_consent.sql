create table stimuli.consents (
  id uuid primary key default private.uuid_v7(),
  brand_id uuid not null references core.brands (id) on delete cascade,
  actor_id uuid not null,
  channel stimuli.channel not null,
  purpose stimuli.send_purpose not null,
  is_granted boolean not null,
  source text not null
    constraint source_is_not_blank check (btrim(source) <> '' and length(source) <= 200),
  text_version text
    constraint text_version_is_short check (length(text_version) <= 100),
  recorded_by uuid,
  recorded_at timestamptz not null default clock_timestamp(),
  foreign key (brand_id, actor_id) references actors.actors (brand_id, id) on delete cascade
);
create index consents_newest_idx on stimuli.consents (brand_id, actor_id, channel, purpose, recorded_at desc, id desc);
comment on table stimuli.consents is
  'What each person agreed to be written about and how, and took back. The newest row per person, channel and purpose counts, by the clock of the server; where there is none, the parameters stimuli.consent_default_*.';
comment on column stimuli.consents.source is 'Where the person said so: signup_form, one_click, whatsapp_stop, complaint, import.';
comment on column stimuli.consents.text_version is 'Version of the words that the person saw.';
comment on column stimuli.consents.recorded_by is 'auth.users.id of who entered it; null: the service, on a signal or a provider''s word.';

create table stimuli.suppressions (
  id uuid primary key default private.uuid_v7(),
  brand_id uuid not null references core.brands (id) on delete cascade,
  channel stimuli.channel not null,
  address_sha256 bytea not null
    constraint address_is_hashed_with_sha256 check (length(address_sha256) = 32),
  reason stimuli.suppression_reason not null,
  source text not null
    constraint source_is_not_blank check (btrim(source) <> '' and length(source) <= 200),
  released_at timestamptz,
  release_reason text
    constraint release_reason_is_short check (length(release_reason) <= 500),
  created_at timestamptz not null default now()
);
create unique index suppressions_one_open_idx on stimuli.suppressions (brand_id, address_sha256, channel, reason) where released_at is null;
create index suppressions_listed_idx on stimuli.suppressions (brand_id, created_at desc);
comment on table stimuli.suppressions is
  'Addresses that nothing is sent to, whoever has them: bounce, complaint and manual stop everything, unsubscribe stops marketing. The address itself is not kept (private.address_sha256).';
comment on column stimuli.suppressions.released_at is 'When it ended; null: it holds.';

create table stimuli.contact_preferences (
  id uuid primary key default private.uuid_v7(),
  brand_id uuid not null references core.brands (id) on delete cascade,
  actor_id uuid not null,
  time_zone text,
  quiet_from time,
  quiet_until time,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  unique (brand_id, actor_id),
  constraint quiet_hours_have_both_ends check ((quiet_from is null) = (quiet_until is null)),
  foreign key (brand_id, actor_id) references actors.actors (brand_id, id) on delete cascade
);
comment on table stimuli.contact_preferences is 'When a person may be written to, where it is known: otherwise the zone of the brand and the parameters stimuli.quiet_hours_*.';
comment on column stimuli.contact_preferences.time_zone is 'IANA name.';
comment on column stimuli.contact_preferences.quiet_from is 'Local time from which nothing but what is transactional is sent, until quiet_until; the two equal: never quiet.';
