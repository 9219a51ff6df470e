begin;
select plan(16);

create temp table t on commit drop as
select b.owner, b.staff, b.stranger, tests.create_brand(b.owner) as brand, tests.create_brand(b.stranger) as other
from (select tests.create_user('owner@example.com') as owner, tests.create_user('staff@example.com') as staff, tests.create_user('stranger@example.com') as stranger) b;
grant select on t to authenticated;
select tests.add_member(brand, staff, 'support') from t;
-- Groups that are found, and overlap.
select tests.plant_groups(brand, 240, 3, 1) from t;
select cohorts.discover(brand, 'kmeans', 1, '2026-02-01') from t;

create temp table odds on commit drop as
select d.actor_id, l.key::uuid as cohort_id, l.value::double precision as own, r.cohort_id as rival_id, r.p as rival
from actors.actor_clustering_metadata d
cross join lateral jsonb_each_text(d.confidence_scores) l
cross join lateral (select o.key::uuid as cohort_id, o.value::double precision as p from jsonb_each_text(d.confidence_scores) o
  where o.key <> l.key order by 2 desc limit 1) r;
grant select on odds to authenticated;
-- What the posteriors tell exactly: neither so small that it was cut off.
delete from odds where least(own, rival) < 1e-60;
delete from odds where actor_id not in (select actor_id from odds order by actor_id limit 120);
create temp table run on commit drop as select r.* from cohorts.clustering_runs r;

select tests.authenticate_as(staff) from t;
create temp table reason on commit drop as select o.*, w.* from odds o cross join lateral (
  select x.component, x.label, x.value, x.is_known, x.cohort_mean, x.rest_mean, x.contribution, x.rival_cohort_id, x.words from cohorts.why(o.actor_id, o.cohort_id) x) w;
select cmp_ok((select count(*) from odds), '>', 60::bigint, 'enough people have a chance in two cohorts for the test to mean something');
select cmp_ok((select max(abs(s.total - s.odds)) from (select sum(contribution) as total, ln(max(own) / max(rival)) as odds from reason group by actor_id, cohort_id) s),
  '<', 1e-6::double precision, 'the contributions add up to the log odds against the nearest rival, for cohorts that people are in and for those they are not in');
select is_empty($$select * from reason where rival_cohort_id is distinct from rival_id$$, 'the rival is the likeliest of the other cohorts');
select is_empty($$select 1 from reason where component is not null group by actor_id, cohort_id having count(*) <> 12$$, 'every component has its row');
select tests.clear_authentication();
select cmp_ok((
  select max(abs(w.contribution - r.sharpness * (ln(a.weight / b.weight) - r.varying_dimensions * ln(a.variance / b.variance) / 2)))
  from reason w cross join run r
  join private.clustering_components a on a.run_id = r.id and r.cohort_ids[a.label] = w.cohort_id
  join private.clustering_components b on b.run_id = r.id and r.cohort_ids[b.label] = w.rival_cohort_id
  where w.component is null), '<', 1e-3::double precision, 'what no component explains is only how large and how wide the groups are');
select cmp_ok((select max(abs(w.cohort_mean - m.mean)) from reason w join (
    select m.cohort_id, c.component_name, avg((v.vector_data::real[])[c.position] * c.standard_deviation + c.mean_value) as mean
    from cohorts.actor_cohort_membership m join actors.actor_belief_vectors v on v.actor_id = m.actor_id and v.is_current
    join actors.belief_vector_components c on c.brand_id = m.brand_id where m.membership_type = 'primary' group by m.cohort_id, c.component_name) m
    on m.cohort_id = w.cohort_id and m.component_name = w.component), '<', 1e-4::double precision, 'the mean of the cohort is that of its members, in the component''s own unit');
select is((select array_agg(distinct words like '%speaks for the cohort' order by words like '%speaks for the cohort') from reason where contribution >= 0.1), '{t}',
  'the words follow the contribution');

-- Everything is measured in other units by now.
update actors.belief_vector_components set mean_value = mean_value + standard_deviation, standard_deviation = standard_deviation * 2;
update actors.actor_belief_vectors v set vector_data = (
  select array_agg((case when i <= 12 then (x - 1) / 2 else 0 end)::real order by i) from unnest(v.vector_data::real[]) with ordinality u (x, i))::extensions.vector;
select cmp_ok((select max(abs(w.value - r.value)) from reason r cross join lateral cohorts.why(r.actor_id, r.cohort_id) w
  where w.component = r.component and r.component = 'preference.category.c1'), '<', 1e-4::double precision, 'a later change of units changes no value');

select is((select ai.explain('membership', m.id) -> 'reasons' -> 0 ->> 'words' from cohorts.actor_cohort_membership m where m.is_active order by m.id limit 1),
  (select w.words from (select * from cohorts.actor_cohort_membership x where x.is_active order by x.id limit 1) m, cohorts.why(m.actor_id, m.cohort_id) w limit 1), 'a membership is explained by the same reasons');

-- A cohort of two spheres.
insert into private.clustering_components (run_id, label, place, mean, variance, weight)
select c.run_id, c.label, 2, c.mean operator(extensions.+) array_fill(0.3::real, array[32])::extensions.vector, c.variance * 1.5, c.weight / 2
from private.clustering_components c where c.label = 1;
select cmp_ok((
  select max(abs(s.total - ln(s.own / s.rival)))
  from (
    select m.actor_id, sum(w.contribution) as total, max(m.posteriors[1]) as own, max(greatest(m.posteriors[2], m.posteriors[3])) as rival
    from run r
    cross join lateral private.mixture_posteriors(r.id, array(
      select row(r.id, v.actor_id, v.id, (select q.vector from private.vectors_in_scale(q, array[v.actor_id]) q), null, null, null, null)::private.clustering_points
      from cohorts.clustering_runs q join actors.actor_belief_vectors v on v.brand_id = q.brand_id and v.is_current where q.id = r.id order by v.actor_id limit 60)) m
    cross join lateral cohorts.why(m.actor_id, r.cohort_ids[1]) w
    where least(m.posteriors[1], greatest(m.posteriors[2], m.posteriors[3])) > 1e-60
    group by m.actor_id) s), '<', 1e-5::double precision, 'they add up for a cohort of several spheres too');

-- What cannot be answered.
insert into actors.actors (brand_id, primary_identifier, primary_identifier_type, first_seen_at, last_seen_at) select brand, 'new', 'customer_id', '2026-01-01', '2026-01-01' from t;
insert into cohorts.cohorts (brand_id, cohort_type, discovery_algorithm, cohort_name, member_count) select brand, 'custom', 'test', 'Never found', 50 from t;
create temp table c on commit drop as select id, cohort_name from cohorts.cohorts;
create temp table a on commit drop as select id, primary_identifier from actors.actors;
grant select on c, a to authenticated;
select tests.authenticate_as(staff) from t;
select throws_ok($$select cohorts.why((select id from a where primary_identifier = 'new'), (select id from c limit 1)) from t$$, 'PT409', null, 'a person without beliefs is said to be so');
select throws_ok($$select cohorts.why((select actor_id from odds limit 1), (select id from c where cohort_name = 'Never found'))$$, 'PT409', null, 'so is a cohort that no run has found');
select throws_ok($$select cohorts.why((select id from c limit 1), (select id from c limit 1))$$, 'PT404', null, 'an unknown person is not found');
select throws_ok($$select cohorts.why((select actor_id from odds limit 1), (select actor_id from odds limit 1))$$, 'PT404', null, 'nor is an unknown cohort');
select tests.authenticate_as(stranger) from t;
select throws_ok($$select cohorts.why((select actor_id from odds limit 1), (select id from c limit 1))$$, 'PT404', null, 'another brand gets no reasons');
select is((select count(*) from t, lateral cohorts.prototypes((select id from c limit 1)) p) + (select count(*) from t, cohorts.compare(t.brand, '2026-01-01', '2026-03-01'))
  + (select count(*) from cohorts.trend((select id from c limit 1))) + (select jsonb_array_length(cohorts.lineage(brand) -> 'nodes') from t)
  + (select count(*) from cohorts.similar((select id from c limit 1))), 0::bigint, 'nor anything else of these cohorts');

select * from finish();
rollback;
