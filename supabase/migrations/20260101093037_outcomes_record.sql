create type private.recorded_outcome as (
  idx integer,
  key text,
  outcome_type text,
  value double precision,
  unit text,
  category text,
  occurred_at timestamptz,
  deployment_id uuid,
  actor_id uuid,
  confidence double precision,
  quality double precision,
  description text,
  context jsonb,
  problem text[]
);
comment on type private.recorded_outcome is 'One element of a call of outcomes.record; problem: error code, field, reason.';

create function private.outcome_category(p_type text, p_value double precision, p_unit text)
returns text
language sql
immutable
parallel safe
set search_path = ''
as $$
  select case
    when p_type in ('churn', 'unsubscribe', 'complaint') then 'negative'
    when p_type = 'revenue' then case when p_value < 0 then 'negative' else 'positive' end
    when p_type in ('satisfaction', 'feedback') then
      case when p_value >= case p_unit when 'stars' then 4 else 70 end then 'positive'
        when p_value <= case p_unit when 'stars' then 2 else 40 end then 'negative' else 'neutral' end
    when p_type = 'other' then 'neutral'
    else 'positive' end
$$;
comment on function private.outcome_category(text, double precision, text) is
  'Whether an outcome is good or bad where its sender does not say: by its type, a rating by its value (stars, or per cent).';

create function private.read_outcomes(p_outcomes jsonb, p_now timestamptz)
returns setof private.recorded_outcome
language sql
stable
set search_path = ''
as $$
  with item as materialized (
    select (o.n - 1)::integer as idx, o.item, jsonb_typeof(o.item) = 'object' as is_object,
      coalesce(o.item ->> 'outcome_unit', case when o.item ->> 'outcome_type' in ('purchase', 'revenue') then 'currency'
        when o.item ->> 'outcome_type' in ('satisfaction', 'feedback') then 'stars' else 'event' end) as unit
    from jsonb_array_elements(p_outcomes) with ordinality o (item, n)
  ),
  judged as materialized (
    select i.*, case
      when not i.is_object then array['not_an_object', '', 'an outcome is a JSON object']
      when octet_length(i.item::text) > 16384 then array['too_large', '', 'an outcome has at most 16,384 bytes of JSON']
      when jsonb_path_exists(i.item, '$.**{17}') then array['too_deep', '', 'an outcome is nested at most 16 levels deep']
      when coalesce(jsonb_typeof(i.item -> 'key') <> 'string' or length(i.item ->> 'key') not between 1 and 255, true)
        then array['invalid_field', 'key', 'must be text of 1 to 255 characters']
      when not coalesce(i.item ->> 'outcome_type' = any (enum_range(null::outcomes.outcome_type)::text[]), false)
        then array['unknown_type', 'outcome_type', 'must be one of ' || array_to_string(enum_range(null::outcomes.outcome_type), ', ')]
      when jsonb_typeof(i.item -> 'outcome_unit') not in ('string', 'null')
        or i.unit not in ('currency', 'event', 'stars', 'percent', 'points', 'seconds', 'items')
        then array['invalid_field', 'outcome_unit', 'must be currency, event, stars, percent, points, seconds or items']
      when i.item ->> 'outcome_type' in ('purchase', 'revenue') and i.unit <> 'currency'
        or i.item ->> 'outcome_type' in ('satisfaction', 'feedback') and i.unit not in ('stars', 'percent', 'points')
        then array['invalid_field', 'outcome_unit', 'does not go with the outcome_type']
      when jsonb_typeof(i.item -> 'outcome_value') not in ('number', 'null') or jsonb_typeof(i.item -> 'outcome_value') is null and i.unit <> 'event'
        then array['invalid_field', 'outcome_value', 'must be a number in outcome_unit']
      when abs((i.item ->> 'outcome_value')::numeric) > 1000000000
        or i.unit = 'stars' and (i.item ->> 'outcome_value')::numeric not between 0 and 5
        or i.unit = 'percent' and (i.item ->> 'outcome_value')::numeric not between 0 and 100
        or i.item ->> 'outcome_type' <> 'revenue' and (i.item ->> 'outcome_value')::numeric < 0
        then array['value_out_of_range', 'outcome_value', 'must be at most 1,000,000,000, below 0 only for revenue, stars 0 to 5, percent 0 to 100']
      when jsonb_typeof(i.item -> 'outcome_category') not in ('string', 'null')
        or i.item ->> 'outcome_category' not in ('positive', 'negative', 'neutral', 'mixed')
        then array['invalid_field', 'outcome_category', 'must be positive, negative, neutral or mixed']
      when jsonb_typeof(i.item -> 'occurred_at') is distinct from 'string' or i.item ->> 'occurred_at' !~ private.time_pattern()
        or not pg_input_is_valid(i.item ->> 'occurred_at', 'timestamptz')
        then array['invalid_field', 'occurred_at', 'must be a time with its zone, such as 2026-01-31T10:00:00Z']
      when (i.item ->> 'occurred_at')::timestamptz not between '1990-01-01T00:00:00Z' and p_now + interval '5 minutes'
        then array['time_out_of_range', 'occurred_at', 'must lie after 1990 and not in the future']
      when exists (select from unnest(array['deployment_id', 'actor_id']) f where jsonb_typeof(i.item -> f) not in ('string', 'null')
        or jsonb_typeof(i.item -> f) = 'string' and not pg_input_is_valid(i.item ->> f, 'uuid'))
        then array['invalid_field', 'deployment_id', 'deployment_id and actor_id must be uuids']
      when coalesce(i.item ->> 'deployment_id', i.item ->> 'actor_id') is null
        then array['missing_field', 'actor_id', 'deployment_id or actor_id is required']
      when exists (select from unnest(array['confidence', 'quality']) f where jsonb_typeof(i.item -> f) not in ('number', 'null')
        or jsonb_typeof(i.item -> f) = 'number' and (i.item ->> f)::numeric not between 0 and 1)
        then array['invalid_field', 'confidence', 'confidence and quality must be numbers from 0 to 1']
      when jsonb_typeof(i.item -> 'description') not in ('string', 'null') or length(i.item ->> 'description') > 2000
        then array['invalid_field', 'description', 'must be text of at most 2,000 characters']
      when jsonb_typeof(i.item -> 'context') not in ('object', 'null') then array['invalid_field', 'context', 'must be an object']
    end as problem
    from item i
  ),
  good as (
    select j.idx, j.unit, j.item, coalesce((j.item ->> 'outcome_value')::double precision, 1) as value from judged j where j.problem is null
  )
  select row(g.idx, g.item ->> 'key', g.item ->> 'outcome_type', g.value, g.unit,
    coalesce(g.item ->> 'outcome_category', private.outcome_category(g.item ->> 'outcome_type', g.value, g.unit)),
    (g.item ->> 'occurred_at')::timestamptz, (g.item ->> 'deployment_id')::uuid, (g.item ->> 'actor_id')::uuid,
    coalesce((g.item ->> 'confidence')::double precision, 1), coalesce((g.item ->> 'quality')::double precision, 1),
    g.item ->> 'description', case jsonb_typeof(g.item -> 'context') when 'object' then g.item -> 'context' else '{}' end, null)::private.recorded_outcome
  from good g
  union all
  select row(j.idx, null, null, null, null, null, null, null, null, null, null, null, null, j.problem)::private.recorded_outcome
  from judged j where j.problem is not null
$$;
comment on function private.read_outcomes(jsonb, timestamptz) is
  'Each element as a row, or with what is wrong about it. Nothing is read of one before it has passed the checks before.';

create function private.outcomes_record(p_brand uuid, p_outcomes jsonb, p_now timestamptz)
returns table (index integer, verdict text, outcome_id uuid, linked integer, error_code text, field text, reason text)
language plpgsql
volatile
security definer
set search_path = ''
set plan_cache_mode = force_custom_plan -- a plan for thousands of outcomes is none for a few
as $$
#variable_conflict use_column
declare
  v_started timestamptz := clock_timestamp();
  v_read private.recorded_outcome[];
  v_verdicts jsonb;
begin
  perform private.require_role(p_brand, 'operator');
  perform private.require_time('p_now', p_now);
  if coalesce(jsonb_typeof(p_outcomes), 'null') <> 'array' then
    perform private.raise_error('invalid_argument', 'p_outcomes', 'must be an array');
  elsif jsonb_array_length(p_outcomes) not between 1 and 1000 then
    perform private.raise_error('invalid_argument', 'p_outcomes', 'must hold 1 to 1,000 outcomes');
  end if;
  v_read := array(select r from private.read_outcomes(p_outcomes, p_now) r);
  -- Measuring, learning and recording take turns.
  perform pg_advisory_xact_lock(hashtextextended('outcomes:' || p_brand::text, 0));

  with placed as materialized (
    select r.*, d.id as found_deployment, coalesce(a.merged_into, a.id) as person_id, d.deployed_at,
      -- Of several with one key in a call the first counts.
      row_number() over (partition by r.key order by r.idx) as occurrence
    from unnest(v_read) r
    left join stimuli.stimulus_deployments d on d.brand_id = p_brand and d.id = r.deployment_id
    left join actors.actors a on a.brand_id = p_brand and a.id = coalesce(d.actor_id, case when r.deployment_id is null then r.actor_id end)
    where r.problem is null
  ),
  known as materialized (
    select p.idx, min(o.id::text)::uuid as id, count(*)::integer as n,
      bool_and((o.outcome_type::text, o.outcome_value, o.outcome_timestamp) = (p.outcome_type, p.value, p.occurred_at)
        and (p.deployment_id is null or o.deployment_id = p.deployment_id)) as is_same
    from placed p join outcomes.outcomes o on o.brand_id = p_brand and o.source_key = p.key
    group by p.idx
  ),
  judged as materialized (
    select p.*, k.id as known_id, k.n as known_linked, case
      when p.deployment_id is not null and p.found_deployment is null then array['not_found', 'deployment_id', 'no such deployment']
      when p.person_id is null then array['not_found', 'actor_id', 'no such person']
      when p.actor_id is not null and p.deployment_id is not null and p.person_id is distinct from
        (select coalesce(b.merged_into, b.id) from actors.actors b where b.brand_id = p_brand and b.id = p.actor_id)
        then array['not_the_person', 'actor_id', 'the deployment is another person''s']
      when p.occurred_at < p.deployed_at then array['time_out_of_range', 'occurred_at', 'lies before the deployment']
      when not k.is_same then array['key_reused', 'key', 'was used before for another outcome']
      when p.occurrence > 1 then array['key_reused', 'key', 'is in this call before']
    end as fault
    from placed p left join known k on k.idx = p.idx
  ),
  -- The deployment it names; else each one of the person whose window it falls into; else none.
  linked as materialized (
    select j.idx, d as deployment
    from judged j
    join stimuli.stimulus_deployments d on d.brand_id = p_brand and d.id = j.deployment_id
    where j.fault is null and j.known_id is null
    union all
    select j.idx, o.deployment
    from judged j
    cross join lateral (
      select d as deployment from stimuli.stimulus_deployments d where d.brand_id = p_brand and d.actor_id = j.person_id offset 0
    ) o
    where j.fault is null and j.known_id is null and j.deployment_id is null
      and j.occurred_at >= (o.deployment).deployed_at and j.occurred_at < (o.deployment).window_ends_at
  ),
  added as (
    insert into outcomes.outcomes (brand_id, source_key, stimulus_id, stimulus_type, deployment_id, target_cohort_id, target_actor_id, is_holdout,
      outcome_type, outcome_category, outcome_description, outcome_value, outcome_unit, outcome_confidence, outcome_timestamp,
      stimulus_deployed_at, time_to_outcome, context_data, data_quality_score, source_systems, created_at)
    select p_brand, j.key, (l.deployment).stimulus_id, b.stimulus_type, (l.deployment).id, (l.deployment).cohort_id, j.person_id,
      coalesce((l.deployment).is_holdout, false), j.outcome_type::outcomes.outcome_type, j.category::outcomes.outcome_category,
      coalesce(j.description, format('%s, recorded', j.outcome_type)), j.value, j.unit, j.confidence, j.occurred_at,
      (l.deployment).deployed_at, extract(epoch from j.occurred_at - (l.deployment).deployed_at)::integer, j.context, j.quality,
      '["outcomes.record"]', p_now
    from judged j
    left join linked l on l.idx = j.idx
    left join stimuli.stimuli_base b on b.brand_id = p_brand and b.id = (l.deployment).stimulus_id
    where j.fault is null and j.known_id is null
    returning id, source_key, deployment_id
  ),
  verdict as (
    select j.idx, case when j.fault is not null then 'rejected' when j.known_id is not null then 'duplicate' else 'accepted' end as verdict,
      coalesce(j.known_id, n.id) as id, coalesce(j.known_linked, n.linked) as linked, j.fault
    from judged j
    left join (select a.source_key, min(a.id::text)::uuid as id, count(a.deployment_id)::integer as linked from added a group by a.source_key) n
      on n.source_key = j.key and j.fault is null
    union all
    select r.idx, 'rejected', null, null, r.problem from unnest(v_read) r where r.problem is not null
  )
  select jsonb_agg(jsonb_build_object('index', v.idx, 'verdict', v.verdict, 'outcome_id', v.id, 'linked', v.linked,
    'error_code', v.fault[1], 'field', v.fault[2], 'reason', v.fault[3]) order by v.idx) into v_verdicts from verdict v;

  perform private.log_call('outcomes.record', p_brand, jsonb_build_object('outcomes', jsonb_array_length(p_outcomes)),
    (select jsonb_object_agg(x.verdict, x.n) from (
      select v.row ->> 'verdict' as verdict, count(*) as n from jsonb_array_elements(v_verdicts) v (row) group by 1) x), v_started);
  return query
  select r.* from jsonb_to_recordset(v_verdicts)
    r (index integer, verdict text, outcome_id uuid, linked integer, error_code text, field text, reason text) order by r.index;
end
$$;
comment on function private.outcomes_record(uuid, jsonb, timestamptz) is 'Body of outcomes.record. Definer: clients may not write outcomes.';
grant execute on function private.outcomes_record(uuid, jsonb, timestamptz) to authenticated, service_role;

create function outcomes.record(p_brand uuid, p_outcomes jsonb, p_now timestamptz default now())
returns table (index integer, verdict text, outcome_id uuid, linked integer, error_code text, field text, reason text)
language sql
volatile
set search_path = ''
begin atomic
  select * from private.outcomes_record(p_brand, p_outcomes, p_now);
end;
comment on function outcomes.record(uuid, jsonb, timestamptz) is
  'Takes 1 to 1,000 outcomes that came by no signal: {"key" (the sender''s name of it, 1 to 255 characters), "outcome_type", "occurred_at", "deployment_id" or "actor_id", "outcome_value"? , "outcome_unit"? (currency, event, stars, percent, points, seconds, items), "outcome_category"?, "confidence"? and "quality"? (0 to 1), "description"?, "context"? (object)}. Each is judged on its own: accepted (linked: how many deployments it may have followed; how surely they caused it, outcomes.measure says), duplicate (the key came before with the same outcome) or rejected, with error_code, field and reason. For operators. Error: invalid_argument.';
grant execute on function outcomes.record(uuid, jsonb, timestamptz) to authenticated, service_role;
