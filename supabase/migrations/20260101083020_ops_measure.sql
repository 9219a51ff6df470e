create type private.metric_value as (
  site_id uuid, metric_name text, dimension text, dimension_value text, value double precision, n bigint, margin double precision, quality double precision
);

create function private.period_start(p_day date, p_period text)
returns date
language sql
immutable
set search_path = ''
return date_trunc(case p_period when 'daily' then 'day' when 'weekly' then 'week' when 'monthly' then 'month' when 'quarterly' then 'quarter' when 'yearly' then 'year' end,
  p_day::timestamp)::date;
comment on function private.period_start(date, text) is 'First day of the period (daily, weekly from Monday, monthly, quarterly, yearly) that a day is in.';

create function private.period_step(p_period text)
returns interval
language sql
immutable
set search_path = ''
return case p_period when 'daily' then interval '1 day' when 'weekly' then interval '7 days' when 'monthly' then interval '1 month'
  when 'quarterly' then interval '3 months' when 'yearly' then interval '1 year' end;
comment on function private.period_step(text) is 'Length of a period of business metrics; null for a word that is none.';

create function private.measure_sales(p_brand uuid, p_from timestamptz, p_until timestamptz)
returns setof private.metric_value
language sql
stable
set search_path = ''
as $$
  with sales as materialized (
    select s.id, s.site_id, s.order_method, s.total_amount::double precision as total, s.item_count, s.items,
      coalesce(b.actor_id::text, s.customer_id::text, lower(btrim(s.customer_identifier))) as customer,
      s.transaction_type in ('refund', 'void') as is_return, s.status = 'refunded' as is_refunded, s.transaction_type = 'void' as is_void,
      abs(s.subtotal + s.tax_amount + s.tip_amount + s.delivery_fee + s.service_fee - s.discount_amount - s.total_amount) <= 0.01
        or abs(s.subtotal + s.tip_amount + s.delivery_fee + s.service_fee - s.discount_amount - s.total_amount) <= 0.01 as adds_up
    from ops.sales_data s
    left join signals.signals_base b on b.id = s.signal_id
    where s.brand_id = p_brand and s.transaction_date >= p_from and s.transaction_date < p_until
      and s.transaction_type in ('sale', 'loyalty_redemption', 'refund', 'void')
      and (s.status in ('completed', 'delivered') or s.status = 'refunded' and s.transaction_type in ('sale', 'loyalty_redemption'))
  ), slices as materialized (
    -- Each transaction for the brand and for its site, in all and by its method.
    select x.*, p.place, d.dimension, d.dimension_value
    from sales x
    cross join lateral (select null::uuid as place union all select x.site_id where x.site_id is not null) p
    cross join lateral (values (null, null), ('order_method', x.order_method)) d (dimension, dimension_value)
  ), sums as materialized (
    select s.place, s.dimension, s.dimension_value,
      coalesce(sum(s.total) filter (where not s.is_return and not s.is_refunded), 0) - coalesce(sum(s.total) filter (where s.is_return), 0) as revenue,
      sum(s.total ^ 2) filter (where not s.is_refunded) as squares, count(*) filter (where not s.is_return) as orders,
      count(*) filter (where s.is_refunded or s.is_return and not s.is_void) as refunds,
      avg(s.total) filter (where not s.is_return) as mean_total, stddev_samp(s.total) filter (where not s.is_return) as sd_total,
      avg(s.item_count) filter (where not s.is_return) as mean_items, stddev_samp(s.item_count) filter (where not s.is_return) as sd_items,
      avg(s.adds_up::integer) as adding_up, avg((s.customer is not null)::integer) filter (where not s.is_return) as known
    from slices s group by s.place, s.dimension, s.dimension_value
  ), earlier as materialized (
    select distinct coalesce(b.actor_id::text, e.customer_id::text, lower(btrim(e.customer_identifier))) as customer
    from ops.sales_data e left join signals.signals_base b on b.id = e.signal_id
    where e.brand_id = p_brand and e.transaction_date < p_from and e.transaction_type in ('sale', 'loyalty_redemption')
      and e.status in ('completed', 'delivered', 'refunded') and (e.customer_id is not null or e.customer_identifier is not null)
  ), customers as (
    select distinct s.place, s.customer, e.customer is null as is_new
    from slices s left join earlier e on e.customer = s.customer
    where s.customer is not null and s.dimension is null and not s.is_return
  ), loyalty as (
    select c.place, count(*) filter (where c.is_new) as newcomers, count(*) filter (where not c.is_new) as returning from customers c group by c.place
  ), lines as materialized (
    -- Lines bear their share of what was paid: of the total where prices are not told, else price times quantity.
    select x.place, (case when x.is_return then -1 else 1 end) * l.quantity as units, coalesce(l.item ->> 'category', i.product_category) as category, i.unit_cost::double precision as cost,
      (case when x.is_return then -1 else 1 end) * l.quantity * coalesce(l.price, i.unit_price::double precision) as amount, x.is_return
    from slices x
    cross join lateral (
      select e.item, (e.item ->> 'quantity')::double precision as quantity, case when jsonb_typeof(e.item -> 'unit_price') = 'number' then (e.item ->> 'unit_price')::double precision end as price
      from jsonb_array_elements(x.items) e (item)
      where e.item @? '$.quantity ? (@ > 0 && @ <= 1000000)') l
    left join lateral (
      select i.product_category, i.unit_cost, i.unit_price from ops.inventory i
      where i.brand_id = p_brand and i.product_id = l.item ->> 'product_id'
      order by coalesce(i.site_id = x.site_id, false) desc, i.site_id nulls first limit 1) i on true
    where x.dimension is null and not x.is_refunded
  ), margins as (
    select l.place, sum(l.amount) filter (where l.cost is not null) as amount, sum(l.units * l.cost) as cost,
      sum(abs(l.amount)) filter (where l.cost is not null) / nullif(sum(abs(l.amount)), 0) as known, count(*) filter (where l.cost is not null) as n
    from lines l group by l.place
  ), categories as (
    select l.place, l.category, sum(l.amount) as revenue, sum(l.amount ^ 2) as squares, count(*) as n from lines l where l.category is not null and l.amount is not null group by l.place, l.category
  ), z as (
    select 1.959963984540054::double precision as z
  )
  -- Margins of error: half 95% intervals. Counts are Poisson's; revenue is a Poisson sum, with the sum of squares as variance.
  select s.place, v.name, s.dimension, s.dimension_value, v.value, v.n, v.margin, v.quality
  from sums s cross join z
  cross join lateral (values
    ('revenue', s.revenue, s.orders + s.refunds, z.z * sqrt(s.squares), s.adding_up::double precision),
    ('orders', s.orders, s.orders, z.z * sqrt(s.orders), 1),
    ('average_order_value', s.mean_total, s.orders, z.z * s.sd_total / sqrt(nullif(s.orders, 0)), s.adding_up),
    ('items_per_order', s.mean_items, s.orders, z.z * s.sd_items / sqrt(nullif(s.orders, 0)), 1),
    ('refund_rate', least(1, s.refunds::double precision / nullif(s.orders, 0)), s.orders,
      -- Wilson's interval, half its width.
      z.z * sqrt(greatest(0, least(1, s.refunds::double precision / nullif(s.orders, 0)) * (1 - least(1, s.refunds::double precision / nullif(s.orders, 0)))) / nullif(s.orders, 0)
        + z.z ^ 2 / (4 * nullif(s.orders, 0)::double precision ^ 2)) / (1 + z.z ^ 2 / nullif(s.orders, 0)), 1)
  ) v (name, value, n, margin, quality)
  where v.value is not null
  union all
  select s.place, v.name, null, null, v.value, v.value, z.z * sqrt(v.value), s.known
  from sums s left join loyalty l on l.place is not distinct from s.place cross join z
  cross join lateral (values ('new_customers', coalesce(l.newcomers, 0)), ('returning_customers', coalesce(l.returning, 0))) v (name, value)
  where s.dimension is null and s.orders > 0
  union all
  select m.place, 'gross_margin', null, null, (m.amount - m.cost) / nullif(m.amount, 0), m.n, null, m.known from margins m where m.amount > 0
  union all
  select c.place, 'revenue', 'category', c.category, c.revenue, c.n, z.z * sqrt(c.squares), 1 from categories c cross join z
$$;
comment on function private.measure_sales(uuid, timestamptz, timestamptz) is
  'Metrics of the sales in [p_from, p_until) for the brand (site_id null) and each site, revenue and orders also by order_method, revenue by category. revenue: totals of sales less refunds and voids. refund_rate: refunds per order, at most 1. new_customers: known ones without an earlier sale. gross_margin: of the lines whose unit cost is known; quality: their share. margin: half the 95% interval.';

create function private.measure_stock(p_brand uuid, p_from timestamptz, p_until timestamptz)
returns setof private.metric_value
language sql
stable
set search_path = ''
as $$
  with moved as materialized (
    select i.id, i.site_id, i.unit_cost::double precision as cost,
      coalesce(sum(m.units) filter (where m.moved_at < p_from), 0)::double precision as opening, coalesce(sum(m.units), 0)::double precision as closing,
      coalesce(-sum(m.units) filter (where m.moved_at >= p_from and m.reason in ('sale', 'refund')), 0)::double precision as sold
    from ops.inventory i join ops.stock_movements m on m.brand_id = p_brand and m.inventory_id = i.id
    where i.brand_id = p_brand and m.moved_at < p_until
    group by i.id
  ), sums as (
    select p.place, sum(m.cost * m.sold) as sold, sum(m.cost * (greatest(0, m.opening) + greatest(0, m.closing)) / 2) as held,
      avg((m.cost is not null)::integer)::double precision as known, count(*) as n
    from moved m cross join lateral (select null::uuid as place union all select m.site_id where m.site_id is not null) p
    group by p.place
  )
  select s.place, 'stock_turnover', null::text, null::text, s.sold / nullif(s.held, 0) * 365 * 86400 / extract(epoch from p_until - p_from)::double precision, s.n, null::double precision, s.known
  from sums s where s.held > 0 and s.sold is not null
$$;
comment on function private.measure_stock(uuid, timestamptz, timestamptz) is
  'stock_turnover: cost of the goods sold in [p_from, p_until) over the mean of opening and closing stock at cost, per year; for the brand and each site.';
