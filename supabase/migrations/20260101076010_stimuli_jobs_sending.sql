create function private.job_stimuli_deliver(p_now timestamptz default clock_timestamp())
returns bigint
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  v_url text := (select s.decrypted_secret from vault.decrypted_secrets s where s.name = 'project_url');
  v_secret text := (select s.decrypted_secret from vault.decrypted_secrets s where s.name = 'stimuli/deliver');
begin
  if v_url is null or v_secret is null or not exists (
    select from stimuli.channel_connectors k cross join unnest(enum_range(null::stimuli.send_purpose)) p (purpose)
    join stimuli.sending_state t on t.brand_id = k.brand_id and not t.is_paused
    where k.is_active and (
      exists (
        select from stimuli.stimulus_deployments d
        where d.brand_id = k.brand_id and d.deployment_channel = k.channel and d.purpose = p.purpose and d.delivery_status = 'pending'
          and coalesce(d.next_attempt_at, d.scheduled_for, d.deployed_at) <= p_now)
      or exists (select from stimuli.stimulus_deployments d where d.brand_id = k.brand_id and d.lease_until <= p_now))) then
    return null;
  end if;
  return net.http_post(url => rtrim(v_url, '/') || '/functions/v1/stimuli/deliver', body => '{}'::jsonb,
    headers => jsonb_build_object('content-type', 'application/json', 'authorization', 'Bearer ' || v_secret), timeout_milliseconds => 60000);
end
$$;
comment on function private.job_stimuli_deliver(timestamptz) is
  'Every minute: wakes the worker (POST /stimuli/deliver) where a message is due, and returns the id of the request. Needs two secrets in Vault: project_url, and stimuli/deliver, which the Edge Function has as STIMULI_DELIVER_SECRET. Several workers at once do no harm. Definer: reads Vault.';

select cron.schedule('loopwise-stimuli-deliver', '* * * * *', $$select private.job_stimuli_deliver()$$);
