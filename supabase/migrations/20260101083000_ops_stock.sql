create function private.stock_effect(p_type ops.transaction_type, p_status ops.sale_status)
returns integer
language sql
immutable
parallel safe
set search_path = ''
as $$
  select case when p_status not in ('completed', 'delivered') then 0
    when p_type in ('sale', 'loyalty_redemption') then -1
    when p_type in ('refund', 'void') then 1
    else 0 end
$$;
comment on function private.stock_effect(ops.transaction_type, ops.sale_status) is
  'What a transaction in this state does to stock per unit: -1 out, 1 back, 0 nothing.';

create function private.stock_moves(p_items jsonb)
returns table (product_id text, quantity numeric)
language sql
immutable
set search_path = ''
as $$
  -- Quantities that are no positive whole number of at most 9 digits are no goods.
  select i.item ->> 'product_id', sum((i.item ->> 'quantity')::numeric)
  from jsonb_array_elements(case jsonb_typeof(p_items) when 'array' then p_items else '[]' end) i (item)
  where i.item @? '$.quantity ? (@ >= 1 && @ < 1000000000 && @ == @.floor())' and i.item ->> 'product_id' is not null
  group by 1
$$;
comment on function private.stock_moves(jsonb) is 'Units per product in the items of a sale.';

create function private.move_stock(p_moves jsonb)
returns void
language plpgsql
volatile
set search_path = ''
as $$
begin
  with moves as (
    select m.brand_id, m.site_id, m.product_id, sum(m.units) as units, max(m.moved_at) as moved_at
    from jsonb_to_recordset(p_moves) m (brand_id uuid, site_id uuid, product_id text, units numeric, moved_at timestamptz)
    group by m.brand_id, m.site_id, m.product_id
  ),
  -- The site's own row, else the brand's: never both.
  placed as (
    select (select i.id from ops.inventory i
      where i.brand_id = m.brand_id and i.product_id = m.product_id and i.is_active
        and (i.site_id = m.site_id or i.site_id is null)
      order by i.site_id nulls last limit 1) as id, m.units, m.moved_at
    from moves m
  ),
  -- Locked in one order, so that two sales of the same goods wait for each other and never deadlock.
  locked as materialized (
    select i.id, i.current_stock from ops.inventory i
    where i.id in (select p.id from placed p) order by i.id for update
  ),
  wanted as (
    select l.id, l.current_stock, sum(p.units) as units, max(p.moved_at) as moved_at
    from locked l join placed p on p.id = l.id group by l.id, l.current_stock
  ),
  moved as (
    update ops.inventory i
    set current_stock = least(2147483647, greatest(0, i.current_stock + w.units)),
      last_sold_at = case when w.units < 0 then greatest(i.last_sold_at, w.moved_at) else i.last_sold_at end,
      last_restocked_at = case when w.units > 0 then greatest(i.last_restocked_at, w.moved_at) else i.last_restocked_at end
    from wanted w
    where i.id = w.id and w.units <> 0
    returning i.brand_id, i.site_id, i.id, i.product_name, w.current_stock + w.units as balance
  )
  -- The till is right and the books are wrong: the sale stands, somebody has to count.
  insert into ops.operational_alerts (brand_id, site_id, alert_type, alert_severity, alert_title, alert_description, alert_key,
    trigger_condition, trigger_value, threshold_value, threshold_type, source_system, related_entities)
  select m.brand_id, m.site_id, 'inventory', 'high', 'Sold more than in stock: ' || m.product_name,
    format('%s units of %s were sold that the books did not have.', -m.balance, m.product_name), 'oversold:' || m.id,
    'units sold > current_stock', m.balance, 0, 'below', 'ops.sales_data',
    jsonb_build_array(jsonb_build_object('kind', 'inventory', 'id', m.id))
  from moved m where m.balance < 0
  on conflict (brand_id, alert_key) where status in ('active', 'acknowledged') do nothing;
end
$$;
comment on function private.move_stock(jsonb) is
  'Adds units to stock, [{"brand_id", "site_id", "product_id", "units", "moved_at"}], negative for sales. Stock ends at 0; what was sold beyond raises an alert and never aborts the sale.';

create function private.move_stock_of_new_sales()
returns trigger
language plpgsql
security definer
set search_path = ''
as $$
begin
  perform private.move_stock((
    select coalesce(jsonb_agg(jsonb_build_object('brand_id', s.brand_id, 'site_id', s.site_id, 'product_id', m.product_id,
      'units', private.stock_effect(s.transaction_type, s.status) * m.quantity, 'moved_at', s.transaction_date)), '[]')
    from inserted s cross join lateral private.stock_moves(s.items) m
    where private.stock_effect(s.transaction_type, s.status) <> 0));
  return null;
end
$$;
comment on function private.move_stock_of_new_sales() is
  'Trigger (after insert, per statement): moves the stock of what was sold or brought back. Definer: a till may write sales without the right to write stock.';

create function private.move_stock_of_changed_sales()
returns trigger
language plpgsql
security definer
set search_path = ''
as $$
begin
  -- What the new state does less what the old one did: a sale that is refunded gives back exactly what it took.
  perform private.move_stock((
    select coalesce(jsonb_agg(jsonb_build_object('brand_id', c.brand_id, 'site_id', c.site_id, 'product_id', m.product_id,
      'units', c.effect * m.quantity, 'moved_at', c.moved_at)), '[]')
    from (
      select n.brand_id, n.site_id, n.items, private.stock_effect(n.transaction_type, n.status) as effect, now() as moved_at
      from changed n join replaced o on o.id = n.id
      where (n.transaction_type, n.status, n.items, n.site_id) is distinct from (o.transaction_type, o.status, o.items, o.site_id)
      union all
      select o.brand_id, o.site_id, o.items, -private.stock_effect(o.transaction_type, o.status), now()
      from changed n join replaced o on o.id = n.id
      where (n.transaction_type, n.status, n.items, n.site_id) is distinct from (o.transaction_type, o.status, o.items, o.site_id)
    ) c
    cross join lateral private.stock_moves(c.items) m
    where c.effect <> 0));
  return null;
end
$$;
comment on function private.move_stock_of_changed_sales() is
  'Trigger (after update, per statement): moves stock by the difference that the change of a sale makes. Definer: as for new sales.';

create function private.watch_stock()
returns trigger
language plpgsql
security definer
set search_path = ''
as $$
begin
  if new.is_active and new.reorder_point > 0 and new.current_stock <= new.reorder_point then
    insert into ops.operational_alerts (brand_id, site_id, alert_type, alert_severity, alert_title, alert_description, alert_key,
      trigger_condition, trigger_value, threshold_value, threshold_type, source_system, alert_data, related_entities)
    values (new.brand_id, new.site_id, 'inventory', case new.current_stock when 0 then 'critical' else 'medium' end,
      'Reorder ' || new.product_name,
      format('%s %s left, reorder point %s.', new.current_stock, new.unit_of_measure, new.reorder_point), 'low_stock:' || new.id,
      'current_stock <= reorder_point', new.current_stock, new.reorder_point, 'below', 'ops.inventory',
      jsonb_build_object('reorder_quantity', new.reorder_quantity, 'supplier_id', new.supplier_id),
      jsonb_build_array(jsonb_build_object('kind', 'inventory', 'id', new.id)))
    on conflict (brand_id, alert_key) where status in ('active', 'acknowledged') do nothing;
  else
    update ops.operational_alerts a
    set status = 'resolved', resolved_at = now(), resolution_action = 'restocked'
    where a.brand_id = new.brand_id and a.alert_key = 'low_stock:' || new.id and a.status in ('active', 'acknowledged');
  end if;
  return null;
end
$$;
comment on function private.watch_stock() is
  'Trigger (after insert or update of stock): one open alert while stock is at or below the reorder point, resolved when it is above again. Definer: clients may not write alerts.';

create function private.stamp_alert()
returns trigger
language plpgsql
security definer
set search_path = ''
as $$
declare
  v_user uuid := (select u.id from core.users u where u.brand_id = new.brand_id and u.auth_user_id = auth.uid());
begin
  if new.status = 'acknowledged' then
    new.acknowledged_at := now();
    new.acknowledged_by := v_user;
  elsif new.status in ('resolved', 'dismissed') then
    new.resolved_at := now();
    new.resolved_by := v_user;
  end if;
  return new;
end
$$;
comment on function private.stamp_alert() is
  'Trigger (before the status of an alert changes): when and by whom it was acknowledged or closed. Definer: those columns are not for clients to write.';
