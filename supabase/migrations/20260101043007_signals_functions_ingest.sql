create function private.ingest_batch(p_brand uuid, p_signals jsonb, p_now timestamptz)
returns table (
  index integer, verdict text, signal_id uuid, duplicate_of uuid, duplicate_kind text,
  error_code text, field text, reason text, quality_score double precision
)
language plpgsql
volatile
set search_path = ''
as $$
declare
  v_all private.incoming_signal[];
  v_rows private.incoming_signal[];
  v_bands private.text_bands_row[];
  v_matches private.signal_match[];
begin
  v_all := array(select r from private.read_signals(p_brand, p_signals, p_now) r);
  v_rows := array(select r from unnest(v_all) r where r.error_code is null);
  v_bands := array(select b from private.text_bands(p_brand, v_rows,
    (private.parameter(p_brand, 'signals.near_duplicate_least_words') #>> '{}')::integer) b);

  -- One batch of a brand at a time: what a batch compares itself with cannot change under it, and no two batches wait
  -- for each other's rows. The statements below run after the lock and see what the batch before has committed.
  perform pg_advisory_xact_lock(hashtextextended('signals.ingest/' || p_brand, 0));
  v_matches := array(select m from private.match_duplicates(p_brand, v_rows, v_bands) m);

  return query
  with quality as materialized (
    select * from private.store_signals(p_brand, v_rows, v_matches, p_now)
  )
  select a.idx,
    case when a.error_code is not null then 'rejected' when m.duplicate_kind is not null then 'duplicate' else 'accepted' end,
    m.signal_id, m.duplicate_of, m.duplicate_kind::text, a.error_code, a.field, a.reason, q.quality_score
  from unnest(v_all) a
  left join unnest(v_matches) m on m.idx = a.idx
  left join quality q on q.idx = a.idx
  order by a.idx;
end
$$;
comment on function private.ingest_batch(uuid, jsonb, timestamptz) is
  'Reads, compares, weighs and stores one batch; the verdicts of signals.ingest.';

create function private.signals_ingest(p_brand uuid, p_signals jsonb, p_idempotency_key text, p_now timestamptz)
returns table (
  index integer, verdict text, signal_id uuid, duplicate_of uuid, duplicate_kind text,
  error_code text, field text, reason text, quality_score double precision
)
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  v_started_at constant timestamptz := clock_timestamp();
  v_scope constant text := 'signals.ingest/' || p_brand;
  v_replay record;
  v_verdicts jsonb;
  v_counts jsonb;
  v_codes jsonb;
begin
  perform private.require_role(p_brand, 'operator');
  if jsonb_typeof(p_signals) is distinct from 'array' then
    perform private.raise_error('invalid_argument', 'p_signals', 'must be an array');
  elsif jsonb_array_length(p_signals) not between 1 and 1000 then
    perform private.raise_error('invalid_argument', 'p_signals', 'must hold 1 to 1,000 signals');
  end if;
  perform private.require_time('p_now', p_now);
  if p_idempotency_key is not null then
    select * into v_replay
    from private.begin_idempotent(v_scope, p_idempotency_key, sha256(convert_to(p_signals::text, 'UTF8')));
    v_verdicts := v_replay.response;
  end if;

  if v_verdicts is null then
    select jsonb_agg(to_jsonb(b) order by b.index),
      jsonb_build_object('accepted', count(*) filter (where b.verdict = 'accepted'),
        'duplicate', count(*) filter (where b.verdict = 'duplicate'), 'rejected', count(*) filter (where b.verdict = 'rejected'))
    into v_verdicts, v_counts
    from private.ingest_batch(p_brand, p_signals, p_now) b;
    select jsonb_object_agg(c.code, c.n) into v_codes from (
      select v.row ->> 'error_code' as code, count(*) as n from jsonb_array_elements(v_verdicts) v (row)
      where v.row ->> 'verdict' = 'rejected' group by 1) c;

    -- Counts only: what was rejected is told to the caller and kept nowhere.
    perform private.log_call('signals.ingest', p_brand, jsonb_build_object('signals', jsonb_array_length(p_signals)),
      v_counts || jsonb_build_object('error_codes', coalesce(v_codes, '{}')), v_started_at);
    if (v_counts ->> 'rejected')::integer < jsonb_array_length(p_signals) then
      perform private.emit(p_brand, 'signals.batch_ingested', null, null, v_counts);
    end if;
    if p_idempotency_key is not null then
      perform private.finish_idempotent(v_scope, p_idempotency_key, v_verdicts);
    end if;
  end if;

  return query
  select r.* from jsonb_to_recordset(v_verdicts) r (
    index integer, verdict text, signal_id uuid, duplicate_of uuid, duplicate_kind text,
    error_code text, field text, reason text, quality_score double precision)
  order by r.index;
end
$$;
comment on function private.signals_ingest(uuid, jsonb, text, timestamptz) is
  'Body of signals.ingest. Definer: clients cannot write signals.';
grant execute on function private.signals_ingest(uuid, jsonb, text, timestamptz) to authenticated, service_role;

create function signals.ingest(p_brand uuid, p_signals jsonb, p_idempotency_key text default null, p_now timestamptz default now())
returns table (
  index integer, verdict text, signal_id uuid, duplicate_of uuid, duplicate_kind text,
  error_code text, field text, reason text, quality_score double precision
)
language sql
volatile
set search_path = ''
begin atomic
  select * from private.signals_ingest(p_brand, p_signals, p_idempotency_key, p_now);
end;
comment on function signals.ingest(uuid, jsonb, text, timestamptz) is
  'Takes 1 to 1,000 signals of mixed types, for operators. Each is judged on its own: accepted, duplicate (with the original and the kind; new versions and copies are kept but never learned from) or rejected (with error_code, field and reason); good ones are stored whatever the others are. A signal: {"type", "source_platform", "source_id"?, "occurred_at", "identifiers"? {"email", "phone", "customer_id", "social_handle"}, "name"?, "person"? {"given_name", "family_name", "street", "house_number", "city", "postcode", "region", "country", "birth_date"}, "data" {columns of the detail table}, "metadata"?}. p_idempotency_key: sending the same batch again with it returns the first verdicts. p_now: time of receipt. Errors: invalid_argument, idempotency_key_reused, idempotency_in_flight, not_a_member, role_too_low.';
grant execute on function signals.ingest(uuid, jsonb, text, timestamptz) to authenticated, service_role;
