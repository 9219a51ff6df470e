create function private.give_up_leases(p_brand uuid, p_now timestamptz)
returns integer
language plpgsql
volatile
set search_path = ''
as $$
declare
  v_max integer := private.parameter(p_brand, 'stimuli.max_attempts')::integer;
  v_given_up integer;
begin
  with lost as materialized (
    select d.id from stimuli.stimulus_deployments d
    where d.brand_id = p_brand and d.lease_until <= p_now
    order by d.id for update skip locked
  )
  update stimuli.stimulus_deployments d
  set delivery_status = case when d.is_repeatable and d.delivery_attempts < v_max then 'pending' else 'unknown' end::stimuli.delivery_status,
    lease_until = null, next_attempt_at = case when d.is_repeatable and d.delivery_attempts < v_max then p_now end, reason_code = 'answer_lost', error_code = 'answer_lost'
  from lost l where d.id = l.id;
  get diagnostics v_given_up = row_count;
  return v_given_up;
end
$$;
comment on function private.give_up_leases(uuid, timestamptz) is
  'Messages whose worker never answered: handed over once more where the provider knows the key again, else held as unknown. Returns how many.';

create function private.due_candidates(p_brand uuid, p_limit integer, p_now timestamptz)
returns private.delivery_candidate[]
language plpgsql
volatile
set search_path = ''
set plan_cache_mode = force_custom_plan
as $$
begin
  return (
    with due as materialized (
      select w.*, r.remaining
      from stimuli.channel_connectors k
      cross join unnest(enum_range(null::stimuli.send_purpose)) p (purpose)
      cross join lateral (
        -- In a case: beside a condition the function would be called, and lock, where there is no rate.
        select case when k.rate_per_minute is not null then (
          select t.remaining from private.take_rate('connector/' || k.id, k.rate_per_minute, interval '1 minute', 0, p_now) t) end as remaining
      ) r
      cross join lateral (
        select d.id, d.stimulus_id, d.actor_id, d.deployment_channel, d.purpose, coalesce(d.next_attempt_at, d.scheduled_for, d.deployed_at) as due_at
        from stimuli.stimulus_deployments d
        where d.brand_id = p_brand and d.deployment_channel = k.channel and d.purpose = p.purpose and d.delivery_status = 'pending'
          and coalesce(d.next_attempt_at, d.scheduled_for, d.deployed_at) <= p_now
        order by coalesce(d.next_attempt_at, d.scheduled_for, d.deployed_at)
        limit least(p_limit, r.remaining)
        for update skip locked
      ) w
      where k.brand_id = p_brand and k.is_active
    ),
    -- One of a person at a time: the caps are counted from what has been handed over.
    one_each as (
      select distinct on (d.actor_id) d.* from due d order by d.actor_id, d.purpose desc, d.due_at, d.id
    ),
    ranked as (
      select o.*, row_number() over (partition by o.deployment_channel order by o.purpose desc, o.due_at, o.id) as nth from one_each o
    ),
    chosen as (
      select r.* from ranked r where r.nth <= coalesce(r.remaining, p_limit) order by r.purpose desc, r.due_at, r.id limit p_limit
    )
    select array_agg(row(n.place, n.id, n.stimulus_id, n.actor_id, n.deployment_channel)::private.delivery_candidate order by n.place)
    from (select c.*, (row_number() over (order by c.purpose desc, c.due_at, c.id))::integer as place from chosen c) n);
end
$$;
comment on function private.due_candidates(uuid, integer, timestamptz) is
  'The next p_limit messages of a brand, locked: transactional first, then by their time, one of each person, no more of a channel than the rate of its connector leaves.';

create type private.handed_over as (
  brand_id uuid,
  deployment_id uuid,
  stimulus_id uuid,
  actor_id uuid,
  channel stimuli.channel,
  purpose stimuli.send_purpose,
  connector stimuli.connector_kind,
  service_name text,
  address text,
  idempotency_key text,
  fencing_token bigint,
  attempt integer,
  lease_until timestamptz,
  content jsonb,
  field_values jsonb,
  fields jsonb,
  unsubscribe_token text,
  language text,
  currency text,
  time_zone text
);

create function private.hand_over(p_brand uuid, p_verdicts private.delivery_verdict[], p_worker text, p_lease interval, p_now timestamptz)
returns setof private.handed_over
language plpgsql
volatile
set search_path = ''
set plan_cache_mode = force_custom_plan
as $$
declare
  v_today date := (select (p_now at time zone b.timezone)::date from core.brands b where b.id = p_brand);
  v_secret text := private.unsubscribe_secret();
begin
  -- What may have been sent before has its reservation still.
  insert into stimuli.campaign_spending as g (brand_id, stimulus_id, local_day, sends, reserved)
  select p_brand, v.campaign_id, v_today, count(*), sum(v.send_cost)
  from unnest(p_verdicts) v
  join stimuli.stimulus_deployments d on d.brand_id = p_brand and d.id = v.deployment_id and d.spending_day is null
  where v.campaign_id is not null group by v.campaign_id order by v.campaign_id
  on conflict (brand_id, stimulus_id, local_day) do update set sends = g.sends + excluded.sends, reserved = g.reserved + excluded.reserved;
  perform private.take_rate('connector/' || k.id, k.rate_per_minute, interval '1 minute', k.messages, p_now)
  from (
    select k.id, k.rate_per_minute, count(*)::integer as messages
    from unnest(p_verdicts) v join stimuli.channel_connectors k on k.brand_id = p_brand and k.id = v.connector_id
    where k.rate_per_minute is not null group by k.id, k.rate_per_minute
  ) k;

  return query
  with changed as (
    update stimuli.stimulus_deployments d
    set delivery_status = 'sending', fencing_token = d.fencing_token + 1, delivery_attempts = d.delivery_attempts + 1,
      last_delivery_attempt = p_now, handed_over_at = p_now, lease_until = p_now + p_lease, worker = left(p_worker, 100), reason_code = null,
      next_attempt_at = null, connector_id = v.connector_id, is_repeatable = k.honours_keys, purpose = s.purpose,
      send_cost = v.send_cost, spending_day = coalesce(d.spending_day, case when v.campaign_id is not null then v_today end),
      address_sha256 = private.address_sha256(p_brand, v.channel, v.address)
    from unnest(p_verdicts) v
    join stimuli.channel_connectors k on k.brand_id = p_brand and k.id = v.connector_id
    join stimuli.stimuli_base s on s.brand_id = p_brand and s.id = v.stimulus_id
    where d.id = v.deployment_id
    returning d.*, v.place, v.address, k.connector, k.service_name, s.content_data, s.generation_parameters
  )
  select p_brand, c.id, c.stimulus_id, c.actor_id, c.deployment_channel, c.purpose, c.connector, c.service_name, c.address,
    'loopwise-' || c.id, c.fencing_token, c.delivery_attempts, c.lease_until, c.content_data,
    coalesce(c.generation_parameters -> 'values', '{}') || c.personalization_applied, c.generation_parameters -> 'fields',
    case when c.purpose = 'marketing' then private.unsubscribe_token(v_secret, p_brand, c.id) end, b.language, b.currency, b.timezone
  from changed c join core.brands b on b.id = p_brand order by c.place;
end
$$;
comment on function private.hand_over(uuid, private.delivery_verdict[], text, interval, timestamptz) is
  'Marks messages as handed over, reserves what they cost and gives the worker what it needs to send them. Their commit comes before the call of the provider, so that no crash can hide one.';

create function private.claim_of_brand(p_brand uuid, p_worker text, p_limit integer, p_lease interval, p_now timestamptz)
returns setof private.handed_over
language plpgsql
volatile
set search_path = ''
as $$
declare
  v_candidates private.delivery_candidate[];
  v_verdicts private.delivery_verdict[];
  v_going private.delivery_verdict[];
  v_left integer := p_limit;
begin
  update stimuli.sending_state t set last_claim_at = p_now where t.brand_id = p_brand;
  perform private.give_up_leases(p_brand, p_now);
  -- A loop, because a batch in which nobody may be written to says nothing of the next; bounded, because others wait.
  for v_round in 1 .. 10 loop
    v_candidates := private.due_candidates(p_brand, greatest(v_left, 50), p_now);
    exit when v_candidates is null;
    v_verdicts := array(select v from private.delivery_verdicts(p_brand, v_candidates, p_now) v);
    update stimuli.stimulus_deployments d
    set delivery_status = case when v.verdict = 'later' then 'pending' when v.reason = 'expired' then 'expired' else 'cancelled' end::stimuli.delivery_status,
      reason_code = v.reason, next_attempt_at = v.at
    from unnest(v_verdicts) v
    where d.id = v.deployment_id and v.verdict <> 'go';
    v_going := array(select v from unnest(v_verdicts) v where v.verdict = 'go' order by v.place limit v_left);
    return query select * from private.hand_over(p_brand, v_going, p_worker, p_lease, p_now);
    v_left := v_left - cardinality(v_going);
    exit when v_left <= 0;
  end loop;
end
$$;
comment on function private.claim_of_brand(uuid, text, integer, interval, timestamptz) is
  'Hands over up to p_limit messages of one brand; re-schedules and cancels what may not go. To be called under the lock of the brand (its row of stimuli.sending_state).';

create function private.stimuli_claim_deliveries(p_worker text, p_limit integer, p_now timestamptz)
returns setof private.handed_over
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  v_lease interval := private.parameter(null, 'stimuli.send_lease_seconds')::double precision * interval '1 second';
  v_brand uuid;
  v_first uuid;
begin
  perform private.require_service();
  if p_limit is null or p_limit not between 1 and 1000 then
    perform private.raise_error('invalid_argument', 'p_limit', 'must lie between 1 and 1,000');
  end if;
  -- A loop over the brands that have something to do, the one that waited longest first, until one of them gives something.
  for v_brand in
    select t.brand_id from stimuli.sending_state t
    where not t.is_paused and (
      exists (
        select from stimuli.channel_connectors k cross join unnest(enum_range(null::stimuli.send_purpose)) p (purpose)
        where k.brand_id = t.brand_id and k.is_active and exists (
          select from stimuli.stimulus_deployments d
          where d.brand_id = t.brand_id and d.deployment_channel = k.channel and d.purpose = p.purpose and d.delivery_status = 'pending'
            and coalesce(d.next_attempt_at, d.scheduled_for, d.deployed_at) <= p_now))
      or exists (select from stimuli.stimulus_deployments d where d.brand_id = t.brand_id and d.lease_until <= p_now))
    order by t.last_claim_at, t.brand_id
  loop
    v_first := coalesce(v_first, v_brand);
    -- One claim of a brand at a time: what is counted for caps and budgets cannot change under it.
    perform from stimuli.sending_state t where t.brand_id = v_brand for update skip locked;
    if found then
      return query select * from private.claim_of_brand(v_brand, p_worker, p_limit, v_lease, p_now);
      if found then
        return;
      end if;
    end if;
  end loop;
  -- All of them are being claimed from: a claim is short, so this one waits for its turn.
  if v_first is not null then
    perform from stimuli.sending_state t where t.brand_id = v_first for update;
    return query select * from private.claim_of_brand(v_first, p_worker, p_limit, v_lease, p_now);
  end if;
end
$$;
comment on function private.stimuli_claim_deliveries(text, integer, timestamptz) is 'Body of stimuli.claim_deliveries. Definer: reads and writes across brands.';
grant execute on function private.stimuli_claim_deliveries(text, integer, timestamptz) to service_role;

create function stimuli.claim_deliveries(p_worker text, p_limit integer default 50, p_now timestamptz default clock_timestamp())
returns table (
  brand_id uuid, deployment_id uuid, stimulus_id uuid, actor_id uuid, channel stimuli.channel, purpose stimuli.send_purpose,
  connector stimuli.connector_kind, service_name text, address text, idempotency_key text, fencing_token bigint, attempt integer,
  lease_until timestamptz, content jsonb, field_values jsonb, fields jsonb, unsubscribe_token text,
  language text, currency text, time_zone text
)
language sql
volatile
set search_path = ''
begin atomic
  select * from private.stimuli_claim_deliveries(p_worker, p_limit, p_now);
end;
comment on function stimuli.claim_deliveries(text, integer, timestamptz) is
  'Hands up to p_limit messages over to a worker, brands in turn: checked against kill switch, consent, suppressions, quiet hours, caps and budgets in this transaction (private.delivery_verdicts), marked as being sent before the worker knows of them. The worker calls the provider within a second of having asked, gives back what it cannot (verdict released), and reports with stimuli.finish_deliveries and the fencing_token before lease_until. Service role only. Error: invalid_argument.';
grant execute on function stimuli.claim_deliveries(text, integer, timestamptz) to service_role;
