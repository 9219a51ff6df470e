-- What the belief tables tell besides the belief itself: when, after what, with what consequence.
begin;
select plan(14);

create temp table t on commit drop as
select tests.create_brand(b.owner) as brand, '2026-05-03T12:00:00Z'::timestamptz as now from (select tests.create_user('circumstances@actors.test') as owner) b;
update core.brands set timezone = 'UTC' where id = (select brand from t);

create function pg_temp.signal(p_type text, p_id text, p_at timestamptz, p_data jsonb) returns jsonb language sql as $$
  select jsonb_build_object('type', p_type, 'source_platform', 'shop', 'source_id', p_id, 'identifiers', jsonb_build_object('email', 'wim@example.com'), 'occurred_at', p_at, 'data', p_data)
$$;
create function pg_temp.order_of(p_id text, p_at timestamptz, p_amount numeric, p_status text default 'delivered') returns jsonb language sql as $$
  select pg_temp.signal('order', p_id, p_at, jsonb_build_object('order_number', p_id, 'order_date', p_at, 'order_status', p_status, 'order_method', 'online', 'subtotal', p_amount, 'total_amount', p_amount,
    'items', jsonb_build_array(jsonb_build_object('product_id', 'p', 'name', 'p', 'category', 'tea', 'quantity', 1, 'unit_price', p_amount))))
$$;
create function pg_temp.written(p_id text, p_at timestamptz, p_inbound boolean, p_type text default 'text') returns jsonb language sql as $$
  select pg_temp.signal('whatsapp_message', p_id, p_at, jsonb_build_object('message_text', 'note ' || p_id, 'message_type', p_type, 'sender_phone', '+447700900123', 'is_inbound', p_inbound, 'timestamp', p_at))
$$;
-- Every Saturday evening a dear order, the day after the brand has written; every other Wednesday morning a cheap one; three sent back.
select signals.ingest(brand, jsonb_agg(s), null, now) from t, lateral (
  select pg_temp.order_of('sat' || i, '2025-03-01T19:00:00Z'::timestamptz + i * interval '7 days', 90 + i % 3) as s from generate_series(1, 60) i
  union all select pg_temp.order_of('wed' || i, '2025-03-05T09:00:00Z'::timestamptz + i * interval '14 days', 10 + i % 3) from generate_series(1, 30) i
  union all select pg_temp.order_of('back' || i, '2026-04-20T10:00:00Z'::timestamptz + i * interval '1 day', 10, 'refunded') from generate_series(1, 3) i
  union all select pg_temp.written('out' || i, '2025-02-28T19:00:00Z'::timestamptz + i * interval '7 days', false) from generate_series(1, 60) i
  union all select pg_temp.written('in' || i, '2026-04-01T10:00:00Z'::timestamptz + i * interval '1 day', true, case when i < 4 then 'image' else 'text' end) from generate_series(1, 10) i
  union all select pg_temp.order_of('other' || i, '2026-04-01T10:00:00Z', 30) || '{"identifiers": {"email": "else@example.com"}}' from generate_series(1, 2) i
  union all select pg_temp.written('sorry', '2026-04-25T10:00:00Z', false)
  union all select pg_temp.signal('survey_response', 'q', '2026-04-20T10:00:00Z', '{"survey_id": "s", "question_id": "favourite_category", "question_text": "What?", "question_type": "multiple_choice", "response_value": "Flowers", "response_timestamp": "2026-04-20T10:00:00Z"}')) x
group by brand, now;
select is((select failed from t, actors.process_signals(t.brand, 1000, t.now)), 0, 'all signals are processed');
create temp view a as select f.id, t.brand, t.now from t, actors.find(t.brand, 'wim@example.com') f;
with added as (
  insert into actors.evidence (brand_id, actor_id, attribute, distribution, value, weight, occurred_at, source_kind, source_id)
  select a.brand, a.id, r.attribute, 'beta', r.value, 1, a.now - i * interval '1 day', 'outcome', gen_random_uuid()
  from a, (values ('response.discount', 1), ('response.bundle', 0)) r (attribute, value), generate_series(1, 12) i returning id
) select array_agg(id) as ids into temp responses from added;
select private.fold_evidence(a.brand, r.ids, a.now) from a, responses r;
select private.actors_write_beliefs(brand, array[id], now) from a;
select actors.refresh_insights(brand, 1000, now) from a;
select is(actors.refresh_vectors(brand, now), 2, 'two people have vectors') from a;

create temp view s as select s.* from actors.actor_behavioral_scores s join a on s.actor_id = a.id where s.is_current;
select ok(context_dependency > 0.9, 'what an order is worth depends on the part of the week: ' || round(context_dependency::numeric, 3)) from s where behavior_type = 'order_value';
select ok((select array_agg(k order by k) from jsonb_object_keys(context_weights) k) = '{weekday morning,weekend evening}' and (context_weights ->> 'weekend evening')::float8 between 0.6 and 0.72, 'two of three orders come on weekend evenings') from s where behavior_type = 'order_value';
select is((select count(*)::int from s, jsonb_object_keys(seasonal_patterns) where behavior_type = 'order_value'), 12, 'a year of orders has its seasons');
select ok(context_when_occurs #>> '{signals,order}' = '3' and (context_when_occurs ->> 'first_at')::timestamptz = '2026-04-21T10:00:00Z', 'the friction arose from three orders')
from actors.actor_friction_points f join a on f.actor_id = a.id where f.is_current and f.friction_type = 'quality';
select ok((impact_on_behavior ->> 'purchases_90_days_before')::int between 15 and 25 and (impact_on_behavior ->> 'purchases_90_days_after')::int < 5, 'purchases before and after it are counted')
from actors.actor_friction_points f join a on f.actor_id = a.id where f.is_current and f.friction_type = 'quality';
select is((select jsonb_array_length(resolution_attempts) from actors.actor_friction_points f join a on f.actor_id = a.id where f.is_current and f.friction_type = 'quality'), 2, 'the brand wrote twice since');
select ok((triggers #>> '{0,share}')::float8 > 0.6 and (outcomes #>> '{0,mean_amount}')::float8 between 60 and 92, 'a rhythm of purchases follows the messages of the brand, and is worth that much')
from actors.actor_memory_loops l join a on l.actor_id = a.id where l.is_current and l.activity = 'purchase' order by confidence desc limit 1;
select is(content_types, '["text", "image"]', 'what the person writes, most frequent first') from actors.actor_communication_profiles c join a on c.actor_id = a.id where c.is_current;
select ok(stated_sources ->> 0 = (select g.id::text from signals.signals_base g where g.brand_id = a.brand and g.source_id = 'q') and jsonb_array_length(behavioral_sources) = 10, 'both sides of an identity name their signals')
from actors.actor_identity_beliefs i join a on i.actor_id = a.id where i.is_current and i.identity_dimension = 'preference.category';
select ok((impact_on_behavior #>> '{answered,discount}')::float8 > 0.8, 'how often the stimulus is answered') from actors.actor_psychological_triggers p join a on p.actor_id = a.id where p.is_current and p.trigger_type = 'greed';
select is(deactivation_conditions, '{"stimuli": ["bundle"]}', 'and which of its kind does not work') from actors.actor_psychological_triggers p join a on p.actor_id = a.id where p.is_current and p.trigger_type = 'greed';
select is(jsonb_array_length(source_attributes), jsonb_array_length(source_weights), 'a vector names its components with their certainty') from actors.actor_belief_vectors v join a on v.actor_id = a.id where v.is_current;

select * from finish();
rollback;
