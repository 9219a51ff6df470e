create function private.uuid_v7()
returns uuid
language sql
volatile
set search_path = ''
as $$
  select (
    lpad(to_hex(t.us / 1000), 12, '0')
    || to_hex(28672 + (t.us % 1000) * 4096 / 1000)
    || right(replace(gen_random_uuid()::text, '-', ''), 16)
  )::uuid
  from (select (extract(epoch from clock_timestamp()) * 1000000)::bigint as us) t
$$;

comment on function private.uuid_v7() is
  'Time-ordered key (RFC 9562, version 7): 48 bits of milliseconds, 12 bits of the fraction of a millisecond (method 3), 62 random bits. Time-ordered keys keep inserts at the right edge of every index.';

-- Column defaults run with the rights of whoever inserts.
grant execute on function private.uuid_v7() to authenticated, service_role;
