create function private.draft_of_offer(p_stimulus stimuli.stimuli_base, p_template private.usable_templates)
returns void
language sql
volatile
set search_path = ''
as $$
  insert into stimuli.offers (stimulus_id, brand_id, offer_type, offer_value, offer_percentage, offer_description,
    minimum_purchase, maximum_discount, usage_limit, usage_limit_per_customer, valid_from, valid_until, applicable_products, approval_required)
  select p_stimulus.id, p_stimulus.brand_id, (t.terms ->> 'offer_type')::stimuli.offer_type, (t.terms ->> 'offer_value')::numeric,
    (t.terms ->> 'offer_percentage')::double precision, coalesce(p_template.template_description, p_template.template_name),
    (t.terms ->> 'minimum_purchase')::numeric, (t.terms ->> 'maximum_discount')::numeric, (t.terms ->> 'usage_limit')::integer,
    coalesce((t.terms ->> 'usage_limit_per_customer')::integer, 1),
    p_stimulus.created_at, p_stimulus.created_at + (t.terms ->> 'valid_days')::double precision * interval '1 day',
    -- What the text speaks of is what the offer is for.
    (select coalesce(jsonb_agg(jsonb_build_object('category', p_stimulus.generation_parameters -> 'values' ->> c.field) order by c.field), '[]')
     from unnest(array['second_category', 'top_category']) c (field) where c.field = any (p_template.required)),
    true
  from (select p_template.default_content as terms) t
$$;
comment on function private.draft_of_offer(stimuli.stimuli_base, private.usable_templates) is
  'The commercial part of a stimulus made from a template: its terms, valid from the moment it was made; once per customer where the template says nothing else.';

create function private.draft_from_template(
  p_brand uuid, p_template uuid, p_cohort uuid, p_actor uuid, p_choice jsonb, p_now timestamptz,
  p_campaign uuid default null, p_weight double precision default null
)
returns stimuli.stimuli_base
language plpgsql
volatile
set search_path = ''
as $$
declare
  v_template private.usable_templates;
  v_cohort cohorts.cohorts;
  v_given jsonb := private.cohort_fields(p_brand, p_cohort);
  v_value record;
  v_people bigint := 1;
  v_new stimuli.stimuli_base;
begin
  select * into v_template from private.usable_templates t where t.brand_id = p_brand and t.id = p_template;
  if not found then
    perform private.raise_error('template_not_usable', p_template::text);
  end if;
  select * into v_cohort from cohorts.cohorts c where c.brand_id = p_brand and c.id = p_cohort;
  select * into v_value from private.cohort_order_value(p_brand, p_cohort);
  if p_actor is not null then
    select * into v_value from private.actor_order_value(p_brand, p_actor, p_now);
  elsif v_cohort.id is not null then
    v_people := v_cohort.member_count;
  end if;

  v_new.id := private.uuid_v7();
  insert into stimuli.stimuli_base (id, brand_id, stimulus_type, stimulus_name, stimulus_description, content_data,
    target_cohort_id, target_actor_id, template_id, template_version_id, campaign_id, variant_weight, generated_by, generation_algorithm,
    generation_parameters, generation_confidence, decision_factors, expected_outcomes, relevance_score, content_checked_at, created_at)
  values (
    v_new.id, p_brand, v_template.template_type::stimuli.stimulus_type,
    left(v_template.template_name || coalesce(' · ' || v_cohort.cohort_name, ''), 200), v_template.template_description,
    v_template.template_structure, p_cohort, p_actor, v_template.id, v_template.version_id, p_campaign, p_weight, 'template', p_choice ->> 'algorithm',
    jsonb_strip_nulls(jsonb_build_object('template_id', v_template.id, 'seed', p_choice -> 'seed', 'decided_at', p_now, 'propensity', p_choice -> 'propensity',
      'values', (select coalesce(jsonb_object_agg(x.key, x.value), '{}') from jsonb_each(v_template.default_content || coalesce(v_given, '{}')) x
        where x.key = any (v_template.needed)),
      'fields', v_template.fields,
      'personal_fields', (select coalesce(jsonb_agg(coalesce(f ->> 'name', f #>> '{}')), '[]') from jsonb_array_elements(v_template.fields) f
        where coalesce(f ->> 'name', f #>> '{}') = any (private.person_fields())))),
    coalesce((p_choice ->> 'propensity')::double precision, 0), jsonb_build_array(p_choice -> 'reason'),
    case when p_choice ? 'alpha' then private.expected_outcome((p_choice ->> 'alpha')::double precision, (p_choice ->> 'beta')::double precision,
      v_value.log_mean, v_value.log_deviation, v_people) else '{}' end,
    coalesce((select max(h.distinctiveness_score) from cohorts.cohort_characteristics h
      where h.brand_id = p_brand and h.cohort_id = p_cohort and h.is_current
        and h.characteristic_name like 'preference.category.%' and 'top_category' = any (v_template.required)), 0),
    p_now, p_now)
  returning * into v_new;

  if v_template.template_type = 'offer' then
    perform private.draft_of_offer(v_new, v_template);
  elsif v_template.template_type = 'message' then
    insert into stimuli.messages (stimulus_id, brand_id, message_type, message_channel, message_text, personalization_tokens)
    values (v_new.id, p_brand, 'text', (private.parameter(p_brand, 'stimuli.default_channel') #>> '{}')::stimuli.channel,
      coalesce(v_template.template_structure ->> 'body', v_template.template_name), v_new.generation_parameters -> 'personal_fields');
  end if;
  update stimuli.stimuli_base s
  set reasoning_log_id = private.log_reasoning(p_brand, 'stimulus_generation', 'stimulus', v_new.id, p_choice ->> 'reason',
    coalesce((p_choice ->> 'propensity')::double precision, 1),
    jsonb_path_query_array(jsonb_build_array(jsonb_build_object('kind', 'cohort', 'id', p_cohort, 'fields', v_given),
      jsonb_build_object('kind', 'actor', 'id', p_actor)), '$[*] ? (@.id != null)'),
    coalesce(p_choice -> 'alternatives', '[]'), coalesce(p_choice -> 'steps', '[]'))
  where s.id = v_new.id returning * into v_new;
  return v_new;
end
$$;
comment on function private.draft_from_template(uuid, uuid, uuid, uuid, jsonb, timestamptz, uuid, double precision) is
  'Makes a draft from the current version of a template for a cohort, a person (with its cohort) or both null: content, values, terms, what is expected, and why. p_choice: {"reason", "algorithm", "propensity"?, "alpha"?, "beta"? of the response, "seed"?, "alternatives"?, "steps"?}. p_campaign, p_weight: of a variant. Error: template_not_usable.';

create function private.chosen_template(p_brand uuid, p_cohort uuid, p_seed integer, p_choices private.template_choice[], p_template uuid, p_is_given boolean)
returns jsonb
language sql
stable
set search_path = ''
as $$
  with choices as materialized (
    select c.*, t.template_name, row_number() over (order by c.draw desc nulls last, c.template_id) as place
    from unnest(p_choices) c
    join stimuli.stimulus_templates t on t.brand_id = p_brand and t.id = c.template_id
  )
  select jsonb_build_object('template_id', c.template_id, 'alpha', c.alpha, 'beta', c.beta, 'seed', p_seed,
    'algorithm', case when p_is_given then 'given' else 'thompson_sampling' end,
    'propensity', case when p_is_given then 1 else c.probability end,
    'reason', format('%s for %s: %s; %s responses expected of 100 (%s deployments so far)', c.template_name, coalesce(k.cohort_name, 'the cohort'),
      case when p_is_given then 'asked for'
        else format('drew %s, place %s of %s choices', round(c.draw::numeric, 3), c.place, (select count(*) from choices x where x.draw is not null)) end,
      round((100 * c.alpha / (c.alpha + c.beta))::numeric, 1), c.pulls),
    'alternatives', (select jsonb_agg(jsonb_build_object('template_id', x.template_id, 'template', x.template_name, 'alpha', x.alpha, 'beta', x.beta,
      'deployments', x.pulls, 'draw', x.draw, 'probability', x.probability, 'missing_fields', x.missing_fields) order by x.place) from choices x),
    'steps', jsonb_build_array(
      'Templates with a field that the cohort does not give were left out.',
      'One draw from the Beta posterior of the response rate of each template in this cohort.',
      'The largest draws come first; probability is how often a template has the largest, over all seeds.'))
  from choices c
  left join cohorts.cohorts k on k.brand_id = p_brand and k.id = p_cohort
  where c.draw is not null and c.template_id = p_template
$$;
comment on function private.chosen_template(uuid, uuid, integer, private.template_choice[], uuid, boolean) is
  'One of the choices for a cohort (private.template_choices) in the shape that private.draft_from_template takes. p_is_given: somebody asked for it, nothing was drawn. Null where it cannot be filled.';

create function private.add_proposal(p_brand uuid, p_cohort uuid, p_now timestamptz, p_seed integer, p_choices private.template_choice[], p_template uuid)
returns stimuli.stimuli_base
language plpgsql
volatile
set search_path = ''
as $$
declare
  v_choice jsonb := private.chosen_template(p_brand, p_cohort, p_seed, p_choices, p_template, false);
  v_new stimuli.stimuli_base;
begin
  if v_choice is null then
    return null;
  end if;
  v_new := private.draft_from_template(p_brand, p_template, p_cohort, null, v_choice, p_now);
  if private.parameter(p_brand, 'stimuli.auto_approve')::boolean then
    v_new := private.approve_stimulus(v_new, null, p_now);
  end if;
  return v_new;
end
$$;
comment on function private.add_proposal(uuid, uuid, timestamptz, integer, private.template_choice[], uuid) is
  'Proposes one template (p_template) of the choices for one cohort, approved at once where stimuli.auto_approve is on. Null when it cannot be filled.';

create function private.stimuli_propose(p_brand uuid, p_now timestamptz, p_seed integer)
returns setof stimuli.stimuli_base
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  v_started timestamptz := clock_timestamp();
  v_cohort uuid;
  v_choices private.template_choice[];
  v_template uuid;
  v_new stimuli.stimuli_base;
  v_proposed integer := 0;
  v_skipped jsonb := '[]'::jsonb;
begin
  perform private.require_role(p_brand, 'manager');
  -- Two calls at once would both see a cohort without a proposal.
  perform pg_advisory_xact_lock(hashtextextended('stimuli.propose:' || p_brand::text, 0));
  -- A loop: each cohort is a decision of its own with its own reasoning, and a brand has a handful.
  for v_cohort, v_choices, v_template in
    select c.id, o.choices, t.id from cohorts.cohorts c
    cross join lateral (select array(select x from private.template_choices(p_brand, c.id, p_now, p_seed) x) as choices offset 0) o
    left join lateral private.proposed_templates(p_brand, o.choices) t (id) on true
    where c.brand_id = p_brand and c.cohort_status = 'active' and c.member_count > 0
      and not exists (
        select from stimuli.stimuli_base s
        where s.brand_id = p_brand and s.target_cohort_id = c.id and s.target_actor_id is null
          and (s.status in ('draft', 'approved', 'scheduled', 'paused') or s.status = 'active' and s.expires_at > p_now))
    order by c.id, t.id
  loop
    v_new := private.add_proposal(p_brand, v_cohort, p_now, p_seed, v_choices, v_template);
    if v_new.id is null then
      v_skipped := v_skipped || to_jsonb(v_cohort);
    else
      v_proposed := v_proposed + 1;
      return next v_new;
    end if;
  end loop;
  if v_proposed > 0 then
    perform private.emit(p_brand, 'stimuli.proposed', null, null, jsonb_build_object('proposed', v_proposed));
  end if;
  perform private.log_call('stimuli.propose', p_brand, jsonb_build_object('now', p_now, 'seed', p_seed),
    jsonb_build_object('proposed', v_proposed, 'cohorts_without_a_usable_template', v_skipped), v_started);
end
$$;
comment on function private.stimuli_propose(uuid, timestamptz, integer) is
  'Body of stimuli.propose. Definer: writes reasoning logs, arms and proposals, which clients may not.';
grant execute on function private.stimuli_propose(uuid, timestamptz, integer) to authenticated, service_role;

create function stimuli.propose(p_brand uuid, p_now timestamptz default now(), p_seed integer default 42)
returns setof stimuli.stimuli_base
language sql
volatile
set search_path = ''
begin atomic
  select * from private.stimuli_propose(p_brand, p_now, p_seed);
end;
comment on function stimuli.propose(uuid, timestamptz, integer) is
  'Proposes offers or messages for each active cohort that has none waiting or running, and returns the new ones. Where people approve (the parameter stimuli.auto_approve is false): one draft, its template chosen by Thompson sampling over stimuli.arms, reproducibly for the same p_now and p_seed; its probability is in generation_parameters.propensity. Where they are approved at once: up to stimuli.candidates_per_cohort, for stimuli.deploy_round to choose between for each person. For managers.';
grant execute on function stimuli.propose(uuid, timestamptz, integer) to authenticated, service_role;
