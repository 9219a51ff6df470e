create function private.beliefs_hash(p_brand uuid)
returns text
language sql
stable
set search_path = ''
as $$
  select encode(sha256(convert_to(coalesce(string_agg(
    format('%s|%s|%s|%s|%s|%s|%s|%s', b.actor_id, b.attribute, b.context, b.is_stated, b.categories, b.state, b.as_of at time zone 'UTC', b.evidence_count), E'\n'
    order by b.actor_id, b.attribute, b.context, b.is_stated), ''), 'UTF8')), 'hex')
  from actors.actor_beliefs b where b.brand_id = p_brand
$$;
comment on function private.beliefs_hash(uuid) is 'SHA-256, in hex, of all that is believed of the people of a brand, to the last bit; ids and times of the rows are not in it.';

create function private.reextract(p_brand uuid, p_signals uuid[], p_now timestamptz)
returns table (added integer, retracted integer)
language plpgsql
volatile
set search_path = ''
set plan_cache_mode = force_custom_plan -- the plan depends on the size of the array
as $$
begin
  with expected as materialized (
    select * from private.evidence_of_signals(p_brand, p_signals)
  ), gone as (
    update actors.evidence e set retracted_at = p_now
    where e.brand_id = p_brand and e.source_kind = 'signal' and e.source_id = any (p_signals) and e.retracted_at is null
      and not exists (
        select from expected x
        where (x.signal_id, x.attribute, x.category, x.is_stated) = (e.source_id, e.attribute, e.category, e.is_stated)
          and (x.distribution, x.value, x.exposure, x.weight, x.occurred_at) is not distinct from (e.distribution, e.value, e.exposure, e.weight, e.occurred_at))
    returning 1
  )
  select count(*)::integer into retracted from gone;
  added := cardinality(private.actors_extract(p_brand, p_signals, p_now));
  return next;
end
$$;
comment on function private.reextract(uuid, uuid[], timestamptz) is
  'Reads the signals again by the rules of today: evidence that they no longer give is retracted, evidence that is missing is added. Where rules and signals are as they were, nothing changes.';

create function private.actors_rebuild(p_brand uuid, p_now timestamptz)
returns table (signals integer, actors integer, evidence_added integer, evidence_retracted integer, beliefs_changed integer, hash_before text, hash_after text)
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  v_started constant timestamptz := clock_timestamp();
  v_batch constant integer := 2000;
  v_ids uuid[];
  v_part record;
begin
  perform private.require_role(p_brand, 'manager');
  perform private.require_time('p_now', p_now);
  perform private.lock_brand_identity(p_brand);
  hash_before := private.beliefs_hash(p_brand);
  evidence_added := 0;
  evidence_retracted := 0;
  beliefs_changed := 0;

  -- Loops in batches: memory stays bounded however large the brand is.
  v_ids := array(select s.id from signals.signals_base s where s.brand_id = p_brand and s.processing_status = 'completed' order by s.id);
  signals := cardinality(v_ids);
  for v_from in 1..signals by v_batch loop
    select r.added, r.retracted into v_part from private.reextract(p_brand, v_ids[v_from:v_from + v_batch - 1], p_now) r;
    evidence_added := evidence_added + v_part.added;
    evidence_retracted := evidence_retracted + v_part.retracted;
  end loop;

  v_ids := array(select a.id from actors.actors a where a.brand_id = p_brand order by a.id);
  actors := cardinality(v_ids);
  for v_from in 1..actors by v_batch loop
    beliefs_changed := beliefs_changed + private.refold_actors(p_brand, v_ids[v_from:v_from + v_batch - 1], p_now, false);
  end loop;

  hash_after := private.beliefs_hash(p_brand);
  perform private.log_call('actors.rebuild', p_brand, jsonb_build_object('now', p_now), jsonb_build_object('signals', signals, 'actors', actors,
    'evidence_added', evidence_added, 'evidence_retracted', evidence_retracted, 'beliefs_changed', beliefs_changed, 'hash', hash_after), v_started);
  return next;
end
$$;
comment on function private.actors_rebuild(uuid, timestamptz) is 'Body of actors.rebuild. Definer: clients write no evidence or beliefs.';
grant execute on function private.actors_rebuild(uuid, timestamptz) to authenticated, service_role;

create function actors.rebuild(p_brand uuid, p_now timestamptz default now())
returns table (signals integer, actors integer, evidence_added integer, evidence_retracted integer, beliefs_changed integer, hash_before text, hash_after text)
language sql
volatile
set search_path = ''
begin atomic
  select * from private.actors_rebuild(p_brand, p_now);
end;
comment on function actors.rebuild(uuid, timestamptz) is
  'Makes the evidence of all processed signals and every belief of the brand again, from the signals; for managers. Needed after the rules or the half-lives were changed, and as a proof: where nothing was changed, hash_after is hash_before and nothing was added, retracted or changed. Who is who stays as it is. One transaction, about a second for each thousand people. Errors: role_too_low, invalid_argument.';
grant execute on function actors.rebuild(uuid, timestamptz) to authenticated, service_role;
