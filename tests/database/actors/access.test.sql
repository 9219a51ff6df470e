begin;
select plan(22);

create temp table t on commit drop as
select b.owner, b.support, b.customer, b.stranger, tests.create_brand(b.owner) as brand, tests.create_brand(b.stranger, 'Other') as other, '2026-05-01T12:00:00Z'::timestamptz as now
from (select tests.create_user('owner@actors-access.test') as owner, tests.create_user('support@actors-access.test') as support,
  tests.create_user('customer@actors-access.test') as customer, tests.create_user('stranger@actors-access.test') as stranger) b;
select tests.add_member(brand, support, 'support'), tests.add_member(brand, customer, 'customer') from t;

-- One customer id in two brands: two people.
select signals.ingest(b.brand, jsonb_build_array(jsonb_build_object('type', 'order', 'source_platform', 'shop', 'source_id', 'o1', 'occurred_at', '2026-04-01T10:00:00Z', 'identifiers', '{"customer_id": "K1", "email": "k@example.com"}'::jsonb,
  'data', '{"order_status": "delivered", "subtotal": 10, "total_amount": 10, "items": [{"product_id": "x", "name": "x", "category": "tea", "quantity": 1, "unit_price": 10}]}'::jsonb)), null, t.now)
from t, unnest(array[t.brand, t.other]) b (brand);
select actors.process_signals(b.brand, 10, t.now) from t, unnest(array[t.brand, t.other]) b (brand);
create temp table known on commit drop as
select a.id as actor, (select b.id from actors.actor_beliefs b where b.actor_id = a.id and b.attribute = 'preference.category') as belief,
  (select e.id from actors.evidence e where e.actor_id = a.id and e.attribute = 'preference.category') as evidence
from t, actors.find(t.brand, 'K1') a;
grant select on t, known to anon, authenticated, service_role;
select is((select count(*)::int from actors.actors a, t where a.brand_id in (t.brand, t.other)), 2, 'brands share nobody');

select tests.authenticate_as(support) from t;
select is((select count(*)::int from t, actors.find(t.brand, 'k@example.com')), 1, 'support finds a person');
select is((select x ->> 'brand_id' from known, actors.profile(actor) x), (select brand::text from t), 'reads the profile');
select is((select (b ->> 'category', (b ->> 'evidence_count')::int, (b ->> 'confidence')::float8 between 0.1 and 0.5) from known, t, jsonb_array_elements(actors.profile(actor, t.now) -> 'beliefs') b
  where b ->> 'attribute' = 'preference.category'), ('tea'::text, 1, true), 'with the beliefs and how sure they are');
select is((select (source_kind, value, weight_left < weight) from known, t, actors.evidence(actor, 'preference.category', t.now)), ('signal'::actors.evidence_source, 1::float8, true), 'and the evidence, with what is left of it');
select cmp_ok((select count(*)::int from known, actors.evidence(actor)), '>', 5, 'of every attribute, where none is named');
select is((select count(*)::int from actors.actors), 1, 'and sees the brand''s people only');
select is((select x ->> 'kind' from known, ai.explain('belief', belief) x), 'belief', 'support may ask why');
select throws_ok($$select actors.process_signals((select brand from t))$$, '42501', null, 'but processes nothing');
select throws_ok($$insert into actors.actor_beliefs (brand_id, actor_id, attribute, distribution, sums, as_of, first_value, first_occurred_at, has_exposure, half_life_days, evidence_count)
  select brand, actor, 'preference.x', 'beta', '{1,1,0}', now(), 1, now(), false, 1, 1 from t, known$$, '42501', null, 'and writes no belief');

select tests.authenticate_as(customer) from t;
select throws_ok($$select actors.profile(actor) from known$$, 'PT404', null, 'a customer of the brand reads no profile');
select throws_ok($$select actors.find((select brand from t), 'K1')$$, '42501', null, 'and finds nobody');
select is((select count(*)::int from actors.actors), 0, 'nor sees a row');

select tests.authenticate_as(stranger) from t;
select throws_ok($$select actors.profile(actor) from known$$, 'PT404', null, 'the owner of another brand reads no profile');
select throws_ok($$select actors.evidence(actor) from known$$, 'PT404', null, 'no evidence');
select throws_ok($$select actors.find((select brand from t), 'K1')$$, '42501', null, 'finds nobody there');
select throws_ok($$select ai.explain(k, i) from known, lateral (values ('actor', actor)) x (k, i)$$, 'PT404', null, 'gets no explanation of a person');
select throws_ok($$select ai.explain('evidence', evidence) from known$$, 'PT404', null, 'nor of evidence');
select is((select (count(*), count(*) filter (where actor_id = (select actor from known))) from actors.evidence), (select (count(*), 0::bigint) from t, actors.find(t.other, 'K1') a, actors.evidence(a.id)), 'and sees the evidence of the own brand only');
select is((select count(*)::int from t, actors.find(t.other, 'K1')), 1, 'where the same customer id is found');

select tests.as_anon();
select throws_ok($$select actors.profile(actor) from known$$, '42501', null, 'nobody reads a profile without signing in');
select throws_ok($$select * from actors.actors$$, '42501', null, 'nor the people');

select * from finish();
rollback;
