begin;
select plan(6);

-- Fewer numbers of cohorts are tried than by default: the test is about what is found, not about time.
update core.system_parameters set parameter_value = '4' where parameter_key = 'cohorts.max_k';
create temp table t on commit drop as
select s.shape, tests.create_brand(tests.create_user(s.shape || '@example.com'), s.shape) as brand
from unnest('{moons, range, cloud}'::text[]) s (shape);
create temp table points on commit drop as
select t.brand, t.shape, i, tests.planted_person(t.brand, 2, 1, i) as id, i % 2 as part,
  case t.shape
    -- Two crescents, one in the other's arm: no plane parts them.
    when 'moons' then array[
      cos(pi() * u.u) * (1 - 2 * (i % 2)) + (i % 2) + 0.06 * tests.normal('x' || i),
      sin(pi() * u.u) * (1 - 2 * (i % 2)) + 0.5 * (i % 2) + 0.06 * tests.normal('y' || i)]
    -- One skewed quantity that four others follow, without a gap.
    when 'range' then (select array_agg(2 * sqrt(-ln(u.u)) + 0.6 * (tests.normal(format('%s %s', i, j)) ^ 2) order by j) from generate_series(1, 5) j)
    else (select array_agg(tests.normal(format('%s %s', i, j)) order by j) from generate_series(1, 5) j) end as x
from t cross join generate_series(1, 400) i cross join lateral (select tests.uniform('place ' || i) as u) u;
insert into actors.actors (id, brand_id, primary_identifier, primary_identifier_type, first_seen_at, last_seen_at)
select p.id, p.brand, p.i::text, 'customer_id', '2026-01-01', '2026-01-01' from points p;
create temp table units on commit drop as
select p.brand, v.j, avg(v.x) as mean, stddev_pop(v.x) as deviation from points p cross join lateral unnest(p.x) with ordinality v (x, j) group by 1, 2;
insert into actors.belief_vector_components (brand_id, position, component_name, label, mean_value, standard_deviation)
select u.brand, u.j, 'preference.category.c' || u.j, 'buys c' || u.j, u.mean, u.deviation from units u;
insert into actors.actor_belief_vectors (brand_id, actor_id, vector_name, vector_data, vector_dimensions, vector_type, generation_method, vector_quality)
select p.brand, p.id, 'belief', array_agg(((v.x - u.mean) / u.deviation)::real order by v.j)::extensions.vector, count(*), 'combined', 'auto', 0.8
from points p cross join lateral unnest(p.x) with ordinality v (x, j) join units u on u.brand = p.brand and u.j = v.j group by p.brand, p.id;

select cohorts.discover(brand, p_now => '2026-02-01') from t;
create temp view found as
select t.shape, r.algorithm_name, r.structure, r.discovered_cohort_count as cohorts from t join cohorts.clustering_runs r on r.brand_id = t.brand;

select is((select (structure, algorithm_name, cohorts)::text from found where shape = 'moons'), '(groups,graph,2)',
  'two crescents are two cohorts, found along the graph of neighbours');
select cmp_ok((
  select sum(n.most) from (
    select max(c.n) as most from (
      select m.cohort_id, p.part, count(*) as n from points p join cohorts.actor_cohort_membership m on m.actor_id = p.id and m.membership_type = 'primary' and m.is_active
      where p.shape = 'moons' group by 1, 2) c group by c.cohort_id) n),
  '>=', 380::numeric, 'and 95 of 100 people are placed in theirs');
select is((select (structure, algorithm_name)::text from found where shape = 'range'), '(strata,strata)', 'people along a range without gaps are cut into slices');
select cmp_ok((select min(c.stability_score) from t join cohorts.cohorts c on c.brand_id = t.brand where t.shape = 'range'), '>=', 0.6::double precision, 'that come back');
select is((
  select count(*) from (
    select avg((select sum(v) from unnest(p.x) v)) over (partition by m.cohort_id) as middle from points p
    join cohorts.actor_cohort_membership m on m.actor_id = p.id and m.membership_type = 'primary' and m.is_active where p.shape = 'range') x
  having max(x.middle) < 1.5 * min(x.middle)), null, 'and differ along it');
select is((select (structure, cohorts)::text from found where shape = 'cloud'), '(none,1)', 'of a cloud without groups or range nothing is made');

select * from finish();
rollback;
