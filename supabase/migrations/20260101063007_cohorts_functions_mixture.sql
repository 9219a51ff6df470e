create type private.mixture_component as (label integer, place integer, mean extensions.vector, variance double precision, weight double precision);

create function private.fit_mixture(p_points extensions.vector[], p_labels integer[], p_most_spheres integer, p_dimensions integer, p_seed bigint)
returns private.mixture_component[]
language sql
immutable
set search_path = ''
as $$
  with part as (
    select l.label, array_agg(l.v order by l.i) as points from unnest(p_labels, p_points) with ordinality l (label, v, i) group by l.label
  ),
  ball as materialized (
    select p.label, p.points, x.centroids, private.nearest_centroids(p.points, x.centroids) as places
    from part p
    cross join lateral (
      select private.lloyd(p.points, private.kmeans_seeds(p.points,
        case when p.label = 0 then 1 else greatest(1, least(p_most_spheres, cardinality(p.points) / 12)) end, p_seed), 10) as centroids) x
  ),
  sphere as (
    select b.label, y.place, b.centroids[y.place] as mean, count(*) as n,
      sum((y.v operator(extensions.<->) b.centroids[y.place]) ^ 2) as squares
    from ball b cross join lateral unnest(b.points, b.places) y (v, place)
    group by b.label, y.place, b.centroids[y.place]
  )
  select array_agg((s.label, s.place, s.mean,
    -- Each sphere's own variance, as if ten more points had that of the spheres of its group together.
    -- 0 spheres: slices, which are as wide as each other in all directions but one.
    greatest(case when p_most_spheres = 0 then g.of_all else (s.squares / p_dimensions + 10 * g.variance) / (s.n + 10) end, 1e-6), s.n / cardinality(p_points)::double precision)::private.mixture_component
    order by s.label, s.place)
  from sphere s
  join (
    select x.label, sum(x.squares) / (p_dimensions * greatest(sum(x.n) - count(*), 1)) as variance,
      sum(sum(x.squares)) over () / (p_dimensions * greatest(sum(sum(x.n)) over () - 1, 1)) as of_all
    from sphere x group by x.label
  ) g on g.label = s.label
$$;
comment on function private.fit_mixture(extensions.vector[], integer[], integer, integer, bigint) is
  'A mixture of spheres for labelled points: up to p_most_spheres for each group (0: one, all of the same variance), of twelve points or more, and one for noise (label 0). variance is per dimension in which points differ (p_dimensions); weight the share of the points.';

create type private.group_density as (point bigint, label integer, log_density double precision, distance double precision);

create function private.group_densities(p_points extensions.vector[], p_mixture private.mixture_component[], p_dimensions integer)
returns setof private.group_density
language sql
immutable
set search_path = ''
as $$
  with component as materialized (
    select c.label, c.mean, c.variance, ln(c.weight) - p_dimensions * ln(c.variance) / 2 as constant from unnest(p_mixture) c
  ),
  near as (
    select n.*, max(n.log_density) over (partition by n.point, n.label) as most
    from (
      select p.point, c.label, c.constant - d.distance ^ 2 / (2 * c.variance) as log_density, d.distance
      from unnest(p_points) with ordinality p (v, point)
      cross join component c
      cross join lateral (select p.v operator(extensions.<->) c.mean as distance) d
    ) n
  )
  select n.point, n.label, max(n.most) + ln(sum(exp(greatest(n.log_density - n.most, -700)))), min(n.distance)
  from near n group by n.point, n.label
$$;
comment on function private.group_densities(extensions.vector[], private.mixture_component[], integer) is
  'Of each point (its place) and each group: the logarithm of weight times density, but for a constant, and the distance to the nearest sphere of the group.';

create function private.clustering_mix(p_run cohorts.clustering_runs)
returns jsonb
language plpgsql
volatile
set search_path = ''
as $$
declare
  v_points constant extensions.vector[] := private.clustering_sample_points(p_run.id);
  v_labels constant integer[] := coalesce(
    (select c.labels from private.clustering_candidates c where c.run_id = p_run.id and c.is_chosen), array_fill(1, array[cardinality(v_points)]));
  v_spheres constant integer := case when p_run.structure = 'strata' then 0 when p_run.structure = 'none'
    or (p_run.parameters #>> array['algorithms', p_run.algorithm_name, 'round_groups'])::boolean then 1 else 8 end;
begin
  insert into private.clustering_components (run_id, label, place, mean, variance, weight)
  select p_run.id, c.label, c.place, c.mean, c.variance, c.weight
  from unnest(private.fit_mixture(v_points, v_labels, v_spheres, p_run.varying_dimensions, p_run.seed)) c;
  update cohorts.clustering_runs r
  set within_variance = (select sum(c.variance * c.weight) / sum(c.weight) from private.clustering_components c where c.run_id = r.id and c.label > 0),
    sharpness = private.fitting_sharpness(v_points, v_labels, v_spheres, p_run.varying_dimensions, p_run.seed)
  where r.id = p_run.id;
  return null;
end
$$;
comment on function private.clustering_mix(cohorts.clustering_runs) is
  'Step: the mixture by which people are placed, from the groups of the sample.';

create function private.fitting_sharpness(p_points extensions.vector[], p_labels integer[], p_most_spheres integer, p_dimensions integer, p_seed bigint)
returns double precision
language sql
immutable
set search_path = ''
as $$
  with fold as (
    select h.half, array_agg(l.v order by l.i) filter (where l.i % 2 = h.half) as fitted, array_agg(l.label order by l.i) filter (where l.i % 2 = h.half) as fitted_labels,
      array_agg(l.v order by l.i) filter (where l.i % 2 <> h.half) as held_out, array_agg(l.label order by l.i) filter (where l.i % 2 <> h.half) as held_out_labels
    from unnest(p_points, p_labels) with ordinality l (v, label, i) cross join generate_series(0, 1) h (half)
    group by h.half
  ),
  density as materialized (
    select f.half, d.point, d.log_density - max(d.log_density) over (partition by f.half, d.point) as log_ratio, f.held_out_labels[d.point] = d.label as is_own
    from fold f
    cross join lateral private.group_densities(f.held_out, private.fit_mixture(f.fitted, f.fitted_labels, p_most_spheres, p_dimensions, p_seed), p_dimensions) d
  ),
  likelihood as (
    -- A label that the other half lacks has no density there, and says nothing about sharpness.
    select t.sharpness, d.half, d.point, max(d.log_ratio * t.sharpness) filter (where d.is_own) - ln(sum(exp(greatest(d.log_ratio * t.sharpness, -700)))) as log_posterior
    from density d cross join (
      -- Groups say how sure they are by themselves: their labels know no doubt, and would ask for more. Slices have none.
      select power(2::double precision, i / 4.0) as sharpness from generate_series(-14, case when p_most_spheres = 0 then 14 else 0 end) i) t
    group by t.sharpness, d.half, d.point
  )
  select coalesce((select l.sharpness from likelihood l group by l.sharpness order by sum(greatest(l.log_posterior, -20)) desc nulls last, l.sharpness limit 1), 1)::double precision
$$;
comment on function private.fitting_sharpness(extensions.vector[], integer[], integer, integer, bigint) is
  'The power, from 1/11 to 1, for slices to 11, to which densities are raised before they become probabilities: where the mixture of one half of the points says best to which groups the other half belongs. Below 1 where dimensions tell the same thing twice (temperature scaling, Guo 2017).';

create type private.placed_point as (actor_id uuid, label integer, posteriors double precision[], distances double precision[]);

create function private.mixture_posteriors(p_run uuid, p_points private.clustering_points[])
returns setof private.placed_point
language sql
stable
set search_path = ''
set enable_nestloop = off -- all rows are in memory and of unknown number
set jit = off
as $$
  with density as (
    select d.point, d.label, d.distance, exp(greatest(r.sharpness * (d.log_density - max(d.log_density) over (partition by d.point)), -700)) as share
    from cohorts.clustering_runs r
    cross join lateral private.group_densities(
      array(select p.vector from unnest(p_points) p),
      array(select (c.label, c.place, c.mean, c.variance, c.weight)::private.mixture_component from private.clustering_components c where c.run_id = r.id),
      r.varying_dimensions) d
    where r.id = p_run
  ),
  placed as (
    select s.point, (array_agg(s.label order by s.share desc, s.label))[1] as label,
      array_agg(s.share / s.total order by s.label) filter (where s.label > 0) as posteriors, array_agg(s.distance order by s.label) filter (where s.label > 0) as distances
    from (select d.*, sum(d.share) over (partition by d.point) as total from density d) s
    group by s.point
  )
  select p.actor_id, l.label, l.posteriors, l.distances
  from unnest(p_points) with ordinality p (run_id, actor_id, vector_id, vector, sample_place, label, posteriors, distances, point)
  join placed l on l.point = p.point
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
