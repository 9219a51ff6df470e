create view stimuli.held_deliveries with (security_invoker = true) as
select d.brand_id, d.id as deployment_id, d.stimulus_id, s.stimulus_name, d.actor_id, d.deployment_channel, d.handed_over_at, d.delivery_attempts,
  d.provider_message_id, d.error_message
from stimuli.stimulus_deployments d join stimuli.stimuli_base s on s.brand_id = d.brand_id and s.id = d.stimulus_id
where d.delivery_status = 'unknown';
comment on view stimuli.held_deliveries is
  'Messages of which nobody knows whether they were sent: the provider''s answer was lost. An event of the provider settles one, or stimuli.settle_delivery; none is sent again by itself.';

create view stimuli.undelivered with (security_invoker = true) as
select d.brand_id, d.id as deployment_id, d.stimulus_id, d.actor_id, d.deployment_channel, d.delivery_status, d.reason_code, d.error_code,
  d.error_message, d.next_attempt_at, d.delivery_attempts
from stimuli.stimulus_deployments d
where d.delivery_status in ('failed', 'expired', 'cancelled', 'unknown') or d.delivery_status = 'pending' and d.reason_code is not null;
comment on view stimuli.undelivered is 'Who did not get it, and why: for good (failed, expired, cancelled), until next_attempt_at (pending), or perhaps (unknown).';

create view stimuli.delivery_queue with (security_invoker = true) as
select d.brand_id, d.deployment_channel, d.purpose, d.delivery_status, d.reason_code, count(*) as messages,
  min(coalesce(d.next_attempt_at, d.scheduled_for, d.deployed_at)) as next_at
from stimuli.stimulus_deployments d
where d.delivery_status = 'pending' or d.lease_until is not null or d.delivery_status = 'unknown'
group by d.brand_id, d.deployment_channel, d.purpose, d.delivery_status, d.reason_code;
comment on view stimuli.delivery_queue is 'What waits, is being sent or is held, per channel and reason.';

create function private.stimuli_settle_delivery(p_brand uuid, p_deployment uuid, p_verdict text, p_now timestamptz)
returns stimuli.stimulus_deployments
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  v_started timestamptz := clock_timestamp();
  v_was stimuli.stimulus_deployments;
  v_is stimuli.stimulus_deployments;
begin
  perform private.require_role(p_brand, 'manager');
  if coalesce(p_verdict not in ('sent', 'failed', 'send_again'), true) then
    perform private.raise_error('invalid_argument', 'p_verdict', 'must be sent, failed or send_again');
  end if;
  select * into v_was from stimuli.stimulus_deployments d where d.brand_id = p_brand and d.id = p_deployment for update;
  if not found then
    perform private.raise_error('not_found', 'deployment', p_deployment::text);
  elsif v_was.delivery_status <> 'unknown' then
    perform private.raise_error('delivery_not_held', p_deployment::text, v_was.delivery_status::text);
  end if;
  update stimuli.stimulus_deployments d
  set delivery_status = case p_verdict when 'send_again' then 'pending' else p_verdict end::stimuli.delivery_status,
    reason_code = 'settled_by_hand', sent_at = case p_verdict when 'sent' then coalesce(d.sent_at, d.handed_over_at) end,
    delivery_attempts = case p_verdict when 'send_again' then 0 else d.delivery_attempts end, next_attempt_at = null,
    handed_over_at = case p_verdict when 'sent' then d.handed_over_at end, spending_day = case p_verdict when 'sent' then d.spending_day end,
    error_code = null
  where d.id = p_deployment
  returning * into v_is;
  perform private.add_to_totals(array[row(p_brand, v_is.stimulus_id, v_was.reach, v_is.reach)::private.reach_move]);
  perform private.settle_spending(array[row(p_brand, v_is.stimulus_id, v_was.spending_day, v_was.send_cost, p_verdict = 'sent')::private.spending_move]);
  perform private.log_call('stimuli.settle_delivery', p_brand, jsonb_build_object('deployment', p_deployment, 'verdict', p_verdict, 'now', p_now),
    jsonb_build_object('status', v_is.delivery_status), v_started, null, 'deployment', p_deployment);
  return v_is;
end
$$;
comment on function private.stimuli_settle_delivery(uuid, uuid, text, timestamptz) is 'Body of stimuli.settle_delivery. Definer: clients may not move a delivery.';
grant execute on function private.stimuli_settle_delivery(uuid, uuid, text, timestamptz) to authenticated, service_role;

create function stimuli.settle_delivery(p_brand uuid, p_deployment uuid, p_verdict text, p_now timestamptz default now())
returns stimuli.stimulus_deployments
language sql
volatile
set search_path = ''
begin atomic
  select * from private.stimuli_settle_delivery(p_brand, p_deployment, p_verdict, p_now);
end;
comment on function stimuli.settle_delivery(uuid, uuid, text, timestamptz) is
  'A manager''s word on a held message (stimuli.held_deliveries): sent, failed, or send_again, which puts it back into the queue and may mean that the person gets it twice. Returns the deployment. Errors: not_found, invalid_argument, delivery_not_held (409).';
grant execute on function stimuli.settle_delivery(uuid, uuid, text, timestamptz) to authenticated, service_role;

create function private.stimuli_redrive_deliveries(p_brand uuid, p_stimulus uuid, p_reason text, p_limit integer)
returns integer
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  v_started timestamptz := clock_timestamp();
  v_redriven integer;
begin
  perform private.require_role(p_brand, 'manager');
  if coalesce(p_reason not in ('attempts_exhausted', 'rejected'), true) then
    perform private.raise_error('invalid_argument', 'p_reason', 'must be attempts_exhausted or rejected');
  elsif p_limit is null or p_limit not between 1 and 100000 then
    perform private.raise_error('invalid_argument', 'p_limit', 'must lie between 1 and 100,000');
  end if;
  with chosen as materialized (
    select d.id from stimuli.stimulus_deployments d
    where d.brand_id = p_brand and (p_stimulus is null or d.stimulus_id = p_stimulus) and d.delivery_status = 'failed' and d.reason_code = p_reason
    order by d.id limit p_limit for update skip locked
  )
  update stimuli.stimulus_deployments d
  set delivery_status = 'pending', delivery_attempts = 0, next_attempt_at = null, reason_code = 'redriven'
  from chosen c where d.id = c.id;
  get diagnostics v_redriven = row_count;
  perform private.log_call('stimuli.redrive_deliveries', p_brand, jsonb_build_object('stimulus', p_stimulus, 'reason', p_reason),
    jsonb_build_object('redriven', v_redriven), v_started);
  return v_redriven;
end
$$;
comment on function private.stimuli_redrive_deliveries(uuid, uuid, text, integer) is 'Body of stimuli.redrive_deliveries. Definer: clients may not move a delivery.';
grant execute on function private.stimuli_redrive_deliveries(uuid, uuid, text, integer) to authenticated, service_role;

create function stimuli.redrive_deliveries(
  p_brand uuid, p_stimulus uuid default null, p_reason text default 'attempts_exhausted', p_limit integer default 1000
)
returns integer
language sql
volatile
set search_path = ''
begin atomic
  select private.stimuli_redrive_deliveries(p_brand, p_stimulus, p_reason, p_limit);
end;
comment on function stimuli.redrive_deliveries(uuid, uuid, text, integer) is
  'Gives failed messages (of one stimulus, or of all) all their attempts back: those that ran out of attempts, or were rejected. Whoever bounced stays suppressed. Returns how many. For managers. Error: invalid_argument.';
grant execute on function stimuli.redrive_deliveries(uuid, uuid, text, integer) to authenticated, service_role;
