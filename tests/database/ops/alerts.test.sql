begin;
select plan(34);

create temp table o on commit drop as
select tests.create_user('owner@example.com') as owner, tests.create_user('staff@example.com') as staff, tests.create_user('other@example.com') as other;
alter table o add brand uuid, add site uuid;
update o set brand = tests.create_brand(owner);
select tests.add_member(brand, staff, 'operator') from o;
grant all on o to authenticated;
insert into ops.sites (brand_id, site_name, site_code, site_type) select brand, 'Main', 'M', 'physical' from o;
update o set site = (select id from ops.sites where brand_id = o.brand);

-- A metric by hand, which the trigger looks at; and the time of the look told.
create function pg_temp.write(p_day integer, p_value double precision, p_name text default 'orders') returns void language sql as $$
  insert into ops.business_metrics (brand_id, metric_name, metric_category, metric_value, measurement_date, measurement_period, period_start, period_end, calculated_at)
  select o.brand, p_name, 'operational', p_value, '2030-01-01'::date + p_day, 'daily', '2030-01-01'::timestamptz + p_day * interval '1 day',
    '2030-01-02'::timestamptz + p_day * interval '1 day', '2030-01-02'::timestamptz + p_day * interval '1 day' from o
  on conflict (brand_id, metric_name, site_id, period_start, period_end, breakdown_dimension, breakdown_value) do update set metric_value = excluded.metric_value $$;
create function pg_temp.at(p_day double precision) returns timestamptz language sql as $$ select '2030-01-02'::timestamptz + p_day * interval '1 day' $$;
create function pg_temp.look(p_day double precision) returns integer language sql as $$ select private.evaluate_alerts(o.brand, pg_temp.at(p_day)) from o $$;
create function pg_temp.rule(p_name text, p_over jsonb) returns void language sql as $$
  insert into ops.alert_rules (brand_id, rule_name, watches, measure, measurement_period, threshold_type, threshold, clear_threshold, escalate_threshold, minimum_minutes, cool_down_minutes, expires_after_minutes, is_anomaly, alert_severity)
  select o.brand, p_name, r.watches, r.measure, coalesce(r.measurement_period, 'daily'), r.threshold_type, r.threshold, r.clear_threshold, r.escalate_threshold, coalesce(r.minimum_minutes, 0),
    coalesce(r.cool_down_minutes, 0), r.expires_after_minutes, coalesce(r.is_anomaly, false), 'medium' from o, jsonb_populate_record(null::ops.alert_rules, '{"watches": "metric", "measure": "orders"}' || p_over) r $$;
create function pg_temp.states(p_rule text) returns text language sql as $$
  select coalesce(string_agg(a.status || ' ' || a.alert_severity, ', ' order by a.triggered_at, a.id), 'none') from ops.operational_alerts a where a.alert_title like p_rule || '%' $$;

do $$ begin execute (select string_agg(format('grant execute on function %s to authenticated', p.oid::regprocedure), '; ') from pg_proc p where p.pronamespace = pg_my_temp_schema()); end $$;

select pg_temp.rule('high', '{"threshold_type": "above", "threshold": 100, "clear_threshold": 80, "escalate_threshold": 200}');
select pg_temp.write(1, 90);
select is(pg_temp.states('high'), 'none', 'below the threshold all is quiet');
select pg_temp.write(2, 110);
select is(pg_temp.states('high'), 'active medium', 'a metric that is written above it opens an alert at once');
select is((select a.trigger_value || ' ' || a.threshold_value || ' ' || a.threshold_type || ' ' || (a.related_entities -> 0 ->> 'kind') from ops.operational_alerts a), '110 100 above metric', 'that says what it saw');
select pg_temp.write(3, 120), pg_temp.look(3.5);
select is(pg_temp.states('high'), 'active medium', 'one, however often it is looked at');
select pg_temp.write(4, 250);
select is(pg_temp.states('high'), 'active critical', 'it grows more severe');
select pg_temp.write(5, 90);
select is(pg_temp.states('high'), 'active critical', 'it does not close just below the threshold');
select pg_temp.write(6, 80);
select is(pg_temp.states('high'), 'resolved critical', 'but where it is said to');
select pg_temp.write(7, 101);
select is(pg_temp.states('high'), 'resolved critical, active medium', 'a new time is a new alert');
select is((select string_agg(replace(e.type, 'ops.alert_', ''), ' ' order by e.id) from public.oasis_events e, o where e.brand_id = o.brand and e.type like 'ops.alert%'), 'opened escalated resolved opened', 'each step is an event');
update ops.alert_rules set is_active = false;

select pg_temp.rule('lasting', '{"threshold_type": "below", "threshold": 50, "minimum_minutes": 120}');
select pg_temp.write(8, 10);
select is(pg_temp.states('lasting'), 'none', 'what has to last does not open at once');
select pg_temp.look(8.05);
select is(pg_temp.states('lasting'), 'none', 'nor before its time');
select pg_temp.look(8.09);
select is(pg_temp.states('lasting'), 'active medium', 'but then');
update ops.alert_rules set is_active = false;

select pg_temp.rule('cool', '{"threshold_type": "above", "threshold": 100, "cool_down_minutes": 4320, "expires_after_minutes": 14400}');
select pg_temp.write(20 + n, case n % 2 when 0 then 150 else 50 end) from generate_series(0, 9) n;
select is(pg_temp.states('cool') || ' ' || (select count(*) from public.oasis_events e, o where e.brand_id = o.brand and e.type = 'ops.alert_opened' and e.payload ->> 'title' = 'cool'), 'resolved medium 1', 'what flaps within the cool-down is one alert, and one event');
select is((select a.alert_data ->> 'reopened' from ops.operational_alerts a where a.alert_title = 'cool'), '4', 'that counts how often it came back');
select pg_temp.write(30, 150);
select pg_temp.look(41);
select is(pg_temp.states('cool'), 'expired medium', 'an alert that nobody needs any more expires');
select pg_temp.look(41.5);
select is(pg_temp.states('cool'), 'expired medium', 'for as long as its cause lasts');
select pg_temp.write(42, 50), pg_temp.write(43, 150);
select is(pg_temp.states('cool'), 'expired medium, active medium', 'when that comes again, it is a new one');
update ops.alert_rules set is_active = false;

select pg_temp.rule(t, jsonb_build_object('threshold_type', t, 'threshold', case when t like '%equals' then 7 end)) from unnest(array['equals', 'not_equals', 'changed', 'unchanged']) t;
select pg_temp.write(50, 7);
select is(pg_temp.states('equals') || '; ' || pg_temp.states('not_equals') || '; ' || pg_temp.states('changed') || '; ' || pg_temp.states('unchanged'), 'active medium; none; none; none', 'equals; a first look has nothing to compare with');
select pg_temp.write(51, 8);
select is(pg_temp.states('equals') || '; ' || pg_temp.states('not_equals') || '; ' || pg_temp.states('changed') || '; ' || pg_temp.states('unchanged'), 'resolved medium; active medium; active medium; none', 'not equals, changed');
select pg_temp.write(52, 8);
select is(pg_temp.states('changed') || '; ' || pg_temp.states('unchanged'), 'resolved medium; active medium', 'unchanged');
update ops.alert_rules set is_active = false;
select throws_ok($$select pg_temp.rule('bad', '{"threshold_type": "above", "threshold": 5, "clear_threshold": 6}')$$, '23514', null, 'it cannot clear on the bad side');
select throws_ok($$select pg_temp.rule('bad', '{"threshold_type": "above", "threshold": "Infinity"}')$$, '23514', null, 'nor wait for infinity');

-- Anomalies: 400 quiet metrics of a Poisson process of mean 60 (12 values before), and one that has dropped.
create function pg_temp.poisson(p_seed text, p_mean double precision) returns double precision language sql as $$
  select round(greatest(0, p_mean + sqrt(p_mean) * (sum(private.random_uniform(hashtextextended(p_seed, 11), k)) - 6)))::double precision from generate_series(1, 12) k $$;
insert into ops.business_metrics (brand_id, metric_name, metric_category, metric_value, measurement_date, measurement_period, period_start, period_end)
select o.brand, 'm' || m, 'operational', case when m = 400 and d = 12 then 20 else pg_temp.poisson(m || ':' || d, 60) * case when m % 2 = 0 then 1 else 17.3 end end, '2030-06-01'::date + 7 * d, 'daily', '2030-06-01'::timestamptz + d * interval '7 days', '2030-06-02'::timestamptz + d * interval '7 days'
from o, generate_series(1, 400) m, generate_series(0, 12) d;
select pg_temp.rule('m' || m, jsonb_build_object('measure', 'm' || m, 'threshold_type', 'not_equals', 'is_anomaly', true)) from generate_series(1, 400) m;
select private.evaluate_alerts(o.brand, '2030-12-01') from o;
select is(pg_temp.states('m400'), 'active medium', 'a value out of its own history is an anomaly');
select cmp_ok((select count(*) from ops.operational_alerts a where a.alert_title ~ '^m\d+$' and a.alert_title <> 'm400'), '<=', 8::bigint,
  'a quiet metric hardly ever: of 399 ' || (select count(*) from ops.operational_alerts a where a.alert_title ~ '^m\d+$' and a.alert_title <> 'm400'));
update ops.alert_rules set is_active = false;
select pg_temp.rule('young', '{"measure": "young", "threshold_type": "not_equals", "is_anomaly": true}');
select pg_temp.write(60 + 7 * n, case n when 5 then 1e6 else 10 end, 'young') from generate_series(0, 5) n;
select is(pg_temp.states('young'), 'none', 'five values are no history');
update ops.alert_rules set is_active = false;

-- Stock and cases.
insert into ops.inventory (brand_id, product_id, product_name, current_stock, unit_of_measure) select brand, p, p, s, 'piece' from o, (values ('tea', 2), ('cup', 90)) x (p, s);
insert into ops.alert_rules (brand_id, rule_name, watches, measure, threshold_type, threshold) select brand, 'few', 'stock', 'current_stock', 'below', 5 from o;
insert into ops.alert_rules (brand_id, rule_name, watches, measure, threshold_type, threshold) select brand, 'cases', 'case', 'open_cases', 'above', 1 from o;
insert into ops.crm_events (brand_id, event_type, event_description, event_source) select brand, 'inquiry', 'x', 'x' from o, generate_series(1, 2);
select private.evaluate_alerts(brand, now()) from o;
select is(pg_temp.states('few') || '; ' || (select a.alert_title from ops.operational_alerts a where a.alert_title like 'few%') || '; ' || pg_temp.states('cases'), 'active medium; few: tea; active medium', 'rules watch each product''s stock, and the open cases');
update ops.crm_events set status = 'closed';
select private.evaluate_alerts(brand, now()) from o;
select is(pg_temp.states('cases'), 'resolved medium', 'and see when they are closed');

-- Who may do what.
select tests.authenticate_as(staff) from o;
update ops.operational_alerts set status = 'acknowledged' where alert_title = 'few: tea';
select is(pg_temp.states('few') || ' ' || (select u.email from ops.operational_alerts a join core.users u on u.id = a.acknowledged_by where a.alert_title = 'few: tea'), 'acknowledged medium staff@example.com', 'an operator acknowledges');
select throws_ok($$update ops.operational_alerts set status = 'active' where alert_title = 'few: tea'$$, 'PT409', null, 'opens nothing again');
select throws_ok($$update ops.operational_alerts set status = 'expired' where alert_title = 'few: tea'$$, 'PT409', null, 'lets nothing expire');
update ops.operational_alerts set status = 'dismissed' where alert_title = 'few: tea';
select throws_ok($$update ops.operational_alerts set status = 'resolved' where alert_title = 'few: tea'$$, 'PT409', null, 'and moves nothing that is closed');
select throws_ok($$insert into ops.alert_rules (brand_id, rule_name, watches, measure, threshold_type, threshold) select brand, 'x', 'stock', 'current_stock', 'below', 5 from o$$, '42501', null, 'rules are a manager''s');
select tests.clear_authentication();
select private.evaluate_alerts(brand, now()) from o;
select is(pg_temp.states('few'), 'dismissed medium', 'what was dismissed stays so while it cools down');
select tests.authenticate_as(other) from o;
select is((select count(*)::int from ops.alert_rules) + (select count(*)::int from ops.operational_alerts), 0, 'somebody else sees none of it');
select * from finish();
rollback;
