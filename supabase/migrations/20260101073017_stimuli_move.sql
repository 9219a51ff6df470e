create function private.stimuli_move_campaign(p_brand uuid, p_campaign uuid, p_to text, p_now timestamptz)
returns stimuli.stimuli_base
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  v_campaign stimuli.stimuli_base;
begin
  perform private.require_role(p_brand, 'manager');
  if not coalesce(p_to in ('pause', 'resume', 'cancel', 'complete'), false) then
    perform private.raise_error('invalid_argument', 'p_to', 'must be pause, resume, cancel or complete');
  end if;
  v_campaign := private.stimulus_for_update(p_brand, p_campaign);
  if v_campaign.stimulus_type <> 'campaign' then
    perform private.raise_error('not_found', 'campaign', p_campaign::text);
  elsif not (case p_to when 'pause' then v_campaign.status in ('approved', 'scheduled', 'active', 'paused')
      when 'resume' then v_campaign.status in ('paused', 'active', 'approved', 'scheduled')
      when 'complete' then v_campaign.status in ('active', 'paused', 'completed')
      else v_campaign.status <> 'completed' end) then
    perform private.raise_error('stimulus_not_ready', p_campaign::text, v_campaign.status::text, p_to || case p_to when 'cancel' then 'led' else 'd' end);
  end if;
  update stimuli.stimuli_base s
  set status = m.status, completed_at = case when m.status = 'completed' then coalesce(s.completed_at, p_now) else s.completed_at end
  from (
    select x.id, (case p_to when 'pause' then 'paused' when 'cancel' then 'cancelled' when 'complete' then 'completed'
      -- Where it was before: deployed or not yet.
      else case when x.activated_at is not null then 'active' when x.scheduled_for > p_now then 'scheduled' else 'approved' end end)::stimuli.stimulus_status as status
    from stimuli.stimuli_base x
    where x.brand_id = p_brand and (x.id = p_campaign or x.campaign_id = p_campaign) and x.status not in ('completed', 'cancelled', 'failed')
      and (p_to <> 'resume' or x.status = 'paused')
  ) m
  where s.id = m.id and s.status <> m.status;
  if found then
    perform private.emit(p_brand, 'stimuli.campaign_' || case p_to when 'pause' then 'paused' when 'resume' then 'resumed' when 'cancel' then 'cancelled' else 'completed' end,
      'stimulus', p_campaign, '{}');
  end if;
  return private.stimulus_for_update(p_brand, p_campaign);
end
$$;
comment on function private.stimuli_move_campaign(uuid, uuid, text, timestamptz) is 'Body of stimuli.move_campaign. Definer: clients may not move a status.';
grant execute on function private.stimuli_move_campaign(uuid, uuid, text, timestamptz) to authenticated, service_role;

create function stimuli.move_campaign(p_brand uuid, p_campaign uuid, p_to text, p_now timestamptz default now())
returns stimuli.stimuli_base
language sql
volatile
set search_path = ''
begin atomic
  select * from private.stimuli_move_campaign(p_brand, p_campaign, p_to, p_now);
end;
comment on function stimuli.move_campaign(uuid, uuid, text, timestamptz) is
  'Pauses, resumes, cancels or completes (p_to: pause, resume, cancel, complete) a campaign with all its variants that have not ended, and returns it. Again it changes nothing. What is paused or ended is not sent. For managers. Errors: not_found, invalid_argument, stimulus_not_ready (409).';
grant execute on function stimuli.move_campaign(uuid, uuid, text, timestamptz) to authenticated, service_role;

create function private.roll_up_campaigns()
returns trigger
language plpgsql
security definer
set search_path = ''
as $$
begin
  -- Also ends the chain: a campaign is no variant.
  if not exists (select from touched t where t.campaign_id is not null) then
    return null;
  end if;
  update stimuli.stimuli_base c
  set total_sent = v.sent, total_delivered = v.delivered, total_opened = v.opened, total_clicked = v.clicked, total_converted = v.converted,
    activated_at = coalesce(c.activated_at, v.activated_at), completed_at = case when v.status = 'completed' then coalesce(c.completed_at, v.completed_at) else c.completed_at end,
    status = coalesce(v.status, c.status)
  from (
    select s.campaign_id, sum(s.total_sent) as sent, sum(s.total_delivered) as delivered, sum(s.total_opened) as opened,
      sum(s.total_clicked) as clicked, sum(s.total_converted) as converted, min(s.activated_at) as activated_at, max(s.completed_at) as completed_at,
      case when bool_or(s.status = 'active') then 'active'
        when bool_and(s.status in ('completed', 'cancelled', 'failed')) and bool_or(s.status = 'completed') then 'completed' end::stimuli.stimulus_status as status
    from stimuli.stimuli_base s
    where (s.brand_id, s.campaign_id) in (select t.brand_id, t.campaign_id from touched t where t.campaign_id is not null)
    group by s.campaign_id
  ) v
  where c.id = v.campaign_id
    and (c.total_sent, c.total_delivered, c.total_opened, c.total_clicked, c.total_converted, c.activated_at, c.status)
      is distinct from (v.sent, v.delivered, v.opened, v.clicked, v.converted, coalesce(c.activated_at, v.activated_at), coalesce(v.status, c.status));
  return null;
end
$$;
comment on function private.roll_up_campaigns() is
  'Trigger (after update, per statement): a campaign has the totals of its variants, is active once one is, and completed when all have ended. Definer: totals and statuses are not writable by clients.';
