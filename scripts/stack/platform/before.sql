-- What a Supabase project has before its first migration. Run at every start as the superuser, so every statement
-- may be repeated. The roles are Supabase's, with Supabase's attributes.
do $$
declare
  v_role record;
begin
  for v_role in
    select * from (values
      ('postgres', 'nosuperuser createdb createrole replication bypassrls login'),
      ('supabase_admin', 'superuser createdb createrole replication bypassrls login'),
      ('anon', 'nologin noinherit'),
      ('authenticated', 'nologin noinherit'),
      ('service_role', 'nologin noinherit bypassrls'),
      ('authenticator', 'login noinherit'),
      ('supabase_auth_admin', 'noinherit createrole login'),
      ('supabase_storage_admin', 'noinherit createrole login'),
      ('supabase_realtime_admin', 'noinherit nologin'),
      ('supabase_read_only_user', 'login bypassrls'),
      ('dashboard_user', 'createdb createrole replication nologin')
    ) as roles (name, attributes)
  loop
    if not exists (select from pg_roles where rolname = v_role.name) then
      execute format('create role %I %s', v_role.name, v_role.attributes);
    end if;
  end loop;
  execute format('alter database %I owner to postgres', current_database());
  execute format('alter database %I set search_path = "$user", public, extensions', current_database());
end
$$;

grant anon, authenticated, service_role to authenticator;
grant anon, authenticated, service_role to postgres with admin option;
grant pg_monitor, pg_read_all_data, pg_signal_backend to postgres with admin option;
-- Lets migrations create policies on storage.objects, which Supabase's server allows by a module of its own.
grant supabase_storage_admin to postgres;

create schema if not exists extensions authorization postgres;
create schema if not exists vault;
create schema if not exists realtime;
create schema if not exists graphql_public;
grant all on schema public to postgres;
grant usage on schema public, extensions, realtime, graphql_public to postgres, anon, authenticated, service_role;
grant all on schema extensions to dashboard_user;

-- Supabase opens what is created in public to its API roles. Migrations are developed against exactly that.
alter default privileges for role postgres in schema public grant all on tables to postgres, anon, authenticated, service_role;
alter default privileges for role postgres in schema public grant all on functions to postgres, anon, authenticated, service_role;
alter default privileges for role postgres in schema public grant all on sequences to postgres, anon, authenticated, service_role;
alter default privileges for role supabase_admin in schema public grant all on tables to postgres, anon, authenticated, service_role;
alter default privileges for role supabase_admin in schema public grant all on functions to postgres, anon, authenticated, service_role;
alter default privileges for role supabase_admin in schema public grant all on sequences to postgres, anon, authenticated, service_role;

do $$
begin
  if not exists (select from pg_publication where pubname = 'supabase_realtime') then
    create publication supabase_realtime;
    alter publication supabase_realtime owner to postgres;
  end if;
end
$$;
