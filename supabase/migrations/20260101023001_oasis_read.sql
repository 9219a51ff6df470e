create function private.read_oasis_events(p_brand uuid, p_after text, p_limit integer, p_types text[])
returns table (cursor text, id uuid, type text, source text, entity_type text, entity_id uuid, vtid text, topic text,
  service text, status public.oasis_event_status, message text, payload jsonb, actor_id text, actor_role text, created_at timestamptz)
language plpgsql
stable
security definer
set search_path = ''
as $$
declare
  v_settled constant xid8 := pg_snapshot_xmin(pg_current_snapshot());
  v_xid xid8 := '0'::xid8;
  v_id uuid := '00000000-0000-0000-0000-000000000000'::uuid;
begin
  perform private.require_role(p_brand, 'support');
  if p_limit is null or p_limit not between 1 and 1000 then
    perform private.raise_error('invalid_argument', 'p_limit', 'must be between 1 and 1000');
  end if;
  if p_after is not null then
    if p_after !~ '^\d{1,18}\.[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' then
      perform private.raise_error('invalid_argument', 'p_after', 'must be the cursor of an event as this function returned it');
    end if;
    v_xid := split_part(p_after, '.', 1)::xid8;
    v_id := split_part(p_after, '.', 2)::uuid;
    -- Transaction numbers start anew in a database that was restored from a dump. A replica may only be behind.
    if v_xid >= v_settled and not pg_is_in_recovery() then
      perform private.raise_error('cursor_unknown');
    end if;
  end if;

  return query
  select e.xid::text || '.' || e.id, e.id, e.type, e.source, e.entity_type, e.entity_id, e.vtid, e.topic,
    e.service, e.status, e.message, e.payload, e.actor_id, e.actor_role, e.created_at
  from public.oasis_events e
  where e.brand_id = p_brand
    and (e.xid, e.id) > (v_xid, v_id)
    -- Every transaction below has ended, so nothing can appear before what is returned now.
    and e.xid < v_settled
    and (p_types is null or e.type = any (p_types))
  order by e.xid, e.id
  limit p_limit;
end
$$;
comment on function private.read_oasis_events(uuid, text, integer, text[]) is
  'Body of public.read_oasis_events. Definer: tells a non-member so, where row security would show an empty log.';
grant execute on function private.read_oasis_events(uuid, text, integer, text[]) to authenticated, service_role;

create function public.read_oasis_events(
  p_brand uuid,
  p_after text default null,
  p_limit integer default 100,
  p_types text[] default null
)
returns table (cursor text, id uuid, type text, source text, entity_type text, entity_id uuid, vtid text, topic text,
  service text, status public.oasis_event_status, message text, payload jsonb, actor_id text, actor_role text, created_at timestamptz)
language sql
stable
set search_path = ''
begin atomic
  select * from private.read_oasis_events(p_brand, p_after, p_limit, p_types);
end;
comment on function public.read_oasis_events(uuid, text, integer, text[]) is
  'Events of p_brand in the order of a cursor that never skips one: an event is shown once every transaction that began to write before it has ended, so a long write delays the feed instead of tearing it. p_after: cursor of the last event seen (null: from the oldest kept); p_limit: 1 to 1,000; p_types: only these types. For members from support up. Errors: invalid_argument, cursor_unknown, not_a_member, role_too_low.';
grant execute on function public.read_oasis_events(uuid, text, integer, text[]) to authenticated, service_role;

insert into private.error_codes (key, errcode, http_status, message, hint) values
  ('cursor_unknown', 'PT409', 409, 'The cursor is not one of this database.', 'Read again without a cursor; drop the events you have seen by their id.');
