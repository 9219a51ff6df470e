begin;
select plan(8);

create temp view granted as
select format('%s.%s', n.nspname, c.relname) as table_name, r.role_name, p.privilege,
  has_table_privilege(r.role_name, c.oid, p.privilege) as whole,
  (select array_agg(a.attname::text order by a.attname) from pg_attribute a
   where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
     and p.privilege in ('insert', 'update') and has_column_privilege(r.role_name, c.oid, a.attnum, p.privilege)) as columns
from private.table_access t
join pg_class c on c.oid = t.table_name::regclass
join pg_namespace n on n.oid = c.relnamespace
cross join (values ('anon'), ('authenticated'), ('service_role')) r (role_name)
cross join (values ('select'), ('insert'), ('update'), ('delete'), ('truncate'), ('references'), ('trigger')) p (privilege);

select is_empty(
  $$select table_name, privilege from granted join private.table_access using (table_name)
    where role_name = 'anon' and (whole or columns is not null) and not (privilege = 'select' and access_kind = 'public')$$,
  'an anonymous caller holds no privilege but reading public tables');

select is_empty(
  $$select table_name, privilege from granted where role_name = 'authenticated' and privilege in ('truncate', 'references', 'trigger') and whole$$,
  'no client truncates, references or hangs triggers on a table');

select is_empty(
  $$select table_name, columns, a.insert_columns from granted g join private.table_access a using (table_name)
    where role_name = 'authenticated' and privilege = 'insert'
      and columns is distinct from (select array_agg(x order by x) from unnest(a.insert_columns) x)$$,
  'clients insert exactly the declared columns');

select is_empty(
  $$select table_name, columns, a.update_columns from granted g join private.table_access a using (table_name)
    where role_name = 'authenticated' and privilege = 'update'
      and columns is distinct from (select array_agg(x order by x) from unnest(a.update_columns) x)$$,
  'clients update exactly the declared columns');

select is_empty(
  $$select table_name from private.table_access where 'brand_id' = any (update_columns) or 'id' = any (update_columns)
    or insert_columns && '{id, created_at, updated_at, role, created_by}'$$,
  'no client moves a row to another brand or writes what is not its to write');

select is_empty(
  $$select table_name, privilege from granted join private.table_access a using (table_name)
    where role_name = 'service_role' and access_kind like 'append%' and privilege <> 'select' and whole$$,
  'not even the service role changes an append-only table');

select is_empty(
  $$select p.schemaname, p.tablename, p.cmd, p.roles from pg_policies p
    where p.schemaname in (select split_part(table_name, '.', 1) from private.table_access)
    group by 1, 2, 3, 4 having count(*) > 1 or bool_or(p.cmd = 'ALL') or bool_or(p.permissive <> 'PERMISSIVE')$$,
  'one permissive policy per table, command and role');

-- The shape matters for speed: the helper takes no row value, so it runs once per statement.
select is_empty(
  $$select p.schemaname, p.tablename, p.policyname, e.expression
    from pg_policies p
    join private.table_access a on a.table_name = p.schemaname || '.' || p.tablename
    cross join lateral (values (p.qual), (p.with_check)) e (expression)
    where e.expression is not null and p.roles = '{authenticated}'
      and not (e.expression = 'true' and a.access_kind = 'global')
      and e.expression !~ '(brand_id|id) = ANY \(\(?\s*\(+\s*SELECT private\.brand_ids\(''[a-z]+''::core\.role_kind\) AS brand_ids\)'$$,
  'every policy compares the brand with the brands of the caller, computed once');

select * from finish();
rollback;
