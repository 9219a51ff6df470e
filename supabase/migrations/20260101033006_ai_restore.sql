create function private.settle_restored_logs()
returns void
language plpgsql
volatile
set search_path = ''
as $$
begin
  perform private.count_calls('18446744073709551615');
  update ai.function_calls c set xid = '0';
  update private.call_watermark w set counted_before = pg_snapshot_xmin(pg_current_snapshot());

  alter table public.oasis_events disable trigger _500_append_only;
  update public.oasis_events e set xid = '0';
  alter table public.oasis_events enable trigger _500_append_only;
end
$$;
comment on function private.settle_restored_logs() is
  'Run once, before anything else, in a database that was restored from a dump (pg_dump; not a physical backup): its transaction numbers start anew, so rows of the old ones would look as if they were still being written. They become the oldest, in the order of their ids.';
