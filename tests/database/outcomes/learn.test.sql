begin;
select plan(31);
set local statement_timeout = '60s';

create temp table w on commit drop as
select tests.create_brand(tests.create_user('owner@example.com')) as brand, md5('learn cohort')::uuid as cohort, '2026-03-01'::timestamptz as at;
insert into actors.actors (id, brand_id, name, primary_identifier, primary_identifier_type, first_seen_at, last_seen_at)
select md5('learn actor' || i)::uuid, brand, 'Ada Example', 'c' || i, 'customer_id', at, at from w, generate_series(1, 200) i;
insert into cohorts.cohorts (id, brand_id, cohort_type, discovery_algorithm, cohort_name) select cohort, brand, 'mixed', 'test', 'Everybody' from w;
insert into cohorts.actor_cohort_membership (brand_id, actor_id, cohort_id, assigned_by_algorithm)
select brand, a.id, cohort, 'test' from w join actors.actors a on a.brand_id = w.brand;

select is((select stimuli.install_templates(brand) from w), 6, 'six templates are installed');
select is((select stimuli.install_templates(brand) from w), 0, 'once');
create temp table s on commit drop as select p.* from w, stimuli.propose(brand, at, 1) p;
select is((select count(*)::int from s), 1, 'one proposal for the one cohort');
select is((select count(*)::int from w, stimuli.propose(brand, at, 1)), 0, 'and no second one while it waits');
select is((select status::text from s), 'draft', 'a proposal waits for approval');
select ok((select count(*) = 1 from ai.reasoning_logs r join s on r.id = s.reasoning_log_id
  where jsonb_array_length(r.decision_alternatives) = 6), 'its reasoning tells all six alternatives');
select ok((select (generation_parameters ->> 'propensity')::float between 0.05 and 0.9 from s), 'and its propensity');
select is((select count(*)::int from s join stimuli.stimulus_templates t on t.id = s.template_id where t.required_fields ? 'top_category'), 0,
  'a template that needs a category is no choice for a cohort without one');
select is((select usage_count from stimuli.stimulus_templates t join s on s.template_id = t.id), 1, 'the use of the template is counted');
select ok(s.content_data ->> 'body' not like '%{{brand%' and s.content_data ->> 'body' like '%{{first\_name}}%', 'the content is filled up to the person''s name') from s;

select throws_ok($$select stimuli.deploy(w.brand, s.id, w.at, 3) from w, s$$, 'PT409', null, 'a draft is not deployed');
select is((select (stimuli.approve(w.brand, s.id, w.at)).status::text from w, s), 'approved', 'it is approved');
create temp table d1 on commit drop as select d.* from w, s, stimuli.deploy(w.brand, s.id, w.at, 3) d;
select ok((select deployed + held_out = 200 and held_out between 3 and 45 from d1), 'everybody is assigned, about a tenth held out');
select results_eq($$select d.* from w, s, stimuli.deploy(w.brand, s.id, w.at, 99) d$$, $$select * from d1$$, 'deploying again changes nothing and answers the same');
select is((select count(*)::int from stimuli.stimulus_deployments where is_holdout and (delivered_content <> '{}' or delivery_status <> 'held_out')), 0, 'held-out people are sent nothing');
select ok((select bool_and(personalization_applied ->> 'first_name' = 'Ada') from stimuli.stimulus_deployments where not is_holdout), 'treated people are called by their first name');

select is((select stimuli.record_delivery(brand, jsonb_build_array(jsonb_build_object('deployment_id', d.id, 'status', 'failed'))) from w,
  lateral (select id from stimuli.stimulus_deployments where not is_holdout order by actor_id limit 1) d), 1, 'a failed delivery is reported');
select is((select stimuli.record_delivery(brand, jsonb_build_array(jsonb_build_object('deployment_id', d.id, 'status', 'sent'))) from w,
  lateral (select id from stimuli.stimulus_deployments where is_holdout limit 1) d), 0, 'a held-out person cannot be sent to');
select throws_ok($$select stimuli.record_delivery(brand, '[{"deployment_id": "x", "status": "sent"}]') from w$$, 'PT400', null, 'a report needs a deployment');

-- Forty treated people buy on day 3, one of them returns it, one buys after the window.
insert into signals.signals_base (id, brand_id, signal_type, source_platform, source_id, occurred_at, raw_content, content_sha256,
  actor_id, confidence_in_matching, quality_score, processing_status)
select md5(d.id || k)::uuid, d.brand_id, 'order', 'shop', d.id || k, w.at + days * interval '1 day', '{}', sha256((d.id || k)::bytea), d.actor_id, 0.9, 0.9, 'completed'
from w, (select *, row_number() over (order by actor_id) as place from stimuli.stimulus_deployments where delivery_status = 'pending') d,
  (values ('buy', 3, 1, 40), ('return', 5, 1, 1), ('late', 15, 41, 41)) x (k, days, first, last)
where d.place between x.first and x.last;
insert into signals.order_history (signal_id, brand_id, order_number, order_date, order_status, items, subtotal, total_amount)
select id, brand_id, source_id, occurred_at, case when source_id like '%return' then 'refunded' else 'confirmed' end,
  '[{"product_id": "p", "name": "P", "quantity": 1, "unit_price": 50}]', 50, 50 from signals.signals_base;

select is((select outcomes.measure(brand, at + interval '20 days') from w), 41, 'purchases and the return inside the window are outcomes');
select is((select outcomes.measure(brand, at + interval '20 days') from w), 0, 'once');
select results_eq($$select outcomes_learned, beliefs_moved, arms_updated from w, outcomes.learn(brand, at + interval '14 days 12 hours')$$,
  $$values (0, 0, 0)$$, 'nothing is learned before late signals had their day');
create temp table l on commit drop as select x.* from w, outcomes.learn(brand, at + interval '20 days') x;
select ok((select beliefs_moved = d1.deployed - 1 and arms_updated = 1 and outcomes_learned = d1.deployed from l, d1),
  'everybody reached moves a belief, the arm moves once') ;
select results_eq($$select outcomes_learned, beliefs_moved, arms_updated from w, outcomes.learn(brand, at + interval '30 days')$$,
  $$values (0, 0, 0)$$, 'and never twice');
select ok((select a.pulls = d1.deployed - 1 and abs(a.alpha - 41) < 1e-9 and abs(a.beta - (9 + d1.deployed - 41)) < 1e-9 from stimuli.arms a, d1), 'the arm holds prior, responses and silences');
select is((select count(*)::int from actors.evidence where source_kind = 'outcome' and value = 1 and weight < 0.81), 40, 'a response weighs quality x match x attribution');
select is((select status::text || ' ' || total_converted from stimuli.stimuli_base), 'completed 40', 'the stimulus is completed, its conversions counted');
select is((select count(*)::int from outcomes.outcome_learning l join ai.learning_logs g on g.id = l.learning_log_id join outcomes.outcome_analysis a on a.id = l.source_analysis_id), 1, 'one thing is learned, logged and analysed');
select ok((select count(*) = 2 from outcomes.cohort_outcome_summary) and (select count(*) = 2 from stimuli.stimulus_performance_metrics)
  and (select count(*) = 2 from cohorts.cohort_performance_metrics where baseline_value = 0), 'summaries and measures of performance are written');
select ok((select e.treated_responses = 40 and e.revenue = 39 * 50 and e.lift > 0.15 from s, outcomes.effectiveness(s.id) e), 'revenue counts the return');
select ok((select x -> 'because' -> 0 ->> 'kind' = 'deployment' and x -> 'because' -> 0 -> 'because' -> 0 ->> 'kind' = 'stimulus'
  from (select ai.explain('outcome', id) as x from outcomes.outcomes where outcome_type = 'purchase' limit 1) e), 'an outcome is explained back to the stimulus');

select * from finish();
rollback;
