create function private.store_signals(
  p_brand uuid, p_rows private.incoming_signal[], p_matches private.signal_match[], p_now timestamptz
)
returns table (idx integer, quality_score double precision)
language plpgsql
volatile
set search_path = ''
as $$
declare
  v_details private.signal_detail[];
begin
  return query
  with weights as materialized (
    select * from private.weigh_signals(p_brand, p_rows, p_now)
  ),
  stored as (
    insert into signals.signals_base (id, brand_id, signal_type, source_platform, source_id, occurred_at, received_at,
      raw_content, content_sha256, text_bands, identifiers, actor_identifier, actor_identifier_type, processing_status,
      quality_score, quality_parts, is_duplicate, duplicate_of, duplicate_kind, source_metadata, metadata)
    select m.signal_id, p_brand, r.signal_type, r.source_platform, r.source_id, r.occurred_at, p_now,
      r.item, r.content_sha256, m.bands, r.identifiers, r.identifiers -> 0 ->> 'value', r.identifiers -> 0 ->> 'type',
      case when m.duplicate_kind is null then 'pending' else 'skipped' end::signals.processing_status,
      w.quality_score, w.quality_parts, m.duplicate_kind is not null, m.duplicate_of, m.duplicate_kind,
      jsonb_strip_nulls(jsonb_build_object('name', r.item -> 'name')),
      case when jsonb_typeof(r.item -> 'metadata') = 'object' then r.item -> 'metadata' else '{}' end
    from unnest(p_rows) r
    join unnest(p_matches) m on m.idx = r.idx and m.is_stored
    join weights w on w.idx = r.idx
  )
  select w.idx, w.quality_score from weights w;

  v_details := array(
    select row(r.signal_type, r.data || jsonb_build_object('signal_id', m.signal_id, 'brand_id', p_brand))::private.signal_detail
    from unnest(p_rows) r join unnest(p_matches) m on m.idx = r.idx
    where m.is_stored and m.duplicate_kind is null);
  -- A record takes the fields of data that have the names of its columns; every one of them was checked.
  insert into signals.whatsapp_messages select d.*
  from unnest(v_details) x cross join lateral jsonb_populate_record(null::signals.whatsapp_messages, x.data) d where x.signal_type = 'whatsapp_message';
  insert into signals.reviews select d.*
  from unnest(v_details) x cross join lateral jsonb_populate_record(null::signals.reviews, x.data) d where x.signal_type = 'review';
  insert into signals.social_comments select d.*
  from unnest(v_details) x cross join lateral jsonb_populate_record(null::signals.social_comments, x.data) d where x.signal_type = 'social_comment';
  insert into signals.order_history select d.*
  from unnest(v_details) x cross join lateral jsonb_populate_record(null::signals.order_history, x.data) d where x.signal_type = 'order';
  insert into signals.web_behavior select d.*
  from unnest(v_details) x cross join lateral jsonb_populate_record(null::signals.web_behavior, x.data) d where x.signal_type = 'web_behavior';
  insert into signals.email_interactions select d.*
  from unnest(v_details) x cross join lateral jsonb_populate_record(null::signals.email_interactions, x.data) d where x.signal_type = 'email_interaction';
  insert into signals.survey_responses select d.*
  from unnest(v_details) x cross join lateral jsonb_populate_record(null::signals.survey_responses, x.data) d where x.signal_type = 'survey_response';
  insert into signals.crm_events select d.*
  from unnest(v_details) x cross join lateral jsonb_populate_record(null::signals.crm_events, x.data) d where x.signal_type = 'crm_event';
end
$$;
comment on function private.store_signals(uuid, private.incoming_signal[], private.signal_match[], timestamptz) is
  'Writes new signals, duplicates included, and the detail rows of those that are none; returns the quality of every row.';
