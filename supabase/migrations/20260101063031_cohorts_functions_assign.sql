create function private.place_by_run(p_run cohorts.clustering_runs, p_actors uuid[], p_now timestamptz)
returns integer
language plpgsql
volatile
set search_path = ''
set plan_cache_mode = force_custom_plan -- one person or thousands
as $$
declare
  v_margin constant double precision := (private.parameter(p_run.brand_id, 'cohorts.move_margin') #>> '{}')::double precision;
  v_points constant private.clustering_points[] := array(select q from private.vectors_in_scale(p_run, p_actors) q);
  v_gone uuid[];
  v_count integer;
begin
  insert into private.clustering_points
  select p.run_id, p.actor_id, p.vector_id, p.vector, null, case when p_run.cohort_ids[l.label] is not null then l.label else 0 end, l.posteriors, l.distances
  from unnest(v_points) p
  join private.mixture_posteriors(p_run.id, v_points) l on l.actor_id = p.actor_id;

  -- Whoever is not clearly more like another cohort, or like none, stays.
  update private.clustering_points p set label = o.label
  from (
    select q.actor_id, l.label, l.posterior, case when q.label > 0 then q.posteriors[q.label]
      else 1 - (select sum(x.posterior) from unnest(q.posteriors, p_run.cohort_ids) x (posterior, cohort_id) where x.cohort_id is not null) end as best
    from private.clustering_points q
    join cohorts.actor_cohort_membership m on m.brand_id = p_run.brand_id and m.actor_id = any (p_actors) and m.actor_id = q.actor_id and m.is_active and m.membership_type = 'primary'
    cross join lateral unnest(q.posteriors, p_run.cohort_ids) with ordinality l (posterior, cohort_id, label)
    where q.run_id = p_run.id and q.actor_id = any (p_actors) and l.cohort_id = m.cohort_id and l.label <> q.label
  ) o
  where p.run_id = p_run.id and p.actor_id = o.actor_id and o.best <= o.posterior + v_margin;

  v_count := private.write_memberships(p_run, p_actors, (p_run.parameters ->> 'min_membership')::double precision / 2, p_now);
  perform private.share_priors(p_run, p_actors, p_now);
  perform private.write_clustering_metadata(p_run, p_actors, p_now);

  v_gone := array(
    select a from unnest(p_actors) a where not exists (select from private.clustering_points p where p.run_id = p_run.id and p.actor_id = a));
  if v_gone <> '{}' then
    update cohorts.actor_cohort_membership m
    set is_active = false, removed_at = p_now, last_updated_at = p_now, removal_reason = 'no longer an active person with beliefs'
    from cohorts.cohorts c
    where m.brand_id = p_run.brand_id and m.actor_id = any (v_gone) and m.is_active and c.id = m.cohort_id and c.discovery_algorithm <> 'rule';
    perform private.set_prior_groups(p_run.brand_id, v_gone, '{}', '{}', '{}', p_now);
  end if;
  perform private.place_in_pinned(p_run.brand_id, p_run.id, p_actors, p_now);
  delete from private.clustering_points p where p.run_id = p_run.id and p.actor_id = any (p_actors);
  return v_count;
end
$$;
comment on function private.place_by_run(cohorts.clustering_runs, uuid[], timestamptz) is
  'Places people (p_actors) by their current vectors and the mixture of a completed run: memberships, those in pinned cohorts included, shared priors, and the note why. Somebody moves when another cohort exceeds his own by the parameter cohorts.move_margin. Who has no vector any more leaves. Returns how many have a primary membership.';

create function private.assign_people(p_brand uuid, p_actors uuid[], p_stale uuid[], p_now timestamptz)
returns integer
language plpgsql
volatile
set search_path = ''
as $$
declare
  v_run cohorts.clustering_runs;
  v_before private.counted_membership[];
  v_count integer := 0;
begin
  if p_stale <> '{}' then
    perform private.refresh_vectors_of(p_brand, p_stale, p_now);
  end if;
  v_run := private.placing_run(p_brand);
  v_before := private.counted_memberships(p_brand, p_actors);
  if v_run.id is not null then
    v_count := private.place_by_run(v_run, p_actors, p_now);
  end if;
  perform private.place_by_rules(p_brand, p_actors, p_now);
  perform private.log_moves(p_brand, v_run.id, v_before, p_actors, coalesce(v_run.algorithm_name, 'rule'), p_now);
  return v_count;
end
$$;
comment on function private.assign_people(uuid, uuid[], uuid[], timestamptz) is
  'Makes the vectors of people (p_stale) anew and places people (p_actors) by the last run, the pinned cohorts and the rules; logs who moved. The caller holds private.lock_memberships and, with p_stale, private.lock_vectors. Returns how many have a primary membership.';

create function private.cohorts_assign(p_brand uuid, p_limit integer, p_now timestamptz)
returns integer
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  v_started constant timestamptz := clock_timestamp();
  v_is_free boolean;
  v_actors uuid[];
  v_stale uuid[];
  v_count integer := 0;
begin
  perform private.require_role(p_brand, 'operator');
  perform private.require_time('p_now', p_now);
  if coalesce(p_limit, 0) not between 1 and 100000 then
    perform private.raise_error('invalid_argument', 'p_limit', 'must be between 1 and 100000');
  end if;
  perform private.lock_memberships(p_brand);
  v_is_free := private.lock_vectors(p_brand, true);
  -- Until the first run has taken place, or while one is under way, they wait for its end.
  if not exists (select from cohorts.clustering_runs r where r.brand_id = p_brand and r.status = 'running')
    and (exists (select from cohorts.clustering_runs r where r.brand_id = p_brand and r.status = 'completed' and r.run_type <> 'validation')
      or exists (select from cohorts.cohorts c where c.brand_id = p_brand and c.discovery_algorithm = 'rule' and c.cohort_status = 'active')) then
    with due as materialized (
      select d.actor_id from private.vectors_due d
      where d.brand_id = p_brand and (v_is_free or not d.is_stale)
      order by d.actor_id limit p_limit for update skip locked
    ), taken as (
      delete from private.vectors_due d using due where d.brand_id = p_brand and d.actor_id = due.actor_id returning d.actor_id, d.is_stale
    )
    select array_agg(t.actor_id order by t.actor_id), coalesce(array_agg(t.actor_id order by t.actor_id) filter (where t.is_stale), '{}') into v_actors, v_stale from taken t;
    if v_actors is not null then
      v_count := private.assign_people(p_brand, v_actors, v_stale, p_now);
      perform private.emit(p_brand, 'cohorts.members_assigned', null, null, jsonb_build_object('people', cardinality(v_actors), 'placed', v_count));
    end if;
  end if;
  perform private.log_call('cohorts.assign', p_brand, jsonb_build_object('limit', p_limit, 'now', p_now),
    jsonb_build_object('people', coalesce(cardinality(v_actors), 0), 'placed', v_count), v_started);
  return v_count;
end
$$;
comment on function private.cohorts_assign(uuid, integer, timestamptz) is
  'Body of cohorts.assign. Definer: vectors and memberships are not writable by clients.';
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
  'Places people who are new or whose beliefs changed since they were placed, by the mixture of the last completed run, the pinned cohorts and the rules; makes their vectors anew first. p_limit: 1 to 100,000 people; the job loopwise-cohorts-assign calls it within a minute. Returns how many of them have a primary cohort now: 0 when there is no run yet, and while one is under way. For operators. Errors: invalid_argument, role_too_low.';
grant execute on function cohorts.assign(uuid, integer, timestamptz) to authenticated, service_role;

create function private.cohorts_assign_actor(p_brand uuid, p_actor uuid, p_now timestamptz)
returns setof cohorts.actor_cohort_membership
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  v_hidden uuid[];
  v_stage text;
  v_stale uuid[];
  v_is_free boolean;
begin
  perform private.require_role(p_brand, 'operator');
  perform private.require_time('p_now', p_now);
  if not exists (select from actors.actors a where a.brand_id = p_brand and a.id = p_actor) then
    perform private.raise_error('not_found', 'actor', p_actor::text);
  end if;
  perform private.lock_memberships(p_brand);
  select r.stage into v_stage from cohorts.clustering_runs r where r.brand_id = p_brand and r.status = 'running';
  -- A run that publishes has the word; whoever changed meanwhile is placed after it.
  if coalesce(v_stage not in ('match', 'publish', 'describe', 'finish'), true) then
    v_stale := array(select d.actor_id from private.vectors_due d where d.brand_id = p_brand and d.actor_id = p_actor and d.is_stale);
    v_is_free := private.lock_vectors(p_brand, true);
    if v_is_free and v_stage is null then
      delete from private.vectors_due d where d.brand_id = p_brand and d.actor_id = p_actor;
    end if;
    perform private.assign_people(p_brand, array[p_actor], case when v_is_free then v_stale else '{}' end, p_now);
  end if;
  v_hidden := private.hidden_cohorts();
  return query
  select m.* from cohorts.actor_cohort_membership m
  where m.brand_id = p_brand and m.actor_id = p_actor and m.is_active and m.cohort_id <> all (v_hidden)
  order by m.membership_type, m.membership_confidence desc, m.cohort_id;
end
$$;
comment on function private.cohorts_assign_actor(uuid, uuid, timestamptz) is
  'Body of cohorts.assign_actor. Definer: vectors and memberships are not writable by clients.';
grant execute on function private.cohorts_assign_actor(uuid, uuid, timestamptz) to authenticated, service_role;

create function cohorts.assign_actor(p_brand uuid, p_actor uuid, p_now timestamptz default now())
returns setof cohorts.actor_cohort_membership
language sql
volatile
set search_path = ''
begin atomic
  select * from private.cohorts_assign_actor(p_brand, p_actor, p_now);
end;
comment on function cohorts.assign_actor(uuid, uuid, timestamptz) is
  'Places one person at once, as cohorts.assign does, from what is believed of him at this moment, in time that does not depend on the size of the brand. While a run publishes its cohorts, or all vectors are being refreshed, nothing, or nothing but the vector of the last refresh, is looked at, and the job follows after. Returns the active memberships, primary first, without cohorts that the caller may not see. For operators. Errors: not_found, invalid_argument, role_too_low.';
grant execute on function cohorts.assign_actor(uuid, uuid, timestamptz) to authenticated, service_role;
