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
