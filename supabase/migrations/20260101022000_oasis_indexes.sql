-- The one order in which events are read.
create index oasis_events_feed_idx on public.oasis_events (brand_id, xid, id);

create index vtid_ledger_board_idx on public.vtid_ledger (brand_id, status, created_at desc);
create index vtid_ledger_parent_idx on public.vtid_ledger (brand_id, parent_vtid);
