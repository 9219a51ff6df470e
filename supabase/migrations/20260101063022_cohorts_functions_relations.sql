create function private.cosine(p_a extensions.vector, p_b extensions.vector)
returns double precision
language sql
immutable
set search_path = ''
as $$
  -- With a vector of zeros it is not a number: the average person is like nobody in particular.
  select greatest(least(coalesce(nullif(1 - (p_a operator(extensions.<=>) p_b), 'nan'), 0), 1), -1)
$$;
comment on function private.cosine(extensions.vector, extensions.vector) is 'Cosine similarity, -1..1; 0 where one of the vectors is zero.';

create function private.similarity_of_cohorts(p_run cohorts.clustering_runs)
returns void
language sql
volatile
set search_path = ''
set enable_nestloop = off -- members of members: never a quadratic join
set jit = off
as $$
  delete from cohorts.cohort_similarity_matrix s where s.brand_id = p_run.brand_id;

  with mask as materialized (
    -- 1 where the vector holds a taste, and the opposite.
    select array_agg(t.taste::real order by i.i)::extensions.vector as taste, array_agg((1 - t.taste)::real order by i.i)::extensions.vector as other
    from generate_series(1, p_run.input_vector_dimensions) i (i)
    left join jsonb_to_recordset(p_run.feature_scaling) as f (position integer, component text) on f.position = i.i
    cross join lateral (select (coalesce(f.component like 'preference.%', false))::integer as taste) t
  ),
  common as materialized (
    select a.cohort_id as a_id, b.cohort_id as b_id, count(*) as people
    from cohorts.actor_cohort_membership a
    join cohorts.actor_cohort_membership b on b.brand_id = p_run.brand_id and b.actor_id = a.actor_id and b.is_active and b.cohort_id > a.cohort_id
    where a.brand_id = p_run.brand_id and a.is_active
    group by a.cohort_id, b.cohort_id
  ),
  size as materialized (
    select m.cohort_id, count(*) as people from cohorts.actor_cohort_membership m where m.brand_id = p_run.brand_id and m.is_active group by m.cohort_id
  ),
  pair as (
    select a, b, a.centroid_vector operator(extensions.<->) b.centroid_vector as distance, private.cosine(a.centroid_vector, b.centroid_vector) as cosine,
      private.cosine(a.centroid_vector operator(extensions.*) m.taste, b.centroid_vector operator(extensions.*) m.taste) as taste_cosine,
      private.cosine(a.centroid_vector operator(extensions.*) m.other, b.centroid_vector operator(extensions.*) m.other) as other_cosine
    from cohorts.cohorts a
    join cohorts.cohorts b on b.brand_id = a.brand_id and b.last_run_id = a.last_run_id and b.cohort_status = 'active' and b.id > a.id
    cross join mask m
    where a.brand_id = p_run.brand_id and a.last_run_id = p_run.id and a.cohort_status = 'active'
  )
  insert into cohorts.cohort_similarity_matrix (brand_id, cohort_a_id, cohort_b_id, cosine_similarity, euclidean_distance,
    jaccard_similarity, overlap_score, relationship_type, relationship_strength, computed_at, computation_method,
    computation_parameters, similarity_confidence, stability_score)
  select p_run.brand_id, (p.a).id, (p.b).id, p.cosine, p.distance, j.jaccard, private.cohort_overlap(p.distance, p_run.within_variance),
    r.kind::cohorts.relationship_type,
    case r.kind when 'hierarchical' then 1 when 'complementary' then least(p.other_cosine, -p.taste_cosine) else abs(p.cosine) end,
    p_run.started_at, 'centroids', jsonb_build_object('run_id', p_run.id),
    least((p.a).discovery_confidence, (p.b).discovery_confidence), least((p.a).stability_score, (p.b).stability_score)
  from pair p
  left join common c on c.a_id = (p.a).id and c.b_id = (p.b).id
  left join size s on s.cohort_id = (p.a).id
  left join size t on t.cohort_id = (p.b).id
  cross join lateral (select coalesce(c.people::double precision / nullif(s.people + t.people - c.people, 0), 0) as jaccard) j
  cross join lateral (
    select case when (p.b).id = (p.a).parent_cohort_id or (p.a).id = (p.b).parent_cohort_id then 'hierarchical'
      when p.cosine >= 0.5 then 'similar'
      when p.taste_cosine < 0 and p.other_cosine >= 0.5 then 'complementary'
      when p.cosine <= -0.5 then 'opposite' else 'independent' end as kind
  ) r;
$$;
comment on function private.similarity_of_cohorts(cohorts.clustering_runs) is
  'Rewrites the similarity matrix of the active cohorts of a brand: centroids of a run, common members, ancestry.';

create function private.record_measurements(p_run cohorts.clustering_runs)
returns void
language sql
volatile
set search_path = ''
as $$
  insert into cohorts.cohort_measurements (brand_id, cohort_id, run_id, measured_at, member_count, stability_score, coherence_score,
    separation_score, confidence_score, representativeness_score)
  select c.brand_id, c.id, p_run.id, p_run.started_at, c.member_count, c.stability_score, c.coherence_score,
    c.separation_score, c.discovery_confidence, c.representativeness_score
  from cohorts.cohorts c
  where c.brand_id = p_run.brand_id and c.last_run_id = p_run.id and c.cohort_status = 'active'
$$;
comment on function private.record_measurements(cohorts.clustering_runs) is 'Keeps how large and how good the cohorts of a run are, for cohorts.trend.';
