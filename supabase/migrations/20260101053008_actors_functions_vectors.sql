create type private.vector_value as (
  actor_id uuid,
  component_name text,
  value double precision,
  confidence double precision
);

create function private.actors_vector_values(p_brand uuid, p_now timestamptz, p_actors uuid[] default null)
returns setof private.vector_value
language plpgsql
stable
set search_path = ''
set plan_cache_mode = force_custom_plan -- a few people or all of them: the plan depends on p_actors
set enable_nestloop = off -- all rows are in memory and of unknown number: hash joins, never a quadratic one
set jit = off
as $$
begin
  return query
  with parameters as materialized (
    select private.actors_number(p_brand, 'prior_strength.dirichlet') as strength
  ), posteriors as materialized (
    select p.* from private.actors_posteriors(p_brand, p_actors, p_now) p
    join (select a.id from actors.actors a where a.brand_id = p_brand and (p_actors is null or a.id = any (p_actors)) and a.is_active and a.merged_into is null) a
      on a.id = p.actor_id
    where not p.is_stated and p.context = ''
  ), top_categories as (
    select p.category from posteriors p where p.attribute = 'preference.category'
    group by p.category order by sum(p.evidence_sum) desc, p.category limit 14
  ), known as materialized (
    select p.actor_id, p.attribute, max(p.evidence_weight) as n, max(p.confidence) as confidence
    from posteriors p where p.distribution = 'dirichlet' group by p.actor_id, p.attribute
  ), counted as (
    select t.attribute, t.category, coalesce(t.total / nullif(sum(t.total) over (partition by t.attribute), 0), 0) as share
    from (
      select p.attribute, p.category, sum(p.evidence_sum) as total
      from posteriors p where p.distribution = 'dirichlet' group by p.attribute, p.category
    ) t
  ), pooled as materialized (
    select c.attribute, c.category, c.share from counted c
    where p_actors is null and (c.attribute in ('communication.hour', 'behavior.weekday')
      or c.attribute = 'preference.category' and c.category in (select t.category from top_categories t)
      or c.attribute = 'communication.channel' and c.category in ('whatsapp', 'email', 'social')
      or c.attribute = 'behavior.order_method' and c.category in ('online', 'phone', 'in_store'))
    union
    select a.attribute, s.category, s.share::double precision
    from actors.belief_vector_components c, jsonb_each(c.pooled_shares) a (attribute, shares), jsonb_each_text(a.shares) s (category, share)
    where p_actors is not null and c.brand_id = p_brand
  ), wanted as materialized ( -- before the join below: its three keys are then one hash, and not one key and a filter
    select n.actor_id, n.attribute, n.n, n.confidence, k.category, k.share
    from known n
    join pooled k on k.attribute = n.attribute
  ), shares as materialized (
    -- Shrunk to the share in the whole brand, not to 1 / K: of whom little is known lies at the mean and not in a corner
    -- of its own, and what all people share sets nobody apart.
    select w.actor_id, w.attribute, w.category, w.confidence,
      (coalesce(p.evidence_sum, 0) + (select q.strength from parameters q) * w.share) / (w.n + (select q.strength from parameters q)) as value
    from wanted w
    left join posteriors p on p.actor_id = w.actor_id and p.attribute = w.attribute and p.category = w.category
  )
  select s.actor_id, s.attribute || '.' || s.category, s.value, s.confidence
  from shares s where s.attribute in ('preference.category', 'communication.channel', 'behavior.order_method')
  union all
  -- Rates and amounts differ by factors between people: compared by their logarithm.
  select p.actor_id, p.attribute, case when p.distribution in ('gamma', 'normal') then ln(greatest(p.mean, 1e-6)) else p.mean end, p.confidence
  from posteriors p
  where p.attribute in ('behavior.purchase_rate', 'behavior.order_value', 'behavior.refund_share', 'experience.satisfaction',
    'communication.email_open', 'communication.email_click')
  union all
  select p.actor_id, 'behavior.days_since_order', ln(1 + greatest(0, private.days_between(p.last_evidence_at, p_now))), 1
  from posteriors p where p.attribute = 'behavior.purchase_rate'
  union all
  -- The day is a circle: two coordinates, so that 23 and 0 are neighbours.
  select s.actor_id, 'communication.hour.' || c.part,
    sum(s.value * case c.part when 'sine' then sind(s.category::integer * 15) else cosd(s.category::integer * 15) end order by s.category), max(s.confidence)
  from shares s
  cross join (values ('sine'), ('cosine')) c (part)
  where s.attribute = 'communication.hour' and s.category ~ '^\d\d$'
  group by s.actor_id, c.part
  union all
  select s.actor_id, 'behavior.weekend_share', sum(s.value order by s.category), max(s.confidence)
  from shares s where s.attribute = 'behavior.weekday' and s.category in ('6', '7') group by s.actor_id
  union all
  select p.actor_id, 'response.any', avg(p.mean order by p.attribute), max(p.confidence)
  from posteriors p where p.attribute like 'response.%' and p.attribute not like 'response.%.%' group by p.actor_id
  union all
  select null, k.attribute || '/' || k.category, k.share, null from pooled k where p_actors is null;
end
$$;
comment on function private.actors_vector_values(uuid, timestamptz, uuid[]) is
  'The components of the belief vector of every active actor before standardisation: tastes for the 14 most bought categories, ln of purchase rate and order value, ln days since the last order, refund share, satisfaction, shares of channels and ways to order, e-mail rates, hour of day as a point on a circle, weekend share, response to stimuli. For all (p_actors null) the shares in the whole brand, which the shares of a person are shrunk to, are computed, and come too: actor_id null, component_name attribute/category. For some they are those of the last refresh (actors.belief_vector_components.pooled_shares), and nobody else is looked at.';

create function private.actors_component_label(p_component text)
returns text
language sql
immutable
set search_path = ''
as $$
  select case
    when p_component like 'preference.category.%' then 'buys ' || substr(p_component, 21)
    when p_component like 'communication.channel.%' then 'reached by ' || split_part(p_component, '.', 3)
    when p_component like 'behavior.order_method.%' then 'orders ' || case split_part(p_component, '.', 3)
      when 'in_store' then 'in the shop' when 'phone' then 'by phone' else 'online' end
    else case p_component
      when 'behavior.purchase_rate' then 'orders often'
      when 'behavior.order_value' then 'spends much per order'
      when 'behavior.refund_share' then 'returns much'
      when 'behavior.days_since_order' then 'long without an order'
      when 'behavior.weekend_share' then 'orders at the weekend'
      when 'experience.satisfaction' then 'satisfied'
      when 'communication.email_open' then 'opens e-mails'
      when 'communication.email_click' then 'clicks in e-mails'
      when 'communication.hour.sine' then 'active in the morning rather than in the evening'
      when 'communication.hour.cosine' then 'active at night rather than at noon'
      when 'response.any' then 'answers offers'
      else replace(replace(p_component, '.', ' '), '_', ' ') end
  end
$$;
comment on function private.actors_component_label(text) is 'Words for a component of the belief vector, for people who score high in it.';

create function private.lock_vectors(p_brand uuid, p_is_single boolean)
returns boolean
language plpgsql
volatile
set search_path = ''
as $$
declare
  v_key constant bigint := hashtextextended('actors.refresh_vectors ' || p_brand, 0);
begin
  if p_is_single then
    return pg_try_advisory_xact_lock_shared(v_key);
  end if;
  perform pg_advisory_xact_lock(v_key);
  return true;
end
$$;
comment on function private.lock_vectors(uuid, boolean) is
  'Until the end of the transaction: two refreshes of all vectors of a brand would fight for the positions of the components. p_is_single: some vectors are to be made beside others, and not while all are: false then, at once.';

create function private.write_vectors(p_brand uuid, p_values private.vector_value[], p_now timestamptz)
returns integer
language plpgsql
volatile
set search_path = ''
set plan_cache_mode = force_custom_plan -- a few people or all of them
set enable_nestloop = off -- all rows are in memory and of unknown number: hash joins, never a quadratic one
as $$
declare
  v_count integer;
begin
  with vectors as (
    select m.actor_id, count(*) as known, avg(m.confidence) as quality, jsonb_agg(m.component_name order by c.position) as names,
      jsonb_agg(round(m.confidence::numeric, 4) order by c.position) as weights,
      jsonb_object_agg(c.position, greatest(-5, least(5, (m.value - c.mean_value) / c.standard_deviation))) as parts
    from unnest(p_values) m
    join actors.belief_vector_components c on c.brand_id = p_brand and c.component_name = m.component_name and c.standard_deviation > 0
    group by m.actor_id
  )
  insert into actors.actor_belief_vectors as t (brand_id, actor_id, vector_name, vector_data, vector_type, generation_method,
    generation_parameters, source_attributes, source_weights, vector_quality, completeness_score, generated_at, last_updated_at)
  select p_brand, v.actor_id, 'belief',
    -- What is not known of a person is 0, the brand's mean.
    (select array_agg(coalesce((v.parts ->> i.i::text)::real, 0) order by i.i) from generate_series(1, 32) i (i))::extensions.vector,
    'combined', 'auto', jsonb_build_object('standardised_at', p_now), v.names, v.weights, v.quality,
    v.known::double precision / (select count(*) from actors.belief_vector_components c where c.brand_id = p_brand and c.standard_deviation > 0), p_now, p_now
  from vectors v
  order by v.actor_id
  on conflict (brand_id, actor_id, vector_name) where is_current do update
  set vector_data = excluded.vector_data, generation_parameters = excluded.generation_parameters, source_attributes = excluded.source_attributes,
    source_weights = excluded.source_weights, vector_quality = excluded.vector_quality,
    completeness_score = excluded.completeness_score, generated_at = excluded.generated_at, last_updated_at = excluded.last_updated_at;
  get diagnostics v_count = row_count;
  return v_count;
end
$$;
comment on function private.write_vectors(uuid, private.vector_value[], timestamptz) is
  'Standardises values of private.actors_vector_values by actors.belief_vector_components as they stand and writes the current vectors. Returns how many.';

create function private.refresh_vectors_of(p_brand uuid, p_actors uuid[], p_now timestamptz)
returns void
language plpgsql
volatile
set search_path = ''
as $$
declare
  v_values constant private.vector_value[] := array(select v from private.actors_vector_values(p_brand, p_now, p_actors) v);
begin
  perform private.write_vectors(p_brand, v_values, p_now);
  update actors.actor_belief_vectors t set is_current = false
  where t.brand_id = p_brand and t.actor_id = any (p_actors) and t.vector_name = 'belief' and t.is_current
    and not exists (select from unnest(v_values) v where v.actor_id = t.actor_id);
end
$$;
comment on function private.refresh_vectors_of(uuid, uuid[], timestamptz) is
  'Makes the vectors of some people anew from their beliefs, at the means, deviations and shares of the last refresh of the brand: the vectors that a refresh would give them if those had not moved, in time that does not depend on how many people the brand has. Who has no evidence left, or is no longer active, has no current vector afterwards. The caller holds private.lock_vectors.';

create function private.actors_refresh_vectors(p_brand uuid, p_now timestamptz)
returns integer
language plpgsql
volatile
security definer
set search_path = ''
set enable_nestloop = off -- all rows are in memory and of unknown number: hash joins, never a quadratic one
as $$
declare
  v_started constant timestamptz := clock_timestamp();
  -- A component in which people differ by less than half a percent tells nobody apart; standardised it would shout.
  v_least_deviation constant double precision := 0.005;
  v_seen constant xid8 := pg_snapshot_xmin(pg_current_snapshot());
  v_count integer;
  v_values private.vector_value[];
  v_shares private.vector_value[];
begin
  perform private.require_role(p_brand, 'manager');
  perform private.require_time('p_now', p_now);
  perform private.lock_vectors(p_brand, false);
  perform private.actors_refresh_priors(p_brand, p_now);

  select coalesce(array_agg(v) filter (where v.actor_id is not null), '{}'), array_agg(v) filter (where v.actor_id is null) into v_values, v_shares
  from private.actors_vector_values(p_brand, p_now) v;

  -- A component keeps its position for as long as anybody has it, so that vectors of two refreshes can be compared.
  delete from actors.belief_vector_components c
  where c.brand_id = p_brand and c.component_name not in (select v.component_name from unnest(v_values) v);
  insert into actors.belief_vector_components as c (brand_id, position, component_name, label)
  select p_brand, f.position, n.component_name, private.actors_component_label(n.component_name)
  from (
    select m.component_name, row_number() over (order by m.component_name not like 'preference.%', m.component_name) as place
    from (select distinct v.component_name from unnest(v_values) v) m
    where not exists (select from actors.belief_vector_components e where e.brand_id = p_brand and e.component_name = m.component_name)
  ) n
  join (
    select i.i as position, row_number() over (order by i.i) as place
    from generate_series(1, 32) i (i)
    where not exists (select from actors.belief_vector_components e where e.brand_id = p_brand and e.position = i.i)
  ) f using (place);
  update actors.belief_vector_components c
  set mean_value = s.mean_value, standard_deviation = case when s.standard_deviation > v_least_deviation then s.standard_deviation else 0 end,
    pooled_shares = coalesce((
      select jsonb_build_object(x.attribute, jsonb_object_agg(x.category, x.share))
      from (select split_part(v.component_name, '/', 1) as attribute, substr(v.component_name, strpos(v.component_name, '/') + 1) as category, v.value as share
        from unnest(v_shares) v) x
      where c.component_name = x.attribute || '.' || x.category or c.component_name like 'communication.hour.%' and x.attribute = 'communication.hour'
        or c.component_name = 'behavior.weekend_share' and x.attribute = 'behavior.weekday'
      group by x.attribute), '{}')
  from (
    select v.component_name, avg(v.value) as mean_value, stddev_pop(v.value) as standard_deviation from unnest(v_values) v group by v.component_name
  ) s
  where c.brand_id = p_brand and c.component_name = s.component_name;

  v_count := private.write_vectors(p_brand, v_values, p_now);

  -- Who is no longer active, or has no evidence left, has no current vector.
  update actors.actor_belief_vectors t set is_current = false
  where t.brand_id = p_brand and t.vector_name = 'belief' and t.is_current and t.generated_at <> p_now;
  -- At the end, since whoever changes a belief waits for these rows.
  update private.vectors_due d set is_stale = false
  where d.brand_id = p_brand and d.is_stale and (d.changed_by < v_seen or d.changed_by = pg_current_xact_id_if_assigned());

  perform private.emit(p_brand, 'actors.vectors_refreshed', null, null, jsonb_build_object('vectors', v_count));
  perform private.log_call('actors.refresh_vectors', p_brand, jsonb_build_object('now', p_now), jsonb_build_object('vectors', v_count), v_started);
  return v_count;
end
$$;
comment on function private.actors_refresh_vectors(uuid, timestamptz) is 'Body of actors.refresh_vectors. Definer: clients write no vectors.';
grant execute on function private.actors_refresh_vectors(uuid, timestamptz) to authenticated, service_role;

create function actors.refresh_vectors(p_brand uuid, p_now timestamptz default now())
returns integer
language sql
volatile
set search_path = ''
begin atomic
  select * from private.actors_refresh_vectors(p_brand, p_now);
end;
comment on function actors.refresh_vectors(uuid, timestamptz) is
  'Refreshes the priors of the brand, what each position of the vectors means (actors.belief_vector_components) and one current belief vector per active actor with evidence, standardised over the brand and cut at 5 standard deviations; for managers. Returns how many vectors. Cost grows with the number of beliefs. Errors: role_too_low, invalid_argument.';
grant execute on function actors.refresh_vectors(uuid, timestamptz) to authenticated, service_role;
