-- Reference figures: scipy 1.17.1 (norm, chi2, ttest_ind, integrate.quad) and numpy on the people listed here.
begin;
select plan(22);

select ok(abs(private.normal_quantile(p) - z) < 1e-12, format('normal quantile of %s', p))
from (values (0.975::double precision, 1.959963984540054::double precision), (1e-9, -5.9978070150076865), (0.5, 0), (0.9875, 2.241402727604947)) x (p, z);
select throws_ok('select private.normal_quantile(1)', 'PT400', null, 'no number has everything below it');
select ok(abs(private.chi_square_p_value(s, k) - p) < 1e-12, format('chi-square with %s degrees', k))
from (values (3.84, 1, 0.05004352124870519::double precision), (5.99, 2, 0.05003662708658628), (7.81, 3, 0.05010605635000589), (9.49, 4, 0.04995313122329490), (11.07, 5, 0.050009618622405425)) x (s, k, p);

create temp table people (side text, y double precision, d double precision, x double precision) on commit drop;
insert into people values ('control', 0, 1, 1), ('control', 3, 2, 4), ('control', 1, 1, 0), ('control', 4, 3, 5), ('control', 0, 0, 1), ('control', 2, 1, 1), ('control', 5, 2, 6), ('control', 1, 1, 2),
  ('variant', 2, 1, 0), ('variant', 5, 2, 4), ('variant', 1, 1, 1), ('variant', 6, 2, 6), ('variant', 3, 2, 2), ('variant', 0, 0, 0), ('variant', 4, 1, 3), ('variant', 7, 3, 5);
create function pg_temp.compared(p_ratio boolean, p_cuped boolean) returns private.variant_comparison language sql as $$
  select private.compare_variants((max(s::text) filter (where side = 'control'))::private.variant_sums, (max(s::text) filter (where side = 'variant'))::private.variant_sums, 0.2, 0.05, 0.3)
  from (
    select side, row(count(*), sum(y), sum(e), sum(y * y), sum(e * e), sum(y * e), sum(z), sum(z * z), sum(y * z), sum(e * z))::private.variant_sums as s
    from (select side, y, case when p_ratio then d else 1 end as e, case when p_cuped then x else 0 end as z from people) q group by side
  ) g
$$;
select ok(abs(c.control_value - x.control) < 1e-12 and abs(c.variant_value - x.variant) < 1e-12 and abs(c.standard_error - x.error) < 1e-12 and abs(c.z - x.z) < 1e-12
  and abs(c.variance_cut - x.cut) < 1e-12, x.what)
from (values
  (false, false, 2::double precision, 3.5::double precision, 1.0856202966836188::double precision, 1.381698559415515::double precision, 0::double precision, 'a mean is Welch''s t'),
  (false, true, 2.0559033989266546, 3.4440966010733454, 0.42461329199438425, 3.2693116968299014, 0.8470211958584052, 'with a covariate it is CUPED'),
  (true, false, 1.4545454545454546, 2.3333333333333335, 0.3786689615727068, 2.3207285728887133, 0, 'a ratio by the delta method'),
  (true, true, 1.4663417390690119, 2.3215370488097764, 0.31454880851060824, 2.718800029127826, 0.3099879556674473, 'and a ratio with a covariate')
) x (ratio, cuped, control, variant, error, z, cut, what)
cross join lateral pg_temp.compared(x.ratio, x.cuped) c;

-- The integral of the normal likelihood over N(0, 0.2^2): 16 observations, z = 1.3817.
select ok(abs(c.log_e_value - 0.1251574223191972) < 1e-12, 'the e-value is the likelihood ratio of the mixture') from pg_temp.compared(false, false) c;
select ok(abs(c.chance_to_win - 0.999668433447892) < 1e-9 and abs(c.expected_loss - 4.826481586917067e-06) < 1e-12, 'chance to win and expected loss are those of the posterior')
from private.compare_variants(row(15000, 750, 15000, 750, 15000, 750, 0, 0, 0, 0), row(15000, 900, 15000, 900, 15000, 900, 0, 0, 0, 0), 0.016, 0.05, 0.3) c;
select ok(abs(a.chance_to_win + b.chance_to_win - 1) < 1e-12 and b.expected_loss > 0.1, 'where less is better the chances turn round')
from private.compare_variants(row(15000, 750, 15000, 750, 15000, 750, 0, 0, 0, 0), row(15000, 900, 15000, 900, 15000, 900, 0, 0, 0, 0), 0.016, 0.05, 0.3) a,
  private.compare_variants(row(15000, 750, 15000, 750, 15000, 750, 0, 0, 0, 0), row(15000, 900, 15000, 900, 15000, 900, 0, 0, 0, 0), 0.016, 0.05, 0.3, -1) b;

create temp table cases on commit drop as
select c.*, a.alpha
from generate_series(1, 4000) i
cross join lateral (select 50 + floor(5000 * tests.uniform('n' || i)) as n, 0.02 + 0.5 * tests.uniform('p' || i) as p, exp(-6 + 5 * tests.uniform('r' || i)) as rho,
  (array[0.01, 0.05, 0.1])[1 + i % 3]::double precision as alpha) a
cross join lateral (select floor(a.n * a.p) as k, floor(a.n * a.p * (1 + 0.4 * tests.uniform('l' || i))) as v) k
cross join lateral private.compare_variants(row(a.n, k.k, a.n, k.k, a.n, k.k, 0, 0, 0, 0), row(a.n, k.v, a.n, k.v, a.n, k.v, 0, 0, 0, 0), a.rho, a.alpha, 0.3) c;
select is((select count(*)::integer from cases where (abs(difference) > reach) <> (log_e_value > -ln(alpha))), 0, 'the interval leaves 0 out exactly when the e-value is above 1 / alpha');
select ok((select count(*) filter (where abs(difference) > reach) between 400 and 3600 from cases), 'of both kinds there are many');

select ok((private.compare_variants(row(1, 1, 1, 1, 1, 1, 0, 0, 0, 0), row(100, 50, 100, 50, 100, 50, 0, 0, 0, 0), 0.016, 0.05, 0.3)).z is null, 'one person is no group');
select ok((c.z is null) and c.difference = 0, 'where nothing varies nothing is claimed') from private.compare_variants(row(90, 0, 90, 0, 90, 0, 0, 0, 0, 0), row(90, 0, 90, 0, 90, 0, 0, 0, 0, 0), 0.016, 0.05, 0.3) c;
select ok(private.sample_ratio(array[5000, 5200], array[0.5, 0.5]) between 0.0476 and 0.0477 and private.sample_ratio(array[0, 0], array[0.5, 0.5]) is null, 'sample ratio of 5,000 to 5,200');

select * from finish();
rollback;
