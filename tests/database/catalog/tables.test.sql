begin;
select plan(10);

create temp view ours as
select c.oid, n.nspname as schema_name, c.relname as table_name, format('%s.%s', n.nspname, c.relname) as full_name, c.relkind, c.relispartition
from pg_class c join pg_namespace n on n.oid = c.relnamespace
where n.nspname in ('public', 'private', 'core', 'signals', 'actors', 'cohorts', 'stimuli', 'ops', 'outcomes', 'ai', 'strategy')
  and c.relkind in ('r', 'p')
  and not exists (select from pg_depend d where d.classid = 'pg_class'::regclass and d.objid = c.oid and d.deptype = 'e');

select is_empty(
  $$select full_name from ours where not (select relrowsecurity from pg_class p where p.oid = ours.oid)$$,
  'row security is on for every table and partition');

select set_eq(
  $$select full_name from ours where not relispartition$$,
  $$select table_name from private.table_access$$,
  'every table says who may use it, by private.grant_access');

select is_empty(
  $$select full_name from ours where relispartition and schema_name <> 'private'$$,
  'no partition can be named by a client');

select is_empty(
  $$select full_name from ours where not relispartition and coalesce(obj_description(oid, 'pg_class'), '') = ''$$,
  'every table has a comment');

select is_empty(
  $$select o.full_name from ours o
    where o.schema_name <> 'private' and not o.relispartition
      and o.full_name not in ('core.brands', 'core.system_parameters')
      and not exists (select from pg_attribute a where a.attrelid = o.oid and a.attname = 'brand_id')$$,
  'every table of an exposed schema carries brand_id');

select is_empty(
  $$select o.full_name from ours o join pg_attribute a on a.attrelid = o.oid and a.attname = 'brand_id'
    where o.schema_name <> 'private' and not o.relispartition and not a.attnotnull
      and o.full_name not in ('core.audit_log', 'ai.functions', 'ai.ai_system_state', 'public.oasis_events', 'public.vtid_ledger')$$,
  'and it is never null, except where null means all brands');

select is_empty(
  $$select conrelid::regclass::text, conname from pg_constraint k join ours o on o.oid = k.conrelid
    where k.contype = 'f' and k.confdeltype = 'a'$$,
  'every foreign key says what happens on delete');

select is_empty(
  $$select k.conrelid::regclass::text, k.conname
    from pg_constraint k join ours o on o.oid = k.conrelid and not o.relispartition
    where k.contype = 'f' and not exists (
      select from pg_index i
      where i.indrelid = k.conrelid and i.indpred is null
        and (select array_agg(x order by x) from unnest(i.indkey[0:cardinality(k.conkey) - 1]) x)
          = (select array_agg(y order by y) from unnest(k.conkey) y))
      and not exists (
      select from pg_index i where i.indrelid = k.conrelid and i.indkey[0] = any (k.conkey) and cardinality(k.conkey) = 1)$$,
  'an index leads with the columns of every foreign key');

select is_empty(
  $$select k.conrelid::regclass::text, k.conname
    from pg_constraint k
    join ours o on o.oid = k.conrelid
    join pg_attribute b on b.attrelid = k.conrelid and b.attname = 'brand_id'
    join pg_attribute f on f.attrelid = k.confrelid and f.attname = 'brand_id' and f.attnotnull
    where k.contype = 'f' and not b.attnum = any (k.conkey)$$,
  'a reference to a row of a brand takes the brand along');

select is_empty(
  $$select r.table_name from private.actor_references() r
    where not exists (select from pg_attribute a where a.attrelid = r.table_name::regclass and a.attname = 'id' and a.atttypid = 'uuid'::regtype)$$,
  'what is held about a person has an id, by which a merge moves it and an unmerge gives it back');

select * from finish();
rollback;
