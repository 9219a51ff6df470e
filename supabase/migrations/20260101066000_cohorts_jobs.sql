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

create function private.job_cohorts_assign(p_after uuid default null, p_now timestamptz default clock_timestamp(), out brand uuid)
language plpgsql
volatile
set search_path = ''
as $$
begin
  select b.id into brand from core.brands b
  where b.is_active and b.id > coalesce(p_after, '00000000-0000-0000-0000-000000000000')
    and (exists (select from private.rule_sweeps s where s.brand_id = b.id)
      or exists (select from private.vectors_due d where d.brand_id = b.id)
        and (exists (select from cohorts.clustering_runs r where r.brand_id = b.id and r.status = 'completed')
          or exists (select from cohorts.cohorts c where c.brand_id = b.id and c.discovery_algorithm = 'rule' and c.cohort_status = 'active')))
    and not exists (select from cohorts.clustering_runs r where r.brand_id = b.id and r.status = 'running')
  order by b.id limit 1;
  if brand is not null then
    perform private.for_each_brand('cohorts.assign', array[brand], 'select cohorts.assign($1, 250, $2)', p_now);
    perform private.for_each_brand('cohorts.define_cohort', array[brand], 'select private.sweep_rules($1, $2)', p_now);
  end if;
end
$$;
comment on function private.job_cohorts_assign(uuid, timestamptz) is
  'Places up to 250 people of the next active brand after p_after (null: of the first) where somebody is new or changed, and goes on with its rules. Returns the brand, null when there is none left. Commit after each call.';

create function private.job_cohorts_rules()
returns void
language sql
volatile
set search_path = ''
as $$
  insert into private.rule_sweeps (brand_id, cohort_id)
  select c.brand_id, c.id from cohorts.cohorts c
  join core.brands b on b.id = c.brand_id and b.is_active
  where c.discovery_algorithm = 'rule' and c.cohort_status = 'active'
  on conflict (brand_id, cohort_id) do nothing
$$;
comment on function private.job_cohorts_rules() is
  'Hourly: every rule is held against all people again, since time passes and evidence fades where nobody does anything; the job loopwise-cohorts-assign does it.';

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
-- 250 people take about half a second, and for so long whoever folds new evidence about one of them waits.
select cron.schedule('loopwise-cohorts-assign', '5 seconds', $job$
  do $$
  declare
    v_started constant timestamptz := clock_timestamp();
    v_brand uuid;
  begin
    loop
      select j.brand into v_brand from private.job_cohorts_assign(v_brand) j;
      commit;
      exit when v_brand is null or not private.job_goes_on('loopwise-cohorts-assign', v_started);
    end loop;
  end
  $$$job$);
select cron.schedule('loopwise-cohorts-rules', '43 * * * *', $$select private.job_cohorts_rules()$$);
select cron.schedule('loopwise-cohorts-rerun', '43 * * * *', $$select private.job_cohorts_rerun()$$);
