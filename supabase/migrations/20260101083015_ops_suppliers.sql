create view private.supplier_scores as
with settings as (
  select b.id as brand_id, private.parameter(b.id, 'ops.supplier_prior') as prior, private.parameter(b.id, 'ops.supplier_weights') as weights
  from core.brands b
), prices as (
  select d.brand_id, d.supplier_id, d.product_id, avg(ln(d.unit_price::double precision)) as price, count(*) as n
  from ops.supplier_deliveries d where d.unit_price > 0 group by d.brand_id, d.supplier_id, d.product_id
), compared as (
  select p.*, (sum(p.price * p.n) over w - p.price * p.n) / nullif(sum(p.n) over w - p.n, 0) as others
  from prices p window w as (partition by p.brand_id, p.product_id)
), costs as (
  select c.brand_id, c.supplier_id, sum(c.n / (1 + exp(4 * (c.price - c.others)))) as score, sum(c.n) as n
  from compared c where c.others is not null group by c.brand_id, c.supplier_id
), facts as (
  select d.brand_id, d.supplier_id, count(*) filter (where d.promised_on is not null) as promised,
    count(*) filter (where d.received_on <= d.promised_on and d.quantity_received >= d.quantity_ordered) as kept,
    count(*) filter (where d.quantity_received > 0) as judged,
    sum((d.quantity_received - d.quantity_faulty)::double precision / nullif(d.quantity_received, 0)) as good,
    max(d.ordered_on) as last_order_date, avg((d.received_on - d.ordered_on)::double precision) as lead_time_days,
    coalesce(stddev_samp((d.received_on - d.ordered_on)::double precision), 0) as lead_time_deviation
  from ops.supplier_deliveries d group by d.brand_id, d.supplier_id
), scores as (
  -- Posterior means of Beta(strength x mean, strength x (1 - mean)): as many deliveries as strength before what was
  -- expected counts half.
  select f.brand_id, f.supplier_id, f.last_order_date, f.lead_time_days, f.lead_time_deviation, s.weights,
    (f.kept + p.strength * p.on_time) / (f.promised + p.strength) as on_time_delivery_rate,
    (coalesce(f.good, 0) + p.strength * p.quality) / (f.judged + p.strength) as quality_score,
    (coalesce(c.score, 0) + p.strength * 0.5) / (coalesce(c.n, 0) + p.strength) as cost_competitiveness
  from facts f join settings s using (brand_id)
  cross join lateral (
    select (s.prior ->> 'strength')::double precision as strength, (s.prior ->> 'on_time')::double precision as on_time,
      (s.prior ->> 'quality')::double precision as quality) p
  left join costs c using (brand_id, supplier_id)
)
select s.brand_id, s.supplier_id, s.last_order_date, s.lead_time_days, s.lead_time_deviation, s.on_time_delivery_rate, s.quality_score, s.cost_competitiveness,
  (w.on_time * s.on_time_delivery_rate + w.quality * s.quality_score + w.cost * s.cost_competitiveness) / (w.on_time + w.quality + w.cost) as overall_rating
from scores s
cross join lateral (
  select (s.weights ->> 'on_time')::double precision as on_time, (s.weights ->> 'quality')::double precision as quality,
    (s.weights ->> 'cost')::double precision as cost) w;
comment on view private.supplier_scores is
  'Scores of suppliers from their deliveries. On time: all of it on the promised day or before. Cost: logistic in the log of the own price over that of the others, 1 / (1 + (own / others)^4), by product and delivery. Each is shrunk to what is expected beforehand (parameter ops.supplier_prior).';

create function private.check_receipt(p_receipt jsonb)
returns text
language sql
immutable
set search_path = ''
as $$
  -- One case after the other: what is asked of a part needs the type asked before.
  select case
    when jsonb_typeof(p_receipt) is distinct from 'object' then 'must be an object'
    when octet_length(p_receipt::text) > 262144 then 'must have at most 262144 bytes of JSON'
    when coalesce(jsonb_typeof(p_receipt -> 'supplier_id') <> 'string' or length(p_receipt ->> 'supplier_id') not between 1 and 255, true) then 'needs supplier_id'
    when coalesce(jsonb_typeof(p_receipt -> 'receipt_number') <> 'string' or length(p_receipt ->> 'receipt_number') not between 1 and 200, true)
      then 'needs receipt_number, of at most 200 characters'
    when exists (select from (values ('ordered_on'), ('promised_on'), ('received_on')) d (k)
        where not coalesce(p_receipt ->> d.k ~ '^\d{4}-\d{2}-\d{2}$' and pg_input_is_valid(p_receipt ->> d.k, 'date'), d.k = 'promised_on' and p_receipt ->> d.k is null))
      then 'needs ordered_on and received_on, and may have promised_on: dates such as 2026-01-31'
    when not (p_receipt ->> 'received_on')::date between (p_receipt ->> 'ordered_on')::date and '2200-01-01' or (p_receipt ->> 'ordered_on')::date < '1990-01-01'
        or (p_receipt ->> 'promised_on')::date < (p_receipt ->> 'ordered_on')::date then 'was received or promised before it was ordered, or in no likely year'
    when coalesce(jsonb_typeof(p_receipt -> 'lines') <> 'array' or jsonb_array_length(p_receipt -> 'lines') not between 1 and 500, true) then 'needs 1 to 500 lines'
    when jsonb_path_exists(p_receipt, '$.lines[*] ? (@.type() != "object" || !exists(@.product_id) || @.product_id.type() != "string" || @.product_id == ""
        || !exists(@.quantity_ordered) || !exists(@.quantity_received))')
      or exists (select from jsonb_array_elements(p_receipt -> 'lines') l cross join lateral (values ('quantity_ordered'), ('quantity_received'), ('quantity_faulty')) q (k)
        where jsonb_typeof(l) = 'object' and l ? q.k and (jsonb_typeof(l -> q.k) <> 'number' or l ->> q.k !~ '^\d{1,9}$'))
      or exists (select from jsonb_array_elements(p_receipt -> 'lines') l where length(l ->> 'product_id') > 255
        or l ? 'site_id' and not coalesce(pg_input_is_valid(l ->> 'site_id', 'uuid'), false)
        or l ? 'unit_price' and (jsonb_typeof(l -> 'unit_price') <> 'number' or l ->> 'unit_price' !~ '^\d{1,10}(\.\d{1,2})?$'))
      then 'each line is {"product_id", "site_id"?, "quantity_ordered", "quantity_received", "quantity_faulty"?, "unit_price"?}; quantities are whole and not negative'
    when exists (select from jsonb_array_elements(p_receipt -> 'lines') l where coalesce((l ->> 'quantity_faulty')::integer, 0) > (l ->> 'quantity_received')::integer)
      then 'has more faulty units than were received' end
$$;
comment on function private.check_receipt(jsonb) is 'What is wrong with the receipt of a delivery, in words that say how to mend it; null when nothing is.';

create function private.ops_record_receipt(p_brand uuid, p_receipt jsonb, p_now timestamptz)
returns setof ops.supplier_deliveries
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  v_started constant timestamptz := clock_timestamp();
  v_problem text := private.check_receipt(p_receipt);
  v_supplier text := p_receipt ->> 'supplier_id';
  v_lines ops.supplier_deliveries[];
  v_known ops.supplier_deliveries[];
begin
  perform private.require_role(p_brand, 'operator');
  perform private.require_time('p_now', p_now);
  if v_problem is not null then
    perform private.raise_error('invalid_argument', 'p_receipt', v_problem);
  end if;
  -- The lock makes a second call with the same receipt wait, and find it.
  perform from ops.supply_chain c where c.brand_id = p_brand and c.supplier_id = v_supplier for no key update;
  if not found then
    perform private.raise_error('not_found', 'supplier', v_supplier);
  end if;
  select coalesce(array_agg(d order by d.line_number), '{}') into v_known from ops.supplier_deliveries d
  where d.brand_id = p_brand and d.supplier_id = v_supplier and d.receipt_number = p_receipt ->> 'receipt_number';
  select array_agg(r order by l.n) into v_lines
  from jsonb_array_elements(p_receipt -> 'lines') with ordinality l (line, n)
  cross join lateral jsonb_populate_record(null::ops.supplier_deliveries, p_receipt - 'lines' || '{"quantity_faulty": 0}' || l.line
    || jsonb_build_object('id', coalesce(v_known[l.n].id, private.uuid_v7()), 'brand_id', p_brand, 'line_number', l.n, 'created_at', coalesce(v_known[l.n].created_at, p_now))) r;
  if v_known = '{}' then
    if exists (select from unnest(v_lines) l where l.site_id is not null and not exists (select from ops.sites s where s.brand_id = p_brand and s.id = l.site_id)) then
      perform private.raise_error('invalid_argument', 'p_receipt', 'names a site that is none of this brand');
    end if;
    insert into ops.supplier_deliveries select l.* from unnest(v_lines) l;
    -- Faulty units go back or away: they are no stock.
    perform private.book_stock(p_brand, array(
      select row(i.id, 'receipt', l.quantity_received - l.quantity_faulty, least(p_now, l.received_on::timestamp at time zone b.timezone + interval '12 hours'), null, l.id, null)::private.stock_change
      from unnest(v_lines) l
      join core.brands b on b.id = p_brand
      cross join lateral (
        select i.id from ops.inventory i
        where i.brand_id = p_brand and i.product_id = l.product_id and i.is_active and (i.site_id = l.site_id or i.site_id is null)
        order by i.site_id nulls last limit 1) i
      where l.quantity_received > l.quantity_faulty));
    -- Its prices speak of the other suppliers of the products too.
    update ops.supply_chain c
    set on_time_delivery_rate = s.on_time_delivery_rate, quality_score = s.quality_score, cost_competitiveness = s.cost_competitiveness,
      overall_rating = s.overall_rating, last_order_date = s.last_order_date
    from private.supplier_scores s
    where s.brand_id = p_brand and c.brand_id = p_brand and c.supplier_id = s.supplier_id
      and (c.on_time_delivery_rate, c.quality_score, c.cost_competitiveness, c.overall_rating, c.last_order_date)
        is distinct from (s.on_time_delivery_rate, s.quality_score, s.cost_competitiveness, s.overall_rating, s.last_order_date);
    perform private.emit(p_brand, 'ops.receipt_recorded', null, null, jsonb_build_object('supplier_id', v_supplier, 'receipt_number', p_receipt ->> 'receipt_number'));
  elsif v_known <> v_lines then
    perform private.raise_error('receipt_reused', p_receipt ->> 'receipt_number');
  end if;
  perform private.log_call('ops.record_receipt', p_brand, jsonb_build_object('supplier_id', v_supplier, 'lines', cardinality(v_lines)),
    jsonb_build_object('is_new', v_known = '{}'), v_started);
  return query select l.* from unnest(v_lines) l;
end
$$;
comment on function private.ops_record_receipt(uuid, jsonb, timestamptz) is 'Body of ops.record_receipt. Definer: clients write no deliveries, scores or stock movements.';
grant execute on function private.ops_record_receipt(uuid, jsonb, timestamptz) to authenticated, service_role;

create function ops.record_receipt(p_brand uuid, p_receipt jsonb, p_now timestamptz default now())
returns setof ops.supplier_deliveries
language sql
volatile
set search_path = ''
begin atomic
  select * from private.ops_record_receipt(p_brand, p_receipt, p_now);
end;
comment on function ops.record_receipt(uuid, jsonb, timestamptz) is
  'Records what a supplier delivered: {"supplier_id", "receipt_number", "ordered_on", "promised_on"?, "received_on", "lines": [{"product_id", "site_id"?, "quantity_ordered", "quantity_received", "quantity_faulty"?, "unit_price"?}]} (dates; up to 500 lines). The good units go into stock (the site''s row of the product, else the brand''s), and the scores of the suppliers are computed again. The same receipt again changes nothing and returns the same lines. For operators. Errors: invalid_argument, not_found, receipt_reused (422), not_a_member, role_too_low.';
grant execute on function ops.record_receipt(uuid, jsonb, timestamptz) to authenticated, service_role;

insert into private.error_codes (key, errcode, http_status, message, hint) values
  ('receipt_reused', 'PT422', 422, 'Receipt %s of this supplier was recorded before with other content.', 'Give another delivery another receipt_number, or send the first one again unchanged.');
