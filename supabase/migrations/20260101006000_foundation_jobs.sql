create function private.job_foundation_maintenance()
returns void
language plpgsql
volatile
set search_path = ''
as $$
declare
  v_table private.partitioned_tables;
begin
  for v_table in select * from private.partitioned_tables loop
    perform private.create_month_partitions(v_table.table_name, current_date, 3);
    perform private.detach_month_partitions(v_table.table_name, v_table.keep_months);
  end loop;
  delete from private.idempotency_keys where created_at < now() - interval '30 days';
  delete from private.jobs where status = 'done' and finished_at < now() - interval '7 days';
  delete from private.rate_limits where theoretical_arrival_at < now() - interval '1 day';
  delete from cron.job_run_details where end_time < now() - interval '7 days';
end
$$;

comment on function private.job_foundation_maintenance() is
  'Nightly: makes the next monthly partitions, detaches the old ones, and prunes idempotency keys (30 days), finished jobs (7 days), idle rate limits (1 day) and the log of pg_cron (7 days).';

select cron.schedule('loopwise-foundation-maintenance', '17 2 * * *', $$select private.job_foundation_maintenance()$$);
