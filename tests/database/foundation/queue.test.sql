begin;
select plan(17);

create temp table t on commit drop as
select gen_random_uuid() as brand_a, gen_random_uuid() as brand_b;
create temp table claimed (like private.jobs) on commit drop;

select count(private.enqueue_job('mail', brand_a, jsonb_build_object('n', n), 'a' || n)) from t, generate_series(1, 20) n;
select private.enqueue_job('mail', brand_b, '{"n": 1}', 'b1') from t;

select is(
  (select private.enqueue_job('mail', brand_b, '{"n": 2}', 'b1') from t),
  (select id from private.jobs where job_key = 'b1'),
  'enqueueing an open key again returns the job that is there');

insert into claimed select * from private.claim_jobs('mail', 'w1', 4);
select is((select count(*)::int from claimed), 4, 'a claim takes no more than asked for');
select is(
  (select count(*)::int from claimed, t where claimed.brand_id = t.brand_b), 1,
  'a brand with one job is served beside a brand with twenty');
select is(
  (select count(*)::int from private.claim_jobs('mail', 'w2', 100) c join claimed using (id)), 0,
  'a leased job is not claimed by another worker');
select is((select count(*)::int from private.claim_jobs('mail', 'w3', 100)), 0, 'nothing is left');

select lives_ok(
  $$select private.complete_job(id, fencing_token) from claimed order by id limit 1$$,
  'the holder completes its job');
select throws_ok(
  $$select private.complete_job(id, fencing_token) from claimed order by id limit 1$$,
  'PT409', null, 'a job is completed once');

create temp table late on commit drop as
select * from private.claim_jobs('mail', 'w4', 100, p_now => clock_timestamp() + interval '2 minutes');
select cmp_ok((select count(*)::int from late), '>=', 3, 'jobs whose lease ran out are claimed again');
select throws_ok(
  $$select private.complete_job(c.id, c.fencing_token) from claimed c join late l using (id) limit 1$$,
  'PT409', null, 'the fencing token keeps the first worker from finishing what another has taken over');

create temp table one on commit drop as select * from late limit 1;
select is(
  (select private.fail_job(id, fencing_token, 'boom') from one), 'queued'::private.job_status,
  'a failed job waits for its next attempt');
select ok(
  (select j.visible_at > clock_timestamp() + interval '4 seconds' from private.jobs j join one using (id)),
  'the next attempt comes after a pause');

create temp table id_of_short on commit drop as
select private.enqueue_job('short', null, '{}', 'only', p_max_attempts => 1) as id;
select is(
  (select private.fail_job(c.id, c.fencing_token, 'boom') from private.claim_jobs('short', 'w') c), 'dead'::private.job_status,
  'the last failed attempt makes a dead letter');
select is(private.redrive_jobs('short'), 1, 'a dead letter is redriven');
select is(
  (select c.attempts from private.claim_jobs('short', 'w', p_now => clock_timestamp() + interval '1 second') c), 1,
  'with all its attempts back');
select is(
  (select count(*)::int from private.claim_jobs('short', 'w', p_now => clock_timestamp() + interval '5 minutes')), 0,
  'a job whose worker died on the last attempt is not run again');
select is((select status::text from private.jobs join id_of_short using (id)), 'dead', 'but is kept as a dead letter');

select private.enqueue_job('later', null, '{}', p_run_at => now() + interval '1 hour');
select is((select count(*)::int from private.claim_jobs('later', 'w')), 0, 'a job never runs before its time');

select * from finish();
rollback;
