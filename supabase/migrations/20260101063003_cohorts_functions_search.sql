-- The search: every algorithm proposes partitions of the sample, each is clustered again on bootstrap draws, one is chosen.
create function private.clustering_try(p_run cohorts.clustering_runs, p_arguments jsonb, p_cursor jsonb)
returns jsonb
language sql
volatile
set search_path = ''
as $$
  insert into private.clustering_candidates (run_id, algorithm, k, labels, jaccard_sums)
  select p_run.id, p_arguments ->> 'algorithm', (p_arguments ->> 'k')::integer, f.labels,
    array_fill(0::double precision, array[(select max(l) from unnest(f.labels) l)])
  from (
    select private.run_clustering_algorithm(p_arguments ->> 'algorithm', private.clustering_sample_points(p_run.id),
      (p_arguments ->> 'k')::integer, p_run.seed, p_run.parameters) as labels
  ) f
  where (select min(s.n) from (select count(*) as n from unnest(f.labels) l where l > 0 group by l) s)
    >= (p_run.parameters ->> 'min_share')::double precision * cardinality(f.labels)
  returning null::jsonb
$$;
comment on function private.clustering_try(cohorts.clustering_runs, jsonb, jsonb) is
  'Step: one partition of the sample by {algorithm, k}. One with a group that is too small to be a cohort is no candidate.';

create function private.clustering_again(p_run cohorts.clustering_runs, p_arguments jsonb, p_cursor jsonb)
returns jsonb
language plpgsql
volatile
set search_path = ''
as $$
declare
  v_points extensions.vector[];
  v_round integer;
  v_places integer[];
  v_again integer[];
  v_candidate private.clustering_candidates;
begin
  select * into v_candidate from private.clustering_candidates c
  where c.run_id = p_run.id and c.algorithm = p_arguments ->> 'algorithm' and c.k = (p_arguments ->> 'k')::integer;
  if v_candidate is null then
    return null;
  end if;
  v_round := v_candidate.rounds + 1;
  v_points := private.clustering_sample_points(p_run.id);
  v_places := private.bootstrap_places(cardinality(v_points), p_run.seed + 1000 * v_round);
  v_again := private.run_clustering_algorithm(v_candidate.algorithm, array(select v_points[i] from unnest(v_places) with ordinality x (i, place) order by x.place),
    v_candidate.k, p_run.seed + v_round, p_run.parameters);
  update private.clustering_candidates c
  set rounds = v_round,
    jaccard_sums = array(
      select s.total + j.jaccard from unnest(c.jaccard_sums, private.best_jaccard(c.labels, v_places, v_again)) with ordinality s (total, jaccard, label),
        lateral (select s.jaccard) j order by s.label)
  where c.run_id = p_run.id and c.algorithm = v_candidate.algorithm and c.k = v_candidate.k;
  return case when v_round < (p_run.parameters ->> 'rounds')::integer then jsonb_build_object('round', v_round) end;
end
$$;
comment on function private.clustering_again(cohorts.clustering_runs, jsonb, jsonb) is
  'Step: clusters bootstrap draws of the sample again and adds to the Jaccard overlaps of a candidate, one round a call (clusterboot of Hennig 2007).';

create function private.clustering_choose(p_run cohorts.clustering_runs, p_arguments jsonb, p_cursor jsonb)
returns jsonb
language plpgsql
volatile
set search_path = ''
as $$
declare
  v_points constant extensions.vector[] := private.clustering_sample_points(p_run.id);
  v_labels integer[] := array_fill(1, array[cardinality(v_points)]);
  v_chosen private.clustering_candidates;
begin
  select c.* into v_chosen from private.clustering_candidates c
  where c.run_id = p_run.id
    and (select min(s) / c.rounds from unnest(c.jaccard_sums) s) >= (p_run.parameters ->> 'min_stability')::double precision
  order by cardinality(c.jaccard_sums) desc, c.algorithm limit 1;
  if v_chosen.labels is not null then
    v_labels := v_chosen.labels;
  end if;

  insert into private.clustering_components (run_id, label, place, mean, variance, weight)
  select p_run.id, m.label, 1, m.mean, greatest(s.squares / (m.n * s.dimensions), 1e-6), m.n / cardinality(v_points)::double precision
  from (
    select l.label, count(*) as n, extensions.avg(l.v) as mean from unnest(v_labels, v_points) l (label, v) where l.label > 0 group by l.label
  ) m
  cross join lateral (
    select sum((l.v operator(extensions.<->) m.mean) ^ 2) as squares, max(extensions.vector_dims(l.v))::double precision as dimensions
    from unnest(v_labels, v_points) l (label, v) where l.label = m.label
  ) s;
  update private.clustering_candidates c set is_chosen = true
  where c.run_id = p_run.id and c.algorithm = v_chosen.algorithm and c.k = v_chosen.k;
  update cohorts.clustering_runs r
  set algorithm_name = coalesce(v_chosen.algorithm, r.algorithm_name), function_name = coalesce('cohorts.cluster_' || v_chosen.algorithm, r.function_name),
    within_variance = (select sum(c.variance * c.weight) from private.clustering_components c where c.run_id = r.id),
    candidates = (select coalesce(jsonb_agg(jsonb_build_object('algorithm', c.algorithm, 'k', c.k, 'cohorts', cardinality(c.jaccard_sums),
        'coverage', (select avg((l > 0)::integer) from unnest(c.labels) l), 'stability', (select jsonb_agg(s / c.rounds) from unnest(c.jaccard_sums) s),
        'is_chosen', c.is_chosen) order by c.algorithm, c.k), '[]')
      from private.clustering_candidates c where c.run_id = r.id)
  where r.id = p_run.id;
  return null;
end
$$;
comment on function private.clustering_choose(cohorts.clustering_runs, jsonb, jsonb) is
  'Step: chooses the partition with most groups all of which are stable, and turns it into the mixture by which everybody is placed. With none, one cohort.';

create function private.clustering_place(p_run cohorts.clustering_runs, p_arguments jsonb, p_cursor jsonb)
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
comment on function private.clustering_place(cohorts.clustering_runs, jsonb, jsonb) is 'Step: places a chunk of the people by the mixture.';

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
