create function private.unsubscribe_secret()
returns text
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  v_secret text := (select s.decrypted_secret from vault.decrypted_secrets s where s.name = 'stimuli/unsubscribe');
begin
  if v_secret is null then
    perform pg_advisory_xact_lock(hashtextextended('stimuli/unsubscribe', 0));
    select s.decrypted_secret into v_secret from vault.decrypted_secrets s where s.name = 'stimuli/unsubscribe';
    if v_secret is null then
      v_secret := encode(extensions.gen_random_bytes(32), 'hex');
      perform vault.create_secret(v_secret, 'stimuli/unsubscribe', 'Signs the links by which people unsubscribe. Changing it ends all links that were sent.');
    end if;
  end if;
  return v_secret;
end
$$;
comment on function private.unsubscribe_secret() is 'The key of the unsubscribe links, made at the first use. Definer: reads Vault.';

create function private.unsubscribe_token(p_secret text, p_brand uuid, p_deployment uuid)
returns text
language sql
immutable
set search_path = ''
as $$
  select translate(encode(m.body || substr(extensions.hmac(m.body, convert_to(p_secret, 'UTF8'), 'sha256'), 1, 20), 'base64'), E'+/=\n', '-_')
  from (select '\x01'::bytea || uuid_send(p_brand) || uuid_send(p_deployment) as body) m
$$;
comment on function private.unsubscribe_token(text, uuid, uuid) is
  'Signed token of one message, in base64url: 1 byte of version and purpose (1: marketing), brand, deployment, and the first 160 bits of their HMAC-SHA-256 under p_secret (RFC 2104, section 5, on truncation).';

create function private.stimuli_unsubscribe(p_token text)
returns table (brand_id uuid, channel stimuli.channel, changed integer)
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  v_started timestamptz := clock_timestamp();
  v_bytes bytea;
  v_deployment stimuli.stimulus_deployments;
begin
  perform private.require_service();
  if coalesce(p_token !~ '^[A-Za-z0-9_-]{71}$', true) then
    perform private.raise_error('unsubscribe_link_invalid');
  end if;
  v_bytes := decode(translate(p_token, '-_', '+/') || '=', 'base64');
  select * into v_deployment from stimuli.stimulus_deployments d
  where d.brand_id = encode(substr(v_bytes, 2, 16), 'hex')::uuid and d.id = encode(substr(v_bytes, 18, 16), 'hex')::uuid;
  -- The whole token is made again and compared as a hash, so that the time of the comparison tells nothing.
  if v_deployment.id is null or sha256(convert_to(p_token, 'UTF8'))
      <> sha256(convert_to(private.unsubscribe_token(private.unsubscribe_secret(), v_deployment.brand_id, v_deployment.id), 'UTF8')) then
    perform private.raise_error('unsubscribe_link_invalid');
  end if;
  brand_id := v_deployment.brand_id;
  channel := v_deployment.deployment_channel;
  changed := private.opt_out(brand_id, array(
    select coalesce(a.merged_into, a.id) from actors.actors a where a.brand_id = v_deployment.brand_id and a.id = v_deployment.actor_id
    union select v_deployment.actor_id), channel, 'marketing', 'unsubscribe', array[]::text[], 'one_click', null)
    + private.add_suppressions(brand_id, channel, array[v_deployment.address_sha256], 'unsubscribe', 'one_click');
  perform * from private.record_delivery_events(brand_id, 'one_click',
    jsonb_build_array(jsonb_build_object('event_id', 'unsubscribe:' || v_deployment.id, 'type', 'unsubscribed', 'deployment_id', v_deployment.id)), now());
  perform private.log_call('stimuli.unsubscribe', brand_id, '{}', jsonb_build_object('changed', changed), v_started, null, 'deployment', v_deployment.id);
  return next;
end
$$;
comment on function private.stimuli_unsubscribe(text) is 'Body of stimuli.unsubscribe. Definer: reads Vault, writes consents.';
grant execute on function private.stimuli_unsubscribe(text) to service_role;

create function stimuli.unsubscribe(p_token text)
returns table (brand_id uuid, channel stimuli.channel, changed integer)
language sql
volatile
set search_path = ''
begin atomic
  select * from private.stimuli_unsubscribe(p_token);
end;
comment on function stimuli.unsubscribe(text) is
  'Ends the consent to marketing of the person that the token was sent to, on its channel, and suppresses its address: RFC 8058, so nobody is signed in and a second call changes nothing (changed = 0). Service role only: the Edge Function calls it on POST and never on GET. Error: unsubscribe_link_invalid (404).';
grant execute on function stimuli.unsubscribe(text) to service_role;
