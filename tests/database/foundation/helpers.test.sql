begin;
select plan(17);

select is(
  (select count(distinct id)::int from (select private.uuid_v7() as id from generate_series(1, 2000)) u), 2000,
  'uuid_v7 gives a new key each time');
select matches(private.uuid_v7()::text, '^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$', 'of version 7');
select ok(
  (select abs(extract(epoch from clock_timestamp()) * 1000
    - ('x' || lpad(left(replace(private.uuid_v7()::text, '-', ''), 12), 16, '0'))::bit(64)::bigint) < 1000),
  'that starts with the milliseconds of now');

select throws_ok($$select private.raise_error('not_found', 'brand', 'x')$$, 'PT404', 'No brand with id x.', 'errors come from the registry');

select is((select count(*)::int from generate_series(1, 5) n, private.take_rate('t', 3, '1 minute', 1, '2026-01-01'::timestamptz + n * interval '0') r where r.allowed),
  3, 'a bucket gives its limit at once');
select is((select r.retry_after_seconds from private.take_rate('t', 3, '1 minute', p_now => '2026-01-01') r), 20,
  'a refusal says when the next unit comes');
select ok((select r.allowed from private.take_rate('t', 3, '1 minute', p_now => '2026-01-01 00:00:20') r), 'and then gives it');
select is((select r.remaining from private.take_rate('t', 3, '1 minute', p_now => '2026-01-01 01:00') r), 2,
  'an idle bucket is full again, not fuller');

select results_eq(
  $$select is_replay, response from private.begin_idempotent('s', 'k', 'body')$$,
  $$values (false, null::jsonb)$$, 'a new idempotency key lets the request run');
select throws_ok($$select private.begin_idempotent('s', 'k', 'body')$$, 'PT409', null, 'while it runs, the same key waits');
select lives_ok($$select private.finish_idempotent('s', 'k', '{"n": 1}')$$, 'the result is stored');
select results_eq(
  $$select is_replay, response from private.begin_idempotent('s', 'k', 'body')$$,
  $$values (true, '{"n": 1}'::jsonb)$$, 'and given to every later call');
select throws_ok($$select private.begin_idempotent('s', 'k', 'other')$$, 'PT422', null, 'but not for another body');

-- Berlin skips 02:00-03:00 on 2026-03-29 and repeats it on 2026-10-25.
select results_eq(
  $$select private.local_periods_due('2026-03-28', 'Europe/Berlin', 'day', '2 hours 30 minutes', '2026-03-29 01:00+00', 7)$$,
  $$values ('2026-03-29'::timestamp)$$, 'a start time that does not exist is made up for right after the gap');
select is_empty(
  $$select private.local_periods_due('2026-10-25', 'Europe/Berlin', 'day', '2 hours 30 minutes', '2026-10-25 01:45+00', 7)$$,
  'a start time that comes twice runs once');
select results_eq(
  $$select private.local_periods_due('2026-01-01', 'UTC', 'day', '0', '2026-01-04 12:00+00', 7)$$,
  $$values ('2026-01-02'::timestamp), ('2026-01-03'), ('2026-01-04')$$, 'missed days are all made up for');
select results_eq(
  $$select private.local_periods_due('2026-01-01', 'UTC', 'day', '0', '2026-02-01 12:00+00', 2)$$,
  $$values ('2026-01-31'::timestamp), ('2026-02-01')$$, 'as far back as the caller wants');

select * from finish();
rollback;
