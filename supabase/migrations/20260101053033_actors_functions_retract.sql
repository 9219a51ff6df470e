create function private.forget_record(p_brand uuid, p_record uuid, p_now timestamptz)
returns void
language plpgsql
volatile
set search_path = ''
as $$
declare
  v_left uuid[];
begin
  -- Nothing vouches for it any more: it ties nobody to anybody.
  delete from private.identity_blocks k where k.brand_id = p_brand and k.record_id = p_record;
  delete from actors.identity_matches m where m.brand_id = p_brand and p_record in (m.record_a, m.record_b);
  update actors.identity_reviews v set status = 'obsolete' where v.brand_id = p_brand and p_record in (v.record_a, v.record_b) and v.status = 'open';
  -- Its person may have been one only through it.
  select array_agg(o.id order by o.id) into v_left
  from actors.identity_records r
  join actors.identity_records o on o.brand_id = p_brand and o.actor_id = r.actor_id and o.id <> r.id and o.signal_count > 0
  where r.brand_id = p_brand and r.id = p_record;
  if v_left is not null then
    perform private.assign_records(p_brand, v_left, private.identity_model_of(p_brand), p_now);
  end if;
  update actors.actors a set is_active = false
  from actors.identity_records r
  where r.brand_id = p_brand and r.id = p_record and a.brand_id = p_brand and a.id = r.actor_id
    and not exists (select from actors.identity_records o where o.brand_id = p_brand and o.actor_id = a.id and o.signal_count > 0);
end
$$;
comment on function private.forget_record(uuid, uuid, timestamptz) is 'Takes an identity record that has no signal left out of matching and clusters its person''s other records again; a person without any left is not active.';

create function private.retell_order(p_brand uuid, p_signal uuid, p_now timestamptz)
returns uuid[]
language plpgsql
volatile
set search_path = ''
as $$
declare
  v_evidence uuid[];
begin
  v_evidence := private.actors_extract(p_brand, array(
    select o.signal_id
    from signals.order_history r
    join signals.order_history o on o.brand_id = p_brand and o.order_number = r.order_number and o.signal_id <> p_signal
    join signals.signals_base s on s.brand_id = p_brand and s.id = o.signal_id and s.processing_status = 'completed'
    where r.signal_id = p_signal), p_now);
  return array(select distinct e.actor_id from actors.evidence e where e.brand_id = p_brand and e.id = any (v_evidence));
end
$$;
comment on function private.retell_order(uuid, uuid, timestamptz) is
  'Only the first telling of an order is evidence (private.order_evidence): where that one was retracted, the next takes its place. Returns the people who got evidence, to be folded again.';

create function private.actors_retract(p_signal uuid, p_reason text, p_now timestamptz)
returns boolean
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  v_started constant timestamptz := clock_timestamp();
  v_signal signals.signals_base;
  v_actors uuid[];
begin
  select * into v_signal from signals.signals_base s
  where s.id = p_signal and (private.is_service() or s.brand_id = any (private.brand_ids('support')));
  if not found then
    perform private.raise_error('not_found', 'signal', coalesce(p_signal::text, 'null'));
  end if;
  perform private.lock_identity(v_signal.brand_id, p_reason, p_now);
  -- The triggers of higher domains retract what they made of it (outcomes: evidence of responses).
  update signals.signals_base s
  set retracted_at = p_now, retraction_reason = p_reason, processing_status = 'skipped', processed_at = coalesce(s.processed_at, p_now)
  where s.brand_id = v_signal.brand_id and s.id = p_signal and s.retracted_at is null
  -- As it is now: while this waited for the lock it may have been processed, or moved to somebody else.
  returning * into v_signal;
  if not found then
    return false;
  end if;

  with retracted as (
    update actors.evidence e set retracted_at = p_now
    where e.brand_id = v_signal.brand_id and e.source_kind = 'signal' and e.source_id = p_signal and e.retracted_at is null
    returning e.actor_id
  )
  select array_agg(distinct r.actor_id) into v_actors
  from (select actor_id from retracted union all select v_signal.actor_id) r where r.actor_id is not null;
  if v_signal.signal_type = 'order' then
    v_actors := v_actors || private.retell_order(v_signal.brand_id, p_signal, p_now);
  end if;
  update actors.identity_records r
  set signal_count = (
    select count(*) from signals.signals_base s
    where s.brand_id = r.brand_id and s.identity_record_id = r.id and s.actor_id is not null and s.retracted_at is null)
  where r.brand_id = v_signal.brand_id and r.id = v_signal.identity_record_id;
  perform private.refold_actors(v_signal.brand_id, coalesce(v_actors, '{}'), p_now);
  -- Now, and not with the next job: nothing that is current may stand on it.
  perform private.actors_write_insights(v_signal.brand_id, coalesce(v_actors, '{}'), p_now, true);
  update actors.actor_belief_vectors t set is_current = false where t.brand_id = v_signal.brand_id and t.actor_id = any (v_actors) and t.is_current;
  perform private.recount_actors(v_signal.brand_id, coalesce(v_actors, '{}'));
  if exists (select from actors.identity_records r where r.brand_id = v_signal.brand_id and r.id = v_signal.identity_record_id and r.signal_count = 0) then
    perform private.forget_record(v_signal.brand_id, v_signal.identity_record_id, p_now);
  end if;
  perform private.emit(v_signal.brand_id, 'actors.signal_retracted', 'signal', p_signal, jsonb_build_object('reason', p_reason));
  perform private.log_call('actors.retract', v_signal.brand_id, jsonb_build_object('signal', p_signal, 'reason', p_reason), null, v_started,
    p_entity_type => 'signal', p_entity_id => p_signal);
  return true;
end
$$;
comment on function private.actors_retract(uuid, text, timestamptz) is 'Body of actors.retract. Definer: clients write no signals, evidence or beliefs.';
grant execute on function private.actors_retract(uuid, text, timestamptz) to authenticated, service_role;

create function actors.retract(p_signal uuid, p_reason text default null, p_now timestamptz default now())
returns boolean
language sql
volatile
set search_path = ''
begin atomic
  select private.actors_retract(p_signal, p_reason, p_now);
end;
comment on function actors.retract(uuid, text, timestamptz) is
  'Takes a signal back (a fake review, somebody else''s order): it stays stored with the time and reason, its evidence counts no more, and everything believed is what it would be without it; for operators. True when it was retracted by this call, false when it had been. Errors: not_found, role_too_low, invalid_argument.';
grant execute on function actors.retract(uuid, text, timestamptz) to authenticated, service_role;
