create type private.reach_move as (brand_id uuid, stimulus_id uuid, was smallint, becomes smallint);
create type private.spending_move as (brand_id uuid, stimulus_id uuid, spending_day date, send_cost numeric, is_spent boolean);

create function private.add_to_totals(p_moves private.reach_move[])
returns void
language plpgsql
volatile
set search_path = ''
as $$
begin
  -- In one order, so that no two batches wait for each other.
  perform from stimuli.stimuli_base b
  where b.id in (select m.stimulus_id from unnest(p_moves) m where m.was <> m.becomes) order by b.id for no key update;
  -- Each stage is cut to the one before: a total that somebody has changed must not stop the queue until it is counted anew.
  update stimuli.stimuli_base b
  set total_sent = c.sent, total_delivered = least(c.sent, c.delivered), total_opened = least(c.sent, c.delivered, c.opened),
    total_clicked = least(c.sent, c.delivered, c.opened, c.clicked), total_converted = least(c.sent, c.delivered, c.opened, c.clicked, c.converted)
  from (
    select m.brand_id, m.stimulus_id, sum((m.becomes >= 1)::integer - (m.was >= 1)::integer) as sent,
      sum((m.becomes >= 2)::integer - (m.was >= 2)::integer) as delivered, sum((m.becomes >= 3)::integer - (m.was >= 3)::integer) as opened,
      sum((m.becomes >= 4)::integer - (m.was >= 4)::integer) as clicked, sum((m.becomes >= 5)::integer - (m.was >= 5)::integer) as converted
    from unnest(p_moves) m where m.was <> m.becomes group by m.brand_id, m.stimulus_id
  ) t
  join stimuli.stimuli_base o on o.brand_id = t.brand_id and o.id = t.stimulus_id
  cross join lateral (
    select greatest(0, o.total_sent + t.sent) as sent, greatest(0, o.total_delivered + t.delivered) as delivered, greatest(0, o.total_opened + t.opened) as opened,
      greatest(0, o.total_clicked + t.clicked) as clicked, greatest(0, o.total_converted + t.converted) as converted
  ) c
  where b.id = o.id;
end
$$;
comment on function private.add_to_totals(private.reach_move[]) is
  'Moves total_sent … total_converted of stimuli by what deployments have come to (stimulus_deployments.reach): counting all of them again with every batch would cost their square.';

create function private.settle_spending(p_moves private.spending_move[])
returns void
language sql
volatile
set search_path = ''
as $$
  update stimuli.campaign_spending g
  set reserved = g.reserved - t.cost, settled = g.settled + t.spent, sends = g.sends - t.unsent
  from (
    select m.brand_id, c.campaign_id, m.spending_day, sum(m.send_cost) as cost, coalesce(sum(m.send_cost) filter (where m.is_spent), 0) as spent,
      count(*) filter (where not m.is_spent) as unsent
    from unnest(p_moves) m
    join private.stimulus_campaigns c on c.brand_id = m.brand_id and c.stimulus_id = m.stimulus_id
    where m.spending_day is not null
    group by m.brand_id, c.campaign_id, m.spending_day
  ) t
  where g.brand_id = t.brand_id and g.stimulus_id = t.campaign_id and g.local_day = t.spending_day
$$;
comment on function private.settle_spending(private.spending_move[]) is 'Turns reservations of campaigns into what was spent (is_spent), or gives them back.';

create function private.retry_at(p_now timestamptz, p_attempt integer, p_retry_after double precision, p_base double precision, p_longest double precision)
returns timestamptz
language sql
volatile
set search_path = ''
as $$
  select p_now + greatest(case when p_retry_after > 86400 then 86400 else p_retry_after end,
    least(p_longest, p_base * power(2, least(p_attempt, 30) - 1)) * (1 + random() / 2)) * interval '1 second'
$$;
comment on function private.retry_at(timestamptz, integer, double precision, double precision, double precision) is
  'When to try again after p_attempt attempts: p_base seconds, doubled with each, at most p_longest, spread by up to half so that failures do not return together, and not before p_retry_after seconds (at most a day), which the provider asked for.';

create type private.delivery_result as (
  deployment_id uuid,
  fencing_token bigint,
  verdict text,
  provider_message_id text,
  code text,
  message text,
  retry_after_seconds double precision,
  content jsonb
);

create function private.finish_batch(p_results private.delivery_result[], p_now timestamptz)
returns table (brand_id uuid, finished bigint, failed bigint, held bigint)
language plpgsql
volatile
set search_path = ''
set plan_cache_mode = force_custom_plan
as $$
declare
  v_reach private.reach_move[];
  v_spending private.spending_move[];
  v_finished jsonb;
begin
  with locked as materialized (
    -- The token says that nobody has handed it over since; an answer that comes after its lease still settles it.
    select d.id, d.brand_id, d.stimulus_id, d.reach, d.spending_day, d.send_cost, r.verdict, r.provider_message_id, r.code, r.message, r.content,
      r.retry_after_seconds, d.error_code is not distinct from 'answer_lost' as may_be_sent, d.delivery_attempts,
      d.delivery_attempts >= l.most as is_last, m.retry_delay_minutes, d.is_repeatable
    from stimuli.stimulus_deployments d
    join (select distinct on (x.deployment_id) x.* from unnest(p_results) x order by x.deployment_id) r
      on r.deployment_id = d.id and r.fencing_token = d.fencing_token
    left join stimuli.messages m on m.brand_id = d.brand_id and m.stimulus_id = d.stimulus_id
    cross join lateral (
      select coalesce(m.retry_attempts + 1, private.parameter(d.brand_id, 'stimuli.max_attempts')::integer) as most
    ) l
    where d.handed_over_at is not null and d.delivery_status in ('sending', 'unknown', 'pending', 'cancelled', 'expired')
    order by d.id for update of d
  ),
  decided as materialized (
    select l.*, case l.verdict when 'sent' then 'sent' when 'delivered' then 'delivered' when 'rejected' then 'failed' when 'released' then 'pending'
      when 'retry' then case when l.is_last then 'failed' else 'pending' end
      else case when l.is_repeatable and not l.is_last then 'pending' else 'unknown' end end::stimuli.delivery_status as becomes
    from locked l
  ),
  changed as (
    update stimuli.stimulus_deployments d
    set delivery_status = c.becomes, lease_until = null,
      delivery_attempts = d.delivery_attempts - (c.verdict = 'released')::integer,
      sent_at = case when c.becomes in ('sent', 'delivered') then p_now else d.sent_at end,
      delivered_at = case when c.becomes = 'delivered' then p_now else d.delivered_at end,
      provider_message_id = coalesce(left(c.provider_message_id, 500), d.provider_message_id),
      delivered_content = case when c.becomes in ('sent', 'delivered', 'unknown') then coalesce(c.content, d.delivered_content) else d.delivered_content end,
      reason_code = case when c.verdict = 'rejected' then 'rejected' when c.becomes = 'failed' then 'attempts_exhausted'
        when c.verdict = 'unknown' then 'answer_lost' when c.verdict = 'retry' then 'retry' end,
      next_attempt_at = case when c.becomes <> 'pending' then null when c.verdict = 'released' then p_now
        else private.retry_at(p_now, c.delivery_attempts, c.retry_after_seconds,
          coalesce(c.retry_delay_minutes * 60, private.parameter(d.brand_id, 'stimuli.retry_base_seconds')::double precision),
          private.parameter(d.brand_id, 'stimuli.retry_longest_seconds')::double precision) end,
      handed_over_at = case when c.verdict = 'rejected' or c.verdict in ('retry', 'released') and not c.may_be_sent then null else d.handed_over_at end,
      spending_day = case when c.verdict = 'rejected' or c.verdict in ('retry', 'released') and not c.may_be_sent then null else d.spending_day end,
      error_code = case when c.becomes in ('sent', 'delivered') then null when c.verdict = 'unknown' or c.may_be_sent and c.becomes <> 'failed' then 'answer_lost'
        else left(c.code, 100) end,
      error_message = case when c.becomes in ('sent', 'delivered') then null else left(c.message, 1000) end
    from decided c
    where d.id = c.id
    returning d.brand_id, d.stimulus_id, d.delivery_status, d.reach, c.reach as was, c.spending_day as spent_on, c.send_cost as cost,
      d.spending_day is not null as keeps
  )
  select array_agg(row(c.brand_id, c.stimulus_id, c.was, c.reach)::private.reach_move),
    array_agg(row(c.brand_id, c.stimulus_id, c.spent_on, c.cost, c.keeps)::private.spending_move)
      filter (where c.spent_on is not null and (not c.keeps or c.delivery_status in ('sent', 'delivered'))),
    (select jsonb_agg(to_jsonb(b)) from (
      select x.brand_id, count(*) as finished, count(*) filter (where x.delivery_status = 'failed') as failed,
        count(*) filter (where x.delivery_status = 'unknown') as held from changed x group by x.brand_id) b)
  into v_reach, v_spending, v_finished
  from changed c;
  perform private.add_to_totals(v_reach);
  perform private.settle_spending(v_spending);
  return query select * from jsonb_to_recordset(v_finished) f (brand_id uuid, finished bigint, failed bigint, held bigint);
end
$$;
comment on function private.finish_batch(private.delivery_result[], timestamptz) is 'Writes what became of messages that were handed over, each once; returns per brand how many moved, and how many of them failed for good or are held.';

create function private.stimuli_finish_deliveries(p_results jsonb, p_now timestamptz)
returns integer
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  v_started timestamptz := clock_timestamp();
  v_brand record;
  v_finished integer := 0;
begin
  perform private.require_service();
  if coalesce(jsonb_typeof(p_results), 'null') <> 'array' then
    perform private.raise_error('invalid_argument', 'p_results', 'must be an array');
  elsif jsonb_array_length(p_results) > 1000 then
    perform private.raise_error('invalid_argument', 'p_results', 'must have at most 1000 elements');
  elsif p_results @? '$[*] ? (@.type() != "object" || !exists(@.deployment_id) || !exists(@.fencing_token) || !exists(@.verdict)
      || !(@.verdict == "sent" || @.verdict == "delivered" || @.verdict == "rejected" || @.verdict == "retry" || @.verdict == "unknown" || @.verdict == "released"))' then
    perform private.raise_error('invalid_argument', 'p_results',
      'each element needs deployment_id, fencing_token and a verdict: sent, delivered, rejected, retry, unknown or released');
  end if;
  for v_brand in
    select * from private.finish_batch(
      array(select r from jsonb_populate_recordset(null::private.delivery_result, p_results) r), p_now)
  loop
    -- A loop over the brands of one batch: each has its own log and its own events.
    v_finished := v_finished + v_brand.finished;
    if v_brand.failed + v_brand.held > 0 then
      perform private.emit(v_brand.brand_id, 'stimuli.deliveries_failed', null, null, jsonb_build_object('failed', v_brand.failed, 'held', v_brand.held));
    end if;
    perform private.log_call('stimuli.finish_deliveries', v_brand.brand_id, '{}', to_jsonb(v_brand) - 'brand_id', v_started);
  end loop;
  return v_finished;
end
$$;
comment on function private.stimuli_finish_deliveries(jsonb, timestamptz) is 'Body of stimuli.finish_deliveries. Definer: moves deliveries of all brands.';
grant execute on function private.stimuli_finish_deliveries(jsonb, timestamptz) to service_role;

create function stimuli.finish_deliveries(p_results jsonb, p_now timestamptz default clock_timestamp())
returns integer
language sql
volatile
set search_path = ''
begin atomic
  select private.stimuli_finish_deliveries(p_results, p_now);
end;
comment on function stimuli.finish_deliveries(jsonb, timestamptz) is
  'Takes up to 1,000 answers of a worker, [{"deployment_id", "fencing_token", "verdict", "provider_message_id"?, "code"?, "message"?, "retry_after_seconds"?, "content"?}], and returns how many moved a message. sent, delivered; rejected: the provider will never take it (failed); retry: it surely was not sent, try later; unknown: the answer was lost, so it is held, or handed over once more with the same key where the provider knows keys; released: it was not handed over after all. After the last attempt: failed (attempts_exhausted; see stimuli.redrive_deliveries) or held. content: what was really sent. An answer with an old fencing_token, or a second one, changes nothing. Service role only. Error: invalid_argument.';
grant execute on function stimuli.finish_deliveries(jsonb, timestamptz) to service_role;
