begin;
select plan(52);

create temp table b on commit drop as
select tests.create_user('owner@example.com') as owner, null::uuid as id, tests.create_user('ada@example.com') as ada, tests.create_user('eve@example.com') as eve;
update b set id = tests.create_brand(owner);
select tests.add_member(id, ada, 'customer'), tests.add_member(id, eve, 'customer') from b;
grant select on b to authenticated;
select core.set_setting(id, 'stimuli.quiet_hours_end', '"21:00"'), core.set_setting(id, 'stimuli.consent_default_marketing', 'true') from b;

insert into actors.actors (id, brand_id, name, primary_identifier, primary_identifier_type, first_seen_at, last_seen_at)
select md5(p)::uuid, b.id, p, p, 'customer_id', '2026-01-01', '2026-01-01' from b, unnest('{ada,ben,cleo,dan,eva,fay}'::text[]) p;
insert into actors.actor_identifiers (brand_id, actor_id, identifier_type, identifier_value, confidence, first_seen_at, last_seen_at)
select a.brand_id, a.id, t, case t when 'email' then a.name || '@example.com' else '+4917' || ascii(a.name) || '000' end, 1, '2026-01-01', '2026-01-01'
from actors.actors a, unnest('{email,phone}'::actors.identifier_type[]) t;

create function pg_temp.deploy(p_stimulus text, p_people text[], p_channel stimuli.channel default 'email') returns void language sql as $$
  insert into stimuli.stimuli_base (id, brand_id, stimulus_type, stimulus_name, content_data, status, expires_at)
  select md5(p_stimulus)::uuid, b.id, 'campaign', p_stimulus, '{"subject": "Hello"}', 'active', '2027-01-01' from b on conflict do nothing;
  insert into stimuli.stimulus_deployments (id, brand_id, stimulus_id, actor_id, is_holdout, propensity, deployment_channel, deployment_method,
    delivered_content, deployed_at, window_ends_at)
  select md5(p_stimulus || p)::uuid, b.id, md5(p_stimulus)::uuid, md5(p)::uuid, false, 1, p_channel, 'batch', '{}', '2026-06-01', '2026-06-15'
  from b, unnest(p_people) p
$$;
create function pg_temp.claim(p_now timestamptz, p_limit integer default 100) returns text language sql as $$
  select coalesce(string_agg(a.name, ' ' order by a.name), '') from stimuli.claim_deliveries('w', p_limit, p_now) c join actors.actors a on a.id = c.actor_id
$$;
create function pg_temp.state(p_stimulus text, p_person text) returns text language sql as $$
  select concat_ws(' ', d.delivery_status, d.reason_code) from stimuli.stimulus_deployments d where d.id = md5(p_stimulus || p_person)::uuid
$$;
create function pg_temp.finish(p_stimulus text, p_person text, p_verdict text, p_now timestamptz, p_token bigint default null, p_more jsonb default '{}') returns integer language sql as $$
  select stimuli.finish_deliveries(jsonb_build_array(jsonb_build_object('deployment_id', d.id, 'fencing_token', coalesce(p_token, d.fencing_token), 'verdict', p_verdict) || p_more), p_now)
  from stimuli.stimulus_deployments d where d.id = md5(p_stimulus || p_person)::uuid
$$;
create function pg_temp.events(p_events jsonb) returns text language sql as $$
  select r.recorded || '/' || r.known from b, stimuli.record_events(b.id, 'test', p_events, '2026-06-03') r
$$;

create function pg_temp.status(p_id text, p_status text, p_key text) returns jsonb language sql as $$
  select jsonb_build_object('type', 'crm_event', 'source_platform', 'whatsapp', 'source_id', p_id || ':' || p_status, 'occurred_at', '2026-06-05T10:03:00Z',
    'identifiers', '{"phone": "+4917000000"}'::jsonb, 'data', jsonb_build_object('event_type', 'status_changed', 'event_name', 'whatsapp.' || p_status, 'crm_record_id', p_id,
      'event_data', jsonb_build_object('status', p_status, 'key', p_key)))
$$;
select count(*) from core.connect_integration((select id from b), 'provider', 'other', '{}');
select count(*) from core.connect_integration((select id from b), 'whatsapp', 'whatsapp', '{}');
select count(*) from stimuli.connect_channel((select id from b), 'email', 'smtp', 'provider', p_cost_per_send => 0.5);
select count(*) from stimuli.connect_channel((select id from b), 'push', 'webhook', 'provider');
select count(*) from stimuli.connect_channel((select id from b), 'whatsapp', 'whatsapp', 'whatsapp');
select count(*) from stimuli.connect_channel((select id from b), 'in_app', 'in_app');
select throws_ok(format('select stimuli.connect_channel(%L, ''email'', ''whatsapp'', ''whatsapp'')', (select id from b)), 'PT400', null, 'a connector delivers its own channel');

-- Leases and fencing.
select pg_temp.deploy('lease', '{ada}');
select pg_temp.deploy('keyed', '{ben}', 'push');
select is(pg_temp.claim('2026-06-01 10:00Z'), 'ada ben', 'two are handed over');
select is(pg_temp.claim('2026-06-01 10:01Z'), '', 'and nobody else gets them');
select is(pg_temp.claim('2026-06-01 10:03Z'), 'ben', 'when the worker has died, what the provider knows by its key is handed over again');
select is(pg_temp.state('lease', 'ada'), 'unknown answer_lost', 'and the other is held');
select is(pg_temp.finish('keyed', 'ben', 'retry', '2026-06-01 10:03Z', 1), 0, 'the dead worker that was not dead has lost its say');
select is(pg_temp.finish('lease', 'ada', 'sent', '2026-06-01 10:03Z') || pg_temp.state('lease', 'ada'), '1sent', 'unless nobody has done anything since');
select is(pg_temp.finish('keyed', 'ben', 'unknown', '2026-06-01 10:03Z') || pg_temp.state('keyed', 'ben'), '1pending answer_lost', 'a lost answer of a provider with keys waits for its repetition');
select ok((select next_attempt_at between '2026-06-01 10:04Z' and '2026-06-01 10:05Z' from stimuli.stimulus_deployments where id = md5('keyedben')::uuid), 'with a growing distance');
select is(pg_temp.claim('2026-06-01 10:06Z', 1), 'ben', 'then it goes');
select is(pg_temp.finish('keyed', 'ben', 'released', '2026-06-01 10:06Z') || pg_temp.state('keyed', 'ben'), '1pending', 'what was not begun is given back');
select is((select delivery_attempts || ' ' || (handed_over_at is not null)::text from stimuli.stimulus_deployments where id = md5('keyedben')::uuid), '2 true', 'without costing an attempt, and still counts as perhaps sent');

-- Attempts, dead letters.
select core.set_setting(id, 'stimuli.max_attempts', '2') from b;
select pg_temp.deploy('dead', '{cleo}');
select pg_temp.claim('2026-06-01 11:00Z'), pg_temp.finish('keyed', 'ben', 'sent', '2026-06-01 11:00Z');
select is(pg_temp.finish('dead', 'cleo', 'retry', '2026-06-01 11:00Z', p_more => '{"retry_after_seconds": 600, "code": "429"}'), 1, 'a provider asks for patience');
select is(pg_temp.claim('2026-06-01 11:09Z'), '', 'it gets it');
select is(pg_temp.claim('2026-06-01 11:11Z'), 'cleo', 'and then a second attempt');
select is(pg_temp.finish('dead', 'cleo', 'retry', '2026-06-01 11:11Z') || pg_temp.state('dead', 'cleo'), '1failed attempts_exhausted', 'after the last attempt it is a dead letter');
select is((select reason_code from stimuli.undelivered where actor_id = md5('cleo')::uuid), 'attempts_exhausted', 'which everybody sees');
select is(stimuli.redrive_deliveries(id), 1, 'and which can be driven again') from b;
select is(pg_temp.claim('2026-06-01 12:00Z'), 'cleo', 'with all its attempts');
select is(pg_temp.finish('dead', 'cleo', 'unknown', '2026-06-01 12:00Z'), 1, 'this time the answer is lost');
select is((stimuli.settle_delivery(id, md5('deadcleo')::uuid, 'send_again')).delivery_status, 'pending', 'a manager may have it sent again') from b;
select throws_ok(format('select stimuli.settle_delivery(%L, md5(''deadcleo'')::uuid, ''sent'')', (select id from b)), 'PT409', null, 'but only what is held');
select is(pg_temp.claim('2026-06-01 12:10Z'), 'cleo', 'it goes');
select pg_temp.finish('dead', 'cleo', 'sent', '2026-06-01 12:10Z');

-- Budget.
select pg_temp.deploy('rich', '{ada,ben,cleo,dan,eva,fay}');
-- Terms are given to a draft.
update stimuli.stimuli_base set status = 'draft' where id = md5('rich')::uuid;
insert into stimuli.campaigns (brand_id, stimulus_id, campaign_type, campaign_goal, budget_limit, daily_budget_limit) select id, md5('rich')::uuid, 'email', 'awareness', 2, 1 from b;
update stimuli.stimuli_base set status = 'active' where id = md5('rich')::uuid;
select is(cardinality(string_to_array(pg_temp.claim('2026-06-02 10:00Z'), ' ')), 2, 'a daily budget of 1 is two messages for half of it each');
select is((select count(*)::int from stimuli.stimulus_deployments where reason_code = 'daily_budget' and next_attempt_at = '2026-06-03'), 4, 'the others wait for the next day');
select is((select reserved || ' ' || settled || ' ' || sends from stimuli.campaign_spending), '1.0000 0.0000 2', 'what is under way is reserved');
select pg_temp.finish('rich', (select a.name from stimuli.stimulus_deployments d join actors.actors a on a.id = d.actor_id where d.delivery_status = 'sending' order by a.id limit 1), 'sent', '2026-06-02 10:00Z');
select pg_temp.finish('rich', (select a.name from stimuli.stimulus_deployments d join actors.actors a on a.id = d.actor_id where d.delivery_status = 'sending' order by a.id limit 1), 'rejected', '2026-06-02 10:00Z');
select is((select reserved || ' ' || settled || ' ' || sends from stimuli.campaign_spending), '0.0000 0.5000 1', 'and then spent or given back');
select pg_temp.claim('2026-06-03 10:00Z');
update stimuli.campaigns set daily_budget_limit = null;
select pg_temp.claim('2026-06-04 10:00Z');
select is((select string_agg(reserved::real::text, ' ' order by local_day) from stimuli.campaign_spending), '0 1 0.5', 'the whole budget is a hard stop, and what is unknown stays reserved');
select is((select count(*)::int from stimuli.stimulus_deployments where reason_code = 'budget'), 1, 'that names itself');
delete from stimuli.stimulus_deployments where stimulus_id = md5('rich')::uuid;

-- Rate.
select count(*) from stimuli.connect_channel((select id from b), 'email', 'smtp', 'provider', p_rate_per_minute => 2);
select pg_temp.deploy('rated', '{ada,ben,cleo,dan}');
select is(cardinality(string_to_array(pg_temp.claim('2026-06-05 10:00:00Z'), ' ')), 2, 'a connector gets no more than its rate');
select is(cardinality(string_to_array(pg_temp.claim('2026-06-05 10:00:31Z'), ' ')), 1, 'and then the next');

-- Events.
select pg_temp.deploy('told', '{ada,ben,cleo,dan,eva}');
update stimuli.stimulus_deployments set delivery_status = 'sent', handed_over_at = '2026-06-02', sent_at = '2026-06-02', provider_message_id = 'm-' || id,
  address_sha256 = private.address_sha256(brand_id, 'email', (select a.name || '@example.com' from actors.actors a where a.id = actor_id)) where stimulus_id = md5('told')::uuid;
select private.refresh_stimulus_totals(id, array[md5('told')::uuid]) from b;
select is(pg_temp.events(jsonb_build_array(
  jsonb_build_object('event_id', '1', 'type', 'clicked', 'deployment_id', md5('toldada')::uuid, 'occurred_at', '2026-06-02T10:00:00Z', 'link', 'https://example.com'),
  jsonb_build_object('event_id', '2', 'type', 'bounced', 'provider_message_id', 'm-' || md5('toldben')::uuid, 'code', '5.1.1'),
  jsonb_build_object('event_id', '3', 'type', 'complained', 'deployment_id', md5('toldcleo')::uuid),
  jsonb_build_object('event_id', '4', 'type', 'delivered', 'deployment_id', md5('tolddan')::uuid),
  jsonb_build_object('event_id', '5', 'type', 'delivered', 'provider_message_id', 'nobody''s'))), '5/4', 'a provider tells of messages');
select is(pg_temp.events('[{"event_id": "4", "type": "bounced"}]'), '0/0', 'each event once');
select is(pg_temp.events(jsonb_build_array(jsonb_build_object('event_id', '6', 'type', 'delivered', 'deployment_id', md5('toldada')::uuid))), '1/1', 'a late one');
select results_eq($$select a.name, d.delivery_status::text, d.response_status::text from stimuli.stimulus_deployments d join actors.actors a on a.id = d.actor_id where d.stimulus_id = md5('told')::uuid order by 1$$,
  $$values ('ada', 'delivered', 'clicked'), ('ben', 'failed', 'bounced'), ('cleo', 'delivered', 'unsubscribed'), ('dan', 'delivered', 'none'), ('eva', 'sent', 'none')$$,
  'moves nothing back');
select results_eq($$select m.email_type, m.recipient_email from signals.email_interactions m where m.campaign_id = md5('told')::uuid::text order by 2, 1$$,
  $$values ('clicked', 'ada@example.com'), ('sent', 'ada@example.com'), ('bounced', 'ben@example.com'), ('complained', 'cleo@example.com'), ('sent', 'dan@example.com')$$,
  'each is a signal of the person');
select results_eq($$select s.reason::text, a.name from stimuli.suppressions s join actors.actors a on s.address_sha256 = private.address_sha256(a.brand_id, 'email', a.name || '@example.com') order by 2$$,
  $$values ('bounce', 'ben'), ('complaint', 'cleo')$$, 'who bounced or complained is suppressed');
select is((select (total_sent, total_delivered, total_opened, total_clicked)::text from stimuli.stimuli_base where id = md5('told')::uuid), '(5,3,2,1)',
  'the totals move with it');

-- WhatsApp tells by signals; it knows the key of a message whose id was lost with the answer.
select pg_temp.deploy('wa', '{eva,fay}', 'whatsapp');
select is(pg_temp.claim('2026-06-05 10:02Z') like '%eva fay%', true, 'two go by WhatsApp');
select pg_temp.finish('wa', 'eva', 'sent', '2026-06-05 10:02Z', p_more => '{"provider_message_id": "wamid.1"}'), pg_temp.finish('wa', 'fay', 'unknown', '2026-06-05 10:02Z');
select count(*) from signals.ingest((select id from b), jsonb_build_array(
  pg_temp.status('wamid.1', 'read', null), pg_temp.status('wamid.1', 'delivered', null), pg_temp.status('wamid.2', 'delivered', 'loopwise-' || md5('wafay')::uuid),
  pg_temp.status('wamid.3', 'delivered', 'loopwise-nonsense')));
select is(pg_temp.state('wa', 'eva') || ' ' || pg_temp.state('wa', 'fay'), 'delivered delivered', 'its statuses move the messages and settle what was held');
select is((select string_agg(response_status::text, ' ' order by response_status) from stimuli.stimulus_deployments where stimulus_id = md5('wa')::uuid), 'none opened', 'and say who read it');

-- Opt-outs by signal and by link.
select count(*) from signals.ingest((select id from b), '[{"type": "whatsapp_message", "source_platform": "whatsapp", "source_id": "s1", "occurred_at": "2026-06-02T10:00:00Z", "identifiers": {"phone": "+49171000000"}, "data": {"message_text": " Stop! ", "sender_phone": "+49171000000"}},
  {"type": "whatsapp_message", "source_platform": "whatsapp", "source_id": "s2", "occurred_at": "2026-06-02T10:00:00Z", "identifiers": {"phone": "+49171000001"}, "data": {"message_text": "Stop by any time", "sender_phone": "+49171000001"}}]');
select is((select count(*)::int from stimuli.suppressions where channel = 'whatsapp'), 1, 'STOP and nothing else ends WhatsApp, also for a number of nobody yet');
create temp table link on commit drop as select private.unsubscribe_token(private.unsubscribe_secret(), id, md5('tolddan')::uuid) as token from b;
select is((select changed > 0 from link, stimuli.unsubscribe(token)) and (select changed = 0 from link, stimuli.unsubscribe(token)), true, 'a link works, and a second time changes nothing');
select is((select response_status::text from stimuli.stimulus_deployments where id = md5('tolddan')::uuid), 'unsubscribed', 'the message knows');
select throws_ok(format('select stimuli.unsubscribe(%L)', (select overlay(token placing case substr(token, 60, 1) when 'A' then 'B' else 'A' end from 60 for 1) from link)), 'PT404', null, 'a forged link does nothing');
select throws_ok(format('select stimuli.unsubscribe(%L)', repeat('A', 71)), 'PT404', null, 'nor does one of nobody');
select throws_ok(format('select stimuli.unsubscribe(%L)', E'x''; drop table'), 'PT404', null, 'nor anything else');

-- In the app.
select pg_temp.deploy('app', '{ada}', 'in_app');
select pg_temp.claim('2026-06-06 10:00Z'), pg_temp.finish('app', 'ada', 'delivered', '2026-06-06 10:00Z', p_more => '{"content": {"subject": "Hello Ada"}}');
update stimuli.stimulus_deployments set expires_at = null where id = md5('appada')::uuid;
select tests.authenticate_as(ada) from b;
select results_eq(format('select content ->> ''subject'', is_opened from stimuli.inbox(%L)', (select id from b)), $$values ('Hello Ada', false)$$, 'the person reads its message');
select is((select stimuli.open_message(b.id, md5('appada')::uuid)::text || stimuli.open_message(b.id, md5('appada')::uuid)::text from b), 'truefalse', 'and opens it once');
select tests.clear_authentication();
select tests.authenticate_as(eve) from b;
select is_empty(format('select * from stimuli.inbox(%L)', (select id from b)), 'others do not');
select throws_ok(format('select stimuli.open_message(%L, md5(''appada'')::uuid)', (select id from b)), 'PT404', null, 'nor can they open it');
select throws_ok($$select * from stimuli.claim_deliveries('w')$$, '42501', null, 'nor take messages from the queue');

select * from finish();
rollback;
