create function private.clustering_mix(p_run cohorts.clustering_runs, p_arguments jsonb, p_cursor jsonb)
returns jsonb
language plpgsql
volatile
set search_path = ''
as $$
declare
  v_points constant extensions.vector[] := private.clustering_sample_points(p_run.id);
  v_labels constant integer[] := coalesce(
    (select c.labels from private.clustering_candidates c where c.run_id = p_run.id and c.is_chosen), array_fill(1, array[cardinality(v_points)]));
  v_is_round constant boolean := coalesce((p_run.parameters #>> array['algorithms', p_run.algorithm_name, 'round_groups'])::boolean, true);
begin
  insert into private.clustering_components (run_id, label, place, mean, variance, weight)
  with part as (
    select l.label, array_agg(l.v order by l.i) as points from unnest(v_labels, v_points) with ordinality l (label, v, i) group by l.label
  ),
  ball as (
    select p.label, p.points, x.centroids, private.nearest_centroids(p.points, x.centroids) as places
    from part p
    -- A group of another shape is several spheres, of at least 25 points each.
    cross join lateral (select case when v_is_round or p.label = 0 then 1 else greatest(1, least(8, cardinality(p.points) / 25)) end as n) b
    cross join lateral (select private.lloyd(p.points, private.kmeans_seeds(p.points, b.n, p_run.seed), 10) as centroids) x
  ),
  spread as (
    select b.label, b.centroids, b.places,
      greatest((select sum((y.v operator(extensions.<->) b.centroids[y.place]) ^ 2) from unnest(b.points, b.places) y (v, place))
        / (greatest(cardinality(b.points) - cardinality(b.centroids), 1) * p_run.varying_dimensions), 1e-6) as variance
    from ball b
  )
  select p_run.id, s.label, c.place, s.centroids[c.place], s.variance, c.n / cardinality(v_points)::double precision
  from spread s
  cross join lateral (select y.place, count(*) as n from unnest(s.places) y (place) group by y.place) c;
  update cohorts.clustering_runs r
  set within_variance = (select sum(c.variance * c.weight) / sum(c.weight) from private.clustering_components c where c.run_id = r.id and c.label > 0)
  where r.id = p_run.id;
  return null;
end
$$;
comment on function private.clustering_mix(cohorts.clustering_runs, jsonb, jsonb) is
  'Step: the mixture by which people are placed, from the groups of the sample: a sphere each, several for a group that need not be round, and one for noise.';

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
    select c.label, c.mean, c.variance, ln(c.weight) - r.varying_dimensions * ln(c.variance) / 2 as constant
    from private.clustering_components c
    join cohorts.clustering_runs r on r.id = c.run_id
    where c.run_id = p_run
  ),
  near as (
    select p.actor_id, c.label, c.constant - d.distance ^ 2 / (2 * c.variance) as log_density, d.distance
    from unnest(p_points) p
    cross join component c
    cross join lateral (select p.vector operator(extensions.<->) c.mean as distance) d
  ),
  most as (
    select n.actor_id, n.label, n.log_density, n.distance, max(n.log_density) over (partition by n.actor_id) as most from near n
  ),
  group_density as (
    select m.actor_id, m.label, sum(exp(greatest(m.log_density - m.most, -700))) as density, min(m.distance) as distance
    from most m group by m.actor_id, m.label
  )
  select g.actor_id, (array_agg(g.label order by g.density desc, g.label))[1],
    array_agg(least(g.density / t.total, 1) order by g.label) filter (where g.label > 0), array_agg(g.distance order by g.label) filter (where g.label > 0)
  from (select d.*, sum(d.density) over (partition by d.actor_id) as total from group_density d) g
  cross join lateral (select g.total) t
  group by g.actor_id
$$;
comment on function private.mixture_posteriors(uuid, private.clustering_points[]) is
  'Where points belong by the mixture of a run: posterior probability of each of its cohorts, the likeliest (0: noise), and the distance to the nearest sphere of each.';

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
