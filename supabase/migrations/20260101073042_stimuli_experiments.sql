create function private.experiment_for_update(p_brand uuid, p_experiment uuid)
returns stimuli.experiments
language plpgsql
volatile
set search_path = ''
as $$
declare
  v_experiment stimuli.experiments;
begin
  select * into v_experiment from stimuli.experiments e where e.brand_id = p_brand and e.id = p_experiment for update;
  if not found then
    perform private.raise_error('not_found', 'experiment', p_experiment::text);
  end if;
  return v_experiment;
end
$$;
comment on function private.experiment_for_update(uuid, uuid) is 'The experiment, locked until the end of the transaction. Error: not_found.';

create function private.lift_prior(p_brand uuid, out deviation double precision, out experiments integer)
language sql
stable
set search_path = ''
as $$
  select case when count(d.id) >= s.enough
      then sqrt(greatest(0.02 ^ 2, sum(w.weight * (d.lift ^ 2 - d.lift_variance)) / sum(w.weight))) else s.deviation end,
    count(d.id)::integer
  from (
    select private.parameter(p_brand, 'stimuli.lift_deviation')::double precision as deviation,
      private.parameter(p_brand, 'stimuli.lift_prior_experiments')::double precision as enough
  ) s
  left join stimuli.experiment_decisions d on d.brand_id = p_brand and d.lift_variance is not null
  left join lateral (select 1 / (s.deviation ^ 2 + d.lift_variance) ^ 2 as weight) w on true
  group by s.deviation, s.enough
$$;
comment on function private.lift_prior(uuid) is
  'Deviation of the true relative lifts about 0, from the brand''s decided experiments by weighted moments (empirical Bayes: the mean of lift^2 less its sampling variance), at least 0.02; with fewer than stimuli.lift_prior_experiments of them the parameter stimuli.lift_deviation. And how many there were.';

create function private.require_whole_experiment(p_experiment stimuli.experiments)
returns void
language plpgsql
stable
set search_path = ''
as $$
declare
  v_problem text;
begin
  select case
      when v.controls <> 1 then 'exactly one variant must be the control'
      when v.variants not between 2 and 20 then 'it needs two to twenty variants'
      when abs(v.shares - 1) > 1e-6 then 'the shares of the variants must sum to 1'
      when (select count(*) from stimuli.experiment_metrics m where m.experiment_id = p_experiment.id and m.metric_role = 'primary') <> 1 then 'one metric must be primary'
      when (select count(*) from stimuli.experiment_metrics m where m.experiment_id = p_experiment.id) > 50 then 'more than fifty metrics'
    end
  into v_problem
  from (
    select count(*) as variants, count(*) filter (where x.is_control) as controls, coalesce(sum(x.share), 0) as shares
    from stimuli.experiment_variants x where x.experiment_id = p_experiment.id
  ) v;
  if v_problem is not null then
    perform private.raise_error('experiment_not_whole', p_experiment.id::text, v_problem);
  end if;
end
$$;
comment on function private.require_whole_experiment(stimuli.experiments) is
  'That a draft can start: one control, two to twenty variants whose shares sum to 1, one primary metric. Error: experiment_not_whole (409).';

create function private.stimuli_start_experiment(p_brand uuid, p_experiment uuid, p_now timestamptz)
returns stimuli.experiments
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  v_started constant timestamptz := clock_timestamp();
  v_experiment stimuli.experiments;
  v_shares double precision[];
  v_alpha double precision;
  v_prior record;
  v_spread double precision;
begin
  perform private.require_role(p_brand, 'manager');
  perform private.require_time('p_now', p_now);
  v_experiment := private.experiment_for_update(p_brand, p_experiment);
  if v_experiment.status = 'draft' then
    perform private.require_whole_experiment(v_experiment);
    v_shares := array(select v.share from stimuli.experiment_variants v where v.experiment_id = p_experiment order by v.is_control desc, v.share);
    v_alpha := v_experiment.alpha / (cardinality(v_shares) - 1);
    select * into v_prior from private.lift_prior(p_brand);
    if v_experiment.max_people is null then
      select p.people into v_experiment.max_people
      from private.stimuli_plan_experiment(p_brand, v_experiment.baseline, v_experiment.minimal_effect, v_experiment.baseline_deviation, v_shares,
        v_experiment.power, v_experiment.alpha, v_experiment.sequential_method, null, v_experiment.outcome_window_days, null, p_now) p;
    end if;
    -- Deviation of the difference of the means times the root of the people.
    v_spread := sqrt(coalesce(v_experiment.baseline_deviation ^ 2, v_experiment.baseline * (1 - v_experiment.baseline)) * (1 / v_shares[1] + 1 / v_shares[2]));
    update stimuli.experiments e
    set status = 'running', started_at = p_now, max_people = v_experiment.max_people, prior_deviation = v_prior.deviation,
      mixture_rho = case when v_prior.experiments >= private.parameter(p_brand, 'stimuli.lift_prior_experiments')::integer
        then v_prior.deviation * v_experiment.baseline / v_spread else private.mixture_rho(v_experiment.max_people, v_alpha) end
    where e.id = p_experiment returning * into v_experiment;
    update stimuli.campaigns c set is_ab_test = true where c.brand_id = p_brand and c.stimulus_id = v_experiment.campaign_id;
    perform private.emit(p_brand, 'stimuli.experiment_started', 'experiment', p_experiment,
      jsonb_build_object('max_people', v_experiment.max_people, 'prior_deviation', v_prior.deviation, 'earlier_experiments', v_prior.experiments));
  elsif v_experiment.status <> 'running' then
    perform private.raise_error('experiment_not_running', p_experiment::text, v_experiment.status);
  end if;
  perform private.log_call('stimuli.start_experiment', p_brand, jsonb_build_object('experiment', p_experiment, 'now', p_now),
    jsonb_build_object('status', v_experiment.status, 'max_people', v_experiment.max_people), v_started, null, 'experiment', p_experiment);
  return v_experiment;
end
$$;
comment on function private.stimuli_start_experiment(uuid, uuid, timestamptz) is 'Body of stimuli.start_experiment. Definer: clients may not move a status nor set what is fixed at the start.';
grant execute on function private.stimuli_start_experiment(uuid, uuid, timestamptz) to authenticated, service_role;

create function stimuli.start_experiment(p_brand uuid, p_experiment uuid, p_now timestamptz default now())
returns stimuli.experiments
language sql
volatile
set search_path = ''
begin atomic
  select * from private.stimuli_start_experiment(p_brand, p_experiment, p_now);
end;
comment on function stimuli.start_experiment(uuid, uuid, timestamptz) is
  'Starts a draft and returns it. From here on plan, variants and metrics are fixed: max_people (planned now where it was null), the prior of the lifts from the brand''s earlier experiments, and the mixture of the e-values. Starting again changes nothing. For managers. Errors: not_found, experiment_not_whole (409), experiment_not_running (409).';
grant execute on function stimuli.start_experiment(uuid, uuid, timestamptz) to authenticated, service_role;

create function private.stimuli_stop_experiment(p_brand uuid, p_experiment uuid, p_now timestamptz)
returns stimuli.experiments
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  v_started constant timestamptz := clock_timestamp();
  v_experiment stimuli.experiments;
begin
  perform private.require_role(p_brand, 'manager');
  perform private.require_time('p_now', p_now);
  v_experiment := private.experiment_for_update(p_brand, p_experiment);
  if v_experiment.status = 'running' then
    update stimuli.experiments e set status = 'stopped', ended_at = greatest(p_now, e.started_at) where e.id = p_experiment returning * into v_experiment;
    perform private.emit(p_brand, 'stimuli.experiment_stopped', 'experiment', p_experiment, '{}');
  elsif v_experiment.status = 'draft' then
    perform private.raise_error('experiment_not_running', p_experiment::text, v_experiment.status);
  end if;
  perform private.log_call('stimuli.stop_experiment', p_brand, jsonb_build_object('experiment', p_experiment, 'now', p_now),
    jsonb_build_object('status', v_experiment.status), v_started, null, 'experiment', p_experiment);
  return v_experiment;
end
$$;
comment on function private.stimuli_stop_experiment(uuid, uuid, timestamptz) is 'Body of stimuli.stop_experiment. Definer: clients may not move a status.';
grant execute on function private.stimuli_stop_experiment(uuid, uuid, timestamptz) to authenticated, service_role;

create function stimuli.stop_experiment(p_brand uuid, p_experiment uuid, p_now timestamptz default now())
returns stimuli.experiments
language sql
volatile
set search_path = ''
begin atomic
  select * from private.stimuli_stop_experiment(p_brand, p_experiment, p_now);
end;
comment on function stimuli.stop_experiment(uuid, uuid, timestamptz) is
  'Stops a running experiment and returns it: nobody new is assigned or exposed, outcomes still come in until outcomes.decide_experiment ends it. Stopping again changes nothing. For managers. Errors: not_found, experiment_not_running (409) for a draft.';
grant execute on function stimuli.stop_experiment(uuid, uuid, timestamptz) to authenticated, service_role;
