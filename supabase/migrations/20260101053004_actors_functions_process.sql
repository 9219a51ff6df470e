create type private.processed_batch as (
  claimed integer,
  matched integer,
  created integer,
  reviews integer,
  evidence_added integer,
  beliefs_updated integer,
  failed integer
);

create function private.actors_process_batch(p_brand uuid, p_signals uuid[], p_now timestamptz)
returns private.processed_batch
language plpgsql
volatile
set search_path = ''
set plan_cache_mode = force_custom_plan -- the plan depends on the size of the arrays
as $$
declare
  v_result private.processed_batch := (cardinality(p_signals), 0, 0, 0, 0, 0, 0);
  v_matches private.actor_match[];
  v_open constant bigint := (select count(*) from actors.identity_reviews v where v.brand_id = p_brand);
  v_evidence uuid[];
begin
  select array_agg(m) into v_matches from private.actors_match(p_brand, p_signals, p_now) m;

  -- All that is found out about a signal in one update: its row stands in nine indexes.
  update signals.signals_base s
  set identity_record_id = m.record_id, actor_id = m.actor_id, confidence_in_matching = coalesce(m.confidence, 0),
    processed_content = s.processed_content || jsonb_strip_nulls(jsonb_build_object('text', t.insight)),
    processed_at = p_now,
    -- Without a person there is nobody to learn about.
    processing_error = case when m.actor_id is null then 'names nobody: its identifiers are missing or stand for nobody in particular (noreply@, 1234567, guest), and it has no full name' end,
    processing_status = case when m.actor_id is null then 'skipped' else 'completed' end::signals.processing_status
  from unnest(p_signals) i
  left join unnest(v_matches) m on m.signal_id = i
  left join private.read_signal_texts(p_brand, p_signals) t on t.signal_id = i
  where s.id = i;

  v_result.matched := coalesce(cardinality(v_matches), 0);
  if v_result.matched > 0 then
    v_result.created := (select count(distinct m.actor_id) from unnest(v_matches) m where m.is_new);
    perform private.actors_count_signals(p_brand, v_matches);
    v_result.reviews := (select count(*) from actors.identity_reviews v where v.brand_id = p_brand) - v_open;
    v_evidence := private.actors_extract(p_brand, p_signals, p_now);
    v_result.evidence_added := cardinality(v_evidence);
    v_result.beliefs_updated := private.fold_evidence(p_brand, v_evidence, p_now);
    perform private.actors_write_beliefs(p_brand, (select array_agg(distinct m.actor_id) from unnest(v_matches) m), p_now);
  end if;
  return v_result;
end
$$;
comment on function private.actors_process_batch(uuid, uuid[], timestamptz) is
  'Identity, evidence, beliefs and belief tables of signals that the caller has claimed; all or nothing.';

create function private.actors_process_safely(p_brand uuid, p_signals uuid[], p_now timestamptz)
returns private.processed_batch
language plpgsql
volatile
set search_path = ''
as $$
declare
  v_half constant integer := cardinality(p_signals) / 2;
  v_a private.processed_batch;
  v_b private.processed_batch;
begin
  return private.actors_process_batch(p_brand, p_signals, p_now);
exception when others then
  -- Deadlock, serialisation, lack of resources, cancellation: not the signals' fault, the whole batch comes again.
  if sqlstate ~ '^(40|53|55|57|58)' then
    raise;
  elsif v_half = 0 then
    update signals.signals_base s set processing_status = 'failed', processed_at = p_now, processing_error = left(sqlstate || ' ' || sqlerrm, 1000)
    where s.brand_id = p_brand and s.id = any (p_signals);
    return (1, 0, 0, 0, 0, 0, 1)::private.processed_batch;
  end if;
  v_a := private.actors_process_safely(p_brand, p_signals[:v_half], p_now);
  v_b := private.actors_process_safely(p_brand, p_signals[v_half + 1:], p_now);
  return (v_a.claimed + v_b.claimed, v_a.matched + v_b.matched, v_a.created + v_b.created, v_a.reviews + v_b.reviews,
    v_a.evidence_added + v_b.evidence_added, v_a.beliefs_updated + v_b.beliefs_updated, v_a.failed + v_b.failed)::private.processed_batch;
end
$$;
comment on function private.actors_process_safely(uuid, uuid[], timestamptz) is
  'private.actors_process_batch, halving a batch that fails until the one bad signal is alone: it is marked failed, all others are processed.';

create function private.actors_process_signals(p_brand uuid, p_limit integer, p_now timestamptz)
returns table (claimed integer, matched integer, created integer, evidence_added integer, beliefs_updated integer, failed integer, reviews integer)
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  v_started constant timestamptz := clock_timestamp();
  v_signals uuid[];
  v_result private.processed_batch := (0, 0, 0, 0, 0, 0, 0);
begin
  perform private.require_role(p_brand, 'operator');
  if coalesce(p_limit not between 1 and 20000, true) then
    perform private.raise_error('invalid_argument', 'p_limit', 'must be from 1 to 20000');
  end if;
  perform private.require_time('p_now', p_now);
  -- One worker per brand: two could make the same person twice, or fold one person at once. Brands run side by side.
  perform private.lock_brand_identity(p_brand);

  select array_agg(c.id order by c.occurred_at, c.id) into v_signals
  from (
    select s.id, s.occurred_at from signals.signals_base s
    where s.brand_id = p_brand and s.processing_status = 'pending' and not s.is_duplicate
    order by s.occurred_at, s.id
    limit p_limit
    for update skip locked
  ) c;
  if v_signals is not null then
    v_result := private.actors_process_safely(p_brand, v_signals, p_now);
    perform private.emit(p_brand, 'actors.signals_processed', null, null, to_jsonb(v_result));
  end if;
  perform private.log_call('actors.process_signals', p_brand, jsonb_build_object('limit', p_limit, 'now', p_now), to_jsonb(v_result), v_started);
  return query select v_result.claimed, v_result.matched, v_result.created, v_result.evidence_added, v_result.beliefs_updated,
    v_result.failed, v_result.reviews;
end
$$;
comment on function private.actors_process_signals(uuid, integer, timestamptz) is
  'Body of actors.process_signals. Definer: clients write no signals, evidence or beliefs.';
grant execute on function private.actors_process_signals(uuid, integer, timestamptz) to authenticated, service_role;

create function actors.process_signals(p_brand uuid, p_limit integer default 1000, p_now timestamptz default now())
returns table (claimed integer, matched integer, created integer, evidence_added integer, beliefs_updated integer, failed integer, reviews integer)
language sql
volatile
set search_path = ''
begin atomic
  select * from private.actors_process_signals(p_brand, p_limit, p_now);
end;
comment on function actors.process_signals(uuid, integer, timestamptz) is
  'Takes up to p_limit (1 to 20000) pending signals of the brand, oldest event first, finds or makes the person of each, writes the evidence and folds it into beliefs; for operators. All in one transaction: after a crash the signals are pending still, and a retry adds nothing twice. A signal that cannot be processed is marked failed and holds up no other. Returns one row of counts; reviews: questions opened about who is who. Errors: invalid_argument, role_too_low.';
grant execute on function actors.process_signals(uuid, integer, timestamptz) to authenticated, service_role;
