import { afterAll, beforeAll, expect, it } from "vitest";
import type { Stack } from "../../scripts/stack/types.ts";
import { useProject } from "../support/stack.ts";

/** What migrations of Supabase projects do to things that are not theirs, as the role that is no superuser. */
const MIGRATION = `
create extension if not exists vector with schema extensions;
create extension if not exists pg_trgm with schema extensions;
create extension if not exists pg_cron with schema pg_catalog;
create extension if not exists pg_net with schema extensions;
create extension if not exists supabase_vault with schema vault;
create schema private;

create table public.profiles (id uuid primary key references auth.users (id) on delete cascade, embedding extensions.vector(3));
alter table public.profiles enable row level security;
create policy own on public.profiles to authenticated using (id = (select auth.uid()));
create function private.on_signup() returns trigger language plpgsql security definer set search_path = ''
as $$ begin insert into public.profiles (id) values (new.id); return new; end $$;
create trigger on_signup after insert on auth.users for each row execute function private.on_signup();

insert into storage.buckets (id, name) values ('avatars', 'avatars');
create policy own_avatars on storage.objects for select to authenticated using (owner_id = (select auth.uid())::text);
alter publication supabase_realtime add table public.profiles;

select cron.schedule('nightly', '0 3 * * *', 'select 1');
select cron.schedule('nightly', '0 4 * * *', 'select 2');
select vault.create_secret('s3cret', 'service');
create function private.read_secret() returns text language sql security definer set search_path = ''
as $$ select decrypted_secret from vault.decrypted_secrets where name = 'service' $$;
notify pgrst, 'reload schema';
`;

let stack: Stack;
beforeAll(async () => {
  stack = await useProject({ migration: MIGRATION }, { engine: "native" });
});
afterAll(() => stack?.close());

it("lets the migration role do to auth, storage, cron, vault and realtime what a hosted project lets it do", async () => {
  const [found] = await stack.engine.query(`select
    (select schedule from cron.job where jobname = 'nightly') as schedule,
    private.read_secret() as secret,
    (select tablename from pg_publication_tables where pubname = 'supabase_realtime') as published`);
  expect(found).toEqual({ schedule: "0 4 * * *", secret: "s3cret", published: "profiles" });
});

it("runs a trigger on auth.users when a user signs up", async () => {
  const response = await fetch(`${stack.url}/auth/v1/signup`, {
    method: "POST",
    headers: { apikey: stack.publishableKey, "content-type": "application/json" },
    body: JSON.stringify({ email: "someone@example.com", password: "a long password" }),
  });
  expect(response.status).toBe(200);
  const rows = await stack.engine.query("select u.email from public.profiles p join auth.users u using (id)");
  expect(rows).toEqual([{ email: "someone@example.com" }]);
});

it.each([
  ["alter Auth's tables", "alter table auth.users add column mine int"],
  ["write jobs past cron.schedule", "update cron.job set command = 'select 3'"],
  ["write secrets past Vault's functions", "insert into vault.secrets (secret) values ('x')"],
  ["make a superuser", "create role mine superuser"],
  ["read the server's files", "select pg_read_file('postgresql.conf')"],
  ["become the superuser", "set role supabase_admin"],
])("does not let it %s", async (_, statement) => {
  await expect(stack.engine.exec(statement)).rejects.toMatchObject({ code: "42501" });
});
