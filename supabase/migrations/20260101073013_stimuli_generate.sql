create function private.actor_choice(p_brand uuid, p_actor uuid, p_choice jsonb, p_now timestamptz)
returns jsonb
language sql
stable
set search_path = ''
as $$
  select p_choice || coalesce((
    select jsonb_build_object('alpha', p.mean * n.n, 'beta', (1 - p.mean) * n.n, 'reason', format('%s; of this person %s of 100 are expected',
      p_choice ->> 'reason', round((100 * p.mean)::numeric, 1)))
    from stimuli.stimulus_templates t
    join private.actors_posteriors(p_brand, array[p_actor], p_now) p
      on p.attribute = 'response.' || t.template_category and p.context = '' and not p.is_stated
    cross join lateral (select greatest(1, p.mean * (1 - p.mean) / nullif(p.variance, 0) - 1) as n) n
    where t.brand_id = p_brand and t.id = (p_choice ->> 'template_id')::uuid and p.mean > 0 and p.mean < 1), '{}')
$$;
comment on function private.actor_choice(uuid, uuid, jsonb, timestamptz) is
  'A choice for a cohort made one for a person of it: where it is believed how the person responds to templates of this category, that is its Beta (by mean and variance), and not the cohort''s.';

create function private.stimuli_generate(p_brand uuid, p_cohort uuid, p_actor uuid, p_template uuid, p_now timestamptz, p_seed integer)
returns stimuli.stimuli_base
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  v_started timestamptz := clock_timestamp();
  v_cohort uuid := p_cohort;
  v_choices private.template_choice[];
  v_choice jsonb;
  v_new stimuli.stimuli_base;
begin
  perform private.require_role(p_brand, 'manager');
  perform private.require_time('p_now', p_now);
  if num_nonnulls(p_cohort, p_actor) <> 1 then
    perform private.raise_error('invalid_argument', 'p_cohort', 'give either a cohort or a person');
  elsif p_actor is not null and not exists (
      select from actors.actors a where a.brand_id = p_brand and a.id = p_actor and a.is_active and a.merged_into is null) then
    perform private.raise_error('not_found', 'person', p_actor::text);
  elsif p_cohort is not null and not exists (
      select from cohorts.cohorts c where c.brand_id = p_brand and c.id = p_cohort and c.cohort_status = 'active') then
    perform private.raise_error('not_found', 'cohort', p_cohort::text);
  end if;
  if p_actor is not null then
    select m.cohort_id into v_cohort from cohorts.actor_cohort_membership m
    join cohorts.cohorts c on c.brand_id = m.brand_id and c.id = m.cohort_id and c.cohort_status = 'active'
    where m.brand_id = p_brand and m.actor_id = p_actor and m.is_active
    order by m.membership_type, m.membership_confidence desc, m.cohort_id limit 1;
  end if;
  v_choices := array(select c from private.template_choices(p_brand, v_cohort, p_now, p_seed) c);
  v_choice := private.chosen_template(p_brand, v_cohort, p_seed, v_choices, coalesce(p_template, v_choices[1].template_id), p_template is not null);
  if v_choice is null then
    perform private.raise_error('no_usable_template');
  end if;
  if p_actor is not null then
    v_choice := private.actor_choice(p_brand, p_actor, v_choice, p_now);
  end if;
  v_new := private.draft_from_template(p_brand, (v_choice ->> 'template_id')::uuid, v_cohort, p_actor, v_choice, p_now);
  perform private.log_call('stimuli.generate', p_brand, jsonb_build_object('cohort', p_cohort, 'actor', p_actor, 'template', p_template, 'now', p_now, 'seed', p_seed),
    jsonb_build_object('stimulus', v_new.id), v_started, null, 'stimulus', v_new.id);
  return v_new;
end
$$;
comment on function private.stimuli_generate(uuid, uuid, uuid, uuid, timestamptz, integer) is
  'Body of stimuli.generate. Definer: writes drafts with reasoning, which clients may not.';
grant execute on function private.stimuli_generate(uuid, uuid, uuid, uuid, timestamptz, integer) to authenticated, service_role;

create function stimuli.generate(p_brand uuid, p_cohort uuid default null, p_actor uuid default null, p_template uuid default null,
  p_now timestamptz default now(), p_seed integer default 42)
returns stimuli.stimuli_base
language sql
volatile
set search_path = ''
begin atomic
  select * from private.stimuli_generate(p_brand, p_cohort, p_actor, p_template, p_now, p_seed);
end;
comment on function stimuli.generate(uuid, uuid, uuid, uuid, timestamptz, integer) is
  'Makes one draft for an active cohort or for one person, and returns it: from p_template, or from the one that Thompson sampling chooses for the cohort (the person''s own, where it is for a person), reproducibly for the same p_now and p_seed. expected_outcomes has the expected response and value with their uncertainty, the reasoning log the alternatives. For managers. Errors: not_found, invalid_argument, no_usable_template (409).';
grant execute on function stimuli.generate(uuid, uuid, uuid, uuid, timestamptz, integer) to authenticated, service_role;

create function private.stimuli_writing_facts(p_brand uuid, p_stimulus uuid)
returns jsonb
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  v_stimulus stimuli.stimuli_base;
  v_rate record;
begin
  perform private.require_role(p_brand, 'manager');
  v_stimulus := private.stimulus_for_update(p_brand, p_stimulus);
  if v_stimulus.status <> 'draft' then
    perform private.raise_error('stimulus_not_ready', p_stimulus::text, v_stimulus.status::text, 'rewritten');
  end if;
  select * into v_rate from private.take_rate('stimuli.writing:' || p_brand,
    greatest(private.parameter(p_brand, 'stimuli.writings_per_hour')::integer, 1), '1 hour');
  if not v_rate.allowed then
    perform private.raise_error('rate_limited', 'texts of stimuli', v_rate.retry_after_seconds::text);
  end if;
  return (
    select jsonb_build_object('brand_id', p_brand, 'asked_by', auth.uid(), 'language', b.language, 'currency', b.currency, 'brand', b.brand_name,
      'category', t.template_category, 'purpose', coalesce(t.template_description, v_stimulus.stimulus_description, v_stimulus.stimulus_name),
      'texts', v_stimulus.content_data, 'fields', coalesce(v_stimulus.generation_parameters -> 'fields', '[]'),
      'values', coalesce(v_stimulus.generation_parameters -> 'values', '{}'),
      'cohort', c.cohort_name,
      -- Of groups, never of a person: words only, the figures are not for a text.
      'characteristics', (
        select coalesce(jsonb_agg(jsonb_build_object('label', h.characteristic_value -> 'label', 'direction', h.characteristic_value -> 'direction')
          order by abs(h.effect_size) desc, h.characteristic_name), '[]')
        from cohorts.cohort_characteristics h where h.brand_id = p_brand and h.cohort_id = v_stimulus.target_cohort_id and h.is_current))
    from core.brands b
    left join stimuli.stimulus_templates t on t.brand_id = b.id and t.id = v_stimulus.template_id
    left join cohorts.cohorts c on c.brand_id = b.id and c.id = v_stimulus.target_cohort_id
    where b.id = p_brand);
end
$$;
comment on function private.stimuli_writing_facts(uuid, uuid) is
  'Body of stimuli.writing_facts. Definer: the role and the rate limit are not the caller''s to check.';
grant execute on function private.stimuli_writing_facts(uuid, uuid) to authenticated, service_role;

create function stimuli.writing_facts(p_brand uuid, p_stimulus uuid)
returns jsonb
language sql
volatile
set search_path = ''
begin atomic
  select private.stimuli_writing_facts(p_brand, p_stimulus);
end;
comment on function stimuli.writing_facts(uuid, uuid) is
  'What somebody has to know who is to write the texts of a draft anew: {brand_id, asked_by, language, currency, brand, category, purpose, texts, fields, values, cohort, characteristics: [{label, direction}]}. Labels and values may hold words of strangers. For managers, stimuli.writings_per_hour times an hour. Errors: not_found, role_too_low, stimulus_not_ready, rate_limited.';
grant execute on function stimuli.writing_facts(uuid, uuid) to authenticated, service_role;

create function private.stimuli_rewrite(p_brand uuid, p_stimulus uuid, p_was jsonb, p_content jsonb, p_provider text, p_model text, p_now timestamptz)
returns stimuli.stimuli_base
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  v_stimulus stimuli.stimuli_base;
begin
  perform private.require_service();
  v_stimulus := private.stimulus_for_update(p_brand, p_stimulus);
  if v_stimulus.status <> 'draft' or v_stimulus.content_data <> p_was then
    perform private.raise_error('stimulus_not_ready', p_stimulus::text, v_stimulus.status::text, 'rewritten');
  end if;
  update stimuli.stimuli_base s
  set content_data = p_content, content_checked_at = p_now, generated_by = 'hybrid',
    generation_parameters = s.generation_parameters || jsonb_build_object('provider', p_provider, 'model', p_model),
    decision_factors = s.decision_factors || jsonb_build_array(format('text by %s, model %s', p_provider, p_model))
  where s.id = p_stimulus returning * into v_stimulus;
  update stimuli.messages m set message_text = coalesce(p_content ->> 'body', m.message_text) where m.brand_id = p_brand and m.stimulus_id = p_stimulus;
  return v_stimulus;
end
$$;
comment on function private.stimuli_rewrite(uuid, uuid, jsonb, jsonb, text, text, timestamptz) is
  'Body of stimuli.rewrite. Definer: content that counts as checked is not writable by clients.';
grant execute on function private.stimuli_rewrite(uuid, uuid, jsonb, jsonb, text, text, timestamptz) to service_role;

create function stimuli.rewrite(p_brand uuid, p_stimulus uuid, p_was jsonb, p_content jsonb, p_provider text, p_model text, p_now timestamptz default now())
returns stimuli.stimuli_base
language sql
volatile
set search_path = ''
begin atomic
  select * from private.stimuli_rewrite(p_brand, p_stimulus, p_was, p_content, p_provider, p_model, p_now);
end;
comment on function stimuli.rewrite(uuid, uuid, jsonb, jsonb, text, text, timestamptz) is
  'Gives a draft the texts that an AI provider wrote, if it still has the ones that the provider was given (p_was). They have passed the check of templates. Service role only: the Edge Function stimuli. Errors: not_found, stimulus_not_ready.';
grant execute on function stimuli.rewrite(uuid, uuid, jsonb, jsonb, text, text, timestamptz) to service_role;
