create function private.round_audience(p_round stimuli.choice_rounds, p_actors uuid[])
returns table (actor_id uuid, stimulus_id uuid, slot_id uuid, cohort_id uuid)
language sql
stable
set search_path = ''
as $$
  with candidate as materialized (
    select s.id, coalesce(s.template_id, s.id) as slot_id, s.target_cohort_id, s.target_actor_id
    from stimuli.stimuli_base s
    where s.brand_id = p_round.brand_id and s.id = any (p_round.candidates)
  ),
  reached as (
    select m.actor_id, c.id as stimulus_id, c.slot_id, c.target_cohort_id
    from candidate c
    join cohorts.cohorts k on k.brand_id = p_round.brand_id and k.id = c.target_cohort_id
    join cohorts.actor_cohort_membership m on m.brand_id = p_round.brand_id and m.cohort_id = c.target_cohort_id and m.is_active
      and (m.membership_type = 'primary' or not k.is_emergent)
    where c.target_actor_id is null and (p_actors is null or m.actor_id = any (p_actors))
    union all
    select c.target_actor_id, c.id, c.slot_id, null from candidate c
    where c.target_actor_id is not null and (p_actors is null or c.target_actor_id = any (p_actors))
  ),
  given as materialized (
    select d.actor_id, d.stimulus_id, d.window_ends_at > p_round.decided_at as is_open
    from stimuli.stimulus_deployments d
    where d.brand_id = p_round.brand_id and d.stimulus_id = any (p_round.candidates)
  ),
  stopped as materialized (
    select o.cohort_id, o.slot_id from stimuli.choice_odds o where o.round_id = p_round.id and o.is_stopped and o.cohort_id is not null
  )
  select r.actor_id, r.stimulus_id, r.slot_id, r.target_cohort_id
  from reached r
  where not exists (select from given g where g.actor_id = r.actor_id and (g.is_open or g.stimulus_id = r.stimulus_id))
    and not exists (select from stopped s where s.cohort_id = r.target_cohort_id and s.slot_id = r.slot_id)
$$;
comment on function private.round_audience(stimuli.choice_rounds, uuid[]) is
  'Who could get which candidate of a round: members of its cohort, or its one person; of p_actors (null: all). Nobody gets a stimulus twice, nor a second candidate while the window of the first is open, nor what was stopped for the cohort.';

create function private.round_probabilities(p_round stimuli.choice_rounds, p_actors uuid[])
returns table (actor_id uuid, stimulus_id uuid, cohort_id uuid, probability double precision, reaches double precision, is_last boolean, belief_version bigint)
language sql
stable
set search_path = ''
set jit = off
as $$
  with audience as materialized (
    select a.*, coalesce(a.cohort_id, '00000000-0000-0000-0000-000000000000') as home
    from private.round_audience(p_round, p_actors) a
  ),
  odds as materialized (
    select coalesce(o.cohort_id, '00000000-0000-0000-0000-000000000000') as cohort_id, o.slot_id, o.free_share
    from stimuli.choice_odds o where o.round_id = p_round.id
  ),
  -- Somebody of whom no cohort is known stands for the brand.
  weight as materialized (
    select w.actor_id, w.cohort_id, w.x / sum(w.x) over (partition by w.actor_id) as share
    from (
      select m.actor_id, m.cohort_id, power(greatest(m.membership_confidence, 0.01), p_round.membership_sharpness) as x
      from cohorts.actor_cohort_membership m
      where m.brand_id = p_round.brand_id and m.is_active and (p_actors is null or m.actor_id = any (p_actors))
        and m.cohort_id in (select o.cohort_id from odds o)
      union all
      select distinct a.actor_id, a.home, 1 from audience a where a.cohort_id is null and not exists (
        select from cohorts.actor_cohort_membership m
        where m.brand_id = p_round.brand_id and m.actor_id = a.actor_id and m.is_active and m.cohort_id in (select o.cohort_id from odds o))
    ) w
  ),
  kind as materialized (
    select s.slot_id, 'response.' || t.template_category as attribute
    from (select distinct a.slot_id from audience a) s
    join stimuli.stimulus_templates t on t.brand_id = p_round.brand_id and t.id = s.slot_id
    where p_round.context_strength > 0
  ),
  expected as materialized (
    select coalesce(p.group_id, '00000000-0000-0000-0000-000000000000') as cohort_id, p.attribute, least(0.99, greatest(0.01, p.mean)) as mean, p.strength
    from actors.belief_priors p
    where p.brand_id = p_round.brand_id and p.attribute in (select k.attribute from kind k) and p.valid_until = 'infinity' and p.strength is not null
  ),
  -- Successes and trials that are left of a person's responses (see actors.actor_beliefs.state).
  response as materialized (
    select b.actor_id, b.attribute, b.version, b.state[1] * b.state[6 + 5 * b.state[5]::integer] * f.g as x, b.state[1] * b.state[4] * f.g as n
    from actors.actor_beliefs b
    cross join lateral (select power(2::double precision,
      -least(200, greatest(0, extract(epoch from p_round.decided_at - b.as_of)::double precision / 86400 / b.tracking[1]))) as g) f
    where b.brand_id = p_round.brand_id and b.attribute in (select k.attribute from kind k) and b.context = '' and not b.is_stated
      and b.distribution = 'beta' and (p_actors is null or b.actor_id = any (p_actors))
  ),
  moved as materialized (
    select r.actor_id, k.slot_id, e.cohort_id, r.version, exp(p_round.context_strength * greatest(-1, least(1,
      ln((e.strength * e.mean + r.x) / greatest(1e-9, e.strength * (1 - e.mean) + greatest(0, r.n - r.x))) - ln(e.mean / (1 - e.mean))))) as odds
    from response r
    join kind k on k.attribute = r.attribute
    join expected e on e.attribute = r.attribute
  ),
  scored as (
    select a.actor_id, a.stimulus_id, a.cohort_id, a.slot_id, a.home, sum(w.share * o.free_share) as score
    from audience a
    join weight w on w.actor_id = a.actor_id
    join odds o on o.cohort_id = w.cohort_id and o.slot_id = a.slot_id
    group by a.actor_id, a.stimulus_id, a.cohort_id, a.slot_id, a.home
  ),
  shared as (
    select s.actor_id, s.stimulus_id, s.cohort_id, s.score * coalesce(m.odds, 1) as score, m.version
    from scored s
    left join moved m on m.actor_id = s.actor_id and m.slot_id = s.slot_id and m.cohort_id = s.home
  ),
  counted as (
    select s.*, count(*) over p as n, sum(s.score) over p as total, sum(s.version) over p as versions from shared s window p as (partition by s.actor_id)
  ),
  probability as (
    select c.*, f.floor + (1 - c.n * f.floor) * case when c.total > 0 then c.score / c.total else 1.0 / c.n end as p
    from counted c
    -- private.exploration_floor, written out: it is asked for every person and candidate.
    cross join lateral (select case when c.n > 1
      then least(greatest(p_round.exploration_floor, (1 - p_round.exploration_cap) / (c.n - 1)), 0.5 / c.n) else 0 end as floor) f
  )
  select p.actor_id, p.stimulus_id, p.cohort_id, p.p, sum(p.p) over w, row_number() over w = p.n, p.versions::bigint
  from probability p
  window w as (partition by p.actor_id order by p.stimulus_id)
$$;
comment on function private.round_probabilities(stimuli.choice_rounds, uuid[]) is
  'With what probability each person would get each candidate that it could get, and the sum of them up to this one (reaches). Floor + rest x (shares of the person''s cohorts, mixed by the sharpened probabilities of membership, times the odds ratio of its own responses to that kind of template to those of its cohort, to the power of context_strength, cut to 1/e and e). belief_version: sum of the versions of the beliefs that went into it.';

create function private.round_choices(p_round stimuli.choice_rounds, p_actors uuid[], p_now timestamptz, p_seed integer)
returns table (actor_id uuid, stimulus_id uuid, cohort_id uuid, is_holdout boolean, propensity double precision, belief_version bigint)
language sql
stable
set search_path = ''
set jit = off
as $$
  with drawn as (
    select p.*
    from (
      select r.*, r.reaches - r.probability as begins,
        -- private.random_uniform, written out.
        (((hashint8extended(0, hashtextextended(concat_ws(':', p_seed, (extract(epoch from p_now) * 1000)::bigint, r.actor_id), 0)) >> 11) & 9007199254740991) + 0.5::double precision) / 9007199254740992 as u
      from private.round_probabilities(p_round, p_actors) r
    ) p
    where p.u >= p.begins and (p.u < p.reaches or p.is_last)
  )
  select d.actor_id, d.stimulus_id, d.cohort_id, h.is_holdout,
    d.probability * case when h.is_holdout then p_round.holdout_share else 1 - p_round.holdout_share end, d.belief_version
  from drawn d
  cross join lateral (
    select private.random_uniform(hashtextextended(concat_ws(':', p_seed, d.actor_id, d.stimulus_id), 0), 0) < p_round.holdout_share as is_holdout offset 0) h
$$;
comment on function private.round_choices(stimuli.choice_rounds, uuid[], timestamptz, integer) is
  'One candidate for each person (p_actors; null: everybody it is for), drawn with the probabilities of private.round_probabilities by a hash of p_seed, p_now and person; held out or not by a hash of p_seed, person and stimulus, so that one stimulus says nothing about who is held out of another. propensity is the probability of both together.';
