create trigger _100_set_updated_at before update on signals.signals_base
  for each row execute function private.set_updated_at();
