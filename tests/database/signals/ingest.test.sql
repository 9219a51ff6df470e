begin;
select plan(31);

create function pg_temp.review(p_id text, p_text text, p_change jsonb default '{}')
returns jsonb language sql as $$
  select jsonb_build_object('type', 'review', 'source_platform', 'google', 'source_id', p_id,
    'occurred_at', '2026-01-10T12:00:00Z', 'data', jsonb_build_object('review_text', p_text, 'rating', 5)) || p_change
$$;
create function pg_temp.verdicts(p_brand uuid, p_signals jsonb)
returns text language sql as $$
  select string_agg(concat_ws(' ', v.verdict, v.duplicate_kind, v.error_code, nullif(v.field, '')), ', ' order by v.index)
  from signals.ingest(p_brand, p_signals, p_now => '2026-02-01T00:00:00Z') v
$$;

create temp table t on commit drop as
select u.*, tests.create_brand(u.owner) as brand, tests.create_brand(u.stranger) as other
from (select tests.create_user('owner@example.com') as owner, tests.create_user('support@example.com') as support,
  tests.create_user('stranger@example.com') as stranger) u;
select tests.add_member(brand, support, 'support') from t;
grant select on t to anon, authenticated, service_role;
grant execute on function pg_temp.review(text, text, jsonb), pg_temp.verdicts(uuid, jsonb) to authenticated;

-- Who may
select tests.authenticate_as(support) from t;
select throws_ok($$select x.* from t, signals.ingest(brand, '[{}]') x$$, '42501', null, 'support may not send signals');
select tests.authenticate_as(stranger) from t;
select throws_ok($$select x.* from t, signals.ingest(brand, '[{}]') x$$, '42501', null, 'nor may the owner of another brand');
select throws_ok($$select signals.retry_failed(brand) from t$$, '42501', null, 'who retries nothing there either');
select tests.as_anon();
select throws_ok($$select x.* from t, signals.ingest(brand, '[{}]') x$$, '42501', null, 'nor an anonymous caller');
select tests.authenticate_as(owner) from t;
select throws_ok($$insert into signals.reviews (brand_id) select brand from t$$, '42501', null, 'not even an owner writes a table past ingest');
select throws_ok($$select x.* from t, signals.ingest(brand, '{}') x$$, 'PT400', null, 'a batch is an array');
select throws_ok($$select x.* from t, signals.ingest(brand, '[]') x$$, 'PT400', null, 'of at least one signal');
select throws_ok($$select x.* from t, signals.ingest(brand, (select jsonb_agg(1) from generate_series(1, 1001))) x$$,
  'PT400', null, 'and at most 1,000');

-- Duplicates
select is(pg_temp.verdicts((select brand from t), jsonb_build_array(
    pg_temp.review('r1', 'A quiet place with the best dumplings of the whole town and friendly people'))),
  'accepted', 'a new signal is accepted');
select is(pg_temp.verdicts((select brand from t), jsonb_build_array(
    pg_temp.review('r1', 'A quiet place with the best dumplings of the whole town and friendly people'))),
  'duplicate same_id_same_content', 'same id, same content: known');
select is(pg_temp.verdicts((select brand from t), jsonb_build_array(
    pg_temp.review('r1', 'I take back every word'), pg_temp.review('r1', 'I take back every word'))),
  'duplicate same_id_other_content, duplicate same_id_same_content', 'same id, other content: kept once as a version');
select is(pg_temp.verdicts((select brand from t), jsonb_build_array(
    pg_temp.review('r2', 'A quiet place with the best dumplings of the whole town and friendly people', '{"source_platform": "yelp"}'))),
  'duplicate other_id_same_content', 'other id, same content, another platform');
select is(pg_temp.verdicts((select brand from t), jsonb_build_array(
    pg_temp.review('r3', 'Fwd: a quiet place, with the best dumplings of the whole town and freindly people!', '{"occurred_at": "2026-01-20T12:00:00Z"}'))),
  'duplicate near_same_text', 'near-same text at another time');
select is(pg_temp.verdicts((select brand from t), jsonb_build_array(
    pg_temp.review('s1', 'one'), pg_temp.review('s1', 'one'), pg_temp.review('s1', 'two'), pg_temp.review('s2', 'one'),
    pg_temp.review('s3', 'The garden is lovely in spring and the soup was hot and rich'),
    pg_temp.review('s4', 'The garden is lovely in spring, and the soup was hot and rich!', '{"occurred_at": "2026-01-11T12:00:00Z"}'))),
  'accepted, duplicate same_id_same_content, duplicate same_id_other_content, duplicate other_id_same_content, accepted, duplicate near_same_text',
  'the same five inside one batch');
select is(
  (select count(*)::integer from signals.signals_base b where b.brand_id = (select brand from t) and b.is_duplicate
    and (b.processing_status <> 'skipped' or b.duplicate_of is null
      or (select o.is_duplicate from signals.signals_base o where o.id = b.duplicate_of))),
  0, 'every duplicate is skipped and names an original');
select is((select count(*)::integer from signals.reviews where brand_id = (select brand from t)), 3, 'and has no detail row');
select is((select raw_content #>> '{data,review_text}' from signals.signals_base
    where brand_id = (select brand from t) and source_id = 'r1' and is_duplicate), 'I take back every word', 'but nothing of it is lost');
select is(pg_temp.verdicts((select brand from t), jsonb_build_array(
    pg_temp.review('p1', 'Could I book a table for six people on Friday evening please', '{"identifiers": {"phone": "+4930111111"}}'),
    pg_temp.review('p2', 'Could I book a table for six people on Friday evening please', '{"identifiers": {"phone": "+4930222222"}}'),
    pg_temp.review('p3', 'Could I book a table for six people on Friday evening please', '{"identifiers": {"phone": "+4930333333"}, "metadata": {"forwarded": true}}'))),
  'accepted, accepted, duplicate near_same_text', 'two people who write the same are two signals, a forwarded one is not');
select tests.authenticate_as(stranger) from t;
select is(pg_temp.verdicts((select other from t), jsonb_build_array(
    pg_temp.review('r1', 'A quiet place with the best dumplings of the whole town and friendly people'))),
  'accepted', 'another brand knows nothing of them');
select is((select count(*)::integer from signals.signals_base), 1, 'and sees its own only');

-- Rejections
select tests.authenticate_as(owner) from t;
select is(pg_temp.verdicts((select brand from t), jsonb_build_array(
    '"text"'::jsonb, '{"type": "Review"}'::jsonb, pg_temp.review('b1', ''), pg_temp.review('b2', 'x', '{"occurred_at": "1989-12-31T00:00:00Z"}'),
    pg_temp.review('b3', 'x', '{"occurred_at": "2026-02-30T00:00:00Z"}'), pg_temp.review('b4', 'x', '{"occurred_at": "infinity"}'),
    pg_temp.review('b5', 'x', '{"occurred_at": "2026-02-02T00:00:01Z"}'), pg_temp.review('b6', 'x', '{"source_id": ""}'),
    pg_temp.review('b7', repeat('x', 16001)), pg_temp.review('b8', 'x', '{"data": {"rating": 6, "review_text": "x"}}'),
    pg_temp.review('b9', 'x', '{"data": {"rating": 4.5, "review_text": "x"}}'), pg_temp.review('b10', 'x', '{"data": {"rating": 4}}'),
    pg_temp.review('b11', 'x', '{"identifiers": {"email": "x"}}'), pg_temp.review('b12', 'x', '{"identifiers": {"shoe_size": "44"}}'),
    pg_temp.review('b13', 'x', jsonb_build_object('metadata', jsonb_build_object('x', repeat('y', 70000)))),
    pg_temp.review('b14', 'x', jsonb_build_object('metadata', jsonb_build_object('x', (repeat('[', 40) || repeat(']', 40))::jsonb))),
    pg_temp.review('b15', 'x', '{"data": {"rating": 4, "review_text": "x", "sentiment_score": 1e-400}}'),
    pg_temp.review('b16', 'good'))),
  'rejected not_an_object, rejected unknown_type type, rejected invalid_field data.review_text, rejected time_out_of_range occurred_at, '
  || 'rejected invalid_field occurred_at, rejected invalid_field occurred_at, rejected time_out_of_range occurred_at, rejected invalid_field source_id, '
  || 'rejected invalid_field data.review_text, rejected invalid_field data.rating, rejected invalid_field data.rating, rejected missing_field data.review_text, '
  || 'rejected invalid_identifier identifiers.email, rejected invalid_identifier identifiers.shoe_size, rejected too_large, rejected too_deep, '
  || 'rejected invalid_field data.sentiment_score, accepted',
  'each bad row is told what is wrong, the good one is stored');
select is(pg_temp.verdicts((select brand from t), '[
    {"type": "order", "source_platform": "shop", "source_id": "o1", "occurred_at": "2026-01-01T10:00:00Z", "data": {"total_amount": -1, "items": [{"product_id": "p", "name": "P", "quantity": 1, "unit_price": 1}]}},
    {"type": "order", "source_platform": "shop", "source_id": "o2", "occurred_at": "2026-01-01T10:00:00Z", "data": {"total_amount": 1, "items": [{"product_id": "p", "name": "P", "quantity": 0, "unit_price": 1}]}},
    {"type": "order", "source_platform": "shop", "source_id": "o3", "occurred_at": "2026-01-01T10:00:00Z", "data": {"total_amount": 1, "items": []}},
    {"type": "order", "source_platform": "shop", "source_id": "o4", "occurred_at": "2026-01-01T10:00:00Z", "data": {"total_amount": 1, "currency": "eur", "items": [{"product_id": "p", "name": "P", "quantity": 1, "unit_price": 1}]}}]'),
  'rejected invalid_field data.total_amount, rejected invalid_field data.items, rejected invalid_field data.items, rejected invalid_field data.currency',
  'orders: money is not negative, items are complete');

-- Every type, its people and its defaults
select is(pg_temp.verdicts((select brand from t), '[
    {"type": "order", "source_platform": "shop", "source_id": "t1", "occurred_at": "2026-01-01T10:00:00Z", "identifiers": {"customer_id": " c7 ", "email": "Anna@Example.com"}, "data": {"total_amount": 12, "tax_amount": 2, "items": [{"product_id": "p", "name": "P", "quantity": 2, "unit_price": 5}]}},
    {"type": "whatsapp_message", "source_platform": "whatsapp", "source_id": "t2", "occurred_at": "2026-01-01T10:00:00Z", "data": {"message_text": "Hi", "sender_phone": "0049 30 123456"}},
    {"type": "social_comment", "source_platform": "instagram", "source_id": "t3", "occurred_at": "2026-01-01T10:00:00Z", "data": {"comment_text": "Hi", "commenter_username": "@Anna", "platform": "instagram"}},
    {"type": "web_behavior", "source_platform": "web", "source_id": "t4", "occurred_at": "2026-01-01T10:00:00Z", "data": {"session_id": "s", "page_url": "/", "action_type": "click", "ip_address": "::1"}},
    {"type": "email_interaction", "source_platform": "mail", "source_id": "t5", "occurred_at": "2026-01-01T10:00:00Z", "data": {"email_type": "received", "sender_email": "a@b.cd", "recipient_email": "shop@b.cd"}},
    {"type": "survey_response", "source_platform": "survey", "source_id": "t6", "occurred_at": "2026-01-01T10:00:00Z", "data": {"survey_id": "s", "question_id": "q", "question_text": "?", "question_type": "text"}},
    {"type": "crm_event", "source_platform": "crm", "source_id": "t7", "occurred_at": "2026-01-01T10:00:00Z", "data": {"event_type": "created", "event_name": "Call"}}]'),
  'accepted, accepted, accepted, accepted, accepted, accepted, accepted', 'all types are taken');
select is((select string_agg(b.source_id || ' ' || coalesce(b.actor_identifier, '-'), ', ' order by b.source_id) from signals.signals_base b
    where b.brand_id = (select brand from t) and b.source_id ~ '^t[0-9]$'),
  't1 c7, t2 +4930123456, t3 instagram:anna, t4 -, t5 a@b.cd, t6 -, t7 -', 'each names its person by the strongest identifier');
select is((select subtotal from signals.order_history o where o.brand_id = (select brand from t)), 10.00, 'a missing subtotal is what the rest leaves of the total');

-- Quality: worked by hand. Review with text, rating and no person: 2 of 8 informative things; 22 days old at p_now.
select is((select b.quality_parts from signals.signals_base b where b.brand_id = (select brand from t) and b.source_id = 'r1' and not b.is_duplicate),
  jsonb_build_object('completeness', 0.25, 'plausibility', 1.0, 'source_trust', 0.8,
    'freshness', round((0.5 + 0.5 * 2 ^ (-21.5 / 180))::numeric, 4)), 'the parts of the quality are kept');
select ok((select abs(b.quality_score - exp(0.3 * ln(0.25) + 0.1 * ln(0.5 + 0.5 * 2 ^ (-21.5 / 180)) + 0.25 * ln(0.8))) < 1e-9
    from signals.signals_base b where b.brand_id = (select brand from t) and b.source_id = 'r1' and not b.is_duplicate), 'and it is their weighted geometric mean');

-- Idempotency, log, retry
select is(
  (select jsonb_agg(v) from signals.ingest((select brand from t), jsonb_build_array(pg_temp.review('i1', 'first')), 'key-1') v),
  (select jsonb_agg(v) from signals.ingest((select brand from t), jsonb_build_array(pg_temp.review('i1', 'first')), 'key-1') v),
  'an idempotency key gives the first verdicts again');
select throws_ok($$select x.* from t, signals.ingest(brand, '[{}]', 'key-1') x$$, 'PT422', null, 'and belongs to one batch');
select tests.clear_authentication();
select is((select c.output_data from ai.function_calls c where c.brand_id = (select brand from t) and c.output_data ->> 'rejected' = '17'),
  '{"accepted": 1, "duplicate": 0, "rejected": 17, "error_codes": {"not_an_object": 1, "unknown_type": 1, "invalid_field": 8, "time_out_of_range": 2, "missing_field": 1, "invalid_identifier": 2, "too_large": 1, "too_deep": 1}}'::jsonb,
  'the call log counts what was rejected and keeps none of it');
update signals.signals_base set processing_status = 'failed', processing_error = 'lost' where brand_id = (select brand from t) and source_id in ('t1', 't2');
select is(signals.retry_failed((select brand from t)), 2, 'failed signals go back to pending');

select * from finish();
rollback;
