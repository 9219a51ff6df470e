begin;
select plan(22);

create temp table t on commit drop as
select b.owner, b.staff, b.stranger, tests.create_brand(b.owner) as brand, tests.create_brand(b.stranger) as other
from (select tests.create_user('owner@example.com') as owner, tests.create_user('staff@example.com') as staff, tests.create_user('stranger@example.com') as stranger) b;
select tests.add_member(brand, staff, 'support') from t;
create temp table c (name text, id uuid default gen_random_uuid()) on commit drop;
insert into c (name) values ('bags'), ('mugs'), ('ends'), ('child');
grant select on t, c to authenticated;
create function pg_temp.c(p_name text) returns uuid language sql as $$ select id from c where name = p_name $$;
create function pg_temp.name(p_id text) returns text language sql as $$ select name from c where id = p_id::uuid $$;
grant execute on function pg_temp.c(text), pg_temp.name(text) to authenticated;

-- Two runs, on the 1st of January and of February, and what became of three cohorts.
insert into cohorts.clustering_runs (brand_id, algorithm_name, function_name, seed, input_actor_count, input_vector_type, input_vector_dimensions, started_at, status)
select brand, 'kmeans', 'cohorts.discover', 1, 100, 'combined', 4, at, 'completed' from t, unnest('{2026-01-01, 2026-02-01}'::timestamptz[]) at;
create temp table run on commit drop as select id, started_at as at from cohorts.clustering_runs;
insert into cohorts.cohorts (id, brand_id, cohort_type, discovery_algorithm, cohort_name, first_formed_at, last_run_id, cohort_status, dissolved_at, stability_score, discovery_confidence, representativeness_score)
select c.id, brand, 'mixed', 'kmeans', c.name, case c.name when 'child' then '2026-02-01'::timestamptz else '2026-01-01' end, (select id from run order by at desc limit 1),
  case c.name when 'ends' then 'dissolved' else 'active' end::cohorts.cohort_status, case c.name when 'ends' then '2026-02-01'::timestamptz end, 0.8, 0.9, 0.3 from t, c;
update cohorts.cohorts set parent_cohort_id = pg_temp.c('bags') where id = pg_temp.c('child');
insert into cohorts.cohort_evolution_log (brand_id, cohort_id, event_type, event_timestamp, after_state)
select brand, pg_temp.c('ends'), 'dissolved', '2026-02-01', jsonb_build_object('heirs', jsonb_build_array(
  jsonb_build_object('cohort_id', pg_temp.c('bags'), 'share', 0.2), jsonb_build_object('cohort_id', pg_temp.c('mugs'), 'share', 0.7))) from t;

-- One hundred people: 1-40 bags throughout; 41-50 bags, then mugs; 51-60 bags, then child; 61-70 ends, then mugs;
-- 71-72 ends, then nowhere; 73-80 nobody, then mugs; 81-90 mugs throughout; 91-95 mugs, away in January, back by February.
insert into actors.actors (id, brand_id, primary_identifier, primary_identifier_type, first_seen_at, last_seen_at)
select md5('person ' || i)::uuid, brand, 'p' || i, 'customer_id', '2026-01-01', '2026-01-01' from t, generate_series(1, 95) i;
insert into cohorts.actor_cohort_membership (brand_id, actor_id, cohort_id, assigned_by_algorithm, assigned_at, removed_at, is_active, membership_history, run_id, membership_confidence, distance_to_centroid, fit_score)
select t.brand, md5('person ' || i)::uuid, pg_temp.c(m.name), 'kmeans', m.since, m.until, m.until is null,
  case when i > 90 then '[{"assigned_at": "2026-01-01", "removed_at": "2026-01-10", "reason": "moved"}]' else '[]' end::jsonb, r.id, 0.9, i / 100.0, 0.5
from t cross join (values (1, 40, 'bags', '2026-01-01'::timestamptz, null::timestamptz), (41, 50, 'bags', '2026-01-01', '2026-02-01'), (41, 50, 'mugs', '2026-02-01', null),
  (51, 60, 'bags', '2026-01-01', '2026-02-01'), (51, 60, 'child', '2026-02-01', null), (61, 70, 'ends', '2026-01-01', '2026-02-01'), (61, 70, 'mugs', '2026-02-01', null),
  (71, 72, 'ends', '2026-01-01', '2026-02-01'), (73, 80, 'mugs', '2026-01-20', null), (81, 90, 'mugs', '2026-01-01', null), (91, 95, 'mugs', '2026-01-25', null)) m (a, b, name, since, until)
cross join generate_series(m.a, m.b) i join run r on r.at = '2026-02-01';
-- Somebody of the bags is also among the mugs, as a second cohort.
insert into cohorts.actor_cohort_membership (brand_id, actor_id, cohort_id, membership_type, assigned_by_algorithm, assigned_at)
select brand, md5('person 1')::uuid, pg_temp.c('mugs'), 'secondary', 'kmeans', '2026-02-01' from t;
insert into cohorts.cohort_characteristics (brand_id, cohort_id, characteristic_type, characteristic_name, characteristic_value, importance_score, strength_score,
  effect_size, effect_lower, effect_upper, p_value, adjusted_p_value, mean_value, last_updated_at, version, is_current)
select brand, pg_temp.c('bags'), 'behavioral', h.name, jsonb_build_object('label', h.name, 'mean_of_rest', 0, 'words', 'do ' || h.name), 1, 0.5, h.effect, h.effect - 0.2, h.effect + 0.2, 0, 0, h.effect, h.at, v, h.at = '2026-02-01'
from t, (values ('stays', 1.0, '2026-01-01'::timestamptz, 1), ('stays', 1.3, '2026-02-01', 2), ('moves', 1.0, '2026-01-01', 1), ('moves', 1.5, '2026-02-01', 2),
  ('goes', 0.5, '2026-01-01', 1), ('comes', 0.6, '2026-02-01', 1)) h (name, effect, at, v);
insert into cohorts.cohort_measurements (brand_id, cohort_id, run_id, measured_at, member_count, stability_score, representativeness_score)
select t.brand, pg_temp.c('bags'), r.id, r.at, case when r.at < '2026-02-01' then 60 else 40 end, case when r.at < '2026-02-01' then 0.7 else 0.9 end, 0.4 from t, run r;

select tests.authenticate_as(owner) from t;
create temp table comparison on commit drop as select pg_temp.name(x.cohort_id::text) as cohort, x.* from t, cohorts.compare(brand, '2026-01-15', '2026-02-01') x;
select set_eq('select cohort, people_before, people_after, stayed, joined, left_since from comparison',
  $$values ('bags', 60::bigint, 40::bigint, 40::bigint, 0::bigint, 20::bigint), ('mugs', 10, 44, 10, 34, 0), ('ends', 12, 0, 0, 0, 12), ('child', 0, 10, 0, 10, 0)$$,
  'two moments are compared to the head');
select set_eq($$select pg_temp.name(f ->> 'cohort_id'), (f ->> 'people')::integer from comparison, jsonb_array_elements(joined_from) f where cohort = 'mugs'$$,
  $$values ('bags', 11), ('ends', 10), (null, 13)$$, 'with where the new people came from');
select set_eq($$select cohort, pg_temp.name(f ->> 'cohort_id'), (f ->> 'people')::integer from comparison, jsonb_array_elements(left_to) f$$,
  $$values ('bags', 'mugs', 10), ('bags', 'child', 10), ('ends', 'mugs', 10), ('ends', null, 2)$$, 'and where the others went');
select is((select (appeared -> 0 ->> 'component', vanished -> 0 ->> 'component', moved -> 0 ->> 'component', jsonb_array_length(appeared || vanished || moved))::text from comparison where cohort = 'bags'),
  '(comes,goes,moves,3)', 'characteristics that came, went and moved beyond their intervals');
select is((select people_after from t, cohorts.compare(brand, '2025-12-01', '2026-01-05') x where x.cohort_id = pg_temp.c('mugs')), 15::bigint, 'a stay that has ended since is counted in its time');
select is((select people_after from t, cohorts.compare(brand, '2025-12-01', '2026-01-15') x where x.cohort_id = pg_temp.c('mugs')), 10::bigint, 'and not after it');

select set_eq($$select e ->> 'event', pg_temp.name(e ->> 'from') as source, pg_temp.name(e ->> 'to') as heir, (e ->> 'share')::double precision from t, jsonb_array_elements(cohorts.lineage(brand) -> 'edges') e$$,
  $$values ('dissolved', 'ends', 'bags', 0.2::double precision), ('dissolved', 'ends', 'mugs', 0.7), ('split', 'bags', 'child', null)$$, 'the lineage has an edge to every heir, with its share, and to every child');
select is((select jsonb_array_length(cohorts.lineage(brand) -> 'nodes') from t), 4, 'and every cohort there ever was');
select tests.authenticate_as(staff) from t;
select results_eq($$select members, stability_word from cohorts.trend(pg_temp.c('bags'))$$, $$values (60, 'pattern'), (40, 'highly stable')$$, 'the trend has a point per run, oldest first');
select is((select count(*) from cohorts.trend(pg_temp.c('bags'), '2026-01-15', '2026-02-01')), 0::bigint, 'from the first moment to before the second');
select results_eq($$select distance from cohorts.prototypes(pg_temp.c('mugs'), 2)$$, $$values (0.41::double precision), (0.42)$$, 'prototypes are the members nearest to the middle');

-- Two cohorts that differ in taste alone, a third that is the first's opposite, a fourth much like the first.
select tests.clear_authentication();
update cohorts.clustering_runs set within_variance = 1, feature_scaling = '[{"position": 1, "component": "preference.category.bags"}, {"position": 2, "component": "preference.category.mugs"}, {"position": 3, "component": "behavior.purchase_rate"}, {"position": 4, "component": "behavior.order_value"}]';
update cohorts.cohorts x set cohort_status = 'active', dissolved_at = null, parent_cohort_id = null, centroid_vector = (case c.name when 'bags' then '[1,-1,1,0.5]' when 'mugs' then '[-1,1,1,0.4]' when 'ends' then '[-1,0.9,-1,-0.5]' else '[1,-0.8,0.8,0.5]' end)::extensions.vector from c where c.id = x.id;
select private.similarity_of_cohorts(r) from cohorts.clustering_runs r where r.started_at = '2026-02-01';
select tests.authenticate_as(owner) from t;
select results_eq($$select name, relationship::text from cohorts.similar(pg_temp.c('bags'))$$, $$values ('child', 'similar'), ('mugs', 'complementary'), ('ends', 'opposite')$$,
  'similar cohorts come first; one of another taste that is alike in all else complements it; the last is its opposite');
select is((select jaccard from cohorts.similar(pg_temp.c('bags')) where name = 'mugs'), 1 / 83.0::double precision, 'common members are counted whatever the type of membership: 1 of 40 + 44 - 1');
select tests.clear_authentication();
update cohorts.cohorts set parent_cohort_id = pg_temp.c('bags') where id = pg_temp.c('child');
select private.similarity_of_cohorts(r) from cohorts.clustering_runs r where r.started_at = '2026-02-01';
select is((select relationship_type::text from cohorts.cohort_similarity_matrix where pg_temp.c('child') in (cohort_a_id, cohort_b_id) and pg_temp.c('bags') in (cohort_a_id, cohort_b_id)),
  'hierarchical', 'parent and child are hierarchical');

-- With beliefs, through a whole run.
select tests.plant_groups(other, 160, 2, 1) from t;
select cohorts.discover(other, 'kmeans', 1, '2026-02-01') from t;
select cohorts.discover(other, 'kmeans', 1, '2026-02-02') from t;
select tests.authenticate_as(stranger) from t;
select is((select array_agg(n order by n) from (select count(*) as n from t, cohorts.list(other) l, cohorts.trend(l.id) group by l.id) x), '{2,2}', 'every run leaves a point of the trend');
create temp table prototype on commit drop as select l.id as cohort_id, p.* from t, cohorts.list(other) l, cohorts.prototypes(l.id, 3) p;
select is((select count(*) from prototype), 6::bigint, 'every cohort has its prototypes');
select is((select count(*) from prototype p join cohorts.cohort_characteristics h on h.cohort_id = p.cohort_id and h.is_current and h.importance_score = 1
  where p.traits -> 0 ->> 'component' = h.characteristic_name), 6::bigint, 'who have the strongest characteristic of their cohort');
select tests.clear_authentication();
select is_empty($$select p.actor_id from prototype p where p.distance > (select percentile_cont(0.1) within group (order by m.distance_to_centroid) from cohorts.actor_cohort_membership m where m.cohort_id = p.cohort_id)$$,
  'and lie among the tenth of its members that is nearest to the middle');
select is((select count(*) from t, cohorts.cohort_characteristics h where h.brand_id = other and (h.evidence_count > 0 or h.source_weights <> '[0]')), 0::bigint, 'what is known of nobody is told to be so');
update actors.actor_belief_vectors v set source_attributes = '["preference.category.c1"]', source_weights = '[0.6]' from t where v.brand_id = t.other and v.actor_id in (select m.actor_id from cohorts.actor_cohort_membership m where m.brand_id = t.other and m.fit_score > 0);
select cohorts.discover(other, 'kmeans', 1, '2026-02-03') from t;
select set_eq($$select distinct h.evidence_count, h.source_weights from t, cohorts.cohort_characteristics h where h.brand_id = other and h.is_current and h.characteristic_name = 'preference.category.c1'$$,
  $$select distinct l.member_count, '[0.6]'::jsonb from t, cohorts.list(other) l$$, 'and what is known of everybody, how surely');
select is((select count(*) from t, cohorts.cohort_evolution_log e where e.brand_id = other and e.event_type in ('characteristics_changed', 'updated')), 0::bigint, 'three runs on the same people change no characteristic and no name');
select tests.authenticate_as(stranger) from t;
select is((select count(*) from t, cohorts.compare(brand, '2026-01-15', '2026-02-01')), 0::bigint, 'another brand has nothing to compare here');

select * from finish();
rollback;
