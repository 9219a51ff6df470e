create function private.pull_candidates(p_brand uuid, p_actor uuid, p_candidates uuid[], p_now timestamptz)
returns uuid[]
language sql
stable
set search_path = ''
as $$
  select array_agg(s.id order by s.id)
  from stimuli.stimuli_base s
  where s.brand_id = p_brand and (p_candidates is null or s.id = any (p_candidates))
    and (s.status in ('approved', 'active') or s.status = 'scheduled' and s.scheduled_for <= p_now)
    and (s.expires_at is null or s.expires_at > p_now) and s.stimulus_type <> 'campaign'
    and (s.campaign_id is null or exists (
      select from stimuli.stimuli_base c where c.brand_id = p_brand and c.id = s.campaign_id and c.status = 'active'))
    and (s.target_actor_id = p_actor or s.target_actor_id is null and s.target_cohort_id in (
      select m.cohort_id from cohorts.actor_cohort_membership m
      join cohorts.cohorts k on k.brand_id = m.brand_id and k.id = m.cohort_id
      where m.brand_id = p_brand and m.actor_id = p_actor and m.is_active and (m.membership_type = 'primary' or not k.is_emergent)))
$$;
comment on function private.pull_candidates(uuid, uuid, uuid[], timestamptz) is
  'Stimuli that run or may begin at p_now and are meant for a person; of p_candidates, where given. Null for none.';

create function private.pull_round(p_brand uuid, p_candidates uuid[], p_now timestamptz, p_seed integer)
returns stimuli.choice_rounds
language plpgsql
volatile
set search_path = ''
as $$
declare
  v_round stimuli.choice_rounds;
begin
  select * into v_round from stimuli.choice_rounds r
  where r.brand_id = p_brand and r.choice_mode = 'pull' and r.candidates = p_candidates and r.decided_at <= p_now
    and r.decided_at >= p_now - private.parameter(p_brand, 'stimuli.pull_minutes')::double precision * interval '1 minute'
  order by r.decided_at desc, r.id desc limit 1;
  if not found then
    v_round := private.add_round(p_brand, 'pull', p_candidates, p_now, p_seed);
    perform private.activate_stimuli(p_brand, p_candidates, p_now);
  end if;
  return v_round;
end
$$;
comment on function private.pull_round(uuid, uuid[], timestamptz, integer) is
  'The round for a choice between p_candidates now: one of the last stimuli.pull_minutes, or a new one.';

create function private.stimuli_decide(p_brand uuid, p_actor uuid, p_candidates uuid[], p_channel stimuli.channel, p_now timestamptz, p_seed integer)
returns setof stimuli.stimulus_deployments
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  v_started timestamptz := clock_timestamp();
  v_actor uuid;
  v_candidates uuid[];
  v_given stimuli.stimulus_deployments;
begin
  perform private.require_role(p_brand, 'operator');
  perform private.require_time('p_now', p_now);
  if p_candidates is not null and (cardinality(p_candidates) not between 1 and 100 or array_ndims(p_candidates) > 1) then
    perform private.raise_error('invalid_argument', 'p_candidates', 'must be a list of 1 to 100 stimuli');
  end if;
  select coalesce(a.merged_into, a.id) into v_actor from actors.actors a where a.brand_id = p_brand and a.id = p_actor;
  if not found then
    perform private.raise_error('not_found', 'actor', p_actor::text);
  end if;
  v_candidates := private.pull_candidates(p_brand, v_actor, p_candidates, p_now);
  if v_candidates is not null then
    -- Two calls at once would both find nothing given.
    perform pg_advisory_xact_lock(hashtextextended('stimuli.decide:' || v_actor::text, 0));
    select * into v_given from stimuli.stimulus_deployments d
    where d.brand_id = p_brand and d.actor_id = v_actor and d.stimulus_id = any (v_candidates) and d.deployed_at <= p_now and d.window_ends_at > p_now
    order by d.deployed_at desc, d.id desc limit 1;
    if not found then
      perform private.write_choices(private.pull_round(p_brand, v_candidates, p_now, p_seed), array[v_actor], p_now, p_seed, 'pull', p_channel);
      select * into v_given from stimuli.stimulus_deployments d
      where d.brand_id = p_brand and d.actor_id = v_actor and d.stimulus_id = any (v_candidates) and d.deployed_at = p_now
      order by d.id desc limit 1;
    end if;
  end if;
  perform private.log_call('stimuli.decide', p_brand, jsonb_build_object('actor', p_actor, 'candidates', cardinality(v_candidates), 'now', p_now, 'seed', p_seed),
    jsonb_build_object('stimulus', v_given.stimulus_id, 'is_holdout', v_given.is_holdout, 'propensity', v_given.propensity), v_started, null,
    'actor', v_actor);
  if v_given.id is not null then
    return next v_given;
  end if;
end
$$;
comment on function private.stimuli_decide(uuid, uuid, uuid[], stimuli.channel, timestamptz, integer) is
  'Body of stimuli.decide. Definer: clients may not write deployments.';
grant execute on function private.stimuli_decide(uuid, uuid, uuid[], stimuli.channel, timestamptz, integer) to authenticated, service_role;

create function stimuli.decide(p_brand uuid, p_actor uuid, p_candidates uuid[] default null, p_channel stimuli.channel default 'web',
  p_now timestamptz default now(), p_seed integer default 42)
returns setof stimuli.stimulus_deployments
language sql
volatile
set search_path = ''
begin atomic
  select * from private.stimuli_decide(p_brand, p_actor, p_candidates, p_channel, p_now, p_seed);
end;
comment on function stimuli.decide(uuid, uuid, uuid[], stimuli.channel, timestamptz, integer) is
  'Chooses a stimulus for one person now, to be shown by the caller on p_channel: one of those that run or are approved and are meant for the person, of p_candidates (1 to 100) where given, drawn as by stimuli.deploy_round. Returns its row of the send ledger, with propensity; where is_holdout is true nothing is to be shown. While its window is open the same one is returned again; no stimulus is given to a person twice. No row where there is nothing for the person. The odds are made anew every stimuli.pull_minutes. For operators. Errors: not_found, invalid_argument.';
grant execute on function stimuli.decide(uuid, uuid, uuid[], stimuli.channel, timestamptz, integer) to authenticated, service_role;
