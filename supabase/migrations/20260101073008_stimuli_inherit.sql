create type private.arm_passage as (evolution_id uuid, from_cohort uuid, heir uuid, share double precision, is_child boolean, passed_at timestamptz);
comment on type private.arm_passage is
  'The share of the people of a cohort who are now in another one (heir), or in itself; is_child: the heir came out of a split.';

create function private.inherit_arms(p_brand uuid, p_passages private.arm_passage[])
returns void
language plpgsql
volatile
set search_path = ''
as $$
declare
  v_prior record;
begin
  select * into v_prior from private.faded_arm(p_brand, null, '-infinity');
  -- A place for every heir, and all arms locked in the order in which rewards lock them.
  insert into stimuli.arms (brand_id, cohort_id, template_id, alpha, beta)
  select distinct p_brand, p.heir, a.template_id, v_prior.alpha, v_prior.beta
  from unnest(p_passages) p
  join stimuli.arms a on a.brand_id = p_brand and a.cohort_id = p.from_cohort
  order by 2, 3
  on conflict (brand_id, cohort_id, template_id) do nothing;
  perform from stimuli.arms a
  where a.brand_id = p_brand and a.cohort_id in (select p.heir from unnest(p_passages) p union select p.from_cohort from unnest(p_passages) p)
  order by a.cohort_id, a.template_id for update;

  with passed as (
    insert into stimuli.arm_inheritance (brand_id, arm_id, from_arm_id, evolution_id, fraction, alpha_gained, beta_gained, inherited_at)
    select p_brand, h.id, a.id, p.evolution_id, n.fraction, n.fraction * (f.alpha - v_prior.alpha), n.fraction * (f.beta - v_prior.beta), p.passed_at
    from unnest(p_passages) p
    join stimuli.arms a on a.brand_id = p_brand and a.cohort_id = p.from_cohort
    join stimuli.arms h on h.brand_id = p_brand and h.cohort_id = p.heir and h.template_id = a.template_id
    cross join lateral private.faded_arm(p_brand, a, p.passed_at) f
    cross join lateral (
      select p.share * case when p.is_child then private.parameter(p_brand, 'stimuli.inherited_strength')::double precision else 1 end as fraction
    ) n
    on conflict (brand_id, evolution_id, from_arm_id, arm_id) do nothing
    returning *
  ),
  gained as (
    -- An arm that is its own heir begins with what it keeps, any other with what it had.
    select g.arm_id, sum(g.alpha_gained) as alpha, sum(g.beta_gained) as beta, bool_or(g.arm_id = g.from_arm_id) as is_own_heir, max(g.inherited_at) as at
    from passed g group by g.arm_id
  )
  update stimuli.arms a
  set alpha = g.alpha + case when g.is_own_heir then v_prior.alpha else f.alpha end,
    beta = g.beta + case when g.is_own_heir then v_prior.beta else f.beta end,
    last_reward_at = greatest(a.last_reward_at, g.at)
  from gained g
  join stimuli.arms x on x.brand_id = p_brand and x.id = g.arm_id
  cross join lateral private.faded_arm(p_brand, x, g.at) f
  where a.id = x.id;
end
$$;
comment on function private.inherit_arms(uuid, private.arm_passage[]) is
  'Hands on what cohorts have learnt about the templates to the cohorts their people are in: alpha and beta above the prior, faded to the moment, times the share of the people (of a child of a split also times the parameter stimuli.inherited_strength). What a cohort that goes on hands over it no longer has, so that nothing counts twice when the two meet again; the arms of one that ended stay as they were. pulls are not inherited. Each event is handed on once.';
