begin;
select plan(5);

create temp table t on commit drop as
select u.owner, tests.create_brand(u.owner) as brand from (select tests.create_user('owner@example.com') as owner) u;
grant select on t to authenticated, service_role;
select private.register_function('test.bake', 'analysis', 'analysis', 'Bakes.');

-- What a dump brings along from a database that was far ahead.
insert into public.oasis_events (brand_id, xid, type, source) select brand, '900000000000', 'test.restored', 'test' from t;
insert into ai.function_calls (brand_id, function_id, xid, call_type, input_data, execution_status)
select t.brand, f.id, '900000000000', 'manual', '{}', 'completed' from t, ai.functions f where f.function_name = 'test.bake';

select is_empty($$select r.id from t, read_oasis_events(t.brand, p_types => '{test.restored}') r$$, 'a restored event looks unfinished');
select lives_ok('select private.settle_restored_logs()', 'until the logs are settled');
select is((select count(*)::int from t, read_oasis_events(t.brand, p_types => '{test.restored}') r), 1, 'then it is read');
select private.count_calls();
select is((select h.total_calls from t, ai.health(t.brand) h where h.function_name = 'test.bake'), 1::bigint, 'and each call counts once');
select throws_ok('delete from public.oasis_events', '42501', null, 'the log is append-only as before');

select * from finish();
rollback;
