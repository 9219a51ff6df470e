create function private.explain_signal(p_id uuid)
returns jsonb
language sql
stable
set search_path = ''
as $$
  select jsonb_build_object('kind', 'signal', 'id', s.id, 'brand_id', s.brand_id,
    'summary', format('%s %s from %s of %s, quality %s', replace(s.signal_type::text, '_', ' '), s.source_id, s.source_platform,
      to_char(s.occurred_at at time zone 'UTC', 'YYYY-MM-DD'), round(s.quality_score::numeric, 2)),
    'signal_type', s.signal_type, 'source_platform', s.source_platform, 'source_id', s.source_id, 'occurred_at', s.occurred_at,
    'received_at', s.received_at, 'actor_id', s.actor_id, 'confidence_in_matching', s.confidence_in_matching,
    'quality_score', s.quality_score, 'quality_parts', s.quality_parts,
    -- A signal is where every explanation ends; only a duplicate points to what it repeats.
    'because', case when s.duplicate_of is null then '[]' else jsonb_build_array(jsonb_build_object('kind', 'signal', 'id', s.duplicate_of)) end)
  from signals.signals_base s where s.id = p_id
$$;
comment on function private.explain_signal(uuid) is 'For ai.explain: a signal by its source, with its quality and whose it was found to be; its content is in signals.signals_base.raw_content.';

insert into private.explainers (kind, function_name) values ('signal', 'private.explain_signal');
