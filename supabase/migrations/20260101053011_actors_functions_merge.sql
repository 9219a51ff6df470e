create function private.refold_actors(p_brand uuid, p_actors uuid[], p_now timestamptz)
returns void
language plpgsql
volatile
set search_path = ''
set plan_cache_mode = force_custom_plan -- the plan depends on the size of the array
as $$
begin
  delete from actors.actor_beliefs b where b.brand_id = p_brand and b.actor_id = any (p_actors);
  perform private.fold_evidence(p_brand, (select array_agg(e.id) from actors.evidence e where e.brand_id = p_brand and e.actor_id = any (p_actors)), p_now);
  perform private.actors_write_beliefs(p_brand, p_actors, p_now);
  perform private.refresh_identifiers(p_brand, p_actors);

  update actors.actors a
  set total_signals = coalesce(s.signals, 0), data_quality_score = coalesce(s.quality, 0),
    first_seen_at = coalesce(s.first_at, a.first_seen_at), last_seen_at = coalesce(s.last_at, a.last_seen_at), last_signal_at = s.last_at
  from unnest(p_actors) p (id)
  left join (
    -- Signals of the batch that is being processed are counted when it ends.
    select n.actor_id, count(*) as signals, avg(n.quality_score) as quality, min(n.occurred_at) as first_at, max(n.occurred_at) as last_at
    from signals.signals_base n
    where n.brand_id = p_brand and n.actor_id = any (p_actors) and n.processing_status = 'completed'
    group by n.actor_id
  ) s on s.actor_id = p.id
  where a.brand_id = p_brand and a.id = p.id;
end
$$;
comment on function private.refold_actors(uuid, uuid[], timestamptz) is
  'Makes beliefs, identifiers and counts of people again from the evidence, records and signals that are theirs now.';

create function private.move_records(p_brand uuid, p_records uuid[], p_to uuid, p_probability double precision[], p_cause jsonb, p_now timestamptz)
returns void
language plpgsql
volatile
set search_path = ''
set plan_cache_mode = force_custom_plan -- the plan depends on the size of the array
as $$
declare
  v_left uuid[];
begin
  select array_agg(distinct r.actor_id) into v_left
  from actors.identity_records r where r.brand_id = p_brand and r.id = any (p_records) and r.actor_id <> p_to;

  update actors.identity_records r
  set actor_id = p_to, match_probability = m.probability, decided_by = coalesce(p_cause ->> 'by', 'auto')
  from unnest(p_records, p_probability) m (id, probability)
  where r.brand_id = p_brand and r.id = m.id;
  with moved as (
    update signals.signals_base s
    set actor_id = p_to, confidence_in_matching = m.probability
    from unnest(p_records, p_probability) m (id, probability)
    where s.brand_id = p_brand and s.identity_record_id = m.id and s.actor_id is not null
    returning s.id, m.probability
  )
  update actors.evidence e
  set actor_id = p_to, match_probability = m.probability
  from moved m
  where e.brand_id = p_brand and e.source_kind = 'signal' and e.source_id = m.id;

  perform private.refold_actors(p_brand, v_left || p_to, p_now);
  -- Whoever has no record left is nobody now; the row stays for what still points at it.
  update actors.actors a set is_active = false
  where a.brand_id = p_brand and a.id = any (v_left) and a.is_active
    and not exists (select from actors.identity_records r where r.brand_id = p_brand and r.actor_id = a.id);
end
$$;
comment on function private.move_records(uuid, uuid[], uuid, double precision[], jsonb, timestamptz) is
  'The one way in which a record comes to another person (or to another certainty with its own): record, signals and evidence follow, and beliefs of everybody concerned are folded again. p_cause: {"by": auto|review|rule, ...}.';

create function private.merge_actors(p_brand uuid, p_survivor uuid, p_absorbed uuid, p_cause jsonb, p_now timestamptz)
returns void
language plpgsql
volatile
set search_path = ''
as $$
declare
  v_records uuid[];
  v_probability double precision[];
begin
  select array_agg(r.id order by r.id), array_agg(r.match_probability order by r.id) into v_records, v_probability
  from actors.identity_records r where r.brand_id = p_brand and r.actor_id = p_absorbed;
  perform private.move_records(p_brand, v_records, p_survivor, v_probability, p_cause, p_now);
  -- What was observed of the absorbed person by other ways than signals (outcomes) goes along.
  update actors.evidence e set actor_id = p_survivor where e.brand_id = p_brand and e.actor_id = p_absorbed;
  perform private.refold_actors(p_brand, array[p_survivor, p_absorbed], p_now);
  update actors.actors a set is_active = false, merged_into = p_survivor where a.brand_id = p_brand and a.id = p_absorbed;
end
$$;
comment on function private.merge_actors(uuid, uuid, uuid, jsonb, timestamptz) is
  'Makes two people one: records, signals and evidence of p_absorbed become the survivor''s and beliefs are folded again. p_cause says what decided it.';
