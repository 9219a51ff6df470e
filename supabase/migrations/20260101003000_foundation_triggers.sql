create function private.set_updated_at()
returns trigger
language plpgsql
set search_path = ''
as $$
begin
  new.updated_at := clock_timestamp();
  return new;
end
$$;

comment on function private.set_updated_at() is 'Trigger (before update): the one place that maintains updated_at.';

create function private.reject_change()
returns trigger
language plpgsql
security definer
set search_path = ''
as $$
begin
  -- Deeper than one is a foreign key's own action: the row goes, or lets go, with the brand or person it belongs to.
  if pg_trigger_depth() > 1 then
    return case tg_op when 'DELETE' then old else new end;
  end if;
  perform private.raise_error('append_only', tg_table_schema || '.' || tg_table_name);
  return null;
end
$$;

comment on function private.reject_change() is
  'Trigger (before update, delete or truncate): makes a table append-only for everyone, its owner and service_role included. Only a foreign key may still remove or clear a row. Definer: the error registry is closed to clients.';
