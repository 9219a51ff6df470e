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

create function private.note_author()
returns trigger
language plpgsql
security definer
set search_path = ''
as $$
begin
  new.created_by := coalesce(new.created_by, private.caller_member(new.brand_id));
  return new;
end
$$;
comment on function private.note_author() is 'Trigger (before insert): who wrote it. Definer: reads past the policy of core.users.';

create function private.keep_approved_content()
returns trigger
language plpgsql
security definer
set search_path = ''
as $$
begin
  if old.status <> 'draft' then
    perform private.raise_error('stimulus_is_fixed', old.id::text, old.status::text);
  elsif new.content_data is distinct from old.content_data and new.content_checked_at is not distinct from old.content_checked_at then
    -- The check was of the content before.
    new.content_checked_at := null;
  end if;
  return new;
end
$$;
comment on function private.keep_approved_content() is
  'Trigger (before update of what is sent and to whom): once approved it stays; a draft''s new content is unchecked unless it comes with its check. Definer: the error registry is closed to clients.';

create function private.keep_approved_part()
returns trigger
language plpgsql
security definer
set search_path = ''
as $$
declare
  v_status stimuli.stimulus_status;
begin
  select s.status into v_status from stimuli.stimuli_base s where s.brand_id = new.brand_id and s.id = new.stimulus_id;
  if v_status <> 'draft' then
    perform private.raise_error('stimulus_is_fixed', new.stimulus_id::text, v_status::text);
  end if;
  return new;
end
$$;
comment on function private.keep_approved_part() is
  'Trigger (before insert, or update of terms and texts, of offers, messages and campaigns): they are fixed when their stimulus is approved. Definer: reads the stimulus past the policies.';

create function private.stimuli_preview_facts(p_brand uuid, p_stimulus uuid, p_actor uuid, p_now timestamptz)
returns jsonb
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  v_facts jsonb;
begin
  perform private.require_role(p_brand, 'support');
  if p_actor is not null and not exists (select from actors.actors a where a.brand_id = p_brand and a.id = p_actor) then
    perform private.raise_error('not_found', 'person', p_actor::text);
  end if;
  select jsonb_build_object('currency', max(b.currency), 'language', max(b.language), 'stimuli', jsonb_agg(jsonb_build_object('id', s.id, 'name', s.stimulus_name,
    'type', s.stimulus_type, 'status', s.status, 'content', s.content_data, 'is_checked', s.content_checked_at is not null,
    'category', coalesce(t.template_category::text, 'other'),
    'fields', coalesce(s.generation_parameters -> 'fields', '["first_name", "unsubscribe_url"]'), 'values', coalesce(s.generation_parameters -> 'values', '{}'),
    -- What was sent, where it was; a person whom it was not sent has no code to show.
    'personal', coalesce((select d.personalization_applied - 'offer_code' from stimuli.stimulus_deployments d
        where d.brand_id = p_brand and d.stimulus_id = s.id and d.actor_id = p_actor and not d.is_holdout),
      (select v.personal - 'offer_code' from private.personal_values(p_brand, array[p_actor], private.stimulus_person_fields(s), p_now) v), '{}')) order by s.id))
  into v_facts
  from stimuli.stimuli_base s
  join core.brands b on b.id = s.brand_id
  left join stimuli.stimulus_templates t on t.brand_id = s.brand_id and t.id = s.template_id
  where s.brand_id = p_brand and (s.campaign_id = p_stimulus or s.id = p_stimulus and s.stimulus_type <> 'campaign');
  if v_facts -> 'stimuli' = 'null' then
    perform private.raise_error('not_found', 'stimulus', p_stimulus::text);
  end if;
  return v_facts;
end
$$;
comment on function private.stimuli_preview_facts(uuid, uuid, uuid, timestamptz) is
  'Body of stimuli.preview_facts. Definer: what is known of the person is read as it will be at deployment.';
grant execute on function private.stimuli_preview_facts(uuid, uuid, uuid, timestamptz) to authenticated, service_role;

create function stimuli.preview_facts(p_brand uuid, p_stimulus uuid, p_actor uuid default null, p_now timestamptz default now())
returns jsonb
language sql
volatile
set search_path = ''
begin atomic
  select private.stimuli_preview_facts(p_brand, p_stimulus, p_actor, p_now);
end;
comment on function stimuli.preview_facts(uuid, uuid, uuid, timestamptz) is
  'What is rendered to show a stimulus, or every variant of a campaign, before it is sent: {currency, language, stimuli: [{id, name, type, status, content, is_checked, category, fields, values, personal}]}, personal of p_actor where that is given; never a code. Nothing is written or sent. For members from support up. Error: not_found.';
grant execute on function stimuli.preview_facts(uuid, uuid, uuid, timestamptz) to authenticated, service_role;

create function private.stimuli_save_content_check(p_brand uuid, p_stimulus uuid, p_content jsonb, p_now timestamptz)
returns boolean
language plpgsql
volatile
security definer
set search_path = ''
as $$
begin
  perform private.require_service();
  update stimuli.stimuli_base s set content_checked_at = p_now
  where s.brand_id = p_brand and s.id = p_stimulus and s.status = 'draft' and s.content_data = p_content;
  return found;
end
$$;
comment on function private.stimuli_save_content_check(uuid, uuid, jsonb, timestamptz) is
  'Body of stimuli.save_content_check. Definer: a client would pass what was never checked.';
grant execute on function private.stimuli_save_content_check(uuid, uuid, jsonb, timestamptz) to service_role;

create function stimuli.save_content_check(p_brand uuid, p_stimulus uuid, p_content jsonb, p_now timestamptz default now())
returns boolean
language sql
volatile
set search_path = ''
begin atomic
  select private.stimuli_save_content_check(p_brand, p_stimulus, p_content, p_now);
end;
comment on function stimuli.save_content_check(uuid, uuid, jsonb, timestamptz) is
  'Writes down that the content of a draft passed the check; false where it is not p_content any more, or no draft. Service role only: the Edge Function stimuli, which does the check.';
grant execute on function stimuli.save_content_check(uuid, uuid, jsonb, timestamptz) to service_role;
