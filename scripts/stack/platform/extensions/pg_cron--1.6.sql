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

create function cron._check_schedule(schedule text) returns void
language plpgsql immutable set search_path = ''
as $$
declare
  -- One field: *, a number or name, or a range; a step; several of them joined by commas.
  v_part constant text := '(\*|[0-9]{1,2}|[a-z]{3})(-([0-9]{1,2}|[a-z]{3}))?(/[0-9]{1,2})?';
  v_field constant text := v_part || '(,' || v_part || ')*';
  v_last_day constant text := '(\$|' || v_field || ')';
begin
  if schedule ~* '^\s*[1-5]?[0-9]\s+seconds?\s*$' and schedule !~ '^\s*0' then return; end if;
  if schedule ~* '^\s*@(hourly|daily|midnight|weekly|monthly|yearly|annually|reboot)\s*$' then return; end if;
  if schedule ~* ('^\s*' || concat_ws('\s+', v_field, v_field, v_last_day, v_field, v_field) || '\s*$') then return; end if;
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
