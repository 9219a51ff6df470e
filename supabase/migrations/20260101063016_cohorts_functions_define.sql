create function private.sweep_rule(p_cohort uuid, p_now timestamptz, p_limit integer default 2000)
returns boolean
language plpgsql
volatile
set search_path = ''
as $$
declare
  v_sweep private.rule_sweeps;
  v_actors uuid[];
  v_before private.counted_membership[];
begin
  select s.* into v_sweep from private.rule_sweeps s where s.cohort_id = p_cohort for update;
  if not found then
    return false;
  end if;
  v_actors := array(
    select a.id from actors.actors a
    where a.brand_id = v_sweep.brand_id and a.id > v_sweep.after_actor
    order by a.id limit p_limit);
  v_before := private.counted_memberships(v_sweep.brand_id, v_actors);
  perform private.place_by_rules(v_sweep.brand_id, v_actors, p_now, p_cohort);
  perform private.log_moves(v_sweep.brand_id, null, v_before, v_actors, 'rule', p_now);
  if cardinality(v_actors) < p_limit then
    delete from private.rule_sweeps s where s.cohort_id = p_cohort;
    return false;
  end if;
  update private.rule_sweeps s set after_actor = v_actors[p_limit] where s.cohort_id = p_cohort;
  return true;
end
$$;
comment on function private.sweep_rule(uuid, timestamptz, integer) is
  'Holds the rule of a cohort against the next p_limit people of the brand. Returns whether there are more. The caller holds private.lock_memberships.';

create function private.sweep_rules(p_brand uuid, p_now timestamptz)
returns void
language plpgsql
volatile
set search_path = ''
as $$
declare
  v_cohort uuid;
begin
  perform private.lock_memberships(p_brand);
  -- One step of the cohort that is furthest behind.
  select s.cohort_id into v_cohort from private.rule_sweeps s where s.brand_id = p_brand order by s.after_actor, s.cohort_id limit 1;
  if found then
    perform private.sweep_rule(v_cohort, p_now);
  end if;
end
$$;
comment on function private.sweep_rules(uuid, timestamptz) is 'Goes on with the rules of a brand that are being held against all people, one step.';

create function private.check_cohort_text(p_name text, p_description text)
returns void
language plpgsql
stable
set search_path = ''
as $$
begin
  if coalesce(btrim(p_name) = '' or length(p_name) > 200, true) then
    perform private.raise_error('invalid_argument', 'p_name', 'must have 1 to 200 characters');
  elsif length(p_description) > 2000 then
    perform private.raise_error('invalid_argument', 'p_description', 'must have at most 2,000 characters');
  end if;
end
$$;
comment on function private.check_cohort_text(text, text) is 'Refuses a name or description of a cohort that is none.';

create function private.own_rule_cohort(p_cohort uuid)
returns cohorts.cohorts
language plpgsql
volatile
set search_path = ''
as $$
declare
  v_cohort constant cohorts.cohorts := private.cohort_for_update(p_cohort);
begin
  if v_cohort.discovery_algorithm <> 'rule' or v_cohort.cohort_status <> 'active' then
    perform private.raise_error('not_a_rule_cohort', p_cohort::text);
  end if;
  return v_cohort;
end
$$;
comment on function private.own_rule_cohort(uuid) is
  'The active cohort made by a rule that a manager is about to change, with private.lock_memberships. Errors: not_found, role_too_low, not_a_rule_cohort.';

create function private.cohorts_define_cohort(p_brand uuid, p_name text, p_rule jsonb, p_description text)
returns cohorts.cohorts
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  v_cohort cohorts.cohorts;
begin
  perform private.require_role(p_brand, 'manager');
  perform private.check_cohort_text(p_name, p_description);
  perform private.check_rule(p_brand, p_rule);
  perform private.lock_memberships(p_brand);
  if (select count(*) from cohorts.cohorts c where c.brand_id = p_brand and c.discovery_algorithm = 'rule' and c.cohort_status = 'active') >= 100 then
    perform private.raise_error('too_many_rules', '100');
  end if;
  insert into cohorts.cohorts (brand_id, cohort_name, cohort_description, cohort_type, discovery_algorithm, discovery_parameters)
  values (p_brand, btrim(p_name), p_description, 'custom', 'rule', jsonb_build_object('rule', p_rule))
  on conflict (brand_id, cohort_name) where cohort_status = 'active' do nothing returning * into v_cohort;
  if v_cohort.id is null then
    perform private.raise_error('cohort_name_taken', btrim(p_name));
  end if;
  insert into private.rule_sweeps (brand_id, cohort_id) values (p_brand, v_cohort.id);
  perform private.sweep_rule(v_cohort.id, now());
  perform private.emit(p_brand, 'cohorts.defined', 'cohort', v_cohort.id, jsonb_build_object('name', v_cohort.cohort_name, 'rule', p_rule));
  select c.* into v_cohort from cohorts.cohorts c where c.id = v_cohort.id;
  return v_cohort;
end
$$;
comment on function private.cohorts_define_cohort(uuid, text, jsonb, text) is
  'Body of cohorts.define_cohort. Definer: cohorts and memberships are not writable by clients.';
grant execute on function private.cohorts_define_cohort(uuid, text, jsonb, text) to authenticated, service_role;

create function cohorts.define_cohort(p_brand uuid, p_name text, p_rule jsonb, p_description text default null)
returns cohorts.cohorts
language sql
volatile
set search_path = ''
begin atomic
  select * from private.cohorts_define_cohort(p_brand, p_name, p_rule, p_description);
end;
comment on function cohorts.define_cohort(uuid, text, jsonb, text) is
  'Makes a cohort by a rule, beside those that emerge; runs leave it alone. p_rule: {"all": […], "any": […], "none": […]}, each of them optional and a list of conditions or, up to three deep, of such groups; at most 20 conditions: {"attribute": "behavior.order_value", "category": only where the belief has some, "statistic": mean (the default), confidence or evidence, "operator": >=, >, <=, <, "value": a number}; {"field": first_seen_at, last_seen_at, days_since_first_seen, days_since_last_seen, total_signals, data_quality_score, profile_completeness or is_verified, "operator", "value"}; {"cohort": the id of one that a run found}. Members are those of whom the rule more likely than not holds given what is believed of them, with that probability as their confidence (private.rule_probabilities); whoever has no such belief does not meet a condition on it. The first 2,000 people are looked at before it returns, the rest by a job within minutes; everybody again when his beliefs change, and hourly. Names are unique among the active cohorts. Returns its row. For managers. Errors: invalid_rule, invalid_argument, cohort_name_taken, too_many_rules, role_too_low.';
grant execute on function cohorts.define_cohort(uuid, text, jsonb, text) to authenticated, service_role;

create function private.cohorts_update_cohort(p_cohort uuid, p_name text, p_rule jsonb, p_description text)
returns cohorts.cohorts
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  v_cohort cohorts.cohorts := private.own_rule_cohort(p_cohort);
begin
  perform private.check_cohort_text(coalesce(p_name, v_cohort.cohort_name), p_description);
  if p_rule is not null then
    perform private.check_rule(v_cohort.brand_id, p_rule);
  end if;
  if exists (select from cohorts.cohorts c
    where c.brand_id = v_cohort.brand_id and c.cohort_name = btrim(p_name) and c.cohort_status = 'active' and c.id <> p_cohort) then
    perform private.raise_error('cohort_name_taken', btrim(p_name));
  end if;
  update cohorts.cohorts c
  set cohort_name = coalesce(btrim(p_name), c.cohort_name), cohort_description = coalesce(p_description, c.cohort_description),
    discovery_parameters = case when p_rule is null then c.discovery_parameters else jsonb_build_object('rule', p_rule) end, last_updated_at = now()
  where c.id = p_cohort;
  if p_rule is not null then
    insert into private.rule_sweeps as s (brand_id, cohort_id) values (v_cohort.brand_id, p_cohort)
    on conflict (brand_id, cohort_id) do update set after_actor = excluded.after_actor;
    perform private.sweep_rule(p_cohort, now());
  end if;
  perform private.emit(v_cohort.brand_id, 'cohorts.redefined', 'cohort', p_cohort, jsonb_strip_nulls(jsonb_build_object('name', btrim(p_name), 'rule', p_rule)));
  select c.* into v_cohort from cohorts.cohorts c where c.id = p_cohort;
  return v_cohort;
end
$$;
comment on function private.cohorts_update_cohort(uuid, text, jsonb, text) is
  'Body of cohorts.update_cohort. Definer: cohorts and memberships are not writable by clients.';
grant execute on function private.cohorts_update_cohort(uuid, text, jsonb, text) to authenticated, service_role;

create function cohorts.update_cohort(p_cohort uuid, p_name text default null, p_rule jsonb default null, p_description text default null)
returns cohorts.cohorts
language sql
volatile
set search_path = ''
begin atomic
  select * from private.cohorts_update_cohort(p_cohort, p_name, p_rule, p_description);
end;
comment on function cohorts.update_cohort(uuid, text, jsonb, text) is
  'Changes name, rule or description of a cohort made by cohorts.define_cohort; null leaves one as it is. With another rule its people are looked at again. Returns its row. For managers. Errors: not_found, not_a_rule_cohort, invalid_rule, invalid_argument, cohort_name_taken, role_too_low.';
grant execute on function cohorts.update_cohort(uuid, text, jsonb, text) to authenticated, service_role;

create function private.cohorts_retire_cohort(p_cohort uuid)
returns cohorts.cohorts
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  v_cohort cohorts.cohorts := private.own_rule_cohort(p_cohort);
begin
  delete from private.rule_sweeps s where s.cohort_id = p_cohort;
  update cohorts.actor_cohort_membership m
  set is_active = false, removed_at = now(), last_updated_at = now(), removal_reason = 'the cohort was retired'
  where m.brand_id = v_cohort.brand_id and m.cohort_id = p_cohort and m.is_active;
  update cohorts.cohorts c
  set cohort_status = 'inactive', dissolved_at = now(), last_updated_at = now(), dissolution_reason = 'retired by a manager'
  where c.id = p_cohort returning c.* into v_cohort;
  perform private.emit(v_cohort.brand_id, 'cohorts.retired', 'cohort', p_cohort, '{}');
  return v_cohort;
end
$$;
comment on function private.cohorts_retire_cohort(uuid) is 'Body of cohorts.retire_cohort. Definer: cohorts and memberships are not writable by clients.';
grant execute on function private.cohorts_retire_cohort(uuid) to authenticated, service_role;

create function cohorts.retire_cohort(p_cohort uuid)
returns cohorts.cohorts
language sql
volatile
set search_path = ''
begin atomic
  select * from private.cohorts_retire_cohort(p_cohort);
end;
comment on function cohorts.retire_cohort(uuid) is
  'Ends a cohort made by cohorts.define_cohort and its memberships; the row stays, inactive. Returns it. For managers. Errors: not_found, not_a_rule_cohort, role_too_low.';
grant execute on function cohorts.retire_cohort(uuid) to authenticated, service_role;
