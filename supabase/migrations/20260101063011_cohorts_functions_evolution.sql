-- What is told about the transitions of cohorts: events, why they happened, and the ancestry in the cohorts themselves.
create function cohorts.stability_word(p_stability double precision)
returns text
language sql
immutable
set search_path = ''
begin atomic
  select case when p_stability <= 0.5 then 'dissolved' when p_stability < 0.6 then 'not to be trusted' when p_stability < 0.75 then 'pattern'
    when p_stability < 0.85 then 'stable' when p_stability >= 0.85 then 'highly stable' end;
end;
comment on function cohorts.stability_word(double precision) is
  'A stability (mean bootstrap Jaccard, 0..1) on the scale that Hennig gives with fpc''s clusterboot: up to 0.5 dissolved, below 0.6 not to be trusted, below 0.75 pattern (which people belong to it is doubtful), below 0.85 stable, from 0.85 highly stable. Null for null.';
grant execute on function cohorts.stability_word(double precision) to authenticated, service_role;

create type private.evolution_event as (
  cohort_id uuid, kind cohorts.evolution_event, description text, cause text, related uuid[], before_state jsonb, after_state jsonb,
  affected integer, confidence double precision);
comment on type private.evolution_event is 'An event of cohorts.cohort_evolution_log before it is written.';

create function private.people(p_count bigint)
returns text
language sql
immutable
set search_path = ''
return p_count || case when p_count = 1 then ' person' else ' people' end;
comment on function private.people(bigint) is 'A number of people in words.';

create function private.largest_difference(p_scaling jsonb, p_from extensions.vector, p_to extensions.vector, out label text, out is_less boolean)
language sql
immutable
set search_path = ''
as $$
  select f.label, d.difference < 0
  from jsonb_to_recordset(p_scaling) f (position integer, label text, standard_deviation double precision)
  cross join lateral (select (p_to::real[])[f.position] - (p_from::real[])[f.position] as difference) d
  where f.standard_deviation > 0 and d.difference <> 0
  order by abs(d.difference) desc, f.position limit 1
$$;
comment on function private.largest_difference(jsonb, extensions.vector, extensions.vector) is
  'In what p_to differs most from p_from, in standard deviations: the label of the component in feature_scaling of their run, and whether p_to has less of it. Null where they are equal or one is null.';

create function private.cohort_heirs(p_run cohorts.clustering_runs, p_flows private.cohort_flow[], p_cohort uuid)
returns jsonb
language sql
immutable
set search_path = ''
as $$
  select jsonb_build_object(
    'heirs', coalesce(jsonb_agg(jsonb_build_object('cohort_id', p_run.cohort_ids[f.label], 'people', f.people, 'share', f.people / t.people)
      order by f.people desc, f.label) filter (where f.label > 0), '[]'),
    'unassigned_share', coalesce(sum(f.people / t.people) filter (where f.label = 0), 0),
    'gone_share', coalesce(sum(f.people / t.people) filter (where f.label is null), 0))
  from unnest(p_flows) f
  cross join (select sum(x.people)::double precision as people from unnest(p_flows) x where x.cohort_id = p_cohort) t
  where f.cohort_id = p_cohort
$$;
comment on function private.cohort_heirs(cohorts.clustering_runs, private.cohort_flow[], uuid) is
  'Where the people of a cohort are now: {heirs: [{cohort_id, people, share}], unassigned_share, gone_share}; the shares add up to 1.';

create function private.events_of_groups(p_run cohorts.clustering_runs, p_flows private.cohort_flow[], p_matches private.cohort_match[])
returns setof private.evolution_event
language sql
stable
set search_path = ''
as $$
  with grouped as (
    select f.label, sum(f.people) as people, coalesce(sum(f.people) filter (where f.cohort_id is null), 0) as newcomers
    from unnest(p_flows) f where f.label > 0 group by f.label
  ),
  lost as (
    select f.cohort_id, coalesce(sum(f.people) filter (where f.label is null), 0) as gone,
      coalesce(sum(f.people) filter (where f.label = 0), 0) as unassigned
    from unnest(p_flows) f where f.cohort_id is not null group by f.cohort_id
  ),
  known as (
    select g.label, g.people, g.newcomers, m.cohort_id, m.overlap, m.members_before, l.gone, l.unassigned,
      coalesce(f.people, 0) as kept, coalesce(f.stayed, 0) as stayed,
      (select array_agg(x.cohort_id order by x.cohort_id) from unnest(p_matches) x where x.fate = 'merged' and x.label = g.label) as merged
    from grouped g
    join unnest(p_matches) m on m.is_heir and m.label = g.label and m.fate = 'survived'
    join lost l on l.cohort_id = m.cohort_id
    left join unnest(p_flows) f on f.cohort_id = m.cohort_id and f.label = g.label
  ),
  sized as (
    select k.*, c.members as compared_with, c.at as compared_at, coalesce(sign(k.people - c.members), 0) as change
    from known k
    left join private.told_sizes(p_run.brand_id) t on t.cohort_id = k.cohort_id
    left join lateral (
      -- Who came and who went: by chance alone they differ by about the root of their sum (McNemar 1947). Slow change is
      -- seen from the size last told, and must be twice as large: what once stood just below the limit would cross it on a
      -- quiet day.
      select b.members, b.at
      from (values (k.members_before, k.kept, 1, null), (t.members, k.stayed, 2, t.told_at)) b (members, kept, times, at)
      where abs(k.people - b.members) > b.times * (p_run.parameters ->> 'size_change')::double precision * b.members
        and abs(k.people - b.members) > (p_run.parameters ->> 'size_errors')::double precision
          * sqrt(greatest(k.people + b.members - 2 * b.kept, abs(k.people - b.members)))
      order by b.times limit 1
    ) c on true
  )
  select s.cohort_id, case s.change when 1 then 'grown' when -1 then 'shrunk' else 'survived' end::cohorts.evolution_event,
    concat_ws(' ', case when s.change = 0 then format('The same cohort: %s before, %s now.', private.people(s.members_before), s.people)
        else format('%s from %s to %s%s.', case s.change when 1 then 'Grown' else 'Shrunk' end, s.compared_with, private.people(s.people), ' since ' || s.compared_at::date) end,
      'It took in ' || (select string_agg(coalesce(format('"%s"', c.cohort_name), 'another cohort'), ' and ' order by c.id)
        from cohorts.cohorts c where c.brand_id = p_run.brand_id and c.id = any (s.merged)) || '.'),
    case s.change
      when 1 then concat_ws(', ', private.people(nullif(s.newcomers, 0)) || ' joined', private.people(nullif(s.people - s.newcomers - s.kept, 0)) || ' came from other cohorts')
      when -1 then concat_ws(', ', private.people(nullif(s.gone, 0)) || ' became inactive',
        private.people(nullif(s.members_before - s.gone - s.unassigned - s.kept, 0)) || ' moved to other cohorts',
        private.people(nullif(s.unassigned, 0)) || ' no longer resemble any cohort') end,
    s.merged, jsonb_build_object('member_count', s.members_before) || case when s.compared_at is not null
      then jsonb_build_object('compared_with', jsonb_build_object('member_count', s.compared_with, 'at', s.compared_at)) else '{}' end,
    jsonb_build_object('member_count', s.people), greatest(s.people, s.members_before)::integer, s.overlap
  from sized s
  union all
  select c.id, 'born',
    case when p.parent_id is null then format('%s form a cohort of their own.', private.people(g.people))
      else format('%s, most of them from %s, form a cohort of their own.', private.people(g.people), coalesce(format('"%s"', o.cohort_name), 'another cohort')) end,
    'what sets them apart: ' || d.label || case when d.is_less then ' (less)' else '' end,
    array[p.parent_id], '{}', jsonb_build_object('member_count', g.people) || case when p.parent_id is null then '{}'
      else jsonb_build_object('parent', jsonb_build_object('cohort_id', p.parent_id, 'share', p.share)) end,
    g.people::integer, c.stability_score
  from grouped g
  join cohorts.cohorts c on c.brand_id = p_run.brand_id and c.id = p_run.cohort_ids[g.label]
  left join private.cohort_parents(p_flows, p_matches) p on p.label = g.label
  left join cohorts.cohorts o on o.brand_id = p_run.brand_id and o.id = p.parent_id
  cross join lateral private.largest_difference(p_run.feature_scaling,
    array_fill(0::real, array[extensions.vector_dims(c.centroid_vector)])::extensions.vector, c.centroid_vector) d
  where not exists (select from unnest(p_matches) m where m.is_heir and m.label = g.label)
$$;
comment on function private.events_of_groups(cohorts.clustering_runs, private.cohort_flow[], private.cohort_match[]) is
  'Events of the cohorts that a run found: survived, grown or shrunk, or born. Grown and shrunk: since the run before by more than size_change, or since its size was last told by more than twice that, and in both cases by more than size_errors standard errors of what coming and going does by chance.';

create function private.events_of_ends(p_run cohorts.clustering_runs, p_flows private.cohort_flow[], p_matches private.cohort_match[])
returns setof private.evolution_event
language sql
stable
set search_path = ''
as $$
  with ended as (
    select m.*, private.cohort_heirs(p_run, p_flows, m.cohort_id) as heirs, c.last_run_id,
      (select array_agg(p_run.cohort_ids[x.label] order by x.place) from unnest(m.parts) with ordinality x (label, place)) as part_ids,
      (select array_agg(coalesce(f.people, 0) order by x.place) from unnest(m.parts) with ordinality x (label, place)
        left join unnest(p_flows) f on f.cohort_id = m.cohort_id and f.label = x.label) as part_people
    from unnest(p_matches) m
    join cohorts.cohorts c on c.brand_id = p_run.brand_id and c.id = m.cohort_id
    where m.fate <> 'survived'
  )
  select e.cohort_id, e.fate,
    case e.fate
      when 'split' then format('Its %s fell apart into groups of %s.%s', private.people(e.members_before), (select string_agg(n::text, ' and ') from unnest(e.part_people) n),
        case when e.is_heir then ' The largest goes on as this cohort.' else ' None of them is large enough to go on as this cohort.' end)
      when 'merged' then format('Its %s now belong to %s.', private.people(e.members_before), coalesce(format('"%s"', h.cohort_name), 'another cohort'))
      else format('Its %s no longer stay together.', private.people(e.members_before)) end,
    case e.fate
      when 'split' then 'people moved apart in: ' || (select d.label from private.largest_difference(p_run.feature_scaling,
        (select c.centroid_vector from cohorts.cohorts c where c.brand_id = p_run.brand_id and c.id = e.part_ids[1]),
        (select c.centroid_vector from cohorts.cohorts c where c.brand_id = p_run.brand_id and c.id = e.part_ids[2])) d)
      when 'merged' then 'what set them apart no longer does: ' || (select d.label from private.largest_difference(r.feature_scaling, o.centroid, e.centroid) d)
      else concat_ws(', ',
        nullif(round(100 * (e.heirs ->> 'gone_share')::numeric), 0) || '% of the people became inactive',
        nullif(round(100 * (1 - (e.heirs ->> 'gone_share')::numeric - (e.heirs ->> 'unassigned_share')::numeric)), 0) || '% are in other cohorts',
        nullif(round(100 * (e.heirs ->> 'unassigned_share')::numeric), 0) || '% resemble no cohort') end,
    case e.fate when 'split' then array_remove(e.part_ids, e.cohort_id)
      else array(select (x.heir ->> 'cohort_id')::uuid from jsonb_array_elements(e.heirs -> 'heirs') with ordinality x (heir, place) order by x.place) end,
    jsonb_build_object('member_count', e.members_before),
    e.heirs || jsonb_build_object('member_count', case when e.is_heir then
      (select sum(f.people) from unnest(p_flows) f where f.label = e.label) else 0 end),
    e.members_before,
    case e.fate
      when 'split' then least(e.overlap, (select min(c.stability_score) from cohorts.cohorts c where c.brand_id = p_run.brand_id and c.id = any (e.part_ids)))
      when 'merged' then e.overlap else 1 - e.overlap end
  from ended e
  left join unnest(p_matches) o on e.fate = 'merged' and o.is_heir and o.label = e.label
  left join cohorts.cohorts h on h.brand_id = p_run.brand_id and h.id = o.cohort_id
  left join cohorts.clustering_runs r on r.brand_id = p_run.brand_id and r.id = e.last_run_id
$$;
comment on function private.events_of_ends(cohorts.clustering_runs, private.cohort_flow[], private.cohort_match[]) is
  'Events of the cohorts that split, merged or dissolved in a run; after_state says where their people are (private.cohort_heirs).';

create function private.log_cohort_evolution(p_run cohorts.clustering_runs, p_flows private.cohort_flow[], p_matches private.cohort_match[])
returns void
language sql
volatile
set search_path = ''
as $$
  insert into cohorts.cohort_evolution_log (brand_id, cohort_id, run_id, event_type, event_description, event_timestamp,
    trigger_reason, trigger_algorithm, trigger_parameters, before_state, after_state, changed_attributes,
    related_cohort_ids, affected_actor_count, event_confidence, event_importance, requires_review)
  select p_run.brand_id, e.cohort_id, p_run.id, e.kind, e.description, p_run.started_at,
    concat_ws('; ', nullif(e.cause, ''), format('found by a run (%s)', concat_ws(': ', p_run.trigger_kind, p_run.trigger_reason))),
    p_run.algorithm_name, p_run.parameters, e.before_state, e.after_state,
    case when e.after_state -> 'member_count' is distinct from e.before_state -> 'member_count' then '["member_count"]'::jsonb else '[]' end,
    to_jsonb(coalesce(array_remove(e.related, null), '{}')), e.affected, n.confidence,
    least(e.affected::double precision / nullif(p_run.input_actor_count, 0), 1),
    n.confidence < (p_run.parameters ->> 'review_confidence')::double precision
  from (
    select * from private.events_of_groups(p_run, p_flows, p_matches)
    union all
    select * from private.events_of_ends(p_run, p_flows, p_matches)
  ) e
  cross join lateral (select least(greatest(coalesce(e.confidence, 0), 0), 1) as confidence) n
$$;
comment on function private.log_cohort_evolution(cohorts.clustering_runs, private.cohort_flow[], private.cohort_match[]) is
  'Writes one event for each cohort that a run found and for each that it ended. Those less sure than review_confidence ask for a look by people.';

create function private.end_cohorts(p_run cohorts.clustering_runs, p_flows private.cohort_flow[], p_matches private.cohort_match[])
returns void
language sql
volatile
set search_path = ''
as $$
  update cohorts.cohorts c
  set cohort_status = m.fate::text::cohorts.cohort_status, dissolved_at = p_run.started_at, last_updated_at = p_run.started_at,
    dissolution_reason = case m.fate when 'split' then 'its people moved apart'
      when 'merged' then 'most of its people are now in cohort ' || p_run.cohort_ids[m.label] else 'its people no longer stay together' end
  from unnest(p_matches) m
  where not m.is_heir and c.brand_id = p_run.brand_id and c.id = m.cohort_id;

  update cohorts.cohorts c
  set merged_from_cohorts = c.merged_from_cohorts || a.ids
  from (
    select p_run.cohort_ids[m.label] as heir_id, jsonb_agg(m.cohort_id order by m.cohort_id) as ids
    from unnest(p_matches) m where m.fate = 'merged' group by m.label
  ) a
  where c.brand_id = p_run.brand_id and c.id = a.heir_id;

  update cohorts.cohorts c set parent_cohort_id = p.parent_id
  from private.cohort_parents(p_flows, p_matches) p
  where c.brand_id = p_run.brand_id and c.id = p_run.cohort_ids[p.label];

  update cohorts.cohorts c set child_cohort_ids = c.child_cohort_ids || a.ids
  from (
    select p.parent_id, jsonb_agg(p_run.cohort_ids[p.label] order by p.label) as ids
    from private.cohort_parents(p_flows, p_matches) p group by p.parent_id
  ) a
  where c.brand_id = p_run.brand_id and c.id = a.parent_id;
$$;
comment on function private.end_cohorts(cohorts.clustering_runs, private.cohort_flow[], private.cohort_match[]) is
  'Ends the cohorts that no group of a run carries on, and notes parents, children and whom a cohort took in.';
