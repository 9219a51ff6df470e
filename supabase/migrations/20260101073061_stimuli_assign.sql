create function private.round_probabilities(p_round stimuli.choice_rounds, p_actors uuid[], p_now timestamptz default null, p_seed integer default null)
returns table (actor_id uuid, stimulus_id uuid, cohort_id uuid, probability double precision, belief_version bigint)
language plpgsql
stable
set search_path = ''
set plan_cache_mode = force_custom_plan -- one person or everybody
set enable_nestloop = off -- sets in memory and of unknown number: hash joins, never a quadratic one
set enable_mergejoin = off
set jit = off
set work_mem = '128MB' -- a row for each person and candidate is sorted once
as $$
#variable_conflict use_column
declare
  v_none constant uuid := '00000000-0000-0000-0000-000000000000'::uuid;
begin
  return query
  -- A candidate is for the members of its cohort, or for its one person: either is its target.
  with candidate as materialized (
    select coalesce(s.target_actor_id, s.target_cohort_id) as target, coalesce(s.template_id, s.id) as slot_id, s.id as stimulus_id,
      case when s.target_actor_id is null then s.target_cohort_id end as cohort_id,
      case g.variant_choice when 'weights' then s.variant_weight end as weight
    from stimuli.stimuli_base s
    left join stimuli.campaigns g on g.brand_id = s.brand_id and g.stimulus_id = s.campaign_id
    where s.brand_id = p_round.brand_id and s.id = any (p_round.candidates)
      and not exists (
        select from stimuli.choice_odds o
        where o.round_id = p_round.id and o.is_stopped and s.target_actor_id is null and o.cohort_id = s.target_cohort_id and o.slot_id = coalesce(s.template_id, s.id))
  ),
  target as materialized (
    select c.target, k.id is null as is_person, coalesce(k.is_emergent, false) as is_emergent
    from (select distinct d.target from candidate d) c left join cohorts.cohorts k on k.brand_id = p_round.brand_id and k.id = c.target
  ),
  given as materialized (
    select d.actor_id, d.stimulus_id, d.window_ends_at > p_round.decided_at as is_open
    from stimuli.stimulus_deployments d
    where d.brand_id = p_round.brand_id and d.stimulus_id = any (p_round.candidates) and (p_actors is null or d.actor_id = any (p_actors))
  ),
  reached as materialized (
    select r.*,
      -- private.random_uniform, written out.
      (((hashint8extended(0, hashtextextended(concat_ws(':', p_seed, (extract(epoch from p_now) * 1000)::bigint, r.actor_id), 0)) >> 11) & 9007199254740991) + 0.5::double precision) / 9007199254740992 as u
    from (
      select m.actor_id, t.target
      from target t
      join cohorts.actor_cohort_membership m on m.brand_id = p_round.brand_id and m.cohort_id = t.target and m.is_active
        and (m.membership_type = 'primary' or not t.is_emergent)
      where not t.is_person and (p_actors is null or m.actor_id = any (p_actors))
      union all
      select t.target, t.target from target t where t.is_person and (p_actors is null or t.target = any (p_actors))
    ) r
    where not exists (select from given g where g.actor_id = r.actor_id and g.is_open)
  ),
  kind as materialized (
    select c.target, c.slot_id, 'response.' || t.template_category as attribute
    from candidate c
    join stimuli.stimulus_templates t on t.brand_id = p_round.brand_id and t.id = c.slot_id
    where p_round.context_strength > 0 and cardinality(p_round.candidates) > 1
  ),
  -- What each candidate is worth to people of a cohort (null: of none), and how those it is for respond to its kind.
  offered as materialized (
    select coalesce(o.cohort_id, v_none) as cohort_id, c.target, c.stimulus_id, c.cohort_id as home_id, c.weight, o.free_share, k.attribute, ln(p.mean / (1 - p.mean)) as logit,
      p.mean * p.strength as x, (1 - p.mean) * p.strength as y
    from candidate c
    join stimuli.choice_odds o on o.round_id = p_round.id and o.slot_id = c.slot_id
    left join (
      select k.target, k.slot_id, b.attribute, b.group_id, least(0.99, greatest(0.01, b.mean)) as mean, b.strength
      from kind k
      join actors.belief_priors b on b.brand_id = p_round.brand_id and b.attribute = k.attribute and b.valid_until = 'infinity' and b.strength is not null
    ) p on p.target = c.target and p.slot_id = c.slot_id and p.group_id is not distinct from c.cohort_id
    left join kind k on k.target = p.target and k.slot_id = p.slot_id
  ),
  member as materialized (
    select m.actor_id, m.cohort_id, m.x / sum(m.x) over (partition by m.actor_id) as share
    from (
      select a.actor_id, a.cohort_id, power(greatest(a.membership_confidence, 0.01), p_round.membership_sharpness) as x
      from cohorts.actor_cohort_membership a
      where a.brand_id = p_round.brand_id and a.is_active and (p_actors is null or a.actor_id = any (p_actors))
        and a.cohort_id in (select o.cohort_id from offered o)
    ) m
  ),
  person as materialized (
    select r.*, w.cohort_id, w.share
    from (
      select m.* from member m
      union all
      select t.target, v_none, 1 from target t where t.is_person and t.target not in (select m.actor_id from member m)
    ) w
    join reached r on r.actor_id = w.actor_id
  ),
  -- Successes and failures that are left of a person's responses (see actors.actor_beliefs.state).
  response as materialized (
    select b.actor_id, b.attribute, b.version, s.x, greatest(0, s.n - s.x) as y
    from actors.actor_beliefs b
    cross join lateral (
      select b.state[1] * b.state[6 + 5 * b.state[5]::integer] * f.g as x, b.state[1] * b.state[4] * f.g as n
      from (select power(2::double precision, -least(200, greatest(0, extract(epoch from p_round.decided_at - b.as_of)::double precision / 86400 / b.tracking[1]))) as g) f
    ) s
    where b.brand_id = p_round.brand_id and b.attribute in (select o.attribute from offered o) and b.context = '' and not b.is_stated
      and b.distribution = 'beta' and (p_actors is null or b.actor_id = any (p_actors))
  ),
  -- Shares of the person's cohorts, mixed by how likely it is of each, and moved by what it did itself.
  scored as (
    select r.actor_id, o.stimulus_id, o.home_id, r.u, max(h.version) as version, max(o.weight) as weight, coalesce(max(o.weight), sum(r.share * o.free_share) * coalesce(max(
      -- greatest and least pass over nulls: where the person never answered, they would give the bound.
      case when h.x is not null then exp(p_round.context_strength * greatest(-1, least(1, ln((o.x + h.x) / (o.y + h.y)) - o.logit))) end), 1)) as score
    from person r
    join offered o on o.cohort_id = r.cohort_id and o.target = r.target
    left join response h on h.actor_id = r.actor_id and h.attribute = o.attribute
    where not exists (select from given g where g.actor_id = r.actor_id and g.stimulus_id = o.stimulus_id)
    group by r.actor_id, o.stimulus_id, o.home_id, r.u
  ),
  counted as (
    select s.*, count(*) over p as n, sum(s.score) over p as total, sum(s.version) over p as versions, bool_or(s.weight is not null) over p as is_weighted
    from scored s
    window p as (partition by s.actor_id order by s.stimulus_id rows between unbounded preceding and unbounded following)
  ),
  shared as (
    select c.*, f.floor + (1 - c.n * f.floor) * case when c.total > 0 then c.score / c.total else 1.0 / c.n end as p
    from counted c
    -- private.exploration_floor, written out: it is asked for every person and candidate.
    cross join lateral (select case when c.n > 1 and not c.is_weighted
      then least(greatest(p_round.exploration_floor, (1 - p_round.exploration_cap) / (c.n - 1)), 0.5 / c.n) else 0 end as floor) f
  )
  select d.actor_id, d.stimulus_id, d.home_id, d.p, d.versions::bigint
  from (
    select s.*, sum(s.p) over w as reaches, row_number() over w = s.n as is_last
    from shared s
    window w as (partition by s.actor_id order by s.stimulus_id rows between unbounded preceding and current row)
  ) d
  where p_seed is null or d.u >= d.reaches - d.p and (d.u < d.reaches or d.is_last);
end
$$;
comment on function private.round_probabilities(stimuli.choice_rounds, uuid[], timestamptz, integer) is
  'With what probability people (p_actors; null: everybody it is for) get each candidate of a round: all of them, or, with p_seed, the one that a hash of p_seed, p_now and person draws with these probabilities. Floor + rest x (shares of the person''s cohorts, mixed by the sharpened probabilities of membership, times the odds ratio of its own responses to that kind of template to those of its cohort, to the power of context_strength, cut to 1/e and e); of variants of a campaign that is spread by weights: their weights. belief_version: sum of the versions of the beliefs that went into it. Nobody gets a stimulus twice, nor a second candidate while the window of the first is open, nor what was stopped for the cohort.';

create function private.round_choices(p_round stimuli.choice_rounds, p_actors uuid[], p_now timestamptz, p_seed integer)
returns table (actor_id uuid, stimulus_id uuid, cohort_id uuid, is_holdout boolean, propensity double precision, belief_version bigint)
language sql
stable
set search_path = ''
as $$
  select d.actor_id, d.stimulus_id, d.cohort_id, h.is_holdout,
    d.probability * case when h.is_holdout then p_round.holdout_share else 1 - p_round.holdout_share end, d.belief_version
  from private.round_probabilities(p_round, p_actors, p_now, p_seed) d
  cross join lateral (
    -- private.random_uniform, written out.
    select (((hashint8extended(0, hashtextextended(concat_ws(':', p_seed, d.actor_id, d.stimulus_id), 0)) >> 11) & 9007199254740991) + 0.5::double precision) / 9007199254740992
      < p_round.holdout_share as is_holdout offset 0) h
$$;
comment on function private.round_choices(stimuli.choice_rounds, uuid[], timestamptz, integer) is
  'One candidate for each person (p_actors; null: everybody it is for), held out or not by a hash of p_seed, person and stimulus, so that one stimulus says nothing about who is held out of another. propensity is the probability of both together.';
