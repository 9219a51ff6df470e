create function private.removal_effects(p_run uuid, p_window interval, p_groups integer)
returns table (group_number integer, effect double precision)
language plpgsql
stable
set search_path = ''
as $$
declare
  v_counts double precision[];
  v_inverse double precision[];
begin
  -- The chain from state 1 (start) over the groups (g + 1) to a response (column p_groups + 2) or to none (p_groups + 3).
  with events as materialized (
    select t.actor_id, t.touched_at as at, 1 as kind, least(t.group_number, p_groups) as g from private.attribution_touches t where t.run_id = p_run and t.is_touch
    union all
    select c.actor_id, c.converted_at, 2, null from private.attribution_conversions c where c.run_id = p_run
  ),
  ahead as materialized (
    -- Backwards in time the next response is the latest one seen, which is counted as it goes.
    select e.*, min(case when e.kind = 2 then e.at end) over (partition by e.actor_id order by e.at desc, e.kind desc rows between unbounded preceding and current row) as next_at
    from events e
  ),
  path as materialized (
    select a.actor_id, a.at, a.g, case when a.next_at <= a.at + p_window then a.next_at end as led_to from ahead a where a.kind = 1
  ),
  step as materialized (
    select 1 + coalesce(lag(p.g) over w, 0) as source, 1 + p.g as target, lead(p.g) over w is null as is_last, p.led_to
    from path p window w as (partition by p.actor_id, p.led_to order by p.at, p.g)
  ),
  transition as (
    select s.source, s.target, count(*) as n from step s group by s.source, s.target
    union all
    select s.target, p_groups + case when s.led_to is null then 3 else 2 end, count(*) from step s where s.is_last group by 1, 2
  ),
  share as (
    select t.source, t.target, t.n / sum(t.n) over (partition by t.source) as share from transition t
  )
  select array_agg(r.shares order by r.source) into v_counts
  from (
    select i as source, array_agg(coalesce(s.share, 0)::double precision order by j) as shares
    from generate_series(1, p_groups + 1) i cross join generate_series(1, p_groups + 2) j
    left join share s on s.source = i and s.target = j
    group by i
  ) r;
  -- (1 - Q)^-1: how often a path that begins in i comes by j.
  select private.inverse_matrix(array_agg(r.shares order by r.i)) into v_inverse
  from (
    select i, array_agg(case when i = j then 1 else 0 end - v_counts[i][j] order by j) as shares
    from generate_series(1, p_groups + 1) i cross join generate_series(1, p_groups + 1) j group by i
  ) r;
  -- Without the group a path is lost that would have come by: its chance to come by, times the chance to respond from there.
  return query
  with response as materialized (
    select i, sum(v_inverse[i][j] * v_counts[j][p_groups + 2]) as chance
    from generate_series(1, p_groups + 1) i cross join generate_series(1, p_groups + 1) j group by i
  )
  select g, coalesce(v_inverse[1][g + 1] / nullif(v_inverse[g + 1][g + 1], 0) * r.chance / nullif(s.chance, 0), 0)
  from generate_series(1, p_groups) g
  join response r on r.i = g + 1
  join response s on s.i = 1;
end
$$;
comment on function private.removal_effects(uuid, interval, integer) is
  'Markov chain of order one over the paths of a run (a path ends with a response inside the window of its touch, or with none): the share of the responses that are lost without each group, in closed form by one inverse. Not causal.';

create function private.coalition_credit(p_run uuid, p_window interval, p_groups integer)
returns table (conversion integer, group_number integer, credit double precision)
language sql
stable
set search_path = ''
as $$
  with touched as materialized (
    select t.actor_id, bit_or(1 << (least(t.group_number, p_groups) - 1)) as met
    from private.attribution_touches t where t.run_id = p_run and t.is_touch group by t.actor_id
  ),
  coalition as materialized (
    select coalesce(t.met, 0) as met, count(*) as people, count(*) filter (where p.has_responded) as responses
    from private.attribution_people p left join touched t on t.actor_id = p.actor_id
    where p.run_id = p_run group by coalesce(t.met, 0)
  ),
  overall as materialized (select sum(c.responses) / nullif(sum(c.people), 0)::double precision as rate from coalition c),
  before as materialized (
    select c.number, bit_or(1 << (least(t.group_number, p_groups) - 1)) as met
    from private.attribution_conversions c
    join private.attribution_touches t on t.run_id = c.run_id and t.actor_id = c.actor_id and t.is_touch
      and t.touched_at <= c.converted_at and t.touched_at >= c.converted_at - p_window
    where c.run_id = p_run group by c.number
  ),
  value as materialized (
    select b.met, s as subset, case when c.people >= 30 then c.responses / c.people::double precision else o.rate end as value
    from (select distinct x.met from before x) b
    cross join generate_series(0, (1 << p_groups) - 1) s
    cross join overall o
    left join coalition c on c.met = s
    where s & ~b.met = 0
  ),
  worth as materialized (
    select v.met, g, greatest(0, sum(private.shapley_weight(bit_count(v.met::bit(32))::integer, bit_count((v.subset & ~(1 << (g - 1)))::bit(32))::integer)
      * case when (v.subset >> (g - 1) & 1) = 1 then v.value else -v.value end)) as worth
    from value v cross join generate_series(1, p_groups) g
    where (v.met >> (g - 1) & 1) = 1 group by v.met, g
  )
  select b.number, w.g, w.worth from before b join worth w on w.met = b.met
$$;
comment on function private.coalition_credit(uuid, interval, integer) is
  'Shapley values of the groups that a person met before a response, over the response rates of people who met just a subset of them (at least 30, else the overall rate). Harm counts as nothing. Not causal: who meets much differs from who meets little.';
