create function private.job_actors_process(p_now timestamptz default now())
returns void
language sql
volatile
set search_path = ''
as $$
  select private.for_each_brand('actors.process_signals',
    array(select b.id from core.brands b
      where b.is_active and exists (
        select from signals.signals_base s where s.brand_id = b.id and s.processing_status = 'pending' and not s.is_duplicate)
      order by b.id),
    'select actors.process_signals($1, private.actors_number($1, ''batch_size'')::integer, $2)', p_now)
$$;
comment on function private.job_actors_process(timestamptz) is 'Every few seconds: processes pending signals of every active brand that has some.';

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

select cron.schedule('loopwise-actors-process', '10 seconds', $$select private.job_actors_process()$$);
select cron.schedule('loopwise-actors-vectors', '23 * * * *', $$select private.job_actors_vectors()$$);
select cron.schedule('loopwise-actors-insights', '7,22,37,52 * * * *', $$select private.job_actors_insights()$$);
select cron.schedule('loopwise-actors-identity', '47 2 * * *', $$select private.job_actors_identity()$$);
