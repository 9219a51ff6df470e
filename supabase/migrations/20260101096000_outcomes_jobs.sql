create function private.job_outcomes_learn(p_now timestamptz default now(), p_limit integer default 20000)
returns void
language plpgsql
volatile
set search_path = ''
as $$
declare
  v_brand uuid;
  v_started timestamptz;
begin
  -- Only brands with something open. A brand whose turn fails is logged and the others go on.
  for v_brand in
    select b.id from core.brands b
    where b.is_active and exists (
      select from stimuli.stimulus_deployments d where d.brand_id = b.id and d.learned_at is null)
    order by b.id
  loop
    v_started := clock_timestamp();
    begin
      perform private.outcomes_measure(v_brand, p_now);
      perform private.outcomes_learn(v_brand, p_now, p_limit);
    exception when others then
      perform private.log_call('outcomes.learn', v_brand, '{}', null, v_started, p_status => 'failed',
        p_error => jsonb_build_object('code', sqlstate, 'message', sqlerrm));
    end;
  end loop;
end
$$;
comment on function private.job_outcomes_learn(timestamptz, integer) is
  'Hourly: measures the open deployments of every active brand and learns from those whose window is over.';

select cron.schedule('loopwise-outcomes-learn', '37 * * * *', $$select private.job_outcomes_learn()$$);
