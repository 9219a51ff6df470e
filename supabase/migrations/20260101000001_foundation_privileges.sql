-- Every door starts closed; each object grants what it means to grant.
-- The first statement has no `in schema`: with it, the built-in grant to public would stay.
alter default privileges revoke execute on functions from public;

-- Supabase opens `public` to its API roles by name, which revoking from public leaves in place.
alter default privileges in schema public revoke all on tables from anon, authenticated, service_role;
alter default privileges in schema public revoke all on functions from anon, authenticated, service_role;
alter default privileges in schema public revoke all on sequences from anon, authenticated, service_role;

create schema private;
comment on schema private is
  'Not exposed by the Data API and without usage for API roles: policy helpers, security-definer bodies, trigger functions, queues, rate limits, partitions.';
