create function private.ai_explain(p_kind text, p_id uuid, p_depth integer)
returns jsonb
language plpgsql
stable
security definer
set search_path = ''
as $$
declare
  v_max_nodes constant integer := 200;
  v_max_causes constant integer := 20;
  v_is_service constant boolean := private.is_service();
  v_brands constant uuid[] := private.brand_ids('support');
  -- A node is found once, breadth first: the nearest place in the tree is where it is told.
  v_kinds text[] := array[p_kind];
  v_ids uuid[] := array[p_id];
  v_parents integer[] := array[0];
  v_depths integer[] := array[0];
  v_nodes jsonb[] := '{}'::jsonb[];
  v_function text;
  v_node jsonb;
  v_cause record;
  v_omitted integer;
begin
  if coalesce(p_depth, -1) not between 0 and 12 then
    perform private.raise_error('invalid_argument', 'p_depth', 'must be between 0 and 12');
  elsif not exists (select from private.explainers x where x.kind = p_kind) then
    perform private.raise_error('invalid_argument', 'p_kind', format('nothing explains the kind %L', p_kind));
  end if;

  -- A loop because the causes of a node are known only when it has been read.
  for v_at in 1 .. v_max_nodes loop
    exit when v_at > cardinality(v_kinds);
    select x.function_name into v_function from private.explainers x where x.kind = v_kinds[v_at];
    execute format('select %s($1)', v_function::regproc) into v_node using v_ids[v_at];

    -- A row of another brand looks like one that does not exist.
    if v_node is null or not (v_is_service or coalesce((v_node ->> 'brand_id')::uuid = any (v_brands), false)) then
      if v_at = 1 then
        perform private.raise_error('not_found', p_kind, p_id::text);
      end if;
      v_nodes[v_at] := null;
      continue;
    end if;

    v_omitted := 0;
    for v_cause in
      select b.item ->> 'kind' as kind, (b.item ->> 'id')::uuid as id, b.place
      from jsonb_array_elements(coalesce(v_node -> 'because', '[]')) with ordinality b (item, place)
      join private.explainers x on x.kind = b.item ->> 'kind'
      where b.item ->> 'id' ~ '^[0-9a-fA-F-]{36}$'
      order by b.place
    loop
      if exists (select from unnest(v_kinds, v_ids) k (kind, id) where k.kind = v_cause.kind and k.id = v_cause.id) then
        continue;
      elsif v_depths[v_at] >= p_depth or cardinality(v_kinds) >= v_max_nodes
        or (select count(*) from unnest(v_parents) p where p = v_at) >= v_max_causes then
        v_omitted := v_omitted + 1;
      else
        v_kinds := v_kinds || v_cause.kind;
        v_ids := v_ids || v_cause.id;
        v_parents := v_parents || v_at;
        v_depths := v_depths || (v_depths[v_at] + 1);
      end if;
    end loop;
    v_nodes[v_at] := (v_node - 'because') || jsonb_build_object('because', '[]'::jsonb)
      || case when v_omitted > 0 then jsonb_build_object('omitted', v_omitted) else '{}' end;
  end loop;

  -- From the last found to the first: every node is whole before it is hung under its parent.
  for v_at in reverse cardinality(v_nodes) .. 2 loop
    if v_nodes[v_at] is not null then
      v_nodes[v_parents[v_at]] := jsonb_set(v_nodes[v_parents[v_at]], '{because}',
        jsonb_build_array(v_nodes[v_at]) || (v_nodes[v_parents[v_at]] -> 'because'));
    end if;
  end loop;
  return v_nodes[1];
end
$$;
comment on function private.ai_explain(text, uuid, integer) is
  'Body of ai.explain. Definer: reads the explainers and the rows they tell of; the brand of every node is compared with the brands of the caller.';
grant execute on function private.ai_explain(text, uuid, integer) to authenticated, service_role;

create function ai.explain(p_kind text, p_id uuid, p_depth integer default 6)
returns jsonb
language sql
stable
set search_path = ''
begin atomic
  select private.ai_explain(p_kind, p_id, p_depth);
end;
comment on function ai.explain(text, uuid, integer) is
  'Why a thing is as it is: a tree {"kind", "id", "brand_id", "summary", …, "because": [causes of the same shape]} from the row p_id of p_kind (a kind of private.explainers: reasoning, call, learning, outcome, …) back towards the signals. p_depth: levels of causes, 0 to 12. At most 200 nodes and 20 causes per node, nearest first; a node says how many it "omitted"; a cause that is told elsewhere in the tree is not told again. For members from support up of the brand. Errors: not_found, invalid_argument.';
grant execute on function ai.explain(text, uuid, integer) to authenticated, service_role;
