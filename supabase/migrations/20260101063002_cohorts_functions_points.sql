-- The first steps of a run: what goes in.
create function private.clustering_load(p_run cohorts.clustering_runs, p_arguments jsonb, p_cursor jsonb)
returns jsonb
language sql
volatile
set search_path = ''
as $$
  with loaded as (
    insert into private.clustering_points (run_id, actor_id, vector_id, vector)
    select p_run.id, v.actor_id, v.id, v.vector_data
    from actors.actor_belief_vectors v
    join actors.actors a on a.id = v.actor_id and a.is_active and a.merged_into is null
    where v.brand_id = p_run.brand_id and v.vector_name = 'belief' and v.is_current
      and v.actor_id > coalesce((p_cursor ->> 'after')::uuid, '00000000-0000-0000-0000-000000000000')
    order by v.actor_id limit (p_run.parameters ->> 'load_size')::integer
    returning actor_id
  )
  select case when count(*) = (p_run.parameters ->> 'load_size')::integer
    then jsonb_build_object('after', (array_agg(l.actor_id order by l.actor_id desc))[1]) end
  from loaded l
$$;
comment on function private.clustering_load(cohorts.clustering_runs, jsonb, jsonb) is
  'Step: takes the current belief vectors of the active people into the working rows of the run, in the order of their ids.';

create function private.clustering_sample(p_run cohorts.clustering_runs, p_arguments jsonb, p_cursor jsonb)
returns jsonb
language plpgsql
volatile
set search_path = ''
as $$
declare
  v_points extensions.vector[];
begin
  update private.clustering_points p set sample_place = s.place
  from (
    select x.actor_id, row_number() over (order by uuid_hash_extended(x.actor_id, p_run.seed), x.actor_id) as place
    from private.clustering_points x where x.run_id = p_run.id
    order by 2 limit (p_run.parameters ->> 'sample_size')::integer
  ) s
  where p.run_id = p_run.id and p.actor_id = s.actor_id;
  v_points := private.clustering_sample_points(p_run.id);

  update cohorts.clustering_runs r
  set input_actor_count = (select count(*) from private.clustering_points p where p.run_id = r.id),
    input_vector_dimensions = extensions.vector_dims(v_points[1]),
    varying_dimensions = (
      select greatest(count(*), 1) from (select unnest(extensions.avg(p operator(extensions.*) p)::real[]) as square, unnest(extensions.avg(p)::real[]) as mean from unnest(v_points) p) m
      where m.square - m.mean * m.mean > 1e-6),
    input_data_quality = (select avg(v.vector_quality) from private.clustering_points p
      join actors.actor_belief_vectors v on v.brand_id = r.brand_id and v.id = p.vector_id where p.run_id = r.id),
    feature_scaling = (select coalesce(jsonb_agg(jsonb_build_object('position', c.position, 'component', c.component_name, 'label', c.label,
        'mean', c.mean_value, 'standard_deviation', c.standard_deviation) order by c.position), '[]')
      from actors.belief_vector_components c where c.brand_id = r.brand_id),
    projection_axes = private.principal_axes(v_points)
  where r.id = p_run.id;
  return null;
end
$$;
comment on function private.clustering_sample(cohorts.clustering_runs, jsonb, jsonb) is
  'Step: draws the sample on which the groups are looked for, by a hash of actor and seed (the same people are drawn again with the same seed), and notes what the dimensions mean.';

create function private.clustering_sample_points(p_run uuid)
returns extensions.vector[]
language sql
stable
set search_path = ''
as $$
  select array_agg(p.vector order by p.sample_place) from private.clustering_points p where p.run_id = p_run and p.sample_place is not null
$$;
comment on function private.clustering_sample_points(uuid) is 'The sample of a run, in the order of sample_place.';

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
