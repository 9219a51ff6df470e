create type private.folded_arm as (arm_id uuid, alpha double precision, beta double precision, pulls bigint, last_reward_at timestamptz);
comment on type private.folded_arm is 'What an arm comes to by its rewards: responses (alpha) and silences (beta) above the prior as of last_reward_at.';

create function private.arms_of_steps(p_brand uuid, p_steps uuid[])
returns uuid[]
language sql
stable
set search_path = ''
as $$
  with recursive holder as (
    select r.arm_id from outcomes.arm_rewards r where r.brand_id = p_brand and r.learning_id = any (p_steps)
    union
    select i.arm_id from holder h join stimuli.arm_inheritance i on i.brand_id = p_brand and i.from_arm_id = h.arm_id
  )
  select coalesce(array_agg(h.arm_id), '{}') from holder h
$$;
comment on function private.arms_of_steps(uuid, uuid[]) is 'The arms that steps of learning rewarded, and all that took over from those since.';

create function private.folded_arms(p_brand uuid, p_arms uuid[])
returns setof private.folded_arm
language sql
stable
set search_path = ''
as $$
  with recursive half_life as materialized (
    select private.parameter(p_brand, 'stimuli.half_life_days')::double precision as days
  ),
  source as (
    select a.id from unnest(p_arms) a (id)
    union
    select i.from_arm_id from source s join stimuli.arm_inheritance i on i.brand_id = p_brand and i.arm_id = s.id
  ),
  held as materialized (
    -- Cohorts that split, merged or ended handed on what they had: each reward is wherever its fractions are now.
    select h.arm_id, r.rewarded_at, r.share * h.fraction * r.responses as responses, r.share * h.fraction * (r.pulls - r.responses) as silences,
      case when h.arm_id = r.arm_id then round(r.pulls * r.share) else 0 end as pulls
    from source s
    join stimuli.arms a on a.brand_id = p_brand and a.id = s.id
    join outcomes.arm_rewards r on r.brand_id = p_brand and r.arm_id = a.id
    join outcomes.outcome_learning l on l.brand_id = p_brand and l.id = r.learning_id and l.is_active
    cross join lateral private.holders_of_reward(p_brand, a.cohort_id, a.template_id, r.rewarded_at) h
  ),
  latest as materialized (
    select a.id, (select max(h.rewarded_at) from held h where h.arm_id = a.id) as rewarded_at,
      (select max(i.inherited_at) from stimuli.arm_inheritance i where i.brand_id = p_brand and i.arm_id = a.id) as inherited_at
    from unnest(p_arms) a (id)
  )
  select l.id, coalesce(sum(h.responses * f.g), 0), coalesce(sum(h.silences * f.g), 0), coalesce(sum(h.pulls), 0)::bigint,
    greatest(l.rewarded_at, l.inherited_at)
  from latest l
  cross join half_life y
  left join held h on h.arm_id = l.id
  cross join lateral (select 2 ^ -least(1000, extract(epoch from greatest(l.rewarded_at, l.inherited_at) - h.rewarded_at) / 86400 / y.days)::double precision as g) f
  group by l.id, l.rewarded_at, l.inherited_at
$$;
comment on function private.folded_arms(uuid, uuid[]) is
  'These arms, folded from the rewards of the active steps of learning: each faded by 2^(-days / half-life) to the last one and handed on as cohorts split, merged and ended. The order in which anything was learnt or undone does not matter.';

create function private.refold_arms(p_brand uuid, p_arms uuid[], p_before private.folded_arm[])
returns integer
language plpgsql
volatile
set search_path = ''
as $$
declare
  v_prior record;
  v_half_life constant double precision := private.parameter(p_brand, 'stimuli.half_life_days')::double precision;
  v_count integer;
begin
  select * into v_prior from private.faded_arm(p_brand, null, '-infinity');
  -- Locked in the order in which rewards lock them.
  perform from stimuli.arms a where a.brand_id = p_brand and a.id = any (p_arms)
  order by a.cohort_id, a.template_id for update;

  with change as materialized (
    select a.id, a.alpha - v_prior.alpha as alpha, a.beta - v_prior.beta as beta, a.last_reward_at as at, b as before, f as after,
      -- How much of what the fold had reached has faded where something outside of the ledger was rewarded since.
      2 ^ -least(1000, greatest(0, coalesce(extract(epoch from a.last_reward_at - b.last_reward_at), 0) / 86400 / v_half_life))::double precision as left_before,
      2 ^ -least(1000, greatest(0, coalesce(extract(epoch from a.last_reward_at - f.last_reward_at), 0) / 86400 / v_half_life))::double precision as left_after
    from stimuli.arms a
    join private.folded_arms(p_brand, p_arms) f on f.arm_id = a.id
    join unnest(p_before) b on b.arm_id = a.id
    where a.brand_id = p_brand
  ),
  judged as materialized (
    select c.*, c.alpha - (c.before).alpha * c.left_before as alpha_outside, c.beta - (c.before).beta * c.left_before as beta_outside,
      c.at is not distinct from (c.before).last_reward_at
        and abs(c.alpha - (c.before).alpha) <= 1e-9 * (1 + abs(c.alpha)) and abs(c.beta - (c.before).beta) <= 1e-9 * (1 + abs(c.beta)) as is_all
    from change c
    where (c.after).alpha is distinct from (c.before).alpha or (c.after).beta is distinct from (c.before).beta
      or (c.after).pulls is distinct from (c.before).pulls or (c.after).last_reward_at is distinct from (c.before).last_reward_at
  )
  update stimuli.arms a
  set alpha = v_prior.alpha + case when j.is_all then (j.after).alpha else greatest(0, (j.after).alpha * j.left_after + j.alpha_outside) end,
    beta = v_prior.beta + case when j.is_all then (j.after).beta else greatest(0, (j.after).beta * j.left_after + j.beta_outside) end,
    pulls = greatest(0, a.pulls - (j.before).pulls + (j.after).pulls),
    last_reward_at = case when j.is_all then (j.after).last_reward_at else a.last_reward_at end
  from judged j where a.id = j.id;
  get diagnostics v_count = row_count;
  return v_count;
end
$$;
comment on function private.refold_arms(uuid, uuid[], private.folded_arm[]) is
  'Makes arms again after steps of learning were undone, revised or learnt again. p_before: private.folded_arms before that. Whatever the arm holds that is in no step (private.record_reward by somebody else) stays. Returns how many arms changed.';
