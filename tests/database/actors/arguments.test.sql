begin;
select plan(25);

create temp table t on commit drop as
select b.owner, tests.create_brand(b.owner) as brand, '2026-06-01T12:00:00Z'::timestamptz as now
from (select tests.create_user('owner@arguments.test') as owner) b;
grant select on t to authenticated;
select signals.ingest(t.brand, (select jsonb_agg(jsonb_build_object('type', 'review', 'source_platform', 'shop', 'source_id', i::text, 'occurred_at', '2026-05-01T10:00:00Z',
    'identifiers', jsonb_build_object('customer_id', 'person ' || i), 'data', jsonb_build_object('rating', 4, 'review_text', 'text ' || i))) from generate_series(1, 3) i), null, t.now),
  actors.process_signals(t.brand, 1000, t.now) from t;
create temp table p on commit drop as
select (select a.id from actors.find(t.brand, 'person 1') a) as a, (select a.id from actors.find(t.brand, 'person 2') a) as b,
  (select s.id from signals.signals_base s where s.brand_id = t.brand and s.source_id = '3') as signal from t;
insert into actors.identity_reviews (brand_id, record_a, record_b, probability, waterfall)
select t.brand, min(r.id::text)::uuid, max(r.id::text)::uuid, 0.6, '[]' from t join actors.identity_records r on r.brand_id = t.brand group by t.brand;
create temp table q on commit drop as
select actors.merge(p.a, p.b, null, t.now) as event, (select r.id from actors.identity_reviews r where r.brand_id = t.brand order by r.created_at, r.id limit 1) as review,
  array(select r.id from actors.identity_records r where r.actor_id = p.b) as records from t, p;
grant select on p, q to authenticated;
create function pg_temp.state() returns text language sql as $$
  select md5(concat(
    (select string_agg(x::text, '' order by x.id) from actors.actors x), (select string_agg(x::text, '' order by x.id) from actors.identity_events x),
    (select string_agg(x::text, '' order by x.id) from actors.identity_reviews x), (select string_agg(x::text, '' order by x.id) from actors.identity_models x),
    (select string_agg(x::text, '' order by x.id) from signals.signals_base x), (select string_agg(x::text, '' order by x.id) from actors.belief_priors x)))
$$;
create temp table before on commit drop as select pg_temp.state() as state;
create temp table calls on commit drop as select * from (values
  ('merge', 'select actors.merge(a, signal, null, %L) from p'), ('unmerge', 'select actors.unmerge(event, null, %L) from q'),
  ('split', 'select actors.split(p.a, q.records, null, %L) from p, q'), ('retract', 'select actors.retract(signal, null, %L) from p'),
  ('answer_review', 'select actors.answer_review(review, true, null, %L) from q'), ('train_identity', 'select actors.train_identity(brand, %L) from t'),
  ('refresh_vectors', 'select actors.refresh_vectors(brand, %L) from t'), ('refresh_insights', 'select actors.refresh_insights(brand, 10, %L) from t'),
  ('rebuild', 'select actors.rebuild(brand, %L) from t'), ('process_signals', 'select actors.process_signals(brand, 10, %L) from t'),
  ('profile', 'select actors.profile(a, %L) from p'), ('evidence', 'select actors.evidence(a, null, %L) from p'),
  ('belief_as_of', 'select actors.belief_as_of(a, %L) from p'), ('ingest', 'select signals.ingest(brand, ''[{}]'', null, %L) from t')
) c (name, call);
grant select on calls to authenticated;

select tests.authenticate_as(owner) from t;
select throws_ok(format(c.call, 'infinity'), 'PT400', null, c.name || ' takes no time that never comes') from calls c order by c.name;
select throws_ok(format(c.call, null), 'PT400', null, c.name || ' asks for a time') from calls c where c.name in ('answer_review', 'train_identity', 'refresh_vectors', 'rebuild') order by c.name;
select throws_ok(format('select actors.merge(a, a, %L) from p', repeat('x', 2001)), 'PT400', 'p_reason: must have at most 2000 characters', 'the reason of a merge is bounded');
select throws_ok(format('select actors.unmerge(event, %L) from q', repeat('x', 2001)), 'PT400', 'p_reason: must have at most 2000 characters', 'and of an unmerge');
select throws_ok(format('select actors.split(a, records, %L) from p, q', repeat('x', 2001)), 'PT400', 'p_reason: must have at most 2000 characters', 'and of a split');
select throws_ok(format('select actors.retract(signal, %L) from p', repeat('x', 2001)), 'PT400', 'p_reason: must have at most 2000 characters', 'and of a retraction');
select throws_ok('select actors.train_identity(brand, now(), null) from t', 'PT400', 'p_seed: must not be null', 'training asks for a seed');
select tests.clear_authentication();
select is(pg_temp.state(), state, 'none of these changed anything') from before;
select tests.authenticate_as(owner) from t;
select is(actors.profile(b) ->> 'merged_into', a::text, 'the profile of a person who was merged tells into whom') from p;
select tests.clear_authentication();

select * from finish();
rollback;
