-- People with a known truth, written straight into the ledger: for the pgTAP tests and for npm run bench -- accuracy-actors.

-- p_share of the people have a rhythm (named by actors.name), the others have none: chance, bursts, long silences, rates
-- that drift, a slight natural spacing. The shop is shut on Sundays and half empty on Mondays, and nobody comes at night.
create or replace function tests.plant_rhythms(p_brand uuid, p_seed double precision, p_people integer, p_share double precision, p_now timestamptz)
returns void
language plpgsql
set search_path = ''
as $$
begin
  perform setseed(p_seed);
  create temp table planted on commit drop as
  select gen_random_uuid() as id, i, x.kind, random() as a, random() as b, random() as c
  from generate_series(1, p_people) i
  cross join lateral (select case when i <= p_share * p_people
    then (array['interval', 'interval', 'monthly', 'yearly', 'weekday', 'hour'])[1 + i % 6]
    else (array['chance', 'bursts', 'silences', 'drift', 'spaced', 'double'])[1 + i % 6] end as kind) x;
  insert into actors.actors (id, brand_id, name, primary_identifier, primary_identifier_type, first_seen_at, last_seen_at)
  select id, p_brand, kind, p_seed || '-' || i, 'customer_id', p_now - interval '9 years', p_now - a * interval '30 days' from planted;

  create temp table happened on commit drop as
  with gaps as (
    select p.id, p.kind, n, case p.kind
        when 'chance' then -ln(1 - random()) * (3 + 37 * p.a * p.a)
        when 'drift' then -ln(1 - random()) * (3 + 30 * p.a) * (1 + 0.8 * sin(n / 6.0 + 6 * p.b))
        when 'silences' then 0.7 * power(1 - random(), -1 / (1.1 + p.a))
        when 'spaced' then -ln((1 - random()) * (1 - random())) * (2 + 15 * p.a)
        when 'bursts' then case when random() < 0.15 + 0.2 * p.b then -ln(1 - random()) * (15 + 75 * p.a) else -ln(1 - random()) * (0.2 + 2.5 * p.c) end
        when 'double' then -ln(1 - random()) * (8 + 30 * p.a)
        when 'hour' then -ln(1 - random()) * (4 + 12 * p.a) end as gap
    from planted p cross join generate_series(1, 15 + (p.b * 60)::integer) n
    where p.kind in ('chance', 'drift', 'silences', 'spaced', 'bursts', 'double', 'hour')
  ), irregular as (
    select g.id, g.kind, sum(g.gap) over (partition by g.id order by g.n desc) as ago from gaps g
  ), regular as (
    -- 15 of 100 occasions are missed, and one visit in six has nothing to do with the rhythm.
    select p.id, p.kind, n * x.period + random_normal(0, greatest(0.3, 0.04 * x.period)) + p.c * x.period as ago
    from planted p cross join lateral (select 5 * power(12.0, p.a) as period) x cross join generate_series(0, 15 + (p.b * 20)::integer) n
    where p.kind = 'interval' and random() > 0.15 + 0 * n
    union all
    select p.id, p.kind, random() * (15 + p.b * 20) * 5 * power(12.0, p.a) from planted p cross join generate_series(1, 3 + (p.b * 3)::integer) n where p.kind = 'interval'
    union all
    select p.id, p.kind, extract(epoch from p_now - (date_trunc('month', p_now) - (n + 1) * interval '1 month' + (2 + floor(p.a * 25)) * interval '1 day')) / 86400 + random_normal(0, 0.6)
    from planted p cross join generate_series(0, 16 + (p.b * 14)::integer) n where p.kind = 'monthly' and random() > 0.1 + 0 * n
    union all
    select p.id, p.kind, 365.25 * (n + p.a) + random_normal(0, 2.5) from planted p cross join generate_series(0, 8) n where p.kind = 'yearly'
    union all
    select p.id, p.kind, extract(epoch from p_now - (date_trunc('week', p_now) - n * interval '1 week' + case when random() < 0.9 then 1 + floor(p.a * 5) else floor(random() * 6) end * interval '1 day')) / 86400
    from planted p cross join generate_series(1, 30 + (p.b * 60)::integer) n where p.kind = 'weekday' and random() < 0.3 + 0.4 * p.c + 0 * n
  )
  select x.id, x.kind, x.day + case when x.kind = 'hour' and random() < 0.85 then 9 + floor(p.c * 10) + random_normal(0, 0.4)
    else 8 + 6 * (random() + random()) end * interval '1 hour' as at
  from (select * from irregular union all select * from regular) i
  join planted p using (id)
  cross join lateral (select i.id, i.kind, date_trunc('day', p_now - i.ago * interval '1 day') as day) x
  where i.ago between 0 and 3300
    and (p.kind in ('monthly', 'yearly', 'weekday', 'interval') or case extract(isodow from x.day) when 7 then false when 1 then random() < 0.5 else true end);
  insert into happened select id, kind, at + random() * interval '1 hour' from happened where kind = 'double';

  insert into actors.evidence (brand_id, actor_id, attribute, distribution, value, weight, occurred_at, source_kind, source_id)
  select p_brand, h.id, 'behavior.purchase_rate', 'gamma', 1, 1, h.at, 'signal', gen_random_uuid() from happened h where h.at < p_now;
  drop table planted, happened;
end
$$;

-- What was found of it: people with any loop, and people with the loop that was planted in them.
create or replace function tests.score_rhythms(p_brand uuid)
returns table (found integer, false_found integer, planted integer, right_found integer)
language sql
set search_path = ''
as $$
  select count(*) filter (where l.types is not null)::integer,
    count(*) filter (where l.types is not null and a.name not in ('interval', 'monthly', 'yearly', 'weekday', 'hour'))::integer,
    count(*) filter (where a.name in ('interval', 'monthly', 'yearly', 'weekday', 'hour'))::integer,
    count(*) filter (where l.types && case a.name when 'interval' then '{purchase_pattern,weekly_routine,monthly_cycle}' when 'monthly' then '{monthly_cycle,purchase_pattern}' when 'yearly' then '{seasonal_behavior}'
      when 'weekday' then '{weekly_routine}' when 'hour' then '{other}' end::text[])::integer
  from actors.actors a
  left join lateral (select array_agg(m.loop_type) as types from actors.actor_memory_loops m
    where m.brand_id = a.brand_id and m.actor_id = a.id and m.is_current) l on true
  where a.brand_id = p_brand
$$;

-- People who name a favourite and buy. p_share of them contradict themselves (actors.name contradicts): what they name is at
-- most 5% of what they choose. The others name what they choose most, 40 to 90% of it. 4 to 8 categories; 6 to 60
-- purchases, the fewer the likelier, of differing quality; one in ten of another person (noise); what is said is of
-- differing weight, and one in five says it twice.
create or replace function tests.plant_tastes(p_brand uuid, p_seed double precision, p_people integer, p_share double precision, p_now timestamptz)
returns void
language plpgsql
set search_path = ''
as $$
begin
  perform setseed(p_seed);
  create temp table planted on commit drop as
  select gen_random_uuid() as id, i, i <= p_share * p_people as contradicts, 4 + (random() * 4)::integer as k, 0.4 + 0.5 * random() as main, random() * 0.05 as said_share,
    (6 * power(10, random()))::integer as n, 0.5 + 0.5 * random() as said_weight, random() < 0.2 as twice
  from generate_series(1, p_people) i;
  insert into actors.actors (id, brand_id, name, primary_identifier, primary_identifier_type, first_seen_at, last_seen_at)
  select id, p_brand, case when contradicts then 'contradicts' else 'agrees' end, p_seed || '-' || i, 'customer_id', p_now - interval '1 year', p_now from planted;
  -- Category 1 is the main one; who contradicts himself names category 2.
  insert into actors.evidence (brand_id, actor_id, attribute, distribution, category, value, is_stated, weight, occurred_at, source_kind, source_id)
  select p_brand, p.id, 'preference.category', 'dirichlet'::actors.distribution, 'c' || case when x.noise < 0.1 then 1 + floor(x.other * p.k) when x.u < p.main then 1
      when p.contradicts and x.u < p.main + p.said_share then 2 when p.contradicts then 3 + floor(x.other * x.other * (p.k - 2)) else 2 + floor(x.other * x.other * (p.k - 1)) end,
    1, false, x.weight, p_now - x.ago * interval '40 days', 'signal'::actors.evidence_source, gen_random_uuid()
  from planted p cross join lateral (
    select random() + 0 * y.y as u, random() as noise, random() as other, 0.5 + 0.5 * random() as weight, random() as ago from generate_series(1, p.n) y (y)) x
  union all
  select p_brand, p.id, 'preference.category', 'dirichlet', case when p.contradicts then 'c2' else 'c1' end, 3, true, p.said_weight, p_now - d.d * interval '10 days', 'signal', gen_random_uuid()
  from planted p cross join generate_series(1, 2) d (d) where d.d = 1 or p.twice;
  perform private.fold_evidence(p_brand, array(select e.id from actors.evidence e where e.brand_id = p_brand and e.attribute = 'preference.category'), p_now);
  perform private.actors_write_beliefs(p_brand, array(select p.id from planted p), p_now);
  drop table planted;
end
$$;

create or replace function tests.score_tastes(p_brand uuid)
returns table (found integer, right_found integer, planted integer)
language sql
set search_path = ''
as $$
  select count(*) filter (where x.found)::integer, count(*) filter (where x.found and a.name = 'contradicts')::integer,
    count(*) filter (where a.name = 'contradicts')::integer
  from actors.actors a
  cross join lateral (select exists (select from actors.actor_contradictions k
    where k.brand_id = a.brand_id and k.actor_id = a.id and k.is_current and not k.is_resolved) as found) x
  where a.brand_id = p_brand and a.name in ('contradicts', 'agrees')
$$;

-- A run that is told which group each person is in (p_labels beside p_actors; 0: like none), so that what comes after the
-- search can be tried by itself: cohorts, memberships, events. Returns the run.
create or replace function tests.publish_groups(p_brand uuid, p_actors uuid[], p_labels integer[], p_now timestamptz)
returns uuid
language plpgsql
set search_path = ''
as $$
declare
  v_run cohorts.clustering_runs;
begin
  v_run := private.request_clustering(p_brand, 'kmeans', 1, p_now, 'manual');
  perform private.clustering_load(v_run, null);
  perform private.clustering_sample(v_run);
  delete from private.clustering_steps s where s.run_id = v_run.id and s.kind not in ('match', 'publish', 'describe', 'finish');
  -- The labels of a run are 1 to k.
  update private.clustering_points p
  set label = case when n.label > 0 then n.rank else 0 end
  from (
    select g.actor_id, g.label, dense_rank() over (order by g.label = 0, g.label) as rank from unnest(p_actors, p_labels) g (actor_id, label)
  ) n
  where p.run_id = v_run.id and p.actor_id = n.actor_id;
  delete from private.clustering_points p where p.run_id = v_run.id and p.label is null;
  insert into private.clustering_components (run_id, label, place, mean, variance, weight)
  select v_run.id, p.label, 1, extensions.avg(p.vector), 1, count(*)::double precision / cardinality(p_actors)
  from private.clustering_points p where p.run_id = v_run.id and p.label > 0 group by p.label;
  update private.clustering_points p
  set posteriors = (select array_agg(case when c.label = p.label then 0.9 else 0.1 / k.k end order by c.label) from private.clustering_components c where c.run_id = v_run.id),
    distances = (select array_agg(p.vector operator(extensions.<->) c.mean order by c.label) from private.clustering_components c where c.run_id = v_run.id)
  from (select count(*) as k from private.clustering_components c where c.run_id = v_run.id) k
  where p.run_id = v_run.id;
  update cohorts.clustering_runs r set within_variance = 1 where r.id = v_run.id;
  v_run := private.advance_clustering(v_run.id, '1 minute');
  if v_run.status <> 'completed' then
    raise exception 'the run did not complete: %', v_run.error_message;
  end if;
  return v_run.id;
end
$$;
