create function private.separating_direction(p_a extensions.vector[], p_b extensions.vector[])
returns extensions.vector
language plpgsql
immutable
set search_path = ''
as $$
declare
  v_mean_a constant extensions.vector := (select extensions.avg(a) from unnest(p_a) a);
  v_mean_b constant extensions.vector := (select extensions.avg(b) from unnest(p_b) b);
  v_dimensions constant integer := extensions.vector_dims(v_mean_a);
  v_count constant integer := cardinality(p_a) + cardinality(p_b);
  v_within extensions.vector[];
  v_ridge double precision;
  v_solution extensions.vector;
  v_residual extensions.vector := v_mean_a operator(extensions.-) v_mean_b;
  v_step extensions.vector := v_residual;
  v_image extensions.vector;
  v_square double precision := -(v_residual operator(extensions.<#>) v_residual);
  v_next double precision;
  v_length double precision;
begin
  if v_square = 0 then
    return v_residual;
  end if;
  v_within := array(select a operator(extensions.-) v_mean_a from unnest(p_a) a union all select b operator(extensions.-) v_mean_b from unnest(p_b) b);
  select 0.05 * sum(-(w operator(extensions.<#>) w)) / (v_count * v_dimensions) into v_ridge from unnest(v_within) w;
  v_solution := v_residual operator(extensions.-) v_residual;
  -- (covariance within + ridge) solution = difference of the means, by conjugate gradients; two steps are early stopping.
  for v_iteration in 1..2 loop
    select private.scaled(extensions.sum(
        array_fill((-(w operator(extensions.<#>) v_step))::real, array[v_dimensions])::extensions.vector operator(extensions.*) w), 1.0 / v_count)
      operator(extensions.+) private.scaled(v_step, v_ridge) into v_image
    from unnest(v_within) w;
    v_length := v_square / nullif(-(v_step operator(extensions.<#>) v_image), 0);
    exit when v_length is null;
    v_solution := v_solution operator(extensions.+) private.scaled(v_step, v_length);
    v_residual := v_residual operator(extensions.-) private.scaled(v_image, v_length);
    v_next := -(v_residual operator(extensions.<#>) v_residual);
    exit when v_next < 1e-12;
    v_step := v_residual operator(extensions.+) private.scaled(v_step, v_next / v_square);
    v_square := v_next;
  end loop;
  return v_solution;
end
$$;
comment on function private.separating_direction(extensions.vector[], extensions.vector[]) is
  'The direction along which two groups of points lie apart most for their spread (Fisher 1936), with a ridge of a twentieth of the mean variance and stopped after two steps of conjugate gradients, so that a few points in many dimensions do not follow chance.';

create function private.valley(p_a double precision[], p_b double precision[])
returns double precision
language sql
immutable
set search_path = ''
as $$
  with shape as (
    select percentile_cont(0.5) within group (order by x) filter (where is_a) as median_a, percentile_cont(0.5) within group (order by x) filter (where not is_a) as median_b,
      least(sqrt((var_pop(x) filter (where is_a) * count(*) filter (where is_a) + var_pop(x) filter (where not is_a) * count(*) filter (where not is_a)) / count(*)), stddev_pop(x))
        * least(count(*) filter (where is_a), count(*) filter (where not is_a)) ^ -0.2 as width
    from (select a as x, true as is_a from unnest(p_a) a union all select b, false from unnest(p_b) b) z
    having count(*) filter (where is_a) >= 5 and count(*) filter (where not is_a) >= 5
  ),
  density as (
    select g.g, (select sum(exp(greatest(-0.5 * ((least(s.median_a, s.median_b) + g.g * abs(s.median_a - s.median_b) / 24 - z) / s.width) ^ 2, -700))) from unnest(p_a || p_b) z) as f
    from shape s cross join generate_series(0, 24) g (g)
    where s.width > 0 and s.median_a <> s.median_b
  ),
  lowest as (select d.g, d.f from density d where d.g between 1 and 23 order by d.f, d.g limit 1)
  select coalesce((
    select l.f / nullif(least((select max(d.f) from density d where d.g < l.g), (select max(d.f) from density d where d.g > l.g)), 0)
    from lowest l), 1)
$$;
comment on function private.valley(double precision[], double precision[]) is
  'How deep the valley between two groups of numbers is: density (Gaussian kernel) at its lowest between their medians over the lower of the two peaks beside it. 0: nobody between them; 1 and more: no valley, or fewer than five in a group.';

create function private.shallowest_valley(
  p_fitted extensions.vector[], p_labels integer[], p_gaps double precision[], p_held_out extensions.vector[], p_placed integer[])
returns double precision
language sql
immutable
set search_path = ''
as $$
  with middle as (
    select f.label, extensions.avg(f.v) as mean, array_agg(f.v) as points
    from unnest(p_fitted, p_labels) f (v, label) where f.label > 0 group by f.label
  ),
  apart as (
    select a.label as a, b.label as b, rank() over (partition by a.label order by a.mean operator(extensions.<->) b.mean) as nearness
    from middle a join middle b on a.label <> b.label
  ),
  neighbours as materialized (
    select x.a, x.b from apart x join apart y on y.a = x.b and y.b = x.a where x.a < x.b and least(x.nearness, y.nearness) <= 3
  ),
  pair as materialized (
    select n.a, n.b, private.separating_direction(a.points, b.points) as direction
    from neighbours n join middle a on a.label = n.a join middle b on b.label = n.b
  )
  select max(least(
    private.valley(
      array(select -(o.v operator(extensions.<#>) p.direction) from unnest(p_held_out, p_placed) o (v, label) where o.label = p.a),
      array(select -(o.v operator(extensions.<#>) p.direction) from unnest(p_held_out, p_placed) o (v, label) where o.label = p.b)),
    3 * p_gaps[(p.a - 1) * (select max(l) from unnest(p_labels) l) + p.b]))
  from pair p
$$;
comment on function private.shallowest_valley(extensions.vector[], integer[], double precision[], extensions.vector[], integer[]) is
  'The worst separation of two groups that lie next to each other: the direction that separates them is found on one half of the points (p_fitted, p_labels), and the valley along it looked for among the others (p_held_out, p_placed), so that what chance put apart is not found apart. A partition whose algorithm knows the gaps between its groups (p_gaps, 0: open) counts three times the gap where that is less: round a ring no direction separates.';
