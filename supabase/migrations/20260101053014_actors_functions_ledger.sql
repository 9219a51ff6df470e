create function private.records_as_of(p_brand uuid, p_actor uuid, p_at timestamptz)
returns table (record_id uuid, probability double precision)
language sql
stable
set search_path = ''
as $$
  select r.id, coalesce(f.probability_before, r.match_probability)
  from (
    select i.id from actors.identity_records i where i.brand_id = p_brand and i.actor_id = p_actor
    union
    select m.row_id from actors.identity_moves m
    where m.brand_id = p_brand and m.table_name = 'actors.identity_records' and m.from_actor = p_actor
  ) c
  join actors.identity_records r on r.brand_id = p_brand and r.id = c.id
  left join lateral (
    select m.from_actor, m.probability_before from actors.identity_moves m
    where m.brand_id = p_brand and m.row_id = r.id and m.table_name = 'actors.identity_records' and m.happened_at > p_at
    order by m.event_id limit 1
  ) f on true
  where coalesce(f.from_actor, r.actor_id) = p_actor
$$;
comment on function private.records_as_of(uuid, uuid, timestamptz) is 'The identity records that were taken to be of a person at p_at, with their match probability of then.';

create function private.evidence_as_of(p_brand uuid, p_actor uuid, p_at timestamptz)
returns setof private.evidence_pieces
language sql
stable
set search_path = ''
as $$
  with found as (
    select e.id, r.probability
    from private.records_as_of(p_brand, p_actor, p_at) r
    join signals.signals_base s on s.brand_id = p_brand and s.identity_record_id = r.record_id
    join actors.evidence e on e.brand_id = p_brand and e.source_kind = 'signal' and e.source_id = s.id
    union all
    select e.id, e.match_probability
    from (
      select o.id from actors.evidence o where o.brand_id = p_brand and o.actor_id = p_actor and o.source_kind <> 'signal'
      union
      select m.row_id from actors.identity_moves m where m.brand_id = p_brand and m.table_name = 'actors.evidence' and m.from_actor = p_actor
    ) c
    join actors.evidence e on e.brand_id = p_brand and e.id = c.id
    left join lateral (
      select m.from_actor from actors.identity_moves m
      where m.brand_id = p_brand and m.row_id = e.id and m.table_name = 'actors.evidence' and m.happened_at > p_at
      order by m.event_id limit 1
    ) f on true
    where coalesce(f.from_actor, e.actor_id) = p_actor
  )
  select e.id, e.brand_id, p_actor, e.attribute, e.context, e.distribution, e.category, e.value, e.exposure, e.is_stated, e.weight, f.probability,
    e.occurred_at, e.recorded_at, e.retracted_at, e.source_kind, e.source_id, e.weight * f.probability
  from found f
  join actors.evidence e on e.brand_id = p_brand and e.id = f.id
  where e.recorded_at <= p_at and (e.retracted_at is null or e.retracted_at > p_at)
$$;
comment on function private.evidence_as_of(uuid, uuid, timestamptz) is
  'The evidence that counted about a person at p_at: recorded by then, not yet retracted, from sources that were taken to be of the person then.';
