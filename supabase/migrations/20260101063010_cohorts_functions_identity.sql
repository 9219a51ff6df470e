create type private.cohort_match as (
  cohort_id uuid, label integer, members_before integer, members_common integer, overlap double precision, is_heir boolean);
comment on type private.cohort_match is
  'What became of a living cohort in a run: the new cluster (label) that took most of its people, and whether that cluster carries its id on.';

create function private.match_cohorts(p_run cohorts.clustering_runs)
returns setof private.cohort_match
language sql
stable
set search_path = ''
as $$
  with common as (
    select m.cohort_id, p.label, count(*) as n
    from cohorts.actor_cohort_membership m
    join private.clustering_points p on p.run_id = p_run.id and p.actor_id = m.actor_id
    where m.brand_id = p_run.brand_id and m.is_active and m.membership_type = 'primary'
    group by m.cohort_id, p.label
  ),
  -- Members who are not in the run (inactive by now) say nothing about where the cohort went.
  best as (
    select distinct on (c.cohort_id) c.cohort_id, c.label, c.n, c.n / sum(c.n) over (partition by c.cohort_id) as overlap
    from common c
    order by c.cohort_id, c.n desc, c.label
  ),
  heir as (
    select distinct on (b.label) b.label, b.cohort_id
    from best b
    where b.label > 0 and b.overlap >= (p_run.parameters ->> 'min_overlap')::double precision
    order by b.label, b.n desc, b.cohort_id
  )
  select c.id, b.label::integer, c.member_count, coalesce(b.n, 0)::integer, coalesce(b.overlap, 0)::double precision, h.label is not null
  from cohorts.cohorts c
  left join best b on b.cohort_id = c.id
  left join heir h on h.cohort_id = c.id and h.label = b.label
  where c.brand_id = p_run.brand_id and c.cohort_status = 'active' and c.is_emergent
  order by c.id
$$;
comment on function private.match_cohorts(cohorts.clustering_runs) is
  'Where the people of each active cohort went, by member overlap (MONIC, Spiliopoulou et al. 2006): overlap = members found in the new cluster / members found at all. A cohort survives in the cluster that holds at least the parameter min_overlap (0.5..1) of it; when several would, the one that gives the cluster most people.';

create function private.log_cohort_evolution(p_run cohorts.clustering_runs, p_matches private.cohort_match[])
returns void
language sql
volatile
set search_path = ''
as $$
  with now_members as (
    select p.label, count(*) as n, sum(count(*)) over () as total
    from private.clustering_points p where p.run_id = p_run.id and p.label > 0 group by p.label
  ),
  event as (
    -- Survivors by size, and the newborn, whom no living cohort leads to.
    select p_run.cohort_ids[s.label] as cohort_id, m.members_before as before_n, s.n as after_n, m.overlap,
      case when m.cohort_id is null then 'born'
        when s.n > m.members_before * (1 + (p_run.parameters ->> 'size_change')::double precision) then 'grown'
        when s.n < m.members_before * (1 - (p_run.parameters ->> 'size_change')::double precision) then 'shrunk'
        else 'survived' end as kind,
      null::uuid as related_id, s.total
    from now_members s
    left join unnest(p_matches) m on m.is_heir and m.label = s.label
    union all
    select m.cohort_id, m.members_before, 0, m.overlap,
      case when m.overlap >= 0.5 then 'merged' else 'dissolved' end,
      case when m.overlap >= 0.5 then p_run.cohort_ids[m.label] end,
      (select max(total) from now_members)
    from unnest(p_matches) m where not m.is_heir
  )
  insert into cohorts.cohort_evolution_log (brand_id, cohort_id, run_id, event_type, event_description, event_timestamp,
    trigger_reason, trigger_algorithm, trigger_parameters, before_state, after_state, changed_attributes,
    related_cohort_ids, affected_actor_count, event_confidence, event_importance)
  select p_run.brand_id, e.cohort_id, p_run.id, e.kind::cohorts.evolution_event,
    case e.kind
      when 'born' then format('%s people form a cohort of their own.', e.after_n)
      when 'survived' then format('The same cohort: %s people before, %s now.', e.before_n, e.after_n)
      when 'grown' then format('Grown from %s to %s people.', e.before_n, e.after_n)
      when 'shrunk' then format('Shrunk from %s to %s people.', e.before_n, e.after_n)
      when 'merged' then format('Most of its %s people are now in another cohort.', e.before_n)
      else format('Its %s people no longer stay together.', e.before_n) end,
    p_run.started_at, 'clustering_run', p_run.algorithm_name, p_run.parameters,
    case when e.before_n is null then '{}' else jsonb_build_object('member_count', e.before_n) end,
    jsonb_build_object('member_count', e.after_n),
    case when e.after_n is distinct from e.before_n then '["member_count"]'::jsonb else '[]' end,
    coalesce(jsonb_build_array(e.related_id) - 'null', '[]'),
    greatest(e.before_n, e.after_n),
    case when e.kind = 'born' then 1 when e.kind = 'dissolved' then 1 - e.overlap else e.overlap end,
    least(greatest(e.before_n, e.after_n)::double precision / nullif(e.total, 0), 1)
  from event e
$$;
comment on function private.log_cohort_evolution(cohorts.clustering_runs, private.cohort_match[]) is
  'Writes one event per cohort of the run (born, survived, grown, shrunk) and per cohort that ended (merged: at least half went to one cluster that carries another id; dissolved). The parameter size_change is the share by which a cohort must change to have grown or shrunk.';

create function private.end_cohorts(p_run cohorts.clustering_runs, p_matches private.cohort_match[])
returns void
language sql
volatile
set search_path = ''
as $$
  update cohorts.cohorts c
  set cohort_status = case when m.overlap >= 0.5 then 'merged' else 'dissolved' end::cohorts.cohort_status,
    dissolved_at = p_run.started_at, last_updated_at = p_run.started_at,
    dissolution_reason = case when m.overlap >= 0.5 then 'most of its people are now in cohort ' || p_run.cohort_ids[m.label]
      else 'its people no longer stay together' end
  from unnest(p_matches) m
  where not m.is_heir and c.brand_id = p_run.brand_id and c.id = m.cohort_id;

  update cohorts.cohorts c
  set merged_from_cohorts = c.merged_from_cohorts || a.ids
  from (
    select p_run.cohort_ids[m.label] as heir_id, jsonb_agg(m.cohort_id) as ids
    from unnest(p_matches) m where not m.is_heir and m.overlap >= 0.5 group by m.label
  ) a
  where c.brand_id = p_run.brand_id and c.id = a.heir_id;
$$;
comment on function private.end_cohorts(cohorts.clustering_runs, private.cohort_match[]) is
  'Ends the living cohorts that no cluster carries on, and notes in their heirs which cohorts they took in.';
