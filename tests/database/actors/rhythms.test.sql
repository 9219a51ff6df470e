begin;
select plan(15);

create temp table t on commit drop as
select b.owner, tests.create_brand(b.owner) as brand, tests.create_brand(b.owner, 'Two') as brand_2, tests.create_brand(b.owner, 'Three') as brand_3, tests.create_brand(b.owner, 'Few') as few,
  '2026-05-01T12:00:00Z'::timestamptz as now
from (select tests.create_user('rhythms@actors.test') as owner) b;

-- Three brands of 1,000 people, of whom 100 have a rhythm.
select tests.plant_rhythms(x.brand, x.seed, 1000, 0.1, t.now) from t, lateral (values (brand, 0.11), (brand_2, 0.42), (brand_3, 0.83)) x (brand, seed);
insert into private.insights_due select a.brand_id, a.id from actors.actors a, t where a.brand_id in (brand, brand_2, brand_3);
select is(actors.refresh_insights(x, 5000, t.now), 1000, 'everybody with new evidence is looked at') from t, unnest(array[brand, brand_2]) x;
select is(actors.refresh_insights(brand_3, 900, now), 900, 'so many at a time') from t;
select is(actors.refresh_insights(brand_3, 900, now), 100, 'and the others the next time') from t;
create temp table scored on commit drop as select s.* from t, unnest(array[brand, brand_2, brand_3]) x, tests.score_rhythms(x) s;
select ok(sum(false_found) <= 0.05 * sum(found), 'of those found, fewer than 5 in 100 have none: ' || sum(false_found) || ' of ' || sum(found)) from scored;
select ok(sum(right_found) >= 0.8 * sum(planted), 'four of five planted rhythms are found, and as what they are: ' || sum(right_found) || ' of ' || sum(planted)) from scored;
select is_empty('select 1 from scored where false_found > 3', 'in no brand more than three false ones');

-- One person who buys every ten days and writes on the first of the month, exactly known.
insert into actors.actors (id, brand_id, primary_identifier, primary_identifier_type, first_seen_at, last_seen_at)
select '00000000-0000-4000-8000-00000000000a', few, 'ten', 'customer_id', now, now from t;
insert into actors.evidence (brand_id, actor_id, attribute, distribution, category, value, weight, occurred_at, source_kind, source_id)
select few, '00000000-0000-4000-8000-00000000000a'::uuid, 'behavior.purchase_rate', 'gamma'::actors.distribution, '', 1, 0.9, '2025-06-02T10:00:00Z'::timestamptz + (i * 10 + i % 2) * interval '1 day', 'signal'::actors.evidence_source, gen_random_uuid()
from t, generate_series(0, 32) i where i not in (5, 12)
union all
select few, '00000000-0000-4000-8000-00000000000a', 'communication.channel', 'dirichlet', 'whatsapp', 1, 0.9, '2025-01-01T09:00:00Z'::timestamptz + i * interval '1 month', 'signal', gen_random_uuid()
from t, generate_series(0, 15) i;
create temp table written on commit drop as select private.actors_write_loops(few, '{00000000-0000-4000-8000-00000000000a}', now) as n from t;
select is((select n from written), (select count(*)::int from actors.actor_memory_loops where brand_id = few and is_current), 'what is written is current') from t;
create temp table loops on commit drop as select m.* from actors.actor_memory_loops m, t where m.brand_id = t.few;
select results_eq($$select activity, loop_type, loop_frequency, loop_duration, loop_description, next_expected_at::date from loops where pattern_data ? 'calendar' and is_current order by 1$$,
  $$values ('contact', 'monthly_cycle', 'monthly', 30, 'writes every month around the same day', '2026-05-01'::date), ('purchase', 'purchase_pattern', 'weekly', 10, 'buys every 10 days', '2026-04-28'::date)$$,
  'the period, what it is called and when the next occasion is due');
select ok((select loop_consistency between 0.9 and 0.97 and loop_strength = 1 and confidence > 0.999 and evidence_count = 31 and jsonb_array_length(source_signals) = 20
    and source_weights -> 0 = '0.9' from loops where loop_type = 'purchase_pattern'), 'two of 33 occasions were missed; the signals and their weights are kept');
select is_empty($$select 1 from loops where activity = 'purchase' and loop_type <> 'purchase_pattern' and loop_type <> 'other'$$, 'every ten days is no weekday');

-- It stops.
select is(actors.refresh_insights(few, 10, now + interval '8 days'), 0, 'nothing new') from t;
select is((select count(*)::int from actors.actor_memory_loops m, t where m.brand_id = t.few and m.is_current and m.loop_type = 'purchase_pattern'), 1, 'one missed occasion ends nothing');
select actors.refresh_insights(few, 10, now + interval '40 days') from t;
select is((select array_agg(m.is_current) from actors.actor_memory_loops m, t where m.brand_id = t.few and m.loop_type = 'purchase_pattern'), '{f}', 'a loop that stops loses its current row and stays as a version');
select private.actors_write_loops(few, '{00000000-0000-4000-8000-00000000000a}', now + interval '40 days') from t;
select is_empty($$select 1 from actors.actor_memory_loops m, t where m.brand_id = t.few and m.is_current and m.loop_type = 'purchase_pattern'$$, 'and is not found again from the same evidence');

select * from finish();
rollback;
