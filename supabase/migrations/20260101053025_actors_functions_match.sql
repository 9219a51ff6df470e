create function private.index_records(p_brand uuid, p_records uuid[])
returns void
language plpgsql
volatile
set search_path = ''
set plan_cache_mode = force_custom_plan -- the plan depends on the size of the array
as $$
begin
  insert into private.identity_blocks (brand_id, block_key, record_id, is_identifier)
  select k.brand_id, k.block_key, k.record_id, bool_or(k.is_identifier)
  from private.identity_block_keys k where k.record_id = any (p_records)
  group by k.brand_id, k.block_key, k.record_id
  on conflict do nothing;
  perform private.count_identity_values(p_brand, p_records);
  perform private.refresh_identity_bits(p_brand, p_records);
end
$$;
comment on function private.index_records(uuid, uuid[]) is 'Makes new records comparable: writes their blocks, counts their values and notes how common these are.';

create function private.actors_match(p_brand uuid, p_signals uuid[], p_now timestamptz)
returns setof private.actor_match
language plpgsql
volatile
set search_path = ''
set plan_cache_mode = force_custom_plan -- the plan depends on the size of the array
as $$
declare
  v_rows constant private.identity_fields_row[] := array(select r from private.read_identities(p_signals) r);
  v_records constant uuid[] := private.note_identity_records(p_brand, v_rows);
  v_new uuid[] := array[]::uuid[];
  v_model private.identity_model;
begin
  if v_records <> '{}' then
    perform private.index_records(p_brand, v_records);
    v_model := private.identity_model_of(p_brand);
    perform private.match_records(p_brand, v_records, v_model, private.actors_number(p_brand, 'match_floor'));
    v_new := private.assign_records(p_brand, v_records, v_model, p_now);
  end if;
  return query
  select s.signal_id, r.id, r.actor_id, r.match_probability, r.actor_id = any (v_new)
  from unnest(v_rows) s
  cross join lateral (
    select i.id, i.actor_id, i.match_probability from actors.identity_records i where i.brand_id = p_brand and i.fingerprint = s.fingerprint offset 0
  ) r;
end
$$;
comment on function private.actors_match(uuid, uuid[], timestamptz) is
  'Finds or makes the person of each signal. A combination of fields that is known already has its person; new ones are scored against the records that share a block, clustered with all that this may change, and given a person. Signals that say nothing of identity are not returned. Run under the brand''s lock of actors.process_signals.';

create function private.profile_completeness(p_identifiers jsonb, p_name text)
returns double precision
language sql
immutable
set search_path = ''
return 0.3 + case when p_identifiers ? 'phone' then 0.3 else 0 end + case when p_identifiers ? 'email' then 0.2 else 0 end
  + case when p_name is not null then 0.2 else 0 end;
comment on function private.profile_completeness(jsonb, text) is 'How much is known of who a person with at least one signal is, 0.3 to 1: see actors.actors.profile_completeness.';

create function private.actors_count_signals(p_brand uuid, p_matches private.actor_match[])
returns void
language plpgsql
volatile
set search_path = ''
set plan_cache_mode = force_custom_plan -- the plan depends on the size of the arrays
as $$
begin
  perform private.refresh_identifiers(p_brand, (select array_agg(distinct u.actor_id) from unnest(p_matches) u));

  with counted as (
    -- In an order of their own: a sum to the last bit, whatever the plan.
    select m.actor_id, count(*) as signals, sum(s.quality_score order by s.occurred_at, s.id) as quality, min(s.occurred_at) as first_at, max(s.occurred_at) as last_at,
      (array_agg(left(nullif(btrim(s.raw_content ->> 'name'), ''), 300) order by s.occurred_at desc, s.id)
        filter (where btrim(s.raw_content ->> 'name') <> ''))[1] as name
    from unnest(p_matches) m
    join signals.signals_base s on s.id = m.signal_id
    group by m.actor_id
  )
  update actors.actors a
  set total_signals = a.total_signals + c.signals,
    data_quality_score = least(1, (a.data_quality_score * a.total_signals + c.quality) / (a.total_signals + c.signals)),
    first_seen_at = least(a.first_seen_at, c.first_at),
    last_seen_at = greatest(a.last_seen_at, c.last_at),
    last_signal_at = greatest(a.last_signal_at, c.last_at),
    name = case when a.name is null or c.last_at >= a.last_seen_at and a.verification_method <> 'manual' then coalesce(c.name, a.name) else a.name end,
    profile_completeness = private.profile_completeness(a.identifiers, coalesce(c.name, a.name)),
    -- Whoever was retired when the last signal was retracted is back.
    is_active = a.is_active or a.total_signals = 0
  from counted c
  where a.id = c.actor_id;
end
$$;
comment on function private.actors_count_signals(uuid, private.actor_match[]) is
  'Brings first and last seen, counts, quality, name and completeness of the matched actors up to date. Late signals move first_seen_at back and never last_seen_at.';
