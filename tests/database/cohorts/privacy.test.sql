begin;
select plan(20);

update core.system_parameters set parameter_value = '4' where parameter_key = 'cohorts.max_k';
create temp table t on commit drop as
select b.owner, b.staff, b.manager, tests.create_brand(b.owner, 'Private') as brand
from (select tests.create_user('owner@example.com') as owner, tests.create_user('staff@example.com') as staff, tests.create_user('manager@example.com') as manager) b;
select tests.add_member(brand, staff, 'support'), tests.add_member(brand, manager, 'manager') from t;
select tests.plant_groups(brand, 200, 2, 1) from t;
select cohorts.discover(brand, 'kmeans', p_now => '2026-02-01') from t;
create temp table small on commit drop as
select l.id, (select m.id from cohorts.actor_cohort_membership m where m.cohort_id = l.id order by m.id limit 1) as membership,
  (select array_agg(m.actor_id) from cohorts.actor_cohort_membership m where m.cohort_id = l.id and m.membership_type = 'primary') as people
from t, cohorts.list(t.brand) l order by l.id limit 1;
insert into cohorts.cohort_performance_metrics (brand_id, cohort_id, metric_name, metric_value, measurement_period_start, measurement_period_end, sample_size)
select t.brand, s.id, 'revenue', 1, '2026-02-01', '2026-02-02', 3 from t, small s;
select private.actors_refresh_priors(brand, '2026-02-02') from t;
insert into actors.belief_priors (brand_id, attribute, group_id, distribution, mean, strength, variance, actor_count)
select t.brand, 'behavior.order_value', s.id, 'normal', 1, 1, 1, 3 from t, small s;
grant select on t, small to authenticated, service_role;

-- Every way in which a reader could learn who is in the cohort or what its people are like.
create function pg_temp.seen() returns setof text language sql as $$
  select 'cohorts' from cohorts.cohorts c, small s where c.id = s.id
  union all select 'list' from t, small s, cohorts.list(t.brand) l where l.id = s.id
  union all select 'members' from small s, cohorts.members(s.id)
  union all select 'projection' from t, small s, cohorts.projection(t.brand, 1000) p where p.cohort_id = s.id
  union all select 'membership' from cohorts.actor_cohort_membership m, small s where m.cohort_id = s.id
  union all select 'characteristics' from cohorts.cohort_characteristics h, small s where h.cohort_id = s.id
  union all select 'similarity' from cohorts.cohort_similarity_matrix x, small s where s.id in (x.cohort_a_id, x.cohort_b_id)
  union all select 'events' from cohorts.cohort_evolution_log e, small s where e.cohort_id = s.id
  union all select 'metrics' from cohorts.cohort_performance_metrics p, small s where p.cohort_id = s.id
  union all select 'placement' from actors.actor_clustering_metadata d, small s where d.assigned_cohorts ? s.id::text
  union all select 'shared priors' from actors.belief_prior_groups g, small s where g.group_id = s.id and g.share > 0.5
  union all select 'priors' from actors.belief_priors p, small s where p.group_id = s.id
$$;
grant execute on function pg_temp.seen() to authenticated;
create temp table everything (way text) on commit drop;
insert into everything select distinct pg_temp.seen();
grant select on everything to authenticated;
select is((select count(*) from everything), 12::bigint, 'there are twelve ways to a cohort');

select tests.authenticate_as(staff) from t;
select set_eq('select distinct pg_temp.seen()', 'select way from everything', 'of a large one support staff sees all');
select lives_ok($$select ai.explain('cohort', id) from small$$, 'and gets it explained');

-- Most of its people go; nine are left.
select tests.clear_authentication();
update cohorts.actor_cohort_membership m set is_active = false, removed_at = now() from small s where m.cohort_id = s.id and m.actor_id = any (s.people[10:]);
select is((select c.member_count from cohorts.cohorts c join small using (id)), 9, 'nine people are fewer than ten');
select tests.authenticate_as(staff) from t;
select is_empty('select distinct pg_temp.seen()', 'of a cohort below the floor support staff sees nothing at all');
select is((select count(*) from t, cohorts.list(t.brand)), 1::bigint, 'the other one is there');
select throws_ok($$select ai.explain('cohort', id) from small$$, 'PT404', null, 'it gets no explanation of it');
select throws_ok($$select ai.explain('membership', membership) from small$$, 'PT404', null, 'nor of a membership in it');
select cmp_ok((select count(*) from actors.actors), '=', 200::bigint, 'the people themselves are seen as before');
select tests.authenticate_as(manager) from t;
select set_eq('select distinct pg_temp.seen()', 'select way from everything', 'a manager sees all');
select lives_ok($$select ai.explain('cohort', id) from small$$, 'and gets it explained');
select tests.authenticate_as_service();
select is((select count(*) from cohorts.cohorts c join small using (id)), 1::bigint, 'so does the service');

-- One comes back.
select tests.clear_authentication();
update cohorts.actor_cohort_membership m set is_active = true, removed_at = null from small s where m.cohort_id = s.id and m.actor_id = s.people[10];
select tests.authenticate_as(staff) from t;
select set_eq('select distinct pg_temp.seen()', 'select way from everything', 'with ten it is shown again');

-- A brand decides for itself.
select tests.clear_authentication();
insert into core.brand_settings (brand_id, setting_key, setting_value, setting_type) select brand, 'cohorts.min_members', '11', 'number' from t;
select tests.authenticate_as(staff) from t;
select is_empty('select distinct pg_temp.seen()', 'a brand may ask for more');

-- It ends: what it was when it was large may be told.
select tests.clear_authentication();
update cohorts.cohorts c set cohort_status = 'dissolved', dissolved_at = now() from small s where c.id = s.id;
select tests.authenticate_as(staff) from t;
select is((select count(*) from cohorts.cohorts c join small using (id)), 1::bigint, 'a cohort that was large stays in the history when it has ended');
select tests.clear_authentication();
update cohorts.cohorts c set max_member_count = 9, member_count = 9, min_member_count = 0 from small s where c.id = s.id;
select tests.authenticate_as(staff) from t;
select is((select count(*) from cohorts.cohorts c join small using (id)), 0::bigint, 'one that never was does not');

-- A rule must not tell what a cohort may not: by a rule that fits one person one could ask for anything.
select tests.clear_authentication();
update actors.actors set total_signals = 77 where id = (select people[1] from small);
select tests.authenticate_as(manager) from t;
create temp table rule on commit drop as
select c.id, c.member_count from t, cohorts.define_cohort(t.brand, 'One', '{"all": [{"field": "total_signals", "operator": ">=", "value": 77}]}') c;
select is((select member_count from rule), 1, 'a manager may define a cohort of one');
select tests.authenticate_as(staff) from t;
select is((select count(*) from t join cohorts.cohorts c on c.brand_id = t.brand and c.cohort_name = 'One'), 0::bigint, 'which nobody below sees');
select tests.clear_authentication();
select is((select count(*) from cohorts.actor_cohort_membership m join rule on rule.id = m.cohort_id), 1::bigint, 'though it is there');
select tests.authenticate_as(staff) from t;
select is((select count(*) from cohorts.actor_cohort_membership m where m.assigned_by_algorithm = 'rule'), 0::bigint, 'nor its member');

select * from finish();
rollback;
