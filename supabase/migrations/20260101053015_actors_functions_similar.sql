create function private.actors_similar(p_actor uuid, p_limit integer)
returns table (actor_id uuid, name text, distance double precision, shared_traits text[])
language plpgsql
stable
security definer
set search_path = ''
as $$
declare
  v_brand constant uuid := private.actors_brand_of(p_actor);
  v_vector extensions.vector;
begin
  if coalesce(p_limit not between 1 and 100, true) then
    perform private.raise_error('invalid_argument', 'p_limit', 'must be from 1 to 100');
  end if;
  select v.vector_data into v_vector from actors.actor_belief_vectors v
  where v.brand_id = v_brand and v.actor_id = p_actor and v.vector_name = 'belief' and v.is_current;
  if v_vector is null then
    return;
  end if;

  return query
  -- Exact: 32 numbers for each person of one brand are read faster than an approximate index is walked under a filter.
  with neighbours as materialized (
    select v.actor_id, v.vector_data, v.vector_data operator(extensions.<->) v_vector as distance
    from actors.actor_belief_vectors v
    -- Whoever was merged or retired since the last refresh has a vector until the next.
    join actors.actors a on a.brand_id = v_brand and a.id = v.actor_id and a.is_active
    where v.brand_id = v_brand and v.vector_name = 'belief' and v.is_current and v.actor_id <> p_actor
    order by v.vector_data operator(extensions.<->) v_vector, v.actor_id
    limit p_limit
  ), traits as (
    select n.actor_id, array_agg(c.label order by m.both desc, c.label) as labels
    from neighbours n
    cross join lateral unnest(n.vector_data::real[], v_vector::real[]) with ordinality x (theirs, own, place)
    join actors.belief_vector_components c on c.brand_id = v_brand and c.position = x.place
    cross join lateral (select least(x.theirs, x.own) as both) m
    where m.both >= 0.5
    group by n.actor_id
  )
  select n.actor_id, a.name, n.distance, coalesce(t.labels[1:3], '{}')
  from neighbours n
  join actors.actors a on a.brand_id = v_brand and a.id = n.actor_id
  left join traits t on t.actor_id = n.actor_id
  order by n.distance, n.actor_id;
end
$$;
comment on function private.actors_similar(uuid, integer) is 'Body of actors.similar. Definer: one exact scan of the brand''s vectors instead of a policy per row, after checking the caller''s role in it.';
grant execute on function private.actors_similar(uuid, integer) to authenticated, service_role;

create function actors.similar(p_actor uuid, p_limit integer default 10)
returns table (actor_id uuid, name text, distance double precision, shared_traits text[])
language sql
stable
set search_path = ''
begin atomic
  select * from private.actors_similar(p_actor, p_limit);
end;
comment on function actors.similar(uuid, integer) is
  'The p_limit (1 to 100) people of the same brand whose belief vectors lie nearest, nearest first. distance: Euclidean, in standard deviations of the brand. shared_traits: up to three components in which both stand at least half a deviation above the mean. No rows for a person without a vector yet (actors.refresh_vectors makes them hourly). For support and up. Errors: not_found, invalid_argument.';
grant execute on function actors.similar(uuid, integer) to authenticated, service_role;
