create function private.run_clustering_algorithm(p_algorithm text, p_points extensions.vector[], p_max_k integer, p_seed bigint, p_parameters jsonb)
returns setof private.partition
language plpgsql
stable
set search_path = ''
as $$
begin
  return query execute format('select * from private.%I($1, $2, $3, $4)', 'cluster_' || p_algorithm) using p_points, p_max_k, p_seed, p_parameters;
end
$$;
comment on function private.run_clustering_algorithm(text, extensions.vector[], integer, bigint, jsonb) is
  'Calls private.cluster_<p_algorithm>, the interface that every algorithm has (private.partition). The caller has checked that it is registered.';

create function private.hash_share(p_place integer, p_seed bigint)
returns double precision
language sql
immutable
set search_path = ''
return (hashint8extended(p_place, p_seed) & 9007199254740991) / 9007199254740992.0::double precision;
comment on function private.hash_share(integer, bigint) is 'A number from 0 to below 1 that place and seed decide, as if drawn.';

create function private.points_at(p_points extensions.vector[], p_places integer[])
returns extensions.vector[]
language sql
immutable
set search_path = ''
as $$ select array_agg(p_points[x.place] order by x.i) from unnest(p_places) with ordinality x (place, i) $$;
comment on function private.points_at(extensions.vector[], integer[]) is 'The points at these places.';

create function private.best_jaccard(p_labels integer[], p_places integer[], p_again integer[])
returns double precision[]
language sql
immutable
set search_path = ''
as $$
  with common as (
    select p_labels[p.place] as a, p.b, count(*) as n, sum(count(*)) over (partition by p_labels[p.place]) as of_a, sum(count(*)) over (partition by p.b) as of_b
    from unnest(p_places, p_again) p (place, b) group by 1, 2
  ),
  best as (
    select c.a, max(c.n / (c.of_a + c.of_b - c.n)) filter (where c.b > 0) as jaccard from common c group by c.a
  )
  select array_agg(coalesce(b.jaccard, 0)::double precision order by k.label)
  from generate_series(1, (select max(l) from unnest(p_labels) l)) k (label)
  left join best b on b.a = k.label
$$;
comment on function private.best_jaccard(integer[], integer[], integer[]) is
  'Per group of p_labels, the Jaccard overlap with the group of a second partition that it shares most with, on the points that both saw (Hennig 2007): p_places are their places in p_labels, p_again their groups in the second. Noise (0) is no group.';

create function private.resampled_overlaps(
  p_points extensions.vector[], p_algorithm text, p_k integer, p_labels integer[], p_seed bigint, p_parameters jsonb)
returns double precision[]
language plpgsql
stable
set search_path = ''
as $$
declare
  -- The distinct ones of as many draws as there are points: each is among them with probability 1 - 1/e.
  v_places constant integer[] := array(
    select i from generate_series(1, cardinality(p_points)) i where private.hash_share(i, p_seed) < 1 - exp(-1::double precision) order by i);
  v_again integer[];
begin
  select p.labels into v_again
  from private.run_clustering_algorithm(p_algorithm, private.points_at(p_points, v_places), p_k, p_seed,
    p_parameters || jsonb_build_object('only_k', p_k, 'more_starts', 4)) p where p.k = p_k;
  return coalesce(private.best_jaccard(p_labels, v_places, v_again), array_fill(0::double precision, array[p_k]));
end
$$;
comment on function private.resampled_overlaps(extensions.vector[], text, integer, integer[], bigint, jsonb) is
  'How much of each of the p_k groups (p_labels) comes back when the algorithm sees a bootstrap draw of the points: Jaccard overlaps, whose mean over draws is the stability of clusterboot (Hennig 2007). 0 where it cannot make p_k groups of the draw.';
