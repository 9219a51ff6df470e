create function private.vectors_in_scale(p_run cohorts.clustering_runs, p_actors uuid[])
returns setof private.clustering_points
language plpgsql
stable
set search_path = ''
set plan_cache_mode = force_custom_plan -- one person or thousands
as $$
begin
  -- The vectors of today are standardised by today's means: x -> (x * sd + mean - mean then) / sd then. A component that
  -- has another meaning by now says nothing (0, the mean of the run).
  return query
  with scale as materialized (
    select array_agg(coalesce(c.standard_deviation / f.standard_deviation, 0)::real order by i.i)::extensions.vector as factor,
      array_agg(coalesce((c.mean_value - f.mean) / f.standard_deviation, 0)::real order by i.i)::extensions.vector as shift
    from generate_series(1, p_run.input_vector_dimensions) i (i)
    left join jsonb_to_recordset(p_run.feature_scaling)
      as f (position integer, component text, mean double precision, standard_deviation double precision)
      on f.position = i.i and f.standard_deviation > 0
    left join actors.belief_vector_components c
      on c.brand_id = p_run.brand_id and c.position = f.position and c.component_name = f.component
  )
  select p_run.id, v.actor_id, v.id, v.vector_data operator(extensions.*) s.factor operator(extensions.+) s.shift,
    null::integer, null::integer, null::double precision[], null::double precision[]
  from actors.actor_belief_vectors v
  join actors.actors a on a.brand_id = v.brand_id and a.id = v.actor_id and a.is_active and a.merged_into is null
  cross join scale s
  where v.brand_id = p_run.brand_id and v.actor_id = any (p_actors) and v.vector_name = 'belief' and v.is_current;
end
$$;
comment on function private.vectors_in_scale(cohorts.clustering_runs, uuid[]) is
  'The current vectors of active people (p_actors), brought to the scale in which a run saw the people.';

create function private.place_in_pinned(p_brand uuid, p_run uuid, p_actors uuid[], p_now timestamptz)
returns void
language plpgsql
volatile
set search_path = ''
as $$
declare
  v_cohort cohorts.cohorts;
  v_run cohorts.clustering_runs;
  v_found private.found_membership[];
begin
  -- One pinned cohort at a time, each by the mixture of its own run; a handful at most. Those of p_run itself are placed by it.
  for v_cohort in
    select c.* from cohorts.cohorts c
    where c.brand_id = p_brand and c.is_pinned and c.cohort_status = 'active' and c.last_run_id <> p_run
    order by c.id
  loop
    select r.* into v_run from cohorts.clustering_runs r where r.id = v_cohort.last_run_id;
    select array_agg((m.actor_id, v_cohort.id, 'secondary', m.posteriors[m.label], private.above_chance(m.posteriors[m.label], cardinality(v_run.cohort_ids)),
        m.distances[m.label], null, null, null, null)::private.found_membership) into v_found
    from private.mixture_posteriors(v_run.id, array(select q from private.vectors_in_scale(v_run, p_actors) q)) m
    where v_run.cohort_ids[m.label] = v_cohort.id;
    perform private.end_memberships(p_brand, v_cohort.id, p_actors, v_found, 'more like another cohort of the run that found this one', p_now);
    perform private.save_memberships(p_brand, v_found, v_run.algorithm_name, v_run.id, p_now);
  end loop;
end
$$;
comment on function private.place_in_pinned(uuid, uuid, uuid[], timestamptz) is
  'Brings the memberships of people (p_actors) in the cohorts that were pinned before p_run up to date: a member is whoever would, in the run that found it, have been likeliest to belong to it.';

create function private.end_memberships(p_brand uuid, p_cohort uuid, p_actors uuid[], p_found private.found_membership[], p_reason text, p_now timestamptz)
returns void
language plpgsql
volatile
set search_path = ''
set plan_cache_mode = force_custom_plan -- one person or thousands
as $$
begin
  update cohorts.actor_cohort_membership m
  set is_active = false, removed_at = p_now, last_updated_at = p_now, removal_reason = p_reason
  where m.brand_id = p_brand and m.cohort_id = p_cohort and m.actor_id = any (p_actors) and m.is_active
    and not exists (select from unnest(p_found) f where f.actor_id = m.actor_id);
end
$$;
comment on function private.end_memberships(uuid, uuid, uuid[], private.found_membership[], text, timestamptz) is
  'Ends the memberships of people (p_actors) in a cohort who are not among those found for it.';

create function private.placing_run(p_brand uuid)
returns cohorts.clustering_runs
language sql
stable
set search_path = ''
as $$
  select r.* from cohorts.clustering_runs r
  where r.brand_id = p_brand and r.run_type <> 'validation' and r.status = 'completed'
  order by r.started_at desc, r.id desc limit 1
$$;
comment on function private.placing_run(uuid) is
  'The run whose mixture tells to which cohorts of the brand people belong: the last completed one.';

create function private.cohort_for_update(p_cohort uuid)
returns cohorts.cohorts
language plpgsql
volatile
set search_path = ''
as $$
declare
  v_cohort cohorts.cohorts;
begin
  select c.* into v_cohort from cohorts.cohorts c where c.id = p_cohort;
  if not found or not (private.is_service() or private.caller_role(v_cohort.brand_id) is not null) then
    perform private.raise_error('not_found', 'cohort', p_cohort::text);
  end if;
  perform private.require_role(v_cohort.brand_id, 'manager');
  perform private.lock_memberships(v_cohort.brand_id);
  select c.* into v_cohort from cohorts.cohorts c where c.id = p_cohort for no key update;
  return v_cohort;
end
$$;
comment on function private.cohort_for_update(uuid) is
  'The cohort that a manager is about to change, locked, with private.lock_memberships of its brand. Errors: not_found (also for another brand''s), role_too_low.';

create function private.set_pinned(p_cohort uuid, p_is_pinned boolean)
returns cohorts.cohorts
language plpgsql
volatile
set search_path = ''
as $$
declare
  v_cohort cohorts.cohorts := private.cohort_for_update(p_cohort);
begin
  if v_cohort.cohort_status <> 'active' or v_cohort.discovery_algorithm = 'rule' then
    perform private.raise_error('cohort_not_pinnable', p_cohort::text, case when v_cohort.cohort_status = 'active' then 'made by a rule' else v_cohort.cohort_status::text end);
  elsif exists (select from cohorts.clustering_runs r where r.brand_id = v_cohort.brand_id and r.status = 'running' and r.stage in ('match', 'publish', 'describe', 'finish')) then
    perform private.raise_error('run_publishing', v_cohort.brand_id::text);
  end if;
  if v_cohort.is_pinned <> p_is_pinned then
    if p_is_pinned then
      -- From now on all its members count: only those stay for whom it is the likeliest.
      update cohorts.actor_cohort_membership m
      set is_active = false, removed_at = now(), last_updated_at = now(), removal_reason = 'likelier in another cohort when this one was pinned'
      where m.brand_id = v_cohort.brand_id and m.cohort_id = p_cohort and m.is_active and m.membership_type = 'secondary';
    end if;
    update cohorts.cohorts c
    set is_pinned = p_is_pinned, member_count = case when p_is_pinned then c.member_count else (
      select count(*) from cohorts.actor_cohort_membership m
      where m.brand_id = c.brand_id and m.cohort_id = c.id and m.is_active and m.membership_type = 'primary') end
    where c.id = p_cohort returning c.* into v_cohort;
    perform private.emit(v_cohort.brand_id, case when p_is_pinned then 'cohorts.pinned' else 'cohorts.unpinned' end, 'cohort', p_cohort, '{}');
  end if;
  return v_cohort;
end
$$;
comment on function private.set_pinned(uuid, boolean) is 'Pins a cohort or lets it go.';

create function private.cohorts_pin(p_cohort uuid)
returns cohorts.cohorts
language sql
volatile
security definer
set search_path = ''
as $$
  select private.set_pinned(p_cohort, true)
$$;
comment on function private.cohorts_pin(uuid) is 'Body of cohorts.pin. Definer: cohorts are not writable by clients.';
grant execute on function private.cohorts_pin(uuid) to authenticated, service_role;

create function cohorts.pin(p_cohort uuid)
returns cohorts.cohorts
language sql
volatile
set search_path = ''
begin atomic
  select * from private.cohorts_pin(p_cohort);
end;
comment on function cohorts.pin(uuid) is
  'Keeps a cohort as it is: no run ends, renames or moves it any more. Its members stay up to date, by the mixture that found it: whoever is likelier to belong to it than to any other cohort of that run; in runs to come these are secondary memberships, since the cohorts that those find go on beside it. Pinning a pinned one changes nothing. Returns its row. For managers. Errors: not_found, cohort_not_pinnable, run_publishing, role_too_low.';
grant execute on function cohorts.pin(uuid) to authenticated, service_role;

create function private.cohorts_unpin(p_cohort uuid)
returns cohorts.cohorts
language sql
volatile
security definer
set search_path = ''
as $$
  select private.set_pinned(p_cohort, false)
$$;
comment on function private.cohorts_unpin(uuid) is 'Body of cohorts.unpin. Definer: cohorts are not writable by clients.';
grant execute on function private.cohorts_unpin(uuid) to authenticated, service_role;

create function cohorts.unpin(p_cohort uuid)
returns cohorts.cohorts
language sql
volatile
set search_path = ''
begin atomic
  select * from private.cohorts_unpin(p_cohort);
end;
comment on function cohorts.unpin(uuid) is
  'Gives a pinned cohort back to the runs. Where no run has taken place since it was pinned, the next one goes on with it as with any other; else its people have their primary membership in later cohorts by now, and the next run ends it. Returns its row. For managers. Errors: not_found, cohort_not_pinnable, run_publishing, role_too_low.';
grant execute on function cohorts.unpin(uuid) to authenticated, service_role;
