create table ops.supplier_deliveries (
  id uuid primary key default private.uuid_v7(),
  brand_id uuid not null references core.brands (id) on delete cascade,
  supplier_id text not null,
  receipt_number text not null
    constraint receipt_number_is_short check (length(receipt_number) between 1 and 200),
  line_number integer not null
    constraint line_number_is_positive check (line_number > 0),
  site_id uuid,
  product_id text not null
    constraint product_id_is_short check (length(product_id) between 1 and 255),
  ordered_on date not null,
  promised_on date,
  received_on date not null,
  quantity_ordered integer not null
    constraint quantity_ordered_is_not_negative check (quantity_ordered between 0 and 1000000000),
  quantity_received integer not null
    constraint quantity_received_is_not_negative check (quantity_received between 0 and 1000000000),
  quantity_faulty integer not null default 0
    constraint faulty_units_were_received check (quantity_faulty between 0 and quantity_received),
  unit_price numeric(12, 2)
    constraint unit_price_is_not_negative check (unit_price >= 0),
  created_at timestamptz not null default now(),
  unique (brand_id, id),
  unique (brand_id, supplier_id, receipt_number, line_number),
  constraint received_after_it_was_ordered check (ordered_on <= received_on),
  constraint promised_after_it_was_ordered check (ordered_on <= promised_on),
  foreign key (brand_id, site_id) references ops.sites (brand_id, id) on delete set null (site_id),
  foreign key (brand_id, supplier_id) references ops.supply_chain (brand_id, supplier_id) on delete cascade
);
comment on table ops.supplier_deliveries is 'Lines of what suppliers delivered, from ops.record_receipt: the facts behind the scores of ops.supply_chain.';
comment on column ops.supplier_deliveries.unit_price is 'In the currency of the brand.';

create table ops.stock_movements (
  id uuid primary key default private.uuid_v7(),
  brand_id uuid not null references core.brands (id) on delete cascade,
  inventory_id uuid not null,
  reason text not null
    constraint reason_is_known check (reason in ('opening', 'sale', 'refund', 'receipt', 'count', 'adjustment')),
  units bigint not null
    constraint only_a_count_moves_nothing check (units <> 0 or reason = 'count'),
  moved_at timestamptz not null,
  sale_id uuid,
  delivery_id uuid,
  note text
    constraint note_is_short check (length(note) <= 2000),
  moved_by uuid,
  created_at timestamptz not null default now(),
  unique (brand_id, id),
  foreign key (brand_id, inventory_id) references ops.inventory (brand_id, id) on delete cascade,
  foreign key (brand_id, sale_id) references ops.sales_data (brand_id, id) on delete set null (sale_id),
  foreign key (brand_id, delivery_id) references ops.supplier_deliveries (brand_id, id) on delete set null (delivery_id),
  foreign key (brand_id, moved_by) references core.users (brand_id, id) on delete set null (moved_by)
);
comment on table ops.stock_movements is
  'Why each unit moved; append-only. The sum over an inventory row is its ledger_balance. opening: stock when the row was made; count: counted less what the books had; adjustment: current_stock written by hand.';
comment on column ops.stock_movements.units is 'Into stock above 0, out of it below.';
comment on column ops.stock_movements.moved_at is 'When it happened, which for a late sale is before it was recorded.';
