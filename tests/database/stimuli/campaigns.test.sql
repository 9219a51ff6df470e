begin;
select plan(44);

create temp table t on commit drop as select tests.create_user('owner@example.com') as owner, tests.create_user('op@example.com') as op,
  '2026-01-05'::timestamptz as at, md5('cohort')::uuid as cohort;
alter table t add brand uuid, add campaign uuid;
update t set brand = tests.create_brand(owner, 'Shop');
select tests.add_member(brand, op, 'operator') from t;
insert into cohorts.cohorts (id, brand_id, cohort_type, discovery_algorithm, cohort_name) select cohort, brand, 'mixed', 'test', 'All' from t;
insert into actors.actors (id, brand_id, primary_identifier, primary_identifier_type, first_seen_at, last_seen_at)
select md5('p' || i)::uuid, brand, 'p' || i, 'customer_id', at, at from t, generate_series(1, 10) i;
insert into cohorts.actor_cohort_membership (brand_id, actor_id, cohort_id, assigned_by_algorithm) select brand, md5('p' || i)::uuid, cohort, 'test' from t, generate_series(1, 10) i;
select stimuli.install_templates(brand) from t;
create temp table keys on commit drop as select s.template_key, s.id from stimuli.stimulus_templates s, t where s.brand_id = brand;
grant all on t, keys to authenticated, service_role;
create function pg_temp.campaign(p_change jsonb default '{}') returns jsonb language sql as $$
  select jsonb_build_object('name', 'Spring', 'goal', 'conversion', 'cohort_id', cohort, 'choice', 'weights', 'budget_limit', 100.5, 'max_sends_per_day', 50,
    'variants', jsonb_build_array(jsonb_build_object('template_id', (select id from keys where template_key = 'free_shipping'), 'weight', 3),
      jsonb_build_object('template_id', (select id from keys where template_key = 'win_back')))) || p_change from t
$$;
grant execute on function pg_temp.campaign(jsonb) to authenticated;

select tests.authenticate_as(op) from t;
select throws_ok($$select stimuli.create_campaign(brand, pg_temp.campaign(), at) from t$$, '42501', null, 'an operator makes no campaign');
select tests.authenticate_as(owner) from t;
select throws_ok(format($$select stimuli.create_campaign(brand, pg_temp.campaign(%L), at) from t$$, c), 'PT400', null, 'no campaign: ' || c) from unnest(array[
  '{"name": " "}', '{"goal": "fame"}', '{"choice": "best"}', '{"cohort_id": "x"}', '{"variants": []}', '{"variants": [{"template_id": 7}]}', '{"variants": {"a": 1}}',
  '{"budget_limit": -1}', '{"budget_limit": "much"}', '{"daily_budget_limit": 101}', '{"max_sends_per_day": 1.5}', '{"total_send_limit": 0}', '{"target_open_rate": 2}',
  '{"scheduled_for": "tomorrow"}', '{"scheduled_for": "2026-02-30T00:00:00Z"}', '{"scheduled_for": "2026-03-01T00:00:00Z", "expires_at": "2026-02-01T00:00:00Z"}', '{"surprise": 1}']) c;
select throws_ok($$select stimuli.create_campaign(brand, pg_temp.campaign(jsonb_build_object('variants', jsonb_build_array(v, v))), at) from t, keys k,
  lateral (select jsonb_build_object('template_id', k.id) as v) x where template_key = 'win_back'$$, 'PT400', null, 'nor one with a template twice');
select throws_ok($$select stimuli.create_campaign(brand, pg_temp.campaign(jsonb_build_object('cohort_id', gen_random_uuid())), at) from t$$, 'PT404', null, 'nor one for nobody');
select throws_ok($$select stimuli.create_campaign(brand, pg_temp.campaign(jsonb_build_object('variants', jsonb_build_array(jsonb_build_object('template_id', k.id)))), at) from t, keys k where template_key = 'category_discount'$$,
  'PT409', null, 'nor one that cannot be filled for the cohort');

update t set campaign = (stimuli.create_campaign(brand, pg_temp.campaign(), at)).id;
select is((select concat_ws(' ', variant_choice, is_ab_test, budget_limit, max_sends_per_day, campaign_goal) from stimuli.campaigns), 'weights t 100.50 50 conversion', 'a campaign has its budget and limits');
select is((select jsonb_agg(jsonb_build_array(stimulus_type, variant_weight, status, target_cohort_id = cohort, reasoning_log_id is not null) order by s.id) from stimuli.stimuli_base s, t where campaign_id = campaign),
  '[["offer", 3, "draft", true, true], ["message", 1, "draft", true, true]]', 'and each variant is a stimulus with its weight and its reasons');
select is((select count(*)::int from t, stimuli.propose(brand, at)), 0, 'a cohort with a campaign gets no other proposal meanwhile');
select throws_ok($$select stimuli.approve(brand, s.id, at) from t, stimuli.stimuli_base s where s.campaign_id = campaign$$, 'PT409', null, 'a variant is not approved by itself');
select throws_ok($$select stimuli.reject(brand, s.id, 'x') from t, stimuli.stimuli_base s where s.campaign_id = campaign$$, 'PT409', null, 'nor rejected');
select tests.clear_authentication();
update stimuli.offers set offer_type = 'discount' where brand_id = (select brand from t);
select tests.authenticate_as(owner) from t;
select throws_ok($$select stimuli.approve(brand, campaign, at) from t$$, 'PT409', null, 'a campaign with a variant that is not sound is not approved');
select is((select array_agg(distinct status::text) from stimuli.stimuli_base), '{draft}', 'and none of it is');
select tests.clear_authentication();
update stimuli.offers set offer_type = 'free_shipping' where brand_id = (select brand from t);
select tests.authenticate_as(owner) from t;
select is((select (stimuli.approve(brand, campaign, at)).status::text from t), 'approved', 'with sound variants it is');
select is((select array_agg(distinct status::text) from stimuli.stimuli_base), '{approved}', 'with all of them');
select tests.clear_authentication();
select throws_ok($$update stimuli.stimuli_base set variant_weight = 9 where campaign_id is not null$$, 'PT409', null, 'then its weights are fixed');
select lives_ok($$update stimuli.campaigns set budget_limit = 50$$, 'its budget is not');

select tests.authenticate_as(owner) from t;
select is((select (stimuli.move_campaign(brand, campaign, 'pause', at)).status::text from t), 'paused', 'it is paused');
select is((select array_agg(distinct status::text) from stimuli.stimuli_base), '{paused}', 'with all variants');
select is((select (stimuli.move_campaign(brand, campaign, 'resume', at)).status::text from t), 'approved', 'and goes on where it was');
select throws_ok($$select stimuli.move_campaign(brand, campaign, 'complete', at) from t$$, 'PT409', null, 'what never ran is not completed');
select throws_ok($$select stimuli.move_campaign(brand, campaign, 'explode', at) from t$$, 'PT400', null, 'nor anything else');
select tests.clear_authentication();
update stimuli.stimuli_base set status = 'active', activated_at = '2026-01-06', total_sent = 3, total_delivered = 2 where campaign_id is not null;
select is((select concat_ws(' ', status, total_sent, total_delivered, activated_at::date) from stimuli.stimuli_base, t where id = campaign), 'active 6 4 2026-01-06', 'it has the totals of its variants, and is active with them');
update stimuli.stimuli_base set status = 'completed', completed_at = '2026-02-01' where campaign_id is not null;
select is((select concat_ws(' ', status, completed_at::date) from stimuli.stimuli_base, t where id = campaign), 'completed 2026-02-01', 'and ends when all have ended');
select tests.authenticate_as(owner) from t;
select throws_ok($$select stimuli.move_campaign(brand, campaign, 'cancel', at) from t$$, 'PT409', null, 'what has ended is not cancelled');

create temp table copied on commit drop as select c.* from t, stimuli.copy_campaign(brand, campaign, 'Summer', at) c;
select is((select concat_ws(' ', c.stimulus_name, c.status, x.budget_limit, (select sum(variant_weight) from stimuli.stimuli_base v where v.campaign_id = c.id)) from copied c join stimuli.campaigns x on x.stimulus_id = c.id),
  'Summer draft 50.00 4', 'a copy is a draft with the same variants and limits');
select is((select jsonb_array_length(stimuli.preview_facts(brand, c.id, md5('p1')::uuid) -> 'stimuli') from t, copied c), 2, 'its preview shows every variant');
select is((select (stimuli.reject(brand, c.id, 'Too early')).status::text from t, copied c), 'cancelled', 'it is rejected');
select is((select array_agg(distinct v.status::text) from copied c join stimuli.stimuli_base v on v.campaign_id = c.id), '{cancelled}', 'with all variants');

select * from finish();
rollback;
