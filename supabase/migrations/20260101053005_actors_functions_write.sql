create function private.to_list(p_ids uuid[])
returns jsonb
language sql
immutable
set search_path = ''
as $$
  select coalesce(to_jsonb(p_ids), '[]')
$$;
comment on function private.to_list(uuid[]) is 'Ids as a jsonb list; [] for null.';

create function private.actors_write_scores(p_brand uuid, p_posteriors private.posterior[], p_now timestamptz)
returns void
language sql
volatile
set search_path = ''
as $$
  insert into actors.actor_behavioral_scores as t (brand_id, actor_id, behavior_type, context, score_value, version_score, confidence, evidence_count,
    last_updated_at, temporal_stability, source_signals)
  select p_brand, p.actor_id, split_part(p.attribute, '.', 2), p.context, p.mean, p.mean, p.confidence, p.evidence_count, p_now,
    case when p.distribution = 'gamma' then null else least(1, p.evidence_weight / p.evidence_count) end, private.to_list(p.sources)
  from unnest(p_posteriors) p
  where not p.is_stated and p.distribution <> 'dirichlet'
    and (p.attribute ~ '^(behavior|experience)\.' or p.attribute in ('communication.email_open', 'communication.email_click'))
  on conflict (brand_id, actor_id, behavior_type, context) where is_current do update
  set score_value = excluded.score_value,
    version_score = case when abs(excluded.score_value - t.version_score) > 0.2 * greatest(abs(excluded.score_value), abs(t.version_score))
      then excluded.score_value else t.version_score end,
    confidence = excluded.confidence, evidence_count = excluded.evidence_count,
    last_updated_at = excluded.last_updated_at, temporal_stability = excluded.temporal_stability, source_signals = excluded.source_signals
  where t.evidence_count <> excluded.evidence_count
$$;
comment on function private.actors_write_scores(uuid, private.posterior[], timestamptz) is 'Writes actors.actor_behavioral_scores from the posteriors of behavior.*, experience.* and the e-mail rates.';

create function private.actors_write_demographics(p_brand uuid, p_posteriors private.posterior[], p_now timestamptz)
returns void
language sql
volatile
set search_path = ''
as $$
  insert into actors.actor_demographics as t (brand_id, actor_id, attribute_name, attribute_value, confidence, evidence_count,
    last_updated_at, source_signals, uncertainty_type, uncertainty_data)
  select p_brand, p.actor_id, split_part(p.attribute, '.', 2), to_jsonb((array_agg(p.category order by p.mean desc, p.category))[1]),
    -- Sure only as far as there is evidence and it speaks with one voice.
    max(p.confidence) * max(p.mean) / sum(p.mean), sum(p.evidence_count)::integer, p_now,
    coalesce((jsonb_agg(to_jsonb(p.sources) order by p.mean desc, p.category)) -> 0, '[]'),
    'categorical', jsonb_object_agg(p.category, round((p.mean)::numeric, 4))
  from unnest(p_posteriors) p
  where p.attribute like 'demographic.%' and p.distribution = 'dirichlet'
  group by p.actor_id, p.attribute
  on conflict (brand_id, actor_id, attribute_name) where is_current do update
  set attribute_value = excluded.attribute_value, confidence = excluded.confidence, evidence_count = excluded.evidence_count,
    last_updated_at = excluded.last_updated_at, source_signals = excluded.source_signals, uncertainty_data = excluded.uncertainty_data
  where t.evidence_count <> excluded.evidence_count
$$;
comment on function private.actors_write_demographics(uuid, private.posterior[], timestamptz) is 'Writes actors.actor_demographics from the posteriors of demographic.*: the likeliest value, and all with their probability.';

create function private.contact_habits(p_brand uuid, p_actors uuid[])
returns table (actor_id uuid, response_seconds double precision, days_between double precision)
language sql
stable
set search_path = ''
set plan_cache_mode = force_custom_plan -- the plan depends on the number of people
set enable_nestloop = on -- whatever its caller forbids itself: the messages of a person go by their keys
as $$
  with contacts as (
    select a.id, c.occurred_at, c.local_day, c.is_inbound, lag(c.is_inbound) over w as before_inbound, lag(c.occurred_at) over w as before_at
    from unnest(p_actors) a (id)
    cross join lateral (
      select s.id as signal_id, s.occurred_at, s.signal_type, (s.occurred_at at time zone b.timezone)::date as local_day, coalesce(w.is_inbound, m.email_type = 'received') as is_inbound
      from signals.signals_base s
      join core.brands b on b.id = s.brand_id
      left join signals.whatsapp_messages w on s.signal_type = 'whatsapp_message' and w.signal_id = s.id
      left join signals.email_interactions m on s.signal_type = 'email_interaction' and m.signal_id = s.id and m.email_type in ('sent', 'received')
      where s.brand_id = p_brand and s.actor_id = a.id and s.signal_type in ('whatsapp_message', 'email_interaction') and not s.is_duplicate
        and s.retracted_at is null and (w.signal_id is not null or m.signal_id is not null)
      order by s.occurred_at desc, s.id desc limit 200) c
    window w as (partition by a.id, c.signal_type order by c.occurred_at, c.signal_id)
  )
  select c.id, avg(extract(epoch from c.occurred_at - c.before_at)) filter (where c.is_inbound and not c.before_inbound and c.occurred_at - c.before_at <= interval '3 days'),
    case when count(distinct c.local_day) filter (where c.is_inbound) > 2 then extract(epoch from max(c.occurred_at) filter (where c.is_inbound)
      - min(c.occurred_at) filter (where c.is_inbound)) / 86400 / (count(distinct c.local_day) filter (where c.is_inbound) - 1) end
  from contacts c group by c.id
$$;
comment on function private.contact_habits(uuid, uuid[]) is
  'From the latest 200 messages and e-mails of each person: mean seconds from what the brand wrote to the answer on the same channel (within three days; null: never answered), and mean days between the local days on which the person writes (null: fewer than three).';

create function private.actors_write_communication(p_brand uuid, p_posteriors private.posterior[], p_now timestamptz)
returns void
language sql
volatile
set search_path = ''
set enable_nestloop = off -- all rows are in memory and of unknown number: hash joins, never a quadratic one
as $$
  with known as materialized (
    select * from unnest(p_posteriors) p where p.attribute ~ '^(communication\.|demographic\.language|friction\.communication)'
  ), channels as (
    -- What people do goes before what they say, once there is any of it.
    select distinct on (k.actor_id) k.actor_id, k.category, k.confidence * k.mean as confidence, k.sources
    from known k
    where k.attribute = 'communication.channel' and k.category in ('whatsapp', 'email', 'sms', 'phone', 'social', 'push', 'in_app')
    order by k.actor_id, k.is_stated and k.evidence_weight < 20, k.mean desc, k.category
  ), hours as (
    -- Neighbouring hours count half: 07:55 and 08:05 are one habit.
    select distinct on (k.actor_id) k.actor_id, h.hour
    from known k
    cross join lateral (values (0, 1.0), (1, 0.5), (23, 0.5)) n (shift, share)
    cross join lateral (select (k.category::integer + n.shift) % 24 as hour) h
    where k.attribute = 'communication.hour' and not k.is_stated
    group by k.actor_id, h.hour
    order by k.actor_id, sum(k.evidence_sum * n.share) desc, h.hour
  ), others as (
    select k.actor_id,
      sum(k.evidence_count) filter (where k.attribute in ('communication.channel', 'communication.hour')) as evidence_count,
      least(1, max(k.mean) filter (where k.attribute = 'communication.email_open')) as open_rate,
      least(1, max(k.mean) filter (where k.attribute = 'communication.email_click')) as click_rate,
      to_jsonb((array_agg(k.category order by k.mean desc, k.category) filter (where k.attribute = 'communication.topic'))[1:5]) as topics,
      (array_agg(k.category order by k.mean desc, k.category) filter (where k.attribute = 'communication.tone' and k.category in ('formal', 'casual', 'friendly', 'professional', 'humorous', 'serious')))[1] as tone,
      (array_agg(k.category order by k.mean desc, k.category) filter (where k.attribute = 'demographic.language'))[1] as language
    from known k
    group by k.actor_id
  ), bothered as (
    select k.actor_id from known k where k.attribute = 'friction.communication' and k.mean > 0.5
  ), habits as materialized (
    select h.* from private.contact_habits(p_brand, array(select distinct k.actor_id from known k where k.attribute = 'communication.channel' and not k.is_stated)) h
  )
  insert into actors.actor_communication_profiles as t (brand_id, actor_id, preferred_channel, preferred_time, response_rate, engagement_level,
    topic_interests, language_preference, preferred_tone, preferred_frequency, avg_response_time, confidence, evidence_count, last_updated_at, source_signals)
  select p_brand, c.actor_id, c.category, lpad(h.hour::text, 2, '0') || ':00', o.open_rate, o.click_rate,
    coalesce(o.topics, '[]'), coalesce(o.language, 'en'), o.tone,
    case when b.actor_id is not null then 'never' when a.days_between <= 2 then 'daily' when a.days_between <= 14 then 'weekly' when a.days_between <= 45 then 'monthly' else 'as_needed' end,
    round(a.response_seconds)::integer, c.confidence, o.evidence_count, p_now, private.to_list(c.sources)
  from channels c
  join others o using (actor_id)
  left join bothered b using (actor_id)
  left join habits a using (actor_id)
  left join hours h using (actor_id)
  on conflict (brand_id, actor_id) where is_current do update
  set preferred_channel = excluded.preferred_channel, preferred_time = excluded.preferred_time, response_rate = excluded.response_rate,
    engagement_level = excluded.engagement_level, topic_interests = excluded.topic_interests, language_preference = excluded.language_preference,
    preferred_tone = excluded.preferred_tone, preferred_frequency = excluded.preferred_frequency, avg_response_time = excluded.avg_response_time,
    confidence = excluded.confidence, evidence_count = excluded.evidence_count, last_updated_at = excluded.last_updated_at,
    source_signals = excluded.source_signals
  where t.evidence_count <> excluded.evidence_count
$$;
comment on function private.actors_write_communication(uuid, private.posterior[], timestamptz) is
  'Writes actors.actor_communication_profiles from the posteriors of communication.* and private.contact_habits; who complained of being written to, or unsubscribed, wants it never. Nothing for a person of whom no channel is known.';

create function private.actors_write_frictions(p_brand uuid, p_posteriors private.posterior[], p_now timestamptz)
returns void
language sql
volatile
set search_path = ''
as $$
  with parameters as materialized (
    select private.actors_number(p_brand, 'friction_severity') as opens_at
  )
  insert into actors.actor_friction_points as t (brand_id, actor_id, friction_type, friction_description, friction_severity, confidence,
    evidence_count, last_updated_at, source_signals)
  select p_brand, p.actor_id, split_part(p.attribute, '.', 2),
    format('%s of %s occasions went wrong, older ones counting less', round(p.evidence_sum::numeric, 1), round(p.evidence_weight::numeric, 1)),
    p.mean, p.confidence, p.evidence_count, p_now, private.to_list(p.sources)
  from unnest(p_posteriors) p
  cross join parameters r
  left join lateral (
    select f.id from actors.actor_friction_points f
    where (f.brand_id, f.actor_id, f.friction_type) = (p_brand, p.actor_id, split_part(p.attribute, '.', 2)) and f.is_current offset 0
  ) c on true
  where p.attribute like 'friction.%' and p.distribution = 'beta' and (p.mean >= r.opens_at or c.id is not null)
  on conflict (brand_id, actor_id, friction_type) where is_current do update
  set friction_severity = excluded.friction_severity, friction_description = excluded.friction_description, confidence = excluded.confidence,
    evidence_count = excluded.evidence_count, last_updated_at = excluded.last_updated_at, source_signals = excluded.source_signals,
    is_resolved = excluded.friction_severity < (select opens_at from parameters) / case when t.is_resolved then 1 else 2 end,
    resolution_date = case when excluded.friction_severity < (select opens_at from parameters) / case when t.is_resolved then 1 else 2 end
      then coalesce(t.resolution_date, p_now) end
  where t.evidence_count <> excluded.evidence_count
$$;
comment on function private.actors_write_frictions(uuid, private.posterior[], timestamptz) is
  'Writes actors.actor_friction_points from the posteriors of friction.*: opened at the parameter actors.friction_severity, resolved below half of it.';

create function private.actors_write_triggers(p_brand uuid, p_posteriors private.posterior[], p_now timestamptz)
returns void
language sql
volatile
set search_path = ''
as $$
  with named as (
    select p.*, substr(p.attribute, length('response.') + 1) as kind, case
      when p.attribute ~ 'discount|promotional|bundle|bogo|free_shipping' then 'greed'
      when p.attribute ~ 'free_item|welcome|gift' then 'reciprocity'
      when p.attribute ~ 'early_access|upgrade|exclusive' then 'exclusivity'
      when p.attribute ~ 'loyalty' then 'commitment'
      when p.attribute ~ 'reminder|urgen|last_chance' then 'urgency'
      when p.attribute ~ 'educational|reengagement' then 'curiosity'
      else 'other' end as trigger_type
    from unnest(p_posteriors) p
    where p.attribute like 'response.%' and p.attribute not like 'response.channel.%' and p.distribution = 'beta'
  ), best as (
    select distinct on (n.actor_id, n.trigger_type) n.*, sum(n.evidence_count) over w::integer as pieces, jsonb_object_agg(n.kind, round(n.mean::numeric, 4)) over w as answered,
      -- Kinds that it surely answers less often than its best one.
      coalesce(jsonb_agg(n.kind) filter (where n.interval_high < n.best_low) over w, '[]') as unmoved
    from (select n.*, max(n.interval_low) over (partition by n.actor_id, n.trigger_type) as best_low from named n) n
    window w as (partition by n.actor_id, n.trigger_type)
    order by n.actor_id, n.trigger_type, n.mean desc, n.kind
  )
  insert into actors.actor_psychological_triggers as t (brand_id, actor_id, trigger_type, trigger_description, trigger_strength, success_rate,
    activation_context, deactivation_conditions, impact_on_behavior, confidence, evidence_count, last_updated_at, source_signals)
  select p_brand, b.actor_id, b.trigger_type, 'answers ' || replace(regexp_replace(b.kind, '^offer\.', 'offers: '), '_', ' '), b.mean, b.mean, jsonb_build_object('stimulus', b.kind),
    jsonb_build_object('stimuli', b.unmoved), jsonb_build_object('answered', b.answered), b.confidence, b.pieces, p_now, private.to_list(b.sources)
  from best b
  on conflict (brand_id, actor_id, trigger_type) where is_current do update
  set trigger_description = excluded.trigger_description, trigger_strength = excluded.trigger_strength, success_rate = excluded.success_rate,
    activation_context = excluded.activation_context, deactivation_conditions = excluded.deactivation_conditions, impact_on_behavior = excluded.impact_on_behavior,
    confidence = excluded.confidence, evidence_count = excluded.evidence_count,
    last_updated_at = excluded.last_updated_at, source_signals = excluded.source_signals
  where t.evidence_count <> excluded.evidence_count
$$;
comment on function private.actors_write_triggers(uuid, private.posterior[], timestamptz) is
  'Writes actors.actor_psychological_triggers from the posteriors of response.* (kinds of template and types of offer; a channel is no trigger), which learning from outcomes makes; of several kinds of stimulus with one trigger the strongest stands; impact_on_behavior has the share answered of each, deactivation_conditions those that surely move the person less.';
