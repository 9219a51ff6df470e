create function private.exploration_floor(p_floor double precision, p_cap double precision, p_candidates bigint)
returns double precision
language sql
immutable
set search_path = ''
as $$
  select case when p_candidates > 1 then least(greatest(p_floor, (1 - p_cap) / (p_candidates - 1)), 0.5 / p_candidates) else 0 end
$$;
comment on function private.exploration_floor(double precision, double precision, bigint) is
  'Least probability of each of several candidates: p_floor, or more where one of them could exceed p_cap otherwise; at most half of an even share. 0 for one.';

create function private.add_odds(p_round stimuli.choice_rounds)
returns void
language sql
volatile
set search_path = ''
as $$
  with slot as materialized (
    select distinct coalesce(s.template_id, s.id) as id from stimuli.stimuli_base s
    where s.brand_id = p_round.brand_id and s.id = any (p_round.candidates)
  ),
  known as materialized (
    select * from private.arm_posteriors(p_round.brand_id, p_round.decided_at)
  ),
  harmful as materialized (
    select * from private.harmful_arms(p_round.brand_id, p_round.decided_at)
  ),
  arm as materialized (
    select c.id as cohort_id, s.id as slot_id,
      -- Nothing is known of what was made without a template.
      coalesce(k.alpha, private.parameter(p_round.brand_id, 'stimuli.prior_alpha')::double precision) as alpha,
      coalesce(k.beta, private.parameter(p_round.brand_id, 'stimuli.prior_beta')::double precision) as beta,
      -- What one person is chosen for alone leaves nothing to stop.
      exists (select from harmful h where h.cohort_id = c.id and h.template_id = s.id) and (select count(*) from slot) > 1 as is_stopped
    from (
      select o.id from cohorts.cohorts o where o.brand_id = p_round.brand_id and o.cohort_status = 'active' and o.member_count > 0
      union all select null
    ) c
    cross join slot s
    left join known k on k.cohort_id is not distinct from c.id and k.template_id = s.id
  ),
  best as materialized (
    select x.cohort_id, b.slot_id, b.p
    from (
      select a.cohort_id, array_agg(a.slot_id order by a.slot_id) as slots,
        private.best_arm_probabilities(array_agg(a.alpha order by a.slot_id), array_agg(a.beta order by a.slot_id)) as p
      from arm a where not a.is_stopped group by a.cohort_id
    ) x
    cross join lateral unnest(x.slots, x.p) b (slot_id, p)
  ),
  share as (
    select a.*, coalesce(b.p, 0) as best, case when b.p >= 1 - p_round.exploration_cap then b.p else 0 end as free
    from arm a left join best b on b.cohort_id is not distinct from a.cohort_id and b.slot_id = a.slot_id
  )
  insert into stimuli.choice_odds (brand_id, round_id, cohort_id, slot_id, alpha, beta, best_probability, free_share, is_stopped)
  select p_round.brand_id, p_round.id, s.cohort_id, s.slot_id, s.alpha, s.beta, least(1, s.best),
    coalesce(least(1, coalesce(s.free / nullif(sum(s.free) over c, 0), (not s.is_stopped)::integer::double precision / nullif(count(*) filter (where not s.is_stopped) over c, 0))), 0),
    s.is_stopped
  from share s
  window c as (partition by s.cohort_id)
$$;
comment on function private.add_odds(stimuli.choice_rounds) is
  'Writes the odds of a round for every active cohort with members, and for people without one.';

create function private.explain_odds(p_round stimuli.choice_rounds)
returns void
language sql
volatile
set search_path = ''
as $$
  with cohort as materialized (
    select o.cohort_id, c.cohort_name, count(*) as candidates, max(o.best_probability) as confidence,
      (array_agg(n.name order by o.free_share desc, o.slot_id))[1] as first_name, max(o.free_share) as first_share,
      jsonb_agg(jsonb_build_object('slot_id', o.slot_id, 'name', n.name, 'alpha', o.alpha, 'beta', o.beta, 'expected', o.alpha / (o.alpha + o.beta),
        'best_probability', o.best_probability, 'probability', case when o.is_stopped then 0 else e.floor + (1 - e.live * e.floor) * o.free_share end,
        'is_stopped', o.is_stopped) order by o.best_probability desc, o.slot_id) as alternatives,
      coalesce(jsonb_agg(jsonb_build_object('kind', 'arm', 'id', a.id) order by o.slot_id) filter (where a.id is not null), '[]') as arms
    from (select x.*, count(*) filter (where not x.is_stopped) over (partition by x.cohort_id) as live from stimuli.choice_odds x where x.round_id = p_round.id) o
    cross join lateral (select o.live, private.exploration_floor(p_round.exploration_floor, p_round.exploration_cap, o.live) as floor) e
    left join cohorts.cohorts c on c.brand_id = o.brand_id and c.id = o.cohort_id
    left join stimuli.arms a on a.brand_id = o.brand_id and a.cohort_id = o.cohort_id and a.template_id = o.slot_id
    cross join lateral (select coalesce((select t.template_name from stimuli.stimulus_templates t where t.id = o.slot_id),
      (select s.stimulus_name from stimuli.stimuli_base s where s.id = o.slot_id)) as name) n
    group by o.cohort_id, c.cohort_name
  ),
  logged as materialized (
    select c.cohort_id, private.log_reasoning(p_round.brand_id, 'stimulus_generation', case when c.cohort_id is null then 'global' else 'cohort' end, c.cohort_id,
      format('%s for %s: %s of %s candidates, with %s of 100 of what exploration leaves', c.first_name, coalesce(c.cohort_name, 'people without a cohort'),
        case when c.first_share > 0 then 'the first' else 'none' end, c.candidates, round((100 * c.first_share)::numeric, 1)),
      c.confidence, case when c.cohort_id is null then '[]'::jsonb else jsonb_build_array(jsonb_build_object('kind', 'cohort', 'id', c.cohort_id)) end || c.arms,
      c.alternatives,
      jsonb_build_array(
        'Posterior of the response rate of each candidate in the cohort, shrunk to how it does elsewhere.',
        'best_probability: that it is the best of them. What is surely worse than sending nothing is stopped; what is hardly ever the best falls to the floor.',
        'A person''s probability mixes those of its cohorts and is moved by its own responses; that of what it got is in its deployment (propensity).')) as id
    from cohort c
  )
  update stimuli.choice_odds o set reasoning_log_id = l.id
  from logged l where o.round_id = p_round.id and o.cohort_id is not distinct from l.cohort_id
$$;
comment on function private.explain_odds(stimuli.choice_rounds) is 'Logs why a round shares its people out as it does: one reasoning for each cohort.';

create function private.add_round(p_brand uuid, p_mode text, p_stimuli uuid[], p_now timestamptz, p_seed integer)
returns stimuli.choice_rounds
language plpgsql
volatile
set search_path = ''
as $$
declare
  v_round stimuli.choice_rounds;
begin
  insert into stimuli.choice_rounds (brand_id, choice_mode, candidates, seed, decided_at, holdout_share, exploration_floor, exploration_cap,
    membership_sharpness, context_strength)
  values (p_brand, p_mode, p_stimuli, p_seed, p_now,
    private.parameter(p_brand, 'stimuli.holdout_share')::double precision, private.parameter(p_brand, 'stimuli.exploration_floor')::double precision,
    private.parameter(p_brand, 'stimuli.exploration_cap')::double precision, private.parameter(p_brand, 'stimuli.membership_sharpness')::double precision,
    private.parameter(p_brand, 'stimuli.context_strength')::double precision)
  returning * into v_round;
  perform private.add_odds(v_round);
  perform private.explain_odds(v_round);
  return v_round;
end
$$;
comment on function private.add_round(uuid, text, uuid[], timestamptz, integer) is
  'A choice between stimuli (p_stimuli, in order) with the settings and the odds of p_now. p_mode: batch or pull.';
