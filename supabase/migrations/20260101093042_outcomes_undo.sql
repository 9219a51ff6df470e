create function private.forget_step_evidence(p_brand uuid, p_step uuid, p_now timestamptz)
returns uuid[]
language sql
volatile
set search_path = ''
as $$
  with piece as materialized (
    -- Lookups by index, one after the other: without statistics a join of the whole ledger looks as good.
    select e.id
    from outcomes.outcome_learning l
    cross join lateral (select d.id from stimuli.stimulus_deployments d
      where d.brand_id = p_brand and d.stimulus_id = l.impact_scope_id and d.learning_id = coalesce(l.revises, l.id) offset 0) d
    cross join lateral (select o.id from outcomes.outcomes o where o.brand_id = p_brand and o.deployment_id = d.id offset 0) o
    cross join lateral (select e.id from actors.evidence e
      where e.brand_id = p_brand and e.source_kind = 'outcome' and e.source_id = o.id and e.retracted_at is null offset 0) e
    where l.brand_id = p_brand and l.id = p_step
  ), gone as (
    update actors.evidence e set retracted_at = p_now where e.id in (select p.id from piece p)
    returning e.actor_id
  )
  select coalesce(array_agg(distinct g.actor_id), '{}') from gone g
$$;
comment on function private.forget_step_evidence(uuid, uuid, timestamptz) is
  'Retracts what a step of learning said about people and returns those people, to be folded again.';

create function private.undo_step(p_brand uuid, p_step uuid, p_reason text, p_by text, p_now timestamptz)
returns void
language plpgsql
volatile
set search_path = ''
as $$
declare
  v_step outcomes.outcome_learning;
  v_arms constant uuid[] := private.arms_of_steps(p_brand, array[p_step]);
  v_before private.folded_arm[];
begin
  v_before := array(select f from private.folded_arms(p_brand, v_arms) f);
  update outcomes.outcome_learning l
  set is_active = false, undone_at = p_now, undone_by = p_by, undo_reason = p_reason, implementation_status = 'rejected', implementation_notes = p_reason
  where l.brand_id = p_brand and l.id = p_step returning * into v_step;
  update ai.learning_logs g set is_active = false, implementation_status = 'rejected', implementation_notes = p_reason
  where g.brand_id = p_brand and g.id = v_step.learning_log_id;
  update outcomes.outcome_feedback_loop f
  set processing_status = 'rejected', application_notes = p_reason, processed_at = p_now
  from outcomes.outcome_learning l
  where l.brand_id = p_brand and coalesce(l.revises, l.id) = coalesce(v_step.revises, p_step)
    and f.brand_id = p_brand and f.source_learning_id = l.id and f.processing_status = 'applied';

  perform private.refold_arms(p_brand, v_arms, v_before);
  perform private.refold_actors(p_brand, private.forget_step_evidence(p_brand, p_step, p_now), p_now);
  perform private.score_stimuli(p_brand, array[v_step.impact_scope_id]);
  if not exists (select from private.latest_steps(p_brand, array[v_step.impact_scope_id]) s where s.learning_id is not null) then
    delete from outcomes.cohort_outcome_summary s where s.brand_id = p_brand and s.stimulus_id = v_step.impact_scope_id;
    delete from stimuli.stimulus_performance_metrics m where m.brand_id = p_brand and m.stimulus_id = v_step.impact_scope_id;
    delete from cohorts.cohort_performance_metrics c
    where c.brand_id = p_brand and c.context_type = 'stimulus' and c.context_id = v_step.impact_scope_id;
    update outcomes.outcome_analysis a set is_current = false
    where a.brand_id = p_brand and a.analysis_type = 'stimulus_effectiveness' and a.scope_id = v_step.impact_scope_id and a.is_current;
  end if;
  perform private.emit(p_brand, 'outcomes.learning_undone', 'outcome_learning', p_step, jsonb_build_object('reason', p_reason, 'by', p_by));
end
$$;
comment on function private.undo_step(uuid, uuid, text, text, timestamptz) is
  'Takes an active step of learning back, whatever was learnt since: its evidence about people, its rewards, and its part in scores; of a stimulus about which nothing is learnt any more also the summaries and measures. What happened (outcomes, that the windows are closed) stays.';

create function private.require_step(p_brand uuid, p_learning uuid, p_reason text, p_now timestamptz)
returns outcomes.outcome_learning
language plpgsql
volatile
set search_path = ''
as $$
declare
  v_step outcomes.outcome_learning;
begin
  perform private.require_role(p_brand, 'manager');
  perform private.lock_identity(p_brand, p_reason, p_now);
  perform pg_advisory_xact_lock(hashtextextended('outcomes:' || p_brand::text, 0));
  select * into v_step from outcomes.outcome_learning l where l.brand_id = p_brand and l.id = p_learning;
  if not found then
    perform private.raise_error('not_found', 'outcome_learning', coalesce(p_learning::text, 'null'));
  end if;
  return v_step;
end
$$;
comment on function private.require_step(uuid, uuid, text, timestamptz) is
  'A step of learning for a manager who undoes it or learns it again; nobody else learns until the transaction ends. Errors: role_too_low, not_found, invalid_argument.';

create function private.outcomes_undo_learning(p_brand uuid, p_learning uuid, p_reason text, p_now timestamptz)
returns outcomes.outcome_learning
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  v_started constant timestamptz := clock_timestamp();
  v_step outcomes.outcome_learning := private.require_step(p_brand, p_learning, p_reason, p_now);
begin
  if v_step.undone_at is not null then
    return v_step;
  end if;
  -- What was learnt again since is taken back with its latest version.
  select * into v_step from outcomes.outcome_learning l
  where l.brand_id = p_brand and coalesce(l.revises, l.id) = coalesce(v_step.revises, v_step.id)
  order by l.is_active desc, l.version desc limit 1;
  if v_step.is_active then
    perform private.undo_step(p_brand, v_step.id, p_reason, coalesce(auth.uid()::text, current_setting('role')), p_now);
    perform private.log_call('outcomes.undo_learning', p_brand, jsonb_build_object('learning', v_step.id, 'reason', p_reason, 'now', p_now), null, v_started,
      p_entity_type => 'learning_step', p_entity_id => v_step.id);
    select * into v_step from outcomes.outcome_learning l where l.brand_id = p_brand and l.id = v_step.id;
  end if;
  return v_step;
end
$$;
comment on function private.outcomes_undo_learning(uuid, uuid, text, timestamptz) is 'Body of outcomes.undo_learning. Definer: moves beliefs, arms and scores, which clients may not.';
grant execute on function private.outcomes_undo_learning(uuid, uuid, text, timestamptz) to authenticated, service_role;

create function outcomes.undo_learning(p_brand uuid, p_learning uuid, p_reason text default null, p_now timestamptz default now())
returns outcomes.outcome_learning
language sql
volatile
set search_path = ''
begin atomic
  select * from private.outcomes_undo_learning(p_brand, p_learning, p_reason, p_now);
end;
comment on function outcomes.undo_learning(uuid, uuid, text, timestamptz) is
  'Takes a step of learning (outcomes.outcome_learning; of one that was revised the latest version) back and returns it: what is believed of people, arms, counters, scores of stimuli, offers and templates are what they would be had it never been learnt, whatever was learnt before and since; what happened stays measured. Undoing again changes nothing. p_reason: at most 2,000 characters. For managers. Errors: role_too_low, not_found, invalid_argument.';
grant execute on function outcomes.undo_learning(uuid, uuid, text, timestamptz) to authenticated, service_role;

create function private.outcomes_redo_learning(p_brand uuid, p_learning uuid, p_reason text, p_now timestamptz)
returns outcomes.outcome_learning
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  v_started constant timestamptz := clock_timestamp();
  v_step outcomes.outcome_learning := private.require_step(p_brand, p_learning, p_reason, p_now);
  v_steps uuid[];
begin
  select * into v_step from outcomes.outcome_learning l
  where l.brand_id = p_brand and coalesce(l.revises, l.id) = coalesce(v_step.revises, v_step.id)
  order by l.is_active desc, l.version desc limit 1;
  if v_step.is_active then
    if v_step.cause <> 'learned_again' then
      perform private.raise_error('learning_not_undone', p_learning::text);
    end if;
    return v_step;
  end if;
  v_steps := private.learn_again(p_brand, array[v_step.id], '{}', 'learned_again', p_now);
  perform private.emit(p_brand, 'outcomes.learning_redone', 'outcome_learning', v_steps[1], jsonb_build_object('reason', p_reason, 'undone', v_step.id));
  perform private.log_call('outcomes.redo_learning', p_brand, jsonb_build_object('learning', v_step.id, 'reason', p_reason, 'now', p_now),
    jsonb_build_object('learning', v_steps[1]), v_started, p_entity_type => 'learning_step', p_entity_id => v_steps[1]);
  select * into v_step from outcomes.outcome_learning l where l.brand_id = p_brand and l.id = v_steps[1];
  return v_step;
end
$$;
comment on function private.outcomes_redo_learning(uuid, uuid, text, timestamptz) is 'Body of outcomes.redo_learning. Definer: moves beliefs, arms and scores, which clients may not.';
grant execute on function private.outcomes_redo_learning(uuid, uuid, text, timestamptz) to authenticated, service_role;

create function outcomes.redo_learning(p_brand uuid, p_learning uuid, p_reason text default null, p_now timestamptz default now())
returns outcomes.outcome_learning
language sql
volatile
set search_path = ''
begin atomic
  select * from private.outcomes_redo_learning(p_brand, p_learning, p_reason, p_now);
end;
comment on function outcomes.redo_learning(uuid, uuid, text, timestamptz) is
  'Learns again what outcomes.undo_learning took back, from the outcomes as they are now and as if never undone, and returns the new version of the step; it is never rolled back by validation. Doing so again changes nothing and returns the same. p_reason: at most 2,000 characters. For managers. Errors: role_too_low, not_found, invalid_argument, learning_not_undone (409).';
grant execute on function outcomes.redo_learning(uuid, uuid, text, timestamptz) to authenticated, service_role;
