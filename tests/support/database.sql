-- Helpers of the pgTAP tests; the runner installs them, the product never has them.
create schema if not exists tests;
grant usage on schema tests to anon, authenticated, service_role;

create or replace function tests.create_user(p_email text)
returns uuid
language plpgsql
set search_path = ''
as $$
declare
  v_id uuid := gen_random_uuid();
begin
  insert into auth.users (id, aud, role, email, encrypted_password, email_confirmed_at, raw_app_meta_data, raw_user_meta_data, created_at, updated_at)
  values (v_id, 'authenticated', 'authenticated', p_email, '', now(), '{}', '{}', now(), now());
  return v_id;
end
$$;

create or replace function tests.add_member(p_brand uuid, p_user uuid, p_role core.role_kind)
returns uuid
language sql
set search_path = ''
as $$
  insert into core.users (brand_id, auth_user_id, email, role, accepted_at)
  select p_brand, u.id, u.email, p_role, now() from auth.users u where u.id = p_user
  returning id
$$;

create or replace function tests.create_brand(p_owner uuid, p_name text default 'Brand')
returns uuid
language plpgsql
set search_path = ''
as $$
declare
  v_id uuid;
begin
  insert into core.brands (brand_name, brand_slug)
  values (p_name, 'brand-' || replace(gen_random_uuid()::text, '-', '')) returning id into v_id;
  perform tests.add_member(v_id, p_owner, 'owner');
  return v_id;
end
$$;

-- What the Data API does for a request: claims first, then the role, both until the end of the transaction.
create or replace function tests.become(p_role text, p_claims jsonb)
returns void
language plpgsql
set search_path = ''
as $$
begin
  perform set_config('request.jwt.claims', p_claims::text, true);
  perform set_config('request.jwt.claim.sub', coalesce(p_claims ->> 'sub', ''), true);
  perform set_config('request.jwt.claim.role', p_role, true);
  perform set_config('request.jwt.claim.email', coalesce(p_claims ->> 'email', ''), true);
  perform set_config('role', p_role, true);
end
$$;

create or replace function tests.authenticate_as(p_user uuid)
returns void
language sql
set search_path = ''
as $$
  select tests.become('authenticated', jsonb_build_object('sub', p_user, 'role', 'authenticated'))
$$;

create or replace function tests.authenticate_as_service()
returns void
language sql
set search_path = ''
as $$
  select tests.become('service_role', '{"role": "service_role"}')
$$;

create or replace function tests.as_anon()
returns void
language sql
set search_path = ''
as $$
  select tests.become('anon', '{"role": "anon"}')
$$;

create or replace function tests.clear_authentication()
returns void
language plpgsql
set search_path = ''
as $$
begin
  perform set_config('request.jwt.claims', '', true);
  perform set_config('request.jwt.claim.sub', '', true);
  perform set_config('request.jwt.claim.role', '', true);
  perform set_config('role', 'none', true);
end
$$;

grant execute on all functions in schema tests to anon, authenticated, service_role;
