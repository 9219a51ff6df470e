create function private.members_as_of(p_brand uuid, p_at timestamptz)
returns table (actor_id uuid, cohort_id uuid, membership_type cohorts.membership_type)
language sql
stable
set search_path = ''
as $$
  select m.actor_id, m.cohort_id, m.membership_type
  from cohorts.actor_cohort_membership m
  where m.brand_id = p_brand and m.assigned_at <= p_at and (m.removed_at is null or m.removed_at > p_at)
  union all
  select m.actor_id, m.cohort_id, m.membership_type
  from cohorts.actor_cohort_membership m
  cross join lateral jsonb_to_recordset(m.membership_history) as h (assigned_at timestamptz, removed_at timestamptz)
  where m.brand_id = p_brand and m.membership_history <> '[]' and h.assigned_at <= p_at and h.removed_at > p_at
$$;
comment on function private.members_as_of(uuid, timestamptz) is
  'Who was in which cohort of a brand at a moment, also in a time that ended since: who joined at p_at is in, who left at p_at is not. membership_type is the one of today.';
grant execute on function private.members_as_of(uuid, timestamptz) to authenticated, service_role;

create function private.characteristics_as_of(p_brand uuid, p_at timestamptz)
returns setof cohorts.cohort_characteristics
language sql
stable
set search_path = ''
as $$
  select h.*
  from cohorts.cohort_characteristics h
  where h.brand_id = p_brand and h.last_updated_at = (
    select max(r.started_at) from cohorts.clustering_runs r
    where r.brand_id = p_brand and r.status = 'completed' and r.run_type <> 'validation' and r.started_at <= p_at)
$$;
comment on function private.characteristics_as_of(uuid, timestamptz) is 'What the last run up to a moment had found to set the cohorts of a brand apart.';
grant execute on function private.characteristics_as_of(uuid, timestamptz) to authenticated, service_role;

create type cohorts.comparison as (
  cohort_id uuid, name text, status cohorts.cohort_status, people_before bigint, people_after bigint, stayed bigint, joined bigint, left_since bigint,
  joined_from jsonb, left_to jsonb, appeared jsonb, vanished jsonb, moved jsonb);
comment on type cohorts.comparison is
  'A row of cohorts.compare. status: of today; joined_from, left_to: [{cohort_id, name, people}], the primary cohort of those people at the other time, null for none; appeared, vanished: characteristics [{component, label, words}]; moved: [{component, label, before, after, effect_before, effect_after}], those whose 95% intervals at the two times do not overlap.';

create function cohorts.compare(p_brand uuid, p_from timestamptz, p_to timestamptz)
returns setof cohorts.comparison
language sql
stable
set search_path = ''
set enable_nestloop = off -- people of unknown number on both sides: hash joins, never a quadratic one
set jit = off
begin atomic
  with member_before as materialized (select m.* from private.members_as_of(p_brand, p_from) m),
  member_after as materialized (select m.* from private.members_as_of(p_brand, p_to) m),
  flow as (
    select coalesce(b.cohort_id, a.cohort_id) as cohort_id, b.actor_id is not null as was_in, a.actor_id is not null as is_in,
      -- Where somebody came from or went to is told by the primary cohort at the other time.
      case when b.actor_id is null then o.cohort_id when a.actor_id is null then n.cohort_id end as other_id, pg_catalog.count(*) as people
    from member_before b
    full join member_after a on a.actor_id = b.actor_id and a.cohort_id = b.cohort_id
    left join member_before o on a.actor_id = o.actor_id and b.actor_id is null and o.membership_type <> 'secondary'
    left join member_after n on b.actor_id = n.actor_id and a.actor_id is null and n.membership_type <> 'secondary'
    group by 1, 2, 3, 4
  ),
  named as (
    select f.*, x.cohort_name as other_name from flow f left join cohorts.cohorts x on x.brand_id = p_brand and x.id = f.other_id
  ),
  counted as (
    select n.cohort_id,
      coalesce(pg_catalog.sum(n.people) filter (where n.was_in), 0) as before_n, coalesce(pg_catalog.sum(n.people) filter (where n.is_in), 0) as after_n,
      coalesce(pg_catalog.sum(n.people) filter (where n.was_in and n.is_in), 0) as stayed,
      coalesce(pg_catalog.sum(n.people) filter (where not n.was_in), 0) as joined, coalesce(pg_catalog.sum(n.people) filter (where not n.is_in), 0) as gone,
      pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object('cohort_id', n.other_id, 'name', n.other_name, 'people', n.people) order by n.people desc, n.other_id)
        filter (where not n.was_in) as joined_from,
      pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object('cohort_id', n.other_id, 'name', n.other_name, 'people', n.people) order by n.people desc, n.other_id)
        filter (where not n.is_in) as left_to
    from named n group by n.cohort_id
  ),
  trait as (
    select coalesce(b.cohort_id, a.cohort_id) as cohort_id,
      pg_catalog.jsonb_build_object('component', a.characteristic_name, 'label', a.characteristic_value ->> 'label', 'words', a.characteristic_value ->> 'words') as appeared,
      pg_catalog.jsonb_build_object('component', b.characteristic_name, 'label', b.characteristic_value ->> 'label', 'words', b.characteristic_value ->> 'words') as vanished,
      pg_catalog.jsonb_build_object('component', a.characteristic_name, 'label', a.characteristic_value ->> 'label',
        'before', private.component_words(b.characteristic_name, b.mean_value), 'after', private.component_words(a.characteristic_name, a.mean_value),
        'effect_before', b.effect_size, 'effect_after', a.effect_size) as moved,
      case when b.id is null then 'appeared' when a.id is null then 'vanished'
        when a.effect_lower > b.effect_upper or a.effect_upper < b.effect_lower then 'moved' end as change,
      pg_catalog.abs(coalesce(a.effect_size, b.effect_size)) as strength
    from private.characteristics_as_of(p_brand, p_from) b
    full join private.characteristics_as_of(p_brand, p_to) a on a.cohort_id = b.cohort_id and a.characteristic_name = b.characteristic_name
  ),
  changed as (
    select t.cohort_id, pg_catalog.jsonb_agg(t.appeared order by t.strength desc) filter (where t.change = 'appeared') as appeared,
      pg_catalog.jsonb_agg(t.vanished order by t.strength desc) filter (where t.change = 'vanished') as vanished,
      pg_catalog.jsonb_agg(t.moved order by t.strength desc) filter (where t.change = 'moved') as moved
    from trait t group by t.cohort_id
  )
  select c.id, c.cohort_name, c.cohort_status, coalesce(n.before_n, 0)::bigint, coalesce(n.after_n, 0)::bigint, coalesce(n.stayed, 0)::bigint,
    coalesce(n.joined, 0)::bigint, coalesce(n.gone, 0)::bigint, coalesce(n.joined_from, '[]'), coalesce(n.left_to, '[]'),
    coalesce(x.appeared, '[]'), coalesce(x.vanished, '[]'), coalesce(x.moved, '[]')
  from cohorts.cohorts c
  left join counted n on n.cohort_id = c.id
  left join changed x on x.cohort_id = c.id
  where c.brand_id = p_brand and c.first_formed_at <= p_to and (c.dissolved_at is null or c.dissolved_at > p_from)
  order by 5 desc, 4 desc, c.id;
end;
comment on function cohorts.compare(uuid, timestamptz, timestamptz) is
  'The cohorts of a brand at two moments, one row per cohort that lived between them: people before and after, who stayed, joined and left, from and to which cohorts, and which characteristics appeared, vanished or moved. p_from: the earlier one. For members from support up; empty for another brand.';
grant execute on function cohorts.compare(uuid, timestamptz, timestamptz) to authenticated, service_role;
