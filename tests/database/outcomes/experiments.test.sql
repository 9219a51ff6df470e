begin;
select plan(47);

create temp table w on commit drop as
select tests.create_brand(tests.create_user('owner@example.com')) as brand, tests.create_user('manager@example.com') as manager, tests.create_user('support@example.com') as support,
  tests.create_user('stranger@example.com') as stranger, md5('campaign')::uuid as campaign;
grant select on w to authenticated;
select tests.add_member(brand, manager, 'manager'), tests.add_member(brand, support, 'support'), tests.create_brand(stranger) from w;
insert into actors.actors (id, brand_id, primary_identifier, primary_identifier_type, first_seen_at, last_seen_at)
select md5('person' || i)::uuid, w.brand, 'c' || i, 'customer_id', '2026-01-01', '2026-01-01' from w, generate_series(1, 4000) i;
insert into stimuli.stimuli_base (id, brand_id, stimulus_type, stimulus_name, content_data) select campaign, brand, 'campaign', 'Spring', '{}' from w;
insert into stimuli.campaigns (stimulus_id, brand_id, campaign_type, campaign_goal) select campaign, brand, 'email', 'conversion' from w;

-- A test of one variant against a control, on so many people; started on February 1st.
create function pg_temp.begin_test(p_name text, p_max integer, p_method text default 'group_sequential') returns uuid language plpgsql as $$
declare
  v_id uuid := md5(p_name)::uuid;
begin
  insert into stimuli.experiments (id, brand_id, experiment_name, hypothesis, campaign_id, baseline, minimal_effect, max_people, sequential_method, outcome_window_days)
  select v_id, brand, p_name, 'It sells more', campaign, 0.2, 0.2, p_max, p_method, 3 from w;
  insert into stimuli.experiment_variants (id, brand_id, experiment_id, variant_name, is_control, share)
  select md5(p_name || v)::uuid, brand, v_id, v, v = 'control', 0.5 from w, unnest(array['control', 'bold']) v;
  insert into stimuli.experiment_metrics (brand_id, experiment_id, metric_name, metric_kind, metric_role, numerator, denominator, direction, margin)
  select w.brand, v_id, m.* from w, (values
    ('buyers', 'binary', 'primary', '{purchase}'::text[], null::text[], 'increase', 0), ('order value', 'ratio', 'secondary', '{purchase,revenue}', '{purchase}', 'increase', 0),
    ('revenue', 'mean', 'secondary', '{purchase,revenue}', null, 'increase', 0), ('leavers', 'binary', 'guardrail', '{unsubscribe}', null, 'decrease', 0.1)) m;
  perform private.stimuli_start_experiment(brand, v_id, '2026-02-01') from w;
  return v_id;
end
$$;
-- People p_from to p_to meet their variant on p_at; a share of each side buys for 10 a day later, and a share of the bold leaves.
create function pg_temp.play(p_test uuid, p_from integer, p_to integer, p_at timestamptz, p_control double precision, p_bold double precision, p_leave double precision default 0) returns void language plpgsql as $$
declare
  v_ids uuid[] := array(select md5('person' || i)::uuid from generate_series(p_from, p_to) i);
begin
  create temp table x on commit drop as
  select v.actor_id, v.variant_id, k.is_control, row_number() over (partition by v.variant_id order by v.actor_id) * 1.0 / count(*) over (partition by v.variant_id) as place
  from w, private.experiment_variants(w.brand, p_test, v_ids, p_at) v join stimuli.experiment_variants k on k.id = v.variant_id;
  perform private.expose(w.brand, p_test, array_agg(x.actor_id), array_agg(null::uuid), array_agg(p_at), p_at) from w, x group by w.brand;
  insert into outcomes.outcomes (brand_id, source_key, target_actor_id, outcome_type, outcome_value, outcome_timestamp)
  select w.brand, gen_random_uuid()::text, x.actor_id, 'purchase'::outcomes.outcome_type, 10, p_at + interval '1 day' from w, x where x.place <= case when x.is_control then p_control else p_bold end
  union all
  select w.brand, gen_random_uuid()::text, x.actor_id, 'unsubscribe', 1, p_at + interval '2 days' from w, x where not x.is_control and x.place <= p_leave;
  drop table x;
end
$$;
create function pg_temp.result(p_test uuid, p_metric text, p_now timestamptz) returns outcomes.experiment_result language sql as $$
  select r from outcomes.experiment_results(p_test, p_now) r where r.metric_name = p_metric and not r.is_control
$$;

select pg_temp.begin_test('wins', 2000);
select pg_temp.play(md5('wins')::uuid, 1, 1000, '2026-02-02', 0.2, 0.4, 0.3);
select is((select count(*)::integer from outcomes.experiment_results(md5('wins')::uuid, '2026-02-04') r where r.people > 0), 0, 'nobody counts before the outcome window is over');
select is((outcomes.experiment_verdict(md5('wins')::uuid, '2026-02-04')).verdict, 'too_early', 'and it is too early to say anything');
select ok(abs(r.value - 0.4) < 0.002 and abs(r.lift - 1) < 0.02 and r.people between 430 and 570, 'then shares and lift are told') from pg_temp.result(md5('wins')::uuid, 'buyers', '2026-02-06') r;
select ok(abs(r.boundary - 2.241402727604947 / sqrt(0.5)) < 1e-9 and r.is_crossed, 'with half of the planned people the boundary is 2.2414 / sqrt(0.5)') from pg_temp.result(md5('wins')::uuid, 'buyers', '2026-02-06') r;
select ok(r.sequential_lower > 0 and r.e_value > 20 and r.chance_to_win > 0.999 and r.expected_loss < 1e-4, 'e-value, interval and chances agree') from pg_temp.result(md5('wins')::uuid, 'buyers', '2026-02-06') r;
select ok(abs(r.value - 10) < 1e-9 and num_nonnulls(r.z, r.e_value, r.p_value, r.adjusted_p_value) = 0, 'order value is the same for all: nothing is claimed') from pg_temp.result(md5('wins')::uuid, 'order value', '2026-02-06') r;
select ok(abs(r.value - 4) < 0.02 and r.adjusted_p_value >= r.p_value and r.adjusted_p_value < 0.001, 'revenue per person') from pg_temp.result(md5('wins')::uuid, 'revenue', '2026-02-06') r;
select is(r.guardrail, 'harm', 'the guardrail sees those who leave') from pg_temp.result(md5('wins')::uuid, 'leavers', '2026-02-06') r;
select is((v.verdict, v.broken_guardrails)::text, '(better,{leavers})', 'the verdict says both') from outcomes.experiment_verdict(md5('wins')::uuid, '2026-02-06') v;
select matches(v.summary, 'bold is better than the control.*Harm beyond the margin: leavers', 'in words') from outcomes.experiment_verdict(md5('wins')::uuid, '2026-02-06') v;

-- Looks.
select private.look_at_experiments(brand, '2026-02-06') from w;
select private.look_at_experiments(brand, '2026-02-06') from w;
select is((select count(*)::integer from stimuli.experiment_looks l where l.experiment_id = md5('wins')::uuid), 1, 'a moment is looked at once');
select is((select array_agg(distinct e.type order by e.type) from public.oasis_events e, w where e.brand_id = w.brand and e.type like 'outcomes.experiment_%'),
  '{outcomes.experiment_concluded,outcomes.experiment_guardrail_broken}', 'a conclusion and a broken guardrail are told');
select throws_ok('delete from stimuli.experiment_looks', '42501', null, 'the record of looks stays');
select pg_temp.play(md5('wins')::uuid, 1001, 2000, '2026-02-10', 0.4, 0.2);
select is((outcomes.experiment_verdict(md5('wins')::uuid, '2026-02-20')).verdict, 'better', 'what a look concluded stands');
select ok(not r.is_crossed, 'though the figures have turned since') from pg_temp.result(md5('wins')::uuid, 'buyers', '2026-02-20') r;

-- Decided by the e-value.
select pg_temp.begin_test('valid', 2000, 'always_valid');
select pg_temp.play(md5('valid')::uuid, 1, 200, '2026-04-01', 0.2, 0.3);
select ok(not r.is_crossed and r.e_value < 20 and abs(r.boundary * r.standard_error - (r.sequential_upper - r.difference)) < 1e-12, 'an always-valid test is not decided while the e-value is below 1 / alpha')
from pg_temp.result(md5('valid')::uuid, 'buyers', '2026-04-10') r;
select pg_temp.play(md5('valid')::uuid, 201, 1000, '2026-04-02', 0.2, 0.35);
select ok(r.is_crossed and r.e_value > 20 and r.sequential_lower > 0, 'and is once it is above') from pg_temp.result(md5('valid')::uuid, 'buyers', '2026-04-10') r;

-- Outcomes count after exposure and inside the window.
select pg_temp.begin_test('order', 4000);
select private.experiment_variants(brand, md5('order')::uuid, array[md5('person3001')::uuid], '2026-02-02') from w;
insert into outcomes.outcomes (brand_id, source_key, target_actor_id, outcome_type, outcome_value, outcome_timestamp)
select brand, gen_random_uuid()::text, md5('person3001')::uuid, 'purchase', 10, t from w, unnest(array['2026-02-03', '2026-02-09']::timestamptz[]) t;
select private.expose(brand, md5('order')::uuid, array[md5('person3001')::uuid], array[null]::uuid[], array['2026-02-04']::timestamptz[], '2026-02-04') from w;
select is((select max(r.value) from outcomes.experiment_results(md5('order')::uuid, '2026-02-20') r where r.metric_name = 'buyers'), 0::double precision,
  'neither what was before the exposure nor what was after the window counts');
select is((outcomes.experiment_verdict(md5('order')::uuid, '2026-02-20')).early_outcomes, 1::bigint, 'an outcome between assignment and exposure is pointed out');
insert into outcomes.outcomes (brand_id, source_key, target_actor_id, outcome_type, outcome_value, outcome_timestamp) select brand, gen_random_uuid()::text, md5('person3001')::uuid, 'purchase', 10, '2026-02-05' from w;
select is((select max(r.value) from outcomes.experiment_results(md5('order')::uuid, '2026-02-20') r where r.metric_name = 'buyers'), 1::double precision, 'what is inside does');

-- People who turn out to be one.
select pg_temp.begin_test('merged', 4000);
select pg_temp.play(md5('merged')::uuid, 1, 400, '2026-02-02', 0.2, 0.2);
create temp table pair on commit drop as
select (array_agg(actor_id order by actor_id) filter (where is_control)) as control, (array_agg(actor_id order by actor_id) filter (where not is_control)) as bold
from stimuli.experiment_assignments a join stimuli.experiment_variants v on v.id = a.variant_id where a.experiment_id = md5('merged')::uuid;
select private.merge_actors(brand, control[1], control[2], '{"by": "rule"}', '2026-02-03'), private.merge_actors(brand, control[3], bold[1], '{"by": "rule"}', '2026-02-03') from w, pair;
select is((v.assigned, v.crossovers, v.counted)::text, '(398,1,397)', 'two of one variant are one person, two of different ones a crossover that counts for neither')
from outcomes.experiment_verdict(md5('merged')::uuid, '2026-02-20') v;
select results_eq('select x.variant_id from w, pair, private.experiment_variants(brand, md5(''merged'')::uuid, array[bold[1]]) x', 'select md5(''mergedcontrol'')::uuid', 'who was absorbed has the variant of the survivor');
select private.merge_actors(brand, md5('person3900')::uuid, bold[2], '{"by": "rule"}', '2026-02-03') from w, pair;
select results_eq('select x.variant_id from w, private.experiment_variants(brand, md5(''merged'')::uuid, array[md5(''person3900'')::uuid]) x', 'select md5(''mergedbold'')::uuid', 'an assignment goes along with a merge');
select is((v.assigned, v.counted)::text, '(398,397)', 'and still counts') from outcomes.experiment_verdict(md5('merged')::uuid, '2026-02-20') v;
select private.merge_actors(brand, control[k], bold[k], '{"by": "rule"}', '2026-02-03') from w, pair, generate_series(10, 35) k;
select is((outcomes.experiment_verdict(md5('merged')::uuid, '2026-02-20')).verdict, 'invalid', 'with too many crossovers nothing is concluded');

-- Sample ratio.
select pg_temp.begin_test('uneven', 4000);
select pg_temp.play(md5('uneven')::uuid, 2001, 3000, '2026-02-02', 0.2, 0.4);
delete from stimuli.experiment_exposures e where e.experiment_id = md5('uneven')::uuid and e.variant_id = md5('unevenbold')::uuid and e.actor_id < '3fffffff-ffff-ffff-ffff-ffffffffffff';
select is((v.verdict, v.sample_ratio)::text, '(invalid,alert)', 'people missing on one side make it invalid') from outcomes.experiment_verdict(md5('uneven')::uuid, '2026-02-20') v;
select tests.authenticate_as(manager) from w;
select throws_ok('select outcomes.decide_experiment(md5(''uneven'')::uuid, md5(''unevenbold'')::uuid, ''Looks good'', p_now => ''2026-02-20'')', 'PT409', null, 'and it cannot be decided');
select ok(d.is_override and d.lift is null and d.learning_log_id is null, 'but overridden, and then it teaches nothing')
from outcomes.decide_experiment(md5('uneven')::uuid, md5('unevenbold')::uuid, 'The logger lost them', true, '2026-02-20') d;

-- Decision.
select throws_ok('select outcomes.decide_experiment(md5(''wins'')::uuid, md5(''unevenbold'')::uuid, ''So'', p_now => ''2026-02-21'')', 'PT400', null, 'a winner is a variant of the experiment');
select throws_ok('select outcomes.decide_experiment(md5(''wins'')::uuid, md5(''winsbold'')::uuid, '' '', p_now => ''2026-02-21'')', 'PT400', null, 'a decision has a reason');
select throws_ok('select outcomes.decide_experiment(md5(''order'')::uuid, md5(''orderbold'')::uuid, ''I like it'', p_now => ''2026-02-21'')', 'PT409', null, 'a winner that the verdict does not know needs an override');
create temp table decided on commit drop as select d.* from outcomes.decide_experiment(md5('wins')::uuid, md5('winsbold')::uuid, 'The boundary was crossed', p_now => '2026-02-21') d;
select is((d.is_override, d.decided_by is not null, d.learning_log_id is not null, d.lift is not null)::text, '(f,t,t,t)', 'a decision says who, and what was learnt') from decided d;
select is((select d.id from outcomes.decide_experiment(md5('wins')::uuid, md5('winsbold')::uuid, 'Again', p_now => '2026-02-22') d), (select id from decided), 'the same decision again is the first');
select throws_ok('select outcomes.decide_experiment(md5(''wins'')::uuid, null, ''Changed my mind'', p_now => ''2026-02-22'')', 'PT409', null, 'another one is not taken');
select is((select c.ab_test_winner from stimuli.campaigns c, w where c.stimulus_id = w.campaign), 'bold', 'the campaign knows its winner');
select is(jsonb_path_query_array(ai.explain('experiment', md5('wins')::uuid), '$.decision.winner') ->> 0, 'bold', 'the decision is explained');
select tests.clear_authentication();
select results_eq('select x.variant_id, x.propensity from w, private.experiment_variants(brand, md5(''wins'')::uuid, array[md5(''person3999'')::uuid]) x',
  'select md5(''winsbold'')::uuid, 1::double precision', 'from then on everybody gets the winner');

-- Who may read.
select tests.authenticate_as(support) from w;
select lives_ok('select * from outcomes.experiment_results(md5(''wins'')::uuid)', 'support reads the results');
select throws_ok('select outcomes.decide_experiment(md5(''order'')::uuid, null, ''No'')', '42501', null, 'and decides nothing');
select tests.authenticate_as(stranger) from w;
select throws_ok('select * from outcomes.experiment_results(md5(''wins'')::uuid)', 'PT404', null, 'a member of another brand sees no experiment');
select throws_ok('select outcomes.experiment_verdict(md5(''wins'')::uuid)', 'PT404', null, 'nor a verdict');
select tests.clear_authentication();

-- The daily look.
select private.job_outcomes_look_at_experiments('2026-02-22T06:00:00Z'), private.job_outcomes_look_at_experiments('2026-02-22T06:15:00Z');
select results_eq('select e.experiment_name from stimuli.experiment_looks l join stimuli.experiments e on e.id = l.experiment_id where l.looked_at >= ''2026-02-22'' order by 1',
  array['merged', 'order', 'valid'], 'the job looks once a local day at what is running');

-- The covariate is what was believed before.
insert into stimuli.experiments (id, brand_id, experiment_name, hypothesis, baseline, minimal_effect, max_people, covariate_attribute)
select md5('cuped')::uuid, brand, 'cuped', 'x', 0.2, 0.2, 1000, 'behavior.order_value' from w;
insert into stimuli.experiment_variants (brand_id, experiment_id, variant_name, is_control, share) select brand, md5('cuped')::uuid, v, v = 'control', 0.5 from w, unnest(array['control', 'bold']) v;
insert into stimuli.experiment_metrics (brand_id, experiment_id, metric_name, metric_role, numerator) select brand, md5('cuped')::uuid, 'buyers', 'primary', '{purchase}' from w;
select private.stimuli_start_experiment(brand, md5('cuped')::uuid, '2026-02-01') from w;
create function pg_temp.believe(p_value double precision, p_at timestamptz) returns void language sql as $$
  with e as (
    insert into actors.evidence (brand_id, actor_id, attribute, distribution, value, weight, occurred_at, recorded_at, source_kind, source_id)
    select brand, md5('person3800')::uuid, 'behavior.order_value', 'normal', p_value, 1, p_at, p_at, 'outcome', gen_random_uuid() from w returning id
  )
  select private.fold_evidence(w.brand, array_agg(e.id), p_at) from w, e group by w.brand
$$;
select pg_temp.believe(40, '2026-01-15');
select private.experiment_variants(brand, md5('cuped')::uuid, array[md5('person3800')::uuid, md5('person3801')::uuid], '2026-02-02') from w;
select pg_temp.believe(900, '2026-02-03');
select private.experiment_variants(brand, md5('cuped')::uuid, array[md5('person3800')::uuid], '2026-02-04') from w;
select ok(a.covariate between 10 and 60, 'the covariate is the belief as it stood at assignment, and stays') from stimuli.experiment_assignments a where a.experiment_id = md5('cuped')::uuid and a.actor_id = md5('person3800')::uuid;
select ok(a.covariate is null, 'of whom nothing was known there is none') from stimuli.experiment_assignments a where a.experiment_id = md5('cuped')::uuid and a.actor_id = md5('person3801')::uuid;

-- What earlier experiments teach.
create function pg_temp.lessons(p_lifts double precision[], p_variance double precision) returns double precision language plpgsql as $$
declare
  v_brand uuid := tests.create_brand(tests.create_user(gen_random_uuid() || '@example.com'));
  v_lift double precision;
  v_test uuid;
begin
  foreach v_lift in array p_lifts loop
    insert into stimuli.experiments (brand_id, experiment_name, hypothesis, baseline, minimal_effect) values (v_brand, 'x', 'x', 0.1, 0.1) returning id into v_test;
    insert into stimuli.experiment_looks (brand_id, experiment_id, looked_at, information, verdict, figures) values (v_brand, v_test, '2026-01-01', 1, 'no_difference', '{}');
    insert into stimuli.experiment_decisions (brand_id, experiment_id, look_id, reason, lift, lift_variance, decided_at)
    select v_brand, v_test, l.id, 'x', v_lift, p_variance, '2026-01-01' from stimuli.experiment_looks l where l.experiment_id = v_test;
  end loop;
  return (private.lift_prior(v_brand)).deviation;
end
$$;
select is(pg_temp.lessons(array[0.1, -0.1, 0.2, 0.1], 0.01), 0.3::double precision, 'four experiments teach nothing yet');
select ok(abs(pg_temp.lessons(array[0.3, -0.3, 0.3, -0.3, 0.3], 0.01) - sqrt(0.08)) < 1e-12, 'five do: the mean of lift^2 less its variance');
select is(pg_temp.lessons(array[0.1, -0.1, 0.1, -0.1, 0.1], 0.04), 0.02::double precision, 'lifts that are noise leave the least deviation');

select * from finish();
rollback;
