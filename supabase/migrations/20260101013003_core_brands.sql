create function private.core_create_brand(p_name text, p_slug text, p_timezone text, p_currency text, p_language text)
returns core.brands
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  v_user auth.users;
  v_brand core.brands;
begin
  select * into v_user from auth.users u where u.id = auth.uid();
  if not found then
    perform private.raise_error('not_signed_in');
  end if;
  if coalesce(btrim(p_name), '') = '' or length(p_name) > 200 then
    perform private.raise_error('invalid_argument', 'p_name', 'must have 1 to 200 characters');
  elsif p_slug !~ '^[a-z0-9]+(-[a-z0-9]+)*$' or length(p_slug) > 63 then
    perform private.raise_error('invalid_argument', 'p_slug', 'takes a-z, 0-9 and single hyphens, at most 63 characters');
  elsif p_currency !~ '^[A-Z]{3}$' then
    perform private.raise_error('invalid_argument', 'p_currency', 'must be an ISO 4217 code such as EUR');
  elsif p_language !~ '^[a-z]{2}(-[A-Z]{2})?$' then
    perform private.raise_error('invalid_argument', 'p_language', 'must be a language tag such as en or pt-BR');
  end if;

  insert into core.brands (brand_name, brand_slug, timezone, currency, language, created_by)
  values (btrim(p_name), p_slug, p_timezone, p_currency, p_language, v_user.id)
  on conflict (brand_slug) do nothing
  returning * into v_brand;
  if v_brand.id is null then
    perform private.raise_error('brand_slug_taken', p_slug);
  end if;
  insert into core.users (brand_id, auth_user_id, email, full_name, role, accepted_at)
  values (v_brand.id, v_user.id, lower(btrim(coalesce(v_user.email, v_user.id::text || '@no-email.invalid'))),
    v_user.raw_user_meta_data ->> 'full_name', 'owner', now());
  return v_brand;
end
$$;
comment on function private.core_create_brand(text, text, text, text, text) is
  'Body of core.create_brand. Definer: the caller is not a member of anything yet, so no policy could let it in.';
grant execute on function private.core_create_brand(text, text, text, text, text) to authenticated;

create function core.create_brand(
  p_name text,
  p_slug text,
  p_timezone text default 'UTC',
  p_currency text default 'USD',
  p_language text default 'en'
)
returns core.brands
language sql
volatile
set search_path = ''
begin atomic
  select * from private.core_create_brand(p_name, p_slug, p_timezone, p_currency, p_language);
end;
comment on function core.create_brand(text, text, text, text, text) is
  'Creates a brand with the caller as its owner and returns it. p_slug: a-z, 0-9 and hyphens, unique. p_timezone: IANA name. p_currency: ISO 4217. p_language: BCP 47. Errors: not_signed_in, invalid_argument, brand_slug_taken.';
grant execute on function core.create_brand(text, text, text, text, text) to authenticated;

create function private.check_time_zone()
returns trigger
language plpgsql
security definer
set search_path = ''
as $$
begin
  perform now() at time zone new.timezone;
  return new;
exception when invalid_parameter_value then
  perform private.raise_error('invalid_argument', 'timezone', 'must be an IANA time zone such as Europe/Berlin');
end
$$;
comment on function private.check_time_zone() is
  'Trigger (before the column timezone is written): refuses a zone that the server does not know, which would break the schedules of the brand. Definer: the error registry is closed to clients.';

create function private.guard_last_owner()
returns trigger
language plpgsql
security definer
set search_path = ''
as $$
begin
  if tg_op = 'UPDATE' and new.role = 'owner' and new.is_active and new.auth_user_id is not null then
    return new;
  end if;
  -- A brand that is going takes its owners with it.
  perform from core.brands b where b.id = old.brand_id for no key update;
  if found and not exists (
    select from core.users u
    where u.brand_id = old.brand_id and u.id <> old.id
      and u.role = 'owner' and u.is_active and u.auth_user_id is not null
  ) then
    perform private.raise_error('last_owner');
  end if;
  return case tg_op when 'DELETE' then old else new end;
end
$$;
comment on function private.guard_last_owner() is
  'Trigger (before a row that is an active owner stops being one): a brand keeps at least one owner, whoever asks. Locks the brand, so that two owners cannot leave at once. Definer: sees all members.';

insert into private.error_codes (key, errcode, http_status, message, hint) values
  ('brand_slug_taken', '23505', 409, 'The slug %s is taken.', 'Choose another slug.'),
  ('last_owner', 'PT409', 409, 'This would leave the brand without an owner.', 'Make another member owner first.');
