create function private.run_clustering_algorithm(p_algorithm text, p_points extensions.vector[], p_k integer, p_seed bigint, p_parameters jsonb)
returns integer[]
language plpgsql
stable
set search_path = ''
as $$
declare
  v_labels integer[];
begin
  execute format('select private.%I($1, $2, $3, $4)', 'cluster_' || p_algorithm) into v_labels using p_points, p_k, p_seed, p_parameters;
  return v_labels;
end
$$;
comment on function private.run_clustering_algorithm(text, extensions.vector[], integer, bigint, jsonb) is
  'Calls private.cluster_<p_algorithm>, the interface that every algorithm has: points, wanted number of groups, seed and the tunables of the run in; the group of each point out, from 1, 0 for noise. An algorithm that finds its own number is asked once, with k 0. The caller has checked that it is registered.';

create function private.bootstrap_places(p_count integer, p_seed bigint)
returns integer[]
language sql
immutable
set search_path = ''
as $$
  -- The distinct ones of p_count draws with replacement: each point is among them with probability 1 - 1/e.
  select array_agg(i order by i) from generate_series(1, p_count) i
  where (hashint8extended(i, p_seed) & 9007199254740991) / 9007199254740992.0::double precision < 1 - exp(-1::double precision)
$$;
comment on function private.bootstrap_places(integer, bigint) is 'Which of p_count points a bootstrap draw holds, ascending.';

create function private.best_jaccard(p_labels integer[], p_places integer[], p_again integer[])
returns double precision[]
language sql
immutable
set search_path = ''
as $$
  with pair as materialized (
    select p_labels[p.place] as a, p.b from unnest(p_places, p_again) p (place, b)
  ),
  common as (
    select p.a, p.b, count(*) as n, sum(count(*)) over (partition by p.a) as of_a, sum(count(*)) over (partition by p.b) as of_b
    from pair p group by p.a, p.b
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
