create function private.take_look(p_experiment stimuli.experiments, p_now timestamptz)
returns stimuli.experiment_looks
language plpgsql
volatile
set search_path = ''
as $$
declare
  v_results constant outcomes.experiment_result[] := array(select r from private.experiment_results(p_experiment, p_now) r);
  v_judgement constant outcomes.experiment_judgement := private.judge_experiment(p_experiment, v_results, p_now);
  v_before stimuli.experiment_looks;
  v_look stimuli.experiment_looks;
begin
  select * into v_before from stimuli.experiment_looks l where l.experiment_id = p_experiment.id and l.looked_at <= p_now order by l.looked_at desc limit 1;
  if v_before.looked_at = p_now then
    return v_before;
  end if;
  insert into stimuli.experiment_looks (brand_id, experiment_id, looked_at, information, boundary, verdict, variant_id, broken_guardrails, figures)
  values (p_experiment.brand_id, p_experiment.id, p_now, v_judgement.information, v_judgement.boundary, v_judgement.verdict, v_judgement.variant_id,
    v_judgement.broken_guardrails, jsonb_build_object('results', to_jsonb(v_results), 'judgement', to_jsonb(v_judgement)))
  returning * into v_look;
  if v_look.verdict is distinct from v_before.verdict and v_look.verdict in ('better', 'worse', 'no_difference', 'invalid') then
    perform private.emit(p_experiment.brand_id, case v_look.verdict when 'invalid' then 'outcomes.experiment_invalid' else 'outcomes.experiment_concluded' end,
      'experiment', p_experiment.id, jsonb_build_object('verdict', v_look.verdict, 'variant_id', v_look.variant_id, 'look_id', v_look.id, 'summary', v_judgement.summary));
  end if;
  if not v_look.broken_guardrails <@ coalesce(v_before.broken_guardrails, array[]::text[]) then
    perform private.emit(p_experiment.brand_id, 'outcomes.experiment_guardrail_broken', 'experiment', p_experiment.id,
      jsonb_build_object('guardrails', v_look.broken_guardrails, 'look_id', v_look.id, 'summary', v_judgement.summary));
  end if;
  return v_look;
end
$$;
comment on function private.take_look(stimuli.experiments, timestamptz) is
  'Looks at an experiment and writes down what was seen; the same moment again gives the same look. Emits outcomes.experiment_concluded, outcomes.experiment_invalid and outcomes.experiment_guardrail_broken when that is news.';

create function private.look_at_experiments(p_brand uuid, p_now timestamptz)
returns integer
language plpgsql
volatile
set search_path = ''
as $$
declare
  v_started constant timestamptz := clock_timestamp();
  v_looks integer;
begin
  select count(private.take_look(e, p_now)) into v_looks
  from stimuli.experiments e where e.brand_id = p_brand and e.status = 'running' and e.started_at < p_now;
  perform private.log_call('outcomes.look_at_experiments', p_brand, jsonb_build_object('now', p_now), jsonb_build_object('looks', v_looks), v_started);
  return v_looks;
end
$$;
comment on function private.look_at_experiments(uuid, timestamptz) is 'Takes a look at every running experiment of a brand and returns at how many.';

create function private.outcomes_decide_experiment(p_experiment uuid, p_winner uuid, p_reason text, p_override boolean, p_now timestamptz)
returns stimuli.experiment_decisions
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  v_started constant timestamptz := clock_timestamp();
  v_experiment stimuli.experiments;
  v_winner stimuli.experiment_variants;
  v_look stimuli.experiment_looks;
  v_fits boolean;
  v_lesson record;
  v_decision stimuli.experiment_decisions;
begin
  v_experiment := private.started_experiment(p_experiment, 'manager');
  perform private.require_time('p_now', p_now);
  v_experiment := private.experiment_for_update(v_experiment.brand_id, p_experiment);
  select * into v_decision from stimuli.experiment_decisions d where d.experiment_id = p_experiment;
  if v_decision.id is not null and v_decision.winner_id is not distinct from p_winner then
    return v_decision;
  elsif v_experiment.status = 'decided' or p_now < v_experiment.started_at then
    perform private.raise_error('experiment_not_running', p_experiment::text, v_experiment.status);
  elsif coalesce(btrim(p_reason), '') = '' or length(p_reason) > 2000 then
    perform private.raise_error('invalid_argument', 'p_reason', 'must say why, in at most 2,000 characters');
  end if;
  select * into v_winner from stimuli.experiment_variants v where v.experiment_id = p_experiment and v.id = p_winner;
  if p_winner is not null and (v_winner.id is null or v_winner.is_control) then
    perform private.raise_error('invalid_argument', 'p_winner', 'must be a variant of the experiment, or null to keep the control');
  end if;

  v_look := private.take_look(v_experiment, p_now);
  v_fits := v_look.verdict <> 'invalid' and (p_winner is null or v_look.verdict = 'better' and v_look.variant_id = p_winner);
  if not v_fits and p_override is not true then
    perform private.raise_error('experiment_verdict_differs', p_experiment::text, v_look.verdict);
  end if;

  select r.variant_name, r.lift, r.lift_variance, r.chance_to_win into v_lesson
  from jsonb_populate_recordset(null::outcomes.experiment_result, v_look.figures -> 'results') r
  where r.metric_role = 'primary' and not r.is_control
  order by r.variant_id is not distinct from p_winner desc, r.variant_id is not distinct from v_look.variant_id desc, abs(r.lift) desc nulls last limit 1;

  update stimuli.experiments e set status = 'decided', ended_at = coalesce(e.ended_at, p_now) where e.id = p_experiment;
  update stimuli.campaigns c set ab_test_winner = coalesce(v_winner.variant_name, (select v.variant_name from stimuli.experiment_variants v where v.experiment_id = p_experiment and v.is_control))
  where c.brand_id = v_experiment.brand_id and c.stimulus_id = v_experiment.campaign_id;
  insert into stimuli.experiment_decisions (brand_id, experiment_id, look_id, winner_id, is_override, reason, lift, lift_variance, learning_log_id, decided_by, decided_at)
  select v_experiment.brand_id, p_experiment, v_look.id, p_winner, not v_fits, btrim(p_reason), l.lift, l.lift_variance,
    case when l.lift is not null then private.log_learning(v_experiment.brand_id, 'model_update', 'stimulus_effectiveness',
      format('Experiment "%s": %s changed the primary metric by %s%%.', v_experiment.experiment_name, v_lesson.variant_name, round((100 * l.lift)::numeric, 1)),
      jsonb_build_object('experiment_id', p_experiment, 'look_id', v_look.id, 'verdict', v_look.verdict, 'lift', l.lift, 'lift_variance', l.lift_variance,
        'prior_deviation', v_experiment.prior_deviation),
      greatest(v_lesson.chance_to_win, 1 - v_lesson.chance_to_win), jsonb_build_object('method', 'statistical', 'experiment_id', p_experiment),
      case when v_experiment.campaign_id is null then 'global' else 'stimulus_specific' end, v_experiment.campaign_id) end,
    (select u.id from core.users u where u.brand_id = v_experiment.brand_id and u.auth_user_id = auth.uid()), p_now
  from (
    select case when v_look.verdict <> 'invalid' and v_lesson.lift_variance > 0 then v_lesson.lift end as lift,
      case when v_look.verdict <> 'invalid' and v_lesson.lift_variance > 0 then v_lesson.lift_variance end as lift_variance
  ) l
  returning * into v_decision;
  perform private.emit(v_experiment.brand_id, 'outcomes.experiment_decided', 'experiment', p_experiment,
    jsonb_build_object('winner_id', p_winner, 'verdict', v_look.verdict, 'is_override', not v_fits));
  perform private.log_call('outcomes.decide_experiment', v_experiment.brand_id,
    jsonb_build_object('experiment', p_experiment, 'winner', p_winner, 'override', p_override, 'now', p_now),
    jsonb_build_object('verdict', v_look.verdict, 'is_override', not v_fits), v_started, null, 'experiment', p_experiment);
  return v_decision;
end
$$;
comment on function private.outcomes_decide_experiment(uuid, uuid, text, boolean, timestamptz) is 'Body of outcomes.decide_experiment. Definer: clients may not move a status nor write decisions.';
grant execute on function private.outcomes_decide_experiment(uuid, uuid, text, boolean, timestamptz) to authenticated, service_role;

create function outcomes.decide_experiment(p_experiment uuid, p_winner uuid, p_reason text, p_override boolean default false, p_now timestamptz default now())
returns stimuli.experiment_decisions
language sql
volatile
set search_path = ''
begin atomic
  select * from private.outcomes_decide_experiment(p_experiment, p_winner, p_reason, p_override, p_now);
end;
comment on function outcomes.decide_experiment(uuid, uuid, text, boolean, timestamptz) is
  'Ends an experiment: takes a last look, writes the decision with its reason, gives everybody the winner (null: the control stays), notes the winner on the campaign, and logs the lift as learnt: it is part of what the next experiment expects. A winner that the verdict does not call better, and any decision on an invalid experiment, needs p_override; an invalid one teaches nothing. The same decision again returns the first. For managers. Errors: not_found, role_too_low, experiment_not_running (409) for a draft or when decided otherwise, experiment_verdict_differs (409), invalid_argument.';
grant execute on function outcomes.decide_experiment(uuid, uuid, text, boolean, timestamptz) to authenticated, service_role;
