begin;
select plan(59);

create temp table t on commit drop as
select b.owner, b.staff, b.manager, b.stranger, tests.create_brand(b.owner, 'Rules') as brand, tests.create_brand(b.stranger, 'Strange') as other, '2026-03-01'::timestamptz as now
from (select tests.create_user('owner@example.com') as owner, tests.create_user('staff@example.com') as staff, tests.create_user('manager@example.com') as manager, tests.create_user('stranger@example.com') as stranger) b;
select tests.add_member(brand, staff, 'operator'), tests.add_member(brand, manager, 'manager') from t;
grant select on t to authenticated, service_role;

-- Twenty people: P<p> spends 10 p per order; the odd ones drink tea; P1 to P5 have one order only.
select count(*) from t, signals.ingest(t.brand, (
  select jsonb_agg(jsonb_build_object('type', 'order', 'source_platform', 'shop', 'source_id', format('%s-%s', p, o), 'identifiers', jsonb_build_object('customer_id', 'P' || p),
    'occurred_at', '2026-01-05T00:00:00Z'::timestamptz + o * 4 * interval '1 day' + p * interval '17 minutes',
    'data', jsonb_build_object('order_status', 'delivered', 'order_method', 'online', 'subtotal', 10 * p, 'total_amount', 10 * p,
      'items', jsonb_build_array(jsonb_build_object('product_id', 'x', 'name', 'x', 'quantity', 1, 'unit_price', 10 * p, 'category', case p % 2 when 1 then 'tea' else 'wine' end)))))
  from generate_series(1, 20) p, generate_series(1, case when p <= 5 then 1 else 8 end) o), null, t.now);
select count(*) from t, actors.process_signals(t.brand, 1000, t.now);
create function pg_temp.holds(p_rule jsonb) returns text language sql as $$
  select string_agg(substr(a.primary_identifier, 2), ' ' order by substr(a.primary_identifier, 2)::integer)
  from t
  cross join lateral (select array_agg(a.id) as ids from actors.actors a where a.brand_id = t.brand) e
  cross join lateral private.rule_probabilities(t.brand, p_rule, e.ids, array(select p from private.actors_posteriors(t.brand, e.ids, t.now) p), t.now) r
  join actors.actors a on a.id = r.actor_id where r.probability >= 0.5
$$;
create function pg_temp.people(p_cohort uuid) returns text language sql as $$
  select string_agg(substr(a.primary_identifier, 2), ' ' order by substr(a.primary_identifier, 2)::integer)
  from cohorts.actor_cohort_membership m join actors.actors a on a.id = m.actor_id where m.cohort_id = p_cohort and m.is_active
$$;

-- What a rule says.
select is(pg_temp.holds('{"all": [{"attribute": "behavior.order_value", "operator": ">", "value": 175}]}'), '18 19 20', 'who spends more than 175');
select is(pg_temp.holds('{"all": [{"attribute": "behavior.order_value", "operator": ">", "value": 155}, {"attribute": "preference.category", "category": "tea", "operator": ">=", "value": 0.5}]}'), '17 19', 'all: and drinks tea');
select is(pg_temp.holds('{"any": [{"attribute": "behavior.order_value", "operator": ">", "value": 185}, {"attribute": "behavior.order_value", "operator": "<", "value": 15}]}'), '1 19 20', 'any: at either end');
select is(pg_temp.holds('{"all": [{"attribute": "behavior.order_value", "operator": ">", "value": 155}], "none": [{"attribute": "preference.category", "category": "tea", "operator": ">=", "value": 0.5}]}'), '16 18 20', 'none: but not tea');
select is(pg_temp.holds('{"all": [{"field": "total_signals", "operator": "<=", "value": 1}, {"any": [{"field": "first_seen_at", "operator": "<", "value": "2026-01-09T00:20:00Z"}, {"none": [{"field": "days_since_last_seen", "operator": ">", "value": 60}]}]}]}'), '1 2 3 4 5',
  'groups within groups, and what is known of the person');
select is(pg_temp.holds('{"all": [{"attribute": "behavior.order_value", "statistic": "evidence", "operator": "<", "value": 2}]}'), '1 2 3 4 5', 'evidence is a number');
select is(pg_temp.holds('{"all": [{"attribute": "communication.email_open", "operator": ">=", "value": 0}]}'), null, 'who has no such belief does not meet a condition on it');
select is(pg_temp.holds('{"none": [{"field": "is_verified", "operator": "=", "value": false}]}'), null, 'truths are compared as well');

-- Confidence: the posterior probability that the condition holds.
create function pg_temp.chance(p_who text, p_value double precision) returns double precision language sql as $$
  select private.exceedance(p, p_value) from t join actors.actors a on a.brand_id = t.brand and a.primary_identifier = p_who
  cross join lateral private.actors_posteriors(t.brand, array[a.id], t.now) p where p.attribute = 'behavior.order_value' and not p.is_stated and p.context = ''
$$;
select cmp_ok(abs(pg_temp.chance('P10', (select p.mean from t join actors.actors a on a.brand_id = t.brand and a.primary_identifier = 'P10'
  cross join lateral private.actors_posteriors(t.brand, array[a.id], t.now) p where p.attribute = 'behavior.order_value')) - 0.5), '<', 0.01::double precision, 'at its mean a condition on a normal belief holds with one half');
select cmp_ok(abs(pg_temp.chance('P10', (select p.interval_high from t join actors.actors a on a.brand_id = t.brand and a.primary_identifier = 'P10'
  cross join lateral private.actors_posteriors(t.brand, array[a.id], t.now) p where p.attribute = 'behavior.order_value')) - 0.05), '<', 0.001::double precision, 'and above its 90 % interval with a twentieth');
-- Against simulation: a beta of (3, 7) as the share of ten, a gamma of shape 4 as the sum of four exponentials.
select cmp_ok(abs(private.exceedance((null, null, null, null, null, 'beta', 0.3, 0.3 * 0.7 / 11, 0, 0, 0, 0, null, null,
    1 / (1 + exp(-(-0.95 - 1.6448536 * 0.7406))), 1 / (1 + exp(-(-0.95 + 1.6448536 * 0.7406))), 0, 0, 0, null)::private.posterior, 0.4)
  - (select avg((s.share > 0.4)::integer) from (
      select (select u from (select tests.uniform(format('%s %s', i, j)) as u from generate_series(1, 9) j) x order by u offset 2 limit 1) as share from generate_series(1, 4000) i) s)), '<', 0.03::double precision,
  'of a share it is the tail of the beta, within 0.03');
select cmp_ok(abs(private.exceedance((null, null, null, null, null, 'gamma', 4, 4, 0, 0, 0, 0, null, null,
    4 * power(1 - 1 / 36.0 - 1.6448536 / 6, 3), 4 * power(1 - 1 / 36.0 + 1.6448536 / 6, 3), 0, 0, 0, null)::private.posterior, 6)
  - (select avg((s.x > 6)::integer) from (
      select (select sum(-ln(tests.uniform(format('g %s %s', i, j)))) from generate_series(1, 4) j) as x from generate_series(1, 4000) i) s)), '<', 0.03::double precision, 'of a rate that of the gamma');

-- Who may define one.
select tests.authenticate_as(staff) from t;
select throws_ok($$select cohorts.define_cohort(brand, 'Rich', '{"all": [{"field": "total_signals", "operator": ">", "value": 1}]}') from t$$, '42501', null, 'an operator defines no cohort');
select tests.authenticate_as(stranger) from t;
select throws_ok($$select cohorts.define_cohort(brand, 'Rich', '{"all": [{"field": "total_signals", "operator": ">", "value": 1}]}') from t$$, '42501', null, 'nor does another brand');
select tests.authenticate_as(manager) from t;
create temp table rich on commit drop as
select c.* from t, cohorts.define_cohort(t.brand, 'Rich', '{"all": [{"attribute": "behavior.order_value", "operator": ">", "value": 95}]}', 'Spend more than 95') c;
grant select on rich to authenticated, service_role;
select is((select (cohort_name, cohort_type, discovery_algorithm, is_emergent, member_count)::text from rich), '(Rich,custom,rule,f,11)', 'a manager does, and its people are in it at once');
select tests.clear_authentication();
select is((select pg_temp.people(id) from rich), '10 11 12 13 14 15 16 17 18 19 20', 'those of whom the rule holds');
select is((select array_agg(distinct m.membership_type::text || coalesce(m.run_id::text, '')) from cohorts.actor_cohort_membership m join rich on rich.id = m.cohort_id), '{secondary}', 'beside whatever else they belong to');
select cmp_ok((select m.membership_confidence from cohorts.actor_cohort_membership m join rich on rich.id = m.cohort_id join actors.actors a on a.id = m.actor_id where a.primary_identifier = 'P10'), '<',
  (select m.membership_confidence from cohorts.actor_cohort_membership m join rich on rich.id = m.cohort_id join actors.actors a on a.id = m.actor_id where a.primary_identifier = 'P14'), 'the surer the farther from the border');
select is((select (e.event_type, e.affected_actor_count)::text from cohorts.cohort_evolution_log e join rich on rich.id = e.cohort_id), '(member_added,11)', 'one event tells of all who joined');

-- Hostile rules.
select tests.authenticate_as(manager) from t;
create function pg_temp.refused(p_rule jsonb) returns text language plpgsql as $$
declare v_key text; v_message text;
begin
  perform cohorts.define_cohort(t.brand, 'Hostile', p_rule) from t;
  return 'accepted';
exception when others then
  get stacked diagnostics v_key = pg_exception_detail, v_message = message_text;
  return v_key || ': ' || v_message;
end
$$;
select matches(pg_temp.refused(r.rule::jsonb), r.answer, format('refused: %s', left(r.rule, 90))) from (values
  ('[]', '^invalid_rule: p_rule must be an object'), ('{}', '^invalid_rule: p_rule must have all, any or none'), ('null', '^invalid_rule: p_rule must be an object'),
  ('{"all": []}', '^invalid_rule: p_rule.all must be a list of 1 to 20'), ('{"all": {"field": 1}}', '^invalid_rule: p_rule.all must be a list'),
  ('{"all": [1]}', '^invalid_rule: p_rule.all\[0\] must be an object'), ('{"all": [{"drop": "table"}]}', '^invalid_rule: p_rule.all\[0\] knows no ''drop'''),
  ('{"any": [{"field": "name", "operator": ">", "value": 1}]}', '^invalid_rule: p_rule.any\[0\].field must be one of first_seen_at'),
  ('{"any": [{"field": "total_signals", "operator": "or 1=1 --", "value": 1}]}', '^invalid_rule: p_rule.any\[0\].operator must be one of'),
  ('{"any": [{"field": "total_signals", "operator": ">", "value": "1"}]}', '^invalid_rule: p_rule.any\[0\].value must be a number'),
  ('{"any": [{"field": "total_signals", "operator": ">", "value": 1e400}]}', '^invalid_rule: p_rule.any\[0\].value must be a number'),
  ('{"any": [{"field": "last_seen_at", "operator": ">", "value": "infinity"}]}', '^invalid_rule: p_rule.any\[0\].value must be a time'),
  ('{"any": [{"field": "last_seen_at", "operator": ">", "value": "2026-02-31"}]}', '^invalid_rule: p_rule.any\[0\].value must be a time'),
  ('{"any": [{"attribute": "no.such", "operator": ">", "value": 1}]}', '^invalid_rule: p_rule.any\[0\].attribute nobody has a belief ''no.such'''),
  ('{"any": [{"attribute": ["behavior.order_value"], "operator": ">", "value": 1}]}', '^invalid_rule: p_rule.any\[0\].attribute must be the name'),
  ('{"any": [{"attribute": "preference.category", "operator": ">", "value": 1}]}', '^invalid_rule: p_rule.any\[0\].category must be one of .*tea'),
  ('{"any": [{"attribute": "behavior.order_value", "category": "tea", "operator": ">", "value": 1}]}', '^invalid_rule: p_rule.any\[0\].category behavior.order_value has no'),
  ('{"any": [{"cohort": "x"}]}', '^invalid_rule: p_rule.any\[0\].cohort must be the id'),
  ('{"any": [{"any": [{"any": [{"any": [{"field": "is_verified", "operator": "=", "value": true}]}]}]}]}', '^invalid_rule: p_rule.any\[0\].any\[0\].any\[0\] is too deep'),
  (format('{"any": [{"all": [%1$s]}, {"all": [%1$s]}]}', repeat('{"field": "is_verified", "operator": "=", "value": true}, ', 10) || '{"field": "is_verified", "operator": "=", "value": true}'), '^invalid_rule: p_rule has more than 20'),
  (format('{"any": [%s]}', repeat('[', 2000) || repeat(']', 2000)), '^invalid_rule: p_rule.any\[0\] must be an object')
) r (rule, answer);
select is(pg_temp.refused((select format('{"any": [{"cohort": "%s"}]}', id)::jsonb from rich)), 'invalid_rule: p_rule.any[0].cohort must be the id of an active cohort of the brand that a run found.', 'a rule does not lean on another rule');

-- Changed, kept up to date, and retired.
select throws_ok($$select cohorts.define_cohort(brand, 'Rich', '{"all": [{"field": "total_signals", "operator": ">", "value": 1}]}') from t$$, 'PT409', null, 'two active cohorts are not called the same');
select throws_ok($$select cohorts.define_cohort(brand, ' ', '{"all": [{"field": "total_signals", "operator": ">", "value": 1}]}') from t$$, 'PT400', null, 'nor is one called nothing');
select is((select (c.cohort_name, c.cohort_description, c.member_count)::text from rich, cohorts.update_cohort(rich.id, p_rule => '{"all": [{"attribute": "behavior.order_value", "operator": ">", "value": 175}]}') c),
  '(Rich,"Spend more than 95",3)', 'a manager changes the rule, and its people follow');
select is((select c.cohort_name from rich, cohorts.update_cohort(rich.id, '  Richest ') c), 'Richest', 'or the name');
select tests.authenticate_as(staff) from t;
select throws_ok($$select cohorts.update_cohort(id, 'Mine') from rich$$, '42501', null, 'an operator changes none');
select throws_ok($$select cohorts.retire_cohort(id) from rich$$, '42501', null, 'and retires none');
select tests.authenticate_as(stranger) from t;
select throws_ok($$select cohorts.update_cohort(id, 'Mine') from rich$$, 'PT404', null, 'to another brand it does not exist');
select throws_ok($$select cohorts.retire_cohort(id) from rich$$, 'PT404', null, 'nor to retire it');
select tests.clear_authentication();
select is((select pg_temp.people(id) from rich), '18 19 20', 'those who no longer meet it have left');

-- New evidence about one of them: he is looked at with the others who changed, without any run.
select count(*) from t, signals.ingest(t.brand, (
  select jsonb_agg(jsonb_build_object('type', 'order', 'source_platform', 'shop', 'source_id', format('late-%s', o), 'identifiers', jsonb_build_object('customer_id', 'P17'),
    'occurred_at', '2026-02-10T00:00:00Z'::timestamptz + o * interval '1 day', 'data', jsonb_build_object('order_status', 'delivered', 'order_method', 'online', 'subtotal', 400, 'total_amount', 400,
      'items', jsonb_build_array(jsonb_build_object('product_id', 'x', 'name', 'x', 'quantity', 1, 'unit_price', 400, 'category', 'tea')))))
  from generate_series(1, 9) o), null, t.now);
select count(*) from t, actors.process_signals(t.brand, 1000, t.now);
select is((select cohorts.assign(brand, 1000, now) from t), 0, 'where there was no run nobody has a primary cohort');
select is((select pg_temp.people(id) from rich), '17 18 19 20', 'but rules hold of whoever has changed');
select is((select count(*) from private.vectors_due), 0::bigint, 'and nobody waits');

-- Held against all people, some at a time.
update actors.actors a set is_active = false from t where a.brand_id = t.brand and a.primary_identifier = 'P20';
select private.job_cohorts_rules();
select is((select array_agg(s.n order by s.i) from (select i, private.sweep_rule(rich.id, t.now, 15) as n from t, rich, generate_series(1, 3) i) s), '{t,f,f}', 'a rule is held against everybody in steps');
select is((select pg_temp.people(id) from rich), '17 18 19', 'whoever is no longer active leaves');

-- A run has no say.
update core.system_parameters set parameter_value = '10' where parameter_key = 'cohorts.min_actors';
select actors.refresh_vectors(brand, now) from t;
select cohorts.discover(brand, 'kmeans', p_now => now) from t;
select is((select (c.cohort_status, c.cohort_name, c.member_count)::text from rich join cohorts.cohorts c using (id)), '(active,Richest,3)', 'a run leaves the cohort and its name alone');
select is((select pg_temp.people(id) from rich), '17 18 19', 'and its people');

select tests.authenticate_as(manager) from t;
select is((select (c.cohort_status, c.member_count)::text from rich, cohorts.retire_cohort(rich.id) c), '(inactive,0)', 'a manager retires it');
select throws_ok($$select cohorts.update_cohort(id, 'Again') from rich$$, 'PT409', null, 'then it is no more');

select * from finish();
rollback;
