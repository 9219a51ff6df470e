begin;
select plan(17);

create temp table t on commit drop as
select b.owner, tests.create_brand(b.owner) as brand, tests.create_user('stranger@actors.test') as stranger, '2026-05-01T12:00:00Z'::timestamptz as now
from (select tests.create_user('identity@actors.test') as owner) b;
grant select on t to authenticated;
create function pg_temp.web(p_id text, p_day integer, p_identifiers jsonb, p_name text default null) returns jsonb language sql as $$
  select jsonb_build_object('type', 'web_behavior', 'source_platform', 'web', 'source_id', p_id, 'occurred_at', '2026-04-01T10:00:00Z'::timestamptz + p_day * interval '1 day',
    'identifiers', p_identifiers, 'name', coalesce(p_name, 'Sam Same'),
    'data', jsonb_build_object('session_id', p_id, 'page_url', 'https://shop.example/wine/1', 'action_type', 'page_view', 'timestamp', '2026-04-01T10:00:00Z'::timestamptz + p_day * interval '1 day'))
$$;

select signals.ingest(t.brand, jsonb_build_array(
  pg_temp.web('a1', 1, '{"email": "a@example.com"}'),
  pg_temp.web('a2', 2, '{"email": " A@Example.COM ", "phone": "+44 7700 900001"}'),
  pg_temp.web('a3', 3, '{"phone": "0044 7700 900001"}'),
  pg_temp.web('b1', 4, '{"customer_id": "K1"}'),
  pg_temp.web('c1', 5, '{"email": "c@example.com"}')), null, t.now) from t;
select is((p.claimed, p.matched, p.created, p.conflicts), (5, 5, 3, 0), 'three people') from t, actors.process_signals(t.brand, 100, t.now) p;
select is((select count(distinct s.actor_id)::int from signals.signals_base s, t where s.brand_id = t.brand and s.source_id like 'a_'), 1,
  'a signal with both identifiers joins what each of them names, within one batch');
select is((select count(*)::int from actors.actors a, t where a.brand_id = t.brand and a.name = 'Sam Same'), 3, 'the same name links nobody');
select is((select a.identifiers from t, actors.find(t.brand, 'A@example.com') a), '{"email": ["a@example.com"], "phone": ["+447700900001"]}', 'found by e-mail in any spelling');
select is((select count(*)::int from t, actors.find(t.brand, '+44 (7700) 900001')), 1, 'found by phone');
select is((select count(*)::int from t, actors.find(t.brand, 'K1')), 1, 'found by customer id');
select is((select s.confidence_in_matching from signals.signals_base s, t where s.brand_id = t.brand and s.source_id = 'a3'), 0.98::float8, 'the identifier that decides gives the match probability');

select signals.ingest(t.brand, jsonb_build_array(pg_temp.web('x', 6, '{"customer_id": "K1", "email": "a@example.com"}', 'Bo')), null, t.now) from t;
select is((p.created, p.conflicts), (0, 1), 'identifiers of two people conflict') from t, actors.process_signals(t.brand, 100, t.now) p;
select is((select a.primary_identifier from signals.signals_base s, t, actors.actors a where s.brand_id = t.brand and s.source_id = 'x' and a.id = s.actor_id), 'K1', 'the strongest decides');
select is((select count(*)::int from actors.actors a, t where a.brand_id = t.brand), 3, 'and nobody is merged');

select signals.ingest(t.brand, jsonb_build_array(pg_temp.web('late', -9, '{"customer_id": "K1"}', 'Old Name')), null, t.now) from t;
select actors.process_signals(t.brand, 100, t.now) from t;
select is((select (a.first_seen_at, a.last_seen_at, a.total_signals, a.name) from t, actors.find(t.brand, 'K1') a),
  ('2026-03-23T10:00:00Z'::timestamptz, '2026-04-07T10:00:00Z'::timestamptz, 3, 'Bo'::text), 'a late signal moves first seen back, and neither last seen nor the name');

select tests.authenticate_as(owner) from t;
select is((select (actors.profile(a.id, t.now)) -> 'total_signals' from t, actors.find(t.brand, 'K1') a), '3', 'a member reads the profile');
select cmp_ok((select count(*)::int from t, actors.find(t.brand, 'K1') a, actors.evidence(a.id, 'preference.interest')), '=', 3, 'and the evidence');
select throws_ok($$select actors.process_signals((select brand from t), 0)$$, 'PT400', null, 'the batch size has bounds');
select tests.authenticate_as(stranger) from t;
select throws_ok($$select actors.find((select brand from t), 'K1')$$, '42501', null, 'a stranger finds nobody');
select throws_ok(format('select actors.profile(%L)', gen_random_uuid()), 'PT404', null, 'nor reads a profile');
select throws_ok($$select actors.process_signals((select brand from t))$$, '42501', null, 'nor processes anything');

select * from finish();
rollback;
