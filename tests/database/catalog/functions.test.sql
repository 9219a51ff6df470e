begin;
select plan(9);

create temp view ours as
select p.oid, n.nspname as schema_name, p.proname, format('%s.%s', n.nspname, p.proname) as full_name,
  p.prosecdef, p.proconfig, p.prolang, p.prokind
from pg_proc p join pg_namespace n on n.oid = p.pronamespace
where n.nspname in ('public', 'private', 'core', 'signals', 'actors', 'cohorts', 'stimuli', 'ops', 'outcomes', 'ai', 'strategy')
  and not exists (select from pg_depend d where d.classid = 'pg_proc'::regclass and d.objid = p.oid and d.deptype = 'e');

select is_empty(
  $$select full_name from ours where prokind <> 'a' and not coalesce('search_path=""' = any (proconfig), false)$$,
  'every function pins an empty search path');

select is_empty(
  $$select full_name from ours where coalesce(obj_description(oid, 'pg_proc'), '') = ''$$,
  'every function has a comment');

select is_empty(
  $$select full_name from ours where has_function_privilege('anon', oid, 'execute')$$,
  'an anonymous caller executes nothing');

select is_empty(
  $$select full_name from ours o join pg_proc p on p.oid = o.oid
    where p.proacl is null or exists (select from aclexplode(p.proacl) a where a.grantee = 0)$$,
  'nothing is granted to public');

select is_empty(
  $$select full_name from ours where prosecdef and schema_name <> 'private'$$,
  'security-definer functions live in the schema private');

select is_empty(
  $$select full_name from ours where prosecdef and obj_description(oid, 'pg_proc') !~ 'Definer: '$$,
  'and say why they are');

select is_empty(
  $$select full_name from ours o where prosecdef and has_function_privilege('authenticated', oid, 'execute')
    and full_name not in ('private.brand_ids', 'private.hidden_cohorts', 'private.parameter')
    and not exists (select from pg_proc w join pg_namespace n on n.oid = w.pronamespace
      where n.nspname <> 'private' and format('private.%s_%s', n.nspname, w.proname) = o.full_name
        or n.nspname = 'public' and format('private.%s', w.proname) = o.full_name)$$,
  'a client reaches one only as the body of a public function of the same name');

select is_empty(
  $$select full_name from ours where schema_name <> 'private' group by full_name having count(*) > 1$$,
  'no public function is overloaded');

select is(
  (select array_agg(r || ':' || s) from unnest('{anon, authenticated, service_role}'::text[]) r,
    unnest('{private, vault}'::text[]) s where has_schema_privilege(r, s, 'usage') and (r, s) <> ('service_role', 'vault')),
  null, 'no API role can name anything in private');

select * from finish();
rollback;
