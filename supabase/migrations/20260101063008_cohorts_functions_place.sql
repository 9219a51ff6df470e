-- Everybody is placed by what was found on the sample.
create function private.clustering_place(p_run cohorts.clustering_runs, p_cursor jsonb)
returns jsonb
language plpgsql
volatile
set search_path = ''
as $$
declare
  v_actors constant uuid[] := private.next_clustering_actors(p_run.id, p_cursor, (p_run.parameters ->> 'place_size')::integer);
begin
  update private.clustering_points p
  set label = l.label, posteriors = l.posteriors, distances = l.distances
  from private.mixture_posteriors(p_run.id, array(
    select q from private.clustering_points q where q.run_id = p_run.id and q.actor_id = any (v_actors))) l
  where p.run_id = p_run.id and p.actor_id = l.actor_id;
  return private.after_actors(v_actors, (p_run.parameters ->> 'place_size')::integer);
end
$$;
comment on function private.clustering_place(cohorts.clustering_runs, jsonb) is 'Step: places a chunk of the people by the mixture.';

create function private.next_clustering_actors(p_run uuid, p_cursor jsonb, p_size integer)
returns uuid[]
language sql
stable
set search_path = ''
as $$
  select array(
    select p.actor_id from private.clustering_points p
    where p.run_id = p_run and p.actor_id > coalesce((p_cursor ->> 'after')::uuid, '00000000-0000-0000-0000-000000000000')
    order by p.actor_id limit p_size)
$$;
comment on function private.next_clustering_actors(uuid, jsonb, integer) is 'The next chunk of the people of a run, in the order of their ids.';

create function private.after_actors(p_actors uuid[], p_size integer)
returns jsonb
language sql
immutable
set search_path = ''
return case when cardinality(p_actors) = p_size then jsonb_build_object('after', p_actors[cardinality(p_actors)]) end;
comment on function private.after_actors(uuid[], integer) is 'The cursor behind a chunk of people; null when it was the last one, which is not full.';
