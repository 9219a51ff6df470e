create function private.job_cohorts_discover(p_now timestamptz default now())
returns void
language sql
volatile
set search_path = ''
as $$
  -- A young shop has no cohorts yet; that is no failure.
  select private.for_each_brand('cohorts.discover',
    array(select c.brand_id from private.claim_local_periods('cohorts.discover', 'day', '3 hours', p_now, 1) c order by c.brand_id),
    'select private.request_clustering($1, ''auto'', 42, $2, ''schedule'') where not private.clustering_began_lately($1, $2)', p_now, '{too_few_actors}')
$$;
comment on function private.job_cohorts_discover(timestamptz) is
  'Every quarter of an hour: begins a search for cohorts in the brands where it has turned three at night, once per local day, unless one has just been.';

create function private.job_cohorts_rerun(p_now timestamptz default now())
returns void
language sql
volatile
set search_path = ''
as $$
  select private.for_each_brand('cohorts.discover', array(select b.id from core.brands b where b.is_active order by b.id),
    'select private.request_clustering($1, ''auto'', 42, $2, d.trigger_kind, d.reason) from private.clustering_due($1, $2) d', p_now, '{too_few_actors}')
$$;
comment on function private.job_cohorts_rerun(timestamptz) is
  'Hourly, after vectors and assignment: begins a search for cohorts in the brands whose people no longer are those, or no longer are like those, of the last one.';

create function private.job_cohorts_assign(p_now timestamptz default now())
returns void
language sql
volatile
set search_path = ''
as $$
  select private.for_each_brand('cohorts.assign',
    array(select distinct r.brand_id from cohorts.clustering_runs r
      join core.brands b on b.id = r.brand_id and b.is_active
      where r.status = 'completed' order by r.brand_id),
    'select cohorts.assign($1, 1000, $2)', p_now)
$$;
comment on function private.job_cohorts_assign(timestamptz) is 'Hourly, after the belief vectors: gives new people of every brand a cohort, up to 1,000 each.';

create function private.job_cohorts_run(p_budget interval default '1500 milliseconds', out worked boolean)
language plpgsql
volatile
set search_path = ''
as $$
declare
  v_run uuid;
begin
  worked := false;
  select r.id into v_run
  from cohorts.clustering_runs r
  join core.brands b on b.id = r.brand_id and b.is_active
  where r.status = 'running'
    and not exists (select from private.clustering_steps s where s.run_id = r.id and s.done_at is null and s.retry_at > clock_timestamp())
  order by r.updated_at limit 1 for update of r skip locked;
  worked := found;
  if worked then
    perform private.advance_clustering(v_run, p_budget);
  end if;
end
$$;
comment on function private.job_cohorts_run(interval) is
  'Does the next steps of the run that has waited longest, that nobody works on and that need not wait after a failure. Returns whether there was one. Commit after each call.';

select cron.schedule('loopwise-cohorts-run', '5 seconds', $job$
  do $$
  declare
    v_started constant timestamptz := clock_timestamp();
    v_worked boolean;
  begin
    loop
      select j.worked into v_worked from private.job_cohorts_run() j;
      commit;
      exit when not v_worked or not private.job_goes_on('loopwise-cohorts-run', v_started);
    end loop;
  end
  $$$job$);
select cron.schedule('loopwise-cohorts-discover', '*/15 * * * *', $$select private.job_cohorts_discover()$$);
select cron.schedule('loopwise-cohorts-rerun', '43 * * * *', $$select private.job_cohorts_rerun()$$);
select cron.schedule('loopwise-cohorts-assign', '33 * * * *', $$select private.job_cohorts_assign()$$);
