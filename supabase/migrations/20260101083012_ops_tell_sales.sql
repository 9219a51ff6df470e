create function private.customer_identifiers(p_brand uuid, p_actor uuid, p_identifier text, p_country text)
returns jsonb
language plpgsql
stable
set search_path = ''
as $$
declare
  v_known jsonb;
begin
  if p_actor is not null then
    select jsonb_build_object(a.primary_identifier_type, a.primary_identifier) into v_known from actors.actors a where a.brand_id = p_brand and a.id = p_actor;
  end if;
  return coalesce(v_known,
    case when private.normalize_identifier('email', p_identifier) is not null then jsonb_build_object('email', p_identifier)
      when private.normalize_identifier('phone', p_identifier, p_country) is not null then jsonb_build_object('phone', p_identifier)
      when private.normalize_identifier('customer_id', p_identifier) is not null then jsonb_build_object('customer_id', p_identifier) end);
end
$$;
comment on function private.customer_identifiers(uuid, uuid, text, text) is
  'The identifiers of a signal about a customer: those of the known person, else what the text is: an e-mail address, a phone number (p_country: ISO 3166 alpha-2, for national ones) or a customer id. Null for nobody.';

create type private.untold_signal as (row_id uuid, is_origin boolean, signal jsonb);

create function private.tell_signals(p_brand uuid, p_signals private.untold_signal[], p_now timestamptz)
returns table (row_id uuid, signal_id uuid)
language plpgsql
volatile
set search_path = ''
as $$
declare
  v_part private.untold_signal[];
  v_places integer[];
  v_ids uuid[];
begin
  -- A loop, since the intake takes a thousand at a time.
  for v_first in 1 .. coalesce(cardinality(p_signals), 0) by 1000 loop
    v_part := p_signals[v_first : v_first + 999];
    select array_agg(v.index + 1), array_agg(coalesce(v.duplicate_of, v.signal_id)) into v_places, v_ids
    from private.signals_ingest(p_brand, (
      select jsonb_agg(s.signal order by s.place) from unnest(v_part) with ordinality s (row_id, is_origin, signal, place)), null, p_now) v;
    return query
    select v_part[t.place].row_id, t.id from unnest(v_places, v_ids) t (place, id)
    where t.id is not null and v_part[t.place].is_origin;
  end loop;
end
$$;
comment on function private.tell_signals(uuid, private.untold_signal[], timestamptz) is
  'Sends signals by the intake; returns for each row that a signal is the origin of which one counts: where another platform told of the same before, that one.';

create function private.tell_sales(p_brand uuid, p_sales uuid[], p_now timestamptz)
returns integer
language plpgsql
volatile
set search_path = ''
set plan_cache_mode = force_custom_plan -- the plan depends on the size of the array
as $$
declare
  v_country text := nullif(private.parameter(p_brand, 'signals.default_country') #>> '{}', '');
  v_signals private.untold_signal[];
  v_void record;
begin
  v_signals := array(
    with sales as materialized (
      select s.*, coalesce(o.order_number, s.order_number) as number, coalesce(o.transaction_id, s.transaction_id) as sale_id,
        coalesce(o.transaction_date, s.transaction_date) as sold_at, coalesce(i.currency, b.currency) as currency,
        private.customer_identifiers(p_brand, coalesce(s.customer_id, o.customer_id), coalesce(s.customer_identifier, o.customer_identifier), v_country) as identifiers
      from ops.sales_data s
      join core.brands b on b.id = p_brand
      left join ops.sites i on i.brand_id = p_brand and i.id = s.site_id
      left join lateral (
        select o.* from ops.sales_data o
        where s.transaction_type = 'refund' and o.brand_id = p_brand and o.transaction_type in ('sale', 'loyalty_redemption')
          and (o.transaction_id in (s.transaction_id, s.order_number) or o.order_number = s.order_number)
        order by o.transaction_id = s.transaction_id desc, o.transaction_date desc limit 1
      ) o on true
      where s.id = any (p_sales)
    ), kinds as materialized (
      select s.*, k.kind from sales s
      cross join lateral (
        -- A sale that was refunded has happened all the same; one that was void has not.
        select 'delivered' as kind where s.transaction_type in ('sale', 'loyalty_redemption') and s.signal_id is null
          and (private.stock_effect(s.transaction_type, s.status) = -1 or s.status = 'refunded')
          and not exists (select from ops.sales_data v where v.brand_id = p_brand and v.transaction_type = 'void'
            and private.stock_effect(v.transaction_type, v.status) = 1
            and (v.transaction_id = s.transaction_id or v.order_number in (s.order_number, s.transaction_id)) offset 0)
        union all
        select 'refunded' where s.transaction_type in ('sale', 'loyalty_redemption') and s.status = 'refunded'
          or s.transaction_type = 'refund' and private.stock_effect(s.transaction_type, s.status) = 1
      ) k
      where s.identifiers is not null
    ), goods as materialized (
      select k.id, k.kind, jsonb_agg(jsonb_strip_nulls(jsonb_build_object('product_id', g.item ->> 'product_id',
        'name', coalesce(g.item ->> 'name', p.product_name, g.item ->> 'product_id'), 'category', coalesce(g.item ->> 'category', p.product_category),
        'quantity', g.item -> 'quantity', 'unit_price', coalesce(g.item -> 'unit_price', to_jsonb(p.unit_price), '0')))) as items
      from kinds k
      cross join lateral jsonb_array_elements(k.items) g (item)
      left join lateral (
        select i.product_name, i.product_category, i.unit_price from ops.inventory i
        where i.brand_id = p_brand and i.product_id = g.item ->> 'product_id'
        order by coalesce(i.site_id = k.site_id, false) desc, i.site_id nulls first limit 1) p on true
      where private.check_sale_items(jsonb_build_array(g.item)) is null
      group by k.id, k.kind
    )
    select row(k.id, k.kind = 'delivered' or k.transaction_type = 'refund', jsonb_strip_nulls(jsonb_build_object(
      'type', 'order', 'source_platform', 'ops',
      'source_id', k.transaction_id || case when k.kind = 'delivered' then '' when k.transaction_type = 'refund' then ':refund' else ':refunded' end,
      'occurred_at', to_char(k.transaction_date at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), 'identifiers', k.identifiers,
      'data', jsonb_build_object(
        -- Tills count from one every morning: a number that comes again on another day names no order.
        'order_number', case when k.number is null or exists (select from ops.sales_data a where a.brand_id = p_brand and a.order_number = k.number
            and a.transaction_type in ('sale', 'loyalty_redemption') and abs(extract(epoch from a.transaction_date - k.sold_at)) > 43200 offset 0)
          then k.sale_id else k.number end,
        'order_status', k.kind, 'subtotal', k.subtotal, 'tax_amount', k.tax_amount, 'tip_amount', k.tip_amount,
        'delivery_fee', k.delivery_fee + k.service_fee, 'total_amount', k.total_amount, 'currency', k.currency,
        'order_method', case k.order_method when 'kiosk' then 'in_store' else k.order_method end,
        'payment_method', case when k.payment_method in ('gift_card', 'loyalty_points') then 'other' else k.payment_method end,
        'delivery_method', case when k.order_method in ('in_store', 'kiosk') then 'pickup' end,
        'items', coalesce(g.items, jsonb_build_array(jsonb_build_object('product_id', 'unlisted', 'name', 'Unlisted', 'quantity', 1, 'unit_price', k.subtotal)))))))::private.untold_signal
    from kinds k left join goods g on g.id = k.id and g.kind = k.kind
    order by k.transaction_date, k.id, k.kind);

  update ops.sales_data s set signal_id = t.signal_id
  from private.tell_signals(p_brand, v_signals, p_now) t
  where s.brand_id = p_brand and s.id = t.row_id and s.signal_id is distinct from t.signal_id;

  -- A loop: what never happened is taken back one by one, and is rare.
  for v_void in
    select s.signal_id from ops.sales_data s where s.id = any (p_sales) and s.status = 'cancelled' and s.signal_id is not null
      and s.transaction_type in ('sale', 'loyalty_redemption')
    union
    select s.signal_id from ops.sales_data v
    cross join lateral (
      select o.signal_id from ops.sales_data o
      where o.brand_id = p_brand and o.signal_id is not null and o.transaction_type in ('sale', 'loyalty_redemption')
        and (o.transaction_id in (v.transaction_id, v.order_number) or o.order_number = v.order_number) offset 0) s
    where v.id = any (p_sales) and v.transaction_type = 'void' and private.stock_effect(v.transaction_type, v.status) = 1
    order by signal_id
  loop
    perform private.actors_retract(v_void.signal_id, 'the sale was void or cancelled', p_now);
  end loop;
  return coalesce(cardinality(v_signals), 0);
end
$$;
comment on function private.tell_sales(uuid, uuid[], timestamptz) is
  'Sends the sales of known customers as orders by the intake (source_platform ops), refunds as refunded orders; takes the signals of void and cancelled ones back. Sales that were told before are not told again. Returns how many signals were sent.';
