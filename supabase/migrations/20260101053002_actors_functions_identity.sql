create type private.identified_signal as (
  signal_id uuid,
  occurred_at timestamptz,
  identifier_type actors.identifier_type,
  identifier_value text,
  strength double precision
);
create type private.actor_match as (
  signal_id uuid,
  actor_id uuid,
  confidence double precision,
  is_new boolean
);

create function private.identifiers_of_signals(p_brand uuid, p_signals uuid[])
returns setof private.identified_signal
language sql
stable
set search_path = ''
as $$
  -- Materialized: the parameters are read once and not per row.
  with strengths as materialized (
    select k as identifier_type, private.actors_number(p_brand, 'match_confidence.' || k) as strength
    from unnest(enum_range(null::actors.identifier_type)) k
  )
  select s.id, s.occurred_at, t.identifier_type, i.value ->> 'value', t.strength
  from signals.signals_base s
  cross join lateral jsonb_array_elements(s.identifiers) i
  join strengths t on t.identifier_type::text = i.value ->> 'type'
  where s.brand_id = p_brand and s.id = any (p_signals) and length(i.value ->> 'value') between 1 and 320
$$;
comment on function private.identifiers_of_signals(uuid, uuid[]) is
  'One row per identifier of the signals, with its strength: the parameter actors.match_confidence.<type>.';

create function private.actors_match(p_brand uuid, p_signals uuid[])
returns setof private.actor_match
language plpgsql
volatile
set search_path = ''
set plan_cache_mode = force_custom_plan -- the plan depends on the size of the arrays
as $$
declare
  v_open private.identified_signal[];
  v_matched private.actor_match[];
  v_new uuid[] := array[]::uuid[];
begin
  select array_agg(i) into v_open from private.identifiers_of_signals(p_brand, p_signals) i;

  -- Rounds instead of a loop over signals: each takes all signals that are known by now. A chain of signals that
  -- introduce each other's identifiers takes one round per link; most batches need two or three.
  while v_open is not null loop
    select array_agg((m.signal_id, m.actor_id, m.strength, m.actor_id = any (v_new))::private.actor_match) into v_matched
    from (
      select distinct on (o.signal_id) o.signal_id, a.actor_id, o.strength
      from unnest(v_open) o
      join actors.actor_identifiers a
        on (a.brand_id, a.identifier_type, a.identifier_value) = (p_brand, o.identifier_type, o.identifier_value)
      order by o.signal_id, o.strength desc, o.identifier_type, o.identifier_value
    ) m;

    if v_matched is null then
      -- Nobody is known. A signal that is the first one to carry each of its identifiers is of a new person.
      with ranked as (
        select o.*, row_number() over (partition by o.identifier_type, o.identifier_value order by o.occurred_at, o.signal_id) as place
        from unnest(v_open) o
      ), firsts as (
        select r.signal_id, min(r.occurred_at) as at,
          (array_agg(r.identifier_type order by r.strength desc, r.identifier_type, r.identifier_value))[1] as identifier_type,
          (array_agg(r.identifier_value order by r.strength desc, r.identifier_type, r.identifier_value))[1] as identifier_value
        from ranked r
        group by r.signal_id
        having max(r.place) = 1
      ), made as (
        insert into actors.actors as a (brand_id, primary_identifier, primary_identifier_type, first_seen_at, last_seen_at)
        select p_brand, f.identifier_value, f.identifier_type, f.at, f.at from firsts f order by f.identifier_type, f.identifier_value
        on conflict (brand_id, primary_identifier_type, primary_identifier)
          do update set first_seen_at = least(a.first_seen_at, excluded.first_seen_at)
        returning a.id, a.primary_identifier, a.primary_identifier_type, a.first_seen_at, a.total_signals
      ), strengths as (
        -- Few rows: a join of the new people with all their signals would be quadratic where the planner expects one of each.
        select o.identifier_type, max(o.strength) as strength from unnest(v_open) o group by o.identifier_type
      ), attached as (
        insert into actors.actor_identifiers (brand_id, actor_id, identifier_type, identifier_value, confidence, first_seen_at, last_seen_at)
        select p_brand, m.id, m.primary_identifier_type, m.primary_identifier, t.strength, m.first_seen_at, m.first_seen_at
        from made m
        join strengths t on t.identifier_type = m.primary_identifier_type
        order by m.primary_identifier_type, m.primary_identifier
        on conflict do nothing
      )
      select v_new || coalesce(array_agg(m.id) filter (where m.total_signals = 0), '{}') into v_new from made m;
      continue;
    end if;
    return query select * from unnest(v_matched);

    -- The other identifiers of a matched signal are the person's too, unless they are somebody's already.
    insert into actors.actor_identifiers (brand_id, actor_id, identifier_type, identifier_value, confidence, first_seen_at, last_seen_at)
    select p_brand, n.actor_id, n.identifier_type, n.identifier_value, n.strength, n.occurred_at, n.occurred_at
    from (
      select distinct on (o.identifier_type, o.identifier_value) o.*, m.actor_id
      from unnest(v_open) o
      join unnest(v_matched) m on m.signal_id = o.signal_id
      order by o.identifier_type, o.identifier_value, o.occurred_at, o.signal_id
    ) n
    order by n.identifier_type, n.identifier_value
    on conflict (brand_id, identifier_type, identifier_value) do nothing;

    select array_agg(o) into v_open
    from unnest(v_open) o
    left join unnest(v_matched) m on m.signal_id = o.signal_id
    where m.signal_id is null;
  end loop;
end
$$;
comment on function private.actors_match(uuid, uuid[]) is
  'Finds or makes the person of each signal by its normalised identifiers, exactly equal, and by nothing else: a name never links. When they name different people the strongest identifier decides. Signals without an identifier are not returned. Run under the brand''s lock of actors.process_signals.';

create function private.actors_note_conflicts(p_brand uuid, p_matches private.actor_match[])
returns integer
language plpgsql
volatile
set search_path = ''
set plan_cache_mode = force_custom_plan -- the plan depends on the size of the arrays
as $$
declare
  v_count integer;
begin
  with noted as (
    insert into actors.identifier_conflicts (brand_id, signal_id, actor_id, other_actor_id, identifier_type, identifier_value)
    select p_brand, m.signal_id, m.actor_id, a.actor_id, i.identifier_type, i.identifier_value
    from private.identifiers_of_signals(p_brand, (select array_agg(u.signal_id) from unnest(p_matches) u)) i
    join unnest(p_matches) m on m.signal_id = i.signal_id
    join actors.actor_identifiers a
      on (a.brand_id, a.identifier_type, a.identifier_value) = (p_brand, i.identifier_type, i.identifier_value)
    where a.actor_id <> m.actor_id
    on conflict do nothing
    returning 1
  )
  select count(*)::integer into v_count from noted;
  return v_count;
end
$$;
comment on function private.actors_note_conflicts(uuid, private.actor_match[]) is
  'Records the identifiers of matched signals that belong to somebody else; returns how many.';

create function private.actors_count_signals(p_brand uuid, p_matches private.actor_match[])
returns void
language plpgsql
volatile
set search_path = ''
set plan_cache_mode = force_custom_plan -- the plan depends on the size of the arrays
as $$
begin
  with seen as (
    select i.identifier_type, i.identifier_value, min(i.occurred_at) as first_at, max(i.occurred_at) as last_at
    from private.identifiers_of_signals(p_brand, (select array_agg(u.signal_id) from unnest(p_matches) u)) i
    group by i.identifier_type, i.identifier_value
  )
  update actors.actor_identifiers a
  set first_seen_at = least(a.first_seen_at, s.first_at), last_seen_at = greatest(a.last_seen_at, s.last_at)
  from seen s
  where (a.brand_id, a.identifier_type, a.identifier_value) = (p_brand, s.identifier_type, s.identifier_value)
    and (s.first_at < a.first_seen_at or s.last_at > a.last_seen_at);

  with counted as (
    select m.actor_id, count(*) as signals, sum(s.quality_score) as quality, min(s.occurred_at) as first_at, max(s.occurred_at) as last_at,
      (array_agg(left(nullif(btrim(s.raw_content ->> 'name'), ''), 300) order by s.occurred_at desc, s.id)
        filter (where btrim(s.raw_content ->> 'name') <> ''))[1] as name
    from unnest(p_matches) m
    join signals.signals_base s on s.brand_id = p_brand and s.id = m.signal_id
    group by m.actor_id
  ), identified as (
    select t.actor_id, jsonb_object_agg(t.identifier_type, t.identifier_values) as identifiers
    from (
      select a.actor_id, a.identifier_type, jsonb_agg(a.identifier_value order by a.first_seen_at, a.identifier_value) as identifier_values
      from actors.actor_identifiers a
      where a.brand_id = p_brand and a.actor_id in (select c.actor_id from counted c)
      group by a.actor_id, a.identifier_type
    ) t
    group by t.actor_id
  )
  update actors.actors a
  set total_signals = a.total_signals + c.signals,
    data_quality_score = least(1, (a.data_quality_score * a.total_signals + c.quality) / (a.total_signals + c.signals)),
    first_seen_at = least(a.first_seen_at, c.first_at),
    last_seen_at = greatest(a.last_seen_at, c.last_at),
    last_signal_at = greatest(a.last_signal_at, c.last_at),
    name = case when a.name is null or c.last_at >= a.last_seen_at then coalesce(c.name, a.name) else a.name end,
    identifiers = i.identifiers,
    profile_completeness = 0.3 + case when i.identifiers ? 'phone' then 0.3 else 0 end
      + case when i.identifiers ? 'email' then 0.2 else 0 end + case when coalesce(c.name, a.name) is not null then 0.2 else 0 end
  from counted c
  join identified i using (actor_id)
  where a.brand_id = p_brand and a.id = c.actor_id;
end
$$;
comment on function private.actors_count_signals(uuid, private.actor_match[]) is
  'Brings first and last seen, counts, quality, name and completeness of the matched actors up to date. Late signals move first_seen_at back and never last_seen_at.';
