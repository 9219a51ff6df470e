-- Unlogged: losing the counters in a crash forgives a few requests, which costs less than a WAL write per request.
create unlogged table private.rate_limits (
  bucket text primary key,
  theoretical_arrival_at timestamptz not null
);

comment on table private.rate_limits is
  'One row per limited thing (an API key, a user, an address). Generic cell rate algorithm: theoretical_arrival_at is when the bucket would be empty again.';

create function private.take_rate(
  p_bucket text,
  p_limit integer,
  p_window interval,
  p_cost integer default 1,
  p_now timestamptz default clock_timestamp()
)
returns table (allowed boolean, remaining integer, reset_at timestamptz, retry_after_seconds integer)
language plpgsql
volatile
set search_path = ''
as $$
declare
  v_spacing interval := p_window / p_limit;
  v_arrival timestamptz;
  v_next timestamptz;
begin
  insert into private.rate_limits (bucket, theoretical_arrival_at) values (p_bucket, p_now)
  on conflict (bucket) do nothing;
  select greatest(l.theoretical_arrival_at, p_now) into v_arrival
  from private.rate_limits l where l.bucket = p_bucket for update;

  v_next := v_arrival + v_spacing * p_cost;
  allowed := v_next <= p_now + p_window;
  if allowed then
    update private.rate_limits l set theoretical_arrival_at = v_next where l.bucket = p_bucket;
  else
    v_next := v_arrival;
  end if;
  reset_at := v_next;
  remaining := floor(extract(epoch from p_now + p_window - v_next) / extract(epoch from v_spacing));
  retry_after_seconds := case when allowed then 0
    else ceil(extract(epoch from v_arrival + v_spacing * p_cost - p_now - p_window)) end;
  return next;
end
$$;

comment on function private.take_rate(text, integer, interval, integer, timestamptz) is
  'Takes p_cost of the p_limit units that p_bucket may spend per p_window, evenly refilled, bursts up to p_limit (generic cell rate algorithm, ITU-T I.371). Returns whether it was allowed, the units left, when the bucket is full again and how many seconds to wait. A refused call takes nothing.';
