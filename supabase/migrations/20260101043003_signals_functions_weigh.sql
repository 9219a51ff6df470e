create function private.weigh_signals(p_brand uuid, p_rows private.incoming_signal[], p_now timestamptz)
returns table (idx integer, quality_score double precision, quality_parts jsonb)
language sql
stable
set search_path = ''
as $$
  with settings as materialized (
    select private.parameter(p_brand, 'signals.quality_weights') as weights,
      private.parameter(p_brand, 'signals.source_trust') as trust,
      (private.parameter(p_brand, 'signals.freshness_half_life_days') #>> '{}')::double precision as half_life,
      (private.parameter(p_brand, 'signals.freshness_floor') #>> '{}')::double precision as floor
  ),
  weights as materialized (
    select w.key as part, w.value::double precision / sum(w.value::double precision) over () as weight
    from settings s cross join lateral jsonb_each_text(s.weights) w
  ),
  doubts as materialized (
    select r.idx, r.doubts + (r.occurred_at > p_now)::integer + coalesce(case r.signal_type
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
  parts as (
    select r.idx, p.part, greatest(0.01, least(1, p.value)) as value
    from unnest(p_rows) r
    join doubts d on d.idx = r.idx
    cross join settings s
    cross join lateral (values
      ('completeness', r.completeness),
      ('plausibility', 0.5 ^ d.doubts),
      ('freshness', s.floor + (1 - s.floor)
        * 0.5 ^ least(100, greatest(0, extract(epoch from p_now - r.occurred_at)::double precision / 86400 / s.half_life))),
      ('source_trust', coalesce(s.trust ->> lower(r.source_platform), s.trust ->> 'default')::double precision)
    ) p (part, value)
  )
  select p.idx, exp(sum(coalesce(w.weight, 0) * ln(p.value))), jsonb_object_agg(p.part, round(p.value::numeric, 4))
  from parts p left join weights w on w.part = p.part
  group by p.idx
$$;
comment on function private.weigh_signals(uuid, private.incoming_signal[], timestamptz) is
  'Quality of each signal: q = exp(sum of w_k ln q_k), w normalised to 1, each q_k in 0.01..1. completeness: share of the informative fields that are given, an identifier counting as one. plausibility: 0.5 for each statement that cannot be true. freshness: floor + (1 - floor) 2^(-age / half-life). source_trust: by platform.';
