create type private.identity_pair as (
  a integer,
  b integer,
  weights double precision[]
);
create type private.identity_link as (
  a integer,
  b integer,
  probability double precision
);

create function private.connected(p_count integer, p_a integer[], p_b integer[])
returns integer[]
language plpgsql
immutable
set search_path = ''
set plan_cache_mode = force_custom_plan -- the plan depends on how many edges there are
as $$
declare
  v_labels integer[] := array(select generate_series(1, p_count));
  v_next integer[];
begin
  -- Rounds: each node takes the least label around it. As many as the longest way through a component.
  loop
    select array_agg(coalesce(n.label, v_labels[i.i]) order by i.i) into v_next
    from generate_series(1, p_count) i (i)
    left join (
      select e.node, min(e.label) as label
      from (
        select x.a as node, least(v_labels[x.a], v_labels[x.b]) as label from unnest(p_a, p_b) x (a, b)
        union all select x.b, least(v_labels[x.a], v_labels[x.b]) from unnest(p_a, p_b) x (a, b)
      ) e group by e.node
    ) n on n.node = i.i;
    exit when v_next is not distinct from v_labels;
    v_labels := v_next;
  end loop;
  return v_labels;
end
$$;
comment on function private.connected(integer, integer[], integer[]) is
  'Connected components of the nodes 1 to p_count with edges p_a[i]-p_b[i]: for each node the least node of its component.';

create function private.identity_links(p_pairs private.identity_pair[], p_labels integer[], p_model private.identity_model)
returns setof private.identity_link
language sql
immutable
set search_path = ''
as $$
  select g.a, g.b, round((o.odds / (1 + o.odds))::numeric, 9)::double precision
  from (
    select least(p_labels[p.a], p_labels[p.b]) as a, greatest(p_labels[p.a], p_labels[p.b]) as b,
      coalesce(avg(p.weights[1]), 0) + coalesce(avg(p.weights[2]), 0) + coalesce(avg(p.weights[4]), 0) + coalesce(avg(p.weights[5]), 0) + coalesce(avg(p.weights[7]), 0) as own,
      coalesce(avg(p.weights[3]), 0) + coalesce(avg(p.weights[6]), 0) + coalesce(avg(p.weights[8]), 0) + coalesce(avg(p.weights[9]), 0)
        + coalesce(avg(p.weights[10]), 0) + coalesce(avg(p.weights[11]), 0) + coalesce(avg(p.weights[12]), 0) as shared
    from unnest(p_pairs) p
    where p_labels[p.a] <> p_labels[p.b]
    group by 1, 2
  ) g
  cross join lateral (
    select (p_model).matches_per_record / (p_model).records * power(2::double precision, greatest(-500, least(500, g.own + g.shared)))
      / (1 + (p_model).household / (p_model).records * power(2::double precision, greatest(-500, least(500, g.shared)))) as odds
  ) o
$$;
comment on function private.identity_links(private.identity_pair[], integer[], private.identity_model) is
  'Probability that two clusters are one person, for every two with a pair between them: each field''s weight is its mean over all cross pairs in which both sides have the field, so that every member has its say and none counts twice; then as in private.score_identities.';

create function private.cluster_identities(p_pairs private.identity_pair[], p_labels integer[], p_apart private.identity_pair[],
  p_model private.identity_model, p_threshold double precision, p_cap integer)
returns integer[]
language plpgsql
immutable
set search_path = ''
set plan_cache_mode = force_custom_plan -- the plan depends on how many pairs there are
as $$
declare
  v_labels integer[] := p_labels;
  v_from integer[];
  v_to integer[];
begin
  -- Rounds: every two clusters that are each other's best partner become one. The best pair of all always is such a pair,
  -- so it ends; far fewer rounds than merges.
  loop
    with sizes as materialized (
      select l.label, count(*) as size from unnest(v_labels) l (label) group by l.label
    ), links as materialized (
      select i.* from private.identity_links(p_pairs, v_labels, p_model) i
      join sizes x on x.label = i.a
      join sizes y on y.label = i.b
      where i.probability >= p_threshold and x.size + y.size <= p_cap
        and not exists (select from unnest(p_apart) n where least(v_labels[n.a], v_labels[n.b]) = i.a and greatest(v_labels[n.a], v_labels[n.b]) = i.b)
    ), best as materialized (
      select distinct on (e.own) e.own, e.other
      from (select l.a as own, l.b as other, l.a, l.b, l.probability from links l union all select l.b, l.a, l.a, l.b, l.probability from links l) e
      order by e.own, e.probability desc, e.a, e.b
    )
    select array_agg(x.other), array_agg(x.own) into v_from, v_to
    from best x join best y on y.own = x.other and y.other = x.own
    where x.own < x.other;
    exit when v_from is null;
    v_labels := (select array_agg(coalesce(m.target, l.label) order by l.i)
      from unnest(v_labels) with ordinality l (label, i)
      left join unnest(v_from, v_to) m (source, target) on m.source = l.label);
  end loop;
  return v_labels;
end
$$;
comment on function private.cluster_identities(private.identity_pair[], integer[], private.identity_pair[], private.identity_model, double precision, integer) is
  'Agglomerative clustering of records from the labels p_labels on, until no two clusters reach p_threshold (private.identity_links). p_apart: pairs that must never be together; p_cap: most records of a cluster. A record between two people ties them only as far as all of theirs agree, so there are no bridges and no mega-persons. Same arguments, same clusters, to the last one.';

create function private.identity_reach(p_brand uuid, p_records uuid[], p_floor double precision)
returns uuid[]
language sql
stable
set search_path = ''
as $$
  with recursive reach (id) as (
    select r.id from unnest(p_records) r (id)
    union
    select n.id
    from reach r
    cross join lateral (
      select m.record_b as id from actors.identity_matches m where m.brand_id = p_brand and m.record_a = r.id and m.probability >= p_floor
      union all
      select m.record_a from actors.identity_matches m where m.brand_id = p_brand and m.record_b = r.id and m.probability >= p_floor
      union all
      select o.id from actors.identity_records i join actors.identity_records o on o.brand_id = p_brand and o.actor_id = i.actor_id
      where i.brand_id = p_brand and i.id = r.id
    ) n
  )
  select array_agg(r.id) from reach r
$$;
comment on function private.identity_reach(uuid, uuid[], double precision) is
  'The records, those tied to them by matches of at least p_floor or by a common person, and so on: all whose clustering may change with theirs.';
