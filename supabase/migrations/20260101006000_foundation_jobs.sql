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
  -- Jobs that run every second leave many lines, and only failures are looked up later.
  delete from cron.job_run_details where end_time < now() - case status when 'succeeded' then interval '1 day' else interval '7 days' end;
end
$$;

comment on function private.job_foundation_maintenance() is
  'Nightly: makes the next monthly partitions, detaches the old ones, and prunes idempotency keys (30 days), finished jobs (7 days), idle rate limits (1 day) and the log of pg_cron (7 days, of what succeeded 1 day).';

select cron.schedule('loopwise-foundation-maintenance', '17 2 * * *', $$select private.job_foundation_maintenance()$$);

create function private.job_goes_on(p_job text, p_since timestamptz)
returns boolean
language sql
volatile
set search_path = ''
as $$
  select clock_timestamp() < p_since + coalesce(nullif(current_setting('loopwise.linger_seconds', true), '')::double precision, 100) * interval '1 second'
    and exists (select from cron.job j where j.jobname = p_job and j.active)
$$;

comment on function private.job_goes_on(text, timestamptz) is
  'Whether a run of the job that began at p_since may stay and wait for work: for 100 seconds (below the statement timeout of two minutes that hosted projects have), or for the setting loopwise.linger_seconds, which a server with one session for everybody puts to 0; and only while the job is scheduled and active.';
