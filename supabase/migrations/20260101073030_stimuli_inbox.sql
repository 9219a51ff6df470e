create function private.my_actors(p_brand uuid)
returns setof uuid
language sql
stable
security definer
set search_path = ''
as $$
  -- Only an address that the account has proved to be its own; through a merge the person's other ids too.
  with mine as (
    select i.actor_id from auth.users u
    join actors.actor_identifiers i on i.brand_id = p_brand and i.identifier_type = 'email' and i.identifier_value = lower(u.email)
    where u.id = auth.uid() and u.email_confirmed_at is not null
  )
  select m.actor_id from mine m
  union
  select a.id from mine m join actors.actors a on a.brand_id = p_brand and a.merged_into = m.actor_id
$$;
comment on function private.my_actors(uuid) is
  'The people of a brand that the signed-in user is, by the confirmed e-mail address of the account. Definer: reads auth.users and people past their policies.';

create function private.stimuli_inbox(p_brand uuid, p_limit integer, p_before timestamptz)
returns table (deployment_id uuid, stimulus_type stimuli.stimulus_type, content jsonb, delivered_at timestamptz, expires_at timestamptz, is_opened boolean)
language plpgsql
stable
security definer
set search_path = ''
as $$
begin
  perform private.require_role(p_brand, 'customer');
  if p_limit is null or p_limit not between 1 and 100 then
    perform private.raise_error('invalid_argument', 'p_limit', 'must lie between 1 and 100');
  end if;
  return query
  select d.id, s.stimulus_type, d.delivered_content, d.delivered_at, d.expires_at, d.response_status <> 'none'
  from stimuli.stimulus_deployments d join stimuli.stimuli_base s on s.brand_id = d.brand_id and s.id = d.stimulus_id
  where d.brand_id = p_brand and d.actor_id in (select private.my_actors(p_brand)) and d.deployment_channel = 'in_app' and d.delivery_status = 'delivered'
    and (d.expires_at is null or d.expires_at > now()) and (p_before is null or d.delivered_at < p_before)
  order by d.delivered_at desc, d.id desc limit p_limit;
end
$$;
comment on function private.stimuli_inbox(uuid, integer, timestamptz) is 'Body of stimuli.inbox. Definer: a customer may not read deployments.';
grant execute on function private.stimuli_inbox(uuid, integer, timestamptz) to authenticated, service_role;

create function stimuli.inbox(p_brand uuid, p_limit integer default 50, p_before timestamptz default null)
returns table (deployment_id uuid, stimulus_type stimuli.stimulus_type, content jsonb, delivered_at timestamptz, expires_at timestamptz, is_opened boolean)
language sql
stable
set search_path = ''
begin atomic
  select * from private.stimuli_inbox(p_brand, p_limit, p_before);
end;
comment on function stimuli.inbox(uuid, integer, timestamptz) is
  'The in-app messages of the signed-in person that have not expired, newest first, from before p_before. A member of the brand sees its own and nobody else''s: the person is found by the confirmed e-mail address of the account. Errors: not_a_member, invalid_argument.';
grant execute on function stimuli.inbox(uuid, integer, timestamptz) to authenticated, service_role;

create function private.stimuli_open_message(p_brand uuid, p_deployment uuid)
returns boolean
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  v_recorded integer;
begin
  perform private.require_role(p_brand, 'customer');
  if not exists (
    select from stimuli.stimulus_deployments d
    where d.brand_id = p_brand and d.id = p_deployment and d.actor_id in (select private.my_actors(p_brand)) and d.deployment_channel = 'in_app'
      and d.delivery_status = 'delivered') then
    perform private.raise_error('not_found', 'message', p_deployment::text);
  end if;
  select e.recorded into v_recorded from private.apply_delivery_events(p_brand, 'in_app',
    array[row('opened:' || p_deployment, 'opened', p_deployment, null, now(), null, null, null, null)::private.delivery_event], now()) x
  cross join lateral (select 1 as recorded where x.id is not null) e;
  return v_recorded is not null;
end
$$;
comment on function private.stimuli_open_message(uuid, uuid) is 'Body of stimuli.open_message. Definer: clients may not move a response.';
grant execute on function private.stimuli_open_message(uuid, uuid) to authenticated, service_role;

create function stimuli.open_message(p_brand uuid, p_deployment uuid)
returns boolean
language sql
volatile
set search_path = ''
begin atomic
  select private.stimuli_open_message(p_brand, p_deployment);
end;
comment on function stimuli.open_message(uuid, uuid) is 'Marks an in-app message of the signed-in person as opened; false where it was already. Errors: not_a_member, not_found.';
grant execute on function stimuli.open_message(uuid, uuid) to authenticated, service_role;

create function private.stimuli_set_my_consent(p_brand uuid, p_channel stimuli.channel, p_purpose stimuli.send_purpose, p_is_granted boolean, p_text_version text)
returns integer
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  v_me uuid[];
begin
  perform private.require_role(p_brand, 'customer');
  v_me := array(select private.my_actors(p_brand));
  if cardinality(v_me) = 0 then
    perform private.raise_error('not_found', 'person', coalesce(auth.uid()::text, 'null'));
  elsif p_channel is null or p_purpose is null or p_is_granted is null then
    perform private.raise_error('invalid_argument', 'p_is_granted', 'channel, purpose and answer are needed');
  elsif length(p_text_version) > 100 then
    perform private.raise_error('invalid_argument', 'p_text_version', 'must have at most 100 characters');
  end if;
  return case when p_is_granted then private.opt_in(p_brand, v_me, p_channel, p_purpose, 'self_service', p_text_version)
    else private.opt_out(p_brand, v_me, p_channel, p_purpose, 'unsubscribe', array[]::text[], 'self_service', p_text_version) end;
end
$$;
comment on function private.stimuli_set_my_consent(uuid, stimuli.channel, stimuli.send_purpose, boolean, text) is 'Body of stimuli.set_my_consent. Definer: clients may not write consents.';
grant execute on function private.stimuli_set_my_consent(uuid, stimuli.channel, stimuli.send_purpose, boolean, text) to authenticated, service_role;

create function stimuli.set_my_consent(
  p_brand uuid, p_channel stimuli.channel, p_purpose stimuli.send_purpose, p_is_granted boolean, p_text_version text default null
)
returns integer
language sql
volatile
set search_path = ''
begin atomic
  select private.stimuli_set_my_consent(p_brand, p_channel, p_purpose, p_is_granted, p_text_version);
end;
comment on function stimuli.set_my_consent(uuid, stimuli.channel, stimuli.send_purpose, boolean, text) is
  'stimuli.record_consent by the signed-in person for itself. Errors: not_a_member, not_found (nobody is known by the confirmed address of the account), invalid_argument.';
grant execute on function stimuli.set_my_consent(uuid, stimuli.channel, stimuli.send_purpose, boolean, text) to authenticated, service_role;
