create function cohorts.list(p_brand uuid)
returns setof cohorts.cohorts
language sql
stable
set search_path = ''
begin atomic
  select c.* from cohorts.cohorts c
  where c.brand_id = p_brand and c.cohort_status = 'active'
  order by c.member_count desc, c.id;
end;
comment on function cohorts.list(uuid) is 'The active cohorts of a brand, largest first, for members from support up.';
grant execute on function cohorts.list(uuid) to authenticated, service_role;

create type cohorts.member as (
  actor_id uuid, name text, membership_type cohorts.membership_type, confidence double precision, fit double precision, assigned_at timestamptz);
comment on type cohorts.member is 'A row of cohorts.members. fit: 1 - distance to own centroid / distance to the nearest other one.';

create function cohorts.members(p_cohort uuid, p_limit integer default 100)
returns setof cohorts.member
language sql
stable
set search_path = ''
begin atomic
  -- The members first, then their names: joined at once, all people of the brand were read.
  with surest as materialized (
    select m.brand_id, m.actor_id, m.membership_type, m.membership_confidence, m.fit_score, m.assigned_at
    from cohorts.cohorts c
    join cohorts.actor_cohort_membership m on m.brand_id = c.brand_id and m.cohort_id = c.id and m.is_active
    where c.id = p_cohort
    order by m.membership_confidence desc, m.actor_id
    limit least(greatest(p_limit, 0), 10000)
  )
  select s.actor_id, a.name, s.membership_type, s.membership_confidence, s.fit_score, s.assigned_at
  from surest s
  join actors.actors a on a.brand_id = s.brand_id and a.id = s.actor_id
  order by s.membership_confidence desc, s.actor_id;
end;
comment on function cohorts.members(uuid, integer) is
  'The members of a cohort, with primary or secondary membership, surest first, at most p_limit (up to 10,000), for members of the brand from support up; empty for a cohort of another brand.';
grant execute on function cohorts.members(uuid, integer) to authenticated, service_role;

create type cohorts.projected_actor as (actor_id uuid, cohort_id uuid, x double precision, y double precision);
comment on type cohorts.projected_actor is 'A row of cohorts.projection.';

create function cohorts.projection(p_brand uuid, p_limit integer default 2000)
returns setof cohorts.projected_actor
language sql
stable
set search_path = ''
begin atomic
  select m.actor_id, m.cohort_id, m.projection_x, m.projection_y
  from cohorts.actor_cohort_membership m
  where m.brand_id = p_brand and m.is_active and m.membership_type = 'primary'
  order by pg_catalog.uuid_hash_extended(m.actor_id, 0), m.actor_id
  limit least(greatest(p_limit, 0), 20000);
end;
comment on function cohorts.projection(uuid, integer) is
  'Where the members of the active cohorts lie on the plane of the first two principal components, for a plot: a fixed random choice of p_limit people (up to 20,000), for members of the brand from support up.';
grant execute on function cohorts.projection(uuid, integer) to authenticated, service_role;
