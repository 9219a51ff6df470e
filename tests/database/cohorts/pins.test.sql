begin;
select plan(20);

update core.system_parameters set parameter_value = '4' where parameter_key = 'cohorts.max_k';
create temp table t on commit drop as
select b.owner, b.staff, b.manager, b.stranger, tests.create_brand(b.owner, 'Pins') as brand, tests.create_brand(b.stranger, 'Strange') as other
from (select tests.create_user('owner@example.com') as owner, tests.create_user('staff@example.com') as staff, tests.create_user('manager@example.com') as manager, tests.create_user('stranger@example.com') as stranger) b;
select tests.add_member(brand, staff, 'operator'), tests.add_member(brand, manager, 'manager') from t;
select tests.plant_groups(brand, 240, 3, 1) from t;
select cohorts.discover(brand, 'kmeans', p_now => '2026-02-01') from t;
create temp table kept on commit drop as
select c.* from t join cohorts.cohorts c on c.brand_id = t.brand order by c.id limit 1;
grant select on t, kept to anon, authenticated, service_role;
create temp view m as select m.*, a.identifiers ->> 'group' as planted from kept join cohorts.actor_cohort_membership m on m.cohort_id = kept.id join actors.actors a on a.id = m.actor_id where m.is_active;
create temp table at_first on commit drop as select actor_id, planted from m where membership_type = 'primary';

select tests.authenticate_as(staff) from t;
select throws_ok($$select cohorts.pin(id) from kept$$, '42501', null, 'an operator pins nothing');
select tests.authenticate_as(stranger) from t;
select throws_ok($$select cohorts.pin(id) from kept$$, 'PT404', null, 'to another brand the cohort does not exist');
select throws_ok($$select cohorts.unpin(id) from kept$$, 'PT404', null, 'nor does it to be let go');
select tests.as_anon();
select throws_ok($$select cohorts.pin('00000000-0000-0000-0000-000000000001')$$, '42501', null, 'an anonymous caller pins nothing');
select tests.authenticate_as(manager) from t;
select is((select (c.is_pinned, c.is_emergent, c.member_count = kept.member_count)::text from kept, cohorts.pin(kept.id) c), '(t,f,t)', 'a manager does');
select is((select c.is_pinned from kept, cohorts.pin(kept.id) c), true, 'a second time changes nothing');
select throws_ok($$update cohorts.cohorts set is_pinned = false$$, '42501', null, 'nobody writes the flag himself');

-- Everybody of it has changed beyond recognition: without the pin it would be dissolved.
select tests.clear_authentication();
create temp table old_vectors on commit drop as select v.id, v.vector_data from actors.actor_belief_vectors v join at_first using (actor_id) where v.is_current;
update actors.actor_belief_vectors v set vector_data = (select o.vector_data from actors.actor_belief_vectors o join t on o.brand_id = t.brand and o.is_current
    where o.actor_id not in (select actor_id from at_first) order by uuid_hash_extended(o.actor_id, 1) limit 1)
from at_first f where f.actor_id = v.actor_id and v.is_current;
select cohorts.discover(brand, 'kmeans', 1, '2026-02-02') from t;
select is((select (c.cohort_status, c.cohort_name = kept.cohort_name, c.centroid_vector operator(extensions.=) kept.centroid_vector, c.last_run_id = kept.last_run_id, c.member_count)::text from kept join cohorts.cohorts c using (id)),
  '(active,t,t,t,0)', 'a run neither ends nor renames nor moves a pinned cohort, and its people are up to date: they have gone');
select is((select count(*) from kept join cohorts.cohort_evolution_log e on e.cohort_id = kept.id and e.event_timestamp = '2026-02-02'), 0::bigint, 'nothing has happened to it');
select is((select count(*) from t join cohorts.actor_cohort_membership x on x.brand_id = t.brand and x.is_active and x.membership_type = 'primary'), 240::bigint, 'everybody has his primary membership elsewhere');

-- They are as they were: the definition still fits them.
update actors.actor_belief_vectors v set vector_data = o.vector_data from old_vectors o where o.id = v.id;
select cohorts.discover(brand, 'kmeans', 2, '2026-02-03') from t;
select set_eq('select actor_id from m', 'select actor_id from at_first', 'those whom its mixture finds are its members again');
select is((select array_agg(distinct membership_type::text) from m), '{secondary}', 'beside their primary cohorts');
select is((select c.member_count from kept join cohorts.cohorts c using (id)), (select count(*)::integer from at_first), 'and are counted');
select cmp_ok((select count(*) from t, cohorts.list(t.brand) where is_emergent), '>=', 3::bigint, 'while runs find their own');

-- Between runs as well.
create temp table one on commit drop as select actor_id from at_first limit 1;
update actors.actor_belief_vectors v set vector_data = (select o.vector_data from actors.actor_belief_vectors o join t on o.brand_id = t.brand and o.is_current
    where o.actor_id not in (select actor_id from at_first) order by uuid_hash_extended(o.actor_id, 1) limit 1)
from one where one.actor_id = v.actor_id and v.is_current;
select count(*) from t, one, cohorts.assign_actor(t.brand, one.actor_id, '2026-02-04');
select is((select x.removal_reason from one join cohorts.actor_cohort_membership x using (actor_id) join kept on kept.id = x.cohort_id), 'more like another cohort of the run that found this one', 'an assignment keeps its people up to date, too');
select is((select array_agg(e.event_type::text || ' ' || e.affected_actor_count) from kept join cohorts.cohort_evolution_log e on e.cohort_id = kept.id and e.event_timestamp = '2026-02-04'), '{"member_removed 1"}', 'and tells so');

-- Let go.
select tests.authenticate_as(manager) from t;
select is((select (c.is_pinned, c.is_emergent, c.cohort_status)::text from kept, cohorts.unpin(kept.id) c), '(f,t,active)', 'it is let go');
select tests.clear_authentication();
select cohorts.discover(brand, 'kmeans', 2, '2026-02-05') from t;
select is((select (c.cohort_status = 'active')::text || c.member_count from kept join cohorts.cohorts c using (id)), 'false0', 'and ended by the next run, in which its people have other primary cohorts');
select throws_ok($$select cohorts.pin(id) from kept$$, 'PT409', null, 'an ended cohort is not pinned');
select is((select count(*) from m), 0::bigint, 'and has no members');

select * from finish();
rollback;
