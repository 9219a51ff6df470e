create function private.beta_times_lognormal(
  p_alpha double precision, p_beta double precision, p_mean double precision, p_deviation double precision,
  out mean double precision, out standard_deviation double precision, out lower double precision, out upper double precision)
language sql
immutable
strict
parallel safe
set search_path = ''
as $$
  with settings as materialized (
    select ln(p_alpha / p_beta) as centre, sqrt(1 / p_alpha + 1 / p_beta) as spread,
      -- Never finer than the grid below, whose points would be steps.
      sqrt(p_deviation ^ 2 + 0.0036 * (1 / p_alpha + 1 / p_beta)) as deviation,
      p_alpha / (p_alpha + p_beta) as share, p_alpha * p_beta / ((p_alpha + p_beta) ^ 2 * (p_alpha + p_beta + 1)) as share_variance,
      exp(p_mean + p_deviation ^ 2 / 2) as value, exp(2 * p_mean + p_deviation ^ 2) * (exp(p_deviation ^ 2) - 1) as value_variance
  ), grid as materialized (
    -- The Beta distribution at 200 points, even in log odds x: its density there is p^alpha (1 - p)^beta.
    select -ln(1 + exp(-x)) as log_share, -p_alpha * ln(1 + exp(-x)) - p_beta * (x + ln(1 + exp(-x))) as log_mass
    from settings cross join lateral (select greatest(-600, least(600, centre + (i - 100.5) / 10 * spread)) as x from generate_series(1, 200) i) g
  ), weighed as materialized (
    select log_share, mass / sum(mass) over () as mass, sum(mass) over (order by log_share) / sum(mass) over () as below
    from (select log_share, exp(greatest(log_mass - max(log_mass) over (), -300)) as mass from grid) m -- a smaller number would end in an underflow
  ), bounds as materialized (
    select min(log_share) filter (where below > 0.001) + p_mean - 3.5 * deviation as low,
      min(log_share) filter (where below > 0.999) + p_mean + 3.5 * deviation as high, deviation
    from weighed cross join settings group by deviation
  ), distribution as materialized (
    -- P(product < e^y), by the normal distribution function of the logarithm of the other factor.
    select y, sum(w.mass * erfc(least(8, -(y - w.log_share - p_mean) / (b.deviation * sqrt(2.0)))) / 2) as p
    from bounds b
    cross join lateral (select b.low + (b.high - b.low) * i / 150 as y from generate_series(0, 150) i) v
    cross join weighed w
    group by y
  ), steps as (
    select y, p, lead(y) over (order by y) as next_y, lead(p) over (order by y) as next_p from distribution
  )
  select s.share * s.value, sqrt(s.share_variance * s.value_variance + s.share_variance * s.value ^ 2 + s.value_variance * s.share ^ 2),
    (select exp(y + (next_y - y) * (0.05 - p) / (next_p - p)) from steps where p <= 0.05 and next_p > 0.05 order by y limit 1),
    (select exp(y + (next_y - y) * (0.95 - p) / (next_p - p)) from steps where p <= 0.95 and next_p > 0.95 order by y desc limit 1)
  from settings s
$$;
comment on function private.beta_times_lognormal(double precision, double precision, double precision, double precision) is
  'The product of a share with a Beta(p_alpha, p_beta) posterior and an independent amount whose logarithm is normal with p_mean and p_deviation. Mean and standard deviation are exact: Var(XY) = Var X Var Y + Var X (E Y)^2 + Var Y (E X)^2 (Goodman 1960, On the exact variance of products, JASA 55); lower and upper, the ends of the 90% interval, come from the distribution function by quadrature over the share. With p_mean 0 and p_deviation 0: the share alone.';

create function private.cohort_order_value(p_brand uuid, p_cohort uuid, out log_mean double precision, out log_deviation double precision)
language sql
stable
set search_path = ''
as $$
  with members as materialized (
    select ln(s.score_value) as x
    from cohorts.actor_cohort_membership m
    join actors.actor_behavioral_scores s on s.brand_id = m.brand_id and s.actor_id = m.actor_id and s.is_current
      and s.behavior_type = 'order_value' and s.context = '' and s.score_value > 0
    where m.brand_id = p_brand and m.cohort_id = p_cohort and m.is_active
  ), spread as (
    -- Of one person nothing is known of the spread: it is taken for that of orders that differ by a factor of e.
    select count(*) as n, avg(x) as mean, coalesce(var_samp(x), 1) as variance from members
  )
  select mean + variance / 2, sqrt(variance / n + variance ^ 2 / (2 * greatest(1, n - 1))) from spread where n > 0
$$;
comment on function private.cohort_order_value(uuid, uuid) is
  'Mean order value of the members of a cohort, from what is believed of each, as the logarithm of the mean and its standard error: for log-normal amounts ln E = mu + s^2 / 2 with variance s^2 / n + s^4 / (2 (n - 1)) (Cox''s method; Zhou and Gao 1997, Statistics in Medicine 16). Null where nobody''s is known.';

create function private.actor_order_value(p_brand uuid, p_actor uuid, p_now timestamptz, out log_mean double precision, out log_deviation double precision)
language sql
stable
set search_path = ''
as $$
  select ln(p.mean) - ln(1 + p.variance / p.mean ^ 2) / 2, sqrt(ln(1 + p.variance / p.mean ^ 2))
  from private.actors_posteriors(p_brand, array[p_actor], p_now) p
  where p.attribute = 'behavior.order_value' and p.context = '' and not p.is_stated and p.mean > 0
$$;
comment on function private.actor_order_value(uuid, uuid, timestamptz) is
  'Order value believed of one person: the log-normal distribution with mean and variance of the posterior. Null where none is known.';

create function private.expected_outcome(p_alpha double precision, p_beta double precision, p_log_mean double precision, p_log_deviation double precision, p_people bigint)
returns jsonb
language sql
immutable
set search_path = ''
as $$
  select jsonb_strip_nulls(jsonb_build_object(
    'outcome_type', 'purchase', 'response_rate', r.mean, 'standard_deviation', r.standard_deviation, 'interval', jsonb_build_array(r.lower, r.upper),
    'people', p_people, 'expected_responses', p_people * r.mean,
    'order_value', exp(p_log_mean + p_log_deviation ^ 2 / 2),
    'value', case when v.mean is not null then jsonb_build_object('mean', v.mean, 'standard_deviation', v.standard_deviation, 'interval', jsonb_build_array(v.lower, v.upper)) end,
    'expected_value', p_people * v.mean))
  from private.beta_times_lognormal(p_alpha, p_beta, 0, 0) r
  cross join private.beta_times_lognormal(p_alpha, p_beta, p_log_mean, p_log_deviation) v
$$;
comment on function private.expected_outcome(double precision, double precision, double precision, double precision, bigint) is
  'What is expected of a stimulus: response_rate per person treated with standard_deviation and 90% interval, order_value, value = response x order value per person treated with the same, expected_responses and expected_value of p_people treated. Without an order value (null) only the response.';
