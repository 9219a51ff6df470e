begin;
select plan(6);

create temp table t on commit drop as
select b.owner, tests.create_brand(b.owner) as brand from (select tests.create_user('owner@example.com') as owner) b;
update core.brands set timezone = 'Asia/Tokyo' where id = (select brand from t);

select lives_ok($$select private.job_cohorts_discover('2026-03-10 17:00+00')$$, 'the nightly job passes over a young shop');
select is((select count(*) from ai.function_calls c join t on t.brand = c.brand_id), 0::bigint, 'without a failed call');
select private.job_cohorts_discover('2026-03-10 18:10+00');
select is((select count(*) from private.schedule_runs s join t on t.brand = s.brand_id where s.schedule_name = 'cohorts.discover'), 2::bigint,
  'three at night is three at night of the brand');
select private.job_cohorts_discover('2026-03-10 18:25+00');
select is((select count(*) from private.schedule_runs s join t on t.brand = s.brand_id where s.schedule_name = 'cohorts.discover'), 2::bigint,
  'and comes once a day');
select is((select array_agg(jobname::text order by jobname) from cron.job where jobname like 'loopwise-cohorts-%'),
  '{loopwise-cohorts-assign,loopwise-cohorts-discover,loopwise-cohorts-rerun,loopwise-cohorts-rules,loopwise-cohorts-run}', 'the jobs are scheduled');
select lives_ok($$select private.job_cohorts_assign()$$, 'the assignment job runs');

select * from finish();
rollback;
