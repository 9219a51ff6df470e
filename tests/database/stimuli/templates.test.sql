begin;
select plan(22);

create temp table t on commit drop as select tests.create_user('owner@example.com') as owner, tests.create_user('op@example.com') as op,
  '2026-01-05'::timestamptz as at, md5('bags')::uuid as bags, md5('rest')::uuid as rest;
alter table t add brand uuid;
update t set brand = tests.create_brand(owner, 'Bag shop');
select tests.add_member(brand, op, 'operator') from t;
grant all on t to authenticated, service_role;
insert into cohorts.cohorts (id, brand_id, cohort_type, discovery_algorithm, cohort_name)
select x.id, brand, 'mixed', 'test', x.name from t, lateral (values (bags, 'Bag lovers'), (rest, 'Others')) x (id, name);
insert into actors.actors (id, brand_id, primary_identifier, primary_identifier_type, first_seen_at, last_seen_at, is_active)
select md5('p' || i)::uuid, brand, 'p' || i, 'customer_id', at, at, i <> 6 from t, generate_series(1, 8) i;
insert into cohorts.actor_cohort_membership (brand_id, actor_id, cohort_id, assigned_by_algorithm)
select brand, md5('p' || i)::uuid, case when i < 7 then bags else rest end, 'test' from t, generate_series(1, 8) i;
insert into cohorts.cohort_characteristics (brand_id, cohort_id, characteristic_type, characteristic_name, characteristic_value,
  importance_score, strength_score, effect_size, effect_lower, effect_upper, p_value, adjusted_p_value, mean_value)
select brand, bags, 'preference', x.name, jsonb_build_object('label', x.label, 'direction', 'high'), 1, 1, x.effect, x.effect, x.effect, 0.01, 0.01, x.mean
from t, (values ('preference.category.hand_bags', 'buys hand bags', 1.4, 0.6), ('preference.category.belts', 'buys belts', 0.5, 0.2),
  ('behavior.order_value', 'spends much', 0.9, ln(81.5))) x (name, label, effect, mean);

select is(private.cohort_fields(brand, bags) - 'currency', '{"brand_name": "Bag shop", "cohort_name": "Bag lovers", "cohort_size": 6,
  "top_category": "hand bags", "second_category": "belts", "order_value": 81.50, "top_trait": "buys hand bags"}'::jsonb, 'a cohort gives its fields') from t;

select tests.authenticate_as(op) from t;
select throws_ok($$select stimuli.install_templates(brand) from t$$, '42501', null, 'an operator does not install templates');
select throws_ok($$select stimuli.propose(brand) from t$$, '42501', null, 'nor propose');
select throws_ok($$insert into stimuli.stimuli_base (brand_id, stimulus_type, stimulus_name, content_data, status) select brand, 'message', 'x', '{}', 'active' from t$$,
  '42501', null, 'nor write a status');
select lives_ok($$insert into stimuli.stimuli_base (brand_id, stimulus_type, stimulus_name, content_data, target_cohort_id) select brand, 'message', 'By hand', '{"body": "Hi {{first_name}}"}', bags from t$$,
  'but writes a draft');
select throws_ok($$select stimuli.approve(brand, (select id from stimuli.stimuli_base)) from t$$, '42501', null, 'which a manager approves');

select tests.authenticate_as(owner) from t;
select is((select stimuli.install_templates(brand) from t), 6, 'the owner installs the defaults');
update stimuli.stimulus_templates set is_active = template_key = 'category_bundle';
select is((select count(*)::int from t, stimuli.propose(brand, at, 7)), 0,
  'bag lovers have a draft, the others none of the needed categories: nothing is proposed');
select throws_ok($$select stimuli.approve(brand, (select id from stimuli.stimuli_base), at) from t$$, 'PT409', null, 'what nobody checked is not approved');
select tests.authenticate_as_service();
select is((select stimuli.save_content_check(brand, s.id, '{"body": "Another text"}', at) from t, stimuli.stimuli_base s), false, 'a check of another text is none of this one');
select ok((select stimuli.save_content_check(brand, s.id, s.content_data, at) from t, stimuli.stimuli_base s), 'the check passes');
select tests.authenticate_as(owner) from t;
select lives_ok($$select stimuli.approve(brand, (select id from stimuli.stimuli_base), at) from t$$, 'then it is approved');
select is((select deployed + held_out from t, stimuli.deploy(brand, (select id from stimuli.stimuli_base), at, 7)), 5, 'an inactive person gets nothing');
create temp table later on commit drop as select p.* from t, stimuli.propose(brand, at + interval '15 days', 7) p;
select is((select jsonb_build_array(content_data -> 'subject', (generation_parameters -> 'values') - 'brand_name', generation_parameters -> 'personal_fields') from later),
  '["{{top_category}} and {{second_category}} together", {"top_category": "hand bags", "second_category": "belts", "first_name": "there"}, ["first_name"]]',
  'after the window the next one is proposed: the text as it was checked, and what the cohort fills it with');
select is((select concat_ws(' ', offer_type, offer_percentage, approval_status, applicable_products) from stimuli.offers),
  'bundle 15 pending [{"category": "belts"}, {"category": "hand bags"}]', 'with its terms');
select throws_ok($$insert into stimuli.stimulus_templates (brand_id, template_name, template_type, template_structure) select brand, 'x', 'offer', '{}' from t$$,
  '23514', null, 'an offer without terms is no template');
select throws_ok($$insert into stimuli.stimulus_templates (brand_id, template_name, template_type, template_structure, default_content)
  select brand, 'x', 'offer', '{}', '{"offer_type": "discount", "valid_days": 3, "offer_percentage": 101}' from t$$, '23514', null, 'nor one that gives away more than all');
select throws_ok(format($$insert into stimuli.stimulus_templates (brand_id, template_name, template_type, template_structure, default_content)
  select brand, 'x', 'offer', '{}', '{"offer_type": "discount", "valid_days": 3, "offer_percentage": 10}' || %L::jsonb from t$$, terms), '23514', null, 'nor one with the terms ' || terms)
from unnest(array['{"usage_limit": 1.5}', '{"usage_limit_per_customer": "2"}', '{"minimum_purchase": -1}']) terms;
select throws_ok($$select stimuli.deploy(brand, '00000000-0000-4000-8000-000000000000') from t$$, 'PT404', null, 'an unknown stimulus is not found');

select tests.clear_authentication();
insert into core.brand_settings (brand_id, setting_key, setting_value, setting_type) select brand, 'stimuli.auto_approve', 'true', 'boolean' from t;
update stimuli.stimulus_templates set is_active = true;
select private.job_stimuli_propose((select at + interval '15 days' from t));
select private.job_stimuli_deploy((select at + interval '15 days' from t));
select is((select count(*)::int from stimuli.stimulus_deployments d join t on d.cohort_id = t.rest), 2, 'the jobs propose, approve where allowed, and deploy');

select * from finish();
rollback;
