begin;
select plan(13);

-- Fewer numbers of cohorts are tried than by default: the test is about what is found, not about time.
update core.system_parameters set parameter_value = '6' where parameter_key = 'cohorts.max_k';

create temp table t on commit drop as
select b.owner, tests.create_brand(b.owner) as brand from (select tests.create_user('owner@example.com') as owner) b;
select tests.plant_groups(brand, 300, 3, 1) from t;
select cohorts.discover(brand, p_now => '2026-02-01') from t;
create temp table before on commit drop as
select c.id, c.cohort_name, c.member_count, row_number() over (order by c.member_count desc, c.id) as place from t join cohorts.cohorts c on c.brand_id = t.brand;

select set_eq($$select event_type::text, affected_actor_count from cohorts.cohort_evolution_log$$,
  $$select 'born', member_count from before$$, 'at first every cohort is born');
select is((select array_agg(max_member_count = member_count and min_member_count = member_count) from cohorts.cohorts c join t on c.brand_id = t.brand),
  '{t,t,t}', 'its largest and smallest size are its size');

-- People of one cohort go: it shrinks and keeps its identity.
update actors.actors a set is_active = false
where a.id in (
  select m.actor_id from cohorts.actor_cohort_membership m join before b on b.id = m.cohort_id and b.place = 1 order by m.actor_id limit 40);
select cohorts.discover(brand, p_now => '2026-02-02') from t;
select set_eq($$select l.id, l.cohort_name from t, cohorts.list(brand) l$$, $$select id, cohort_name from before$$,
  'a run with the same people keeps ids and names');
select is((select array_agg(e.event_type::text order by b.place) from cohorts.cohort_evolution_log e join before b on b.id = e.cohort_id where e.event_timestamp = '2026-02-02'),
  '{shrunk,survived,survived}', 'the cohort that lost 40 people has shrunk, the others survived');
select is((select count(*) from cohorts.actor_cohort_membership where not is_active and membership_type = 'primary' and removed_at = '2026-02-02' and removal_reason like 'no longer%'), 40::bigint,
  'memberships of people who went are closed, with the reason');
select is((select sum(l.member_count) from t, cohorts.list(brand) l), 260::bigint, 'the counts follow');
select is((select c.max_member_count = b.member_count from cohorts.cohorts c join before b using (id) where b.place = 1), true,
  'the largest size is remembered');

-- They come back: the same membership rows, with their history.
update actors.actors set is_active = true;
select cohorts.discover(brand, p_now => '2026-02-03') from t;
select is((select count(*) from cohorts.actor_cohort_membership where is_active and membership_type = 'primary' and assigned_at = '2026-02-03'
  and membership_history -> 0 ->> 'reason' like 'no longer%'), 40::bigint, 'people who come back keep the history of their membership');
select is((select e.event_type::text from cohorts.cohort_evolution_log e join before b on b.id = e.cohort_id and b.place = 1 where e.event_timestamp = '2026-02-03'),
  'grown', 'and the cohort has grown');

-- One cohort leaves altogether.
update actors.actors a set is_active = false
where a.id in (select m.actor_id from cohorts.actor_cohort_membership m join before b on b.id = m.cohort_id and b.place = 3 where m.is_active);
select cohorts.discover(brand, p_now => '2026-02-04') from t;
select is((select (c.cohort_status, c.dissolved_at is not null, c.member_count)::text from cohorts.cohorts c join before b using (id) where b.place = 3),
  '(dissolved,t,0)', 'a cohort without people is dissolved');
select is((select e.event_type::text from cohorts.cohort_evolution_log e join before b on b.id = e.cohort_id and b.place = 3 where e.event_timestamp = '2026-02-04'),
  'dissolved', 'and the log says so');

-- The two that are left become alike.
update actors.actor_belief_vectors v set vector_data = array_fill(0::real, array[32])::extensions.vector;
select cohorts.discover(brand, p_now => '2026-02-05') from t;
select is((select array_agg(event_type::text order by event_type::text) from cohorts.cohort_evolution_log where event_timestamp = '2026-02-05' and event_type <> 'characteristics_changed'),
  '{grown,merged}', 'two cohorts that have become alike are one: one grows, the other is merged into it');
select is((select jsonb_array_length(l.merged_from_cohorts) from t, cohorts.list(brand) l), 1, 'and it knows whom it took in');

select * from finish();
rollback;
