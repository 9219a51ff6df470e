create function private.choice_rows(p_round stimuli.choice_rounds, p_actors uuid[], p_now timestamptz, p_seed integer, p_channel stimuli.channel)
returns table (stimulus_id uuid, actor_id uuid, cohort_id uuid, template_id uuid, is_holdout boolean, propensity double precision, belief_version bigint,
  channel stimuli.channel, personal jsonb, purpose stimuli.send_purpose, scheduled_for timestamptz, expires_at timestamptz)
language plpgsql
volatile
set search_path = ''
set plan_cache_mode = force_custom_plan -- one person or everybody
set enable_nestloop = off -- of choices, the planner does not know how many they are
set enable_mergejoin = off
set jit = off
as $$
#variable_conflict use_column
declare
  v_channel constant text := private.parameter(p_round.brand_id, 'stimuli.default_channel') #>> '{}';
  -- One alone was chosen when it was proposed.
  v_is_choice constant boolean := cardinality(p_round.candidates) > 1;
begin
  return query
  with choice as materialized (
    select * from private.round_choices(p_round, p_actors, p_now, p_seed)
  ),
  personal as materialized (
    select v.* from private.personal_values(p_round.brand_id, array(select c.actor_id from choice c where not c.is_holdout), array(
      select distinct f from stimuli.stimuli_base s cross join unnest(private.stimulus_person_fields(s)) f
      where s.brand_id = p_round.brand_id and s.id = any (p_round.candidates)), p_now) v
  )
  select c.stimulus_id, c.actor_id, c.cohort_id, s.template_id, c.is_holdout,
    greatest(c.propensity * case when v_is_choice then 1 else coalesce((s.generation_parameters ->> 'propensity')::double precision, 1) end, 1e-9),
    c.belief_version,
    coalesce(p_channel, case p.preferred_channel when 'phone' then 'sms' else coalesce(p.preferred_channel, v_channel) end::stimuli.channel),
    coalesce(v.personal, '{}'), s.purpose, s.scheduled_for, s.expires_at
  from choice c
  join stimuli.stimuli_base s on s.brand_id = p_round.brand_id and s.id = c.stimulus_id
  join actors.actors a on a.brand_id = p_round.brand_id and a.id = c.actor_id and a.is_active and a.merged_into is null
  left join actors.actor_communication_profiles p on p.brand_id = p_round.brand_id and p.actor_id = c.actor_id and p.is_current
    and (p_actors is null or p.actor_id = any (p_actors))
  left join personal v on v.actor_id = c.actor_id and not c.is_holdout
  where p.preferred_frequency is distinct from 'never' and (p_actors is null or a.id = any (p_actors));
end
$$;
comment on function private.choice_rows(stimuli.choice_rounds, uuid[], timestamptz, integer, stimuli.channel) is
  'What a round chose for people (p_actors; null: everybody it is for) as it goes into the send ledger. People who want nothing, are inactive or were merged get nothing. p_channel null: the one a person prefers.';

create function private.write_choices(p_round stimuli.choice_rounds, p_actors uuid[], p_now timestamptz, p_seed integer, p_method text, p_channel stimuli.channel)
returns void
language sql
volatile
set search_path = ''
as $$
  -- The settings of private.choice_rows must not be in force here: foreign keys would be planned anew for every row.
  insert into stimuli.stimulus_deployments (brand_id, stimulus_id, actor_id, cohort_id, template_id, is_holdout, propensity, round_id, belief_version,
    deployment_channel, deployment_method, delivered_content, personalization_applied, purpose, scheduled_for, deployed_at, expires_at,
    window_ends_at, delivery_status)
  select p_round.brand_id, c.stimulus_id, c.actor_id, c.cohort_id, c.template_id, c.is_holdout, c.propensity, p_round.id, c.belief_version,
    c.channel, p_method, '{}', c.personal, c.purpose, c.scheduled_for, p_now, c.expires_at, p_now + w.length,
    case when c.is_holdout then 'held_out' when p_method = 'pull' then 'sent' else 'pending' end::stimuli.delivery_status
  from private.choice_rows(p_round, p_actors, p_now, p_seed, p_channel) c
  cross join (select private.parameter(p_round.brand_id, 'stimuli.attribution_window_days')::double precision * interval '1 day' as length) w
  on conflict (stimulus_id, actor_id) do nothing
$$;
comment on function private.write_choices(stimuli.choice_rounds, uuid[], timestamptz, integer, text, stimuli.channel) is
  'Writes private.choice_rows to the send ledger. p_method: batch or pull.';

create function private.deploy_candidates(p_brand uuid, p_stimuli uuid[], p_now timestamptz, p_seed integer)
returns table (stimulus_id uuid, deployed integer, held_out integer)
language plpgsql
volatile
set search_path = ''
as $$
declare
  v_stimulus stimuli.stimuli_base;
  v_ready uuid[] := array[]::uuid[];
  v_candidates uuid[];
  v_round stimuli.choice_rounds;
begin
  -- A loop: each is locked, in one order, and checked. The lock makes a second call wait for the first, find it active, and answer the same.
  for v_stimulus in
    select (private.stimulus_for_update(p_brand, i.id)).* from (select distinct u.id from unnest(p_stimuli) u (id) order by u.id) i
  loop
    if v_stimulus.status = 'approved' or v_stimulus.status = 'scheduled' and v_stimulus.scheduled_for <= p_now then
      if v_stimulus.campaign_id is not null then
        perform private.raise_error('variant_follows_campaign', v_stimulus.id::text, v_stimulus.campaign_id::text);
      elsif v_stimulus.expires_at <= p_now then
        perform private.raise_error('stimulus_expired', v_stimulus.id::text, v_stimulus.expires_at::text);
      elsif v_stimulus.target_cohort_id is null and v_stimulus.target_actor_id is null then
        perform private.raise_error('stimulus_has_no_target', v_stimulus.id::text);
      end if;
      v_ready := v_ready || v_stimulus.id;
    elsif v_stimulus.status not in ('active', 'paused', 'completed') then
      perform private.raise_error('stimulus_not_ready', v_stimulus.id::text, v_stimulus.status::text, 'deployed');
    end if;
  end loop;
  if v_ready <> '{}' then
    -- A campaign is sent as its variants.
    v_candidates := array(
      select s.id from stimuli.stimuli_base s
      where s.brand_id = p_brand and (s.campaign_id = any (v_ready) or s.id = any (v_ready) and not exists (
        select from stimuli.stimuli_base v where v.brand_id = p_brand and v.campaign_id = s.id))
      order by s.id);
    perform private.activate_stimuli(p_brand, v_ready || v_candidates, p_now);
    v_round := private.add_round(p_brand, 'batch', v_candidates, p_now, p_seed);
    perform private.write_choices(v_round, null, p_now, p_seed, 'batch', null);
    update stimuli.choice_rounds r
    set treated = n.treated, held_out = n.held_out
    from (
      select count(*) filter (where not d.is_holdout) as treated, count(*) filter (where d.is_holdout) as held_out
      from stimuli.stimulus_deployments d where d.brand_id = p_brand and d.round_id = v_round.id
    ) n
    where r.id = v_round.id;
  end if;

  return query
  select u.id, count(d.id) filter (where not d.is_holdout)::integer, count(d.id) filter (where d.is_holdout)::integer
  from (select distinct x.id from unnest(p_stimuli) x (id)) u
  join stimuli.stimuli_base s on s.brand_id = p_brand and u.id in (s.id, s.campaign_id)
  left join stimuli.stimulus_deployments d on d.brand_id = p_brand and d.stimulus_id = s.id
  group by u.id
  order by u.id;
  perform private.emit(p_brand, 'stimuli.deployed', 'stimulus', r.id,
    jsonb_build_object('deployed', count(d.id) filter (where not d.is_holdout), 'held_out', count(d.id) filter (where d.is_holdout)))
  from unnest(v_ready) r (id)
  join stimuli.stimuli_base s on s.brand_id = p_brand and r.id in (s.id, s.campaign_id)
  left join stimuli.stimulus_deployments d on d.brand_id = p_brand and d.stimulus_id = s.id
  group by r.id;
end
$$;
comment on function private.deploy_candidates(uuid, uuid[], timestamptz, integer) is
  'Makes a round of those of p_stimuli that are ready, gives each person it is for one of them (of a campaign: one of its variants), and returns how many each of p_stimuli is sent to and held out of.';

create function private.activate_stimuli(p_brand uuid, p_stimuli uuid[], p_now timestamptz)
returns void
language sql
volatile
set search_path = ''
as $$
  update stimuli.stimuli_base s
  set status = 'active', activated_at = p_now,
    expires_at = coalesce(s.expires_at, (select c.expires_at from stimuli.stimuli_base c where c.brand_id = p_brand and c.id = s.campaign_id), p_now + private.parameter(p_brand, 'stimuli.attribution_window_days')::double precision * interval '1 day')
  where s.brand_id = p_brand and s.id = any (p_stimuli) and s.status in ('approved', 'scheduled')
$$;
comment on function private.activate_stimuli(uuid, uuid[], timestamptz) is 'Stimuli that were approved run from now on, until they expire or, without an end, for one attribution window.';

create function private.stimuli_deploy_round(p_brand uuid, p_stimuli uuid[], p_now timestamptz, p_seed integer)
returns table (stimulus_id uuid, deployed integer, held_out integer)
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  v_started timestamptz := clock_timestamp();
begin
  perform private.require_role(p_brand, 'manager');
  perform private.require_time('p_now', p_now);
  if coalesce(cardinality(p_stimuli), 0) not between 1 and 1000 or array_ndims(p_stimuli) > 1 or array_position(p_stimuli, null) is not null then
    perform private.raise_error('invalid_argument', 'p_stimuli', 'must be a list of 1 to 1000 stimuli');
  end if;
  return query select c.* from private.deploy_candidates(p_brand, p_stimuli, p_now, p_seed) c;
  perform private.log_call('stimuli.deploy_round', p_brand, jsonb_build_object('stimuli', p_stimuli, 'now', p_now, 'seed', p_seed),
    jsonb_build_object('stimuli', cardinality(p_stimuli)), v_started);
end
$$;
comment on function private.stimuli_deploy_round(uuid, uuid[], timestamptz, integer) is
  'Body of stimuli.deploy_round. Definer: clients may not write deployments, and the draw of the held out must not be theirs to repeat.';
grant execute on function private.stimuli_deploy_round(uuid, uuid[], timestamptz, integer) to authenticated, service_role;

create function stimuli.deploy_round(p_brand uuid, p_stimuli uuid[], p_now timestamptz default now(), p_seed integer default 42)
returns table (stimulus_id uuid, deployed integer, held_out integer)
language sql
volatile
set search_path = ''
begin atomic
  select * from private.stimuli_deploy_round(p_brand, p_stimuli, p_now, p_seed);
end;
comment on function stimuli.deploy_round(uuid, uuid[], timestamptz, integer) is
  'Deploys up to 1,000 approved stimuli together: each person for whom several are meant gets one of them, drawn with the probability that it is the best for the person''s cohorts, moved by the person''s own responses, between an exploration floor and a cap (parameters stimuli.*), or is held out of it. What surely does harm in a cohort is not sent there. The probability is in propensity of the deployment, the odds of each cohort in stimuli.choice_odds, why in its reasoning. Returns how many each is sent to and held out of; a later call changes nothing and returns the same. Reproducible for the same p_now and p_seed. For managers. Errors: not_found, stimulus_not_ready, stimulus_expired, stimulus_has_no_target (409), invalid_argument.';
grant execute on function stimuli.deploy_round(uuid, uuid[], timestamptz, integer) to authenticated, service_role;
