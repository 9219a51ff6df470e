begin;
select plan(11);

create temp table t on commit drop as select tests.create_brand(tests.create_user('owner@example.com')) as brand;
insert into cohorts.cohorts (brand_id, cohort_type, discovery_algorithm, cohort_name) select brand, 'mixed', 'test', 'Cohort ' || i from t, generate_series(1, 3) i;

-- A run as it stands before its cohorts are described: 32 components, p_sizes people in noise (label 0) and in each cohort.
-- p_shift moves the mean of cohort 1 in the first p_moved components; p_spread is its standard deviation there.
create function pg_temp.run(p_seed text, p_sizes integer[], p_shift double precision, p_moved integer, p_spread double precision, p_at timestamptz)
returns cohorts.clustering_runs language plpgsql as $$
declare
  v_run cohorts.clustering_runs;
begin
  perform setseed(hashtextextended(p_seed, 0) / 9223372036854775808.0::double precision);
  insert into cohorts.clustering_runs (brand_id, algorithm_name, function_name, seed, parameters, input_actor_count, input_vector_type, input_vector_dimensions,
    started_at, status, cohort_ids, feature_scaling)
  select brand, 'kmeans', 'cohorts.discover', 1, '{"min_effect": 0, "max_false_discovery_rate": 0.05, "max_characteristics": 32}',
    (select sum(s) from unnest(p_sizes) s), 'combined', 32, p_at, 'completed',
    (select array_agg(c.id order by c.cohort_name) from cohorts.cohorts c where c.brand_id = brand),
    (select jsonb_agg(jsonb_build_object('position', j, 'component', 'preference.category.c' || j, 'label', 'buys c' || j, 'mean', 10 * j, 'standard_deviation', 2)) from generate_series(1, 32) j)
  from t returning * into v_run;
  insert into private.clustering_points (run_id, actor_id, vector, label)
  select v_run.id, gen_random_uuid(), array_agg((case when g.label = 1 and j <= p_moved then p_shift + p_spread * x.z else x.z end)::real order by j)::extensions.vector, g.label
  from (select i, sum((i > 1)::integer) over (order by i) as label, s from unnest(p_sizes) with ordinality u (s, i)) g
  cross join lateral generate_series(1, g.s) p cross join generate_series(1, 32) j
  cross join lateral (select random_normal() + 0 * j * p as z) x
  group by g.label, p;
  return v_run;
end
$$;

-- Fifteen small cohorts, with twice the spread of the others in every component: 480 intervals.
create temp table spread on commit drop as select pg_temp.run('spread ' || s, '{0, 25, 150, 100}', 0.8, 32, 2, '2026-01-01') as run from generate_series(1, 15) s;
create temp table effect on commit drop as select c.* from spread cross join lateral private.feature_contrasts(run) c where c.label = 1;
-- The true effect, in true standard deviations: 0.8 / sqrt((24 * 4 + 249 * 1) / 273).
select cmp_ok((select avg((abs(effect - x.d) <= reach)::integer) from effect, (select 0.8 / sqrt((24 * 4 + 249) / 273.0::double precision) as d) x), '>=', 0.925,
  '95% intervals hold the true effect as often as they say, for a small cohort with another spread than the rest');
select cmp_ok((select avg((abs(effect - x.d) <= reach)::integer) from effect, (select 0.8 / sqrt((24 * 4 + 249) / 273.0::double precision) as d) x), '<=', 0.98,
  'and not more often');
select cmp_ok((select abs(avg(effect) / (0.8 / sqrt((24 * 4 + 249) / 273.0::double precision)) - 1) from effect), '<=', 0.05::double precision, 'the mean effect is the true one');
select is((select array_agg(round((2 * 1000 * private.t_p_value(x.t, x.df))::numeric / 2) order by x.df) from (values (3.182, 3), (2.228, 10), (1.984, 100)) x (t, df)), '{51,50,50}',
  'p values are those of the t distribution: 5% at its tabulated bounds');

-- False discoveries: cohorts that are drawn at random from one cloud, and eight true differences among 32.
create temp table nothing on commit drop as select pg_temp.run('nothing ' || s, '{40, 20, 60, 80}', 0, 0, 1, '2026-01-01') as run from generate_series(1, 20) s;
select cmp_ok((select count(*) filter (where private.write_characteristics(run, array(select c from private.feature_contrasts(run) c)) > 0) from nothing), '<=', 4::bigint,
  'where nothing differs, hardly any run of twenty finds a characteristic');
create temp table truth on commit drop as select pg_temp.run('planted ' || s, '{0, 60, 60, 60}', 0.9, 8, 1, '2026-01-01') as run from generate_series(1, 10) s;
create temp table planted on commit drop as
select (select count(*) filter (where c.position > 8) / greatest(count(*), 1)::double precision from private.feature_contrasts(run) c where c.q <= 0.05 and c.label = 1) as false_share,
  (select count(*) from private.feature_contrasts(run) c where c.q <= 0.05 and c.label = 1 and c.position <= 8) as found
from truth;
select cmp_ok((select avg(false_share) from planted), '<=', 0.07::double precision, 'of the characteristics found, at most 5% are false (7% with the margin of ten draws)');
select cmp_ok((select avg(found) from planted), '>=', 7.0, 'and nearly all true ones are found');

-- People of no cohort are part of the rest.
create temp table noise on commit drop as select pg_temp.run('noise', '{50, 20, 30, 0}', 3, 32, 1, '2026-01-01') as run;
select cmp_ok((
  select max(abs(c.rest_mean - x.mean))
  from noise
  cross join lateral private.feature_contrasts(run) c
  cross join lateral (select avg((p.vector::real[])[c.position]) as mean from private.clustering_points p where p.run_id = (run).id and p.label <> c.label) x),
  '<', 1e-5::double precision, 'the rest is everybody else, those without a cohort too');

-- Quiet times: everybody is drawn anew in each window, which is more change than a real shop sees.
select private.describe_characteristics(r) from generate_series(1, 12) s cross join lateral pg_temp.run('quiet ' || s, '{30, 60, 80, 100}', 1, 1, 1, '2026-02-01'::timestamptz + s * interval '1 day') r;
select is((select count(*) from cohorts.cohort_evolution_log where event_type = 'characteristics_changed'), 0::bigint, 'twelve quiet windows give no event');
select private.describe_characteristics(pg_temp.run('quiet 13', '{30, 60, 80, 100}', 3.5, 1, 1, '2026-03-01'));
select is((select array_agg(changed_attributes::text || ' ' || (before_state ? 'preference.category.c1' and after_state ? 'preference.category.c1')) from cohorts.cohort_evolution_log e join cohorts.cohorts c on c.id = e.cohort_id
  where e.event_type = 'characteristics_changed' and c.cohort_name = 'Cohort 1'), array['["preference.category.c1"] true'],
  'a component that has moved is told, by name');
select is((select array_agg(distinct c.cohort_name) from cohorts.cohort_evolution_log e join cohorts.cohorts c on c.id = e.cohort_id where e.event_type = 'characteristics_changed'), '{"Cohort 1"}',
  'of the cohort that moved and of no other');

select * from finish();
rollback;
