create function private.time_pattern()
returns text
language sql
immutable
set search_path = ''
return '^\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?(Z|[+-]\d{2}(:?\d{2})?)$';
comment on function private.time_pattern() is 'ISO 8601 time that says its offset; whether it exists in the calendar is pg_input_is_valid''s to say.';

create function private.check_fields(p_index integer[], p_types signals.signal_type[], p_data jsonb[])
returns table (idx integer, informative integer, field text, problem text)
language plpgsql
stable
set search_path = ''
as $$
#variable_conflict use_column
begin
  return query
  with given as materialized (
    select i.idx, i.signal_type, d.field, d.value, d.value #>> '{}' as text, jsonb_typeof(d.value) as type
    from unnest(p_index, p_types, p_data) i (idx, signal_type, data)
    cross join lateral jsonb_each(i.data) d (field, value)
  ),
  judged as materialized (
    select g.idx, g.field, f.is_informative, case f.kind
      when 'text' then case
        when g.type <> 'string' then 'must be text'
        when f.minimum > 0 and btrim(g.text) = '' then 'must not be empty'
        when length(g.text) > f.maximum then 'must have at most ' || f.maximum || ' characters'
        when not g.text = any (f.allowed) then 'must be one of ' || array_to_string(f.allowed, ', ') end
      when 'integer' then case
        when g.type <> 'number' then 'must be a whole number'
        when g.text::numeric <> trunc(g.text::numeric) then 'must be a whole number'
        when g.text::numeric not between f.minimum and f.maximum then 'must lie between ' || f.minimum || ' and ' || f.maximum end
      when 'number' then case
        when g.type <> 'number' then 'must be a number'
        when not pg_input_is_valid(g.text, 'float8') then 'must be a number that a double holds'
        when g.text::numeric not between f.minimum and f.maximum then 'must lie between ' || f.minimum || ' and ' || f.maximum end
      when 'boolean' then case when g.type <> 'boolean' then 'must be true or false' end
      when 'time' then case when g.type <> 'string' or g.text !~ private.time_pattern() or not pg_input_is_valid(g.text, 'timestamptz')
        then 'must be a time with its zone, such as 2026-01-31T10:00:00Z' end
      when 'address' then case when g.type <> 'string' or not pg_input_is_valid(g.text, 'inet') then 'must be an IP address' end
      when 'object' then case when g.type <> 'object' then 'must be an object' end
      when 'array' then case when g.type <> 'array' then 'must be an array' end
      when 'currency' then case when g.type <> 'string' or g.text !~ '^[A-Z]{3}$' then 'must be an ISO 4217 code such as EUR' end
      when 'media_type' then case when g.type <> 'string' or g.text !~ '^[a-z]+/[a-zA-Z0-9.+-]{1,100}$'
        then 'must be a media type such as image/jpeg' end
      when 'items' then case
        when g.type <> 'array' then 'must be an array'
        when jsonb_array_length(g.value) not between f.minimum and f.maximum
          then 'must hold ' || f.minimum || ' to ' || f.maximum || ' items'
        when jsonb_path_exists(g.value, '$[*] ? (@.type() != "object" || !exists(@.product_id) || @.product_id.type() != "string"
            || @.product_id == "" || !exists(@.name) || @.name.type() != "string" || @.category.type() != "string"
            || !exists(@.quantity) || @.quantity.type() != "number" || @.quantity <= 0 || @.quantity > 1000000
            || !exists(@.unit_price) || @.unit_price.type() != "number" || @.unit_price < 0 || @.unit_price > 9999999999)')
          then 'each item needs product_id and name (text), quantity above 0 and unit_price of 0 or more; category is text' end
      end as problem
    from given g
    join private.signal_fields f on f.signal_type = g.signal_type and f.field = g.field
  )
  select j.idx, count(*) filter (where j.is_informative)::integer,
    min(j.field) filter (where j.problem is not null), min(j.field || ' ' || j.problem) filter (where j.problem is not null)
  from judged j group by j.idx;
end
$$;
comment on function private.check_fields(integer[], signals.signal_type[], jsonb[]) is
  'Checks the data of many signals against private.signal_fields. Per signal: how many informative fields it has, the first bad field, and that field with what is wrong, in words that say how to mend it (both null when nothing is).';

create function private.check_person(p_person jsonb)
returns table (field text, problem text)
language sql
immutable
set search_path = ''
as $$
  select e.field, case
    when f.maximum is null then 'is not known: person takes given_name, family_name, street, house_number, city, postcode, region, country and birth_date'
    when jsonb_typeof(e.value) <> 'string' then 'must be text'
    when length(e.value #>> '{}') > f.maximum then 'must have at most ' || f.maximum || ' characters'
    else 'must be a date such as 1980-12-31, or a year' end
  from jsonb_each(case when jsonb_typeof(p_person) = 'object' then p_person else '{}' end) e (field, value)
  left join (values ('given_name', 100), ('family_name', 100), ('street', 200), ('house_number', 20), ('city', 100), ('postcode', 20),
    ('region', 100), ('country', 100), ('birth_date', 10)) f (field, maximum) using (field)
  where jsonb_typeof(e.value) <> 'null' and (f.maximum is null or jsonb_typeof(e.value) <> 'string' or length(e.value #>> '{}') > f.maximum
    or e.field = 'birth_date' and e.value #>> '{}' !~ '^[0-9]{4}[0-9-]{0,6}$')
  order by e.field
  limit 1
$$;
comment on function private.check_person(jsonb) is
  'The first field of a signal''s person that cannot be taken, with what is wrong; no row when all is well. Only its form is checked: a 30th of February is somebody''s typing error, and still evidence.';
