create function private.job_cohorts_discover(p_now timestamptz default now())
returns void
language plpgsql
volatile
set search_path = ''
as $$
declare
  v_brand uuid;
  v_key text;
begin
  -- A loop, because each brand has its own subtransaction: one that fails holds up no other.
  for v_brand in
    select c.brand_id from private.claim_local_periods('cohorts.discover', 'day', '3 hours', p_now, 1) c order by c.brand_id
  loop
    begin
      perform cohorts.discover(v_brand, 'kmeans', 42, p_now);
    exception when others then
      get stacked diagnostics v_key = pg_exception_detail;
      -- A young shop has no cohorts yet; that is no failure.
      if v_key is distinct from 'too_few_actors' then
        perform private.log_call('cohorts.discover', v_brand, jsonb_build_object('now', p_now), null, clock_timestamp(),
          p_status => 'failed', p_error => jsonb_build_object('errcode', sqlstate, 'message', sqlerrm));
      end if;
    end;
  end loop;
end
$$;
comment on function private.job_cohorts_discover(timestamptz) is
  'Every quarter of an hour: looks for cohorts in the brands where it has turned three at night, once per local day; a failure is logged as a failed call.';

create function private.job_cohorts_assign(p_now timestamptz default now())
returns void
language plpgsql
volatile
set search_path = ''
as $$
declare
  v_brand uuid;
begin
  for v_brand in
    select distinct r.brand_id from cohorts.clustering_runs r
    join core.brands b on b.id = r.brand_id and b.is_active
    where r.status = 'completed' order by r.brand_id
  loop
    begin
      perform cohorts.assign(v_brand, 1000, p_now);
    exception when others then
      perform private.log_call('cohorts.assign', v_brand, jsonb_build_object('now', p_now), null, clock_timestamp(),
        p_status => 'failed', p_error => jsonb_build_object('errcode', sqlstate, 'message', sqlerrm));
    end;
  end loop;
end
$$;
comment on function private.job_cohorts_assign(timestamptz) is 'Hourly, after the belief vectors: gives new people of every brand a cohort, up to 1,000 each.';

select cron.schedule('loopwise-cohorts-discover', '*/15 * * * *', $$select private.job_cohorts_discover()$$);
select cron.schedule('loopwise-cohorts-assign', '33 * * * *', $$select private.job_cohorts_assign()$$);
