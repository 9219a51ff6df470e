create function private.job_outcomes_attribute(p_now timestamptz default now())
returns void
language sql
volatile
set search_path = ''
as $$
  -- Whole days, so that the run of a day is replaced and not doubled.
  select private.for_each_brand('outcomes.attribute',
    array(select c.brand_id from private.claim_local_periods('outcomes.attribute', 'day', '5 hours', p_now, 1) c
      where exists (select from stimuli.stimulus_deployments d where d.brand_id = c.brand_id and d.deployed_at >= p_now - interval '60 days')
      order by c.brand_id),
    $job$select count(*) from (
      select private.outcomes_attribute($1, date_trunc('day', $2::timestamptz) - interval '30 days', date_trunc('day', $2::timestamptz), 'channel',
        array['first', 'last', 'linear', 'time_decay', 'position', 'markov', 'shapley', 'holdout'], 30, $2)
      union all
      select null from private.outcomes_analyse($1, date_trunc('day', $2::timestamptz) - interval '30 days', date_trunc('day', $2::timestamptz), $2)) x$job$, p_now);
  -- A year of daily looks is enough.
  delete from outcomes.attribution_runs r where r.ran_at < p_now - interval '366 days'
$$;
comment on function private.job_outcomes_attribute(timestamptz) is
  'Every quarter of an hour: for the brands where it has turned five at night and something was sent lately, once per local day, what the channels brought in the last 30 days, and the analyses of that time. Runs older than a year go.';

select cron.schedule('loopwise-outcomes-attribute', '7-59/15 * * * *', $$select private.job_outcomes_attribute()$$);
