begin;
select plan(21);

create temp table t on commit drop as
select tests.create_brand(b.owner) as brand, tests.create_brand(b.owner, 'Two') as other, '2026-05-01T12:00:00Z'::timestamptz as now
from (select tests.create_user('drivers@actors.test') as owner) b;
create function pg_temp.rounded(p double precision[]) returns numeric[] language sql as $$ select array_agg(round(x::numeric, 4) order by i) from unnest(p) with ordinality u (x, i) $$;

-- The worked example of the design.
insert into actors.actors (id, brand_id, primary_identifier, primary_identifier_type, first_seen_at, last_seen_at)
select md5(brand || 'worked')::uuid, brand, 'worked', 'customer_id', now, now from t;
insert into actors.evidence (brand_id, actor_id, attribute, distribution, category, value, weight, occurred_at, source_kind, source_id)
select brand, md5(brand || 'worked')::uuid, 'driver.primary', 'dirichlet', 'safety', 0.7, 0.6, now, 'signal', gen_random_uuid() from t;
select private.actors_write_drivers(brand, array[md5(brand || 'worked')::uuid], now) from t;
create temp table x on commit drop as
select array[d.safety, d.connection, d.status, d.growth, d.freedom, d.purpose] as p from t join actors.actor_drivers d on d.actor_id = md5(t.brand || 'worked')::uuid;
delete from actors.actors a using t where a.id = md5(t.brand || 'worked')::uuid;
select is(pg_temp.rounded(p), '{0.2808,0.1370,0.1455,0.1455,0.1455,0.1455}'::numeric[], 'a Bayes step with likelihood 0.7 and confidence 0.6') from x;
create temp table r on commit drop as select r.* from x, private.read_drivers(x.p) r;
select is((round(private.entropy_bits(private.driver_prior())::numeric, 4), round(entropy_bits::numeric, 4)), (2.5844, 2.5262), 'entropy in bits before and after') from r;
select is((round(information_gain_bits::numeric, 4), round(kl_divergence_nats::numeric, 4), round(coherence::numeric, 4)), (0.0582, 0.0463, 0.0228), 'information gain, divergence, coherence') from r;
select is((leading_driver, driver_state, is_superposed), ('safety'::text, 'superposed'::text, false), 'safety leads, hardly') from r;

-- What the originals got wrong.
select ok((select abs(coherence) < 1e-12 and abs(entropy_bits - 2.584962500721156) < 1e-12 from private.read_drivers(array_fill(1 / 6.0::float8, '{6}'))), 'six equal drivers have no coherence');
select is((select (coherence, driver_state, leading_driver) from private.read_drivers('{0,0,1,0,0,0}')), (1::float8, 'collapsed'::text, 'status'::text), 'one driver alone has all');
select is((select count(*)::int from private.driver_pairs), 15, 'each pair is told once, so both ways are the same');
select is((select conflicts from private.read_drivers('{0.4,0.05,0.05,0.05,0.4,0.05}')), '[{"drivers": ["freedom", "safety"], "conflict": 0.85}]'::jsonb, 'a conflict is told once, with its own strength');

-- Superposition.
select is((select (is_superposed, round(collapse_probability::numeric, 4), round(pair_correlation::numeric, 4)) from private.read_drivers('{0.4,0.02,0.1,0.1,0.3,0.08}')), (true, 0.9000, -0.8500), 'two leaders 0.1 apart: superposed, safety and freedom against each other');
select is((select is_superposed from private.read_drivers('{0.45,0.05,0.05,0.1,0.28,0.07}')), false, '0.17 apart: not superposed');
select is((select is_superposed from private.read_drivers('{0.24,0.24,0.13,0.13,0.13,0.13}')), false, 'both below 0.25: not superposed');
select is((select pair_correlation from private.read_drivers('{0.4,0.35,0.05,0.1,0.05,0.05}')), 0.82::double precision, 'safety and connection strengthen each other');
select is((select round(contradiction_score::numeric, 4) from private.read_drivers('{0.5,0,0,0,0.5,0}')), 0.8500, 'two equal drivers alone have their conflict as tension');

-- Planted drivers: 60 people in two brands send 12 signals each; seven of ten speak of their driver, the rest of another.
select setseed(0.31);
insert into actors.actors (id, brand_id, name, primary_identifier, primary_identifier_type, first_seen_at, last_seen_at)
select gen_random_uuid(), b, (select d.driver from private.drivers d where d.place = 1 + i % 6), 'p' || i, 'customer_id', now, now from t, unnest(array[brand, other]) b, generate_series(1, 60) i;
insert into actors.evidence (brand_id, actor_id, attribute, distribution, category, value, weight, occurred_at, source_kind, source_id)
select a.brand_id, a.id, 'driver.primary', 'dirichlet', case when random() < 0.7 then a.name else ('{safety,connection,status,growth,freedom,purpose}'::text[])[1 + floor(random() * 6)::int] end,
  0.6 + 0.2 * random(), 0.5 + 0.2 * random(), t.now - n * interval '3 days', 'signal', gen_random_uuid()
from t join actors.actors a on a.brand_id in (t.brand, t.other) cross join generate_series(1, 12) n;
insert into actors.evidence (brand_id, actor_id, attribute, distribution, category, value, weight, occurred_at, source_kind, source_id)
select e.brand_id, e.actor_id, 'identity.archetype', 'dirichlet', 'protector', 0.8, 0.6, e.occurred_at, 'signal', e.source_id
from actors.evidence e, t where e.brand_id = t.brand and e.category = 'safety';
select private.fold_evidence(b, array(select e.id from actors.evidence e where e.brand_id = b), t.now) from t, unnest(array[brand, other]) b;
select private.actors_write_beliefs(b, array(select a.id from actors.actors a where a.brand_id = b), t.now) from t, unnest(array[brand, other]) b;
create temp view written as select d.*, a.name from actors.actor_drivers d join actors.actors a on a.id = d.actor_id, t where d.brand_id in (t.brand, t.other) and d.is_current;
select is((select count(*)::int from written), 120, 'whoever spoke of a driver has a row');
select ok((select avg((leading_driver = name)::int) from written) >= 0.95, 'the planted driver leads in 95 of 100: ' || (select round(avg((leading_driver = name)::int), 3) from written));
select is_empty($$
  select 1 from written w cross join lateral (
    select array_agg(x.p order by x.place) as p from (
      select d.place, d.prior * exp(sum(ln(case when e.category = d.driver then e.value else 0 end * c.c + 1 - c.c))) as p
      from private.drivers d cross join actors.evidence e, t, lateral (select e.weight * power(2::float8, -extract(epoch from t.now - e.occurred_at)::float8 / 86400 / 365) as c) c
      where e.actor_id = w.actor_id and e.attribute = 'driver.primary' group by d.place, d.prior) x) y
  where abs(y.p[1] / (select sum(u) from unnest(y.p) u) - w.safety) > 1e-9$$, 'the probabilities are the product of the steps, from the ledger, to 1e-9');
select ok((select bool_and(abs(information_gain_bits - (private.entropy_bits(private.driver_prior()) - entropy_bits)) < 1e-9 and kl_divergence_nats >= 0) from written), 'gain and divergence follow');
select ok((select bool_and(decoded ?& '{segment,observed_behavior,belief_inferred,confidence,friction,core_driver,actionable_insight}') from written), 'seven outputs are decoded');
select is((select decoded ->> 'confidence' from written where safety > 0.9 limit 1), '1', 'its confidence is twice the dominant probability, at most 1');
-- By hand: n signals show it, all others since the first show none of it but only archetypes count.
select ok((select bool_and((fragments #>> '{0,confidence}')::numeric = least(1, 0.5 + 0.05 * ((fragments #>> '{0,count}')::int - 1))) from written where fragments <> '[]'), 'a reinforced fragment gains 0.05 each time');
select ok((select bool_and(complexity between 0 and 1 and resolution_capacity = 1.2 - complexity and abs(complexity - 0.6 * contradiction_score) < 1e-9 and complexity_level in ('low', 'medium', 'high')) from written), 'complexity is the tension of the drivers and of the fragments');

select * from finish();
rollback;
