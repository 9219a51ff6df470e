create function private.name_parts(p_brand uuid, p_cohort uuid)
returns table (place bigint, is_weak boolean, component text, label text, direction text, effect double precision, mean double precision, mean_of_rest double precision, words text)
language sql
stable
set search_path = ''
as $$
  -- What nobody has a word for says little in a name: few of these goods, less of that.
  select row_number() over (order by w.is_weak, abs(c.effect_size) desc, c.characteristic_name), w.is_weak,
    c.characteristic_name, v.label, v.direction, c.effect_size, v.mean, v.mean_of_rest, v.words
  from cohorts.cohort_characteristics c
  cross join lateral jsonb_to_record(c.characteristic_value) as v (label text, direction text, mean double precision, mean_of_rest double precision, words text)
  cross join lateral (select c.effect_size < 0 and private.name_words(c.characteristic_name, 'low') is null as is_weak) w
  where c.brand_id = p_brand and c.cohort_id = p_cohort and c.is_current
$$;
comment on function private.name_parts(uuid, uuid) is 'The current characteristics of a cohort in the order in which its name uses them; the weak ones say what it has little of and are last.';

create function private.cohort_advice(p_brand uuid, p_cohort uuid)
returns text
language sql
stable
set search_path = ''
as $$
  select 'Watch: ' || x.advice
  from (
    select 0 as rank, 1.0::double precision as strength, 'another search may not find this group again; try a small test before you build on it.' as advice
    from cohorts.cohorts c where c.brand_id = p_brand and c.id = p_cohort and c.stability_score < 0.6
    union all
    select a.rank, abs(n.effect), format(a.advice, private.component_subject(n.component, n.label))
    from private.name_parts(p_brand, p_cohort) n
    join (values
      (1, 'behavior.refund_share', 'high', 'why so much comes back.'),
      (1, 'experience.satisfaction', 'low', 'what disappointed them; ask.'),
      (2, 'behavior.days_since_order', 'high', 'they are slipping away; the longer the silence, the fewer come back.'),
      (3, 'behavior.purchase_rate', 'high', 'much of the sales hangs on them; a drop in their orders is felt first.'),
      (3, 'behavior.order_value', 'high', 'much of the sales hangs on them; a drop in their orders is felt first.'),
      (4, 'response.any', 'low', 'offers hardly reach them; try other ones.'),
      (5, 'behavior.purchase_rate', 'low', 'whether they order again.'),
      (6, 'preference.category.%', 'high', 'the stock of %s.')
    ) a (rank, component, direction, advice) on n.component like a.component and n.direction = a.direction
  ) x
  order by x.rank, x.strength desc, x.advice limit 1
$$;
comment on function private.cohort_advice(uuid, uuid) is 'What to watch in a cohort, one sentence by its most pressing characteristic; null where there is none.';

create function private.cohort_description(p_brand uuid, p_cohort uuid, p_total integer)
returns text
language sql
stable
set search_path = ''
as $$
  select concat_ws(' ',
    format('%s people, %s%% of all.', c.member_count, round(100.0 * c.member_count / greatest(p_total, 1))),
    case when d.phrases is null then 'Nothing sets them clearly apart from the others.'
      else 'They ' || concat_ws(' and ', nullif(array_to_string(d.phrases[:cardinality(d.phrases) - 1], ', '), ''), d.phrases[cardinality(d.phrases)]) || '.' end,
    'Stability: ' || cohorts.stability_word(c.stability_score) || '.',
    private.cohort_advice(p_brand, p_cohort))
  from cohorts.cohorts c
  cross join lateral (
    select array_agg(n.words order by n.place) as phrases from private.name_parts(p_brand, p_cohort) n where n.place <= 4
  ) d
  where c.brand_id = p_brand and c.id = p_cohort
$$;
comment on function private.cohort_description(uuid, uuid, integer) is
  'What a shopkeeper reads about a cohort: how many people (of p_total), its four strongest characteristics in the units of the shop, its stability, what to watch.';

create function private.cohort_type_of(p_brand uuid, p_cohort uuid)
returns cohorts.cohort_type
language sql
stable
set search_path = ''
as $$
  select case when count(distinct t.kind) = 1 and min(t.kind) in ('behavioral', 'demographic', 'preference')
    then min(t.kind) else 'mixed' end::cohorts.cohort_type
  from (
    select private.characteristic_type(n.component)::text as kind
    from private.name_parts(p_brand, p_cohort) n order by abs(n.effect) desc, n.place limit 3
  ) t
$$;
comment on function private.cohort_type_of(uuid, uuid) is 'The kind of its three strongest characteristics when they are of one kind, else mixed.';

create function private.name_holds(p_cohort cohorts.cohorts, p_min_effect double precision)
returns boolean
language sql
stable
set search_path = ''
as $$
  -- Half of what makes a characteristic is enough to keep one: at the threshold names would come and go.
  select (jsonb_array_length(p_cohort.cohort_signature -> 'named_after') > 0
      or not exists (select from private.name_parts(p_cohort.brand_id, p_cohort.id)))
    and not exists (
      select from jsonb_to_recordset(p_cohort.cohort_signature -> 'named_after') a (component text, direction text)
      where coalesce((p_cohort.cohort_signature #>> array['effects', a.component, 'effect'])::double precision, 0)
        * case a.direction when 'high' then 1 else -1 end < p_min_effect / 2)
$$;
comment on function private.name_holds(cohorts.cohorts, double precision) is
  'Whether a cohort still is what it was named after: the same directions, with effects of at least half of p_min_effect. A cohort named for nothing in particular must still have no characteristics.';

create function private.new_cohort_name(p_brand uuid, p_cohort uuid, out cohort_name text, out named_after jsonb)
language plpgsql
stable
set search_path = ''
as $$
declare
  -- Places of the characteristics, short names first; a number comes last.
  v_choices constant text[] := array['1', '1,2', '1,3', '2,3', '1,2,3', '1,2,4', '1,2,3,4'];
  v_choice text;
begin
  -- Usually the first that is tried is free.
  for v_try in 1..1000 loop
    v_choice := coalesce(v_choices[v_try], v_choices[2]);
    -- One is enough only where a second would say what they have little of.
    continue when v_try = 1 and exists (select from private.name_parts(p_brand, p_cohort) n where n.place = 2 and not n.is_weak);
    select private.cohort_name(coalesce(array_agg(n.component order by n.place), '{}'), array_agg(n.label order by n.place), array_agg(n.direction order by n.place)),
      coalesce(jsonb_agg(jsonb_build_object('component', n.component, 'direction', n.direction) order by n.place), '[]')
    into cohort_name, named_after
    from private.name_parts(p_brand, p_cohort) n
    where n.place = any (string_to_array(v_choice, ',')::bigint[]);
    continue when v_try between 2 and cardinality(v_choices) and jsonb_array_length(named_after) < cardinality(string_to_array(v_choice, ','));
    if v_try > cardinality(v_choices) then
      cohort_name := format('%s (%s)', cohort_name, v_try - cardinality(v_choices) + 1);
    end if;
    exit when not exists (
      select from cohorts.cohorts c
      where c.brand_id = p_brand and c.cohort_status = 'active' and c.cohort_name = new_cohort_name.cohort_name and c.id <> p_cohort);
  end loop;
end
$$;
comment on function private.new_cohort_name(uuid, uuid) is
  'A name that no other active cohort of the brand has, from two to four of the strongest characteristics, and what it was made of.';

create function private.name_cohorts(p_run cohorts.clustering_runs)
returns void
language plpgsql
volatile
set search_path = ''
as $$
declare
  v_cohort cohorts.cohorts;
  v_keeps boolean;
  v_name text;
  v_named_after jsonb;
begin
  -- One cohort at a time, a handful in all: each name must differ from those given before it.
  for v_cohort in
    select c.* from cohorts.cohorts c where c.brand_id = p_run.brand_id and c.id = any (p_run.cohort_ids) order by c.cohort_name is null, array_position(p_run.cohort_ids, c.id)
  loop
    -- A name that is still true stays: people have learned it.
    v_keeps := v_cohort.cohort_name is not null
      and (v_cohort.name_source = 'manager' or private.name_holds(v_cohort, (p_run.parameters ->> 'min_effect')::double precision));
    if v_keeps then
      v_name := v_cohort.cohort_name;
      v_named_after := v_cohort.cohort_signature -> 'named_after';
    else
      select n.cohort_name, n.named_after into v_name, v_named_after from private.new_cohort_name(p_run.brand_id, v_cohort.id) n;
    end if;
    if v_name <> v_cohort.cohort_name then
      insert into cohorts.cohort_evolution_log (brand_id, cohort_id, run_id, event_type, event_description, event_timestamp,
        trigger_reason, before_state, after_state, changed_attributes, affected_actor_count, event_confidence)
      values (p_run.brand_id, v_cohort.id, p_run.id, 'updated', format('Renamed from "%s" to "%s": what the name said no longer holds.', v_cohort.cohort_name, v_name), p_run.started_at,
        'clustering_run', jsonb_build_object('cohort_name', v_cohort.cohort_name), jsonb_build_object('cohort_name', v_name),
        '["cohort_name"]', v_cohort.member_count, 1);
    end if;

    update cohorts.cohorts c
    set cohort_name = v_name, name_source = case when v_keeps then c.name_source else 'characteristics' end,
      cohort_description = case when v_keeps and c.cohort_signature ? 'given_description' then c.cohort_signature ->> 'given_description'
        else private.cohort_description(p_run.brand_id, c.id, p_run.input_actor_count) end,
      cohort_type = private.cohort_type_of(p_run.brand_id, c.id),
      cohort_signature = (c.cohort_signature - case when v_keeps then '' else 'given_description' end) || jsonb_build_object('named_after', v_named_after,
        'characteristics', (select coalesce(jsonb_agg(to_jsonb(n) - '{place, is_weak, words}'::text[] order by n.place), '[]') from private.name_parts(p_run.brand_id, c.id) n))
    where c.brand_id = p_run.brand_id and c.id = v_cohort.id;
  end loop;
end
$$;
comment on function private.name_cohorts(cohorts.clustering_runs) is
  'Gives each cohort of a run a name and a description made of its strongest characteristics. A name that still holds is kept, one given by a manager always; a change is logged as updated.';

create function private.cohorts_rename(p_cohort uuid, p_name text, p_description text, p_source cohorts.name_source)
returns cohorts.cohorts
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  v_before cohorts.cohorts;
  v_cohort cohorts.cohorts;
begin
  select c.* into v_before from cohorts.cohorts c where c.id = p_cohort for update;
  if not found or not (private.is_service() or private.caller_role(v_before.brand_id) is not null) then
    perform private.raise_error('not_found', 'cohort', p_cohort::text);
  end if;
  perform private.require_role(v_before.brand_id, 'manager');
  if btrim(coalesce(p_name, '')) = '' or length(btrim(p_name)) > 200 or p_name ~ '[[:cntrl:]]' then
    perform private.raise_error('invalid_argument', 'p_name', 'must have 1 to 200 printable characters');
  elsif length(p_description) > 2000 then
    perform private.raise_error('invalid_argument', 'p_description', 'must have at most 2000 characters');
  elsif p_source is null or p_source = 'characteristics' then
    perform private.raise_error('invalid_argument', 'p_source', 'must be manager or provider');
  elsif v_before.cohort_status <> 'active' then
    perform private.raise_error('cohort_not_active', p_cohort::text, v_before.cohort_status::text);
  elsif exists (select from cohorts.cohorts c where c.brand_id = v_before.brand_id and c.cohort_status = 'active' and c.id <> p_cohort
    and c.cohort_name = btrim(p_name)) then
    perform private.raise_error('cohort_name_taken', btrim(p_name));
  -- What people named, no provider renames.
  elsif p_source = 'provider' and v_before.name_source = 'manager' then
    return v_before;
  end if;

  update cohorts.cohorts c
  set cohort_name = btrim(p_name), name_source = p_source,
    cohort_description = coalesce(nullif(btrim(p_description), ''), c.cohort_description),
    cohort_signature = (c.cohort_signature - 'given_description')
      || jsonb_strip_nulls(jsonb_build_object('given_description', nullif(btrim(p_description), '')))
      || jsonb_build_object('named_after', (
        select coalesce(jsonb_agg(jsonb_build_object('component', n.component, 'direction', n.direction) order by n.strength), '[]')
        from (select p.*, row_number() over (order by abs(p.effect) desc, p.place) as strength from private.name_parts(c.brand_id, c.id) p) n
        where n.strength <= 3))
  where c.id = p_cohort returning c.* into v_cohort;
  insert into cohorts.cohort_evolution_log (brand_id, cohort_id, event_type, event_description, trigger_reason,
    before_state, after_state, changed_attributes, affected_actor_count, event_confidence)
  select v_cohort.brand_id, p_cohort, 'updated', format('Renamed from "%s" to "%s".', v_before.cohort_name, v_cohort.cohort_name), 'named by ' || p_source,
    jsonb_build_object('cohort_name', v_before.cohort_name), jsonb_build_object('cohort_name', v_cohort.cohort_name), '["cohort_name"]', v_cohort.member_count, 1
  where v_before.cohort_name is distinct from v_cohort.cohort_name;
  perform private.emit(v_cohort.brand_id, 'cohorts.renamed', 'cohort', p_cohort, jsonb_build_object('source', p_source));
  return v_cohort;
end
$$;
comment on function private.cohorts_rename(uuid, text, text, cohorts.name_source) is 'Body of cohorts.rename. Definer: cohorts are not writable by clients.';
grant execute on function private.cohorts_rename(uuid, text, text, cohorts.name_source) to authenticated, service_role;

create function cohorts.rename(p_cohort uuid, p_name text, p_description text default null, p_source cohorts.name_source default 'manager')
returns cohorts.cohorts
language sql
volatile
set search_path = ''
begin atomic
  select * from private.cohorts_rename(p_cohort, p_name, p_description, p_source);
end;
comment on function cohorts.rename(uuid, text, text, cohorts.name_source) is
  'Gives an active cohort a name (1 to 200 characters, unique in the brand) and a description (up to 2,000 characters; null leaves it to the characteristics). p_source manager: runs keep both for good; provider (a language model worded it): until one of its three strongest characteristics at that time no longer holds; a name given by a manager is not replaced by a provider''s, the cohort is returned as it is. For managers. Errors: not_found, invalid_argument, cohort_not_active, cohort_name_taken, role_too_low.';
grant execute on function cohorts.rename(uuid, text, text, cohorts.name_source) to authenticated, service_role;
