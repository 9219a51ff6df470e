begin;
select plan(13);

create temp table t on commit drop as
select u.owner, tests.create_brand(u.owner) as brand from (select tests.create_user('owner@example.com') as owner) u;
grant select on t to authenticated, service_role;

create temp table f on commit drop as select private.register_function('test.bake', 'analysis', 'analysis', 'Bakes.', '{"heat": 200}') as id;
select results_eq($$select version, is_active from ai.functions join f using (id)$$, $$values ('1.0.0', true)$$, 'a function starts with version 1.0.0');
select is(private.register_function('test.bake', 'analysis', 'analysis', 'Bakes.', '{"heat": 200}'), (select id from f),
  'the same content again is the same version');
select isnt(private.register_function('test.bake', 'analysis', 'analysis', 'Bakes.', '{"heat": 220}'), (select id from f),
  'other content is another version');
select results_eq(
  $$select f.version, f.is_active, f.is_deprecated, r.version from ai.functions f left join ai.functions r on r.id = f.replacement_function_id
    where f.function_name = 'test.bake' order by f.version$$,
  $$values ('1.0.0', false, true, '1.1.0'), ('1.1.0', true, false, null)$$, 'which replaces the old one');
select isnt(private.register_function('test.bake', 'analysis', 'analysis', 'Bakes.', '{"heat": 200}'), (select id from f),
  'going back to old content is a new version too');
select throws_ok(
  $$insert into ai.functions (function_name, function_type, function_category, version, purpose, implementation_type, is_active)
    values ('test.bake', 'analysis', 'analysis', '1.0.0', 'x', 'sql', false)$$, '23505', null,
  'a version is there once for all brands, where a null brand would not be unique by itself');
select throws_ok(
  $$insert into ai.functions (function_name, function_type, function_category, version, purpose, implementation_type)
    values ('test.bake', 'analysis', 'analysis', '9.0.0', 'x', 'sql')$$, '23505', null, 'one version is active');
select throws_ok($$select private.register_function('test.x', 'magic', 'analysis', 'x')$$, '22P02', null, 'the type is a known word');

insert into ai.functions (brand_id, function_name, function_type, function_category, purpose, implementation_type)
select brand, 'test.bake', 'analysis', 'analysis', 'Bakes our way.', 'sql' from t;
select isnt((select private.log_call('test.bake', brand, '{}', '{}', clock_timestamp()) from t), null, 'a call returns its id');
select is((select count(*)::int from t, ai.function_calls c join ai.functions f on f.id = c.function_id
  where c.brand_id = t.brand and f.brand_id = t.brand), 1, 'the version of the brand goes before the one for all');

select tests.authenticate_as(owner) from t;
select cmp_ok((select count(*)::int from ai.functions where brand_id is null), '>=', 3, 'members read the registry');
select throws_ok($$update ai.functions set purpose = 'x'$$, '42501', null, 'and do not write it');
select tests.clear_authentication();
select tests.authenticate_as(tests.create_user('outsider@example.com'));
select is_empty($$select id from ai.functions where brand_id is not null$$, 'an outsider sees no function of a brand');

select * from finish();
rollback;
