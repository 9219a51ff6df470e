-- What another policy would have brought, where it can be reckoned by hand.
begin;
select plan(14);

create temp table w on commit drop as select tests.create_user('owner@policy.test') as owner, tests.create_user('clerk@policy.test') as clerk;
alter table w add brand uuid;
update w set brand = tests.create_brand(owner, 'Policy');
select tests.add_member(brand, clerk, 'operator') from w;
insert into actors.actors (id, brand_id, primary_identifier, primary_identifier_type, first_seen_at, last_seen_at)
select md5('p' || n)::uuid, brand, 'p' || n, 'customer_id', '2026-01-01', '2026-01-01' from w, generate_series(1, 1000) n;
insert into cohorts.cohorts (id, brand_id, cohort_type, discovery_algorithm, cohort_name) select md5('pc' || n)::uuid, brand, 'mixed', 'test', 'c' || n from w, generate_series(1, 2) n;
insert into stimuli.stimulus_templates (id, brand_id, template_name, template_type, template_structure) select md5('pt' || n)::uuid, brand, 't' || n, 'message', '{}' from w, generate_series(1, 3) n;
insert into stimuli.stimuli_base (id, brand_id, stimulus_type, stimulus_name, content_data, status) select md5('ps' || n)::uuid, brand, 'message', 's' || n, '{}', 'active' from w, generate_series(1, 2) n;
-- 100 of 1,000 held out; of the others template 1 in 3 of 4. Cohort 1: 20% respond to template 1 and 40% to 2; cohort 2: 30% and 10%.
create temp table log on commit drop as
select n, 1 + n % 2 as cohort, case when n / 2 % 4 < 3 then 1 else 2 end as template, n <= 100 as held, n / 8 % 10 as place from generate_series(1, 1000) n;
insert into stimuli.stimulus_deployments (id, brand_id, stimulus_id, actor_id, cohort_id, template_id, is_holdout, propensity, deployment_channel, deployment_method, delivered_content, deployed_at, window_ends_at, delivery_status)
select md5('pd' || n)::uuid, brand, md5('ps' || template)::uuid, md5('p' || n)::uuid, md5('pc' || cohort)::uuid, md5('pt' || template)::uuid, held,
  case template when 1 then 0.75 else 0.25 end * case when held then 0.1 else 0.9 end, 'email', 'push', '{}', '2026-03-01', '2026-03-10', (case when held then 'held_out' else 'sent' end)::stimuli.delivery_status
from w, log;
insert into outcomes.outcomes (brand_id, source_key, deployment_id, target_actor_id, outcome_type, outcome_value, outcome_unit, outcome_timestamp)
select brand, 'o' || n, md5('pd' || n)::uuid, md5('p' || n)::uuid, 'purchase', 10, 'currency', '2026-03-05'
from w, log where not held and place < case when cohort = 1 then case template when 1 then 2 else 4 end else case template when 1 then 3 else 1 end end;
insert into stimuli.arms (brand_id, cohort_id, template_id, alpha, beta, last_reward_at)
select brand, md5('pc' || a.c)::uuid, md5('pt' || a.t)::uuid, a.alpha, 100 - a.alpha, '2026-03-20' from w, (values (1, 1, 20), (1, 2, 40), (2, 1, 30), (2, 2, 10)) a (c, t, alpha);

create temp table v on commit drop as
select p.policy, x.* from w, (values ('uniform', null), ('greedy', null), ('thompson', null), ('template', md5('pt1')::uuid)) p (policy, template),
  lateral outcomes.policy_value(brand, p.policy, '2026-03-01', '2026-04-01', p.template, 'response', '2026-03-20') x;
create temp table hand on commit drop as
select policy, sum(value) filter (where cohort = 1) / 2 + sum(value) filter (where cohort = 2) / 2 as truth
from (values ('uniform', 1, 0.30), ('uniform', 2, 0.20), ('greedy', 1, 0.40), ('greedy', 2, 0.30), ('thompson', 1, 0.40), ('thompson', 2, 0.30), ('template', 1, 0.20), ('template', 2, 0.30)) h (policy, cohort, value) group by policy;
select ok(bool_and(abs(v.value / h.truth - 1) < 0.06), format('%s finds what each policy brings', method)) from v join hand h on h.policy = v.policy where method <> 'logged' group by method order by method;
select is(v.value, (select count(*)::double precision from outcomes.outcomes) / 900, 'logged is what came') from v where method = 'logged' and policy = 'uniform';
select ok(bool_and(lower < value and value < upper and standard_error < 0.06), 'each has its error') from v;
-- w is 2 for template 2 and 2/3 for template 1 under the uniform policy, and nothing for the held out.
select is(round(v.largest_weight::numeric, 6), round((0.5 / 0.225)::numeric, 6), 'the largest weight is that of what the log seldom chose') from v where policy = 'uniform' and method = 'ips';
select is(round(v.effective_choices::numeric, 3), round((select sum(case template when 1 then 0.5 / 0.675 else 0.5 / 0.225 end) ^ 2 / sum((case template when 1 then 0.5 / 0.675 else 0.5 / 0.225 end) ^ 2) from log where not held)::numeric, 3), 'and the effective choices are fewer')
from v where policy = 'uniform' and method = 'snips';
select is(max(warning), null, 'there is nothing to warn of') from v;
select ok(abs(x.value / 2.5 - 1) < 0.06, 'revenue is a reward too')
from w, outcomes.policy_value(brand, 'template', '2026-03-01', '2026-04-01', md5('pt1')::uuid, 'revenue', '2026-03-20') x where x.method = 'doubly_robust';
-- Template 3 was tried on one person.
update stimuli.stimulus_deployments set template_id = md5('pt3')::uuid, propensity = 0.001 where id = md5('pd999')::uuid;
select matches(x.warning, 'never tried', 'what was hardly tried is warned of') from w, outcomes.policy_value(brand, 'template', '2026-03-01', '2026-04-01', md5('pt3')::uuid, 'response', '2026-03-20') x where x.method = 'ips';
select is_empty($$select outcomes.policy_value(brand, 'uniform', '2026-03-01', '2026-04-01', null, 'response', '2026-03-09') from w$$, 'windows that are open say nothing');
select throws_ok($$select outcomes.policy_value(brand, 'magic', '2026-03-01', '2026-04-01') from w$$, 'PT400', null, 'a policy is known');
select throws_ok($$select outcomes.policy_value(brand, 'template', '2026-03-01', '2026-04-01', gen_random_uuid()) from w$$, 'PT404', null, 'a template is of the brand');
select tests.authenticate_as(clerk) from w;
select throws_ok($$select outcomes.policy_value(b.id, 'uniform', '2026-03-01', '2026-04-01') from core.brands b$$, '42501', null, 'an operator does not ask');

select * from finish();
rollback;
