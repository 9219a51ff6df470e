-- What is said about a period in words, where the numbers are known.
begin;
select plan(12);

create temp table w on commit drop as select tests.create_user('owner@analyses.test') as owner, tests.create_user('clerk@analyses.test') as clerk;
alter table w add brand uuid;
update w set brand = tests.create_brand(owner, 'Analyses');
select tests.add_member(brand, clerk, 'operator') from w;
insert into actors.actors (id, brand_id, primary_identifier, primary_identifier_type, first_seen_at, last_seen_at)
select md5('n' || n)::uuid, brand, 'n' || n, 'customer_id', '2026-01-01', '2026-01-01' from w, generate_series(1, 900) n;
insert into cohorts.cohorts (id, brand_id, cohort_type, discovery_algorithm, cohort_name) select md5('nc' || n)::uuid, brand, 'mixed', 'test', 'Cohort ' || n from w, generate_series(1, 3) n;
insert into stimuli.stimuli_base (id, brand_id, stimulus_type, stimulus_name, content_data, status) select md5('ns')::uuid, brand, 'message', 's', '{}', 'active' from w;
-- Three cohorts of 300, 50 of each held out: 40% of the first respond, 20% of the others, 10% of the held out; on Fridays.
create temp table log on commit drop as
select n, 1 + n % 3 as cohort, n / 3 % 6 = 0 as held, n / 18 % 10 as place from generate_series(1, 900) n;
insert into stimuli.stimulus_deployments (id, brand_id, stimulus_id, actor_id, cohort_id, is_holdout, propensity, deployment_channel, deployment_method, delivered_content, deployed_at, window_ends_at, delivery_status)
select md5('nd' || n)::uuid, brand, md5('ns')::uuid, md5('n' || n)::uuid, md5('nc' || cohort)::uuid, held, 0.5, 'email', 'push', '{}', '2026-03-04T12:00:00Z', '2026-03-20', (case when held then 'held_out' else 'sent' end)::stimuli.delivery_status
from w, log;
insert into outcomes.outcomes (brand_id, source_key, stimulus_id, deployment_id, target_cohort_id, target_actor_id, is_holdout, outcome_type, outcome_category, outcome_value, outcome_unit, outcome_timestamp, time_to_outcome)
select brand, 'n' || n, md5('ns')::uuid, md5('nd' || n)::uuid, md5('nc' || cohort)::uuid, md5('n' || n)::uuid, held, 'purchase', 'positive', 10, 'currency', '2026-03-06T12:00:00Z', 172800
from w, log where place < case when held then 1 when cohort = 1 then 4 else 2 end;

create temp table a on commit drop as select x.* from w, outcomes.analyse(brand, '2026-03-02', '2026-03-30', '2026-04-01') x;
select is((select array_agg(analysis_type order by analysis_type) from a), array['causal_analysis', 'cohort_performance', 'temporal_patterns'], 'three analyses are made');
select is((select f ->> 'finding' from a, jsonb_array_elements(key_findings) f where analysis_type = 'cohort_performance' and f ->> 'cohort_id' = md5('nc1')::uuid::text),
  'Cohort 1: 40.0% of 250 respond, 20.0% of the others; more than chance explains', 'the cohort that responds more is told');
select is((select count(*)::int from a, jsonb_array_elements(key_findings) f where analysis_type = 'cohort_performance' and (f ->> 'adjusted_p_value')::double precision < (f ->> 'p_value')::double precision), 0,
  'the more are looked at, the less each counts');
select is((select f ->> 'finding' from a, jsonb_array_elements(key_findings) f where analysis_type = 'temporal_patterns' and f ->> 'pattern' = 'delay'),
  'half of the responses come within 48 hours, nine in ten within 48', 'so is when they respond');
select is((select f ->> 'finding' from a, jsonb_array_elements(key_findings) f where analysis_type = 'temporal_patterns' and f ->> 'pattern' = 'weekday'),
  'weekdays differ: most responses on day 5 of the week', 'and on which day');
select ok((select abs((f ->> 'effect')::double precision - (200.0 / 750 - 0.1)) < 0.002 and (f ->> 'effect_lower')::double precision > 0 and f ->> 'finding' like '%it works' from a, jsonb_array_elements(key_findings) f where analysis_type = 'causal_analysis'),
  'and what the held out tell');
select is((select min(analysis_quality) from a), 1::double precision, 'all windows were over');
select is((select array_agg(distinct x.analysis_version) from w, outcomes.analyse(brand, '2026-03-02', '2026-03-30', '2026-04-02') x), array[2], 'a second look is a second version');
select is((select count(*)::int from outcomes.outcome_analysis where is_current), 3, 'and the current one');
select ok(abs(private.chi_square_p_value(12.592, 6) - 0.05) < 0.001 and abs(private.chi_square_p_value(5.348, 6) - 0.5) < 0.01, 'the chi-square distribution has its known points');

select private.summarise_stimuli(brand, array[md5('ns')::uuid], '2026-04-01') from w;
select results_eq($$select s.percentile_rank from outcomes.cohort_outcome_summary s order by s.percentile_rank$$, $$values (0::double precision), (0), (100)$$, 'summaries say how the cohort ranks');
select tests.authenticate_as(clerk) from w;
select throws_ok($$select outcomes.analyse(b.id, '2026-03-02', '2026-03-30') from core.brands b$$, '42501', null, 'an operator does not start one');

select * from finish();
rollback;
