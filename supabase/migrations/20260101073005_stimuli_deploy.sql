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
begin
  perform private.require_role(p_brand, 'manager');
  select c.deployed, c.held_out into deployed, held_out from private.deploy_candidates(p_brand, array[p_stimulus], p_now, p_seed) c;
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
