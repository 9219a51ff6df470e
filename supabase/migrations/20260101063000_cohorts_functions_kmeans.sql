create type private.partition as (k integer, labels integer[], gaps double precision[]);
comment on type private.partition is
  'What every clustering algorithm, private.cluster_<name>(points, largest k, seed, parameters of the run), returns for each number of groups k from 2 that it can make: the group of each point, from 1, 0 for noise; and, where it knows, how open the gap between two groups is, row by row as a k x k list (0: nothing between them; 1 and more: as much as inside them).';

create function private.scaled(p_vector extensions.vector, p_factor double precision)
returns extensions.vector
language sql
immutable
set search_path = ''
return array_fill(p_factor::real, array[extensions.vector_dims(p_vector)])::extensions.vector operator(extensions.*) p_vector;
comment on function private.scaled(extensions.vector, double precision) is 'A vector times a number.';

create function private.dense_labels(p_labels integer[])
returns integer[]
language sql
immutable
set search_path = ''
as $$
  select array_agg(d.place order by l.i)
  from unnest(p_labels) with ordinality l (label, i)
  join (select x.label, row_number() over (order by x.label)::integer as place from (select distinct y as label from unnest(p_labels) y) x) d on d.label = l.label
$$;
comment on function private.dense_labels(integer[]) is 'The same groups numbered from 1 without holes.';

create function private.kmeans_seeds(p_points extensions.vector[], p_k integer, p_seed bigint)
returns extensions.vector[]
language plpgsql
immutable
set search_path = ''
as $$
declare
  v_centroids extensions.vector[];
  v_chosen extensions.vector;
  v_squares double precision[];
begin
  select p.v into v_chosen from unnest(p_points) with ordinality p (v, i)
  order by hashint8extended(p.i, p_seed) limit 1;
  v_centroids := array[v_chosen];
  select array_agg((p.v operator(extensions.<->) v_chosen) ^ 2 order by p.i) into v_squares
  from unnest(p_points) with ordinality p (v, i);

  -- Each candidate is drawn with a probability proportional to its squared distance w from the centroids so far, as the
  -- smallest of -ln(u) / w; u is a hash of seed, step and place.
  for v_step in 2..p_k loop
    v_chosen := null;
    select d.v into v_chosen
    from (
      select p.v, p.i from unnest(p_points, v_squares) with ordinality p (v, w, i)
      where p.w > 0
      order by -ln(((hashint8extended(p.i, p_seed + v_step) & 9007199254740991) + 1) / 9007199254740992.0::double precision) / p.w
      limit 2 + floor(ln(p_k))::integer
    ) d
    cross join unnest(p_points, v_squares) p (v, w)
    group by d.v, d.i
    order by sum(least(p.w, (p.v operator(extensions.<->) d.v) ^ 2)), d.i
    limit 1;
    exit when v_chosen is null;  -- fewer distinct points than centroids
    v_centroids := v_centroids || v_chosen;
    select array_agg(least(p.w, (p.v operator(extensions.<->) v_chosen) ^ 2) order by p.i) into v_squares
    from unnest(p_points, v_squares) with ordinality p (v, w, i);
  end loop;
  return v_centroids;
end
$$;
comment on function private.kmeans_seeds(extensions.vector[], integer, bigint) is
  'At most p_k of the points that lie well apart (fewer when fewer are distinct): greedy k-means++ (Arthur and Vassilvitskii 2007).';

create function private.nearest_centroids(p_points extensions.vector[], p_centroids extensions.vector[])
returns integer[]
language sql
immutable
set search_path = ''
as $$
  select array_agg(n.label order by p.i)
  from unnest(p_points) with ordinality p (v, i)
  cross join lateral (
    select c.label::integer from unnest(p_centroids) with ordinality c (v, label)
    order by p.v operator(extensions.<->) c.v, c.label limit 1
  ) n
$$;
comment on function private.nearest_centroids(extensions.vector[], extensions.vector[]) is 'The place of the nearest centroid of each point.';

create function private.mean_of_groups(p_points extensions.vector[], p_labels integer[])
returns extensions.vector[]
language sql
immutable
set search_path = ''
as $$
  select array_agg(m.mean order by m.label)
  from (
    select p.label, extensions.avg(p.v) as mean from unnest(p_points, p_labels) p (v, label) where p.label > 0 group by p.label
  ) m
$$;
comment on function private.mean_of_groups(extensions.vector[], integer[]) is 'The mean of each group that has points, in the order of the labels.';

create function private.lloyd(p_points extensions.vector[], p_centroids extensions.vector[], p_iterations integer)
returns extensions.vector[]
language plpgsql
immutable
set search_path = ''
as $$
declare
  v_centroids extensions.vector[] := p_centroids;
  v_next extensions.vector[];
begin
  for v_iteration in 1..p_iterations loop
    v_next := private.mean_of_groups(p_points, private.nearest_centroids(p_points, v_centroids));
    exit when v_next = v_centroids;
    v_centroids := v_next;
  end loop;
  return v_centroids;
end
$$;
comment on function private.lloyd(extensions.vector[], extensions.vector[], integer) is
  'Moves centroids to the means of the points nearest to them until nothing moves or p_iterations are over. Returns at most as many.';

create function private.micro_clusters(p_points extensions.vector[], p_seed bigint)
returns integer[]
language sql
immutable
set search_path = ''
as $$
  -- 40 keep shapes apart that one sphere would not, at a cost that grows with their number.
  select private.dense_labels(private.nearest_centroids(p_points, private.lloyd(p_points,
    private.kmeans_seeds(p_points, least(40, greatest(8, cardinality(p_points) / 10)), p_seed), 8)))
$$;
comment on function private.micro_clusters(extensions.vector[], bigint) is
  'Points in small round clusters (at most 40), of which algorithms build groups: the cluster of each, from 1 without holes.';

create function private.ward_levels(p_means extensions.vector[], p_sizes double precision[], p_max_k integer)
returns table (k integer, groups integer[])
language plpgsql
immutable
set search_path = ''
as $$
declare
  v_means extensions.vector[] := p_means;
  v_sizes double precision[] := p_sizes;
  v_groups integer[] := array(select generate_series(1, cardinality(p_means)));
  v_a integer;
  v_b integer;
begin
  -- One merge after the other: each changes what the next one is.
  for v_left in reverse cardinality(p_means)..2 loop
    if v_left <= p_max_k then
      k := v_left;
      groups := private.dense_labels(v_groups);
      return next;
    end if;
    select a.i, b.i into v_a, v_b
    from unnest(v_means, v_sizes) with ordinality a (mean, n, i)
    join unnest(v_means, v_sizes) with ordinality b (mean, n, i) on a.i < b.i
    where a.n > 0 and b.n > 0
    order by (a.mean operator(extensions.<->) b.mean) ^ 2 * a.n * b.n / (a.n + b.n), a.i, b.i limit 1;
    v_means[v_a] := private.scaled(v_means[v_a], v_sizes[v_a] / (v_sizes[v_a] + v_sizes[v_b]))
      operator(extensions.+) private.scaled(v_means[v_b], v_sizes[v_b] / (v_sizes[v_a] + v_sizes[v_b]));
    v_sizes[v_a] := v_sizes[v_a] + v_sizes[v_b];
    v_sizes[v_b] := 0;
    v_groups := array_replace(v_groups, v_b, v_a);
  end loop;
end
$$;
comment on function private.ward_levels(extensions.vector[], double precision[], integer) is
  'Merges clusters (mean, size) two by two where it raises the variance within least (Ward 1963), and returns for each number k of groups from p_max_k down to 2 the group of each cluster.';

create function private.variance_within(p_points extensions.vector[], p_centroids extensions.vector[])
returns double precision
language sql
immutable
set search_path = ''
as $$
  select sum((select min(p.v operator(extensions.<->) c.v) from unnest(p_centroids) c (v)) ^ 2) from unnest(p_points) p (v)
$$;
comment on function private.variance_within(extensions.vector[], extensions.vector[]) is 'Sum of the squared distances of points to their nearest centroid.';

create function private.cluster_kmeans(p_points extensions.vector[], p_max_k integer, p_seed bigint, p_parameters jsonb)
returns setof private.partition
language sql
immutable
set search_path = ''
as $$
  with m as materialized (select private.micro_clusters(p_points, p_seed) as micro)
  select w.k, private.nearest_centroids(p_points, b.centroids), null::double precision[]
  from m
  cross join lateral private.ward_levels(private.mean_of_groups(p_points, m.micro), array(select count(*) from unnest(m.micro) x group by x order by x), p_max_k) w
  cross join lateral (
    select d.centroids
    from (
      select 0 as start, private.lloyd(p_points,
        private.mean_of_groups(p_points, (select array_agg(w.groups[x.label] order by x.i) from unnest(m.micro) with ordinality x (label, i))), 30) as centroids
      union all
      select s.start, private.lloyd(p_points, private.kmeans_seeds(p_points, w.k, p_seed + 100 * s.start), 30)
      from generate_series(1, coalesce((p_parameters ->> 'more_starts')::integer, 0)) s (start)
    ) d
    order by private.variance_within(p_points, d.centroids), d.start limit 1
  ) b
  where w.k = coalesce((p_parameters ->> 'only_k')::integer, w.k)
$$;
comment on function private.cluster_kmeans(extensions.vector[], integer, bigint, jsonb) is
  'The algorithm kmeans, for round groups: k-means begun at the groups that Ward''s method makes of micro clusters, one descent for each k. As good as the best of several random beginnings, at a tenth of the cost. A k whose descent loses a group has fewer labels. p_parameters: only_k, where one number of groups is wanted; more_starts, descents from random beginnings (k-means++) beside it, the best of which is taken.';
