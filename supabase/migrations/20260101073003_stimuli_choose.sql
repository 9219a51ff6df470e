create function private.template_choices(p_brand uuid, p_cohort uuid, p_now timestamptz, p_seed integer)
returns table (
  template_id uuid,
  alpha double precision,
  beta double precision,
  pulls bigint,
  missing_fields text[],
  draw double precision,
  probability double precision
)
language sql
stable
set search_path = ''
as $$
  with known as (
    select private.cohort_fields(p_brand, p_cohort) as fields, f.alpha as prior_alpha, f.beta as prior_beta
    from private.faded_arm(p_brand, null, p_now) f
  ),
  candidates as (
    select t.id, coalesce(a.pulls, 0) as pulls, f.alpha - k.prior_alpha as successes, f.beta - k.prior_beta as failures,
      (select coalesce(array_agg(n.field order by n.field), '{}')
       from (select unnest(t.required) except select jsonb_object_keys(k.fields)
         union
         -- What is filled per person has its default there.
         select unnest(t.needed) except select jsonb_object_keys(t.default_content || k.fields)) n (field)) as missing_fields
    from known k
    cross join private.usable_templates t
    left join stimuli.arms a on a.brand_id = t.brand_id and a.cohort_id = p_cohort and a.template_id = t.id
    cross join lateral private.faded_arm(p_brand, a, p_now) f
    where t.brand_id = p_brand
      and not jsonb_path_exists(t.target_cohort_criteria, '$.min_members ? (@ > $n)',
          jsonb_build_object('n', (k.fields ->> 'cohort_size')::integer))
      and not exists (
        select from jsonb_each_text(case jsonb_typeof(t.target_cohort_criteria -> 'traits') when 'object'
          then t.target_cohort_criteria -> 'traits' else '{}' end) w
        where not exists (
          select from cohorts.cohort_characteristics h
          where h.brand_id = p_brand and h.cohort_id = p_cohort and h.is_current
            and h.characteristic_name = w.key and h.characteristic_value ->> 'direction' = w.value))
  ),
  -- An arm that was never tried stands at what the cohort responds with on the whole. At a fixed prior, the first
  -- template of a cohort that buys much anyway would look unbeatable, and no other would ever be tried.
  pooled as (
    select (k.prior_alpha + sum(c.successes)) / (k.prior_alpha + k.prior_beta + sum(c.successes + c.failures)) as rate,
      k.prior_alpha + k.prior_beta as strength
    from known k cross join candidates c group by k.prior_alpha, k.prior_beta
  ),
  posteriors as (
    select c.id, c.pulls, c.missing_fields,
      p.strength * p.rate + c.successes as alpha, p.strength * (1 - p.rate) + c.failures as beta
    from candidates c cross join pooled p
  ),
  ready as (
    select c.id, row_number() over (order by c.id) as k, c.alpha, c.beta,
      private.random_beta(c.alpha, c.beta, hashtextextended(
        concat_ws(':', p_seed, (extract(epoch from p_now) * 1000)::bigint, p_cohort, c.id), 0)) as draw
    from posteriors c where c.missing_fields = '{}'
  ),
  probabilities as (
    select private.best_arm_probabilities(array_agg(r.alpha order by r.k), array_agg(r.beta order by r.k)) as p from ready r
  )
  select c.id, c.alpha, c.beta, c.pulls, c.missing_fields, r.draw, (select p[r.k] from probabilities)
  from posteriors c left join ready r on r.id = c.id
  order by r.draw desc nulls last, c.id
$$;
comment on function private.template_choices(uuid, uuid, timestamptz, integer) is
  'The usable templates of a brand for a cohort, the chosen one first (Thompson sampling: the largest draw from the Beta posteriors as of p_now, whose prior has the mean of the cohort over all its templates and the strength prior_alpha + prior_beta). Those with missing_fields cannot be filled and have no draw. probability: of being chosen, over all seeds. The same data, p_now and p_seed give the same draws.';
