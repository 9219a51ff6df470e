create function private.detail_data(
  p_brand uuid, p_rows private.incoming_signal[], p_matches private.signal_match[], p_type signals.signal_type
)
returns setof jsonb
language sql
stable
set search_path = ''
as $$
  select r.data || jsonb_build_object('signal_id', m.signal_id, 'brand_id', p_brand)
  from unnest(p_rows) r
  join unnest(p_matches) m on m.idx = r.idx and m.is_stored and m.duplicate_kind is null
  where r.signal_type = p_type
$$;
comment on function private.detail_data(uuid, private.incoming_signal[], private.signal_match[], signals.signal_type) is
  'The detail rows of the new originals of one type, as JSON.';

create function private.store_signals(
  p_brand uuid, p_rows private.incoming_signal[], p_matches private.signal_match[], p_now timestamptz
)
returns table (idx integer, quality_score double precision)
language plpgsql
volatile
set search_path = ''
as $$
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

  -- A record takes the fields of data that have the names of its columns; every one of them was checked.
  insert into signals.whatsapp_messages select d.*
  from private.detail_data(p_brand, p_rows, p_matches, 'whatsapp_message') x
  cross join lateral jsonb_populate_record(null::signals.whatsapp_messages, x) d;
  insert into signals.reviews select d.*
  from private.detail_data(p_brand, p_rows, p_matches, 'review') x
  cross join lateral jsonb_populate_record(null::signals.reviews, x) d;
  insert into signals.social_comments select d.*
  from private.detail_data(p_brand, p_rows, p_matches, 'social_comment') x
  cross join lateral jsonb_populate_record(null::signals.social_comments, x) d;
  insert into signals.order_history select d.*
  from private.detail_data(p_brand, p_rows, p_matches, 'order') x
  cross join lateral jsonb_populate_record(null::signals.order_history, x) d;
  insert into signals.web_behavior select d.*
  from private.detail_data(p_brand, p_rows, p_matches, 'web_behavior') x
  cross join lateral jsonb_populate_record(null::signals.web_behavior, x) d;
  insert into signals.email_interactions select d.*
  from private.detail_data(p_brand, p_rows, p_matches, 'email_interaction') x
  cross join lateral jsonb_populate_record(null::signals.email_interactions, x) d;
  insert into signals.survey_responses select d.*
  from private.detail_data(p_brand, p_rows, p_matches, 'survey_response') x
  cross join lateral jsonb_populate_record(null::signals.survey_responses, x) d;
  insert into signals.crm_events select d.*
  from private.detail_data(p_brand, p_rows, p_matches, 'crm_event') x
  cross join lateral jsonb_populate_record(null::signals.crm_events, x) d;
end
$$;
comment on function private.store_signals(uuid, private.incoming_signal[], private.signal_match[], timestamptz) is
  'Writes new signals, duplicates included, and the detail rows of those that are none; returns the quality of every row.';
