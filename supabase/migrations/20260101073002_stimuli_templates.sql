create function private.caller_member(p_brand uuid)
returns uuid
language sql
stable
set search_path = ''
as $$
  select u.id from core.users u where u.brand_id = p_brand and u.auth_user_id = (select auth.uid())
$$;
comment on function private.caller_member(uuid) is 'core.users.id of the caller in a brand; null for jobs and servers.';

create function private.person_fields()
returns text[]
language sql
immutable
parallel safe
set search_path = ''
as $$
  select array['first_name', 'own_category', 'own_order_value', 'last_order_days', 'offer_code']
$$;
comment on function private.person_fields() is
  'What a template can be filled with for one person, by private.personal_values: first_name; own_category (bought most), own_order_value (currency of the brand) and last_order_days from the beliefs; offer_code, a new code that only this person has.';

-- Only what the check of templates has passed is ever a choice.
create view private.usable_templates with (security_invoker = true) as
select t.brand_id, t.id, t.template_name, t.template_type, t.template_category, t.template_description, t.target_cohort_criteria,
  v.id as version_id, v.template_structure, v.default_content, v.required_fields || v.optional_fields as fields,
  array(select coalesce(f ->> 'name', f #>> '{}') from jsonb_array_elements(v.required_fields) f) as required,
  array(select coalesce(f ->> 'name', f #>> '{}') from jsonb_array_elements(v.required_fields || v.optional_fields) f
    where coalesce(f ->> 'name', f #>> '{}') not in ('unsubscribe_url', 'offer_code')) as needed
from stimuli.stimulus_templates t
join stimuli.template_versions v on v.brand_id = t.brand_id and v.id = t.current_version_id
where t.is_active;
comment on view private.usable_templates is
  'The active templates with the content of their current version, which was checked. fields: as declared, the required ones first; required: names of those that the cohort itself has to give; needed: names of all that the cohort or the defaults have to give, so that the text can be filled for everybody.';

create function private.personal_values(p_brand uuid, p_actors uuid[], p_fields text[], p_now timestamptz default now())
returns table (actor_id uuid, personal jsonb)
language sql
volatile
set search_path = ''
set enable_nestloop = off -- any number of people, of whom the statistics may know nothing: hash joins, never a quadratic one
as $$
  with people as materialized (
    select a.id, split_part(btrim(a.name), ' ', 1) as first_name
    from unnest(p_actors) p (id) join actors.actors a on a.brand_id = p_brand and a.id = p.id
  ), favourite as materialized (
    select distinct on (p.id) p.id, replace(f.preference_dimension, '_', ' ') as category
    from people p
    join actors.actor_preferences f on f.brand_id = p_brand and f.actor_id = p.id
    where 'own_category' = any (p_fields) and f.is_current and f.preference_category = 'category' and f.actual_strength > 0
    order by p.id, f.actual_strength desc, f.preference_dimension
  ), orders as materialized (
    select p.id, b.as_of as last_at, round(s.score_value::numeric, 2) as value
    from people p
    join actors.actor_beliefs b on b.brand_id = p_brand and b.actor_id = p.id
    left join actors.actor_behavioral_scores s on s.brand_id = p_brand and s.actor_id = p.id and s.is_current
      and s.behavior_type = 'order_value' and s.context = '' and s.score_value > 0
    where array['own_order_value', 'last_order_days'] && p_fields
      and b.attribute = 'behavior.order_value' and b.context = '' and not b.is_stated and b.as_of <= p_now
  )
  select p.id, jsonb_strip_nulls(jsonb_build_object(
    'first_name', case when 'first_name' = any (p_fields) then nullif(p.first_name, '') end,
    'own_category', f.category,
    'own_order_value', case when 'own_order_value' = any (p_fields) then o.value end,
    'last_order_days', case when 'last_order_days' = any (p_fields) then floor(extract(epoch from p_now - o.last_at) / 86400) end,
    -- 64 random bits: the first eight digits of a random UUID are nothing else.
    'offer_code', case when 'offer_code' = any (p_fields) then upper(left(gen_random_uuid()::text, 8) || left(gen_random_uuid()::text, 8)) end))
  from people p
  left join favourite f on f.id = p.id
  left join orders o on o.id = p.id
$$;
comment on function private.personal_values(uuid, uuid[], text[], timestamptz) is
  'What is known of each of p_actors of those of p_fields that are private.person_fields, as of p_now: one row per person of the brand, without what is not known (the template has a default for it). offer_code is new at every call: 64 random bits.';

create function private.stimulus_person_fields(p_stimulus stimuli.stimuli_base)
returns text[]
language sql
stable
set search_path = ''
as $$
  select coalesce(array(select jsonb_array_elements_text(p_stimulus.generation_parameters -> 'personal_fields')
    where p_stimulus.generation_parameters ? 'personal_fields'),
    '{}') || case when p_stimulus.generation_parameters ? 'personal_fields' then '{}' else array['first_name'] end
$$;
comment on function private.stimulus_person_fields(stimuli.stimuli_base) is
  'The fields of the person that a stimulus uses; of one written by hand, which declares none: first_name.';

create function private.cohort_fields(p_brand uuid, p_cohort uuid)
returns jsonb
language sql
stable
set search_path = ''
as $$
  select jsonb_strip_nulls(jsonb_build_object(
    'brand_name', b.brand_name,
    'currency', b.currency,
    'cohort_name', c.cohort_name,
    'cohort_size', c.member_count,
    'top_category', t.categories[1],
    'second_category', t.categories[2],
    'order_value', round(t.order_value::numeric, 2),
    'top_trait', t.trait))
  from core.brands b
  join cohorts.cohorts c on c.brand_id = b.id and c.id = p_cohort
  cross join lateral (
    select
      -- A share of the basket that is larger than among the others; what few people buy is named before what all buy.
      array_agg(replace(substring(h.characteristic_name from '^preference\.category\.(.+)$'), '_', ' ') order by h.effect_size desc)
        filter (where h.characteristic_name like 'preference.category.%' and h.effect_size > 0) as categories,
      exp(max(h.mean_value) filter (where h.characteristic_name = 'behavior.order_value')) as order_value, -- kept as its logarithm
      (array_agg(h.characteristic_value ->> 'label' order by abs(h.effect_size) desc))[1] as trait
    from cohorts.cohort_characteristics h
    where h.brand_id = b.id and h.cohort_id = c.id and h.is_current
  ) t
  where b.id = p_brand
$$;
comment on function private.cohort_fields(uuid, uuid) is
  'What a template can be filled with for a cohort: brand_name, currency, cohort_name, cohort_size, top_category and second_category (stronger than among the others), order_value (mean), top_trait. Only what is known.';

create function private.stimuli_install_templates(p_brand uuid)
returns integer
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  v_installed uuid[];
  v_started timestamptz := clock_timestamp();
begin
  perform private.require_role(p_brand, 'manager');
  with installed as (
    insert into stimuli.stimulus_templates (brand_id, template_key, template_name, template_type, template_category,
      template_description, template_structure, default_content, required_fields, optional_fields)
    select p_brand, t.template_key, t.template_name, t.template_type, t.template_category,
      t.template_description, t.template_structure, t.default_content, t.required_fields, t.optional_fields
    from private.default_templates t
    on conflict (brand_id, template_key) do nothing
    returning id
  )
  select array_agg(i.id) into v_installed from installed i;
  with passed as (
    insert into stimuli.template_checks (brand_id, version_id, is_passed)
    select v.brand_id, v.id, true from stimuli.template_versions v where v.brand_id = p_brand and v.template_id = any (v_installed)
    returning version_id
  )
  update stimuli.stimulus_templates t set current_version_id = v.id
  from stimuli.template_versions v
  where v.brand_id = p_brand and v.id in (select p.version_id from passed p) and t.brand_id = v.brand_id and t.id = v.template_id;
  perform private.log_call('stimuli.install_templates', p_brand, '{}', jsonb_build_object('installed', coalesce(cardinality(v_installed), 0)), v_started);
  return coalesce(cardinality(v_installed), 0);
end
$$;
comment on function private.stimuli_install_templates(uuid) is 'Body of stimuli.install_templates. Definer: reads the defaults, which are closed to clients.';
grant execute on function private.stimuli_install_templates(uuid) to authenticated, service_role;

create function stimuli.install_templates(p_brand uuid)
returns integer
language sql
volatile
set search_path = ''
begin atomic
  select * from private.stimuli_install_templates(p_brand);
end;
comment on function stimuli.install_templates(uuid) is
  'Gives p_brand the default templates that it does not have yet, and returns how many that were; those it has, changed or not, stay as they are. They come checked: a test of Loopwise runs the check over them. For managers.';
grant execute on function stimuli.install_templates(uuid) to authenticated, service_role;
