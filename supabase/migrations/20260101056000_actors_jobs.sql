create function private.job_actors_each_brand(p_function text, p_statement text, p_now timestamptz)
returns void
language plpgsql
volatile
set search_path = ''
as $$
declare
  v_brand uuid;
begin
  -- A loop, because each brand has its own subtransaction: one that fails holds up no other.
  for v_brand in
    select b.id from core.brands b
    where b.is_active and (p_function <> 'actors.process_signals' or exists (
      select from signals.signals_base s where s.brand_id = b.id and s.processing_status = 'pending' and not s.is_duplicate))
    order by b.id
  loop
    begin
      execute p_statement using v_brand, p_now;
    exception when others then
      perform private.log_call(p_function, v_brand, jsonb_build_object('now', p_now), null, clock_timestamp(), p_status => 'failed',
        p_error => jsonb_build_object('errcode', sqlstate, 'message', sqlerrm));
    end;
  end loop;
end
$$;
comment on function private.job_actors_each_brand(text, text, timestamptz) is
  'Runs a statement ($1: brand, $2: now) for every active brand, for process_signals only for those with pending signals; a failure is logged as a failed call of p_function.';

create function private.job_actors_process(p_now timestamptz default now())
returns void
language sql
volatile
set search_path = ''
as $$
  select private.job_actors_each_brand('actors.process_signals',
    'select actors.process_signals($1, private.actors_number($1, ''batch_size'')::integer, $2)', p_now)
$$;
comment on function private.job_actors_process(timestamptz) is 'Every few seconds: processes pending signals of every brand.';

create function private.job_actors_vectors(p_now timestamptz default now())
returns void
language sql
volatile
set search_path = ''
as $$
  select private.job_actors_each_brand('actors.refresh_vectors', 'select actors.refresh_vectors($1, $2)', p_now)
$$;
comment on function private.job_actors_vectors(timestamptz) is 'Hourly: refreshes priors and belief vectors of every brand.';

create function private.job_actors_insights(p_now timestamptz default now())
returns void
language sql
volatile
set search_path = ''
as $$
  select private.job_actors_each_brand('actors.refresh_insights', 'select actors.refresh_insights($1, 5000, $2)', p_now)
$$;
comment on function private.job_actors_insights(timestamptz) is 'Every quarter of an hour: looks for rhythms of people with new evidence, 5,000 per brand and run.';

select cron.schedule('loopwise-actors-process', '10 seconds', $$select private.job_actors_process()$$);
select cron.schedule('loopwise-actors-vectors', '23 * * * *', $$select private.job_actors_vectors()$$);
select cron.schedule('loopwise-actors-insights', '7,22,37,52 * * * *', $$select private.job_actors_insights()$$);
