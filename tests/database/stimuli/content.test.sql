begin;
select plan(47);

create temp table t on commit drop as select tests.create_user('owner@example.com') as owner, tests.create_user('manager@example.com') as manager,
  tests.create_user('support@example.com') as support, '2026-01-05'::timestamptz as at, md5('everybody')::uuid as cohort, md5('template')::uuid as template;
alter table t add brand uuid;
update t set brand = tests.create_brand(owner, 'Shop');
select tests.add_member(brand, manager, 'manager'), tests.add_member(brand, support, 'support') from t;
grant all on t to authenticated, service_role;

-- Fields and values of people.
insert into cohorts.cohorts (id, brand_id, cohort_type, discovery_algorithm, cohort_name) select cohort, brand, 'mixed', 'test', 'Everybody' from t;
insert into actors.actors (id, brand_id, name, primary_identifier, primary_identifier_type, first_seen_at, last_seen_at)
select md5('p' || i)::uuid, brand, case when i <= 30 then '  Ada Byron' end, 'p' || i, 'customer_id', at, at from t, generate_series(1, 40) i;
insert into cohorts.actor_cohort_membership (brand_id, actor_id, cohort_id, assigned_by_algorithm)
select brand, md5('p' || i)::uuid, cohort, 'test' from t, generate_series(1, 40) i;
insert into actors.actor_behavioral_scores (brand_id, actor_id, behavior_type, score_value, version_score)
select brand, md5('p' || i)::uuid, 'order_value', exp(3 + 0.5 * tests.normal('v' || i)), 1 from t, generate_series(1, 30) i;
insert into actors.actor_preferences (brand_id, actor_id, preference_category, preference_dimension, actual_strength)
select brand, md5('p1')::uuid, 'category', x.c, x.s from t, (values ('hand_bags', 0.6), ('belts', 0.4)) x (c, s);
insert into actors.evidence (brand_id, actor_id, attribute, distribution, value, weight, occurred_at, recorded_at, source_kind, source_id)
select brand, md5('p1')::uuid, a.attribute, a.distribution::actors.distribution, a.value, 1, at - interval '12 days', at, 'signal', gen_random_uuid()
from t, (values ('behavior.order_value', 'normal', 40.0), ('response.reengagement', 'beta', 1)) a (attribute, distribution, value);
select private.fold_evidence(brand, (select array_agg(e.id) from actors.evidence e where e.brand_id = brand), at) from t;

create temp table p1 on commit drop as select v.* from t, private.personal_values(brand, array[md5('p1')::uuid],
  array['first_name', 'own_category', 'last_order_days', 'own_order_value', 'offer_code', 'password'], at) v;
select is(personal - 'offer_code' - 'own_order_value', '{"first_name": "Ada", "own_category": "hand bags", "last_order_days": 12}', 'what is known of a person fills its fields, and only those of the list') from p1;
select matches(personal ->> 'offer_code', '^[0-9A-F]{16}$', 'a code is 64 bits') from p1;
select is((select jsonb_agg(v.personal) from t, private.personal_values(brand, array[md5('p40')::uuid], array['first_name', 'own_category'], at) v), '[{}]', 'of whom nothing is known, nothing is said');
select is((select count(distinct v.personal ->> 'offer_code')::int from t, private.personal_values(brand, (select array_agg(id) from actors.actors a where a.brand_id = brand), '{offer_code}', at) v),
  40, 'no two people have the same code');
select is((select count(*)::int from private.personal_values(gen_random_uuid(), array[md5('p1')::uuid], '{first_name}')), 0, 'another brand knows nobody of them');

-- Versions.
select tests.authenticate_as(manager) from t;
insert into stimuli.stimulus_templates (brand_id, template_name, template_type, template_category, template_structure, default_content, optional_fields)
select brand, 'Hello', 'message', 'reengagement', '{"body": "Hello {{first_name}}"}', '{"first_name": "you"}', '["first_name"]' from t;
select tests.clear_authentication();
update t set template = s.id from stimuli.stimulus_templates s where s.brand_id = brand;
select tests.authenticate_as(manager) from t;
select is((select concat_ws(' ', version, template_structure ->> 'body', u.email) from t, stimuli.template_versions v join core.users u on u.id = v.created_by where template_id = template),
  '1 Hello {{first_name}} manager@example.com', 'a template that is written is its first version, with who wrote it');
select is((select current_version_id from stimuli.stimulus_templates), null, 'and is in use when it was checked');
select is((select count(*)::int from t, stimuli.propose(brand, at, 1)), 0, 'before it is no choice');
select is((select stimuli.template_to_check(brand, template) ->> 'version' from t), '1', 'the check is told what to check');
select throws_ok($$select stimuli.save_template_check(brand, (select id from stimuli.template_versions), '[]') from t$$, '42501', null, 'a manager does not pass it');
select throws_ok($$insert into stimuli.template_checks (brand_id, version_id, is_passed) select brand, id, true from t, stimuli.template_versions$$, '42501', null, 'by no way');
select tests.authenticate_as(support) from t;
select throws_ok($$select stimuli.template_to_check(brand, template) from t$$, '42501', null, 'support does not ask for a check');
select tests.authenticate_as_service();
select is((select (stimuli.save_template_check(brand, v.id, '[{"field": "body", "line": 1, "problem": "x", "mend": "y"}]')).is_passed from t, stimuli.template_versions v where v.template_id = template), false, 'a check that found something');
select is((select current_version_id from stimuli.stimulus_templates s, t where s.id = template), null, 'puts nothing into use');
select is((select (stimuli.save_template_check(brand, v.id, '[]')).is_passed from t, stimuli.template_versions v where v.template_id = template), true, 'one that found nothing');
select isnt((select current_version_id from stimuli.stimulus_templates s, t where s.id = template), null, 'does');
select throws_ok($$select stimuli.save_template_check(brand, gen_random_uuid(), '[]') from t$$, 'PT404', null, 'of an unknown version nothing is saved');

select tests.authenticate_as(manager) from t;
update stimuli.stimulus_templates set template_structure = '{"body": "Good day {{first_name}}"}';
select is((select array_agg(version order by version) from stimuli.template_versions), '{1,2}', 'an edit makes the next version');
update stimuli.stimulus_templates set template_name = 'Renamed', priority = 3;
select is((select count(*)::int from stimuli.template_versions), 2, 'another name none');
create temp table made on commit drop as select g.* from t, stimuli.generate(brand, p_cohort => cohort, p_now => at, p_seed => 3) g;
select is((select content_data ->> 'body' from made), 'Hello {{first_name}}', 'what is generated meanwhile is of the version that was checked');
select tests.authenticate_as_service();
select stimuli.save_template_check(brand, v.id, '[]') from t, stimuli.template_versions v where v.template_id = template and v.version = 2;
select tests.authenticate_as(manager) from t;
select is((select g.content_data ->> 'body' from t, stimuli.generate(brand, p_cohort => cohort, p_now => at) g), 'Good day {{first_name}}', 'after its check the new one is');
select is((select b.content_data ->> 'body' from stimuli.stimuli_base b join made using (id)), 'Hello {{first_name}}', 'and what was made before stays what it is');
select is((select (stimuli.use_template_version(brand, v.id)).template_structure ->> 'body' from t, stimuli.template_versions v where version = 1), 'Hello {{first_name}}', 'a manager goes back to an earlier version');
select is((select count(*)::int from stimuli.template_versions), 2, 'which is no new one');
update stimuli.stimulus_templates set template_structure = '{"body": "Never checked"}';
select throws_ok($$select stimuli.use_template_version(brand, v.id) from t, stimuli.template_versions v where version = 3$$, 'PT409', null, 'but not to one that was never checked');
select throws_ok($$update stimuli.template_versions set version = 7$$, '42501', null, 'versions are not rewritten');
select tests.clear_authentication();
select throws_ok($$update stimuli.template_versions set version = 7$$, '42501', null, 'by nobody');
select tests.authenticate_as(manager) from t;

-- What is expected.
select is((select count(*)::int from jsonb_object_keys((select expected_outcomes from made)) k where k in ('response_rate', 'value', 'order_value', 'expected_value')), 4, 'a draft says what is expected of it');
select ok((select (e ->> 'response_rate')::float * (e ->> 'order_value')::float between 0.999 * (e -> 'value' ->> 'mean')::float and 1.001 * (e -> 'value' ->> 'mean')::float
  from (select expected_outcomes as e from made) x), 'the value is the response times the order value');
select is((select reasoning_scope || ' ' || (evidence_used -> 0 ->> 'kind') from ai.reasoning_logs r join made m on m.reasoning_log_id = r.id), 'stimulus cohort', 'and why it was made');
select is((select g.target_actor_id = md5('p1')::uuid and g.target_cohort_id = cohort from t, stimuli.generate(brand, p_actor => md5('p1')::uuid, p_now => at) g), true, 'one is made for a person, as one of its cohort');
select ok((select (s.expected_outcomes ->> 'response_rate')::float > 1.5 * (m.expected_outcomes ->> 'response_rate')::float and abs((s.expected_outcomes ->> 'order_value')::float - 40) < 8
  from stimuli.stimuli_base s, made m where s.target_actor_id = md5('p1')::uuid), 'with the response and the order value that are believed of the person');
select throws_ok($$select stimuli.generate(brand) from t$$, 'PT400', null, 'for nobody none is made');
select throws_ok($$select stimuli.generate(brand, p_cohort => gen_random_uuid()) from t$$, 'PT404', null, 'nor for a cohort that is not there');
select throws_ok($$select stimuli.generate(brand, p_cohort => cohort, p_template => gen_random_uuid()) from t$$, 'PT409', null, 'nor from a template that is not');

-- Reference figures: four million draws of each product with numpy 1.26, whose own error is below 0.2%.
select tests.clear_authentication();
select ok(abs(x.mean / v.mean - 1) < 0.005 and abs(x.standard_deviation / v.sd - 1) < 0.005 and abs(x.lower / v.low - 1) < 0.02 and abs(x.upper / v.high - 1) < 0.01,
  format('mean, standard deviation and interval of Beta(%s, %s) times log-normal(%s, %s) are those of its draws', v.a, v.b, v.m, v.s))
from (values (1.0, 9.0, 0.0, 0.0, 0.1, 0.0904534, 0.0056830, 0.283129), (3, 27, 4, 0.5, 6.18641, 5.01075, 1.21308, 15.68266),
  (200, 1800, 4, 0.1, 5.48711, 0.66295, 4.46589, 6.63835)) v (a, b, m, s, mean, sd, low, high)
cross join lateral private.beta_times_lognormal(v.a, v.b, v.m, v.s) x;
select is((select private.expected_outcome(2, 8, null, null, 10) ? 'value'), false, 'without an order value there is a response and no value');

-- Approval.
select tests.authenticate_as(manager) from t;
select is((select (stimuli.approve(brand, id, at)).status::text from t, made), 'approved', 'what was made from a checked template is approved');
select tests.clear_authentication();
select throws_ok($$update stimuli.stimuli_base b set content_data = '{"body": "Else"}' from made where b.id = made.id$$, 'PT409', null, 'and then its content is fixed');
select throws_ok($$update stimuli.messages b set message_text = 'Else' from made where b.stimulus_id = made.id$$, 'PT409', null, 'its message too');
update stimuli.stimuli_base set content_data = '{"body": "Else {{first_name}}"}' where target_actor_id is not null;
select is((select content_checked_at from stimuli.stimuli_base where target_actor_id is not null), null, 'other content of a draft is not checked');
insert into core.brand_settings (brand_id, setting_key, setting_value, setting_type) select brand, 'stimuli.four_eyes', 'true', 'boolean' from t;
select tests.authenticate_as(manager) from t;
create temp table four on commit drop as select g.id from t, stimuli.generate(brand, p_cohort => cohort, p_now => at) g;
grant select on four to authenticated;
select throws_ok($$select stimuli.approve(brand, id, at) from t, four$$, 'PT409', null, 'where four eyes are asked for, the author does not approve');
select tests.authenticate_as(owner) from t;
select is((select (stimuli.reject(brand, id, 'Too loud')).status || ' ' || b.generated_by from t, four join stimuli.stimuli_base b using (id)), 'cancelled template', 'somebody else rejects it');
select is((select rejection_reason from stimuli.stimuli_base join four using (id)), 'Too loud', 'with the reason');
select throws_ok($$select stimuli.approve(brand, id, at) from t, four$$, 'PT409', null, 'and what was rejected is not approved');

select * from finish();
rollback;
