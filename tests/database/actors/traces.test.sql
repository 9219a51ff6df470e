begin;
select plan(26);

create temp table t on commit drop as
select tests.create_brand(b.owner) as brand, '2026-06-01T12:00:00Z'::timestamptz as now
from (select tests.create_user('owner@traces.test') as owner) b;
create function pg_temp.send(p_signal jsonb) returns uuid language plpgsql as $$
declare
  v_signal uuid;
begin
  select i.signal_id into v_signal from t, signals.ingest(t.brand, jsonb_build_array(p_signal), null, t.now) i;
  perform actors.process_signals(t.brand, 1000, t.now) from t;
  return v_signal;
end
$$;
create function pg_temp.review(p_id text, p_who text, p_day integer, p_name text) returns uuid language sql as $$
  select pg_temp.send(jsonb_build_object('type', 'review', 'source_platform', 'shop', 'source_id', p_id, 'identifiers', jsonb_build_object('customer_id', p_who), 'name', p_name,
    'occurred_at', '2026-01-01T10:00:00Z'::timestamptz + p_day * interval '1 day', 'data', jsonb_build_object('rating', 4, 'review_text', 'text ' || p_id)))
$$;
create function pg_temp.order_of(p_id text, p_number text, p_who text, p_status text) returns uuid language sql as $$
  select pg_temp.send(jsonb_build_object('type', 'order', 'source_platform', 'shop', 'source_id', p_id, 'occurred_at', '2026-03-01T10:00:00Z',
      'data', jsonb_build_object('order_number', p_number, 'order_status', p_status, 'order_method', 'online', 'subtotal', 10, 'total_amount', 10,
        'items', jsonb_build_array(jsonb_build_object('product_id', 'x', 'name', 'x', 'quantity', 1, 'unit_price', 10, 'category', 'tea'))))
    || case when p_who is null then '{}' else jsonb_build_object('identifiers', jsonb_build_object('customer_id', p_who)) end)
$$;
create function pg_temp.who(p_identifier text) returns actors.actors language sql as $$ select a from t, actors.find(t.brand, p_identifier) a $$;
create function pg_temp.message(p_id text, p_at timestamptz, p_is_inbound boolean) returns uuid language sql as $$
  select pg_temp.send(jsonb_build_object('type', 'whatsapp_message', 'source_platform', 'wa', 'source_id', p_id, 'occurred_at', p_at, 'identifiers', '{"customer_id": "writer"}'::jsonb,
    'data', jsonb_build_object('message_text', 'text ' || p_id, 'is_inbound', p_is_inbound, 'sender_phone', '+447700900871')))
$$;
create function pg_temp.habits() returns text language sql as $$
  select format('%s, %s', c.preferred_frequency, c.avg_response_time) from actors.actor_communication_profiles c where c.actor_id = (pg_temp.who('writer')).id and c.is_current
$$;

-- Retired with the last signal, and back with the next.
create temp table first on commit drop as select pg_temp.review('r1', 'anna', 1, 'Anna Berg') as signal;
create temp table anna on commit drop as select (pg_temp.who('anna')).id;
select actors.retract(signal, null, now) from first, t;
select results_eq('select a.is_active, a.name, a.profile_completeness from actors.actors a join anna using (id)', $$values (false, null, 0::double precision)$$,
  'a person without any signal left is retired, and the name that it gave is gone');
select pg_temp.review('r2', 'anna', 2, 'Anna Berg');
select results_eq('select a.is_active, a.name, a.total_signals, a.profile_completeness from actors.actors a join anna using (id)', $$values (true, 'Anna Berg', 1, 0.5::double precision)$$, 'the next signal brings it back');

-- One order, told three times.
select pg_temp.order_of('n0', 'N1', null, 'confirmed');
create temp table tellings on commit drop as select pg_temp.order_of('n1', 'N1', 'bert', 'confirmed') as a, pg_temp.order_of('n2', 'N1', 'bert', 'delivered') as b;
create temp table bert on commit drop as select (pg_temp.who('bert')).id from tellings;
create function pg_temp.sources() returns setof uuid language sql as $$ select distinct e.source_id from bert, actors.evidence(bert.id) e where e.attribute = 'behavior.purchase_rate' $$;
select results_eq('select pg_temp.sources()', 'select a from tellings', 'an order is learnt from once: by the first telling that names a person');
select is((pg_temp.who('bert')).total_signals, 2, 'both tellings are the person''s');
select actors.retract(a, null, now) from tellings, t;
select results_eq('select pg_temp.sources()', 'select b from tellings', 'when that one is taken back the next one counts');
select is((select b.evidence_count from actors.actor_beliefs b where b.actor_id = (pg_temp.who('bert')).id and b.attribute = 'preference.category'), 1, 'and is folded');
select is((r.evidence_added, r.evidence_retracted, r.hash_before = r.hash_after), (0, 0, true), 'as a rebuild finds it') from t, actors.rebuild(t.brand, t.now) r;
select actors.retract(b, null, now) from tellings, t;
select is_empty('select pg_temp.sources()', 'after the last one the order is gone');

-- How a person writes: on Kiritimati (UTC+14) the second message belongs to the next day.
select core.set_setting(brand, 'signals.quality_weights', '{"source_trust": 1}') from t;
update core.brands b set timezone = 'Pacific/Kiritimati' from t where b.id = t.brand;
create temp table messages on commit drop as
select pg_temp.message('m1', '2026-03-01T08:00:00Z', true) as a, pg_temp.message('m2', '2026-03-01T11:00:00Z', true) as b, pg_temp.message('m3', '2026-03-02T12:00:00Z', false) as asked,
  pg_temp.message('m4', '2026-03-02T13:00:00Z', true) as answered;
select is(pg_temp.habits(), 'daily, 3600', 'days are those of the brand''s clock, whatever the session''s');
set local timezone = 'Pacific/Honolulu';
select private.refold_actors(brand, array[(pg_temp.who('writer')).id], now) from t;
select is(pg_temp.habits(), 'daily, 3600', 'and the same from any session');
reset timezone;
select actors.retract(answered, null, now) from messages, t;
select is(pg_temp.habits(), 'as_needed, ', 'a retracted answer is no answer, and its day no day of writing');

-- Names go with the signals that gave them.
select pg_temp.review('z1', 'nameless', 1, null), pg_temp.review('z2', 'zorn', 2, 'Bert Zorn');
create temp table pair on commit drop as select (pg_temp.who('nameless')).id as a, (pg_temp.who('zorn')).id as b;
create temp table merged on commit drop as select actors.merge(a, b, null, now) as event from pair, t;
select is((pg_temp.who('nameless')).name, 'Bert Zorn', 'the survivor of a merge is called as its newest signal says');
select is((pg_temp.who('nameless')).profile_completeness, 0.5::double precision, 'and known by so much more');
select is((select a.name from actors.actors a, pair where a.id = pair.b), 'Bert Zorn', 'who was merged keeps the name to be recognised by');
select throws_ok('update actors.actors a set is_active = true from pair where a.id = pair.b', '23514', null, 'and cannot be made active by hand: that person is somebody else now');
select pg_temp.review('z3', 'zorn', 3, 'Bert A. Zorn');
select actors.unmerge(event, null, now) from merged, t;
select is((pg_temp.who('nameless')).name, null, 'after the unmerge nobody keeps the other''s name');
select is((pg_temp.who('zorn')).name, 'Bert A. Zorn', 'and the restored person has the newest of its own');
update actors.actors a set name = 'Herr Zorn', verification_method = 'manual' from pair where a.id = pair.b;
select pg_temp.review('z4', 'zorn', 4, 'B Z');
select is((pg_temp.who('zorn')).name, 'Herr Zorn', 'a name that somebody verified stays');
create temp table again on commit drop as select actors.merge(b, a, null, now) as event from pair, t;
select is((pg_temp.who('zorn')).name, 'Herr Zorn', 'through a merge, too');

-- A survivor that had been retired.
create temp table last on commit drop as select pg_temp.review('y1', 'yan', 1, 'Yan'), (select s.id from t join signals.signals_base s on s.brand_id = t.brand and s.source_id = 'r2') as signal;
create temp table yan on commit drop as select (pg_temp.who('yan')).id;
select actors.retract(signal, null, now) from last, t;
select is((select a.is_active from actors.actors a join anna using (id)), false, 'a retired person');
create temp table revived on commit drop as select actors.merge(anna.id, yan.id, null, t.now) as event from anna, yan, t;
select results_eq('select a.is_active, a.total_signals from actors.actors a join anna using (id)', 'values (true, 1)', 'is active once another''s signals are its own');
select actors.unmerge(event, null, now) from revived, t;
select is((select a.is_active from actors.actors a join yan using (id)), true, 'and the unmerge gives them back');

-- What a retracted signal leaves behind is nobody, wherever it is moved.
create temp table ghost on commit drop as select pg_temp.review('g1', 'gus', 1, 'Gus') as kept, pg_temp.review('g2', 'gus', 2, 'Gus Grau') as fake;
select actors.retract(fake, null, now) from ghost, t;
create temp table gus on commit drop as
select (pg_temp.who('gus')).id, r.actor_id as other from ghost join signals.signals_base s on s.id = ghost.fake join actors.identity_records r on r.id = s.identity_record_id;
select results_eq('select a.id = gus.id, a.is_active from gus join actors.actors a on a.id in (gus.id, gus.other) order by 1 desc', 'values (true, true), (false, false)', 'a record without a signal is taken out of its person, and makes nobody active');
create temp table rejoined on commit drop as select actors.merge(id, other, null, now) as event from gus, t;
select actors.unmerge(event, null, now) from rejoined, t;
select is((select a.is_active from gus join actors.actors a on a.id = gus.other), false, 'nor does an unmerge bring one back');

-- Vectors wait for the next refresh; the people do not.
select pg_temp.review(format('v%s', i), 'v' || i, i, null) from generate_series(1, 3) i;
insert into actors.actor_belief_vectors (brand_id, actor_id, vector_name, vector_data, vector_type, generation_method, vector_quality)
select t.brand, (pg_temp.who('v' || i)).id, 'belief', array_fill(i::real, array[32])::extensions.vector, 'combined', 'auto', 0.8 from t, generate_series(1, 3) i;
create temp table v on commit drop as select (pg_temp.who('v1')).id as v1, (pg_temp.who('v2')).id as v2, (pg_temp.who('v3')).id as v3;
select results_eq('select s.actor_id from v, actors.similar(v1, 1) s', 'select v2 from v', 'the nearest person is found');
select actors.merge(v3, v2, null, now) from v, t;
select results_eq('select s.actor_id from v, actors.similar(v1, 1) s', 'select v3 from v', 'once merged, no more');

select * from finish();
rollback;
