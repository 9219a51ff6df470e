create type private.variant_sums as (
  n double precision,
  y double precision,
  d double precision,
  yy double precision,
  dd double precision,
  yd double precision,
  x double precision,
  xx double precision,
  yx double precision,
  dx double precision
);
comment on type private.variant_sums is
  'All that the people of a variant tell of a metric: how many (n), and the sums of y (the metric, or a ratio''s numerator), d (a ratio''s denominator, else 1), x (the covariate) and of their products.';

create type private.variant_comparison as (
  control_value double precision,
  variant_value double precision,
  difference double precision,
  standard_error double precision,
  z double precision,
  lift double precision,
  lift_variance double precision,
  log_e_value double precision,
  reach double precision,
  chance_to_win double precision,
  expected_loss double precision,
  variance_cut double precision,
  harm_lower double precision,
  harm_upper double precision
);

create function private.compare_variants(
  p_control private.variant_sums, p_variant private.variant_sums, p_rho double precision, p_alpha double precision,
  p_prior_deviation double precision, p_direction double precision default 1, p_margin double precision default 0
)
returns private.variant_comparison
language plpgsql
immutable
parallel safe
set search_path = ''
as $$
declare
  s constant private.variant_sums[] := array[p_control, p_variant];
  v_people constant double precision := (p_control).n + (p_variant).n;
  v_mean double precision[];  -- the metric
  v_own double precision[];   -- variance of the linearised metric of one person
  v_with double precision[];  -- its covariance with the covariate
  v_spread double precision[];  -- variance of the covariate
  v_squared double precision[]; -- squared standard errors
  v_theta double precision := 0;
  v_base double precision;
  v_x double precision;
  v_rate double precision;
  v_contrast double precision;
  v_error double precision;
  v_posterior double precision;
  v_k double precision;
  r private.variant_comparison;
begin
  if not ((p_control).n > 1 and (p_variant).n > 1 and (p_control).d > 0 and (p_variant).d > 0) then
    return r;
  end if;
  for i in 1 .. 2 loop
    v_rate := (s[i]).y / (s[i]).d;
    v_base := (s[i]).d / (s[i]).n;
    v_mean[i] := v_rate;
    v_own[i] := greatest((s[i]).yy - 2 * v_rate * (s[i]).yd + v_rate ^ 2 * (s[i]).dd, 0) / ((s[i]).n - 1) / v_base ^ 2;
    v_with[i] := ((s[i]).yx - v_rate * (s[i]).dx) / ((s[i]).n - 1) / v_base;
    v_spread[i] := greatest((s[i]).xx - (s[i]).x ^ 2 / (s[i]).n, 0) / ((s[i]).n - 1);
  end loop;
  if v_spread[1] + v_spread[2] > 0 then
    v_theta := (v_with[1] * ((s[1]).n - 1) + v_with[2] * ((s[2]).n - 1)) / (v_spread[1] * ((s[1]).n - 1) + v_spread[2] * ((s[2]).n - 1));
  end if;
  v_x := ((s[1]).x + (s[2]).x) / v_people;
  for i in 1 .. 2 loop
    v_mean[i] := v_mean[i] - v_theta * ((s[i]).x / (s[i]).n - v_x);
    v_squared[i] := greatest(v_own[i] - 2 * v_theta * v_with[i] + v_theta ^ 2 * v_spread[i], 0) / (s[i]).n;
  end loop;
  r.control_value := v_mean[1];
  r.variant_value := v_mean[2];
  r.difference := v_mean[2] - v_mean[1];
  r.standard_error := sqrt(v_squared[1] + v_squared[2]);
  if r.standard_error = 0 then
    return r;
  end if;
  r.variance_cut := 1 - (v_squared[1] + v_squared[2]) / (v_own[1] / (s[1]).n + v_own[2] / (s[2]).n);
  r.z := r.difference / r.standard_error;
  r.log_e_value := p_rho ^ 2 * v_people * r.z ^ 2 / (2 * (v_people * p_rho ^ 2 + 1)) - ln(v_people * p_rho ^ 2 + 1) / 2;
  v_x := sqrt(2 * (v_people * p_rho ^ 2 + 1) / (v_people * p_rho ^ 2) * ln(sqrt(v_people * p_rho ^ 2 + 1) / p_alpha));
  r.reach := r.standard_error * v_x;

  -- For the worse by more than the margin: one contrast of the two means, no ratio.
  v_rate := 1 - p_direction * p_margin * sign(v_mean[1]);
  v_contrast := p_direction * (v_mean[2] - v_rate * v_mean[1]);
  v_error := v_x * sqrt(v_squared[2] + v_rate ^ 2 * v_squared[1]);
  r.harm_lower := v_contrast - v_error;
  r.harm_upper := v_contrast + v_error;

  if v_mean[1] > 0 then
    r.lift := r.difference / v_mean[1];
    r.lift_variance := v_squared[2] / v_mean[1] ^ 2 + v_squared[1] * v_mean[2] ^ 2 / v_mean[1] ^ 4;
    v_posterior := 1 / (1 / p_prior_deviation ^ 2 + 1 / r.lift_variance);
    v_k := p_direction * sqrt(v_posterior) * r.lift / r.lift_variance;
    r.chance_to_win := erfc(-v_k / sqrt(2::double precision)) / 2;
    r.expected_loss := greatest(0, sqrt(v_posterior) * (exp(-least(v_k ^ 2 / 2, 700)) / sqrt(2 * pi()) - v_k * erfc(v_k / sqrt(2::double precision)) / 2));
  end if;
  return r;
end
$$;
comment on function private.compare_variants(private.variant_sums, private.variant_sums, double precision, double precision, double precision, double precision, double precision) is
  'A variant against the control. Means, or ratios of sums by the delta method (A. Deng and others, KDD 2018); CUPED with one theta for both (A. Deng and others, WSDM 2013): variance_cut is the share of the variance that the covariate took. z = difference / standard_error. log_e_value and reach (half-width of the interval of the difference that holds at all times, private.mixture_reach): two-sided normal mixture with deviation p_rho, so that |difference| > reach exactly when the e-value is above 1 / p_alpha. lift: relative difference; with the prior N(0, p_prior_deviation^2) chance_to_win (0 to 1) and expected_loss (relative, if the variant is taken). p_direction: 1 where more is better, else -1. harm_lower, harm_upper: the same kind of interval of how much better than the tolerated p_margin (a share) the variant is: wholly below 0, it does harm. Nulls where a variant has fewer than two people or nothing varies.';

create function private.chi_square_p_value(p_statistic double precision, p_degrees integer)
returns double precision
language plpgsql
immutable
strict
parallel safe
set search_path = ''
as $$
declare
  v_half constant double precision := p_statistic / 2;
  v_term double precision;
  v_sum double precision;
begin
  if v_half > 700 then
    return 0;
  end if;
  -- Q(k/2, x/2) by its recurrence: from erfc (odd) or exp (even) two degrees at a time.
  v_sum := case when p_degrees % 2 = 1 then erfc(sqrt(v_half)) else exp(-v_half) end;
  v_term := case when p_degrees % 2 = 1 then 2 * sqrt(v_half / pi()) * exp(-v_half) else v_half * exp(-v_half) end;
  for i in 1 .. (p_degrees - 1) / 2 loop
    v_sum := v_sum + v_term;
    v_term := v_term * v_half / (i + case when p_degrees % 2 = 1 then 0.5 else 1 end);
  end loop;
  return least(v_sum, 1);
end
$$;
comment on function private.chi_square_p_value(double precision, integer) is
  'Probability that a chi-square variable with p_degrees degrees of freedom (1 and more) is at least p_statistic (0 and more). M. Abramowitz and I. A. Stegun 26.4.4 and 26.4.5.';

create function private.sample_ratio(p_counts double precision[], p_shares double precision[])
returns double precision
language sql
immutable
strict
parallel safe
set search_path = ''
as $$
  select private.chi_square_p_value(sum((g.seen - g.share * t.n) ^ 2 / (g.share * nullif(t.n, 0))), (count(*) - 1)::integer)
  from unnest(p_counts, p_shares) g (seen, share), (select sum(c) as n from unnest(p_counts) c) t
$$;
comment on function private.sample_ratio(double precision[], double precision[]) is
  'p-value of the people of the variants against their shares (chi-square): small where assignment, exposure or counting loses people of one variant. Null without anybody. Below 0.01 worth a look; below 0.001 the experiment proves nothing (R. Kohavi, D. Tang and Y. Xu, Trustworthy Online Controlled Experiments, 2020).';

create function private.adjusted_p_values(p_values double precision[])
returns double precision[]
language sql
immutable
strict
parallel safe
set search_path = ''
as $$
  select array_agg(a.adjusted order by a.place)
  from (
    select r.place, least(1, min(r.scaled) over (order by r.p desc, r.place desc)) as adjusted
    from (
      select v.p, v.place, v.p * cardinality(p_values) / row_number() over (order by v.p, v.place) as scaled
      from unnest(p_values) with ordinality v (p, place)
    ) r
  ) a
$$;
comment on function private.adjusted_p_values(double precision[]) is
  'p-values (no nulls) corrected for their number: below q are those that can be called found with a false discovery rate of q (Y. Benjamini and Y. Hochberg, JRSS-B 1995). Of p = 1 / e it is the e-BH procedure (R. Wang and A. Ramdas, JRSS-B 2022), which holds under any dependence and at any time.';
