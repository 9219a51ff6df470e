create function private.settle_stock(p_brand uuid, p_sales uuid[])
returns void
language plpgsql
volatile
set search_path = ''
set plan_cache_mode = force_custom_plan -- the plan depends on the size of the array
as $$
begin
  perform private.book_stock(p_brand, array(
    with changed as materialized (
      select s.id, s.transaction_id, s.order_number, s.transaction_type in ('refund', 'void') as is_return
      from ops.sales_data s where s.id = any (p_sales)
    ), keys as materialized (
      select coalesce(c.order_number, c.transaction_id) as order_key from changed c where not c.is_return
      union
      -- Here and below by the keys inside the lateral query: as plain joins the planner reads all sales of a brand that it
      -- does not know yet, for each key.
      select o.order_key from changed c
      cross join lateral (
        select coalesce(k.order_number, k.transaction_id) as order_key from ops.sales_data k
        where k.brand_id = p_brand and k.transaction_id in (c.transaction_id, c.order_number) and k.transaction_type in ('sale', 'loyalty_redemption') offset 0) o
      where c.is_return
      union
      select c.order_number from changed c where c.is_return and c.order_number is not null
    ), sold as materialized (
      select s.*, k.order_key from keys k
      cross join lateral (
        select o.* from ops.sales_data o
        where o.brand_id = p_brand and o.order_number = k.order_key and o.transaction_type in ('sale', 'loyalty_redemption') offset 0) s
      union all
      select s.*, k.order_key from keys k
      cross join lateral (
        select o.* from ops.sales_data o
        where o.brand_id = p_brand and o.transaction_id = k.order_key and o.order_number is null and o.transaction_type in ('sale', 'loyalty_redemption') offset 0) s
    ), returned as materialized (
      -- The sale with its own transaction_id before the order with its number.
      select distinct on (x.id) x.* from (
        select r.*, s.order_key, 1 as nearness from sold s
        cross join lateral (
          select o.* from ops.sales_data o
          where o.brand_id = p_brand and o.transaction_id = s.transaction_id and o.transaction_type in ('refund', 'void') offset 0) r
        union all
        select r.*, s.order_key, 2 from sold s
        cross join lateral (values (s.transaction_id), (s.order_key)) n (number)
        cross join lateral (
          select o.* from ops.sales_data o
          where o.brand_id = p_brand and o.order_number = n.number and o.transaction_type in ('refund', 'void') offset 0) r
      ) x order by x.id, x.nearness, x.order_key
    ), goods as materialized (
      select s.id, s.site_id, s.order_key, s.transaction_date, s.transaction_id, s.transaction_type, m.product_id, false as is_return,
        case when private.stock_effect(s.transaction_type, s.status) = -1 then m.quantity else 0 end as quantity
      from sold s cross join lateral private.stock_moves(s.items) m
      union all
      select r.id, r.site_id, r.order_key, r.transaction_date, r.transaction_id, r.transaction_type, m.product_id, true,
        case when private.stock_effect(r.transaction_type, r.status) = 1 then m.quantity else 0 end
      from returned r cross join lateral private.stock_moves(r.items) m
    ), wanted as materialized (
      -- Returns take from what was sold, the earliest first, until nothing of it is left.
      select g.id, g.site_id, g.product_id, g.is_return, g.transaction_date,
        case when g.is_return then greatest(0, least(g.quantity,
          sum(g.quantity) filter (where not g.is_return) over (partition by g.order_key, g.product_id)
            - coalesce(sum(g.quantity) filter (where g.is_return) over (partition by g.order_key, g.product_id
                order by g.transaction_date, g.transaction_id, g.transaction_type rows between unbounded preceding and 1 preceding), 0)))
          else -g.quantity end as units
      from goods g
    ), booked as materialized (
      select t.id as sale_id, i.product_id, m.inventory_id, sum(m.units) as units
      from (select s.id from sold s union all select r.id from returned r) t
      cross join lateral (
        select v.inventory_id, v.units from ops.stock_movements v where v.brand_id = p_brand and v.sale_id = t.id offset 0) m
      join ops.inventory i on i.id = m.inventory_id
      group by t.id, i.product_id, m.inventory_id
    ), placed as materialized (
      -- Where it was booked before; else the site's own row, else the brand's: never both. What was sold before there was
      -- a row to take it from stays outside the books.
      select w.id, w.is_return, w.transaction_date, w.units, b.units as booked, coalesce(b.inventory_id, (
          select i.id from ops.inventory i
          where i.brand_id = p_brand and i.product_id = w.product_id and i.is_active and (i.site_id = w.site_id or i.site_id is null)
          order by i.site_id nulls last limit 1)) as inventory_id
      from wanted w left join booked b on b.sale_id = w.id and b.product_id = w.product_id
      where w.is_return or b.inventory_id is not null or w.id = any (p_sales)
    )
    select row(p.inventory_id, case when p.is_return or p.units > coalesce(p.booked, 0) then 'refund' else 'sale' end,
      p.units - coalesce(p.booked, 0), p.transaction_date, p.id, null, null)::private.stock_change
    from placed p where p.inventory_id is not null and p.units <> coalesce(p.booked, 0)));
end
$$;
comment on function private.settle_stock(uuid, uuid[]) is
  'Brings stock to what the orders of these transactions, as they are now, took and gave back: units that the ledger already has for a transaction are not moved again, so the order in which transactions arrive or change makes no difference. Returns give back at most what was sold; one whose sale is not known waits for it. Call it with the lock of private.lock_sales held.';

create function private.lock_sales(p_brand uuid, p_has_returns boolean, p_sales uuid[])
returns void
language plpgsql
volatile
set search_path = ''
set plan_cache_mode = force_custom_plan -- the plan depends on the size of the array
as $$
begin
  -- Sales of a brand run beside each other. A return looks at sales that may be on their way: it runs alone.
  if p_has_returns then
    perform pg_advisory_xact_lock(hashtextextended('ops.sales/' || p_brand, 0));
    return;
  end if;
  perform pg_advisory_xact_lock_shared(hashtextextended('ops.sales/' || p_brand, 0));
  -- Sales whose return came before them share it out one after the other.
  if exists (
    select from ops.sales_data s
    cross join lateral (
      select from ops.sales_data r where r.brand_id = p_brand and r.transaction_id = s.transaction_id and r.transaction_type in ('refund', 'void') offset 0) r
    where s.id = any (p_sales)) or exists (
    select from ops.sales_data s
    cross join lateral (values (s.order_number), (s.transaction_id)) n (number)
    cross join lateral (
      select from ops.sales_data r where r.brand_id = p_brand and r.order_number = n.number and r.transaction_type in ('refund', 'void') offset 0) r
    where s.id = any (p_sales)) then
    perform pg_advisory_xact_lock(hashtextextended('ops.late_sales/' || p_brand, 0));
  end if;
end
$$;
comment on function private.lock_sales(uuid, boolean, uuid[]) is
  'Until the end of the transaction: no return of the brand and no sale that it could belong to are settled at once.';

create function private.note_sales(p_brand uuid, p_sales uuid[])
returns void
language sql
volatile
set search_path = ''
set plan_cache_mode = force_custom_plan -- the plan depends on the size of the array
as $$
  insert into private.ops_untold (brand_id, source, row_id)
  select p_brand, 'sale', s.id from ops.sales_data s
  where s.id = any (p_sales)
    and (s.customer_id is not null or s.customer_identifier is not null or s.transaction_type in ('refund', 'void'));
  insert into private.late_sales (brand_id, local_day)
  select distinct p_brand, (s.transaction_date at time zone b.timezone)::date
  from ops.sales_data s join core.brands b on b.id = p_brand
  where s.id = any (p_sales)
    and (s.transaction_date at time zone b.timezone)::date < (now() at time zone b.timezone)::date
$$;
comment on function private.note_sales(uuid, uuid[]) is 'Puts sales in line for signals, and their days for metrics where they are over.';

create function private.settle_sales(p_brand uuid, p_sales uuid[], p_has_returns boolean)
returns void
language plpgsql
volatile
set search_path = ''
as $$
begin
  perform private.lock_sales(p_brand, p_has_returns, p_sales);
  -- A statement of its own: it sees what was committed while this one waited.
  perform private.settle_stock(p_brand, p_sales);
  perform private.note_sales(p_brand, p_sales);
end
$$;
comment on function private.settle_sales(uuid, uuid[], boolean) is 'What follows from new or changed sales of one brand.';

create function private.settle_new_sales()
returns trigger
language plpgsql
security definer
set search_path = ''
as $$
declare
  v_brand record;
begin
  -- A loop over brands, of which a statement nearly always has one: each has its own lock.
  for v_brand in
    select n.brand_id, array_agg(n.id order by n.id) as ids, bool_or(n.transaction_type in ('refund', 'void')) as has_returns
    from inserted n group by n.brand_id order by n.brand_id
  loop
    perform private.settle_sales(v_brand.brand_id, v_brand.ids, v_brand.has_returns);
  end loop;
  return null;
end
$$;
comment on function private.settle_new_sales() is
  'Trigger (after insert, per statement): moves the stock of what was sold or brought back, and notes the sales for signals and metrics. Definer: a till may write sales without the right to write stock.';

create function private.settle_changed_sales()
returns trigger
language plpgsql
security definer
set search_path = ''
as $$
declare
  v_brand record;
begin
  -- A loop for the same reason as for new sales.
  for v_brand in
    select n.brand_id, array_agg(n.id order by n.id) as ids,
      bool_or(n.transaction_type in ('refund', 'void') or private.stock_effect(o.transaction_type, o.status) = -1) as has_returns
    from changed n join replaced o on o.id = n.id
    where (n.transaction_id, n.transaction_type, n.order_number, n.status, n.items, n.site_id, n.customer_id, n.customer_identifier, n.transaction_date)
      is distinct from (o.transaction_id, o.transaction_type, o.order_number, o.status, o.items, o.site_id, o.customer_id, o.customer_identifier, o.transaction_date)
    group by n.brand_id order by n.brand_id
  loop
    perform private.settle_sales(v_brand.brand_id, v_brand.ids, v_brand.has_returns);
  end loop;
  return null;
end
$$;
comment on function private.settle_changed_sales() is
  'Trigger (after update, per statement): what a change of sales moves, and notes them as private.settle_new_sales does. Definer: as there.';
