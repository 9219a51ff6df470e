begin;
select plan(18);

create temp table t on commit drop as
select b.owner, tests.create_brand(b.owner) as brand, tests.create_user('stranger@reviews.test') as stranger, tests.create_user('support@reviews.test') as support,
  '2026-05-01T12:00:00Z'::timestamptz as now from (select tests.create_user('reviews@actors.test') as owner) b;
select tests.add_member(brand, support, 'support') from t;
grant select on t to authenticated;
create function pg_temp.seen(p_id text, p_identifiers jsonb, p_name text) returns jsonb language sql as $$
  select jsonb_build_object('type', 'order', 'source_platform', 'shop', 'source_id', p_id, 'occurred_at', '2026-04-01T10:00:00Z', 'identifiers', p_identifiers, 'name', p_name,
    'data', jsonb_build_object('total_amount', 10, 'items', jsonb_build_array(jsonb_build_object('product_id', p_id, 'name', 'x', 'category', 'tea', 'quantity', 1, 'unit_price', 10))))
$$;
-- One address, two first names: it may be a nickname or a couple.
select signals.ingest(t.brand, jsonb_build_array(
  pg_temp.seen('a', '{"email": "shared@example.com"}', 'Margaret'), pg_temp.seen('b', '{"email": "shared@example.com"}', 'Peggy'),
  pg_temp.seen('c', '{"email": "other@example.com"}', 'Konrad'), pg_temp.seen('d', '{"email": "other@example.com"}', 'Heinz')), null, t.now) from t;
select is((p.created, p.reviews), (4, 2), 'what is likely but not sure is asked') from t, actors.process_signals(t.brand, 100, t.now) p;
create function pg_temp.who(p_id text) returns uuid language sql as $$ select s.actor_id from signals.signals_base s where s.brand_id = (select brand from t) and s.source_id = p_id $$;
create function pg_temp.review_of(p_name text) returns uuid language sql as $$
  select v.id from actors.identity_reviews v join actors.identity_records r on r.id in (v.record_a, v.record_b) where v.brand_id = (select brand from t) and r.given_name = p_name $$;
create function pg_temp.evidence_of(p_id text) returns bigint language sql as $$ select count(*) from actors.evidence e where e.brand_id = (select brand from t) and e.actor_id = pg_temp.who(p_id) $$;
create temp table ids on commit drop as select pg_temp.review_of('peggy') as peggy, pg_temp.review_of('heinz') as heinz, pg_temp.who('a') as a, pg_temp.who('b') as b;
grant select on ids to authenticated;

select tests.authenticate_as(support) from t;
select is((select count(*)::int from t, actors.reviews(t.brand)), 2, 'support reads the questions');
select ok((select bool_and(r.probability between 0.5 and 0.95 and r.a ->> 'email' = r.b ->> 'email' and r.actor_a <> r.actor_b and jsonb_array_length(r.waterfall) >= 3) from t, actors.reviews(t.brand) r), 'with both records, their people and the waterfall');
select throws_ok('select actors.answer_review((select peggy from ids), true)', '42501', null, 'but does not answer them');
select tests.authenticate_as(stranger) from t;
select throws_ok('select actors.reviews((select brand from t))', '42501', null, 'a stranger reads none');
select throws_ok('select actors.answer_review((select peggy from ids), true)', 'PT404', null, 'and finds none');
select tests.authenticate_as(owner) from t;
select throws_ok('select actors.reviews((select brand from t), 0)', 'PT400', null, 'the limit has bounds');
select throws_ok('select actors.answer_review((select peggy from ids), null)', 'PT400', null, 'an answer is yes or no');

select is((v.status, v.note, v.answered_by), ('same'::text, 'nickname'::text, t.owner), 'yes') from t, ids, actors.answer_review(ids.peggy, true, 'nickname') v;
select is((v.status), 'different', 'no') from t, ids, actors.answer_review(ids.heinz, false) v;
select tests.clear_authentication();
select is((select array_agg(pg_temp.who(s) = least(a, b) order by s) from ids, unnest('{a,b}'::text[]) s), '{t,t}', 'who was found to be one is one, under the older person');
select is((select (x.is_active, x.merged_into) from ids, actors.actors x where x.id = greatest(a, b)), (select (false, least(a, b)) from ids), 'the other points there');
select is(pg_temp.evidence_of('a'), (select count(*) from actors.evidence e where e.brand_id = (select brand from t)) / 2, 'evidence follows');
select is((select max(b.evidence_count) from actors.actor_beliefs b where b.actor_id = pg_temp.who('a') and b.attribute = 'preference.category'), 2, 'and beliefs are of both');
select isnt(pg_temp.who('c'), pg_temp.who('d'), 'who was found to be two stays two');

-- More evidence for one person does not undo a no.
select signals.ingest(t.brand, jsonb_build_array(pg_temp.seen('e', '{"email": "other@example.com", "phone": "+447700900999"}', 'Konrad'), pg_temp.seen('f', '{"email": "other@example.com", "phone": "+447700900999"}', 'Heinz')), null, t.now) from t;
select actors.process_signals(t.brand, 100, t.now) from t;
select private.resolve_identity(t.brand, t.now) from t;
select is(array[pg_temp.who('c') = pg_temp.who('d'), pg_temp.who('a') = pg_temp.who('b')], '{f,t}', 'answers bind every later clustering');
select is((m.label_count), 2, 'and training knows them') from t, actors.train_identity(t.brand, t.now) m;

select actors.answer_review(ids.peggy, false, 'a couple after all') from t, ids;
select isnt(pg_temp.who('a'), pg_temp.who('b'), 'an answer can be taken back');

select * from finish();
rollback;
