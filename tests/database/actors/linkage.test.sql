begin;
select plan(18);

create temp table t on commit drop as
select b.owner, tests.create_brand(b.owner) as brand, tests.create_brand(b.owner, 'Again') as again, '2026-05-01T12:00:00Z'::timestamptz as now from (select tests.create_user('linkage@actors.test') as owner) b;
create function pg_temp.seen(p_id text, p_identifiers jsonb, p_name text default null, p_person jsonb default null) returns jsonb language sql as $$
  select jsonb_build_object('type', 'web_behavior', 'source_platform', 'web', 'source_id', p_id, 'occurred_at', '2026-04-01T10:00:00Z', 'identifiers', p_identifiers, 'name', p_name, 'person', p_person,
    'data', jsonb_build_object('session_id', p_id, 'page_url', 'https://shop.example/', 'action_type', 'page_view'))
$$;
-- A town of 300 strangers with an address each, so that values have frequencies; then the people of the tests.
create temp table sent on commit drop as
select i, pg_temp.seen('s' || i, jsonb_build_object('email', 'm' || md5(i::text) || '@example.com'), initcap(translate(substr(md5('g' || i % 60), 1, 6), '0123456789', 'ghijklmnop')) || ' ' || initcap(translate(substr(md5('f' || i % 140), 1, 8), '0123456789', 'ghijklmnop')),
  jsonb_build_object('city', 'town ' || chr(97 + i % 7), 'birth_date', to_char('1950-01-01'::date + i * 53, 'YYYY-MM-DD'))) as signal from generate_series(1, 300) i
union all select 1000 + n, s from unnest(array[
  pg_temp.seen('ann1', '{"phone": "+447700900123"}', 'Ann Longstaff', '{"city": "leeds", "street": "4 mill lane"}'),
  pg_temp.seen('bob1', '{"phone": "+447700900123"}', 'Robert Longstaff', '{"city": "leeds", "street": "4 mill lane"}'),
  pg_temp.seen('ann2', '{"phone": "+447700900123", "email": "ann.l@example.com"}', 'Ann Longstaff'),
  pg_temp.seen('bob2', '{"phone": "+447700900123", "customer_id": "C-77231"}', 'Robert Longstaff'),
  pg_temp.seen('swap1', '{"email": "first@example.org"}', 'Quentin Abernathy', '{"birth_date": "1971-03-09", "city": "york"}'),
  pg_temp.seen('swap2', '{"customer_id": "C-88123"}', 'Abernathy Quentin', '{"birth_date": "1971-09-03", "city": "york"}'),
  pg_temp.seen('typo1', '{"email": "hildegard.moss@example.org"}', 'Hildegard Moss', '{"birth_date": "1979-04-01", "street": "9 quay road"}'),
  pg_temp.seen('typo2', '{"email": "hildegrad.moss@example.org"}', 'Hildegard Moss', '{"birth_date": "1979-04-01", "street": "9 quay road"}'),
  pg_temp.seen('near1', '{"email": "tb61@example.org"}', 'Theodora Blackwood'),
  pg_temp.seen('near2', '{"email": "orchid.lover@example.net"}', 'Theodora Blackwod'),
  pg_temp.seen('mail1', '{"email": "zebulon.pike77@example.org"}'),
  pg_temp.seen('mail2', '{"phone": "+447700900877"}', 'Zebulon Pike', '{"city": "hull"}'),
  pg_temp.seen('left1', '{"email": "left@example.org"}', 'Edmund Tarrant', '{"birth_date": "1960-05-05"}'),
  pg_temp.seen('left2', '{"email": "left@example.org", "customer_id": "L-1"}', 'Edmund Tarrant', '{"birth_date": "1960-05-05"}'),
  pg_temp.seen('right1', '{"phone": "+447700900555"}', 'Sophia Wexford', '{"birth_date": "1985-11-30"}'),
  pg_temp.seen('right2', '{"phone": "+447700900555", "customer_id": "R-1"}', 'Sophia Wexford', '{"birth_date": "1985-11-30"}'),
  pg_temp.seen('bridge', '{"email": "left@example.org", "customer_id": "R-1"}')]) with ordinality u (s, n);
select signals.ingest(t.brand, (select jsonb_agg(signal order by i) from sent), null, t.now) from t;
select is((p.claimed, p.failed), (317, 0), 'all are processed') from t, actors.process_signals(t.brand, 1000, t.now) p;
create function pg_temp.who(p_id text) returns uuid language sql as $$ select s.actor_id from signals.signals_base s where s.brand_id = (select brand from t) and s.source_id = p_id $$;
create function pg_temp.same(p_a text, p_b text) returns boolean language sql as $$ select pg_temp.who(p_a) = pg_temp.who(p_b) $$;

select is(array[pg_temp.same('ann1', 'ann2'), pg_temp.same('bob1', 'bob2')], '{t,t}', 'each of a household is found again by name and telephone');
select ok(not pg_temp.same('ann1', 'bob1'), 'and the two are not made one by telephone, family name and address');
select is((select count(*)::int from t, actors.find(t.brand, '+44 7700 900123')), 2, 'the telephone finds both');
select ok(pg_temp.same('swap1', 'swap2'), 'names the wrong way round and a date with day and month swapped are one person');
select ok(pg_temp.same('typo1', 'typo2'), 'two letters swapped in an address do not make two people');
select ok((select m.probability > 0.3 from t, actors.identity_matches m where m.brand_id = t.brand and (m.record_a, m.record_b) in (
    select least(x.identity_record_id, y.identity_record_id), greatest(x.identity_record_id, y.identity_record_id) from signals.signals_base x, signals.signals_base y, t
    where x.brand_id = t.brand and y.brand_id = t.brand and x.source_id = 'mail1' and y.source_id = 'mail2')), 'a name in an address is compared with a stated one');
select is(array[pg_temp.same('left1', 'left2'), pg_temp.same('right1', 'right2'), pg_temp.same('left1', 'right1')], '{t,t,f}', 'a record between two people does not tie them');
select is((select count(distinct s.actor_id)::int from signals.signals_base s, t where s.brand_id = t.brand and s.source_id ~ '^s\d'), 300, 'strangers stay strangers');

-- The same in batches of forty.
do $$
declare
  v_t t;
  v_batch jsonb;
begin
  select * into v_t from t;
  for v_batch in select jsonb_agg(signal order by i) from (select s.*, (row_number() over (order by i) - 1) / 40 as batch from sent s) s group by batch order by batch loop
    perform signals.ingest(v_t.again, v_batch, null, v_t.now);
    perform actors.process_signals(v_t.again, 1000, v_t.now);
  end loop;
end
$$;
create view pg_temp.partition_of as
select s.brand_id, s.source_id, min(s.source_id) over (partition by s.brand_id, s.actor_id) as first_of_person from signals.signals_base s;
select results_eq('select source_id, first_of_person from partition_of where brand_id = (select again from t) order by 1', 'select source_id, first_of_person from partition_of where brand_id = (select brand from t) order by 1', 'in many batches or in one, the same people');
create temp table before on commit drop as select * from partition_of where brand_id = (select brand from t);
create temp table matches_before on commit drop as select m.record_a, m.record_b, m.weight, m.probability from actors.identity_matches m, t where m.brand_id = t.brand;

select is((m.version, m.label_count), (1, 0), 'a model is trained') from t, actors.train_identity(t.brand, t.now) m;
create temp table first_model on commit drop as select m.m, m.u, m.matches_per_record from actors.identity_models m, t where m.brand_id = t.brand;
delete from actors.identity_models m using t where m.brand_id = t.brand;
select results_eq('select (m.m, m.u, m.matches_per_record)::text from t, actors.train_identity(t.brand, t.now) m', 'select (m, u, matches_per_record)::text from first_model', 'the same data and seed train the same model, to the last bit');
delete from actors.identity_models m using t where m.brand_id = t.brand;
select private.resolve_identity(t.brand, t.now) from t;
create temp table matches_once on commit drop as select m.record_a, m.record_b, m.weight, m.probability from actors.identity_matches m, t where m.brand_id = t.brand;
select private.resolve_identity(t.brand, t.now) from t;
select results_eq('select m.record_a, m.record_b, m.weight, m.probability from actors.identity_matches m, t where m.brand_id = t.brand order by 1, 2', 'select * from matches_once order by 1, 2', 'a rerun gives the same matches, to the last bit');
select results_eq('select source_id, first_of_person from partition_of where brand_id = (select brand from t) order by 1', 'select source_id, first_of_person from before order by 1', 'and a full rerun the people that came about as signals came');

-- Pairs that cannot reach the floor are dropped by a bound: none that reaches it may be among them.
create function pg_temp.scored(p_floor double precision) returns setof private.identity_score language sql as $$
  select s.* from t cross join lateral (select array_agg(c.record_a) as a, array_agg(c.record_b) as b from private.identity_candidates(t.brand, null) c) p
  cross join lateral private.score_identities(t.brand, p.a, p.b, private.identity_model_of(t.brand), p_floor) s
$$;
create temp table scored on commit drop as select * from pg_temp.scored(0);
select results_eq(format('select record_a, record_b, levels, weights, probability from pg_temp.scored(%s) order by 1, 2', q.f),
  format('select record_a, record_b, levels, weights, probability from scored where probability >= %s order by 1, 2', q.f), 'scoring from a floor up finds what scoring everything finds, down to the pair on the floor')
from (
  select s.probability * 0.999 as f from t, scored s
  where array[s.record_a, s.record_b] @> array(select b.identity_record_id from signals.signals_base b where b.brand_id = t.brand and b.source_id in ('near1', 'near2'))
) q;

grant select on t to authenticated;
create temp table support on commit drop as select tests.create_user('support@linkage.test') as id;
select tests.add_member(t.brand, s.id, 'support') from t, support s;
select tests.authenticate_as(id) from support;
select throws_ok($$select actors.train_identity((select brand from t))$$, '42501', null, 'support trains no model');
select tests.clear_authentication();
select lives_ok('select private.refresh_identity(t.brand, t.now) from t', 'the night trains, clusters and');
select ok((m.calibration ->> 'expected_error')::float8 between 0 and 0.3 and (m.calibration ->> 'pairs')::int > 5 and m.calibration ->> 'basis' = 'clusters', 'reports the calibration error and what it stands on') from t, actors.identity_models m where m.brand_id = t.brand order by m.version desc limit 1;

select * from finish();
rollback;
