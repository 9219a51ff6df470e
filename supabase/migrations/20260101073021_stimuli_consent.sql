create function private.address_kind(p_channel stimuli.channel)
returns actors.identifier_type
language sql
immutable
set search_path = ''
as $$
  select case p_channel when 'email' then 'email' when 'whatsapp' then 'phone' when 'sms' then 'phone' when 'social' then 'social_handle' end::actors.identifier_type
$$;
comment on function private.address_kind(stimuli.channel) is 'Which identifier of a person is its address on a channel; null: the channel reaches the person by its id (in_app, push, web, other).';

create function private.address_sha256(p_brand uuid, p_channel stimuli.channel, p_address text)
returns bytea
language sql
stable
set search_path = ''
as $$
  select sha256(convert_to(concat_ws(':', p_brand, p_channel, p_address), 'UTF8'))
$$;
comment on function private.address_sha256(uuid, stimuli.channel, text) is
  'What stands for a normalised address in stimuli.suppressions: salted with brand and channel, so that neither the lists of two brands nor two channels can be compared.';

create function private.people_at(p_brand uuid, p_channel stimuli.channel, p_address text)
returns setof uuid
language sql
stable
set search_path = ''
as $$
  select i.actor_id from actors.actor_identifiers i
  where i.brand_id = p_brand and i.identifier_type = private.address_kind(p_channel) and i.identifier_value = p_address
$$;
comment on function private.people_at(uuid, stimuli.channel, text) is 'Everybody who has been seen with a normalised address: a household may share one.';

create function private.add_suppressions(p_brand uuid, p_channel stimuli.channel, p_hashes bytea[], p_reason stimuli.suppression_reason, p_source text)
returns integer
language plpgsql
volatile
set search_path = ''
as $$
declare
  v_added integer;
begin
  insert into stimuli.suppressions (brand_id, channel, address_sha256, reason, source)
  select distinct p_brand, p_channel, h.hash, p_reason, p_source from unnest(p_hashes) h (hash) where h.hash is not null
  order by 3
  on conflict (brand_id, address_sha256, channel, reason) where released_at is null do nothing;
  get diagnostics v_added = row_count;
  return v_added;
end
$$;
comment on function private.add_suppressions(uuid, stimuli.channel, bytea[], stimuli.suppression_reason, text) is
  'Suppresses addresses (private.address_sha256) and returns how many were not suppressed for that reason before.';

create function private.write_consent(
  p_brand uuid, p_actors uuid[], p_channel stimuli.channel, p_purpose stimuli.send_purpose, p_is_granted boolean, p_source text, p_text_version text
)
returns integer
language plpgsql
volatile
set search_path = ''
as $$
declare
  v_written integer;
begin
  -- What stands already is not written again: a provider tells of one complaint more than once.
  insert into stimuli.consents (brand_id, actor_id, channel, purpose, is_granted, source, text_version, recorded_by)
  select p_brand, a.id, p_channel, p_purpose, p_is_granted, p_source, p_text_version, auth.uid()
  from (select distinct x as id from unnest(p_actors) x) a
  where (
    select n.is_granted from stimuli.consents n
    where n.brand_id = p_brand and n.actor_id = a.id and n.channel = p_channel and n.purpose = p_purpose
    order by n.recorded_at desc, n.id desc limit 1
  ) is distinct from p_is_granted
  order by a.id;
  get diagnostics v_written = row_count;
  return v_written;
end
$$;
comment on function private.write_consent(uuid, uuid[], stimuli.channel, stimuli.send_purpose, boolean, text, text) is
  'Writes consent, or its end, of people whose newest word was another, and returns how many.';

create function private.opt_out(
  p_brand uuid, p_actors uuid[], p_channel stimuli.channel, p_purpose stimuli.send_purpose, p_reason stimuli.suppression_reason,
  p_addresses text[], p_source text, p_text_version text
)
returns integer
language plpgsql
volatile
set search_path = ''
as $$
declare
  v_changed integer;
begin
  v_changed := private.write_consent(p_brand, p_actors, p_channel, p_purpose, false, p_source, p_text_version);
  if p_purpose = 'marketing' then
    v_changed := v_changed + private.add_suppressions(p_brand, p_channel, array(
      select private.address_sha256(p_brand, p_channel, a.address) from unnest(p_addresses) a (address)
      union
      select private.address_sha256(p_brand, p_channel, i.identifier_value) from actors.actor_identifiers i
      where i.brand_id = p_brand and i.actor_id = any (p_actors) and i.identifier_type = private.address_kind(p_channel)), p_reason, p_source);
  end if;
  return v_changed;
end
$$;
comment on function private.opt_out(uuid, uuid[], stimuli.channel, stimuli.send_purpose, stimuli.suppression_reason, text[], text, text) is
  'Ends the consent of people on a channel and, for marketing, suppresses the addresses given and all that the people have there, in the transaction of the caller. Returns how many rows that took: 0 where all of it held already.';

create function private.opt_in(
  p_brand uuid, p_actors uuid[], p_channel stimuli.channel, p_purpose stimuli.send_purpose, p_source text, p_text_version text
)
returns integer
language plpgsql
volatile
set search_path = ''
as $$
begin
  update stimuli.suppressions s set released_at = clock_timestamp(), release_reason = 'consent given: ' || left(p_source, 200)
  where p_purpose = 'marketing' and s.brand_id = p_brand and s.channel = p_channel and s.reason = 'unsubscribe' and s.released_at is null
    and s.address_sha256 in (
      select private.address_sha256(p_brand, p_channel, i.identifier_value) from actors.actor_identifiers i
      where i.brand_id = p_brand and i.actor_id = any (p_actors) and i.identifier_type = private.address_kind(p_channel));
  return private.write_consent(p_brand, p_actors, p_channel, p_purpose, true, p_source, p_text_version);
end
$$;
comment on function private.opt_in(uuid, uuid[], stimuli.channel, stimuli.send_purpose, text, text) is
  'Writes consent and releases what an unsubscribe had suppressed. Bounces, complaints and what was suppressed by hand stay.';

create function private.stimuli_record_consent(
  p_brand uuid, p_actor uuid, p_channel stimuli.channel, p_purpose stimuli.send_purpose, p_is_granted boolean, p_source text, p_text_version text
)
returns integer
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  v_started timestamptz := clock_timestamp();
  v_changed integer;
begin
  perform private.require_role(p_brand, 'operator');
  if not exists (select from actors.actors a where a.brand_id = p_brand and a.id = p_actor) then
    perform private.raise_error('not_found', 'actor', p_actor::text);
  elsif p_channel is null or p_purpose is null or p_is_granted is null then
    perform private.raise_error('invalid_argument', 'p_is_granted', 'channel, purpose and answer are needed');
  elsif coalesce(btrim(p_source), '') = '' or length(p_source) > 200 then
    perform private.raise_error('invalid_argument', 'p_source', 'must have 1 to 200 characters');
  elsif length(p_text_version) > 100 then
    perform private.raise_error('invalid_argument', 'p_text_version', 'must have at most 100 characters');
  end if;
  v_changed := case when p_is_granted then private.opt_in(p_brand, array[p_actor], p_channel, p_purpose, p_source, p_text_version)
    else private.opt_out(p_brand, array[p_actor], p_channel, p_purpose, 'unsubscribe', array[]::text[], p_source, p_text_version) end;
  perform private.log_call('stimuli.record_consent', p_brand,
    jsonb_build_object('channel', p_channel, 'purpose', p_purpose, 'is_granted', p_is_granted, 'source', p_source),
    jsonb_build_object('changed', v_changed), v_started, null, 'actor', p_actor);
  return v_changed;
end
$$;
comment on function private.stimuli_record_consent(uuid, uuid, stimuli.channel, stimuli.send_purpose, boolean, text, text) is
  'Body of stimuli.record_consent. Definer: clients may not write consents or suppressions.';
grant execute on function private.stimuli_record_consent(uuid, uuid, stimuli.channel, stimuli.send_purpose, boolean, text, text) to authenticated, service_role;

create function stimuli.record_consent(
  p_brand uuid, p_actor uuid, p_channel stimuli.channel, p_purpose stimuli.send_purpose, p_is_granted boolean, p_source text,
  p_text_version text default null
)
returns integer
language sql
volatile
set search_path = ''
begin atomic
  select private.stimuli_record_consent(p_brand, p_actor, p_channel, p_purpose, p_is_granted, p_source, p_text_version);
end;
comment on function stimuli.record_consent(uuid, uuid, stimuli.channel, stimuli.send_purpose, boolean, text, text) is
  'Writes down what a person said: that it may be sent p_purpose on p_channel, or no longer. p_source: where it said so; p_text_version: of the words it saw. Against marketing it also suppresses the addresses of the person, and for it releases what an unsubscribe suppressed. Holds for every hand-over from the commit on. Returns how many rows changed; 0 where it stood so already. For operators. Errors: not_found, invalid_argument.';
grant execute on function stimuli.record_consent(uuid, uuid, stimuli.channel, stimuli.send_purpose, boolean, text, text) to authenticated, service_role;
