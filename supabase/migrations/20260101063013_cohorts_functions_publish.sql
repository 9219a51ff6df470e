-- The last steps of a run: what was found becomes cohorts. From the first of them on the run cannot be cancelled.
create function private.write_cohorts(p_run cohorts.clustering_runs)
returns void
language sql
volatile
set search_path = ''
as $$
  with part as materialized (
    select p.label, count(*) as members, extensions.avg(p.vector) as centroid, avg((1 - p.distances[p.label] / nullif(
      (select min(d.distance) from unnest(p.distances) with ordinality d (distance, label) where d.label <> p.label), 0))::numeric) as coherence
    from private.clustering_points p where p.run_id = p_run.id and p.label > 0 group by p.label
  )
  insert into cohorts.cohorts as c (id, brand_id, cohort_type, discovered_at, discovery_algorithm, discovery_parameters, last_run_id,
    centroid_vector, stability_score, coherence_score, separation_score, first_formed_at, last_updated_at,
    data_quality_score, representativeness_score)
  select p_run.cohort_ids[s.label], p_run.brand_id, 'mixed', p_run.started_at, p_run.algorithm_name, p_run.parameters, p_run.id,
    s.centroid, coalesce(k.resampled_sums[s.label] / k.resamples, 1), greatest(s.coherence, 0), 1 - coalesce(o.overlap, 0), p_run.started_at, p_run.started_at,
    p_run.input_data_quality, s.members::double precision / p_run.input_actor_count
  from part s
  left join private.clustering_candidates k on k.run_id = p_run.id and k.is_chosen
  left join lateral (
    select max(private.cohort_overlap(s.centroid operator(extensions.<->) x.centroid, p_run.within_variance)) as overlap
    from part x where x.label <> s.label
  ) o on true
  on conflict (id) do update set
    discovery_algorithm = excluded.discovery_algorithm, discovery_parameters = excluded.discovery_parameters,
    last_run_id = excluded.last_run_id, centroid_vector = excluded.centroid_vector, stability_score = excluded.stability_score,
    coherence_score = excluded.coherence_score, separation_score = excluded.separation_score,
    last_updated_at = excluded.last_updated_at, data_quality_score = excluded.data_quality_score,
    representativeness_score = excluded.representativeness_score
$$;
comment on function private.write_cohorts(cohorts.clustering_runs) is
  'Writes the cohort of each label that has people: new rows for the newborn, the same rows for the heirs.';

create function private.clustering_match(p_run cohorts.clustering_runs)
returns jsonb
language plpgsql
volatile
set search_path = ''
set enable_nestloop = off -- the points of a run are of unknown number
set jit = off
as $$
declare
  v_flows private.cohort_flow[];
  v_matches private.cohort_match[];
  v_run cohorts.clustering_runs;
begin
  if p_run.cohort_ids is not null then
    return null;  -- done already
  end if;
  perform private.withhold_small_groups(p_run);
  v_flows := array(select f from private.cohort_flows(p_run) f);
  v_matches := array(select m from private.match_cohorts(p_run, v_flows) m);
  update cohorts.clustering_runs r
  set cohort_ids = (
    select array_agg(case when exists (select from private.clustering_points p where p.run_id = p_run.id and p.label = c.label)
      then coalesce(m.cohort_id, private.uuid_v7()) end order by c.label)
    from (select distinct x.label from private.clustering_components x where x.run_id = r.id and x.label > 0) c
    left join unnest(v_matches) m on m.is_heir and m.label = c.label)
  where r.id = p_run.id returning r.* into v_run;
  perform private.write_cohorts(v_run);
  perform private.log_cohort_evolution(v_run, v_flows, v_matches);
  perform private.end_cohorts(v_run, v_flows, v_matches);
  return null;
end
$$;
comment on function private.clustering_match(cohorts.clustering_runs) is
  'Step: which of the cohorts are known already, what became of the others, and the rows of all of them.';

create function private.clustering_publish(p_run cohorts.clustering_runs, p_cursor jsonb)
returns jsonb
language plpgsql
volatile
set search_path = ''
set enable_nestloop = off -- the points of a run are of unknown number
set jit = off
as $$
declare
  v_size constant integer := (p_run.parameters ->> 'publish_size')::integer;
  v_actors constant uuid[] := private.next_clustering_actors(p_run.id, p_cursor, v_size);
begin
  perform private.forget_vanished(p_run.id, v_actors);
  perform private.lock_memberships(p_run.brand_id);
  perform private.write_memberships(p_run, v_actors, (p_run.parameters ->> 'min_membership')::double precision, p_run.started_at);
  perform private.share_priors(p_run, v_actors, p_run.started_at);
  perform private.write_clustering_metadata(p_run, v_actors, p_run.started_at);
  perform private.place_in_pinned(p_run.brand_id, p_run.id, v_actors, p_run.started_at);
  -- Whose vector is the one that the run read need not be assigned again.
  delete from private.vectors_due d
  using private.clustering_points p
  join actors.actor_belief_vectors v on v.brand_id = p_run.brand_id and v.id = p.vector_id and v.vector_data operator(extensions.=) p.vector
  where d.brand_id = p_run.brand_id and d.actor_id = any (v_actors) and not d.is_stale
    and p.run_id = p_run.id and p.actor_id = any (v_actors) and p.actor_id = d.actor_id;
  return private.after_actors(v_actors, v_size);
end
$$;
comment on function private.clustering_publish(cohorts.clustering_runs, jsonb) is
  'Step: the memberships of a chunk of the people, those in pinned cohorts included, the priors they share, and the note how each was placed.';

create function private.forget_vanished(p_run uuid, p_actors uuid[])
returns void
language sql
volatile
set search_path = ''
as $$
  -- Locked against erasure, which is waited for where it is under way: the rows to come point at these people.
  with present as materialized (
    select a.id from actors.actors a
    where a.id = any (p_actors) and a.is_active and a.merged_into is null
    order by a.id for key share
  )
  delete from private.clustering_points p
  where p.run_id = p_run and p.actor_id = any (p_actors) and p.actor_id not in (select x.id from present x)
$$;
comment on function private.forget_vanished(uuid, uuid[]) is
  'Takes those of the people (p_actors) who were merged, erased or left since a run read them out of its points; the others cannot be erased before the transaction ends.';

create function private.clustering_describe(p_run cohorts.clustering_runs, p_cursor jsonb)
returns jsonb
language plpgsql
volatile
set search_path = ''
set enable_nestloop = off -- the points of a run are of unknown number
set jit = off
as $$
begin
  -- In parts, each below two seconds.
  case coalesce(p_cursor ->> 'part', 'members')
    when 'members' then
      perform private.leave_cohorts(p_run);
      update cohorts.cohorts c
      set discovery_confidence = m.confidence, min_member_count = least(c.min_member_count, c.member_count)
      from (
        select x.cohort_id, avg(x.membership_confidence::numeric) as confidence
        from cohorts.actor_cohort_membership x
        where x.brand_id = p_run.brand_id and x.run_id = p_run.id and x.is_active and x.membership_type = 'primary' group by x.cohort_id
      ) m
      where c.brand_id = p_run.brand_id and c.id = m.cohort_id;
      return '{"part": "characteristics"}'::jsonb;
    when 'characteristics' then
      perform private.describe_characteristics(p_run);
      return '{"part": "names"}'::jsonb;
    else
      perform private.name_cohorts(p_run);
      perform private.similarity_of_cohorts(p_run);
      perform private.record_measurements(p_run);
      return null;
  end case;
end
$$;
comment on function private.clustering_describe(cohorts.clustering_runs, jsonb) is 'Step: what the cohorts are like, and their names.';

create function private.leave_cohorts(p_run cohorts.clustering_runs)
returns void
language sql
volatile
set search_path = ''
as $$
  with gone as (
    update cohorts.actor_cohort_membership m
    set is_active = false, removed_at = p_run.started_at, last_updated_at = p_run.started_at,
      removal_reason = 'no longer an active person with beliefs'
    where m.brand_id = p_run.brand_id and m.is_active
      and exists (select from cohorts.cohorts c where c.id = m.cohort_id and c.discovery_algorithm <> 'rule')
      and not exists (select from private.clustering_points p where p.run_id = p_run.id and p.actor_id = m.actor_id)
    returning m.actor_id
  )
  select private.set_prior_groups(p_run.brand_id, array_agg(distinct g.actor_id), array[]::uuid[], array[]::uuid[], array[]::double precision[], p_run.started_at)
  from gone g having count(*) > 0
$$;
comment on function private.leave_cohorts(cohorts.clustering_runs) is 'Ends the memberships of people whom a run did not see.';

create function private.score_run(p_run cohorts.clustering_runs)
returns cohorts.clustering_runs
language sql
volatile
set search_path = ''
as $$
  with member as (
    select m.cohort_id, count(*) as n, avg(m.distance_to_centroid::numeric)::double precision as scatter, sum(m.fit_score::numeric) as fit
    from cohorts.actor_cohort_membership m
    where m.brand_id = p_run.brand_id and m.run_id = p_run.id and m.is_active and m.membership_type = 'primary'
    group by m.cohort_id
  ),
  worst as (
    select a.cohort_id, max((a.scatter + b.scatter) / nullif(x.centroid_vector operator(extensions.<->) y.centroid_vector, 0)) as ratio
    from member a
    join member b on b.cohort_id <> a.cohort_id
    join cohorts.cohorts x on x.brand_id = p_run.brand_id and x.id = a.cohort_id
    join cohorts.cohorts y on y.brand_id = p_run.brand_id and y.id = b.cohort_id
    group by a.cohort_id
  ),
  score as (
    select count(*) as cohorts, sum(m.n) as memberships, sum(m.fit) / sum(m.n) as silhouette, avg(c.coherence_score) as coherence,
      avg(c.separation_score) as separation, min(c.stability_score) as stability
    from member m join cohorts.cohorts c on c.brand_id = p_run.brand_id and c.id = m.cohort_id
  )
  update cohorts.clustering_runs r
  set status = 'completed', completed_at = r.started_at, stage = 'done', progress = 1,
    execution_time_ms = (select sum(x.spent_ms) from private.clustering_steps x where x.run_id = r.id)::integer,
    discovered_cohort_count = case p_run.run_type when 'validation'
      then (select count(distinct x.label) from private.clustering_points x where x.run_id = r.id and x.label > 0) else s.cohorts end,
    total_memberships = coalesce(s.memberships, 0),
    average_cohort_size = s.memberships::double precision / nullif(s.cohorts, 0), average_coherence = s.coherence,
    average_separation = s.separation,
    overall_quality_score = coalesce(s.stability, (select min(j.total) / c.resamples from private.clustering_candidates c, unnest(c.resampled_sums) j (total)
      where c.run_id = r.id and c.is_chosen group by c.resamples), 1), silhouette_score = s.silhouette,
    davies_bouldin_score = (select avg(w.ratio) from worst w)
  from score s
  where r.brand_id = p_run.brand_id and r.id = p_run.id
  returning r.*
$$;
comment on function private.score_run(cohorts.clustering_runs) is
  'Closes a run with its scores; overall_quality_score is the stability of its least stable cohort.';

create function private.clustering_finish(p_run cohorts.clustering_runs)
returns jsonb
language plpgsql
volatile
set search_path = ''
as $$
declare
  v_run cohorts.clustering_runs;
  v_events jsonb;
  v_call uuid;
begin
  perform private.keep_sample(p_run);
  v_run := private.score_run(p_run);
  select coalesce(jsonb_object_agg(e.event_type, e.n), '{}') into v_events
  from (select l.event_type, count(*) as n from cohorts.cohort_evolution_log l where l.brand_id = v_run.brand_id and l.run_id = v_run.id group by l.event_type) e;
  perform private.emit(v_run.brand_id, 'cohorts.discovered', 'clustering_run', v_run.id,
    jsonb_build_object('cohorts', v_run.discovered_cohort_count, 'people', v_run.input_actor_count, 'events', v_events));
  v_call := private.log_call('cohorts.discover', v_run.brand_id,
    jsonb_build_object('seed', v_run.seed, 'now', v_run.started_at, 'trigger', v_run.trigger_kind, 'parameters', v_run.parameters),
    jsonb_build_object('run_id', v_run.id, 'algorithm', v_run.algorithm_name, 'cohorts', v_run.discovered_cohort_count, 'people', v_run.input_actor_count, 'events', v_events),
    clock_timestamp() - v_run.execution_time_ms * interval '1 ms', v_run.overall_quality_score, 'clustering_run', v_run.id);
  perform private.log_reasoning(v_run.brand_id, 'cohort_assignment', 'global', null,
    format('%s cohorts among %s people', v_run.discovered_cohort_count, v_run.input_actor_count), v_run.overall_quality_score,
    (select coalesce(jsonb_agg(jsonb_build_object('kind', 'cohort', 'id', c.id, 'name', c.cohort_name, 'members', c.member_count, 'stability', c.stability_score) order by c.member_count desc), '[]')
     from cohorts.cohorts c where c.brand_id = v_run.brand_id and c.last_run_id = v_run.id),
    v_run.candidates,
    jsonb_build_array(
      format('%s people have a belief vector; on a sample of them %s partitions were compared', v_run.input_actor_count, jsonb_array_length(v_run.candidates)),
      format('%s was chosen, with %s groups', v_run.algorithm_name, v_run.discovered_cohort_count),
      format('by common members these are: %s', v_events)),
    v_call);
  return null;
end
$$;
comment on function private.clustering_finish(cohorts.clustering_runs) is 'Step: scores, events and logs of the run.';
