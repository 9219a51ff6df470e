-- Extensions that only a superuser may create here and that Supabase creates on its users' behalf, with the rights
-- that its after-create scripts give to postgres. pgtap and plpgsql_check serve tests and the linter.
do $$
declare
  v_name text;
begin
  foreach v_name in array array['vector', 'pgcrypto', 'uuid-ossp', 'pg_stat_statements', 'pgtap', 'plpgsql_check'] loop
    if exists (select from pg_available_extensions where name = v_name) then
      execute format('create extension if not exists %I with schema extensions', v_name);
    end if;
  end loop;
end
$$;

create extension if not exists pg_cron with schema pg_catalog;
grant usage on schema cron to postgres with grant option;
grant all on all functions in schema cron to postgres with grant option;
grant all on all tables in schema cron to postgres with grant option;
revoke all on table cron.job from postgres;
grant select on table cron.job to postgres with grant option;
grant usage on sequence cron.runid_seq to postgres;

create extension if not exists pg_net with schema extensions;
grant usage on schema net to postgres, anon, authenticated, service_role;
grant execute on function net.http_get, net.http_post, net.http_delete to postgres, anon, authenticated, service_role;
grant all on all tables in schema net to postgres;

create extension if not exists supabase_vault with schema vault;
grant usage on schema vault to postgres with grant option;
grant usage on schema vault to service_role;
grant select, delete, truncate, references on vault.secrets, vault.decrypted_secrets to postgres with grant option;
grant select, delete on vault.secrets, vault.decrypted_secrets to service_role;
grant execute on function vault.create_secret, vault.update_secret to postgres with grant option;
grant execute on function vault.create_secret, vault.update_secret to service_role;
