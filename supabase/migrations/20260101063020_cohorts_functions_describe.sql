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

create function private.write_characteristics(p_run cohorts.clustering_runs)
returns integer
language sql
volatile
set search_path = ''
as $$
  update cohorts.cohort_characteristics c set is_current = false
  where c.brand_id = p_run.brand_id and c.cohort_id = any (p_run.cohort_ids) and c.is_current;

  with part as (
    -- First and second moments of all 32 components in one pass, in vector arithmetic.
    select p.label, count(*)::double precision as n, extensions.avg(p.vector) as mean,
      extensions.avg(p.vector operator(extensions.*) p.vector) as square
    from private.clustering_points p where p.run_id = p_run.id and p.label > 0 group by p.label
  ),
  moment as (
    select part.label, part.n, f.component, f.label as component_label, f.mean as unit_mean, f.standard_deviation as unit,
      f.position, (part.mean::real[])[f.position]::double precision as mean, (part.square::real[])[f.position]::double precision as square
    from part
    cross join jsonb_to_recordset(p_run.feature_scaling)
      as f (position integer, component text, label text, mean double precision, standard_deviation double precision)
    where f.standard_deviation > 0
  ),
  against as (
    select m.*, t.n - m.n as rest_n,
      (t.mean_sum - m.n * m.mean) / nullif(t.n - m.n, 0) as rest_mean,
      (t.square_sum - m.n * m.square) / nullif(t.n - m.n, 0) as rest_square
    from moment m
    join (select component, sum(n) as n, sum(n * mean) as mean_sum, sum(n * square) as square_sum from moment group by component) t
      on t.component = m.component
  ),
  spread as (
    select a.*, greatest(a.square - a.mean ^ 2, 0) as variance, greatest(a.rest_square - a.rest_mean ^ 2, 0) as rest_variance
    from against a
    where a.n > 1 and a.rest_n > 1
  ),
  effect as (
    -- The floors keep a component that is constant on one side from an infinite effect.
    select s.*, (s.mean - s.rest_mean) / greatest(sqrt((s.n * s.variance + s.rest_n * s.rest_variance) / (s.n + s.rest_n - 2)), 0.01) as d,
      erfc(abs(s.mean - s.rest_mean) / greatest(sqrt(s.variance / (s.n - 1) + s.rest_variance / (s.rest_n - 1)), 0.0001) / sqrt(2::double precision)) as p
    from spread s
  ),
  ranked as (
    select e.*, count(*) over () as tests, row_number() over (order by e.p, e.label, e.position) as place from effect e
  ),
  adjusted as (
    select r.*, least(min(r.p * r.tests / r.place) over (order by r.place rows between current row and unbounded following), 1) as q
    from ranked r
  ),
  kept as (
    select a.*, row_number() over (partition by a.label order by abs(a.d) desc, a.position) as strength,
      max(abs(a.d)) over (partition by a.label) as strongest, sqrt(1 / a.n + 1 / a.rest_n + a.d ^ 2 / (2 * (a.n + a.rest_n))) as error
    from adjusted a
    where a.q <= (p_run.parameters ->> 'max_false_discovery_rate')::double precision
      and abs(a.d) >= (p_run.parameters ->> 'min_effect')::double precision
  ),
  shown as (select k.* from kept k where k.strength <= (p_run.parameters ->> 'max_characteristics')::integer),
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
      confidence_score, evidence_count, last_updated_at, source_attributes, version)
    select p_run.brand_id, p_run.cohort_ids[s.label], p_run.id, private.characteristic_type(s.component), s.component,
      jsonb_build_object('label', s.component_label, 'direction', case when s.d > 0 then 'high' else 'low' end,
        'mean', s.mean * s.unit + s.unit_mean, 'mean_of_rest', s.rest_mean * s.unit + s.unit_mean),
      abs(s.d) / s.strongest, abs(s.d) / (1 + abs(s.d)), erf(abs(s.d) / 2), s.d, s.d - 1.96 * s.error, s.d + 1.96 * s.error,
      s.p, s.q, s.mean * s.unit + s.unit_mean, x.middle, sqrt(s.variance) * s.unit, x.least, x.most, 'empirical',
      1 - s.q, s.n::integer, p_run.started_at, jsonb_build_array(s.component),
      1 + coalesce((select max(c.version) from cohorts.cohort_characteristics c
        where c.brand_id = p_run.brand_id and c.cohort_id = p_run.cohort_ids[s.label] and c.characteristic_name = s.component), 0)
    from shown s
    join spot x on x.label = s.label and x.component = s.component
    returning 1
  )
  select count(*)::integer from written
$$;
comment on function private.write_characteristics(cohorts.clustering_runs) is
  'Writes what sets each cohort of a run apart from the rest: up to max_characteristics components with |effect| >= min_effect whose Benjamini-Hochberg adjusted p value is at most max_false_discovery_rate (parameters of the run). Formulas at the columns of cohorts.cohort_characteristics. Returns how many.';

create function private.similarity_of_cohorts(p_run cohorts.clustering_runs)
returns void
language sql
volatile
set search_path = ''
as $$
  delete from cohorts.cohort_similarity_matrix s where s.brand_id = p_run.brand_id;

  insert into cohorts.cohort_similarity_matrix (brand_id, cohort_a_id, cohort_b_id, cosine_similarity, euclidean_distance,
    jaccard_similarity, overlap_score, relationship_type, relationship_strength, computed_at, computation_method,
    computation_parameters, similarity_confidence, stability_score)
  select p_run.brand_id, a.id, b.id, n.cosine, n.distance,
    0,  -- a primary membership is in one cohort only
    n.overlap, case when n.cosine >= 0.5 then 'similar' when n.cosine <= -0.5 then 'opposite' else 'independent' end::cohorts.relationship_type,
    least(abs(n.cosine), 1), p_run.started_at, 'centroids', jsonb_build_object('run_id', p_run.id),
    least(a.discovery_confidence, b.discovery_confidence), least(a.stability_score, b.stability_score)
  from cohorts.cohorts a
  join cohorts.cohorts b on b.brand_id = a.brand_id and b.last_run_id = a.last_run_id and b.cohort_status = 'active' and b.id > a.id
  cross join lateral (select a.centroid_vector operator(extensions.<->) b.centroid_vector as distance) d
  cross join lateral (
    select d.distance, private.cohort_overlap(d.distance, p_run.within_variance) as overlap,
      -- The cosine with a centroid of zeros is not a number: the average person is like nobody in particular.
      greatest(least(coalesce(nullif(1 - (a.centroid_vector operator(extensions.<=>) b.centroid_vector), 'nan'), 0), 1), -1) as cosine
  ) n
  where a.brand_id = p_run.brand_id and a.last_run_id = p_run.id and a.cohort_status = 'active';
$$;
comment on function private.similarity_of_cohorts(cohorts.clustering_runs) is
  'Rewrites the similarity matrix of the active cohorts of a brand from the centroids of a run.';
