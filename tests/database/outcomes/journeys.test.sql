-- Who gets the credit: people with few touches, so that each share can be said beforehand.
begin;
select plan(37);

create temp table w on commit drop as select tests.create_user('owner@journeys.test') as owner, tests.create_user('clerk@journeys.test') as clerk;
alter table w add brand uuid, add other uuid;
update w set brand = tests.create_brand(owner, 'Journeys'), other = tests.create_brand(tests.create_user('else@journeys.test'), 'Else');
select tests.add_member(brand, clerk, 'operator') from w;
update core.brands b set currency = 'EUR' from w where b.id = w.brand;
insert into actors.actors (id, brand_id, primary_identifier, primary_identifier_type, first_seen_at, last_seen_at)
select md5('j' || n)::uuid, brand, 'j' || n, 'customer_id', '2026-01-01', '2026-01-01' from w, generate_series(1, 12) n;
insert into stimuli.stimuli_base (id, brand_id, stimulus_type, stimulus_name, content_data, status)
select md5('s' || n)::uuid, brand, 'message', 's' || n, '{}', 'active' from w, generate_series(1, 4) n;

create function pg_temp.touch(p_person integer, p_stimulus integer, p_channel text, p_day integer, p_status text default 'sent') returns void language sql as $$
  insert into stimuli.stimulus_deployments (brand_id, stimulus_id, actor_id, is_holdout, propensity, deployment_channel, deployment_method,
    delivered_content, deployed_at, window_ends_at, delivery_status)
  select brand, md5('s' || p_stimulus)::uuid, md5('j' || p_person)::uuid, p_status = 'held_out', 0.5, p_channel::stimuli.channel, 'push', '{}',
    '2026-03-01'::timestamptz + p_day * interval '1 day', '2026-05-01', p_status::stimuli.delivery_status from w
$$;
create function pg_temp.buy(p_person integer, p_name text, p_day integer, p_amount numeric, p_status text default 'delivered', p_currency text default null, p_of text default null)
returns void language sql as $$
  insert into signals.signals_base (id, brand_id, signal_type, source_platform, source_id, occurred_at, raw_content, content_sha256, actor_id,
    confidence_in_matching, quality_score, processing_status, metadata)
  select md5(p_name || p_status)::uuid, brand, 'order', 'shop', p_name || p_status, '2026-03-01'::timestamptz + p_day * interval '1 day', '{}',
    sha256((p_name || p_status)::bytea), md5('j' || p_person)::uuid, 1, 1, 'completed',
    case when p_of is null then '{}' else jsonb_build_object('refund_of', jsonb_build_array(jsonb_build_object('order_number', p_of))) end from w;
  insert into signals.order_history (signal_id, brand_id, order_number, order_date, order_status, items, subtotal, total_amount, currency)
  select md5(p_name || p_status)::uuid, brand, p_name, '2026-03-01', p_status, '[{"product_id": "p", "name": "P", "quantity": 1, "unit_price": 1}]', p_amount, p_amount, p_currency from w
$$;
create function pg_temp.credits(p_model text, p_order text) returns text language sql as $$
  select string_agg(format('%s %s %s', c.group_key, trim_scale(round(c.credit, 3)), c.value), ', ' order by c.group_key)
  from w
  join outcomes.attribution_runs r on r.brand_id = w.brand and r.grouping = 'channel'
  join outcomes.attribution_credits c on c.brand_id = w.brand and c.run_id = r.id
  where c.model = p_model and c.signal_id = md5(p_order || 'delivered')::uuid
$$;

-- Nobody was sent anything yet.
select pg_temp.buy(1, 'alone', 3, 10);
select is((select string_agg(distinct a.group_key, ',') from w, outcomes.attribute(brand, '2026-03-01', '2026-04-01', p_now => '2026-05-01') a), 'direct', 'where nothing was sent, all is direct');
select is((select notes ->> 0 from outcomes.attribution_runs), 'nothing was sent: there is no effect to measure', 'and the run says that there is no effect');

-- Three touches 14, 7 and 0 days before an order of 10.01.
select pg_temp.touch(2, 1, 'email', 1), pg_temp.touch(2, 2, 'sms', 8), pg_temp.touch(2, 3, 'web', 15), pg_temp.buy(2, 'three', 15, 10.01);
-- A touch outside the window, one that failed, and one of somebody held out.
select pg_temp.touch(3, 1, 'email', -25), pg_temp.touch(3, 2, 'sms', 10, 'failed'), pg_temp.touch(3, 3, 'web', 11, 'held_out'), pg_temp.buy(3, 'untouched', 20, 50);
-- The touch that is older than the period still counts inside the window.
select pg_temp.touch(4, 1, 'email', -2), pg_temp.buy(4, 'early', 1, 20);
create temp table once on commit drop as
select a.model, a.group_key, a.credit, a.value, a.share, a.share_lower, a.caused, a.caused_upper from w, outcomes.attribute(brand, '2026-03-01', '2026-04-01', p_now => '2026-05-01') a;
select is(pg_temp.credits('first', 'three'), 'email 1 10.01', 'first touch');
select is(pg_temp.credits('last', 'three'), 'web 1 10.01', 'last touch');
select is(pg_temp.credits('linear', 'three'), 'email 0.333 3.34, sms 0.333 3.34, web 0.333 3.33', 'linear divides alike, and the odd cents go one by one');
select is(pg_temp.credits('time_decay', 'three'), 'email 0.143 1.43, sms 0.286 2.86, web 0.571 5.72', 'time decay halves in 7 days');
select is(pg_temp.credits('position', 'three'), 'email 0.4 4.01, sms 0.2 2.00, web 0.4 4.00', 'position gives 40, 20 and 40 per cent');
select is(pg_temp.credits('linear', 'untouched'), 'direct 1 50.00', 'a touch before the window, a failed one and a held-out one are none');
select is(pg_temp.credits('last', 'early'), 'email 1 20.00', 'a touch before the period counts inside the window');
select is((select count(*)::int from (
    select c.model, c.signal_id from outcomes.attribution_credits c group by c.model, c.signal_id
    having sum(c.credit) <> 1 or sum(c.value) <> (select o.total_amount from signals.order_history o where o.signal_id = c.signal_id)) x), 0,
  'every model gives each order once, to the millionth and to the cent');
select is((select count(distinct (a.credit, a.value))::int from (
    select o.model, sum(o.credit) as credit, sum(o.value) as value from once o group by o.model) a), 1, 'and all models the same sum');
select is((select conversion_value from outcomes.attribution_runs r, w where r.brand_id = w.brand and r.period_start = '2026-03-01'), 90.01, 'which is that of the run');
select is_empty($$select model, group_key, credit, value, share, share_lower, caused, caused_upper from w, outcomes.attribute(brand, '2026-03-01', '2026-04-01', p_now => '2026-05-01')
  except select * from once$$, 'a second look at the same data finds the same to the last digit');
select is((select count(*)::int from outcomes.attribution_runs), 1, 'and takes the place of the first');
select is((select count(*)::int from private.attribution_people) + (select count(*)::int from private.attribution_touches), 0, 'no working row is left');
select is((select string_agg(distinct a.conclusion, ',') from w, outcomes.attribute(brand, '2026-03-01', '2026-04-01', 'stimulus', '{last}', 30, '2026-05-01') a where a.group_key <> 'direct'),
  'divided by a rule: not causal', 'a rule says that it is not causal');
select is((select sum(a.credit) from w, outcomes.attribute(brand, '2026-03-01', '2026-04-01', 'stimulus', '{last}', 5, '2026-05-01') a where a.group_key = 'direct'), 2.000000, 'a shorter window leaves more direct');

-- Returns: part of an order by its number, more than another cost, one that names its order, one of an order before the period.
select pg_temp.buy(2, 'three', 17, 2.50, 'refunded'), pg_temp.buy(4, 'early', 18, 999, 'refunded'), pg_temp.buy(3, 'back', 30, 10, 'refunded', null, 'untouched');
select pg_temp.buy(5, 'old', 19, 7, 'refunded');
select outcomes.attribute(brand, '2026-03-01', '2026-04-01', p_now => '2026-03-17') from w;
select is(pg_temp.credits('last', 'three'), 'web 1 10.01', 'a return that is still to come takes nothing back');
select outcomes.attribute(brand, '2026-03-01', '2026-04-01', p_now => '2026-05-01') from w;
select is(pg_temp.credits('last', 'three'), 'web 0.75 7.51', 'a return takes its part of the credit back from who had it');
select is(pg_temp.credits('linear', 'three'), 'email 0.25 2.50, sms 0.25 2.51, web 0.25 2.50', 'from each as much as it had');
select is((select sum(c.value) from outcomes.attribution_credits c, w where c.brand_id = w.brand and c.model = 'linear' and c.signal_id = md5('earlydelivered')::uuid), 0.00, 'no more than all of it');
select is(pg_temp.credits('last', 'untouched'), 'direct 0.8 40.00', 'a return finds the order it names');
select results_eq($$select conversion_value, refunded_value, notes ->> -1 from outcomes.attribution_runs r, w where r.brand_id = w.brand and r.period_start = '2026-03-01' and grouping = 'channel'$$,
  $$values (90.01, 32.50, '986.00 was returned of orders outside the run')$$, 'and what belongs to no order of the run is told');

-- Another currency, and a person who is two.
select pg_temp.buy(6, 'dollars', 5, 77, 'delivered', 'USD'), pg_temp.touch(7, 1, 'email', 2), pg_temp.buy(8, 'merged', 6, 5);
update actors.actors set merged_into = md5('j7')::uuid, is_active = false where id = md5('j8')::uuid;
select outcomes.attribute(brand, '2026-03-01', '2026-04-01', p_now => '2026-05-01') from w;
select is(pg_temp.credits('last', 'dollars'), 'direct 1 0.00', 'an order in another currency counts, without a value');
select is(pg_temp.credits('last', 'merged'), 'email 1 5.00', 'an order goes to the touch of the person it was found to be of');

-- A chain that can be reckoned by hand: email-sms responds; email not; sms responds; sms not.
create temp table chain on commit drop as select gen_random_uuid() as run;
insert into private.attribution_touches (run_id, deployment_id, actor_id, group_number, touched_at, is_holdout, is_touch)
select run, gen_random_uuid(), md5('c' || x.person)::uuid, x.g, '2026-03-01'::timestamptz + x.g * interval '1 day', false, true
from chain, (values (1, 1), (1, 2), (2, 1), (3, 2), (4, 2)) x (person, g);
insert into private.attribution_conversions (run_id, number, actor_id, converted_at, value)
select run, x.person, md5('c' || x.person)::uuid, '2026-03-10', 1 from chain, (values (1), (3)) x (person);
select is((select string_agg(round(e.effect::numeric, 9)::text, ' ' order by e.group_number) from chain, private.removal_effects(run, '30 days', 2) e), '0.333333333 1.000000000',
  'the removal effects of a chain of two are those reckoned by hand');
select is((select array_agg(round(private.shapley_weight(4, s)::numeric, 9)) from generate_series(0, 3) s), array[0.25, 0.083333333, 0.083333333, 0.25], 'the weights of Shapley values');

-- Hostile arguments.
select throws_ok($$select outcomes.attribute(brand, '2026-04-01', '2026-03-01') from w$$, 'PT400', null, 'a period ends after it begins');
select throws_ok($$select outcomes.attribute(brand, '-infinity', '2026-03-01') from w$$, 'PT400', null, 'an endless period is refused');
select throws_ok($$select outcomes.attribute(brand, '2026-03-01', '2026-04-01', 'brand_id') from w$$, 'PT400', null, 'an unknown grouping too');
select throws_ok($$select outcomes.attribute(brand, '2026-03-01', '2026-04-01', 'channel', '{last, magic}') from w$$, 'PT400', null, 'an unknown model');
select throws_ok($$select outcomes.attribute(brand, '2026-03-01', '2026-04-01', 'channel', '{}') from w$$, 'PT400', null, 'none at all');
select throws_ok($$select outcomes.attribute(brand, '2026-03-01', '2026-04-01', 'channel', '{last}', 'NaN') from w$$, 'PT400', null, 'a window that is no number');
select throws_ok($$select outcomes.attribute(brand, '2026-03-01', '2026-04-01', 'channel', null) from w$$, 'PT400', null, 'and nothing');
select tests.authenticate_as(clerk) from w;
select throws_ok($$select outcomes.attribute(brand, '2026-03-01', '2026-04-01') from w$$, '42501', null, 'an operator does not start a run');
select ok(count(*) > 0, 'but reads it') from outcomes.attributions;
select throws_ok($$insert into outcomes.attributions (brand_id, run_id, model, group_key, credit, value, refunded_value, conclusion) select brand_id, run_id, 'last', 'x', 1, 1, 0, '' from outcomes.attributions limit 1$$, '42501', null, 'and writes none');

select * from finish();
rollback;
