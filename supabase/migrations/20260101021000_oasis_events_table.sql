create table public.oasis_events (
  id uuid not null default private.uuid_v7(),
  brand_id uuid references core.brands (id) on delete cascade,
  xid xid8 not null default pg_current_xact_id(),
  type text not null
    constraint event_type_is_dotted check (type ~ '^[a-z][a-z0-9_]*(\.[a-z0-9_]+)+$' and length(type) <= 200),
  source text not null
    constraint event_source_is_not_blank check (btrim(source) <> '' and length(source) <= 200),
  entity_type text,
  entity_id uuid,
  vtid text,
  topic text,
  service text,
  status public.oasis_event_status,
  message text
    constraint event_message_is_short check (length(message) <= 10000),
  payload jsonb not null default '{}',
  metadata jsonb not null default '{}',
  actor_id text,
  actor_email text,
  actor_role text
    constraint event_actor_role_is_known check (actor_role in ('user', 'operator', 'admin', 'system', 'agent')),
  surface text,
  conversation_turn_id text,
  created_at timestamptz not null default now(),
  primary key (id, created_at)
) partition by range (created_at);

comment on table public.oasis_events is
  'Every state change worth knowing, one row each, written by private.emit and never changed. Follow it with read_oasis_events, whose cursor is safe against late commits.';
comment on column public.oasis_events.brand_id is 'Null: an event of the whole system, for the service role only.';
comment on column public.oasis_events.xid is
  'Transaction that wrote the row. Readers wait until every older transaction has ended, then order by (xid, id).';
comment on column public.oasis_events.type is 'Dotted name in lower case, what happened last: signals.batch_ingested, member.updated.';
comment on column public.oasis_events.source is 'Who tells it: the first part of the type, or the sender that a client names.';
comment on column public.oasis_events.vtid is 'Task (vtid_ledger.vtid) it belongs to. No foreign key: the log outlives the task.';
comment on column public.oasis_events.topic is 'Group for filters; the first part of the type unless the sender gives one.';
comment on column public.oasis_events.actor_id is
  'Who caused it; auth.users.id for a signed-in user, any name for an agent. Not the person of actors.actors.';

select private.register_partitioned_table('public.oasis_events', 24);
