begin;
select plan(37);

create temp table w on commit drop as
select tests.create_brand(tests.create_user('owner@example.com')) as brand, tests.create_brand(tests.create_user('stranger@example.com')) as other,
  '00000000-0000-4000-8000-0000000e0001'::uuid as test, '00000000-0000-4000-8000-0000000e0002'::uuid as second,
  tests.create_user('operator@example.com') as operator, tests.create_user('manager@example.com') as manager;
select tests.add_member(brand, operator, 'operator'), tests.add_member(brand, manager, 'manager') from w;
grant select on w to authenticated;
insert into actors.actors (id, brand_id, primary_identifier, primary_identifier_type, first_seen_at, last_seen_at)
select md5('person' || i)::uuid, w.brand, 'c' || i, 'customer_id', '2026-01-01', '2026-01-01' from w, generate_series(1, 4000) i;
insert into actors.actors (id, brand_id, primary_identifier, primary_identifier_type, first_seen_at, last_seen_at)
select md5('stranger')::uuid, w.other, 's', 'customer_id', '2026-01-01', '2026-01-01' from w;
create temp table everybody on commit drop as select array_agg(md5('person' || i)::uuid order by i) as ids from generate_series(1, 4000) i;

-- The plan.
select is((select p.fixed_people from w, stimuli.plan_experiment(w.brand, 0.05, 0.2, p_people_per_day => 1000) p), 21835,
  'one look needs (z_0.975 + z_0.9)^2 (p1 q1 + p2 q2) / d^2 people per variant: twice 10,917.2 (R power.prop.test, which pools: 10,920.4)');
select is((select p.fixed_people from w, stimuli.plan_experiment(w.brand, 10, 0.1, 5, p_power => 0.8, p_people_per_day => 100) p), 785,
  'means: twice 2 (5 (z_0.975 + z_0.8) / 1)^2 = 784.9');
select ok((select p.inflation between 1.05 and 1.25 from w, stimuli.plan_experiment(w.brand, 0.05, 0.2, p_people_per_day => 1000) p),
  'looking at any time costs less than a quarter more people');
select ok((select p.inflation > 1.3 from w, stimuli.plan_experiment(w.brand, 0.05, 0.2, p_people_per_day => 1000, p_method => 'always_valid') p),
  'an always-valid test costs more');
select is((select p.days from w, stimuli.plan_experiment(w.brand, 0.05, 0.2, p_people_per_day => 1000) p),
  (select ceil(p.people / 1000.0)::integer + 7 from w, stimuli.plan_experiment(w.brand, 0.05, 0.2, p_people_per_day => 1000) p), 'days are people by traffic and the outcome window');
select ok((select abs(p.detectable_effect - 0.2) < 0.005 from w, stimuli.plan_experiment(w.brand, 0.05, 0.2, p_people_per_day => 1000, p_days =>
    (select q.days from stimuli.plan_experiment(w.brand, 0.05, 0.2, p_people_per_day => 1000) q)) p), 'in those days the planned effect can be found');
select ok((select p.people > 2 * q.fixed_people from w, stimuli.plan_experiment(w.brand, 0.05, 0.2, p_shares => array[0.8, 0.1, 0.1], p_people_per_day => 1000) p,
  stimuli.plan_experiment(w.brand, 0.05, 0.2, p_people_per_day => 1000) q), 'small shares and more variants need more people');
select throws_ok(format('select * from stimuli.plan_experiment(%L, %s)', brand, x.args), 'PT400', null, x.what)
from w, (values ('0, 0.1', 'a baseline of 0 is refused'), ('0.5, 1.5', 'an effect that leads beyond 1 is refused'), ('''nan'', 0.1', 'no number is refused'),
  ('0.1, 0.1, p_shares => array[0.5, 0.6]', 'shares beyond 1 are refused'), ('0.1, 1e-9', 'an effect that nobody can find is refused')) x (args, what);

-- A draft is written by managers, and is whole before it starts.
select tests.authenticate_as(manager) from w;
insert into stimuli.experiments (brand_id, experiment_name, hypothesis, baseline, minimal_effect, max_people)
select brand, x.name, 'The new subject is opened by more people', 0.05, 0.2, 4000 from w, (values ('first'), ('second')) x (name);
select tests.clear_authentication();
update stimuli.experiments set id = case experiment_name when 'first' then w.test else w.second end from w;
select tests.authenticate_as(manager) from w;
select throws_ok('select stimuli.start_experiment(brand, test) from w', 'PT409', null, 'an experiment without variants does not start');
insert into stimuli.experiment_variants (brand_id, experiment_id, variant_name, is_control, share)
select w.brand, e.id, v.name, v.name = 'control', v.share from w cross join lateral (values (w.test), (w.second)) e (id), (values ('control', 0.5), ('bold', 0.3), ('short', 0.2)) v (name, share);
select throws_ok('select stimuli.start_experiment(brand, test) from w', 'PT409', null, 'nor without a primary metric');
select throws_ok($$insert into stimuli.experiment_metrics (brand_id, experiment_id, metric_name, metric_role, numerator) select brand, test, 'x', 'primary', '{happiness}' from w$$,
  'PT400', null, 'a metric counts outcomes that there are');
insert into stimuli.experiment_metrics (brand_id, experiment_id, metric_name, metric_role, numerator)
select w.brand, e.id, 'orders', 'primary', '{purchase}' from w cross join lateral (values (w.test), (w.second)) e (id);
select tests.authenticate_as(operator) from w;
select throws_ok('select stimuli.start_experiment(brand, test) from w', '42501', null, 'an operator does not start one');
select throws_ok('select s.* from w, stimuli.assign_variant(brand, test, md5(''person1'')::uuid) s', 'PT409', null, 'a draft assigns nobody');
select tests.authenticate_as(manager) from w;
select is((select s.status from w, stimuli.start_experiment(brand, test, '2026-02-01') s), 'running', 'a manager starts it');
select is((select s.prior_deviation from w, stimuli.start_experiment(brand, second, '2026-02-01') s), 0.3::double precision, 'without earlier experiments lifts are expected within 0.3');
select throws_ok('update stimuli.experiments set minimal_effect = 0.5 from w where id = test', 'PT409', null, 'the plan is fixed from then on');
select throws_ok('update stimuli.experiment_variants set share = 0.4 from w where experiment_id = test', 'PT409', null, 'so are the variants');
select throws_ok('delete from stimuli.experiment_metrics using w where experiment_id = test', 'PT409', null, 'and the metrics');
select lives_ok('update stimuli.experiments set experiment_name = ''first of all'' from w where id = test', 'its name is not');
select throws_ok('update stimuli.experiments set status = ''decided'' from w where id = test', '42501', null, 'no client moves its status');

-- Assignment.
select tests.clear_authentication();
create temp table drawn on commit drop as
select x.*, v.variant_name from w, everybody, private.experiment_variants(w.brand, w.test, ids, '2026-02-01') x join stimuli.experiment_variants v on v.id = x.variant_id;
select is((select count(*)::integer from drawn), 4000, 'everybody gets a variant');
select ok((select private.sample_ratio(array_agg(n order by variant_name), array[0.3, 0.5, 0.2]) > 0.001 from (select variant_name, count(*)::double precision as n from drawn group by 1) g),
  'in the planned shares');
select is((select array_agg(distinct propensity order by propensity) from drawn), array[0.2, 0.3, 0.5]::double precision[], 'with the share as propensity');
select results_eq('select actor_id, variant_id from drawn order by 1',
  'select x.actor_id, x.variant_id from w, everybody, private.experiment_variants(w.brand, w.test, ids, ''2026-03-01'') x order by 1', 'the same at every call');
create temp table again on commit drop as
select x.actor_id, v.variant_name from w, everybody, private.experiment_variants(w.brand, w.second, ids, '2026-02-01') x join stimuli.experiment_variants v on v.id = x.variant_id;
select ok((select private.chi_square_p_value(sum((n - e) ^ 2 / e), 4) > 0.001 from (
    select count(*) as n, sum(count(*)) over (partition by d.variant_name) * sum(count(*)) over (partition by a.variant_name) / 4000 as e
    from drawn d join again a using (actor_id) group by d.variant_name, a.variant_name) g), 'independently of another experiment');
select is((select count(*)::integer from w, private.experiment_variants(w.brand, w.test, array[md5('stranger')::uuid], '2026-02-01')), 0, 'nobody of another brand');

-- Exposure.
select tests.authenticate_as(operator) from w;
select is((select stimuli.expose(brand, test, jsonb_build_array(jsonb_build_object('actor_id', md5('person1')::uuid), jsonb_build_object('actor_id', md5('person1')::uuid, 'exposed_at', '2026-02-03T00:00:00Z'),
  jsonb_build_object('actor_id', md5('person2')::uuid)), '2026-02-05') from w), 2, 'each person is exposed once, however often it is said');
select is((select stimuli.expose(brand, test, jsonb_build_array(jsonb_build_object('actor_id', md5('person1')::uuid)), '2026-02-06') from w), 0, 'and not again later');
select is((select exposed_at from stimuli.experiment_exposures where actor_id = md5('person1')::uuid), '2026-02-03T00:00:00Z', 'the earliest time stays');
select throws_ok(format('select stimuli.expose(brand, test, %L, ''2026-02-05'') from w', x.body), x.code, null, x.what)
from (values
  ('{}', 'PT400', 'exposures are a list'),
  ('[{"actor_id": "nobody"}]', 'PT400', 'of people'),
  ('[{"actor_id": "00000000-0000-4000-8000-000000000000"}]', 'PT404', 'who are assigned'),
  (format('[{"actor_id": "%s", "exposed_at": "2027-01-01T00:00:00Z"}]', md5('person3')::uuid), 'PT400', 'at a time that has been')
) x (body, code, what);

select tests.clear_authentication();
select * from finish();
rollback;
