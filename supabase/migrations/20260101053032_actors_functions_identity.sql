create function private.lock_brand_identity(p_brand uuid)
returns void
language sql
volatile
set search_path = ''
as $$
  select pg_advisory_xact_lock(hashtextextended('actors.process_signals ' || p_brand, 0))
$$;
comment on function private.lock_brand_identity(uuid) is 'The lock of actors.process_signals, until the end of the transaction: who is who in a brand is changed by one at a time.';

create function private.try_lock_brand_identity(p_brand uuid)
returns boolean
language sql
volatile
set search_path = ''
as $$
  select pg_try_advisory_xact_lock(hashtextextended('actors.process_signals ' || p_brand, 0))
$$;
comment on function private.try_lock_brand_identity(uuid) is 'private.lock_brand_identity, without waiting: false when somebody else has it.';

create function private.lock_identity(p_brand uuid, p_reason text, p_now timestamptz)
returns void
language plpgsql
volatile
set search_path = ''
as $$
begin
  perform private.require_role(p_brand, 'operator');
  if length(p_reason) > 2000 then
    perform private.raise_error('invalid_argument', 'p_reason', 'must have at most 2000 characters');
  end if;
  perform private.require_this_moment('p_now', p_now);
  perform private.lock_brand_identity(p_brand);
end
$$;
comment on function private.lock_identity(uuid, text, timestamptz) is
  'Locks who is who in a brand until the transaction ends, for a caller who may change it (operator up) for that reason at that time. Errors: role_too_low, invalid_argument.';

create function private.require_person(p_brand uuid, p_actor uuid)
returns void
language plpgsql
stable
set search_path = ''
as $$
declare
  v_merged_into uuid;
begin
  select a.merged_into into v_merged_into from actors.actors a where a.brand_id = p_brand and a.id = p_actor;
  if not found then
    perform private.raise_error('not_found', 'actor', coalesce(p_actor::text, 'null'));
  elsif v_merged_into is not null then
    perform private.raise_error('actor_is_merged', p_actor::text, v_merged_into::text);
  end if;
end
$$;
comment on function private.require_person(uuid, uuid) is 'Error not_found or actor_is_merged unless the actor is a person of its own in the brand.';

create function private.actors_merge(p_survivor uuid, p_absorbed uuid, p_reason text, p_now timestamptz)
returns uuid
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  v_started constant timestamptz := clock_timestamp();
  v_brand constant uuid := private.actors_brand_of(p_survivor);
  v_event uuid;
begin
  perform private.lock_identity(v_brand, p_reason, p_now);
  if p_survivor = p_absorbed then
    perform private.raise_error('invalid_argument', 'p_absorbed', 'is the same person as p_survivor');
  end if;
  perform private.require_person(v_brand, p_survivor);
  perform private.require_person(v_brand, p_absorbed);
  -- Said by a person: no later clustering takes them apart, whatever was answered before.
  perform private.tie_records(v_brand, private.records_of(v_brand, p_survivor), private.records_of(v_brand, p_absorbed), 'same', p_reason, p_now);
  v_event := private.merge_actors(v_brand, p_survivor, p_absorbed, jsonb_build_object('by', 'rule', 'reason', p_reason), p_now);
  perform private.log_call('actors.merge', v_brand, jsonb_build_object('survivor', p_survivor, 'absorbed', p_absorbed, 'reason', p_reason),
    jsonb_build_object('event_id', v_event), v_started, p_entity_type => 'actor', p_entity_id => p_survivor);
  return v_event;
end
$$;
comment on function private.actors_merge(uuid, uuid, text, timestamptz) is 'Body of actors.merge. Definer: clients write no identity.';
grant execute on function private.actors_merge(uuid, uuid, text, timestamptz) to authenticated, service_role;

create function actors.merge(p_survivor uuid, p_absorbed uuid, p_reason text default null, p_now timestamptz default now())
returns uuid
language sql
volatile
set search_path = ''
begin atomic
  select private.actors_merge(p_survivor, p_absorbed, p_reason, p_now);
end;
comment on function actors.merge(uuid, uuid, text, timestamptz) is
  'Makes two people of a brand one, by hand: everything known of p_absorbed (signals, beliefs, memberships, deployments, orders) becomes p_survivor''s; for operators. Returns the id of the identity event: actors.unmerge takes it back exactly. Errors: not_found, role_too_low, invalid_argument, actor_is_merged.';
grant execute on function actors.merge(uuid, uuid, text, timestamptz) to authenticated, service_role;

create function private.actors_unmerge(p_event uuid, p_reason text, p_now timestamptz)
returns uuid
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  v_started constant timestamptz := clock_timestamp();
  v_event actors.identity_events;
  v_brand uuid;
  v_actor uuid;
begin
  select * into v_event from actors.identity_events e
  where e.id = p_event and e.event_kind = 'merge' and (private.is_service() or e.brand_id = any (private.brand_ids('support')));
  if not found then
    perform private.raise_error('not_found', 'merge', coalesce(p_event::text, 'null'));
  end if;
  v_brand := v_event.brand_id;
  perform private.lock_identity(v_brand, p_reason, p_now);
  -- The same merge taken back twice is one taking back.
  select r.actor_id into v_actor from actors.identity_events r where r.brand_id = v_brand and r.reverts = p_event;
  if v_actor is null then
    v_actor := private.unmerge_actors(v_brand, p_event, jsonb_build_object('by', 'rule', 'reason', p_reason), p_now);
    perform private.log_call('actors.unmerge', v_brand, jsonb_build_object('event_id', p_event, 'reason', p_reason),
      jsonb_build_object('actor_id', v_actor), v_started, p_entity_type => 'actor', p_entity_id => v_actor);
  end if;
  return v_actor;
end
$$;
comment on function private.actors_unmerge(uuid, text, timestamptz) is 'Body of actors.unmerge. Definer: clients write no identity.';
grant execute on function private.actors_unmerge(uuid, text, timestamptz) to authenticated, service_role;

create function actors.unmerge(p_event uuid, p_reason text default null, p_now timestamptz default now())
returns uuid
language sql
volatile
set search_path = ''
begin atomic
  select private.actors_unmerge(p_event, p_reason, p_now);
end;
comment on function actors.unmerge(uuid, text, timestamptz) is
  'Takes back a merge (id of its row in actors.identity_events, whether somebody or identity resolution made it): every belief of both people is again what it was, or would be with what came since; the two are kept apart from now on. For operators. Returns the restored person; a second call returns the same. Errors: not_found, role_too_low, invalid_argument.';
grant execute on function actors.unmerge(uuid, text, timestamptz) to authenticated, service_role;

create function private.actors_split(p_actor uuid, p_records uuid[], p_reason text, p_now timestamptz)
returns uuid
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  v_started constant timestamptz := clock_timestamp();
  v_brand constant uuid := private.actors_brand_of(p_actor);
  v_records uuid[];
  v_own integer;
  v_new uuid;
begin
  perform private.lock_identity(v_brand, p_reason, p_now);
  perform private.require_person(v_brand, p_actor);
  select array_agg(r.id order by r.id) filter (where r.id = any (p_records)), count(*) into v_records, v_own
  from actors.identity_records r where r.brand_id = v_brand and r.actor_id = p_actor;
  if coalesce(cardinality(p_records), 0) = 0 then
    perform private.raise_error('invalid_argument', 'p_records', 'names no identity record');
  elsif cardinality(v_records) is distinct from (select count(distinct x) from unnest(p_records) x) then
    perform private.raise_error('invalid_argument', 'p_records', 'names a record that is not of this person');
  elsif cardinality(v_records) = v_own then
    perform private.raise_error('invalid_argument', 'p_records', 'names all records of this person: leave at least one');
  end if;
  v_new := private.split_actor(v_brand, p_actor, v_records, jsonb_build_object('by', 'rule', 'reason', p_reason), p_now);
  perform private.log_call('actors.split', v_brand, jsonb_build_object('actor', p_actor, 'records', v_records, 'reason', p_reason),
    jsonb_build_object('actor_id', v_new), v_started, p_entity_type => 'actor', p_entity_id => v_new);
  return v_new;
end
$$;
comment on function private.actors_split(uuid, uuid[], text, timestamptz) is 'Body of actors.split. Definer: clients write no identity.';
grant execute on function private.actors_split(uuid, uuid[], text, timestamptz) to authenticated, service_role;

create function actors.split(p_actor uuid, p_records uuid[], p_reason text default null, p_now timestamptz default now())
returns uuid
language sql
volatile
set search_path = ''
begin atomic
  select private.actors_split(p_actor, p_records, p_reason, p_now);
end;
comment on function actors.split(uuid, uuid[], text, timestamptz) is
  'Makes a new person of some identity records of a person (ids of actors.identity_records, not all of them): their signals and beliefs go along, and the two are kept apart from now on; for operators. Returns the new person. actors.merge of the two takes it back. Errors: not_found, role_too_low, invalid_argument, actor_is_merged.';
grant execute on function actors.split(uuid, uuid[], text, timestamptz) to authenticated, service_role;

create function private.explain_identity_event(p_id uuid)
returns jsonb
language sql
stable
set search_path = ''
as $$
  select jsonb_build_object('kind', 'identity_event', 'id', e.id, 'brand_id', e.brand_id,
    'summary', format('%s on %s: %s', case e.event_kind
        when 'merge' then format('%s became one with %s', o.primary_identifier, a.primary_identifier)
        when 'unmerge' then format('%s was taken out of %s again', a.primary_identifier, o.primary_identifier)
        when 'split' then format('%s was split off from %s', a.primary_identifier, o.primary_identifier)
        else format('records were found to be of %s', a.primary_identifier) end,
      to_char(e.happened_at at time zone 'UTC', 'YYYY-MM-DD'), coalesce(e.cause ->> 'reason', 'by ' || coalesce(e.cause ->> 'by', 'auto'))),
    'event_kind', e.event_kind, 'cause', e.cause, 'performed_by', e.performed_by, 'happened_at', e.happened_at,
    'moved', coalesce((
      select jsonb_object_agg(m.table_name, m.rows) from (
        select m.table_name, count(*) as rows from actors.identity_moves m where m.brand_id = e.brand_id and m.event_id = e.id group by m.table_name) m), '{}'),
    'matches', coalesce((
      -- What spoke for it: the strongest pairs between what moved and what was there.
      select jsonb_agg(jsonb_build_object('probability', x.probability, 'waterfall', x.waterfall)) from (
        select x.probability, x.waterfall
        from actors.identity_moves m
        join actors.identity_matches x on x.brand_id = e.brand_id and m.row_id in (x.record_a, x.record_b)
        where m.brand_id = e.brand_id and m.event_id = e.id and m.table_name = 'actors.identity_records'
        order by x.probability desc, x.id limit 5) x), '[]'),
    'because', jsonb_build_array(jsonb_build_object('kind', 'actor', 'id', e.actor_id))
      || case when o.id is null then '[]' else jsonb_build_array(jsonb_build_object('kind', 'actor', 'id', o.id)) end)
  from actors.identity_events e
  join actors.actors a on a.brand_id = e.brand_id and a.id = e.actor_id
  left join actors.actors o on o.brand_id = e.brand_id and o.id = e.other_actor_id
  where e.id = p_id
$$;
comment on function private.explain_identity_event(uuid) is 'For ai.explain: who became one with whom, why, what was moved, and the match weights that spoke for it.';
