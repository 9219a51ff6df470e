create function private.ops_count_stock(p_brand uuid, p_counts jsonb, p_note text, p_now timestamptz)
returns table (inventory_id uuid, product_id text, site_id uuid, expected bigint, counted integer, difference bigint)
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  v_started constant timestamptz := clock_timestamp();
  v_bad text;
  v_ids uuid[];
begin
  perform private.require_role(p_brand, 'operator');
  perform private.require_this_moment('p_now', p_now);
  if jsonb_typeof(p_counts) is distinct from 'array' then
    perform private.raise_error('invalid_argument', 'p_counts', 'must be an array');
  elsif jsonb_array_length(p_counts) not between 1 and 1000 then
    perform private.raise_error('invalid_argument', 'p_counts', 'must hold 1 to 1,000 counts');
  elsif length(p_note) > 2000 then
    perform private.raise_error('invalid_argument', 'p_note', 'must have at most 2000 characters');
  end if;
  select c.item::text into v_bad from jsonb_array_elements(p_counts) c (item)
  where not coalesce(pg_input_is_valid(c.item ->> 'inventory_id', 'uuid') and jsonb_typeof(c.item -> 'counted') = 'number'
    and (c.item ->> 'counted')::numeric between 0 and 1000000000 and (c.item ->> 'counted')::numeric = trunc((c.item ->> 'counted')::numeric), false) limit 1;
  if v_bad is not null then
    perform private.raise_error('invalid_argument', 'p_counts', 'each count is {"inventory_id", "counted": 0 to 1000000000}, and this one is not: ' || left(v_bad, 200));
  end if;
  -- Locked first and in the order of private.book_stock: what is expected cannot change while it is compared.
  v_ids := array(
    select i.id from ops.inventory i
    where i.brand_id = p_brand and i.id in (select (c ->> 'inventory_id')::uuid from jsonb_array_elements(p_counts) c) order by i.id for no key update);
  select c ->> 'inventory_id' into v_bad from jsonb_array_elements(p_counts) c where (c ->> 'inventory_id')::uuid <> all (v_ids) limit 1;
  if v_bad is not null then
    perform private.raise_error('not_found', 'inventory', v_bad);
  elsif cardinality(v_ids) < jsonb_array_length(p_counts) then
    perform private.raise_error('invalid_argument', 'p_counts', 'must count each inventory row once');
  end if;

  return query
  select i.id, i.product_id, i.site_id, i.ledger_balance, (c ->> 'counted')::integer, (c ->> 'counted')::integer - i.ledger_balance
  from jsonb_array_elements(p_counts) c join ops.inventory i on i.brand_id = p_brand and i.id = (c ->> 'inventory_id')::uuid
  order by i.product_id, i.id;
  perform private.book_stock(p_brand, array(
    select row(i.id, 'count', (c ->> 'counted')::integer - i.ledger_balance, p_now, null, null, p_note)::private.stock_change
    from jsonb_array_elements(p_counts) c join ops.inventory i on i.brand_id = p_brand and i.id = (c ->> 'inventory_id')::uuid order by i.id));
  perform private.clear_alerts(p_brand, array(select 'oversold:' || i from unnest(v_ids) i), 'counted', p_now);
  perform private.log_call('ops.count_stock', p_brand, jsonb_build_object('counts', jsonb_array_length(p_counts)), null, v_started);
end
$$;
comment on function private.ops_count_stock(uuid, jsonb, text, timestamptz) is 'Body of ops.count_stock. Definer: clients write no stock movements.';
grant execute on function private.ops_count_stock(uuid, jsonb, text, timestamptz) to authenticated, service_role;

create function ops.count_stock(p_brand uuid, p_counts jsonb, p_note text default null, p_now timestamptz default now())
returns table (inventory_id uuid, product_id text, site_id uuid, expected bigint, counted integer, difference bigint)
language sql
volatile
set search_path = ''
begin atomic
  select * from private.ops_count_stock(p_brand, p_counts, p_note, p_now);
end;
comment on function ops.count_stock(uuid, jsonb, text, timestamptz) is
  'Stock as it was counted: [{"inventory_id", "counted"}], 1 to 1,000, each row once, all or nothing. Each leaves a movement of reason count with the difference (0 too: it was looked at) and p_note. Returns what the books expected (below 0 where more was sold than they had) beside what there is. For operators. Errors: invalid_argument, not_found, not_a_member, role_too_low.';
grant execute on function ops.count_stock(uuid, jsonb, text, timestamptz) to authenticated, service_role;
