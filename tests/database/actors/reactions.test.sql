begin;
select plan(26);

create temp table t on commit drop as
select b.owner, tests.create_brand(b.owner) as brand, '2026-05-01T12:00:00Z'::timestamptz as now from (select tests.create_user('reactions@actors.test') as owner) b;
create function pg_temp.signal(p_type text, p_id text, p_who text, p_day integer, p_data jsonb) returns jsonb language sql as $$
  select jsonb_build_object('type', p_type, 'source_platform', 'shop', 'source_id', p_id, 'identifiers', jsonb_build_object('customer_id', p_who),
    'occurred_at', '2026-04-01T10:00:00Z'::timestamptz + p_day * interval '1 day', 'data', p_data)
$$;
create function pg_temp.order_of(p_id text, p_who text, p_day integer, p_status text default 'delivered', p_category text default 'tea', p_city text default null) returns jsonb language sql as $$
  select pg_temp.signal('order', p_id, p_who, p_day, jsonb_build_object('order_number', p_id, 'order_status', p_status, 'subtotal', 10, 'total_amount', 10,
    'delivery_address', case when p_city is null then '{}' else jsonb_build_object('city', p_city) end,
    'items', jsonb_build_array(jsonb_build_object('product_id', 'x', 'name', 'x', 'category', p_category, 'quantity', 1, 'unit_price', 10))))
$$;
create function pg_temp.answer(p_id text, p_who text, p_day integer, p_question text, p_answer text) returns jsonb language sql as $$
  select pg_temp.signal('survey_response', p_id, p_who, p_day, jsonb_build_object('survey_id', 's', 'question_id', p_question, 'question_text', 'What is yours?', 'question_type', 'multiple_choice', 'response_value', p_answer))
$$;
create function pg_temp.learn(p_signals jsonb) returns integer language sql as $$
  select count(*)::integer from t, signals.ingest(t.brand, p_signals, null, t.now) i where i.verdict = 'accepted';
  select p.matched from t, actors.process_signals(t.brand, 1000, t.now) p
$$;
create function pg_temp.who(p_who text) returns uuid language sql as $$ select a.id from t, actors.find(t.brand, p_who) a $$;

-- Frictions: two sales and three refunds, three complaints about delivery; another person is content.
select is(pg_temp.learn((select jsonb_agg(pg_temp.order_of('r' || i, 'R', i, case when i > 2 then 'refunded' else 'delivered' end)) from generate_series(1, 5) i)
  || (select jsonb_agg(pg_temp.order_of('g' || i, 'G', i)) from generate_series(1, 5) i)
  || (select jsonb_agg(pg_temp.signal('crm_event', 'c' || i, 'R', i, '{"event_type": "created", "event_name": "Complaint opened", "event_data": {"category": "delivery"}}')) from generate_series(1, 3) i)), 13, 'all are processed');
select results_eq($$select friction_type, is_resolved from actors.actor_friction_points where brand_id = (select brand from t) and actor_id = pg_temp.who('R') and is_current order by 1$$,
  $$values ('delivery', false), ('quality', false)$$, 'refunds are a friction with quality, complaints one with what they are about');
select is_empty($$select from actors.actor_friction_points where actor_id = pg_temp.who('G')$$, 'who sends nothing back has none');
-- By hand: (2 x 0.1 + w 3) / (2 + w 5), w being the faded weight of a signal.
select ok((select f.friction_severity between 0.35 and 0.55 from actors.actor_friction_points f where f.actor_id = pg_temp.who('R') and f.friction_type = 'quality' and f.is_current),
  'its severity is the share of orders that went wrong');
select cmp_ok((select score_value from actors.actor_behavioral_scores where actor_id = pg_temp.who('R') and behavior_type = 'refund_share' and is_current), '>',
  (select score_value from actors.actor_behavioral_scores where actor_id = pg_temp.who('G') and behavior_type = 'refund_share' and is_current) + 0.2, 'and a score of the behaviour');
select is(pg_temp.learn((select jsonb_agg(pg_temp.order_of('later' || i, 'R', 6 + i % 20)) from generate_series(1, 40) i)), 40, 'forty good orders later');
select results_eq($$select friction_type, is_resolved from actors.actor_friction_points where actor_id = pg_temp.who('R') and is_current order by 1$$,
  $$values ('delivery', false), ('quality', true)$$, 'the friction with quality is resolved, that with delivery is not');
select is((select (resolution_date is not null, version > 1) from actors.actor_friction_points where actor_id = pg_temp.who('R') and is_current and is_resolved), (true, true), 'with its date, and the open friction is kept as a version');

-- Psychological triggers, from what outcomes taught.
with added as (
  insert into actors.evidence (brand_id, actor_id, attribute, distribution, value, weight, occurred_at, source_kind, source_id)
  select t.brand, pg_temp.who('R'), r.attribute, 'beta', r.value, 1, t.now - i * interval '1 day', 'outcome', gen_random_uuid()
  from t, (values ('response.discount', 1), ('response.loyalty_points', 0)) r (attribute, value), generate_series(1, 6) i
  returning id
), ids as (select array_agg(id) as ids from added)
select * into temp responses from ids;
select is(private.fold_evidence(t.brand, r.ids, t.now), 2, 'twelve outcomes change two beliefs') from t, responses r;
select private.actors_write_beliefs(t.brand, array[pg_temp.who('R')], t.now) from t;
select results_eq($$select trigger_type, trigger_strength > 0.75, trigger_strength < 0.25, evidence_count from actors.actor_psychological_triggers where actor_id = pg_temp.who('R') and is_current order by 1$$,
  $$values ('commitment', false, true, 6), ('greed', true, false, 6)$$, 'who answers discounts is moved by greed and not by commitment');

-- Stated against done.
select is(pg_temp.learn((select jsonb_agg(pg_temp.order_of('s' || i, 'S', i % 20, p_city => case when i = 1 then 'Bonn' else 'Berlin' end)) from generate_series(1, 20) i)
  || jsonb_build_array(pg_temp.answer('q1', 'S', 21, 'favourite_category', 'Flowers'), pg_temp.answer('q2', 'S', 21, 'preferred_channel', 'email'),
    pg_temp.signal('crm_event', 'lang', 'S', 21, '{"event_type": "updated", "event_name": "profile", "event_data": {"language": "de"}}'))
  || (select jsonb_agg(pg_temp.signal('whatsapp_message', 'w' || i, 'S', i, jsonb_build_object('sender_phone', '+447700900123', 'message_text', 'Hello ' || i))) from generate_series(1, 20) i)), 43, 'orders, answers and messages');
select results_eq($$select attribute, category, is_resolved from actors.actor_contradictions where actor_id = pg_temp.who('S') and is_current order by 1$$,
  $$values ('communication.channel', 'email', false), ('preference.category', 'flowers', false)$$, 'says flowers and buys tea, says e-mail and writes by WhatsApp');
select ok((select stated_strength > 0.5 and coalesce(actual_strength, 0) < 0.1 and is_contradiction from actors.actor_preferences where actor_id = pg_temp.who('S') and preference_dimension = 'flowers' and is_current), 'what was said and what was done stay apart');
select is((select (stated_value, behavioral_value, is_contradiction, alignment_score < 0) from actors.actor_identity_beliefs where actor_id = pg_temp.who('S') and identity_dimension = 'communication.channel' and is_current),
  ('"email"'::jsonb, '"whatsapp"'::jsonb, true, true), 'the identity is told from both sides');
select is((select (preferred_channel, preferred_time, language_preference) from actors.actor_communication_profiles where actor_id = pg_temp.who('S') and is_current), ('whatsapp'::text, '10:00'::text, 'de'::text), 'the channel that is used counts, not the one that is named');
select ok((select attribute_value = '"Berlin"' and confidence between 0.5 and 0.99 and (uncertainty_data ->> 'Berlin')::numeric > (uncertainty_data ->> 'Bonn')::numeric
  from actors.actor_demographics where actor_id = pg_temp.who('S') and attribute_name = 'city' and is_current), 'the likeliest city stands, the other is kept with its probability');
select is(pg_temp.learn((select jsonb_agg(pg_temp.order_of('f' || i, 'S', 22 + i % 7, p_category => 'flowers')) from generate_series(1, 60) i)), 60, 'sixty bunches of flowers later');
select is((select (is_resolved, resolution_date is not null) from actors.actor_contradictions where actor_id = pg_temp.who('S') and category = 'flowers' and is_current), (true, true), 'the contradiction is resolved');
select is((select count(*)::int from ai.contradiction_logs l where l.scope_id = pg_temp.who('S') and l.resolution_status = 'resolved'), 1, 'and its log says so');
select is(pg_temp.learn(jsonb_build_array(pg_temp.order_of('n1', 'N', 1), pg_temp.answer('n2', 'N', 2, 'favourite_category', 'flowers'))), 2, 'another says flowers after one order of tea');
select is_empty($$select from actors.actor_contradictions where actor_id = pg_temp.who('N')$$, 'which is too little for a contradiction');

-- Explanations.
select is((select jsonb_path_query_array(x, '$.because[*].kind') <@ '["belief"]' and jsonb_array_length(x -> 'because') between 3 and 20 and x ->> 'brand_id' = t.brand::text from t, private.explain_actor(pg_temp.who('S')) x), true, 'a person is explained by beliefs');
select is((select (x ->> 'evidence_count', jsonb_path_query_array(x, '$.because[*].kind') <@ '["evidence"]', jsonb_array_length(x -> 'because'))
  from actors.actor_beliefs b, private.explain_belief(b.id) x where b.actor_id = pg_temp.who('G') and b.attribute = 'preference.category'), ('5'::text, true, 5), 'a belief by its evidence');
select is((select count(*)::int from t, ai.explain('actor', pg_temp.who('G')) x, jsonb_path_query(x, 'strict $.** ? (@.kind == "signal")') s), 5, 'and so on down to the signals, each told once') from t;

-- A refund of which two systems tell is one refund.
select is(pg_temp.learn(jsonb_build_array(pg_temp.order_of('twice', 'T', 1), pg_temp.order_of('twice', 'T', 3, 'refunded') || '{"source_id": "twice-1"}',
  pg_temp.order_of('twice', 'T', 4, 'refunded') || '{"source_id": "twice-2"}')), 3, 'three signals of one order');
select is((select count(*)::int from actors.evidence e where e.actor_id = pg_temp.who('T') and e.attribute = 'driver.primary'), 1, 'speak of a driver once');

select * from finish();
rollback;
