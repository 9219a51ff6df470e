begin;
select plan(24);

create temp table o on commit drop as
select tests.create_user('owner@example.com') as owner, tests.create_user('till@example.com') as till;
alter table o add brand uuid, add site uuid;
update o set brand = tests.create_brand(owner);
select tests.add_member(brand, till, 'operator') from o;
grant all on o to authenticated;

insert into ops.sites (brand_id, site_name, site_code, site_type) select brand, 'Main', 'M', 'physical' from o;
update o set site = (select id from ops.sites);
insert into ops.inventory (brand_id, site_id, product_id, product_name, current_stock, reorder_point, unit_of_measure, unit_price)
select o.brand, case x.at_site when true then o.site end, x.product, x.product, x.stock, x.reorder, 'piece', 5
from o, (values ('tea', true, 20, 5), ('tea', false, 100, 0), ('cup', false, 3, 0)) x (product, at_site, stock, reorder);

create function pg_temp.stock(p_product text, p_at_site boolean) returns integer language sql as
$$ select current_stock from ops.inventory where product_id = p_product and (site_id is not null) = p_at_site $$;
create function pg_temp.sell(p_transaction text, p_items jsonb, p_type ops.transaction_type default 'sale', p_status ops.sale_status default 'completed')
returns void language sql as $$
  insert into ops.sales_data (brand_id, site_id, transaction_id, transaction_type, transaction_date, order_method, payment_method,
    subtotal, total_amount, items, item_count, unique_item_count, status)
  select o.brand, o.site, p_transaction, p_type, '2026-02-01', 'in_store', 'card', 10, 10, p_items, 2, 1, p_status from o
$$;
grant execute on function pg_temp.stock(text, boolean) to authenticated;
grant execute on function pg_temp.sell(text, jsonb, ops.transaction_type, ops.sale_status) to authenticated;

select tests.authenticate_as(till) from o;
select lives_ok($$insert into ops.sales_data (brand_id, site_id, transaction_id, transaction_type, transaction_date, order_method, payment_method,
    subtotal, total_amount, items, item_count, unique_item_count)
  select brand, site, 'T0', 'sale', '2026-02-01', 'in_store', 'card', 10, 10, '[{"product_id": "tea", "quantity": 2}]', 2, 1 from o$$,
  'an operator records a sale; completed is a state and the default');
select is(pg_temp.stock('tea', true), 18, 'its site''s stock falls');
select is(pg_temp.stock('tea', false), 100, 'and not also the brand''s');
select lives_ok($$select pg_temp.sell('T1', '[{"product_id": "cup", "quantity": 1}, {"product_id": "cup", "quantity": 1}]')$$, 'two lines of one product');
select is(pg_temp.stock('cup', false), 1, 'where the site has no row, the brand''s stock falls, by both');
select lives_ok($$select pg_temp.sell('T2', '[{"product_id": "tea", "quantity": "many"}, {"product_id": "tea", "quantity": -4}, {"quantity": 1}, 7]')$$, 'nonsense in the items aborts no sale');
select is(pg_temp.stock('tea', true), 18, 'and moves nothing');

select pg_temp.sell('T3', '[{"product_id": "tea", "quantity": 3}]', 'sale', 'pending');
select is(pg_temp.stock('tea', true), 18, 'a pending sale takes nothing');
update ops.sales_data set status = 'completed' where transaction_id = 'T3';
select is(pg_temp.stock('tea', true), 15, 'until it is completed');
update ops.sales_data set status = 'delivered' where transaction_id = 'T3';
select is(pg_temp.stock('tea', true), 15, 'being delivered afterwards takes nothing more');
update ops.sales_data set status = 'refunded' where transaction_id = 'T3';
select is(pg_temp.stock('tea', true), 18, 'a refunded sale gives back what it took');
select pg_temp.sell('T0', '[{"product_id": "tea", "quantity": 1}]', 'refund');
select is(pg_temp.stock('tea', true), 19, 'so does a row of type refund');
select pg_temp.sell('T0', '[{"product_id": "tea", "quantity": 1}]', 'void');
select is(pg_temp.stock('tea', true), 20, 'and a void');

select pg_temp.sell('T4', '[{"product_id": "tea", "quantity": 15}]');
select is((select alert_severity || ' ' || status from ops.operational_alerts where alert_key like 'low_stock:%'), 'medium active', 'at the reorder point an alert is raised');
select pg_temp.sell('T5', '[{"product_id": "tea", "quantity": 1}]');
select is((select count(*)::int from ops.operational_alerts where alert_key like 'low_stock:%'), 1, 'one, however far stock falls');
select lives_ok($$select pg_temp.sell('T6', '[{"product_id": "tea", "quantity": 50}]')$$, 'selling more than the books have is no error');
select is(pg_temp.stock('tea', true), 0, 'stock ends at 0');
select is((select count(*)::int from public.oasis_events where type = 'ops.stock_out'), 1, 'which is an event');
select is((select trigger_value::int from ops.operational_alerts where alert_key like 'oversold:%'), -46, 'and an alert says how many were missing');
select throws_ok($$update ops.operational_alerts set alert_title = 'x'$$, '42501', null, 'an operator does not rewrite an alert');
update ops.operational_alerts set status = 'acknowledged' where alert_key like 'oversold:%';
select is((select u.email from ops.operational_alerts a join core.users u on u.id = a.acknowledged_by where a.alert_key like 'oversold:%'), 'till@example.com', 'but acknowledges it by name');
update ops.inventory set current_stock = 30 where product_id = 'tea' and site_id is not null;
select is((select status::text from ops.operational_alerts where alert_key like 'low_stock:%'), 'resolved', 'restocking resolves the alert');
select throws_ok($$insert into ops.inventory (brand_id, product_id, product_name, unit_of_measure, unit_price, unit_cost) select brand, 'x', 'x', 'piece', -1, 3 from o$$,
  '23514', null, 'a negative price is refused, whatever the cost is');

select tests.clear_authentication();
insert into actors.actors (id, brand_id, primary_identifier, primary_identifier_type, first_seen_at, last_seen_at)
select md5('foreign')::uuid, tests.create_brand(tests.create_user('other@example.com'), 'Other'), 'f', 'customer_id', now(), now();
select throws_ok($$insert into ops.crm_events (brand_id, actor_id, event_type, event_description, event_source)
  select brand, md5('foreign')::uuid, 'inquiry', 'x', 'x' from o$$, '23503', null, 'no row points at a person of another brand');

select * from finish();
rollback;
