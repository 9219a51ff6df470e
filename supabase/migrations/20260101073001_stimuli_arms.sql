create function private.faded_arm(
  p_brand uuid, p_arm stimuli.arms, p_now timestamptz,
  out alpha double precision, out beta double precision
)
language sql
stable
set search_path = ''
as $$
  select f.a0 + f.g * greatest(coalesce(p_arm.alpha, f.a0) - f.a0, 0), f.b0 + f.g * greatest(coalesce(p_arm.beta, f.b0) - f.b0, 0)
  from (
    select private.parameter(p_brand, 'stimuli.prior_alpha')::double precision as a0,
      private.parameter(p_brand, 'stimuli.prior_beta')::double precision as b0,
      2 ^ -least(1000, greatest(0, coalesce(extract(epoch from p_now - p_arm.last_reward_at) / 86400
        / private.parameter(p_brand, 'stimuli.half_life_days')::double precision, 0)))::double precision as g
  ) f
$$;
comment on function private.faded_arm(uuid, stimuli.arms, timestamptz) is
  'Posterior of an arm as of p_now; the prior for an arm that does not exist yet (null). g = 2^(-days since the last reward / half-life); alpha = a0 + g (alpha - a0), beta likewise: what is old becomes uncertain again, not zero. A p_now before the last reward fades nothing.';

create function private.record_reward(
  p_brand uuid,
  p_cohort uuid,
  p_template uuid,
  p_reward double precision,
  p_weight double precision default 1,
  p_now timestamptz default now(),
  p_pulls integer default 1
)
returns stimuli.arms
language plpgsql
volatile
set search_path = ''
as $$
declare
  v_arm stimuli.arms;
  v_faded record;
begin
  if not coalesce(p_reward between 0 and 1, false) then
    perform private.raise_error('invalid_argument', 'p_reward', 'must be between 0 and 1');
  elsif not coalesce(p_weight >= 0 and p_weight < 'infinity', false) then
    perform private.raise_error('invalid_argument', 'p_weight', 'must be finite and not negative');
  end if;
  select * into v_faded from private.faded_arm(p_brand, null, p_now);
  insert into stimuli.arms (brand_id, cohort_id, template_id, alpha, beta)
  values (p_brand, p_cohort, p_template, v_faded.alpha, v_faded.beta)
  on conflict (brand_id, cohort_id, template_id) do nothing;

  select * into v_arm from stimuli.arms a
  where a.brand_id = p_brand and a.cohort_id = p_cohort and a.template_id = p_template for update;
  select * into v_faded from private.faded_arm(p_brand, v_arm, p_now);
  update stimuli.arms a
  set alpha = v_faded.alpha + p_weight * p_reward,
    beta = v_faded.beta + p_weight * (1 - p_reward),
    pulls = a.pulls + p_pulls,
    last_reward_at = greatest(a.last_reward_at, p_now)
  where a.id = v_arm.id
  returning * into v_arm;
  return v_arm;
end
$$;
comment on function private.record_reward(uuid, uuid, uuid, double precision, double precision, timestamptz, integer) is
  'Updates the arm of a template in a cohort after p_pulls deployments with mean reward p_reward (0..1) and summed weight p_weight (>= 0): first fades it to p_now, then alpha += weight x reward and beta += weight x (1 - reward). n calls at one moment and one call with their mean and sum give the same. Returns the arm. Error: invalid_argument.';
grant execute on function private.record_reward(uuid, uuid, uuid, double precision, double precision, timestamptz, integer) to service_role;

create function private.reward_heirs(p_brand uuid, p_cohort uuid, p_at timestamptz)
returns table (cohort_id uuid, share double precision)
language sql
stable
set search_path = ''
as $$
  with recursive ended as (
    select e.cohort_id, e.after_state from cohorts.cohort_evolution_log e
    where e.brand_id = p_brand and e.event_timestamp <= p_at
      and (e.event_type in ('merged', 'dissolved') or e.event_type = 'split' and (e.after_state ->> 'member_count')::integer = 0)
  ),
  line as (
    select p_cohort as cohort_id, 1::double precision as share
    union all
    select (h.heir ->> 'cohort_id')::uuid, l.share * (h.heir ->> 'share')::double precision
    from line l
    join ended e on e.cohort_id = l.cohort_id
    cross join jsonb_array_elements(e.after_state -> 'heirs') h (heir)
  )
  select l.cohort_id, sum(l.share)
  from line l
  join cohorts.cohorts c on c.brand_id = p_brand and c.id = l.cohort_id
  where not exists (select from ended e where e.cohort_id = l.cohort_id)
  group by l.cohort_id
$$;
comment on function private.reward_heirs(uuid, uuid, timestamptz) is
  'The cohorts that are rewarded at p_at for what was sent to a cohort: itself, or, where it has ended by then, those where its people went, with their shares.';

create function private.holders_of_reward(p_brand uuid, p_cohort uuid, p_template uuid, p_rewarded_at timestamptz)
returns table (arm_id uuid, fraction double precision)
language sql
stable
set search_path = ''
as $$
  with recursive holder as (
    select a.id, r.share as fraction, p_rewarded_at as since
    from private.reward_heirs(p_brand, p_cohort, p_rewarded_at) r
    join stimuli.arms a on a.brand_id = p_brand and a.cohort_id = r.cohort_id and a.template_id = p_template
    union all
    -- From the arm to its heirs, itself included where its cohort went on, event by event.
    select i.arm_id, h.fraction * i.fraction, i.inherited_at
    from holder h
    join stimuli.arm_inheritance i on i.brand_id = p_brand and i.from_arm_id = h.id
    where i.inherited_at = (
      select min(n.inherited_at) from stimuli.arm_inheritance n where n.brand_id = p_brand and n.from_arm_id = h.id and n.inherited_at > h.since)
  )
  select h.id, sum(h.fraction)
  from holder h
  where not exists (
    select from stimuli.arm_inheritance i
    where i.brand_id = p_brand and i.from_arm_id = h.id and i.arm_id = h.id and i.inherited_at > h.since)
  group by h.id
$$;
comment on function private.holders_of_reward(uuid, uuid, uuid, timestamptz) is
  'Which arms hold what a cohort and a template were rewarded with at p_rewarded_at, and what fraction of it: the arm itself or its heirs at that time (private.reward_heirs), and those who took it over since (stimuli.arm_inheritance).';

create function private.take_back_reward(p_brand uuid, p_cohort uuid, p_template uuid, p_responses integer, p_rewarded_at timestamptz)
returns void
language sql
volatile
set search_path = ''
as $$
  update stimuli.arms a
  set alpha = greatest(private.parameter(p_brand, 'stimuli.prior_alpha')::double precision, a.alpha - p_responses * f.g), beta = a.beta + p_responses * f.g
  from (
    select t.id, h.fraction * 2 ^ -least(1000, greatest(0, extract(epoch from t.last_reward_at - p_rewarded_at) / 86400
      / private.parameter(p_brand, 'stimuli.half_life_days')::double precision))::double precision as g
    from private.holders_of_reward(p_brand, p_cohort, p_template, p_rewarded_at) h
    join stimuli.arms t on t.id = h.arm_id
  ) f
  where a.id = f.id
$$;
comment on function private.take_back_reward(uuid, uuid, uuid, integer, timestamptz) is
  'Makes silences of p_responses responses that an arm was rewarded with at p_rewarded_at: what has not faded of them since, 2^(-days / half-life) each, moves from alpha to beta, in the arm and in those that took over what it had learnt. Nothing where there is no such arm.';
