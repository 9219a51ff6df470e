begin;
select plan(12);

create temp table t on commit drop as
select b.owner, tests.create_brand(b.owner) as brand
from (select tests.create_user('owner@example.com') as owner) b;
grant select on t to authenticated, service_role;
insert into core.system_parameters (parameter_key, parameter_value, parameter_type, description, is_editable)
values ('test.open', '5', 'number', 'A tunable', true), ('test.fixed', '5', 'number', 'The same for all', false);

select tests.authenticate_as(owner) from t;
select is((select (core.set_setting(brand, 'test.open', '7')).version from t), 1, 'the first value of a setting is version 1');
select is((select (core.set_setting(brand, 'test.open', '8')).version from t), 2, 'the next is version 2');
select is((select count(*)::int from core.brand_settings where is_active), 1, 'one version is in force');
select throws_ok($$select core.set_setting(brand, 'test.open', '"eight"') from t$$, 'PT400', null, 'a parameter keeps its type');
select throws_ok($$select core.set_setting(brand, 'test.fixed', '6') from t$$, 'PT422', null, 'a fixed parameter is not overridden');
select throws_ok($$select core.set_setting(brand, 'Bad Key', '6') from t$$, 'PT400', null, 'a bad key is refused');
select throws_ok($$select core.set_setting(brand, 'x', null) from t$$, 'PT400', null, 'a null value is refused');
select throws_ok($$insert into core.brand_settings (brand_id, setting_key, setting_value, setting_type) select brand, 'x', '1', 'number' from t$$,
  '42501', null, 'settings are written by the function only');
select throws_ok($$select core.set_parameter('test.open', '6')$$, '42501', null, 'an owner of a brand changes no system parameter');

select tests.authenticate_as_service();
select is((core.set_parameter('test.open', '6')).version, 2, 'the service role does, as a new version');

select tests.clear_authentication();
select is((select private.parameter(brand, 'test.open') from t), '8'::jsonb, 'the setting of the brand wins');
select is(private.parameter(tests.create_brand((select owner from t)), 'test.open'), '6'::jsonb, 'other brands have the parameter');

select * from finish();
rollback;
