create function private.check_campaign(p_campaign jsonb)
returns void
language plpgsql
stable
set search_path = ''
as $$
declare
  v_variants constant jsonb := coalesce(p_campaign -> 'variants', '[]');
  v_unknown text;
  v_fault record;
begin
  if jsonb_typeof(p_campaign) is distinct from 'object' or length(p_campaign::text) > 65536 then
    perform private.raise_error('invalid_argument', 'p_campaign', 'must be an object of at most 64 kB');
  end if;
  select k into v_unknown from jsonb_object_keys(p_campaign) k
  where k not in ('name', 'description', 'type', 'goal', 'theme', 'cohort_id', 'scheduled_for', 'expires_at', 'choice', 'variants', 'budget_limit',
    'daily_budget_limit', 'max_sends_per_day', 'total_send_limit', 'target_open_rate', 'target_click_rate', 'target_conversion_rate', 'target_roi') limit 1;
  if v_unknown is not null then
    perform private.raise_error('invalid_argument', 'p_campaign.' || left(v_unknown, 100), 'is not known');
  elsif jsonb_typeof(v_variants) <> 'array' or jsonb_array_length(v_variants) not between 1 and 20 then
    perform private.raise_error('invalid_argument', 'p_campaign.variants', 'must hold 1 to 20 variants');
  elsif exists (select from jsonb_array_elements(v_variants) v where not coalesce(jsonb_typeof(v) = 'object'
      and v ->> 'template_id' ~ '^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$'
      and v @? '$ ? (!exists(@.weight) || @.weight.type() == "number" && @.weight > 0 && @.weight <= 1000000)', false)) then
    perform private.raise_error('invalid_argument', 'p_campaign.variants', 'each needs a template_id (uuid), and a weight above 0 where it has one');
  elsif (select count(distinct v ->> 'template_id') from jsonb_array_elements(v_variants) v) < jsonb_array_length(v_variants) then
    perform private.raise_error('invalid_argument', 'p_campaign.variants', 'must be of different templates: what is learnt is learnt per template');
  end if;
  select f.field, f.fault into v_fault
  from (values
    ('name', p_campaign @? '$.name ? (@.type() == "string" && @ like_regex "\\S")' and length(p_campaign ->> 'name') <= 200, 'must have 1 to 200 characters'),
    ('goal', p_campaign ->> 'goal' in ('awareness', 'engagement', 'conversion', 'retention', 'reactivation', 'education', 'other'), 'is not known'),
    ('type', coalesce(p_campaign ->> 'type', 'email') in ('email', 'sms', 'push', 'social', 'display', 'retargeting', 'search', 'video', 'other'), 'is not known'),
    ('choice', coalesce(p_campaign ->> 'choice', 'adaptive') in ('weights', 'adaptive'), 'must be weights or adaptive'),
    ('cohort_id', p_campaign ->> 'cohort_id' ~ '^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$', 'must be a UUID'),
    ('budget_limit', private.is_amount(p_campaign -> 'budget_limit', 9999999999), 'must be an amount'),
    ('daily_budget_limit', private.is_amount(p_campaign -> 'daily_budget_limit', 9999999999), 'must be an amount'),
    ('max_sends_per_day', private.is_amount(p_campaign -> 'max_sends_per_day', 2147483647) and coalesce(p_campaign ->> 'max_sends_per_day' ~ '^[1-9]\d*$', true), 'must be a whole number above 0'),
    ('total_send_limit', private.is_amount(p_campaign -> 'total_send_limit', 2147483647) and coalesce(p_campaign ->> 'total_send_limit' ~ '^[1-9]\d*$', true), 'must be a whole number above 0'),
    ('target_open_rate', private.is_amount(p_campaign -> 'target_open_rate', 1), 'must be a share'),
    ('target_click_rate', private.is_amount(p_campaign -> 'target_click_rate', 1), 'must be a share'),
    ('target_conversion_rate', private.is_amount(p_campaign -> 'target_conversion_rate', 1), 'must be a share'),
    ('target_roi', private.is_amount(p_campaign -> 'target_roi', 1000000), 'must be a number'),
    ('scheduled_for', private.is_time(p_campaign -> 'scheduled_for'), 'must be a time with its zone'),
    ('expires_at', private.is_time(p_campaign -> 'expires_at'), 'must be a time with its zone')) f (field, is_sound, fault)
  where not coalesce(f.is_sound, false) limit 1;
  if v_fault.field is not null then
    perform private.raise_error('invalid_argument', 'p_campaign.' || v_fault.field, v_fault.fault);
  elsif (p_campaign ->> 'daily_budget_limit')::numeric > (p_campaign ->> 'budget_limit')::numeric then
    perform private.raise_error('invalid_argument', 'p_campaign.daily_budget_limit', 'must not be above budget_limit');
  elsif (p_campaign ->> 'expires_at')::timestamptz <= (p_campaign ->> 'scheduled_for')::timestamptz then
    perform private.raise_error('invalid_argument', 'p_campaign.expires_at', 'must lie after scheduled_for');
  end if;
end
$$;
comment on function private.check_campaign(jsonb) is 'Refuses what stimuli.create_campaign cannot make a campaign of. Error: invalid_argument, naming the field.';

create function private.is_amount(p_value jsonb, p_most numeric)
returns boolean
language sql
immutable
set search_path = ''
as $$
  select case when coalesce(jsonb_typeof(p_value), 'null') = 'null' then true
    when jsonb_typeof(p_value) = 'number' then (p_value #>> '{}')::numeric between 0 and p_most else false end
$$;
comment on function private.is_amount(jsonb, numeric) is 'Whether a value that may be left out is a number from 0 to p_most.';

create function private.is_time(p_value jsonb)
returns boolean
language sql
stable
set search_path = ''
as $$
  select case when coalesce(jsonb_typeof(p_value), 'null') = 'null' then true
    when jsonb_typeof(p_value) = 'string' and p_value #>> '{}' ~ '^\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(:\d{2}(\.\d{1,6})?)?(Z|[+-]\d{2}(:?\d{2})?)$'
      then coalesce(pg_input_is_valid(p_value #>> '{}', 'timestamptz'), false) else false end
$$;
comment on function private.is_time(jsonb) is 'Whether a value that may be left out is a time with its zone.';

create function private.stimuli_create_campaign(p_brand uuid, p_campaign jsonb, p_now timestamptz)
returns stimuli.stimuli_base
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  v_started constant timestamptz := clock_timestamp();
  v_cohort cohorts.cohorts;
  v_new stimuli.stimuli_base;
  v_variant record;
  v_arm record;
begin
  perform private.require_role(p_brand, 'manager');
  perform private.require_time('p_now', p_now);
  perform private.check_campaign(p_campaign);
  select * into v_cohort from cohorts.cohorts c
  where c.brand_id = p_brand and c.id = (p_campaign ->> 'cohort_id')::uuid and c.cohort_status = 'active';
  if not found then
    perform private.raise_error('not_found', 'cohort', p_campaign ->> 'cohort_id');
  end if;
  insert into stimuli.stimuli_base (brand_id, stimulus_type, stimulus_name, stimulus_description, content_data, target_cohort_id,
    generated_by, generation_algorithm, scheduled_for, expires_at, created_at)
  values (p_brand, 'campaign', p_campaign ->> 'name', p_campaign ->> 'description', '{}', v_cohort.id,
    'user', coalesce(p_campaign ->> 'choice', 'adaptive'), (p_campaign ->> 'scheduled_for')::timestamptz, (p_campaign ->> 'expires_at')::timestamptz, p_now)
  returning * into v_new;
  insert into stimuli.campaigns (stimulus_id, brand_id, campaign_type, campaign_goal, campaign_theme, variant_choice, is_ab_test, budget_limit, daily_budget_limit,
    max_sends_per_day, total_send_limit, target_open_rate, target_click_rate, target_conversion_rate, target_roi)
  select v_new.id, p_brand, coalesce(c.type, 'email'), c.goal, c.theme, coalesce(c.choice, 'adaptive'), jsonb_array_length(p_campaign -> 'variants') > 1,
    c.budget_limit, c.daily_budget_limit, c.max_sends_per_day, c.total_send_limit, c.target_open_rate, c.target_click_rate, c.target_conversion_rate, c.target_roi
  from jsonb_to_record(p_campaign) c (type text, goal text, theme text, choice text, budget_limit numeric, daily_budget_limit numeric, max_sends_per_day integer,
    total_send_limit integer, target_open_rate double precision, target_click_rate double precision, target_conversion_rate double precision, target_roi double precision);

  -- A loop: each variant is a stimulus with its own reasoning; at most twenty.
  for v_variant in
    select (v.item ->> 'template_id')::uuid as template_id, coalesce((v.item ->> 'weight')::double precision, 1) as weight,
      coalesce((v.item ->> 'weight')::double precision, 1) / sum(coalesce((v.item ->> 'weight')::double precision, 1)) over () as share
    from jsonb_array_elements(p_campaign -> 'variants') with ordinality v (item, place) order by v.place
  loop
    select * into v_arm from private.template_choices(p_brand, v_cohort.id, p_now, 0) c where c.template_id = v_variant.template_id;
    if v_arm.template_id is null then
      perform private.raise_error('template_not_usable', v_variant.template_id::text);
    elsif v_arm.missing_fields <> '{}' then
      perform private.raise_error('template_lacks_fields', v_variant.template_id::text, array_to_string(v_arm.missing_fields, ', '));
    end if;
    perform private.draft_from_template(p_brand, v_variant.template_id, v_cohort.id, null, jsonb_build_object(
      'reason', format('a variant of the campaign %s, with %s%% of the weight; %s responses expected of 100', p_campaign ->> 'name',
        round((100 * v_variant.share)::numeric, 1), round((100 * v_arm.alpha / (v_arm.alpha + v_arm.beta))::numeric, 1)),
      'algorithm', coalesce(p_campaign ->> 'choice', 'adaptive'), 'alpha', v_arm.alpha, 'beta', v_arm.beta), p_now, v_new.id, v_variant.weight);
  end loop;
  perform private.log_call('stimuli.create_campaign', p_brand, jsonb_build_object('name', p_campaign -> 'name', 'variants', jsonb_array_length(p_campaign -> 'variants')),
    jsonb_build_object('stimulus', v_new.id), v_started, null, 'stimulus', v_new.id);
  return v_new;
end
$$;
comment on function private.stimuli_create_campaign(uuid, jsonb, timestamptz) is
  'Body of stimuli.create_campaign. Definer: writes variants with reasoning, which clients may not.';
grant execute on function private.stimuli_create_campaign(uuid, jsonb, timestamptz) to authenticated, service_role;

create function stimuli.create_campaign(p_brand uuid, p_campaign jsonb, p_now timestamptz default now())
returns stimuli.stimuli_base
language sql
volatile
set search_path = ''
begin atomic
  select * from private.stimuli_create_campaign(p_brand, p_campaign, p_now);
end;
comment on function stimuli.create_campaign(uuid, jsonb, timestamptz) is
  'Makes a campaign for a cohort, as a draft with one draft per variant, and returns it. p_campaign: {"name", "goal", "cohort_id", "variants": [{"template_id", "weight"?}] (1 to 20, of different templates), "choice"? weights or adaptive, "type"?, "theme"?, "description"?, "scheduled_for"?, "expires_at"?, "budget_limit"?, "daily_budget_limit"?, "max_sends_per_day"?, "total_send_limit"?, "target_open_rate"?, "target_click_rate"?, "target_conversion_rate"?, "target_roi"?}. Budget and limits are of the whole campaign. Variants are approved, paused and ended with it. For managers. Errors: invalid_argument, not_found, template_not_usable, template_lacks_fields (409).';
grant execute on function stimuli.create_campaign(uuid, jsonb, timestamptz) to authenticated, service_role;

create function private.stimuli_copy_campaign(p_brand uuid, p_campaign uuid, p_name text, p_now timestamptz)
returns stimuli.stimuli_base
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  v_source jsonb;
begin
  perform private.require_role(p_brand, 'manager');
  select jsonb_strip_nulls(jsonb_build_object('name', p_name, 'description', s.stimulus_description, 'type', c.campaign_type, 'goal', c.campaign_goal,
    'theme', c.campaign_theme, 'cohort_id', s.target_cohort_id, 'choice', c.variant_choice, 'budget_limit', c.budget_limit,
    'daily_budget_limit', c.daily_budget_limit, 'max_sends_per_day', c.max_sends_per_day, 'total_send_limit', c.total_send_limit,
    'target_open_rate', c.target_open_rate, 'target_click_rate', c.target_click_rate, 'target_conversion_rate', c.target_conversion_rate, 'target_roi', c.target_roi,
    'variants', (select jsonb_agg(jsonb_build_object('template_id', v.template_id, 'weight', v.variant_weight) order by v.id)
      from stimuli.stimuli_base v where v.brand_id = p_brand and v.campaign_id = s.id)))
  into v_source
  from stimuli.stimuli_base s join stimuli.campaigns c on c.brand_id = s.brand_id and c.stimulus_id = s.id
  where s.brand_id = p_brand and s.id = p_campaign;
  if v_source is null then
    perform private.raise_error('not_found', 'campaign', p_campaign::text);
  end if;
  return private.stimuli_create_campaign(p_brand, v_source, p_now);
end
$$;
comment on function private.stimuli_copy_campaign(uuid, uuid, text, timestamptz) is 'Body of stimuli.copy_campaign. Definer: as stimuli.create_campaign.';
grant execute on function private.stimuli_copy_campaign(uuid, uuid, text, timestamptz) to authenticated, service_role;

create function stimuli.copy_campaign(p_brand uuid, p_campaign uuid, p_name text, p_now timestamptz default now())
returns stimuli.stimuli_base
language sql
volatile
set search_path = ''
begin atomic
  select * from private.stimuli_copy_campaign(p_brand, p_campaign, p_name, p_now);
end;
comment on function stimuli.copy_campaign(uuid, uuid, text, timestamptz) is
  'Makes a campaign like another, as a draft, from the templates as they are in use now; its times are not copied. For managers. Errors as stimuli.create_campaign.';
grant execute on function stimuli.copy_campaign(uuid, uuid, text, timestamptz) to authenticated, service_role;
