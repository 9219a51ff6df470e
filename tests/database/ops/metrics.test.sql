begin;
select plan(24);

create temp table o on commit drop as select tests.create_user('owner@example.com') as owner, tests.create_user('help@example.com') as help;
alter table o add brand uuid, add site uuid;
update o set brand = tests.create_brand(owner);
select tests.add_member(brand, help, 'support') from o;
grant all on o to authenticated;
update core.brands b set timezone = 'Europe/Berlin', currency = 'EUR' from o where b.id = o.brand;
insert into ops.sites (brand_id, site_name, site_code, site_type, currency) select brand, 'Main', 'M', 'physical', 'EUR' from o;
update o set site = (select id from ops.sites where brand_id = o.brand);
insert into ops.inventory (brand_id, site_id, product_id, product_name, product_category, current_stock, unit_of_measure, unit_cost, created_at)
select brand, site, 'tea', 'Tea', 'Drinks', 100, 'piece', 2, '2026-01-01' from o;

create function pg_temp.sell(p_id text, p_at timestamptz, p_total numeric, p_over jsonb default '{}') returns void language sql as $$
  insert into ops.sales_data (brand_id, site_id, transaction_id, transaction_type, transaction_date, customer_identifier, order_method, payment_method, subtotal, total_amount,
    items, item_count, unique_item_count, status, order_number)
  select o.brand, o.site, p_id, coalesce(p_over ->> 'type', 'sale')::ops.transaction_type, p_at, p_over ->> 'who', coalesce(p_over ->> 'by', 'in_store'), 'card', p_total, p_total,
    jsonb_build_array(jsonb_build_object('product_id', 'tea', 'quantity', (p_total / 5)::integer, 'unit_price', 5)), (p_total / 5)::integer, 1, 'completed', p_over ->> 'order' from o $$;
create function pg_temp.metric(p_name text, p_day date, p_dimension text default null, p_value text default null, p_at_site boolean default false) returns ops.business_metrics language sql as $$
  select m.* from ops.business_metrics m, o where m.brand_id = o.brand and m.metric_name = p_name and m.measurement_date = p_day and m.measurement_period = 'daily'
    and m.breakdown_dimension is not distinct from p_dimension and m.breakdown_value is not distinct from p_value and (m.site_id is not null) = p_at_site $$;
create function pg_temp.day(p_now timestamptz) returns integer language sql as $$ select ops.compute_business_metrics(o.brand, 'daily', p_now) from o $$;

-- The day before, and the day itself: 20, 30, 10 of two customers and one nobody; 10 of them come back.
select pg_temp.sell('a', '2026-02-09 12:00+01', 40, '{"who": "anna@example.com"}');
select pg_temp.sell('b', '2026-02-10 00:30+01', 20, '{"who": "Anna@example.com "}'), pg_temp.sell('c', '2026-02-10 12:00+01', 30, '{"who": "ben@example.com", "by": "online"}'),
  pg_temp.sell('d', '2026-02-10 23:59+01', 10, '{"order": "d"}'), pg_temp.sell('e', '2026-02-10 23:59:30+01', 10, '{"order": "d", "type": "refund"}'), pg_temp.sell('f', '2026-02-11 00:00+01', 500);
select cmp_ok(pg_temp.day('2026-02-11 01:00+01'), '>', 0, 'the day that is over is measured');
select results_eq($$select metric_name, metric_value::numeric(8, 4), sample_size, round(margin_of_error::numeric, 3), data_quality_score::numeric(4, 2) from ops.business_metrics
    where site_id is null and breakdown_dimension is null order by 1$$,
  $$values ('average_order_value', 20.0::numeric(8, 4), 3, round(1.959964 * 10 / sqrt(3.0), 3), 1::numeric(4, 2)), ('gross_margin', 0.6, 4, null, 1), ('items_per_order', 4, 3, round(1.959964 * 2 / sqrt(3.0), 3), 1),
    ('new_customers', 1, 1, 1.960, 0.67), ('orders', 3, 3, round(1.959964 * sqrt(3.0), 3), 1), ('refund_rate', 0.3333, 3, round(1.959964 * sqrt(0.2222222 / 3 + 1.959964 ^ 2 / 36) / (1 + 1.959964 ^ 2 / 3), 3), 1),
    ('returning_customers', 1, 1, 1.960, 0.67), ('revenue', 50, 4, round(1.959964 * sqrt(1500.0), 3), 1), ('stock_turnover', (20 / ((184 + 164) / 2.0) * 365)::numeric(8, 4), 1, null, 1)$$,
  'each metric with its sample, error and quality, by the brand''s midnights');
select is((pg_temp.metric('revenue', '2026-02-10')).previous_period_value, 40::double precision, 'beside the day before, which nobody had measured');
select is((pg_temp.metric('revenue', '2026-02-10')).year_over_year_value, null, 'a year before the first sale nothing is known');
select is((pg_temp.metric('revenue', '2026-02-10', 'order_method', 'online')).metric_value, 30::double precision, 'by method of order');
select is((pg_temp.metric('revenue', '2026-02-10', 'category', 'Drinks')).metric_value, 50::double precision, 'by category');
select is((pg_temp.metric('revenue', '2026-02-10', null, null, true)).metric_value, 50::double precision, 'and by site');
select is((pg_temp.metric('revenue', '2026-02-10')).metric_unit, 'EUR', 'in its currency');
select pg_temp.sell('late', '2026-02-10 20:00+01', 25, '{"by": "phone"}');
select pg_temp.day('2026-02-11 01:00+01');
select is((select count(*)::int from ops.business_metrics m where m.metric_name = 'revenue' and m.site_id is null and m.breakdown_dimension is null), 1, 'computed again, it is still one row');
select is((pg_temp.metric('revenue', '2026-02-10')).metric_value, 75::double precision, 'with the late sale in it');
update ops.sales_data set status = 'cancelled' where transaction_id = 'late';
insert into ops.metric_targets (brand_id, metric_name, measurement_period, valid_from, target_value) select brand, 'revenue', 'daily', d, t from o, (values ('2026-02-01'::date, 60), ('2026-02-11', 90)) x (d, t);
select pg_temp.day('2026-02-11 01:00+01');
select is((pg_temp.metric('revenue', '2026-02-10', 'order_method', 'phone')).metric_value, null, 'what has no sale any more has no row');
select is((select (m.target_value, m.variance_from_target)::text from pg_temp.metric('revenue', '2026-02-10') m), '(60,-10)', 'the target of that day, and how far it is');

-- Daylight saving: the 29th of March 2026 has 23 hours in Berlin, the 25th of October 25.
select pg_temp.sell('m1', '2026-03-29 00:00+01', 5), pg_temp.sell('m2', '2026-03-29 23:59+02', 5), pg_temp.sell('m3', '2026-03-30 00:00+02', 5);
select pg_temp.day('2026-03-30 02:00+02');
select is((select (metric_value, period_end - period_start)::text from pg_temp.metric('orders', '2026-03-29')), '(2,23:00:00)', 'a day of 23 hours is one day');
select pg_temp.sell('n1', '2026-10-25 00:00+02', 5), pg_temp.sell('n2', '2026-10-25 23:30+01', 5), pg_temp.sell('n3', '2026-10-26 00:00+01', 5);
select pg_temp.day('2026-10-26 02:00+01');
select is((select (metric_value, extract(epoch from period_end - period_start)::int / 3600)::text from pg_temp.metric('orders', '2026-10-25')), '(2,25)', 'and so is one of 25');
select pg_temp.day('2026-06-02 02:00+02');
select is((pg_temp.metric('revenue', '2026-06-01')).metric_value, 0::double precision, 'a day without a sale has sold nothing');
select is((select string_agg(p || ' ' || (ops.compute_business_metrics(o.brand, p, '2026-04-01 02:00+02') > 0), ', ') from o, unnest(array['weekly', 'monthly', 'quarterly', 'yearly']) p),
  'weekly true, monthly true, quarterly true, yearly false', 'longer periods too, once there were sales in them');
select is((select m.metric_value::int || ' from ' || (m.period_start at time zone 'Europe/Berlin')::date from ops.business_metrics m where m.measurement_period = 'quarterly' and m.metric_name = 'revenue' and m.site_id is null and m.breakdown_dimension is null),
  '605 from 2026-01-01', 'over all of the quarter');

-- The job.
delete from private.late_sales;
delete from ops.business_metrics;
select private.job_ops_metrics('2026-02-11 00:30+01');
select is((pg_temp.metric('revenue', '2026-02-10')).metric_value, null, 'the job waits for the tills that close late');
select private.job_ops_metrics('2026-02-11 01:30+01');
select is((pg_temp.metric('revenue', '2026-02-10')).metric_value, 50::double precision, 'then it measures the day');
select pg_temp.sell('later', '2026-02-10 21:00+01', 5);
select private.job_ops_metrics('2026-02-11 01:45+01');
select is((pg_temp.metric('revenue', '2026-02-10')).metric_value, 55::double precision, 'and again when a sale comes late');
select is_empty($$select * from private.late_sales$$, 'once');
select is_empty($$select metric_name from ops.business_metrics group by brand_id, metric_name, site_id, period_start, period_end, breakdown_dimension, breakdown_value having count(*) > 1$$, 'every metric has one row');

select tests.authenticate_as(help) from o;
select throws_ok($$select ops.compute_business_metrics(o.brand, 'daily') from o$$, '42501', null, 'support staff reads metrics and computes none');
select tests.authenticate_as(owner) from o;
select throws_ok($$select ops.compute_business_metrics(o.brand, 'hourly') from o$$, 'PT400', null, 'a period that is none is an error');
select * from finish();
rollback;
