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
