begin;
select plan(11);

-- A world in which the truth is known: people buy with p_base anyway and with p_treated when they are treated.
create function pg_temp.world(p_name text, p_seed integer, p_base double precision, p_treated double precision, p_people integer)
returns uuid language plpgsql as $$
declare
  v_brand uuid := tests.create_brand(tests.create_user(p_name || p_seed || '@example.com'), p_name || p_seed);
  v_cohort uuid := md5(p_name || p_seed || 'cohort')::uuid;
  v_stimulus uuid := md5(p_name || p_seed || 'stimulus')::uuid;
  v_at timestamptz := '2026-03-01';
begin
  insert into actors.actors (id, brand_id, primary_identifier, primary_identifier_type, first_seen_at, last_seen_at)
  select md5(p_name || p_seed || 'actor' || i)::uuid, v_brand, p_name || i, 'customer_id', v_at, v_at from generate_series(1, p_people) i;
  insert into cohorts.cohorts (id, brand_id, cohort_type, discovery_algorithm, cohort_name) values (v_cohort, v_brand, 'mixed', 'test', 'Everybody');
  insert into cohorts.actor_cohort_membership (brand_id, actor_id, cohort_id, assigned_by_algorithm)
  select v_brand, a.id, v_cohort, 'test' from actors.actors a where a.brand_id = v_brand;
  insert into stimuli.stimuli_base (id, brand_id, stimulus_type, stimulus_name, content_data, target_cohort_id)
  values (v_stimulus, v_brand, 'message', p_name, '{}', v_cohort);
  perform stimuli.approve(v_brand, v_stimulus, v_at);
  perform stimuli.deploy(v_brand, v_stimulus, v_at, p_seed);
  insert into signals.signals_base (id, brand_id, signal_type, source_platform, source_id, occurred_at, raw_content, content_sha256,
    actor_id, confidence_in_matching, quality_score, processing_status)
  select md5(d.id::text || 'order')::uuid, v_brand, 'order', 'shop', d.actor_id::text, v_at + interval '3 days', '{}', sha256(d.actor_id::text::bytea),
    d.actor_id, 1, 1, 'completed'
  from stimuli.stimulus_deployments d
  where d.brand_id = v_brand
    and private.random_uniform(hashtextextended(d.actor_id::text, p_seed), 1) < case when d.is_holdout then p_base else p_treated end;
  insert into signals.order_history (signal_id, brand_id, order_number, order_date, items, subtotal, total_amount)
  select s.id, v_brand, s.source_id, s.occurred_at, '[{"product_id": "p", "name": "P", "quantity": 1, "unit_price": 20}]', 20, 20
  from signals.signals_base s where s.brand_id = v_brand;
  perform outcomes.measure(v_brand, v_at + interval '10 days');
  return v_stimulus;
end
$$;

create temp table worlds on commit drop as
select w.*, seed, pg_temp.world(w.name, seed, w.base, w.treated, 2000) as stimulus
from (values ('strong', 0.05, 0.25), ('half', 0.20, 0.40), ('none', 0.30, 0.30)) w (name, base, treated), generate_series(1, 3) seed;
create temp table seen on commit drop as
select w.name, w.seed, 1 - w.base / w.treated as truth, w.treated - w.base as lift, e.lift as found_lift, e.lift_lower, e.lift_upper,
  e.treated, e.held_out,
  (select avg(o.attribution_confidence) from outcomes.outcomes o where o.stimulus_id = w.stimulus and not o.is_holdout) as attribution
from worlds w cross join lateral outcomes.effectiveness(w.stimulus) e;

select ok(abs(avg(attribution) - min(truth)) < 0.1, format('the caused share is recovered: truth %s, found %s in the world %s',
  round(min(truth)::numeric, 2), round(avg(attribution)::numeric, 2), name))
from seen group by name order by name;
select ok(max(abs(attribution - truth)) < 0.2, 'and in no single world far off') from seen;
select cmp_ok((select count(*) from seen where lift between lift_lower and lift_upper), '>=', 8::bigint, 'the interval of the lift covers the truth');
select ok(bool_and(lift_lower > 0), 'a real lift is told from chance') from seen where name <> 'none';
select ok(bool_and(held_out between 150 and 250), 'about one in ten is held out') from seen;

select is(max(o.attribution_confidence), 0::double precision, 'what held-out people do is caused by nothing') from outcomes.outcomes o where o.is_holdout;
select ok(bool_and(o.attribution_confidence between 0 and 1 and o.outcome_value = 20), 'each outcome has its value and a share between 0 and 1')
from outcomes.outcomes o;

-- A second stimulus on the same people claims the same orders; no order is caused more than once.
insert into stimuli.stimuli_base (id, brand_id, stimulus_type, stimulus_name, content_data, target_cohort_id)
select md5('second')::uuid, brand_id, 'message', 'Second', '{}', target_cohort_id from stimuli.stimuli_base
where id = (select stimulus from worlds where name = 'strong' and seed = 1);
select stimuli.approve(brand_id, id, '2026-03-01') from stimuli.stimuli_base where id = md5('second')::uuid;
select stimuli.deploy(brand_id, id, '2026-03-01', 5) from stimuli.stimuli_base where id = md5('second')::uuid;
select outcomes.measure(brand_id, '2026-03-11') from stimuli.stimuli_base where id = md5('second')::uuid;
select cmp_ok((select max(total) from (select sum(attribution_confidence) as total from outcomes.outcomes group by source_signal_id) x),
  '<=', 1.000001::double precision, 'stimuli share the credit of one order');
select cmp_ok((select min(total) from (select sum(attribution_confidence) as total from outcomes.outcomes o
    join stimuli.stimulus_deployments d on d.id = o.deployment_id
    where o.source_signal_id in (select source_signal_id from outcomes.outcomes where stimulus_id = md5('second')::uuid and not is_holdout)
    group by source_signal_id having count(*) = 2 and not bool_or(o.is_holdout)) x), '>', 0.8::double precision, 'and lose none of it');

select * from finish();
rollback;
