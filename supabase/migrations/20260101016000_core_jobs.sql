create function private.job_core_audit_digests(p_now timestamptz default now())
returns void
language sql
volatile
set search_path = ''
as $$
  insert into private.audit_digests (brand_id, seq, row_sha256, created_at)
  select h.brand_id, h.seq, h.row_sha256, p_now from private.audit_heads h
  on conflict do nothing
$$;
comment on function private.job_core_audit_digests(timestamptz) is 'Daily: keeps the newest link of every audit chain that has grown.';

select cron.schedule('loopwise-core-audit-digests', '41 3 * * *', $$select private.job_core_audit_digests()$$);

create view core.job_queues with (security_invoker = true) as
select j.queue, j.brand_id, j.status::text as status, count(*)::integer as job_count,
  min(j.created_at) as oldest_created_at, min(j.visible_at) as next_visible_at, max(j.last_error) as sample_error
from private.jobs j
group by j.queue, j.brand_id, j.status;
comment on view core.job_queues is
  'What waits, runs, is done and is dead, per queue and brand, for the service role and Studio.';
grant select on core.job_queues to service_role;
grant select on private.jobs to service_role;
