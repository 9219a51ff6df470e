-- Streams of 30 days with 500 people per variant and day, 5% of whom convert; looked at every day. With the boundary left
-- at 1.96 (broken once to see) more than a quarter of the A/A streams are found.
begin;
select plan(11);

-- 600 streams per seed; conversions of a day by the normal curve. judged: was it found by the boundary, by the e-value, did the interval always hold?
create function pg_temp.judged(p_seed integer, p_effect double precision) returns table (found double precision, e_found double precision, held double precision) language sql as $$
  with days as (
    -- Two normal variables of two uniform ones (Box and Muller), written out: a function for each would take most of the time.
    select s, d, 25 + sqrt(23.75) * r.r * cos(2 * pi() * r.u) as a, 25 * (1 + p_effect) + sqrt(25 * (1 + p_effect) * (1 - 0.05 * (1 + p_effect))) * r.r * sin(2 * pi() * r.u) as b
    from generate_series(1, 600) s cross join generate_series(1, 30) d
    cross join lateral (select sqrt(-2 * ln(((hashtextextended(format('%s r %s %s', p_seed, s, d), 0) & 9007199254740991) + 1) / 9007199254740993.0::double precision)) as r,
      (hashtextextended(format('%s u %s %s', p_seed, s, d), 0) & 9007199254740991) / 9007199254740993.0::double precision as u) r
  ),
  totals as (
    select s, d, 500.0::double precision * d as n, greatest(0, round(sum(a) over w)) as a, greatest(0, round(sum(b) over w)) as b from days window w as (partition by s order by d)
  ),
  bounds as materialized (select d, private.sequential_boundary(d / 30.0, 0.05) as z from generate_series(1, 30) d),
  looks as (
    select t.s, bool_or(abs(c.z) >= x.z) as found, bool_or(c.log_e_value > ln(20)) as e_found, bool_and(abs(c.difference - 0.05 * p_effect) <= c.reach) as held
    from totals t
    join bounds x on x.d = t.d
    cross join lateral private.compare_variants(row(t.n, t.a, t.n, t.a, t.n, t.a, 0, 0, 0, 0), row(t.n, t.b, t.n, t.b, t.n, t.b, 0, 0, 0, 0), private.mixture_rho(30000, 0.05), 0.05, 0.3) c
    group by t.s
  )
  select avg(found::integer)::double precision, avg(e_found::integer)::double precision, avg(held::integer)::double precision from looks
$$;
create temp table runs on commit drop as
select seed, effect, j.* from generate_series(1, 2) seed, unnest(array[0, 0.1, 0.2]) effect cross join lateral pg_temp.judged(seed, effect) j;

-- A share of 600 scatters by less than 0.009 about 0.05.
select ok(found <= 0.06 and e_found <= 0.06, format('A/A: a difference is found in at most one of twenty (seed %s: boundary %s, e-value %s)', seed, round(found::numeric, 3), round(e_found::numeric, 3))) from runs where effect = 0;
select ok(found >= 0.92, format('+20%%: it is found in nine of ten (seed %s: %s)', seed, round(found::numeric, 3))) from runs where effect = 0.2;
select ok(found >= 0.35, format('+10%%: in more than a third (seed %s: %s)', seed, round(found::numeric, 3))) from runs where effect = 0.1;
select ok(min(held) >= 0.97, 'the intervals hold the truth at all thirty looks') from runs;

-- As many people as the plan says are as many as are needed: the same streams as Brownian motion with the drift of the plan.
create function pg_temp.power(p_looks integer, p_power double precision, p_seed integer) returns double precision language sql as $$
  with steps as (
    select s, d, sum(tests.normal(format('%s plan %s %s', p_seed, s, d)) / sqrt(p_looks) + n.drift / p_looks) over (partition by s order by d) as b
    from generate_series(1, 500) s cross join generate_series(1, p_looks) d
    cross join (select private.needed_drift(p_power, 0.05, p_looks, 'group_sequential') as drift offset 0) n
  )
  select avg(crossed::integer)::double precision from (select bool_or(abs(b) >= private.sequential_critical(0.05)) as crossed from steps group by s) x
$$;
select ok(abs(p - x.power) < 0.04, format('a plan for power %s with %s looks has it: %s', x.power, x.looks, round(p::numeric, 3)))
from (values (5, 0.8, 1), (14, 0.9, 2), (30, 0.9, 3)) x (looks, power, seed) cross join lateral pg_temp.power(x.looks, x.power, x.seed) p;

select is((select array_agg(round(p::numeric, 12) order by i) from unnest(private.adjusted_p_values(array[0.01, 0.04, 0.03, 0.005, 0.5])) with ordinality x (p, i)),
  array[0.025, 0.05, 0.05, 0.025, 0.5]::numeric[], 'p-values are corrected as R''s p.adjust(method = "BH") does');

select * from finish();
rollback;
