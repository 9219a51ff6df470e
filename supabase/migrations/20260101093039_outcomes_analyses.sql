create function private.cohort_findings(p_brand uuid, p_from timestamptz, p_to timestamptz)
returns jsonb
language sql
stable
set search_path = ''
set enable_nestloop = off -- many deployments of which the statistics may know nothing: hash joins, never a quadratic one
as $$
  with answered as materialized (
    select distinct o.deployment_id from outcomes.outcomes o
    where o.brand_id = p_brand and o.deployment_id is not null and o.outcome_type in ('purchase', 'conversion', 'signup')
  ),
  cohort as materialized (
    select d.cohort_id, count(*) as n, count(a.deployment_id) as x
    from stimuli.stimulus_deployments d left join answered a on a.deployment_id = d.id
    where d.brand_id = p_brand and d.deployed_at >= p_from and d.deployed_at < p_to and not d.is_holdout and d.cohort_id is not null
      and d.delivery_status in ('pending', 'sending', 'sent', 'delivered', 'unknown')
    group by d.cohort_id
  ),
  compared as materialized (
    select c.*, s.difference, s.lower, s.upper, s.p_value, t.n - c.n as others, (t.x - c.x)::double precision / nullif(t.n - c.n, 0) as others_rate
    from cohort c cross join (select sum(n) as n, sum(x) as x from cohort) t
    cross join lateral private.two_shares(c.x, c.n, t.x - c.x, t.n - c.n) s
  ),
  -- The more cohorts are looked at, the more of them stand out by chance (Y. Benjamini and Y. Hochberg, 1995).
  ranked as materialized (
    select c.*, c.p_value * count(c.p_value) over () / row_number() over (order by c.p_value) as raised from compared c
  ),
  adjusted as (
    select r.*, least(1, min(r.raised) over (order by r.p_value rows between current row and unbounded following)) as adjusted from ranked r
  )
  select coalesce(jsonb_agg(jsonb_build_object(
    'cohort_id', a.cohort_id, 'treated', a.n, 'responses', a.x, 'response_rate', a.x::double precision / a.n, 'others_rate', a.others_rate,
    'difference', a.difference, 'difference_lower', a.lower, 'difference_upper', a.upper, 'p_value', a.p_value, 'adjusted_p_value', a.adjusted,
    'finding', format('%s: %s%% of %s respond, %s%% of the others; %s', coalesce(k.cohort_name, 'cohort'), round(100.0 * a.x / a.n, 1), a.n,
      coalesce(round(100 * a.others_rate::numeric, 1)::text, '-'),
      case when a.adjusted < 0.05 and a.difference > 0 then 'more than chance explains' when a.adjusted < 0.05 then 'less than chance explains'
        else 'chance explains the difference' end)) order by a.n desc, a.cohort_id), '[]')
  from adjusted a left join cohorts.cohorts k on k.brand_id = p_brand and k.id = a.cohort_id
$$;
comment on function private.cohort_findings(uuid, timestamptz, timestamptz) is
  'How the treated people of each cohort responded beside those of all others, with Newcombe intervals and p-values adjusted for how many cohorts there are.';

create function private.temporal_findings(p_brand uuid, p_from timestamptz, p_to timestamptz)
returns jsonb
language sql
stable
set search_path = ''
as $$
  with response as materialized (
    select o.time_to_outcome / 3600.0 as hours, extract(isodow from o.outcome_timestamp at time zone b.timezone)::integer as weekday
    from outcomes.outcomes o join core.brands b on b.id = o.brand_id
    where o.brand_id = p_brand and o.outcome_timestamp >= p_from and o.outcome_timestamp < p_to and not o.is_holdout
      and o.outcome_type in ('purchase', 'conversion', 'signup') and o.time_to_outcome is not null
  ),
  day as materialized (
    select w as weekday, count(r.weekday) as n from generate_series(1, 7) w left join response r on r.weekday = w group by w
  ),
  -- What each weekday would have of them if they were alike: as many as the period has such days.
  expected as materialized (
    select extract(isodow from g)::integer as weekday, count(*)::double precision / sum(count(*)) over () as share
    from core.brands b cross join generate_series(p_from at time zone b.timezone, (p_to - interval '1 second') at time zone b.timezone, interval '1 day') g
    where b.id = p_brand group by 1
  ),
  test as (
    select sum((d.n - t.n * e.share) ^ 2 / (t.n * e.share)) as statistic, count(*)::integer - 1 as freedom, max(t.n) as n
    from day d join expected e on e.weekday = d.weekday cross join (select nullif(sum(n), 0)::double precision as n from day) t
  ),
  delay as (
    select percentile_cont(array[0.5, 0.9]) within group (order by r.hours::double precision) as hours, count(*) as n from response r
  )
  select case when l.n = 0 then '[]' else jsonb_build_array(
    jsonb_build_object('pattern', 'delay', 'responses', l.n, 'median_hours', l.hours[1], 'nine_in_ten_hours', l.hours[2],
      'finding', format('half of the responses come within %s hours, nine in ten within %s', round(l.hours[1]::numeric), round(l.hours[2]::numeric))),
    jsonb_build_object('pattern', 'weekday', 'responses', l.n, 'by_weekday', (select jsonb_object_agg(d.weekday, d.n) from day d),
      'p_value', case when t.n >= 35 and t.freedom = 6 then private.chi_square_p_value(t.statistic, t.freedom) end,
      'finding', case when t.n < 35 or t.freedom < 6 then 'too little to compare the weekdays'
        when private.chi_square_p_value(t.statistic, t.freedom) < 0.05 then format('weekdays differ: most responses on day %s of the week', (select d.weekday from day d order by d.n desc, d.weekday limit 1))
        else 'no weekday stands out' end)) end
  from delay l cross join test t
$$;
comment on function private.temporal_findings(uuid, timestamptz, timestamptz) is
  'When people respond: hours from deployment to response, and responses by local weekday (1 Monday) with the chi-square test against as many as the period has such days (from 35 responses on).';

create function private.causal_findings(p_brand uuid, p_from timestamptz, p_to timestamptz)
returns jsonb
language sql
stable
set search_path = ''
set enable_nestloop = off -- as above
as $$
  with answered as materialized (
    select distinct o.deployment_id from outcomes.outcomes o
    where o.brand_id = p_brand and o.deployment_id is not null and o.outcome_type in ('purchase', 'conversion', 'signup')
  ),
  stimulus as materialized (
    select d.stimulus_id,
      count(*) filter (where not d.is_holdout)::double precision as nt, count(a.deployment_id) filter (where not d.is_holdout)::double precision as xt,
      count(*) filter (where d.is_holdout)::double precision as nh, count(a.deployment_id) filter (where d.is_holdout)::double precision as xh
    from stimuli.stimulus_deployments d left join answered a on a.deployment_id = d.id
    where d.brand_id = p_brand and d.deployed_at >= p_from and d.deployed_at < p_to
    group by d.stimulus_id
  ),
  -- Stimulus by stimulus, so that one that went to eager people does not pass for one that works (Mantel and Haenszel's weights).
  pooled as (
    select count(*) as stimuli, sum(s.nt) as treated, sum(s.nh) as held_out, sum(w.w * (s.xt / s.nt - s.xh / s.nh)) / sum(w.w) as effect,
      sqrt(sum(w.w ^ 2 * (p.t * (1 - p.t) / s.nt + p.h * (1 - p.h) / s.nh))) / sum(w.w) as error
    from stimulus s
    cross join lateral (select s.nt * s.nh / (s.nt + s.nh) as w) w
    cross join lateral (select (s.xt + 0.5) / (s.nt + 1) as t, (s.xh + 0.5) / (s.nh + 1) as h) p
    where s.nt > 0 and s.nh > 0
  )
  select case when p.stimuli = 0 then '[]' else jsonb_build_array(jsonb_build_object(
    'stimuli', p.stimuli, 'treated', p.treated, 'held_out', p.held_out, 'effect', p.effect,
    'effect_lower', p.effect - 1.959963984540054 * p.error, 'effect_upper', p.effect + 1.959963984540054 * p.error,
    'p_value', 2 * (1 - private.normal_cdf(abs(p.effect) / p.error)),
    'finding', format('being sent something changes the share of people who respond by %s points (95%% interval %s to %s); %s',
      round((100 * p.effect)::numeric, 1), round((100 * (p.effect - 1.959963984540054 * p.error))::numeric, 1),
      round((100 * (p.effect + 1.959963984540054 * p.error))::numeric, 1),
      case when p.effect > 1.959963984540054 * p.error then 'it works' when p.effect < -1.959963984540054 * p.error then 'it does harm'
        else 'chance explains it' end))) end
  from pooled p
$$;
comment on function private.causal_findings(uuid, timestamptz, timestamptz) is
  'The difference that being sent something made, from the people held out at random, pooled over stimuli with its 95% interval. Everyone assigned counts, delivered or not.';

create function private.write_analysis(p_brand uuid, p_type text, p_from timestamptz, p_to timestamptz, p_findings jsonb, p_test text, p_now timestamptz)
returns uuid
language plpgsql
volatile
set search_path = ''
as $$
declare
  v_id uuid;
begin
  update outcomes.outcome_analysis a set is_current = false
  where a.brand_id = p_brand and a.analysis_type = p_type and a.analysis_scope = 'global' and a.is_current
    and a.analysis_period_start = p_from and a.analysis_period_end = p_to;
  insert into outcomes.outcome_analysis (brand_id, analysis_type, analysis_scope, analysis_period_start, analysis_period_end, analysis_date,
    key_findings, significance_tests, confidence_scores, analysis_method, data_sources, analysis_quality, created_by, analysis_version)
  select p_brand, p_type, 'global', p_from, p_to, p_now, p_findings,
    jsonb_build_object('test', p_test, 'p_values', jsonb_path_query_array(p_findings, '$[*].p_value')),
    coalesce((select jsonb_object_agg(f.place, 1 - (f.finding ->> 'p_value')::double precision)
      from jsonb_array_elements(p_findings) with ordinality f (finding, place) where f.finding ->> 'p_value' is not null), '{}'),
    'statistical', '["stimuli.stimulus_deployments", "outcomes.outcomes"]',
    coalesce((select avg(case when d.window_ends_at <= p_now then 1 else 0 end) from stimuli.stimulus_deployments d
      where d.brand_id = p_brand and d.deployed_at >= p_from and d.deployed_at < p_to), 0),
    'outcomes.analyse',
    (select coalesce(max(x.analysis_version), 0) + 1 from outcomes.outcome_analysis x
     where x.brand_id = p_brand and x.analysis_type = p_type and x.analysis_scope = 'global'
       and x.analysis_period_start = p_from and x.analysis_period_end = p_to)
  returning id into v_id;
  return v_id;
end
$$;
comment on function private.write_analysis(uuid, text, timestamptz, timestamptz, jsonb, text, timestamptz) is
  'Writes an analysis of a whole brand as the current version of its type and period. analysis_quality: share of the deployments whose window is over.';

create function private.outcomes_analyse(p_brand uuid, p_from timestamptz, p_to timestamptz, p_now timestamptz)
returns setof outcomes.outcome_analysis
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  v_started timestamptz := clock_timestamp();
  v_ids uuid[];
begin
  perform private.require_role(p_brand, 'manager');
  perform private.require_time('p_from', p_from);
  perform private.require_time('p_to', p_to);
  perform private.require_time('p_now', p_now);
  if p_to - p_from not between interval '1 day' and interval '1100 days' then
    perform private.raise_error('invalid_argument', 'p_to', 'must lie 1 to 1,100 days after p_from');
  end if;
  perform pg_advisory_xact_lock(hashtextextended('outcomes.analyse:' || p_brand::text, 0));
  v_ids := array[
    private.write_analysis(p_brand, 'cohort_performance', p_from, p_to, private.cohort_findings(p_brand, p_from, p_to),
      'two proportions, pooled z, adjusted by Benjamini and Hochberg', p_now),
    private.write_analysis(p_brand, 'temporal_patterns', p_from, p_to, private.temporal_findings(p_brand, p_from, p_to), 'chi-square', p_now),
    private.write_analysis(p_brand, 'causal_analysis', p_from, p_to, private.causal_findings(p_brand, p_from, p_to),
      'stratified difference of treated and held out', p_now)];
  perform private.log_call('outcomes.analyse', p_brand, jsonb_build_object('from', p_from, 'to', p_to, 'now', p_now),
    jsonb_build_object('analyses', v_ids), v_started);
  return query select a.* from outcomes.outcome_analysis a where a.brand_id = p_brand and a.id = any (v_ids) order by a.analysis_type;
end
$$;
comment on function private.outcomes_analyse(uuid, timestamptz, timestamptz, timestamptz) is 'Body of outcomes.analyse. Definer: nobody writes results by hand.';
grant execute on function private.outcomes_analyse(uuid, timestamptz, timestamptz, timestamptz) to authenticated, service_role;

create function outcomes.analyse(p_brand uuid, p_from timestamptz, p_to timestamptz, p_now timestamptz default now())
returns setof outcomes.outcome_analysis
language sql
volatile
set search_path = ''
begin atomic
  select * from private.outcomes_analyse(p_brand, p_from, p_to, p_now);
end;
comment on function outcomes.analyse(uuid, timestamptz, timestamptz, timestamptz) is
  'What the deployments of [p_from, p_to) (1 to 1,100 days) tell of a brand, as three rows of outcomes.outcome_analysis: cohort_performance (which cohorts respond more or less than the others), temporal_patterns (delay and weekday), causal_analysis (treated against held out). Each finding is a sentence with its numbers, intervals and p-values. A second look at a period is a new version. For managers. Error: invalid_argument.';
grant execute on function outcomes.analyse(uuid, timestamptz, timestamptz, timestamptz) to authenticated, service_role;
