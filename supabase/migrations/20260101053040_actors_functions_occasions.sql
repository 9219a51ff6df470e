-- When a person came: the raw material of rhythms. Whole local days, because the hour of the day is a habit of its own.
create function private.actors_occasions(p_brand uuid, p_actors uuid[], p_now timestamptz)
returns table (actor_id uuid, activity text, day integer, month_day integer, hour integer, occurred_at timestamptz, source_id uuid, weight double precision)
language sql
stable
set search_path = ''
set plan_cache_mode = force_custom_plan -- the plan depends on the number of people
as $$
  select distinct on (a.id, k.activity, l.day) a.id, k.activity, l.day,
    -- Days of a calendar in which all months are 30.4375 days long: "the first of the month" comes at equal steps.
    round(30.4375 * ((extract(year from l.at) - 2000) * 12 + extract(month from l.at) - 1
      + (extract(day from l.at) - 0.5) / extract(day from date_trunc('month', l.at) + interval '1 month - 1 day')))::integer,
    extract(hour from l.at)::integer, e.occurred_at, e.source_id, e.weight
  from unnest(p_actors) a (id)
  cross join (values ('purchase', 'behavior.purchase_rate'), ('contact', 'communication.channel')) k (activity, attribute)
  cross join lateral (
    select e.occurred_at, e.source_id, e.weight * e.match_probability as weight
    from private.evidence_pieces e
    where e.brand_id = p_brand and e.actor_id = a.id and e.attribute = k.attribute and not e.is_stated
      and e.occurred_at <= p_now
      -- Opening our mails follows our rhythm: of e-mails only those count that the person wrote.
      and (e.category <> 'email' or exists (
        select from signals.email_interactions m where m.brand_id = p_brand and m.signal_id = e.source_id and m.email_type = 'received'))
    order by e.occurred_at desc, e.source_id desc
    limit 1000
  ) e
  cross join lateral (select e.occurred_at at time zone b.timezone as at from core.brands b where b.id = p_brand) z
  cross join lateral (select z.at, z.at::date - '2000-01-01'::date as day) l
  order by a.id, k.activity, l.day, e.occurred_at, e.source_id
$$;
comment on function private.actors_occasions(uuid, uuid[], timestamptz) is
  'The local days on which each person bought (activity purchase) or wrote (contact), from the latest 1,000 pieces of evidence of each: day counts from 2000-01-01, month_day the same in a calendar of equal months, hour and source are those of the first happening of the day.';

create type private.rhythm as (
  actor_id uuid,
  activity text,
  loop_type text,
  period_days double precision,
  occasions integer,
  hits integer,
  ln_p double precision,
  kept double precision,
  tightness double precision,
  last_day integer,
  next_day integer,
  expires_day integer,
  pattern jsonb,
  sources uuid[],
  weights double precision[]
);
comment on type private.rhythm is
  'A candidate loop: ln_p is the natural log of the probability of so much regularity by chance, corrected for all that was tried. Days count from 2000-01-01.';

create function private.loop_expiry(p_last_day integer, p_period_days double precision, p_kept double precision)
returns integer
language sql
immutable
set search_path = ''
as $$
  select ceil(p_last_day + p_period_days * (0.25 + greatest(2, ceil(ln(0.02) / ln(least(0.9, greatest(0.05, 1 - p_kept)))))))::integer
$$;
comment on function private.loop_expiry(integer, double precision, double precision) is
  'Day from which a loop counts as stopped: so many expected occasions in a row (at least two) have stayed away that a person who keeps the share p_kept of them would miss as many with probability 0.02.';

create function private.regularity(p_brand uuid, p_actors uuid[], p_now timestamptz)
returns setof private.rhythm
language sql
stable
set search_path = ''
set enable_nestloop = off -- all rows are in memory and of unknown number: hash joins, never a quadratic one
as $$
  with occasions as materialized (
    select * from private.actors_occasions(p_brand, p_actors, p_now)
  ), weekdays as materialized (
    -- Who comes on one weekday in any week has gaps of whole weeks: how much likelier those are than other gaps.
    select w.actor_id, w.activity, greatest(1, 7 * sum(w.n * (w.n - 1)) / nullif(sum(w.n) * (sum(w.n) - 1), 0))::double precision as lift
    from (select o.actor_id, o.activity, (o.day + 5) % 7 as weekday, count(*) as n from occasions o group by 1, 2, 3) w
    group by w.actor_id, w.activity
  ), spread as materialized (
    -- Octave by octave, periods from lo to 2 lo; happenings closer than 0.3 lo are one occasion, so bursts count once.
    select o.actor_id, o.activity, s.calendar, s.lo, floor(s.lo * 0.3)::integer as merge_days, o.day, o.source_id, o.weight, x.x,
      lag(x.x) over (partition by o.actor_id, o.activity, s.calendar, s.lo order by x.x) as before_x
    from occasions o
    cross join (select 'day' as calendar, 2 ^ i as lo from generate_series(1, 8) i union all select 'month', 16) s
    cross join lateral (select case s.calendar when 'day' then o.day else o.month_day end as x) x
  ), starts as materialized (
    select s.*, s.x - lag(s.x) over w as gap, s.before_x - lag(s.x) over w + s.merge_days as blind
    from spread s
    where s.before_x is null or s.x - s.before_x > s.merge_days
    window w as (partition by s.actor_id, s.activity, s.calendar, s.lo order by s.x)
  ), gaps as materialized (
    -- Eligible by what was known before the gap began: the occasion was short against the periods in question.
    select s.*, count(*) over (partition by s.actor_id, s.activity, s.calendar, s.lo) as m,
      avg(s.blind) over (partition by s.actor_id, s.activity, s.calendar, s.lo) as mean_blind
    from starts s where s.blind <= 0.6 * s.lo
  ), octaves as materialized (
    select g.actor_id, g.activity, count(distinct (g.calendar, g.lo)) as n from gaps g where g.m >= 4 group by g.actor_id, g.activity
  ), steps as (
    select g.actor_id, g.activity, g.calendar, g.lo, g.m, g.mean_blind, g.gap, k.k, ln(g.gap::double precision / k.k) as y
    from gaps g cross join (values (1), (2)) k (k)
    where g.m >= 4 and g.gap <= 2.3 * k.k * g.lo
    union all
    -- Periods to try: every gap, and a little less and more, for the true one may lie between all gaps seen.
    select distinct g.actor_id, g.activity, g.calendar, g.lo, g.m, g.mean_blind, c.gap, 0, ln(c.gap::double precision)
    from gaps g cross join (values (-1), (0), (1)) s (s)
    cross join lateral (select g.gap + s.s * greatest(1, round(0.06 * g.gap))::integer as gap) c
    where g.m >= 4 and c.gap >= g.lo and c.gap < 2 * g.lo and c.gap between 2 and 400
  ), counted as (
    select s.*, count(*) filter (where s.k > 0) over narrow as narrow, count(*) filter (where s.k > 0) over middle as middle, count(*) filter (where s.k = 1) over wide as wide
    from steps s
    window by_octave as (partition by s.actor_id, s.activity, s.calendar, s.lo order by s.y),
      narrow as (by_octave range between 0.02 preceding and 0.02 following),
      middle as (by_octave range between 0.05 preceding and 0.05 following),
      wide as (by_octave range between 0.12 preceding and 0.12 following)
  ), candidates as materialized (
    select distinct c.actor_id, c.activity, c.calendar, c.lo, c.m, c.mean_blind, c.gap as period, t.tolerance, t.multiples, t.hits
    from counted c
    cross join lateral (values (0.02::double precision, 2, c.narrow), (0.05, 2, c.middle), (0.12, 1, c.wide)) t (tolerance, multiples, hits)
    where c.k = 0 and t.hits >= 4
      and (c.calendar = 'day' or c.gap between 29 and 32)
  ), judged as (
    select c.*, p.chance, (c.hits - 1)::double precision / (c.m - 1) as share
    from candidates c
    join weekdays w using (actor_id, activity)
    cross join lateral (
      select floor(c.period * exp(c.tolerance)) as high_1, ceil(c.period * exp(-c.tolerance)) as low_1,
        floor(2 * c.period * exp(c.tolerance)) as high_2, ceil(2 * c.period * exp(-c.tolerance)) as low_2
    ) b
    -- Whole days inside the windows over whole days that a gap can have. Of all gaps whose frequency falls with their
    -- length (chance, bursts, long tails), equal frequency up to the end of a window hits it most often.
    cross join lateral (
      select greatest((b.high_1 - b.low_1 + 1) / greatest(1, b.high_1 - c.mean_blind),
          case c.multiples when 2 then (b.high_1 - b.low_1 + b.high_2 - b.low_2 + 2) / greatest(1, b.high_2 - c.mean_blind) else 0 end) as by_days,
        -- The same among whole weeks only.
        greatest((floor(b.high_1 / 7) - ceil(b.low_1 / 7) + 1) / greatest(1, floor(b.high_1 / 7)),
          case c.multiples when 2 then (floor(b.high_1 / 7) - ceil(b.low_1 / 7) + floor(b.high_2 / 7) - ceil(b.low_2 / 7) + 2) / greatest(1, floor(b.high_2 / 7)) else 0 end) as by_weeks
    ) d
    cross join lateral (
      select least(0.999, case when d.by_weeks > 0 then greatest(d.by_days, least(d.by_weeks, d.by_days * w.lift)) else d.by_days end)::double precision as chance
    ) p
  ), best as (
    -- Ordered by Chernoff's bound of the binomial tail, which needs no factorials.
    select distinct on (j.actor_id, j.activity) j.* from judged j
    where j.share > j.chance
    order by j.actor_id, j.activity, ln(j.m / j.hits::double precision) - (j.m - 1) * (j.share * ln(j.share / j.chance)
        + case when j.share < 1 then (1 - j.share) * ln((1 - j.share) / (1 - j.chance)) else 0 end), j.period
  ), exact as (
    -- h - 1 further hits among m - 1 gaps: P(X >= x) <= P(X = x) / (1 - r), r the ratio of the next term to this one. Times
    -- the windows tried: three widths about each gap and beside it in each octave, of which the h gaps of a window are one and the same.
    select b.*, o.n as octaves, ln(6.0 * o.n * b.m / b.hits) + private.ln_gamma(b.m) - private.ln_gamma(b.hits) - private.ln_gamma(b.m - b.hits + 1)
        + (b.hits - 1) * ln(b.chance) + (b.m - b.hits) * ln(1 - b.chance)
        - ln(1 - (b.m - b.hits) * b.chance / (b.hits * (1 - b.chance))) as ln_p
    from best b join octaves o using (actor_id, activity)
  ), hits as (
    select b.*, g.gap, g.x, g.day, g.source_id, g.weight, k.k
    from exact b
    join gaps g using (actor_id, activity, calendar, lo)
    cross join lateral (select case when abs(ln(g.gap / b.period::double precision)) <= b.tolerance then 1
      when abs(ln(g.gap / (2.0::double precision * b.period))) <= b.tolerance then 2 end as k) k
    where k.k is not null
  ), loops as (
    select h.actor_id, h.activity, h.calendar, h.ln_p, h.m + 1 as occasions, h.lo, h.period as tried, h.tolerance, h.multiples, h.octaves, count(*) as hits,
      sum(h.gap)::double precision / sum(h.k) as period, max(h.x) as last_x, max(h.day) as last_day, min(h.x - h.gap) as first_x,
      (array_agg(h.source_id order by h.x desc))[1:20] as sources, (array_agg(h.weight order by h.x desc))[1:20] as weights
    from hits h group by h.actor_id, h.activity, h.calendar, h.ln_p, h.m, h.lo, h.period, h.tolerance, h.multiples, h.octaves
  ), tight as (
    select l.actor_id, l.activity, sqrt(power(avg(cos(2 * pi() * h.gap / l.period)), 2) + power(avg(sin(2 * pi() * h.gap / l.period)), 2)) as tightness
    from loops l join hits h using (actor_id, activity) group by l.actor_id, l.activity, l.period
  )
  select l.actor_id, l.activity,
    case when l.calendar = 'month' then 'monthly_cycle' when l.period > 300 then 'seasonal_behavior'
      when l.activity = 'purchase' then 'purchase_pattern' else 'communication_rhythm' end,
    l.period, l.occasions::integer, l.hits::integer, l.ln_p, k.kept, least(1, t.tightness), l.last_day,
    (l.last_day + round(l.period))::integer, private.loop_expiry(l.last_day, l.period, k.kept),
    jsonb_build_object('period_days', round(l.period::numeric, 2), 'calendar', l.calendar,
      'window', jsonb_build_object('octave', l.lo, 'days', l.tried, 'tolerance', l.tolerance, 'multiples', l.multiples, 'octaves', l.octaves)), l.sources, l.weights
  from loops l
  join tight t using (actor_id, activity)
  cross join lateral (select least(1, l.hits / greatest(1, (l.last_x - l.first_x) / l.period)) as kept) k
$$;
comment on function private.regularity(uuid, uuid[], timestamptz) is
  'The most regular period of 2 to 400 days of each person and activity. Regular is: more of the gaps between occasions lie within 2, 5 or 12% of a period (or of twice it: one occasion missed) than any stream whose gaps get rarer with their length would give. That holds for chance arrivals, bursts and long silences alike, so none of them counts as a rhythm; the probability is bounded gap by gap (binomial with the largest such share) and corrected for all windows tried. Days are whole: habits of the hour do not count here; gaps of whole weeks are judged among whole weeks for who keeps to a weekday.';
