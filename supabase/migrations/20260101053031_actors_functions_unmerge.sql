create function private.records_of(p_brand uuid, p_actor uuid)
returns uuid[]
language sql
stable
set search_path = ''
as $$
  select array_agg(r.id order by r.id) from actors.identity_records r where r.brand_id = p_brand and r.actor_id = p_actor
$$;
comment on function private.records_of(uuid, uuid) is 'Identity records of a person, oldest first; null where there is none.';

create function private.tie_records(p_brand uuid, p_some uuid[], p_others uuid[], p_status text, p_note text, p_now timestamptz)
returns void
language sql
volatile
set search_path = ''
as $$
  -- Between all pairs that were ever taken for a match or asked about, and between the two first records in any case.
  with pairs as (
    select least(p_some[1], p_others[1]) as record_a, greatest(p_some[1], p_others[1]) as record_b, null::double precision as probability, null::jsonb as waterfall
    union all
    select m.record_a, m.record_b, m.probability, m.waterfall from actors.identity_matches m
    where m.brand_id = p_brand and m.record_a = any (p_some || p_others) and m.record_b = any (p_some || p_others)
    union all
    select v.record_a, v.record_b, v.probability, v.waterfall from actors.identity_reviews v
    where v.brand_id = p_brand and v.record_a = any (p_some || p_others) and v.record_b = any (p_some || p_others)
  )
  insert into actors.identity_reviews as v (brand_id, record_a, record_b, probability, waterfall, status, note, answered_by, answered_at)
  select p_brand, p.record_a, p.record_b, coalesce(max(p.probability), 0), coalesce((array_agg(p.waterfall) filter (where p.waterfall is not null))[1], '[]'),
    p_status, p_note, auth.uid(), p_now
  from pairs p
  where (p.record_a = any (p_some)) <> (p.record_b = any (p_some))
  group by p.record_a, p.record_b
  on conflict (brand_id, record_a, record_b) do update
  set status = excluded.status, note = excluded.note, answered_by = excluded.answered_by, answered_at = excluded.answered_at
$$;
comment on function private.tie_records(uuid, uuid[], uuid[], text, text, timestamptz) is
  'Answers same or different between two groups of identity records: must-links or cannot-links that every later clustering obeys. Nothing where a group is empty.';

create function private.restore_person(p_brand uuid, p_merge uuid, p_cause jsonb, p_now timestamptz, out event_id uuid, out restored uuid, out holder uuid)
language plpgsql
volatile
set search_path = ''
as $$
declare
  v_merge actors.identity_events;
  v_ref record;
begin
  select * into v_merge from actors.identity_events e where e.brand_id = p_brand and e.id = p_merge;
  restored := v_merge.other_actor_id;
  -- Who has the survivor's things today: it may have been merged itself since.
  with recursive chain (id, merged_into) as (
    select a.id, a.merged_into from actors.actors a where a.brand_id = p_brand and a.id = v_merge.actor_id
    union
    select a.id, a.merged_into from chain c join actors.actors a on a.brand_id = p_brand and a.id = c.merged_into
  )
  select c.id into holder from chain c where c.merged_into is null;
  event_id := private.note_identity_event(p_brand, 'unmerge', restored, holder, p_cause, p_now, p_merge);
  update actors.actors a set is_active = true, merged_into = null where a.brand_id = p_brand and a.id = restored;

  -- A loop over tables, since each is a statement of its own.
  for v_ref in
    select x.table_name || '.' || x.column_name as name, x.table_name, x.column_name from private.actor_references() x
    union all select 'actors.evidence', 'actors.evidence', 'actor_id'
  loop
    execute format(
      'with back as (update %1$s t set %2$I = m.from_actor from actors.identity_moves m
         where t.brand_id = $1 and t.%2$I = $3 and m.brand_id = $1 and m.event_id = $2 and m.table_name = $5 and m.row_id = t.id returning t.id, m.from_actor)
       insert into actors.identity_moves (brand_id, event_id, table_name, row_id, from_actor, to_actor, happened_at)
       select $1, $4, $5, b.id, $3, b.from_actor, $6 from back b', v_ref.table_name, v_ref.column_name)
    using p_brand, p_merge, holder, event_id, v_ref.name, p_now;
  end loop;
  perform private.emit(p_brand, 'actors.unmerged', 'actor', restored, jsonb_build_object('event_id', event_id, 'from', holder));
end
$$;
comment on function private.restore_person(uuid, uuid, jsonb, timestamptz) is
  'Makes the person that a merge absorbed itself again and gives it back what the merge moved from higher domains and is still with the survivor (holder: or with whoever absorbed that one since). Its identity records are handed over by the caller.';

create function private.unmerge_actors(p_brand uuid, p_event uuid, p_cause jsonb, p_now timestamptz)
returns uuid
language plpgsql
volatile
set search_path = ''
as $$
declare
  v_merge actors.identity_events;
  v_restored record;
  v_records uuid[];
  v_to uuid[];
  v_probability double precision[];
  v_later uuid[];
begin
  select * into v_merge from actors.identity_events e where e.brand_id = p_brand and e.id = p_event;
  v_restored := private.restore_person(p_brand, p_event, p_cause, p_now);

  -- Records that the merge moved go back; these and the ones that stay get the certainty that they had before it.
  select array_agg(r.id order by r.id), array_agg(coalesce(m.from_actor, r.actor_id) order by r.id),
    array_agg(coalesce(b.probability_before, r.match_probability) order by r.id),
    array_agg(r.id order by r.id) filter (where r.created_at > v_merge.created_at)
  into v_records, v_to, v_probability, v_later
  from actors.identity_records r
  left join actors.identity_moves m on m.brand_id = p_brand and m.event_id = p_event and m.table_name = 'actors.identity_records' and m.row_id = r.id
  left join lateral (
    select o.probability_before from actors.identity_moves o
    where o.brand_id = p_brand and o.row_id = r.id and o.table_name = 'actors.identity_records' and o.event_id >= p_event
    order by o.event_id limit 1
  ) b on true
  where r.brand_id = p_brand and r.actor_id = v_restored.holder;
  if v_records is not null then
    perform private.hand_over_records(p_brand, v_records, v_to, v_probability, coalesce(p_cause ->> 'by', 'auto'), v_restored.event_id, p_now);
    perform private.tie_records(p_brand, private.records_of(p_brand, v_restored.restored), private.records_of(p_brand, v_restored.holder),
      'different', p_cause ->> 'reason', p_now);
  end if;

  perform private.end_moves(p_brand, array[v_restored.restored, v_restored.holder], p_now);

  -- What came in while they were one goes to whom it fits.
  if v_later is not null then
    perform private.assign_records(p_brand, v_later, private.identity_model_of(p_brand), p_now);
  end if;
  return v_restored.restored;
end
$$;
comment on function private.unmerge_actors(uuid, uuid, jsonb, timestamptz) is
  'Takes back a merge, to the last digit: what it moved and is still with the survivor (or with whoever absorbed that one since) goes back with its certainty of then, both people are kept apart from now on, and records that came since are matched anew. Returns the restored person.';

create function private.split_actor(p_brand uuid, p_actor uuid, p_records uuid[], p_cause jsonb, p_now timestamptz)
returns uuid
language plpgsql
volatile
set search_path = ''
as $$
declare
  v_new uuid;
  v_event uuid;
begin
  v_new := private.uuid_v7();
  perform private.found_actors(p_brand, array_fill(v_new, array[cardinality(p_records)]), p_records);
  v_event := private.note_identity_event(p_brand, 'split', v_new, p_actor, p_cause, p_now);
  perform private.hand_over_records(p_brand, p_records, array_fill(v_new, array[cardinality(p_records)]),
    -- The first record founds the person; how sure the others are is not told by a split.
    (select array_agg(r.match_probability order by x.place) from unnest(p_records) with ordinality x (id, place)
     join actors.identity_records r on r.brand_id = p_brand and r.id = x.id), 'rule', v_event, p_now);
  perform private.tie_records(p_brand, p_records, private.records_of(p_brand, p_actor), 'different', p_cause ->> 'reason', p_now);
  perform private.end_moves(p_brand, array[v_new, p_actor], p_now);
  perform private.emit(p_brand, 'actors.split', 'actor', v_new, jsonb_build_object('event_id', v_event, 'from', p_actor));
  return v_new;
end
$$;
comment on function private.split_actor(uuid, uuid, uuid[], jsonb, timestamptz) is
  'Makes a new person of some of a person''s identity records: their signals and evidence go along; what higher domains hold stays, since it was sent to the person as it was. Returns the new person.';
