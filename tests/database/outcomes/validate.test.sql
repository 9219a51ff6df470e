-- Steps of learning are graded by what came after them. Truth is known: windows are drawn from hidden rates.
begin;
select plan(14);
set local statement_timeout = '120s';

create temp table w on commit drop as
select tests.create_brand(tests.create_user('owner@validate.test')) as brand, '2026-01-01T00:00:00Z'::timestamptz as at;
-- Arms in three worlds, ten windows each of 150 to 650 people: still; changed before the seventh; one with faked responses in the fifth.
create temp table arm on commit drop as
select i, case when i <= 60 then 'still' when i <= 85 then 'changed' else 'faked' end as world, md5('validate cohort' || i)::uuid as cohort, md5('validate arm' || i)::uuid as id,
  0.05 + 0.25 * tests.uniform('rate' || i) as rate
from generate_series(1, 110) i;
insert into cohorts.cohorts (id, brand_id, cohort_type, discovery_algorithm, cohort_name) select a.cohort, w.brand, 'mixed', 'test', 'Arm ' || i from w, arm a;
insert into stimuli.stimulus_templates (id, brand_id, template_name, template_type, template_structure) select md5('validate template')::uuid, brand, 'T', 'message', '{}' from w;
insert into stimuli.arms (id, brand_id, cohort_id, template_id, alpha, beta) select a.id, w.brand, a.cohort, md5('validate template')::uuid, 1, 9 from w, arm a;
create temp table win on commit drop as
select a.*, k, md5(format('validate step %s %s', i, k))::uuid as step, n, x
from arm a, generate_series(1, 10) k
cross join lateral (select 150 + floor(500 * tests.uniform(format('n %s %s', i, k)))::integer as n) p
cross join lateral (select case when world = 'changed' and k >= 7 then least(0.6, rate * 1.8) when world = 'faked' and k = 5 then least(0.8, rate * 2.5) else rate end as r) q
cross join lateral (select greatest(0, least(n, round(n * r + sqrt(n * r * (1 - r)) * tests.normal(format('x %s %s', i, k)))))::integer as x) y;
insert into outcomes.outcome_learning (id, brand_id, learning_type, learning_category, learning_description, learned_facts, confidence_in_learning, source_outcomes, learning_algorithm, impact_scope, impact_scope_id, learned_at)
select step, w.brand, 'model_update', 'stimulus_effectiveness', 'w', '{}', 1, '[]', 'beta_bernoulli', 'stimulus_specific', null, w.at + k * interval '7 days' from w, win;
create function pg_temp.windows(p_from integer, p_until integer) returns void language sql as $$
  insert into outcomes.arm_rewards (brand_id, learning_id, arm_id, cohort_id, share, pulls, responses, rewarded_at, alpha_before, beta_before, alpha_after, beta_after)
  select w.brand, step, id, cohort, 1, n, x, w.at + k * interval '7 days', 1, 9, 1, 9 from w, win where k between p_from and p_until;
$$;
create temp view undone as select v.* from win v join outcomes.outcome_learning l on l.id = v.step and l.undone_at is not null;

select pg_temp.windows(1, 6);
select is((select waiting > 0 and validated > 0 from w, outcomes.validate_learning(brand, at + interval '43 days')), true, 'steps with three windows after them are graded, the others wait');
select is((select count(*)::int from outcomes.outcome_learning l join win v on v.step = l.id where v.k >= 4 and l.validation_status in ('validated', 'partially_validated')), 0, 'nothing is borne out before three windows');
select pg_temp.windows(7, 7);
select outcomes.validate_learning(brand, at + interval '50 days') from w;
select pg_temp.windows(8, 8);
select outcomes.validate_learning(brand, at + interval '57 days') from w;
select pg_temp.windows(9, 10);
select outcomes.validate_learning(brand, at + interval '71 days') from w;

select ok(count(*) < 0.01 * 600, format('in a still world less than one step of a hundred is undone: %s of 600', count(*))) from undone where world = 'still';
select ok(count(*) filter (where l.validation_status = 'validated') >= 0.9 * count(*), format('nine of ten are validated: %s of %s', count(*) filter (where l.validation_status = 'validated'), count(*)))
from win v join outcomes.outcome_learning l on l.id = v.step where v.world = 'still' and v.k <= 7;
select ok(count(*) >= 0.9 * 25, format('nine of ten steps with faked responses are undone: %s of 25', count(*))) from undone where world = 'faked' and k = 5;
select ok(count(*) <= 0.02 * 225, format('and of the steps around them next to none: %s of 225', count(*))) from undone where world = 'faked' and k <> 5;
select ok(count(*) <= 0.02 * 250, format('what was learnt before people changed is not undone: %s of 250', count(*))) from undone where world = 'changed';
select ok(count(*) filter (where l.validation_results ->> 'cause' = 'change') >= 18, format('that it no longer holds is marked: %s of 25', count(*) filter (where l.validation_results ->> 'cause' = 'change')))
from win v join outcomes.outcome_learning l on l.id = v.step where v.world = 'changed' and v.k = 6;
select ok(precision > 0.9 and right_steps > 400, 'the algorithm has its track record') from outcomes.learning_precision p join w on w.brand = p.brand_id;
select results_eq($$select invalidated, rolled_back from w, outcomes.validate_learning(brand, at + interval '72 days')$$, 'values (0, 0)', 'a grade once given for good stays');
select is((select count(*)::int from public.oasis_events e, w where e.brand_id = w.brand and e.type = 'outcomes.learning_undone'), (select count(*)::int from undone), 'each that was undone is told');
select is((select count(distinct undone_by)::int from outcomes.outcome_learning l, w where l.brand_id = w.brand and undone_at is not null), 1, 'by whom, too');

select is((select lower || ' ' || upper from private.beta_binomial_interval(10, 1, 1)), '0 10', 'ignorance foretells anything');
select ok((select abs(sum(exp(private.ln_beta_binomial(k, 20, 2.5, 7))) - 1) < 1e-9 from generate_series(0, 20) k), 'the probabilities of all counts sum to 1');
select * from finish();
rollback;
