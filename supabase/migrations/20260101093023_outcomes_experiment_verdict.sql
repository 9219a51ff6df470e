create type outcomes.experiment_judgement as (
  verdict text,
  variant_id uuid,
  information double precision,
  boundary double precision,
  sample_ratio_p_value double precision,
  sample_ratio text,
  assigned bigint,
  exposed bigint,
  counted bigint,
  crossovers bigint,
  early_outcomes bigint,
  broken_guardrails text[],
  summary text
);
comment on type outcomes.experiment_judgement is 'What an experiment says as a whole, see outcomes.experiment_verdict.';

create function private.experiment_checks(p_experiment stimuli.experiments, p_now timestamptz)
returns outcomes.experiment_judgement
language sql
stable
set search_path = ''
as $$
  with people as materialized (
    select p.* from private.experiment_people(p_experiment.brand_id, p_experiment.id, p_now) p
  ),
  ratio as (
    select private.sample_ratio(array_agg(coalesce(n.people, 0) order by v.id), array_agg(v.share order by v.id)) as p
    from stimuli.experiment_variants v
    left join (select p.variant_id, count(*)::double precision as people from people p where p.exposed_at is not null and not p.is_crossover group by 1) n on n.variant_id = v.id
    where v.experiment_id = p_experiment.id
  ),
  early as (
    select count(*) as people from people p
    where p.exposed_at > p.assigned_at and exists (
      select from private.person_outcomes o
      join stimuli.experiment_metrics m on m.experiment_id = p_experiment.id and m.metric_role = 'primary' and o.outcome_type::text = any (m.numerator)
      where o.brand_id = p_experiment.brand_id and o.actor_id = p.person_id and o.occurred_at >= p.assigned_at and o.occurred_at < p.exposed_at)
  )
  select row(null, null, least(1, count(*) filter (where p.is_counted)::double precision / p_experiment.max_people), null, r.p,
    case when r.p < 0.001 then 'alert' when r.p < 0.01 then 'warning' else 'fine' end,
    count(*), count(p.exposed_at), count(*) filter (where p.is_counted), count(*) filter (where p.is_crossover), e.people, array[]::text[], null)::outcomes.experiment_judgement
  from ratio r cross join early e left join people p on true
  group by r.p, e.people
$$;
comment on function private.experiment_checks(stimuli.experiments, timestamptz) is 'The part of an experiment''s judgement that needs no result: sample ratio of the exposed, crossovers, outcomes before exposure, information.';

create function private.judge_experiment(p_experiment stimuli.experiments, p_results outcomes.experiment_result[], p_now timestamptz)
returns outcomes.experiment_judgement
language plpgsql
stable
set search_path = ''
as $$
declare
  j outcomes.experiment_judgement;
  v_metric stimuli.experiment_metrics;
  v_good record;
  v_earlier stimuli.experiment_looks;
begin
  j := private.experiment_checks(p_experiment, p_now);
  select * into strict v_metric from stimuli.experiment_metrics m where m.experiment_id = p_experiment.id and m.metric_role = 'primary';
  select min(r.boundary) as boundary, min(r.people) as least, bool_and(r.is_crossed and r.z * d.sign < 0) filter (where not r.is_control) as all_worse,
    (array_agg(r.variant_id order by r.z * d.sign desc) filter (where r.is_crossed and r.z * d.sign > 0))[1] as best,
    (array_agg(r.variant_id order by r.z * d.sign desc nulls last) filter (where not r.is_control))[1] as leader
  into v_good
  from unnest(p_results) r, (select case v_metric.direction when 'increase' then 1 else -1 end as sign) d
  where r.metric_id = v_metric.id;
  j.boundary := v_good.boundary;
  j.broken_guardrails := array(select distinct r.metric_name from unnest(p_results) r where r.guardrail = 'harm' order by 1);

  -- What was concluded at a recorded look stands: looking on until it turns is what misleads.
  select * into v_earlier from stimuli.experiment_looks l
  where l.experiment_id = p_experiment.id and l.looked_at < p_now and l.verdict in ('better', 'worse', 'no_difference')
  order by l.looked_at limit 1;
  if j.sample_ratio = 'alert' or j.crossovers > private.parameter(p_experiment.brand_id, 'outcomes.experiment_crossover_limit')::double precision * j.exposed then
    j.verdict := 'invalid';
  elsif v_earlier.id is not null then
    j.verdict := v_earlier.verdict;
    j.variant_id := v_earlier.variant_id;
  elsif v_good.least < private.parameter(p_experiment.brand_id, 'outcomes.experiment_minimum_people')::double precision then
    j.verdict := 'too_early';
  elsif v_good.best is not null then
    j.verdict := 'better';
    j.variant_id := v_good.best;
  elsif v_good.all_worse then
    j.verdict := 'worse';
    j.variant_id := v_good.leader;
  else
    j.verdict := case when j.information >= 1 then 'no_difference' else 'open' end;
    j.variant_id := v_good.leader;
  end if;
  j.summary := private.experiment_summary(j, p_results, v_metric.id, v_earlier.looked_at);
  return j;
end
$$;
comment on function private.judge_experiment(stimuli.experiments, outcomes.experiment_result[], timestamptz) is
  'The verdict that results and checks give. invalid before all else: the sample ratio is off (p < 0.001), or more of the exposed than outcomes.experiment_crossover_limit met two variants.';

create function private.experiment_summary(p_judgement outcomes.experiment_judgement, p_results outcomes.experiment_result[], p_metric uuid, p_concluded_at timestamptz)
returns text
language sql
stable
set search_path = ''
as $$
  select case p_judgement.verdict
      when 'invalid' then format('Nothing can be concluded: %s.', case when p_judgement.sample_ratio = 'alert'
        then 'the variants did not get the people they were to get' else 'too many people met more than one variant' end)
      when 'too_early' then format('Too early: %s people count so far.', p_judgement.counted)
      else format('%s of %s against %s of the control (%s%%; with 95%% %s%% to %s%%). %s',
        coalesce(to_char(v.value, 'FM999999990.0999'), 'nothing'), v.variant_name, coalesce(to_char(c.value, 'FM999999990.0999'), 'nothing'),
        coalesce(to_char(100 * v.lift, 'SFM999990.0'), '?'), coalesce(to_char(100 * v.lift_lower, 'SFM999990.0'), '?'), coalesce(to_char(100 * v.lift_upper, 'SFM999990.0'), '?'),
        case p_judgement.verdict
          when 'better' then format('%s is better than the control.', v.variant_name)
          when 'worse' then 'Every variant is worse than the control.'
          when 'no_difference' then 'The planned people have been seen, and no difference of the planned size was found.'
          else format('Not decided: %s%% of the planned people count.', round((100 * p_judgement.information)::numeric)) end
        || coalesce(' Concluded on ' || to_char(p_concluded_at at time zone 'UTC', 'YYYY-MM-DD') || '.', ''))
    end
    || case when p_judgement.broken_guardrails <> '{}' then format(' Harm beyond the margin: %s.', array_to_string(p_judgement.broken_guardrails, ', ')) else '' end
    || case when p_judgement.sample_ratio = 'warning' then ' The numbers of people per variant look uneven; find out why.' else '' end
  from (select 1) one
  left join lateral (select r.* from unnest(p_results) r where r.metric_id = p_metric and r.variant_id = p_judgement.variant_id) v on true
  left join lateral (select r.* from unnest(p_results) r where r.metric_id = p_metric and r.is_control) c on true
$$;
comment on function private.experiment_summary(outcomes.experiment_judgement, outcomes.experiment_result[], uuid, timestamptz) is 'The judgement in a sentence or two.';

create function private.outcomes_experiment_verdict(p_experiment uuid, p_now timestamptz)
returns outcomes.experiment_judgement
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
  return private.judge_experiment(v_experiment, array(select r from private.experiment_results(v_experiment, p_now) r), p_now);
end
$$;
comment on function private.outcomes_experiment_verdict(uuid, timestamptz) is 'Body of outcomes.experiment_verdict. Definer: reads parameters, outcomes and people of the brand after checking the caller''s role in it.';
grant execute on function private.outcomes_experiment_verdict(uuid, timestamptz) to authenticated, service_role;

create function outcomes.experiment_verdict(p_experiment uuid, p_now timestamptz default now())
returns outcomes.experiment_judgement
language sql
stable
set search_path = ''
begin atomic
  select private.outcomes_experiment_verdict(p_experiment, p_now);
end;
comment on function outcomes.experiment_verdict(uuid, timestamptz) is
  'What an experiment says as a whole. verdict: too_early, open, better (variant_id beats the control), worse (every variant is worse), no_difference (the planned people were seen), or invalid; what a recorded look concluded stands. information: people counted of those planned, 0 to 1; boundary of z now. Checks: sample_ratio (fine, warning, alert) with its p-value; crossovers, people of two variants, who are left out; early_outcomes, people with a primary outcome between assignment and exposure, which does not count; broken_guardrails; summary in plain words. For support and up. Errors: not_found, role_too_low, experiment_not_running (409) for a draft.';
grant execute on function outcomes.experiment_verdict(uuid, timestamptz) to authenticated, service_role;
