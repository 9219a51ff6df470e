create function private.job_cohorts_discover(p_now timestamptz default now())
returns void
language sql
volatile
set search_path = ''
as $$
  -- A young shop has no cohorts yet; that is no failure.
  select private.for_each_brand('cohorts.discover',
    array(select c.brand_id from private.claim_local_periods('cohorts.discover', 'day', '3 hours', p_now, 1) c order by c.brand_id),
    'select cohorts.discover($1, ''kmeans'', 42, $2)', p_now, '{too_few_actors}')
$$;
comment on function private.job_cohorts_discover(timestamptz) is
  'Every quarter of an hour: looks for cohorts in the brands where it has turned three at night, once per local day.';

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

select cron.schedule('loopwise-cohorts-discover', '*/15 * * * *', $$select private.job_cohorts_discover()$$);
select cron.schedule('loopwise-cohorts-assign', '33 * * * *', $$select private.job_cohorts_assign()$$);
