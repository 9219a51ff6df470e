create function private.identity_waterfall(p_score private.identity_score, p_model private.identity_model)
returns jsonb
language sql
immutable
set search_path = ''
as $$
  select jsonb_build_array(jsonb_build_object('field', 'prior', 'weight', round(log(2, ((p_model).matches_per_record / (p_model).records)::numeric), 3)))
    || coalesce(jsonb_agg(jsonb_build_object('field', f.field,
      'level', case (p_score).levels[f.place] when 0 then 'different' when 1 then 'similar' when 2 then 'near' when 3 then 'exact' else 'counted' end,
      'm', (p_model).m[r.at], 'u', round(((p_model).m[r.at] / nullif(power(2, (p_score).weights[f.place]), 0))::numeric, 12),
      'weight', round((p_score).weights[f.place]::numeric, 3)) order by f.place), '[]')
    || jsonb_build_array(jsonb_build_object('field', 'household', 'weight', round((p_score).weight::numeric
      - log(2, ((p_model).matches_per_record / (p_model).records)::numeric) - coalesce(sum((p_score).weights[f.place])::numeric, 0), 3)))
  from unnest(private.identity_fields()) with ordinality f (field, place)
  cross join lateral (select case
    when f.place = 5 and (p_score).levels[13] & 8 > 0 then 48 when f.place = 6 and (p_score).levels[13] & 16 > 0 then 52
    else (f.place::integer - 1) * 4 end + 1 + least((p_score).levels[f.place], 3) as at) r
  where (p_score).weights[f.place] is not null
$$;
comment on function private.identity_waterfall(private.identity_score, private.identity_model) is
  'From the prior to the match weight, field by field: [{field, level, m, u, weight}], weights in bits. household: what is taken off because two people of one household would agree on the same.';

create function private.match_records(p_brand uuid, p_records uuid[], p_model private.identity_model, p_floor double precision)
returns integer
language plpgsql
volatile
set search_path = ''
set plan_cache_mode = force_custom_plan -- the plan depends on the size of the array
as $$
declare
  v_a uuid[];
  v_b uuid[];
  v_count integer;
begin
  select array_agg(c.record_a), array_agg(c.record_b) into v_a, v_b from private.identity_candidates(p_brand, p_records) c;
  insert into actors.identity_matches as m (brand_id, record_a, record_b, weight, probability, waterfall, model_version)
  select p_brand, s.record_a, s.record_b, s.weight, s.probability, private.identity_waterfall(s, p_model), (p_model).version
  from private.score_identities(p_brand, v_a, v_b, p_model, p_floor) s
  on conflict (brand_id, record_a, record_b) do update
  set weight = excluded.weight, probability = excluded.probability, waterfall = excluded.waterfall, model_version = excluded.model_version;
  get diagnostics v_count = row_count;
  return v_count;
end
$$;
comment on function private.match_records(uuid, uuid[], private.identity_model, double precision) is
  'Scores the records (null: all of the brand) against all that share a block with them and keeps the pairs of at least p_floor; returns how many.';

create type private.identity_place as (
  record_id uuid,
  actor_id uuid,
  cluster integer,
  probability double precision
);

create function private.place_records(p_brand uuid, p_records uuid[], p_model private.identity_model)
returns setof private.identity_place
language plpgsql
volatile
set search_path = ''
set plan_cache_mode = force_custom_plan -- the plan depends on the size of the array
as $$
declare
  v_floor constant double precision := private.actors_number(p_brand, 'match_floor');
  v_auto constant double precision := private.actors_number(p_brand, 'match_auto');
  v_review constant double precision := private.actors_number(p_brand, 'match_review');
  v_cap constant integer := private.actors_number(p_brand, 'component_cap');
  v_ids uuid[];
  v_actors uuid[];
  v_component integer[];
  v_edges private.identity_pair[];
  v_pairs private.identity_pair[];
  v_apart private.identity_pair[];
  v_together private.identity_pair[];
  v_labels integer[];
  v_sizes integer[];
begin
  v_ids := private.identity_reach(p_brand, p_records, v_floor);
  -- In the order of what the records say, so that a rerun finds the same clusters whatever ids the rows were given.
  select array_agg(r.id order by r.fingerprint), array_agg(r.actor_id order by r.fingerprint) into v_ids, v_actors
  from actors.identity_records r
  where r.id = any (v_ids);

  select array_agg((x.i, y.i, null)::private.identity_pair) into v_edges
  from unnest(v_ids) with ordinality x (id, i)
  join actors.identity_matches m on m.brand_id = p_brand and m.record_a = x.id and m.probability >= v_floor
  join unnest(v_ids) with ordinality y (id, i) on y.id = m.record_b;
  select array_agg((x.i, y.i, null)::private.identity_pair) filter (where v.status = 'same'),
    array_agg((x.i, y.i, null)::private.identity_pair) filter (where v.status = 'different')
  into v_together, v_apart
  from unnest(v_ids) with ordinality x (id, i)
  join actors.identity_reviews v on v.brand_id = p_brand and v.record_a = x.id and v.status in ('same', 'different')
  join unnest(v_ids) with ordinality y (id, i) on y.id = v.record_b;

  v_component := private.connected(cardinality(v_ids), (select array_agg(e.a) from unnest(v_edges || v_together) e), (select array_agg(e.b) from unnest(v_edges || v_together) e));
  v_sizes := array(select c.size from (select n.label, count(*) over (partition by n.label) as size, n.i from unnest(v_component) with ordinality n (label, i)) c order by c.i);
  -- Every pair of a component has its say; of one that is too large, the pairs that share a block have.
  with members as materialized (
    select n.i::integer as i, n.label, v_ids[n.i] as id from unnest(v_component) with ordinality n (label, i) where v_sizes[n.i] > 1
  ), cross_pairs as materialized (
    select x.i as a, y.i as b from members x join members y on y.label = x.label and y.i > x.i where v_sizes[x.i] <= v_cap
    union all
    select least(e.a, e.b), greatest(e.a, e.b) from unnest(v_edges) e where v_sizes[e.a] > v_cap
  ), asked as materialized (
    select array_agg(v_ids[c.a] order by c.a, c.b) as a, array_agg(v_ids[c.b] order by c.a, c.b) as b from cross_pairs c
  )
  select array_agg((x.i, y.i, s.weights)::private.identity_pair order by x.i, y.i) into v_pairs
  from asked q
  cross join lateral private.score_identities(p_brand, q.a, q.b, p_model) s
  join members x on x.id = s.record_a
  join members y on y.id = s.record_b;

  v_labels := private.connected(cardinality(v_ids), (select array_agg(e.a) from unnest(v_together) e), (select array_agg(e.b) from unnest(v_together) e));
  v_labels := private.cluster_identities(v_pairs, v_labels, v_apart, p_model, v_auto, v_cap);
  perform private.note_identity_reviews(p_brand, v_ids, v_labels, v_pairs, v_apart, p_model, v_review);

  return query
  with places as (
    select n.i::integer as i, v_ids[n.i] as id, v_actors[n.i] as actor_id, n.label from unnest(v_labels) with ordinality n (label, i)
  ), founders as (
    -- The record that was there first founded the person; it is of it by definition.
    select distinct on (p.label) p.label, p.i from places p join actors.identity_records r on r.id = p.id
    order by p.label, r.first_seen_at, r.fingerprint
  ), alone as (
    select array_agg((e.i, e.j + cardinality(v_ids), e.weights)::private.identity_pair order by e.i, e.j) as pairs
    from (
      select p.a as i, p.b as j, p.weights from unnest(v_pairs) p
      union all select p.b, p.a, p.weights from unnest(v_pairs) p
    ) e
    where v_labels[e.i] = v_labels[e.j]
  ), held as (
    -- Each record against the rest of its cluster.
    select k.a as i, k.probability
    from alone a
    cross join lateral private.identity_links(a.pairs,
      array(select generate_series(1, cardinality(v_ids))) || array(select l + cardinality(v_ids) from unnest(v_labels) l), p_model) k
  )
  select p.id, p.actor_id, p.label, case when f.i is not null then 1 else coalesce(round(h.probability::numeric, 2), 1)::double precision end
  from places p
  left join founders f on f.i = p.i
  left join held h on h.i = p.i;
end
$$;
comment on function private.place_records(uuid, uuid[], private.identity_model) is
  'Clusters the records and all that their clustering may change (private.identity_reach). Returns for each its cluster, the person it has now (null: none) and the probability that it is of its cluster, to the hundredth, so that not every new record makes all beliefs move a hair. Opens and closes reviews on the way.';
