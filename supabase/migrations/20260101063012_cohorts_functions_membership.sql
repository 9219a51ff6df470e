create function private.above_chance(p_probability double precision, p_classes integer)
returns double precision
language sql
immutable
set search_path = ''
as $$
  select case when p_classes > 1 then least(greatest((p_probability * p_classes - 1) / (p_classes - 1), 0), 1) else p_probability end
$$;
comment on function private.above_chance(double precision, integer) is
  'How far a probability among p_classes lies above chance, 0..1.';

create function private.lock_memberships(p_brand uuid)
returns void
language sql
volatile
set search_path = ''
as $$
  select pg_advisory_xact_lock(hashtextextended('cohorts.memberships ' || p_brand, 0))
$$;
comment on function private.lock_memberships(uuid) is
  'Until the end of the transaction nobody else changes memberships of the brand. They would wait for each other at the counters of the cohorts anyhow, and there in any order.';

create type private.found_membership as (
  actor_id uuid, cohort_id uuid, membership_type cohorts.membership_type, confidence double precision, strength double precision,
  distance double precision, fit double precision, x double precision, y double precision, came_from jsonb);
comment on type private.found_membership is
  'A membership as it should be. came_from: as previous_memberships.';

create function private.save_memberships(p_brand uuid, p_found private.found_membership[], p_algorithm text, p_run uuid, p_now timestamptz)
returns void
language sql
volatile
set search_path = ''
as $$
  insert into cohorts.actor_cohort_membership as m (brand_id, actor_id, cohort_id, membership_type, membership_confidence,
    distance_to_centroid, assigned_at, assigned_by_algorithm, run_id, membership_strength, previous_memberships,
    fit_score, projection_x, projection_y, last_updated_at)
  select p_brand, f.actor_id, f.cohort_id, f.membership_type, f.confidence, f.distance, p_now, p_algorithm, p_run, f.strength,
    coalesce(f.came_from, '[]'), f.fit, f.x, f.y, p_now
  from unnest(p_found) f
  order by f.actor_id, f.cohort_id
  on conflict (brand_id, actor_id, cohort_id) do update set
    membership_type = excluded.membership_type, membership_confidence = excluded.membership_confidence,
    distance_to_centroid = excluded.distance_to_centroid, assigned_by_algorithm = excluded.assigned_by_algorithm, run_id = excluded.run_id,
    membership_strength = excluded.membership_strength, fit_score = excluded.fit_score,
    projection_x = excluded.projection_x, projection_y = excluded.projection_y, last_updated_at = p_now,
    -- Somebody who comes back begins anew; the earlier time goes into the history.
    assigned_at = case when m.is_active then m.assigned_at else p_now end,
    previous_memberships = case when m.is_active and excluded.previous_memberships = '[]' then m.previous_memberships else excluded.previous_memberships end,
    membership_history = case when m.is_active then m.membership_history else m.membership_history
      || jsonb_build_object('assigned_at', m.assigned_at, 'removed_at', m.removed_at, 'reason', m.removal_reason) end,
    is_active = true, removed_at = null, removal_reason = null
$$;
comment on function private.save_memberships(uuid, private.found_membership[], text, uuid, timestamptz) is
  'Writes memberships, new, renewed or taken up again. p_run: the run by whose mixture they were found, null for a rule.';

create function private.found_by_run(p_run cohorts.clustering_runs, p_actors uuid[], p_keep double precision)
returns setof private.found_membership
language sql
stable
set search_path = ''
as $$
  select p.actor_id, l.cohort_id, case when l.label = p.label then 'primary' else 'secondary' end::cohorts.membership_type,
    l.posterior, private.above_chance(l.posterior, cardinality(p_run.cohort_ids)), l.distance,
    case when o.other > 0 then greatest(0, 1 - l.distance / o.other) end,
    -(p.vector operator(extensions.<#>) p_run.projection_axes[1]), -(p.vector operator(extensions.<#>) p_run.projection_axes[2]), null::jsonb
  from private.clustering_points p
  cross join lateral unnest(p.posteriors, p.distances, p_run.cohort_ids) with ordinality l (posterior, distance, cohort_id, label)
  join cohorts.cohorts c on c.id = l.cohort_id
  cross join lateral (
    select min(d.distance) as other from unnest(p.distances) with ordinality d (distance, label) where d.label <> l.label
  ) o
  where p.run_id = p_run.id and p.actor_id = any (p_actors)
    and (l.label = p.label or c.is_emergent and (l.posterior >= (p_run.parameters ->> 'min_membership')::double precision
      or l.posterior >= p_keep and exists (
        select from cohorts.actor_cohort_membership m
        where m.brand_id = p_run.brand_id and m.actor_id = p.actor_id and m.cohort_id = l.cohort_id and m.is_active)))
$$;
comment on function private.found_by_run(cohorts.clustering_runs, uuid[], double precision) is
  'The memberships of placed people (p_actors): the primary one in the likeliest cohort, and a secondary one in every other whose posterior is at least the parameter min_membership, or, for somebody who is in it already, p_keep.';

create function private.write_memberships(p_run cohorts.clustering_runs, p_actors uuid[], p_keep double precision, p_now timestamptz)
returns integer
language plpgsql
volatile
set search_path = ''
set plan_cache_mode = force_custom_plan -- one person or thousands
as $$
declare
  v_found private.found_membership[];
begin
  select array_agg((f.actor_id, f.cohort_id, f.membership_type, f.confidence, f.strength, f.distance, f.fit, f.x, f.y,
      case when f.membership_type = 'primary' and m.cohort_id is not null
        then jsonb_build_array(jsonb_build_object('cohort_id', m.cohort_id, 'removed_at', p_now)) end)::private.found_membership) into v_found
  from private.found_by_run(p_run, p_actors, p_keep) f
  left join cohorts.actor_cohort_membership m on m.brand_id = p_run.brand_id and m.actor_id = any (p_actors) and m.actor_id = f.actor_id and m.is_active
    and m.membership_type = 'primary' and m.cohort_id <> f.cohort_id;

  -- First of all who leaves, since nobody has two primary memberships at any time. What a rule or a pin says is not the run's to end.
  update cohorts.actor_cohort_membership m
  set is_active = false, removed_at = p_now, last_updated_at = p_now,
    removal_reason = case when m.membership_type = 'secondary' then 'no longer likely' when p.label > 0 then 'moved to another cohort' else 'like none of the cohorts' end
  from private.clustering_points p
  where p.run_id = p_run.id and p.actor_id = any (p_actors)
    and m.brand_id = p_run.brand_id and m.actor_id = any (p_actors) and m.actor_id = p.actor_id and m.is_active
    and (m.cohort_id = any (p_run.cohort_ids) or exists (select from cohorts.cohorts c where c.id = m.cohort_id and c.is_emergent))
    and not exists (select from unnest(v_found) f where f.actor_id = m.actor_id and f.cohort_id = m.cohort_id);
  update cohorts.actor_cohort_membership m set membership_type = 'secondary', last_updated_at = p_now
  from private.clustering_points p
  where p.run_id = p_run.id and p.actor_id = any (p_actors)
    and m.brand_id = p_run.brand_id and m.actor_id = any (p_actors) and m.actor_id = p.actor_id and m.is_active and m.membership_type = 'primary'
    and m.cohort_id is distinct from p_run.cohort_ids[p.label];

  perform private.save_memberships(p_run.brand_id, v_found, p_run.algorithm_name, p_run.id, p_now);
  return (select count(*) from unnest(v_found) f where f.membership_type = 'primary');
end
$$;
comment on function private.write_memberships(cohorts.clustering_runs, uuid[], double precision, timestamptz) is
  'Turns the placed points of people (p_actors) into memberships, new or renewed, and ends those that were not found again. p_keep: the posterior down to which a secondary membership stays. Returns how many have a primary one.';

create function private.share_priors(p_run cohorts.clustering_runs, p_actors uuid[], p_now timestamptz)
returns void
language sql
volatile
set search_path = ''
as $$
  -- To a hundredth: what hardly moves writes nothing.
  select private.set_prior_groups(p_run.brand_id, p_actors, coalesce(array_agg(s.actor_id), '{}'), coalesce(array_agg(s.cohort_id), '{}'),
    coalesce(array_agg(s.share), '{}'), p_now)
  from (
    select p.actor_id, l.cohort_id, round(l.posterior::numeric, 2)::double precision as share
    from private.clustering_points p
    cross join lateral unnest(p.posteriors, p_run.cohort_ids) l (posterior, cohort_id)
    where p.run_id = p_run.id and p.actor_id = any (p_actors) and l.cohort_id is not null and l.posterior >= 0.005
  ) s
$$;
comment on function private.share_priors(cohorts.clustering_runs, uuid[], timestamptz) is
  'What is not known of people (p_actors) is expected to be as in the cohorts they resemble, each by its posterior.';

create function private.unassigned_reason(p_run cohorts.clustering_runs, p_label integer, p_posteriors double precision[])
returns text
language sql
immutable
set search_path = ''
as $$
  select case when p_label > 0 then null
    when max(l.posterior) filter (where l.cohort_id is null) > 1 - sum(l.posterior) then 'most like a group that is too small to be a cohort'
    else 'like none of the cohorts' end
  from unnest(p_posteriors, p_run.cohort_ids) l (posterior, cohort_id)
$$;
comment on function private.unassigned_reason(cohorts.clustering_runs, integer, double precision[]) is 'Why somebody has no primary membership; null for somebody who has.';

create function private.write_clustering_metadata(p_run cohorts.clustering_runs, p_actors uuid[], p_now timestamptz)
returns void
language sql
volatile
set search_path = ''
as $$
  insert into actors.actor_clustering_metadata as t (brand_id, actor_id, clustering_run_id, algorithm_used, assigned_cohorts,
    distances_to_centroids, vector_similarity_scores, confidence_scores, parameters, vector_used, clustered_at, is_stable, unassigned_reason)
  select p_run.brand_id, p.actor_id, p_run.id,
    case when p_run.algorithm_name in ('kmeans', 'dbscan', 'hierarchical', 'gaussian_mixture', 'spectral') then p_run.algorithm_name else 'other' end,
    m.cohorts, d.distances, d.similarities, d.confidences, p_run.parameters, v.id, p_now, not m.has_moved,
    private.unassigned_reason(p_run, p.label, p.posteriors)
  from private.clustering_points p
  left join actors.actor_belief_vectors v on v.brand_id = p_run.brand_id and v.actor_id = any (p_actors) and v.id = p.vector_id
  cross join lateral (
    select coalesce(jsonb_object_agg(l.cohort_id, l.distance), '{}') as distances,
      coalesce(jsonb_object_agg(l.cohort_id, round((1 / (1 + l.distance))::numeric, 4)), '{}') as similarities,
      coalesce(jsonb_object_agg(l.cohort_id, l.posterior), '{}') as confidences
    from unnest(p_run.cohort_ids, p.distances, p.posteriors) l (cohort_id, distance, posterior) where l.cohort_id is not null
  ) d
  cross join lateral (
    -- The run is in the filter: its index would be taken for the better one, and lead to everybody in it.
    select coalesce(jsonb_agg(a.cohort_id order by a.membership_type, a.membership_confidence desc) filter (where a.run_id = p_run.id), '[]') as cohorts,
      coalesce(bool_or(a.membership_type = 'primary' and a.previous_memberships @> jsonb_build_array(jsonb_build_object('removed_at', p_now))), false) as has_moved
    from cohorts.actor_cohort_membership a
    where a.brand_id = p_run.brand_id and a.actor_id = p.actor_id and a.is_active
  ) m
  where p.run_id = p_run.id and p.actor_id = any (p_actors)
  on conflict (brand_id, clustering_run_id, actor_id) do update
  set assigned_cohorts = excluded.assigned_cohorts, distances_to_centroids = excluded.distances_to_centroids,
    vector_similarity_scores = excluded.vector_similarity_scores, confidence_scores = excluded.confidence_scores, vector_used = excluded.vector_used,
    clustered_at = excluded.clustered_at, is_stable = excluded.is_stable, unassigned_reason = excluded.unassigned_reason;

  -- One row per person and run: the last three runs are enough to look a placement up.
  delete from actors.actor_clustering_metadata d
  where d.brand_id = p_run.brand_id and d.actor_id = any (p_actors) and d.clustering_run_id not in (
    select r.id from cohorts.clustering_runs r where r.brand_id = p_run.brand_id order by r.started_at desc, r.id desc limit 3);
$$;
comment on function private.write_clustering_metadata(cohorts.clustering_runs, uuid[], timestamptz) is
  'Notes for people (p_actors) how they were placed by a run; is_stable is false for somebody who moved. Keeps three runs.';

create type private.counted_membership as (actor_id uuid, cohort_id uuid, confidence double precision);
comment on type private.counted_membership is 'A membership that counts in member_count of its cohort.';

create function private.counted_memberships(p_brand uuid, p_actors uuid[])
returns private.counted_membership[]
language sql
stable
set search_path = ''
as $$
  select array(
    select (m.actor_id, m.cohort_id, m.membership_confidence)::private.counted_membership
    from cohorts.actor_cohort_membership m
    join cohorts.cohorts c on c.id = m.cohort_id
    where m.brand_id = p_brand and m.actor_id = any (p_actors) and m.is_active and (m.membership_type = 'primary' or not c.is_emergent))
$$;
comment on function private.counted_memberships(uuid, uuid[]) is 'The memberships of people (p_actors) that count in member_count.';

create function private.log_moves(p_brand uuid, p_run uuid, p_before private.counted_membership[], p_actors uuid[], p_algorithm text, p_now timestamptz)
returns void
language sql
volatile
set search_path = ''
as $$
  with moved as (
    select coalesce(a.cohort_id, b.cohort_id) as cohort_id, a.cohort_id is not null as is_added, count(*)::integer as people,
      avg(coalesce(a.confidence, b.confidence)) as confidence
    from unnest(p_before) b
    full join unnest(private.counted_memberships(p_brand, p_actors)) a on a.actor_id = b.actor_id and a.cohort_id = b.cohort_id
    where a.cohort_id is null or b.cohort_id is null
    group by 1, 2
  )
  insert into cohorts.cohort_evolution_log (brand_id, cohort_id, run_id, event_type, event_description, event_timestamp,
    trigger_reason, trigger_algorithm, after_state, affected_actor_count, event_confidence)
  select p_brand, m.cohort_id, p_run, case when m.is_added then 'member_added' else 'member_removed' end::cohorts.evolution_event,
    format(case when m.is_added then '%s people joined between runs.' else '%s people left between runs.' end, m.people), p_now,
    'assignment', p_algorithm, jsonb_build_object('member_count', c.member_count), m.people, m.confidence
  from moved m
  join cohorts.cohorts c on c.brand_id = p_brand and c.id = m.cohort_id
  order by m.cohort_id, m.is_added
$$;
comment on function private.log_moves(uuid, uuid, private.counted_membership[], uuid[], text, timestamptz) is
  'Writes one event per cohort for those of the people (p_actors) who joined or left it: the difference to p_before.';

create function private.withhold_small_groups(p_run cohorts.clustering_runs)
returns void
language sql
volatile
set search_path = ''
as $$
  update private.clustering_points p set label = 0
  from (
    select x.label from private.clustering_points x where x.run_id = p_run.id and x.label > 0
    group by x.label having count(*) < (p_run.parameters ->> 'min_members')::integer
  ) s
  where p.run_id = p_run.id and p.label = s.label
$$;
comment on function private.withhold_small_groups(cohorts.clustering_runs) is
  'A group with fewer people than the parameter min_members is not published: what is said of it would be said of persons. Its people count as unassigned.';

create function private.hidden_cohorts()
returns uuid[]
language sql
stable
security definer
set search_path = ''
as $$
  select coalesce(array_agg(c.id), '{}')
  from core.users u
  cross join lateral (select (private.parameter(u.brand_id, 'cohorts.min_members') #>> '{}')::integer as least) f
  join cohorts.cohorts c on c.brand_id = u.brand_id
    and case c.cohort_status when 'active' then c.member_count else coalesce(c.max_member_count, 0) end < f.least
  where u.auth_user_id = (select auth.uid()) and u.is_active and u.role < 'manager'
$$;
comment on function private.hidden_cohorts() is
  'Cohorts that the caller, a member of their brand below manager, may not see because what is said of them would be said of persons: they have fewer people than the parameter cohorts.min_members, or never had as many before they ended. For policies, as not (cohort_id = any ((select private.hidden_cohorts())::uuid[])): it takes no row value, so it runs once per statement. Definer: counts what the policies hide.';
grant execute on function private.hidden_cohorts() to authenticated, service_role;
