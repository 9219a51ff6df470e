begin;
select plan(9);

create temp table t on commit drop as
select tests.create_brand(tests.create_user('restored@actors.test')) as brand, '2026-06-01T12:00:00Z'::timestamptz as now;
create function pg_temp.learn(p_numbers integer[], p_identifiers jsonb) returns integer language sql as $$
  select count(*)::int from t, signals.ingest(t.brand, (
    select jsonb_agg(jsonb_build_object('type', 'review', 'source_platform', 'shop', 'source_id', 'r' || i, 'identifiers', p_identifiers, 'name', 'Anna Lindqvist',
      'occurred_at', '2026-03-01T10:00:00Z'::timestamptz + i * interval '3 days', 'data', jsonb_build_object('rating', 1 + i % 5, 'review_text', 'review ' || i)))
    from unnest(p_numbers) i), null, t.now);
  select p.matched from t, actors.process_signals(t.brand, 1000, t.now) p
$$;
create function pg_temp.who(p_identifier text) returns uuid language sql as $$ select a.id from t, actors.find(t.brand, p_identifier) a $$;
create function pg_temp.beliefs(p_actor uuid) returns text language sql as $$
  select md5(string_agg((to_jsonb(p) - 'belief_id')::text, E'\n' order by p.attribute, p.category)) from t, private.actors_posteriors(t.brand, array[p_actor], t.now) p
$$;

select is(pg_temp.learn('{1,2,3}', '{"email": "anna@example.com"}') + pg_temp.learn('{4,5,6}', '{"phone": "+447700900123"}'), 6, 'two people are known');
create temp table p on commit drop as select pg_temp.who('anna@example.com') as anna, pg_temp.who('+447700900123') as caller;
-- What was learnt from outcomes is of a person and of no record.
insert into actors.evidence (brand_id, actor_id, attribute, distribution, value, weight, occurred_at, source_kind, source_id)
select t.brand, x, 'response.discount', 'beta', 1, 1, t.now, 'outcome', gen_random_uuid() from t, p, unnest(array[p.anna, p.caller]) x;
select private.fold_evidence(t.brand, array(select e.id from actors.evidence e where e.brand_id = t.brand and e.source_kind = 'outcome'), t.now) from t;
create temp table before on commit drop as select x as actor, pg_temp.beliefs(x) as beliefs from p, unnest(array[p.anna, p.caller]) x;

select is(pg_temp.learn('{7}', '{"email": "anna@example.com", "phone": "+447700900123"}'), 1, 'one signal shows both identifiers');
select is(pg_temp.who('anna@example.com'), pg_temp.who('+447700900123'), 'they become one person');
select is((select count(*)::int from t, p, actors.evidence e where e.brand_id = t.brand and e.source_kind = 'outcome' and e.actor_id = pg_temp.who('anna@example.com')), 2, 'who has what was learnt from both');

select ok((select actors.retract(s.id, null, t.now) from t join signals.signals_base s on s.brand_id = t.brand and s.source_id = 'r7'), 'the signal is taken back');
select is((pg_temp.who('anna@example.com'), pg_temp.who('+447700900123')), (select (anna, caller) from p), 'both are again who they were, by the same ids');
select is((select count(*)::int from t, p, actors.evidence e where e.brand_id = t.brand and e.source_kind = 'outcome' and e.actor_id in (p.anna, p.caller) group by e.actor_id limit 1), 1, 'each with its own outcomes');
select results_eq($$select actor, pg_temp.beliefs(actor) from before order by 1$$, $$select actor, beliefs from before order by 1$$, 'and with every belief as it was, to the last bit');
select is((select count(*)::int from t, actors.identity_events e join actors.identity_events m on m.id = e.reverts where e.brand_id = t.brand and e.event_kind = 'unmerge'), 1, 'the merge counts as taken back');

select * from finish();
rollback;
