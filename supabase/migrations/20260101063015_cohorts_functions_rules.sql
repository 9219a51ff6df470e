create type private.rule_field as (name text, kind text);

create function private.rule_fields()
returns setof private.rule_field
language sql
immutable
set search_path = ''
as $$
  values ('first_seen_at', 'time'), ('last_seen_at', 'time'), ('days_since_first_seen', 'number'), ('days_since_last_seen', 'number'),
    ('total_signals', 'number'), ('data_quality_score', 'number'), ('profile_completeness', 'number'), ('is_verified', 'boolean')
$$;
comment on function private.rule_fields() is 'What a rule can ask of the row of a person itself, and with what it is compared.';

create function private.refuse_rule(p_path text, p_reason text)
returns void
language sql
stable
set search_path = ''
as $$
  select private.raise_error('invalid_rule', p_path, p_reason)
$$;
comment on function private.refuse_rule(text, text) is 'Error invalid_rule for the part of a rule at p_path.';

create function private.check_rule_value(p_kind text, p_value jsonb, p_path text)
returns void
language plpgsql
stable
set search_path = ''
as $$
begin
  if p_kind = 'number' then
    if jsonb_typeof(p_value) is distinct from 'number' or abs((p_value #>> '{}')::numeric) > 1e15 then
      perform private.refuse_rule(p_path, 'must be a number between -1e15 and 1e15');
    end if;
  elsif p_kind = 'boolean' then
    if jsonb_typeof(p_value) is distinct from 'boolean' then
      perform private.refuse_rule(p_path, 'must be true or false');
    end if;
  elsif jsonb_typeof(p_value) is distinct from 'string' or p_value #>> '{}' !~ '^(19|20|21)\d\d-\d\d-\d\d(T\d\d:\d\d(:\d\d)?(Z|[+-]\d\d:\d\d))?$'
    or not pg_input_is_valid(p_value #>> '{}', 'timestamptz') then
    perform private.refuse_rule(p_path, 'must be a time such as 2026-01-31 or 2026-01-31T12:00:00Z');
  end if;
end
$$;
comment on function private.check_rule_value(text, jsonb, text) is 'Refuses the value of a condition that is not of the kind (number, boolean, time).';

create function private.check_belief_condition(p_brand uuid, p_condition jsonb, p_path text)
returns void
language plpgsql
stable
set search_path = ''
as $$
declare
  v_attribute constant text := p_condition ->> 'attribute';
  v_categories text[];
begin
  if jsonb_typeof(p_condition -> 'attribute') <> 'string' then
    perform private.refuse_rule(p_path || '.attribute', 'must be the name of an attribute');
  end if;
  -- null: nobody has such a belief; empty: it has no categories.
  select array_agg(distinct c) filter (where c is not null) || '{}' into v_categories
  from (select b.categories from actors.actor_beliefs b where b.brand_id = p_brand and b.attribute = v_attribute and not b.is_stated limit 5000) b
  left join lateral unnest(b.categories) c on true
  having count(*) > 0;
  if v_categories is null then
    perform private.refuse_rule(p_path || '.attribute', format('nobody has a belief %L', left(v_attribute, 100)));
  elsif v_categories = '{}' and p_condition ? 'category' then
    perform private.refuse_rule(p_path || '.category', format('%s has no categories', v_attribute));
  elsif v_categories <> '{}' and (p_condition ->> 'category' = any (v_categories)) is not true then
    perform private.refuse_rule(p_path || '.category', format('must be one of %s', left(array_to_string(v_categories, ', '), 300)));
  elsif coalesce(p_condition ->> 'statistic', 'mean') <> all ('{mean, confidence, evidence}') then
    perform private.refuse_rule(p_path || '.statistic', 'must be mean, confidence or evidence');
  end if;
end
$$;
comment on function private.check_belief_condition(uuid, jsonb, text) is 'Refuses a condition on a belief that nobody has, or with a category or statistic that it has not.';

create function private.check_rule(p_brand uuid, p_rule jsonb, p_path text default 'p_rule', p_depth integer default 1)
returns integer
language plpgsql
stable
set search_path = ''
as $$
declare
  v_count integer := 0;
  v_kind text;
  v_key text;
  v_part record;
begin
  if p_depth = 1 and (p_rule is null or length(p_rule::text) > 10000) then
    perform private.refuse_rule(p_path, 'must be there and at most 10,000 characters long');
  elsif jsonb_typeof(p_rule) <> 'object' then
    perform private.refuse_rule(p_path, 'must be an object');
  end if;
  v_kind := case when p_rule ? 'attribute' then 'attribute' when p_rule ? 'field' then 'field' when p_rule ? 'cohort' then 'cohort' else 'group' end;
  if p_depth = 1 and v_kind <> 'group' then
    perform private.refuse_rule(p_path, 'must have all, any or none, each a list of conditions');
  end if;
  select k into v_key from jsonb_object_keys(p_rule) k
  where k <> all (case v_kind when 'group' then '{all, any, none}' when 'attribute' then '{attribute, category, statistic, operator, value}'
    when 'field' then '{field, operator, value}' else '{cohort}' end::text[]) limit 1;
  if found then
    perform private.refuse_rule(p_path, format('knows no %L', left(v_key, 50)));
  end if;

  if v_kind = 'group' then
    if p_rule = '{}' then
      perform private.refuse_rule(p_path, 'must have all, any or none, each a list of conditions');
    elsif p_depth > 3 then
      perform private.refuse_rule(p_path, 'is too deep: three levels of groups are allowed');
    end if;
    for v_part in select * from jsonb_each(p_rule) e (name, list) loop
      if jsonb_typeof(v_part.list) <> 'array' or jsonb_array_length(v_part.list) not between 1 and 20 then
        perform private.refuse_rule(p_path || '.' || v_part.name, 'must be a list of 1 to 20 conditions');
      end if;
    end loop;
    select sum(private.check_rule(p_brand, c.condition, format('%s.%s[%s]', p_path, e.name, c.place - 1), p_depth + 1)) into v_count
    from jsonb_each(p_rule) e (name, list), jsonb_array_elements(e.list) with ordinality c (condition, place);
    if v_count > 20 then
      perform private.refuse_rule(p_path, 'has more than 20 conditions');
    end if;
    return v_count;
  elsif v_kind = 'cohort' then
    if not exists (
      select from cohorts.cohorts c
      where c.brand_id = p_brand and c.id::text = lower(p_rule ->> 'cohort') and c.cohort_status = 'active' and c.discovery_algorithm <> 'rule') then
      perform private.refuse_rule(p_path || '.cohort', 'must be the id of an active cohort of the brand that a run found');
    end if;
    return 1;
  end if;
  if v_kind = 'attribute' then
    perform private.check_belief_condition(p_brand, p_rule, p_path);
    v_key := 'number';
  else
    select f.kind into v_key from private.rule_fields() f where f.name = p_rule ->> 'field';
    if v_key is null then
      perform private.refuse_rule(p_path || '.field', (select 'must be one of ' || string_agg(f.name, ', ') from private.rule_fields() f));
    end if;
  end if;
  if (p_rule ->> 'operator' = any (case v_key when 'boolean' then '{=}' else '{>=,>,<=,<}' end::text[])) is not true then
    perform private.refuse_rule(p_path || '.operator', case v_key when 'boolean' then 'must be =' else 'must be one of >=, >, <=, <' end);
  end if;
  perform private.check_rule_value(v_key, p_rule -> 'value', p_path || '.value');
  return 1;
end
$$;
comment on function private.check_rule(uuid, jsonb, text, integer) is
  'Refuses a rule that is not one, with the place (p_path) and the mend: groups {all, any, none} of lists, at most three deep, of at most 20 conditions in all. Returns how many conditions. Errors: invalid_rule.';

create function private.exceedance(p_posterior private.posterior, p_value double precision)
returns double precision
language sql
immutable
set search_path = ''
as $$
  select case
      when (p_posterior).distribution <> 'normal' and p_value < 0 then 1
      when (p_posterior).distribution in ('beta', 'dirichlet') and p_value >= 1 then 0
      when t.high - t.low < 1e-9 then ((p_posterior).mean >= p_value)::integer
      -- Half the width of a 90 % interval is 1.645 deviations.
      else 0.5 * erfc(greatest(-20, least(20, (t.at - (t.low + t.high) / 2) / ((t.high - t.low) / 3.2897072) / sqrt(2::double precision)))) end
  from (
    select min(x.y) filter (where x.i = 1) as low, min(x.y) filter (where x.i = 2) as high, min(x.y) filter (where x.i = 3) as at
    from (
      select v.i, case (p_posterior).distribution when 'normal' then v.x when 'gamma' then cbrt(greatest(v.x, 0))
        else ln(greatest(v.x, 1e-12) / greatest(1 - v.x, 1e-12)) end as y
      from (values (1, (p_posterior).interval_low), (2, (p_posterior).interval_high), (3, p_value)) v (i, x)
    ) x
  ) t
$$;
comment on function private.exceedance(private.posterior, double precision) is
  'Probability that what a posterior is about is at least p_value, 0 to 1: a normal tail on the scale on which its 90 % interval was made (private.actors_posteriors): of shares the log odds, of rates the cube root.';

create function private.rule_probabilities(p_brand uuid, p_rule jsonb, p_actors uuid[], p_posteriors private.posterior[], p_now timestamptz)
returns table (actor_id uuid, probability double precision)
language plpgsql
stable
set search_path = ''
set plan_cache_mode = force_custom_plan -- one person or thousands
set enable_nestloop = on
as $$
declare
  v_at_most constant boolean := p_rule ->> 'operator' like '<%';
begin
  if p_rule ? 'attribute' then
    return query
    select p.actor_id, case coalesce(p_rule ->> 'statistic', 'mean')
        when 'mean' then case when v_at_most then 1 - e.above else e.above end
        else private.compares(case p_rule ->> 'statistic' when 'confidence' then p.confidence else p.evidence_weight end, p_rule ->> 'operator', r.value)::integer end
    from unnest(p_posteriors) p
    cross join (select (p_rule ->> 'value')::double precision as value) r
    cross join lateral (select private.exceedance(p, r.value) as above) e
    where p.attribute = p_rule ->> 'attribute' and p.category = coalesce(p_rule ->> 'category', '');
  elsif p_rule ? 'field' then
    return query
    select a.id, private.compares(case p_rule ->> 'field'
        when 'first_seen_at' then extract(epoch from a.first_seen_at) when 'last_seen_at' then extract(epoch from a.last_seen_at)
        when 'days_since_first_seen' then private.days_between(a.first_seen_at, p_now) when 'days_since_last_seen' then private.days_between(a.last_seen_at, p_now)
        when 'total_signals' then a.total_signals when 'data_quality_score' then a.data_quality_score
        when 'profile_completeness' then a.profile_completeness else a.is_verified::integer end,
      p_rule ->> 'operator', case when p_rule ->> 'field' like '%\_at' then extract(epoch from (p_rule ->> 'value')::timestamptz)
        when jsonb_typeof(p_rule -> 'value') = 'boolean' then (p_rule ->> 'value')::boolean::integer else (p_rule ->> 'value')::double precision end)::integer::double precision
    from actors.actors a where a.brand_id = p_brand and a.id = any (p_actors);
  elsif p_rule ? 'cohort' then
    return query
    select m.actor_id, m.membership_confidence from cohorts.actor_cohort_membership m
    where m.brand_id = p_brand and m.actor_id = any (p_actors) and m.cohort_id = (p_rule ->> 'cohort')::uuid and m.is_active;
  else
    return query
    with condition as (
      select e.name, c.condition from jsonb_each(p_rule) e (name, list), jsonb_array_elements(e.list) c (condition)
    ), found as (
      -- Logarithms, since there is no aggregate that multiplies: independent conditions are taken to hold together.
      select c.name, f.actor_id, count(*) as n, sum(ln(greatest(f.probability, 1e-12))) as together, sum(ln(greatest(1 - f.probability, 1e-12))) as neither
      from condition c
      cross join lateral private.rule_probabilities(p_brand, c.condition, p_actors, p_posteriors, p_now) f
      group by c.name, f.actor_id
    )
    select p.id, case when not p_rule ? 'all' then 1 when a.n = jsonb_array_length(p_rule -> 'all') then exp(a.together) else 0 end
      * case when p_rule ? 'any' then 1 - exp(coalesce(o.neither, 0)) else 1 end * exp(coalesce(n.neither, 0))
    from unnest(p_actors) p (id)
    left join found a on a.name = 'all' and a.actor_id = p.id
    left join found o on o.name = 'any' and o.actor_id = p.id
    left join found n on n.name = 'none' and n.actor_id = p.id;
  end if;
end
$$;
comment on function private.rule_probabilities(uuid, jsonb, uuid[], private.posterior[], timestamptz) is
  'Probability that a checked rule holds of each of the people (p_actors), given the posteriors of their beliefs (p_posteriors). Whoever is not named, or has no such belief: 0. A condition on a mean holds with the probability that the posterior gives it, one on a cohort with the confidence of the membership, any other surely or not at all; conditions are taken as independent.';

create function private.compares(p_left double precision, p_operator text, p_right double precision)
returns boolean
language sql
immutable
set search_path = ''
return case p_operator when '>=' then p_left >= p_right when '>' then p_left > p_right when '<=' then p_left <= p_right
  when '<' then p_left < p_right else p_left = p_right end;
comment on function private.compares(double precision, text, double precision) is 'Whether two numbers stand to each other as the operator of a condition says.';

create function private.place_by_rules(p_brand uuid, p_actors uuid[], p_now timestamptz, p_cohort uuid default null)
returns void
language plpgsql
volatile
set search_path = ''
as $$
declare
  v_rules cohorts.cohorts[];
  v_cohort cohorts.cohorts;
  v_actors uuid[];
  v_posteriors private.posterior[];
  v_found private.found_membership[];
begin
  v_rules := array(
    select c from cohorts.cohorts c
    where c.brand_id = p_brand and c.discovery_algorithm = 'rule' and c.cohort_status = 'active' and (p_cohort is null or c.id = p_cohort) order by c.id);
  if v_rules = '{}' then
    return;
  end if;
  v_actors := array(select a.id from actors.actors a where a.brand_id = p_brand and a.id = any (p_actors) and a.is_active and a.merged_into is null);
  -- The beliefs that any of the rules asks for, once for all of them.
  v_posteriors := array(
    select p from private.actors_posteriors(p_brand, v_actors, p_now) p
    where not p.is_stated and p.context = '' and p.attribute in (
      select a #>> '{}' from unnest(v_rules) c, jsonb_path_query(c.discovery_parameters -> 'rule', '$.**.attribute') a));
  -- A loop over the rules of the brand: each is another query.
  foreach v_cohort in array v_rules loop
    select array_agg((r.actor_id, v_cohort.id, 'secondary', r.probability, r.probability, null, null, null, null, null)::private.found_membership) into v_found
    from private.rule_probabilities(p_brand, v_cohort.discovery_parameters -> 'rule', v_actors, v_posteriors, p_now) r
    where r.probability >= 0.5;
    perform private.end_memberships(p_brand, v_cohort.id, p_actors, v_found, 'the rule holds no longer', p_now);
    perform private.save_memberships(p_brand, v_found, 'rule', null, p_now);
  end loop;
end
$$;
comment on function private.place_by_rules(uuid, uuid[], timestamptz, uuid) is
  'Brings the memberships of people (p_actors) in the cohorts made by rules (p_cohort: in one of them) up to date: a member is whom the rule more likely than not holds of.';
