create trigger _100_set_updated_at before update on public.vtid_ledger for each row execute function private.set_updated_at();
