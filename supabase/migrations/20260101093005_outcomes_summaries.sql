create function private.summarise_stimuli(p_brand uuid, p_stimuli uuid[], p_now timestamptz)
returns void
language sql
volatile
set search_path = ''
as $$
  with people as (
    select d.stimulus_id, d.cohort_id, min(d.deployed_at) as starts, max(d.window_ends_at) as ends, count(*) as everyone,
      count(*) filter (where not d.is_holdout) as treated, count(*) filter (where d.is_holdout) as held_out
    from stimuli.stimulus_deployments d
    where d.brand_id = p_brand and d.stimulus_id = any (p_stimuli) and d.cohort_id is not null
    group by d.stimulus_id, d.cohort_id
  ),
  results as (
    select o.stimulus_id, o.target_cohort_id as cohort_id, o.outcome_type,
      count(*) filter (where not o.is_holdout) as n,
      count(*) filter (where not o.is_holdout and o.outcome_category = 'positive') as positive,
      count(*) filter (where not o.is_holdout and o.outcome_category = 'negative') as negative,
      count(*) filter (where not o.is_holdout and o.outcome_category = 'neutral') as neutral,
      avg(o.outcome_value) filter (where not o.is_holdout) as mean_value,
      percentile_cont(0.5) within group (order by o.outcome_value) filter (where not o.is_holdout) as median_value,
      stddev_samp(o.outcome_value) filter (where not o.is_holdout) as deviation,
      min(o.outcome_value) filter (where not o.is_holdout) as low, max(o.outcome_value) filter (where not o.is_holdout) as high,
      count(distinct o.deployment_id) filter (where not o.is_holdout) as people_with,
      count(distinct o.deployment_id) filter (where not o.is_holdout and o.outcome_category = 'positive') as people_positive,
      count(distinct o.deployment_id) filter (where not o.is_holdout and o.outcome_category = 'negative') as people_negative,
      count(distinct o.deployment_id) filter (where o.is_holdout) as held_out_with,
      avg(o.data_quality_score) as quality
    from outcomes.outcomes o
    where o.brand_id = p_brand and o.stimulus_id = any (p_stimuli) and (o.source_signal_id is not null or o.source_key is not null)
    group by o.stimulus_id, o.target_cohort_id, o.outcome_type
  )
  insert into outcomes.cohort_outcome_summary as s (brand_id, cohort_id, stimulus_id, summary_period_start, summary_period_end,
    summary_date, outcome_type, total_outcomes, positive_outcomes, negative_outcomes, neutral_outcomes, mean_outcome_value,
    median_outcome_value, standard_deviation, min_outcome_value, max_outcome_value, outcome_rate, positive_rate, negative_rate,
    cohort_size, active_members, baseline_value, improvement_over_baseline, data_quality_score, sample_size_confidence)
  select p_brand, p.cohort_id, p.stimulus_id, p.starts, p.ends, p_now, r.outcome_type, r.n, r.positive, r.negative, r.neutral,
    r.mean_value, r.median_value, r.deviation, r.low, r.high,
    r.people_with::double precision / nullif(p.treated, 0), r.people_positive::double precision / nullif(p.treated, 0),
    r.people_negative::double precision / nullif(p.treated, 0), p.everyone, p.treated,
    r.held_out_with::double precision / nullif(p.held_out, 0),
    r.people_with::double precision / nullif(p.treated, 0) - r.held_out_with::double precision / nullif(p.held_out, 0),
    r.quality, p.treated / (p.treated + private.parameter(p_brand, 'outcomes.prior_strength')::double precision)
  from people p join results r on r.stimulus_id = p.stimulus_id and r.cohort_id = p.cohort_id
  on conflict (brand_id, cohort_id, stimulus_id, outcome_type, summary_period_start, summary_period_end) do update
  set summary_date = excluded.summary_date, total_outcomes = excluded.total_outcomes, positive_outcomes = excluded.positive_outcomes,
    negative_outcomes = excluded.negative_outcomes, neutral_outcomes = excluded.neutral_outcomes,
    mean_outcome_value = excluded.mean_outcome_value, median_outcome_value = excluded.median_outcome_value,
    standard_deviation = excluded.standard_deviation, min_outcome_value = excluded.min_outcome_value,
    max_outcome_value = excluded.max_outcome_value, outcome_rate = excluded.outcome_rate, positive_rate = excluded.positive_rate,
    negative_rate = excluded.negative_rate, cohort_size = excluded.cohort_size, active_members = excluded.active_members,
    baseline_value = excluded.baseline_value, improvement_over_baseline = excluded.improvement_over_baseline,
    data_quality_score = excluded.data_quality_score, sample_size_confidence = excluded.sample_size_confidence;

  update outcomes.cohort_outcome_summary s set percentile_rank = r.rank
  from (
    select x.id, 100 * percent_rank() over (partition by x.outcome_type order by x.outcome_rate) as rank
    from outcomes.cohort_outcome_summary x where x.brand_id = p_brand and x.outcome_rate is not null
  ) r
  where s.brand_id = p_brand and s.id = r.id and s.percentile_rank is distinct from r.rank
$$;
comment on function private.summarise_stimuli(uuid, uuid[], timestamptz) is
  'Writes outcomes.cohort_outcome_summary for the windows of some stimuli, from scratch each time, and ranks all of the brand anew (percentile_rank: share of the others of its type with a lower outcome_rate).';

create function private.stimulus_metrics(p_brand uuid, p_stimuli uuid[])
returns table (
  stimulus_id uuid, cohort_id uuid, starts timestamptz, ends timestamptz, metric_name text, metric_unit text, sample_size integer,
  metric_value double precision, lower double precision, upper double precision, p_value double precision,
  baseline double precision, quality double precision
)
language sql
stable
set search_path = ''
as $$
  with effects as (
    select s.id as stimulus_id, e.*,
      (select min(d.deployed_at) from stimuli.stimulus_deployments d where d.brand_id = p_brand and d.stimulus_id = s.id) as starts,
      (select max(d.window_ends_at) from stimuli.stimulus_deployments d where d.brand_id = p_brand and d.stimulus_id = s.id) as ends,
      (select coalesce(avg(o.data_quality_score), 1) from outcomes.outcomes o where o.brand_id = p_brand and o.stimulus_id = s.id) as quality
    from unnest(p_stimuli) s (id) cross join lateral outcomes.effectiveness(s.id) e
    where e.treated > 0
  ),
  reached as (
    select d.stimulus_id, d.cohort_id, count(*)::integer as n, m.metric, count(*) filter (where m.reached) as x
    from stimuli.stimulus_deployments d
    cross join lateral (values ('open_rate', d.time_to_open is not null), ('click_rate', d.time_to_click is not null),
      ('unsubscribe_rate', d.response_status = 'unsubscribed')) m (metric, reached)
    where d.brand_id = p_brand and d.stimulus_id = any (p_stimuli) and not d.is_holdout and d.delivery_status in ('pending', 'sending', 'sent', 'delivered', 'unknown')
    group by d.stimulus_id, d.cohort_id, m.metric
  )
  select e.stimulus_id, e.cohort_id, e.starts, e.ends, m.*, e.quality
  from effects e
  cross join lateral (values
    ('response_rate', 'share', e.treated::integer, e.response_rate, e.response_rate_lower, e.response_rate_upper, e.p_value, e.baseline_rate),
    ('revenue_per_person', 'currency', e.treated::integer, e.revenue_per_treated,
      e.revenue_per_held_out + e.incremental_revenue_lower / e.treated, e.revenue_per_held_out + e.incremental_revenue_upper / e.treated,
      null, e.revenue_per_held_out)
  ) m
  -- The tables of metrics take no negative values: more returned than bought is in the summary.
  where m.column4 >= 0
  union all
  select e.stimulus_id, e.cohort_id, e.starts, e.ends, r.metric, 'share', r.n, r.x::double precision / r.n, w.lower, w.upper, null, null, e.quality
  from effects e
  join reached r on r.stimulus_id = e.stimulus_id and r.cohort_id is not distinct from e.cohort_id
  cross join lateral private.wilson_interval(r.x, r.n) w
$$;
comment on function private.stimulus_metrics(uuid, uuid[]) is
  'The measures of performance of stimuli in their windows: treated people against held-out people; of those reached, who opened, clicked and unsubscribed. lower and upper of revenue_per_person hold the difference to the baseline''s uncertainty too.';

create function private.record_performance(p_brand uuid, p_stimuli uuid[], p_now timestamptz)
returns void
language plpgsql
volatile
set search_path = ''
as $$
begin
  insert into stimuli.stimulus_performance_metrics as t (brand_id, stimulus_id, metric_name, metric_value, metric_unit,
    measurement_period_start, measurement_period_end, measurement_date, context_type, context_id, sample_size,
    confidence_interval_lower, confidence_interval_upper, p_value, baseline_value, improvement_over_baseline,
    data_quality_score, measurement_confidence)
  -- A stimulus that went to several cohorts is told here for the largest; all of them are in the table of the cohorts.
  select distinct on (m.stimulus_id, m.metric_name) p_brand, m.stimulus_id, m.metric_name, m.metric_value, m.metric_unit, m.starts, m.ends, p_now, 'cohort', m.cohort_id,
    m.sample_size, m.lower, m.upper, m.p_value, m.baseline, m.metric_value - m.baseline, m.quality, coalesce(1 - m.p_value, 0)
  from private.stimulus_metrics(p_brand, p_stimuli) m
  order by m.stimulus_id, m.metric_name, m.sample_size desc, m.cohort_id
  on conflict (brand_id, stimulus_id, metric_name, measurement_period_start, measurement_period_end) do update
  set metric_value = excluded.metric_value, context_id = excluded.context_id, measurement_date = excluded.measurement_date, sample_size = excluded.sample_size,
    confidence_interval_lower = excluded.confidence_interval_lower, confidence_interval_upper = excluded.confidence_interval_upper,
    p_value = excluded.p_value, baseline_value = excluded.baseline_value,
    improvement_over_baseline = excluded.improvement_over_baseline, data_quality_score = excluded.data_quality_score,
    measurement_confidence = excluded.measurement_confidence;

  -- A cohort's table has no key to update by; the caller holds the brand's lock.
  delete from cohorts.cohort_performance_metrics c
  where c.brand_id = p_brand and c.context_type = 'stimulus' and c.context_id = any (p_stimuli);
  insert into cohorts.cohort_performance_metrics (brand_id, cohort_id, metric_name, metric_value, metric_unit,
    measurement_period_start, measurement_period_end, measurement_date, context_type, context_id, sample_size,
    confidence_interval_lower, confidence_interval_upper, p_value, baseline_value, improvement_over_baseline,
    data_quality_score, measurement_confidence)
  select p_brand, m.cohort_id, m.metric_name, m.metric_value, m.metric_unit, m.starts, m.ends, p_now, 'stimulus', m.stimulus_id,
    m.sample_size, m.lower, m.upper, m.p_value, m.baseline, m.metric_value - m.baseline, m.quality, coalesce(1 - m.p_value, 0)
  from private.stimulus_metrics(p_brand, p_stimuli) m
  where m.cohort_id is not null;
end
$$;
comment on function private.record_performance(uuid, uuid[], timestamptz) is
  'Writes the measures of some stimuli to stimuli.stimulus_performance_metrics and cohorts.cohort_performance_metrics, replacing earlier ones of the same window.';
