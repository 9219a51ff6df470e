create function private.stimulus_for_update(p_brand uuid, p_stimulus uuid)
returns stimuli.stimuli_base
language plpgsql
volatile
set search_path = ''
as $$
declare
  v_stimulus stimuli.stimuli_base;
begin
  select * into v_stimulus from stimuli.stimuli_base s where s.brand_id = p_brand and s.id = p_stimulus for update;
  if not found then
    perform private.raise_error('not_found', 'stimulus', p_stimulus::text);
  end if;
  return v_stimulus;
end
$$;
comment on function private.stimulus_for_update(uuid, uuid) is 'The stimulus, locked until the end of the transaction. Error: not_found.';

create function private.stimuli_deploy(p_brand uuid, p_stimulus uuid, p_now timestamptz, p_seed integer)
returns table (deployed integer, held_out integer)
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  v_started timestamptz := clock_timestamp();
  v_stimulus stimuli.stimuli_base;
  v_share double precision := private.parameter(p_brand, 'stimuli.holdout_share')::double precision;
  v_window interval := private.parameter(p_brand, 'stimuli.attribution_window_days')::double precision * interval '1 day';
  v_channel text := private.parameter(p_brand, 'stimuli.default_channel') #>> '{}';
begin
  perform private.require_role(p_brand, 'manager');
  -- The lock makes a second call wait for the first, find the stimulus active, and answer with the same numbers.
  v_stimulus := private.stimulus_for_update(p_brand, p_stimulus);
  if v_stimulus.status = 'approved' or v_stimulus.status = 'scheduled' and v_stimulus.scheduled_for <= p_now then
    if v_stimulus.expires_at <= p_now then
      perform private.raise_error('stimulus_expired', p_stimulus::text, v_stimulus.expires_at::text);
    end if;
    insert into stimuli.stimulus_deployments (brand_id, stimulus_id, actor_id, cohort_id, template_id, is_holdout, propensity,
      deployment_channel, deployment_method, delivered_content, personalization_applied, deployed_at, expires_at,
      window_ends_at, delivery_status)
    select p_brand, p_stimulus, m.actor_id, v_stimulus.target_cohort_id, v_stimulus.template_id, m.is_holdout,
      greatest(coalesce((v_stimulus.generation_parameters ->> 'propensity')::double precision, 1)
        * case when m.is_holdout then v_share else 1 - v_share end, 1e-9),
      m.channel, 'batch',
      '{}',
      case when m.is_holdout then '{}' else m.personal end,
      p_now, v_stimulus.expires_at, p_now + v_window,
      case when m.is_holdout then 'held_out' else 'pending' end::stimuli.delivery_status
    from (
      select a.id as actor_id,
        private.random_uniform(hashtextextended(concat_ws(':', p_seed, a.id, p_stimulus), 0), 0) < v_share as is_holdout,
        case c.preferred_channel when 'phone' then 'sms' else coalesce(c.preferred_channel, v_channel) end::stimuli.channel as channel,
        p.personal
      from actors.actors a
      join private.personal_values(p_brand, array(select x.id from actors.actors x where x.brand_id = p_brand and x.is_active),
        private.stimulus_person_fields(v_stimulus), p_now) p on p.actor_id = a.id
      left join actors.actor_communication_profiles c on c.brand_id = a.brand_id and c.actor_id = a.id and c.is_current
      where a.brand_id = p_brand and a.is_active and a.merged_into is null
        and c.preferred_frequency is distinct from 'never'
        and (a.id = v_stimulus.target_actor_id or v_stimulus.target_actor_id is null and exists (
          select from cohorts.actor_cohort_membership m
          join cohorts.cohorts k on k.id = m.cohort_id
          where m.brand_id = p_brand and m.cohort_id = v_stimulus.target_cohort_id and m.actor_id = a.id and m.is_active
            and (m.membership_type = 'primary' or not k.is_emergent)))
    ) m;
    if not found and v_stimulus.target_cohort_id is null and v_stimulus.target_actor_id is null then
      perform private.raise_error('stimulus_has_no_target', p_stimulus::text);
    end if;
    update stimuli.stimuli_base s
    set status = 'active', activated_at = p_now, expires_at = coalesce(s.expires_at, p_now + v_window)
    where s.id = p_stimulus;
  elsif v_stimulus.status not in ('active', 'paused', 'completed') then
    perform private.raise_error('stimulus_not_ready', p_stimulus::text, v_stimulus.status::text, 'deployed');
  end if;

  select count(*) filter (where not d.is_holdout), count(*) filter (where d.is_holdout) into deployed, held_out
  from stimuli.stimulus_deployments d where d.brand_id = p_brand and d.stimulus_id = p_stimulus;
  if v_stimulus.status in ('approved', 'scheduled') then
    perform private.emit(p_brand, 'stimuli.deployed', 'stimulus', p_stimulus,
      jsonb_build_object('deployed', deployed, 'held_out', held_out));
  end if;
  perform private.log_call('stimuli.deploy', p_brand, jsonb_build_object('stimulus', p_stimulus, 'now', p_now, 'seed', p_seed),
    jsonb_build_object('deployed', deployed, 'held_out', held_out), v_started, null, 'stimulus', p_stimulus);
  return next;
end
$$;
comment on function private.stimuli_deploy(uuid, uuid, timestamptz, integer) is
  'Body of stimuli.deploy. Definer: clients may not write deployments, and the draw of the held out must not be theirs to repeat.';
grant execute on function private.stimuli_deploy(uuid, uuid, timestamptz, integer) to authenticated, service_role;

create function stimuli.deploy(p_brand uuid, p_stimulus uuid, p_now timestamptz default now(), p_seed integer default 42)
returns table (deployed integer, held_out integer)
language sql
volatile
set search_path = ''
begin atomic
  select * from private.stimuli_deploy(p_brand, p_stimulus, p_now, p_seed);
end;
comment on function stimuli.deploy(uuid, uuid, timestamptz, integer) is
  'Deploys an approved stimulus: one deployment per active member of its cohort (or for its one person). A share of them (parameter stimuli.holdout_share), drawn by a hash of p_seed, person and stimulus, is held out: sent nothing, measured alike. People who want no messages get none. Returns how many are treated and held out; a later call changes nothing and returns the same. For managers. Errors: not_found, stimulus_not_ready, stimulus_expired, stimulus_has_no_target (409).';
grant execute on function stimuli.deploy(uuid, uuid, timestamptz, integer) to authenticated, service_role;
