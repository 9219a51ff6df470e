create function private.stimuli_suppress(p_brand uuid, p_channel stimuli.channel, p_addresses text[], p_reason stimuli.suppression_reason, p_source text)
returns table (suppressed integer, unreadable integer)
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  v_started timestamptz := clock_timestamp();
  v_known text[];
begin
  perform private.require_role(p_brand, 'manager');
  if coalesce(cardinality(p_addresses), 0) not between 1 and 10000 then
    perform private.raise_error('invalid_argument', 'p_addresses', 'must have 1 to 10,000 addresses');
  elsif p_reason is null or p_channel is null or private.address_kind(p_channel) is null then
    perform private.raise_error('invalid_argument', 'p_channel', 'must be one that has addresses: email, whatsapp, sms or social');
  elsif coalesce(btrim(p_source), '') = '' or length(p_source) > 200 then
    perform private.raise_error('invalid_argument', 'p_source', 'must have 1 to 200 characters');
  end if;
  v_known := array(
    select n.address from unnest(p_addresses) a (given)
    cross join lateral (select private.normalize_identifier(private.address_kind(p_channel)::text, a.given) as address) n
    where n.address is not null);
  suppressed := private.add_suppressions(p_brand, p_channel,
    array(select private.address_sha256(p_brand, p_channel, k) from unnest(v_known) k), p_reason, p_source);
  unreadable := cardinality(p_addresses) - cardinality(v_known);
  perform private.log_call('stimuli.suppress', p_brand, jsonb_build_object('channel', p_channel, 'reason', p_reason, 'source', p_source),
    jsonb_build_object('suppressed', suppressed, 'unreadable', unreadable), v_started);
  return next;
end
$$;
comment on function private.stimuli_suppress(uuid, stimuli.channel, text[], stimuli.suppression_reason, text) is
  'Body of stimuli.suppress. Definer: clients may not write suppressions.';
grant execute on function private.stimuli_suppress(uuid, stimuli.channel, text[], stimuli.suppression_reason, text) to authenticated, service_role;

create function stimuli.suppress(
  p_brand uuid, p_channel stimuli.channel, p_addresses text[], p_reason stimuli.suppression_reason default 'manual', p_source text default 'import'
)
returns table (suppressed integer, unreadable integer)
language sql
volatile
set search_path = ''
begin atomic
  select * from private.stimuli_suppress(p_brand, p_channel, p_addresses, p_reason, p_source);
end;
comment on function stimuli.suppress(uuid, stimuli.channel, text[], stimuli.suppression_reason, text) is
  'Adds 1 to 10,000 addresses to the suppression list of a channel, for example those that another system brings along. Returns how many are new on it and how many are no address. For managers. Error: invalid_argument.';
grant execute on function stimuli.suppress(uuid, stimuli.channel, text[], stimuli.suppression_reason, text) to authenticated, service_role;

create function private.stimuli_release_suppression(p_brand uuid, p_channel stimuli.channel, p_address text, p_reason text)
returns integer
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  v_started timestamptz := clock_timestamp();
  v_released integer;
begin
  perform private.require_role(p_brand, 'manager');
  if coalesce(btrim(p_reason), '') = '' or length(p_reason) > 500 then
    perform private.raise_error('invalid_argument', 'p_reason', 'must have 1 to 500 characters');
  end if;
  update stimuli.suppressions s set released_at = clock_timestamp(), release_reason = p_reason
  where s.brand_id = p_brand and s.channel = p_channel and s.released_at is null and s.address_sha256 =
    private.address_sha256(p_brand, p_channel, private.normalize_identifier(private.address_kind(p_channel)::text, p_address));
  get diagnostics v_released = row_count;
  perform private.log_call('stimuli.release_suppression', p_brand, jsonb_build_object('channel', p_channel, 'reason', p_reason),
    jsonb_build_object('released', v_released), v_started);
  return v_released;
end
$$;
comment on function private.stimuli_release_suppression(uuid, stimuli.channel, text, text) is
  'Body of stimuli.release_suppression. Definer: clients may not write suppressions.';
grant execute on function private.stimuli_release_suppression(uuid, stimuli.channel, text, text) to authenticated, service_role;

create function stimuli.release_suppression(p_brand uuid, p_channel stimuli.channel, p_address text, p_reason text)
returns integer
language sql
volatile
set search_path = ''
begin atomic
  select private.stimuli_release_suppression(p_brand, p_channel, p_address, p_reason);
end;
comment on function stimuli.release_suppression(uuid, stimuli.channel, text, text) is
  'Takes an address off the suppression list of a channel, whatever it is on it for; p_reason is kept. Consent that was withdrawn stays withdrawn. Returns how many entries ended. For managers. Error: invalid_argument.';
grant execute on function stimuli.release_suppression(uuid, stimuli.channel, text, text) to authenticated, service_role;

create function private.suppress_from_emails()
returns trigger
language plpgsql
security definer
set search_path = ''
as $$
begin
  perform private.opt_out(o.brand_id, array(select private.people_at(o.brand_id, 'email', o.address)), 'email', 'marketing',
    o.reason, array[o.address], 'signal', null)
  from (
    -- Of an e-mail of the brand the person is who got it.
    select distinct i.brand_id, coalesce(
        private.normalize_identifier('email', case when i.email_type = 'received' then i.sender_email else i.recipient_email end),
        jsonb_path_query_first(s.identifiers, '$[*] ? (@.type == "email").value') #>> '{}') as address,
      case i.email_type when 'complained' then 'complaint' else 'unsubscribe' end::stimuli.suppression_reason as reason
    from inserted i join signals.signals_base s on s.brand_id = i.brand_id and s.id = i.signal_id
    where (i.email_type in ('complained', 'unsubscribed') or i.unsubscribe_requested) and not s.is_duplicate
  ) o
  where o.address is not null;
  return null;
end
$$;
comment on function private.suppress_from_emails() is
  'Trigger (after insert of e-mail signals, per statement): who unsubscribed or complained is written to no more from the commit of the signal on, known or not. Definer: suppressions are closed to clients.';

create function private.suppress_from_messages()
returns trigger
language plpgsql
security definer
set search_path = ''
as $$
begin
  perform private.opt_out(o.brand_id, array(select private.people_at(o.brand_id, 'whatsapp', o.address)), 'whatsapp', 'marketing',
    'unsubscribe', array[o.address], 'signal', null)
  from (
    select distinct i.brand_id, jsonb_path_query_first(s.identifiers, '$[*] ? (@.type == "phone").value') #>> '{}' as address
    from inserted i join signals.signals_base s on s.brand_id = i.brand_id and s.id = i.signal_id
    where i.is_inbound and not s.is_duplicate and length(i.message_text) <= 100
      and private.parameter(i.brand_id, 'stimuli.stop_words') ? lower(btrim(i.message_text, E' \t\r\n.!'))
  ) o
  where o.address is not null;
  return null;
end
$$;
comment on function private.suppress_from_messages() is
  'Trigger (after insert of WhatsApp signals, per statement): who writes one of the parameter stimuli.stop_words and nothing else is written to no more there. Definer: suppressions are closed to clients.';
