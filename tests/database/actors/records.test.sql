begin;
select plan(23);

create temp table t on commit drop as
select b.owner, tests.create_brand(b.owner) as brand, '2026-05-01T12:00:00Z'::timestamptz as now from (select tests.create_user('records@actors.test') as owner) b;
create function pg_temp.seen(p_id text, p_identifiers jsonb, p_name text default null, p_person jsonb default null) returns jsonb language sql as $$
  select jsonb_build_object('type', 'web_behavior', 'source_platform', 'web', 'source_id', p_id, 'occurred_at', '2026-04-01T10:00:00Z', 'identifiers', p_identifiers, 'name', p_name, 'person', p_person,
    'data', jsonb_build_object('session_id', p_id, 'page_url', 'https://shop.example/', 'action_type', 'page_view'))
$$;
create view pg_temp.seen_records as
select s.source_id, s.actor_id as of_actor, r.* from signals.signals_base s left join actors.identity_records r on r.id = s.identity_record_id where s.brand_id = (select brand from t);

select is(private.plain_text('  Ångström-Müller  ß '), 'angstrom muller ss', 'letters lose their marks');
select is(private.name_parts('Dr. Anna Maria Smith'), '{anna,smith}', 'a title goes, the first and the last name stay');
select is(private.name_parts('Berg, Jan van der'), '{jan,"van der berg"}', 'family name first, with its particles');
select is(private.name_parts('Cher'), '{cher,NULL}', 'one word is a given name');
select is((select array_agg(private.is_placeholder(k, v)) from (values ('email', 'noreply@shop.com'), ('phone', '+44000000000'), ('customer_id', 'guest'), ('email', 'anna@shop.com'), ('phone', '+447700900123')) p (k, v)),
  '{t,t,t,f,f}', 'placeholders are told from identifiers');

select is((select array_agg(i.verdict order by i.index) from t, signals.ingest(t.brand, jsonb_build_array(
  pg_temp.seen('1', '{"email": "Anna.Smith81@Example.com"}'),
  pg_temp.seen('2', '{"email": "anna.smith81@example.com"}'),
  pg_temp.seen('3', '{"email": "anna.smith81@example.com", "phone": "+447700900123"}', 'Anna Smith', '{"city": "Leeds", "birth_date": "1981-02-03", "street": "12 High Street"}'),
  pg_temp.seen('4', '{"email": "noreply@shop.com"}'),
  pg_temp.seen('5', '{}', 'Anna'),
  pg_temp.seen('6', '{}', 'Ida Bell'),
  pg_temp.seen('7', '{}', 'Ida Bell'),
  pg_temp.seen('8', '{"email": "x@example.com"}', null, '{"shoe_size": "40"}'),
  pg_temp.seen('9', '{"email": "x@example.com"}', null, '{"birth_date": "in May"}'),
  pg_temp.seen('10', '{"email": "x@example.com"}', null, '"Anna"')), null, t.now) i),
  '{accepted,accepted,accepted,accepted,accepted,accepted,accepted,rejected,rejected,rejected}', 'a person of another form is rejected');
select is((select array_agg(i.field || ' ' || i.reason) from t, signals.ingest(t.brand, jsonb_build_array(pg_temp.seen('9', '{}', null, '{"birth_date": "in May"}')), null, t.now) i),
  '{"person.birth_date must be a date such as 1980-12-31, or a year"}', 'and told how to mend it');
select is((p.claimed, p.matched, p.created), (7, 5, 3), 'who says nothing of identity is nobody') from t, actors.process_signals(t.brand, 100, t.now) p;
select is((select count(distinct id)::int from seen_records where source_id in ('1', '2')), 1, 'the same fields are one record');
select is((select (signal_count, given_name, family_name, given_is_derived, email_letters) from seen_records where source_id = '1'), (2, 'anna'::text, 'smith'::text, true, 'annasmith'::text), 'that counts its signals and reads the name from the address');
select is((select (given_name, family_name, given_is_derived, city, birth_date, street, house_number) from seen_records where source_id = '3'),
  ('anna'::text, 'smith'::text, false, 'leeds'::text, '19810203'::text, 'high st'::text, '12'::text), 'a stated name stands before one that is read; an address falls into its parts');
select is((select count(distinct of_actor)::int from seen_records where source_id in ('1', '3')), 1, 'one address, one person');
select is((select array_agg(id is null order by source_id) from seen_records where source_id in ('4', '5')), '{t,t}', 'a placeholder is no identity, nor is a first name');
select is((select count(distinct of_actor)::int from seen_records where source_id in ('6', '7')), 2, 'namesakes are two people until something ties them');
select is((select array_agg(distinct a.primary_identifier_type::text || ' ' || a.primary_identifier) from seen_records r join actors.actors a on a.id = r.of_actor where r.source_id in ('6', '7')), '{"name ida bell"}', 'known by name alone');

select signals.ingest(t.brand, jsonb_build_array(pg_temp.seen('11', '{"email": "anna.smith81@example.com"}')), null, t.now) from t;
select is((p.matched, p.created), (1, 0), 'a known record has its person') from t, actors.process_signals(t.brand, 100, t.now) p;
select is((select (signal_count) from seen_records where source_id = '11'), 3, 'and counts one more');
select is((select count(*)::int from t, actors.actor_identifiers i join seen_records r on r.of_actor = i.actor_id where r.source_id = '3' and i.brand_id = t.brand), 2, 'a person has the identifiers of all its records');
select ok((select abs(m.weight - (select sum((w ->> 'weight')::float8) from jsonb_array_elements(m.waterfall) w)) < 0.01 from t, actors.identity_matches m where m.brand_id = t.brand order by m.probability desc limit 1), 'the waterfall adds up to the match weight');
select is((select array_agg(w ->> 'field') from (select m.* from t, actors.identity_matches m where m.brand_id = t.brand order by m.probability desc limit 1) m, jsonb_array_elements(m.waterfall) w), '{prior,email,household}', 'from the prior through every field that was compared');

-- A till that books everything under one mailbox.
select signals.ingest(t.brand, (select jsonb_agg(pg_temp.seen('till' || i, '{"email": "counter@cafe.example"}', chr(97 + i % 26) || chr(97 + i / 26) || 'x Guest' || i)) from generate_series(0, 99) i), null, t.now) from t;
select cmp_ok((p.created), '>', 20, 'a mailbox under very many names makes no mega-person') from t, actors.process_signals(t.brand, 1000, t.now) p;
select is((select r.agreement_bits[2] is null from t, actors.identity_records r where r.brand_id = t.brand and r.email = 'counter@cafe.example' limit 1), true, 'it says nothing any more');

select throws_ok($$update actors.evidence set weight = 0 where brand_id = (select brand from t)$$, '42501', null, 'what was observed is never changed');

select * from finish();
rollback;
