create function private.normal_cdf(p_z double precision)
returns double precision
language sql
immutable
strict
parallel safe
set search_path = ''
as $$
  select (1 + erf(p_z / sqrt(2::double precision))) / 2
$$;
comment on function private.normal_cdf(double precision) is 'Probability that a standard normal variable is at most p_z.';

create function private.wilson_interval(
  p_successes double precision, p_trials double precision,
  out lower double precision, out upper double precision
)
language sql
immutable
parallel safe
set search_path = ''
as $$
  -- Without trials all is null, and greatest and least pass over nulls.
  select greatest(0, w.centre - w.half), least(1, w.centre + w.half)
  from (
    select (r.p + z.z2 / (2 * r.n)) / (1 + z.z2 / r.n) as centre,
      sqrt(z.z2 * (r.p * (1 - r.p) / r.n + z.z2 / (4 * r.n ^ 2))) / (1 + z.z2 / r.n) as half
    from (select p_successes / nullif(p_trials, 0) as p, nullif(p_trials, 0) as n) r, (select 1.959963984540054 ^ 2 as z2) z
  ) w
$$;
comment on function private.wilson_interval(double precision, double precision) is
  'Score interval of a share at 95% (E. B. Wilson, 1927): keeps its coverage for small groups and shares near 0. 0 to 1 without trials.';

create function private.two_shares(
  p_x1 double precision, p_n1 double precision, p_x2 double precision, p_n2 double precision,
  out difference double precision, out lower double precision, out upper double precision, out p_value double precision
)
language sql
immutable
parallel safe
set search_path = ''
as $$
  select r.p1 - r.p2,
    r.p1 - r.p2 - sqrt((r.p1 - a.lower) ^ 2 + (b.upper - r.p2) ^ 2),
    r.p1 - r.p2 + sqrt((a.upper - r.p1) ^ 2 + (r.p2 - b.lower) ^ 2),
    case when r.pooled * (1 - r.pooled) > 0
      then 2 * (1 - private.normal_cdf(abs(r.p1 - r.p2) / sqrt(r.pooled * (1 - r.pooled) * (1 / nullif(p_n1, 0) + 1 / nullif(p_n2, 0)))))
      when p_n1 > 0 and p_n2 > 0 then 1 end
  from (select p_x1 / nullif(p_n1, 0) as p1, p_x2 / nullif(p_n2, 0) as p2, (p_x1 + p_x2) / nullif(p_n1 + p_n2, 0) as pooled) r,
    private.wilson_interval(p_x1, p_n1) a, private.wilson_interval(p_x2, p_n2) b
$$;
comment on function private.two_shares(double precision, double precision, double precision, double precision) is
  'Difference of two independent shares x1/n1 - x2/n2 with its 95% interval (R. G. Newcombe, 1998, method 10: the Wilson limits combined) and the two-sided p-value of the pooled z-test. Nulls when a group is empty.';
grant execute on function private.normal_cdf(double precision) to authenticated, service_role;
grant execute on function private.wilson_interval(double precision, double precision) to authenticated, service_role;
grant execute on function private.two_shares(double precision, double precision, double precision, double precision) to authenticated, service_role;

create function private.ln_beta_binomial(p_successes double precision, p_trials double precision, p_alpha double precision, p_beta double precision)
returns double precision
language sql
immutable
strict
set search_path = ''
as $$
  select private.ln_gamma(p_trials + 1) - private.ln_gamma(p_successes + 1) - private.ln_gamma(p_trials - p_successes + 1)
    + private.ln_beta(p_successes + p_alpha, p_trials - p_successes + p_beta) - private.ln_beta(p_alpha, p_beta)
$$;
comment on function private.ln_beta_binomial(double precision, double precision, double precision, double precision) is
  'Natural log of the probability of p_successes of p_trials where the share is only known as Beta(p_alpha, p_beta): the log score of a prediction.';

create function private.beta_binomial_interval(
  p_trials integer, p_alpha double precision, p_beta double precision,
  out lower integer, out upper integer
)
language plpgsql
immutable
strict
set search_path = ''
as $$
declare
  v_mean constant double precision := p_trials * p_alpha / (p_alpha + p_beta);
  v_spread constant double precision := sqrt(v_mean * p_beta / (p_alpha + p_beta) * (p_alpha + p_beta + p_trials) / (p_alpha + p_beta + 1));
  v_k integer := greatest(0, floor(v_mean - 8 * v_spread));
  v_probability double precision;
  v_below double precision := 0;
begin
  if v_spread >= 12 and v_mean - 4 * v_spread > 0 and v_mean + 4 * v_spread < p_trials then
    lower := ceil(v_mean - 2.5758293035489 * v_spread - 0.5);
    upper := floor(v_mean + 2.5758293035489 * v_spread + 0.5);
    return;
  end if;
  v_probability := exp(private.ln_beta_binomial(v_k, p_trials, p_alpha, p_beta));
  -- Each probability from the one before: the recurrence is why this is a loop. What lies below its beginning is nothing.
  loop
    v_below := v_below + v_probability;
    if lower is null and v_below > 0.005 then
      lower := v_k;
    end if;
    exit when v_below >= 0.995 or v_k = p_trials;
    v_probability := v_probability * ((p_trials - v_k) * (p_alpha + v_k) / ((v_k + 1) * (p_beta + p_trials - v_k - 1)));
    v_k := v_k + 1;
  end loop;
  upper := v_k;
end
$$;
comment on function private.beta_binomial_interval(integer, double precision, double precision) is
  '99% predictive interval of the successes among p_trials where the share is only known as Beta(p_alpha, p_beta): from the first count with more than 0.5% below or at it to the first with 99.5%. Where it is wide (a deviation of 12 or more, away from the ends) by the normal approximation, which is off by one at most.';
