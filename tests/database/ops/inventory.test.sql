begin;
select plan(35);

create temp table o on commit drop as
select tests.create_user('owner@example.com') as owner, tests.create_user('store@example.com') as store, tests.create_user('help@example.com') as help;
alter table o add brand uuid, add site uuid;
update o set brand = tests.create_brand(owner);
select tests.add_member(brand, store, 'operator'), tests.add_member(brand, help, 'support') from o;
grant all on o to authenticated;
insert into ops.sites (brand_id, site_name, site_code, site_type) select brand, 'Main', 'M', 'physical' from o;
update o set site = (select id from ops.sites where brand_id = o.brand);
insert into ops.supply_chain (brand_id, supplier_id, supplier_name, supplier_type) select brand, s, s, 'food' from o, unnest(array['good', 'late', 'dear']) s;
insert into ops.inventory (brand_id, site_id, product_id, product_name, current_stock, reorder_point, unit_of_measure, unit_cost, supplier_id)
select brand, site, p, p, 10, 5, 'piece', 2, 'good' from o, unnest(array['tea', 'cup', 'jam']) p;
insert into ops.inventory (brand_id, product_id, product_name, current_stock, unit_of_measure) select brand, 'tea', 'tea', 50, 'piece' from o;

create function pg_temp.row_of(p_product text, p_at_site boolean default true) returns uuid language sql as
$$ select i.id from ops.inventory i, o where i.brand_id = o.brand and i.product_id = p_product and (i.site_id is not null) = p_at_site $$;
create function pg_temp.stock(p_product text, p_at_site boolean default true) returns bigint language sql as
$$ select i.ledger_balance from ops.inventory i where i.id = pg_temp.row_of(p_product, p_at_site) $$;
create function pg_temp.receive(p_supplier text, p_number text, p_received date, p_price numeric, p_over jsonb default '{}', p_line jsonb default '{}') returns bigint language sql as $$
  select count(*) from o, ops.record_receipt(o.brand, jsonb_build_object('supplier_id', p_supplier, 'receipt_number', p_number, 'ordered_on', '2026-01-01',
    'promised_on', '2026-01-05', 'received_on', p_received, 'lines', jsonb_build_array(jsonb_build_object('product_id', 'jam', 'quantity_ordered', 10, 'quantity_received', 10,
      'unit_price', p_price, 'site_id', o.site) || p_line)) || p_over, '2026-02-01') $$;
do $$ begin execute (select string_agg(format('grant execute on function %s to authenticated', p.oid::regprocedure), '; ') from pg_proc p where p.pronamespace = pg_my_temp_schema()); end $$;

select tests.authenticate_as(store) from o;
select results_eq($$select product_id, expected, counted, difference from o, ops.count_stock(o.brand,
    jsonb_build_array(jsonb_build_object('inventory_id', pg_temp.row_of('tea'), 'counted', 7), jsonb_build_object('inventory_id', pg_temp.row_of('cup'), 'counted', 10)), 'Sunday')$$,
  $$values ('cup', 10::bigint, 10, 0::bigint), ('tea', 10, 7, -3)$$, 'a count tells what the books expected and what is missing');
select is(pg_temp.stock('tea'), 7::bigint, 'stock is what was counted');
select is((select string_agg(m.units || ' ' || m.note || ' ' || u.email, ', ' order by m.units) from ops.stock_movements m join core.users u on u.id = m.moved_by where m.reason = 'count'),
  '-3 Sunday store@example.com, 0 Sunday store@example.com', 'the ledger says who counted, and also that nothing was missing');
select throws_ok(format($$select * from o, ops.count_stock(o.brand, '[%s]')$$, c), 'PT400', null, 'no count: ' || left(c, 60))
from unnest(array['{"counted": 1}', '7', format('{"inventory_id": "%s", "counted": -1}', pg_temp.row_of('tea')), format('{"inventory_id": "%s", "counted": 1.5}', pg_temp.row_of('tea')),
  format('{"inventory_id": "%1$s", "counted": 1}, {"inventory_id": "%1$s", "counted": 2}', pg_temp.row_of('tea'))]) c;
select throws_ok($$select * from o, ops.count_stock(o.brand, '[{"inventory_id": "00000000-0000-7000-8000-000000000000", "counted": 1}]')$$, 'PT404', null, 'a count of nothing known is an error');
select throws_ok($$select * from o, ops.count_stock(o.brand, '[{"inventory_id": "00000000-0000-7000-8000-000000000000", "counted": 1}]', null, '2020-01-01')$$, 'PT400', null, 'nobody dates a count');
insert into ops.sales_data (brand_id, site_id, transaction_id, transaction_type, transaction_date, order_method, payment_method, subtotal, total_amount, items, item_count, unique_item_count)
select brand, site, 'big', 'sale', '2026-01-20', 'in_store', 'card', 1, 1, '[{"product_id": "cup", "quantity": 15}]', 15, 1 from o;
select is((select array_agg(a.alert_key like 'low_stock%' order by a.alert_key) from ops.operational_alerts a where a.status = 'active'), array[true, false], 'more sold than there was: stock is low and the books are wrong');
select is((select difference from o, ops.count_stock(o.brand, jsonb_build_array(jsonb_build_object('inventory_id', pg_temp.row_of('cup'), 'counted', 4)))), 9::bigint, 'a count takes up the balance below 0');
select is((select string_agg(split_part(a.alert_key, ':', 1) || ' ' || a.status, ', ' order by a.alert_key) from ops.operational_alerts a), 'low_stock active, oversold resolved', 'and the books are right again');
select tests.authenticate_as(help) from o;
select throws_ok($$select * from o, ops.count_stock(o.brand, '[{}]')$$, '42501', null, 'support staff does not count');

-- Suppliers.
select tests.authenticate_as(store) from o;
select pg_temp.receive('good', '1', '2026-01-04', 2, '{}', '{"quantity_faulty": 2}');
select is(pg_temp.stock('jam'), 18::bigint, 'a delivery goes into stock, less what is faulty');
select pg_temp.receive('good', '1', '2026-01-04', 2, '{}', '{"quantity_faulty": 2}');
select is(pg_temp.stock('jam'), 18::bigint, 'once, however often it is told');
select throws_ok($$select pg_temp.receive('good', '1', '2026-01-04', 3)$$, 'PT422', null, 'another delivery under its number is an error');
select results_eq($$select on_time_delivery_rate, quality_score, cost_competitiveness, last_order_date from ops.supply_chain where supplier_id = 'good'$$,
  $$select (1 + 4) / 6.0::double precision, (0.8::double precision + 5 * 0.95::double precision) / 6, 0.5::double precision, '2026-01-01'::date$$, 'one delivery is no certainty: scores are posterior means');
select is((select sum(pg_temp.receive(s, n::text, case s when 'late' then '2026-01-09' else '2026-01-05' end::date, case s when 'dear' then 4 else 2 end))
  from unnest(array['good', 'late', 'dear']) s, generate_series(10, 29) n), 60::numeric, 'sixty deliveries later');
select is((select string_agg(supplier_id, ' < ' order by on_time_delivery_rate) || ', ' || (select supplier_id from ops.supply_chain order by cost_competitiveness limit 1) || ', '
  || (select supplier_id from ops.supply_chain order by overall_rating desc limit 1) from ops.supply_chain where supplier_id in ('good', 'late')), 'late < good, dear, good',
  'who is late, who is dear and who is best shows in the scores');
select ok((select on_time_delivery_rate < 0.2 and cost_competitiveness > 0.5 from ops.supply_chain where supplier_id = 'late')
  and (select cost_competitiveness < 0.2 from ops.supply_chain where supplier_id = 'dear'), 'by as much as it is');
select pg_temp.receive('late', '99', '2026-01-05', 2, '{}', '{"quantity_received": 9}');
select ok((select on_time_delivery_rate < 4.0 / 25 from ops.supply_chain where supplier_id = 'late'),
  'half of it on the day is not on time');
select throws_ok(format('select pg_temp.receive(%L, %L, %L, 1, %L, %L)', 'good', '50', '2026-01-05', x.over, x.line), 'PT400', null, 'no delivery: ' || x.over || x.line)
from (values ('{"received_on": "2025-12-31"}', '{}'), ('{"received_on": "soon"}', '{}'), ('{"lines": []}', '{}'), ('{}', '{"quantity_received": -1}'),
  ('{}', '{"quantity_faulty": 11}'), ('{}', '{"unit_price": 1e309}'), ('{}', '{"site_id": "00000000-0000-7000-8000-000000000000"}')) x (over, line);
select throws_ok($$select pg_temp.receive('nobody', '1', '2026-01-05', 1)$$, 'PT404', null, 'nor from a supplier that is none');

-- The forecast, on sales whose rates are known.
select tests.clear_authentication();
insert into ops.inventory (brand_id, product_id, product_name, unit_of_measure, current_stock, created_at)
select brand, 'f' || n, 'f' || n, 'piece', 100, '2025-01-01' from o, generate_series(1, 300) n;
insert into ops.stock_movements (brand_id, inventory_id, reason, units, moved_at)
select i.brand_id, i.id, 'sale', -1, '2026-01-04'::timestamptz + random() * interval '28 days'
from ops.inventory i cross join lateral (
  -- A Poisson number of sales in 28 days, from exponential gaps, at 0.5 to 3 a day.
  select count(*) as n from (
    select sum(-ln(1 - private.random_uniform(hashtextextended(i.product_id, 7), k))) over (order by k) as at from generate_series(1, 200) k) t
  where t.at < 28 * (0.5 + substr(i.product_id, 2)::int % 6 * 0.5)) p cross join lateral generate_series(1, p.n)
where i.product_id like 'f%';
select ok(avg((0.5 + substr(f.product_id, 2)::int % 6 * 0.5 between f.rate_low and f.rate_high)::int) between 0.86 and 0.95, 'the 90% interval of the rate holds the true one nine times in ten: '
    || round(avg((0.5 + substr(f.product_id, 2)::int % 6 * 0.5 between f.rate_low and f.rate_high)::int), 3))
from o, ops.forecast_stock(o.brand, null, 0.95, '2026-02-01') f where f.product_id like 'f%';
select ok(bool_and(f.days_of_cover between f.cover_low and f.cover_high and abs(f.days_of_cover * f.daily_rate - f.current_stock) < 1e-6), 'days of cover follow, with theirs')
from o, ops.forecast_stock(o.brand, null, 0.95, '2026-02-01') f where f.product_id like 'f%';
-- Demand of the 14 days of lead time and review, drawn anew: the order is to be enough 95 times in 100.
update ops.inventory set current_stock = 0 where product_id like 'f%';
select ok(avg((d.n <= f.suggested_order)::int) between 0.92 and 0.99, 'what is suggested lasts as often as the service level says: ' || round(avg((d.n <= f.suggested_order)::int), 3))
from o, ops.forecast_stock(o.brand, null, 0.95, '2026-02-01') f, generate_series(1, 5) g
cross join lateral (
  select count(*) as n from (
    select sum(-ln(1 - private.random_uniform(hashtextextended(f.product_id, 100 + g), k))) over (order by k) as at from generate_series(1, 120) k) t
  where t.at < 14 * (0.5 + substr(f.product_id, 2)::int % 6 * 0.5)) d
where f.product_id like 'f%';
select ok((select f.lead_time_days from o, ops.forecast_stock(o.brand) f where f.product_id = 'jam') between 3 and 5, 'the lead time is that of the supplier''s deliveries');
select throws_ok($$select * from o, ops.forecast_stock(o.brand, null, 1)$$, 'PT400', null, 'no stock is for ever');
select * from finish();
rollback;
