begin;
select plan(22);

create temp table t on commit drop as
select u.owner, tests.create_user('support@example.com') as support, tests.create_user('customer@example.com') as customer,
  tests.create_user('outsider@example.com') as outsider, tests.create_brand(u.owner, 'Bakery') as brand
from (select tests.create_user('owner@example.com') as owner) u;
grant select on t to authenticated, service_role;
select tests.add_member(brand, support, 'support') from t;
select tests.add_member(brand, customer, 'customer') from t;

-- What is written here is settled only after commit: put the events of earlier transactions into the feed.
insert into public.oasis_events (id, brand_id, xid, type, source)
select ('00000000-0000-7000-8000-00000000000' || n)::uuid, t.brand, x::xid8, type, 'test'
from t, (values (1, '5', 'test.first'), (2, '7', 'test.third'), (3, '6', 'test.second'), (4, '7', 'test.fourth')) e (n, x, type);

select tests.authenticate_as(support) from t;
select results_eq($$select r.type from t, read_oasis_events(t.brand) r$$,
  $$values ('test.first'), ('test.second'), ('test.third'), ('test.fourth')$$,
  'events come in the order of their transactions, and those of a running one not yet');
select results_eq(
  $$select n.type from t, read_oasis_events(t.brand, null, 2) r, read_oasis_events(t.brand, r.cursor, 1) n$$,
  $$values ('test.second'), ('test.third')$$, 'each cursor leads to the next event, in the midst of a transaction too');
select is_empty(
  $$select n.id from t, (select r.cursor from t, read_oasis_events(t.brand) r order by r.type = 'test.fourth' desc limit 1) l, read_oasis_events(t.brand, l.cursor) n$$,
  'after the last event there is nothing');
select results_eq($$select r.type from t, read_oasis_events(t.brand, p_types => '{test.second, test.fourth}') r$$,
  $$values ('test.second'), ('test.fourth')$$, 'types can be chosen');
select throws_ok($$select read_oasis_events(brand, 'yesterday') from t$$, 'PT400', null, 'a made-up cursor is refused');
select throws_ok($$select read_oasis_events(brand, '999999999999.00000000-0000-7000-8000-000000000001') from t$$, 'PT409', null,
  'a cursor of another database is refused');
select throws_ok($$select read_oasis_events(brand, null, 0) from t$$, 'PT400', null, 'a limit of nothing is refused');
select throws_ok($$select read_oasis_events(brand, null, 1001) from t$$, 'PT400', null, 'a limit above 1,000 is refused');
select throws_ok($$select private.emit(brand, 'test.forged', null, null, '{}') from t$$, '42501', null, 'a client emits nothing');
select throws_ok($$insert into oasis_events (brand_id, type, source) select brand, 'test.forged', 'me' from t$$, '42501', null,
  'nor writes a row');

select tests.authenticate_as(customer) from t;
select throws_ok($$select read_oasis_events(brand) from t$$, '42501', null, 'a customer does not follow the log');
select is_empty('select id from oasis_events', 'nor reads its rows');
select tests.authenticate_as(outsider) from t;
select throws_ok($$select read_oasis_events(brand) from t$$, '42501', null, 'an outsider is told that it is none of the brand');

select tests.authenticate_as_service();
select is((select count(*) from t, read_oasis_events(t.brand)), 4::bigint, 'the service role reads every brand');
select throws_ok('delete from oasis_events', '42501', null, 'and deletes nothing');

select tests.authenticate_as(owner) from t;
select throws_ok('update oasis_events set message = null', '42501', null, 'an owner changes nothing');

select tests.clear_authentication();
select isnt((select private.emit(brand, 'test.by_job', null, null, null) from t), null, 'emit returns the id of the event');
select results_eq(
  $$select e.actor_role, e.source, e.topic, e.payload, e.xid = pg_current_xact_id() from t, oasis_events e where e.brand_id = t.brand and e.type = 'test.by_job'$$,
  $$values ('system', 'test', 'test', '{}'::jsonb, true)$$, 'an event knows its topic, its transaction and that no user caused it');
select throws_ok($$select private.emit(brand, 'Not A Type', null, null, '{}') from t$$, '23514', null, 'a type is a dotted name');
select throws_ok($$select private.emit(gen_random_uuid(), 'test.x', null, null, '{}')$$, '23503', null, 'and its brand exists');
select throws_ok('update oasis_events set message = $$x$$', '42501', null, 'not even the owner of the table rewrites the log');
select is(
  (select array_agg(p.schemaname || '.' || p.tablename order by p.tablename) from pg_publication_tables p
   where p.pubname = 'supabase_realtime' and p.tablename ~ 'oasis|vtid'),
  '{public.oasis_events,public.vtid_ledger}', 'both tables are published, under their own names');

select * from finish();
rollback;
