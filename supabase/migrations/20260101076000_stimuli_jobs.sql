create function private.job_stimuli_propose(p_now timestamptz default now(), p_seed integer default 42)
returns void
language sql
volatile
set search_path = ''
as $$
  select private.for_each_brand('stimuli.propose', array(select b.id from core.brands b where b.is_active order by b.id),
    format('select private.stimuli_propose($1, $2, %s)', p_seed), p_now)
$$;
comment on function private.job_stimuli_propose(timestamptz, integer) is 'Daily: proposals for every active brand.';

create function private.job_stimuli_deploy(p_now timestamptz default now(), p_seed integer default 42, p_limit integer default 100)
returns void
language plpgsql
volatile
set search_path = ''
as $$
declare
  v_ready record;
  v_started timestamptz;
begin
  for v_ready in
    select r.brand_id, r.stimuli from (
      select s.brand_id, array_agg(s.id order by s.id) as stimuli, max(s.priority) as priority, min(s.created_at) as created_at
      from stimuli.stimuli_base s join core.brands b on b.id = s.brand_id and b.is_active
      where (s.status = 'approved' or s.status = 'scheduled' and s.scheduled_for <= p_now)
        and (s.expires_at is null or s.expires_at > p_now) and s.campaign_id is null
      -- What was proposed at one moment is to be chosen between; everything else is on its own.
      group by s.brand_id, case when s.generation_algorithm = 'thompson_sampling' and s.target_cohort_id is not null
        then s.created_at::text else s.id::text end
    ) r
    -- The oldest of each brand first, so that one brand's backlog does not keep the others waiting.
    order by row_number() over (partition by r.brand_id order by r.priority desc, r.created_at, r.stimuli[1]), r.brand_id
    limit p_limit
  loop
    v_started := clock_timestamp();
    begin
      perform private.stimuli_deploy_round(v_ready.brand_id, v_ready.stimuli, p_now, p_seed);
    exception when others then
      perform private.log_call('stimuli.deploy_round', v_ready.brand_id, '{}', null, v_started, null, 'stimulus', v_ready.stimuli[1], 'failed',
        jsonb_build_object('code', sqlstate, 'message', sqlerrm));
    end;
  end loop;
end
$$;
comment on function private.job_stimuli_deploy(timestamptz, integer, integer) is
  'Every 15 minutes: deploys what is approved, up to p_limit rounds, in turn between the brands. Proposals of one moment are one round.';

select cron.schedule('loopwise-stimuli-propose', '23 5 * * *', $$select private.job_stimuli_propose()$$);
select cron.schedule('loopwise-stimuli-deploy', '7-59/15 * * * *', $$select private.job_stimuli_deploy()$$);
