create function private.job_outcomes_validate(p_now timestamptz default now())
returns void
language sql
volatile
set search_path = ''
as $$
  select private.for_each_brand('outcomes.validate_learning',
    array(select c.brand_id from private.claim_local_periods('outcomes.validate_learning', 'day', '3 hours', p_now, 1) c
      where exists (select from outcomes.outcome_learning l where l.brand_id = c.brand_id) order by c.brand_id),
    'select private.outcomes_validate_learning($1, $2), private.outcomes_measure_learning($1, $2)', p_now)
$$;
comment on function private.job_outcomes_validate(timestamptz) is
  'Every quarter of an hour: grades what was learnt and measures the learning of the brands where it has turned three at night, once per local day.';

select cron.schedule('loopwise-outcomes-validate', '9-59/15 * * * *', $$select private.job_outcomes_validate()$$);
