create function private.cluster_strata(p_points extensions.vector[], p_max_k integer, p_seed bigint, p_parameters jsonb)
returns setof private.partition
language sql
immutable
set search_path = ''
as $$
  with a as materialized (select private.principal_axis(p_points) as axis)
  select k.k, private.dense_labels(k.labels), null::double precision[]
  from a
  cross join lateral private.cluster_kmeans(
    (select array_agg(format('[%s]', -(p.v operator(extensions.<#>) a.axis))::extensions.vector order by p.i) from unnest(p_points) with ordinality p (v, i)),
    p_max_k, p_seed, p_parameters) k
$$;
comment on function private.cluster_strata(extensions.vector[], integer, bigint, jsonb) is
  'The algorithm strata, for people who differ along a range without gaps: slices across their first principal component, by k-means on it.';

create function private.has_strata(p_points extensions.vector[], p_dimensions integer)
returns boolean
language sql
stable
set search_path = ''
as $$
  with a as materialized (select private.principal_axis(p_points) as axis),
  moment as (
    select u.i, avg(u.x) as m, avg(u.x ^ 2) as m2, avg(u.x ^ 3) as m3, avg(u.x ^ 4) as m4
    from unnest(p_points) p (v) cross join lateral unnest(p.v::real[]::double precision[]) with ordinality u (x, i)
    group by u.i
  ),
  shape as (
    select x.variance, (m3 - 3 * m * m2 + 2 * m ^ 3) / variance ^ 1.5 as skewness, (m4 - 4 * m * m3 + 6 * m ^ 2 * m2 - 3 * m ^ 4) / variance ^ 2 - 3 as kurtosis
    from (select y.*, m2 - m ^ 2 as variance from moment y) x where x.variance > 1e-6
  )
  select p_dimensions > 2
    and (select var_pop(-(p.v operator(extensions.<#>) a.axis)) from unnest(p_points) p (v) cross join a)
      >= (1 + sqrt(p_dimensions / cardinality(p_points)::double precision)) ^ 2 * avg(s.variance)
    -- 18.4: one in 10,000 by chance (chi-squared with two degrees of freedom).
    and avg((cardinality(p_points) / 6.0 * (s.skewness ^ 2 + s.kurtosis ^ 2 / 4) > 18.4)::integer) >= 0.5
  from shape s
$$;
comment on function private.has_strata(extensions.vector[], integer) is
  'Whether it makes sense to slice people who form no groups: in one direction they differ by more than chance makes of dimensions that have nothing to do with each other (the largest eigenvalue beyond (1 + sqrt(dimensions / people))^2, Marchenko and Pastur 1967), and most dimensions are not normal (Jarque and Bera 1980). Of a cloud without either every slicing is as good as any other.';
