begin;
select plan(47);

create temp table b on commit drop as
select tests.create_user('owner@example.com') as owner, null::uuid as id;
update b set id = tests.create_brand(owner);
update core.brands set timezone = 'Europe/Berlin' where id = (select id from b);

create function pg_temp.person(p_name text) returns uuid language sql as $$ select md5(p_name)::uuid $$;
create function pg_temp.add_person(p_name text, p_email boolean default true) returns uuid language sql as $$
  insert into actors.actors (id, brand_id, name, primary_identifier, primary_identifier_type, first_seen_at, last_seen_at)
  select pg_temp.person(p_name), b.id, p_name, p_name, 'customer_id', '2026-01-01', '2026-01-01' from b;
  insert into actors.actor_identifiers (brand_id, actor_id, identifier_type, identifier_value, confidence, first_seen_at, last_seen_at)
  select b.id, pg_temp.person(p_name), 'email', p_name || '@example.com', 1, '2026-01-01', '2026-01-01' from b where p_email;
  select pg_temp.person(p_name)
$$;
create function pg_temp.add_stimulus(p_name text, p_purpose stimuli.send_purpose default 'marketing') returns uuid language sql as $$
  insert into stimuli.stimuli_base (id, brand_id, stimulus_type, stimulus_name, content_data, purpose, status, expires_at)
  select md5(p_name)::uuid, b.id, 'campaign', p_name, '{"subject": "Hello"}', p_purpose, 'active', '2027-01-01' from b returning id
$$;
create function pg_temp.deploy(p_stimulus text, p_person text, p_at timestamptz default '2026-06-01 09:00Z') returns uuid language sql as $$
  insert into stimuli.stimulus_deployments (id, brand_id, stimulus_id, actor_id, is_holdout, propensity, deployment_channel, deployment_method,
    delivered_content, deployed_at, window_ends_at)
  select md5(p_stimulus || p_person)::uuid, b.id, md5(p_stimulus)::uuid, pg_temp.person(p_person), false, 1, 'email', 'batch', '{}', p_at, p_at + interval '14 days'
  from b returning id
$$;
create function pg_temp.claim(p_now timestamptz, p_limit integer default 100) returns text language sql as $$
  select coalesce(string_agg(a.name, ' ' order by a.name), '') from stimuli.claim_deliveries('w', p_limit, p_now) c join actors.actors a on a.id = c.actor_id
$$;
create function pg_temp.state(p_stimulus text, p_person text) returns text language sql as $$
  select concat_ws(' ', d.delivery_status, d.reason_code, to_char(d.next_attempt_at at time zone 'UTC', 'MM-DD HH24:MI'))
  from stimuli.stimulus_deployments d where d.id = md5(p_stimulus || p_person)::uuid
$$;
create function pg_temp.finish(p_verdict text, p_now timestamptz, p_more jsonb default '{}', p_status stimuli.delivery_status default 'sending') returns integer language sql as $$
  select stimuli.finish_deliveries(coalesce(jsonb_agg(jsonb_build_object('deployment_id', d.id, 'fencing_token', d.fencing_token, 'verdict', p_verdict) || p_more), '[]'), p_now)
  from stimuli.stimulus_deployments d where d.delivery_status = p_status
$$;
create function pg_temp.set_parameter(p_key text, p_value jsonb) returns void language sql as $$
  select core.set_setting(b.id, p_key, p_value) from b
$$;

select count(*) from core.connect_integration((select id from b), 'mail', 'email', '{"host": "localhost"}');
select count(*) from stimuli.connect_channel((select id from b), 'email', 'smtp', 'mail', p_cost_per_send => 0.01);

-- Local time.
select is(private.first_instant('2026-03-29 02:30', 'Europe/Berlin'), '2026-03-29 01:00Z', 'a time that the clock of Berlin jumps over comes at the jump');
select is(private.first_instant('2026-10-25 02:30', 'Europe/Berlin'), '2026-10-25 00:30Z', 'a time that it shows twice comes the first time');
select is(private.first_instant('2026-03-08 02:30', 'America/New_York'), '2026-03-08 07:00Z', 'New York jumps on another day');
select is(private.first_instant('2026-11-01 01:30', 'America/New_York'), '2026-11-01 05:30Z', 'and repeats its hour from one to two');
select is(private.first_instant('2026-10-04 02:10', 'Australia/Lord_Howe'), '2026-10-03 15:30Z', 'Lord Howe jumps by half an hour');
select is(private.first_instant('2026-04-05 01:40', 'Australia/Lord_Howe'), '2026-04-04 14:40Z', 'and repeats half an hour');
select is(private.first_instant('2026-06-01 08:00', 'Asia/Kathmandu'), '2026-06-01 02:15Z', 'a zone may be off by a quarter of an hour');
select is(private.first_instant('2026-06-01 08:00', 'Pacific/Kiritimati'), '2026-05-31 18:00Z', 'a zone behind the date line is a day ahead');
select is(private.first_instant('2011-12-30 08:00', 'Pacific/Apia'), '2011-12-30 10:00Z', 'a day that Samoa never had is over when it begins');
select is(private.first_instant('2026-04-24 00:00', 'Africa/Cairo'), '2026-04-23 22:00Z', 'a day of Cairo begins at one when the clock jumps at midnight');
select is(private.quiet_until('2026-03-28 22:00Z', 'Europe/Berlin', '21:00', '08:00'), '2026-03-29 06:00Z', 'the quiet night of the jump is an hour shorter');
select is(private.quiet_until('2026-10-24 20:00Z', 'Europe/Berlin', '21:00', '08:00'), '2026-10-25 07:00Z', 'that of the repeated hour is an hour longer');
select is(private.quiet_until('2026-03-28 23:30Z', 'Europe/Berlin', '21:00', '02:30'), '2026-03-29 01:00Z', 'quiet that should end in the gap ends at the jump');
select is(private.quiet_until('2026-10-25 01:10Z', 'Europe/Berlin', '21:00', '02:30'), '2026-10-25 01:30Z', 'quiet that returns with the repeated hour ends once more');
select is(private.quiet_until('2026-06-01 12:30Z', 'UTC', '12:00', '13:00'), '2026-06-01 13:00Z', 'quiet hours may lie in the day');
select is((
    select count(*)::int from unnest('{Europe/Berlin,America/New_York,Australia/Lord_Howe,Africa/Cairo,Pacific/Apia,Asia/Kathmandu,Pacific/Kiritimati}'::text[]) z,
      unnest('{2011-12-29 12:00Z,2026-03-07 18:00Z,2026-03-28 16:00Z,2026-04-04 09:00Z,2026-04-23 16:00Z,2026-10-03 09:00Z,2026-10-24 16:00Z,2026-10-29 16:00Z,2026-10-31 20:00Z}'::timestamptz[]) n,
      generate_series(0, 36 * 60, 17) m,
      lateral (select n + m * interval '1 minute' as at) t, lateral (select private.quiet_until(t.at, z, '20:45', '07:10') as ends) q
    where private.is_quiet(t.at, z, '20:45', '07:10')
      and not (q.ends > t.at and not private.is_quiet(q.ends, z, '20:45', '07:10') and private.is_quiet(q.ends - interval '1 second', z, '20:45', '07:10')
        and q.ends - t.at <= interval '11 hours 25 minutes')),
  0, 'in every night of change of seven zones quiet ends at its first waking moment');

-- Consent.
select pg_temp.add_person(p) from unnest('{ada,ben,cleo,dan,eva}'::text[]) p;
select pg_temp.add_person('noa', false);
select pg_temp.add_stimulus('s1');
select pg_temp.deploy('s1', p) from unnest('{ada,ben,cleo,noa}'::text[]) p;
select stimuli.record_consent(b.id, pg_temp.person('ada'), 'email', 'marketing', true, 'form') from b;
select stimuli.record_consent(b.id, pg_temp.person('ben'), 'email', 'marketing', true, 'form') from b;
select stimuli.record_consent(b.id, pg_temp.person('ben'), 'email', 'marketing', false, 'form') from b;
select set_eq(format('select a.name, d.verdict, d.reason from stimuli.dry_run(%L, md5(''s1'')::uuid, ''2026-06-01 10:00Z'') d join actors.actors a on a.id = d.actor_id', (select id from b)),
  $$values ('ada', 'go', null), ('ben', 'never', 'suppressed_unsubscribe'), ('cleo', 'never', 'no_consent'), ('noa', 'never', 'no_address')$$,
  'a dry run says who would get it, who not, and why');
select results_eq(format('select verdict, reason, people::int from stimuli.dry_run_counts(%L, md5(''s1'')::uuid, ''2026-06-01 10:00Z'') where verdict = ''go''', (select id from b)),
  $$values ('go', null, 1)$$, 'and counts them');
select is((select count(*)::int from stimuli.stimulus_deployments where delivery_status <> 'pending'), 0, 'it sends nothing');
select is(pg_temp.claim('2026-06-01 10:00Z'), 'ada', 'only who consented is written to');
select is(pg_temp.state('s1', 'ben') || ', ' || pg_temp.state('s1', 'cleo'), 'cancelled suppressed_unsubscribe, cancelled no_consent', 'the others are cancelled with the reason');
select is(pg_temp.finish('sent', '2026-06-01 10:00Z'), 1, 'the worker reports');
select is(pg_temp.finish('rejected', '2026-06-01 10:00Z', '{}', 'sent'), 0, 'and what it says a second time changes nothing');
select is((select total_sent from stimuli.stimuli_base where stimulus_name = 's1'), 1, 'the stimulus counts it');

select pg_temp.add_stimulus('receipt', 'transactional');
select pg_temp.deploy('receipt', p, '2026-06-01 20:00Z') from unnest('{ben,cleo}'::text[]) p;
select is(pg_temp.claim('2026-06-01 23:00Z'), 'ben cleo', 'what is transactional goes at night and without consent to marketing');
select count(*) from pg_temp.finish('sent', '2026-06-01 23:00Z');
select count(*) from stimuli.suppress((select id from b), 'email', '{Cleo@Example.com, nonsense}', 'bounce');
select pg_temp.add_stimulus('receipt2', 'transactional');
select pg_temp.deploy('receipt2', 'cleo');
select is(pg_temp.claim('2026-06-02 10:00Z') || pg_temp.state('receipt2', 'cleo'), 'cancelled suppressed_bounce', 'but to no address that bounced');
select is(stimuli.record_consent(b.id, pg_temp.person('ben'), 'email', 'marketing', true, 'form'), 1, 'who consents again') from b;
select pg_temp.add_stimulus('s2');
select pg_temp.deploy('s2', 'ben');
select is(pg_temp.claim('2026-06-02 10:00Z'), 'ben', 'is written to again');
select count(*) from pg_temp.finish('sent', '2026-06-02 10:00Z');

-- Who was merged brings along what was said and sent.
select stimuli.record_consent(b.id, pg_temp.person('dan'), 'email', 'marketing', true, 'form') from b;
select stimuli.record_consent(b.id, pg_temp.person('eva'), 'email', 'marketing', true, 'form') from b;
select stimuli.record_consent(b.id, pg_temp.person('dan'), 'email', 'marketing', false, 'form') from b;
update actors.actors set is_active = false, merged_into = pg_temp.person('eva') where id = pg_temp.person('dan');
select pg_temp.deploy('s2', 'eva');
select is(pg_temp.claim('2026-06-02 10:00Z') || pg_temp.state('s2', 'eva'), 'cancelled consent_withdrawn', 'the word of a person binds whoever it is found to be');

-- Quiet hours.
select pg_temp.add_stimulus('s3');
select pg_temp.deploy('s3', 'ada');
select is(pg_temp.claim('2026-06-03 19:30Z'), '', 'nobody is written to at half past nine in the evening');
select is(pg_temp.state('s3', 'ada'), 'pending quiet_hours 06-04 06:00', 'but at eight in the morning of the brand');
select is(pg_temp.claim('2026-06-04 05:59Z'), '', 'not before');
select count(*) from stimuli.set_contact_preferences((select id from b), pg_temp.person('ada'), 'America/New_York');
select is(pg_temp.claim('2026-06-04 06:00Z') || pg_temp.state('s3', 'ada'), 'pending quiet_hours 06-04 12:00', 'and in the zone of the person, where it is known');
select is(pg_temp.claim('2026-06-04 12:00Z'), 'ada', 'then it goes');
select count(*) from pg_temp.finish('sent', '2026-06-04 12:00Z');
select throws_ok(format('select stimuli.set_contact_preferences(%L, pg_temp.person(''ada''), ''Mars/Olympus'')', (select id from b)), 'PT400', null, 'a zone has to exist');

-- Caps.
insert into stimuli.frequency_caps (brand_id, window_kind, window_hours, max_sends) select id, 'rolling', 24, 1 from b;
select pg_temp.add_stimulus('s4');
select pg_temp.deploy('s4', 'ada');
select is(pg_temp.claim('2026-06-05 11:59:59Z') || pg_temp.state('s4', 'ada'), 'pending frequency_cap 06-05 12:00', 'one a day means not before a day is over');
select is(pg_temp.claim('2026-06-05 12:00:01Z'), 'ada', 'and then');
select count(*) from pg_temp.finish('unknown', '2026-06-05 12:00:02Z');
select is(pg_temp.state('s4', 'ada'), 'unknown answer_lost', 'a message whose answer was lost is held');
select pg_temp.add_stimulus('s5');
select pg_temp.deploy('s5', 'ada');
select is(pg_temp.claim('2026-06-06 11:00:00Z') || pg_temp.state('s5', 'ada'), 'pending frequency_cap 06-06 12:00', 'and counts as sent');
update stimuli.frequency_caps set window_kind = 'local_day', window_hours = null;
update stimuli.stimulus_deployments set handed_over_at = '2026-11-01 13:00Z' where id = md5('s4ada')::uuid;
update stimuli.stimulus_deployments set next_attempt_at = null where delivery_status = 'pending';
select is(pg_temp.claim('2026-11-01 14:00Z') || pg_temp.state('s5', 'ada'), 'pending frequency_cap 11-02 13:00', 'a calendar day of 25 hours is over at its own midnight, and quiet hours follow');
update stimuli.stimulus_deployments set next_attempt_at = null where delivery_status = 'pending';
update stimuli.frequency_caps set window_kind = 'local_week';
select is(pg_temp.claim('2026-11-01 14:00Z') || pg_temp.state('s5', 'ada'), 'pending frequency_cap 11-02 13:00', 'a week is over on Monday');
delete from stimuli.frequency_caps;

-- Pause, expiry.
update stimuli.stimulus_deployments set next_attempt_at = null where delivery_status = 'pending';
select count(*) from stimuli.pause((select id from b), md5('s5')::uuid);
select is(pg_temp.claim('2026-06-08 14:00Z') || pg_temp.state('s5', 'ada'), 'pending stimulus_paused 06-08 14:15', 'a stimulus can be stopped');
select count(*) from stimuli.pause((select id from b), md5('s5')::uuid, false);
select count(*) from stimuli.pause_sending((select id from b), 'wrong price');
select is(pg_temp.claim('2026-06-08 14:00Z'), '', 'and everything at once');
select count(*) from stimuli.resume_sending((select id from b));
select is(pg_temp.claim('2026-06-08 14:00Z'), 'ada', 'and goes on where it stood');
select is(pg_temp.finish('rejected', '2026-06-08 14:00Z', '{"code": "550"}'), 1, 'a refusal');
select is(pg_temp.state('s5', 'ada'), 'failed rejected', 'is final');
select pg_temp.add_stimulus('s6');
select pg_temp.deploy('s6', 'ada');
select is(pg_temp.claim('2027-01-01 14:00Z') || pg_temp.state('s6', 'ada'), 'expired expired', 'nothing is sent after it expired');

select * from finish();
rollback;
