create function private.neighbour_graph(p_points extensions.vector[], p_neighbours integer)
returns integer[]
language sql
immutable
set search_path = ''
as $$
  select array_agg(n.j order by p.i, n.place)
  from unnest(p_points) with ordinality p (v, i)
  cross join lateral (
    select x.j::integer, row_number() over (order by x.distance, x.j) as place
    from (
      select q.j, p.v operator(extensions.<->) q.v as distance from unnest(p_points) with ordinality q (v, j)
      where q.j <> p.i order by 2, 1 limit p_neighbours
    ) x
  ) n
$$;
comment on function private.neighbour_graph(extensions.vector[], integer) is
  'The places of the nearest neighbours of each point, p_neighbours in a row. Exact: on a sample that is cheaper than an index.';

create function private.majority_labels(p_labels integer[], p_graph integer[])
returns integer[]
language sql
immutable
set search_path = ''
as $$
  -- The own label counts half a vote.
  select array_agg(c.label order by c.i)
  from (
    select distinct on (v.i) v.i, v.label
    from (
      select (e.place - 1) / (cardinality(p_graph) / cardinality(p_labels)) + 1 as i, p_labels[e.j] as label, 1.0 as weight
      from unnest(p_graph) with ordinality e (j, place)
      union all
      select x.i, x.label, 0.5 from unnest(p_labels) with ordinality x (label, i)
    ) v
    group by v.i, v.label
    order by v.i, sum(v.weight) desc, v.label
  ) c
$$;
comment on function private.majority_labels(integer[], integer[]) is 'The label that most neighbours of each point have.';

create function private.links_between(p_labels integer[], p_graph integer[])
returns double precision[]
language sql
immutable
set search_path = ''
as $$
  with size as (select max(l) as m from unnest(p_labels) l),
  link as (
    select p_labels[(e.place - 1) / (cardinality(p_graph) / cardinality(p_labels)) + 1] as a, p_labels[e.j] as b, count(*) as n
    from unnest(p_graph) with ordinality e (j, place) group by 1, 2
  ),
  both_ways as (select l.a, l.b, l.n from link l union all select l.b, l.a, l.n from link l)
  select array_agg(coalesce(w.n, 0)::double precision order by i.i)
  from size s
  cross join generate_series(0, s.m * s.m - 1) i (i)
  left join (select x.a, x.b, sum(x.n) as n from both_ways x group by x.a, x.b) w on w.a = i.i / s.m + 1 and w.b = i.i % s.m + 1
$$;
comment on function private.links_between(integer[], integer[]) is
  'How many neighbour links join clusters 1 to m, in both directions, as an m x m list row by row.';

create function private.graph_levels(p_links double precision[], p_sizes double precision[], p_least double precision)
returns table (level integer, k integer, groups integer[], gaps double precision[])
language plpgsql
immutable
set search_path = ''
as $$
declare
  v_m constant integer := cardinality(p_sizes);
  v_links double precision[] := p_links;
  v_sizes double precision[] := p_sizes;
  v_groups integer[] := array(select generate_series(1, v_m));
  v_volume double precision[] := array(select sum(l.n) from unnest(p_links) with ordinality l (n, i) group by (l.i - 1) / v_m order by (l.i - 1) / v_m);
  v_inside double precision[] := array_fill(1::double precision, array[v_m]);
  v_alive integer[] := v_groups;
  v_large integer[];
  v_a integer;
  v_b integer;
  v_first integer;
  v_second integer;
  v_closeness double precision;
  v_closest double precision;
begin
  -- Numbers and not sets: a merge touches one row and one column of a small matrix, and decides what the next one is.
  for v_left in reverse v_m..2 loop
    v_large := array(select a from unnest(v_alive) a where v_sizes[a] >= p_least order by a);
    level := v_left;
    k := cardinality(v_large);
    groups := array(select coalesce(array_position(v_large, g.label), 0) from unnest(v_groups) with ordinality g (label, i) order by g.i);
    gaps := array(
      select case when a = b then 1 else
        v_links[(a - 1) * v_m + b] / least(v_volume[a], v_volume[b]) / greatest(0.001, least(v_inside[a], v_inside[b])) end
      from unnest(v_large) a cross join unnest(v_large) b order by a, b);
    return next;

    v_closest := -1;
    foreach v_a in array v_alive loop
      foreach v_b in array v_alive loop
        continue when v_b <= v_a;
        v_closeness := v_links[(v_a - 1) * v_m + v_b] / (v_volume[v_a] * v_volume[v_b]);
        if v_closeness > v_closest then
          v_closest := v_closeness;
          v_first := v_a;
          v_second := v_b;
        end if;
      end loop;
    end loop;
    v_alive := array_remove(v_alive, v_second);
    v_inside[v_first] := v_links[(v_first - 1) * v_m + v_second] / least(v_volume[v_first], v_volume[v_second]);
    for v_c in 1..v_m loop
      v_links[(v_first - 1) * v_m + v_c] := v_links[(v_first - 1) * v_m + v_c] + v_links[(v_second - 1) * v_m + v_c];
    end loop;
    for v_c in 1..v_m loop
      v_links[(v_c - 1) * v_m + v_first] := v_links[(v_c - 1) * v_m + v_first] + v_links[(v_c - 1) * v_m + v_second];
    end loop;
    v_volume[v_first] := v_volume[v_first] + v_volume[v_second];
    v_sizes[v_first] := v_sizes[v_first] + v_sizes[v_second];
    v_groups := array_replace(v_groups, v_second, v_first);
  end loop;
end
$$;
comment on function private.graph_levels(double precision[], double precision[], double precision) is
  'Merges clusters two by two where they have most links for their volumes, links(a, b) / (volume(a) volume(b)), and returns every level: how many groups of at least p_least points there are, the group of each cluster (0: in a part that is too small, noise), and the gap between each two groups: the conductance links(a, b) / least volume over the conductance of the last merge inside either. p_links: private.links_between; p_sizes: points of each cluster.';

create function private.cluster_graph(p_points extensions.vector[], p_max_k integer, p_seed bigint, p_parameters jsonb)
returns setof private.partition
language plpgsql
immutable
set search_path = ''
as $$
declare
  -- Fewer people have fewer neighbours that are like them.
  v_graph constant integer[] := private.neighbour_graph(p_points, least(15, greatest(5, cardinality(p_points) / 20), cardinality(p_points) - 1));
  v_micro constant integer[] := private.dense_labels(private.majority_labels(private.micro_clusters(p_points, p_seed), v_graph));
  v_sizes constant double precision[] := array(select count(*) from unnest(v_micro) x group by x order by x);
begin
  return query
    select l.k, private.majority_labels(private.majority_labels(
      (select array_agg(l.groups[x.label] order by x.i) from unnest(v_micro) with ordinality x (label, i)), v_graph), v_graph), l.gaps
    from (
      -- The same number of groups at a coarser level has less noise.
      select distinct on (x.k) x.*
      from private.graph_levels(private.links_between(v_micro, v_graph), v_sizes,
        (p_parameters ->> 'min_share')::double precision * cardinality(p_points)) x
      where x.k between 2 and p_max_k
      order by x.k, x.level
    ) l;
end
$$;
comment on function private.cluster_graph(extensions.vector[], integer, bigint, jsonb) is
  'The algorithm graph, for groups of any shape: micro clusters are merged along the graph of nearest neighbours (5 to 15, by the number of points); parts below min_share of the points are noise. At the end each point takes the label that most of its neighbours have, twice.';
