create function private.uuid_v7()
returns uuid
language plpgsql
volatile
set search_path = ''
as $$
declare
  v_us constant bigint := extract(epoch from clock_timestamp()) * 1000000;
begin
  -- One expression and no query: every row of every table calls this.
  return (lpad(to_hex(v_us / 1000), 12, '0') || to_hex(28672 + (v_us % 1000) * 4096 / 1000) || right(gen_random_uuid()::text, 17))::uuid;
end
$$;

comment on function private.uuid_v7() is
  'Time-ordered key (RFC 9562, version 7): 48 bits of milliseconds, 12 bits of the fraction of a millisecond (method 3), 62 random bits. Time-ordered keys keep inserts at the right edge of every index.';

-- Column defaults run with the rights of whoever inserts.
grant execute on function private.uuid_v7() to authenticated, service_role;
