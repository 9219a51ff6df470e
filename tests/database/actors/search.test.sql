begin;
select plan(12);

create temp table t on commit drop as
select b.owner, tests.create_brand(b.owner) as brand, tests.create_brand(b.owner, 'Other') as other, tests.create_user('support@search.test') as support,
  tests.create_user('stranger@search.test') as stranger, '2026-05-01T12:00:00Z'::timestamptz as now
from (select tests.create_user('search@actors.test') as owner) b;
grant select on t to authenticated;
select tests.add_member(t.brand, t.support, 'support') from t;
create function pg_temp.seen(p_id text, p_identifiers jsonb, p_person jsonb) returns jsonb language sql as $$
  select jsonb_build_object('type', 'web_behavior', 'source_platform', 'web', 'source_id', p_id, 'occurred_at', '2026-04-01T10:00:00Z', 'identifiers', p_identifiers, 'person', p_person,
    'name', concat_ws(' ', p_person ->> 'given_name', p_person ->> 'family_name'),
    'data', jsonb_build_object('session_id', p_id, 'page_url', 'https://shop.example/', 'action_type', 'page_view'))
$$;
select signals.ingest(b, jsonb_build_array(
  pg_temp.seen('anna', '{"customer_id": "A-1001"}', '{"given_name": "Anna", "family_name": "Schönfeld", "street": "4 mill lane", "city": "Leeds", "postcode": "LS1 4AB"}'),
  pg_temp.seen('anne', '{"customer_id": "A-1002"}', '{"given_name": "Annegret", "family_name": "Osterkamp", "city": "York"}'),
  pg_temp.seen('carl', '{"email": "carlos.whitmore@example.com"}', '{"given_name": "Carlos", "family_name": "Whitmore", "city": "Hull"}')), null, t.now),
  actors.process_signals(b, 100, t.now)
from t, unnest(array[t.brand, t.other]) b;
create function pg_temp.found(p_text text, p_limit integer default 20) returns text language sql as $$ select string_agg(s.name, ', ') from t, actors.search(t.brand, p_text, p_limit) s $$;
grant execute on function pg_temp.found(text, integer) to authenticated;

grant execute on function pg_temp.found(text, integer) to authenticated;
select tests.authenticate_as(support) from t;
select is(pg_temp.found('Anna Schönfeld'), 'Anna Schönfeld', 'a name finds its person, in this brand only');
select is(pg_temp.found('schonfeld, anna'), 'Anna Schönfeld', 'the other way round and without marks');
select is(pg_temp.found('Ana Schönfled'), 'Anna Schönfeld', 'with a slip in each word');
select is(pg_temp.found('mill lane leeds'), 'Anna Schönfeld', 'part of the address finds who lives there');
select is(pg_temp.found('whitmore@exam'), 'Carlos Whitmore', 'so does part of an e-mail address');
select is((select (s.likeness, s.record is null)::text from t, actors.search(t.brand, 'A-1002') s), '(1,t)', 'an identifier is as like as can be');
select is(pg_temp.found('Zebulon Quatermain'), null, 'who is not there is not found');
select is((select array_agg(s.likeness order by s.likeness desc) from t, actors.search(t.brand, 'ann') s), (select array_agg(s.likeness) from t, actors.search(t.brand, 'ann') s), 'the likest come first');
select is((select count(*)::int from t, actors.search(t.brand, repeat('%_\" anna '';--', 5000), 1)), 1, 'whatever is typed is text, and its beginning is enough');
select throws_ok($$select actors.search((select brand from t), ' -!- ')$$, 'PT400', null, 'nothing to look for is an error');
select throws_ok($$select actors.search((select brand from t), 'anna', 101)$$, 'PT400', null, 'and so is too much to return');
select tests.authenticate_as(stranger) from t;
select throws_ok($$select actors.search((select brand from t), 'anna')$$, '42501', null, 'a stranger finds nobody');

select * from finish();
rollback;
