-- What channels cause, from who was eligible, who of them was held out at random, and who responded.
--
-- People differ in how much they want to buy anyway, and who wants to buy meets more channels (he searches, he looks, he is
-- followed by ads). Whether a person was held out of a channel tells the effect without bias, but the held out are few.
-- That people who meet one channel meet the others too tells how much intent there is behind each channel, and with it all
-- people help. So, with latent intent u ~ N(0, 1):
--   P(eligible for c | u) = s(base_c + loading_c u)
--   P(response | u, eligible, exposed) = s(base + pull u + sum over exposed c: effect_c + sum over eligible c: residue_c)
-- with s the logistic function. residue_c is what eligibility tells beyond intent. It is small where intent explains who is
-- eligible, and large where it does not; then the effects rest on the randomised holdout alone. How large, the data say:
-- the model is fitted with three spreads of the residues, weighted by the evidence for each.
--
-- The parameters in one array: base_c for each of the groups, loading_c, base, pull, effect_c, residue_c.

create type private.journey_pattern as (eligible integer, exposed integer, has_responded boolean, people double precision);
comment on type private.journey_pattern is
  'How many people were eligible for the same groups (bit g - 1: group g), exposed to the same, and responded or not.';

create type private.intent_fit as (theta double precision[], inverse_root double precision[], weight double precision);
comment on type private.intent_fit is 'A posterior of the intent model: its mode, R with covariance R''R (private.whitening), its share of the evidence.';

create type private.intent_score as (people double precision, log_likelihood double precision, score double precision[]);
comment on type private.intent_score is 'A person of one pattern under the intent model: ln of the likelihood and its gradient.';

create function private.intent_nodes()
returns table (x double precision, weight double precision)
language sql
immutable
parallel safe
set search_path = ''
as $$
  select v.x::double precision, v.weight::double precision
  from (values (-3.7504397177257425, 0.000548268855972217), (-2.366759410734541, 0.03075712396758652), (-1.1544053947399682, 0.2401231786050127),
    (0, 0.45714285714285724), (1.1544053947399682, 0.2401231786050127), (2.366759410734541, 0.03075712396758652),
    (3.7504397177257425, 0.000548268855972217)) v (x, weight)
$$;
comment on function private.intent_nodes() is 'Gauss-Hermite quadrature of a standard normal variable with 7 nodes.';

create function private.intent_scores(p_patterns private.journey_pattern[], p_groups integer, p_theta double precision[])
returns setof private.intent_score
language sql
immutable
set search_path = ''
as $$
  with pattern as materialized (
    select r.k, r.people, r.eligible, case when r.has_responded then 1 else -1 end as sign, r.exposed,
      p_theta[2 * p_groups + 1] + (
        select sum(p_theta[2 * p_groups + 2 + g] * (r.exposed >> (g - 1) & 1) + p_theta[3 * p_groups + 2 + g] * (r.eligible >> (g - 1) & 1))
        from generate_series(1, p_groups) g) as logit
    from unnest(p_patterns) with ordinality r (eligible, exposed, has_responded, people, k)
  ),
  meeting as materialized (
    select n.x, n.weight, array_agg(p_theta[g] + p_theta[p_groups + g] * n.x order by g) as logits,
      array_agg(1 / (1 + exp(-least(500, greatest(-500, p_theta[g] + p_theta[p_groups + g] * n.x)))) order by g) as shares
    from private.intent_nodes() n cross join generate_series(1, p_groups) g
    group by n.x, n.weight
  ),
  -- ln(1 + exp(z)) without an overflow.
  selection as materialized (
    select e.eligible, m.x, m.shares, ln(m.weight) - sum(greatest(z.z, 0) + ln(1 + exp(-abs(z.z)))) as log_weight
    from (select distinct p.eligible from pattern p) e
    cross join meeting m
    cross join generate_series(1, p_groups) g
    cross join lateral (select case when (e.eligible >> (g - 1) & 1) = 1 then -m.logits[g] else m.logits[g] end as z) z
    group by e.eligible, m.x, m.weight, m.shares
  ),
  joint as materialized (
    select p.k, s.x, s.shares, p.sign / (1 + exp(least(500, greatest(-500, p.sign * z.z)))) as residual,
      s.log_weight - greatest(-p.sign * z.z, 0) - ln(1 + exp(-abs(z.z))) as log_joint
    from pattern p
    join selection s on s.eligible = p.eligible
    cross join lateral (select p.logit + p_theta[2 * p_groups + 2] * s.x as z) z
  ),
  total as materialized (
    select j.k, m.most + ln(sum(exp(greatest(j.log_joint - m.most, -700)))) as log_likelihood
    from joint j join (select k, max(log_joint) as most from joint group by k) m on m.k = j.k
    group by j.k, m.most
  ),
  weighted as materialized (
    select j.k, j.x, j.shares, j.residual, exp(greatest(j.log_joint - t.log_likelihood, -700)) as weight
    from joint j join total t on t.k = j.k
  ),
  own as materialized (
    select w.k, sum(w.weight * w.x) as intent, sum(w.weight * w.residual) as residual, sum(w.weight * w.residual * w.x) as residual_intent
    from weighted w group by w.k
  ),
  expected as materialized (
    select w.k, g, sum(w.weight * w.shares[g]) as share, sum(w.weight * w.shares[g] * w.x) as share_intent
    from weighted w cross join generate_series(1, p_groups) g group by w.k, g
  ),
  by_group as materialized (
    select e.k,
      array_agg((p.eligible >> (e.g - 1) & 1) - e.share order by e.g) as base,
      array_agg((p.eligible >> (e.g - 1) & 1) * o.intent - e.share_intent order by e.g) as loading,
      array_agg((p.exposed >> (e.g - 1) & 1) * o.residual order by e.g) as effect,
      array_agg((p.eligible >> (e.g - 1) & 1) * o.residual order by e.g) as residue
    from expected e join pattern p on p.k = e.k join own o on o.k = e.k
    group by e.k
  )
  select p.people, t.log_likelihood, b.base || b.loading || array[o.residual, o.residual_intent] || b.effect || b.residue
  from by_group b join pattern p on p.k = b.k join total t on t.k = b.k join own o on o.k = b.k
$$;
comment on function private.intent_scores(private.journey_pattern[], integer, double precision[]) is
  'Log-likelihood of a person of each pattern under the intent model with parameters p_theta, and its gradient.';

create function private.intent_prior(p_groups integer, p_spread double precision, out means double precision[], out precisions double precision[])
language sql
immutable
set search_path = ''
as $$
  select array_agg(case when i = 2 * p_groups + 1 then -2 else 0 end::double precision order by i),
    array_agg(case
      when i <= p_groups or i = 2 * p_groups + 1 then 0.01
      -- Two indicators of a latent variable do not show it: below three groups eligibility is told apart by its residues alone.
      when i = 2 * p_groups + 2 and p_groups < 3 then 1e6
      when i > 3 * p_groups + 2 then p_spread ^ -2
      else 1 end::double precision order by i)
  from generate_series(1, 4 * p_groups + 2) i
$$;
comment on function private.intent_prior(integer, double precision) is
  'Normal prior of the parameters of the intent model: bases with spread 10, loadings, pull and effects with 1 (an effect of 1 multiplies the odds by 2.7), residues with p_spread.';

create function private.intent_mode(
  p_patterns private.journey_pattern[], p_groups integer, p_start double precision[], p_spread double precision,
  out theta double precision[], out inverse_root double precision[], out log_evidence double precision
)
language plpgsql
immutable
set search_path = ''
as $$
declare
  v_size integer := 4 * p_groups + 2;
  v_prior record;
  v_scores private.intent_score[];
  v_next double precision[] := p_start;
  v_value double precision;
  v_best double precision;
  v_gradient double precision[];
  v_curvature double precision[];
  v_whitening record;
  v_step double precision[];
  v_length double precision := 1;
begin
  select * into v_prior from private.intent_prior(p_groups, p_spread);
  -- A loop: each step of the ascent begins where the last one ended.
  for v_round in 1 .. 60 loop
    v_scores := array(select s from private.intent_scores(p_patterns, p_groups, v_next) s);
    select sum(s.people * s.log_likelihood) into v_value from unnest(v_scores) s;
    v_value := v_value - (select sum(pr * (t - m) ^ 2) / 2 from unnest(v_prior.precisions, v_next, v_prior.means) u (pr, t, m));
    if v_best is not null and v_value < v_best - 1e-9 and v_length > 0.001 then
      v_length := v_length / 2;
    else
      exit when v_best is not null and v_value - v_best < 1e-5;
      v_best := v_value;
      theta := v_next;
      v_length := 1;
      select array_agg(x.g order by x.i) into v_gradient
      from (
        select i, sum(s.people * s.score[i]) - v_prior.precisions[i] * (theta[i] - v_prior.means[i]) as g
        from unnest(v_scores) s cross join generate_series(1, v_size) i group by i
      ) x;
      -- The outer product of the gradients in place of the second derivatives: the same for many people, and never indefinite.
      select array_agg(r.h order by r.i) into v_curvature
      from (
        select x.i, array_agg(x.h + case when x.i = x.j then v_prior.precisions[x.i] else 0 end order by x.j) as h
        from (
          select i, j, sum(s.people * s.score[i] * s.score[j]) as h
          from unnest(v_scores) s cross join generate_series(1, v_size) i cross join generate_series(1, v_size) j group by i, j
        ) x group by x.i
      ) r;
      select * into v_whitening from private.whitening(v_curvature);
      inverse_root := v_whitening.inverse_root;
      v_step := private.times_transposed(inverse_root, private.times(inverse_root, v_gradient));
    end if;
    select array_agg(t + v_length * s order by k) into v_next from unnest(theta, v_step) with ordinality u (t, s, k);
  end loop;
  log_evidence := v_best + (select sum(ln(pr)) from unnest(v_prior.precisions) pr) / 2 - v_whitening.log_determinant / 2;
end
$$;
comment on function private.intent_mode(private.journey_pattern[], integer, double precision[], double precision) is
  'Mode of the posterior of the intent model with a given spread of the residues, by scoring steps from p_start that are halved where they go down; R of its covariance; ln of the evidence (Laplace), up to a constant that all spreads share.';

create function private.fit_intent(p_patterns private.journey_pattern[], p_groups integer)
returns setof private.intent_fit
language plpgsql
immutable
set search_path = ''
as $$
declare
  v_start double precision[];
  v_mode record;
  v_fits private.intent_fit[] := array[]::private.intent_fit[];
  v_spread record;
begin
  with total as (
    select sum(p.people) as n, sum(p.people) filter (where p.has_responded) as x from unnest(p_patterns) p
  ),
  shares as (
    select g, ln((coalesce(sum(p.people) filter (where (p.eligible >> (g - 1) & 1) = 1), 0) + 1)
      / (coalesce(sum(p.people) filter (where (p.eligible >> (g - 1) & 1) = 0), 0) + 1)) as logit
    from unnest(p_patterns) p cross join generate_series(1, p_groups) g group by g
  )
  select (select array_agg(s.logit order by s.g) from shares s) || array_fill(0.4::double precision, array[p_groups])
    || array[ln((coalesce(t.x, 0) + 0.5) / (t.n - coalesce(t.x, 0) + 0.5)) - 0.3, 0.5]
    || array_fill(0.2::double precision, array[p_groups]) || array_fill(0::double precision, array[p_groups])
  into v_start from total t;
  -- A loop: each fit begins at the one before.
  for v_spread in
    select * from (values (0.03, 0.5), (0.12, 0.25), (0.5, 0.25)) v (spread, prior) where p_groups >= 3
    union all select 1, 1 where p_groups < 3
  loop
    select * into v_mode from private.intent_mode(p_patterns, p_groups, v_start, v_spread.spread);
    v_start := v_mode.theta;
    v_fits := v_fits || row(v_mode.theta, v_mode.inverse_root, v_mode.log_evidence + ln(v_spread.prior))::private.intent_fit;
  end loop;
  return query
  select f.theta, f.inverse_root, exp(greatest(f.weight - max(f.weight) over (), -700)) / sum(exp(greatest(f.weight - m.most, -700))) over ()
  from unnest(v_fits) f cross join (select max(x.weight) as most from unnest(v_fits) x) m;
end
$$;
comment on function private.fit_intent(private.journey_pattern[], integer) is
  'Posterior of the intent model as a mixture over the spreads of the residues 0.03 (prior half), 0.12 and 0.5 (prior a quarter each), weighted by their evidence. Below three groups there is no latent intent to find, and eligibility has a residue of spread 1: the effects come from the randomised holdout alone.';
