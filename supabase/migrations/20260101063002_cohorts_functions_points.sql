-- The first steps of a run: what goes in.
create function private.clustering_load(p_run cohorts.clustering_runs, p_cursor jsonb)
returns jsonb
language plpgsql
volatile
set search_path = ''
as $$
declare
  v_size constant integer := (p_run.parameters ->> 'load_size')::integer;
  v_after constant uuid := (p_cursor ->> 'after')::uuid;
  v_scaling jsonb;
  v_loaded uuid[];
begin
  -- One statement, that is one snapshot: the vectors and what their dimensions mean belong together.
  with loaded as (
    insert into private.clustering_points (run_id, actor_id, vector_id, vector)
    select p_run.id, v.actor_id, v.id, v.vector_data
    from actors.actor_belief_vectors v
    join actors.actors a on a.id = v.actor_id and a.is_active and a.merged_into is null
    where v.brand_id = p_run.brand_id and v.vector_name = 'belief' and v.is_current
      and v.actor_id > coalesce(v_after, '00000000-0000-0000-0000-000000000000')
    order by v.actor_id limit v_size
    returning actor_id
  )
  select array(select l.actor_id from loaded l order by l.actor_id),
    (select coalesce(jsonb_agg(jsonb_build_object('position', c.position, 'component', c.component_name, 'label', c.label,
        'mean', c.mean_value, 'standard_deviation', c.standard_deviation) order by c.position), '[]')
      from actors.belief_vector_components c where c.brand_id = p_run.brand_id)
  into v_loaded, v_scaling;

  if v_after is null then
    update cohorts.clustering_runs r set feature_scaling = v_scaling where r.id = p_run.id;
  elsif v_scaling <> p_run.feature_scaling then
    -- The vectors were standardised anew between two chunks, and all of them must be of one scale: from the beginning.
    delete from private.clustering_points p where p.run_id = p_run.id;
    return '{}'::jsonb;
  end if;
  return private.after_actors(v_loaded, v_size);
end
$$;
comment on function private.clustering_load(cohorts.clustering_runs, jsonb) is
  'Step: takes the current belief vectors of the active people into the working rows of the run, in the order of their ids, and notes what the dimensions mean. Begins again when the vectors are standardised anew under way.';

create function private.clustering_sample(p_run cohorts.clustering_runs)
returns jsonb
language plpgsql
volatile
set search_path = ''
set enable_nestloop = off -- the points of a run are of unknown number
set jit = off
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
    -- Summed as numbers without rounding: the same whatever the order of the rows.
    input_data_quality = (select avg(v.vector_quality::numeric) from private.clustering_points p
      join actors.actor_belief_vectors v on v.brand_id = r.brand_id and v.id = p.vector_id where p.run_id = r.id),
    projection_axes = private.principal_axes(v_points)
  where r.id = p_run.id;
  return null;
end
$$;
comment on function private.clustering_sample(cohorts.clustering_runs) is
  'Step: draws the sample on which the groups are looked for, by a hash of actor and seed (the same people are drawn again with the same seed).';

create function private.clustering_sample_points(p_run uuid)
returns extensions.vector[]
language sql
stable
set search_path = ''
as $$
  select array_agg(p.vector order by p.sample_place) from private.clustering_points p where p.run_id = p_run and p.sample_place is not null
$$;
comment on function private.clustering_sample_points(uuid) is 'The sample of a run, in the order of sample_place.';

create function private.principal_axis(p_points extensions.vector[])
returns extensions.vector
language plpgsql
immutable
set search_path = ''
as $$
declare
  v_dimensions constant integer := extensions.vector_dims(p_points[1]);
  v_mean constant extensions.vector := (select extensions.avg(p) from unnest(p_points) p);
  v_centred constant extensions.vector[] := (select array_agg(p.v operator(extensions.-) v_mean order by p.i) from unnest(p_points) with ordinality p (v, i));
  v_axis extensions.vector;
  v_next extensions.vector;
begin
  -- Power iteration: the direction w that sum (x . w) x leads to, from the point farthest from the mean.
  select extensions.l2_normalize(p.v) into v_axis from unnest(v_centred) with ordinality p (v, i) order by extensions.vector_norm(p.v) desc, p.i limit 1;
  for v_iteration in 1..100 loop
    select extensions.l2_normalize(extensions.sum(
      array_fill((-(p operator(extensions.<#>) v_axis))::real, array[v_dimensions])::extensions.vector operator(extensions.*) p)) into v_next
    from unnest(v_centred) p;
    exit when (v_next operator(extensions.<->) v_axis) < 0.0001;
    v_axis := v_next;
  end loop;
  -- Its largest component points up, so that the picture does not flip from run to run.
  return private.scaled(v_axis, case when (select x from unnest(v_axis::real[]) x order by abs(x) desc limit 1) < 0 then -1 else 1 end);
end
$$;
comment on function private.principal_axis(extensions.vector[]) is 'The direction (unit vector) in which the points differ most: their first principal component.';

create function private.principal_axes(p_points extensions.vector[])
returns extensions.vector[]
language plpgsql
immutable
set search_path = ''
as $$
declare
  v_first constant extensions.vector := private.principal_axis(p_points);
begin
  return array[v_first, private.principal_axis(array(
    select p.v operator(extensions.-) array_fill((-(p.v operator(extensions.<#>) v_first))::real, array[extensions.vector_dims(v_first)])::extensions.vector
      operator(extensions.*) v_first
    from unnest(p_points) with ordinality p (v, i) order by p.i))];
end
$$;
comment on function private.principal_axes(extensions.vector[]) is 'The first two principal components of the points (unit vectors).';
