create function private.random_uniform(p_seed bigint, p_index integer)
returns double precision
language sql
immutable
strict
parallel safe
set search_path = ''
as $$
  -- 53 of the 64 bits of the hash, in the middle of their cell: never 0, never 1.
  select (((hashint8extended(p_index, p_seed) >> 11) & 9007199254740991) + 0.5::double precision) / 9007199254740992
$$;
comment on function private.random_uniform(bigint, integer) is
  'Number p_index of the stream p_seed, uniform in (0, 1). A hash of the two instead of random(): the same whatever ran before in the session, in whatever order the planner asks.';

create function private.random_gamma(p_shape double precision, p_seed bigint)
returns double precision
language plpgsql
immutable
strict
parallel safe
set search_path = ''
as $$
declare
  v_d double precision := case when p_shape < 1 then p_shape + 1 else p_shape end - 1.0 / 3;
  v_c double precision;
  v_i integer := 0;
  v_x double precision;
  v_v double precision;
begin
  if not (p_shape > 0 and p_shape < 'infinity') then
    perform private.raise_error('invalid_argument', 'p_shape', 'must be positive and finite');
  end if;
  v_c := 1 / sqrt(9 * v_d);
  -- A loop because the method rejects; it accepts more than 95 of 100 tries.
  loop
    v_x := sqrt(-2 * ln(private.random_uniform(p_seed, v_i))) * cos(2 * pi() * private.random_uniform(p_seed, v_i + 1));
    v_v := (1 + v_c * v_x) ^ 3;
    exit when v_v > 0
      and ln(private.random_uniform(p_seed, v_i + 2)) < v_x * v_x / 2 + v_d - v_d * v_v + v_d * ln(v_v);
    v_i := v_i + 3;
  end loop;
  -- Below shape 1 the draw was for shape + 1, and U^(1/shape) brings it down.
  return v_d * v_v * case when p_shape < 1 then private.random_uniform(p_seed, -1) ^ (1 / p_shape) else 1 end;
end
$$;
comment on function private.random_gamma(double precision, bigint) is
  'One draw from Gamma(p_shape, scale 1). Method of G. Marsaglia and W. W. Tsang, A simple method for generating gamma variables, ACM TOMS 26(3), 2000, with their step for shapes below 1; normals by Box and Muller. The same p_seed gives the same draw. Error: invalid_argument.';

create function private.random_beta(p_alpha double precision, p_beta double precision, p_seed bigint)
returns double precision
language sql
immutable
strict
parallel safe
set search_path = ''
as $$
  select g.a / (g.a + g.b)
  from (select private.random_gamma(p_alpha, hashint8extended(1, p_seed)) as a,
    private.random_gamma(p_beta, hashint8extended(2, p_seed)) as b) g
$$;
comment on function private.random_beta(double precision, double precision, bigint) is
  'One draw from Beta(p_alpha, p_beta), as Ga / (Ga + Gb) of two independent gammas. The same p_seed gives the same draw.';

create function private.best_arm_probabilities(p_alpha double precision[], p_beta double precision[])
returns double precision[]
language sql
immutable
strict
parallel safe
set search_path = ''
as $$
  with arms as (
    select k, alpha, beta, alpha / (alpha + beta) as mean, sqrt(alpha * beta / (alpha + beta + 1)) / (alpha + beta) as deviation
    from unnest(p_alpha, p_beta) with ordinality a (alpha, beta, k)
  ),
  -- Points where the mass is: 150 over ten deviations about the mean of each arm.
  points as (
    select distinct greatest(1e-9, least(1 - 1e-9, mean + (i - 75.5) / 15 * deviation)) as x
    from arms, generate_series(1, 150) i
  ),
  grid as (
    select x, coalesce(lead(x) over w, 1) - coalesce(lag(x) over w, 0) as width from points window w as (order by x)
  ),
  mass as (
    select a.k, g.x, (a.alpha - 1) * ln(g.x) + (a.beta - 1) * ln(1 - g.x) + ln(g.width) as log_mass from arms a cross join grid g
  ),
  -- In logarithms, cut at -700: a product of tiny numbers would end the query with an underflow.
  scaled as (
    select k, x, greatest(log_mass - max(log_mass) over (partition by k), -700) as log_mass from mass
  ),
  cumulative as (
    select k, x, log_mass - ln(sum(exp(log_mass)) over (partition by k)) as log_mass,
      ln((sum(exp(log_mass)) over (partition by k order by x) - exp(log_mass) / 2) / sum(exp(log_mass)) over (partition by k)) as log_below
    from scaled
  ),
  best as (
    select k, exp(greatest(log_mass + sum(log_below) over (partition by x) - log_below, -700)) as p from cumulative
  ),
  totals as (
    select k, sum(p) as p from best group by k
  )
  select array_agg(p / (select sum(p) from totals) order by k) from totals
$$;
comment on function private.best_arm_probabilities(double precision[], double precision[]) is
  'For independent Beta(p_alpha[k], p_beta[k]): the probability of each to be the largest, which is the probability that Thompson sampling chooses it. Quadrature of f_k(x) times the product of the other F_j(x), the same points for all arms; sums to 1.';
