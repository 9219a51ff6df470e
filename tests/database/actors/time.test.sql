begin;
select plan(26);

create temp table t on commit drop as
select b.owner, b.operator, b.stranger, tests.create_brand(b.owner) as brand
from (select tests.create_user('owner@time.test') as owner, tests.create_user('operator@time.test') as operator, tests.create_user('stranger@time.test') as stranger) b;
select tests.add_member(brand, operator, 'operator') from t;
grant select on t to anon, authenticated;

-- What a person sends on a day: reviews that get worse, orders of changing taste, what it says of itself.
create function pg_temp.sent(p_who text, p_day integer) returns jsonb language sql as $$
  select jsonb_build_object('source_platform', 'shop', 'source_id', p_who || p_day, 'identifiers', jsonb_build_object('customer_id', p_who),
      'occurred_at', '2026-01-01T09:00:00Z'::timestamptz + p_day * interval '1 day' + ascii(p_who) * interval '1 minute')
    || case p_day % 3
      when 0 then jsonb_build_object('type', 'review', 'data', jsonb_build_object('rating', greatest(1, 5 - p_day / 20), 'review_text', 'text ' || p_day))
      when 1 then jsonb_build_object('type', 'survey_response', 'data', jsonb_build_object('survey_id', 's', 'question_id', 'preference.category', 'question_text', 'What?', 'question_type', 'text', 'response_value', 'tea'))
      else jsonb_build_object('type', 'order', 'data', jsonb_build_object('order_status', 'delivered', 'order_method', 'online', 'subtotal', p_day, 'total_amount', p_day,
        'items', jsonb_build_array(jsonb_build_object('product_id', 'x', 'name', 'x', 'quantity', 1, 'unit_price', p_day, 'category', case when p_day < 40 then 'tea' else 'wine' end))))
      end
$$;
create function pg_temp.day(p_day integer) returns timestamptz language sql as $$ select '2026-01-01T21:00:00Z'::timestamptz + p_day * interval '1 day' $$;
grant execute on function pg_temp.day(integer) to authenticated;
create function pg_temp.send(p_who text, p_from integer, p_to integer, p_on integer) returns void language plpgsql as $$
begin
  perform signals.ingest((select brand from t), (select jsonb_agg(pg_temp.sent(p_who, i)) from generate_series(p_from, p_to) i), null, pg_temp.day(p_on));
  perform actors.process_signals((select brand from t), 1000, pg_temp.day(p_on));
end
$$;
create function pg_temp.who(p_identifier text) returns uuid language sql as $$ select a.id from t, actors.find(t.brand, p_identifier) a $$;
-- What is read of everybody on a day is kept beside the actor; nothing is ever forgotten.
create temp table seen (day integer, actor_id uuid, beliefs text) on commit drop;
create function pg_temp.beliefs(p_actor uuid, p_at timestamptz) returns text language sql as $$
  select string_agg(format('%s|%s|%s|%s|%s|%s|%s', p.attribute, p.is_stated, p.category, p.mean, sqrt(p.variance), p.confidence, p.evidence_count), E'\n' order by p.attribute, p.is_stated, p.category)
  from t, private.actors_posteriors(t.brand, array[p_actor], p_at) p
$$;
create function pg_temp.look(p_day integer) returns void language sql as $$
  insert into seen select p_day, a.id, pg_temp.beliefs(a.id, pg_temp.day(p_day)) from t join actors.actors a on a.brand_id = t.brand
$$;
create function pg_temp.as_of(p_actor uuid, p_day integer) returns text language sql as $$
  select string_agg(format('%s|%s|%s|%s|%s|%s|%s', p.attribute, p.is_stated, coalesce(p.category, ''), p.mean, p.standard_deviation, p.confidence, p.evidence_count), E'\n' order by p.attribute, p.is_stated, p.category)
  from actors.belief_as_of(p_actor, pg_temp.day(p_day)) p
$$;
select pg_temp.send('A', 1, 20, 20), pg_temp.send('B', 1, 12, 21);
select pg_temp.look(22);
select actors.refresh_vectors(brand, pg_temp.day(23)) from t;
select pg_temp.look(24);
-- Twenty more days of A come; the days 21 to 25 arrive late.
select pg_temp.send('A', 26, 60, 60);
select pg_temp.look(61);
select pg_temp.send('A', 21, 25, 70);
select pg_temp.look(71);
create temp table merged on commit drop as select actors.merge(pg_temp.who('A'), pg_temp.who('B'), 'a test', pg_temp.day(75)) as event;
select pg_temp.look(76);
select actors.retract(s.id, 'a fake', pg_temp.day(80)) from t join signals.signals_base s on s.brand_id = t.brand and s.source_id = 'A27';
select actors.refresh_vectors(brand, pg_temp.day(81)) from t;
select pg_temp.look(82);
select actors.unmerge(event, 'a mistake', pg_temp.day(90)) from merged;
select pg_temp.send('B', 62, 80, 92);
select pg_temp.look(93);

select is((select count(*)::int from seen where beliefs is not null), 12, 'beliefs were looked at on seven days');
select is(pg_temp.as_of(s.actor_id, s.day), s.beliefs, format('what was believed on day %s of person %s is told to the last bit', s.day, dense_rank() over (order by s.actor_id)))
from seen s order by s.day, s.actor_id;
select isnt(pg_temp.as_of(pg_temp.who('A'), 61), pg_temp.as_of(pg_temp.who('A'), 71), 'late signals changed what is believed');

create temp table a on commit drop as select pg_temp.who('A') as id;
grant select on a to anon, authenticated;
select tests.authenticate_as(stranger) from t;
select throws_ok($$select actors.belief_as_of(id, now()) from a$$, 'PT404', null, 'a stranger learns nothing');
select throws_ok($$select actors.rebuild((select brand from t))$$, '42501', null, 'and rebuilds nothing');
select tests.authenticate_as(operator) from t;
select throws_ok($$select actors.rebuild((select brand from t))$$, '42501', null, 'an operator cannot rebuild');

-- The rows that clients hold on to.
create function pg_temp.rows() returns setof text language plpgsql as $$
declare
  v_table text;
begin
  for v_table in select c.relname from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attname = 'is_current'
    where c.relnamespace = 'actors'::regnamespace and c.relkind = 'r' and c.relname <> 'actor_belief_vectors' loop
    return query execute format('select %L || x.id from actors.%I x where x.brand_id = $1 and x.is_current', v_table, v_table)
    using (select brand from t);
  end loop;
end
$$;
create temp table rows_before on commit drop as select pg_temp.rows() as r;
select tests.authenticate_as(owner) from t;
select is((select (evidence_added, evidence_retracted, beliefs_changed, hash_before = hash_after) from t, actors.rebuild(t.brand, pg_temp.day(95))), (0, 0, 0, true),
  'a rebuild from the signals gives the same beliefs, to the last bit');
select tests.clear_authentication();
select cmp_ok((select count(*)::int from rows_before), '>', 10, 'the belief tables have rows');
select results_eq($$select r from pg_temp.rows() r order by 1$$, $$select r from rows_before order by 1$$, 'and each of them keeps its id');
create temp table h on commit drop as select private.beliefs_hash(brand) as hash from t;
alter table actors.evidence disable trigger user;
delete from actors.actor_beliefs where brand_id = (select brand from t);
delete from actors.evidence where brand_id = (select brand from t) and source_kind = 'signal' and retracted_at is null;
alter table actors.evidence enable trigger user;
select isnt((select private.beliefs_hash(brand) from t), (select hash from h), 'with ledger and beliefs lost');
select is((select (hash_after = h.hash) from t, h, actors.rebuild(t.brand, pg_temp.day(96))), true, 'they are made again from the signals alone');

select core.set_setting(brand, 'actors.half_life_days.preference', '5') from t;
select is((select (evidence_added, evidence_retracted, beliefs_changed > 0, hash_before <> hash_after) from t, actors.rebuild(t.brand, pg_temp.day(97))), (0, 0, true, true),
  'another half-life changes beliefs at the next rebuild, and no evidence');
select is((select bool_or(e.attribute is not null) from t, actors.evidence(pg_temp.who('A'), 'experience.satisfaction', pg_temp.day(97)) e join signals.signals_base s on s.id = e.source_id where s.source_id = 'A27'), null,
  'what was retracted stays out');

select * from finish();
rollback;
