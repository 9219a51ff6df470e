begin;
select plan(14);

create temp table t on commit drop as
select u.owner, tests.create_user('helper@example.com') as helper, tests.create_brand(u.owner, 'Bakery') as brand
from (select tests.create_user('owner@example.com') as owner) u;
grant select on t to authenticated, service_role;

create function pg_temp.told(p_type text) returns setof jsonb language sql as $$
  select e.payload from public.oasis_events e where e.type = p_type and e.xid = pg_current_xact_id() order by e.id
$$;

select is((select array_agg(x ->> 'brand_name') from pg_temp.told('brand.created') x), '{Bakery}', 'a new brand is an event');
select is((select array_agg(x ->> 'role') from pg_temp.told('member.created') x), '{owner}', 'so is its first member');

select tests.add_member(brand, helper, 'operator') from t;
select is((select count(*)::int from pg_temp.told('member.created')), 2, 'and every further one');

update core.users u set role = 'manager' from t where u.brand_id = t.brand and u.auth_user_id = t.helper;
update core.users u set last_login_at = now() from t where u.brand_id = t.brand;
select results_eq($$select pg_temp.told('member.updated')$$, $$values ('{"role": "manager"}'::jsonb)$$,
  'a changed role is an event with what changed, a login is none');

select tests.authenticate_as(owner) from t;
select lives_ok($$select core.set_setting(brand, 'tone', '"very-private"') from t$$, 'a setting is written');
select lives_ok($$update core.brands set description = 'Bread' where id = (select brand from t)$$, 'and the brand described');
select tests.clear_authentication();
select is((select array_agg(x ->> 'setting_key') from pg_temp.told('brand_setting.created') x), '{tone}', 'the setting is an event');
select is((select count(*)::int from public.oasis_events e where e.payload::text like '%very-private%'), 0, 'its value is not told');
select is(
  (select row (e.actor_role, e.actor_id, e.payload)::text from t, public.oasis_events e where e.brand_id = t.brand and e.type = 'brand.updated'),
  (select row ('user', t.owner::text, '{"description": "Bread"}'::jsonb)::text from t), 'an event names the user who caused it');

insert into core.api_keys (brand_id, key_name, key_prefix, key_sha256, scopes)
select brand, 'till', 'lw_1234', sha256('x'), '{signals:write}' from t;
update core.api_keys k set last_used_at = now() from t where k.brand_id = t.brand;
update core.api_keys k set revoked_at = now() from t where k.brand_id = t.brand;
select is((select count(*)::int from pg_temp.told('api_key.created') x where not x ? 'key_sha256'), 1, 'a new key is an event without its hash');
select is((select count(*)::int from pg_temp.told('api_key.updated') x where x ? 'revoked_at'), 1, 'its revocation is one, its use is none');

insert into core.brand_integrations (brand_id, service_name, service_type) select brand, 'shop', 'crm' from t;
update core.brand_integrations i set status = 'active' from t where i.brand_id = t.brand;
select results_eq($$select pg_temp.told('integration.updated')$$, $$values ('{"status": "active"}'::jsonb)$$, 'an integration that becomes active is an event');

alter table core.users disable trigger _500_guard_last_owner;
delete from core.brands b using t where b.id = t.brand;
select is((select count(*)::int from t, public.oasis_events e where e.brand_id = t.brand), 0, 'the events of a brand go with it');
select is((select count(*)::int from t, public.oasis_events e where e.brand_id is null and e.type = 'brand.deleted' and e.entity_id = t.brand), 1,
  'and the whole system knows that it went');

select * from finish();
rollback;
