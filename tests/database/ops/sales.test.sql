begin;
select plan(41);

create temp table o on commit drop as
select tests.create_user('owner@example.com') as owner, tests.create_user('till@example.com') as till, tests.create_user('help@example.com') as help;
alter table o add brand uuid, add site uuid;
update o set brand = tests.create_brand(owner);
select tests.add_member(brand, till, 'operator'), tests.add_member(brand, help, 'support') from o;
grant all on o to authenticated;
insert into ops.sites (brand_id, site_name, site_code, site_type, currency) select brand, 'Main', 'M', 'physical', 'EUR' from o;
update o set site = (select id from ops.sites where brand_id = o.brand);
insert into ops.inventory (brand_id, site_id, product_id, product_name, product_category, current_stock, unit_of_measure, unit_price)
select o.brand, o.site, x.product, initcap(x.product), 'Drinks', x.stock, 'piece', 5 from o, (values ('tea', 100), ('cup', 10)) x (product, stock);

-- A sale as a till sends it: a tea and two cups for 15, with what is told over it.
create function pg_temp.sale(p_id text, p_over jsonb default '{}') returns jsonb language sql as $$
  select jsonb_build_object('transaction_id', p_id, 'transaction_type', 'sale', 'transaction_date', '2026-02-01T10:00:00Z',
    'order_method', 'in_store', 'payment_method', 'card', 'subtotal', 15, 'total_amount', 15,
    'items', '[{"product_id": "tea", "quantity": 1, "unit_price": 5}, {"product_id": "cup", "quantity": 2, "unit_price": 5}]'::jsonb) || p_over $$;
create function pg_temp.send(variadic p_sales jsonb[]) returns text language sql as $$
  select string_agg(concat_ws(' ', r.verdict, r.error_code, r.field), ', ' order by r.index)
  from o, ops.record_sales(o.brand, to_jsonb(p_sales), '2026-02-02') r $$;
create function pg_temp.stock(p_product text) returns integer language sql as
$$ select i.current_stock from ops.inventory i, o where i.brand_id = o.brand and i.product_id = p_product and i.site_id is not null $$;
create function pg_temp.units(p_product text, p_quantity integer) returns jsonb language sql as
$$ select jsonb_build_object('items', jsonb_build_array(jsonb_build_object('product_id', p_product, 'quantity', p_quantity))) $$;

do $$ begin execute (select string_agg(format('grant execute on function %s to authenticated', p.oid::regprocedure), '; ') from pg_proc p where p.pronamespace = pg_my_temp_schema()); end $$;

select tests.authenticate_as(till) from o;
select is(pg_temp.send(pg_temp.sale('A'), pg_temp.sale('B', '{"tax_amount": 1.5, "tip_amount": 1, "discount_amount": 0.5, "total_amount": 17}')),
  'accepted, accepted', 'an operator records a batch of sales');
select is((select row(item_count, unique_item_count, status)::text from ops.sales_data where transaction_id = 'A'), '(3,2,completed)', 'what the till left out is counted');
select is(pg_temp.send(pg_temp.sale('A'), pg_temp.sale('A', '{"total_amount": 14, "discount_amount": 1}'), pg_temp.sale('C'), pg_temp.sale('C')),
  'duplicate, rejected transaction_reused transaction_id, accepted, duplicate', 'a repeat is harmless; another body under a known id is reported, in one batch too');
update ops.sales_data set status = 'delivered', notes = 'collected' where transaction_id = 'A';
select is(pg_temp.send(pg_temp.sale('A')), 'duplicate', 'also after staff has moved it on');
select is(pg_temp.send(
    pg_temp.sale('X', '{"total_amount": 15.02}'), pg_temp.sale('X', '{"total_amount": 15.01}'), pg_temp.sale('Y', '{"subtotal": -15}'),
    pg_temp.sale('Y', '{"subtotal": "NaN"}'), pg_temp.sale('Y', '{"total_amount": 1e309}'), pg_temp.sale('Y', '{"currency": "USD", "total_amount": 15.005}'),
    '"x"', '{}', pg_temp.sale('Y', '{"transaction_date": "yesterday"}'), pg_temp.sale('Y', '{"transaction_date": "2027-01-01T00:00:00Z"}')),
  'rejected amounts_differ total_amount, accepted, rejected invalid_field subtotal, rejected invalid_field subtotal, rejected invalid_field total_amount, '
  || 'rejected invalid_field total_amount, rejected not_an_object, rejected missing_field items, rejected invalid_field transaction_date, rejected invalid_field transaction_date',
  'amounts add up within a cent; amounts and times that cannot be are rejected, each by name');
select is(pg_temp.send(pg_temp.sale('Y', '{"currency": "GBP"}'), pg_temp.sale('Y', '{"currency": "USD"}') || (select jsonb_build_object('site_id', site) from o),
    pg_temp.sale('Y', '{"site_id": "00000000-0000-7000-8000-000000000000"}'), pg_temp.sale('Y', '{"customer_id": "00000000-0000-7000-8000-000000000000"}')),
  'rejected wrong_currency currency, rejected wrong_currency currency, rejected invalid_field site_id, rejected invalid_field customer_id',
  'so are another currency than that of the place, and sites and people that are not the brand''s');
select is(pg_temp.send(pg_temp.sale(repeat('x', 201)), pg_temp.sale('Y', jsonb_build_object('notes', repeat('x', 70000))),
    pg_temp.sale('Y', jsonb_build_object('metadata', (repeat('{"a":', 40) || '1' || repeat('}', 40))::jsonb)),
    pg_temp.sale('Y', '{"items": [{"product_id": "tea", "quantity": -1}]}'), pg_temp.sale('Y', '{"items": [[[]]]}'), pg_temp.sale('Y', '{"items": []}')),
  'rejected invalid_field transaction_id, rejected too_large, rejected too_deep, rejected invalid_field items, rejected invalid_field items, rejected invalid_field items',
  'and what is too long, too large, too deep, or no goods');
select throws_ok($$select * from o, ops.record_sales(o.brand, '{}')$$, 'PT400', null, 'no array is an error');
select throws_ok($$select * from o, ops.record_sales(o.brand, (select jsonb_agg(n) from generate_series(1, 1001) n))$$, 'PT400', null, 'nor is more than a thousand');
select is(pg_temp.send(pg_temp.sale('T', '{"tax_amount": 2.4}')), 'rejected amounts_differ total_amount', 'tax is added to the subtotal');
select tests.authenticate_as(owner) from o;
select core.set_setting(brand, 'ops.prices_include_tax', 'true') from o;
select is(pg_temp.send(pg_temp.sale('T', '{"tax_amount": 2.4}')), 'accepted', 'unless the brand''s prices include it');
select tests.authenticate_as(help) from o;
select throws_ok($$select * from o, ops.record_sales(o.brand, '[{}]')$$, '42501', null, 'support staff records no sales');
select tests.clear_authentication();
select tests.authenticate_as(tests.create_user('other@example.com'));
select throws_ok($$select * from o, ops.record_sales(o.brand, '[{}]')$$, '42501', null, 'nor does somebody else');

-- Stock: returns against what their order sold.
select tests.clear_authentication();
update ops.inventory set current_stock = 100;
select pg_temp.send(pg_temp.sale('S1', '{"order_number": "O1"}' || pg_temp.units('tea', 5) || (select jsonb_build_object('site_id', site) from o)));
select is(pg_temp.stock('tea'), 95, 'a sale lowers stock');
select pg_temp.send(pg_temp.sale('R1', '{"order_number": "O1", "transaction_type": "refund"}' || pg_temp.units('tea', 2) || (select jsonb_build_object('site_id', site) from o)));
select is(pg_temp.stock('tea'), 97, 'a part that is refunded under the order number comes back');
select pg_temp.send(pg_temp.sale('S1', '{"transaction_type": "refund"}' || pg_temp.units('tea', 2) || (select jsonb_build_object('site_id', site) from o)));
select is(pg_temp.stock('tea'), 99, 'another by the transaction of the sale too');
select pg_temp.send(pg_temp.sale('R3', '{"order_number": "S1", "transaction_type": "refund"}' || pg_temp.units('tea', 50) || (select jsonb_build_object('site_id', site) from o)));
select is(pg_temp.stock('tea'), 100, 'but never more than was sold');
update ops.sales_data set status = 'cancelled' where transaction_id = 'R1';
select is(pg_temp.stock('tea'), 100, 'a return that is cancelled leaves its place to the next');
update ops.sales_data set status = 'cancelled' where transaction_id = 'R3';
select is(pg_temp.stock('tea'), 97, 'until there is none');
update ops.sales_data set status = 'refunded' where transaction_id = 'S1' and transaction_type = 'sale';
select is(pg_temp.stock('tea'), 100, 'a sale that is refunded by its state does not come back twice');

-- The same transactions in two orders of arrival.
create function pg_temp.play(p_order text) returns text language plpgsql as $$
declare v_brand uuid := tests.create_brand(tests.create_user(p_order || '@example.com'), p_order); v_next text;
begin
  insert into ops.inventory (brand_id, product_id, product_name, current_stock, unit_of_measure) values (v_brand, 'tea', 'Tea', 2, 'piece');
  foreach v_next in array string_to_array(p_order, ' ') loop
    perform ops.record_sales(v_brand, jsonb_build_array(case v_next
      when 's' then pg_temp.sale('S', '{"order_number": "O"}' || pg_temp.units('tea', 5))
      when 't' then pg_temp.sale('T', '{"order_number": "O"}' || pg_temp.units('tea', 1))
      when 'r' then pg_temp.sale('R', '{"order_number": "O", "transaction_type": "refund"}' || pg_temp.units('tea', 4))
      when 'q' then pg_temp.sale('S', '{"transaction_type": "refund", "transaction_date": "2026-02-01T12:00:00Z"}' || pg_temp.units('tea', 9))
      when 'v' then pg_temp.sale('V', '{"order_number": "T", "transaction_type": "void"}' || pg_temp.units('tea', 1)) end), '2026-02-02');
  end loop;
  return (select i.current_stock || ' ' || i.ledger_balance || coalesce(' ' || (select string_agg(n, ' ' order by n) from (
      select s.transaction_id || s.transaction_type || sum(m.units) as n from ops.stock_movements m join ops.sales_data s on s.id = m.sale_id
      where m.brand_id = v_brand group by s.transaction_id, s.transaction_type having sum(m.units) <> 0) x), '')
    from ops.inventory i where i.brand_id = v_brand);
end $$;
select is((select count(distinct pg_temp.play(p)) from unnest(array['s t r q v', 'v q r t s', 'r s q t v', 'q v s t r', 't s v r q']) p), 1::bigint,
  'sales, refunds and voids end the same in whatever order they arrive');
select is(pg_temp.play('r s'), '1 1 Rrefund4 Ssale-5', 'a refund waits for its sale');
select is(pg_temp.play('r t'), '2 2 Rrefund1 Tsale-1', 'and gives back no more than that');
select is(pg_temp.play('r'), '2 2', 'alone it brings nothing back');

-- Every way that stock can move is in the ledger.
update ops.inventory set current_stock = 7 where product_id = 'cup';
select is_empty($$select i.id from ops.inventory i left join (select inventory_id, sum(units) as units from ops.stock_movements group by 1) m on m.inventory_id = i.id
  where i.ledger_balance <> coalesce(m.units, 0) or i.current_stock <> greatest(0, coalesce(m.units, 0))$$, 'current stock is the sum of the movements');
select is((select string_agg(m.reason || m.units, ' ' order by m.id) from ops.stock_movements m join ops.inventory i on i.id = m.inventory_id, o
  where i.brand_id = o.brand and i.product_id = 'cup'), 'opening10 adjustment90 adjustment-93', 'stock written by hand enters it too');
select tests.authenticate_as(owner) from o;
select throws_ok($$update ops.stock_movements set units = 1$$, '42501', null, 'nobody rewrites it');
select tests.clear_authentication();
select throws_ok($$update ops.stock_movements set units = 1$$, '42501', null, 'the service neither');

-- Signals.
create function pg_temp.tell() returns integer language sql as $$ select private.ops_tell(o.brand, '2026-02-03', 1000) from o $$;
select is(pg_temp.tell(), 0, 'sales of nobody in particular are no signals');
select pg_temp.send(pg_temp.sale('K1', '{"customer_identifier": "Anna@Example.com"}'), pg_temp.sale('K2', '{"customer_identifier": "+4930123456", "order_method": "kiosk", "payment_method": "gift_card"}'),
  pg_temp.sale('K3', '{"customer_identifier": "card 77", "status": "pending"}'), pg_temp.sale('K4', '{"customer_identifier": "card 78", "service_fee": 2, "total_amount": 17}'));
select is(pg_temp.tell(), 3, 'sales of known customers are, once they are completed');
select is((select string_agg(s.source_id || ' ' || s.actor_identifier || ' ' || (h.items -> 0 ->> 'name') || ' ' || (h.items -> 0 ->> 'category') || ' ' || h.total_amount, ', ' order by s.source_id)
  from signals.signals_base s join signals.order_history h on h.signal_id = s.id, o where s.brand_id = o.brand and s.source_platform = 'ops'),
  'K1 anna@example.com Tea Drinks 15.00, K2 +4930123456 Tea Drinks 15.00, K4 card 78 Tea Drinks 17.00', 'as orders of who the identifier names, with the goods as the inventory calls them');
select is((select count(*)::int from ops.sales_data s join signals.signals_base b on b.id = s.signal_id), 3, 'and the sales know their signals');
select is((select string_agg(distinct (s.quality_parts ->> 'plausibility'), ' ') from signals.signals_base s, o where s.brand_id = o.brand), '1.0000', 'all of them plausible');
update ops.sales_data set status = 'completed' where transaction_id = 'K3';
update ops.sales_data set status = 'refunded' where transaction_id = 'K1';
select pg_temp.send(pg_temp.sale('K5', '{"order_number": "K2", "transaction_type": "refund", "subtotal": 5, "total_amount": 5}' || pg_temp.units('cup', 1)));
select is(pg_temp.tell(), 3, 'what is completed or refunded later follows');
select is((select string_agg(s.source_id || ' ' || s.actor_identifier || ' ' || h.order_number || ' ' || h.order_status, ', ' order by s.source_id)
  from signals.signals_base s join signals.order_history h on h.signal_id = s.id, o where s.brand_id = o.brand and s.source_id like 'K%' and h.order_status = 'refunded'),
  'K1:refunded anna@example.com K1 refunded, K5:refund +4930123456 K2 refunded', 'refunds as returns of the same customer''s order');
insert into private.ops_untold (brand_id, source, row_id) select s.brand_id, 'sale', s.id from ops.sales_data s, o where s.brand_id = o.brand;
select pg_temp.tell();
select is((select count(*)::int from signals.signals_base s, o where s.brand_id = o.brand), 6, 'telling again adds nothing');

create function pg_temp.till(p_number text, p_at text, p_amount numeric, p_email text) returns text language sql as $$
  select r.verdict || coalesce(' ' || r.duplicate_kind, '') from o, signals.ingest(o.brand, jsonb_build_array(jsonb_build_object('type', 'order', 'source_platform', 'pos',
    'source_id', p_number || p_amount || p_email || p_at, 'occurred_at', p_at, 'identifiers', jsonb_build_object('email', p_email),
    'data', jsonb_build_object('order_number', p_number, 'total_amount', p_amount, 'items', '[{"product_id": "t", "name": "T", "quantity": 1, "unit_price": 15}]'::jsonb))), null, '2026-02-03') r $$;
select is(pg_temp.till('K1', '2026-02-01T10:05:00Z', 15, 'anna@example.com'), 'duplicate same_order', 'a till that sends the order as a signal itself counts once');
select is(pg_temp.till('K1', '2026-02-01T10:05:00Z', 16, 'anna@example.com') || ', ' || pg_temp.till('K1', '2026-02-01T10:05:00Z', 15, 'ben@example.com') || ', '
  || pg_temp.till('K1', '2026-01-20T10:05:00Z', 15, 'anna@example.com'), 'accepted, accepted, accepted', 'another amount, person or day is another order');
select is(pg_temp.till('Z1', '2026-02-01T11:00:00Z', 15, 'cleo@example.com'), 'accepted', 'the till may be first');
select pg_temp.send(pg_temp.sale('Z1', '{"customer_identifier": "cleo@example.com"}'));
select pg_temp.tell();
select is((select b.source_platform from ops.sales_data s join signals.signals_base b on b.id = s.signal_id where s.transaction_id = 'Z1'), 'pos', 'then its signal is that of the sale');
select pg_temp.send(pg_temp.sale('K4', '{"transaction_type": "void", "service_fee": 2, "total_amount": 17}'));
select pg_temp.tell();
select isnt((select b.retracted_at from ops.sales_data s join signals.signals_base b on b.id = s.signal_id where s.transaction_id = 'K4' and s.transaction_type = 'sale'), null, 'what was void is taken back');

select * from finish();
rollback;
