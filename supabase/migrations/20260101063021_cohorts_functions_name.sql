create function private.name_parts(p_brand uuid, p_cohort uuid)
returns table (place bigint, component text, label text, direction text, effect double precision, mean double precision, mean_of_rest double precision)
language sql
stable
set search_path = ''
as $$
  -- What people do more of describes them better than what they do less of.
  select row_number() over (order by c.effect_size < 0, abs(c.effect_size) desc, c.characteristic_name),
    c.characteristic_name, c.characteristic_value ->> 'label', c.characteristic_value ->> 'direction', c.effect_size,
    (c.characteristic_value ->> 'mean')::double precision, (c.characteristic_value ->> 'mean_of_rest')::double precision
  from cohorts.cohort_characteristics c
  where c.brand_id = p_brand and c.cohort_id = p_cohort and c.is_current
$$;
comment on function private.name_parts(uuid, uuid) is 'The current characteristics of a cohort in the order in which its name uses them.';

create function private.cohort_name(p_labels text[], p_directions text[])
returns text
language sql
immutable
set search_path = ''
as $$
  select upper(left(n.name, 1)) || substr(n.name, 2)
  from (
    select coalesce(concat_ws('; ', string_agg(x.label, ', ' order by x.i) filter (where x.direction = 'high'),
      'less: ' || string_agg(x.label, ', ' order by x.i) filter (where x.direction = 'low')), '') as raw
    from unnest(p_labels, p_directions) with ordinality x (label, direction, i)
  ) r
  cross join lateral (select left(coalesce(nullif(r.raw, ''), 'Much like everybody'), 180) as name) n
$$;
comment on function private.cohort_name(text[], text[]) is
  'Name from labels of characteristics ("buys bags") and their directions (high, low): "Buys bags, orders often; less: reads e-mail".';

create function private.cohort_description(p_brand uuid, p_cohort uuid, p_members integer, p_total integer)
returns text
language sql
stable
set search_path = ''
as $$
  select concat_ws(' ',
    format('%s people, %s%% of all.', p_members, round(100.0 * p_members / greatest(p_total, 1))),
    'More than the others: ' || string_agg(d.phrase, ', ' order by d.place) filter (where d.direction = 'high') || '.',
    'Less: ' || string_agg(d.phrase, ', ' order by d.place) filter (where d.direction = 'low') || '.',
    case when count(*) = 0 then 'Nothing sets them clearly apart from the others.' end)
  from (
    select p.place, p.direction,
      format('%s (%s)', p.label, case when abs(p.effect) >= 0.8 then 'much' when abs(p.effect) >= 0.5 then 'clearly' else 'somewhat' end) as phrase
    from private.name_parts(p_brand, p_cohort) p
    order by abs(p.effect) desc, p.place limit 5
  ) d
$$;
comment on function private.cohort_description(uuid, uuid, integer, integer) is
  'What a shopkeeper reads about a cohort: how many people (p_members of p_total) and its five strongest characteristics; much, clearly, somewhat: effect size from 0.8, 0.5, below (Cohen 1988).';

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

create function private.name_cohorts(p_run cohorts.clustering_runs)
returns void
language plpgsql
volatile
set search_path = ''
as $$
declare
  v_cohort cohorts.cohorts;
  v_parts jsonb;
  v_count integer;
  v_depth integer;
  v_name text;
begin
  -- One cohort at a time, a handful in all: each name must differ from those given before it.
  for v_cohort in
    select c.* from cohorts.cohorts c where c.brand_id = p_run.brand_id and c.id = any (p_run.cohort_ids) order by c.cohort_name is null, array_position(p_run.cohort_ids, c.id)
  loop
    select coalesce(jsonb_agg(to_jsonb(n) - 'place' order by n.place), '[]'), count(*) into v_parts, v_count
    from private.name_parts(p_run.brand_id, v_cohort.id) n;

    -- A name that is still true stays: people have learned it.
    if v_cohort.cohort_name is not null and not exists (
      select from jsonb_to_recordset(v_cohort.cohort_signature -> 'named_after') a (component text, direction text)
      where not exists (
        select from jsonb_to_recordset(v_parts) b (component text, direction text)
        where b.component = a.component and b.direction = a.direction))
      and (v_count = 0) = (jsonb_array_length(v_cohort.cohort_signature -> 'named_after') = 0) then
      v_name := v_cohort.cohort_name;
      v_depth := jsonb_array_length(v_cohort.cohort_signature -> 'named_after');
    else
      for v_tries in 2..v_count + 20 loop
        v_depth := least(v_tries, v_count);
        select private.cohort_name(array_agg(x.label order by x.i), array_agg(x.direction order by x.i)) into v_name
        from (
          select r.label, r.direction, r.i
          from rows from (jsonb_to_recordset(v_parts) as (label text, direction text)) with ordinality r (label, direction, i)
          where r.i <= v_depth
        ) x;
        if v_tries > greatest(v_count, 2) then
          v_name := v_name || ' (' || v_tries - greatest(v_count, 2) + 1 || ')';
        end if;
        exit when not exists (
          select from cohorts.cohorts c
          where c.brand_id = p_run.brand_id and c.cohort_status = 'active' and c.cohort_name = v_name and c.id <> v_cohort.id);
      end loop;
      if v_cohort.cohort_name is not null then
        insert into cohorts.cohort_evolution_log (brand_id, cohort_id, run_id, event_type, event_description, event_timestamp,
          trigger_reason, before_state, after_state, changed_attributes, affected_actor_count, event_confidence)
        values (p_run.brand_id, v_cohort.id, p_run.id, 'characteristics_changed', format('Renamed from "%s" to "%s".', v_cohort.cohort_name, v_name), p_run.started_at,
          'clustering_run', jsonb_build_object('cohort_name', v_cohort.cohort_name), jsonb_build_object('cohort_name', v_name),
          '["cohort_name"]', v_cohort.member_count, 1);
      end if;
    end if;

    update cohorts.cohorts c
    set cohort_name = v_name,
      cohort_description = private.cohort_description(p_run.brand_id, c.id, c.member_count, p_run.input_actor_count),
      cohort_type = private.cohort_type_of(p_run.brand_id, c.id),
      cohort_signature = jsonb_build_object('characteristics', v_parts, 'named_after',
        case when v_name = v_cohort.cohort_name then v_cohort.cohort_signature -> 'named_after'
          else (select coalesce(jsonb_agg(jsonb_build_object('component', x.part ->> 'component', 'direction', x.part ->> 'direction') order by x.i), '[]')
            from jsonb_array_elements(v_parts) with ordinality x (part, i) where x.i <= v_depth) end)
    where c.brand_id = p_run.brand_id and c.id = v_cohort.id;
  end loop;
end
$$;
comment on function private.name_cohorts(cohorts.clustering_runs) is
  'Gives each cohort of a run a name from its two strongest characteristics, more where two are not unique in the brand, and a description. A name whose characteristics still hold is kept; a change is logged.';
