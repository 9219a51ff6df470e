create function private.signals_of_outcomes(p_brand uuid, p_outcomes uuid[], p_now timestamptz)
returns integer
language plpgsql
volatile
set search_path = ''
as $$
declare
  v_actors uuid[];
  v_records uuid[];
begin
  with added as (
    insert into signals.signals_base (brand_id, signal_type, source_platform, source_id, occurred_at, received_at, raw_content, content_sha256,
      actor_id, identity_record_id, confidence_in_matching, quality_score, processing_status, processed_at)
    select p_brand, 'outcome_signal', 'internal', o.id::text, o.outcome_timestamp, p_now,
      jsonb_build_object('outcome_id', o.id, 'outcome_type', o.outcome_type, 'outcome_category', o.outcome_category, 'value', o.outcome_value,
        'unit', o.outcome_unit, 'stimulus_id', o.stimulus_id, 'description', o.outcome_description),
      sha256(convert_to('outcome:' || o.id, 'UTF8')), a.id, r.id, o.outcome_confidence, o.data_quality_score, 'completed', p_now
    from outcomes.outcomes o
    left join actors.actors t on t.brand_id = p_brand and t.id = o.target_actor_id
    left join actors.actors a on a.brand_id = p_brand and a.id = coalesce(t.merged_into, t.id)
    -- With a record of its person it follows that through merges and splits.
    left join lateral (select i.id from actors.identity_records i where i.brand_id = p_brand and i.actor_id = a.id order by i.id limit 1) r on true
    where o.brand_id = p_brand and o.id = any (p_outcomes) and o.source_signal_id is null
    on conflict do nothing
    returning actor_id, identity_record_id
  )
  select array_agg(distinct x.actor_id) filter (where x.actor_id is not null), array_agg(distinct x.identity_record_id) filter (where x.identity_record_id is not null)
  into v_actors, v_records from added x;
  update actors.identity_records r
  set signal_count = (select count(*) from signals.signals_base s
    where s.brand_id = p_brand and s.identity_record_id = r.id and s.actor_id is not null and s.retracted_at is null)
  where r.brand_id = p_brand and r.id = any (v_records);
  perform private.recount_actors(p_brand, coalesce(v_actors, '{}'));
  return coalesce(cardinality(v_actors), 0);
end
$$;
comment on function private.signals_of_outcomes(uuid, uuid[], timestamptz) is
  'Makes signals of type outcome_signal of outcomes that were read from none, once each. They are processed already and carry no evidence: what the outcome teaches is learnt from the outcome, and no outcome is ever read from them. Returns of how many people.';

create function private.outcomes_mark_outcome_as_signal(p_outcome uuid, p_now timestamptz)
returns uuid
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  v_started constant timestamptz := clock_timestamp();
  v_outcome outcomes.outcomes;
  v_signal uuid;
begin
  select * into v_outcome from outcomes.outcomes o
  where o.id = p_outcome and (private.is_service() or o.brand_id = any (private.brand_ids('support')));
  if not found then
    perform private.raise_error('not_found', 'outcome', coalesce(p_outcome::text, 'null'));
  end if;
  perform private.require_role(v_outcome.brand_id, 'operator');
  perform private.require_this_moment('p_now', p_now);
  if v_outcome.source_signal_id is not null then
    return v_outcome.source_signal_id;
  end if;
  perform private.lock_brand_identity(v_outcome.brand_id);
  perform private.signals_of_outcomes(v_outcome.brand_id, array[p_outcome], p_now);
  v_signal := private.signal_of_outcome(v_outcome.brand_id, p_outcome);
  perform private.log_call('outcomes.mark_outcome_as_signal', v_outcome.brand_id, jsonb_build_object('outcome', p_outcome),
    jsonb_build_object('signal', v_signal), v_started, p_entity_type => 'outcome', p_entity_id => p_outcome);
  return v_signal;
end
$$;
comment on function private.outcomes_mark_outcome_as_signal(uuid, timestamptz) is 'Body of outcomes.mark_outcome_as_signal. Definer: clients write no signals.';
grant execute on function private.outcomes_mark_outcome_as_signal(uuid, timestamptz) to authenticated, service_role;

create function outcomes.mark_outcome_as_signal(p_outcome uuid, p_now timestamptz default now())
returns uuid
language sql
volatile
set search_path = ''
begin atomic
  select private.outcomes_mark_outcome_as_signal(p_outcome, p_now);
end;
comment on function outcomes.mark_outcome_as_signal(uuid, timestamptz) is
  'Makes an outcome a signal of type outcome_signal among the others of its person (platform internal, matching and quality those of the outcome) and returns the signal''s id. An outcome that was read from a signal is that signal already: its id is returned and nothing is added, so that no happening counts twice; asking again returns the same. outcomes.learn does it by itself for outcomes that were recorded. Retracting the signal takes the outcome back. For operators. Errors: not_found, role_too_low, invalid_argument.';
grant execute on function outcomes.mark_outcome_as_signal(uuid, timestamptz) to authenticated, service_role;
