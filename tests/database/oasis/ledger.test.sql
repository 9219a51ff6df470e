begin;
select plan(10);

create temp table t on commit drop as
select u.owner, tests.create_user('outsider@example.com') as outsider, tests.create_brand(u.owner) as brand, tests.create_brand(u.owner, 'Other') as other
from (select tests.create_user('owner@example.com') as owner) u;
grant select on t to authenticated, service_role;

insert into vtid_ledger (brand_id, vtid, layer, module, title) select brand, 'VTID-01000', 'DEV', 'TASK', 'Bake' from t;
select results_eq($$select status::text, is_terminal from vtid_ledger where vtid = 'VTID-01000'$$, $$values ('scheduled', false)$$,
  'a task starts scheduled');
select lives_ok($$insert into vtid_ledger (brand_id, vtid, layer, module) select brand, 'VTID-100000', 'DEV', 'TASK' from t$$,
  'a number may outgrow five digits');
select throws_ok($$insert into vtid_ledger (brand_id, vtid, layer, module) select brand, 'DEV-TASK-2026-   2', 'DEV', 'TASK' from t$$, '23514', null,
  'a number padded with blanks is refused');
select throws_ok($$insert into vtid_ledger (brand_id, vtid, layer, module) select other, 'VTID-01000', 'DEV', 'TASK' from t$$, '23505', null,
  'a number is given once in all brands');
select throws_ok($$insert into vtid_ledger (brand_id, vtid, parent_vtid, layer, module) select other, 'VTID-01001', 'VTID-01000', 'DEV', 'TASK' from t$$,
  '23503', null, 'the parent is a task of the same brand');
select throws_ok($$update vtid_ledger set status = 'completed' where vtid = 'VTID-01000'$$, '23514', null, 'a task ends with an outcome and a time');
select throws_ok($$update vtid_ledger set claimed_by = 'worker' where vtid = 'VTID-01000'$$, '23514', null, 'a claim has an end');

select tests.authenticate_as(owner) from t;
select is((select count(*)::int from vtid_ledger), 2, 'members read the ledger');
select throws_ok($$update vtid_ledger set title = 'x'$$, '42501', null, 'clients write it through functions only');
select tests.authenticate_as(outsider) from t;
select is_empty('select id from vtid_ledger', 'an outsider sees none of it');

select * from finish();
rollback;
