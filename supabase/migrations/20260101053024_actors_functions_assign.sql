create function private.note_identity_reviews(p_brand uuid, p_ids uuid[], p_labels integer[], p_pairs private.identity_pair[],
  p_apart private.identity_pair[], p_model private.identity_model, p_review double precision)
returns void
language plpgsql
volatile
set search_path = ''
set plan_cache_mode = force_custom_plan -- the plan depends on the size of the arrays
as $$
begin
  -- One question for two clusters: about the two records that are most likely the same.
  with doubts as materialized (
    select l.a, l.b, l.probability from private.identity_links(p_pairs, p_labels, p_model) l
    where l.probability >= p_review
      and not exists (select from unnest(p_apart) n where least(p_labels[n.a], p_labels[n.b]) = l.a and greatest(p_labels[n.a], p_labels[n.b]) = l.b)
  ), asked as (
    select distinct on (d.a, d.b) m.record_a, m.record_b, d.probability, m.waterfall
    from doubts d
    join unnest(p_pairs) p on least(p_labels[p.a], p_labels[p.b]) = d.a and greatest(p_labels[p.a], p_labels[p.b]) = d.b
    join actors.identity_matches m on m.brand_id = p_brand and m.record_a = least(p_ids[p.a], p_ids[p.b]) and m.record_b = greatest(p_ids[p.a], p_ids[p.b])
    order by d.a, d.b, m.probability desc, p.a, p.b
  ), opened as (
    insert into actors.identity_reviews as v (brand_id, record_a, record_b, probability, waterfall)
    select p_brand, a.record_a, a.record_b, a.probability, a.waterfall from asked a
    on conflict (brand_id, record_a, record_b) do update
    set probability = excluded.probability, waterfall = excluded.waterfall, status = 'open'
    where v.status in ('open', 'obsolete')
  )
  update actors.identity_reviews v set status = 'obsolete'
  from unnest(p_ids) i
  where v.brand_id = p_brand and v.record_a = i and v.status = 'open'
    and not exists (select from asked a where a.record_a = v.record_a and a.record_b = v.record_b);
end
$$;
comment on function private.note_identity_reviews(uuid, uuid[], integer[], private.identity_pair[], private.identity_pair[], private.identity_model, double precision) is
  'Opens a review for every two clusters whose probability reaches p_review without having made them one, and closes as obsolete those among the records p_ids that are questions no more.';

create function private.assign_records(p_brand uuid, p_records uuid[], p_model private.identity_model, p_now timestamptz)
returns uuid[]
language plpgsql
volatile
set search_path = ''
set plan_cache_mode = force_custom_plan -- the plan depends on the size of the array
as $$
declare
  v_places private.identity_place[] := array(select p from private.place_records(p_brand, p_records, p_model) p);
  v_clusters integer[];
  v_owners uuid[];
  v_new uuid[];
  v_cause constant jsonb := jsonb_build_object('by', 'auto', 'model_version', (p_model).version);
  v_touched uuid[] := array[]::uuid[];
  v_step record;
begin
  -- A person stays with the cluster that holds most of its signals; the oldest person of a cluster keeps it.
  with held as (
    select p.actor_id, p.cluster, sum(r.signal_count) as signals, min(r.first_seen_at) as first_at, min(r.fingerprint) as fingerprint
    from unnest(v_places) p join actors.identity_records r on r.id = p.record_id
    where p.actor_id is not null group by p.actor_id, p.cluster
  ), claims as (
    select distinct on (h.actor_id) h.actor_id, h.cluster from held h order by h.actor_id, h.signals desc, h.first_at, h.fingerprint
  ), owners as (
    select distinct on (c.cluster) c.cluster, c.actor_id from claims c join actors.actors a on a.id = c.actor_id
    order by c.cluster, a.created_at, a.id
  ), clusters as (
    select distinct p.cluster from unnest(v_places) p
  )
  select array_agg(c.cluster order by c.cluster), array_agg(coalesce(o.actor_id, private.uuid_v7()) order by c.cluster),
    array_agg(o.actor_id order by c.cluster)
  into v_clusters, v_owners, v_new
  from clusters c left join owners o using (cluster);

  -- A loop over the few clusters that nobody owns and a merge brought here: whom it absorbed is itself again.
  for v_step in
    select distinct on (x.actor_id) x.cluster, x.actor_id, e.id as event_id
    from (
      select distinct on (c.cluster) c.cluster, m.from_actor as actor_id
      from unnest(v_clusters, v_new) c (cluster, known)
      join unnest(v_places) p on p.cluster = c.cluster and p.actor_id is not null
      cross join lateral (
        select o.from_actor from actors.identity_moves o
        where o.brand_id = p_brand and o.row_id = p.record_id and o.table_name = 'actors.identity_records' offset 0
      ) m
      join actors.actors a on a.id = m.from_actor and a.merged_into is not null
      where c.known is null
      group by c.cluster, m.from_actor
      order by c.cluster, count(distinct p.record_id) desc, m.from_actor
    ) x
    cross join lateral (
      select v.id from actors.identity_events v where v.brand_id = p_brand and v.other_actor_id = x.actor_id and v.event_kind = 'merge' order by v.id desc limit 1
    ) e
    order by x.actor_id, x.cluster
  loop
    v_owners[array_position(v_clusters, v_step.cluster)] := v_step.actor_id;
    v_new[array_position(v_clusters, v_step.cluster)] := v_step.actor_id;
    v_touched := v_touched || v_step.actor_id || (private.restore_person(p_brand, v_step.event_id, v_cause, p_now)).holder;
  end loop;

  select private.found_actors(p_brand, array_agg(c.owner order by p.record_id), array_agg(p.record_id order by p.record_id)) into v_new
  from unnest(v_clusters, v_owners, v_new) c (cluster, owner, known)
  join unnest(v_places) p on p.cluster = c.cluster
  where c.known is null;

  update actors.identity_records r set actor_id = c.owner, match_probability = p.probability
  from unnest(v_places) p join unnest(v_clusters, v_owners) c (cluster, owner) on c.cluster = p.cluster
  where r.id = p.record_id and p.actor_id is null;

  -- A loop: each step is a merge, a split or a change of certainty of one person, recorded as such; people are folded once, at the end.
  for v_step in
    select p.actor_id, c.owner, array_agg(p.record_id order by p.record_id) as records, array_agg(p.probability order by p.record_id) as probabilities,
      count(*) = min(p.of_person) as is_whole
    from (select o.*, count(*) over (partition by o.actor_id) as of_person from unnest(v_places) o) p
    join unnest(v_clusters, v_owners) c (cluster, owner) on c.cluster = p.cluster
    join actors.identity_records r on r.id = p.record_id
    where p.actor_id is not null and (p.actor_id <> c.owner or r.match_probability <> p.probability)
    group by p.actor_id, c.owner
    order by min(r.fingerprint)
  loop
    if v_step.actor_id <> v_step.owner and v_step.is_whole then
      perform private.join_actors(p_brand, v_step.owner, v_step.actor_id, v_cause, p_now, v_step.records, v_step.probabilities);
      v_touched := v_touched || v_step.owner || v_step.actor_id;
    else
      v_touched := v_touched || private.hand_over_records(p_brand, v_step.records, array_fill(v_step.owner, array[cardinality(v_step.records)]),
        v_step.probabilities, 'auto', private.note_identity_event(p_brand, 'match', v_step.owner, null, v_cause, p_now), p_now);
    end if;
  end loop;
  v_touched := array(select distinct t from unnest(v_touched) t order by t);
  -- A loop: so many people at a time fit in memory with all their evidence.
  for v_at in 1..cardinality(v_touched) by 1000 loop
    perform private.end_moves(p_brand, v_touched[v_at:v_at + 999], p_now);
  end loop;
  return coalesce(v_new, '{}');
end
$$;
comment on function private.assign_records(uuid, uuid[], private.identity_model, timestamptz) is
  'Gives every record touched by p_records its person: new clusters found a person, clusters of several people make them one (the oldest stays), records that another cluster claims move, and people whom a merge absorbed are restored where their records are a cluster of their own again. Returns the people made.';

create function private.refresh_identifiers(p_brand uuid, p_actors uuid[])
returns void
language plpgsql
volatile
set search_path = ''
set plan_cache_mode = force_custom_plan -- the plan depends on the size of the array
set enable_nestloop = off -- steps in memory whose sizes the planner cannot know: hash joins; what goes by an index is lateral
set jit = off -- the cost that forbids the loop would call for the compiler
as $$
begin
  with strengths as materialized (
    select k::text as type, private.actors_number(p_brand, 'match_confidence.' || k) as strength
    from unnest(array['customer_id', 'email', 'phone', 'social_handle']) k
  ), carried as materialized (
    select r.actor_id, i.type, i.value, max(r.match_probability) * max(s.strength) as confidence, min(r.first_seen_at) as first_at, max(r.last_seen_at) as last_at
    from unnest(p_actors) p (id)
    cross join lateral (
      select n.* from actors.identity_records n where n.brand_id = p_brand and n.actor_id = p.id and n.signal_count > 0 offset 0
    ) r
    cross join lateral (
      select v.type, v.value from (values ('customer_id', r.customer_id), ('email', r.email), ('phone', r.phone), ('social_handle', r.social_handle)) v (type, value)
      union all
      select split_part(m.value, ':', 1), substr(m.value, strpos(m.value, ':') + 1) from unnest(r.more_identifiers) m (value)
    ) i
    join strengths s on s.type = i.type
    where i.value is not null
    group by r.actor_id, i.type, i.value
  ), gone as (
    delete from actors.actor_identifiers a
    where a.id in (
      select k.id from unnest(p_actors) p (id)
      cross join lateral (select n.* from actors.actor_identifiers n where n.brand_id = p_brand and n.actor_id = p.id offset 0) k
      where not exists (select from carried c where c.actor_id = k.actor_id and c.type = k.identifier_type::text and c.value = k.identifier_value))
  )
  insert into actors.actor_identifiers as a (brand_id, actor_id, identifier_type, identifier_value, confidence, first_seen_at, last_seen_at)
  select p_brand, c.actor_id, c.type::actors.identifier_type, c.value, c.confidence, c.first_at, c.last_at
  from carried c order by c.actor_id, c.type, c.value
  on conflict (brand_id, actor_id, identifier_type, identifier_value) do update
  set confidence = excluded.confidence, first_seen_at = excluded.first_seen_at, last_seen_at = excluded.last_seen_at
  where (a.confidence, a.first_seen_at, a.last_seen_at) is distinct from (excluded.confidence, excluded.first_seen_at, excluded.last_seen_at);

  update actors.actors a
  set identifiers = coalesce(i.identifiers, '{}')
  from unnest(p_actors) p (id)
  cross join lateral (
    select jsonb_object_agg(t.identifier_type, t.identifier_values) as identifiers
    from (
      select n.identifier_type, jsonb_agg(n.identifier_value order by n.first_seen_at, n.identifier_value) as identifier_values
      from actors.actor_identifiers n where n.brand_id = p_brand and n.actor_id = p.id
      group by n.identifier_type
    ) t
  ) i
  where a.id = p.id and a.identifiers is distinct from coalesce(i.identifiers, '{}');
end
$$;
comment on function private.refresh_identifiers(uuid, uuid[]) is
  'Writes actors.actor_identifiers and actors.actors.identifiers of the people from their records.';
