create function private.normal_quantile(p_share double precision)
returns double precision
language plpgsql
immutable
strict
parallel safe
set search_path = ''
as $$
declare
  v_tail double precision := least(p_share, 1 - p_share);
  v_t double precision;
  v_x double precision;
  v_error double precision;
begin
  if not (p_share > 0 and p_share < 1) then
    perform private.raise_error('invalid_argument', 'p_share', 'must lie between 0 and 1');
  end if;
  v_t := sqrt(-2 * ln(v_tail));
  v_x := v_t - (2.515517 + v_t * (0.802853 + v_t * 0.010328)) / (1 + v_t * (1.432788 + v_t * (0.189269 + v_t * 0.001308)));
  -- Each step of Halley triples the digits: from three to the last one in three.
  for v_i in 1 .. 3 loop
    v_error := (v_tail - erfc(v_x / sqrt(2::double precision)) / 2) * sqrt(2 * pi()) * exp(v_x * v_x / 2);
    v_x := v_x - v_error / (1 + v_x * v_error / 2);
  end loop;
  return case when p_share < 0.5 then -v_x else v_x end;
end
$$;
comment on function private.normal_quantile(double precision) is
  'The number below which a standard normal variable lies with probability p_share (0 to 1, neither included). M. Abramowitz and I. A. Stegun 26.2.23, then Halley''s method on erfc. Error: invalid_argument.';

create function private.sequential_critical(p_alpha double precision)
returns double precision
language sql
immutable
strict
parallel safe
set search_path = ''
as $$
  select private.normal_quantile(1 - p_alpha / 4)
$$;
comment on function private.sequential_critical(double precision) is
  'What |z| has to reach at the planned end, however often one looked before. Brownian motion that reaches c by time 1 lies beyond c at time 1 with probability 1/2 (reflection principle), so either side is reached with probability at most 4 (1 - Phi(c)): this c makes it p_alpha. The boundary c / sqrt(t) in z spends what the O''Brien-Fleming function of K. K. G. Lan and D. L. DeMets (Biometrika 1983) spends when one looks all the time; fewer looks spend less, so looks that nobody recorded do no harm.';

create function private.sequential_boundary(p_information double precision, p_alpha double precision)
returns double precision
language sql
immutable
strict
parallel safe
set search_path = ''
as $$
  select private.sequential_critical(p_alpha) / sqrt(least(p_information, 1))
$$;
comment on function private.sequential_boundary(double precision, double precision) is
  'Two-sided boundary of z when the share p_information (above 0; 1: the planned end and after) of the planned people counts: crossed at any of any number of looks with probability p_alpha at most when there is no difference.';

create function private.mixture_reach(p_people double precision, p_rho double precision, p_alpha double precision)
returns double precision
language sql
immutable
strict
parallel safe
set search_path = ''
as $$
  select sqrt(2 * (p_people * p_rho ^ 2 + 1) / (p_people * p_rho ^ 2) * ln(sqrt(p_people * p_rho ^ 2 + 1) / p_alpha))
$$;
comment on function private.mixture_reach(double precision, double precision, double precision) is
  'Half-width, in standard errors, of the interval that holds the truth at all times together with probability 1 - p_alpha: the two-sided normal mixture with deviation p_rho (in deviations of one observation) over p_people observations. H. Robbins 1970; asymptotic form of I. Waudby-Smith and others, arXiv 2103.06476. The interval leaves 0 out exactly when the e-value of the same mixture is above 1 / p_alpha.';

create function private.mixture_rho(p_people double precision, p_alpha double precision)
returns double precision
language sql
immutable
strict
parallel safe
set search_path = ''
as $$
  select sqrt((-2 * ln(p_alpha) + ln(-2 * ln(p_alpha) + 1)) / p_people)
$$;
comment on function private.mixture_rho(double precision, double precision) is
  'The deviation of the mixture that makes the always-valid interval narrowest at p_people observations (arXiv 2103.06476, appendix).';

create function private.needed_drift(p_power double precision, p_alpha double precision, p_looks double precision, p_method text)
returns double precision
language plpgsql
immutable
strict
parallel safe
set search_path = ''
as $$
declare
  v_c double precision := private.sequential_critical(p_alpha) + 0.5826 / sqrt(p_looks);
  v_low double precision := 0;
  v_high double precision := 20;
  v_drift double precision;
begin
  if p_method = 'always_valid' then
    return private.mixture_reach(1, private.mixture_rho(1, p_alpha), p_alpha) + private.normal_quantile(p_power);
  end if;
  -- Halving: 20 / 2^50 is below the last digit.
  for v_i in 1 .. 50 loop
    v_drift := (v_low + v_high) / 2;
    if erfc((v_c - v_drift) / sqrt(2::double precision)) / 2
      + exp(2 * v_c * v_drift + ln(greatest(erfc((v_c + v_drift) / sqrt(2::double precision)) / 2, 1e-300))) < p_power then
      v_low := v_drift;
    else
      v_high := v_drift;
    end if;
  end loop;
  return v_drift;
end
$$;
comment on function private.needed_drift(double precision, double precision, double precision, text) is
  'Expected z at the planned end at which a test finds the difference with p_power. group_sequential: Brownian motion with drift d reaches c by time 1 with probability Phi(d - c) + exp(2 c d) Phi(-d - c); looks at p_looks times instead of always move c up by 0.5826 / sqrt(looks) (D. Siegmund, Sequential Analysis, 1985). always_valid: from the last look alone, so a little more than needed.';

create function private.needed_people(
  p_baseline double precision, p_deviation double precision, p_effect double precision,
  p_control_share double precision, p_variant_share double precision, p_drift double precision
)
returns double precision
language sql
immutable
parallel safe
set search_path = ''
as $$
  select p_drift ^ 2 * (coalesce(p_deviation ^ 2, p_baseline * (1 - p_baseline)) / p_control_share
    + coalesce(p_deviation ^ 2, greatest(v.mean * (1 - v.mean), 0)) / p_variant_share) / (p_baseline * p_effect) ^ 2
  from (select p_baseline * (1 + p_effect) as mean) v
$$;
comment on function private.needed_people(double precision, double precision, double precision, double precision, double precision, double precision) is
  'People over all variants at which a relative p_effect on p_baseline gives the expected z p_drift: the normal sample size for two means with variances p_deviation^2 (null: two shares, p (1 - p)) and shares of the people. J. L. Fleiss, Statistical Methods for Rates and Proportions, without its correction for continuity.';
