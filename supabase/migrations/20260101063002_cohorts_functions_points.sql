create function private.load_clustering_points(p_brand uuid, p_run uuid)
returns integer
language sql
volatile
set search_path = ''
as $$
  with loaded as (
    insert into private.clustering_points (run_id, actor_id, vector_id, vector)
    select p_run, v.actor_id, v.id, v.vector_data
    from actors.actor_belief_vectors v
    join actors.actors a on a.brand_id = v.brand_id and a.id = v.actor_id and a.is_active and a.merged_into is null
    where v.brand_id = p_brand and v.vector_name = 'belief' and v.is_current
    returning 1
  )
  select count(*)::integer from loaded
$$;
comment on function private.load_clustering_points(uuid, uuid) is
  'Takes the current belief vectors of the active actors of a brand into the working rows of a run; returns how many.';

create function private.sample_clustering_points(p_run uuid, p_seed integer, p_size integer)
returns extensions.vector[]
language sql
stable
set search_path = ''
as $$
  select array_agg(s.vector order by s.draw, s.actor_id)
  from (
    select p.vector, p.actor_id, uuid_hash_extended(p.actor_id, p_seed) as draw
    from private.clustering_points p where p.run_id = p_run
    order by draw, p.actor_id limit p_size
  ) s
$$;
comment on function private.sample_clustering_points(uuid, integer, integer) is
  'At most p_size vectors of a run, drawn by a hash of actor and seed: the same people are drawn again with the same seed.';

create function private.refine_centroids(p_run uuid, p_centroids extensions.vector[])
returns extensions.vector[]
language sql
stable
set search_path = ''
as $$
  with part as (
    select n.label, extensions.avg(p.vector) as centroid
    from private.clustering_points p
    cross join lateral (
      select c.label from unnest(p_centroids) with ordinality c (v, label)
      order by p.vector operator(extensions.<->) c.v, c.label limit 1
    ) n
    where p.run_id = p_run
    group by n.label
  )
  select array_agg(coalesce(part.centroid, c.v) order by c.label)
  from unnest(p_centroids) with ordinality c (v, label)
  left join part on part.label = c.label
$$;
comment on function private.refine_centroids(uuid, extensions.vector[]) is
  'One pass over all points of a run: centroids that were found on a sample move to the means of everybody nearest to them.';

create function private.label_clustering_points(p_run uuid, p_centroids extensions.vector[])
returns void
language sql
volatile
set search_path = ''
as $$
  update private.clustering_points p
  set (label, distances) = (
    select (array_agg(c.label order by d.distance, c.label))[1], array_agg(d.distance order by c.label)
    from unnest(p_centroids) with ordinality c (v, label)
    cross join lateral (select p.vector operator(extensions.<->) c.v as distance) d
  )
  where p.run_id = p_run
$$;
comment on function private.label_clustering_points(uuid, extensions.vector[]) is
  'Gives every point of a run its distances to all centroids and the label of the nearest.';

create function private.cohort_confidence(p_distances double precision[], p_sizes double precision[], p_label integer, p_variance double precision)
returns double precision
language sql
immutable
set search_path = ''
as $$
  -- Without any variance everybody sits on a centroid: certain.
  select coalesce(1 / sum(c.size / p_sizes[p_label]
    * exp(greatest(p_distances[p_label] ^ 2 - c.distance ^ 2, -1400 * p_variance) / nullif(2 * p_variance, 0))), 1)
  from unnest(p_distances, p_sizes) c (distance, size)
$$;
comment on function private.cohort_confidence(double precision[], double precision[], integer, double precision) is
  'Posterior probability of the cohort p_label under a mixture of equal spheres: n_c exp(-d_c^2 / 2v) over the sum of that for all cohorts. p_distances: to every centroid; p_sizes: members of every cohort; p_variance: v, per dimension.';

create function private.principal_axes(p_points extensions.vector[])
returns extensions.vector[]
language plpgsql
immutable
set search_path = ''
as $$
declare
  v_mean extensions.vector;
  v_centred extensions.vector[];
  v_axis extensions.vector;
  v_axes extensions.vector[] := array[]::extensions.vector[];
begin
  select extensions.avg(p.v) into v_mean from unnest(p_points) p (v);
  select array_agg(p.v operator(extensions.-) v_mean order by p.i) into v_centred from unnest(p_points) with ordinality p (v, i);

  for v_number in 1..2 loop
    -- Power iteration: the direction w that sum (x . w) x leads to, from the point farthest from the mean.
    select p.v into v_axis from unnest(v_centred) with ordinality p (v, i) order by extensions.vector_norm(p.v) desc, p.i limit 1;
    for v_iteration in 1..40 loop
      select extensions.l2_normalize(extensions.sum(
        array_fill((-(p.v operator(extensions.<#>) v_axis))::real, array[extensions.vector_dims(p.v)])::extensions.vector
        operator(extensions.*) p.v)) into v_axis
      from unnest(v_centred) p (v);
    end loop;
    -- Its largest component points up, so that the picture does not flip from run to run.
    select case when (select x from unnest(v_axis::real[]) x order by abs(x) desc limit 1) < 0
      then array_fill(-1::real, array[extensions.vector_dims(v_axis)])::extensions.vector operator(extensions.*) v_axis
      else v_axis end into v_axis;
    v_axes := v_axes || v_axis;
    -- What this axis explains is taken away before the next.
    select array_agg(p.v operator(extensions.-) (
      array_fill((-(p.v operator(extensions.<#>) v_axis))::real, array[extensions.vector_dims(p.v)])::extensions.vector
      operator(extensions.*) v_axis) order by p.i) into v_centred
    from unnest(v_centred) with ordinality p (v, i);
  end loop;
  return v_axes;
end
$$;
comment on function private.principal_axes(extensions.vector[]) is
  'The first two principal components of the points (unit vectors, by power iteration with deflation).';
