create type private.delivery_event as (
  event_id text,
  event_type text,
  deployment_id uuid,
  provider_message_id text,
  occurred_at timestamptz,
  is_permanent boolean,
  address text,
  link text,
  code text
);

create function private.apply_delivery_events(p_brand uuid, p_provider text, p_events private.delivery_event[], p_now timestamptz)
returns setof stimuli.provider_events
language plpgsql
volatile
set search_path = ''
set plan_cache_mode = force_custom_plan
as $$
declare
  v_new stimuli.provider_events[];
  v_reach private.reach_move[];
  v_spending private.spending_move[];
begin
  with named as materialized (
    select distinct on (e.event_id) e.*, d.id as found
    from unnest(p_events) e
    left join lateral (
      select d.id from stimuli.stimulus_deployments d
      where d.brand_id = p_brand and not d.is_holdout
        and (d.id = e.deployment_id or e.deployment_id is null and d.provider_message_id = e.provider_message_id)
      limit 1
    ) d on true
    order by e.event_id
  ),
  added as (
    insert into stimuli.provider_events (brand_id, provider, event_id, event_type, deployment_id, occurred_at, received_at, details)
    select p_brand, p_provider, n.event_id, n.event_type, n.found, n.occurred_at, p_now,
      jsonb_strip_nulls(jsonb_build_object('provider_message_id', n.provider_message_id, 'is_permanent', n.is_permanent, 'link', n.link, 'code', n.code))
    from named n
    on conflict (brand_id, provider, event_id) do nothing
    returning *
  )
  select array_agg(a::stimuli.provider_events order by a.occurred_at, a.event_id) into v_new from added a;

  perform from stimuli.stimulus_deployments d where d.id in (select e.deployment_id from unnest(v_new) e) order by d.id for update;
  with folded as materialized (
    -- A fold over all that was ever told of a message: in whichever order events come, the end is the same.
    select e.deployment_id, bool_or(e.event_type in ('opened', 'clicked')) as was_opened, bool_or(e.event_type = 'clicked') as was_clicked,
      bool_or(e.event_type in ('unsubscribed', 'complained')) as was_unwanted, bool_or(e.event_type = 'bounced') as bounced,
      bool_or(e.event_type = 'delivered') as was_delivered, bool_or(e.event_type = 'failed') as failed,
      min(e.occurred_at) filter (where e.event_type in ('delivered', 'opened', 'clicked')) as delivered_at, min(e.occurred_at) as first_at,
      min(e.occurred_at) filter (where e.event_type in ('opened', 'clicked', 'unsubscribed', 'complained')) as responded_at,
      min(e.occurred_at) filter (where e.event_type in ('opened', 'clicked')) as opened_at, min(e.occurred_at) filter (where e.event_type = 'clicked') as clicked_at,
      max(e.details ->> 'code') as code
    from stimuli.provider_events e
    where e.brand_id = p_brand and e.deployment_id in (select n.deployment_id from unnest(v_new) n)
    group by e.deployment_id
  ),
  was as materialized (
    select d.id, d.reach, d.spending_day, d.delivery_status from stimuli.stimulus_deployments d join folded f on f.deployment_id = d.id
  ),
  changed as (
    update stimuli.stimulus_deployments d
    set delivery_status = case when f.was_opened then 'delivered' when f.bounced then 'failed' when f.was_delivered or f.was_unwanted then 'delivered'
        when f.failed then 'failed' when d.delivery_status in ('failed', 'delivered') then d.delivery_status::text else 'sent' end::stimuli.delivery_status,
      lease_until = null, next_attempt_at = null, sent_at = coalesce(d.sent_at, f.first_at),
      delivered_at = coalesce(d.delivered_at, f.delivered_at),
      reason_code = case when f.was_opened then null when f.bounced then 'bounced' when f.was_delivered then null when f.failed then 'provider_failed' end,
      error_code = case when not f.was_opened and (f.bounced or f.failed and not f.was_delivered) then left(f.code, 100) end,
      response_status = case
        when d.response_status in ('converted', 'responded') then d.response_status::text when f.was_unwanted then 'unsubscribed'
        when d.response_status = 'unsubscribed' then 'unsubscribed' when f.was_clicked or d.response_status = 'clicked' then 'clicked' when f.was_opened then 'opened'
        when f.bounced then 'bounced' else d.response_status::text end::stimuli.response_status,
      response_timestamp = least(d.response_timestamp, f.responded_at),
      time_to_open = coalesce(d.time_to_open, greatest(0, extract(epoch from f.opened_at - d.deployed_at))::integer),
      time_to_click = coalesce(d.time_to_click, greatest(0, extract(epoch from f.clicked_at - d.deployed_at))::integer)
    from folded f, was w
    where d.id = f.deployment_id and w.id = d.id
    returning d.brand_id, d.stimulus_id, d.reach, w.reach as was, w.spending_day, d.send_cost, w.delivery_status as came_from
  )
  select array_agg(row(c.brand_id, c.stimulus_id, c.was, c.reach)::private.reach_move),
    array_agg(row(c.brand_id, c.stimulus_id, c.spending_day, c.send_cost, true)::private.spending_move)
      filter (where c.spending_day is not null and c.came_from not in ('sent', 'delivered', 'failed'))
  into v_reach, v_spending from changed c;
  perform private.add_to_totals(v_reach);
  perform private.settle_spending(v_spending);

  -- The address that it was sent to is gone for good, or the person wants no more.
  perform private.add_suppressions(p_brand, d.deployment_channel, array_agg(d.address_sha256), 'bounce', p_provider)
  from unnest(v_new) e join stimuli.stimulus_deployments d on d.brand_id = p_brand and d.id = e.deployment_id
  where e.event_type = 'bounced' and coalesce((e.details ->> 'is_permanent')::boolean, true) group by d.deployment_channel;
  perform private.opt_out(p_brand, array_agg(distinct d.actor_id), d.deployment_channel, 'marketing',
      case e.event_type when 'complained' then 'complaint' else 'unsubscribe' end::stimuli.suppression_reason, array[]::text[], p_provider, null),
    private.add_suppressions(p_brand, d.deployment_channel, array_agg(d.address_sha256),
      case e.event_type when 'complained' then 'complaint' else 'unsubscribe' end::stimuli.suppression_reason, p_provider)
  from unnest(v_new) e join stimuli.stimulus_deployments d on d.brand_id = p_brand and d.id = e.deployment_id
  where e.event_type in ('complained', 'unsubscribed') group by d.deployment_channel, e.event_type;
  return query select * from unnest(v_new);
end
$$;
comment on function private.apply_delivery_events(uuid, text, private.delivery_event[], timestamptz) is
  'Takes what a provider told of messages, each event_id once, and returns the new ones. Delivery and response follow all events ever told, so that their order does not matter: opened and clicked say delivered, whatever else was said; then bounced, delivered, failed, sent. A permanent bounce suppresses the address, a complaint or an unsubscribe the person.';

create function private.event_signals(p_brand uuid, p_events stimuli.provider_events[], p_addresses jsonb)
returns jsonb
language sql
stable
set search_path = ''
as $$
  select jsonb_agg(jsonb_strip_nulls(jsonb_build_object(
    'type', case d.deployment_channel when 'email' then 'email_interaction' else 'crm_event' end,
    'source_platform', left('stimuli.' || e.provider, 100), 'source_id', left(e.event_id, 255), 'occurred_at', e.occurred_at,
    'identifiers', jsonb_build_object(i.identifier_type, i.identifier_value),
    'data', case d.deployment_channel
      when 'email' then jsonb_build_object(
        'email_type', case e.event_type when 'delivered' then 'sent' when 'failed' then 'bounced' else e.event_type end,
        'email_subject', left(coalesce(d.delivered_content ->> 'subject', ''), 1000), 'recipient_email', i.identifier_value, 'email_id', d.id,
        'campaign_id', d.stimulus_id, 'link_clicked', left(e.details ->> 'link', 4000), 'platform', case e.provider when 'sendgrid' then 'sendgrid' else 'other' end,
        'platform_event_id', e.event_id, 'unsubscribe_requested', e.event_type = 'unsubscribed')
      else jsonb_build_object(
        'event_type', 'status_changed', 'event_name', d.deployment_channel || '.' || e.event_type, 'crm_system', 'other', 'crm_record_id', d.id,
        'crm_object_type', 'other', 'event_source', 'integration', 'event_data', jsonb_build_object('status', e.event_type, 'stimulus_id', d.stimulus_id)) end)))
  from unnest(p_events) e
  join stimuli.stimulus_deployments d on d.brand_id = p_brand and d.id = e.deployment_id
  join actors.actors a on a.brand_id = p_brand and a.id = d.actor_id
  cross join lateral (
    -- The address that it was sent to, where it is still among those of the person; else whatever names it.
    select i.identifier_type, i.identifier_value from actors.actor_identifiers i
    where i.brand_id = p_brand and i.actor_id = coalesce(a.merged_into, a.id)
    order by i.identifier_value is not distinct from p_addresses ->> e.event_id desc,
      private.address_sha256(p_brand, d.deployment_channel, i.identifier_value) = d.address_sha256 desc nulls last,
      i.identifier_type = private.address_kind(d.deployment_channel) desc nulls last, i.confidence desc, i.last_seen_at desc
    limit 1
  ) i
  where e.event_type <> 'sent'
$$;
comment on function private.event_signals(uuid, stimuli.provider_events[], jsonb) is
  'The events as signals of the people: e-mail as email_interaction (delivered as sent: the occasion that an open is counted against), other channels as crm_event. That a provider took a message says nothing of a person.';

create function private.record_delivery_events(p_brand uuid, p_provider text, p_events jsonb, p_now timestamptz)
returns table (recorded integer, known integer)
language plpgsql
volatile
set search_path = ''
as $$
declare
  v_new stimuli.provider_events[];
  v_signals jsonb;
begin
  v_new := array(select e from private.apply_delivery_events(p_brand, p_provider, array(
    select row(x.event_id, x.type, x.deployment_id, x.provider_message_id,
      -- A provider's clock that runs ahead must not put an event behind all that follow.
      least(coalesce(x.occurred_at, p_now), p_now), coalesce(x.is_permanent, true), x.address, x.link, x.code)::private.delivery_event
    from jsonb_to_recordset(p_events) x (event_id text, type text, deployment_id uuid, provider_message_id text, occurred_at timestamptz,
      is_permanent boolean, address text, link text, code text)), p_now) e);
  v_signals := private.event_signals(p_brand, v_new, (
    select jsonb_object_agg(x ->> 'event_id', x -> 'address') from jsonb_array_elements(p_events) x where x ? 'address'));
  if v_signals is not null then
    perform private.signals_ingest(p_brand, v_signals, null, p_now);
  end if;
  recorded := cardinality(v_new);
  known := (select count(*) from unnest(v_new) e where e.deployment_id is not null);
  return next;
end
$$;
comment on function private.record_delivery_events(uuid, text, jsonb, timestamptz) is 'Applies events and hands them to the signals in the same transaction.';

create function private.stimuli_record_events(p_brand uuid, p_provider text, p_events jsonb, p_now timestamptz)
returns table (recorded integer, known integer)
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  v_started timestamptz := clock_timestamp();
begin
  perform private.require_service();
  perform private.require_role(p_brand, 'owner');
  if coalesce(btrim(p_provider), '') = '' or length(p_provider) > 50 then
    perform private.raise_error('invalid_argument', 'p_provider', 'must have 1 to 50 characters');
  elsif coalesce(jsonb_typeof(p_events), 'null') <> 'array' then
    perform private.raise_error('invalid_argument', 'p_events', 'must be an array');
  elsif jsonb_array_length(p_events) > 1000 then
    perform private.raise_error('invalid_argument', 'p_events', 'must have at most 1000 elements');
  elsif exists (
    select from jsonb_array_elements(p_events) e
    where (jsonb_typeof(e) = 'object' and length(e ->> 'event_id') between 1 and 255
      and e ->> 'type' in ('sent', 'delivered', 'opened', 'clicked', 'bounced', 'failed', 'complained', 'unsubscribed')
      and (not e ? 'deployment_id' or pg_input_is_valid(e ->> 'deployment_id', 'uuid'))
      and (not e ? 'occurred_at' or pg_input_is_valid(e ->> 'occurred_at', 'timestamptz') and e ->> 'occurred_at' ~ private.time_pattern())
      and (not e ? 'is_permanent' or jsonb_typeof(e -> 'is_permanent') = 'boolean')) is not true) then
    perform private.raise_error('invalid_argument', 'p_events',
      'each element needs an event_id of 1 to 255 characters and a type: sent, delivered, opened, clicked, bounced, failed, complained or unsubscribed; occurred_at is a time with its zone, is_permanent true or false');
  end if;
  select * into recorded, known from private.record_delivery_events(p_brand, p_provider, p_events, p_now);
  perform private.log_call('stimuli.record_events', p_brand, jsonb_build_object('provider', p_provider, 'events', jsonb_array_length(p_events)),
    jsonb_build_object('recorded', recorded, 'known', known), v_started);
  return next;
end
$$;
comment on function private.stimuli_record_events(uuid, text, jsonb, timestamptz) is 'Body of stimuli.record_events. Definer: moves deliveries, writes consents and signals.';
grant execute on function private.stimuli_record_events(uuid, text, jsonb, timestamptz) to service_role;

create function stimuli.record_events(p_brand uuid, p_provider text, p_events jsonb, p_now timestamptz default now())
returns table (recorded integer, known integer)
language sql
volatile
set search_path = ''
begin atomic
  select * from private.stimuli_record_events(p_brand, p_provider, p_events, p_now);
end;
comment on function stimuli.record_events(uuid, text, jsonb, timestamptz) is
  'Takes up to 1,000 events of a provider, [{"event_id", "type", "deployment_id"? or "provider_message_id"?, "occurred_at"?, "is_permanent"? (of a bounce; default true), "address"?, "link"?, "code"?}] with type sent, delivered, opened, clicked, bounced, failed, complained or unsubscribed, each event_id once, in any order. Moves deliveries and responses forward, settles held messages, suppresses who bounced or complained, and hands each event to the signals. Returns how many were new, and how many of them are of messages sent from here. Service role only: the Edge Function has checked the signature. Error: invalid_argument.';
grant execute on function stimuli.record_events(uuid, text, jsonb, timestamptz) to service_role;

create function private.deployment_of_key(p_key text)
returns uuid
language sql
immutable
set search_path = ''
as $$
  select substring(p_key from '^loopwise-([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$')::uuid
$$;
comment on function private.deployment_of_key(text) is 'The deployment whose idempotency key p_key is (private.hand_over); null for any other text.';

create function private.follow_deliveries()
returns trigger
language plpgsql
security definer
set search_path = ''
as $$
begin
  perform private.apply_delivery_events(w.brand_id, 'whatsapp', array_agg(row(left(w.crm_record_id || ':' || w.status, 255),
      case w.status when 'read' then 'opened' else w.status end, w.deployment_id, w.crm_record_id, w.event_timestamp, false, null, null, null)::private.delivery_event),
    clock_timestamp())
  from (
    select i.brand_id, i.crm_record_id, i.event_timestamp, split_part(i.event_name, '.', 2) as status, k.deployment_id
    from inserted i
    -- The key that the message was sent with comes back: it names a message whose id was lost with the answer.
    cross join lateral (select private.deployment_of_key(i.event_data ->> 'key') as deployment_id) k
    where i.event_name in ('whatsapp.sent', 'whatsapp.delivered', 'whatsapp.read', 'whatsapp.failed') and i.crm_record_id is not null
      and exists (
        select from stimuli.stimulus_deployments d
        where d.brand_id = i.brand_id and (d.provider_message_id = i.crm_record_id or d.id = k.deployment_id))
  ) w
  group by w.brand_id;
  return null;
end
$$;
comment on function private.follow_deliveries() is
  'Trigger (after insert of CRM signals, per statement): what WhatsApp says became of a message of the brand moves its deployment, whichever webhook took it in. Definer: clients may not move a delivery.';
