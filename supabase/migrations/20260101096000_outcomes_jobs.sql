create function private.job_outcomes_learn(p_now timestamptz default now(), p_limit integer default 20000)
returns void
language sql
volatile
set search_path = ''
as $$
  select private.for_each_brand('outcomes.learn',
    array(select b.id from core.brands b
      where b.is_active and (
        exists (select from stimuli.stimulus_deployments d where d.brand_id = b.id and d.learned_at is null)
        -- Late signals of what was learnt lately are still waited for.
        or exists (select from outcomes.outcome_learning l
          where l.brand_id = b.id and l.learned_at > p_now - private.parameter(b.id, 'outcomes.reopen_days')::double precision * interval '1 day'))
      order by b.id),
    format('select private.outcomes_measure($1, $2), private.outcomes_learn($1, $2, %s)', p_limit), p_now)
$$;
comment on function private.job_outcomes_learn(timestamptz, integer) is
  'Hourly: measures the open deployments of every active brand that has some, learns from those whose window is over, and from late signals of those closed in the last outcomes.reopen_days.';

create function private.job_outcomes_measure_cohorts(p_now timestamptz default now())
returns void
language sql
volatile
set search_path = ''
as $$
  select private.for_each_brand('outcomes.measure_cohorts',
    array(select c.brand_id from private.claim_local_periods('outcomes.measure_cohorts', 'day', '4 hours', p_now, 1) c
      where exists (select from cohorts.cohorts x where x.brand_id = c.brand_id) order by c.brand_id),
    'select private.outcomes_measure_cohorts($1, $2)', p_now)
$$;
comment on function private.job_outcomes_measure_cohorts(timestamptz) is
  'Every quarter of an hour: measures the cohorts of the brands where it has turned four at night, once per local day, so that late orders still count.';

select cron.schedule('loopwise-outcomes-measure-cohorts', '*/15 * * * *', $$select private.job_outcomes_measure_cohorts()$$);
select cron.schedule('loopwise-outcomes-learn', '37 * * * *', $$select private.job_outcomes_learn()$$);
