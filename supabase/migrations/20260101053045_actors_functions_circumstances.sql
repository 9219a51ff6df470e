create function private.part_of_week(p_at timestamp)
returns text
language sql
immutable
set search_path = ''
as $$
  select case when extract(isodow from p_at) > 5 then 'weekend ' else 'weekday ' end
    || (array['night', 'morning', 'afternoon', 'evening'])[1 + extract(hour from p_at)::integer / 6]
$$;
comment on function private.part_of_week(timestamp) is 'Weekday or weekend, with the quarter of the day, of a local time: "weekday morning" is from 6 to 12.';

create function private.write_score_circumstances(p_brand uuid, p_actors uuid[])
returns void
language sql
volatile
set search_path = ''
set plan_cache_mode = force_custom_plan -- the plan depends on the number of people
as $$
  with pieces as materialized (
    select t.id, e.value, e.w, private.part_of_week(l.at) as context, extract(month from l.at)::integer as month, e.occurred_at
    from actors.actor_behavioral_scores t
    join core.brands b on b.id = t.brand_id
    cross join lateral (
      select e.* from private.evidence_pieces e
      where e.brand_id = p_brand and e.actor_id = t.actor_id and e.context = t.context and not e.is_stated
        and e.attribute in ('behavior.' || t.behavior_type, 'experience.' || t.behavior_type, 'communication.' || t.behavior_type)
      order by e.occurred_at desc, e.source_id desc limit 1000) e
    cross join lateral (select e.occurred_at at time zone b.timezone as at) l
    where t.brand_id = p_brand and t.actor_id = any (p_actors) and t.is_current
  ), contexts as (
    select p.id, p.context, sum(p.w) as w, count(*) as n, avg(p.value) as mean, coalesce(var_pop(p.value), 0) as variance from pieces p group by p.id, p.context
  ), months as (
    select m.id, jsonb_object_agg(m.month, round((m.w / m.total)::numeric, 4)) as shares
    from (
      select p.id, p.month, sum(p.w) as w, sum(sum(p.w)) over (partition by p.id) as total,
        max(max(p.occurred_at)) over (partition by p.id) - min(min(p.occurred_at)) over (partition by p.id) as span
      from pieces p group by p.id, p.month
    ) m where m.span >= interval '1 year' and m.total > 0 group by m.id
  ), told as (
    select c.id, jsonb_object_agg(c.context, round((c.w / c.total)::numeric, 4)) as weights, sum(c.n) as n, count(*) as k,
      sum(c.n * c.variance) as within, sum(c.n * power(c.mean - c.grand, 2)) as between
    from (
      select c.*, nullif(sum(c.w) over (partition by c.id), 0) as total, sum(c.n * c.mean) over (partition by c.id) / sum(c.n) over (partition by c.id) as grand from contexts c
    ) c where c.total is not null group by c.id
  )
  update actors.actor_behavioral_scores t
  set context_weights = o.weights, seasonal_patterns = coalesce(m.shares, '{}'),
    -- Epsilon squared: the part of the variance that lies between the contexts, less what chance puts there.
    context_dependency = case when o.n >= o.k + 6 and o.within + o.between > 0
      then least(1, greatest(0, (o.between - (o.k - 1) * o.within / (o.n - o.k)) / (o.within + o.between))) end
  from told o
  left join months m using (id)
  where t.id = o.id
$$;
comment on function private.write_score_circumstances(uuid, uuid[]) is
  'Fills context_weights (in which parts of the week the evidence of a score arose), context_dependency (share of the variance of its values that the part of the week explains; null for few or equal values) and seasonal_patterns (share of each month, once there is a year of it) of the current behavioural scores.';

create function private.write_friction_circumstances(p_brand uuid, p_actors uuid[])
returns void
language sql
volatile
set search_path = ''
set plan_cache_mode = force_custom_plan -- the plan depends on the number of people
as $$
  update actors.actor_friction_points t
  set context_when_occurs = w.signals, impact_on_behavior = i.purchases, resolution_attempts = r.messages
  from actors.actor_friction_points f
  cross join lateral (
    select min(e.occurred_at) as first_at, max(e.occurred_at) as last_at from private.evidence_pieces e
    where e.brand_id = p_brand and e.actor_id = f.actor_id and e.attribute = 'friction.' || f.friction_type and e.value > 0
  ) bad
  cross join lateral (
    select jsonb_build_object('first_at', bad.first_at, 'last_at', bad.last_at, 'signals', coalesce(jsonb_object_agg(k.signal_type, k.n) filter (where k.signal_type is not null), '{}')) as signals
    from (
      select s.signal_type, count(*) as n from private.evidence_pieces e
      join signals.signals_base s on s.brand_id = p_brand and s.id = e.source_id
      where e.brand_id = p_brand and e.actor_id = f.actor_id and e.attribute = 'friction.' || f.friction_type and e.value > 0
      group by s.signal_type) k
  ) w
  cross join lateral (
    select jsonb_build_object('purchases_90_days_before', count(*) filter (where e.occurred_at < bad.first_at), 'purchases_90_days_after', count(*) filter (where e.occurred_at > bad.first_at)) as purchases
    from private.evidence_pieces e
    where e.brand_id = p_brand and e.actor_id = f.actor_id and e.attribute = 'behavior.purchase_rate'
      and e.occurred_at between bad.first_at - interval '90 days' and bad.first_at + interval '90 days'
  ) i
  cross join lateral (
    select coalesce(jsonb_agg(jsonb_build_object('signal_id', m.id, 'signal_type', m.signal_type, 'at', m.occurred_at) order by m.occurred_at), '[]') as messages
    from (
      select s.id, s.signal_type, s.occurred_at from signals.signals_base s
      left join signals.whatsapp_messages x on s.signal_type = 'whatsapp_message' and x.signal_id = s.id
      left join signals.email_interactions y on s.signal_type = 'email_interaction' and y.signal_id = s.id
      where s.brand_id = p_brand and s.actor_id = f.actor_id and s.retracted_at is null and s.occurred_at > bad.first_at
        and (not x.is_inbound or y.email_type = 'sent')
      order by s.occurred_at, s.id limit 5) m
  ) r
  where f.brand_id = p_brand and f.actor_id = any (p_actors) and f.is_current and t.id = f.id
    and (t.context_when_occurs, t.impact_on_behavior, t.resolution_attempts) is distinct from (w.signals, i.purchases, r.messages)
$$;
comment on function private.write_friction_circumstances(uuid, uuid[]) is
  'Fills context_when_occurs (first and last time, and how many signals of which type), impact_on_behavior (purchases in the 90 days before and after the first time) and resolution_attempts (the first five messages of the brand since then) of the current friction points.';

create function private.write_loop_circumstances(p_brand uuid, p_actors uuid[])
returns void
language sql
volatile
set search_path = ''
set plan_cache_mode = force_custom_plan -- the plan depends on the number of people
as $$
  update actors.actor_memory_loops t
  set triggers = c.triggers, outcomes = c.outcomes
  from actors.actor_memory_loops l
  cross join lateral (
    select case when count(*) filter (where o.after_message) > 0
        then jsonb_build_array(jsonb_build_object('trigger', 'message of the brand in the 48 hours before', 'share', round(avg(o.after_message::integer), 4))) else '[]' end as triggers,
      case when count(o.amount) > 0 then jsonb_build_array(jsonb_build_object('outcome', 'purchase', 'mean_amount', round(avg(o.amount), 2), 'occasions', count(o.amount))) else '[]' end as outcomes
    from (
      select h.total_amount as amount, exists (
        select from signals.signals_base m
        left join signals.whatsapp_messages x on m.signal_type = 'whatsapp_message' and x.signal_id = m.id
        left join signals.email_interactions y on m.signal_type = 'email_interaction' and y.signal_id = m.id
        where m.brand_id = p_brand and m.actor_id = l.actor_id and m.retracted_at is null and m.occurred_at between s.occurred_at - interval '48 hours' and s.occurred_at
          and (not x.is_inbound or y.email_type = 'sent')) as after_message
      from jsonb_array_elements_text(l.source_signals) i (id)
      join signals.signals_base s on s.brand_id = p_brand and s.id = i.id::uuid
      left join signals.order_history h on h.brand_id = p_brand and h.signal_id = s.id
    ) o
  ) c
  where l.brand_id = p_brand and l.actor_id = any (p_actors) and l.is_current and t.id = l.id and (t.triggers, t.outcomes) is distinct from (c.triggers, c.outcomes)
$$;
comment on function private.write_loop_circumstances(uuid, uuid[]) is
  'Fills triggers (the share of the occasions in source_signals that followed a message of the brand within 48 hours) and outcomes (what was bought on them) of the current loops.';

create function private.write_content_types(p_brand uuid, p_actors uuid[])
returns void
language sql
volatile
set search_path = ''
set plan_cache_mode = force_custom_plan -- the plan depends on the number of people
as $$
  update actors.actor_communication_profiles t
  set content_types = c.kinds
  from actors.actor_communication_profiles p
  cross join lateral (
    select coalesce(jsonb_agg(k.kind order by k.n desc, k.kind), '[]') as kinds
    from (
      select m.message_type as kind, count(*) as n
      from signals.signals_base s
      join signals.whatsapp_messages m on m.signal_id = s.id and m.is_inbound
      where s.brand_id = p_brand and s.actor_id = p.actor_id and s.signal_type = 'whatsapp_message' and s.retracted_at is null and not s.is_duplicate
      group by m.message_type
      union all
      select 'email', count(*)
      from signals.signals_base s
      join signals.email_interactions m on m.signal_id = s.id and m.email_type in ('received', 'opened', 'clicked')
      where s.brand_id = p_brand and s.actor_id = p.actor_id and s.signal_type = 'email_interaction' and s.retracted_at is null and not s.is_duplicate
      having count(*) > 0) k
  ) c
  where p.brand_id = p_brand and p.actor_id = any (p_actors) and p.is_current and t.id = p.id and t.content_types is distinct from c.kinds
$$;
comment on function private.write_content_types(uuid, uuid[]) is 'Fills content_types of the current communication profiles: what the person sends and reads (text, image, audio, email, ...), most frequent first.';

create function private.actors_write_insights(p_brand uuid, p_actors uuid[], p_now timestamptz, p_anew boolean default false)
returns integer
language plpgsql
volatile
set search_path = ''
as $$
declare
  v_loops constant integer := private.actors_write_loops(p_brand, p_actors, p_now, p_anew);
begin
  perform private.actors_write_intentions(p_brand, p_actors, p_now);
  perform private.actors_log_contradictions(p_brand, p_actors, p_now);
  perform private.write_score_circumstances(p_brand, p_actors);
  perform private.write_friction_circumstances(p_brand, p_actors);
  perform private.write_loop_circumstances(p_brand, p_actors);
  perform private.write_content_types(p_brand, p_actors);
  perform private.actors_write_source_weights(p_brand, p_actors);
  return v_loops;
end
$$;
comment on function private.actors_write_insights(uuid, uuid[], timestamptz, boolean) is
  'What of the belief tables needs single signals and is too dear for every signal: rhythms (p_anew as in private.actors_write_loops), announced purchases, circumstances, weights of sources. Returns how many rhythms are current.';
