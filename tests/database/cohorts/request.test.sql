begin;
select plan(21);

create temp table t on commit drop as
select b.*, tests.create_brand(b.owner) as brand, tests.create_brand(b.stranger) as other
from (select tests.create_user('owner@example.com') as owner, tests.create_user('support@example.com') as support,
  tests.create_user('kiosk@example.com') as kiosk, tests.create_user('stranger@example.com') as stranger) b;
grant select on t to anon, authenticated, service_role;
select tests.add_member(brand, support, 'support'), tests.add_member(brand, kiosk, 'kiosk') from t;
select tests.plant_groups(brand, 120, 2, 1) from t;
update core.system_parameters set parameter_value = '3' where parameter_key = 'cohorts.max_k';

select tests.authenticate_as(owner) from t;
create temp table r on commit drop as select q.* from t, cohorts.request_run(brand, 'kmeans', 7) q;
grant select on r to authenticated, service_role;
select is((select joined from r), false, 'who asks first begins a run');
select is((select q from t, cohorts.request_run(brand) q), (select (run_id, true)::cohorts.requested_run from r), 'who asks next joins it');
select is((select array[min(kind) filter (where place = 1), min(kind) filter (where place = count)]
    from (select x.*, count(*) over () from r, rows from (cohorts.run_steps(run_id)) with ordinality x (kind, steps, done, failures, spent_ms, place)) x),
  '{load,finish}', 'its steps come in their order');
select tests.clear_authentication();
select is((select jsonb_agg(jsonb_build_array(sum, d, f)) from (select sum(steps), sum(done) as d, sum(failures) as f from r, cohorts.run_steps(run_id)) x),
  (select jsonb_build_array(jsonb_build_array(count(*), 0, 0)) from private.clustering_steps), 'all of them are counted, and none is done');

select tests.authenticate_as(support) from t;
select throws_ok($$select cohorts.request_run(brand) from t$$, '42501', null, 'support asks for no run');
select isnt_empty($$select cohorts.run_steps(run_id) from r$$, 'and sees how far it is');
select tests.authenticate_as(kiosk) from t;
select throws_ok($$select cohorts.run_steps(run_id) from r$$, '42501', null, 'a kiosk does not');
select tests.authenticate_as(stranger) from t;
select throws_ok($$select cohorts.run_steps(run_id) from r$$, 'PT404', null, 'to a stranger there is no such run');
select throws_ok($$select cohorts.run_steps(gen_random_uuid())$$, 'PT404', null, 'as there is none');

select tests.clear_authentication();
select private.advance_clustering(run_id, '1 minute') from r;
create temp table c on commit drop as select l.id from t, cohorts.list(brand) l limit 1;
grant select on c to authenticated, service_role;

select tests.authenticate_as(owner) from t;
select is((select array(select jsonb_object_keys(f) order by 1) from c, cohorts.naming_facts(id) f),
  '{asked_by,brand_id,characteristics,description,name,other_names,people}', 'who is to name a cohort is told of the group and of nobody in it');
select is((select (f ->> 'asked_by')::uuid from c, cohorts.naming_facts(id) f), (select owner from t), 'and who asks');
select tests.authenticate_as(support) from t;
select throws_ok($$select cohorts.naming_facts(id) from c$$, '42501', null, 'support has nothing named');
select tests.authenticate_as(stranger) from t;
select throws_ok($$select cohorts.naming_facts(id) from c$$, 'PT404', null, 'to a stranger there is no such cohort');
select tests.authenticate_as(owner) from t;
select cohorts.rename(id, 'Our regulars') from c;
select throws_ok($$select cohorts.naming_facts(id) from c$$, 'PT409', null, 'what a manager named is not named again');
select tests.clear_authentication();
update cohorts.cohorts set name_source = 'characteristics';
update core.system_parameters set parameter_value = '1' where parameter_key = 'cohorts.namings_per_hour';
delete from private.rate_limits;
select tests.authenticate_as(owner) from t;
select lives_ok($$select cohorts.naming_facts(id) from c$$, 'names are asked for as often as the parameter says');
select throws_ok($$select cohorts.naming_facts(id) from c$$, 'PT429', null, 'and no oftener');

prepare log as select ai.log_provider_call(brand, 'cohorts.describe', 'openai', 'a-model', 'failed', now(), '{"name": "naming"}', null,
  '{"code": "ai_refused", "status": 401}', 2, owner, 'cohort', id) from t, c;
select throws_ok('execute log', '42501', null, 'an owner does not write into the log of calls');
select tests.authenticate_as_service();
select lives_ok('execute log', 'the service role does');
select tests.clear_authentication();
select is((select concat_ws(' ', l.execution_status, l.retry_count, l.user_id, l.error_data ->> 'code', l.input_data ->> 'provider', l.input_data ->> 'model', l.input_data #>> '{request,name}', l.related_entity_id)
    from t join ai.function_calls l on l.brand_id = t.brand join ai.functions f on f.id = l.function_id where f.function_name = 'cohorts.describe'),
  (select format('failed 2 %s ai_refused openai a-model naming %s', owner, id) from t, c), 'with provider and model, for whom, about what, and how it ended');
select tests.authenticate_as_service();
select throws_ok($$select ai.log_provider_call(gen_random_uuid(), 'cohorts.describe', 'openai', 'm', 'failed', now(), '{}')$$, 'PT404', null, 'for a brand that is there');
select throws_ok($$select ai.log_provider_call(brand, 'nobody.knows', 'openai', 'm', 'failed', now(), '{}') from t$$, 'PT500', null, 'and a function that is registered');

select * from finish();
rollback;
