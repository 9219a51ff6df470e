create function private.actors_search(p_brand uuid, p_text text, p_limit integer)
returns table (actor_id uuid, name text, likeness double precision, record jsonb)
language plpgsql
stable
security definer
set search_path = ''
set plan_cache_mode = force_custom_plan -- the index is chosen for the text
as $$
declare
  -- So many words say enough, and bound the work for whatever is sent.
  v_words constant text[] := (string_to_array(private.plain_text(left(p_text, 200)), ' '))[:8];
  v_text constant text := array_to_string(v_words, ' ');
begin
  perform private.require_role(p_brand, 'support');
  if coalesce(length(v_text) < 2, true) then
    perform private.raise_error('invalid_argument', 'p_text', 'must have at least two letters or digits');
  elsif coalesce(p_limit not between 1 and 100, true) then
    perform private.raise_error('invalid_argument', 'p_limit', 'must be from 1 to 100');
  end if;
  perform set_config('pg_trgm.word_similarity_threshold', '0.5', true); -- lets a slip pass in each word
  return query
  with alike as materialized (
    select r.id from actors.identity_records r
    where r.brand_id = p_brand and v_text operator(extensions.<%) r.search_text and r.signal_count > 0 and r.actor_id is not null
    limit 500
  ), ranked as (
    -- Each word on its own, so that "smith leeds" finds Anna Smith of Mill Lane, Leeds.
    select r.actor_id, (select avg(extensions.word_similarity(w, r.search_text)) from unnest(v_words) w) as likeness, r.id
    from alike k join actors.identity_records r on r.id = k.id
    union all
    select f.id, 1, null from private.actors_find(p_brand, left(p_text, 320)) f
  ), best as (
    select distinct on (k.actor_id) k.* from ranked k order by k.actor_id, k.likeness desc, k.id
  )
  select a.id, a.name, round(b.likeness::numeric, 3)::double precision, case when r.id is not null then private.identity_record_fields(r) end
  from (select * from best o order by o.likeness desc, o.actor_id limit p_limit) b
  join actors.actors a on a.brand_id = p_brand and a.id = b.actor_id
  left join actors.identity_records r on r.brand_id = p_brand and r.id = b.id
  order by b.likeness desc, a.last_seen_at desc, a.id;
end
$$;
comment on function private.actors_search(uuid, text, integer) is
  'Body of actors.search. Definer: checks the role once; under row policies the operators of likeness could not use the index.';
grant execute on function private.actors_search(uuid, text, integer) to authenticated, service_role;

create function actors.search(p_brand uuid, p_text text, p_limit integer default 20)
returns table (actor_id uuid, name text, likeness double precision, record jsonb)
language sql
stable
set search_path = ''
begin atomic
  select * from private.actors_search(p_brand, p_text, p_limit);
end;
comment on function actors.search(uuid, text, integer) is
  'Looks people up by what somebody typed: names, parts of the postal or e-mail address, in any order and not quite right, or an identifier. Up to p_limit (1 to 100) people, the likest first: likeness from 0 to 1 is the mean over the words (trigrams; an identifier that agrees: 1), record the fields that were found (null for an identifier). The first 200 characters and 8 words count; of a text that fits very many records, 500 are ranked. For support and up. Errors: invalid_argument, not_a_member.';
grant execute on function actors.search(uuid, text, integer) to authenticated, service_role;
