create type private.job_status as enum ('queued', 'running', 'done', 'dead');

create table private.jobs (
  id uuid primary key default private.uuid_v7(),
  queue text not null,
  brand_id uuid,
  payload jsonb not null default '{}',
  job_key text,
  status private.job_status not null default 'queued',
  priority smallint not null default 0,
  visible_at timestamptz not null default now(),
  attempts integer not null default 0,
  max_attempts integer not null default 5
    constraint max_attempts_is_positive check (max_attempts > 0),
  fencing_token bigint not null default 0,
  worker text,
  last_error text,
  created_at timestamptz not null default now(),
  finished_at timestamptz
);

comment on table private.jobs is
  'Work queue. A claimed job stays in the table with visible_at moved to the end of its lease, so a worker that dies gives it back by doing nothing.';
comment on column private.jobs.job_key is 'At most one waiting or running job per queue and key: enqueueing it again is harmless.';
comment on column private.jobs.fencing_token is 'Grows with every claim; a worker whose lease went to another cannot finish the job.';
comment on column private.jobs.priority is 'Higher first, inside one brand; brands take turns whatever their priorities.';

create unique index jobs_one_open_per_key_idx on private.jobs (queue, job_key)
  where job_key is not null and status in ('queued', 'running');
create index jobs_claimable_idx on private.jobs (queue, brand_id, priority desc, visible_at)
  where status in ('queued', 'running');
create index jobs_finished_at_idx on private.jobs (finished_at) where finished_at is not null;

create function private.enqueue_job(
  p_queue text,
  p_brand uuid,
  p_payload jsonb,
  p_key text default null,
  p_run_at timestamptz default now(),
  p_priority smallint default 0,
  p_max_attempts integer default 5
)
returns uuid
language plpgsql
volatile
set search_path = ''
as $$
declare
  v_id uuid;
begin
  insert into private.jobs (queue, brand_id, payload, job_key, visible_at, priority, max_attempts)
  values (p_queue, p_brand, p_payload, p_key, p_run_at, p_priority, p_max_attempts)
  on conflict (queue, job_key) where job_key is not null and status in ('queued', 'running') do nothing
  returning id into v_id;
  if v_id is null then
    select j.id into v_id from private.jobs j
    where j.queue = p_queue and j.job_key = p_key and j.status in ('queued', 'running');
  end if;
  return v_id;
end
$$;

comment on function private.enqueue_job(text, uuid, jsonb, text, timestamptz, smallint, integer) is
  'Adds a job, or returns the open one with the same p_key. It runs at p_run_at at the earliest and at most p_max_attempts times.';

create function private.claim_jobs(
  p_queue text,
  p_worker text,
  p_limit integer default 10,
  p_lease interval default '60 seconds',
  p_now timestamptz default clock_timestamp()
)
returns setof private.jobs
language plpgsql
volatile
set search_path = ''
as $$
begin
  update private.jobs j
  set status = 'dead', finished_at = p_now, last_error = coalesce(j.last_error, 'its worker died on the last attempt')
  where j.queue = p_queue and j.status = 'running' and j.visible_at <= p_now and j.attempts >= j.max_attempts;

  return query
  -- Steps from brand to brand through the index instead of reading every waiting job.
  with recursive brands as (
    (select j.brand_id from private.jobs j
     where j.queue = p_queue and j.status in ('queued', 'running') and j.brand_id is not null
     order by j.brand_id limit 1)
    union all
    select (select j.brand_id from private.jobs j
            where j.queue = p_queue and j.status in ('queued', 'running') and j.brand_id > b.brand_id
            order by j.brand_id limit 1)
    from brands b where b.brand_id is not null
  ),
  tenants as (
    select brand_id from brands where brand_id is not null
    union all
    select null
  ),
  candidates as (
    select w.id, row_number() over (partition by t.brand_id order by w.priority desc, w.visible_at) as turn
    from tenants t
    cross join lateral (
      select j.id, j.priority, j.visible_at from private.jobs j
      where j.queue = p_queue and j.brand_id is not distinct from t.brand_id
        and j.status in ('queued', 'running') and j.visible_at <= p_now
      order by j.priority desc, j.visible_at
      limit p_limit
      for update skip locked
    ) w
  ),
  chosen as (
    select c.id from candidates c order by c.turn, c.id limit p_limit
  )
  update private.jobs j
  set status = 'running', worker = p_worker, attempts = j.attempts + 1,
      fencing_token = j.fencing_token + 1, visible_at = p_now + p_lease
  from chosen c
  where j.id = c.id
  returning j.*;
end
$$;

comment on function private.claim_jobs(text, text, integer, interval, timestamptz) is
  'Leases up to p_limit due jobs to p_worker, brands taking turns. Keep fencing_token: complete_job and fail_job ask for it.';

create function private.complete_job(p_job uuid, p_fencing_token bigint)
returns void
language plpgsql
volatile
set search_path = ''
as $$
begin
  update private.jobs j set status = 'done', finished_at = clock_timestamp(), last_error = null
  where j.id = p_job and j.fencing_token = p_fencing_token and j.status = 'running';
  if not found then
    perform private.raise_error('job_lease_lost', p_job::text);
  end if;
end
$$;

comment on function private.complete_job(uuid, bigint) is
  'Ends a job. Call it in the transaction of the work: a job_lease_lost error then takes the work back too.';

create function private.fail_job(
  p_job uuid,
  p_fencing_token bigint,
  p_error text,
  p_now timestamptz default clock_timestamp()
)
returns private.job_status
language plpgsql
volatile
set search_path = ''
as $$
declare
  v_status private.job_status;
begin
  update private.jobs j
  set status = case when j.attempts >= j.max_attempts then 'dead' else 'queued' end::private.job_status,
      finished_at = case when j.attempts >= j.max_attempts then p_now end,
      -- Exponential backoff, at most an hour, spread by up to half so that failures do not return together.
      visible_at = p_now + least(interval '1 hour', interval '5 seconds' * power(2, j.attempts - 1)) * (1 + random() / 2),
      last_error = left(p_error, 2000)
  where j.id = p_job and j.fencing_token = p_fencing_token and j.status = 'running'
  returning j.status into v_status;
  if not found then
    perform private.raise_error('job_lease_lost', p_job::text);
  end if;
  return v_status;
end
$$;

comment on function private.fail_job(uuid, bigint, text, timestamptz) is
  'Gives a job back for a later attempt, or to the dead letters after the last one. Returns the new status.';

create function private.redrive_jobs(p_queue text, p_limit integer default 1000)
returns integer
language sql
volatile
set search_path = ''
as $$
  with chosen as (
    select j.id from private.jobs j
    where j.queue = p_queue and j.status = 'dead'
      and not exists (
        select from private.jobs o
        where o.queue = j.queue and o.job_key = j.job_key and o.status in ('queued', 'running'))
    order by j.id limit p_limit
    for update skip locked
  ),
  one_per_key as (
    select distinct on (coalesce(j.job_key, j.id::text)) j.id
    from private.jobs j join chosen c using (id) order by coalesce(j.job_key, j.id::text), j.id desc
  ),
  redriven as (
    update private.jobs j set status = 'queued', attempts = 0, visible_at = now(), finished_at = null
    from one_per_key k where j.id = k.id
    returning j.id
  )
  select count(*)::integer from redriven
$$;

comment on function private.redrive_jobs(text, integer) is
  'Gives dead jobs of a queue all their attempts back; returns how many. Of several with one key the newest runs.';
