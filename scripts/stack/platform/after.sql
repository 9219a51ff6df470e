-- After @supabase/lite has made (at every start anew) its auth and storage schemas: what hosted ones have besides.
alter table auth.users add column if not exists instance_id uuid;
alter table auth.users add column if not exists is_super_admin boolean;

create or replace function auth.jwt() returns jsonb
language sql stable
as $$
  select coalesce(
    nullif(current_setting('request.jwt.claim', true), ''),
    nullif(current_setting('request.jwt.claims', true), '')
  )::jsonb
$$;

create or replace function auth.uid() returns uuid
language sql stable
as $$ select coalesce(nullif(current_setting('request.jwt.claim.sub', true), ''), auth.jwt() ->> 'sub')::uuid $$;

create or replace function auth.role() returns text
language sql stable
as $$ select coalesce(nullif(current_setting('request.jwt.claim.role', true), ''), auth.jwt() ->> 'role') $$;

create or replace function auth.email() returns text
language sql stable
as $$ select coalesce(nullif(current_setting('request.jwt.claim.email', true), ''), auth.jwt() ->> 'email') $$;

-- The API roles may call auth.uid() and see no table.
grant usage on schema auth to postgres, anon, authenticated, service_role;
revoke all on all tables in schema auth from anon, authenticated, service_role;
grant all on all tables in schema auth to postgres, dashboard_user;
grant all on all sequences in schema auth to postgres, dashboard_user;
grant execute on function auth.jwt, auth.uid, auth.role, auth.email to public;

do $$
declare
  v_table regclass;
begin
  if to_regnamespace('storage') is null then return; end if;
  grant all on schema storage to postgres, supabase_storage_admin;
  grant usage on schema storage to anon, authenticated, service_role;
  for v_table in select oid from pg_class where relnamespace = 'storage'::regnamespace and relkind = 'r' loop
    execute format('alter table %s owner to supabase_storage_admin', v_table);
    execute format('grant all on table %s to postgres, anon, authenticated, service_role', v_table);
  end loop;
end
$$;

-- The history of migrations belongs to the role that runs them.
do $$
declare
  v_table regclass;
begin
  if to_regnamespace('supabase_migrations') is null then return; end if;
  alter schema supabase_migrations owner to postgres;
  for v_table in select oid from pg_class where relnamespace = 'supabase_migrations'::regnamespace and relkind = 'r' loop
    execute format('alter table %s owner to postgres', v_table);
  end loop;
end
$$;
