create function private.job_outcomes_look_at_experiments(p_now timestamptz default now())
returns void
language sql
volatile
set search_path = ''
as $$
  select private.for_each_brand('outcomes.look_at_experiments',
    array(select c.brand_id from private.claim_local_periods('outcomes.look_at_experiments', 'day', '5 hours', p_now, 1) c
      where exists (select from stimuli.experiments e where e.brand_id = c.brand_id and e.status = 'running') order by c.brand_id),
    'select private.look_at_experiments($1, $2)', p_now)
$$;
comment on function private.job_outcomes_look_at_experiments(timestamptz) is
  'Every quarter of an hour: looks at the running experiments of the brands where it has turned five at night, once per local day, and writes down what is seen.';

select cron.schedule('loopwise-outcomes-look-at-experiments', '13-58/15 * * * *', $$select private.job_outcomes_look_at_experiments()$$);
