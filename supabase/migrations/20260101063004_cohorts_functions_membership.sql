create function private.above_chance(p_probability double precision, p_classes integer)
returns double precision
language sql
immutable
set search_path = ''
as $$
  select case when p_classes > 1 then greatest((p_probability - 1.0 / p_classes) / (1 - 1.0 / p_classes), 0) else p_probability end
$$;
comment on function private.above_chance(double precision, integer) is
  'How far a probability among p_classes lies above chance, 0..1.';

create function private.close_memberships(p_brand uuid, p_run uuid, p_cohorts uuid[], p_now timestamptz)
returns void
language sql
volatile
set search_path = ''
as $$
  update cohorts.actor_cohort_membership m
  set is_active = false, removed_at = p_now, last_updated_at = p_now,
    removal_reason = case when exists (
      select from private.clustering_points p where p.run_id = p_run and p.actor_id = m.actor_id)
      then 'moved to another cohort' else 'no longer an active person with beliefs' end
  where m.brand_id = p_brand and m.is_active and m.membership_type = 'primary'
    and not exists (
      select from private.clustering_points p
      where p.run_id = p_run and p.actor_id = m.actor_id and p_cohorts[p.label] = m.cohort_id);
$$;
comment on function private.close_memberships(uuid, uuid, uuid[], timestamptz) is
  'Ends the memberships that a run did not find again. p_cohorts: cohort of each label of the run.';

create function private.write_memberships(
  p_brand uuid, p_run uuid, p_cohorts uuid[], p_sizes double precision[], p_variance double precision, p_now timestamptz)
returns integer
language sql
volatile
set search_path = ''
as $$
  with placed as (
    select p.actor_id, p.label, p.distances[p.label] as distance,
      private.cohort_confidence(p.distances, p_sizes, p.label, p_variance) as confidence,
      (select min(d.distance) from unnest(p.distances) with ordinality d (distance, label) where d.label <> p.label) as other,
      -(p.vector operator(extensions.<#>) r.projection_axes[1]) as x,
      -(p.vector operator(extensions.<#>) r.projection_axes[2]) as y,
      r.algorithm_name
    from private.clustering_points p
    join cohorts.clustering_runs r on r.id = p.run_id
    where p.run_id = p_run
  ),
  left_cohort as (
    select m.actor_id, jsonb_build_array(jsonb_build_object('cohort_id', m.cohort_id, 'removed_at', m.removed_at)) as rows
    from cohorts.actor_cohort_membership m
    where m.brand_id = p_brand and m.removed_at = p_now and m.membership_type = 'primary'
  ),
  written as (
    insert into cohorts.actor_cohort_membership as m (brand_id, actor_id, cohort_id, membership_confidence,
      distance_to_centroid, assigned_at, assigned_by_algorithm, run_id, membership_strength, previous_memberships,
      fit_score, projection_x, projection_y, last_updated_at)
    select p_brand, p.actor_id, p_cohorts[p.label], p.confidence, p.distance, p_now, p.algorithm_name, p_run,
      private.above_chance(p.confidence, cardinality(p_cohorts)), coalesce(l.rows, '[]'),
      case when p.other > 0 then 1 - p.distance / p.other end, p.x, p.y, p_now
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
comment on function private.write_memberships(uuid, uuid, uuid[], double precision[], double precision, timestamptz) is
  'Turns the labelled points of a run into memberships, new or renewed. p_cohorts, p_sizes: cohort and number of members of each label; p_variance: within_variance of the run. Returns how many people were placed.';
