begin;
select plan(22);

create temp table t on commit drop as
select u.owner, tests.create_user('customer@example.com') as customer, tests.create_user('outsider@example.com') as outsider,
  tests.create_brand(u.owner) as brand, tests.create_brand(u.owner, 'Other') as other
from (select tests.create_user('owner@example.com') as owner) u;
grant select on t to authenticated, service_role;
select tests.add_member(brand, customer, 'customer') from t;
select private.register_function('test.bake', 'analysis', 'analysis', 'Bakes.');

select throws_ok($$select private.log_call('test.unknown', brand, '{}', '{}', now()) from t$$, 'PT500', null, 'an unregistered function is no call');
select private.log_call('test.bake', brand, '{"loaves": 3}', '{"sold": 2}', clock_timestamp() - interval '2 seconds', 0.8, 'oven', brand) from t;
select results_eq(
  $$select c.input_data, c.output_data, c.confidence_score, c.execution_status::text, c.call_type::text, c.execution_time_ms between 2000 and 60000
    from t, ai.function_calls c where c.brand_id = t.brand$$,
  $$values ('{"loaves": 3}'::jsonb, '{"sold": 2}'::jsonb, 0.8::double precision, 'completed', 'scheduled', true)$$, 'a call is logged with its time');
select private.log_call('test.bake', brand, jsonb_build_object('x', repeat('y', 20000)), '{}', '1970-01-01') from t;
select is((select count(*)::int from t, ai.function_calls c where c.brand_id = t.brand and c.input_data ? 'omitted_bytes'), 1,
  'a large input is replaced by its size');
select is((select max(c.execution_time_ms) from t, ai.function_calls c where c.brand_id = t.brand), 2147483647, 'a replayed start is no overflow');
select throws_ok($$select private.log_call('test.bake', brand, '{}', '{}', now(), 1.5) from t$$, '23514', null, 'a confidence is at most 1');
select throws_ok($$select private.log_call('test.bake', brand, '{}', '{}', now(), p_status => 'fine') from t$$, '22P02', null, 'a status is a known word');

-- Calls of ended transactions, as the counting job finds them.
delete from ai.function_calls;
update private.call_watermark set counted_before = '100';
insert into ai.function_calls (brand_id, function_id, xid, call_type, input_data, execution_status, execution_time_ms, call_timestamp, error_data)
select b.brand, f.id, c.x::xid8, 'manual', '{}', c.status::ai.call_status, c.ms, now() - c.ago::interval, c.error::jsonb
from t, lateral (values (t.brand, 1), (t.other, 2)) b (brand, n),
  ai.functions f,
  (values ('100', 'completed', 100, '1 hour', null), ('101', 'completed', 300, '2 hours', null),
    ('102', 'failed', 200, '3 hours', '{"key": "burnt"}'), ('99', 'completed', 999, '4 hours', null)) c (x, status, ms, ago, error)
where f.function_name = 'test.bake' and f.is_active and (b.n = 1 or c.x = '100');

create temp view health as select h.* from t, ai.health(t.brand) h where h.function_name = 'test.bake';
grant select on health to authenticated, service_role;
select tests.authenticate_as(owner) from t;
select results_eq($$select total_calls, successful_calls, failed_calls, average_execution_time_ms from health$$,
  $$values (3::bigint, 2::bigint, 1::bigint, 200::double precision)$$, 'health has the calls that are not counted yet, of the brand alone');
select is((select error_rate from health), 1.0::double precision / 3, 'its error rate is of the ended calls');
select tests.clear_authentication();
select is(private.count_calls(), 2::bigint, 'the job counts them for each brand');
select results_eq($$select total_calls, successful_calls, failed_calls from ai.functions where function_name = 'test.bake' and is_active$$,
  $$values (4::bigint, 3::bigint, 1::bigint)$$, 'the registry has those of all brands');
select is(private.count_calls(), 0::bigint, 'and counts none twice');
select private.log_call('test.bake', brand, '{}', '{}', clock_timestamp()) from t;
select is(private.count_calls(), 0::bigint, 'a running transaction is left for the next run');
select tests.authenticate_as(owner) from t;
select is((select total_calls from health), 4::bigint, 'health knows it already');

select tests.clear_authentication();
delete from ai.function_calls c using t where c.brand_id = t.brand and c.xid = pg_current_xact_id();
select lives_ok('select private.job_ai_refresh()', 'the job runs');
select tests.authenticate_as(owner) from t;
select results_eq(
  $$select s.total_function_calls, s.error_rate, s.overall_health_score, s.average_response_time_ms, round(s.p95_response_time_ms::numeric, 6), s.active_functions, s.recent_errors #>> '{0,error,key}'
    from t, ai.ai_system_state s where s.brand_id = t.brand$$,
  $$values (3::bigint, 0.25::double precision, 0.75::double precision, 399.75::double precision, 894.15, '["test.bake"]'::jsonb, 'burnt')$$,
  'the state has totals since the beginning and the last day''s rate, mean and 95th percentile');
select throws_ok('update ai.ai_system_state set learning_rate = 1', '42501', null, 'clients do not write it');
select tests.clear_authentication();
update ai.ai_system_state s set learning_mode = 'paused' from t where s.brand_id = t.brand;
select private.refresh_system_state(brand, now() + interval '2 days') from t;
select results_eq($$select s.learning_mode::text, s.error_rate from t, ai.ai_system_state s where s.brand_id = t.brand$$,
  $$values ('paused', null::double precision)$$, 'later there is no rate without calls, and what people set stays');

select tests.authenticate_as(owner) from t;
select is((select count(*)::int from ai.function_calls), 5, 'staff read the calls of their brands');
select throws_ok('delete from ai.function_calls', '42501', null, 'and do not delete them');
select tests.authenticate_as(customer) from t;
select is_empty('select id from ai.function_calls', 'a customer reads none');
select throws_ok('select ai.health(brand) from t', '42501', null, 'nor the health');
select tests.authenticate_as(outsider) from t;
select throws_ok('select ai.health(brand) from t', '42501', null, 'nor does an outsider');

select * from finish();
rollback;
