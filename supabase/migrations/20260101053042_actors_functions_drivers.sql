create function private.driver_prior()
returns double precision[]
language sql
stable
set search_path = ''
as $$
  select array_agg(d.prior order by d.place) from private.drivers d
$$;
comment on function private.driver_prior() is 'Probabilities of safety, connection, status, growth, freedom, purpose before any evidence.';

create type private.driver_reading as (
  entropy_bits double precision,
  information_gain_bits double precision,
  kl_divergence_nats double precision,
  coherence double precision,
  driver_state text,
  leading_driver text,
  second_driver text,
  is_superposed boolean,
  collapse_probability double precision,
  pair_correlation double precision,
  conflicts jsonb,
  contradiction_score double precision
);

create function private.read_drivers(p_probabilities double precision[])
returns private.driver_reading
language sql
stable
set search_path = ''
as $$
  with named as materialized (
    select d.driver, d.prior, p_probabilities[d.place] as p, row_number() over (order by p_probabilities[d.place] desc, d.place) as rank from private.drivers d
  ), whole as (
    select e.entropy, private.entropy_bits(private.driver_prior()) - e.entropy as gain,
      greatest(0, (select sum(case when n.p > 0 then n.p * ln(n.p / n.prior) else 0 end) from named n)) as kl,
      greatest(0, least(1, 1 - e.entropy / (ln(6::double precision) / ln(2::double precision)))) as coherence
    from (select private.entropy_bits(p_probabilities) as entropy) e
  ), pairs as (
    select p.*, a.p as p_a, b.p as p_b, least(a.rank, b.rank) = 1 and greatest(a.rank, b.rank) = 2 as leads
    from private.driver_pairs p join named a on a.driver = p.driver_a join named b on b.driver = p.driver_b
  )
  select w.entropy, w.gain, w.kl, w.coherence,
    case when w.coherence > 0.8 then 'collapsed' when w.coherence > 0.5 then 'partial' else 'superposed' end,
    x.driver, y.driver, s.superposed, case when s.superposed then 1 - (x.p - y.p) else 0 end,
    coalesce((select p.reinforcement - p.conflict from pairs p where p.leads), 0),
    coalesce((select jsonb_agg(jsonb_build_object('drivers', jsonb_build_array(p.driver_a, p.driver_b), 'conflict', p.conflict) order by p.conflict desc)
      from pairs p where p.conflict > 0.5 and p.p_a > 0.3 and p.p_b > 0.3), '[]'),
    least(1, 4 * coalesce((select sum(p.conflict * p.p_a * p.p_b) from pairs p), 0))
  from whole w
  join named x on x.rank = 1
  join named y on y.rank = 2
  cross join lateral (select x.p - y.p < 0.15 and y.p > 0.25 as superposed) s
$$;
comment on function private.read_drivers(double precision[]) is
  'What six probabilities (in the order of private.drivers) say: see the columns of actors.actor_drivers. Entropy and its greatest value are both in bits, each pair of drivers counts once and the same both ways.';

create function private.actors_write_drivers(p_brand uuid, p_actors uuid[], p_now timestamptz)
returns void
language sql
volatile
set search_path = ''
set plan_cache_mode = force_custom_plan -- the plan depends on the number of people
set enable_nestloop = off -- steps in memory whose sizes the planner cannot know: hash joins; what goes by an index is lateral
set jit = off -- the cost that forbids the loop would call for the compiler
as $$
  with pieces as materialized (
    select e.actor_id, e.attribute, e.source_id, e.category, e.value, e.occurred_at,
      -- Faded as every belief is. Never quite sure: nothing could ever outweigh it.
      least(0.95, e.weight * e.match_probability * power(2::double precision, -least(200, greatest(0, extract(epoch from p_now - e.occurred_at)::double precision / 86400 / h.days)))) as c
    from unnest(p_actors) a (id)
    cross join (select private.half_life_days(p_brand, 'driver.primary') as days offset 0) h
    cross join lateral (
      select e.* from private.evidence_pieces e
      where e.brand_id = p_brand and e.actor_id = a.id and e.attribute in ('driver.primary', 'identity.archetype') and e.occurred_at <= p_now
      order by e.occurred_at desc, e.source_id desc limit 1000) e
  ), sources as materialized (
    -- A statement in a survey counts as so many observations (its value); a likelihood is at most 1.
    select p.actor_id, p.source_id, max(p.c) as c, greatest(1, max(p.value)) as times, max(p.occurred_at) as occurred_at
    from pieces p where p.attribute = 'driver.primary' group by p.actor_id, p.source_id
  ), logs as (
    select s.actor_id, d.place, ln(d.prior) + sum(s.times * ln(least(1, coalesce(p.value, 0)) * s.c + 1 - s.c)) as ln_weight
    from sources s
    cross join private.drivers d
    left join pieces p on (p.actor_id, p.source_id, p.category) = (s.actor_id, s.source_id, d.driver) and p.attribute = 'driver.primary'
    group by s.actor_id, d.place, d.prior
  ), weights as (
    select l.actor_id, l.place, exp(greatest(-700, l.ln_weight - max(l.ln_weight) over (partition by l.actor_id))) as weight from logs l
  ), probabilities as materialized (
    select w.actor_id, array_agg(w.weight / w.total order by w.place) as p
    from (select w.*, sum(w.weight) over (partition by w.actor_id) as total from weights w) w group by w.actor_id
  ), counted as materialized (
    select s.actor_id, count(*)::integer as n, (array_agg(s.source_id order by s.occurred_at desc, s.source_id))[1:20] as ids, (array_agg(s.c order by s.occurred_at desc, s.source_id))[1:20] as weights
    from sources s group by s.actor_id
  ), shown as materialized (
    select p.actor_id, p.category, p.source_id, p.occurred_at from pieces p where p.attribute = 'identity.archetype' and p.value > 0.5
  ), firsts as materialized (
    select s.actor_id, s.category, count(*) as n, min(s.occurred_at) as first_at from shown s group by s.actor_id, s.category
  ), archetypes as (
    -- A new fragment has 0.5, each later signal that shows it adds 0.05, each that shows another takes 0.02.
    select f.actor_id, jsonb_agg(jsonb_build_object('archetype', f.category, 'confidence', f.confidence, 'count', f.n) order by f.confidence desc, f.category) as fragments,
      avg(f.confidence * least(f.n / 10.0::double precision, 1)) as coherence, count(*) as n
    from (
      select g.actor_id, g.category, g.n, greatest(0, least(1, 0.5 + 0.05 * (g.n - 1) - 0.02 * (count(distinct s.source_id) - g.n)))::double precision as confidence
      from firsts g join shown s on s.actor_id = g.actor_id and s.occurred_at >= g.first_at
      group by g.actor_id, g.category, g.n
    ) f where f.confidence > 0 group by f.actor_id
  ), news as materialized (
    -- Who has nothing new is left as it is; fading alone is no news.
    select p.actor_id, p.p, c.n, c.ids, c.weights, a.n as archetypes, coalesce(a.fragments, '[]') as fragments, a.coherence
    from probabilities p join counted c using (actor_id) left join archetypes a using (actor_id)
    left join lateral (
      select d.evidence_count, d.source_signals, d.fragments from actors.actor_drivers d
      where d.brand_id = p_brand and d.actor_id = p.actor_id and d.is_current offset 0
    ) t on true
    where (t.evidence_count, t.source_signals, t.fragments) is distinct from (c.n, private.to_list(c.ids), coalesce(a.fragments, '[]'))
  ), read as materialized (
    select p.actor_id, p.p, p.n, p.ids, p.weights, p.fragments, p.coherence as identity_coherence, r.*,
      0.6 * r.contradiction_score + 0.4 * case when coalesce(p.archetypes, 0) > 1 then 1 - p.coherence else 0 end as complexity,
      case when p.coherence > 0.8 then 'integrated' when p.archetypes > 1 and p.coherence < 0.6 then 'fragmented' when p.archetypes > 0 then 'forming' end as identity,
      (select f.friction_type from actors.actor_friction_points f where f.brand_id = p_brand and f.actor_id = p.actor_id and f.is_current and not f.is_resolved
        order by f.friction_severity desc, f.friction_type limit 1) as friction
    from news p
    cross join lateral private.read_drivers(p.p) r
  )
  insert into actors.actor_drivers (brand_id, actor_id, safety, connection, status, growth, freedom, purpose, entropy_bits, information_gain_bits,
    kl_divergence_nats, coherence, driver_state, leading_driver, second_driver, is_superposed, collapse_probability, pair_correlation, decoherence_rate,
    conflicts, contradiction_score, fragments, identity_coherence, complexity, complexity_level, resolution_capacity, decoded, confidence, evidence_count,
    last_updated_at, source_signals, source_weights)
  select p_brand, r.actor_id, r.p[1], r.p[2], r.p[3], r.p[4], r.p[5], r.p[6], r.entropy_bits, r.information_gain_bits,
    r.kl_divergence_nats, r.coherence, r.driver_state, r.leading_driver, r.second_driver, r.is_superposed, r.collapse_probability, r.pair_correlation,
    case when r.n < 5 then 0.1 when r.n < 20 then 0.05 else 0.02 end, r.conflicts, r.contradiction_score, r.fragments, r.identity_coherence, r.complexity,
    case when r.complexity > 0.8 then 'high' when r.complexity > 0.5 then 'medium' else 'low' end, greatest(0, 1.2 - r.complexity),
    jsonb_build_object('segment', concat_ws(' ', r.driver_state, r.leading_driver, r.fragments #>> '{0,archetype}', r.identity),
      'observed_behavior', format('%s signals that speak of what moves the person', r.n), 'belief_inferred', d.belief,
      'confidence', least(1, 2 * r.p[d.place]), 'friction', coalesce(r.friction, case when r.conflicts <> '[]' then (r.conflicts #>> '{0,drivers,0}') || ' against ' || (r.conflicts #>> '{0,drivers,1}') end),
      'core_driver', r.leading_driver, 'actionable_insight', d.advice),
    least(1, 2 * r.p[d.place]), r.n, p_now, private.to_list(r.ids), to_jsonb(r.weights)
  from read r join private.drivers d on d.driver = r.leading_driver
  on conflict (brand_id, actor_id) where is_current do update
  set (safety, connection, status, growth, freedom, purpose, entropy_bits, information_gain_bits, kl_divergence_nats, coherence, driver_state, leading_driver,
      second_driver, is_superposed, collapse_probability, pair_correlation, decoherence_rate, conflicts, contradiction_score, fragments, identity_coherence,
      complexity, complexity_level, resolution_capacity, decoded, confidence, evidence_count, last_updated_at, source_signals, source_weights)
    = (excluded.safety, excluded.connection, excluded.status, excluded.growth, excluded.freedom, excluded.purpose, excluded.entropy_bits, excluded.information_gain_bits,
      excluded.kl_divergence_nats, excluded.coherence, excluded.driver_state, excluded.leading_driver, excluded.second_driver, excluded.is_superposed,
      excluded.collapse_probability, excluded.pair_correlation, excluded.decoherence_rate, excluded.conflicts, excluded.contradiction_score, excluded.fragments,
      excluded.identity_coherence, excluded.complexity, excluded.complexity_level, excluded.resolution_capacity, excluded.decoded, excluded.confidence,
      excluded.evidence_count, excluded.last_updated_at, excluded.source_signals, excluded.source_weights)
$$;
comment on function private.actors_write_drivers(uuid, uuid[], timestamptz) is
  'Writes actors.actor_drivers of the people from the ledger: a Bayes step for each signal that speaks of a driver, posterior_i proportional to prior_i (likelihood_i c + 1 - c), its confidence c being what is left of its weight at p_now. The steps multiply, so their order does not matter. People without such evidence have no row.';
