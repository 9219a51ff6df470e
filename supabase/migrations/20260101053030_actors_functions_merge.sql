create function private.found_actors(p_brand uuid, p_actors uuid[], p_records uuid[])
returns uuid[]
language sql
volatile
set search_path = ''
as $$
  with members as materialized (
    select t.actor_id as owner, r.* from unnest(p_actors, p_records) t (actor_id, record_id)
    join actors.identity_records r on r.id = t.record_id
  ), founders as (
    select distinct on (m.owner) m.*, min(m.first_seen_at) over (partition by m.owner) as first_at, max(m.last_seen_at) over (partition by m.owner) as last_at,
      max(m.signal_count) over (partition by m.owner) > 0 as has_signals
    from members m order by m.owner, m.first_seen_at, m.fingerprint
  ), made as (
    insert into actors.actors (id, brand_id, primary_identifier, primary_identifier_type, is_active, first_seen_at, last_seen_at)
    select f.owner, p_brand, i.value, i.type, f.has_signals, f.first_at, f.last_at
    from founders f
    cross join lateral (
      select v.type::actors.identifier_type, v.value from (values ('customer_id', f.customer_id, 1), ('email', f.email, 2), ('phone', f.phone, 3),
        ('social_handle', f.social_handle, 4), ('name', concat_ws(' ', f.given_name, f.family_name), 5)) v (type, value, place)
      where v.value is not null order by v.place limit 1
    ) i
    order by f.owner
    returning id
  )
  select array_agg(m.id) from made m
$$;
comment on function private.found_actors(uuid, uuid[], uuid[]) is
  'Makes people with the given ids of identity records (person and record, side by side): the record that was there first gives the primary identifier; of records whose signals were all retracted one who is not active. Returns their ids; the records are handed over apart.';

create function private.note_identity_event(p_brand uuid, p_kind text, p_actor uuid, p_other uuid, p_cause jsonb, p_now timestamptz, p_reverts uuid default null)
returns uuid
language sql
volatile
set search_path = ''
as $$
  insert into actors.identity_events (brand_id, event_kind, actor_id, other_actor_id, cause, reverts, performed_by, happened_at)
  values (p_brand, p_kind, p_actor, p_other, coalesce(p_cause, '{}'), p_reverts, auth.uid(), p_now)
  returning id
$$;
comment on function private.note_identity_event(uuid, text, uuid, uuid, jsonb, timestamptz, uuid) is 'Adds a row to actors.identity_events and returns its id.';

create function private.hand_over_records(p_brand uuid, p_records uuid[], p_to uuid[], p_probability double precision[], p_by text, p_event uuid, p_now timestamptz)
returns uuid[]
language plpgsql
volatile
set search_path = ''
set plan_cache_mode = force_custom_plan -- the plan depends on the size of the arrays
as $$
declare
  v_touched uuid[];
begin
  with moved as (
    insert into actors.identity_moves (brand_id, event_id, table_name, row_id, from_actor, to_actor, probability_before, happened_at)
    select p_brand, p_event, 'actors.identity_records', r.id, r.actor_id, t.actor_id, r.match_probability, p_now
    from unnest(p_records, p_to, p_probability) t (record_id, actor_id, probability)
    join actors.identity_records r on r.id = t.record_id
    where (r.actor_id, r.match_probability) is distinct from (t.actor_id, t.probability)
    returning from_actor, to_actor
  )
  select array_agg(distinct x.actor_id) into v_touched
  from moved m cross join lateral (values (m.from_actor), (m.to_actor)) x (actor_id);

  update actors.identity_records r set actor_id = t.actor_id, match_probability = t.probability, decided_by = p_by
  from unnest(p_records, p_to, p_probability) t (record_id, actor_id, probability)
  where r.id = t.record_id and (r.actor_id, r.match_probability) is distinct from (t.actor_id, t.probability);

  -- Found by their indexes for each record: a join would read the brand's whole history at each merge.
  with followed as (
    update signals.signals_base s set actor_id = x.actor_id, confidence_in_matching = x.probability
    from (
      select n.id, t.actor_id, t.probability
      from unnest(p_records, p_to, p_probability) t (record_id, actor_id, probability)
      cross join lateral (
        select b.id from signals.signals_base b where b.brand_id = p_brand and b.identity_record_id = t.record_id and b.actor_id is not null
          and (b.actor_id, b.confidence_in_matching) is distinct from (t.actor_id, t.probability) offset 0
      ) n
    ) x
    where s.id = x.id
    returning s.id, s.actor_id, s.confidence_in_matching
  ), pieces as (
    select n.id, f.actor_id, f.confidence_in_matching
    from followed f
    cross join lateral (
      select b.id from actors.evidence b where b.brand_id = p_brand and b.source_kind = 'signal' and b.source_id = f.id offset 0
    ) n
  )
  update actors.evidence e set actor_id = f.actor_id, match_probability = f.confidence_in_matching
  from pieces f where e.id = f.id;
  return coalesce(v_touched, '{}');
end
$$;
comment on function private.hand_over_records(uuid, uuid[], uuid[], double precision[], text, uuid, timestamptz) is
  'Gives identity records, with their signals and evidence, to people: one person and match probability (0 to 1) per record; p_by: auto, review or rule. Listed in actors.identity_moves under p_event. Returns the people who gave or received, to be folded again.';

create function private.actor_references()
returns table (table_name text, column_name text, unless_equal text)
language sql
stable
set search_path = ''
as $$
  select c.conrelid::regclass::text, a.attname::text,
    -- Where the survivor has an equal row already, under a unique index with the person in it, the row stays behind.
    coalesce((
      select string_agg(format('exists (select from (select * from %s%s) o where o.%I = $2 and %s)', c.conrelid::regclass,
          coalesce(' where ' || pg_get_expr(i.indpred, i.indrelid), ''), a.attname,
          (select coalesce(string_agg(format('o.%1$I is not distinct from t.%1$I', k.attname), ' and '), 'true')
           from pg_attribute k where k.attrelid = i.indrelid and k.attnum = any (i.indkey::int2[]) and k.attnum <> a.attnum)), ' or ')
      from pg_index i
      where i.indrelid = c.conrelid and i.indisunique and a.attnum = any (i.indkey::int2[])), 'false')
  from pg_constraint c
  join pg_class t on t.oid = c.conrelid
  join pg_namespace n on n.oid = t.relnamespace
  join pg_attribute a on a.attrelid = c.conrelid and a.attnum = c.conkey[2]
  where c.contype = 'f' and c.confrelid = 'actors.actors'::regclass and n.nspname not in ('actors', 'signals', 'private') and not t.relispartition
  order by 1, 2
$$;
comment on function private.actor_references() is
  'Every column of higher domains that points to a person, from the catalog, so that none can be forgotten: their rows follow a merge. Beliefs and identifiers are folded anew and signals follow their identity record. unless_equal: SQL condition on row t and survivor $2 under which a unique index keeps the row where it is.';

create function private.move_references(p_brand uuid, p_from uuid, p_to uuid, p_event uuid, p_now timestamptz)
returns void
language plpgsql
volatile
set search_path = ''
as $$
declare
  v_ref record;
begin
  -- A loop over tables, since each is a statement of its own.
  for v_ref in select * from private.actor_references() loop
    execute format(
      'with moved as (update %1$s t set %2$I = $2 where t.brand_id = $1 and t.%2$I = $3 and not (%3$s) returning t.id)
       insert into actors.identity_moves (brand_id, event_id, table_name, row_id, from_actor, to_actor, happened_at)
       select $1, $4, %4$L, m.id, $3, $2, $5 from moved m',
      v_ref.table_name, v_ref.column_name, v_ref.unless_equal, v_ref.table_name || '.' || v_ref.column_name)
    using p_brand, p_to, p_from, p_event, p_now;
  end loop;

  -- Evidence from signals follows the records; what outcomes taught is moved by itself.
  with moved as (
    update actors.evidence e set actor_id = p_to
    where e.brand_id = p_brand and e.actor_id = p_from and e.source_kind <> 'signal' returning e.id
  )
  insert into actors.identity_moves (brand_id, event_id, table_name, row_id, from_actor, to_actor, happened_at)
  select p_brand, p_event, 'actors.evidence', m.id, p_from, p_to, p_now from moved m;
end
$$;
comment on function private.move_references(uuid, uuid, uuid, uuid, timestamptz) is
  'Gives what higher domains hold about one person (deployments, outcomes, memberships, leads, orders) and what outcomes taught to another, listed in actors.identity_moves under the event.';

create function private.recount_actors(p_brand uuid, p_actors uuid[])
returns void
language plpgsql
volatile
set search_path = ''
set plan_cache_mode = force_custom_plan -- the plan depends on the size of the array
as $$
begin
  perform private.refresh_identifiers(p_brand, p_actors);
  update actors.actors a
  set total_signals = coalesce(s.signals, 0), data_quality_score = coalesce(s.quality, 0),
    first_seen_at = coalesce(s.first_at, a.first_seen_at), last_seen_at = coalesce(s.last_at, a.last_seen_at), last_signal_at = s.last_at,
    name = n.name, profile_completeness = case when s.signals > 0 then private.profile_completeness(i.identifiers, n.name) else 0 end
  from unnest(p_actors) p (id)
  join actors.actors i on i.brand_id = p_brand and i.id = p.id
  left join (
    -- Signals of the batch that is being processed are counted when it ends. In an order of their own: a mean to the last bit.
    select n.actor_id, count(*) as signals, least(1, sum(n.quality_score order by n.occurred_at, n.id) / count(*)) as quality,
      min(n.occurred_at) as first_at, max(n.occurred_at) as last_at,
      (array_agg(left(btrim(n.raw_content ->> 'name'), 300) order by n.occurred_at desc, n.id) filter (where btrim(n.raw_content ->> 'name') <> ''))[1] as name
    from signals.signals_base n
    where n.brand_id = p_brand and n.actor_id = any (p_actors) and n.processing_status = 'completed'
    group by n.actor_id
  ) s on s.actor_id = p.id
  -- A name goes with the signals that gave it; whoever is somebody else now, or was named by hand, keeps it.
  cross join lateral (select case when i.merged_into is not null or i.verification_method = 'manual' then i.name else s.name end as name) n
  where a.brand_id = p_brand and a.id = p.id;
end
$$;
comment on function private.recount_actors(uuid, uuid[]) is 'Brings identifiers, name, counts, quality and times of people up to date with the records and signals that are theirs now.';

create function private.end_moves(p_brand uuid, p_actors uuid[], p_now timestamptz)
returns void
language plpgsql
volatile
set search_path = ''
set plan_cache_mode = force_custom_plan -- the plan depends on the size of the array
as $$
begin
  perform private.refold_actors(p_brand, p_actors, p_now);
  -- Whoever gave the last record with a signal is nobody now; the row stays for what still points at it. Who had been
  -- retired so and was given one is somebody again.
  update actors.actors a set is_active = s.has_signals
  from (
    select p.id, exists (select from actors.identity_records r where r.brand_id = p_brand and r.actor_id = p.id and r.signal_count > 0) as has_signals
    from unnest(p_actors) p (id)
  ) s
  where a.brand_id = p_brand and a.id = s.id and a.is_active <> s.has_signals
    and case when s.has_signals then a.merged_into is null and a.total_signals = 0
      else exists (select from actors.identity_moves m where m.brand_id = p_brand and m.from_actor = a.id) end;
  perform private.recount_actors(p_brand, p_actors);
end
$$;
comment on function private.end_moves(uuid, uuid[], timestamptz) is 'After records or rows moved: folds and counts everybody concerned again, retires those who have no record with a signal left and brings back those who have one again.';

create function private.join_actors(p_brand uuid, p_survivor uuid, p_absorbed uuid, p_cause jsonb, p_now timestamptz,
  p_records uuid[], p_probability double precision[])
returns uuid
language plpgsql
volatile
set search_path = ''
as $$
declare
  v_event constant uuid := private.note_identity_event(p_brand, 'merge', p_survivor, p_absorbed, p_cause, p_now);
begin
  if p_records is not null then
    perform private.hand_over_records(p_brand, p_records, array_fill(p_survivor, array[cardinality(p_records)]), p_probability,
      coalesce(p_cause ->> 'by', 'auto'), v_event, p_now);
  end if;
  perform private.move_references(p_brand, p_absorbed, p_survivor, v_event, p_now);
  update actors.actors a set is_active = false, merged_into = p_survivor where a.brand_id = p_brand and a.id = p_absorbed;
  perform private.emit(p_brand, 'actors.merged', 'actor', p_survivor, jsonb_build_object('event_id', v_event, 'absorbed', p_absorbed));
  return v_event;
end
$$;
comment on function private.join_actors(uuid, uuid, uuid, jsonb, timestamptz, uuid[], double precision[]) is
  'Makes two people one, all but the folding of beliefs (private.end_moves): records with signals and evidence, and whatever higher domains hold of p_absorbed, become the survivor''s. p_records, p_probability: all records of p_absorbed with their match probability as the survivor''s; null: it has none. p_cause: {"by": auto|review|rule, ...}. Returns the identity event, which private.unmerge_actors takes back.';

create function private.merge_actors(p_brand uuid, p_survivor uuid, p_absorbed uuid, p_cause jsonb, p_now timestamptz)
returns uuid
language plpgsql
volatile
set search_path = ''
as $$
declare
  v_event uuid;
begin
  select private.join_actors(p_brand, p_survivor, p_absorbed, p_cause, p_now, array_agg(r.id order by r.id), array_agg(r.match_probability order by r.id)) into v_event
  from actors.identity_records r where r.brand_id = p_brand and r.actor_id = p_absorbed;
  perform private.end_moves(p_brand, array[p_survivor, p_absorbed], p_now);
  return v_event;
end
$$;
comment on function private.merge_actors(uuid, uuid, uuid, jsonb, timestamptz) is
  'Makes two people one, their records keeping their match probability, and folds beliefs again. p_cause: {"by": auto|review|rule, ...}. Returns the identity event.';
