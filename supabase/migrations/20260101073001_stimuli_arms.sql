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

create function private.arm_posteriors(p_brand uuid, p_now timestamptz)
returns table (
  cohort_id uuid,
  template_id uuid,
  alpha double precision,
  beta double precision,
  pulls bigint,
  successes double precision,
  failures double precision,
  prior_mean double precision,
  prior_strength double precision
)
language sql
stable
set search_path = ''
as $$
  with setting as materialized (
    select private.parameter(p_brand, 'stimuli.prior_alpha')::double precision as a0, private.parameter(p_brand, 'stimuli.prior_beta')::double precision as b0,
      private.parameter(p_brand, 'stimuli.half_life_days')::double precision as half_life
  ),
  -- private.faded_arm, written out: it is asked for every cohort and template.
  cell as materialized (
    select c.id as cohort_id, t.id as template_id, coalesce(a.pulls, 0) as pulls,
      coalesce(f.g * greatest(a.alpha - s.a0, 0), 0) as x, coalesce(f.g * greatest(a.beta - s.b0, 0), 0) as y
    from setting s
    cross join cohorts.cohorts c
    cross join stimuli.stimulus_templates t
    left join stimuli.arms a on a.brand_id = p_brand and a.cohort_id = c.id and a.template_id = t.id
    cross join lateral (select power(2::double precision, -least(1000, greatest(0,
      coalesce(extract(epoch from p_now - a.last_reward_at)::double precision / 86400 / s.half_life, 0)))) as g) f
    where c.brand_id = p_brand and c.cohort_status = 'active' and t.brand_id = p_brand and (t.is_active or a.id is not null)
  ),
  brand as materialized (
    select s.a0, s.a0 + s.b0 as m0, (s.a0 + coalesce(sum(c.x), 0)) / (s.a0 + s.b0 + coalesce(sum(c.x + c.y), 0)) as rate
    from setting s left join cell c on true group by s.a0, s.b0
  ),
  expected as (
    select c.*, h.rate as cohort_rate, (c.x + c.y) * h.rate as e
    from cell c
    join (
      select k.cohort_id, (b.m0 * b.rate + sum(k.x)) / (b.m0 + sum(k.x + k.y)) as rate from cell k cross join brand b group by k.cohort_id, b.m0, b.rate
    ) h on h.cohort_id = c.cohort_id
  ),
  -- What the cohort responds with on the whole, times how the template does beside that in the other cohorts.
  prior as materialized (
    select e.*, least(0.95, greatest(0.001, e.cohort_rate * (b.a0 + sum(e.x) over t - e.x) / (b.a0 + sum(e.e) over t - e.e))) as mean
    from expected e cross join brand b
    window t as (partition by e.template_id)
  ),
  -- How far cohorts differ beyond chance, by moments of the beta-binomial; as if four arms had said what the prior says.
  likeness as materialized (
    select least(1000, greatest(1, 1 / greatest(1e-3, (count(*) filter (where p.x + p.y > 1) * coalesce(greatest(0, least(1,
        sum((p.x - (p.x + p.y) * p.mean) ^ 2 - (p.x + p.y) * p.mean * (1 - p.mean)) filter (where p.x + p.y > 1)
        / nullif(sum((p.x + p.y) * (p.x + p.y - 1) * p.mean * (1 - p.mean)) filter (where p.x + p.y > 1), 0))), 0) + 4 / (b.m0 + 1))
      / (count(*) filter (where p.x + p.y > 1) + 4)) - 1)) as strength
    from brand b left join prior p on true group by b.m0
  )
  select p.cohort_id, p.template_id, l.strength * p.mean + p.x, l.strength * (1 - p.mean) + p.y, p.pulls, p.x, p.y, p.mean, l.strength
  from prior p cross join likeness l
  union all
  select null, c.template_id, b.m0 * b.rate + sum(c.x), b.m0 * (1 - b.rate) + sum(c.y), sum(c.pulls)::bigint, sum(c.x), sum(c.y), b.rate, b.m0
  from cell c cross join brand b group by c.template_id, b.m0, b.rate
$$;
comment on function private.arm_posteriors(uuid, timestamptz) is
  'Posterior of every template in every active cohort as of p_now, Beta(alpha, beta) = Beta(m p + successes, m (1 - p) + failures). successes and failures: what is left of the rewards (private.faded_arm). p = r_c o_k / e_k: response rate of the cohort over all templates times the responses to the template in the other cohorts over those expected there by their rates. m: as much as so many people, from how far the arms lie apart beyond chance (beta-binomial, empirical Bayes by moments): large where cohorts are alike. So a cohort of which little is known stands near the others, one of which much is known at its own. cohort_id null: all cohorts together, for people without one.';

create function private.harmful_arms(p_brand uuid, p_now timestamptz)
returns table (cohort_id uuid, template_id uuid)
language sql
stable
set search_path = ''
as $$
  with held_out as materialized (
    select h.cohort_id, sum(h.g * h.x) as x, sum(h.g * h.n) as n
    from (
      select d.cohort_id, count(*) as n, count(*) filter (where d.response_status = 'converted') as x,
        power(2::double precision, -least(1000, greatest(0, extract(epoch from p_now - d.learned_at)::double precision / 86400
          / private.parameter(p_brand, 'stimuli.half_life_days')::double precision))) as g
      from stimuli.stimulus_deployments d
      where d.brand_id = p_brand and d.is_holdout and d.learned_at is not null
      group by d.cohort_id, d.learned_at
    ) h
    group by h.cohort_id
  ),
  nothing as (
    select h.cohort_id, b.mean, b.mean * (1 - b.mean) / (h.n + 2) as variance
    from held_out h cross join lateral (select (h.x + 0.5) / (h.n + 1) as mean) b
    where h.cohort_id is not null
  )
  select p.cohort_id, p.template_id
  from private.arm_posteriors(p_brand, p_now) p
  join nothing n on n.cohort_id = p.cohort_id
  where p.alpha / (p.alpha + p.beta) - n.mean + private.parameter(p_brand, 'stimuli.harm_deviations')::double precision
    * sqrt(n.variance + p.alpha * p.beta / ((p.alpha + p.beta) ^ 2 * (p.alpha + p.beta + 1))) < 0
$$;
comment on function private.harmful_arms(uuid, timestamptz) is
  'Templates that surely do harm in a cohort: the response to them lies below that of its held-out people by more than stimuli.harm_deviations standard deviations of the difference. Both fade, so what was stopped is tried again when it is no longer sure.';

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
