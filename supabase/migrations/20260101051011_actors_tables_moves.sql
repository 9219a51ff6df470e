-- Who a record was taken for, and when that changed: every change of identity can be undone and looked back at.
create table actors.identity_events (
  id uuid primary key default private.uuid_v7(),
  brand_id uuid not null,
  event_kind text not null
    constraint event_kind_is_known check (event_kind in ('merge', 'split', 'unmerge', 'match')),
  actor_id uuid not null,
  other_actor_id uuid,
  cause jsonb not null default '{}',
  reverts uuid,
  performed_by uuid,
  happened_at timestamptz not null,
  created_at timestamptz not null default now(),
  unique (brand_id, id),
  foreign key (brand_id, actor_id) references actors.actors (brand_id, id) on delete cascade,
  foreign key (brand_id, other_actor_id) references actors.actors (brand_id, id) on delete cascade,
  foreign key (brand_id, reverts) references actors.identity_events (brand_id, id) on delete cascade,
  constraint only_an_unmerge_reverts check ((reverts is not null) = (event_kind = 'unmerge'))
);
create index identity_events_actor_idx on actors.identity_events (brand_id, actor_id, happened_at);
create index identity_events_other_actor_idx on actors.identity_events (brand_id, other_actor_id);
create unique index identity_events_reverted_once_idx on actors.identity_events (brand_id, reverts);
comment on table actors.identity_events is
  'Changes of who is who, append-only: two people found to be one (merge), one found to be two (split), a merge taken back (unmerge), or single records that fit somebody else better (match).';
comment on column actors.identity_events.actor_id is 'The person that received rows.';
comment on column actors.identity_events.other_actor_id is 'The person that gave them; null where they came from several.';
comment on column actors.identity_events.cause is 'Why: the match, the review or the reason that somebody gave.';
comment on column actors.identity_events.reverts is 'The merge that an unmerge takes back; each at most once.';
comment on column actors.identity_events.performed_by is 'auth.users.id of who did it by hand; null: identity resolution.';

create table actors.identity_moves (
  brand_id uuid not null,
  event_id uuid not null,
  table_name text not null,
  row_id uuid not null,
  from_actor uuid not null,
  to_actor uuid not null,
  probability_before double precision,
  happened_at timestamptz not null,
  primary key (brand_id, event_id, table_name, row_id),
  foreign key (brand_id, event_id) references actors.identity_events (brand_id, id) on delete cascade,
  foreign key (brand_id, from_actor) references actors.actors (brand_id, id) on delete cascade,
  foreign key (brand_id, to_actor) references actors.actors (brand_id, id) on delete cascade
);
create index identity_moves_row_idx on actors.identity_moves (brand_id, row_id, happened_at);
create index identity_moves_from_idx on actors.identity_moves (brand_id, from_actor);
create index identity_moves_to_idx on actors.identity_moves (brand_id, to_actor);
comment on table actors.identity_moves is
  'Which rows an identity event moved from one person to another, append-only. Signals and their evidence follow their identity record and are not listed.';
comment on column actors.identity_moves.table_name is 'With its schema, for example actors.identity_records, or with schema and column where a higher domain points to the person: stimuli.stimulus_deployments.actor_id. row_id is its id.';
comment on column actors.identity_moves.from_actor is 'Equal to to_actor where only the match probability changed.';
comment on column actors.identity_moves.probability_before is 'match_probability until then, of identity records only.';
comment on column actors.identity_moves.happened_at is 'That of the event: looking back, a row was of from_actor until its first move after the moment asked for.';
