begin;
select plan(63);

-- What each kind of offer takes off, worked out by hand.
create function pg_temp.off(p_terms jsonb, p_order jsonb) returns text language sql as $$
  select coalesce(d.refusal, d.discount::text) from private.offer_discount(jsonb_populate_record(null::stimuli.offers,
    '{"applicable_products": [], "excluded_products": []}'::jsonb || p_terms), p_order) d
$$;
create temp table baskets on commit drop as select
  '{"items": [{"product_id": "a", "category": "Hand Bags", "quantity": 2, "unit_price": 19.99}, {"product_id": "b", "category": "belts", "quantity": 1, "unit_price": 10.05},
    {"product_id": "c", "quantity": 3, "unit_price": 0.10}], "delivery_fee": 4.90}'::jsonb as b;
select is(pg_temp.off('{"offer_type": "discount", "offer_percentage": 10}', b), '5.03', 'ten per cent of all lines, half a cent rounded up') from baskets;
select is(pg_temp.off('{"offer_type": "discount", "offer_value": 7.5}', b), '7.50', 'an amount') from baskets;
select is(pg_temp.off('{"offer_type": "discount", "offer_value": 70}', b), '50.33', 'never more than the order') from baskets;
select is(pg_temp.off('{"offer_type": "discount", "offer_percentage": 50, "maximum_discount": 12.34}', b), '12.34', 'never more than the maximum') from baskets;
select is(pg_temp.off('{"offer_type": "discount", "offer_percentage": 10, "applicable_products": [{"category": "hand_bags"}]}', b), '4.00', 'of the lines that it is for, however their category is written') from baskets;
select is(pg_temp.off('{"offer_type": "discount", "offer_percentage": 10, "excluded_products": [{"product_id": "a"}]}', b), '1.04', 'not of those that are excluded') from baskets;
select is(pg_temp.off('{"offer_type": "discount", "offer_percentage": 10, "applicable_products": [{"category": "shoes"}]}', b), 'it has nothing that the offer is for', 'nothing of an order without them') from baskets;
select is(pg_temp.off('{"offer_type": "discount", "offer_percentage": 10, "minimum_purchase": 50.34}', b), 'it comes to 50.33, and the offer begins at 50.34', 'nothing below the minimum, delivery aside') from baskets;
select is(pg_temp.off('{"offer_type": "bogo"}', b), '0.30', 'one free: of six pieces the three cheapest') from baskets;
select is(pg_temp.off('{"offer_type": "bogo", "applicable_products": [{"product_id": "a"}], "offer_percentage": 50}', b), '10.00', 'or half of it off') from baskets;
select is(pg_temp.off('{"offer_type": "bogo", "applicable_products": [{"product_id": "b"}]}', b), 'one free needs two', 'of one piece none is free') from baskets;
select is(pg_temp.off('{"offer_type": "free_item", "applicable_products": [{"category": "belts"}, {"product_id": "a"}]}', b), '10.05', 'the cheapest of them free') from baskets;
select is(pg_temp.off('{"offer_type": "free_item", "offer_value": 5, "applicable_products": [{"category": "belts"}]}', b), '5.00', 'up to a value') from baskets;
select is(pg_temp.off('{"offer_type": "free_shipping"}', b), '4.90', 'free delivery is the delivery') from baskets;
select is(pg_temp.off('{"offer_type": "bundle", "offer_percentage": 15, "applicable_products": [{"category": "belts"}, {"category": "hand bags"}]}', b), '7.50', 'a bundle that is complete') from baskets;
select is(pg_temp.off('{"offer_type": "bundle", "offer_percentage": 15, "applicable_products": [{"category": "belts"}, {"category": "shoes"}]}', b), 'the bundle is not complete', 'and one that is not') from baskets;
select is(pg_temp.off('{"offer_type": "loyalty_points", "offer_value": 2}', b), '0.00', 'points are no money') from baskets;

create temp table t on commit drop as select tests.create_user('owner@example.com') as owner, tests.create_user('till@example.com') as till,
  tests.create_user('ada@example.com') as ada, tests.create_user('eve@example.com') as eve, tests.create_user('operator@example.com') as operator,
  md5('cohort')::uuid as cohort, now() as at;
alter table t add brand uuid, add offer uuid, add ada_code text, add ada_deployment uuid;
update t set brand = tests.create_brand(owner, 'Shop');
select tests.add_member(brand, till, 'kiosk'), tests.add_member(brand, operator, 'operator'), tests.add_member(brand, ada, 'customer'), tests.add_member(brand, eve, 'customer') from t;
insert into cohorts.cohorts (id, brand_id, cohort_type, discovery_algorithm, cohort_name) select cohort, brand, 'mixed', 'test', 'All' from t;
insert into actors.actors (id, brand_id, name, primary_identifier, primary_identifier_type, first_seen_at, last_seen_at)
select md5('p' || i)::uuid, brand, 'P', 'p' || i || '@example.com', 'email', at, at from t, generate_series(1, 6) i;
insert into actors.actor_identifiers (brand_id, actor_id, identifier_type, identifier_value, confidence, first_seen_at, last_seen_at)
select brand, md5('p1')::uuid, 'email', 'ada@example.com', 1, at, at from t;
insert into cohorts.actor_cohort_membership (brand_id, actor_id, cohort_id, assigned_by_algorithm) select brand, md5('p' || i)::uuid, cohort, 'test' from t, generate_series(1, 6) i;
insert into core.brand_settings (brand_id, setting_key, setting_value, setting_type) select brand, 'stimuli.holdout_share', '0', 'number' from t;
insert into stimuli.stimulus_templates (brand_id, template_name, template_type, template_structure, default_content, optional_fields)
select brand, 'Ten off', 'offer', '{"body": "Your code: {{offer_code}}"}',
  '{"offer_type": "discount", "offer_percentage": 10, "valid_days": 7, "usage_limit": 4, "minimum_purchase": 20, "maximum_discount": 15}', '["offer_code"]' from t;
select tests.pass_templates(brand) from t;
update t set offer = (stimuli.generate(brand, p_cohort => cohort, p_now => at)).id;
select is((select concat_ws(' ', offer_type, offer_percentage, minimum_purchase, maximum_discount, usage_limit, usage_limit_per_customer, valid_until - valid_from) from stimuli.offers), 'discount 10 20.00 15.00 4 1 7 days',
  'an offer has the terms of its template, once per customer');
create function pg_temp.order_of(p_price numeric, p_more jsonb default '{}') returns jsonb language sql as $$
  select jsonb_build_object('items', jsonb_build_array(jsonb_build_object('product_id', 'x', 'quantity', 1, 'unit_price', p_price)), 'order_number', 'o1') || p_more
$$;
grant all on t to authenticated, service_role;
grant execute on function pg_temp.order_of(numeric, jsonb) to authenticated, service_role;
select tests.authenticate_as(till) from t;
select throws_ok($$select stimuli.redeem(brand, pg_temp.order_of(50), 'k0', p_deployment => gen_random_uuid()) from t$$, 'PT404', null, 'what was never sent is not redeemed');
select tests.clear_authentication();
select stimuli.approve(brand, offer, at) from t;
select stimuli.deploy(brand, offer, at, 1) from t;
update t set ada_code = d.personalization_applied ->> 'offer_code', ada_deployment = d.id from stimuli.stimulus_deployments d where d.actor_id = md5('p1')::uuid;
select is((select count(distinct personalization_applied ->> 'offer_code')::int from stimuli.stimulus_deployments), 6, 'everybody has a code of its own');

-- Who may.
select tests.authenticate_as(eve) from t;
select throws_ok($$select stimuli.redeem(brand, pg_temp.order_of(50), 'eve', p_code => ada_code) from t$$, 'PT404', null, 'a customer does not redeem the code of another');
select throws_ok($$select stimuli.redeem(brand, pg_temp.order_of(50), 'eve', p_deployment => ada_deployment) from t$$, 'PT404', null, 'nor its deployment');
select tests.authenticate_as(ada) from t;
select throws_ok($$select stimuli.redeem(brand, pg_temp.order_of(50), 'ada', p_deployment => ada_deployment) from t$$, 'PT404', null, 'a customer needs the code, not the id');
select throws_ok($$select stimuli.redeem(brand, pg_temp.order_of(50), 'ada', p_code => ada_code, p_now => at - interval '1 day') from t$$, 'PT400', null, 'and tells no time');
select throws_ok($$select stimuli.reverse_redemption(brand, gen_random_uuid(), 'x') from t$$, '42501', null, 'nor takes anything back');
select throws_ok($$insert into stimuli.offer_redemptions (brand_id, stimulus_id, idempotency_key, order_data, order_total, eligible_total, discount, currency, redeemed_at)
  select brand, offer, 'x', '{}', 1, 1, 1, 'USD', at from t$$, '42501', null, 'nor writes a redemption');
create temp table first on commit drop as select r.* from t, stimuli.redeem(brand, pg_temp.order_of(50), 'ada-1', p_code => lower(left(ada_code, 8) || '-' || right(ada_code, 8))) r;
grant select on first to authenticated, service_role;
select is((select concat_ws(' ', discount, order_total, currency, benefit, order_number, redeemed_by is not null) from first), '5.00 50.00 USD {} o1 t', 'a customer redeems its own code, however it is typed');
select is((select r.id from t, stimuli.redeem(brand, pg_temp.order_of(50), 'ada-1', p_code => ada_code) r), (select id from first), 'the same request again gives the same redemption');
select throws_ok($$select stimuli.redeem(brand, pg_temp.order_of(51), 'ada-1', p_code => ada_code) from t$$, 'PT422', null, 'the same key with another order does not');
select throws_ok($$select stimuli.redeem(brand, pg_temp.order_of(50), 'ada-2', p_code => ada_code) from t$$, 'PT409', null, 'once per customer');
select tests.clear_authentication();
select is((select redemption_count || ' ' || redemption_value from stimuli.offers), '1 5.00', 'the counters moved, once');
select is((select concat_ws(' ', signal_type, processing_status, actor_id is null) from signals.signals_base), 'crm_event pending t', 'the redemption is a signal to be processed');
select is((select type || ' ' || (payload ->> 'discount') from public.oasis_events where type = 'stimuli.offer_redeemed'), 'stimuli.offer_redeemed 5.00', 'and an event');
-- As resolution does for a person that was met before.
update signals.signals_base set actor_id = md5('p1')::uuid, confidence_in_matching = 1, processing_status = 'completed';
select outcomes.measure(brand, at + interval '1 hour') from t;
select is((select concat_ws(' ', outcome_type, stimulus_id = offer, source_signal_id is not null) from outcomes.outcomes, t), 'engagement t t', 'of its stimulus, once measured');

-- Limits.
select tests.clear_authentication();
create temp table codes on commit drop as select personalization_applied ->> 'offer_code' as code, actor_id, row_number() over (order by actor_id) as n from stimuli.stimulus_deployments where actor_id <> md5('p1')::uuid;
grant select on codes to authenticated;
select tests.authenticate_as(till) from t;
select throws_ok($$select stimuli.redeem(brand, pg_temp.order_of(19.99), 'low', p_code => code) from t, codes where n = 1$$, 'PT422', null, 'too small an order does not qualify');
select is((select (stimuli.redeem(brand, pg_temp.order_of(500), 'high', p_code => code)).discount from t, codes where n = 1), 15.00, 'a large one gets the maximum');
select throws_ok($$select stimuli.redeem(brand, pg_temp.order_of(50, '{"currency": "EUR"}'), 'eur', p_code => code) from t, codes where n = 2$$, 'PT422', null, 'one in another currency none');
select lives_ok($$select stimuli.redeem(brand, pg_temp.order_of(50), 'n' || n, p_code => code) from t, codes where n in (2, 3)$$, 'four in all');
select throws_ok($$select stimuli.redeem(brand, pg_temp.order_of(50), 'n4', p_code => code) from t, codes where n = 4$$, 'PT409', null, 'a fifth is one too many');
select throws_ok($$select stimuli.redeem(brand, pg_temp.order_of(50), 'bad', p_code => '0000000000000000') from t$$, 'PT404', null, 'an unknown code is not found');
select throws_ok(format($$select stimuli.redeem(%L, %L, 'bad', p_code => 'X')$$, brand, o), 'PT400', null, 'no order: ' || left(o, 60)) from t, unnest(array[
  '[]', '{"items": []}', '{"items": [{}]}', '{"items": [{"quantity": -1, "unit_price": 5}]}', '{"items": [{"quantity": 1, "unit_price": "5"}]}',
  '{"items": [{"quantity": 1, "unit_price": 5, "category": 5}]}', '{"items": [{"quantity": 1, "unit_price": 5}], "delivery_fee": -1}',
  '{"items": [{"quantity": 1, "unit_price": 5}], "actor_id": "x"}', '{"items": [{"quantity": 10000, "unit_price": 999999}]}']) o;

-- Taken back.
select tests.authenticate_as(operator) from t;
select throws_ok($$select stimuli.reverse_redemption(brand, id, ' ') from t, first$$, 'PT400', null, 'a reversal has a reason');
select is((select (stimuli.reverse_redemption(brand, id, 'returned')).reversal_reason from t, first), 'returned', 'an operator takes one back');
select is((select (stimuli.reverse_redemption(brand, id, 'again')).reversal_reason from t, first), 'returned', 'once');
select is((select redemption_count || ' ' || redemption_value from stimuli.offers), '3 25.00', 'the counters went down, once');
select tests.clear_authentication();
select is((select count(*)::int from signals.signals_base where retracted_at is not null), 1, 'and its signal is retracted');
-- Identifiers are told again from the records of identity, of which people that a test makes have none.
insert into actors.actor_identifiers (brand_id, actor_id, identifier_type, identifier_value, confidence, first_seen_at, last_seen_at)
select brand, md5('p1')::uuid, 'email', 'ada@example.com', 1, at, at from t on conflict do nothing;
select tests.authenticate_as(ada) from t;
select is((select (stimuli.redeem(brand, pg_temp.order_of(30), 'ada-3', p_code => ada_code)).discount from t), 3.00, 'then the customer may use it again');

-- A general code, and the end.
select tests.clear_authentication();
insert into stimuli.stimuli_base (id, brand_id, stimulus_type, stimulus_name, content_data) select md5('general')::uuid, brand, 'offer', 'General', '{}' from t;
select throws_ok($$insert into stimuli.offers (stimulus_id, brand_id, offer_type, offer_code, offer_description, valid_from, valid_until) select md5('general')::uuid, brand, 'discount', 'spring-26', 'x', at, at + interval '1 day' from t$$,
  '23514', null, 'a code is kept in its normal form');
insert into stimuli.offers (stimulus_id, brand_id, offer_type, offer_code, offer_description, valid_from, valid_until, usage_limit_per_customer)
select md5('general')::uuid, brand, 'discount', 'SPRING26', 'x', at, at + interval '1 day', 1 from t;
select throws_ok($$select stimuli.approve(brand, md5('general')::uuid) from t$$, 'PT409', null, 'an offer that takes nothing off is not approved');
update stimuli.offers set offer_value = 5 where offer_code = 'SPRING26';
select stimuli.approve(brand, md5('general')::uuid) from t;
select throws_ok($$update stimuli.offers set offer_value = 500 where offer_code = 'SPRING26'$$, 'PT409', null, 'the terms of an approved one are fixed');
update stimuli.stimuli_base set status = 'active' where id = md5('general')::uuid;
select tests.authenticate_as(ada) from t;
select throws_ok($$select stimuli.redeem(brand, pg_temp.order_of(50), 'g0', p_code => 'spring-26') from t$$, 'PT404', null, 'a general code is for the till');
select tests.authenticate_as(till) from t;
select throws_ok($$select stimuli.redeem(brand, pg_temp.order_of(50), 'g1', p_code => 'spring-26') from t$$, 'PT422', null, 'which says whose order it is, where customers have a limit');
select is((select (stimuli.redeem(brand, pg_temp.order_of(50, jsonb_build_object('actor_id', md5('p2')::uuid)), 'g2', p_code => 'spring-26')).discount from t), 5.00, 'and gets the discount');
select tests.clear_authentication();
update actors.actors set merged_into = md5('p3')::uuid, is_active = false where id = md5('p2')::uuid;
select tests.authenticate_as(till) from t;
select throws_ok($$select stimuli.redeem(brand, pg_temp.order_of(50, jsonb_build_object('actor_id', md5('p3')::uuid)), 'g3', p_code => 'SPRING26') from t$$, 'PT409', null, 'once per person, also after two were found to be one');
select tests.authenticate_as_service();
select throws_ok($$select stimuli.redeem(brand, pg_temp.order_of(50), 'late', p_deployment => ada_deployment, p_now => at + interval '8 days') from t$$, 'PT409', null, 'after its end nothing is redeemed');

select * from finish();
rollback;
