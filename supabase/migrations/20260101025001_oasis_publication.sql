-- The publication belongs to postgres on Supabase too. Subscribers of logical replication get the events under the name
-- of the whole table, not of the partition of their month. Realtime's own Postgres Changes reads partitions (wal2json)
-- and so tells vtid_ledger only: clients follow the events with read_oasis_events.
alter publication supabase_realtime set (publish_via_partition_root = true);
alter publication supabase_realtime add table public.oasis_events, public.vtid_ledger;
