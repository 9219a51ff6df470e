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
