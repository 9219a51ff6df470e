create function private.read_signals(p_brand uuid, p_signals jsonb, p_now timestamptz)
returns setof private.incoming_signal
language plpgsql
stable
set search_path = ''
as $$
#variable_conflict use_column
begin
  return query
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
        when k.signal_type is null then array['unknown_type', 'type', 'must be one of ' || (select string_agg(t.signal_type::text, ', ' order by t.signal_type) from kinds t)]
        when coalesce(jsonb_typeof(i.item -> 'source_platform') <> 'string' or btrim(i.item ->> 'source_platform') = ''
          or length(i.item ->> 'source_platform') > 100, true)
          then array['invalid_field', 'source_platform', 'must be text of 1 to 100 characters']
        when jsonb_typeof(i.item -> 'source_id') not in ('string', 'null') or length(i.item ->> 'source_id') not between 1 and 255
          then array['invalid_field', 'source_id', 'must be text of 1 to 255 characters, or left out']
        when jsonb_typeof(i.item -> 'occurred_at') is distinct from 'string' or i.item ->> 'occurred_at' !~ private.time_pattern()
            or not pg_input_is_valid(i.item ->> 'occurred_at', 'timestamptz')
          then array['invalid_field', 'occurred_at', 'must be a time with its zone, such as 2026-01-31T10:00:00Z']
        when (i.item ->> 'occurred_at')::timestamptz not between '1990-01-01T00:00:00Z' and p_now + interval '1 day'
          then array['time_out_of_range', 'occurred_at', 'must lie after 1990 and not more than a day ahead']
        when jsonb_typeof(i.item -> 'data') is distinct from 'object' then array['invalid_field', 'data', 'must be an object']
        when jsonb_typeof(i.item -> 'identifiers') not in ('object', 'null') then array['invalid_field', 'identifiers', 'must be an object']
        when jsonb_typeof(i.item -> 'metadata') not in ('object', 'null') then array['invalid_field', 'metadata', 'must be an object']
        when jsonb_typeof(i.item -> 'name') not in ('string', 'null') or length(i.item ->> 'name') > 200
          then array['invalid_field', 'name', 'must be text of at most 200 characters']
        when jsonb_typeof(i.item -> 'person') not in ('object', 'null') then array['invalid_field', 'person', 'must be an object']
        when p.field is not null then array['invalid_field', 'person.' || p.field, p.problem]
        when not i.data ?& k.required
          then array['missing_field', 'data.' || (select min(q) from unnest(k.required) q where not i.data ? q), 'is required']
      end as error
    from items i
    cross join settings s
    left join kinds k on k.signal_type::text = i.item ->> 'type'
    left join lateral private.check_person(i.item -> 'person') p on true
  ),
  fields as materialized (
    select f.* from (
      select array_agg(e.idx) as idx, array_agg(e.signal_type) as types, array_agg(e.data) as data from envelopes e where e.error is null
    ) a cross join lateral private.check_fields(a.idx, a.types, a.data) f
  ),
  names as materialized (
    select e.idx, g.key as type, true as is_given, case when jsonb_typeof(g.value) = 'string' then
      case when g.key = 'social_handle' and g.value #>> '{}' not like '%:%'
        then regexp_replace(lower(e.item ->> 'source_platform'), '[^a-z0-9_.-]+', '-', 'g') || ':' else '' end || (g.value #>> '{}') end as value
    from envelopes e cross join lateral jsonb_each(case when e.error is null then e.given else '{}' end) g
    union
    select e.idx, f.identifier_type, false,
      case when f.identifier_type = 'social_handle' then coalesce(e.data ->> 'platform', 'other') || ':' else '' end || (e.data ->> f.field)
    from (select * from private.signal_fields f where f.identifier_type is not null offset 0) f
    join envelopes e on e.signal_type = f.signal_type and e.data ? f.field
    where e.error is null
      -- The other side of the conversation is the brand itself.
      and not (e.signal_type = 'whatsapp_message' and coalesce(e.data -> 'is_inbound', 'true') = 'false')
      and not (e.signal_type = 'email_interaction' and (f.field = 'sender_email') is distinct from (e.data ->> 'email_type' = 'received'))
  ),
  people as materialized (
    select n.idx, n.type, v.value, bool_or(n.is_given and v.value is null) as is_bad
    from names n cross join settings s
    cross join lateral (select private.normalize_identifier(n.type, n.value, s.country) as value offset 0) v
    group by n.idx, n.type, v.value
  ),
  identities as materialized (
    -- In alphabetical order the kinds are also in order of strength.
    select p.idx,
      coalesce(jsonb_agg(jsonb_build_object('type', p.type, 'value', p.value) order by p.type, p.value)
        filter (where p.value is not null), '[]') as identifiers,
      min(p.type) filter (where p.is_bad) as bad_type,
      count(*) filter (where p.value is null and not p.is_bad) as doubts
    from people p group by p.idx
  ),
  checked as materialized (
    select e.*, coalesce(n.identifiers, '[]') as identifiers, coalesce(n.doubts, 0) as doubts, coalesce(f.informative, 0) as given_fields,
      coalesce(e.error, case when f.field is not null then array['invalid_field', 'data.' || f.field, substr(f.problem, length(f.field) + 2)] end,
        case when n.bad_type is not null then array['invalid_identifier', 'identifiers.' || n.bad_type,
          case n.bad_type
            when 'email' then 'must be an e-mail address'
            when 'phone' then 'must be a phone number in international form, such as +493012345; for national numbers set signals.default_country'
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
  from checked c where c.problem is not null;
end
$$;
comment on function private.read_signals(uuid, jsonb, timestamptz) is
  'Reads and checks each element of the array p_signals on its own. A row with error_code is to be rejected: field names the place, reason the mend. Codes: not_an_object, too_large, too_deep, unknown_type, missing_field, invalid_field, invalid_identifier, time_out_of_range.';
