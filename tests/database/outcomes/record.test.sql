-- Outcomes that come by function, and what a hostile sender may try.
begin;
select plan(34);

create temp table w on commit drop as select tests.create_user('clerk@record.test') as clerk, tests.create_user('owner@record.test') as owner, '2026-03-20T00:00:00Z'::timestamptz as at;
alter table w add brand uuid, add other uuid;
update w set brand = tests.create_brand(owner, 'Record'), other = tests.create_brand(tests.create_user('else@record.test'), 'Else');
select tests.add_member(brand, clerk, 'operator') from w;
insert into actors.actors (id, brand_id, primary_identifier, primary_identifier_type, first_seen_at, last_seen_at)
select md5('r' || n)::uuid, case n when 9 then other else brand end, 'r' || n, 'customer_id', '2026-01-01', '2026-01-01' from w, generate_series(1, 9) n;
insert into stimuli.stimuli_base (id, brand_id, stimulus_type, stimulus_name, content_data, status)
select md5('rs' || n)::uuid, case n when 3 then other else brand end, 'message', 'rs' || n, '{}', 'active' from w, generate_series(1, 3) n;
insert into stimuli.stimulus_deployments (id, brand_id, stimulus_id, actor_id, is_holdout, propensity, deployment_channel, deployment_method, delivered_content, deployed_at, window_ends_at, delivery_status)
select md5('rd' || d.n)::uuid, case d.n when 4 then other else brand end, md5('rs' || d.s)::uuid, md5('r' || d.p)::uuid, d.held, 0.5, 'email', 'push', '{}', '2026-03-10', '2026-03-24',
  (case when d.held then 'held_out' else 'sent' end)::stimuli.delivery_status
from w, (values (1, 1, 1, false), (2, 2, 1, false), (3, 1, 2, true), (4, 3, 9, false)) d (n, s, p, held);
grant select on w to authenticated;

create function pg_temp.record(p_outcomes jsonb) returns table (verdict text, error_code text, field text, linked integer) language sql as $$
  select r.verdict, r.error_code, r.field, r.linked from w, outcomes.record(w.brand, p_outcomes, w.at) r order by r.index
$$;
-- One outcome that is right, with something of it changed.
create function pg_temp.fault(p_change jsonb) returns text language sql as $$
  select concat_ws(' ', r.verdict, r.error_code, nullif(r.field, ''))
  from pg_temp.record(jsonb_build_array(jsonb_build_object('key', 'probe', 'outcome_type', 'purchase', 'outcome_value', 5, 'occurred_at', '2026-03-12T00:00:00Z', 'actor_id', md5('r3')::uuid) || p_change)) r
$$;
grant execute on function pg_temp.record(jsonb), pg_temp.fault(jsonb) to authenticated;
select tests.authenticate_as(clerk) from w;

select results_eq(format($$select * from pg_temp.record('[
  {"key": "a", "outcome_type": "purchase", "outcome_value": 12.5, "occurred_at": "2026-03-12T00:00:00Z", "actor_id": "%1$s"},
  {"key": "b", "outcome_type": "feedback", "outcome_value": 5, "occurred_at": "2026-03-12T00:00:00Z", "deployment_id": "%2$s"},
  {"key": "c", "outcome_type": "signup", "occurred_at": "2026-03-15T00:00:00Z", "actor_id": "%3$s"},
  {"key": "d", "outcome_type": "signup", "occurred_at": "2026-02-01T00:00:00Z", "actor_id": "%1$s"},
  17,
  {"key": "a", "outcome_type": "purchase", "outcome_value": 12.5, "occurred_at": "2026-03-12T00:00:00Z", "actor_id": "%1$s"}]')$$, md5('r1')::uuid, md5('rd1')::uuid, md5('r2')::uuid),
  $$values ('accepted', null, null, 2), ('accepted', null, null, 1), ('accepted', null, null, 1), ('accepted', null, null, 0), ('rejected', 'not_an_object', '', null), ('rejected', 'key_reused', 'key', null)$$,
  'each is judged on its own, and linked to the deployments in whose window it falls');
select results_eq($$select outcome_type::text, outcome_value, outcome_unit, outcome_category::text, is_holdout, time_to_outcome from outcomes.outcomes order by source_key, deployment_id$$,
  $$values ('purchase', 12.5::double precision, 'currency', 'positive', false, 172800), ('purchase', 12.5, 'currency', 'positive', false, 172800), ('feedback', 5, 'stars', 'positive', false, 172800),
    ('signup', 1, 'event', 'positive', true, 432000), ('signup', 1, 'event', 'positive', false, null)$$, 'with type, unit, category and time');
select results_eq(format($$select verdict, linked from pg_temp.record('[{"key": "a", "outcome_type": "purchase", "outcome_value": 12.5, "occurred_at": "2026-03-12T00:00:00Z", "actor_id": "%s"}]')$$, md5('r1')::uuid),
  $$values ('duplicate', 2)$$, 'sent again it changes nothing');
select is(count(*)::int, 5, 'and adds nothing') from outcomes.outcomes;
select is(pg_temp.fault('{"key": "a"}'), 'rejected key_reused key', 'a key is not used for another outcome');
select tests.authenticate_as(owner) from w;
select outcomes.measure(brand, at) from w;
select tests.authenticate_as(clerk) from w;
select ok(sum(o.attribution_confidence) <= 1, 'the two deployments share what caused the purchase') from outcomes.outcomes o where o.source_key = 'a';
select is(max(o.attribution_confidence), 0::double precision, 'what a held-out person does is caused by nothing') from outcomes.outcomes o where o.is_holdout;

select is(pg_temp.fault('{"key": ""}'), 'rejected invalid_field key', 'a key is not empty');
select is(pg_temp.fault('{"key": 7}'), 'rejected invalid_field key', 'nor a number');
select is(pg_temp.fault('{"outcome_type": "miracle"}'), 'rejected unknown_type outcome_type', 'the type is known');
select is(pg_temp.fault('{"outcome_unit": "stars"}'), 'rejected invalid_field outcome_unit', 'the unit goes with the type');
select is(pg_temp.fault('{"outcome_unit": ["currency"]}'), 'rejected invalid_field outcome_unit', 'and is text');
select is(pg_temp.fault('{"outcome_value": "5"}'), 'rejected invalid_field outcome_value', 'a value is a number');
select is(pg_temp.fault('{"outcome_value": 1e400}'), 'rejected value_out_of_range outcome_value', 'that a table holds');
select is(pg_temp.fault('{"outcome_value": -1}'), 'rejected value_out_of_range outcome_value', 'a purchase is not negative');
select is(pg_temp.fault('{"outcome_type": "feedback", "outcome_value": 6}'), 'rejected value_out_of_range outcome_value', 'there are five stars');
select is(pg_temp.fault('{"outcome_category": "great"}'), 'rejected invalid_field outcome_category', 'the category is known');
select is(pg_temp.fault('{"occurred_at": "yesterday"}'), 'rejected invalid_field occurred_at', 'a time is a time');
select is(pg_temp.fault('{"occurred_at": "2026-02-30T00:00:00Z"}'), 'rejected invalid_field occurred_at', 'of the calendar');
select is(pg_temp.fault('{"occurred_at": "2027-03-12T00:00:00Z"}'), 'rejected time_out_of_range occurred_at', 'that has been');
select is(pg_temp.fault('{"actor_id": "me"}'), 'rejected invalid_field deployment_id', 'an id is a uuid');
select is(pg_temp.fault('{"actor_id": null}'), 'rejected missing_field actor_id', 'somebody did it');
select is(pg_temp.fault(jsonb_build_object('actor_id', md5('r9')::uuid)), 'rejected not_found actor_id', 'who is no other brand''s');
select is(pg_temp.fault(jsonb_build_object('actor_id', null, 'deployment_id', md5('rd4')::uuid)), 'rejected not_found deployment_id', 'nor is the deployment');
select is(pg_temp.fault(jsonb_build_object('deployment_id', md5('rd1')::uuid)), 'rejected not_the_person actor_id', 'nor is it somebody else''s');
select is(pg_temp.fault(jsonb_build_object('actor_id', null, 'deployment_id', md5('rd1')::uuid, 'occurred_at', '2026-03-01T00:00:00Z')), 'rejected time_out_of_range occurred_at', 'nothing comes of what is still to be sent');
select is(pg_temp.fault('{"confidence": 1.5}'), 'rejected invalid_field confidence', 'a confidence is a share');
select is(pg_temp.fault(jsonb_build_object('description', repeat('x', 2001))), 'rejected invalid_field description', 'a description is short');
select is(pg_temp.fault(jsonb_build_object('context', jsonb_build_object('x', repeat('x', 20000)))), 'rejected too_large', 'and all of it');
select is(pg_temp.fault(format('{"context": %s1%s}', repeat('{"x":', 20), repeat('}', 20))::jsonb), 'rejected too_deep', 'and flat');
select throws_ok($$select pg_temp.record('{}')$$, 'PT400', null, 'a call is a list');
select throws_ok($$select pg_temp.record((select jsonb_agg(1) from generate_series(1, 1001)))$$, 'PT400', null, 'of at most 1,000');
select throws_ok($$select outcomes.record(other, '[1]', at) from w$$, '42501', null, 'in one''s own brand');
select tests.clear_authentication();
select is((select treated_responses from outcomes.effectiveness(md5('rs1')::uuid) where treated > 0), 1::bigint, 'a recorded response counts as one of the stimulus');

select * from finish();
rollback;
