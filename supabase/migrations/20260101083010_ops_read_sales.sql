create type private.incoming_sale as (idx integer, data jsonb, error_code text, field text, reason text);

create function private.check_sale_items(p_items jsonb)
returns text
language sql
immutable
set search_path = ''
as $$
  select case
    when jsonb_typeof(p_items) <> 'array' then 'must be an array'
    when jsonb_array_length(p_items) not between 1 and 500 then 'must hold 1 to 500 items'
    when jsonb_path_exists(p_items, '$[*] ? (@.type() != "object" || !exists(@.product_id) || @.product_id.type() != "string" || @.product_id == ""
        || !exists(@.quantity) || @.quantity.type() != "number" || @.quantity <= 0 || @.quantity > 1000000
        || @.unit_price.type() != "number" || @.unit_price < 0 || @.unit_price > 9999999999
        || @.name.type() != "string" || @.category.type() != "string")')
      then 'each item needs product_id (text) and quantity above 0 and at most 1,000,000; unit_price is 0 or more, name and category are text'
    when exists (select from jsonb_array_elements(p_items) i where length(i ->> 'product_id') > 255 or length(i ->> 'name') > 500 or length(i ->> 'category') > 200)
      then 'product_id has at most 255 characters, name 500 and category 200' end
$$;
comment on function private.check_sale_items(jsonb) is 'What is wrong with the items of a sale, in words that say how to mend it; null when nothing is.';

create function private.read_sales(p_brand uuid, p_sales jsonb, p_now timestamptz)
returns setof private.incoming_sale
language plpgsql
stable
set search_path = ''
as $$
#variable_conflict use_column
begin
  return query
  with settings as materialized (
    select b.currency, (private.parameter(p_brand, 'ops.prices_include_tax') #>> '{}')::boolean as includes_tax from core.brands b where b.id = p_brand
  ), fields (field, kind, maximum, allowed, is_required) as materialized (values
    ('transaction_id', 'text', 200, null::text[], true), ('order_number', 'text', 200, null, false),
    ('customer_identifier', 'text', 320, null, false), ('notes', 'text', 4000, null, false),
    ('transaction_type', 'word', null, (select array_agg(v::text) from unnest(enum_range(null::ops.transaction_type)) v), true),
    ('status', 'word', null, (select array_agg(v::text) from unnest(enum_range(null::ops.sale_status)) v), false),
    ('customer_type', 'word', null, array['new', 'returning', 'vip', 'anonymous', 'employee'], false),
    ('order_method', 'word', null, array['online', 'phone', 'in_store', 'app', 'third_party', 'kiosk'], true),
    ('payment_method', 'word', null, array['cash', 'card', 'digital_wallet', 'online_payment', 'gift_card', 'loyalty_points', 'other'], true),
    ('currency', 'word', null, null, false),
    ('transaction_date', 'time', null, null, true), ('order_time', 'time', null, null, false),
    ('site_id', 'uuid', null, null, false), ('customer_id', 'uuid', null, null, false),
    ('subtotal', 'money', null, null, true), ('tax_amount', 'money', null, null, false), ('tip_amount', 'money', null, null, false),
    ('discount_amount', 'money', null, null, false), ('delivery_fee', 'money', null, null, false), ('service_fee', 'money', null, null, false),
    ('total_amount', 'money', null, null, true),
    ('item_count', 'integer', 500000000, null, false), ('unique_item_count', 'integer', 500, null, false),
    ('preparation_time', 'integer', 1000000, null, false), ('total_time', 'integer', 1000000, null, false),
    ('items', 'items', null, null, true), ('metadata', 'object', null, null, false)
  ), given as materialized (
    select (o.n - 1)::integer as idx, case
        when jsonb_typeof(o.item) <> 'object' then array['not_an_object', '', 'A sale is a JSON object.']
        when octet_length(o.item::text) > 65536 then array['too_large', '', 'A sale has at most 65536 bytes of JSON.']
        when jsonb_path_exists(o.item, '$.**{17}') then array['too_deep', '', 'A sale is nested at most 16 levels deep.'] end as error,
      case when jsonb_typeof(o.item) = 'object' then jsonb_strip_nulls(o.item) else '{}' end as item
    from jsonb_array_elements(p_sales) with ordinality o (item, n)
  ), judged as materialized (
    select g.idx, min(f.field) filter (where f.is_required and v.value is null) as missing,
      (array_agg(f.field || ' ' || p.problem order by f.field) filter (where p.problem is not null))[1] as problem,
      jsonb_object_agg(f.field, case f.kind when 'money' then to_jsonb(round((v.value #>> '{}')::numeric, 2)) else v.value end)
        filter (where p.problem is null and v.value is not null and f.field <> 'currency') as data
    from given g cross join fields f
    cross join lateral (select g.item -> f.field as value, jsonb_typeof(g.item -> f.field) as type, g.item ->> f.field as text offset 0) v
    cross join lateral (select case when v.value is null then null else case f.kind
      when 'text' then case when v.type <> 'string' or btrim(v.text) = '' or length(v.text) > f.maximum or v.text ~ '[[:cntrl:]]' and f.field <> 'notes'
        then 'must be text of 1 to ' || f.maximum || ' characters' end
      when 'word' then case when v.type <> 'string' or v.text <> all (f.allowed) then 'must be one of ' || array_to_string(f.allowed, ', ') end
      when 'time' then case when v.type <> 'string' or v.text !~ private.time_pattern() or not pg_input_is_valid(v.text, 'timestamptz')
          then 'must be a time with its zone, such as 2026-01-31T10:00:00Z'
        when v.text::timestamptz not between '1990-01-01T00:00:00Z' and p_now + interval '1 day' then 'must lie after 1990 and not more than a day ahead' end
      when 'uuid' then case when v.type <> 'string' or not pg_input_is_valid(v.text, 'uuid') then 'must be a UUID' end
      when 'money' then case when v.type <> 'number' or v.text::numeric not between 0 and 9999999999.99 or v.text::numeric <> round(v.text::numeric, 2)
        then 'must be an amount from 0 to 9999999999.99, in whole cents' end
      when 'integer' then case when v.type <> 'number' or v.text::numeric <> trunc(v.text::numeric) or v.text::numeric not between 0 and f.maximum
        then 'must be a whole number from 0 to ' || f.maximum end
      when 'items' then private.check_sale_items(v.value)
      when 'object' then case when v.type <> 'object' then 'must be an object' end end end as problem offset 0) p
    where g.error is null group by g.idx
  ), places as materialized (
    select j.*, s.id is not null as is_site, a.id is not null as is_customer, coalesce(s.currency, t.currency) as currency, t.includes_tax
    from judged j cross join settings t
    left join ops.sites s on s.brand_id = p_brand and s.id = (j.data ->> 'site_id')::uuid
    left join actors.actors a on a.brand_id = p_brand and a.id = (j.data ->> 'customer_id')::uuid
  ), sums as materialized (
    select p.*, (p.data ->> 'subtotal')::numeric + coalesce(case when not p.includes_tax then (p.data ->> 'tax_amount')::numeric end, 0)
        + coalesce((p.data ->> 'tip_amount')::numeric, 0) + coalesce((p.data ->> 'delivery_fee')::numeric, 0)
        + coalesce((p.data ->> 'service_fee')::numeric, 0) - coalesce((p.data ->> 'discount_amount')::numeric, 0) as parts
    from places p
  ), checked as materialized (
    select g.idx, s.data, coalesce(g.error, case
      when s.missing is not null then array['missing_field', s.missing, 'is required']
      when s.problem is not null then array['invalid_field', split_part(s.problem, ' ', 1), substr(s.problem, strpos(s.problem, ' ') + 1)]
      when s.data ? 'site_id' and not s.is_site then array['invalid_field', 'site_id', 'is no site of this brand']
      when s.data ? 'customer_id' and not s.is_customer then array['invalid_field', 'customer_id', 'is no person of this brand']
      when g.item ? 'currency' and g.item ->> 'currency' <> s.currency
        then array['wrong_currency', 'currency', 'must be ' || s.currency || ', the currency of the ' || case when s.is_site then 'site' else 'brand' end]
      when abs(s.parts - (s.data ->> 'total_amount')::numeric) > 0.01
        then array['amounts_differ', 'total_amount', 'must be ' || s.parts || ', the sum of the parts, within a cent']
      when (s.data ->> 'unique_item_count')::integer > (s.data ->> 'item_count')::integer or s.data -> 'item_count' = '0' or s.data -> 'unique_item_count' = '0'
        then array['invalid_field', 'item_count', 'must be above 0 and not below unique_item_count'] end) as error
    from given g left join sums s on s.idx = g.idx
  )
  select c.idx, case when c.error is null then jsonb_build_object('status', 'completed', 'tax_amount', 0, 'tip_amount', 0, 'discount_amount', 0,
      'delivery_fee', 0, 'service_fee', 0, 'metadata', '{}'::jsonb, 'brand_id', p_brand,
      'item_count', greatest(n.units, n.products, (c.data ->> 'unique_item_count')::integer), 'unique_item_count', least(n.products, (c.data ->> 'item_count')::integer)) || c.data end,
    c.error[1], nullif(c.error[2], ''), c.error[3]
  from checked c
  left join lateral (
    select least(500000000, ceil(sum((i ->> 'quantity')::numeric)))::integer as units, count(distinct i ->> 'product_id')::integer as products
    from jsonb_array_elements(case when c.error is null then c.data -> 'items' end) i) n on true;
end
$$;
comment on function private.read_sales(uuid, jsonb, timestamptz) is
  'Reads and checks each element of the array p_sales on its own; data has the columns of ops.sales_data. A row with error_code is to be rejected: field names the place, reason the mend. Codes: not_an_object, too_large, too_deep, missing_field, invalid_field, wrong_currency, amounts_differ.';
