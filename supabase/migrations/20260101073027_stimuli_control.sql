create function private.wake_deliveries(p_brand uuid, p_reason text, p_stimulus uuid default null)
returns void
language sql
volatile
set search_path = ''
as $$
  update stimuli.stimulus_deployments d set next_attempt_at = null, reason_code = null
  where d.brand_id = p_brand and d.delivery_status = 'pending' and d.reason_code = p_reason and (p_stimulus is null or d.stimulus_id = p_stimulus)
$$;
comment on function private.wake_deliveries(uuid, text, uuid) is 'What waits for p_reason is looked at again with the next claim.';

create function private.stimuli_pause_sending(p_brand uuid, p_reason text, p_now timestamptz)
returns stimuli.sending_state
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  v_started timestamptz := clock_timestamp();
  v_state stimuli.sending_state;
begin
  perform private.require_role(p_brand, 'operator');
  insert into stimuli.sending_state as t (brand_id, is_paused, pause_reason, paused_by, paused_at)
  values (p_brand, true, left(p_reason, 500), auth.uid(), p_now)
  on conflict (brand_id) do update set is_paused = true, pause_reason = excluded.pause_reason, paused_by = excluded.paused_by, paused_at = excluded.paused_at
    where not t.is_paused;
  select * into v_state from stimuli.sending_state t where t.brand_id = p_brand;
  perform private.emit(p_brand, 'stimuli.sending_paused', null, null, jsonb_build_object('reason', v_state.pause_reason));
  perform private.log_call('stimuli.pause_sending', p_brand, jsonb_build_object('reason', p_reason), '{}', v_started);
  return v_state;
end
$$;
comment on function private.stimuli_pause_sending(uuid, text, timestamptz) is 'Body of stimuli.pause_sending. Definer: clients may not write the state.';
grant execute on function private.stimuli_pause_sending(uuid, text, timestamptz) to authenticated, service_role;

create function stimuli.pause_sending(p_brand uuid, p_reason text default null, p_now timestamptz default now())
returns stimuli.sending_state
language sql
volatile
set search_path = ''
begin atomic
  select * from private.stimuli_pause_sending(p_brand, p_reason, p_now);
end;
comment on function stimuli.pause_sending(uuid, text, timestamptz) is
  'The kill switch: from its commit on no message of the brand is handed over that was not claimed before, and no claimed one later than a second after. Messages wait until stimuli.resume_sending or expire. For operators.';
grant execute on function stimuli.pause_sending(uuid, text, timestamptz) to authenticated, service_role;

create function private.stimuli_resume_sending(p_brand uuid)
returns stimuli.sending_state
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  v_started timestamptz := clock_timestamp();
  v_state stimuli.sending_state;
begin
  perform private.require_role(p_brand, 'manager');
  insert into stimuli.sending_state as t (brand_id) values (p_brand)
  on conflict (brand_id) do update set is_paused = false, pause_reason = null, paused_by = null, paused_at = null
  returning * into v_state;
  perform private.wake_deliveries(p_brand, 'sending_paused');
  perform private.emit(p_brand, 'stimuli.sending_resumed', null, null, '{}');
  perform private.log_call('stimuli.resume_sending', p_brand, '{}', '{}', v_started);
  return v_state;
end
$$;
comment on function private.stimuli_resume_sending(uuid) is 'Body of stimuli.resume_sending. Definer: clients may not write the state.';
grant execute on function private.stimuli_resume_sending(uuid) to authenticated, service_role;

create function stimuli.resume_sending(p_brand uuid)
returns stimuli.sending_state
language sql
volatile
set search_path = ''
begin atomic
  select * from private.stimuli_resume_sending(p_brand);
end;
comment on function stimuli.resume_sending(uuid) is 'Ends stimuli.pause_sending; what has not expired goes on. For managers.';
grant execute on function stimuli.resume_sending(uuid) to authenticated, service_role;

create function private.stimuli_pause(p_brand uuid, p_stimulus uuid, p_is_paused boolean)
returns stimuli.stimuli_base
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  v_started timestamptz := clock_timestamp();
  v_stimulus stimuli.stimuli_base;
begin
  perform private.require_role(p_brand, case when p_is_paused then 'operator' else 'manager' end::core.role_kind);
  v_stimulus := private.stimulus_for_update(p_brand, p_stimulus);
  if v_stimulus.status not in ('active', 'paused') then
    perform private.raise_error('stimulus_not_ready', p_stimulus::text, v_stimulus.status::text, case when p_is_paused then 'paused' else 'resumed' end);
  end if;
  update stimuli.stimuli_base s set status = case when p_is_paused then 'paused' else 'active' end::stimuli.stimulus_status
  where s.id = p_stimulus returning * into v_stimulus;
  if not p_is_paused then
    perform private.wake_deliveries(p_brand, 'stimulus_paused', p_stimulus);
  end if;
  perform private.emit(p_brand, case when p_is_paused then 'stimuli.paused' else 'stimuli.resumed' end, 'stimulus', p_stimulus, '{}');
  perform private.log_call('stimuli.pause', p_brand, jsonb_build_object('stimulus', p_stimulus, 'is_paused', p_is_paused),
    jsonb_build_object('status', v_stimulus.status), v_started, null, 'stimulus', p_stimulus);
  return v_stimulus;
end
$$;
comment on function private.stimuli_pause(uuid, uuid, boolean) is 'Body of stimuli.pause. Definer: clients may not move a status.';
grant execute on function private.stimuli_pause(uuid, uuid, boolean) to authenticated, service_role;

create function stimuli.pause(p_brand uuid, p_stimulus uuid, p_is_paused boolean default true)
returns stimuli.stimuli_base
language sql
volatile
set search_path = ''
begin atomic
  select * from private.stimuli_pause(p_brand, p_stimulus, p_is_paused);
end;
comment on function stimuli.pause(uuid, uuid, boolean) is
  'Stops one active stimulus as stimuli.pause_sending stops a brand (operators), or lets it go on with p_is_paused false (managers). Errors: not_found, stimulus_not_ready (409).';
grant execute on function stimuli.pause(uuid, uuid, boolean) to authenticated, service_role;

create function private.stimuli_connect_channel(
  p_brand uuid, p_channel stimuli.channel, p_connector stimuli.connector_kind, p_service_name text, p_honours_keys boolean,
  p_rate_per_minute integer, p_cost_per_send numeric, p_is_active boolean
)
returns stimuli.channel_connectors
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  v_started timestamptz := clock_timestamp();
  v_connector stimuli.channel_connectors;
begin
  perform private.require_role(p_brand, 'admin');
  if p_channel is null or p_connector is null or p_connector <> 'webhook' and p_channel::text <> (case p_connector when 'smtp' then 'email' else p_connector::text end) then
    perform private.raise_error('invalid_argument', 'p_connector', 'smtp delivers email, whatsapp and in_app their own channel, webhook any');
  elsif p_connector <> 'in_app' and not exists (
    select from core.brand_integrations i where i.brand_id = p_brand and i.service_name = p_service_name and i.status = 'active') then
    perform private.raise_error('not_found', 'active integration', coalesce(p_service_name, 'null'));
  elsif p_rate_per_minute not between 1 and 1000000 then
    perform private.raise_error('invalid_argument', 'p_rate_per_minute', 'must lie between 1 and 1,000,000');
  elsif p_cost_per_send is null or p_cost_per_send not between 0 and 99999999 then
    perform private.raise_error('invalid_argument', 'p_cost_per_send', 'must lie between 0 and 99,999,999');
  end if;
  insert into stimuli.channel_connectors as k (brand_id, channel, connector, service_name, honours_keys, rate_per_minute, cost_per_send, is_active)
  values (p_brand, p_channel, p_connector, case when p_connector <> 'in_app' then p_service_name end,
    coalesce(p_honours_keys, p_connector in ('webhook', 'in_app')), p_rate_per_minute, p_cost_per_send, coalesce(p_is_active, true))
  on conflict (brand_id, channel) do update set connector = excluded.connector, service_name = excluded.service_name, honours_keys = excluded.honours_keys,
    rate_per_minute = excluded.rate_per_minute, cost_per_send = excluded.cost_per_send, is_active = excluded.is_active
  returning * into v_connector;
  insert into stimuli.sending_state (brand_id) values (p_brand) on conflict do nothing;
  perform private.wake_deliveries(p_brand, 'no_connector');
  perform private.log_call('stimuli.connect_channel', p_brand, to_jsonb(v_connector), '{}', v_started);
  return v_connector;
end
$$;
comment on function private.stimuli_connect_channel(uuid, stimuli.channel, stimuli.connector_kind, text, boolean, integer, numeric, boolean) is
  'Body of stimuli.connect_channel. Definer: clients may not write connectors.';
grant execute on function private.stimuli_connect_channel(uuid, stimuli.channel, stimuli.connector_kind, text, boolean, integer, numeric, boolean) to authenticated, service_role;

create function stimuli.connect_channel(
  p_brand uuid, p_channel stimuli.channel, p_connector stimuli.connector_kind, p_service_name text default null, p_honours_keys boolean default null,
  p_rate_per_minute integer default null, p_cost_per_send numeric default 0, p_is_active boolean default true
)
returns stimuli.channel_connectors
language sql
volatile
set search_path = ''
begin atomic
  select * from private.stimuli_connect_channel(p_brand, p_channel, p_connector, p_service_name, p_honours_keys, p_rate_per_minute, p_cost_per_send, p_is_active);
end;
comment on function stimuli.connect_channel(uuid, stimuli.channel, stimuli.connector_kind, text, boolean, integer, numeric, boolean) is
  'Says how a channel is delivered from now on: smtp (email), whatsapp, in_app or webhook (any channel), through an integration connected with core.connect_integration (in_app needs none). p_honours_keys: the other side takes a message with a known key once; null: as the connector is made (webhook and in_app yes, smtp and whatsapp no). p_is_active false: nothing more is handed over. For admins. Errors: not_found, invalid_argument.';
grant execute on function stimuli.connect_channel(uuid, stimuli.channel, stimuli.connector_kind, text, boolean, integer, numeric, boolean) to authenticated, service_role;

create function private.stimuli_set_contact_preferences(p_brand uuid, p_actor uuid, p_time_zone text, p_quiet_from time, p_quiet_until time)
returns stimuli.contact_preferences
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  v_preferences stimuli.contact_preferences;
begin
  perform private.require_role(p_brand, 'operator');
  if not exists (select from actors.actors a where a.brand_id = p_brand and a.id = p_actor) then
    perform private.raise_error('not_found', 'actor', p_actor::text);
  elsif (p_quiet_from is null) <> (p_quiet_until is null) then
    perform private.raise_error('invalid_argument', 'p_quiet_until', 'and p_quiet_from come together');
  elsif p_time_zone is not null then
    perform private.require_zone(p_time_zone);
  end if;
  insert into stimuli.contact_preferences as w (brand_id, actor_id, time_zone, quiet_from, quiet_until)
  values (p_brand, p_actor, p_time_zone, p_quiet_from, p_quiet_until)
  on conflict (brand_id, actor_id) do update set time_zone = excluded.time_zone, quiet_from = excluded.quiet_from, quiet_until = excluded.quiet_until
  returning * into v_preferences;
  return v_preferences;
end
$$;
comment on function private.stimuli_set_contact_preferences(uuid, uuid, text, time, time) is 'Body of stimuli.set_contact_preferences. Definer: clients may not write preferences.';
grant execute on function private.stimuli_set_contact_preferences(uuid, uuid, text, time, time) to authenticated, service_role;

create function stimuli.set_contact_preferences(
  p_brand uuid, p_actor uuid, p_time_zone text default null, p_quiet_from time default null, p_quiet_until time default null
)
returns stimuli.contact_preferences
language sql
volatile
set search_path = ''
begin atomic
  select * from private.stimuli_set_contact_preferences(p_brand, p_actor, p_time_zone, p_quiet_from, p_quiet_until);
end;
comment on function stimuli.set_contact_preferences(uuid, uuid, text, time, time) is
  'Says in which zone (IANA) a person lives and when it wants no marketing; null: as the brand has it. For operators. Errors: not_found, invalid_argument.';
grant execute on function stimuli.set_contact_preferences(uuid, uuid, text, time, time) to authenticated, service_role;
