begin;
select plan(27);

create temp table o on commit drop as select tests.create_user('owner@example.com') as owner, tests.create_user('desk@example.com') as desk;
alter table o add brand uuid, add site uuid;
update o set brand = tests.create_brand(owner);
select tests.add_member(brand, desk, 'operator') from o;
grant all on o to authenticated;
insert into ops.sites (brand_id, site_name, site_code, site_type, timezone, operating_hours, special_hours)
select brand, 'Main', 'M', 'physical', 'Europe/Berlin', '{"mon": [["09:00", "12:00"], ["13:00", "18:00"]], "tue": [["09:00", "18:00"]], "fri": [["22:00", "02:00"]], "sun": [["00:00", "24:00"]]}',
  '[{"date": "2026-02-03", "hours": [["10:00", "11:00"]]}]' from o;
update o set site = (select id from ops.sites where brand_id = o.brand);

create function pg_temp.minutes(p_from timestamptz, p_until timestamptz) returns integer language sql as $$ select private.case_minutes(brand, site, p_from, p_until) from o $$;
select is(pg_temp.minutes('2026-02-02 08:00+01', '2026-02-02 12:30+01'), 180, 'minutes count while the site is open');
select is(pg_temp.minutes('2026-02-02 11:30+01', '2026-02-02 13:30+01'), 60, 'not over noon');
select is(pg_temp.minutes('2026-02-02 17:00+01', '2026-02-03 10:30+01'), 90, 'nor at night; a special day has its own hours');
select is(pg_temp.minutes('2026-02-06 23:00+01', '2026-02-07 09:00+01'), 180, 'it may close after midnight');
select is(pg_temp.minutes('2026-03-28 12:00+01', '2026-03-30 00:00+02'), 23 * 60, 'a Sunday of 23 hours has 23');
select is((select private.case_minutes(brand, null, '2026-02-02 17:00+01', '2026-02-03 10:30+01') from o), 1050, 'without a site the clock counts');
select is(private.business_minutes('2026-02-02 00:00Z', '2026-02-03 00:00Z', '{"mon": [["9", "x"], 7, ["09:00", "09:30"]]}', '"x"', 'UTC'), 30, 'hours that are none are none');

create function pg_temp.open(p_text text, p_minutes_ago integer, p_over jsonb default '{}') returns uuid language sql as $$
  insert into ops.crm_events (brand_id, event_type, event_category, event_description, event_source, event_priority, customer_identifier, event_timestamp)
  select brand, coalesce(p_over ->> 'type', 'complaint'), coalesce(p_over ->> 'category', 'delivery'), p_text, 'desk', coalesce(p_over ->> 'priority', 'medium'), p_over ->> 'who', now() - p_minutes_ago * interval '1 minute' from o
  returning id $$;
create function pg_temp.the(p_text text) returns ops.crm_events language sql as $$ select c.* from ops.crm_events c where c.event_description = p_text $$;
do $$ begin execute (select string_agg(format('grant execute on function %s to authenticated', p.oid::regprocedure), '; ') from pg_proc p where p.pronamespace = pg_my_temp_schema()); end $$;

select tests.authenticate_as(desk) from o;
select pg_temp.open('The delivery was terribly late and cold', 90), pg_temp.open('Thank you, wonderful service, very friendly', 10), pg_temp.open('x', 20);
select is((select string_agg(coalesce(c.customer_sentiment, 'unknown'), ', ' order by c.event_timestamp) from ops.crm_events c), 'negative, unknown, positive', 'the mood of a text is read');
update ops.crm_events set status = 'in_progress' where event_description like 'The delivery%';
select is((select first_response_time from ops.crm_events where event_description like 'The delivery%'), 90, 'the first answer is timed');
update ops.crm_events set status = 'resolved' where event_description like 'The delivery%';
select is((select (first_response_time, resolution_time, resolution_date = now())::text from ops.crm_events where event_description like 'The delivery%'), '(90,90,t)', 'so is the solution');
update ops.crm_events set status = 'open' where event_description like 'The delivery%';
select is((select (first_response_time, resolution_time, resolution_date, reopened_count)::text from ops.crm_events where event_description like 'The delivery%'), '(90,,,1)', 'what is opened again is not solved; the first answer stays the first');
update ops.crm_events set status = 'closed', resolution_date = now() - interval '30 minutes' where event_description like 'The delivery%';
select is((select resolution_time from ops.crm_events where event_description like 'The delivery%'), 60, 'staff may say when it was');
update ops.crm_events set status = 'closed', resolution_date = now() + interval '1 year' where event_description = 'x';
select is((select resolution_time from ops.crm_events where event_description = 'x'), 20, 'but not that it will be');
select throws_ok($$update ops.crm_events set first_response_time = 1$$, '42501', null, 'times are not written by hand');

-- Late cases. High: answered in 60 minutes, solved in a day.
select tests.clear_authentication();
select pg_temp.open('fresh', 50, '{"priority": "high"}'), pg_temp.open('unanswered', 70, '{"priority": "high"}'), pg_temp.open('patient', 70, '{"priority": "low"}'), pg_temp.open('unsolved', 1500, '{"priority": "high"}');
update ops.crm_events set status = 'in_progress' where event_description = 'unsolved';
select is((select private.escalate_cases(brand, now(), 100) from o), 2, 'cases whose answer or solution is late are escalated');
select is((select string_agg(event_description || coalesce(' ' || first_response_time, ''), ', ' order by event_description) from ops.crm_events where status = 'escalated'), 'unanswered, unsolved 1500', 'which is no answer');
select is((select private.escalate_cases(brand, now(), 100) from o), 0, 'once');
select is((select string_agg(a.status || ' ' || a.alert_severity || ' ' || a.trigger_value, ', ') from ops.operational_alerts a), 'active high 2', 'one alert tells of all');
update ops.crm_events set status = 'resolved' where status = 'escalated';
select is((select first_response_time || ' ' || resolution_time from pg_temp.the('unanswered')), '70 70', 'they are timed to the end');
select private.escalate_cases(brand, now(), 100) from o;
select is((select a.status::text from ops.operational_alerts a), 'resolved', 'and the alert goes with the last of them');

-- Signals.
select is((select private.ops_tell(brand, now(), 100) from o), 0, 'cases of nobody in particular are no signals');
select pg_temp.open('The parcel came broken', 30, '{"who": "anna@example.com", "category": "delivery"}'), pg_temp.open('Where is it?', 30, '{"who": "anna@example.com", "type": "inquiry"}');
select is((select private.ops_tell(brand, now(), 100) from o), 2, 'those of somebody are');
select is((select string_agg(s.actor_identifier || ' ' || c.event_name || ' ' || (c.event_data ->> 'category'), ', ' order by c.event_name) from signals.signals_base s join signals.crm_events c on c.signal_id = s.id),
  'anna@example.com complaint delivery, anna@example.com inquiry delivery', 'as CRM events of that person');
update ops.crm_events set status = 'resolved', customer_satisfaction_score = 2 where event_description = 'The parcel came broken';
select is((select private.ops_tell(brand, now(), 100) from o), 2, 'the solution of a complaint and the satisfaction follow');
insert into private.ops_untold (brand_id, source, row_id) select c.brand_id, 'case', c.id from ops.crm_events c;
select private.ops_tell(brand, now(), 100) from o;
select is((select count(*)::int from signals.signals_base), 4, 'telling again adds nothing');
select count(*) from o, actors.process_signals(o.brand, 100, now());
select ok((select count(*) > 0 from actors.actor_beliefs b, o where b.brand_id = o.brand and b.attribute in ('friction.delivery', 'experience.satisfaction')), 'the person is believed to have had trouble with the delivery');
select is((select count(distinct s.actor_id)::int from ops.crm_events c join signals.signals_base s on s.id = c.signal_id), 1, 'and the cases know whose they are');
select * from finish();
rollback;
