create type outcomes.experiment_result as (
  variant_id uuid,
  variant_name text,
  is_control boolean,
  metric_id uuid,
  metric_name text,
  metric_role text,
  people bigint,
  value double precision,
  difference double precision,
  standard_error double precision,
  z double precision,
  lift double precision,
  lift_lower double precision,
  lift_upper double precision,
  lift_variance double precision,
  sequential_lower double precision,
  sequential_upper double precision,
  e_value double precision,
  p_value double precision,
  adjusted_p_value double precision,
  boundary double precision,
  is_crossed boolean,
  chance_to_win double precision,
  expected_loss double precision,
  variance_cut double precision,
  guardrail text
);
comment on type outcomes.experiment_result is 'A variant of an experiment on one of its metrics, see outcomes.experiment_results.';

create function private.started_experiment(p_experiment uuid, p_role core.role_kind)
returns stimuli.experiments
language plpgsql
stable
set search_path = ''
as $$
declare
  v_experiment stimuli.experiments;
begin
  select * into v_experiment from stimuli.experiments e where e.id = p_experiment;
  if not found or not (private.is_service() or private.caller_role(v_experiment.brand_id) is not null) then
    perform private.raise_error('not_found', 'experiment', p_experiment::text);
  end if;
  perform private.require_role(v_experiment.brand_id, p_role);
  if v_experiment.status = 'draft' then
    perform private.raise_error('experiment_not_running', p_experiment::text, v_experiment.status);
  end if;
  return v_experiment;
end
$$;
comment on function private.started_experiment(uuid, core.role_kind) is 'The experiment, which is no draft any more, for a caller who has at least p_role in its brand; one of another brand looks as if there were none. Errors: not_found, role_too_low, experiment_not_running (409).';

create function private.experiment_results(p_experiment stimuli.experiments, p_now timestamptz)
returns setof outcomes.experiment_result
language sql
stable
set search_path = ''
as $$
  with plan as materialized (
    select p_experiment.alpha / greatest(count(*) - 1, 1) as alpha,
      private.parameter(p_experiment.brand_id, 'outcomes.experiment_minimum_people')::double precision as least_people
    from stimuli.experiment_variants v where v.experiment_id = p_experiment.id
  ),
  summed as materialized (
    select s.* from private.experiment_sums(p_experiment.brand_id, p_experiment.id, p_now) s
  ),
  size as materialized (
    select sum((s.sums).n) / p_experiment.max_people as information, min((s.sums).n) as least
    from summed s join stimuli.experiment_metrics m on m.id = s.metric_id and m.metric_role = 'primary'
  ),
  compared as materialized (
    select v.id as variant_id, m.id as metric_id, s.sums, c.comparison as c, case when (c.comparison).z is not null then exp(least((c.comparison).log_e_value, 700)) end as e
    from stimuli.experiment_variants v
    join stimuli.experiment_metrics m on m.experiment_id = v.experiment_id
    left join summed s on s.variant_id = v.id and s.metric_id = m.id
    left join lateral (
      select private.compare_variants(b.sums, s.sums, p_experiment.mixture_rho, p.alpha, p_experiment.prior_deviation,
        case m.direction when 'increase' then 1 else -1 end, m.margin) as comparison
      from stimuli.experiment_variants k join summed b on b.variant_id = k.id and b.metric_id = m.id cross join plan p
      where k.experiment_id = v.experiment_id and k.is_control and not v.is_control
    ) c on true
    where v.experiment_id = p_experiment.id
  ),
  adjusted as (
    select a.variant_id, a.metric_id, a.p
    from (
      select array_agg(o.variant_id order by o.metric_id, o.variant_id) as variants, array_agg(o.metric_id order by o.metric_id, o.variant_id) as metrics,
        array_agg(least(1, 1 / o.e) order by o.metric_id, o.variant_id) as p
      from compared o join stimuli.experiment_metrics m on m.id = o.metric_id and m.metric_role = 'secondary'
      where (o.c).z is not null
    ) g
    cross join lateral unnest(g.variants, g.metrics, private.adjusted_p_values(g.p)) a (variant_id, metric_id, p)
  )
  select v.id, v.variant_name, v.is_control, m.id, m.metric_name, m.metric_role, coalesce((o.sums).n, 0)::bigint,
    coalesce((o.c).variant_value, (o.sums).y / nullif((o.sums).d, 0)), (o.c).difference, (o.c).standard_error, (o.c).z,
    (o.c).lift, (o.c).lift - 1.959963984540054 * sqrt((o.c).lift_variance), (o.c).lift + 1.959963984540054 * sqrt((o.c).lift_variance), (o.c).lift_variance,
    (o.c).difference - (o.c).reach, (o.c).difference + (o.c).reach, o.e, case when o.e is not null then least(1, 1 / o.e) end, a.p, x.boundary,
    case when z.least < p.least_people or (o.c).z is null then false
      when p_experiment.sequential_method = 'always_valid' then abs((o.c).difference) > (o.c).reach
      else abs((o.c).z) >= x.boundary end,
    (o.c).chance_to_win, (o.c).expected_loss, (o.c).variance_cut,
    case when m.metric_role = 'guardrail' and not v.is_control then case
      when z.least >= p.least_people and (o.c).harm_upper < 0 then 'harm' when z.least >= p.least_people and (o.c).harm_lower > 0 then 'safe' else 'open' end end
  from compared o
  join stimuli.experiment_variants v on v.id = o.variant_id
  join stimuli.experiment_metrics m on m.id = o.metric_id
  cross join plan p
  cross join size z
  left join adjusted a on a.variant_id = o.variant_id and a.metric_id = o.metric_id
  cross join lateral (
    select case when not v.is_control and m.metric_role = 'primary' and z.information > 0 then
      case p_experiment.sequential_method when 'always_valid' then (o.c).reach / (o.c).standard_error
        else private.sequential_boundary(z.information, p.alpha) end end as boundary
  ) x
  order by m.metric_role, m.metric_name, v.is_control desc, v.variant_name
$$;
comment on function private.experiment_results(stimuli.experiments, timestamptz) is
  'Rows of outcomes.experiment_results. Secondary metrics are corrected over metrics and variants (private.adjusted_p_values of 1 / e).';

create function private.outcomes_experiment_results(p_experiment uuid, p_now timestamptz)
returns setof outcomes.experiment_result
language plpgsql
stable
security definer
set search_path = ''
as $$
declare
  v_experiment stimuli.experiments;
begin
  v_experiment := private.started_experiment(p_experiment, 'support');
  perform private.require_time('p_now', p_now);
  return query select * from private.experiment_results(v_experiment, p_now);
end
$$;
comment on function private.outcomes_experiment_results(uuid, timestamptz) is 'Body of outcomes.experiment_results. Definer: reads parameters, outcomes and people of the brand after checking the caller''s role in it.';
grant execute on function private.outcomes_experiment_results(uuid, timestamptz) to authenticated, service_role;

create function outcomes.experiment_results(p_experiment uuid, p_now timestamptz default now())
returns setof outcomes.experiment_result
language sql
stable
set search_path = ''
begin atomic
  select * from private.outcomes_experiment_results(p_experiment, p_now);
end;
comment on function outcomes.experiment_results(uuid, timestamptz) is
  'How the variants of an experiment do, one row per metric and variant; safe to read at any time and as often as one likes. people count once exposed and their outcome window over. value: the metric, with the covariate of CUPED taken out (variance_cut: the share of the variance it took). Against the control: difference with standard_error and z; lift (relative) with its 95% interval lift_lower to lift_upper, which is true for one look only; sequential_lower to sequential_upper of the difference, true at all looks together, leaves 0 out exactly when e_value > 1 / alpha; p_value = 1 / e_value (always valid); adjusted_p_value of secondary metrics. Primary metric: boundary of z now and is_crossed, by the planned method. chance_to_win and expected_loss (relative) with the prior fixed at the start. guardrail: harm (beyond the margin), safe or open. For support and up. Errors: not_found, role_too_low, experiment_not_running (409) for a draft.';
grant execute on function outcomes.experiment_results(uuid, timestamptz) to authenticated, service_role;
