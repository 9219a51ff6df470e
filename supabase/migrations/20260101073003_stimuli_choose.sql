create type private.template_choice as (
  template_id uuid,
  alpha double precision,
  beta double precision,
  pulls bigint,
  missing_fields text[],
  draw double precision,
  probability double precision
);
comment on type private.template_choice is 'A template that could be sent to a cohort, see private.template_choices.';

create function private.template_choices(p_brand uuid, p_cohort uuid, p_now timestamptz, p_seed integer)
returns setof private.template_choice
language sql
stable
set search_path = ''
as $$
  with known as (
    select private.cohort_fields(p_brand, p_cohort) as fields
  ),
  harmful as materialized (
    select h.template_id from private.harmful_arms(p_brand, p_now) h where h.cohort_id = p_cohort
  ),
  posteriors as (
    select t.id, p.pulls, p.alpha, p.beta,
      (select coalesce(array_agg(n.field order by n.field), '{}')
       from (select unnest(t.required) except select jsonb_object_keys(k.fields)
         union
         -- What is filled per person has its default there.
         select unnest(t.needed) except select jsonb_object_keys(t.default_content || k.fields)) n (field)) as missing_fields
    from known k
    cross join private.usable_templates t
    join private.arm_posteriors(p_brand, p_now) p on p.cohort_id = p_cohort and p.template_id = t.id
    where t.brand_id = p_brand
      and t.id not in (select h.template_id from harmful h)
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
  'The usable templates of a brand for a cohort, the chosen one first (Thompson sampling: the largest draw from the Beta posteriors as of p_now, private.arm_posteriors; those that surely do harm are left out). Those with missing_fields cannot be filled and have no draw. probability: of being chosen, over all seeds. The same data, p_now and p_seed give the same draws.';

create function private.proposed_templates(p_brand uuid, p_choices private.template_choice[])
returns setof uuid
language sql
stable
set search_path = ''
as $$
  select c.template_id from unnest(p_choices) c
  where c.draw is not null
  order by c.draw desc, c.template_id
  limit case when private.parameter(p_brand, 'stimuli.auto_approve')::boolean
    then greatest(1, least(50, private.parameter(p_brand, 'stimuli.candidates_per_cohort')::integer)) else 1 end
$$;
comment on function private.proposed_templates(uuid, private.template_choice[]) is
  'Which of the choices for a cohort to propose. Where people approve, the one that Thompson sampling chooses; where proposals are approved at once, up to stimuli.candidates_per_cohort of them, between which stimuli.deploy_round chooses for each person.';
