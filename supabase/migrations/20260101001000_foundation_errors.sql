-- One registry for every error a client can see; types/errors.ts is generated from it.
create table private.error_codes (
  key text primary key
    constraint error_key_is_snake_case check (key ~ '^[a-z][a-z0-9_]*$'),
  errcode text not null
    constraint errcode_has_five_characters check (errcode ~ '^[0-9A-Z]{5}$'),
  http_status integer not null
    constraint http_status_is_an_error check (http_status between 400 and 599),
  message text not null,
  hint text not null
);

comment on table private.error_codes is
  'Every error that Loopwise raises on purpose. A client sees message (for people), details = key (stable, for programs) and hint (the mend).';
comment on column private.error_codes.errcode is
  'SQLSTATE; PostgREST turns PTnnn into HTTP nnn and 42501 into 403 (401 for an anonymous caller).';
comment on column private.error_codes.message is 'format() template; its %s are the arguments given to private.raise_error.';

create function private.raise_error(p_key text, variadic p_args text[] default '{}')
returns void
language plpgsql
stable
set search_path = ''
as $$
declare
  v_error private.error_codes;
begin
  select * into strict v_error from private.error_codes where key = p_key;
  raise exception using
    errcode = v_error.errcode,
    message = format(v_error.message, variadic p_args),
    detail = v_error.key,
    hint = format(v_error.hint, variadic p_args);
end
$$;

comment on function private.raise_error(text, text[]) is
  'Raises a registered error. p_key: private.error_codes.key; p_args fill the %s of its message and hint, in order.';

create function private.require_time(p_argument text, p_time timestamptz)
returns void
language plpgsql
stable
set search_path = ''
as $$
begin
  if p_time not between '1990-01-01T00:00:00Z' and '2200-01-01T00:00:00Z' or p_time is null then
    perform private.raise_error('invalid_argument', p_argument, 'must be a time between 1990 and 2200');
  end if;
end
$$;

comment on function private.require_time(text, timestamptz) is
  'For times that callers pass in: error invalid_argument (field p_argument) for null, infinity and what no clock shows. One such time kept in a row would outlast or precede everything that is ever compared with it.';

insert into private.error_codes (key, errcode, http_status, message, hint) values
  ('invalid_argument', 'PT400', 400, '%s: %s', 'Correct the argument %s and send the request again.'),
  ('not_found', 'PT404', 404, 'No %s with id %s.', 'Check the id; a row of another brand looks the same as one that does not exist.'),
  ('rate_limited', 'PT429', 429, 'Too many requests for %s.', 'Wait %2$s seconds, then send the request again.'),
  ('idempotency_key_reused', 'PT422', 422, 'Idempotency key %s was used before with another request.', 'Use a new key for a new request, or send the first request again unchanged.'),
  ('idempotency_in_flight', 'PT409', 409, 'A request with idempotency key %s is still running.', 'Wait for it to end, then send the same request again: the first result is returned.'),
  ('job_lease_lost', 'PT409', 409, 'Job %s is no longer held by this worker.', 'Another worker has taken the job over: drop this result.'),
  ('append_only', '42501', 403, 'Rows of %s are never changed or deleted.', 'Write a new row that corrects the old one.');
