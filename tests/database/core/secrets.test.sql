begin;
select plan(22);

create temp table t on commit drop as
select b.owner, b.support, tests.create_brand(b.owner) as brand, null::text as key, null::uuid as key_id
from (select tests.create_user('owner@example.com') as owner, tests.create_user('support@example.com') as support) b;
grant all on t to authenticated, service_role;
select tests.add_member(brand, support, 'support') from t;

select tests.authenticate_as(support) from t;
select throws_ok($$select core.create_api_key(brand, 'till', '{signals:write}') from t$$, '42501', null, 'support makes no API key');
select is_empty($$select * from core.api_keys$$, 'and sees none');
select throws_ok($$select core.connect_integration(brand, 'x', 'crm', '{}') from t$$, '42501', null, 'and connects no integration');

select tests.authenticate_as(owner) from t;
select throws_ok($$select core.create_api_key(brand, 'till', '{everything}') from t$$, 'PT400', null, 'an unknown scope is refused');
update t set key = k.api_key, key_id = k.api_key_id from core.create_api_key((select brand from t), 'till', '{signals:write}', p_rate_limit_per_minute => 2) k;
select matches((select key from t), '^lwk_[A-Za-z0-9_-]{43}$', 'the key is shown when it is made');
select is((select count(*)::int from core.api_keys k where k::text like '%' || (select key from t) || '%'), 0, 'and stored nowhere');
select throws_ok($$select core.use_api_key(key, 'signals:write') from t$$, '42501', null, 'a client cannot ask about keys');

select tests.authenticate_as_service();
select results_eq($$select r.brand_id, r.rate_remaining from t, core.use_api_key(key, 'signals:write', '2026-01-01') r$$,
  $$select brand, 1 from t$$, 'the key stands for its brand');
select is((select last_used_at from core.api_keys), '2026-01-01'::timestamptz, 'its use is remembered');
select throws_ok($$select core.use_api_key(key, 'audit:read') from t$$, '42501', null, 'it does not reach beyond its scopes');
select throws_ok($$select core.use_api_key('lwk_wrong', 'signals:write')$$, 'PT401', null, 'a wrong key is refused');
select lives_ok($$select core.use_api_key(key, 'signals:write', '2026-01-01') from t$$, 'the limit is reached');
select throws_ok($$select core.use_api_key(key, 'signals:write', '2026-01-01') from t$$, 'PT429', null, 'and kept');
select lives_ok($$select core.use_api_key(key, 'signals:write', '2026-01-01 00:01') from t$$, 'until the bucket fills again');

select tests.authenticate_as(owner) from t;
select lives_ok($$select core.revoke_api_key(brand, key_id) from t$$, 'a key is revoked');
select tests.authenticate_as_service();
select throws_ok($$select core.use_api_key(key, 'signals:write') from t$$, 'PT401', null, 'and void at once');

select tests.authenticate_as(owner) from t;
select lives_ok($$select core.connect_integration(brand, 'whatsapp', 'whatsapp', '{"app_secret": "s1"}') from t$$, 'credentials go in');
select lives_ok($$select core.connect_integration(brand, 'whatsapp', 'whatsapp', '{"app_secret": "s2"}') from t$$, 'and are replaced');
select throws_ok($$select core.integration_credentials(brand, 'whatsapp') from t$$, '42501', null, 'no client gets them out, not even the owner');
select tests.authenticate_as_service();
select is((select core.integration_credentials(brand, 'whatsapp') from t), '{"app_secret": "s2"}'::jsonb, 'the service role does');
select tests.clear_authentication();
delete from core.brands where id = (select brand from t);
select is((select count(*)::int from private.integration_credentials), 0, 'they go with the brand');
select is((select count(*)::int from vault.secrets s where s.name like 'integration/%'), 0, 'out of Vault as well');

select * from finish();
rollback;
