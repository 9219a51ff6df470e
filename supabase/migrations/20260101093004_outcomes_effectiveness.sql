create function outcomes.effectiveness(p_stimulus uuid)
returns table (
  cohort_id uuid,
  treated bigint,
  treated_responses bigint,
  held_out bigint,
  held_out_responses bigint,
  response_rate double precision,
  response_rate_lower double precision,
  response_rate_upper double precision,
  baseline_rate double precision,
  lift double precision,
  lift_lower double precision,
  lift_upper double precision,
  p_value double precision,
  revenue double precision,
  revenue_per_treated double precision,
  revenue_per_held_out double precision,
  incremental_revenue double precision,
  incremental_revenue_lower double precision,
  incremental_revenue_upper double precision
)
language sql
stable
set search_path = ''
begin atomic
  with people as (
    select d.cohort_id, d.is_holdout,
      coalesce(bool_or(private.is_response(o.outcome_type)), false) as has_responded,
      coalesce(sum(o.outcome_value) filter (where o.outcome_unit = 'currency'), 0) as revenue
    from stimuli.stimulus_deployments d
    left join outcomes.outcomes o on o.brand_id = d.brand_id and o.deployment_id = d.id
    where d.stimulus_id = p_stimulus
    group by d.id, d.cohort_id, d.is_holdout
  ),
  groups as (
    select p.cohort_id,
      count(*) filter (where not p.is_holdout) as nt, count(*) filter (where not p.is_holdout and p.has_responded) as xt,
      count(*) filter (where p.is_holdout) as nh, count(*) filter (where p.is_holdout and p.has_responded) as xh,
      coalesce(sum(p.revenue) filter (where not p.is_holdout), 0) as rt,
      avg(p.revenue) filter (where not p.is_holdout) as mt, var_samp(p.revenue) filter (where not p.is_holdout) as vt,
      avg(p.revenue) filter (where p.is_holdout) as mh, var_samp(p.revenue) filter (where p.is_holdout) as vh
    from people p
    group by p.cohort_id
  )
  select g.cohort_id, g.nt, g.xt, g.nh, g.xh,
    g.xt::double precision / nullif(g.nt, 0), w.lower, w.upper, g.xh::double precision / nullif(g.nh, 0),
    s.difference, s.lower, s.upper, s.p_value,
    g.rt, g.mt, g.mh, g.nt * (g.mt - g.mh),
    g.nt * (g.mt - g.mh - 1.959963984540054 * sqrt(g.vt / g.nt + g.vh / g.nh)),
    g.nt * (g.mt - g.mh + 1.959963984540054 * sqrt(g.vt / g.nt + g.vh / g.nh))
  from groups g
  cross join lateral private.wilson_interval(g.xt, g.nt) w
  cross join lateral private.two_shares(g.xt, g.nt, g.xh, g.nh) s;
end;
comment on function outcomes.effectiveness(uuid) is
  'What a stimulus did, by cohort: people assigned and responding (purchase, conversion, signup) in the treated and the held-out group; response_rate with its 95% Wilson interval; lift = response_rate - baseline_rate with its 95% Newcombe interval and p-value; revenue of the treated (returns subtracted) and how much of it is incremental: treated x difference of the means, with a 95% normal interval. Nulls where a group is too small. Rows that the caller may not read do not count: for staff from support up.';
grant execute on function outcomes.effectiveness(uuid) to authenticated, service_role;
