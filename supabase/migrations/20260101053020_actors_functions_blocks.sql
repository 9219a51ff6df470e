create view private.identity_block_keys as
-- Two records are compared when they share one of these. A typing error in one part leaves the others.
select r.brand_id, r.id as record_id, hashtextextended(k.kind || ':' || k.key, 0) as block_key, k.is_identifier
from actors.identity_records r
cross join lateral (
  select 'customer_id' as kind, r.customer_id as key, true as is_identifier
  union all select 'email', r.email, true
  union all select 'phone', r.phone, true
  union all select 'social_handle', r.social_handle, true
  union all select split_part(m.value, ':', 1), substr(m.value, strpos(m.value, ':') + 1), true from unnest(r.more_identifiers) m (value)
  union all select n.kind, n.key, false from (values
    ('names', least(r.given_name, r.family_name) || ' ' || greatest(r.given_name, r.family_name)),
    ('name starts', least(left(r.given_name, 3), left(r.family_name, 3)) || ' ' || greatest(left(r.given_name, 3), left(r.family_name, 3))),
    ('family city', r.family_name || ' ' || r.city),
    ('given city', r.given_name || ' ' || r.city),
    ('given birth', r.given_name || ' ' || r.birth_date),
    ('family birth', r.family_name || ' ' || r.birth_date),
    ('birth', case when length(r.birth_date) > 4 then r.birth_date end),
    ('mailbox', split_part(r.email, '@', 1)),
    ('mail start', left(r.email, 6)),
    ('phone start', left(r.phone, 9)),
    ('phone end', right(r.phone, 6)),
    ('customer start', case when length(r.customer_id) >= 6 and r.given_name is not null then left(r.customer_id, 5) end),
    ('post family', r.postcode || ' ' || left(r.family_name, 3)),
    ('post given', r.postcode || ' ' || left(r.given_name, 3)),
    ('post house', r.postcode || ' ' || r.house_number),
    ('street', r.street)) n (kind, key)
) k
where k.key is not null;
comment on view private.identity_block_keys is 'The block keys of every record: each identifier, pairs of parts of name, place and birth, and the beginnings and ends of addresses and numbers.';

create function private.identity_bits(p_field text, p_count integer, p_total integer, p_names integer, p_share double precision)
returns double precision
language sql
immutable
set search_path = ''
as $$
  select case
    -- An identifier: how many others may hold it, per record; the number of records is added when it is scored.
    when p_share is not null then case when p_count > 40 and p_names > 10 or p_count > 150 then null
      else -ln(p_share + 0.5 * greatest(0, p_names - 2)) / ln(2::double precision) end
    else -ln(greatest((greatest(0, p_count - 2) + 50 * d.usual) / (p_total + 50), d.least)) / ln(2::double precision) end
  from (
    select case p_field when 'given_name' then 0.01 when 'family_name' then 0.005 when 'city' then 0.05 when 'region' then 0.2
        when 'house_number' then 0.02 else 0.01 end::double precision as usual,
      case p_field when 'given_name' then 0.0005 else 0.0002 end::double precision as least
  ) d
$$;
comment on function private.identity_bits(text, integer, integer, integer, double precision) is
  'How much agreement on a value tells, in bits. Names, places, dates: -log2 of the value''s frequency among the others, (p_count - 2 + 50 usual) / (p_total + 50): the pair itself does not make its value common, a small brand does not take every name for a rare one; never rarer than a floor, because names of one origin go together. Identifiers (p_share given, 1 - actors.match_confidence.<type>): -log2 of how many others hold the value per record, more where more than two different beginnings of given names (p_names) are seen with it; null where it is clearly shared by many: more than 40 records with more than ten such beginnings, or, since there may be no names, more than 150 records.';

create function private.count_identity_values(p_brand uuid, p_records uuid[])
returns void
language plpgsql
volatile
set search_path = ''
set plan_cache_mode = force_custom_plan -- the plan depends on the size of the array
as $$
begin
  with carried as materialized (
    select f.field, f.value, coalesce(left(r.given_name, 2), '') as name
    from actors.identity_records r
    cross join lateral unnest(private.identity_fields(), array[r.customer_id, r.email, r.phone, r.social_handle, r.given_name, r.family_name,
      r.birth_date, r.street, r.house_number, r.city, r.postcode, r.region]) f (field, value)
    where r.id = any (p_records) and f.value is not null
  )
  insert into private.identity_values as v (brand_id, field, value, record_count, names)
  select p_brand, c.field, c.value, count(*),
    case when c.field in ('customer_id', 'email', 'phone', 'social_handle') then (array_agg(distinct c.name order by c.name))[:12] else '{}' end
  from carried c group by c.field, c.value
  union all
  select p_brand, c.field, '', count(*), '{}' from carried c group by c.field
  union all
  select p_brand, 'record', '', cardinality(p_records), '{}'
  on conflict (brand_id, field, value) do update
  set record_count = v.record_count + excluded.record_count,
    names = case when cardinality(v.names) >= 12 or v.names @> excluded.names then v.names
      else array(select distinct n from unnest(v.names || excluded.names) n order by n limit 12) end;
end
$$;
comment on function private.count_identity_values(uuid, uuid[]) is 'Counts the values of new records in private.identity_values.';

create function private.refresh_identity_bits(p_brand uuid, p_records uuid[] default null)
returns void
language plpgsql
volatile
set search_path = ''
set plan_cache_mode = force_custom_plan -- a few records, or all of the brand
as $$
begin
  with shares as materialized (
    select k::text as field, 1 - private.actors_number(p_brand, 'match_confidence.' || k) as share
    from unnest(array['customer_id', 'email', 'phone', 'social_handle']) k
  ), totals as materialized (
    select v.field, v.record_count as total from private.identity_values v where v.brand_id = p_brand and v.value = ''
  ), carried as (
    select r.id, f.place, f.field, f.value
    from actors.identity_records r
    cross join lateral unnest(private.identity_fields(), array[r.customer_id, r.email, r.phone, r.social_handle, r.given_name, r.family_name,
      r.birth_date, r.street, r.house_number, r.city, r.postcode, r.region]) with ordinality f (field, value, place)
    where r.id = any (p_records) or p_records is null and r.brand_id = p_brand
  ), common as (
    select c.id, array_agg(case when c.value is not null then private.identity_bits(c.field, v.record_count, t.total, cardinality(v.names), s.share) end order by c.place) as bits
    from carried c
    -- A lookup by the key for each value, whatever the statistics of a brand that they do not know yet.
    left join lateral (
      select v.record_count, v.names from private.identity_values v where (v.brand_id, v.field, v.value) = (p_brand, c.field, c.value) offset 0
    ) v on true
    left join totals t on t.field = c.field
    left join shares s on s.field = c.field
    group by c.id
  )
  update actors.identity_records r set agreement_bits = c.bits
  from common c
  where r.id = c.id and r.agreement_bits is distinct from c.bits;
end
$$;
comment on function private.refresh_identity_bits(uuid, uuid[]) is
  'Writes agreement_bits of the records (null: of all of the brand) from the counts of their values as they are now.';

create function private.identity_candidates(p_brand uuid, p_records uuid[])
returns table (record_a uuid, record_b uuid)
language plpgsql
stable
set search_path = ''
set plan_cache_mode = force_custom_plan -- the plan depends on the size of the array
as $$
declare
  v_cap constant integer := private.actors_number(p_brand, 'block_cap');
begin
  if p_records is null then
    return query
    with sized as materialized (
      select b.block_key, b.record_id, b.is_identifier, count(*) over (partition by b.block_key) as members,
        row_number() over (partition by b.block_key order by b.record_id) as place
      from private.identity_blocks b where b.brand_id = p_brand
    ), kept as materialized (
      select s.block_key, s.record_id, s.place from sized s where s.members between 2 and v_cap or s.is_identifier and s.members > 1
    )
    select distinct least(x.record_id, y.record_id), greatest(x.record_id, y.record_id)
    from kept x join kept y on y.block_key = x.block_key and y.place < x.place and y.place <= v_cap;
  else
    return query
    with own as materialized (
      select b.block_key, r.id as record_id, b.is_identifier
      from unnest(p_records) r (id)
      cross join lateral (
        select i.block_key, i.is_identifier from private.identity_blocks i where i.brand_id = p_brand and i.record_id = r.id offset 0
      ) b
    ), keys as materialized (
      select distinct o.block_key, o.is_identifier from own o
    ), members as materialized (
      select k.block_key, m.record_id
      from keys k
      cross join lateral (
        select t.record_id, count(*) over () as members
        from (select b.record_id from private.identity_blocks b where b.brand_id = p_brand and b.block_key = k.block_key
          order by b.record_id limit v_cap + 1) t
      ) m
      where m.members <= v_cap or k.is_identifier
    )
    select distinct least(o.record_id, m.record_id), greatest(o.record_id, m.record_id)
    from own o join members m on m.block_key = o.block_key and m.record_id <> o.record_id;
  end if;
end
$$;
comment on function private.identity_candidates(uuid, uuid[]) is
  'Pairs worth comparing: the records (null: all of the brand) with every record that shares a block. A block above actors.block_cap says too little and is skipped; of an identifier''s block the first so many records stand for all.';
