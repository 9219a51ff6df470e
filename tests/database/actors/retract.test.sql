begin;
select plan(23);

create temp table t on commit drop as
select b.operator, b.support, b.stranger, tests.create_brand(b.owner) as brand, tests.create_brand(b.owner, 'Without it') as control, '2026-06-01T12:00:00Z'::timestamptz as now
from (select tests.create_user('owner@retract.test') as owner, tests.create_user('operator@retract.test') as operator,
  tests.create_user('support@retract.test') as support, tests.create_user('stranger@retract.test') as stranger) b;
select tests.add_member(brand, operator, 'operator'), tests.add_member(brand, support, 'support') from t;
grant select on t to anon, authenticated;

create function pg_temp.review(p_number integer, p_identifiers jsonb, p_rating integer) returns jsonb language sql as $$
  select jsonb_build_object('type', 'review', 'source_platform', 'shop', 'source_id', 'r' || p_number, 'identifiers', p_identifiers, 'name', 'Anna Lindqvist',
    'occurred_at', '2026-03-01T10:00:00Z'::timestamptz + p_number * interval '3 days', 'data', jsonb_build_object('rating', p_rating, 'review_text', 'review ' || p_number))
$$;
-- Five reviews with an e-mail address, five with a phone number; number 11 has both and makes them one person. Number 3 is a fake.
create function pg_temp.reviews() returns setof jsonb language sql as $$
  select pg_temp.review(i, '{"email": "anna@example.com"}', 2 + i % 3) from generate_series(1, 5) i
  union all select pg_temp.review(i, '{"phone": "+447700900123"}', 4) from generate_series(6, 10) i
  union all select pg_temp.review(11, '{"email": "anna@example.com", "phone": "+447700900123"}', 5)
$$;
create function pg_temp.beliefs(p_brand uuid, p_identifier text) returns text language sql as $$
  select md5(string_agg(format('%s|%s|%s|%s|%s|%s|%s|%s', p.attribute, p.context, p.is_stated, p.category, p.mean, p.variance, p.confidence, p.evidence_count), E'\n'
    order by p.attribute, p.context, p.is_stated, p.category))
  from t, actors.find(p_brand, p_identifier) a, private.actors_posteriors(p_brand, array[a.id], t.now) p
$$;
select signals.ingest(t.brand, (select jsonb_agg(r) from pg_temp.reviews() r), null, t.now), signals.ingest(t.control, (select jsonb_agg(r) from pg_temp.reviews() r where r ->> 'source_id' <> 'r3'), null, t.now) from t;
select actors.process_signals(t.brand, 1000, t.now), actors.process_signals(t.control, 1000, t.now) from t;
create temp table s on commit drop as select g.id, g.source_id from t join signals.signals_base g on g.brand_id = t.brand;
grant select on s to anon, authenticated;

select is((select count(distinct a.id)::int from t, lateral (select * from actors.find(t.brand, 'anna@example.com') union all select * from actors.find(t.brand, '+447700900123')) a), 1, 'a review with both identifiers makes one person of two');
select isnt(pg_temp.beliefs(brand, 'anna@example.com'), pg_temp.beliefs(control, 'anna@example.com'), 'a fake review moves the beliefs') from t;

create temp table kept on commit drop as select b.id, b.behavior_type from t join actors.actor_behavioral_scores b on b.brand_id = t.brand and b.is_current;
select tests.authenticate_as(support) from t;
select throws_ok($$select actors.retract(id) from s where source_id = 'r3'$$, '42501', null, 'support may not take a signal back');
select tests.authenticate_as(stranger) from t;
select throws_ok($$select actors.retract(id) from s where source_id = 'r3'$$, 'PT404', null, 'a stranger finds none');
select tests.authenticate_as(operator) from t;
select ok((select actors.retract(id, 'fake') from s where source_id = 'r3'), 'an operator can');
select ok((select not actors.retract(id, 'fake again') from s where source_id = 'r3'), 'twice is once');
select is((select (g.retraction_reason, g.processing_status::text) from s join signals.signals_base g using (id) where s.source_id = 'r3'), ('fake'::text, 'skipped'::text), 'the signal stays, with the reason');
select tests.clear_authentication();

select is(pg_temp.beliefs(brand, 'anna@example.com'), pg_temp.beliefs(control, 'anna@example.com'), 'every belief is, to the last bit, what it would be without it') from t;
select is((select a.total_signals from t, actors.find(t.brand, 'anna@example.com') a), 10, 'and so is the count of signals');
select is((select count(*)::int from t join actors.actor_behavioral_scores b on b.brand_id = t.brand and b.is_current join s on s.source_id = 'r3' and b.source_signals ? s.id::text), 0, 'no current score cites it');
select results_eq($$select b.id from t join actors.actor_behavioral_scores b on b.brand_id = t.brand and b.is_current order by 1$$, $$select id from kept order by 1$$, 'and the scores keep their ids');
select is((select count(*)::int from s join actors.evidence e on e.source_id = s.id where s.source_id = 'r3' and e.retracted_at is null), 0, 'its evidence stays in the ledger and counts no more');
select is((select claimed from t, actors.process_signals(t.brand, 1000, t.now)), 0, 'and it is not processed again');

-- The one signal that tied two people together.
select ok((select actors.retract(id, 'typed the wrong number') from s where source_id = 'r11'), 'the review with both identifiers is taken back');
select is((select count(distinct a.id)::int from t, lateral (select * from actors.find(t.brand, 'anna@example.com') union all select * from actors.find(t.brand, '+447700900123')) a), 2, 'they are two people again');
select results_eq($$select a.total_signals from t, lateral (select * from actors.find(t.brand, 'anna@example.com') union all select * from actors.find(t.brand, '+447700900123')) a order by 1$$, $$values (4), (5)$$, 'each with its own signals');
select is((select count(*)::int from t, actors.find(t.brand, 'anna@example.com') a, actors.evidence(a.id) e join s on s.id = e.source_id and s.source_id in ('r3', 'r11')), 0, 'and nothing of what was taken back');

-- What was taken back is told again.
create function pg_temp.sent(p_signal jsonb) returns text language sql as $$
  select i.verdict::text from t, signals.ingest(t.brand, jsonb_build_array(p_signal), null, t.now) i
$$;
select is(pg_temp.sent(pg_temp.review(3, '{"email": "anna@example.com"}', 2)), 'duplicate', 'as it was, it is a retry');
select is(pg_temp.sent(pg_temp.review(3, '{"email": "anna@example.com"}', 5)), 'accepted', 'with other content under the same id it is a correction');
select is(pg_temp.sent(pg_temp.review(3, '{"email": "anna@example.com"}', 5)), 'duplicate', 'which can be retried as well');
select is((select (p.matched, a.total_signals) from t, actors.process_signals(t.brand, 1000, t.now) p, actors.find(t.brand, 'anna@example.com') a), (1, 4), 'the correction is learnt from');

-- Time is the server's.
select tests.authenticate_as(operator) from t;
select throws_ok($$select actors.retract(id, 'long ago', '2020-01-01') from s where source_id = 'r1'$$, 'PT400', 'p_now: is told by the server''s clock: leave it out', 'an operator cannot date a retraction back');
select throws_ok($$select actors.merge(a.id, a.id, null, '2020-01-01') from t, actors.find(t.brand, 'anna@example.com') a$$, 'PT400', 'p_now: is told by the server''s clock: leave it out', 'nor a merge');
select tests.clear_authentication();

select * from finish();
rollback;
