create view private.signal_responses with (security_invoker = true) as
select s.id as signal_id, s.brand_id, s.actor_id, s.occurred_at, s.quality_score, s.confidence_in_matching, s.source_platform,
  r.outcome_type::outcomes.outcome_type, r.outcome_category::outcomes.outcome_category, r.outcome_value, r.outcome_unit, r.stimulus_ref
from signals.signals_base s
cross join lateral (
  select case o.order_status when 'refunded' then 'revenue' else 'purchase' end,
    case o.order_status when 'refunded' then 'negative' else 'positive' end,
    case o.order_status when 'refunded' then -o.total_amount else o.total_amount end::double precision, 'currency', null
  from signals.order_history o where o.brand_id = s.brand_id and o.signal_id = s.id and o.order_status <> 'cancelled'
  union all
  select case e.email_type when 'opened' then 'open' when 'clicked' then 'click' when 'complained' then 'complaint' else 'unsubscribe' end,
    case when e.email_type in ('opened', 'clicked') and not e.unsubscribe_requested then 'positive' else 'negative' end,
    1, 'event', e.campaign_id
  from signals.email_interactions e
  where e.brand_id = s.brand_id and e.signal_id = s.id
    and (e.email_type in ('opened', 'clicked', 'complained', 'unsubscribed') or e.unsubscribe_requested)
  union all
  select case when w.action_type = 'click' then 'click' when w.conversion_goal = 'signup' then 'signup' else 'conversion' end,
    'positive', coalesce(case when w.action_type = 'form_submit' then w.conversion_value end, 1)::double precision,
    case when w.action_type = 'form_submit' and w.conversion_value is not null then 'currency' else 'event' end, w.utm_campaign
  from signals.web_behavior w
  where w.brand_id = s.brand_id and w.signal_id = s.id
    and (w.action_type = 'click' and w.utm_campaign is not null or w.action_type = 'form_submit' and w.conversion_goal is not null)
  union all
  select case when m.message_text ~* '^\s*(stop|unsubscribe)\M' then 'unsubscribe' else 'engagement' end,
    case when m.message_text ~* '^\s*(stop|unsubscribe)\M' then 'negative' else 'positive' end, 1, 'event', null
  from signals.whatsapp_messages m where m.brand_id = s.brand_id and m.signal_id = s.id and m.is_inbound
  union all
  select 'feedback', case when v.rating >= 4 then 'positive' when v.rating <= 2 then 'negative' else 'neutral' end,
    v.rating, 'stars', null
  from signals.reviews v where v.brand_id = s.brand_id and v.signal_id = s.id
  union all
  -- Only who was sent an offer can redeem it: as a response it would be credited to the offer whole, so the purchase stays that.
  select 'engagement', 'positive', 1, 'event', c.event_data ->> 'stimulus_id'
  from signals.crm_events c where c.brand_id = s.brand_id and c.signal_id = s.id and c.event_name = 'offer_redeemed'
) r (outcome_type, outcome_category, outcome_value, outcome_unit, stimulus_ref)
where not s.is_duplicate and s.actor_id is not null and s.retracted_at is null;
comment on view private.signal_responses is
  'Signals, without what was taken back, read as what they would be as an outcome: orders (purchase; a return is negative revenue), e-mail (open, click, unsubscribe, complaint), web (click from a campaign, signup, conversion), inbound WhatsApp (engagement, or unsubscribe for STOP), reviews (feedback), redeemed offers (engagement). stimulus_ref: where the signal names the stimulus (e-mail campaign_id, utm_campaign = stimulus id) it is an outcome of no other.';

create function private.is_response(p_type outcomes.outcome_type)
returns boolean
language sql
immutable
parallel safe
set search_path = ''
as $$
  select p_type in ('purchase', 'conversion', 'signup')
$$;
comment on function private.is_response(outcomes.outcome_type) is
  'Whether an outcome of this type is what stimuli are for: the response that arms, rates and lifts count.';
grant execute on function private.is_response(outcomes.outcome_type) to authenticated, service_role;
