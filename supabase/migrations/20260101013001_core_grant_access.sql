create table private.table_access (
  table_name text primary key,
  access_kind text not null,
  read_role core.role_kind,
  write_role core.role_kind,
  insert_columns text[],
  update_columns text[],
  can_delete boolean not null
);
comment on table private.table_access is
  'What private.grant_access declared for each table. The catalog tests compare policies and grants with it, the HTTP tests every table, verb and role.';

create function private.access_condition(p_kind text, p_role core.role_kind, p_brand_column text, p_or_own text)
returns text
language sql
immutable
set search_path = ''
as $$
  select case p_kind
    when 'global' then format('%1$I is null or %1$I = any ((select private.brand_ids(%2$L))::uuid[])', p_brand_column, 'customer')
    when 'own' then format(
      'user_id = (select auth.uid()) and %1$I = any ((select private.brand_ids(%2$L))::uuid[])', p_brand_column, p_role)
    else format('%1$I = any ((select private.brand_ids(%2$L))::uuid[])', p_brand_column, p_role)
  end || coalesce(' or ' || p_or_own, '')
$$;
comment on function private.access_condition(text, core.role_kind, text, text) is 'The one shape of a policy.';

create function private.grant_access(
  p_table text,
  p_kind text,
  p_insert text[] default null,
  p_update text[] default null,
  p_delete boolean default false,
  p_brand_column text default 'brand_id',
  p_or_own text default null,
  p_public_condition text default null,
  p_write_role core.role_kind default null
)
returns void
language plpgsql
volatile
set search_path = ''
as $$
declare
  v_kind text := split_part(p_kind, ':', 1);
  v_role core.role_kind := nullif(split_part(p_kind, ':', 2), '')::core.role_kind;
  v_read core.role_kind;
  v_write core.role_kind;
  v_name text := replace(p_table, '.', '_');
  v_has_brand boolean;
  v_readable text;
  v_writable text;
begin
  select count(*) > 0 into v_has_brand from pg_attribute a
  where a.attrelid = p_table::regclass and a.attname = p_brand_column and not a.attisdropped;
  execute format('alter table %s enable row level security', p_table::regclass);
  if v_has_brand and p_brand_column = 'brand_id' then
    -- Statistics that name the brands make the planner expect no row at all of a brand that came after them, and then
    -- any index on brand_id looks as good as the right one. Without, every brand counts as one two-hundredth.
    execute format('alter table %s alter column brand_id set statistics 0', p_table::regclass);
  end if;

  case v_kind
    when 'staff' then v_read := coalesce(v_role, 'support'); v_write := coalesce(v_role, 'operator');
    when 'member' then v_read := 'customer'; v_write := 'operator';
    when 'own' then v_read := 'customer'; v_write := 'customer';
    when 'append' then v_read := coalesce(v_role, 'support');
    when 'global' then v_read := 'customer';
    when 'public' then v_read := 'support'; v_write := 'manager';
    when 'service' then null;
    else perform private.raise_error('invalid_argument', 'p_kind', p_kind || ' is no access kind');
  end case;
  v_write := coalesce(p_write_role, v_write);
  if v_write is null and (p_insert is not null or p_update is not null or p_delete) then
    perform private.raise_error('invalid_argument', 'p_insert', 'clients never write a table of kind ' || p_kind);
  end if;

  insert into private.table_access
  values (p_table, p_kind, v_read, v_write, p_insert, p_update, p_delete);

  if v_kind = 'append' then
    execute format('grant select on %s to service_role', p_table::regclass);
    execute format('create trigger _500_append_only before update or delete on %s for each row execute function private.reject_change()', p_table::regclass);
    execute format('create trigger _500_append_only_truncate before truncate on %s for each statement execute function private.reject_change()', p_table::regclass);
  elsif p_table not like 'private.%' then
    execute format('grant select, insert, update, delete on %s to service_role', p_table::regclass);
  end if;
  if v_kind = 'service' then
    return;
  end if;

  v_readable := case when v_kind = 'global' and not v_has_brand then 'true'
    else private.access_condition(v_kind, v_read, p_brand_column, p_or_own) end;
  execute format('grant select on %s to authenticated', p_table::regclass);
  execute format('create policy %I on %s for select to authenticated using (%s)', v_name || '_select', p_table::regclass, v_readable);
  if p_public_condition is not null then
    execute format('grant select on %s to anon', p_table::regclass);
    execute format('create policy %I on %s for select to anon using (%s)', v_name || '_select_public', p_table::regclass, p_public_condition);
  end if;

  v_writable := private.access_condition(v_kind, v_write, p_brand_column, null);
  if p_insert is not null then
    execute format('grant insert (%s) on %s to authenticated', array_to_string(p_insert, ', '), p_table::regclass);
    execute format('create policy %I on %s for insert to authenticated with check (%s)', v_name || '_insert', p_table::regclass, v_writable);
  end if;
  if p_update is not null then
    execute format('grant update (%s) on %s to authenticated', array_to_string(p_update, ', '), p_table::regclass);
    execute format('create policy %I on %s for update to authenticated using (%s) with check (%s)', v_name || '_update', p_table::regclass, v_writable, v_writable);
  end if;
  if p_delete then
    execute format('grant delete on %s to authenticated', p_table::regclass);
    execute format('create policy %I on %s for delete to authenticated using (%s)', v_name || '_delete', p_table::regclass, v_writable);
  end if;
end
$$;

comment on function private.grant_access(text, text, text[], text[], boolean, text, text, text, core.role_kind) is
  'Declares who may use a table; called once per table by the access migration of its domain. p_kind: staff[:role] (members from support, or from that role, read; from operator, or that role, write), member, own (the row''s user_id), append[:role] (rows come in through functions; nobody changes them), global, public, service. p_insert and p_update: columns that clients may write (null: none). p_or_own: a further condition that lets a client read, for example its own row. p_public_condition: which rows an anonymous client reads. p_write_role: who writes, where it is not the role of the kind.';
