begin;
select plan(15);

create temp table t on commit drop as
select b.owner, tests.create_brand(b.owner) as brand
from (select tests.create_user('owner@example.com') as owner) b;
grant select on t to authenticated, service_role;

select tests.authenticate_as(owner) from t;
select lives_ok($$select core.set_setting(brand, 'tone', '"warm"') from t$$, 'a setting is written');
select lives_ok($$select core.connect_integration(brand, 'shop', 'crm', '{"token": "very-secret"}', '{"password": "hidden"}') from t$$, 'an integration is connected');
select cmp_ok((select count(*)::int from core.audit_log), '>=', 3, 'sensitive changes are in the audit log');
select is((select count(*)::int from core.audit_log where new_values::text ~ 'very-secret|hidden'), 0, 'secrets are not');
select is((select is_intact from t, core.verify_audit(brand)), true, 'the untouched chain is intact');
select throws_ok($$update core.audit_log set user_agent = 'x'$$, '42501', null, 'a client cannot change the log');

select tests.authenticate_as_service();
select throws_ok($$delete from core.audit_log$$, '42501', null, 'the service role cannot delete from it');

select tests.clear_authentication();
select throws_ok($$update core.audit_log set user_agent = 'x'$$, '42501', null, 'the owner of the table cannot change it');

create temp table d on commit drop as select a.* from t, core.audit_digest(brand) a;
alter table core.audit_log disable trigger _500_append_only;

savepoint s;
update core.audit_log l set new_values = '{"setting_value": "cold"}' from t where l.brand_id = t.brand and l.seq = 3;
select results_eq($$select first_broken_seq, reason from t, core.verify_audit(brand)$$,
  $$values (3::bigint, 'its content was changed')$$, 'a changed row is named');
rollback to s;
delete from core.audit_log l using t where l.brand_id = t.brand and l.seq = 2;
select results_eq($$select first_broken_seq, reason from t, core.verify_audit(brand)$$,
  $$values (3::bigint, 'rows before it are missing')$$, 'a gap is named');
rollback to s;
delete from core.audit_log l using t, d where l.brand_id = t.brand and l.seq = d.seq;
select is((select reason from t, core.verify_audit(brand)), 'the newest rows are missing', 'a cut end is found');
rollback to s;
-- Whoever owns the database can rebuild the whole chain; only a digest kept elsewhere tells.
update core.audit_log l set new_values = '{"forged": true}' from t, d where l.brand_id = t.brand and l.seq = d.seq;
update core.audit_log l set row_sha256 = private.audit_row_sha256(l) from t, d where l.brand_id = t.brand and l.seq = d.seq;
update private.audit_heads h set row_sha256 = l.row_sha256 from core.audit_log l, t, d
where h.brand_id = t.brand and l.brand_id = t.brand and l.seq = d.seq;
select is((select is_intact from t, core.verify_audit(brand)), true, 'a chain rebuilt to its end looks intact by itself');
select is((select v.reason from t, d, core.verify_audit(t.brand, d.seq, d.sha256) v), 'it differs from the digest', 'but not against a digest');
rollback to s;
select is((select v.is_intact from t, d, core.verify_audit(t.brand, d.seq, d.sha256) v), true, 'which the true chain meets');

select tests.authenticate_as(tests.create_user('other@example.com'));
select throws_ok($$select core.verify_audit(brand) from t$$, '42501', null, 'an outsider verifies nothing');

select * from finish();
rollback;
