create table private.partitioned_tables (
  table_name text primary key,
  keep_months integer not null
    constraint at_least_one_month_is_kept check (keep_months >= 1)
);

comment on table private.partitioned_tables is
  'Logs that are partitioned by month. Partitions live in the schema private, so that no client can name one and pass by the row security of its parent.';

create function private.create_month_partitions(p_table text, p_from date, p_months integer)
returns integer
language plpgsql
volatile
set search_path = ''
as $$
declare
  v_month date;
  v_name text;
  v_created integer := 0;
begin
  -- A loop because each partition is a statement of its own.
  for v_month in
    select generate_series(date_trunc('month', p_from), date_trunc('month', p_from) + (p_months - 1) * interval '1 month', '1 month')
  loop
    v_name := replace(p_table, '.', '_') || to_char(v_month, '_YYYY_MM');
    if to_regclass('private.' || quote_ident(v_name)) is null then
      execute format(
        'create table private.%I partition of %s for values from (%L) to (%L)',
        v_name, p_table::regclass, v_month::timestamptz, (v_month + interval '1 month')::timestamptz);
      execute format('alter table private.%I enable row level security', v_name);
      v_created := v_created + 1;
    end if;
  end loop;
  return v_created;
end
$$;

comment on function private.create_month_partitions(text, date, integer) is
  'Makes the monthly partitions of p_table from the month of p_from on, p_months of them, months in UTC; returns how many were new.';

create function private.register_partitioned_table(p_table text, p_keep_months integer)
returns void
language plpgsql
volatile
set search_path = ''
as $$
begin
  insert into private.partitioned_tables (table_name, keep_months) values (p_table, p_keep_months);
  execute format(
    'create table private.%I partition of %s default',
    replace(p_table, '.', '_') || '_default', p_table::regclass);
  execute format('alter table private.%I enable row level security', replace(p_table, '.', '_') || '_default');
  perform private.create_month_partitions(p_table, (now() - interval '1 month')::date, 4);
end
$$;

comment on function private.register_partitioned_table(text, integer) is
  'Puts p_table under the monthly job: partitions for the last, this and the next two months, a default one so that no row is ever refused, and detachment after p_keep_months.';

create function private.detach_month_partitions(p_table text, p_keep_months integer, p_now timestamptz default now())
returns setof text
language plpgsql
volatile
set search_path = ''
as $$
declare
  v_name text;
begin
  -- A loop because each detachment is a statement of its own.
  for v_name in
    select c.relname
    from pg_inherits i
    join pg_class c on c.oid = i.inhrelid
    where i.inhparent = p_table::regclass
      and c.relname ~ '_\d{4}_\d{2}$'
      and to_date(right(c.relname, 7), 'YYYY_MM') < date_trunc('month', p_now) - p_keep_months * interval '1 month'
    order by c.relname
  loop
    execute format('alter table %s detach partition private.%I', p_table::regclass, v_name);
    return next v_name;
  end loop;
end
$$;

comment on function private.detach_month_partitions(text, integer, timestamptz) is
  'Detaches partitions older than p_keep_months and returns their names; they stay in the schema private to be archived and dropped.';
