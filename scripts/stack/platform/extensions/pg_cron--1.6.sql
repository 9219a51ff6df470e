-- Jobs are run by scripts/stack/workers/cron.ts.
create schema cron;

create sequence cron.jobid_seq;
create sequence cron.runid_seq;

create table cron.job (
  jobid bigint primary key default nextval('cron.jobid_seq'),
  schedule text not null,
  command text not null,
  nodename text not null default 'localhost',
  nodeport integer not null default 5432,
  database text not null default current_database(),
  username text not null default current_user,
  active boolean not null default true,
  jobname text,
  constraint jobname_username_uniq unique (jobname, username)
);

create table cron.job_run_details (
  jobid bigint,
  runid bigint primary key default nextval('cron.runid_seq'),
  job_pid integer,
  database text,
  username text,
  command text,
  status text,
  return_message text,
  start_time timestamptz,
  end_time timestamptz
);

alter table cron.job enable row level security;
create policy cron_job_policy on cron.job using (username = current_user);
alter table cron.job_run_details enable row level security;
create policy cron_job_run_details_policy on cron.job_run_details using (username = current_user);

create function cron._is_schedule(schedule text) returns boolean
language plpgsql immutable set search_path = ''
as $$
declare
  v_fields constant text[] := regexp_split_to_array(lower(btrim(schedule)), '\s+');
  v_lowest constant integer[] := array[0, 0, 1, 1, 0];
  v_highest constant integer[] := array[59, 23, 31, 12, 7];
  v_names constant text[] := array[
    null, null, null, 'jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec', 'sun|mon|tue|wed|thu|fri|sat'
  ];
  v_value text;
  v_part text;
begin
  if schedule ~* '^\s*([1-9]|[1-5][0-9])\s+seconds?\s*$' then return true; end if;
  if schedule ~* '^\s*@(hourly|daily|midnight|weekly|monthly|yearly|annually|reboot)\s*$' then return true; end if;
  if array_length(v_fields, 1) is distinct from 5 then return false; end if;
  for i in 1..5 loop
    if i = 3 and v_fields[i] = '$' then continue; end if;
    -- Parts joined by commas, each *, a value or a range of values, with or without a step.
    v_value := concat_ws('|', '[0-9]{1,2}', v_names[i]);
    v_part := format('(\*|(%1$s)(-(%1$s))?)(/0*[1-9][0-9]?)?', v_value);
    if v_fields[i] !~ format('^%1$s(,%1$s)*$', v_part) then return false; end if;
    if exists (
      select from regexp_matches(v_fields[i], '(?<![/0-9])[0-9]+', 'g') as found (number)
      where found.number[1]::integer not between v_lowest[i] and v_highest[i]
    ) then
      return false;
    end if;
  end loop;
  return true;
end
$$;

create function cron._check_schedule(schedule text) returns void
language plpgsql immutable set search_path = ''
as $$
begin
  if cron._is_schedule(schedule) then return; end if;
  raise exception 'invalid schedule: %', schedule
    using errcode = '22023', hint = 'Use cron format (e.g. 5 4 * * *), or interval format ''[1-59] seconds''';
end
$$;

create function cron.schedule(job_name text, schedule text, command text) returns bigint
language plpgsql volatile security definer set search_path = ''
as $$
declare
  v_id bigint;
begin
  perform cron._check_schedule(schedule);
  insert into cron.job (jobname, schedule, command, username) values (job_name, schedule, command, session_user)
  on conflict on constraint jobname_username_uniq
    do update set schedule = excluded.schedule, command = excluded.command, active = true
  returning jobid into v_id;
  return v_id;
end
$$;

create function cron.schedule(schedule text, command text) returns bigint
language plpgsql volatile security definer set search_path = ''
as $$
declare
  v_id bigint;
begin
  perform cron._check_schedule(schedule);
  insert into cron.job (schedule, command, username) values (schedule, command, session_user) returning jobid into v_id;
  return v_id;
end
$$;

create function cron.unschedule(job_id bigint) returns boolean
language plpgsql volatile security definer set search_path = ''
as $$
begin
  delete from cron.job j where j.jobid = job_id and j.username = session_user;
  if not found then
    raise exception 'could not find valid entry for job %', job_id using errcode = '22023';
  end if;
  return true;
end
$$;

create function cron.unschedule(job_name text) returns boolean
language plpgsql volatile security definer set search_path = ''
as $$
begin
  delete from cron.job j where j.jobname = job_name and j.username = session_user;
  if not found then
    raise exception 'could not find valid entry for job ''%''', job_name using errcode = '22023';
  end if;
  return true;
end
$$;

create function cron.alter_job(
  job_id bigint,
  schedule text default null,
  command text default null,
  database text default null,
  username text default null,
  active boolean default null
) returns void
language plpgsql volatile security definer set search_path = ''
as $$
begin
  if schedule is not null then perform cron._check_schedule(schedule); end if;
  update cron.job j
  set schedule = coalesce(alter_job.schedule, j.schedule),
      command = coalesce(alter_job.command, j.command),
      database = coalesce(alter_job.database, j.database),
      username = coalesce(alter_job.username, j.username),
      active = coalesce(alter_job.active, j.active)
  where j.jobid = job_id and j.username = session_user;
  if not found then
    raise exception 'Job % does not exist or you don''t own it', job_id using errcode = '22023';
  end if;
end
$$;

revoke execute on all functions in schema cron from public;
select pg_catalog.pg_extension_config_dump('cron.job', '');
select pg_catalog.pg_extension_config_dump('cron.jobid_seq', '');
