begin;
select plan(21);

update core.system_parameters set parameter_value = '4' where parameter_key = 'cohorts.max_k';
create temp table t on commit drop as
select b.owner, tests.create_brand(b.owner, 'Mixed') as brand from (select tests.create_user('owner@example.com') as owner) b;
-- Two groups that run into each other: some people stand between.
select tests.plant_groups(brand, 600, 2, 1, 3) from t;
select cohorts.discover(brand, 'kmeans', p_now => '2026-02-01') from t;
create temp view m as
select m.*, a.identifiers ->> 'group' as planted from t join cohorts.actor_cohort_membership m on m.brand_id = t.brand join actors.actors a on a.id = m.actor_id where m.is_active;
create temp table found on commit drop as
select l.id, row_number() over (order by l.id) as place from t, cohorts.list(t.brand) l;

select is((select count(*) from found), 2::bigint, 'the two groups are found');
select is((select (count(*), count(distinct actor_id))::text from m where membership_type = 'primary'), '(600,600)', 'everybody has one primary membership');
select cmp_ok((select count(*) from m where membership_type = 'secondary'), '>=', 10::bigint, 'who stands between has a secondary one in the other cohort');
select is_empty($$select * from m where membership_type = 'secondary' and (membership_confidence < 0.1 or membership_confidence > 0.5)$$,
  'from cohorts.min_membership on, and never the likelier one');
select is_empty($$select actor_id, sum(membership_confidence) from m group by 1 having abs(sum(membership_confidence) - 1) > 0.1 + 1e-9$$, 'their confidences are parts of one');
select is((select array_agg(c.member_count order by c.id) from cohorts.cohorts c join found using (id)),
  (select array_agg(n::integer order by cohort_id) from (select cohort_id, count(*) as n from m where membership_type = 'primary' group by 1) x), 'member_count counts everybody once');
select is_empty($$select g.actor_id from t join actors.belief_prior_groups g on g.brand_id = t.brand and g.valid_until = 'infinity' group by 1 having abs(sum(g.share) - 1) > 0.011$$,
  'priors are shared by all posteriors');
select is_empty($$select r.id from t join cohorts.clustering_runs r on r.brand_id = t.brand where r.total_memberships <> 600$$, 'the run counts people, not memberships');
select is((select jsonb_array_length(d.assigned_cohorts) from actors.actor_clustering_metadata d join m using (actor_id) where m.membership_type = 'secondary' limit 1), 2, 'and notes both');

-- Somebody between becomes clearly one of them: the secondary membership ends, and begins anew when he comes back.
create temp table who on commit drop as select actor_id, cohort_id from m where membership_type = 'secondary' order by membership_confidence desc limit 1;
create temp table was on commit drop as select v.id, v.vector_data from actors.actor_belief_vectors v join who using (actor_id);
update actors.actor_belief_vectors v set vector_data = x.vector_data
from who, (select v.vector_data from actors.actor_belief_vectors v join m using (actor_id) join who on who.cohort_id <> m.cohort_id
  where m.membership_type = 'primary' order by m.membership_confidence desc limit 1) x
where v.actor_id = who.actor_id and v.is_current;
select cohorts.discover(brand, 'kmeans', p_now => '2026-02-02') from t;
select is((select (x.is_active, x.removal_reason)::text from cohorts.actor_cohort_membership x join who using (actor_id, cohort_id)), '(f,"no longer likely")', 'a secondary membership that is not found again ends');
update actors.actor_belief_vectors v set vector_data = was.vector_data from was where v.actor_id = (select actor_id from who) and v.is_current;
select cohorts.discover(brand, 'kmeans', p_now => '2026-02-03') from t;
select is((select (x.is_active, x.assigned_at::date, x.membership_history -> 0 ->> 'reason')::text from cohorts.actor_cohort_membership x join who using (actor_id, cohort_id)),
  '(t,2026-02-03,"no longer likely")', 'and begins anew, with its history');

-- He goes over: what was secondary becomes primary, and the other way round.
update actors.actor_belief_vectors v set vector_data = x.vector_data
from who, (select v.vector_data from actors.actor_belief_vectors v join m using (actor_id) join who using (cohort_id)
  where m.membership_type = 'primary' and exists (select from m o where o.actor_id = m.actor_id and o.membership_type = 'secondary' and o.membership_confidence > 0.15) limit 1) x
where v.actor_id = who.actor_id and v.is_current;
select count(*) from t, who, cohorts.assign_actor(t.brand, who.actor_id, '2026-02-04');
select is((select array_agg(x.membership_type::text order by (x.cohort_id = who.cohort_id) desc) from m x join who using (actor_id)), '{primary,secondary}', 'primary and secondary change places');
select is((select x.previous_memberships #>> '{0, cohort_id}' from m x join who using (actor_id, cohort_id)), (select f.id::text from found f join who on who.cohort_id <> f.id), 'the new primary one knows where he came from');
select is((select d.is_stable from actors.actor_clustering_metadata d join who using (actor_id) order by d.clustered_at desc limit 1), false, 'which is noted as a move');
select is((select sum(member_count) from t, cohorts.list(t.brand)), 600::bigint, 'and nobody is counted twice');

-- A group smaller than the floor.
update core.system_parameters set parameter_value = '400' where parameter_key = 'cohorts.min_members';
select cohorts.discover(brand, 'kmeans', p_now => '2026-02-05') from t;
select is((select count(*) from t, cohorts.list(t.brand)), 0::bigint, 'groups with fewer people than cohorts.min_members are no cohorts');
select is((select r.status::text from t join cohorts.clustering_runs r on r.brand_id = t.brand order by r.started_at desc limit 1), 'completed', 'the run is completed all the same');
select is((select count(*) from m), 0::bigint, 'their people are in none');
select is((select array_agg(distinct d.unassigned_reason) from t join actors.actor_clustering_metadata d on d.brand_id = t.brand where d.clustered_at = '2026-02-05'),
  '{"most like a group that is too small to be a cohort"}', 'the reason is written');
select is((select count(*) from t join actors.belief_prior_groups g on g.brand_id = t.brand and g.valid_until = 'infinity'), 0::bigint, 'and they share no priors');

update core.system_parameters set parameter_value = '10' where parameter_key = 'cohorts.min_members';
select cohorts.discover(brand, 'kmeans', p_now => '2026-02-06') from t;
select is((select count(*) from m where membership_type = 'primary'), 600::bigint, 'with the floor lowered they are found');

select * from finish();
rollback;
