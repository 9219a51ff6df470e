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

create function private.close_memberships(p_run cohorts.clustering_runs, p_actors uuid[])
returns void
language sql
volatile
set search_path = ''
as $$
  update cohorts.actor_cohort_membership m
  set is_active = false, removed_at = p_run.started_at, last_updated_at = p_run.started_at,
    removal_reason = case when p.label > 0 then 'moved to another cohort' else 'like none of the cohorts' end
  from private.clustering_points p
  where p.run_id = p_run.id and p.actor_id = any (p_actors)
    and m.brand_id = p_run.brand_id and m.actor_id = p.actor_id and m.is_active and m.membership_type = 'primary'
    and p_run.cohort_ids[p.label] is distinct from m.cohort_id;
$$;
comment on function private.close_memberships(cohorts.clustering_runs, uuid[]) is
  'Ends the memberships of people (p_actors) that a run did not find again.';

create function private.write_memberships(p_run cohorts.clustering_runs, p_actors uuid[], p_now timestamptz)
returns integer
language sql
volatile
set search_path = ''
as $$
  with placed as (
    select p.actor_id, p_run.cohort_ids[p.label] as cohort_id, p.distances[p.label] as distance, p.posteriors[p.label] as confidence,
      (select min(d.distance) from unnest(p.distances) with ordinality d (distance, label) where d.label <> p.label) as other,
      -(p.vector operator(extensions.<#>) p_run.projection_axes[1]) as x,
      -(p.vector operator(extensions.<#>) p_run.projection_axes[2]) as y
    from private.clustering_points p
    where p.run_id = p_run.id and p.actor_id = any (p_actors) and p.label > 0
  ),
  left_cohort as (
    select m.actor_id, jsonb_build_array(jsonb_build_object('cohort_id', m.cohort_id, 'removed_at', m.removed_at)) as rows
    from cohorts.actor_cohort_membership m
    where m.brand_id = p_run.brand_id and m.actor_id = any (p_actors) and m.removed_at = p_now and m.membership_type = 'primary'
  ),
  written as (
    insert into cohorts.actor_cohort_membership as m (brand_id, actor_id, cohort_id, membership_confidence,
      distance_to_centroid, assigned_at, assigned_by_algorithm, run_id, membership_strength, previous_memberships,
      fit_score, projection_x, projection_y, last_updated_at)
    select p_run.brand_id, p.actor_id, p.cohort_id, p.confidence, p.distance, p_now, p_run.algorithm_name, p_run.id,
      private.above_chance(p.confidence, cardinality(p_run.cohort_ids)), coalesce(l.rows, '[]'),
      case when p.other > 0 then greatest(0, 1 - p.distance / p.other) end, p.x, p.y, p_now
    from placed p
    left join left_cohort l on l.actor_id = p.actor_id
    on conflict (brand_id, actor_id, cohort_id) do update set
      membership_confidence = excluded.membership_confidence, distance_to_centroid = excluded.distance_to_centroid,
      assigned_by_algorithm = excluded.assigned_by_algorithm, run_id = excluded.run_id,
      membership_strength = excluded.membership_strength, fit_score = excluded.fit_score,
      projection_x = excluded.projection_x, projection_y = excluded.projection_y, last_updated_at = p_now,
      -- Somebody who comes back begins anew; the earlier time goes into the history.
      assigned_at = case when m.is_active then m.assigned_at else p_now end,
      previous_memberships = case when m.is_active then m.previous_memberships else excluded.previous_memberships end,
      membership_history = case when m.is_active then m.membership_history else m.membership_history
        || jsonb_build_object('assigned_at', m.assigned_at, 'removed_at', m.removed_at, 'reason', m.removal_reason) end,
      is_active = true, removed_at = null, removal_reason = null
    returning 1
  )
  select count(*)::integer from written
$$;
comment on function private.write_memberships(cohorts.clustering_runs, uuid[], timestamptz) is
  'Turns the placed points of people (p_actors) into memberships, new or renewed. Returns how many.';
