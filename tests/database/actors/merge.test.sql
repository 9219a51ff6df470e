begin;
select plan(30);

create temp table t on commit drop as
select b.owner, b.operator, b.support, b.stranger, tests.create_brand(b.owner) as brand, tests.create_brand(b.owner, 'Control') as control,
  tests.create_brand(b.stranger) as other, '2026-06-01T12:00:00Z'::timestamptz as now
from (select tests.create_user('owner@merge.test') as owner, tests.create_user('operator@merge.test') as operator,
  tests.create_user('support@merge.test') as support, tests.create_user('stranger@merge.test') as stranger) b;
select tests.add_member(brand, operator, 'operator'), tests.add_member(brand, support, 'support') from t;
grant select on t to anon, authenticated, service_role;

-- A random signal of a person: orders, messages, reviews, surveys. No two have the same time.
create function pg_temp.signal(p_seed integer, p_who text, p_number integer) returns jsonb language sql as $$
  select jsonb_build_object('source_platform', 'shop', 'source_id', format('%s-%s-%s', p_seed, p_who, p_number), 'identifiers', jsonb_build_object('customer_id', p_seed || p_who),
      'occurred_at', '2026-01-01T00:00:00Z'::timestamptz + (tests.uniform(format('%s %s %s at', p_seed, p_who, p_number)) * 12000000)::integer * interval '1 second')
    -- The first is a message, so that both ways in which the person names itself are known before anybody is merged.
    || case case when p_number = 1 then 0 else floor(4 * tests.uniform(format('%s %s %s kind', p_seed, p_who, p_number))) end
      when 0 then jsonb_build_object('type', 'whatsapp_message', 'data', jsonb_build_object('message_text', 'hello ' || p_number, 'is_inbound', true, 'sender_phone', '+44 7700 90' || lpad((p_seed * 3 + ascii(p_who) - 65)::text, 4, '0')))
      when 1 then jsonb_build_object('type', 'review', 'data', jsonb_build_object('rating', 1 + p_number % 5, 'review_text', 'text ' || p_number, 'topics_mentioned', '["delivery"]'::jsonb))
      when 2 then jsonb_build_object('type', 'survey_response', 'data', jsonb_build_object('survey_id', 's', 'question_id', 'preference.category', 'question_text', 'What do you like?', 'question_type', 'text', 'response_value', (array['tea', 'wine'])[1 + p_number % 2]))
      else jsonb_build_object('type', 'order', 'data', jsonb_build_object('order_status', 'delivered', 'order_method', 'online', 'subtotal', 10 + p_number, 'total_amount', 10 + p_number,
        'items', jsonb_build_array(jsonb_build_object('product_id', 'x', 'name', 'x', 'quantity', 1, 'unit_price', 10 + p_number,
          'category', (array['tea', 'wine', 'bread'])[1 + (3 * tests.uniform(format('%s %s %s taste', p_seed, p_who, p_number)))::integer % 3]))))
      end
$$;
create function pg_temp.send(p_brand uuid, p_seed integer, p_who text, p_from integer, p_to integer) returns void language plpgsql as $$
begin
  perform signals.ingest(p_brand, (select jsonb_agg(pg_temp.signal(p_seed, p_who, i)) from generate_series(p_from, p_to) i), null, (select now from t));
  perform actors.process_signals(p_brand, 1000, (select now from t));
end
$$;
create function pg_temp.who(p_brand uuid, p_identifier text) returns uuid language sql as
$$ select a.id from actors.find(p_brand, p_identifier) a $$;
-- Everything believed of a person, to the last bit, without ids of rows.
create function pg_temp.beliefs(p_brand uuid, p_actor uuid) returns text language sql as $$
  select md5(string_agg(format('%s|%s|%s|%s|%s|%s|%s|%s|%s', p.attribute, p.context, p.is_stated, p.category, p.mean, p.variance, p.confidence, p.evidence_count, p.evidence_weight), E'\n'
    order by p.attribute, p.context, p.is_stated, p.category))
  from t, private.actors_posteriors(p_brand, array[p_actor], t.now) p
$$;

-- Twelve random histories. In each, two people are made one and taken apart again; some send more while they are one.
create function pg_temp.history(p_seed integer) returns text language plpgsql as $$
declare
  v_brand constant uuid := (select brand from t);
  v_control constant uuid := (select control from t);
  v_many constant integer := 3 + (20 * tests.uniform(p_seed || ' many'))::integer;
  v_a uuid;
  v_b uuid;
  v_before text[];
  v_event uuid;
begin
  perform pg_temp.send(v_brand, p_seed, 'A', 1, v_many), pg_temp.send(v_brand, p_seed, 'B', 1, 10), pg_temp.send(v_brand, p_seed, 'C', 1, 2);
  perform pg_temp.send(v_control, p_seed, 'A', 1, v_many), pg_temp.send(v_control, p_seed, 'B', 1, 10);
  v_a := pg_temp.who(v_brand, p_seed || 'A');
  v_b := pg_temp.who(v_brand, p_seed || 'B');
  v_before := array[pg_temp.beliefs(v_brand, v_a), pg_temp.beliefs(v_brand, v_b)];
  v_event := actors.merge(v_a, v_b, 'a test');
  if pg_temp.beliefs(v_brand, v_a) = v_before[1] or pg_temp.beliefs(v_brand, v_b) is not null then
    return 'merging changed nothing';
  end if;
  if p_seed % 2 = 0 then
    perform pg_temp.send(v_brand, p_seed, 'A', v_many + 1, v_many + 5), pg_temp.send(v_brand, p_seed, 'B', 11, 20);
    perform pg_temp.send(v_control, p_seed, 'A', v_many + 1, v_many + 5), pg_temp.send(v_control, p_seed, 'B', 11, 20);
    v_before := array[pg_temp.beliefs(v_control, pg_temp.who(v_control, p_seed || 'A')), pg_temp.beliefs(v_control, pg_temp.who(v_control, p_seed || 'B'))];
  end if;
  perform actors.unmerge(v_event, 'not the same');
  return case when array[pg_temp.beliefs(v_brand, v_a), pg_temp.beliefs(v_brand, v_b)] = v_before then 'exact' else 'differs' end;
end
$$;
select is(pg_temp.history(i), 'exact', format('history %s: unmerging gives back every belief of both, to the last bit', i)) from generate_series(1, 12) i;

-- A merge by an operator, looked at closely.
select pg_temp.send(brand, 100, 'A', 1, 8), pg_temp.send(brand, 100, 'B', 1, 6) from t;
create temp table p on commit drop as select pg_temp.who(brand, '100A') as a, pg_temp.who(brand, '100B') as b, pg_temp.who(brand, '1C') as c from t;
grant select on p to anon, authenticated;
insert into ops.sales_data (brand_id, customer_id, transaction_id, transaction_type, transaction_date, order_method, payment_method, subtotal, total_amount, items, item_count, unique_item_count)
select t.brand, p.b, 'T1', 'sale', t.now, 'online', 'card', 5, 5, '[]', 1, 1 from t, p;
create temp table kept on commit drop as select b.id from p join actors.actor_behavioral_scores b on b.actor_id = p.a and b.is_current union all select b.id from p join actors.actor_beliefs b on b.actor_id = p.a;
grant select on kept to authenticated;
create temp table before on commit drop as select a.id, a.total_signals, a.identifiers, a.first_seen_at, a.last_seen_at, round(a.data_quality_score::numeric, 9) as quality from p join actors.actors a on a.id in (p.a, p.b);
grant select on before to authenticated;

select tests.authenticate_as(operator) from t;
create temp table m on commit drop as select actors.merge(p.a, p.b, 'told us at the counter') as event from p;
select is((select (a.total_signals, a.is_active) from p join actors.actors a on a.id = p.a), (select (sum(total_signals)::integer, true) from before), 'the survivor has the signals of both');
select is((select (a.total_signals, a.is_active, a.merged_into) from p join actors.actors a on a.id = p.b), (0, false, (select a from p)), 'the absorbed person none, and says where they went');
select is((select count(*)::int from p join actors.evidence e on e.actor_id = p.b), 0, 'no evidence stays behind');
select is((select x.customer_id from ops.sales_data x where x.transaction_id = 'T1'), (select a from p), 'what other domains hold goes along');
select results_eq($$select a.id from p, t, actors.find(t.brand, '100B') a$$, $$select a from p$$, 'both identifiers find the survivor');
select is((select (e.event_kind, e.performed_by, e.cause ->> 'reason') from m join actors.identity_events e on e.id = m.event), ('merge'::text, (select operator from t), 'told us at the counter'::text), 'the event says who did it and why');
select throws_ok($$select actors.merge(p.c, p.b) from p$$, 'PT409', null, 'who is merged cannot be merged again');
select throws_ok($$select actors.merge(p.a, p.a) from p$$, 'PT400', null, 'nor anybody with himself');
select throws_ok($$select actors.merge(p.a, gen_random_uuid()) from p$$, 'PT404', null, 'nor with nobody');
select tests.authenticate_as(support) from t;
select throws_ok($$select actors.merge(p.a, p.c) from p$$, '42501', null, 'support may not merge');
select tests.authenticate_as(stranger) from t;
select throws_ok($$select actors.unmerge(m.event) from m$$, 'PT404', null, 'a stranger cannot take a merge back');

select tests.authenticate_as(operator) from t;
select is((select actors.unmerge(m.event, 'two people after all') from m), (select b from p), 'an operator can');
select is((select actors.unmerge(m.event) from m), (select b from p), 'and a second time changes nothing');
select is_empty($$select b.* from before b join actors.actors a using (id)
  where (a.total_signals, a.identifiers, a.first_seen_at, a.last_seen_at, round(a.data_quality_score::numeric, 9)) is distinct from (b.total_signals, b.identifiers, b.first_seen_at, b.last_seen_at, b.quality)$$,
  'counts, identifiers and times are as before');
select is((select x.customer_id from ops.sales_data x where x.transaction_id = 'T1'), (select b from p), 'and so is what other domains hold');
select results_eq($$select b.id from p join actors.actor_behavioral_scores b on b.actor_id = p.a and b.is_current union all select b.id from p join actors.actor_beliefs b on b.actor_id = p.a order by 1$$,
  $$select id from kept order by 1$$, 'the rows of the survivor kept their ids all the while');

-- Splitting one person in two.
select actors.merge(p.a, p.b, 'again') from p;
select tests.clear_authentication();
create temp table s on commit drop as select r.id from p, t join actors.identity_records r on r.brand_id = t.brand and r.customer_id = '100B';
grant select on s to anon, authenticated;
select tests.authenticate_as(operator) from t;
create temp table n on commit drop as select actors.split(p.a, array(select id from s), 'two brothers') as id from p;
select is((select (a.total_signals, a.primary_identifier) from n join actors.actors a using (id)), (select (b.total_signals, '100B'::text) from p join before b on b.id = p.b), 'a split makes a new person with the signals of its records');
select throws_ok($$select actors.split(p.a, array(select id from s)) from p$$, 'PT400', null, 'records of somebody else cannot be split off');

select * from finish();
rollback;
