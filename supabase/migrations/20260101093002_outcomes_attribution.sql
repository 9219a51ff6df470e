create function private.outcomes_attribution(p_brand uuid, p_stimuli uuid[], p_now timestamptz)
returns table (
  stimulus_id uuid,
  outcome_type outcomes.outcome_type,
  treated bigint,
  treated_with bigint,
  held_out bigint,
  held_out_with bigint,
  treated_rate double precision,
  baseline_rate double precision,
  attribution double precision
)
language sql
stable
set search_path = ''
as $$
  with settings as (
    select private.parameter(p_brand, 'outcomes.prior_strength')::double precision as m,
      p_now - private.parameter(p_brand, 'outcomes.baseline_days')::double precision * interval '1 day' as since
  ),
  -- One row per deployment and type of outcome that followed it.
  hits as (
    select distinct o.deployment_id, o.outcome_type
    from outcomes.outcomes o
    where o.brand_id = p_brand and (o.source_signal_id is not null or o.source_key is not null)
      and (o.stimulus_id = any (p_stimuli) or o.is_holdout and o.stimulus_deployed_at >= (select since from settings))
  ),
  groups as (
    select d.stimulus_id, d.cohort_id, d.is_holdout, count(*) as n
    from stimuli.stimulus_deployments d
    where d.brand_id = p_brand
      and (d.stimulus_id = any (p_stimuli) or d.is_holdout and d.deployed_at >= (select since from settings))
    group by d.stimulus_id, d.cohort_id, d.is_holdout
  ),
  counts as (
    select d.stimulus_id, d.cohort_id, d.is_holdout, h.outcome_type, count(*) as x
    from hits h join stimuli.stimulus_deployments d on d.brand_id = p_brand and d.id = h.deployment_id
    group by d.stimulus_id, d.cohort_id, d.is_holdout, h.outcome_type
  ),
  own as (
    select g.stimulus_id, g.cohort_id, t.outcome_type,
      coalesce(sum(g.n) filter (where not g.is_holdout), 0) as nt, coalesce(sum(g.n) filter (where g.is_holdout), 0) as nh,
      coalesce(sum(c.x) filter (where not g.is_holdout), 0) as xt, coalesce(sum(c.x) filter (where g.is_holdout), 0) as xh
    from groups g
    cross join (select distinct h.outcome_type from hits h) t
    left join counts c on c.stimulus_id = g.stimulus_id and c.cohort_id is not distinct from g.cohort_id
      and c.is_holdout = g.is_holdout and c.outcome_type = t.outcome_type
    group by g.stimulus_id, g.cohort_id, t.outcome_type
  ),
  baselines as (
    select o.*,
      sum(o.nh) over (partition by o.outcome_type) as nb, sum(o.xh) over (partition by o.outcome_type) as xb,
      sum(o.nh) over (partition by o.outcome_type, o.cohort_id) - o.nh as nc,
      sum(o.xh) over (partition by o.outcome_type, o.cohort_id) - o.xh as xc
    from own o
  ),
  smoothed as (
    select b.*, s.m, (s.m * (s.m * (b.xb + 0.5) / (b.nb + 1) + b.xc) / (s.m + b.nc) + b.xh) / (s.m + b.nh) as ph
    from baselines b cross join settings s
  ),
  rates as (
    select s.*, (s.m * s.ph + s.xt) / (s.m + s.nt) as pt from smoothed s
  )
  select r.stimulus_id, r.outcome_type, r.nt::bigint, r.xt::bigint, r.nh::bigint, r.xh::bigint, r.pt, r.ph,
    greatest(0, least(1, 1 - r.ph / r.pt))
  from rates r where r.stimulus_id = any (p_stimuli)
$$;
comment on function private.outcomes_attribution(uuid, uuid[], timestamptz) is
  'Share of the outcomes of each stimulus and type that would not have come without it, from the randomised holdout: 1 - p_H / p_T, cut to [0, 1]. With m = outcomes.prior_strength, x of n people of a group who had such an outcome: brand b = (x_H + 1/2) / (n_H + 1) over all held out of the last outcomes.baseline_days; cohort c = (m b + x_H) / (m + n_H) over the cohort''s other stimuli; p_H = (m c + x_H) / (m + n_H) and p_T = (m p_H + x_T) / (m + n_T) of the stimulus itself. So with few people it says: no effect. Everyone assigned counts, delivered or not (intention to treat), because only assignment was random.';

create function private.attribute_outcomes(p_brand uuid, p_now timestamptz, p_stimuli uuid[] default null, p_deployments uuid[] default null)
returns integer
language plpgsql
volatile
set search_path = ''
set plan_cache_mode = force_custom_plan -- a plan for thousands of deployments is none for a few
as $$
declare
  v_changed integer;
begin
  with judged as materialized (
    select d.id, d.stimulus_id from stimuli.stimulus_deployments d
    where d.brand_id = p_brand and (p_stimuli is null or d.stimulus_id = any (p_stimuli)) and (p_deployments is null or d.id = any (p_deployments))
      and (p_stimuli is not null or d.learned_at is null)
  ),
  shares as materialized (
    select * from private.outcomes_attribution(p_brand, (select coalesce(array_agg(distinct j.stimulus_id), '{}') from judged j), p_now)
  ),
  own as materialized (
    select o.id, o.source_signal_id, o.source_key, coalesce(o.source_signal_id::text, o.source_key) as happening, case when o.is_holdout then 0 else a.attribution end as share, a as basis
    from outcomes.outcomes o
    join judged j on j.id = o.deployment_id
    join shares a on a.stimulus_id = o.stimulus_id and a.outcome_type = o.outcome_type
    where o.brand_id = p_brand and (o.source_signal_id is not null or o.source_key is not null)
  ),
  -- One happening is caused once: what several stimuli claim of it sums to 1 at most, after what was learned already.
  spent as materialized (
    select x.happening, sum(x.share) as share
    from (
      -- Each by its own index.
      select o.source_signal_id::text as happening, o.deployment_id, o.attribution_confidence as share
      from outcomes.outcomes o where o.brand_id = p_brand and o.source_signal_id in (select w.source_signal_id from own w)
      union all
      select o.source_key, o.deployment_id, o.attribution_confidence
      from outcomes.outcomes o where o.brand_id = p_brand and o.source_key in (select w.source_key from own w)
    ) x
    join stimuli.stimulus_deployments d on d.brand_id = p_brand and d.id = x.deployment_id and d.learned_at is not null
    where d.id not in (select j.id from judged j)
    group by x.happening
  ),
  credited as materialized (
    select w.id, w.basis, w.share * least(1, greatest(0, 1 - coalesce(s.share, 0))
      / nullif(sum(w.share) over (partition by w.happening), 0)) as share
    from own w left join spent s on s.happening = w.happening
  )
  update outcomes.outcomes o
  set attribution_confidence = coalesce(c.share, 0),
    measurement_reliability = (c.basis).held_out / ((c.basis).held_out + private.parameter(p_brand, 'outcomes.prior_strength')::double precision),
    counterfactual_analysis = jsonb_build_object(
      'treated', (c.basis).treated, 'treated_with_outcome', (c.basis).treated_with,
      'held_out', (c.basis).held_out, 'held_out_with_outcome', (c.basis).held_out_with,
      'treated_rate', (c.basis).treated_rate, 'rate_without_stimulus', (c.basis).baseline_rate)
  from credited c
  where o.id = c.id
    and (o.attribution_confidence, (o.counterfactual_analysis ->> 'treated_rate')::double precision,
         (o.counterfactual_analysis ->> 'rate_without_stimulus')::double precision)
      is distinct from (coalesce(c.share, 0), (c.basis).treated_rate, (c.basis).baseline_rate);
  get diagnostics v_changed = row_count;
  return v_changed;
end
$$;
comment on function private.attribute_outcomes(uuid, timestamptz, uuid[], uuid[]) is
  'Recomputes attribution_confidence of all outcomes whose window is still open (of them only those of p_deployments, where given), or of all of the stimuli in p_stimuli, and returns how many changed.';
