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

create or replace function tests.uniform(p_key text)
returns double precision
language sql
immutable
set search_path = ''
as $$
  select ((hashtextextended(p_key, 0) & 9007199254740991) + 1) / 9007199254740993.0::double precision
$$;

create or replace function tests.normal(p_key text)
returns double precision
language sql
immutable
set search_path = ''
as $$
  select sqrt(-2 * ln(tests.uniform(p_key))) * cos(2 * pi() * tests.uniform(p_key || ' angle'))
$$;

-- The same id for the same town in every run, since what is drawn about people is drawn in the order of their ids: named by
-- the brand's name and never by its id.
create or replace function tests.planted_person(p_brand uuid, p_groups integer, p_seed integer, p_place integer)
returns uuid
language sql
stable
set search_path = ''
as $$
  select md5(format('%s %s %s %s', b.brand_name, p_groups, p_seed, p_place))::uuid from core.brands b where b.id = p_brand
$$;

-- People of p_groups hidden groups, each with a taste of its own that lies p_distance deviations above the others', and
-- four components that tell nothing; standardised as actors.refresh_vectors does it. The group is kept in
-- actors.identifiers, which nothing reads.
create or replace function tests.plant_groups(p_brand uuid, p_people integer, p_groups integer, p_seed integer, p_distance double precision default 4)
returns void
language sql
set search_path = ''
as $$
  insert into actors.actors (id, brand_id, primary_identifier, primary_identifier_type, identifiers, first_seen_at, last_seen_at)
  select tests.planted_person(p_brand, p_groups, p_seed, i), p_brand, format('c-%s-%s', p_seed, i), 'customer_id',
    jsonb_build_object('group', i % p_groups), '2026-01-01', '2026-01-01'
  from generate_series(1, p_people) i;
  with raw as materialized (
    select i, j, tests.normal(format('%s person %s %s', p_seed, i, j))
      + case when j = 1 + i % p_groups then p_distance else 0 end as x
    from generate_series(1, p_people) i cross join generate_series(1, 12) j
  ),
  unit as (select j, avg(x) as mean, stddev_pop(x) as deviation from raw group by j),
  components as (
    insert into actors.belief_vector_components (brand_id, position, component_name, label, mean_value, standard_deviation)
    select p_brand, u.j, format('preference.category.c%s', u.j), format('buys c%s', u.j), u.mean, u.deviation from unit u
    on conflict (brand_id, position) do nothing
  )
  insert into actors.actor_belief_vectors (brand_id, actor_id, vector_name, vector_data, vector_type, generation_method, vector_quality)
  select p_brand, tests.planted_person(p_brand, p_groups, p_seed, r.i), 'belief',
    ((array_agg(((r.x - u.mean) / u.deviation)::real order by r.j) || array_fill(0::real, array[20])))::extensions.vector,
    'combined', 'auto', 0.8
  from raw r join unit u on u.j = r.j group by r.i
$$;

grant execute on all functions in schema tests to anon, authenticated, service_role;

-- What the Edge Function stimuli does when a check has passed, for templates that a test wrote itself.
create or replace function tests.pass_templates(p_brand uuid)
returns void
language sql
set search_path = ''
as $$
  with passed as (
    insert into stimuli.template_checks (brand_id, version_id, is_passed)
    select t.brand_id, (private.working_version(t.brand_id, t.id)).id, true from stimuli.stimulus_templates t where t.brand_id = p_brand
    returning version_id
  )
  update stimuli.stimulus_templates t set current_version_id = v.id
  from passed p join stimuli.template_versions v on v.id = p.version_id
  where t.id = v.template_id
$$;
