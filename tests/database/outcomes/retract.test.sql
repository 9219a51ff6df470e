-- A signal that is taken back leaves no trace in what was measured and learnt from it.
begin;
select plan(13);
set local statement_timeout = '60s';

create temp table w on commit drop as
select tests.create_brand(tests.create_user('owner@retracted.test')) as brand, md5('retract cohort')::uuid as cohort, '2026-03-01T00:00:00Z'::timestamptz as at;
insert into actors.actors (id, brand_id, name, primary_identifier, primary_identifier_type, first_seen_at, last_seen_at)
select md5('retract actor' || i)::uuid, brand, 'Ada Example', 'c' || i, 'customer_id', at, at from w, generate_series(1, 200) i;
insert into cohorts.cohorts (id, brand_id, cohort_type, discovery_algorithm, cohort_name) select cohort, brand, 'mixed', 'test', 'Everybody' from w;
insert into cohorts.actor_cohort_membership (brand_id, actor_id, cohort_id, assigned_by_algorithm)
select brand, a.id, cohort, 'test' from w join actors.actors a on a.brand_id = w.brand;
select stimuli.install_templates(brand) from w;
create temp table s on commit drop as select p.id from w, stimuli.propose(brand, at, 1) p;
select stimuli.approve(w.brand, s.id, w.at) from w, s;
select stimuli.deploy(w.brand, s.id, w.at, 3) from w, s;
create temp table d on commit drop as
select id, actor_id, is_holdout, row_number() over (partition by is_holdout order by actor_id) as place from stimuli.stimulus_deployments where stimulus_id = (select id from s);

create function pg_temp.buy(p_name text, p_holdout boolean, p_from integer, p_to integer, p_day integer) returns void language sql as $$
  insert into signals.signals_base (id, brand_id, signal_type, source_platform, source_id, occurred_at, raw_content, content_sha256, actor_id, confidence_in_matching, quality_score, processing_status)
  select md5(p_name || d.place)::uuid, w.brand, 'order', 'shop', p_name || d.place, w.at + p_day * interval '1 day', '{}', sha256((p_name || d.place)::bytea), d.actor_id, 0.9, 0.9, 'completed'
  from w, d where d.is_holdout = p_holdout and d.place between p_from and p_to;
  insert into signals.order_history (signal_id, brand_id, order_number, order_date, order_status, items, subtotal, total_amount)
  select md5(p_name || d.place)::uuid, w.brand, p_name || d.place, w.at + p_day * interval '1 day', 'confirmed', '[{"product_id": "p", "name": "P", "quantity": 1, "unit_price": 50}]', 50, 50
  from w, d where d.is_holdout = p_holdout and d.place between p_from and p_to;
$$;
-- All that was learnt, by what it is about; numbers to twelve digits, since sums run in another order.
create function pg_temp.learnt() returns text language sql as $$
  select concat_ws(E'\n',
    (select string_agg(format('%s %s %s %s', p.actor_id, p.attribute, round(p.mean::numeric, 12), p.evidence_count), E'\n' order by p.actor_id, p.attribute) from w, private.actors_posteriors(w.brand, null, w.at + interval '40 days') p),
    (select string_agg(format('%s %s %s', round(a.alpha::numeric, 12), round(a.beta::numeric, 12), a.pulls), ';' order by a.id) from stimuli.arms a, w where a.brand_id = w.brand),
    (select string_agg(format('%s %s %s', x.actor_id, x.response_status, x.time_to_convert), ';' order by x.id) from stimuli.stimulus_deployments x, w where x.brand_id = w.brand),
    (select string_agg(format('%s %s %s %s', o.target_actor_id, o.outcome_type, o.outcome_value, round(o.attribution_confidence::numeric, 12)), ';' order by o.target_actor_id, o.outcome_type, o.outcome_timestamp) from outcomes.outcomes o, w where o.brand_id = w.brand),
    (select string_agg(format('%s %s %s', c.outcome_type, c.total_outcomes, c.outcome_rate), ';' order by c.outcome_type) from outcomes.cohort_outcome_summary c, w where c.brand_id = w.brand),
    (select string_agg(format('%s %s', m.metric_name, round(m.metric_value::numeric, 12)), ';' order by m.metric_name) from cohorts.cohort_performance_metrics m, w where m.brand_id = w.brand),
    (select format('%s %s %s', round(b.effectiveness_score::numeric, 12), b.total_converted, b.status) from stimuli.stimuli_base b, s where b.id = s.id))
$$;
select pg_temp.buy('own', false, 1, 40, 3), pg_temp.buy('held', true, 1, 2, 4);

-- What would be learnt without the fakes: learnt, noted and undone.
create temp table without (what text) on commit drop;
do $$
declare
  v_what text;
begin
  begin
    perform outcomes.learn(brand, at + interval '20 days') from w;
    v_what := pg_temp.learnt();
    raise exception 'undone';
  exception when raise_exception then
    null;
  end;
  insert into without values (v_what);
end
$$;
-- Somebody who bought nothing, somebody who bought anyway, and one who was held out.
select pg_temp.buy('fake', false, 41, 41, 2), pg_temp.buy('more', false, 40, 40, 5), pg_temp.buy('fakeheld', true, 3, 3, 6);
select is((select outcomes.measure(brand, at + interval '20 days') from w), 45, 'every purchase is an outcome at first');
select ok(actors.retract(md5('more40')::uuid, 'fake', at + interval '20 days'), 'one is taken back before anything is learnt') from w;
select is((select outcomes.measure(brand, at + interval '20 days') from w), 0, 'it is not measured again');
select is((select count(*)::int from outcomes.outcomes where source_signal_id = md5('more40')::uuid), 0, 'and no outcome');
select is((select beliefs_moved > 0 and arms_updated = 1 from w, outcomes.learn(brand, at + interval '20 days')), true, 'the rest is learnt');
select isnt(pg_temp.learnt(), what, 'two fakes are in it') from without;
select ok(actors.retract(md5('fake41')::uuid, 'fake', at + interval '21 days') and actors.retract(md5('fakeheld3')::uuid, 'fake', at + interval '22 days'), 'they are taken back') from w;
select is(pg_temp.learnt(), what, 'beliefs, arm, responses, outcomes, summaries and scores are what they would be without them') from without;
select is((select count(*)::int from actors.evidence e, d where e.actor_id = d.actor_id and not d.is_holdout and d.place = 41 and e.attribute ~ '^response\.[a-z]+$' and e.retracted_at is null and e.value = 0), 1, 'who only had the fake was silent');
select is((select count(*)::int from outcomes.outcome_learning l, w where l.brand_id = w.brand and l.is_active), 1, 'the conclusion that stands is the last one');
select is((select count(*)::int from w, actors.belief_as_of((select actor_id from d where not is_holdout and place = 41), w.at) b), 0, 'what was believed before is still told');
select results_eq($$select outcomes_learned, beliefs_moved, arms_updated from w, outcomes.learn(brand, at + interval '30 days')$$, $$values (0, 0, 0)$$, 'nothing is learned twice');
select is(pg_temp.learnt(), what, 'and it stays so') from without;

select * from finish();
rollback;
