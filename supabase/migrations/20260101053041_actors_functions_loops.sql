create function private.habits(p_brand uuid, p_actors uuid[], p_now timestamptz)
returns setof private.rhythm
language sql
stable
set search_path = ''
set enable_nestloop = off -- all rows are in memory and of unknown number: hash joins, never a quadratic one
as $$
  with occasions as materialized (
    select o.*, lag(o.day) over w as before_day from private.actors_occasions(p_brand, p_actors, p_now) o
    window w as (partition by o.actor_id, o.activity order by o.day)
  ), profile_people as materialized (
    select array(select a.id from actors.actors a where a.brand_id = p_brand and a.is_active order by a.last_seen_at desc, a.id limit 300) as ids
  ), profile_days as materialized (
    select o.* from profile_people p cross join lateral private.actors_occasions(p_brand, p.ids, p_now) o
  ), classes as materialized (
    -- 2000-01-01 was a Saturday. Two ways to cut the day, so that no habit lies across a border in both.
    select x.*, c.kind, c.class, c.classes
    from (
      select o.actor_id, o.activity, o.day, o.hour, o.before_day, o.source_id, o.weight, true as is_own from occasions o
      union all
      select d.actor_id, d.activity, d.day, d.hour, null, null, null, false from profile_days d
    ) x
    cross join lateral (values ('weekday', (x.day + 5) % 7, 7), ('hour', x.hour / 2, 12), ('hour_shifted', (x.hour + 1) % 24 / 2, 12)) c (kind, class, classes)
  ), profile_people_shares as (
    select c.actor_id, c.activity, c.kind, c.class, count(*)::double precision / sum(count(*)) over (partition by c.actor_id, c.activity, c.kind) as share
    from classes c where not c.is_own group by c.actor_id, c.activity, c.kind, c.class
  ), own as materialized (
    select c.actor_id, c.activity, c.kind, c.class, max(c.classes) as classes, count(*) as n
    from classes c where c.is_own group by c.actor_id, c.activity, c.kind, c.class
  ), totals as materialized (
    select o.actor_id, o.activity, count(*) as n,
      -- Days in a row are one visit more than they are many.
      count(*)::double precision / count(*) filter (where o.before_day is null or o.day - o.before_day > 2) as days_per_visit,
      max(o.day) as last_day, min(o.day) as first_day
    from occasions o group by o.actor_id, o.activity
  ), brand_shares as materialized (
    select s.activity, s.kind, s.class, sum(s.share) as total, sum(sum(s.share)) over (partition by s.activity, s.kind) as people
    from profile_people_shares s group by s.activity, s.kind, s.class
  ), expected as (
    -- What everybody here does, without this person; ten people who come at any time are assumed besides.
    select o.*, (10.0 / o.classes + coalesce(b.total, 0) - coalesce(p.share, 0)) / (10.0 + coalesce(b.people, 0) - case when p.share is null then 0 else 1 end) as share
    from own o
    left join brand_shares b using (activity, kind, class)
    left join profile_people_shares p using (actor_id, activity, kind, class)
  ), judged as materialized (
    select e.actor_id, e.activity, e.kind, max(e.classes) as classes, t.n, t.last_day, t.first_day,
      -- Dirichlet(0.3 K q) against q. Classes that never occur add nothing: their terms cancel.
      (private.ln_gamma(0.3 * max(e.classes)) - private.ln_gamma(0.3 * max(e.classes) + t.n)
        + sum(private.ln_gamma(0.3 * e.classes * e.share + e.n) - private.ln_gamma(0.3 * e.classes * e.share) - e.n * ln(e.share))) / t.days_per_visit as ln_bayes_factor,
      (array_agg(e.class order by e.n * ln(e.n / e.share / t.n) desc, e.class))[1] as class,
      (array_agg(e.n order by e.n * ln(e.n / e.share / t.n) desc, e.class))[1] as hits,
      jsonb_object_agg(e.class, round(e.n::numeric / t.n, 4)) as shares, jsonb_object_agg(e.class, e.share) as expected
    from expected e join totals t using (actor_id, activity)
    group by e.actor_id, e.activity, e.kind, t.n, t.days_per_visit, t.last_day, t.first_day
  ), best as (
    select distinct on (j.actor_id, j.activity, j.kind = 'weekday') j.* from judged j
    where j.hits >= 4 order by j.actor_id, j.activity, j.kind = 'weekday', j.ln_bayes_factor desc, j.kind
  ), hits as (
    select c.actor_id, c.activity, c.kind, count(distinct case b.kind when 'weekday' then (c.day + 5) / 7 else c.day end) as periods,
      max(c.day) as last_day, min(c.day) as first_day,
      (array_agg(c.source_id order by c.day desc))[1:20] as sources, (array_agg(c.weight order by c.day desc))[1:20] as weights
    from classes c join best b using (actor_id, activity, kind, class) where c.is_own
    group by c.actor_id, c.activity, c.kind
  )
  select b.actor_id, b.activity, case b.kind when 'weekday' then 'weekly_routine' else 'other' end,
    p.days, b.n::integer, b.hits::integer, -b.ln_bayes_factor, k.kept, b.hits::double precision / b.n,
    h.last_day, (h.last_day + p.days)::integer, private.loop_expiry(h.last_day, p.days, k.kept),
    case b.kind when 'weekday' then jsonb_build_object('iso_weekday', b.class + 1, 'shares', b.shares)
      else jsonb_build_object('from_hour', (b.class * 2 + case b.kind when 'hour' then 0 else 23 end) % 24, 'hours', 2) end
      || jsonb_build_object('ln_bayes_factor', b.ln_bayes_factor, 'period_days', p.days, 'classes', b.kind, 'expected', b.expected),
    h.sources, h.weights
  from best b
  join hits h using (actor_id, activity, kind)
  cross join lateral (select case b.kind when 'weekday' then 7.0::double precision else 1 end as days) p
  cross join lateral (select least(1, h.periods / ((h.last_day - h.first_day) / p.days + 1)) as kept) k
$$;
comment on function private.habits(uuid, uuid[], timestamptz) is
  'The weekday and the two hours of the day to which each person keeps most, by activity: Bayes factor of shares of its own (Dirichlet of strength 0.3 per class) against what the other people of the brand do (the 300 seen last, each counted once, and ten imagined ones who come at any time), so that opening hours and closing days are nobody''s habit. It exceeds x by chance with probability at most 1/x: ln_p is minus its logarithm, divided by the days per visit, because the days of one visit say the same thing.';

create function private.actors_write_loops(p_brand uuid, p_actors uuid[], p_now timestamptz default now(), p_anew boolean default false)
returns integer
language plpgsql
volatile
set search_path = ''
set plan_cache_mode = force_custom_plan -- the plan depends on the number of people
as $$
declare
  v_count integer;
  v_rhythms private.rhythm[] := array(
    select r from private.regularity(p_brand, p_actors, p_now) r union all select r from private.habits(p_brand, p_actors, p_now) r);
begin
  with brand as materialized (
    select b.timezone, (p_now at time zone b.timezone)::date - '2000-01-01'::date as today, ln(private.actors_number(p_brand, 'rhythm_chance')) as rhythm, ln(private.actors_number(p_brand, 'habit_chance')) as habit
    from core.brands b where b.id = p_brand
  ), found as materialized (
    select r.*, b.timezone, greatest(0, ceil((b.today - r.next_day) / r.period_days - 0.5))::integer as missed,
      case r.activity when 'purchase' then 'buys ' else 'writes ' end || case
        when r.pattern ? 'iso_weekday' then 'on ' || (array['Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday', 'Sunday'])[(r.pattern ->> 'iso_weekday')::integer]
        when r.pattern ? 'from_hour' then format('between %s:00 and %s:00', r.pattern ->> 'from_hour', ((r.pattern ->> 'from_hour')::integer + 2) % 24)
        when r.pattern ->> 'calendar' = 'month' then 'every month around the same day'
        else format('every %s days', round(r.period_days)) end as description
    from unnest(v_rhythms) r
    cross join brand b
    left join actors.actor_memory_loops c
      on (c.brand_id, c.actor_id, c.loop_type, c.activity) = (p_brand, r.actor_id, r.loop_type, r.activity) and c.is_current and not p_anew
    -- What was found stays until it is ten times less sure.
    where r.ln_p <= case when r.pattern ? 'calendar' then b.rhythm else b.habit end + case when c.id is null then 0 else ln(10::double precision) end and r.expires_day > b.today
  ), written as (
    insert into actors.actor_memory_loops as t (brand_id, actor_id, loop_type, activity, loop_description, loop_frequency, loop_strength, loop_consistency,
      loop_duration, pattern_data, confidence, evidence_count, last_updated_at, next_expected_at, expires_at, source_signals, source_weights)
    select p_brand, f.actor_id, f.loop_type, f.activity, f.description,
      case when f.period_days < 2.6 then 'daily' when f.period_days < 14.6 then 'weekly' when f.period_days < 52.7 then 'monthly' else 'seasonal' end,
      least(1, f.hits::double precision / (f.occasions - case when f.pattern ? 'calendar' then 1 else 0 end)), f.kept, greatest(1, round(f.period_days))::integer,
      f.pattern || jsonb_build_object('last_day', '2000-01-01'::date + f.last_day, 'tightness', f.tightness, 'ln_chance', f.ln_p, 'hits', f.hits),
      -- The least probability of chance at even odds that goes with p: 1 / (1 - e p ln p), Sellke, Bayarri and Berger 2001.
      1 / (1 - exp(1 + greatest(-700, f.ln_p)) * least(-1, f.ln_p)), f.occasions, p_now,
      ('2000-01-01'::date + case f.pattern ->> 'calendar' when 'month' then f.last_day else f.next_day end + interval '12 hours'
        + case f.pattern ->> 'calendar' when 'month' then (f.missed + 1) * interval '1 month' else round(f.missed * f.period_days) * interval '1 day' end) at time zone f.timezone,
      ('2000-01-01'::date + f.expires_day)::timestamp at time zone f.timezone, private.to_list(f.sources), to_jsonb(f.weights)
    from found f
    on conflict (brand_id, actor_id, loop_type, activity) where is_current do update
    set loop_description = excluded.loop_description, loop_frequency = excluded.loop_frequency, loop_strength = excluded.loop_strength,
      loop_consistency = excluded.loop_consistency, loop_duration = excluded.loop_duration, pattern_data = excluded.pattern_data,
      confidence = excluded.confidence, evidence_count = excluded.evidence_count, last_updated_at = excluded.last_updated_at,
      next_expected_at = excluded.next_expected_at, expires_at = excluded.expires_at, source_signals = excluded.source_signals, source_weights = excluded.source_weights
    returning t.id
  ), ended as (
    update actors.actor_memory_loops m set is_current = false, last_updated_at = p_now
    where m.brand_id = p_brand and m.actor_id = any (p_actors) and m.is_current
      and not exists (select from found f where (f.actor_id, f.loop_type, f.activity) = (m.actor_id, m.loop_type, m.activity))
  )
  select count(*) into v_count from written;
  return v_count;
end
$$;
comment on function private.actors_write_loops(uuid, uuid[], timestamptz, boolean) is
  'Brings actors.actor_memory_loops of the people up to date at p_now: a loop opens where chance would give as much with at most the probability of the parameters actors.rhythm_chance and actors.habit_chance. The thresholds are the same for every person and batch, so a rebuild finds the same loops; false ones stay below a twentieth of all wherever one person in a hundred has a rhythm. A loop loses its current row, and stays as a version, when it can no longer be told from chance or its occasions stay away; p_anew: one that exists must be found like a new one. Returns how many are current.';
