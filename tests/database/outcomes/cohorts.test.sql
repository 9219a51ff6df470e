begin;
select plan(15);

-- A shop in Vienna: 30 people of a cohort who order much, 50 of one who order little, 20 of none.
create temp table t on commit drop as
select b.owner, b.staff, tests.create_brand(b.owner) as brand from (select tests.create_user('owner@example.com') as owner, tests.create_user('staff@example.com') as staff) b;
select tests.add_member(brand, staff, 'support') from t;
update core.brands b set timezone = 'Europe/Vienna' from t where b.id = t.brand;
create temp table c as select 'much' as name, gen_random_uuid() as id union all select 'little', gen_random_uuid() union all select 'later', gen_random_uuid();
grant select on t, c to authenticated;
insert into cohorts.cohorts (id, brand_id, cohort_type, discovery_algorithm, cohort_name) select c.id, brand, 'mixed', 'test', c.name from t, c;
insert into actors.actors (id, brand_id, primary_identifier, primary_identifier_type, first_seen_at, last_seen_at)
select md5('buyer ' || i)::uuid, brand, 'b' || i, 'customer_id', '2026-01-01', '2026-01-01' from t, generate_series(1, 100) i;
-- Half of the first cohort left it in the middle of March; in March a third one came to be.
insert into cohorts.actor_cohort_membership (brand_id, actor_id, cohort_id, assigned_by_algorithm, assigned_at, removed_at, is_active)
select brand, md5('buyer ' || i)::uuid, c.id, 'test', '2026-02-01'::timestamptz, case when i <= 15 then '2026-03-15'::timestamptz end, i > 15
from t, c, generate_series(1, 80) i where c.name = case when i <= 30 then 'much' else 'little' end
union all
select brand, md5('buyer ' || i)::uuid, c.id, 'test', '2026-03-15', null, true from t, c, generate_series(1, 15) i where c.name = 'later';

create function pg_temp.buy(p_person integer, p_order text, p_at timestamptz, p_total numeric, p_status text) returns void language sql as $$
  with s as (
    insert into signals.signals_base (brand_id, signal_type, source_platform, source_id, occurred_at, raw_content, content_sha256, actor_id, quality_score, processing_status)
    select brand, 'order', 'shop', p_order || p_status, p_at, '{}', sha256((p_order || p_status)::bytea), md5('buyer ' || p_person)::uuid, 0.8, 'completed' from t
    returning id, brand_id
  )
  insert into signals.order_history (signal_id, brand_id, order_number, order_date, order_status, items, subtotal, total_amount)
  select id, brand_id, p_order, p_at, p_status, '[{"product_id": "p", "name": "P", "quantity": 1, "unit_price": 1}]', p_total, p_total from s
$$;
-- In March the first cohort places two orders each, 20 and 30, and person 1 a third of 400 in the last hour of the month in
-- Vienna, which is March in Greenwich too; one in the first hour of March in Vienna is February in Greenwich.
select pg_temp.buy(i, 'a' || i, '2026-03-05', 20 + i % 5, 'delivered'), pg_temp.buy(i, 'b' || i, '2026-03-20', 30 - i % 5, 'delivered') from generate_series(1, 30) i;
select pg_temp.buy(1, 'late', '2026-03-31 21:30+00', 400, 'delivered');
select pg_temp.buy(2, 'early', '2026-02-28 23:30+00', 100, 'delivered');
select pg_temp.buy(3, 'april', '2026-03-31 22:30+00', 9999, 'delivered');
select pg_temp.buy(4, 'no', '2026-03-10', 9999, 'cancelled');
select pg_temp.buy(i, 'a' || i, '2026-03-25', 20, 'refunded') from generate_series(1, 6) i;
select pg_temp.buy(i, 'c' || i, '2026-03-12', 10, 'delivered') from generate_series(31, 40) i;

select tests.authenticate_as(staff) from t;
select throws_ok($$select outcomes.measure_cohorts(brand) from t$$, '42501', null, 'support staff measures nothing');
select tests.authenticate_as(owner) from t;
select is((select outcomes.measure_cohorts(brand, '2026-04-03') from t), 8, 'two cohorts, four measures of March; none of them existed when February began in Vienna, and nobody was sent anything');
select tests.authenticate_as(staff) from t;
create temp table m as select c.name, p.* from c, cohorts.performance(c.id) p;
create function pg_temp.m(p_name text, p_metric text) returns m language sql as $$ select m from m where name = p_name and metric_name = p_metric $$;
select is((pg_temp.m('much', 'revenue_per_member')).metric_value, (30 * 50 + 500) / 30.0::double precision, 'revenue of the month in the brand''s zone, of those who were members when it began');
select is((pg_temp.m('much', 'revenue_per_member')).baseline_value, (30 * 50 + 500 + 100) / 100.0::double precision, 'beside that of everybody');
select is((pg_temp.m('little', 'orders_per_member')).metric_value, 0.2::double precision, 'orders');
select is(((pg_temp.m('much', 'active_share')).metric_value, (pg_temp.m('little', 'active_share')).metric_value)::text, '(1,0.2)', 'who ordered at all');
select is(((pg_temp.m('much', 'refund_share')).metric_value, (pg_temp.m('much', 'refund_share')).sample_size)::text, (6 / 62.0::double precision, 62)::text, 'refunds of the sales');
select is(((pg_temp.m('much', 'active_share')).percentile_rank, (pg_temp.m('little', 'active_share')).percentile_rank)::text, '(100,0)', 'the rank among the cohorts');
select cmp_ok((pg_temp.m('much', 'orders_per_member')).p_value, '<', 0.001::double precision, 'what differs is told from chance');
select ok((select bool_and(metric_value between confidence_interval_lower - 1e-9 and confidence_interval_upper + 1e-9 and improvement_over_baseline = metric_value - baseline_value
  and sample_size > 0 and data_quality_score between 0 and 1) from m), 'every measure has its interval, its gain and its size');
select is((select round((confidence_interval_upper - metric_value)::numeric, 3) from m where name = 'much' and metric_name = 'revenue_per_member'),
  (select round((2.04523 * stddev_samp(x) / sqrt(30))::numeric, 3) from (select 50 + case i when 1 then 400 when 2 then 100 else 0 end as x from generate_series(1, 30) i) s), 'the interval of a mean is that of Student');
select is((select array_agg(distinct measurement_period_start) || array_agg(distinct measurement_period_end) from m), '{2026-02-28 23:00+00, 2026-03-31 22:00+00}'::timestamptz[], 'the month is that of the brand''s zone');
select is((select count(*) from c, cohorts.performance(c.id, 'active_share')), 2::bigint, 'one measure can be asked for');
select tests.clear_authentication();
select pg_temp.buy(40, 'late too', '2026-03-30', 90, 'delivered');
select outcomes.measure_cohorts(brand, '2026-05-02') from t;
select is((select metric_value from c, cohorts.performance(c.id, 'revenue_per_member') p where c.name = 'little' and p.measurement_period_start < '2026-03-15'), 190 / 50.0::double precision,
  'a later measure of the same month replaces the earlier one');
select is((select count(*) from cohorts.cohort_performance_metrics where measurement_period_start < '2026-03-15'), 8::bigint, 'and adds no row');

select * from finish();
rollback;
