create type private.delivery_candidate as (
  place integer,
  deployment_id uuid,
  stimulus_id uuid,
  actor_id uuid,
  channel stimuli.channel
);
comment on type private.delivery_candidate is 'What may be sent; place: in which order. deployment_id is null where nothing is deployed yet.';

create type private.delivery_verdict as (
  place integer,
  deployment_id uuid,
  stimulus_id uuid,
  actor_id uuid,
  person_id uuid,
  channel stimuli.channel,
  verdict text,
  reason text,
  at timestamptz,
  address text,
  connector_id uuid,
  campaign_id uuid,
  send_cost numeric
);
comment on type private.delivery_verdict is 'verdict: go, later (not before at) or never, with the reason of the two latter. person_id: who actor_id was merged into, or itself.';

create function private.known_time(p_value jsonb, p_default time)
returns time
language sql
stable
set search_path = ''
as $$
  select case when pg_input_is_valid(p_value #>> '{}', 'time') then (p_value #>> '{}')::time else p_default end
$$;
comment on function private.known_time(jsonb, time) is 'A setting that should be a time of day, or p_default where it is none: a slip in a setting must not stop a queue.';

create view private.stimulus_campaigns with (security_invoker = true) as
select s.brand_id, s.id as stimulus_id, m.stimulus_id as campaign_id, m.budget_limit, m.daily_budget_limit, m.max_sends_per_day, m.total_send_limit
from stimuli.stimuli_base s
join stimuli.campaigns m on m.brand_id = s.brand_id and m.stimulus_id = coalesce(s.campaign_id, s.id);
comment on view private.stimulus_campaigns is 'Whose limits and budget bind a stimulus: those of its campaign.';

-- Everything that decides whether a message may be handed over at p_now, once for the queue and for the dry run.
create function private.delivery_verdicts(p_brand uuid, p_candidates private.delivery_candidate[], p_now timestamptz)
returns setof private.delivery_verdict
language plpgsql
stable
set search_path = ''
set plan_cache_mode = force_custom_plan
as $$
declare
  -- A message is handed over within this time of the claim: windows are held open as long.
  v_slack constant interval := interval '1 second';
  v_recheck interval := private.parameter(p_brand, 'stimuli.recheck_minutes')::double precision * interval '1 minute';
  v_quiet_from time := private.known_time(private.parameter(p_brand, 'stimuli.quiet_hours_start'), '21:00');
  v_quiet_until time := private.known_time(private.parameter(p_brand, 'stimuli.quiet_hours_end'), '08:00');
  v_default_marketing boolean := private.parameter(p_brand, 'stimuli.consent_default_marketing')::boolean;
  v_default_transactional boolean := private.parameter(p_brand, 'stimuli.consent_default_transactional')::boolean;
  v_zone text := (select b.timezone from core.brands b where b.id = p_brand);
  v_is_paused boolean := coalesce((select t.is_paused from stimuli.sending_state t where t.brand_id = p_brand), false);
  v_today date := (p_now at time zone v_zone)::date;
begin
  return query
  with stimuli_known as materialized (
    select s.id, s.status, s.purpose, s.scheduled_for, s.expires_at, o.approval_required, o.approval_status, m.campaign_id,
      m.budget_limit, m.daily_budget_limit, m.max_sends_per_day, m.total_send_limit,
      p.sends, p.spent, p.sends_today, p.spent_today
    from stimuli.stimuli_base s
    left join stimuli.offers o on o.brand_id = s.brand_id and o.stimulus_id = s.id
    left join private.stimulus_campaigns m on m.brand_id = s.brand_id and m.stimulus_id = s.id
    left join lateral (
      select coalesce(sum(g.sends), 0) as sends, coalesce(sum(g.reserved + g.settled), 0) as spent,
        coalesce(sum(g.sends) filter (where g.local_day = v_today), 0) as sends_today,
        coalesce(sum(g.reserved + g.settled) filter (where g.local_day = v_today), 0) as spent_today
      from stimuli.campaign_spending g where g.brand_id = p_brand and g.stimulus_id = m.campaign_id
    ) p on true
    where s.brand_id = p_brand and s.id in (select c.stimulus_id from unnest(p_candidates) c)
  ),
  people as materialized (
    select c.*, h.id as person_id, h.is_active,
      coalesce(w.time_zone, v_zone) as zone, coalesce(w.quiet_from, v_quiet_from) as quiet_from, coalesce(w.quiet_until, v_quiet_until) as quiet_until,
      -- Everybody who was found to be this person: what they said and were sent binds.
      array(
        with recursive same (id) as (
          select h.id
          union all
          select m.id from same join actors.actors m on m.brand_id = p_brand and m.merged_into = same.id
        )
        select same.id from same) as ids
    from unnest(p_candidates) c
    join actors.actors a on a.brand_id = p_brand and a.id = c.actor_id
    join actors.actors h on h.brand_id = p_brand and h.id = coalesce(a.merged_into, a.id)
    left join stimuli.contact_preferences w on w.brand_id = p_brand and w.actor_id = h.id
  ),
  facts as materialized (
    select p.*, s.status, s.purpose, s.scheduled_for, s.expires_at, s.approval_required, s.approval_status, s.campaign_id,
      private.address_kind(p.channel) is null as needs_no_address, a.address, a.suppressed,
      n.is_granted, k.id as connector_id, k.cost_per_send, f.free_at,
      p.actor_id <> p.person_id and exists (
        select from stimuli.stimulus_deployments d where d.brand_id = p_brand and d.stimulus_id = p.stimulus_id and d.actor_id = p.person_id) as is_second
    from people p
    join stimuli_known s on s.id = p.stimulus_id
    left join stimuli.channel_connectors k on k.brand_id = p_brand and k.channel = p.channel and k.is_active
      and (k.service_name is null or exists (
        select from core.brand_integrations i where i.brand_id = p_brand and i.service_name = k.service_name and i.status = 'active'))
    cross join lateral (
      -- A bounced address is passed over for another; a wish of the person holds for all of them.
      select (array_agg(i.identifier_value order by i.confidence desc, i.last_seen_at desc, i.identifier_value) filter (where not coalesce(x.bounced, false)))[1] as address,
        case when bool_or(x.complained) then 'suppressed_complaint' when bool_or(x.by_hand) then 'suppressed_manual'
          when bool_or(x.unsubscribed) and s.purpose = 'marketing' then 'suppressed_unsubscribe'
          when bool_and(x.bounced) then 'suppressed_bounce' end as suppressed
      from actors.actor_identifiers i
      cross join lateral (
        select bool_or(l.reason = 'bounce') as bounced, bool_or(l.reason = 'complaint') as complained, bool_or(l.reason = 'manual') as by_hand,
          bool_or(l.reason = 'unsubscribe') as unsubscribed
        from stimuli.suppressions l
        -- private.address_sha256, written out.
        where l.brand_id = p_brand and l.address_sha256 = sha256(convert_to(concat_ws(':', p_brand, p.channel, i.identifier_value), 'UTF8'))
          and l.channel = p.channel and l.released_at is null
        offset 0
      ) x
      where i.brand_id = p_brand and i.actor_id = p.person_id and i.identifier_type = private.address_kind(p.channel)
    ) a
    left join lateral (
      select c.is_granted from stimuli.consents c
      where c.brand_id = p_brand and c.actor_id = any (p.ids) and c.channel = p.channel and c.purpose = s.purpose
      order by c.recorded_at desc, c.id desc limit 1
    ) n on true
    left join lateral (
      -- For each cap that is full: when the oldest message that fills it leaves the window.
      select max(case c.window_kind when 'rolling' then e.handed_over_at + c.window_hours * interval '1 hour' + v_slack
        else private.first_instant(w.opened + case c.window_kind when 'local_day' then interval '1 day' else interval '7 days' end, p.zone) end) as free_at
      from stimuli.frequency_caps c
      cross join lateral (
        select date_trunc(case c.window_kind when 'local_week' then 'week' else 'day' end, p_now at time zone p.zone) as opened
      ) w
      cross join lateral (
        select d.handed_over_at from stimuli.stimulus_deployments d
        where d.brand_id = p_brand and d.actor_id = any (p.ids) and d.purpose = 'marketing'
          and (c.channel is null or d.deployment_channel = c.channel) and d.id is distinct from p.deployment_id
          and d.handed_over_at > case c.window_kind when 'rolling' then p_now - c.window_hours * interval '1 hour'
            else private.first_instant(w.opened, p.zone) end - v_slack
        order by d.handed_over_at desc offset greatest(c.max_sends - 1, 0) limit 1
      ) e
      where c.brand_id = p_brand and s.purpose = 'marketing' and (c.channel is null or c.channel = p.channel)
    ) f on true
  ),
  judged as materialized (
    select f.*,
      case
        when f.expires_at <= p_now then 'expired'
        when f.status in ('cancelled', 'failed') then 'stimulus_cancelled'
        when f.status = 'completed' then 'stimulus_completed'
        when f.approval_status = 'rejected' then 'offer_rejected'
        when not f.is_active then 'person_gone'
        when f.is_second then 'person_merged'
        when f.suppressed is not null then f.suppressed
        when f.address is null and not f.needs_no_address then 'no_address'
        when f.purpose = 'marketing' and exists (
          select from stimuli.frequency_caps c where c.brand_id = p_brand and c.max_sends = 0 and (c.channel is null or c.channel = f.channel)) then 'cap_is_zero'
        when f.is_granted = false then 'consent_withdrawn'
        when f.is_granted is null and not case f.purpose when 'marketing' then v_default_marketing else v_default_transactional end then 'no_consent'
      end as never,
      case
        when v_is_paused then 'sending_paused'
        when f.status = 'paused' then 'stimulus_paused'
        when f.status = 'draft' or f.approval_required and f.approval_status <> 'approved' then 'not_approved'
        when f.connector_id is null then 'no_connector'
      end as blocked,
      greatest(p_now, f.scheduled_for, f.free_at) as earliest
    from facts f
  ),
  timed as materialized (
    select j.*, case
      when j.blocked is not null then greatest(j.earliest, p_now + v_recheck)
      when j.purpose = 'marketing' and (private.is_quiet(j.earliest, j.zone, j.quiet_from, j.quiet_until)
        or private.is_quiet(j.earliest + v_slack, j.zone, j.quiet_from, j.quiet_until))
      then private.quiet_until(j.earliest + v_slack, j.zone, j.quiet_from, j.quiet_until)
      else j.earliest end as at
    from judged j
  ),
  -- What a campaign may still spend, taken in order by those that could go; one message of a person at a time.
  queued as materialized (
    select t.*, k.budget_limit, k.daily_budget_limit, k.max_sends_per_day, k.total_send_limit, k.sends, k.spent, k.sends_today, k.spent_today,
      row_number() over w as nth, sum(t.cost_per_send) over w as running
    from timed t join stimuli_known k on k.id = t.stimulus_id
    window w as (partition by t.campaign_id, t.never is null and t.at <= p_now order by t.place rows unbounded preceding)
  ),
  limited as materialized (
    select q.*, case
      when q.campaign_id is null or q.never is not null or q.at > p_now then null
      when q.sends_today + q.nth > q.max_sends_per_day then 'daily_send_limit'
      when q.spent_today + q.running > q.daily_budget_limit then 'daily_budget'
      when q.sends + q.nth > q.total_send_limit then 'send_limit'
      when q.spent + q.running > q.budget_limit then 'budget' end as spent_out
    from queued q
  )
  select l.place, l.deployment_id, l.stimulus_id, l.actor_id, l.person_id, l.channel,
    case when l.never is not null then 'never' when l.at > p_now or l.spent_out is not null then 'later' else 'go' end,
    coalesce(l.never, l.blocked, case when l.scheduled_for > p_now and l.earliest = l.scheduled_for then 'scheduled' when l.free_at > p_now then 'frequency_cap'
      when l.at > p_now then 'quiet_hours' end, l.spent_out),
    case when l.never is not null then null when l.spent_out in ('daily_send_limit', 'daily_budget') then private.first_instant(v_today + interval '1 day', v_zone)
      when l.spent_out is not null then p_now + v_recheck else l.at end,
    l.address, l.connector_id, l.campaign_id, l.cost_per_send
  from limited l;
end
$$;
comment on function private.delivery_verdicts(uuid, private.delivery_candidate[], timestamptz) is
  'Whether each candidate may be handed over at p_now. Never: expired, stimulus_cancelled, stimulus_completed, offer_rejected, person_gone, person_merged (the person it was merged into has the stimulus itself), suppressed_bounce, _complaint, _manual, _unsubscribe (marketing only), no_address, cap_is_zero, consent_withdrawn, no_consent. Later: sending_paused, stimulus_paused, not_approved, no_connector (looked at again after the parameter stimuli.recheck_minutes), scheduled, frequency_cap, quiet_hours, daily_send_limit, daily_budget, send_limit, budget. The order is that of the list. What is transactional is exempt from quiet hours, frequency caps and the consent to marketing. Candidates of one person are not counted against each other: give one at a time. Call it under the lock of the brand (private.stimuli_claim_deliveries) where its word is acted upon.';
