begin;
select plan(19);

create temp table t on commit drop as
select u.owner, tests.create_user('customer@example.com') as customer, tests.create_user('outsider@example.com') as outsider,
  tests.create_brand(u.owner) as brand, tests.create_brand(tests.create_user('rival@example.com'), 'Rival') as rival
from (select tests.create_user('owner@example.com') as owner) u;
select tests.add_member(brand, customer, 'customer') from t;
select private.register_function('test.bake', 'analysis', 'analysis', 'Bakes.');

create temp table x (name text primary key, id uuid) on commit drop;
grant select on t, x to authenticated, service_role;
insert into x select 'secret', private.log_reasoning(rival, 'other', 'global', null, 'The rival decided', 0.5, '[]') from t;
insert into x select 'call', private.log_call('test.bake', brand, '{}', '{}', clock_timestamp(), 0.9) from t;
insert into x select 'cause', private.log_reasoning(brand, 'belief_update', 'actor', brand, 'She likes rye', 0.7,
  jsonb_build_array(jsonb_build_object('kind', 'reasoning', 'id', (select id from x where name = 'secret')), 'a loose remark')) from t;
insert into x select 'top', private.log_reasoning(brand, 'stimulus_generation', 'cohort', brand, 'Offer rye', 0.8,
  jsonb_build_array(jsonb_build_object('kind', 'reasoning', 'id', (select id from x where name = 'cause'), 'weight', 2), jsonb_build_object('kind', 'unknown', 'id', brand)),
  '[{"offer": "wheat", "score": 0.1}]', '["compared"]', (select id from x where name = 'call')) from t;
-- A cause that is explained by its effect.
update ai.reasoning_logs r set function_calls_used = jsonb_build_array((select id from x where name = 'call')),
  evidence_used = r.evidence_used || jsonb_build_array(jsonb_build_object('kind', 'reasoning', 'id', (select id from x where name = 'top')))
where r.id = (select id from x where name = 'cause');

create temp view tree as select ai.explain('reasoning', (select id from x where name = 'top')) as node;
grant select on tree to authenticated, service_role;

select tests.authenticate_as(owner) from t;
select is((select node ->> 'summary' from tree), 'Offer rye', 'the tree begins with the decision');
select is((select node #> '{alternatives,0,offer}' from tree), '"wheat"', 'and its alternatives');
select is((select array_agg(c ->> 'summary') from tree, jsonb_array_elements(node -> 'because') c),
  '{She likes rye,test.bake 1.0.0 completed}', 'its causes follow in their order, unknown kinds left out');
select is((select node #> '{because,0,because}' from tree), '[]', 'no cause is told twice, a circle ends, another brand''s is withheld');
select is((select (node #>> '{because,1,confidence}')::numeric from tree), 0.9, 'a call tells its confidence');
select is((select ai.explain('reasoning', id, 0) #> '{because}' from x where name = 'top'), '[]', 'depth 0 is the decision alone');
select is((select ai.explain('reasoning', id, 0) ->> 'omitted' from x where name = 'top'), '2', 'which says how many causes it leaves out');
select throws_ok($$select ai.explain('reasoning', id, 13) from x where name = 'top'$$, 'PT400', null, 'a depth above 12 is refused');
select throws_ok($$select ai.explain('reasoning', id, null) from x where name = 'top'$$, 'PT400', null, 'so is none');
select throws_ok($$select ai.explain('rumour', id) from x where name = 'top'$$, 'PT400', null, 'and a kind that nothing explains');
select throws_ok($$select ai.explain('reasoning', gen_random_uuid())$$, 'PT404', null, 'an unknown row is not found');
select throws_ok($$select ai.explain('reasoning', id) from x where name = 'secret'$$, 'PT404', null, 'another brand''s looks the same');
select tests.authenticate_as(customer) from t;
select throws_ok($$select ai.explain('reasoning', id) from x where name = 'top'$$, 'PT404', null, 'a customer gets no explanation');
select tests.authenticate_as(outsider) from t;
select throws_ok($$select ai.explain('reasoning', id) from x where name = 'top'$$, 'PT404', null, 'nor does an outsider');

select tests.authenticate_as_service();
select is((select ai.explain('reasoning', id) #>> '{because,0,summary}' from x where name = 'cause'), 'The rival decided',
  'the service role walks across brands');

select tests.clear_authentication();
insert into x select 'lesson', private.log_learning(brand, 'pattern_discovery', 'actor_behavior', 'Rye sells on Friday', '{}', 0.6,
  jsonb_build_object('method', 'rule_based', 'outcomes', jsonb_build_array(brand)), 'global') from t;
select results_eq($$select ai.explain('learning', id) ->> 'summary', (select l.learning_method::text from ai.learning_logs l where l.id = x.id) from x where name = 'lesson'$$,
  $$values ('Rye sells on Friday', 'rule_based')$$, 'a lesson is explained');
select throws_ok($$select private.log_learning(brand, 'other', 'other', 'x', '{}', 2) from t$$, '23514', null, 'its confidence is at most 1');

insert into x select 'n' || n, private.log_reasoning(brand, 'other', 'global', null, 'Cause ' || n, 0.5, '[]') from t, generate_series(1, 30) n;
insert into x select 'broad', private.log_reasoning(brand, 'other', 'global', null, 'Broad', 0.5,
  (select jsonb_agg(jsonb_build_object('kind', 'reasoning', 'id', id) order by name) from x where name ~ '^n\d')) from t;
select is((select (jsonb_array_length(n -> 'because'), n ->> 'omitted')::text from (select ai.explain('reasoning', id) as n from x where name = 'broad') b),
  '(20,10)', 'a node shows 20 causes and says how many it omits');
select tests.authenticate_as(owner) from t;
select throws_ok($$update ai.reasoning_logs set decision_made = 'x'$$, '42501', null, 'clients do not rewrite a reason');

select * from finish();
rollback;
