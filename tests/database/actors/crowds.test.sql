begin;
select plan(6);

create temp table t on commit drop as
select tests.create_brand(b.owner) as brand, '2026-06-01T12:00:00Z'::timestamptz as now from (select tests.create_user('owner@crowds.test') as owner) b;
create function pg_temp.send(p_from integer, p_to integer, p_identifiers text, p_name text) returns void language sql as $$
  select signals.ingest(t.brand, (select jsonb_agg(jsonb_build_object('type', 'review', 'source_platform', 'shop', 'source_id', p_identifiers || i, 'occurred_at', '2026-05-01T10:00:00Z',
      'identifiers', format(p_identifiers, md5(i::text))::jsonb, 'name', p_name, 'data', jsonb_build_object('rating', 4, 'review_text', md5('text' || i)))) from generate_series(p_from, p_to) i), null, t.now) from t;
  select actors.process_signals(t.brand, 1000, t.now) from t
$$;
create function pg_temp.largest() returns integer language sql as
$$ select max(c.n)::integer from (select count(*) as n from t join actors.identity_records r on r.brand_id = t.brand group by r.actor_id) c $$;

-- The phone number of the shop itself, typed in for everybody; nobody gives a name.
select pg_temp.send(1, 170, '{"phone": "+493083726154", "customer_id": "k%s"}', null);
select is((select count(distinct r.actor_id)::int from t join actors.identity_records r on r.brand_id = t.brand), 170, 'a crowd behind one phone number stays a crowd');
select pg_temp.send(171, 180, '{"phone": "+493083726154", "customer_id": "k%s"}', null);
select is((select count(*)::int from t join actors.identity_matches m on m.brand_id = t.brand join actors.identity_records r on r.id in (m.record_a, m.record_b) and r.customer_id = 'k' || md5('175')), 0,
  'and whoever comes later is tied to none of it, so that it costs nothing to tell apart');
select is((select r.agreement_bits[3] from t join actors.identity_records r on r.brand_id = t.brand and r.customer_id = 'k' || md5('175')), null, 'since the number says nothing any more');
select is((select count(*)::int from t, actors.find(t.brand, 'k' || md5('175'))), 1, 'each is still found by what is its own');

-- One name, many mailboxes.
select pg_temp.send(1, 120, '{"email": "m%s@example.com"}', 'Anna Schmidt');
select is((select count(distinct r.actor_id)::int from t join actors.identity_records r on r.brand_id = t.brand and r.family_name = 'schmidt'), 120, 'a hundred namesakes are a hundred people');
select is(pg_temp.largest(), 1, 'nobody of all these was taken for another');

select * from finish();
rollback;
