create type private.placed_point as (actor_id uuid, label integer, posteriors double precision[], distances double precision[]);

create function private.mixture_posteriors(p_run uuid, p_points private.clustering_points[])
returns setof private.placed_point
language sql
stable
set search_path = ''
set enable_nestloop = off -- all rows are in memory and of unknown number
set jit = off
as $$
  with component as materialized (
    select c.label, c.mean, c.variance, ln(c.weight) - extensions.vector_dims(c.mean) * ln(c.variance) / 2 as constant
    from private.clustering_components c where c.run_id = p_run
  ),
  near as (
    select p.actor_id, c.label, c.constant - d.distance ^ 2 / (2 * c.variance) as log_density, d.distance
    from unnest(p_points) p
    cross join component c
    cross join lateral (select p.vector operator(extensions.<->) c.mean as distance) d
  ),
  group_density as (
    select n.actor_id, n.label, max(n.log_density) as most, sum(exp(greatest(n.log_density - m.most, -700))) as density, min(n.distance) as distance
    from near n
    join (select x.actor_id, max(x.log_density) as most from near x group by x.actor_id) m on m.actor_id = n.actor_id
    group by n.actor_id, n.label
  )
  select g.actor_id, (array_agg(g.label order by g.density desc, g.label))[1],
    array_agg(least(g.density / t.total, 1) order by g.label), array_agg(g.distance order by g.label)
  from group_density g
  join (select x.actor_id, sum(x.density) as total from group_density x group by x.actor_id) t on t.actor_id = g.actor_id
  group by g.actor_id
$$;
comment on function private.mixture_posteriors(uuid, private.clustering_points[]) is
  'Where points belong by the mixture of a run: posterior probability of each of its cohorts, the likeliest, and the distance to each.';

create function private.cohort_overlap(p_distance double precision, p_variance double precision)
returns double precision
language sql
immutable
set search_path = ''
as $$
  select case when p_variance > 0 then exp(-least(p_distance ^ 2 / (8 * p_variance), 700)) when p_distance > 0 then 0 else 1 end
$$;
comment on function private.cohort_overlap(double precision, double precision) is
  'How much two cohorts mix, 0..1: Bhattacharyya coefficient of two equal spheres, exp(-d^2 / 8v). p_distance: between the centroids; p_variance: within_variance.';
