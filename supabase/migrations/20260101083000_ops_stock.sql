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

create type private.stock_change as (
  inventory_id uuid, reason text, units bigint, moved_at timestamptz, sale_id uuid, delivery_id uuid, note text
);

create function private.book_stock(p_brand uuid, p_changes private.stock_change[])
returns void
language plpgsql
volatile
set search_path = ''
as $$
declare
  v_user uuid := (select u.id from core.users u where u.brand_id = p_brand and u.auth_user_id = auth.uid());
begin
  -- Locked in one order, so that two sales of the same goods wait for each other and never deadlock.
  perform from ops.inventory i
  where i.brand_id = p_brand and i.id in (select c.inventory_id from unnest(p_changes) c) order by i.id for no key update;
  insert into ops.stock_movements (brand_id, inventory_id, reason, units, moved_at, sale_id, delivery_id, note, moved_by)
  select p_brand, c.inventory_id, c.reason, c.units, c.moved_at, c.sale_id, c.delivery_id, c.note, v_user
  from unnest(p_changes) c;
  update ops.inventory i
  set ledger_balance = i.ledger_balance + m.units,
    current_stock = least(2147483647, greatest(0, i.ledger_balance + m.units)),
    last_sold_at = greatest(i.last_sold_at, m.sold_at),
    last_restocked_at = greatest(i.last_restocked_at, m.restocked_at)
  from (
    select c.inventory_id, sum(c.units) as units, max(c.moved_at) filter (where c.reason = 'sale') as sold_at,
      max(c.moved_at) filter (where c.units > 0 and c.reason in ('refund', 'receipt')) as restocked_at
    from unnest(p_changes) c group by c.inventory_id
  ) m
  where i.brand_id = p_brand and i.id = m.inventory_id;
end
$$;
comment on function private.book_stock(uuid, private.stock_change[]) is
  'The one way that stock moves: writes the movements and brings balance and stock of their inventory up to them. The till is right and the books may be wrong: a sale beyond them leaves a negative balance (stock 0) and never fails.';

create function private.watch_ledger()
returns trigger
language plpgsql
security definer
set search_path = ''
as $$
begin
  if tg_op = 'INSERT' then
    new.ledger_balance := new.current_stock;
  elsif new.current_stock is distinct from least(2147483647, greatest(0, new.ledger_balance)) then
    insert into ops.stock_movements (brand_id, inventory_id, reason, units, moved_at, moved_by)
    values (new.brand_id, new.id, 'adjustment', new.current_stock - new.ledger_balance, now(),
      (select u.id from core.users u where u.brand_id = new.brand_id and u.auth_user_id = auth.uid()));
    new.ledger_balance := new.current_stock;
  end if;
  return new;
end
$$;
comment on function private.watch_ledger() is
  'Trigger (before insert of inventory or update of its stock): stock that is written by hand enters the ledger too. Definer: nobody writes the ledger.';

create function private.open_ledger()
returns trigger
language plpgsql
security definer
set search_path = ''
as $$
begin
  insert into ops.stock_movements (brand_id, inventory_id, reason, units, moved_at)
  values (new.brand_id, new.id, 'opening', new.current_stock, new.created_at);
  return null;
end
$$;
comment on function private.open_ledger() is
  'Trigger (after insert of inventory with stock): its first movement. Definer: nobody writes the ledger.';
