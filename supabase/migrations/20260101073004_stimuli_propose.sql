create function private.add_proposal(p_brand uuid, p_cohort uuid, p_now timestamptz, p_seed integer, p_choices private.template_choice[], p_template uuid)
returns stimuli.stimuli_base
language plpgsql
volatile
set search_path = ''
as $$
declare
  v_choice record;
  v_alternatives jsonb;
  v_template stimuli.stimulus_templates;
  v_cohort cohorts.cohorts;
  v_values jsonb;
  v_content jsonb;
  v_terms jsonb;
  v_reason text;
  v_new stimuli.stimuli_base;
begin
  select * into v_choice from unnest(p_choices) c where c.draw is not null and c.template_id = p_template;
  if not found then
    return null;
  end if;
  select jsonb_agg(jsonb_build_object('template_id', t.id, 'template', t.template_name, 'alpha', c.alpha, 'beta', c.beta,
      'deployments', c.pulls, 'draw', c.draw, 'probability', c.probability, 'missing_fields', c.missing_fields)
    order by c.draw desc nulls last)
  into v_alternatives
  from unnest(p_choices) c join stimuli.stimulus_templates t on t.id = c.template_id;
  select * into v_template from stimuli.stimulus_templates t where t.id = v_choice.template_id;
  select * into v_cohort from cohorts.cohorts c where c.id = p_cohort;

  v_values := v_template.default_content || private.cohort_fields(p_brand, p_cohort);
  v_content := private.fill_template(v_template.template_structure, v_values - 'first_name');
  v_terms := v_template.default_content;
  v_reason := format('%s for %s: drew %s of %s choices; %s responses expected of 100 (%s deployments so far)',
    v_template.template_name, coalesce(v_cohort.cohort_name, 'the cohort'), round(v_choice.draw::numeric, 3),
    (select count(*) from jsonb_array_elements(v_alternatives) a where a ->> 'draw' is not null),
    round((100 * v_choice.alpha / (v_choice.alpha + v_choice.beta))::numeric, 1), v_choice.pulls);

  v_new.id := private.uuid_v7();
  insert into stimuli.stimuli_base (id, brand_id, stimulus_type, stimulus_name, stimulus_description, content_data,
    target_cohort_id, template_id, generated_by, generation_algorithm, generation_parameters, generation_confidence,
    reasoning_log_id, decision_factors, expected_outcomes, status, relevance_score, created_at)
  values (
    v_new.id, p_brand, v_template.template_type::stimuli.stimulus_type,
    left(coalesce(v_content ->> 'subject', v_template.template_name) || ' · ' || coalesce(v_cohort.cohort_name, 'cohort'), 200),
    v_template.template_description, v_content, p_cohort, v_template.id, 'template', 'thompson_sampling',
    jsonb_build_object('template_id', v_template.id, 'seed', p_seed, 'decided_at', p_now, 'propensity', v_choice.probability,
      'first_name', coalesce(v_values ->> 'first_name', '')),
    v_choice.probability,
    private.log_reasoning(p_brand, 'stimulus_generation', 'stimulus', v_new.id, v_reason, v_choice.probability,
      jsonb_build_array(jsonb_build_object('kind', 'cohort', 'id', p_cohort, 'fields', private.cohort_fields(p_brand, p_cohort))),
      v_alternatives,
      jsonb_build_array(
        'Templates with a field that the cohort does not give were left out.',
        'One draw from the Beta posterior of the response rate of each template in this cohort.',
        'The largest draw was chosen; probability is how often that happens over all seeds.')),
    jsonb_build_array(v_reason),
    jsonb_build_object('outcome_type', 'purchase', 'response_rate', v_choice.alpha / (v_choice.alpha + v_choice.beta),
      'standard_deviation', sqrt(v_choice.alpha * v_choice.beta
        / ((v_choice.alpha + v_choice.beta) ^ 2 * (v_choice.alpha + v_choice.beta + 1))),
      'members', v_cohort.member_count,
      'expected_responses', v_cohort.member_count * v_choice.alpha / (v_choice.alpha + v_choice.beta)
        * (1 - private.parameter(p_brand, 'stimuli.holdout_share')::double precision)),
    case when private.parameter(p_brand, 'stimuli.auto_approve')::boolean then 'approved' else 'draft' end::stimuli.stimulus_status,
    coalesce((select max(h.distinctiveness_score) from cohorts.cohort_characteristics h
      where h.brand_id = p_brand and h.cohort_id = p_cohort and h.is_current
        and h.characteristic_name like 'preference.category.%' and v_template.required_fields ? 'top_category'), 0),
    p_now)
  returning * into v_new;

  if v_template.template_type = 'offer' then
    insert into stimuli.offers (stimulus_id, brand_id, offer_type, offer_value, offer_percentage, offer_description,
      valid_from, valid_until, applicable_products, approval_required, approval_status)
    values (v_new.id, p_brand, (v_terms ->> 'offer_type')::stimuli.offer_type, (v_terms ->> 'offer_value')::numeric,
      (v_terms ->> 'offer_percentage')::double precision, coalesce(v_content ->> 'body', v_template.template_name),
      p_now, p_now + (v_terms ->> 'valid_days')::double precision * interval '1 day',
      case when v_template.required_fields ? 'top_category' then jsonb_build_array(jsonb_build_object('category', v_values ->> 'top_category'))
        else '[]' end,
      true, case v_new.status when 'approved' then 'approved' else 'pending' end);
  elsif v_template.template_type = 'message' then
    insert into stimuli.messages (stimulus_id, brand_id, message_type, message_channel, message_text, personalization_tokens)
    values (v_new.id, p_brand, 'text', (private.parameter(p_brand, 'stimuli.default_channel') #>> '{}')::stimuli.channel,
      coalesce(v_content ->> 'body', v_template.template_name), to_jsonb(private.template_fields(v_content)));
  end if;
  return v_new;
end
$$;
comment on function private.add_proposal(uuid, uuid, timestamptz, integer, private.template_choice[], uuid) is
  'Proposes one template (p_template) of the choices for one cohort: content, reasoning, expected outcome. Null when it cannot be filled.';

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
        where s.brand_id = p_brand and s.target_cohort_id = c.id
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
