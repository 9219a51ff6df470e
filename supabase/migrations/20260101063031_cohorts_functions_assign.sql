create function private.load_new_points(p_brand uuid, p_run uuid, p_limit integer)
returns integer
language sql
volatile
set search_path = ''
as $$
  -- The vectors of today are standardised by today's means: x -> (x * sd + mean - mean then) / sd then. A component that
  -- has another meaning by now says nothing (0, the mean of the run).
  with scale as (
    select array_agg(coalesce(c.standard_deviation / f.standard_deviation, 0)::real order by i.i)::extensions.vector as factor,
      array_agg(coalesce((c.mean_value - f.mean) / f.standard_deviation, 0)::real order by i.i)::extensions.vector as shift
    from cohorts.clustering_runs r
    cross join lateral generate_series(1, r.input_vector_dimensions) i (i)
    left join lateral jsonb_to_recordset(r.feature_scaling)
      as f (position integer, component text, mean double precision, standard_deviation double precision)
      on f.position = i.i and f.standard_deviation > 0
    left join actors.belief_vector_components c
      on c.brand_id = p_brand and c.position = f.position and c.component_name = f.component
    where r.id = p_run
  ),
  loaded as (
    insert into private.clustering_points (run_id, actor_id, vector_id, vector)
    select p_run, v.actor_id, v.id, v.vector_data operator(extensions.*) s.factor operator(extensions.+) s.shift
    from actors.actor_belief_vectors v
    join actors.actors a on a.brand_id = v.brand_id and a.id = v.actor_id and a.is_active and a.merged_into is null
    cross join scale s
    where v.brand_id = p_brand and v.vector_name = 'belief' and v.is_current
      and not exists (
        select from cohorts.actor_cohort_membership m
        where m.brand_id = p_brand and m.actor_id = v.actor_id and m.is_active and m.membership_type = 'primary')
    order by v.actor_id limit p_limit
    returning 1
  )
  select count(*)::integer from loaded
$$;
comment on function private.load_new_points(uuid, uuid, integer) is
  'Takes the vectors of active people without a cohort, brought to the scale of a run, into its working rows; at most p_limit. Returns how many.';

create function private.cohorts_assign(p_brand uuid, p_limit integer, p_now timestamptz)
returns integer
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  v_started constant timestamptz := clock_timestamp();
  v_run cohorts.clustering_runs;
  v_count integer := 0;
begin
  perform private.require_role(p_brand, 'operator');
  if coalesce(p_limit, 0) not between 1 and 100000 then
    perform private.raise_error('invalid_argument', 'p_limit', 'must be between 1 and 100000');
  end if;
  select r.* into v_run from cohorts.clustering_runs r
  where r.brand_id = p_brand and r.status = 'completed' and r.run_type <> 'validation' order by r.started_at desc, r.id desc limit 1;

  if v_run.id is not null and private.load_new_points(p_brand, v_run.id, p_limit) > 0 then
    update private.clustering_points p set label = l.label, posteriors = l.posteriors, distances = l.distances
    from private.mixture_posteriors(v_run.id, array(select q from private.clustering_points q where q.run_id = v_run.id)) l
    where p.run_id = v_run.id and p.actor_id = l.actor_id;
    v_count := private.write_memberships(v_run, array(select p.actor_id from private.clustering_points p where p.run_id = v_run.id), p_now);
    insert into cohorts.cohort_evolution_log (brand_id, cohort_id, run_id, event_type, event_description, event_timestamp,
      trigger_reason, trigger_algorithm, after_state, affected_actor_count, event_confidence)
    select p_brand, c.id, v_run.id, 'member_added', format('%s people joined between runs.', n.added), p_now,
      'assignment', 'nearest_centroid', jsonb_build_object('member_count', c.member_count), n.added, n.confidence
    from (
      select v_run.cohort_ids[p.label] as cohort_id, count(*)::integer as added,
        avg(p.posteriors[p.label]) as confidence
      from private.clustering_points p where p.run_id = v_run.id and p.label > 0 group by p.label
    ) n
    join cohorts.cohorts c on c.brand_id = p_brand and c.id = n.cohort_id;
    delete from private.clustering_points p where p.run_id = v_run.id;
    perform private.emit(p_brand, 'cohorts.members_assigned', 'clustering_run', v_run.id, jsonb_build_object('people', v_count));
  end if;
  perform private.log_call('cohorts.assign', p_brand, jsonb_build_object('limit', p_limit, 'now', p_now),
    jsonb_build_object('assigned', v_count), v_started, null, case when v_run.id is not null then 'clustering_run' end, v_run.id);
  return v_count;
end
$$;
comment on function private.cohorts_assign(uuid, integer, timestamptz) is
  'Body of cohorts.assign. Definer: memberships are not writable by clients.';
grant execute on function private.cohorts_assign(uuid, integer, timestamptz) to authenticated, service_role;

create function cohorts.assign(p_brand uuid, p_limit integer default 1000, p_now timestamptz default now())
returns integer
language sql
volatile
set search_path = ''
begin atomic
  select private.cohorts_assign(p_brand, p_limit, p_now);
end;
comment on function cohorts.assign(uuid, integer, timestamptz) is
  'Places active people who are in no cohort yet (new since the last run) in the nearest one, with confidence, by the centroids of the last completed run. p_limit: 1 to 100,000 people. Returns how many were placed: 0 when there is no run yet. For operators. Errors: clustering_in_progress, invalid_argument, role_too_low.';
grant execute on function cohorts.assign(uuid, integer, timestamptz) to authenticated, service_role;
