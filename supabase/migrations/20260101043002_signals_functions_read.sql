create function private.signal_field_problem(p_rule private.signal_fields, p_value jsonb)
returns text
language plpgsql
stable
set search_path = ''
as $$
declare
  v_text text := p_value #>> '{}';
  v_type text := jsonb_typeof(p_value);
begin
  case p_rule.kind
    when 'text' then
      return case
        when v_type <> 'string' then 'must be text'
        when length(v_text) < p_rule.minimum or p_rule.minimum > 0 and btrim(v_text) = '' then 'must not be empty'
        when length(v_text) > p_rule.maximum then 'must have at most ' || p_rule.maximum || ' characters'
        when not v_text = any (p_rule.allowed) then 'must be one of ' || array_to_string(p_rule.allowed, ', ') end;
    when 'integer', 'number' then
      return case
        when v_type <> 'number' or not pg_input_is_valid(v_text, 'float8') then 'must be a number'
        when p_rule.kind = 'integer' and v_text::numeric <> trunc(v_text::numeric) then 'must be a whole number'
        when v_text::numeric < p_rule.minimum then 'must be at least ' || p_rule.minimum
        when v_text::numeric > p_rule.maximum then 'must be at most ' || p_rule.maximum end;
    when 'boolean' then
      return case when v_type <> 'boolean' then 'must be true or false' end;
    when 'time' then
      return case when v_type <> 'string' or not private.is_zoned_time(v_text)
        then 'must be a time with its zone, such as 2026-01-31T10:00:00Z' end;
    when 'address' then
      return case when v_type <> 'string' or not pg_input_is_valid(v_text, 'inet') then 'must be an IP address' end;
    when 'object' then
      return case when v_type <> 'object' then 'must be an object' end;
    when 'array' then
      return case when v_type <> 'array' then 'must be an array' end;
    when 'currency' then
      return case when v_type <> 'string' or v_text !~ '^[A-Z]{3}$' then 'must be an ISO 4217 code such as EUR' end;
    when 'media_type' then
      return case when v_type <> 'string' or v_text !~ '^[a-z]+/[a-zA-Z0-9.+-]{1,100}$' then 'must be a media type such as image/jpeg' end;
    when 'items' then
      return case
        when v_type <> 'array' or jsonb_array_length(p_value) not between p_rule.minimum and p_rule.maximum
          then 'must be an array of ' || p_rule.minimum || ' to ' || p_rule.maximum || ' items'
        when jsonb_path_exists(p_value, '$[*] ? (@.type() != "object" || !exists(@.product_id) || @.product_id.type() != "string"
            || @.product_id == "" || !exists(@.name) || @.name.type() != "string" || @.category.type() != "string"
            || !exists(@.quantity) || @.quantity.type() != "number" || @.quantity <= 0 || @.quantity > 1000000
            || !exists(@.unit_price) || @.unit_price.type() != "number" || @.unit_price < 0 || @.unit_price > 9999999999)')
          then 'each item needs product_id and name (text), quantity above 0 and unit_price of 0 or more; category is text' end;
  end case;
end
$$;
comment on function private.signal_field_problem(private.signal_fields, jsonb) is
  'What is wrong with a value, in words that say how to mend it; null when nothing is.';

create function private.is_zoned_time(p_text text)
returns boolean
language sql
stable
set search_path = ''
as $$
  select p_text ~ '^\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?(Z|[+-]\d{2}(:?\d{2})?)$'
    and pg_input_is_valid(p_text, 'timestamptz')
$$;
comment on function private.is_zoned_time(text) is 'True for an ISO 8601 time that says its offset and exists in the calendar.';

create function private.read_signals(p_brand uuid, p_signals jsonb, p_now timestamptz)
returns setof private.incoming_signal
language sql
stable
set search_path = ''
as $$
  with settings as materialized (
    select nullif(private.parameter(p_brand, 'signals.default_country') #>> '{}', '') as country,
      (private.parameter(p_brand, 'signals.max_bytes') #>> '{}')::integer as max_bytes
  ),
  kinds as materialized (
    select f.signal_type,
      coalesce(array_agg(f.field) filter (where f.is_required), '{}') as required,
      count(*) filter (where f.is_informative) as informative,
      coalesce(jsonb_object_agg(f.field, f.default_value) filter (where f.default_value is not null), '{}') as defaults,
      max(f.field) filter (where f.is_event_time) as time_field,
      max(f.field) filter (where f.is_free_text) as text_field
    from private.signal_fields f group by f.signal_type
  ),
  items as materialized (
    select (o.n - 1)::integer as idx, o.item,
      jsonb_strip_nulls(case when jsonb_typeof(o.item -> 'data') = 'object' then o.item -> 'data' else '{}' end) as data,
      jsonb_strip_nulls(case when jsonb_typeof(o.item -> 'identifiers') = 'object' then o.item -> 'identifiers' else '{}' end) as given
    from jsonb_array_elements(p_signals) with ordinality o (item, n)
  ),
  envelopes as materialized (
    select i.idx, i.item, i.data, i.given, k.signal_type, k.informative, k.defaults, k.time_field, k.text_field,
      case
        when jsonb_typeof(i.item) <> 'object' then array['not_an_object', '', 'A signal is a JSON object.']
        when octet_length(i.item::text) > s.max_bytes then array['too_large', '', 'A signal has at most ' || s.max_bytes || ' bytes of JSON.']
        when jsonb_path_exists(i.item, '$.**{33}') then array['too_deep', '', 'A signal is nested at most 32 levels deep.']
        when k.signal_type is null then array['unknown_type', 'type', 'must be one of ' || (select string_agg(t::text, ', ') from unnest(enum_range(null::signals.signal_type)) t)]
        when coalesce(jsonb_typeof(i.item -> 'source_platform') <> 'string' or btrim(i.item ->> 'source_platform') = ''
          or length(i.item ->> 'source_platform') > 100, true)
          then array['invalid_field', 'source_platform', 'must be text of 1 to 100 characters']
        when jsonb_typeof(i.item -> 'source_id') not in ('string', 'null') or length(i.item ->> 'source_id') not between 1 and 255
          then array['invalid_field', 'source_id', 'must be text of 1 to 255 characters, or left out']
        when jsonb_typeof(i.item -> 'occurred_at') is distinct from 'string' or not private.is_zoned_time(i.item ->> 'occurred_at')
          then array['invalid_field', 'occurred_at', 'must be a time with its zone, such as 2026-01-31T10:00:00Z']
        when (i.item ->> 'occurred_at')::timestamptz not between '1990-01-01T00:00:00Z' and p_now + interval '1 day'
          then array['time_out_of_range', 'occurred_at', 'must lie after 1990 and not more than a day ahead']
        when jsonb_typeof(i.item -> 'data') is distinct from 'object' then array['invalid_field', 'data', 'must be an object']
        when jsonb_typeof(i.item -> 'identifiers') not in ('object', 'null') then array['invalid_field', 'identifiers', 'must be an object']
        when jsonb_typeof(i.item -> 'metadata') not in ('object', 'null') then array['invalid_field', 'metadata', 'must be an object']
        when jsonb_typeof(i.item -> 'name') not in ('string', 'null') or length(i.item ->> 'name') > 200
          then array['invalid_field', 'name', 'must be text of at most 200 characters']
        when not i.data ?& k.required
          then array['missing_field', 'data.' || (select min(q) from unnest(k.required) q where not i.data ? q), 'is required']
      end as error
    from items i
    cross join settings s
    left join kinds k on k.signal_type::text = i.item ->> 'type'
  ),
  fields as materialized (
    select e.idx, count(*) filter (where f.is_informative) as informative,
      (array_agg(array['invalid_field', 'data.' || d.field, p.problem] order by d.field) filter (where p.problem is not null))[1:1] as problem
    from envelopes e
    cross join lateral jsonb_each(e.data) d (field, value)
    join private.signal_fields f on f.signal_type = e.signal_type and f.field = d.field
    cross join lateral (select private.signal_field_problem(f, d.value) as problem offset 0) p
    where e.error is null
    group by e.idx
  ),
  people as materialized (
    select e.idx, g.type, true as is_given,
      case when jsonb_typeof(g.value) = 'string' then private.normalize_identifier(g.type,
        case when g.type = 'social_handle' and g.value #>> '{}' not like '%:%'
          then regexp_replace(lower(e.item ->> 'source_platform'), '[^a-z0-9_.-]+', '-', 'g') || ':' || (g.value #>> '{}') else g.value #>> '{}' end, s.country) end as value
    from envelopes e cross join settings s cross join lateral jsonb_each(e.given) g (type, value)
    where e.error is null
    union all
    select e.idx, f.identifier_type, false,
      private.normalize_identifier(f.identifier_type,
        case when f.identifier_type = 'social_handle' then coalesce(e.data ->> 'platform', 'other') || ':' else '' end || (e.data ->> f.field), s.country)
    from envelopes e cross join settings s
    join private.signal_fields f on f.signal_type = e.signal_type and f.identifier_type is not null and e.data ? f.field
    where e.error is null
      -- The other side of the conversation is the brand itself.
      and not (e.signal_type = 'whatsapp_message' and coalesce(e.data -> 'is_inbound', 'true') = 'false')
      and not (e.signal_type = 'email_interaction' and (f.field = 'sender_email') is distinct from (e.data ->> 'email_type' = 'received'))
  ),
  identities as materialized (
    select p.idx,
      coalesce(jsonb_agg(distinct jsonb_build_object('type', p.type, 'value', p.value)) filter (where p.value is not null), '[]') as identifiers,
      min(p.type) filter (where p.value is null and p.is_given) as bad_type,
      count(*) filter (where p.value is null and not p.is_given) as doubts
    from people p group by p.idx
  ),
  checked as materialized (
    select e.*, coalesce(n.identifiers, '[]') as identifiers, coalesce(n.doubts, 0) as doubts, coalesce(f.informative, 0) as given_fields,
      coalesce(e.error, case when f.problem is not null then array[f.problem[1][1], f.problem[1][2], f.problem[1][3]] end,
        case when n.bad_type is not null then array['invalid_identifier', 'identifiers.' || n.bad_type,
          case n.bad_type
            when 'email' then 'must be an e-mail address'
            when 'phone' then 'must be a phone number in international form, such as +4930123456; for national numbers set signals.default_country'
            when 'social_handle' then 'must be a handle such as @anna or instagram:anna'
            when 'customer_id' then 'must be text'
            else 'identifiers are email, phone, social_handle and customer_id' end] end) as problem
    from envelopes e left join fields f on f.idx = e.idx left join identities n on n.idx = e.idx
  ),
  hashed as materialized (
    select c.*, (c.item ->> 'occurred_at')::timestamptz as occurred_at,
      sha256(convert_to(jsonb_build_object('type', c.signal_type, 'at', extract(epoch from (c.item ->> 'occurred_at')::timestamptz),
        'identifiers', c.identifiers, 'data', c.data)::text, 'UTF8')) as content_sha256
    from checked c where c.problem is null
  )
  select h.idx, h.item, h.signal_type, btrim(h.item ->> 'source_platform'),
    coalesce(h.item ->> 'source_id', 'content:' || encode(h.content_sha256, 'hex')), h.occurred_at,
    case h.signal_type when 'order' then jsonb_build_object(
      'order_number', coalesce(h.item ->> 'source_id', encode(h.content_sha256, 'hex')),
      'subtotal', greatest(0, (h.data ->> 'total_amount')::numeric - coalesce((h.data ->> 'tax_amount')::numeric, 0)
        - coalesce((h.data ->> 'tip_amount')::numeric, 0) - coalesce((h.data ->> 'delivery_fee')::numeric, 0))) else '{}' end
      || h.defaults || h.data || jsonb_build_object(h.time_field, h.occurred_at),
    h.identifiers, h.content_sha256,
    case when h.data -> 'is_inbound' is distinct from 'false' then h.data ->> h.text_field end,
    (h.given_fields + (h.identifiers <> '[]')::integer)::double precision / (h.informative + 1), h.doubts::integer,
    null::text, null::text, null::text
  from hashed h
  union all
  select c.idx, c.item, c.signal_type, null, null, null, null, null, null, null, null, null, c.problem[1], c.problem[2], c.problem[3]
  from checked c where c.problem is not null
$$;
comment on function private.read_signals(uuid, jsonb, timestamptz) is
  'Reads and checks each element of the array p_signals on its own. A row with error_code is to be rejected: field names the place, reason the mend. Codes: not_an_object, too_large, too_deep, unknown_type, missing_field, invalid_field, invalid_identifier, time_out_of_range.';
