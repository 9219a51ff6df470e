create type cohorts.prototype as (actor_id uuid, name text, confidence double precision, fit double precision, distance double precision, traits jsonb);
comment on type cohorts.prototype is
  'A row of cohorts.prototypes. distance: to the nearest centre of the cohort; traits: [{component, label, value, words}], the person''s characteristics of the cohort, the most telling first; value in the component''s own unit.';

create function cohorts.prototypes(p_cohort uuid, p_limit integer default 3)
returns setof cohorts.prototype
language sql
stable
set search_path = ''
begin atomic
  with typical as materialized (
    select m.brand_id, m.cohort_id, m.actor_id, m.membership_confidence, m.fit_score, m.distance_to_centroid
    from cohorts.cohorts c
    -- Distances of one run only: those of two have different scales.
    join cohorts.actor_cohort_membership m on m.brand_id = c.brand_id and m.cohort_id = c.id and m.is_active and m.run_id = c.last_run_id
    where c.id = p_cohort and m.distance_to_centroid is not null
    order by m.distance_to_centroid, m.fit_score desc nulls last, m.actor_id
    limit least(greatest(p_limit, 0), 100)
  )
  select t.actor_id, a.name, t.membership_confidence, t.fit_score, t.distance_to_centroid, coalesce(s.traits, '[]')
  from typical t
  join actors.actors a on a.brand_id = t.brand_id and a.id = t.actor_id
  left join lateral (
    select pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object('component', h.characteristic_name, 'label', b.label, 'value', v.value,
      'words', b.label || ': ' || private.component_words(h.characteristic_name, v.value)) order by pg_catalog.abs(h.effect_size) desc) as traits
    from cohorts.cohort_characteristics h
    join actors.belief_vector_components b on b.brand_id = h.brand_id and b.component_name = h.characteristic_name
    join actors.actor_belief_vectors x on x.brand_id = t.brand_id and x.actor_id = t.actor_id and x.vector_name = 'belief' and x.is_current
    cross join lateral (select (x.vector_data::real[])[b.position] * b.standard_deviation + b.mean_value as value) v
    cross join lateral (select (h.characteristic_value ->> 'mean_of_rest')::double precision as rest) r
    -- Shared is what lies nearer to the cohort than to the others.
    where h.brand_id = t.brand_id and h.cohort_id = t.cohort_id and h.is_current
      and pg_catalog.abs(v.value - h.mean_value) < pg_catalog.abs(v.value - r.rest)
  ) s on true
  order by t.distance_to_centroid, t.fit_score desc nulls last, t.actor_id;
end;
comment on function cohorts.prototypes(uuid, integer) is
  'The most typical members of a cohort, nearest to one of its centres first, with what they share with it; at most p_limit (up to 100). For members from support up; empty for a cohort of another brand.';
grant execute on function cohorts.prototypes(uuid, integer) to authenticated, service_role;
grant execute on function private.component_words(text, double precision) to authenticated, service_role;
