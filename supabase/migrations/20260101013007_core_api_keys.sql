create function private.core_create_api_key(
  p_brand uuid, p_name text, p_scopes text[], p_expires_at timestamptz, p_rate_limit_per_minute integer
)
returns table (api_key_id uuid, api_key text, key_prefix text)
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  v_known constant text[] := array['signals:write'];
begin
  perform private.require_role(p_brand, 'admin');
  if coalesce(btrim(p_name), '') = '' or length(p_name) > 100 then
    perform private.raise_error('invalid_argument', 'p_name', 'must have 1 to 100 characters');
  elsif coalesce(cardinality(p_scopes), 0) = 0 or not p_scopes <@ v_known then
    perform private.raise_error('invalid_argument', 'p_scopes', 'must name at least one of ' || array_to_string(v_known, ', '));
  elsif p_expires_at <= now() then
    perform private.raise_error('invalid_argument', 'p_expires_at', 'must be in the future');
  elsif coalesce(p_rate_limit_per_minute not between 1 and 100000, true) then
    perform private.raise_error('invalid_argument', 'p_rate_limit_per_minute', 'must be between 1 and 100000');
  end if;

  api_key := 'lwk_' || translate(encode(extensions.gen_random_bytes(32), 'base64'), '+/=', '-_');
  key_prefix := left(api_key, 12);
  insert into core.api_keys (brand_id, key_name, key_prefix, key_sha256, scopes, expires_at, rate_limit_per_minute, created_by)
  values (p_brand, btrim(p_name), core_create_api_key.key_prefix, sha256(convert_to(api_key, 'UTF8')), p_scopes,
    p_expires_at, p_rate_limit_per_minute, auth.uid())
  returning id into api_key_id;
  return next;
end
$$;
comment on function private.core_create_api_key(uuid, text, text[], timestamptz, integer) is
  'Body of core.create_api_key. Definer: clients cannot write keys.';
grant execute on function private.core_create_api_key(uuid, text, text[], timestamptz, integer) to authenticated, service_role;

create function core.create_api_key(
  p_brand uuid, p_name text, p_scopes text[], p_expires_at timestamptz default null, p_rate_limit_per_minute integer default 600
)
returns table (api_key_id uuid, api_key text, key_prefix text)
language sql
volatile
set search_path = ''
begin atomic
  select * from private.core_create_api_key(p_brand, p_name, p_scopes, p_expires_at, p_rate_limit_per_minute);
end;
comment on function core.create_api_key(uuid, text, text[], timestamptz, integer) is
  'Makes an API key for machines, for admins. api_key is shown this once; only its SHA-256 is kept. p_scopes: signals:write. p_rate_limit_per_minute: requests, 1 to 100,000. Errors: invalid_argument, role_too_low.';
grant execute on function core.create_api_key(uuid, text, text[], timestamptz, integer) to authenticated, service_role;

create function private.core_revoke_api_key(p_brand uuid, p_api_key uuid)
returns core.api_keys
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  v_key core.api_keys;
begin
  perform private.require_role(p_brand, 'admin');
  update core.api_keys k set revoked_at = coalesce(k.revoked_at, now()) where k.brand_id = p_brand and k.id = p_api_key
  returning * into v_key;
  if v_key.id is null then
    perform private.raise_error('not_found', 'API key', p_api_key::text);
  end if;
  return v_key;
end
$$;
comment on function private.core_revoke_api_key(uuid, uuid) is 'Body of core.revoke_api_key. Definer: clients cannot write keys.';
grant execute on function private.core_revoke_api_key(uuid, uuid) to authenticated, service_role;

create function core.revoke_api_key(p_brand uuid, p_api_key uuid)
returns core.api_keys
language sql
volatile
set search_path = ''
begin atomic
  select * from private.core_revoke_api_key(p_brand, p_api_key);
end;
comment on function core.revoke_api_key(uuid, uuid) is
  'Makes an API key void at once, for admins; doing it again is harmless. Errors: not_found, role_too_low.';
grant execute on function core.revoke_api_key(uuid, uuid) to authenticated, service_role;

create function private.core_use_api_key(p_api_key text, p_scope text, p_now timestamptz)
returns table (api_key_id uuid, brand_id uuid, rate_limit integer, rate_remaining integer, rate_reset_at timestamptz)
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  v_key core.api_keys;
  v_rate record;
begin
  perform private.require_service();
  select k.* into v_key from core.api_keys k where k.key_sha256 = sha256(convert_to(p_api_key, 'UTF8'));
  if v_key.id is null or v_key.revoked_at is not null or v_key.expires_at <= p_now
    or not exists (select from core.brands b where b.id = v_key.brand_id and b.is_active) then
    perform private.raise_error('api_key_invalid');
  elsif not p_scope = any (v_key.scopes) then
    perform private.raise_error('api_key_scope_missing', p_scope);
  end if;
  select * into v_rate
  from private.take_rate('api_key/' || v_key.id, v_key.rate_limit_per_minute, interval '1 minute', 1, p_now);
  if not v_rate.allowed then
    perform private.raise_error('rate_limited', 'this API key', v_rate.retry_after_seconds::text);
  end if;
  -- Written at most once a minute: a write per request would make every request wait for the one before.
  update core.api_keys k set last_used_at = p_now
  where k.id = v_key.id and (k.last_used_at is null or k.last_used_at < p_now - interval '1 minute');
  return query select v_key.id, v_key.brand_id, v_key.rate_limit_per_minute, v_rate.remaining, v_rate.reset_at;
end
$$;
comment on function private.core_use_api_key(text, text, timestamptz) is 'Body of core.use_api_key. Definer: takes from the rate limits.';
grant execute on function private.core_use_api_key(text, text, timestamptz) to service_role;

create function core.use_api_key(p_api_key text, p_scope text, p_now timestamptz default clock_timestamp())
returns table (api_key_id uuid, brand_id uuid, rate_limit integer, rate_remaining integer, rate_reset_at timestamptz)
language sql
volatile
set search_path = ''
begin atomic
  select * from private.core_use_api_key(p_api_key, p_scope, p_now);
end;
comment on function core.use_api_key(text, text, timestamptz) is
  'Checks an API key for one request and takes it from the rate limit of the key. Service role only, for Edge Functions. Errors: api_key_invalid (401; unknown, revoked or expired alike), api_key_scope_missing (403), rate_limited (429).';
grant execute on function core.use_api_key(text, text, timestamptz) to service_role;

insert into private.error_codes (key, errcode, http_status, message, hint) values
  ('api_key_invalid', 'PT401', 401, 'The API key is not valid.', 'Check the key, or have an admin of the brand make a new one with core.create_api_key.'),
  ('api_key_scope_missing', '42501', 403, 'The API key does not have the scope %s.', 'Have an admin of the brand make a key with this scope.');
