begin;
select plan(53);

-- 240 people in four groups; the runs are told who is where (people.g), so that this is about what the events say.
create temp table t on commit drop as
select tests.create_brand(tests.create_user('owner@example.com')) as brand, '00000000-0000-4000-8000-00000000a001'::uuid as template;
select tests.plant_groups(brand, 240, 4, 1) from t;
create temp table people on commit drop as select i, tests.planted_person(t.brand, 4, 1, i) as id, i % 4 + 1 as g from t, generate_series(1, 240) i;
create function pg_temp.run(p_day date) returns uuid language sql as $$
  select tests.publish_groups(t.brand, array_agg(p.id order by p.i), array_agg(p.g order by p.i), p_day) from t, people p group by t.brand
$$;
create temp view events as select l.*, c.cohort_status, l.event_timestamp::date as day
  from t join cohorts.cohort_evolution_log l on l.brand_id = t.brand left join cohorts.cohorts c on c.id = l.cohort_id where l.event_type <> 'characteristics_changed';
create function pg_temp.kinds(p_day date) returns text language sql as $$
  select string_agg(event_type::text, ' ' order by event_type, cohort_id) from events where day = p_day
$$;
create function pg_temp.cohort_of(p_i integer) returns uuid language sql as $$
  select m.cohort_id from people p join cohorts.actor_cohort_membership m on m.actor_id = p.id and m.is_active where p.i = p_i
$$;

-- Birth, and quiet.
select pg_temp.run('2026-02-01');
select is(pg_temp.kinds('2026-02-01'), 'born born born born', 'at first all are born');
select is((select count(*) from t join cohorts.cohorts c on c.brand_id = t.brand where c.parent_cohort_id is not null), 0::bigint, 'of no parent');
create temp table first on commit drop as select g, pg_temp.cohort_of(g + 3) as id from generate_series(1, 4) g;
update people set g = 5 - g;
select pg_temp.run('2026-02-02');
select is(pg_temp.kinds('2026-02-02'), 'survived survived survived survived', 'the same groups with other labels are the same cohorts');
update people set g = case when i % 7 = 0 then 0 else 5 - g end;
select pg_temp.run('2026-02-03');
select is(pg_temp.kinds('2026-02-03'), 'survived survived survived survived', 'one person in seven resembles nobody for a day: nothing has happened');
update people set g = i % 4 + 1;
select pg_temp.run('2026-02-04');
select is(pg_temp.kinds('2026-02-04'), 'survived survived survived survived', 'nor when they are back');
select is((select count(distinct m.cohort_id) from first f join people p on p.g = f.g join cohorts.actor_cohort_membership m on m.actor_id = p.id and m.is_active
  where m.cohort_id <> f.id), 0::bigint, 'everybody is in the cohort of the first day');

-- A split, and what was learnt: 30 responses and 60 silences of the people of the cohort.
insert into stimuli.stimulus_templates (id, brand_id, template_name, template_type, template_structure) select template, brand, 'Hello', 'message', '{"body": "Hello"}' from t;
select private.record_reward(t.brand, f.id, t.template, 30 / 90.0, 90, '2026-02-05', 90) from t, first f where f.g = 1;
create function pg_temp.learnt(p_cohort uuid) returns text language sql as $$
  select format('%s %s', round((alpha - 1)::numeric, 6), round((beta - 9)::numeric, 6)) from stimuli.arms where cohort_id = p_cohort
$$;
update people set g = 5 where g = 1 and i % 12 = 0;
select pg_temp.run('2026-02-05');
select is(pg_temp.kinds('2026-02-05'), 'born survived survived survived split', 'twenty of sixty people form a group of their own: a split');
select is((select cohort_id from events where day = '2026-02-05' and event_type = 'split'), (select id from first where g = 1), 'its larger part goes on as the cohort');
select is((select c.parent_cohort_id from cohorts.cohorts c where c.id = pg_temp.cohort_of(12)), (select id from first where g = 1), 'the other part is its child');
select is((select c.child_cohort_ids from first f join cohorts.cohorts c on c.id = f.id where g = 1), jsonb_build_array(pg_temp.cohort_of(12)), 'and the cohort knows it');
select is((select array_agg(h ->> 'people' order by h ->> 'people' desc) from events e, jsonb_array_elements(e.after_state -> 'heirs') h where e.day = '2026-02-05' and event_type = 'split'),
  '{40,20}', 'the event says where the people are');
select is((select (before_state ->> 'member_count')::integer - (after_state ->> 'member_count')::integer from events where day = '2026-02-05' and event_type = 'split'), 20, 'and how many it has before and after');
select is((select event_description from events where day = '2026-02-05' and event_type = 'split'), 'Its 60 people fell apart into groups of 40 and 20. The largest goes on as this cohort.', 'in words');
select matches((select trigger_reason from events where day = '2026-02-05' and event_type = 'split'), '^people moved apart in: buys c\d+; found by a run \(manual\)$', 'with the reason');
select is((select related_cohort_ids from events where day = '2026-02-05' and event_type = 'born'), (select jsonb_build_array(id) from first where g = 1), 'the birth names the parent');
select is(pg_temp.learnt((select id from first where g = 1)), '20.000000 40.000000', 'the cohort keeps what its people have taught it');
select is(pg_temp.learnt(pg_temp.cohort_of(12)), '10.000000 20.000000', 'and the child begins with the rest');
select is((select a.pulls::integer from stimuli.arms a where a.cohort_id = pg_temp.cohort_of(12)), 0, 'though nothing was sent to it yet');
select is((select private.explain_arm(a.id) #>> '{inherited, 0, from_cohort}' from stimuli.arms a where a.cohort_id = pg_temp.cohort_of(12)), (select id::text from first where g = 1), 'which can be explained');
-- A response of those ninety turns out to be none: both arms held part of it.
select private.take_back_reward(t.brand, f.id, t.template, 3, '2026-02-04') from t, first f where f.g = 1;
select is((select round(sum(alpha - 1)::numeric, 3) || ' ' || round(sum(beta - 9)::numeric, 3) from stimuli.arms), '27.023 62.977',
  'what is taken back is taken from every arm that holds it, together as much as from one (three responses, faded for a day)');
select private.take_back_reward(t.brand, f.id, t.template, -3, '2026-02-04') from t, first f where f.g = 1;

-- And together again.
create temp table child on commit drop as select pg_temp.cohort_of(12) as id;
update people set g = 1 where g = 5;
select pg_temp.run('2026-02-06');
select is(pg_temp.kinds('2026-02-06'), 'survived survived survived grown merged', 'they are one again: one grows, the other is merged into it');
select is((select array_agg(cohort_id) from events where day = '2026-02-06' and event_type = 'merged'), (select array_agg(id) from child), 'the larger one''s id lives on');
select is((select c.merged_from_cohorts from first f join cohorts.cohorts c on c.id = f.id where g = 1), (select jsonb_build_array(id) from child), 'and it knows whom it took in');
select matches((select trigger_reason from events where day = '2026-02-06' and event_type = 'merged'), '^what set them apart no longer does: ', 'for a reason');
select ok((select abs(a.alpha - 31) < 0.3 and abs(a.beta - 69) < 0.6 and a.alpha < 31 from stimuli.arms a, first f where a.cohort_id = f.id and f.g = 1),
  'it knows again what it knew, but for a day of forgetting: nothing counts twice');

-- One dissolves.
select private.record_reward(t.brand, f.id, t.template, 0.5, 60, '2026-02-07', 60) from t, first f where f.g = 2;
update people set g = (array[1, 3, 4])[1 + i / 4 % 3] where g = 2;
select pg_temp.run('2026-02-07');
select is((select cohort_id from events where day = '2026-02-07' and event_type = 'dissolved'), (select id from first where g = 2), 'a cohort whose people are spread over the others dissolves');
select is((select count(*) from events where day = '2026-02-07' and event_type in ('born', 'split', 'merged')), 0::bigint, 'and nothing else is born, split or merged');
select ok((select bool_and(abs((h ->> 'share')::double precision - 1 / 3.0) < 1e-9) and count(*) = 3 from events e, jsonb_array_elements(e.after_state -> 'heirs') h
  where e.day = '2026-02-07' and e.event_type = 'dissolved'), 'a third of its people is in each');
select ok((select count(*) = 2 and bool_and(abs(a.alpha - 11) < 1e-9 and abs(a.beta - 19) < 1e-9) from stimuli.arms a join first f on f.id = a.cohort_id where f.g in (3, 4)),
  'and a third of what it had learnt');

-- What was sent to it is answered when it is no more: 30 people, of whom nobody responds.
create temp table sent on commit drop as select gen_random_uuid() as stimulus;
insert into stimuli.stimuli_base (id, brand_id, stimulus_type, stimulus_name, content_data) select stimulus, brand, 'message', 'Hello', '{}' from t, sent;
insert into stimuli.stimulus_deployments (brand_id, stimulus_id, actor_id, cohort_id, template_id, is_holdout, propensity, deployment_channel, deployment_method, delivered_content, deployed_at, window_ends_at)
select t.brand, s.stimulus, p.id, f.id, t.template, false, 1, 'email', 'push', '{}', '2026-02-06', '2026-02-07' from t, sent s, first f, people p where f.g = 2 and p.i <= 30;
update stimuli.stimulus_deployments d set learned_at = '2026-02-07 12:00', learning_id = md5('step')::uuid from sent s where d.stimulus_id = s.stimulus;
create temp table sent_to on commit drop as select array_agg(d.id) as deployments from sent s join stimuli.stimulus_deployments d on d.stimulus_id = s.stimulus;
select private.open_steps(t.brand, deployments, '2026-02-07 12:00') from t, sent_to;
select private.learn_arms(t.brand, deployments, '2026-02-07 12:00') from t, sent_to;
create temp table rewarded on commit drop as select r.*, a.cohort_id as rewarded_cohort from outcomes.arm_rewards r join stimuli.arms a on a.id = r.arm_id where r.learning_id = md5('step')::uuid;
select set_eq($$select rewarded_cohort, round((alpha_after + beta_after - alpha_before - beta_before)::numeric, 9), 10::bigint from rewarded$$,
  $$select f.id, 10::numeric, 10::bigint from first f where f.g <> 2$$, 'its heirs learn from it, each for its share of the people');
select private.take_back_reward(t.brand, f.id, t.template, 15, '2026-02-07 12:00') from t, first f where f.g = 2;
select is((select array_agg(distinct round((a.alpha - r.alpha_after)::numeric, 6)) from rewarded r join stimuli.arms a on a.id = r.arm_id), '{-5.000000}', 'and what is taken back, each for its share');
select private.take_back_reward(t.brand, f.id, t.template, -15, '2026-02-07 12:00') from t, first f where f.g = 2;

-- Three equal parts, none of them large enough; two people are gone.
delete from people where i in (select i from people where g = 4 order by i limit 2);
update core.system_parameters set parameter_value = '0.5' where parameter_key = 'stimuli.inherited_strength';
update people p set g = 10 + n.n % 3 from (select i, row_number() over (order by i) as n from people where g = 4) n where n.i = p.i;
select pg_temp.run('2026-02-08');
select is(pg_temp.kinds('2026-02-08'), 'born born born survived survived split', 'a cohort in three equal parts is split');
select is((select cohort_status from events where day = '2026-02-08' and event_type = 'split'), 'split', 'and ended');
select is((select count(*) from first f join cohorts.cohorts c on c.parent_cohort_id = f.id where f.g = 4), 3::bigint, 'with three children');
select ok((select count(*) = 3 and abs(sum(i.fraction) - 0.5 * (1 - min(e.after_state ->> 'gone_share')::double precision)) < 1e-9
  from events e join stimuli.arm_inheritance i on i.evolution_id = e.id where e.day = '2026-02-08' and e.event_type = 'split'), 'who begin with as much of what it had learnt as the brand says');
update core.system_parameters set parameter_value = '1' where parameter_key = 'stimuli.inherited_strength';

-- A new group out of all.
update people set g = 20 where i % 7 in (2, 3);
select pg_temp.run('2026-02-09');
select is((select array_agg(c.parent_cohort_id is null) from events e join cohorts.cohorts c on c.id = e.cohort_id where e.day = '2026-02-09' and e.event_type = 'born'), '{t}', 'who comes from everywhere forms a cohort without a parent');
select is((select count(*) from events where day = '2026-02-09' and event_type in ('split', 'merged', 'dissolved')), 0::bigint, 'and those it took two in seven of did not split');
select is((select string_agg(distinct event_type::text, ' ') from events where day = '2026-02-09' and (before_state ->> 'member_count')::integer < 30), 'survived',
  'nor do the small ones count as shrunk, who lost seven of 26: chance does that');
select isnt_empty($$select from events where day = '2026-02-09' and event_type = 'shrunk'$$, 'as the large ones do');

-- Thirty people of one cohort go.
update actors.actors set is_active = false where id in (select id from people where g = 1 order by i limit 30);
delete from people where id in (select id from people where g = 1 order by i limit 30);
select pg_temp.run('2026-02-10');
select is((select array_agg(cohort_id) from events where day = '2026-02-10' and event_type = 'shrunk'), (select array_agg(id) from first where g = 1), 'a cohort that loses 30 people has shrunk');
select matches((select trigger_reason from events where day = '2026-02-10' and event_type = 'shrunk'), '^30 people became inactive; ', 'and it says why');

-- Doubtful: little more than half of a cohort stays together.
update people set g = (array[11, 12, 10])[1 + i / 4 % 3] where id in (select id from people where g = 3 order by i limit (select floor(0.45 * count(*)) from people where g = 3));
select pg_temp.run('2026-02-11');
select is((select array_agg(event_confidence < 0.6) from events where requires_review), '{t}', 'a cohort of which little more than half stays asks for a look, alone of all');

-- Three in five of a cohort are like nobody: it is what is left.
create temp table largest on commit drop as select g from people group by g order by count(*) desc, g limit 1;
create temp table thinned on commit drop as select pg_temp.cohort_of(min(p.i)) as id from people p join largest using (g);
update people set g = 0 where id in (select p.id from people p join largest using (g) order by i limit (select floor(0.6 * count(*)) from people join largest using (g)));
select pg_temp.run('2026-02-12');
select is((select event_type::text || ': ' || regexp_replace(trigger_reason, '\d+', 'n') from events e join thinned c on c.id = e.cohort_id where e.day = '2026-02-12'),
  'shrunk: n people no longer resemble any cohort; found by a run (manual)', 'a cohort that most people leave for no other goes on as those who stay');

-- What is always so.
select is((select count(*) from t join cohorts.cohorts c on c.brand_id = t.brand left join cohorts.cohorts p on p.id = c.parent_cohort_id
  where c.parent_cohort_id is not null and not p.child_cohort_ids ? c.id::text), 0::bigint, 'every child is in the list of its parent');
select is((select sum(jsonb_array_length(c.child_cohort_ids))::numeric from t join cohorts.cohorts c on c.brand_id = t.brand), (select count(*)::numeric from t join cohorts.cohorts c on c.brand_id = t.brand where c.parent_cohort_id is not null), 'and nobody else');
select is((select count(*) from t join cohorts.cohorts c on c.brand_id = t.brand where (c.cohort_status = 'active') = exists (
  select from events e where e.cohort_id = c.id and (e.event_type in ('merged', 'dissolved') or e.event_type = 'split' and (e.after_state ->> 'member_count')::integer = 0))), 0::bigint, 'every cohort that ended has its event, and none that lives');
select is((select count(*) from events e where e.after_state ? 'heirs' and abs(1 - (e.after_state ->> 'gone_share')::double precision - (e.after_state ->> 'unassigned_share')::double precision
  - (select coalesce(sum((h ->> 'share')::double precision), 0) from jsonb_array_elements(e.after_state -> 'heirs') h)) > 1e-9), 0::bigint, 'shares add up to 1');
select is((select count(*) from (select run_id, cohort_id from events group by 1, 2 having count(*) > 1) d), 0::bigint, 'and no cohort has two events in a run');

-- The step again, for a run that has done it.
create temp table counted on commit drop as select count(*) as n, (select sum(alpha + beta) from stimuli.arms) as learnt from events;
select private.clustering_match(r) from t join cohorts.clustering_runs r on r.brand_id = t.brand and r.started_at = '2026-02-12';
select private.inherit_arms(t.brand, array_agg(row(e.id, e.cohort_id, (h ->> 'cohort_id')::uuid, (h ->> 'share')::double precision, false, e.event_timestamp)::private.arm_passage))
from t, events e, jsonb_array_elements(e.after_state -> 'heirs') h group by t.brand;
select ok((select c.n = count(*) and c.learnt = (select sum(alpha + beta) from stimuli.arms) from counted c, events group by c.n, c.learnt), 'a step that is done again does nothing twice');

-- Age: forty people who were last seen two years ago go one way, twenty of today the other.
create temp table aged on commit drop as select tests.create_brand(tests.create_user('aged@example.com')) as brand;
select tests.plant_groups(brand, 60, 1, 2) from aged;
create temp table old on commit drop as select i, tests.planted_person(brand, 1, 2, i) as id from aged, generate_series(1, 60) i;
update actors.actors a set last_seen_at = case when o.i <= 40 then '2026-01-01' else '2028-01-01' end::timestamptz from old o where a.id = o.id;
select tests.publish_groups(brand, array_agg(id order by i), array_agg(1 order by i), '2028-01-01') from aged, old group by brand;
select tests.publish_groups(brand, array_agg(id order by i), array_agg(case when i <= 40 then 1 else 2 end order by i), '2028-01-02') from aged, old group by brand;
select is((select array_agg(distinct m.cohort_id) from old o join cohorts.actor_cohort_membership m on m.actor_id = o.id and m.is_active where o.i > 40),
  (select array_agg(c.id) from aged join cohorts.cohorts c on c.brand_id = aged.brand where c.first_formed_at = '2028-01-01'), 'the cohort is where the people are who were seen of late');

-- Slowly: from 80 people to 113, one in eight more every day.
create temp table slow on commit drop as select tests.create_brand(tests.create_user('slow@example.com')) as brand;
select tests.plant_groups(brand, 113, 1, 3) from slow;
create temp table joined on commit drop as select i, tests.planted_person(brand, 1, 3, i) as id from slow, generate_series(1, 113) i;
select tests.publish_groups(s.brand, (select array_agg(id order by i) from joined where i <= d.n), array_fill(1, array[d.n]), d.day)
from slow s, (values (80, '2026-02-01'::timestamptz), (90, '2026-02-02'), (101, '2026-02-03'), (113, '2026-02-04')) d (n, day) order by d.day;
select is((select array_agg(l.event_type::text order by l.event_timestamp) from slow join cohorts.cohort_evolution_log l on l.brand_id = slow.brand and l.event_type <> 'characteristics_changed'),
  '{born,survived,survived,grown}', 'what grows too slowly to be seen from day to day is told in the end');
select is((select l.event_description from slow join cohorts.cohort_evolution_log l on l.brand_id = slow.brand and l.event_type = 'grown'),
  'Grown from 80 to 113 people since 2026-02-01.', 'with the day it is compared with');

select is((select string_agg(cohorts.stability_word(s), ', ' order by s) from unnest('{0.5, 0.55, 0.6, 0.75, 0.85}'::double precision[]) s),
  'dissolved, not to be trusted, pattern, stable, highly stable', 'stability has the words of fpc');

select * from finish();
rollback;
