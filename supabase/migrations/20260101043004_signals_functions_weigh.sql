create function private.weigh_signals(p_brand uuid, p_rows private.incoming_signal[], p_now timestamptz)
returns table (idx integer, quality_score double precision, quality_parts jsonb)
language plpgsql
stable
set search_path = ''
as $$
#variable_conflict use_column
begin
  return query
  with settings as materialized (
    select private.parameter(p_brand, 'signals.quality_weights') as weights,
      private.parameter(p_brand, 'signals.source_trust') as trust,
      (private.parameter(p_brand, 'signals.freshness_half_life_days') #>> '{}')::double precision as half_life,
      (private.parameter(p_brand, 'signals.freshness_floor') #>> '{}')::double precision as floor
  ),
  weights as materialized (
    select coalesce((s.weights ->> 'completeness')::double precision, 0) / t.total as completeness,
      coalesce((s.weights ->> 'plausibility')::double precision, 0) / t.total as plausibility,
      coalesce((s.weights ->> 'freshness')::double precision, 0) / t.total as freshness,
      coalesce((s.weights ->> 'source_trust')::double precision, 0) / t.total as source_trust
    from settings s
    cross join lateral (select sum(w.value::double precision) as total from jsonb_each_text(s.weights) w) t
  ),
  doubts as materialized (
    select r.idx, r.completeness, r.occurred_at, r.source_platform, r.doubts + (r.occurred_at > p_now)::integer + coalesce(case r.signal_type
      when 'order' then
        ((r.data ->> 'total_amount')::numeric > 1.01 * ((r.data ->> 'subtotal')::numeric + (r.data ->> 'tax_amount')::numeric
          + (r.data ->> 'tip_amount')::numeric + (r.data ->> 'delivery_fee')::numeric) + 0.05)::integer
        + ((r.data ->> 'subtotal')::numeric > 1.01 * (
            select sum((i.item ->> 'quantity')::numeric * (i.item ->> 'unit_price')::numeric)
            from jsonb_array_elements(r.data -> 'items') i (item)) + 0.05)::integer
        + coalesce((r.data ->> 'delivery_time')::timestamptz < r.occurred_at, false)::integer
      when 'review' then ((r.data ->> 'helpful_votes')::numeric > (r.data ->> 'total_votes')::numeric)::integer
      when 'email_interaction' then (not r.data ? 'recipient_email' and not r.data ? 'sender_email')::integer
    end, 0) as doubts
    from unnest(p_rows) r
  ),
  parts as materialized (
    select d.idx,
      greatest(0.01, least(1, d.completeness)) as completeness,
      greatest(0.01, (0.5 ^ d.doubts)::double precision) as plausibility,
      greatest(0.01, s.floor + (1 - s.floor)
        * 0.5 ^ least(100, greatest(0, extract(epoch from p_now - d.occurred_at)::double precision / 86400 / s.half_life))) as freshness,
      greatest(0.01, least(1, coalesce(s.trust ->> lower(d.source_platform), s.trust ->> 'default')::double precision)) as source_trust
    from doubts d cross join settings s
  )
  select p.idx,
    exp(w.completeness * ln(p.completeness) + w.plausibility * ln(p.plausibility)
      + w.freshness * ln(p.freshness) + w.source_trust * ln(p.source_trust)),
    jsonb_build_object('completeness', round(p.completeness::numeric, 4), 'plausibility', round(p.plausibility::numeric, 4),
      'freshness', round(p.freshness::numeric, 4), 'source_trust', round(p.source_trust::numeric, 4))
  from parts p cross join weights w;
end
$$;
comment on function private.weigh_signals(uuid, private.incoming_signal[], timestamptz) is
  'Quality of each signal: q = exp(sum of w_k ln q_k), w normalised to 1, each q_k in 0.01..1. completeness: share of the informative fields that are given, an identifier counting as one. plausibility: 0.5 for each statement that cannot be true. freshness: floor + (1 - floor) 2^(-age / half-life). source_trust: by platform.';
