-- The publication belongs to postgres on Supabase too. Events are announced under the name of the whole table, not of
-- the partition of their month, which no client may read.
alter publication supabase_realtime set (publish_via_partition_root = true);
alter publication supabase_realtime add table public.oasis_events, public.vtid_ledger;
