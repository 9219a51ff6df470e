create view private.person_outcomes with (security_invoker = true) as
select r.brand_id, r.actor_id, r.occurred_at, r.outcome_type, r.outcome_value from private.signal_responses r
union all
-- A recorded one has a row for each deployment that it followed.
(select distinct on (o.brand_id, o.source_key) o.brand_id, o.target_actor_id, o.outcome_timestamp, o.outcome_type, o.outcome_value
 from outcomes.outcomes o where o.source_key is not null order by o.brand_id, o.source_key, o.id);
comment on view private.person_outcomes is
  'What people did, once each, whatever was sent to them: signals read as outcomes, and outcomes that were recorded without a signal. Silence is none.';

create function private.experiment_people(p_brand uuid, p_experiment uuid, p_now timestamptz)
returns table (person_id uuid, variant_id uuid, covariate double precision, assigned_at timestamptz, exposed_at timestamptz, is_crossover boolean, is_counted boolean)
language sql
stable
set search_path = ''
set enable_nestloop = off -- everything here is read whole: hash joins, never a quadratic one
as $$
  with assigned as materialized (
    select x.actor_id, x.variant_id, x.covariate, x.assigned_at from stimuli.experiment_assignments x
    where x.brand_id = p_brand and x.experiment_id = p_experiment and x.assigned_at <= p_now
  ),
  people as materialized (
    select s.actor_id, s.person_id from private.survivors(p_brand, array(select a.actor_id from assigned a)) s
  ),
  exposed as materialized (
    select coalesce(s.person_id, x.actor_id) as person_id, min(x.variant_id) as first_variant, max(x.variant_id) as last_variant, min(x.exposed_at) as exposed_at
    from (
      select e.actor_id, e.variant_id::text as variant_id, e.exposed_at from stimuli.experiment_exposures e
      where e.brand_id = p_brand and e.experiment_id = p_experiment and e.exposed_at <= p_now
    ) x
    left join people s on s.actor_id = x.actor_id
    group by 1
  ),
  own as (
    select s.person_id, min(a.variant_id::text) as first_variant, max(a.variant_id::text) as last_variant, min(a.assigned_at) as assigned_at,
      (array_agg(a.covariate order by a.assigned_at, a.actor_id))[1] as covariate
    from assigned a join people s on s.actor_id = a.actor_id
    group by s.person_id
  )
  select o.person_id, o.first_variant::uuid, o.covariate, o.assigned_at, e.exposed_at,
    o.first_variant <> o.last_variant or coalesce(e.first_variant <> o.first_variant or e.last_variant <> o.first_variant, false),
    coalesce(e.exposed_at + x.outcome_window_days * interval '1 day' <= p_now, false)
      and o.first_variant = o.last_variant and e.first_variant = o.first_variant and e.last_variant = o.first_variant
  from own o
  join stimuli.experiments x on x.brand_id = p_brand and x.id = p_experiment
  left join exposed e on e.person_id = o.person_id
$$;
comment on function private.experiment_people(uuid, uuid, timestamptz) is
  'The people of an experiment as they are known today, each once however many were merged into it: variant, covariate of the first assignment, first exposure, whether it belongs to or met more than one variant (a crossover, which is left out), and whether it counts: exposed, the outcome window over, no crossover.';

create function private.experiment_sums(p_brand uuid, p_experiment uuid, p_now timestamptz)
returns table (metric_id uuid, variant_id uuid, sums private.variant_sums)
language sql
stable
set search_path = ''
as $$
  with people as materialized (
    select p.person_id, p.variant_id, p.exposed_at, p.exposed_at + e.outcome_window_days * interval '1 day' as until,
      p.covariate
    from private.experiment_people(p_brand, p_experiment, p_now) p
    join stimuli.experiments e on e.brand_id = p_brand and e.id = p_experiment
    where p.is_counted
  ),
  happened as materialized (
    select p.person_id, o.outcome_type::text as outcome_type, count(*) as times, sum(o.outcome_value) as value
    from people p
    cross join lateral (
      -- One person's by the index on people; the times stay outside, or the index on times can look as good.
      select r.* from private.person_outcomes r where r.brand_id = p_brand and r.actor_id = p.person_id offset 0
    ) o
    where o.occurred_at >= p.exposed_at and o.occurred_at < p.until
    group by p.person_id, o.outcome_type
  ),
  metrics as materialized (
    select m.* from stimuli.experiment_metrics m where m.brand_id = p_brand and m.experiment_id = p_experiment
  ),
  measured as materialized (
    select m.id, h.person_id,
      case m.metric_kind
        when 'binary' then case when bool_or(h.outcome_type = any (m.numerator)) then 1 else 0 end
        when 'count' then sum(h.times) filter (where h.outcome_type = any (m.numerator))
        else sum(h.value) filter (where h.outcome_type = any (m.numerator)) end as y,
      sum(h.times) filter (where h.outcome_type = any (m.denominator)) as d
    from metrics m join happened h on h.outcome_type = any (m.numerator || m.denominator)
    group by m.id, m.metric_kind, h.person_id
  ),
  observed as materialized (
    select m.id, p.variant_id, p.covariate, coalesce(v.y, 0)::double precision as y,
      case when m.metric_kind = 'ratio' then coalesce(v.d, 0) else 1 end::double precision as d
    from metrics m cross join people p
    left join measured v on v.id = m.id and v.person_id = p.person_id
  ),
  unknown as materialized (
    -- Knowing nothing of a person is knowledge too: it stands where the others' line meets what such people do.
    select f.id, case when f.unknown >= 20 and f.slope <> 0 then f.mean + f.gap / f.slope else coalesce(f.mean, 0) end as x
    from (
      select o.id, count(*) filter (where o.covariate is null) as unknown, avg(o.covariate) as mean, regr_slope(o.y - r.ratio * o.d, o.covariate) as slope,
        avg(o.y - r.ratio * o.d) filter (where o.covariate is null) - avg(o.y - r.ratio * o.d) filter (where o.covariate is not null) as gap
      from observed o
      join (select i.id, sum(i.y) / nullif(sum(i.d), 0) as ratio from observed i group by i.id) r on r.id = o.id
      group by o.id
    ) f
  )
  select o.id, o.variant_id,
    row(count(*), sum(o.y), sum(o.d), sum(o.y * o.y), sum(o.d * o.d), sum(o.y * o.d), sum(x.x), sum(x.x * x.x), sum(o.y * x.x), sum(o.d * x.x))::private.variant_sums
  from observed o
  join unknown u on u.id = o.id
  cross join lateral (select coalesce(o.covariate, u.x, 0) as x) x
  group by o.id, o.variant_id
$$;
comment on function private.experiment_sums(uuid, uuid, timestamptz) is
  'Sums of every metric over the people that count, by variant: only outcomes in the outcome window after the first exposure. People of whom the covariate is not known get the value at which the line of all variants together meets their mean, so that not knowing lowers the variance as well.';
