create function private.is_service()
returns boolean
language sql
stable
set search_path = ''
as $$
  select case current_setting('role')
    when 'service_role' then true
    when 'anon' then false
    when 'authenticated' then false
    else session_user <> 'authenticator'
  end
$$;

comment on function private.is_service() is
  'True for service_role and for direct database connections (pg_cron, Studio, psql); false for API clients. Reads the role setting, which a security-definer function does not change, and never a claim of the token.';

create function private.require_service()
returns void
language plpgsql
stable
set search_path = ''
as $$
begin
  if not private.is_service() then
    perform private.raise_error('service_only');
  end if;
end
$$;

comment on function private.require_service() is 'Raises service_only unless private.is_service().';

insert into private.error_codes (key, errcode, http_status, message, hint) values
  ('service_only', '42501', 403, 'Only the service role may do this.', 'Call it from a cron job or an Edge Function that holds the secret key.');

create function private.require_this_moment(p_argument text, p_time timestamptz)
returns void
language plpgsql
stable
set search_path = ''
as $$
begin
  perform private.require_time(p_argument, p_time);
  if p_time <> now() and not private.is_service() then
    perform private.raise_error('invalid_argument', p_argument, 'is told by the server''s clock: leave it out');
  end if;
end
$$;
comment on function private.require_this_moment(text, timestamptz) is
  'For changes whose time is part of the history that is kept of them: only private.is_service() may date one otherwise than now, or a member could rewrite what was believed at any time. Error: invalid_argument (field p_argument).';
