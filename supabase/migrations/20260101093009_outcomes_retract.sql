create function private.forget_outcomes(p_brand uuid, p_signal uuid, p_now timestamptz)
returns integer
language plpgsql
volatile
set search_path = ''
as $$
declare
  v_outcomes uuid[];
  v_deployments uuid[];
  v_stimuli uuid[];
  v_steps uuid[];
begin
  -- Measuring and learning wait until this is done, or this until they are.
  perform pg_advisory_xact_lock(hashtextextended('outcomes:' || p_brand::text, 0));
  with gone as (
    delete from outcomes.outcomes o
    where o.brand_id = p_brand and (o.source_signal_id = p_signal
      or o.id = (select s.source_id::uuid from signals.signals_base s
        where s.brand_id = p_brand and s.id = p_signal and s.signal_type = 'outcome_signal'))
    returning o.id, o.deployment_id, o.stimulus_id
  )
  select array_agg(g.id), array_agg(distinct g.deployment_id), array_agg(distinct g.stimulus_id)
  into v_outcomes, v_deployments, v_stimuli from gone g;
  if v_outcomes is null then
    return 0;
  end if;

  update stimuli.stimulus_deployments d
  set response_status = 'none', response_timestamp = null, time_to_open = null, time_to_click = null, time_to_convert = null
  where d.brand_id = p_brand and d.id = any (v_deployments) and d.delivery_status in ('pending', 'sending', 'sent', 'delivered', 'unknown', 'held_out');
  v_steps := private.judge_again(p_brand, v_stimuli, p_now);
  if v_steps <> '{}' then
    perform private.learn_again(p_brand, v_steps, v_outcomes, 'signal_retracted', p_now);
  end if;
  return cardinality(v_outcomes);
end
$$;
comment on function private.forget_outcomes(uuid, uuid, timestamptz) is
  'What was measured from a signal and learnt from that goes, as if the signal had never come: its outcomes (of an outcome_signal the outcome it was made of); the reward of the arm; the response of the person (a silence, where it was the only one) and, the rates of the stimulus being others now, the weight of the other people''s responses to it; summaries, measures and conclusions about the stimulus. Closed windows of other stimuli keep the baseline they were judged by. Returns how many outcomes there were.';
