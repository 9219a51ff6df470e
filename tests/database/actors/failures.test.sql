begin;
select plan(16);

create temp table t on commit drop as
select tests.create_brand(b.owner) as brand, tests.create_brand(b.owner, 'Shuffled') as shuffled, '2026-05-01T12:00:00Z'::timestamptz as now
from (select tests.create_user('failures@actors.test') as owner) b;
create function pg_temp.order_of(p_id text, p_who text, p_day integer) returns jsonb language sql as $$
  select jsonb_build_object('type', 'order', 'source_platform', 'shop', 'source_id', p_id, 'identifiers', jsonb_build_object('customer_id', p_who),
    'occurred_at', '2026-01-01T10:00:00Z'::timestamptz + p_day * interval '1 day', 'data', jsonb_build_object('order_status', 'delivered', 'subtotal', 10 + p_day, 'total_amount', 10 + p_day,
      'items', jsonb_build_array(jsonb_build_object('product_id', 'x', 'name', 'x', 'category', case p_day % 3 when 0 then 'tea' else 'wine' end, 'quantity', 1, 'unit_price', 10 + p_day))))
$$;
create function pg_temp.review_of(p_id text, p_who text, p_day integer) returns jsonb language sql as $$
  select jsonb_build_object('type', 'review', 'source_platform', 'shop', 'source_id', p_id, 'identifiers', jsonb_build_object('customer_id', p_who),
    'occurred_at', '2026-01-01T10:00:00Z'::timestamptz + p_day * interval '1 day', 'data', jsonb_build_object('review_text', 'Mine: ' || p_id, 'rating', 1 + p_day % 5, 'topics_mentioned', '["delivery"]'::jsonb))
$$;
create temp table sent on commit drop as
select i, pg_temp.order_of('o' || i, 'P' || i % 5, i % 40 + i / 40) as signal from generate_series(1, 60) i
union all select 100 + i, pg_temp.review_of('r' || i, 'P' || i % 5, 2 * i) from generate_series(1, 10) i;
create view pg_temp.beliefs as
select b.brand_id, a.primary_identifier, b.attribute, b.context, b.is_stated, b.categories, b.category_counts, b.state, b.as_of, b.evidence_count, b.sources
from actors.actor_beliefs b join actors.actors a on a.id = b.actor_id;

-- Every seventh review is spoilt, as only a direct write could: ingest takes nothing but lists of topics.
select signals.ingest(t.brand, (select jsonb_agg(signal order by i) from sent), null, t.now) from t;
update signals.reviews r set topics_mentioned = '{"delivery": true}' from signals.signals_base s, t where s.id = r.signal_id and s.brand_id = t.brand and s.source_id = 'r7';
select is((p.claimed, p.matched, p.failed), (70, 69, 1), 'a signal that cannot be processed holds up no other') from t, actors.process_signals(t.brand, 1000, t.now) p;
select is((select (s.processing_status, s.actor_id, s.processing_error like '22023 %') from signals.signals_base s, t where s.brand_id = t.brand and s.source_id = 'r7'),
  ('failed'::signals.processing_status, null::uuid, true), 'it is marked failed, with the reason');
select is((select count(*)::int from signals.signals_base s, t where s.brand_id = t.brand and s.processing_status = 'completed'), 69, 'all others are done');
select is((select sum(a.total_signals)::int from actors.actors a, t where a.brand_id = t.brand), 69, 'and counted once, however often the batch was halved');
select is((p.claimed, p.failed), (0, 0), 'a failed signal is not taken again by itself') from t, actors.process_signals(t.brand, 1000, t.now) p;

update signals.reviews r set topics_mentioned = '["delivery"]' from signals.signals_base s, t where s.id = r.signal_id and s.brand_id = t.brand and s.source_id = 'r7';
select is(signals.retry_failed(t.brand), 1, 'once mended, it is put back') from t;
select is((p.claimed, p.matched, p.failed), (1, 1, 0), 'and processed') from t, actors.process_signals(t.brand, 1000, t.now) p;

create temp table before on commit drop as select * from beliefs where brand_id = (select brand from t);
select is((select count(*)::int from actors.evidence e, t where e.brand_id = t.brand and e.attribute = 'experience.satisfaction'), 10, 'all ten reviews are evidence');

-- As after a restore of signals_base alone: everything is pending again.
update signals.signals_base s set processing_status = 'pending', processed_at = null from t where s.brand_id = t.brand;
select is((p.claimed, p.created, p.evidence_added, p.beliefs_updated, p.failed), (70, 0, 0, 0, 0), 'processing everything again adds nothing') from t, actors.process_signals(t.brand, 1000, t.now) p;
select results_eq('select primary_identifier, attribute, is_stated, context, categories, category_counts, state, as_of, evidence_count from beliefs where brand_id = (select brand from t) order by 1, 2, 3, 4',
  'select primary_identifier, attribute, is_stated, context, categories, category_counts, state, as_of, evidence_count from before order by 1, 2, 3, 4', 'and no belief moves');

-- The same signals in any order and in batches of seven, most of them late.
do $$
declare
  v_t t;
  v_batch jsonb;
begin
  select * into v_t from t;
  for v_batch in select jsonb_agg(signal) from (select signal, (row_number() over (order by md5(i::text)) - 1) / 7 as batch from sent) s group by batch order by batch loop
    perform signals.ingest(v_t.shuffled, v_batch, null, v_t.now);
    perform actors.process_signals(v_t.shuffled, 5, v_t.now);
  end loop;
  perform actors.process_signals(v_t.shuffled, 1000, v_t.now);
end
$$;
select results_eq('select primary_identifier, attribute, is_stated, context, categories, category_counts, state, as_of, evidence_count from beliefs where brand_id = (select shuffled from t) order by 1, 2, 3, 4',
  'select primary_identifier, attribute, is_stated, context, categories, category_counts, state, as_of, evidence_count from before order by 1, 2, 3, 4', 'late signals give the same numbers, to the last bit');
select results_eq('select a.primary_identifier, a.first_seen_at, a.last_seen_at, a.total_signals from actors.actors a where a.brand_id = (select shuffled from t) order by 1',
  $$select 'P' || p, min((signal ->> 'occurred_at')::timestamptz), max((signal ->> 'occurred_at')::timestamptz), 14 from sent, lateral (select substr(signal #>> '{identifiers,customer_id}', 2)::int as p) x group by p order by 1$$,
  'people are seen from their first signal to their last');

-- A till that sells every Monday under one customer id, a thousand times.
select is((select count(*)::int from signals.ingest(t.shuffled, (select jsonb_agg(pg_temp.order_of('till' || i, 'TILL', 4 + 7 * (i % 16)) || jsonb_build_object('name', 'Till ' || i)
  || jsonb_build_object('data', (pg_temp.order_of('till' || i, 'TILL', 4 + 7 * (i % 16)) -> 'data') || jsonb_build_object('order_number', 'till' || i))) from generate_series(1, 1000) i), null, t.now) where verdict = 'accepted'), 1000, 'a till sends a thousand orders') from t;
select is((p.matched, p.failed), (1000, 0), 'a routine that is surer than a number can tell fails nothing') from t, actors.process_signals(t.shuffled, 5000, t.now) p;
select actors.refresh_insights(t.shuffled, 5000, (select a.last_seen_at from actors.find(t.shuffled, 'TILL') f join actors.actors a on a.id = f.id)) from t;
select is((select (m.confidence > 0.999, m.loop_description) from actors.actor_memory_loops m, t, actors.find(t.shuffled, 'TILL') a where m.actor_id = a.id and m.is_current and m.loop_type = 'weekly_routine'), (true, 'buys on Monday'::text), 'and is a routine');

-- A signal that names nobody.
select signals.ingest(t.brand, jsonb_build_array(pg_temp.order_of('nobody', 'guest', 1)), null, t.now) from t;
select actors.process_signals(t.brand, 1000, t.now) from t;
select is((select (s.processing_status, s.processing_error like 'names nobody: %') from signals.signals_base s, t where s.brand_id = t.brand and s.source_id = 'nobody'),
  ('skipped'::signals.processing_status, true), 'who names nobody is skipped, and told why');

select * from finish();
rollback;
