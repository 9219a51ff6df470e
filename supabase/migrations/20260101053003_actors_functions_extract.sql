-- What each kind of signal says about its person. Views, so that the same rules make the evidence of a batch and of a
-- whole rebuild; every row is one piece of evidence without its weight. Attributes are named where they are explained:
-- docs are the comments of the views.
create view private.signal_basics as
select s.brand_id, s.id as signal_id, s.actor_id, s.signal_type, s.occurred_at, s.source_platform, s.raw_content,
  s.quality_score as weight,
  s.occurred_at at time zone b.timezone as local_at
from signals.signals_base s
join core.brands b on b.id = s.brand_id
where s.actor_id is not null and not s.is_duplicate and s.retracted_at is null;
comment on view private.signal_basics is 'Signals of known people, with their weight as evidence (quality) and local time.';

create view private.order_evidence as
with orders as (
  select s.*, o.items, o.total_amount, o.order_status, o.order_method, o.delivery_address
  from private.signal_basics s
  join signals.order_history o on o.signal_id = s.signal_id
  where o.order_status <> 'cancelled'
    -- An order is told again as its status moves: the first telling counts. A refund is a signal of its own.
    and not exists (
      select from signals.order_history e
      join signals.signals_base f on f.id = e.signal_id
      where e.brand_id = o.brand_id and e.order_number = o.order_number and e.signal_id < o.signal_id
        -- One without a person, or retracted, told nothing.
        and f.source_platform = s.source_platform and f.processing_status <> 'skipped' and e.order_status <> 'cancelled'
        and (e.order_status = 'refunded') = (o.order_status = 'refunded')
      -- A lookup by the index for each order: as a join it became quadratic on statistics from before the first orders.
      offset 0)
)
select o.brand_id, o.signal_id, o.actor_id, o.occurred_at,
  -- Behaviour speaks of drivers less plainly than words.
  o.weight * case when e.attribute = 'driver.primary' then 0.7 else 1 end as weight, false as is_answer,
  e.attribute, e.distribution::actors.distribution, e.category, e.value::double precision, e.is_stated
from orders o
cross join lateral (
  select 'preference.category' as attribute, 'dirichlet' as distribution, lower(btrim(i.value ->> 'category')) as category, count(*) as value, false as is_stated
  from jsonb_array_elements(o.items) i
  where o.order_status <> 'refunded' and length(btrim(i.value ->> 'category')) between 1 and 200
  group by 3
  union all
  select v.* from (values
    ('behavior.purchase_rate', 'gamma', '', 1, false),
    ('behavior.order_value', 'normal', '', o.total_amount, false),
    ('behavior.weekday', 'dirichlet', extract(isodow from o.local_at)::text, 1, false),
    ('behavior.order_method', 'dirichlet', o.order_method, 1, false),
    ('communication.hour', 'dirichlet', to_char(o.local_at, 'HH24'), 1, false)
  ) v where o.order_status <> 'refunded'
  union all
  select v.* from (values
    ('behavior.refund_share', 'beta', '', case when o.order_status = 'refunded' then 1 else 0 end, false),
    ('friction.quality', 'beta', '', case when o.order_status = 'refunded' then 1 else 0 end, false)
  ) v
  union all
  select 'driver.primary', 'dirichlet', 'safety', 0.6, false where o.order_status = 'refunded'
  union all
  select 'demographic.' || k, 'dirichlet', left(btrim(o.delivery_address ->> k), 200), 1, true
  from unnest(array['city', 'country']) k
  where btrim(o.delivery_address ->> k) <> ''
) e;
comment on view private.order_evidence is
  'Orders: preference.category (lines per category), behavior.purchase_rate, order_value, weekday (1 Monday to 7), order_method, communication.hour (local); refunds against sales: behavior.refund_share, friction.quality, driver.primary (safety); city and country of delivery. Cancelled orders say nothing.';

create view private.contact_evidence as
select s.brand_id, s.signal_id, s.actor_id, s.occurred_at, s.weight, false as is_answer,
  e.attribute, 'dirichlet'::actors.distribution as distribution, e.category, 1::double precision as value, false as is_stated
from private.signal_basics s
left join signals.whatsapp_messages w on w.signal_id = s.signal_id and w.is_inbound
left join signals.email_interactions m on m.signal_id = s.signal_id and m.email_type in ('received', 'opened', 'clicked')
left join signals.web_behavior p on p.signal_id = s.signal_id
cross join lateral (
  select 'communication.channel' as attribute,
    case when w.signal_id is not null then 'whatsapp' when m.signal_id is not null then 'email'
      when s.signal_type = 'social_comment' then 'social' end as category
  union all
  select 'communication.hour', case when w.signal_id is not null or m.signal_id is not null or p.signal_id is not null
    or s.signal_type = 'social_comment' then to_char(s.local_at, 'HH24') end
  union all
  -- The first step of the path is the part of the shop that was looked at.
  select 'preference.interest', lower(left(substring(p.page_url from '^(?:[a-z]+://[^/]+)?/([^/?#]+)/'), 200))
) e
where s.signal_type in ('whatsapp_message', 'email_interaction', 'web_behavior', 'social_comment') and e.category <> '';
comment on view private.contact_evidence is
  'Messages, e-mail events, comments and page views: communication.channel (what the person uses of its own will), communication.hour (local), preference.interest (first step of the page''s path).';

create view private.reaction_evidence as
select s.brand_id, s.signal_id, s.actor_id, s.occurred_at, s.weight, false as is_answer,
  e.attribute, e.distribution::actors.distribution, e.category, e.value::double precision, e.is_stated, e.exposure::double precision
from private.signal_basics s
join signals.email_interactions m on m.signal_id = s.signal_id
cross join lateral (values
  -- Occasions and answers come as signals of their own: sent counts as exposure, opened as event; opened as exposure, clicked as event.
  ('communication.email_open', 'gamma', '', case m.email_type when 'opened' then 1 when 'sent' then 0 end, false, case m.email_type when 'sent' then 1 else 0 end),
  ('communication.email_click', 'gamma', '', case m.email_type when 'clicked' then 1 when 'opened' then 0 end, false, case m.email_type when 'opened' then 1 else 0 end),
  ('friction.communication', 'beta', '', case when m.email_type in ('unsubscribed', 'complained') or m.unsubscribe_requested then 1
    when m.email_type in ('opened', 'clicked', 'received') then 0 end, false, null)
) e (attribute, distribution, category, value, is_stated, exposure)
where s.signal_type = 'email_interaction' and e.value is not null
union all
select s.brand_id, s.signal_id, s.actor_id, s.occurred_at, s.weight, false, e.attribute, e.distribution::actors.distribution, e.category, e.value, false, null
from private.signal_basics s
join signals.reviews r on r.signal_id = s.signal_id
cross join lateral (
  select 'experience.satisfaction' as attribute, 'beta' as distribution, '' as category, (r.rating - 1) / 4.0::double precision as value
  union all
  select 'friction.' || coalesce((
      select t.value from jsonb_array_elements_text(r.topics_mentioned) t
      where t.value in ('payment', 'delivery', 'communication', 'pricing', 'quality', 'service', 'convenience', 'technical') limit 1), 'service'),
    'beta', '', case when r.rating <= 2 then 1 else 0 end
  where r.rating <> 3
  union all
  select distinct 'communication.topic', 'dirichlet', lower(left(btrim(t.value), 200)), 1::double precision
  from jsonb_array_elements_text(case when jsonb_typeof(r.topics_mentioned) = 'array' then r.topics_mentioned else '[]' end) t
  where btrim(t.value) <> ''
) e
where s.signal_type = 'review'
union all
select s.brand_id, s.signal_id, s.actor_id, s.occurred_at, s.weight, false, 'friction.' || case when c.event_data ->> 'category'
    in ('payment', 'delivery', 'communication', 'pricing', 'quality', 'service', 'convenience', 'technical') then c.event_data ->> 'category' else 'other' end,
  'beta', '', case when c.event_name ~* 'complain' then 1 else 0 end, false, null
from private.signal_basics s
join signals.crm_events c on c.signal_id = s.signal_id
where s.signal_type = 'crm_event' and c.event_name ~* 'complain|compliment|resolved';
comment on view private.reaction_evidence is
  'E-mail events: communication.email_open (per mail sent) and email_click (per mail opened), friction.communication (unsubscribed, complained). Reviews: experience.satisfaction (rating as 0..1), friction.<topic> (1-2 bad, 4-5 good), communication.topic. CRM: friction.<category> from complaints, compliments and resolutions.';

create view private.stated_evidence as
select s.brand_id, s.signal_id, s.actor_id, s.occurred_at, s.weight * coalesce(r.response_confidence, 1) as weight,
  true as is_answer,
  q.attribute, 'dirichlet'::actors.distribution as distribution, lower(left(btrim(a.value), 200)) as category, 1::double precision as value, true as is_stated
from private.signal_basics s
join signals.survey_responses r on r.signal_id = s.signal_id
cross join lateral (select case r.question_id
  when 'favourite_category' then 'preference.category' when 'favorite_category' then 'preference.category'
  when 'preferred_channel' then 'communication.channel' when 'preferred_hour' then 'communication.hour' else r.question_id end as attribute) q
cross join lateral (select distinct u.value from regexp_split_to_table(coalesce(r.response_value, r.response_text), ',') u (value)) a
where s.signal_type = 'survey_response' and btrim(a.value) <> ''
  and q.attribute ~ '^(preference|communication|demographic|driver|identity)\.[a-z0-9_]{1,100}$'
union all
select s.brand_id, s.signal_id, s.actor_id, s.occurred_at, s.weight * coalesce(r.response_confidence, 1), false,
  'experience.satisfaction', 'beta', '', (r.response_numeric - 1) / 4, false
from private.signal_basics s
join signals.survey_responses r on r.signal_id = s.signal_id
where s.signal_type = 'survey_response' and r.question_type = 'rating_scale' and r.response_numeric between 1 and 5
union all
select s.brand_id, s.signal_id, s.actor_id, s.occurred_at, s.weight, false, 'demographic.' || d.key, 'dirichlet', left(btrim(d.value), 200), 1, true
from private.signal_basics s
join signals.crm_events c on c.signal_id = s.signal_id
cross join lateral jsonb_each_text(case when jsonb_typeof(c.event_data) = 'object' then c.event_data else '{}' end) d
where s.signal_type = 'crm_event' and d.key in ('city', 'country', 'language', 'gender', 'age_group', 'occupation') and btrim(d.value) <> '';
comment on view private.stated_evidence is
  'What people say of themselves. A survey answer states the attribute that its question_id names (preference.category, communication.channel, demographic.city, driver.primary, ...; favourite_category and preferred_channel are taken as such); several values are separated by commas. Ratings from 1 to 5: experience.satisfaction. CRM event_data: city, country, language, gender, age_group, occupation.';

create view private.text_evidence as
select s.brand_id, s.id as signal_id, s.actor_id, s.occurred_at, s.quality_score * (s.processed_content #>> '{text,confidence}')::double precision as weight,
  false as is_answer, e.attribute, e.distribution::actors.distribution, e.category, e.value::double precision, e.is_stated
from signals.signals_base s
cross join lateral (
  select 'experience.sentiment' as attribute, 'beta' as distribution, '' as category, ((s.processed_content #>> '{text,sentiment}')::double precision + 1) / 2 as value, false as is_stated
  where s.processed_content #> '{text,sentiment}' is not null
  union all
  select 'communication.topic', 'dirichlet', t.value, 1, false from jsonb_array_elements_text(coalesce(s.processed_content #> '{text,topics}', '[]')) t
  union all
  select 'communication.tone', 'dirichlet', t.value, 1, false from jsonb_array_elements_text(coalesce(s.processed_content #> '{text,tones}', '[]')) t
  union all
  select 'intent.' || i.key, 'beta', '', case when i.value::boolean then 1 else 0 end, true from jsonb_each_text(coalesce(s.processed_content #> '{text,intents}', '{}')) i
  union all
  -- Of a review its stars tell how it went.
  select 'friction.' || f.key, 'beta', '', case when f.value::boolean then 1 else 0 end, false from jsonb_each_text(coalesce(s.processed_content #> '{text,frictions}', '{}')) f
  where s.signal_type <> 'review'
  union all
  select 'driver.primary', 'dirichlet', d.key, d.value::double precision, false from jsonb_each_text(coalesce(s.processed_content #> '{text,drivers}', '{}')) d
  union all
  select 'identity.archetype', 'dirichlet', a.key, a.value::double precision, false from jsonb_each_text(coalesce(s.processed_content #> '{text,archetypes}', '{}')) a
) e
where s.actor_id is not null and not s.is_duplicate and s.processed_content ? 'text';
comment on view private.text_evidence is
  'What was read in texts (private.read_texts, actors.set_text_insight): experience.sentiment (0 bad to 1 good), communication.topic and tone, intent.<kind> (stated; 1 said, 0 denied), friction.<type> (1 went wrong, 0 went well), driver.primary and identity.archetype (value: likelihood). Weight: quality x confidence of the reader.';

create view private.conduct_evidence as
select s.brand_id, s.signal_id, s.actor_id, s.occurred_at, s.weight * 0.7 as weight, false as is_answer,
  'driver.primary' as attribute, 'dirichlet'::actors.distribution as distribution, e.category, e.value::double precision, false as is_stated
from private.signal_basics s
join signals.social_comments c on c.signal_id = s.signal_id
-- Likelihoods close to one half, as for refunds.
cross join lateral (values ('connection', 0.6), ('status', 0.5)) e (category, value)
where s.signal_type = 'social_comment' and c.comment_type in ('share', 'mention')
union all
select s.brand_id, s.signal_id, s.actor_id, s.occurred_at, s.weight, false, 'friction.convenience', 'beta', '', case when p.action_type = 'exit' then 1 else 0 end, false
from private.signal_basics s
join signals.web_behavior p on p.signal_id = s.signal_id
where s.signal_type = 'web_behavior' and (p.funnel_step ~* 'cart|basket|checkout' and p.action_type = 'exit' or p.conversion_value > 0 or p.conversion_goal ~* 'purchase|order');
comment on view private.conduct_evidence is
  'Conduct: driver.primary from sharing and mentioning (connection, status), with 0.7 of the weight of words; friction.convenience from carts left at cart or checkout (exit) against purchases completed.';

create view private.signal_evidence as
select brand_id, signal_id, actor_id, occurred_at, weight, is_answer, attribute, distribution, category, value, is_stated, null::double precision as exposure
from private.order_evidence
union all
select brand_id, signal_id, actor_id, occurred_at, weight, is_answer, attribute, distribution, category, value, is_stated, null from private.contact_evidence
union all
select brand_id, signal_id, actor_id, occurred_at, weight, is_answer, attribute, distribution, category, value, is_stated, exposure from private.reaction_evidence
union all
select brand_id, signal_id, actor_id, occurred_at, weight, is_answer, attribute, distribution, category, value, is_stated, null from private.stated_evidence
union all
select brand_id, signal_id, actor_id, occurred_at, weight, is_answer, attribute, distribution, category, value, is_stated, null from private.text_evidence
union all
select brand_id, signal_id, actor_id, occurred_at, weight, is_answer, attribute, distribution, category, value, is_stated, null from private.conduct_evidence;
comment on view private.signal_evidence is 'All evidence that signals of known people carry. is_answer: stated in a survey, worth the parameter actors.stated_strength.';

create function private.evidence_of_signals(p_brand uuid, p_signals uuid[])
returns table (actor_id uuid, attribute text, distribution actors.distribution, category text, value double precision, exposure double precision,
  is_stated boolean, weight double precision, occurred_at timestamptz, signal_id uuid)
language sql
stable
set search_path = ''
set plan_cache_mode = force_custom_plan -- the plan depends on the size of the array
as $$
  with answers as materialized (
    select private.actors_number(p_brand, 'stated_strength') as strength
  )
  select v.actor_id, v.attribute, v.distribution, v.category, v.value * case when v.is_answer then a.strength else 1 end, v.exposure, v.is_stated,
    least(1, v.weight), v.occurred_at, v.signal_id
  from private.signal_evidence v
  cross join answers a
  where v.signal_id = any (p_signals)
$$;
comment on function private.evidence_of_signals(uuid, uuid[]) is 'What the signals say by the rules of today, one row per piece of evidence; nothing of signals without a person.';

create function private.actors_extract(p_brand uuid, p_signals uuid[], p_now timestamptz)
returns uuid[]
language sql
volatile
set search_path = ''
as $$
  with added as (
    insert into actors.evidence (brand_id, actor_id, attribute, distribution, category, value, exposure, is_stated, weight,
      match_probability, occurred_at, recorded_at, source_kind, source_id)
    select p_brand, v.actor_id, v.attribute, v.distribution, v.category, v.value, v.exposure, v.is_stated, v.weight,
      s.confidence_in_matching, v.occurred_at, p_now, 'signal', v.signal_id
    from private.evidence_of_signals(p_brand, p_signals) v
    join signals.signals_base s on s.id = v.signal_id
    on conflict do nothing
    returning id
  )
  select coalesce(array_agg(a.id), '{}') from added a
$$;
comment on function private.actors_extract(uuid, uuid[], timestamptz) is
  'Writes the evidence of signals whose actor is known, recorded at p_now, and returns the ids of the new rows. A signal that has its evidence adds none.';
