create function cohorts.lineage(p_brand uuid)
returns jsonb
language sql
stable
set search_path = ''
begin atomic
  with told as (
    -- What a cohort became, by the log: heirs with shares, or the related ones of an event that names no shares.
    select l.cohort_id as from_id, h.cohort_id as to_id, l.event_type::text as event, l.event_timestamp as at, h.share
    from cohorts.cohort_evolution_log l
    cross join lateral (
      select x.cohort_id, x.share from pg_catalog.jsonb_to_recordset(l.after_state -> 'heirs') as x (cohort_id uuid, share double precision)
      union all
      select r.id::uuid, l.event_confidence from pg_catalog.jsonb_array_elements_text(l.related_cohort_ids) r (id)
      where l.after_state -> 'heirs' is null
    ) h
    where l.brand_id = p_brand and l.event_type in ('split', 'merged', 'dissolved') and h.cohort_id <> l.cohort_id
  ),
  kept as (
    select t.* from told t
    union all
    -- Ancestry that the rows of the cohorts know and no event tells.
    select c.parent_cohort_id, c.id, 'split', c.first_formed_at, null
    from cohorts.cohorts c
    where c.brand_id = p_brand and c.parent_cohort_id is not null
      and not exists (select from told t where t.from_id = c.parent_cohort_id and t.to_id = c.id)
    union all
    select m.id::uuid, c.id, 'merged', x.dissolved_at, null
    from cohorts.cohorts c
    cross join lateral pg_catalog.jsonb_array_elements_text(c.merged_from_cohorts) m (id)
    left join cohorts.cohorts x on x.brand_id = c.brand_id and x.id = m.id::uuid
    where c.brand_id = p_brand and not exists (select from told t where t.from_id = m.id::uuid and t.to_id = c.id)
  )
  select pg_catalog.jsonb_build_object(
    'nodes', (
      select coalesce(pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object('id', c.id, 'name', c.cohort_name, 'status', c.cohort_status,
        'members', c.member_count, 'most_members', c.max_member_count, 'stability', c.stability_score,
        'formed_at', c.first_formed_at, 'ended_at', c.dissolved_at) order by c.first_formed_at, c.id), '[]')
      from cohorts.cohorts c where c.brand_id = p_brand),
    'edges', (
      select coalesce(pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object('from', k.from_id, 'to', k.to_id, 'event', k.event, 'at', k.at,
        'share', k.share) order by k.at, k.from_id, k.to_id), '[]')
      from kept k));
end;
comment on function cohorts.lineage(uuid) is
  'The ancestry of all cohorts a brand ever had, for a graph: {nodes: [{id, name, status, members, most_members, stability, formed_at, ended_at}], edges: [{from, to, event (split, merged, dissolved), at, share}]}. An edge leads to a cohort that took people over; share: of the people of the first, null where it is not known. For members from support up; empty for another brand.';
grant execute on function cohorts.lineage(uuid) to authenticated, service_role;

create type cohorts.trend_point as (
  run_id uuid, measured_at timestamptz, members integer, share double precision, stability double precision, stability_word text,
  coherence double precision, separation double precision, confidence double precision);
comment on type cohorts.trend_point is
  'A row of cohorts.trend. share: members of all people in the run; stability_word: on the scale of fpc; confidence: mean membership confidence.';

create function cohorts.trend(p_cohort uuid, p_since timestamptz default '-infinity', p_until timestamptz default 'infinity')
returns setof cohorts.trend_point
language sql
stable
set search_path = ''
begin atomic
  select m.run_id, m.measured_at, m.member_count, m.representativeness_score, m.stability_score, cohorts.stability_word(m.stability_score),
    m.coherence_score, m.separation_score, m.confidence_score
  from cohorts.cohorts c
  join cohorts.cohort_measurements m on m.brand_id = c.brand_id and m.cohort_id = c.id
  where c.id = p_cohort and m.measured_at >= p_since and m.measured_at < p_until
  order by m.measured_at, m.run_id;
end;
comment on function cohorts.trend(uuid, timestamptz, timestamptz) is
  'Size and quality of a cohort at each run from p_since (inclusive) to p_until (exclusive), oldest first, for members from support up; empty for a cohort of another brand.';
grant execute on function cohorts.trend(uuid, timestamptz, timestamptz) to authenticated, service_role;

create type cohorts.similar_cohort as (
  cohort_id uuid, name text, relationship cohorts.relationship_type, strength double precision, cosine double precision, distance double precision,
  overlap double precision, jaccard double precision, confidence double precision);
comment on type cohorts.similar_cohort is
  'A row of cohorts.similar; the columns are those of cohorts.cohort_similarity_matrix. overlap: how much the two clouds mix; jaccard: common members of the members of either.';

create function cohorts.similar(p_cohort uuid)
returns setof cohorts.similar_cohort
language sql
stable
set search_path = ''
begin atomic
  select o.id, o.cohort_name, s.relationship_type, s.relationship_strength, s.cosine_similarity, s.euclidean_distance, s.overlap_score,
    s.jaccard_similarity, s.similarity_confidence
  from cohorts.cohorts c
  join cohorts.cohort_similarity_matrix s on s.brand_id = c.brand_id and c.id in (s.cohort_a_id, s.cohort_b_id)
  join cohorts.cohorts o on o.brand_id = c.brand_id and o.id = case when s.cohort_a_id = c.id then s.cohort_b_id else s.cohort_a_id end
  where c.id = p_cohort
  order by s.cosine_similarity desc, o.id;
end;
comment on function cohorts.similar(uuid) is
  'The other cohorts of the last run, the most alike first, for members from support up; empty for a cohort of another brand.';
grant execute on function cohorts.similar(uuid) to authenticated, service_role;

create function cohorts.performance(p_cohort uuid, p_metric text default null)
returns setof cohorts.cohort_performance_metrics
language sql
stable
set search_path = ''
begin atomic
  select m.*
  from cohorts.cohorts c
  join cohorts.cohort_performance_metrics m on m.brand_id = c.brand_id and m.cohort_id = c.id
  where c.id = p_cohort and m.context_type = 'calendar_month' and (p_metric is null or m.metric_name = p_metric)
  order by m.metric_name, m.measurement_period_start;
end;
comment on function cohorts.performance(uuid, text) is
  'How a cohort did month by month, oldest first: the measures of outcomes.measure_cohorts, or one of them (p_metric). For members from support up; empty for a cohort of another brand.';
grant execute on function cohorts.performance(uuid, text) to authenticated, service_role;
