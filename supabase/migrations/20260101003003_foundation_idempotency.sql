create table private.idempotency_keys (
  scope text not null,
  key text not null
    constraint idempotency_key_is_short check (length(key) between 1 and 255),
  request_sha256 bytea not null,
  response jsonb,
  is_finished boolean not null default false,
  locked_until timestamptz not null,
  created_at timestamptz not null default now(),
  primary key (scope, key)
);
create index idempotency_keys_created_at_idx on private.idempotency_keys (created_at);

comment on table private.idempotency_keys is
  'What a caller may send twice: the first result is kept for 30 days and given again. scope keeps callers apart (function, brand, caller).';
comment on column private.idempotency_keys.locked_until is
  'Until then an unfinished request counts as running; afterwards its caller is taken for dead and a retry may run.';

create function private.begin_idempotent(
  p_scope text,
  p_key text,
  p_request_sha256 bytea,
  p_lock interval default '60 seconds'
)
returns table (is_replay boolean, response jsonb)
language plpgsql
volatile
set search_path = ''
as $$
declare
  v_row private.idempotency_keys;
begin
  if length(p_key) not between 1 and 255 then
    perform private.raise_error('invalid_argument', 'idempotency_key', 'must have 1 to 255 characters');
  end if;
  -- A second call in another open transaction is told to wait instead of being made to wait.
  if not pg_try_advisory_xact_lock(hashtextextended(p_scope || chr(10) || p_key, 0)) then
    perform private.raise_error('idempotency_in_flight', p_key);
  end if;
  insert into private.idempotency_keys (scope, key, request_sha256, locked_until)
  values (p_scope, p_key, p_request_sha256, clock_timestamp() + p_lock)
  on conflict do nothing;
  if found then
    return query select false, null::jsonb;
    return;
  end if;

  select * into v_row from private.idempotency_keys k where k.scope = p_scope and k.key = p_key for update;
  if v_row.request_sha256 is distinct from p_request_sha256 then
    perform private.raise_error('idempotency_key_reused', p_key);
  elsif v_row.is_finished then
    return query select true, v_row.response;
  elsif v_row.locked_until > clock_timestamp() then
    perform private.raise_error('idempotency_in_flight', p_key);
  else
    update private.idempotency_keys k set locked_until = clock_timestamp() + p_lock
    where k.scope = p_scope and k.key = p_key;
    return query select false, null::jsonb;
  end if;
end
$$;

comment on function private.begin_idempotent(text, text, bytea, interval) is
  'Opens a request that may be sent twice. Returns is_replay with the first response when it has ended. Errors: idempotency_key_reused (422, same key with another body), idempotency_in_flight (409). Call finish_idempotent with the result, in the same transaction or a later one.';

create function private.finish_idempotent(p_scope text, p_key text, p_response jsonb)
returns void
language sql
volatile
set search_path = ''
as $$
  update private.idempotency_keys k set response = p_response, is_finished = true
  where k.scope = p_scope and k.key = p_key
$$;

comment on function private.finish_idempotent(text, text, jsonb) is 'Stores the result that every later call with the same key gets.';
