create function private.run_clustering_algorithm(p_algorithm text, p_points extensions.vector[], p_seed integer, p_parameters jsonb)
returns setof private.clustering_result
language plpgsql
stable
set search_path = ''
as $$
begin
  return query execute format('select * from private.%I($1, $2, $3)', 'cluster_' || p_algorithm)
    using p_points, p_seed, p_parameters;
end
$$;
comment on function private.run_clustering_algorithm(text, extensions.vector[], integer, jsonb) is
  'Calls private.cluster_<p_algorithm>, the interface that every algorithm has; the caller has checked that it is registered. Returns one row.';

create function private.cohorts_discover(p_brand uuid, p_algorithm text, p_seed integer, p_now timestamptz)
returns uuid
language plpgsql
volatile
security definer
set search_path = ''
-- The working rows of a run are unknown to the planner's statistics, and a nested loop over them costs n squared. The cost
-- that forbids it would also call for the compiler on every small statement.
set enable_nestloop = off
set jit = off
as $$
declare
  v_started constant timestamptz := clock_timestamp();
  v_run constant uuid := private.uuid_v7();
  v_parameters jsonb;
  v_actors integer;
  v_dimensions integer;
  v_sample extensions.vector[];
  v_found private.clustering_result;
  v_variance double precision;
  v_matches private.cohort_match[];
  v_cohorts uuid[];
  v_sizes double precision[];
  v_events jsonb;
  v_score cohorts.clustering_runs;
  v_call uuid;
begin
  perform private.require_role(p_brand, 'manager');
  if not exists (select from core.brands b where b.id = p_brand) then
    perform private.raise_error('not_found', 'brand', p_brand::text);
  elsif to_regprocedure(format('private.%I(extensions.vector[],integer,jsonb)', 'cluster_' || p_algorithm)) is null
    or not exists (select from ai.functions f where f.function_name = 'cohorts.cluster_' || p_algorithm and f.is_active and f.brand_id is null) then
    perform private.raise_error('invalid_argument', 'p_algorithm', format('%L is not a registered clustering algorithm', p_algorithm));
  elsif p_seed is null or p_now is null then
    perform private.raise_error('invalid_argument', case when p_seed is null then 'p_seed' else 'p_now' end, 'must not be null');
  end if;
  perform private.lock_clustering(p_brand);
  v_parameters := private.clustering_parameters(p_brand);

  -- What goes in.
  v_actors := private.load_clustering_points(p_brand, v_run);
  if v_actors < greatest((v_parameters ->> 'min_actors')::integer, 2) then
    perform private.raise_error('too_few_actors', v_actors::text, v_parameters ->> 'min_actors');
  end if;
  v_sample := private.sample_clustering_points(v_run, p_seed, (v_parameters ->> 'sample_size')::integer);
  insert into cohorts.clustering_runs (id, brand_id, algorithm_name, algorithm_version, function_name, seed, parameters,
    input_actor_count, input_vector_type, input_vector_dimensions, input_data_quality, feature_scaling, projection_axes, started_at)
  select v_run, p_brand, p_algorithm, f.version, f.function_name, p_seed, v_parameters, v_actors, 'combined',
    extensions.vector_dims(v_sample[1]),
    (select avg(v.vector_quality) from actors.actor_belief_vectors v where v.brand_id = p_brand and v.vector_name = 'belief' and v.is_current),
    (select coalesce(jsonb_agg(jsonb_build_object('position', c.position, 'component', c.component_name, 'label', c.label,
      'mean', c.mean_value, 'standard_deviation', c.standard_deviation) order by c.position), '[]')
     from actors.belief_vector_components c where c.brand_id = p_brand),
    private.principal_axes(v_sample), p_now
  from ai.functions f where f.function_name = 'cohorts.cluster_' || p_algorithm and f.is_active and f.brand_id is null;

  -- Which groups there are: the algorithm sees the sample, then everybody goes to the nearest centroid.
  select * into v_found from private.run_clustering_algorithm(p_algorithm, v_sample, p_seed, v_parameters);
  v_found.centroids := private.refine_centroids(v_run, v_found.centroids);
  perform private.label_clustering_points(v_run, v_found.centroids);
  select greatest(count(*), 1) into v_dimensions
  from actors.belief_vector_components c where c.brand_id = p_brand and c.standard_deviation > 0;
  select sum(p.distances[p.label] ^ 2) / (greatest(v_actors - cardinality(v_found.centroids), 1) * v_dimensions::double precision)
    into v_variance from private.clustering_points p where p.run_id = v_run;
  update cohorts.clustering_runs r set within_variance = v_variance, candidates = v_found.candidates where r.id = v_run;

  -- Which of them are known already.
  select array_agg(m) into v_matches from private.match_cohorts(p_brand, v_run, (v_parameters ->> 'min_overlap')::double precision) m;
  select array_agg(coalesce(m.cohort_id, private.uuid_v7()) order by c.label), array_agg(coalesce(s.members, 0)::double precision order by c.label)
    into v_cohorts, v_sizes
  from unnest(v_found.centroids) with ordinality c (v, label)
  left join unnest(v_matches) m on m.is_heir and m.label = c.label
  left join (select p.label, count(*) as members from private.clustering_points p where p.run_id = v_run group by p.label) s on s.label = c.label;

  perform private.write_cohorts(p_brand, v_run, v_cohorts, v_found.centroids, v_found.stability, v_variance, p_now);
  v_events := private.log_cohort_evolution(p_brand, v_run, v_cohorts, v_matches, (v_parameters ->> 'size_change')::double precision, p_now);
  perform private.end_cohorts(p_brand, v_cohorts, v_matches, p_now);
  perform private.close_memberships(p_brand, v_run, v_cohorts, p_now);
  perform private.write_memberships(p_brand, v_run, v_cohorts, v_sizes, v_variance, p_now);
  -- What is not known of a person is expected to be as in the cohort it resembles.
  perform private.set_prior_groups(p_brand, array_agg(m.actor_id), array_agg(m.cohort_id), array_agg(m.membership_confidence), p_now)
  from cohorts.actor_cohort_membership m where m.brand_id = p_brand and m.is_active and m.membership_type = 'primary';
  update cohorts.cohorts c
  set discovery_confidence = m.confidence, min_member_count = least(c.min_member_count, c.member_count)
  from (
    select x.cohort_id, avg(x.membership_confidence) as confidence
    from cohorts.actor_cohort_membership x where x.brand_id = p_brand and x.is_active group by x.cohort_id
  ) m
  where c.brand_id = p_brand and c.id = m.cohort_id;

  -- What they are like.
  perform private.write_characteristics(p_brand, v_run, v_cohorts, (v_parameters ->> 'min_effect')::double precision,
    (v_parameters ->> 'max_false_discovery_rate')::double precision, (v_parameters ->> 'max_characteristics')::integer, p_now);
  perform private.name_cohorts(p_brand, v_run, v_cohorts, v_actors, p_now);
  perform private.similarity_of_cohorts(p_brand, v_run, p_now);
  perform private.write_clustering_metadata(p_brand, v_run, v_cohorts, p_now);

  v_score := private.finish_run(p_brand, v_run, p_now, v_started);
  delete from private.clustering_points p where p.run_id = v_run;
  perform private.emit(p_brand, 'cohorts.discovered', 'clustering_run', v_run,
    jsonb_build_object('cohorts', v_score.discovered_cohort_count, 'people', v_actors, 'events', v_events));
  v_call := private.log_call('cohorts.discover', p_brand,
    jsonb_build_object('algorithm', p_algorithm, 'seed', p_seed, 'now', p_now, 'parameters', v_parameters),
    jsonb_build_object('run_id', v_run, 'cohorts', v_score.discovered_cohort_count, 'people', v_actors, 'events', v_events),
    v_started, v_score.overall_quality_score, 'clustering_run', v_run);
  perform private.log_reasoning(p_brand, 'cohort_assignment', 'global', null,
    format('%s cohorts among %s people', v_score.discovered_cohort_count, v_actors), v_score.overall_quality_score,
    (select jsonb_agg(jsonb_build_object('kind', 'cohort', 'id', c.id, 'name', c.cohort_name, 'members', c.member_count, 'stability', c.stability_score) order by c.member_count desc)
     from cohorts.cohorts c where c.brand_id = p_brand and c.last_run_id = v_run),
    v_found.candidates,
    jsonb_build_array(
      format('%s people have a belief vector; %s of them were the sample', v_actors, cardinality(v_sample)),
      format('the largest number of groups that all come back (Jaccard >= %s) and hold at least %s of the people is %s',
        v_parameters ->> 'min_stability', v_parameters ->> 'min_share', cardinality(v_found.centroids)),
      format('by common members these are: %s', v_events)),
    v_call);
  return v_run;
end
$$;
comment on function private.cohorts_discover(uuid, text, integer, timestamptz) is
  'Body of cohorts.discover. Definer: cohorts, memberships and logs are not writable by clients.';
grant execute on function private.cohorts_discover(uuid, text, integer, timestamptz) to authenticated, service_role;

create function cohorts.discover(p_brand uuid, p_algorithm text default 'kmeans', p_seed integer default 42, p_now timestamptz default now())
returns uuid
language sql
volatile
set search_path = ''
begin atomic
  select private.cohorts_discover(p_brand, p_algorithm, p_seed, p_now);
end;
comment on function cohorts.discover(uuid, text, integer, timestamptz) is
  'Finds the groups among the active people of a brand from their current belief vectors (made by actors.refresh_vectors), in one transaction: run, cohorts, memberships with confidence, characteristics, names, similarity, events. Cohorts whose people stay together keep their id. p_algorithm: registered in ai.functions as cohorts.cluster_<name>; p_seed: same data and seed, same groups; returns cohorts.clustering_runs.id. For managers. Errors: too_few_actors, clustering_in_progress, invalid_argument, not_found, role_too_low.';
grant execute on function cohorts.discover(uuid, text, integer, timestamptz) to authenticated, service_role;
