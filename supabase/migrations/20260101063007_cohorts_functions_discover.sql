create function private.lock_clustering(p_brand uuid)
returns void
language plpgsql
volatile
set search_path = ''
as $$
begin
  if not pg_try_advisory_xact_lock(hashtextextended('cohorts.clustering', 0) # hashtextextended(p_brand::text, 0)) then
    perform private.raise_error('clustering_in_progress', p_brand::text);
  end if;
end
$$;
comment on function private.lock_clustering(uuid) is
  'Lets only one transaction at a time place the people of a brand; the others get clustering_in_progress at once.';

create function private.clustering_parameters(p_brand uuid)
returns jsonb
language sql
stable
set search_path = ''
as $$
  select jsonb_object_agg(k.name, private.parameter(p_brand, 'cohorts.' || k.name))
  from unnest('{min_actors, sample_size, max_k, min_share, min_stability, rounds, min_overlap, size_change, min_effect, max_false_discovery_rate, max_characteristics}'::text[]) k (name)
$$;
comment on function private.clustering_parameters(uuid) is 'The tunables of a run (system parameters cohorts.*, with the settings of the brand) as one object.';

create function private.write_cohorts(
  p_brand uuid, p_run uuid, p_cohorts uuid[], p_centroids extensions.vector[], p_stability double precision[], p_variance double precision, p_now timestamptz)
returns void
language sql
volatile
set search_path = ''
as $$
  insert into cohorts.cohorts as c (id, brand_id, cohort_type, discovered_at, discovery_algorithm, discovery_parameters, last_run_id,
    centroid_vector, stability_score, coherence_score, separation_score, first_formed_at, last_updated_at,
    data_quality_score, representativeness_score)
  select p_cohorts[s.label], p_brand, 'mixed', p_now, r.algorithm_name, r.parameters, p_run,
    p_centroids[s.label], p_stability[s.label], s.coherence, 1 - coalesce(o.overlap, 0), p_now, p_now,
    r.input_data_quality, s.members::double precision / r.input_actor_count
  from (
    select p.label, count(*) as members, avg(1 - p.distances[p.label] / nullif(
      (select min(d.distance) from unnest(p.distances) with ordinality d (distance, label) where d.label <> p.label), 0)) as coherence
    from private.clustering_points p where p.run_id = p_run group by p.label
  ) s
  cross join cohorts.clustering_runs r
  left join lateral (
    select max(private.cohort_overlap(p_centroids[s.label] operator(extensions.<->) x.v, p_variance)) as overlap
    from unnest(p_centroids) with ordinality x (v, label) where x.label <> s.label
  ) o on true
  where r.id = p_run
  on conflict (id) do update set
    discovery_algorithm = excluded.discovery_algorithm, discovery_parameters = excluded.discovery_parameters,
    last_run_id = excluded.last_run_id, centroid_vector = excluded.centroid_vector, stability_score = excluded.stability_score,
    coherence_score = excluded.coherence_score, separation_score = excluded.separation_score,
    last_updated_at = excluded.last_updated_at, data_quality_score = excluded.data_quality_score,
    representativeness_score = excluded.representativeness_score
$$;
comment on function private.write_cohorts(uuid, uuid, uuid[], extensions.vector[], double precision[], double precision, timestamptz) is
  'Writes the cohort of each label that has people: new rows for the newborn, the same rows for the heirs.';

create function private.write_clustering_metadata(p_brand uuid, p_run uuid, p_cohorts uuid[], p_now timestamptz)
returns void
language sql
volatile
set search_path = ''
as $$
  insert into actors.actor_clustering_metadata (brand_id, actor_id, clustering_run_id, algorithm_used, assigned_cohorts,
    distances_to_centroids, vector_similarity_scores, confidence_scores, parameters, vector_used, clustered_at, is_stable)
  select p_brand, p.actor_id, p_run,
    case when r.algorithm_name in ('kmeans', 'dbscan', 'hierarchical', 'gaussian_mixture', 'spectral') then r.algorithm_name else 'other' end,
    jsonb_build_array(m.cohort_id), jsonb_object(p_cohorts::text[], p.distances::text[]),
    (select jsonb_object_agg(d.cohort_id, round((1 / (1 + d.distance))::numeric, 4)) from unnest(p_cohorts, p.distances) d (cohort_id, distance)),
    jsonb_build_object(m.cohort_id, m.membership_confidence), r.parameters, p.vector_id, p_now,
    m.previous_memberships = '[]' or m.assigned_at < p_now
  from private.clustering_points p
  join cohorts.clustering_runs r on r.id = p_run
  join cohorts.actor_cohort_membership m on m.brand_id = p_brand and m.actor_id = p.actor_id and m.cohort_id = p_cohorts[p.label]
  where p.run_id = p_run;

  -- One row per person and run: the last three runs are enough to look a placement up.
  delete from actors.actor_clustering_metadata d
  where d.brand_id = p_brand and d.clustering_run_id not in (
    select r.id from cohorts.clustering_runs r where r.brand_id = p_brand order by r.started_at desc, r.id desc limit 3);
$$;
comment on function private.write_clustering_metadata(uuid, uuid, uuid[], timestamptz) is
  'Notes for each person how the run placed them; is_stable is false for somebody who moved. Keeps three runs.';

create function private.finish_run(p_brand uuid, p_run uuid, p_now timestamptz, p_started timestamptz)
returns cohorts.clustering_runs
language sql
volatile
set search_path = ''
as $$
  with member as (
    select m.cohort_id, count(*) as n, avg(m.distance_to_centroid) as scatter, sum(m.fit_score) as fit
    from cohorts.actor_cohort_membership m
    where m.brand_id = p_brand and m.run_id = p_run and m.is_active
    group by m.cohort_id
  ),
  worst as (
    select a.cohort_id, max((a.scatter + b.scatter) / nullif(x.centroid_vector operator(extensions.<->) y.centroid_vector, 0)) as ratio
    from member a
    join member b on b.cohort_id <> a.cohort_id
    join cohorts.cohorts x on x.brand_id = p_brand and x.id = a.cohort_id
    join cohorts.cohorts y on y.brand_id = p_brand and y.id = b.cohort_id
    group by a.cohort_id
  ),
  score as (
    select count(*) as cohorts, sum(m.n) as memberships, sum(m.fit) / sum(m.n) as silhouette, avg(c.coherence_score) as coherence,
      avg(c.separation_score) as separation, min(c.stability_score) as stability
    from member m join cohorts.cohorts c on c.brand_id = p_brand and c.id = m.cohort_id
  )
  update cohorts.clustering_runs r
  set status = 'completed', completed_at = p_now,
    execution_time_ms = (extract(epoch from clock_timestamp() - p_started) * 1000)::integer,
    discovered_cohort_count = s.cohorts, total_memberships = s.memberships,
    average_cohort_size = s.memberships::double precision / s.cohorts, average_coherence = s.coherence,
    average_separation = s.separation, overall_quality_score = s.stability, silhouette_score = s.silhouette,
    davies_bouldin_score = (select avg(w.ratio) from worst w)
  from score s
  where r.brand_id = p_brand and r.id = p_run
  returning r.*
$$;
comment on function private.finish_run(uuid, uuid, timestamptz, timestamptz) is
  'Closes a run with its scores; overall_quality_score is the stability of its least stable cohort.';
