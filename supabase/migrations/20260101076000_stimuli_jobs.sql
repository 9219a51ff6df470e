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
    select s.brand_id, s.id from stimuli.stimuli_base s join core.brands b on b.id = s.brand_id and b.is_active
    where (s.status = 'approved' or s.status = 'scheduled' and s.scheduled_for <= p_now)
      and (s.expires_at is null or s.expires_at > p_now) and s.campaign_id is null
    -- The oldest of each brand first, so that one brand's backlog does not keep the others waiting.
    order by row_number() over (partition by s.brand_id order by s.priority desc, s.created_at, s.id), s.brand_id
    limit p_limit
  loop
    v_started := clock_timestamp();
    begin
      perform private.stimuli_deploy(v_ready.brand_id, v_ready.id, p_now, p_seed);
    exception when others then
      perform private.log_call('stimuli.deploy', v_ready.brand_id, '{}', null, v_started, null, 'stimulus', v_ready.id, 'failed',
        jsonb_build_object('code', sqlstate, 'message', sqlerrm));
    end;
  end loop;
end
$$;
comment on function private.job_stimuli_deploy(timestamptz, integer, integer) is
  'Every 15 minutes: deploys up to p_limit approved stimuli, in turn between the brands.';

select cron.schedule('loopwise-stimuli-propose', '23 5 * * *', $$select private.job_stimuli_propose()$$);
select cron.schedule('loopwise-stimuli-deploy', '7-59/15 * * * *', $$select private.job_stimuli_deploy()$$);
