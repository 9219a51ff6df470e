create function private.emit_changes()
returns trigger
language plpgsql
security definer
set search_path = ''
as $$
declare
  v_entity constant text := tg_argv[0];
  v_told constant text[] := string_to_array(tg_argv[1], ',');
begin
  case tg_op
    when 'INSERT' then
      perform private.emit_change(v_entity || '.created', v_entity, to_jsonb(n), private.pick(to_jsonb(n), v_told)) from new_rows n;
    when 'UPDATE' then
      perform private.emit_change(v_entity || '.updated', v_entity, to_jsonb(n), c.changed)
      from old_rows o
      join new_rows n using (id)
      cross join lateral (
        select jsonb_object_agg(k, to_jsonb(n) -> k) as changed
        from unnest(v_told) k where to_jsonb(n) -> k is distinct from to_jsonb(o) -> k
      ) c
      where c.changed is not null;
    else
      perform private.emit_change(v_entity || '.deleted', v_entity, to_jsonb(o), private.pick(to_jsonb(o), v_told)) from old_rows o;
  end case;
  return null;
end
$$;
comment on function private.emit_changes() is
  'Trigger (after each statement, with the transition tables old_rows and new_rows as far as the command has them): one event <entity>.created, .updated or .deleted per row that changed. Arguments: the entity; the columns worth telling, comma-separated: an update of others is no event. Definer: no client may write the log itself.';

create function private.pick(p_row jsonb, p_keys text[])
returns jsonb
language sql
immutable
set search_path = ''
as $$
  select coalesce(jsonb_object_agg(k, p_row -> k), '{}') from unnest(p_keys) k
$$;
comment on function private.pick(jsonb, text[]) is 'p_row with only the keys p_keys.';

create function private.emit_change(p_type text, p_entity text, p_row jsonb, p_payload jsonb)
returns void
language plpgsql
volatile
set search_path = ''
as $$
declare
  v_brand uuid := coalesce(p_row ->> 'brand_id', p_row ->> 'id')::uuid;
begin
  if exists (select from core.brands b where b.id = v_brand) then
    perform private.emit(v_brand, p_type, p_entity, (p_row ->> 'id')::uuid, p_payload);
  elsif p_entity = 'brand' then
    -- The events of a brand go with it; that it went is known to the whole system. Its rows need no farewell each.
    perform private.emit(null, p_type, p_entity, v_brand, p_payload);
  end if;
end
$$;
comment on function private.emit_change(text, text, jsonb, jsonb) is 'One event of private.emit_changes.';
