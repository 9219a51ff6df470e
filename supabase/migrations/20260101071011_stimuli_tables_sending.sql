create table stimuli.channel_connectors (
  id uuid primary key default private.uuid_v7(),
  brand_id uuid not null references core.brands (id) on delete cascade,
  channel stimuli.channel not null,
  connector stimuli.connector_kind not null,
  service_name text
    constraint service_name_is_not_blank check (btrim(service_name) <> '' and length(service_name) <= 100),
  honours_keys boolean not null,
  rate_per_minute integer
    constraint rate_per_minute_is_positive check (rate_per_minute > 0),
  cost_per_send numeric(12, 4) not null default 0
    constraint cost_per_send_is_not_negative check (cost_per_send >= 0),
  is_active boolean not null default true,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  unique (brand_id, id),
  unique (brand_id, channel),
  constraint only_in_app_needs_no_service check ((connector = 'in_app') = (service_name is null))
);
comment on table stimuli.channel_connectors is
  'How a channel of a brand is delivered. A channel without a row is delivered by others, who report with stimuli.record_delivery.';
comment on column stimuli.channel_connectors.service_name is 'core.brand_integrations.service_name; its credentials are in Vault.';
comment on column stimuli.channel_connectors.honours_keys is
  'The other side takes a message with a known key only once. Only then is a message whose answer was lost handed over again.';
comment on column stimuli.channel_connectors.rate_per_minute is 'How many may be handed over per minute, bursts included; null: no limit.';
comment on column stimuli.channel_connectors.cost_per_send is 'In the currency of the brand.';

alter table stimuli.stimulus_deployments add constraint stimulus_deployments_connector_fkey
  foreign key (brand_id, connector_id) references stimuli.channel_connectors (brand_id, id) on delete set null (connector_id);
create index stimulus_deployments_connector_idx on stimuli.stimulus_deployments (brand_id, connector_id);
create index stimulus_deployments_handed_over_idx on stimuli.stimulus_deployments (brand_id, actor_id, handed_over_at) where handed_over_at is not null;
create index stimulus_deployments_provider_message_idx on stimuli.stimulus_deployments (brand_id, provider_message_id) where provider_message_id is not null;
create index stimulus_deployments_held_idx on stimuli.stimulus_deployments (brand_id, handed_over_at) where delivery_status = 'unknown';

create table stimuli.frequency_caps (
  id uuid primary key default private.uuid_v7(),
  brand_id uuid not null references core.brands (id) on delete cascade,
  channel stimuli.channel,
  window_kind stimuli.cap_window not null,
  window_hours integer
    constraint window_has_1_hour_to_1_year check (window_hours between 1 and 8784),
  max_sends integer not null
    constraint max_sends_are_not_negative check (max_sends >= 0),
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  unique nulls not distinct (brand_id, channel, window_kind, window_hours),
  constraint only_a_rolling_window_has_hours check ((window_kind = 'rolling') = (window_hours is not null))
);
comment on table stimuli.frequency_caps is
  'At most max_sends marketing messages to a person in a window. All caps hold at once. A message whose fate is unknown counts, one that was refused does not.';
comment on column stimuli.frequency_caps.channel is 'Null: over all channels together.';
comment on column stimuli.frequency_caps.window_kind is 'rolling: in any window_hours hours. local_day, local_week (from Monday): by the calendar of the person''s own zone.';

create table stimuli.sending_state (
  brand_id uuid primary key references core.brands (id) on delete cascade,
  is_paused boolean not null default false,
  pause_reason text
    constraint pause_reason_is_short check (length(pause_reason) <= 500),
  paused_by uuid,
  paused_at timestamptz,
  last_claim_at timestamptz not null default '-infinity',
  updated_at timestamptz not null default now(),
  constraint a_pause_has_a_time check (is_paused = (paused_at is not null))
);
comment on table stimuli.sending_state is 'The kill switch of a brand, and when its queue had its last turn.';
comment on column stimuli.sending_state.paused_by is 'auth.users.id.';
comment on column stimuli.sending_state.last_claim_at is 'Brands take turns: the one that waited longest is next.';

create table stimuli.campaign_spending (
  brand_id uuid not null references core.brands (id) on delete cascade,
  stimulus_id uuid not null,
  local_day date not null,
  sends integer not null default 0
    constraint sends_are_not_negative check (sends >= 0),
  reserved numeric(14, 4) not null default 0
    constraint reserved_is_not_negative check (reserved >= 0),
  settled numeric(14, 4) not null default 0
    constraint settled_is_not_negative check (settled >= 0),
  primary key (brand_id, stimulus_id, local_day),
  foreign key (brand_id, stimulus_id) references stimuli.campaigns (brand_id, stimulus_id) on delete cascade
);
comment on table stimuli.campaign_spending is
  'What a campaign handed over and spent per local day of the brand. The cost is reserved in the transaction that hands over, and settled or given back with the answer; what is unknown stays reserved.';
comment on column stimuli.campaign_spending.sends is 'Handed over and not refused.';

create table stimuli.provider_events (
  id uuid primary key default private.uuid_v7(),
  brand_id uuid not null references core.brands (id) on delete cascade,
  provider text not null
    constraint provider_is_not_blank check (btrim(provider) <> '' and length(provider) <= 100),
  event_id text not null
    constraint event_id_is_short check (length(event_id) between 1 and 255),
  event_type text not null
    constraint event_type_is_known check (event_type in ('sent', 'delivered', 'opened', 'clicked', 'bounced', 'failed', 'complained', 'unsubscribed')),
  deployment_id uuid,
  occurred_at timestamptz not null,
  received_at timestamptz not null default now(),
  details jsonb not null default '{}'
    constraint details_are_an_object check (jsonb_typeof(details) = 'object'),
  unique (brand_id, provider, event_id),
  foreign key (brand_id, deployment_id) references stimuli.stimulus_deployments (brand_id, id) on delete cascade
);
create index provider_events_deployment_idx on stimuli.provider_events (brand_id, deployment_id);
comment on table stimuli.provider_events is
  'What providers told of messages, each event once. Append-only: delivery_status and response_status follow it, only forward.';
comment on column stimuli.provider_events.deployment_id is 'Null: of no message that was sent from here.';
