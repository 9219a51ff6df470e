create function private.refresh_stimulus_totals(p_brand uuid, p_stimuli uuid[])
returns void
language sql
volatile
set search_path = ''
as $$
  -- First the lock: who has moved a deployment and waits here adds to what is counted, and is not counted.
  select count(*) from (
    select from stimuli.stimuli_base b where b.brand_id = p_brand and b.id = any (p_stimuli) order by b.id for no key update
  ) locked;
  with totals as materialized (
    select d.stimulus_id, count(*) filter (where d.reach >= 1) as sent, count(*) filter (where d.reach >= 2) as delivered,
      count(*) filter (where d.reach >= 3) as opened, count(*) filter (where d.reach >= 4) as clicked, count(*) filter (where d.reach >= 5) as converted
    from stimuli.stimulus_deployments d
    where d.brand_id = p_brand and d.stimulus_id = any (p_stimuli) and not d.is_holdout
    group by d.stimulus_id
  )
  update stimuli.stimuli_base b
  set total_sent = t.sent, total_delivered = t.delivered, total_opened = t.opened, total_clicked = t.clicked, total_converted = t.converted
  from totals t
  where b.brand_id = p_brand and b.id = t.stimulus_id
    and (b.total_sent, b.total_delivered, b.total_opened, b.total_clicked, b.total_converted)
      is distinct from (t.sent, t.delivered, t.opened, t.clicked, t.converted)
$$;
comment on function private.refresh_stimulus_totals(uuid, uuid[]) is
  'Counts total_sent … total_converted of stimuli again from their deployments, by the furthest stage each has reached.';

create function private.stimuli_record_delivery(p_brand uuid, p_reports jsonb, p_now timestamptz)
returns integer
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  v_started timestamptz := clock_timestamp();
  v_changed uuid[];
begin
  perform private.require_role(p_brand, 'operator');
  if coalesce(jsonb_typeof(p_reports), 'null') <> 'array' then
    perform private.raise_error('invalid_argument', 'p_reports', 'must be an array');
  elsif jsonb_array_length(p_reports) > 1000 then
    perform private.raise_error('invalid_argument', 'p_reports', 'must have at most 1000 elements');
  elsif p_reports @? '$[*] ? (@.type() != "object" || !exists(@.deployment_id)
      || !(@.deployment_id like_regex "^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$") || !exists(@.status)
      || !(@.status == "sent" || @.status == "delivered" || @.status == "failed" || @.status == "expired" || @.status == "cancelled"))' then
    perform private.raise_error('invalid_argument', 'p_reports',
      'each element needs a deployment_id (uuid) and a status: sent, delivered, failed, expired or cancelled');
  end if;

  with reports as (
    -- Of several reports about one deployment in a call the last one counts.
    select distinct on (1) (e.r ->> 'deployment_id')::uuid as id, (e.r ->> 'status')::stimuli.delivery_status as status,
      e.r ->> 'error_code' as error_code, e.r ->> 'error_message' as error_message
    from jsonb_array_elements(p_reports) with ordinality e (r, place)
    order by 1, e.place desc
  ),
  locked as (
    select d.id, d.delivery_status as status from stimuli.stimulus_deployments d
    where d.brand_id = p_brand and d.id in (select r.id from reports r)
    order by d.id for update
  ),
  changed as (
    update stimuli.stimulus_deployments d
    set delivery_status = r.status, delivery_attempts = d.delivery_attempts + 1, last_delivery_attempt = p_now,
      error_code = r.error_code, error_message = left(r.error_message, 1000), lease_until = null
    from reports r join locked l on l.id = r.id
    where d.id = r.id
      and (l.status = 'pending' or l.status in ('sending', 'unknown') and r.status in ('sent', 'delivered', 'failed') or l.status = 'sent' and r.status in ('delivered', 'failed') or l.status = 'failed' and r.status in ('sent', 'delivered'))
    returning d.stimulus_id
  )
  select array_agg(c.stimulus_id) into v_changed from changed c;
  perform private.refresh_stimulus_totals(p_brand, (select array_agg(distinct s order by s) from unnest(v_changed) s));
  perform private.log_call('stimuli.record_delivery', p_brand, jsonb_build_object('reports', jsonb_array_length(p_reports)),
    jsonb_build_object('changed', coalesce(cardinality(v_changed), 0)), v_started);
  return coalesce(cardinality(v_changed), 0);
end
$$;
comment on function private.stimuli_record_delivery(uuid, jsonb, timestamptz) is 'Body of stimuli.record_delivery. Definer: clients may not move a delivery.';
grant execute on function private.stimuli_record_delivery(uuid, jsonb, timestamptz) to authenticated, service_role;

create function stimuli.record_delivery(p_brand uuid, p_reports jsonb, p_now timestamptz default now())
returns integer
language sql
volatile
set search_path = ''
begin atomic
  select * from private.stimuli_record_delivery(p_brand, p_reports, p_now);
end;
comment on function stimuli.record_delivery(uuid, jsonb, timestamptz) is
  'Takes up to 1,000 reports of a sender of the brand''s own (for the connectors see stimuli.channel_connectors), [{"deployment_id", "status", "error_code"?, "error_message"?}] with status sent, delivered, failed, expired or cancelled, and returns how many deployments moved. Only forward: pending to any, sending and unknown to sent, delivered or failed, sent to delivered or failed, failed to sent or delivered; a held-out, unknown or repeated one does not move. For operators. Error: invalid_argument.';
grant execute on function stimuli.record_delivery(uuid, jsonb, timestamptz) to authenticated, service_role;
