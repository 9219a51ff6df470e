create function private.survivors(p_brand uuid, p_actors uuid[])
returns table (actor_id uuid, person_id uuid)
language sql
stable
set search_path = ''
set plan_cache_mode = force_custom_plan -- the plan depends on the size of the array
set enable_nestloop = on -- whatever its caller forbids itself: people go by their keys
as $$
  with recursive chain (actor_id, person_id, merged_into) as (
    select a.id, a.id, a.merged_into from actors.actors a where a.brand_id = p_brand and a.id = any (p_actors)
    union all
    select c.actor_id, a.id, a.merged_into from chain c join actors.actors a on a.brand_id = p_brand and a.id = c.merged_into
  )
  select c.actor_id, c.person_id from chain c where c.merged_into is null
$$;
comment on function private.survivors(uuid, uuid[]) is 'The person that each of the actors of a brand is today: itself, or the last that it was merged into. Unknown ids have no row.';

create function private.experiment_variants(p_brand uuid, p_experiment uuid, p_actors uuid[], p_now timestamptz default now())
returns table (actor_id uuid, variant_id uuid, stimulus_id uuid, propensity double precision)
language plpgsql
volatile
set search_path = ''
set plan_cache_mode = force_custom_plan -- the plan depends on the size of the array
as $$
declare
  v_experiment stimuli.experiments;
  v_new uuid[];
begin
  select * into v_experiment from stimuli.experiments e where e.brand_id = p_brand and e.id = p_experiment;
  if not found then
    perform private.raise_error('not_found', 'experiment', p_experiment::text);
  elsif v_experiment.status = 'draft' then
    perform private.raise_error('experiment_not_running', p_experiment::text, v_experiment.status);
  end if;

  if v_experiment.status = 'running' then
    v_new := array(
      select s.person_id from private.survivors(p_brand, p_actors) s
      left join lateral (
        select a.id from stimuli.experiment_assignments a
        where a.brand_id = p_brand and a.experiment_id = p_experiment and a.actor_id = s.person_id offset 0
      ) x on true
      where x.id is null group by s.person_id);
    with known as materialized (
      select p.actor_id, p.mean from private.actors_posteriors(p_brand, v_new, p_now) p
      where v_experiment.covariate_attribute is not null and p.attribute = v_experiment.covariate_attribute and not p.is_stated and p.context = '' and p.distribution <> 'dirichlet'
    ),
    drawn as materialized (
      -- Written out (private.random_uniform): called for each person it would cost more than the rest.
      select n.id, (((hashtextextended(concat_ws(':', p_experiment, n.id), 0) >> 11) & 9007199254740991) + 0.5::double precision) / 9007199254740992 as place
      from unnest(v_new) n (id)
    ),
    shares as materialized (
      select v.id, sum(v.share) over w - v.share as low, case when lead(v.id) over w is null then 1 else sum(v.share) over w end as high
      from stimuli.experiment_variants v where v.experiment_id = p_experiment
      window w as (order by v.is_control desc, v.variant_name)
    )
    insert into stimuli.experiment_assignments (brand_id, experiment_id, actor_id, variant_id, covariate, assigned_at)
    select p_brand, p_experiment, d.id, s.id, k.mean, p_now
    from drawn d
    join shares s on d.place >= s.low and d.place < s.high
    left join known k on k.actor_id = d.id
    order by d.id
    on conflict do nothing;
  end if;

  -- A statement of its own, so that it sees what another transaction assigned meanwhile.
  return query
  with people as materialized (
    select s.actor_id, s.person_id from private.survivors(p_brand, p_actors) s
  ),
  variants as materialized (
    select v.id, v.stimulus_id, v.share, v.id = d.winner_id or d.winner_id is null and v.is_control as is_fallback
    from stimuli.experiment_variants v left join stimuli.experiment_decisions d on d.experiment_id = v.experiment_id
    where v.experiment_id = p_experiment
  )
  select s.actor_id, v.id, v.stimulus_id, case when v_experiment.status = 'decided' or x.variant_id is null then 1 else v.share end
  from people s
  left join lateral (
    -- Each by the index of the person: of a new experiment there are no statistics to plan a join with.
    select a.variant_id from stimuli.experiment_assignments a
    where a.brand_id = p_brand and a.experiment_id = p_experiment and a.actor_id = s.person_id and v_experiment.status <> 'decided' offset 0
  ) x on true
  join variants v on case when x.variant_id is null then v.is_fallback else v.id = x.variant_id end;
end
$$;
comment on function private.experiment_variants(uuid, uuid, uuid[], timestamptz) is
  'The variant of each person, with what it sends and the probability of having drawn it. Running: people without an assignment get one, by a hash of experiment and person, so that experiments are independent of each other and a repeated call says the same; their covariate is kept as it is believed at p_now. Stopped: whoever has an assignment keeps it, others get the control. Decided: everybody gets the winner. People of other brands are passed over. Errors: not_found, experiment_not_running (409) for a draft.';

create function private.stimuli_assign_variant(p_brand uuid, p_experiment uuid, p_actor uuid, p_now timestamptz)
returns table (variant_id uuid, variant_name text, is_control boolean, stimulus_id uuid, propensity double precision)
language plpgsql
volatile
security definer
set search_path = ''
as $$
begin
  perform private.require_role(p_brand, 'operator');
  perform private.require_time('p_now', p_now);
  return query
  select v.id, v.variant_name, v.is_control, v.stimulus_id, x.propensity
  from private.experiment_variants(p_brand, p_experiment, array[p_actor], p_now) x
  join stimuli.experiment_variants v on v.experiment_id = p_experiment and v.id = x.variant_id;
  if not found then
    perform private.raise_error('not_found', 'actor', p_actor::text);
  end if;
end
$$;
comment on function private.stimuli_assign_variant(uuid, uuid, uuid, timestamptz) is 'Body of stimuli.assign_variant. Definer: clients may not write assignments.';
grant execute on function private.stimuli_assign_variant(uuid, uuid, uuid, timestamptz) to authenticated, service_role;

create function stimuli.assign_variant(p_brand uuid, p_experiment uuid, p_actor uuid, p_now timestamptz default now())
returns table (variant_id uuid, variant_name text, is_control boolean, stimulus_id uuid, propensity double precision)
language sql
volatile
set search_path = ''
begin atomic
  select * from private.stimuli_assign_variant(p_brand, p_experiment, p_actor, p_now);
end;
comment on function stimuli.assign_variant(uuid, uuid, uuid, timestamptz) is
  'The variant of a person in a running experiment: the same at every call, drawn with the share of the variant (propensity). A stopped experiment gives new people the control, a decided one gives everybody the winner. It counts only when stimuli.expose says that the person met it. For operators and up. Errors: not_found, experiment_not_running (409).';
grant execute on function stimuli.assign_variant(uuid, uuid, uuid, timestamptz) to authenticated, service_role;
