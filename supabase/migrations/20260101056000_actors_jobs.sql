create function private.job_actors_process(p_after uuid default null, p_now timestamptz default clock_timestamp(), out brand uuid, out is_behind boolean)
language plpgsql
volatile
set search_path = ''
as $$
declare
  v_batch integer;
begin
  -- From brand to brand through the index of what is pending: where nothing is, that is one look.
  loop
    select s.brand_id into brand from signals.signals_base s
    where s.processing_status = 'pending' and s.brand_id > coalesce(p_after, '00000000-0000-0000-0000-000000000000')
    order by s.brand_id limit 1;
    exit when brand is null or exists (select from core.brands b where b.id = brand and b.is_active)
      -- Whoever works on the brand (another worker, a merge, the nightly training) comes back to it: nobody else waits for that.
      and private.try_lock_brand_identity(brand);
    p_after := brand;
  end loop;
  is_behind := false;
  if brand is not null then
    v_batch := private.actors_number(brand, 'batch_size');
    perform private.for_each_brand('actors.process_signals', array[brand], format('select actors.process_signals($1, %s, $2)', v_batch), p_now);
    is_behind := exists (select from signals.signals_base s where s.brand_id = brand and s.processing_status = 'pending' offset v_batch);
  end if;
end
$$;
comment on function private.job_actors_process(uuid, timestamptz) is
  'Processes one batch of the next active brand after p_after (null: of the first) that has pending signals and that nobody works on. Returns the brand, null when there is none left, and whether a whole batch of it waits. Commit after each call: that is when its beliefs are seen.';

create function private.job_actors_vectors(p_now timestamptz default now())
returns void
language sql
volatile
set search_path = ''
as $$
  select private.for_each_brand('actors.refresh_vectors', array(select b.id from core.brands b where b.is_active order by b.id),
    'select actors.refresh_vectors($1, $2)', p_now)
$$;
comment on function private.job_actors_vectors(timestamptz) is 'Hourly: refreshes priors and belief vectors of every active brand.';

create function private.job_actors_insights(p_now timestamptz default now())
returns void
language sql
volatile
set search_path = ''
as $$
  select private.for_each_brand('actors.refresh_insights', array(select b.id from core.brands b where b.is_active order by b.id),
    'select actors.refresh_insights($1, 5000, $2)', p_now)
$$;
comment on function private.job_actors_insights(timestamptz) is 'Every quarter of an hour: rhythms, announced purchases and weights of sources of people with new evidence, 5,000 per active brand and run.';

create function private.job_actors_identity(p_now timestamptz default now())
returns void
language sql
volatile
set search_path = ''
as $$
  select private.for_each_brand('actors.train_identity', array(select b.id from core.brands b where b.is_active order by b.id),
    'select private.refresh_identity($1, $2)', p_now)
$$;
comment on function private.job_actors_identity(timestamptz) is 'Nightly: trains every brand''s identity model, clusters its records again and reports the calibration error.';

-- Beliefs are to be seen within a second of the signal's commit: a run stays and looks again every 0.2 s, for as long as
-- private.job_goes_on says; the scheduler starts the next one within a second, and never two at once. A block and no
-- procedure, since one that commits cannot pin its search path.
select cron.schedule('loopwise-actors-process', '1 second', $job$
  do $$
  declare
    v_started constant timestamptz := clock_timestamp();
    v_brand uuid;
    v_more boolean;
    v_is_behind boolean;
  begin
    loop
      v_is_behind := false;
      loop
        select j.brand, j.is_behind into v_brand, v_more from private.job_actors_process(v_brand) j;
        commit;
        exit when v_brand is null;
        v_is_behind := v_is_behind or v_more;
      end loop;
      exit when not private.job_goes_on('loopwise-actors-process', v_started);
      perform pg_sleep(case when v_is_behind then 0 else 0.2 end);
      commit;
    end loop;
  end
  $$$job$);
select cron.schedule('loopwise-actors-vectors', '23 * * * *', $$select private.job_actors_vectors()$$);
select cron.schedule('loopwise-actors-insights', '7,22,37,52 * * * *', $$select private.job_actors_insights()$$);
select cron.schedule('loopwise-actors-identity', '47 2 * * *', $$select private.job_actors_identity()$$);
