create function private.forget_outcomes(p_brand uuid, p_signal uuid, p_now timestamptz)
returns integer
language plpgsql
volatile
set search_path = ''
as $$
declare
  v_outcomes uuid[];
  v_deployments uuid[];
  v_responded uuid[];
  v_stimuli uuid[];
  v_closed uuid[];
  v_actors uuid[];
begin
  -- Measuring and learning wait until this is done, or this until they are.
  perform pg_advisory_xact_lock(hashtextextended('outcomes:' || p_brand::text, 0));
  with gone as (
    delete from outcomes.outcomes o where o.brand_id = p_brand and o.source_signal_id = p_signal
    returning o.id, o.deployment_id, o.stimulus_id, o.outcome_type
  )
  select array_agg(g.id), array_agg(distinct g.deployment_id), array_agg(distinct g.stimulus_id),
    array_agg(distinct g.deployment_id) filter (where private.is_response(g.outcome_type))
  into v_outcomes, v_deployments, v_stimuli, v_responded from gone g;
  if v_outcomes is null then
    return 0;
  end if;

  perform private.take_back_reward(p_brand, d.cohort_id, d.template_id, count(*)::integer, d.learned_at)
  from stimuli.stimulus_deployments d
  where d.brand_id = p_brand and d.id = any (v_responded) and d.learned_at is not null and not d.is_holdout
    and d.cohort_id is not null and d.template_id is not null and d.delivery_status in ('pending', 'sent', 'delivered')
    and not exists (select from outcomes.outcomes o
      where o.brand_id = p_brand and o.deployment_id = d.id and private.is_response(o.outcome_type))
  group by d.cohort_id, d.template_id, d.learned_at;

  update stimuli.stimulus_deployments d
  set response_status = 'none', response_timestamp = null, time_to_open = null, time_to_click = null, time_to_convert = null
  where d.brand_id = p_brand and d.id = any (v_deployments) and d.delivery_status in ('pending', 'sent', 'delivered', 'held_out');
  select array_agg(d.id) into v_closed
  from stimuli.stimulus_deployments d where d.brand_id = p_brand and d.stimulus_id = any (v_stimuli) and d.learned_at is not null;
  -- As at the time of learning: what was held out long before counts as it did then.
  perform private.attribute_outcomes(p_brand, coalesce(
    (select max(d.learned_at) from stimuli.stimulus_deployments d where d.brand_id = p_brand and d.id = any (v_closed)), p_now), v_stimuli);
  perform private.note_responses(p_brand, v_stimuli);
  perform private.refresh_stimulus_totals(p_brand, v_stimuli);

  if v_closed is not null then
    -- The person was silent then, and what the stimulus is credited with of the other responses is a little less or more.
    with findings as materialized (
      select * from private.findings(p_brand, v_closed)
    ), wrong as (
      update actors.evidence e set retracted_at = p_now
      where e.brand_id = p_brand and e.source_kind = 'outcome' and e.retracted_at is null
        and e.source_id in (select unnest(v_outcomes) union all
          select o.id from outcomes.outcomes o where o.brand_id = p_brand and o.deployment_id = any (v_closed))
        and not exists (select from findings f where (f.outcome_id, f.attribute, f.value, f.weight) = (e.source_id, e.attribute, e.value, e.weight))
      returning e.actor_id
    )
    select array_agg(distinct w.actor_id) into v_actors from wrong w;
    perform private.learn_beliefs(p_brand, v_closed, p_now);
    perform private.refold_actors(p_brand, coalesce(v_actors, '{}'), p_now);
    update outcomes.outcomes o set processing_status = 'learned'
    where o.brand_id = p_brand and o.deployment_id = any (v_closed) and o.processing_status <> 'learned';

    delete from outcomes.cohort_outcome_summary s where s.brand_id = p_brand and s.stimulus_id = any (v_stimuli);
    perform private.summarise_stimuli(p_brand, v_stimuli, p_now);
    perform private.record_performance(p_brand, v_stimuli, p_now);
    update outcomes.outcome_learning l set is_active = false
    where l.brand_id = p_brand and l.impact_scope = 'stimulus_specific' and l.impact_scope_id = any (v_stimuli) and l.is_active;
    perform private.conclude_stimulus(p_brand, s.id, null, p_now) from unnest(v_stimuli) s (id);
  end if;
  return cardinality(v_outcomes);
end
$$;
comment on function private.forget_outcomes(uuid, uuid, timestamptz) is
  'What was measured from a signal and learnt from that goes, as if the signal had never come: its outcomes; the reward of the arm; the response of the person (a silence, where it was the only one) and, the rates of the stimulus being others now, the weight of the other people''s responses to it; summaries, measures and conclusions about the stimulus. Closed windows of other stimuli keep the baseline they were judged by. Returns how many outcomes there were.';
