create function private.fill_template(p_structure jsonb, p_values jsonb)
returns jsonb
language plpgsql
immutable
set search_path = ''
as $$
declare
  v_text text := p_structure::text;
  v_value record;
begin
  -- One field after the other; braces in a value are dropped, so that no value can name another field.
  for v_value in select * from jsonb_each_text(p_values) loop
    v_text := replace(v_text, '{{' || v_value.key || '}}',
      trim('"' from to_jsonb(translate(v_value.value, '{}"', ''))::text));
  end loop;
  return v_text::jsonb;
end
$$;
comment on function private.fill_template(jsonb, jsonb) is
  'p_structure with every {{field}} replaced by its value in p_values (object); braces and double quotes of a value are dropped. A field without a value stays as it is.';

create function private.template_fields(p_structure jsonb)
returns text[]
language sql
immutable
set search_path = ''
as $$
  select coalesce(array_agg(distinct m[1] order by m[1]), '{}')
  from regexp_matches(p_structure::text, '\{\{([a-z][a-z0-9_]*)\}\}', 'g') m
$$;
comment on function private.template_fields(jsonb) is 'Names of the {{fields}} in a template or content.';

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
  v_installed integer;
  v_started timestamptz := clock_timestamp();
begin
  perform private.require_role(p_brand, 'manager');
  insert into stimuli.stimulus_templates (brand_id, template_key, template_name, template_type, template_category,
    template_description, template_structure, default_content, required_fields)
  select p_brand, t.template_key, t.template_name, t.template_type, t.template_category,
    t.template_description, t.template_structure, t.default_content, t.required_fields
  from private.default_templates t
  on conflict (brand_id, template_key) do nothing;
  get diagnostics v_installed = row_count;
  perform private.log_call('stimuli.install_templates', p_brand, '{}', jsonb_build_object('installed', v_installed), v_started);
  return v_installed;
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
  'Gives p_brand the default templates that it does not have yet, and returns how many that were; those it has, changed or not, stay as they are. For managers.';
grant execute on function stimuli.install_templates(uuid) to authenticated, service_role;
