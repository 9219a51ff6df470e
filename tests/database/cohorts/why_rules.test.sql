begin;
select plan(5);

create temp table t on commit drop as select b.owner, tests.create_brand(b.owner) as brand from (select tests.create_user('owner@example.com') as owner) b;
grant select on t to authenticated;
insert into actors.actors (brand_id, primary_identifier, primary_identifier_type, first_seen_at, last_seen_at, total_signals)
select brand, 'p' || i, 'customer_id', '2026-01-01', '2026-01-01', i from t, generate_series(1, 20) i;
select tests.authenticate_as(owner) from t;
create temp table c on commit drop as
select d.id from t, cohorts.define_cohort(brand, 'Busy', '{"all": [{"field": "total_signals", "operator": ">=", "value": 5}], "any": [{"field": "total_signals", "operator": ">", "value": 15}, {"all": [{"field": "first_seen_at", "operator": "<", "value": "2026-06-01"}]}], "none": [{"field": "is_verified", "operator": "=", "value": true}]}') d;
create function pg_temp.actor(p_name text) returns uuid language sql as $$ select id from actors.actors where primary_identifier = p_name $$;
select results_eq($$select w.component, w.contribution from c, cohorts.why(pg_temp.actor('p9'), c.id) w$$,
  $$values ('all', 1::double precision), ('any', 0), ('any', 1), ('none', 0)$$, 'a rule is told condition by condition, in the order in which it stands');
select is((select contribution from c, cohorts.why(pg_temp.actor('p2'), c.id) w where component = 'all'), 0::double precision, 'for people it does not hold of, too');
select is((select words from c, cohorts.why(pg_temp.actor('p9'), c.id) w where component = 'all'), 'All of: total_signals >= 5; holds with a probability of 100%', 'in words');
select is((select count(*) from c, cohorts.why(pg_temp.actor('p9'), c.id) w where rival_cohort_id is not null or value is not null), 0::bigint, 'without rival or value: there is no scale to put them on');
select throws_ok($$select cohorts.why(c.id, c.id) from c$$, 'PT404', null, 'an unknown person is not found');

select * from finish();
rollback;
