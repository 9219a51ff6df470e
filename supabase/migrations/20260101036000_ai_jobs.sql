create function private.job_ai_refresh(p_now timestamptz default now())
returns void
language plpgsql
volatile
set search_path = ''
as $$
declare
  v_brand uuid;
begin
  perform private.count_calls();
  -- One brand at a time, so that a failure is that brand's alone. A state changes by calls that are new since it was
  -- written and by calls that were in its 24 hours and are no more; a brand with neither is left.
  for v_brand in
    select b.id from core.brands b
    left join ai.ai_system_state s on s.brand_id = b.id
    where b.is_active
      and (s.id is null or exists (
        select from ai.function_calls c where c.brand_id = b.id and c.call_timestamp > s.updated_at - interval '24 hours'))
    order by s.updated_at nulls first limit 1000
  loop
    begin
      perform private.refresh_system_state(v_brand, p_now);
    exception when others then
      perform private.emit(v_brand, 'ai.state_refresh_failed', null, null, jsonb_build_object('error', sqlerrm));
    end;
  end loop;
end
$$;
comment on function private.job_ai_refresh(timestamptz) is
  'Every five minutes: counts the new calls and rewrites ai.ai_system_state of up to 1,000 brands that it may have changed for, the stalest first.';

select cron.schedule('loopwise-ai-refresh', '*/5 * * * *', $$select private.job_ai_refresh()$$);
