create function private.ops_record_sales(p_brand uuid, p_sales jsonb, p_now timestamptz)
returns table (index integer, verdict text, sale_id uuid, error_code text, field text, reason text)
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  v_started constant timestamptz := clock_timestamp();
  v_all private.incoming_sale[];
  v_stored uuid[];
begin
  perform private.require_role(p_brand, 'operator');
  if jsonb_typeof(p_sales) is distinct from 'array' then
    perform private.raise_error('invalid_argument', 'p_sales', 'must be an array');
  elsif jsonb_array_length(p_sales) not between 1 and 1000 then
    perform private.raise_error('invalid_argument', 'p_sales', 'must hold 1 to 1,000 sales');
  end if;
  perform private.require_time('p_now', p_now);
  v_all := array(select r from private.read_sales(p_brand, p_sales, p_now) r);

  with firsts as (
    select distinct on (a.data ->> 'transaction_id', a.data ->> 'transaction_type') a.data
    from unnest(v_all) a where a.error_code is null
    order by a.data ->> 'transaction_id', a.data ->> 'transaction_type', a.idx
  ), stored as (
    insert into ops.sales_data (brand_id, site_id, transaction_id, transaction_type, transaction_date, customer_id, customer_identifier,
      customer_type, order_number, order_method, payment_method, subtotal, tax_amount, tip_amount, discount_amount, delivery_fee,
      service_fee, total_amount, items, item_count, unique_item_count, order_time, preparation_time, total_time, status, notes, metadata)
    select p_brand, s.site_id, s.transaction_id, s.transaction_type, s.transaction_date, s.customer_id, s.customer_identifier,
      s.customer_type, s.order_number, s.order_method, s.payment_method, s.subtotal, s.tax_amount, s.tip_amount, s.discount_amount, s.delivery_fee,
      s.service_fee, s.total_amount, s.items, s.item_count, s.unique_item_count, s.order_time, s.preparation_time, s.total_time, s.status, s.notes, s.metadata
    from firsts f cross join lateral jsonb_populate_record(null::ops.sales_data, f.data) s
    -- In one order, so that two batches that share transactions wait for each other and never deadlock.
    order by s.transaction_id, s.transaction_type
    on conflict (brand_id, transaction_id, transaction_type) do nothing
    returning id
  )
  select array_agg(s.id) into v_stored from stored s;

  return query
  with judged as materialized (
    select a.idx, a.error_code, a.field, a.reason, k.id, w.id is not null
        and row_number() over (partition by k.id order by a.idx) = 1 as is_new,
      case when a.error_code is null then to_jsonb(k) - c.may_change = to_jsonb(n) - c.may_change end as is_same
    from unnest(v_all) a
    left join lateral jsonb_populate_record(null::ops.sales_data, a.data) n on a.error_code is null
    left join lateral (
      select s.* from ops.sales_data s
      where s.brand_id = p_brand and s.transaction_id = n.transaction_id and s.transaction_type = n.transaction_type offset 0) k on true
    left join unnest(v_stored) w (id) on w.id = k.id
    -- What staff and triggers may change afterwards says nothing about what was sent.
    cross join (values (array['id', 'status', 'notes', 'preparation_time', 'total_time', 'signal_id', 'created_at', 'updated_at'])) c (may_change)
  )
  select j.idx, case when j.error_code is not null then 'rejected' when j.is_new then 'accepted' when j.is_same then 'duplicate' else 'rejected' end, j.id,
    case when j.error_code is null and not coalesce(j.is_new, false) and not j.is_same then 'transaction_reused' else j.error_code end,
    case when j.error_code is null and not coalesce(j.is_new, false) and not j.is_same then 'transaction_id' else j.field end,
    case when j.error_code is null and not coalesce(j.is_new, false) and not j.is_same
      then 'was used before for another transaction, which stands; a correction is a new transaction' else j.reason end
  from judged j order by j.idx;

  if v_stored is not null then
    perform private.emit(p_brand, 'ops.sales_recorded', null, null, jsonb_build_object('sales', cardinality(v_stored)));
  end if;
  perform private.log_call('ops.record_sales', p_brand, jsonb_build_object('sales', jsonb_array_length(p_sales)),
    jsonb_build_object('stored', coalesce(cardinality(v_stored), 0)), v_started);
end
$$;
comment on function private.ops_record_sales(uuid, jsonb, timestamptz) is
  'Body of ops.record_sales. Definer: reads the brand''s settings and logs the call.';
grant execute on function private.ops_record_sales(uuid, jsonb, timestamptz) to authenticated, service_role;

create function ops.record_sales(p_brand uuid, p_sales jsonb, p_now timestamptz default now())
returns table (index integer, verdict text, sale_id uuid, error_code text, field text, reason text)
language sql
volatile
set search_path = ''
begin atomic
  select * from private.ops_record_sales(p_brand, p_sales, p_now);
end;
comment on function ops.record_sales(uuid, jsonb, timestamptz) is
  'Takes 1 to 1,000 transactions of the till, for operators: objects with the columns of ops.sales_data (status completed and 0 for amounts where left out; the counts of items are counted) and, to be compared with that of the site, currency. Each is judged on its own: accepted, duplicate (sent before just so) or rejected (with error_code, field and reason; transaction_reused: other content under a known transaction_id and type). The amounts must add up to total_amount within a cent (parameter ops.prices_include_tax: whether tax_amount is part of subtotal). Stock moves at once, signals follow. p_now: time of receipt. Errors: invalid_argument, not_a_member, role_too_low.';
grant execute on function ops.record_sales(uuid, jsonb, timestamptz) to authenticated, service_role;
