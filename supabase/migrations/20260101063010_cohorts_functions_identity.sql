-- Which of the groups that a run found are the cohorts that there are already: transitions of clusters by the people they
-- have in common (MONIC, Spiliopoulou et al. 2006).
create function private.evolving_cohorts(p_brand uuid)
returns setof cohorts.cohorts
language sql
stable
set search_path = ''
as $$
  select c.* from cohorts.cohorts c
  where c.brand_id = p_brand and c.cohort_status = 'active' and c.is_emergent
$$;
comment on function private.evolving_cohorts(uuid) is 'The cohorts that a run carries on or ends: the active ones that emerged; not those that people defined or pinned.';

create type private.cohort_flow as (cohort_id uuid, label integer, people integer, stayed integer, weight double precision);
comment on type private.cohort_flow is
  'People on their way from a cohort (null: they were in none) to a group of a run (label; 0: like none of its groups; null: the run did not see them). people: how many; stayed: those of them who were counted when the size of the cohort was last told (private.told_sizes); weight: sum of their age weights.';

create function private.told_sizes(p_brand uuid)
returns table (cohort_id uuid, told_at timestamptz, members integer)
language sql
stable
set search_path = ''
as $$
  select c.id, t.event_timestamp, (t.after_state ->> 'member_count')::integer
  from private.evolving_cohorts(p_brand) c
  cross join lateral (
    select l.event_timestamp, l.after_state from cohorts.cohort_evolution_log l
    where l.brand_id = p_brand and l.cohort_id = c.id and l.event_type in ('born', 'grown', 'shrunk', 'split')
    order by l.event_timestamp desc, l.id desc limit 1
  ) t
$$;
comment on function private.told_sizes(uuid) is
  'The last event of each cohort that told its size: from run to run slow growth would never be seen.';

create function private.cohort_flows(p_run cohorts.clustering_runs)
returns setof private.cohort_flow
language sql
stable
set search_path = ''
as $$
  with member as (
    select m.actor_id, m.cohort_id, m.assigned_at <= t.told_at as was_counted
    from cohorts.actor_cohort_membership m
    join private.evolving_cohorts(p_run.brand_id) c on c.id = m.cohort_id
    left join private.told_sizes(p_run.brand_id) t on t.cohort_id = m.cohort_id
    where m.brand_id = p_run.brand_id and m.is_active and m.membership_type = 'primary'
  )
  select m.cohort_id, p.label, count(*)::integer, (count(*) filter (where m.was_counted))::integer,
    sum(2 ^ -least(greatest(extract(epoch from p_run.started_at - a.last_seen_at), 0)::double precision / 86400
      / (p_run.parameters ->> 'overlap_half_life_days')::double precision, 1000))
  from member m
  full join (select x.actor_id, x.label from private.clustering_points x where x.run_id = p_run.id) p using (actor_id)
  join actors.actors a on a.brand_id = p_run.brand_id and a.id = actor_id
  group by m.cohort_id, p.label
$$;
comment on function private.cohort_flows(cohorts.clustering_runs) is
  'How many people went from which cohort to which group of a run. Age weight of a person: 2^(-days since last_seen_at / overlap_half_life_days).';

create type private.cohort_match as (
  cohort_id uuid, fate cohorts.evolution_event, label integer, is_heir boolean, parts integer[], overlap double precision, members_before integer,
  centroid extensions.vector);
comment on type private.cohort_match is
  'What became of a cohort in a run. fate: survived, split, merged or dissolved; label: the group that took most of its people; is_heir: that group carries its id on; parts: the groups it split into, largest first; overlap: share of its people who are in the group (split: in all the parts); centroid: as the run before left it.';

create function private.match_cohorts(p_run cohorts.clustering_runs, p_flows private.cohort_flow[])
returns setof private.cohort_match
language sql
stable
set search_path = ''
as $$
  with flow as (
    -- People whom the run did not see say nothing about where the cohort went.
    select f.cohort_id, f.label, f.weight, f.weight / nullif(sum(f.weight) over (partition by f.cohort_id), 0) as share,
      f.weight / nullif(sum(f.weight) filter (where f.label > 0) over (partition by f.cohort_id), 0) as placed_share,
      f.weight / nullif(sum(f.weight) over (partition by f.label), 0) as share_of_group
    from unnest(p_flows) f where f.label is not null
  ),
  towards as (select f.* from flow f where f.cohort_id is not null and f.label > 0),
  best as (select distinct on (t.cohort_id) t.* from towards t order by t.cohort_id, t.weight desc, t.label),
  -- A cohort may thin out, as long as those who are left are together and among themselves.
  heir as (
    select distinct on (b.label) b.label, b.cohort_id
    from best b
    where b.placed_share >= (p_run.parameters ->> 'min_overlap')::double precision
      and (b.share >= (p_run.parameters ->> 'min_overlap')::double precision or b.share_of_group > 0.5)
    order by b.label, b.weight desc, b.cohort_id
  ),
  split as (
    -- A part made mostly of the cohort's people; a group that carries another cohort on is not one.
    select t.cohort_id, array_agg(t.label order by t.weight desc, t.label) as parts, sum(t.share) as share
    from towards t
    left join heir h on h.label = t.label
    where t.placed_share >= (p_run.parameters ->> 'min_split_share')::double precision and t.share_of_group > 0.5
      and coalesce(h.cohort_id = t.cohort_id, true)
    group by t.cohort_id
    having count(*) > 1 and sum(t.placed_share) >= (p_run.parameters ->> 'min_overlap')::double precision
  )
  select c.id, case when s.cohort_id is not null then 'split' when h.cohort_id is not null then 'survived'
      when b.share >= (p_run.parameters ->> 'min_overlap')::double precision then 'merged' else 'dissolved' end::cohorts.evolution_event,
    b.label, h.cohort_id is not null, s.parts, coalesce(s.share, b.share, 0),
    coalesce((select sum(f.people) from unnest(p_flows) f where f.cohort_id = c.id), 0)::integer, c.centroid_vector
  from private.evolving_cohorts(p_run.brand_id) c
  left join best b on b.cohort_id = c.id
  left join heir h on h.cohort_id = c.id
  left join split s on s.cohort_id = c.id
  order by c.id
$$;
comment on function private.match_cohorts(cohorts.clustering_runs, private.cohort_flow[]) is
  'What became of each cohort. It lives on in the group that has at least min_overlap (0.5..1) of its weight; of several cohorts in one group the one that gives it most, and the others merged into it. It split when at least two groups, each made mostly of its people, have min_split_share of it or more and min_overlap together. Otherwise its people are spread over others, or like none, and it dissolved. Shares are of the people whom the run saw; for living on and splitting, of those it placed: those who are like none of the groups went nowhere.';

create function private.cohort_parents(p_flows private.cohort_flow[], p_matches private.cohort_match[])
returns table (label integer, parent_id uuid, share double precision)
language sql
immutable
set search_path = ''
as $$
  select f.label, f.cohort_id, f.share
  from (
    select x.label, x.cohort_id, x.weight / nullif(sum(x.weight) over (partition by x.label), 0) as share
    from unnest(p_flows) x where x.label > 0
  ) f
  where f.cohort_id is not null and f.share > 0.5 and not exists (select from unnest(p_matches) m where m.is_heir and m.label = f.label)
$$;
comment on function private.cohort_parents(private.cohort_flow[], private.cohort_match[]) is
  'The groups that are new cohorts although most of their people (share) come from one that there was: their parent, whether it split or only lost them.';
