create table ops.sites (
  id uuid primary key default private.uuid_v7(),
  brand_id uuid not null references core.brands (id) on delete cascade,
  site_name text not null
    constraint site_name_is_not_blank check (btrim(site_name) <> ''),
  site_code text not null
    constraint site_code_is_not_blank check (btrim(site_code) <> ''),
  site_type text not null
    constraint site_type_is_known check (site_type in ('physical', 'virtual', 'popup', 'delivery_hub', 'kiosk', 'other')),
  address_line1 text,
  address_line2 text,
  city text,
  state_province text,
  postal_code text,
  country text,
  latitude numeric(10, 8)
    constraint latitude_is_on_earth check (latitude between -90 and 90),
  longitude numeric(11, 8)
    constraint longitude_is_on_earth check (longitude between -180 and 180),
  phone text,
  email text,
  website_url text,
  timezone text not null default 'UTC',
  currency text not null default 'USD'
    constraint currency_is_iso_4217 check (currency ~ '^[A-Z]{3}$'),
  language text not null default 'en',
  operating_hours jsonb not null default '{}',
  special_hours jsonb not null default '[]',
  max_capacity integer
    constraint max_capacity_is_positive check (max_capacity > 0),
  delivery_radius integer
    constraint delivery_radius_is_positive check (delivery_radius > 0),
  pickup_available boolean not null default true,
  delivery_available boolean not null default true,
  dine_in_available boolean not null default true,
  is_active boolean not null default true,
  opening_date date,
  closing_date date,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  unique (brand_id, id),
  unique (brand_id, site_code),
  constraint site_closes_after_it_opens check (opening_date <= closing_date)
);
comment on table ops.sites is 'Places where the brand sells, real or virtual.';
comment on column ops.sites.delivery_radius is 'Metres.';

create table ops.sales_data (
  id uuid primary key default private.uuid_v7(),
  brand_id uuid not null references core.brands (id) on delete cascade,
  site_id uuid,
  transaction_id text not null
    constraint transaction_id_is_short check (length(transaction_id) between 1 and 200),
  transaction_type ops.transaction_type not null,
  transaction_date timestamptz not null,
  customer_id uuid,
  customer_identifier text,
  customer_type text
    constraint customer_type_is_known check (customer_type in ('new', 'returning', 'vip', 'anonymous', 'employee')),
  order_number text
    constraint order_number_is_short check (length(order_number) between 1 and 200),
  order_method text not null
    constraint order_method_is_known check (order_method in ('online', 'phone', 'in_store', 'app', 'third_party', 'kiosk')),
  payment_method text not null
    constraint payment_method_is_known
      check (payment_method in ('cash', 'card', 'digital_wallet', 'online_payment', 'gift_card', 'loyalty_points', 'other')),
  subtotal numeric(12, 2) not null
    constraint subtotal_is_not_negative check (subtotal >= 0),
  tax_amount numeric(12, 2) not null default 0
    constraint tax_amount_is_not_negative check (tax_amount >= 0),
  tip_amount numeric(12, 2) not null default 0
    constraint tip_amount_is_not_negative check (tip_amount >= 0),
  discount_amount numeric(12, 2) not null default 0
    constraint discount_amount_is_not_negative check (discount_amount >= 0),
  delivery_fee numeric(12, 2) not null default 0
    constraint delivery_fee_is_not_negative check (delivery_fee >= 0),
  service_fee numeric(12, 2) not null default 0
    constraint service_fee_is_not_negative check (service_fee >= 0),
  total_amount numeric(12, 2) not null
    constraint total_amount_is_not_negative check (total_amount >= 0),
  items jsonb not null
    constraint items_are_a_list check (jsonb_typeof(items) = 'array'),
  constraint items_are_at_most_500 check (jsonb_array_length(case jsonb_typeof(items) when 'array' then items else '[]' end) <= 500),
  item_count integer not null
    constraint item_count_is_positive check (item_count > 0),
  unique_item_count integer not null
    constraint unique_item_count_is_positive check (unique_item_count > 0),
  order_time timestamptz,
  preparation_time integer
    constraint preparation_time_is_not_negative check (preparation_time >= 0),
  total_time integer
    constraint total_time_is_not_negative check (total_time >= 0),
  status ops.sale_status not null default 'completed',
  notes text,
  metadata jsonb not null default '{}',
  signal_id uuid,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  unique (brand_id, id),
  unique (brand_id, transaction_id, transaction_type),
  constraint unique_items_are_items check (unique_item_count <= item_count),
  foreign key (brand_id, site_id) references ops.sites (brand_id, id) on delete set null (site_id),
  foreign key (brand_id, customer_id) references actors.actors (brand_id, id) on delete set null (customer_id),
  foreign key (brand_id, signal_id) references signals.signals_base (brand_id, id) on delete set null (signal_id)
);
comment on table ops.sales_data is
  'Transactions of the till. While a sale is completed or delivered its items are out of stock; a refund or void brings back what its order sold, and never more.';
comment on column ops.sales_data.customer_identifier is 'E-mail address, phone number or the till''s own customer number; who that is, identity resolution says through signal_id.';
comment on column ops.sales_data.signal_id is 'The order as the brain knows it; its actor is the customer. Null until it was told, and for sales without a customer.';
comment on column ops.sales_data.order_number is
  'A return belongs to the sales with its order_number, or whose transaction_id is its own transaction_id or order_number.';
comment on column ops.sales_data.items is
  'List of {"product_id": "…", "quantity": 2, …}. Entries without a product of ops.inventory, or without a positive quantity, move no stock.';
comment on column ops.sales_data.transaction_type is
  'A return is a row of type refund (or void), or the status refunded (or cancelled) of the sale itself.';
comment on column ops.sales_data.preparation_time is 'Minutes; so is total_time.';

create table ops.supply_chain (
  id uuid primary key default private.uuid_v7(),
  brand_id uuid not null references core.brands (id) on delete cascade,
  supplier_id text not null,
  supplier_name text not null
    constraint supplier_name_is_not_blank check (btrim(supplier_name) <> ''),
  supplier_type text not null
    constraint supplier_type_is_known
      check (supplier_type in ('food', 'beverage', 'packaging', 'equipment', 'service', 'logistics', 'other')),
  contact_person text,
  email text,
  phone text,
  website text,
  address_line1 text,
  address_line2 text,
  city text,
  state_province text,
  postal_code text,
  country text,
  tax_id text,
  payment_terms text
    constraint payment_terms_are_known check (payment_terms in ('net_30', 'net_15', 'net_7', 'cod', 'prepaid', 'other')),
  credit_limit numeric(12, 2)
    constraint credit_limit_is_not_negative check (credit_limit >= 0),
  current_balance numeric(12, 2) not null default 0
    constraint current_balance_is_not_negative check (current_balance >= 0),
  on_time_delivery_rate double precision not null default 0
    constraint on_time_delivery_rate_is_a_share check (on_time_delivery_rate between 0 and 1),
  quality_score double precision not null default 0
    constraint quality_score_is_a_share check (quality_score between 0 and 1),
  cost_competitiveness double precision not null default 0
    constraint cost_competitiveness_is_a_share check (cost_competitiveness between 0 and 1),
  overall_rating double precision not null default 0
    constraint overall_rating_is_a_share check (overall_rating between 0 and 1),
  is_active boolean not null default true,
  is_preferred boolean not null default false,
  relationship_start_date date,
  last_order_date date,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  unique (brand_id, id),
  unique (brand_id, supplier_id)
);
comment on table ops.supply_chain is 'Suppliers and how well they deliver. The four scores are computed from ops.supplier_deliveries and 0 before the first.';
comment on column ops.supply_chain.on_time_delivery_rate is 'Expected share of deliveries on the promised day or before: a Beta posterior mean, so that one delivery is no certainty.';
comment on column ops.supply_chain.quality_score is 'Expected share of units without fault, by delivery, in the same way.';
comment on column ops.supply_chain.cost_competitiveness is '0.5 at the price of the other suppliers of the same products, above it when cheaper.';
comment on column ops.supply_chain.overall_rating is 'Weighted mean of the three (parameter ops.supplier_weights).';
comment on column ops.supply_chain.supplier_id is 'The brand''s own number of the supplier.';

create table ops.inventory (
  id uuid primary key default private.uuid_v7(),
  brand_id uuid not null references core.brands (id) on delete cascade,
  site_id uuid,
  product_id text not null,
  product_name text not null
    constraint product_name_is_not_blank check (btrim(product_name) <> ''),
  product_category text,
  product_type text
    constraint product_type_is_known
      check (product_type in ('food', 'beverage', 'merchandise', 'ingredient', 'supply', 'other')),
  current_stock integer not null default 0
    constraint current_stock_is_not_negative check (current_stock >= 0),
  ledger_balance bigint not null default 0,
  constraint current_stock_is_the_balance check (current_stock = least(2147483647, greatest(0, ledger_balance))),
  minimum_stock integer not null default 0
    constraint minimum_stock_is_not_negative check (minimum_stock >= 0),
  maximum_stock integer
    constraint maximum_stock_is_not_below_minimum check (maximum_stock >= minimum_stock),
  reorder_point integer not null default 0
    constraint reorder_point_is_not_negative check (reorder_point >= 0),
  reorder_quantity integer not null default 0
    constraint reorder_quantity_is_not_negative check (reorder_quantity >= 0),
  unit_cost numeric(12, 2)
    constraint unit_cost_is_not_negative check (unit_cost >= 0),
  unit_price numeric(12, 2)
    constraint unit_price_is_not_negative check (unit_price >= 0),
  markup_percentage double precision
    constraint markup_percentage_is_not_negative check (markup_percentage >= 0),
  unit_of_measure text not null,
  unit_size text,
  is_active boolean not null default true,
  is_available boolean not null default true,
  availability_reason text,
  supplier_id text,
  supplier_name text,
  supplier_contact text,
  lead_time_days double precision
    constraint lead_time_is_some_days check (lead_time_days > 0 and lead_time_days <= 365),
  last_restocked_at timestamptz,
  last_sold_at timestamptz,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  unique (brand_id, id),
  unique nulls not distinct (brand_id, product_id, site_id),
  foreign key (brand_id, site_id) references ops.sites (brand_id, id) on delete cascade,
  foreign key (brand_id, supplier_id) references ops.supply_chain (brand_id, supplier_id) on delete set null (supplier_id)
);
comment on table ops.inventory is
  'Stock of a product at a site, or of the whole brand (site_id null). A sale takes from its site''s row where there is one, else from the brand''s.';
comment on column ops.inventory.ledger_balance is
  'Sum of ops.stock_movements. Below 0 while more was sold than the books had; current_stock is then 0.';
comment on column ops.inventory.lead_time_days is 'Days from order to delivery; null: as the deliveries of the supplier say.';
comment on column ops.inventory.maximum_stock is 'Wanted maximum. Returned goods may exceed it: a return is never refused for want of shelf space.';
comment on column ops.inventory.reorder_point is 'At or below it an alert is raised; 0 for none.';
