create function private.characteristic_type(p_component text)
returns cohorts.characteristic_type
language sql
immutable
set search_path = ''
as $$
  select case split_part(p_component, '.', 1)
    when 'preference' then 'preference'
    when 'demographic' then 'demographic'
    when 'driver' then 'psychographic'
    when 'experience' then 'psychographic'
    when 'behavior' then 'behavioral'
    when 'communication' then 'behavioral'
    when 'response' then 'behavioral'
    when 'friction' then 'behavioral'
    else 'other' end::cohorts.characteristic_type
$$;
comment on function private.characteristic_type(text) is 'Kind of a component by the first word of its name.';

create function private.t_p_value(p_t double precision, p_degrees double precision)
returns double precision
language sql
immutable
set search_path = ''
as $$
  -- D. L. Wallace (1959): the t that is as improbable as a normal z, to some thousandths from 3 degrees of freedom on.
  select erfc((8 * p_degrees + 1) / (8 * p_degrees + 3) * sqrt(p_degrees * ln(1 + p_t ^ 2 / p_degrees) / 2))
$$;
comment on function private.t_p_value(double precision, double precision) is
  'Two-sided p value of a t statistic with p_degrees (3 upwards, need not be whole) degrees of freedom.';

create function private.t_critical(p_degrees double precision)
returns double precision
language sql
immutable
set search_path = ''
as $$
  -- Cornish-Fisher expansion around 1.96.
  select 1.959964 + 2.372271 / p_degrees + 2.822608 / p_degrees ^ 2 + 2.555848 / p_degrees ^ 3
$$;
comment on function private.t_critical(double precision) is 'The t that 2.5% of values exceed, with p_degrees (3 upwards) degrees of freedom.';

create type private.feature_contrast as (
  label integer, component text, component_label text, position integer, n double precision, mean double precision, rest_mean double precision,
  deviation double precision, unit_mean double precision, unit double precision,
  effect double precision, error double precision, reach double precision, p double precision, q double precision);
comment on type private.feature_contrast is
  'A component in a group of a run against everybody else, noise included: means and standard deviation in the scale of the run (times unit plus unit_mean: in the component''s own unit); effect with its standard error and the half width (reach) of its 95% interval; p value, raw and adjusted.';

create function private.feature_contrasts(p_run cohorts.clustering_runs)
returns setof private.feature_contrast
language sql
stable
set search_path = ''
as $$
  with part as (
    -- First and second moments of all components in one pass, in vector arithmetic. People of no cohort belong to the rest.
    select p.label, count(*)::double precision as n, extensions.avg(p.vector) as mean,
      extensions.avg(p.vector operator(extensions.*) p.vector) as square
    from private.clustering_points p where p.run_id = p_run.id group by p.label
  ),
  moment as (
    select part.label, part.n, f.component, f.label as component_label, f.mean as unit_mean, f.standard_deviation as unit,
      f.position, (part.mean::real[])[f.position]::double precision as mean, (part.square::real[])[f.position]::double precision as square
    from part
    cross join jsonb_to_recordset(p_run.feature_scaling)
      as f (position integer, component text, label text, mean double precision, standard_deviation double precision)
    where f.standard_deviation > 0
  ),
  side as (
    select m.*, t.n - m.n as rest_n, (t.mean_sum - m.n * m.mean) / (t.n - m.n) as rest_mean, (t.square_sum - m.n * m.square) / (t.n - m.n) as rest_square
    from moment m
    join (select component, sum(n) as n, sum(n * mean) as mean_sum, sum(n * square) as square_sum from moment group by component) t
      on t.component = m.component
    where p_run.cohort_ids[m.label] is not null and m.n > 1 and t.n - m.n > 1
  ),
  spread as (
    select s.*, s.n - 1 as df, s.rest_n - 1 as rest_df, greatest(s.square - s.mean ^ 2, 0) * s.n / (s.n - 1) as variance,
      greatest(s.rest_square - s.rest_mean ^ 2, 0) * s.rest_n / (s.rest_n - 1) as rest_variance
    from side s
  ),
  pooled as (
    -- The floors keep a component that is constant from an infinite effect.
    select s.*, greatest((s.df * s.variance + s.rest_df * s.rest_variance) / (s.df + s.rest_df), 0.0001) as pool,
      greatest(s.variance / s.n + s.rest_variance / s.rest_n, 0.00000001) as square_error,
      1 - 3 / (4 * (s.df + s.rest_df) - 1) as small_sample
    from spread s
  ),
  effect as (
    select p.*, p.small_sample * (p.mean - p.rest_mean) / sqrt(p.pool) as d,
      p.small_sample * sqrt(p.square_error / p.pool
        + (p.mean - p.rest_mean) ^ 2 * (p.df * p.variance ^ 2 + p.rest_df * p.rest_variance ^ 2) / (2 * (p.df + p.rest_df) ^ 2 * p.pool ^ 3)) as error,
      greatest(coalesce(p.square_error ^ 2 / nullif((p.variance / p.n) ^ 2 / p.df + (p.rest_variance / p.rest_n) ^ 2 / p.rest_df, 0),
        p.df + p.rest_df), 3) as degrees
    from pooled p
  ),
  tested as (
    select e.*, private.t_p_value((e.mean - e.rest_mean) / sqrt(e.square_error), e.degrees) as p from effect e
  ),
  ranked as (
    select t.*, count(*) over () as tests, row_number() over (order by t.p, t.label, t.position) as place from tested t
  )
  select r.label, r.component, r.component_label, r.position, r.n, r.mean, r.rest_mean, sqrt(r.variance), r.unit_mean, r.unit,
    r.d, r.error, private.t_critical(r.degrees) * r.error, r.p,
    least(min(r.p * r.tests / r.place) over (order by r.place rows between current row and unbounded following), 1)
  from ranked r
$$;
comment on function private.feature_contrasts(cohorts.clustering_runs) is
  'Every component in every cohort of a run against the rest of its people. effect: Hedges'' g, the difference of means over the pooled standard deviation, times 1 - 3 / (4 df - 1). Its error allows for unequal variances (delta method: (v1/n1 + v2/n2) / s^2 + d^2 (df1 v1^2 + df2 v2^2) / (2 df^2 s^4)). p: Welch test by the t distribution; q: Benjamini-Hochberg over all components and cohorts. A cohort without a rest, or of one person, has none.';

create function private.known_shares(p_run cohorts.clustering_runs, out label integer, out component text, out people bigint, out known bigint, out confidence double precision)
returns setof record
language sql
stable
set search_path = ''
as $$
  with person as materialized (
    select p.label, v.source_attributes, v.source_weights, count(*) over (partition by p.label) as people
    from private.clustering_points p
    join actors.actor_belief_vectors v on v.brand_id = p_run.brand_id and v.id = p.vector_id
    where p.run_id = p_run.id and p.sample_place is not null and p.label > 0
  )
  select s.label, n.component, max(s.people), count(*), avg(w.confidence::double precision)
  from person s
  cross join lateral jsonb_array_elements_text(s.source_attributes) with ordinality n (component, i)
  left join lateral jsonb_array_elements_text(s.source_weights) with ordinality w (confidence, i) on w.i = n.i
  group by s.label, n.component
$$;
comment on function private.known_shares(cohorts.clustering_runs) is
  'Of how many people of a cohort, among those in the sample of the run, a component is known from evidence of their own, and how surely (mean confidence). Components that are known of nobody are left out.';

create function private.write_characteristics(p_run cohorts.clustering_runs, p_contrasts private.feature_contrast[])
returns integer
language sql
volatile
set search_path = ''
as $$
  update cohorts.cohort_characteristics c set is_current = false
  where c.brand_id = p_run.brand_id and c.cohort_id = any (p_run.cohort_ids) and c.is_current;

  with kept as (
    select c.*, row_number() over (partition by c.label order by abs(c.effect) desc, c.position) as strength,
      max(abs(c.effect)) over (partition by c.label) as strongest
    from unnest(p_contrasts) c
    where c.q <= (p_run.parameters ->> 'max_false_discovery_rate')::double precision
      and abs(c.effect) >= (p_run.parameters ->> 'min_effect')::double precision
  ),
  shown as (
    select k.*, v.mean as value, v.rest as rest_value
    from kept k
    cross join lateral (select k.mean * k.unit + k.unit_mean as mean, k.rest_mean * k.unit + k.unit_mean as rest) v
    where k.strength <= (p_run.parameters ->> 'max_characteristics')::integer
  ),
  value as materialized (
    -- Quantiles need the single values: only for the components that are shown. Alone, since sorting whole vectors is dear.
    select s.label, s.component, (p.vector::real[])[s.position]::double precision * s.unit + s.unit_mean as x
    from shown s
    join private.clustering_points p on p.run_id = p_run.id and p.label = s.label
  ),
  spot as (
    select v.label, v.component, min(v.x) as least, max(v.x) as most, percentile_cont(0.5) within group (order by v.x) as middle
    from value v group by v.label, v.component
  ),
  written as (
    insert into cohorts.cohort_characteristics (brand_id, cohort_id, run_id, characteristic_type, characteristic_name,
      characteristic_value, importance_score, strength_score, distinctiveness_score, effect_size, effect_lower, effect_upper,
      p_value, adjusted_p_value, mean_value, median_value, standard_deviation, min_value, max_value, distribution_type,
      confidence_score, evidence_count, last_updated_at, source_attributes, source_weights, version)
    select p_run.brand_id, p_run.cohort_ids[s.label], p_run.id, private.characteristic_type(s.component), s.component,
      jsonb_build_object('label', s.component_label, 'direction', case when s.effect > 0 then 'high' else 'low' end,
        'mean', s.value, 'mean_of_rest', s.rest_value, 'words', private.trait_words(s.component, s.component_label, s.value, s.rest_value)),
      abs(s.effect) / s.strongest, abs(s.effect) / (1 + abs(s.effect)), erf(abs(s.effect) / 2), s.effect, s.effect - s.reach, s.effect + s.reach,
      s.p, s.q, s.value, x.middle, s.deviation * s.unit, x.least, x.most, 'empirical',
      1 - s.q, coalesce(round(s.n * k.known / k.people), 0)::integer, p_run.started_at, jsonb_build_array(s.component),
      jsonb_build_array(coalesce(round(k.confidence::numeric, 4), 0)),
      1 + coalesce((select max(c.version) from cohorts.cohort_characteristics c
        where c.brand_id = p_run.brand_id and c.cohort_id = p_run.cohort_ids[s.label] and c.characteristic_name = s.component), 0)
    from shown s
    join spot x on x.label = s.label and x.component = s.component
    left join private.known_shares(p_run) k on k.label = s.label and k.component = s.component
    returning 1
  )
  select count(*)::integer from written
$$;
comment on function private.write_characteristics(cohorts.clustering_runs, private.feature_contrast[]) is
  'Writes what sets each cohort of a run apart from the rest: up to max_characteristics components with |effect| >= min_effect whose Benjamini-Hochberg adjusted p value is at most max_false_discovery_rate (parameters of the run). Formulas at the columns of cohorts.cohort_characteristics. Returns how many.';

create function private.log_characteristic_changes(p_run cohorts.clustering_runs, p_contrasts private.feature_contrast[])
returns void
language sql
volatile
set search_path = ''
as $$
  with moved as (
    select c.*, e.effect as effect_before, e.mean as value_before, v.value,
      -- How often the two intervals would part by chance, in any of the comparisons of the run.
      least(erfc(abs(c.effect - e.effect) / (c.error + e.error) / sqrt(2::double precision)) * count(*) over (), 1) as p_any
    from unnest(p_contrasts) c
    join cohorts.cohorts x on x.brand_id = p_run.brand_id and x.id = p_run.cohort_ids[c.label]
    cross join lateral jsonb_to_record(x.cohort_signature #> array['effects', c.component]) as e (effect double precision, error double precision, mean double precision)
    cross join lateral (select c.mean * c.unit + c.unit_mean as value) v
    where e.error > 0
  )
  insert into cohorts.cohort_evolution_log (brand_id, cohort_id, run_id, event_type, event_description, event_timestamp, trigger_reason,
    trigger_algorithm, trigger_parameters, before_state, after_state, changed_attributes, affected_actor_count, event_confidence, event_importance)
  select p_run.brand_id, p_run.cohort_ids[m.label], p_run.id, 'characteristics_changed',
    'They now stand apart otherwise: ' || string_agg(format('%s %s (before %s)', m.component_label, private.component_words(m.component, m.value),
      private.component_words(m.component, m.value_before)), '; ' order by abs(m.effect - m.effect_before) desc) || '.',
    p_run.started_at, 'clustering_run', p_run.algorithm_name, p_run.parameters,
    jsonb_object_agg(m.component, jsonb_build_object('effect', m.effect_before, 'mean', m.value_before)),
    jsonb_object_agg(m.component, jsonb_build_object('effect', m.effect, 'mean', m.value)),
    jsonb_agg(m.component order by abs(m.effect - m.effect_before) desc), max(m.n)::integer, 1 - min(m.p_any), max(m.n) / p_run.input_actor_count
  from moved m
  where m.p_any < 0.05 and abs(m.effect - m.effect_before) >= (p_run.parameters ->> 'min_effect')::double precision
  group by m.label;

  update cohorts.cohorts x
  set cohort_signature = x.cohort_signature || jsonb_build_object('effects', c.effects)
  from (
    select c.label, jsonb_object_agg(c.component, jsonb_build_object('effect', c.effect, 'error', c.error,
      'mean', c.mean * c.unit + c.unit_mean, 'mean_of_rest', c.rest_mean * c.unit + c.unit_mean)) as effects
    from unnest(p_contrasts) c group by c.label
  ) c
  where x.brand_id = p_run.brand_id and x.id = p_run.cohort_ids[c.label];
$$;
comment on function private.log_characteristic_changes(cohorts.clustering_runs, private.feature_contrast[]) is
  'One event characteristics_changed per cohort in which a component has another effect than in the run before: by at least min_effect, and so much that the two intervals do not overlap, at a width that holds for all comparisons of the run together (Bonferroni, 5%). Then keeps the effects for the next run.';

create function private.describe_characteristics(p_run cohorts.clustering_runs)
returns void
language plpgsql
volatile
set search_path = ''
as $$
declare
  v_contrasts constant private.feature_contrast[] := array(select c from private.feature_contrasts(p_run) c);
begin
  perform private.write_characteristics(p_run, v_contrasts);
  perform private.log_characteristic_changes(p_run, v_contrasts);
end
$$;
comment on function private.describe_characteristics(cohorts.clustering_runs) is 'What sets the cohorts of a run apart, and what of it has changed since the run before.';
