begin;
select plan(12);

select ok(u > 0 and u < 1, 'a uniform number lies strictly between 0 and 1')
from (select private.random_uniform(9223372036854775807, -2147483648) as u) x;
select is(private.random_beta(3, 5, 99), private.random_beta(3, 5, 99), 'the same seed gives the same draw');
select isnt(private.random_beta(3, 5, 99), private.random_beta(3, 5, 100), 'another seed another one');

-- 4 standard errors of the mean and a tenth of the variance: 4,000 draws each.
select ok(abs(avg(u) - 0.5) < 0.02 and abs(var_samp(u) - 1.0 / 12) < 0.005, 'uniform draws have mean 1/2 and variance 1/12')
from (select private.random_uniform(7, i) as u from generate_series(1, 4000) i) x;
select ok(abs(corr(a, b)) < 0.06, 'neighbours in a stream are not correlated')
from (select private.random_uniform(7, i) as a, private.random_uniform(7, i + 1) as b from generate_series(1, 4000) i) x;
select ok(abs(avg(g) - shape) < 4 * sqrt(shape / 4000) and abs(var_samp(g) / shape - 1) < 0.15,
  format('gamma draws of shape %s have mean and variance %s', shape, shape))
from (select shape, private.random_gamma(shape, hashint8extended(i, 11)) as g
  from unnest('{0.5, 1, 9}'::double precision[]) shape, generate_series(1, 4000) i) x
group by shape;
select ok(abs(avg(b) - 0.2) < 4 * sqrt(0.2 * 0.8 / 11 / 4000) and abs(var_samp(b) / (0.2 * 0.8 / 11) - 1) < 0.12,
  'draws from Beta(2, 8) have its mean and variance')
from (select private.random_beta(2, 8, hashint8extended(i, 12)) as b from generate_series(1, 4000) i) x;

select throws_ok($$select private.random_gamma(0, 1)$$, 'PT400', null, 'a shape must be positive');

-- Quadrature against counting draws.
select ok(bool_and(abs(p.exact - c.counted) < 0.03), 'the probability to be chosen is how often the largest draw is one''s own')
from unnest(private.best_arm_probabilities('{2, 5, 1}', '{8, 15, 9}')) with ordinality p (exact, k)
join (
  select w.k, count(*) / 3000.0 as counted
  from generate_series(1, 3000) i
  cross join lateral (
    select a.k from unnest('{2, 5, 1}'::double precision[], '{8, 15, 9}'::double precision[]) with ordinality a (alpha, beta, k)
    order by private.random_beta(a.alpha, a.beta, hashint8extended(i, a.k)) desc limit 1) w
  group by w.k
) c using (k);
select ok(abs(sum(p) - 1) < 1e-9 and min(p) >= 0, 'these probabilities sum to 1, also for very sure arms')
from unnest(private.best_arm_probabilities('{1, 5000, 4900}', '{9, 45000, 45000}')) p;

select * from finish();
rollback;
