-- What comes late is learnt as if it had come in time; what came by no signal becomes one, once.
begin;
select plan(23);
set local statement_timeout = '120s';

create temp table w on commit drop as
select tests.create_brand(tests.create_user('owner@late.test')) as brand, md5('late cohort')::uuid as cohort, '2026-03-01T00:00:00Z'::timestamptz as at;
insert into actors.actors (id, brand_id, name, primary_identifier, primary_identifier_type, first_seen_at, last_seen_at)
select md5('late actor' || i)::uuid, brand, 'Ada Example', 'c' || i, 'customer_id', at, at from w, generate_series(1, 200) i;
insert into cohorts.cohorts (id, brand_id, cohort_type, discovery_algorithm, cohort_name) select cohort, brand, 'mixed', 'test', 'Everybody' from w;
insert into cohorts.actor_cohort_membership (brand_id, actor_id, cohort_id, assigned_by_algorithm)
select brand, a.id, cohort, 'test' from w join actors.actors a on a.brand_id = w.brand;
select stimuli.install_templates(brand) from w;
create temp table s on commit drop as select p.id from w, stimuli.propose(brand, at, 1) p;
select stimuli.approve(w.brand, s.id, w.at) from w, s;
select stimuli.deploy(w.brand, s.id, w.at, 3) from w, s;
create temp table d on commit drop as
select id, actor_id, is_holdout, row_number() over (partition by is_holdout order by actor_id) as place from stimuli.stimulus_deployments where stimulus_id = (select id from s);
create function pg_temp.buy(p_name text, p_from integer, p_to integer, p_day numeric, p_received numeric) returns void language sql as $$
  insert into signals.signals_base (id, brand_id, signal_type, source_platform, source_id, occurred_at, received_at, raw_content, content_sha256, actor_id, confidence_in_matching, quality_score, processing_status)
  select md5(p_name || d.place)::uuid, w.brand, 'order', 'shop', p_name || d.place, w.at + p_day * interval '1 day', w.at + p_received * interval '1 day', '{}', sha256((p_name || d.place)::bytea), d.actor_id, 0.9, 0.9, 'completed'
  from w, d where not d.is_holdout and d.place between p_from and p_to;
  insert into signals.order_history (signal_id, brand_id, order_number, order_date, order_status, items, subtotal, total_amount)
  select md5(p_name || d.place)::uuid, w.brand, p_name || d.place, w.at + p_day * interval '1 day', 'confirmed', '[{"product_id": "p", "name": "P", "quantity": 1, "unit_price": 50}]', 50, 50
  from w, d where not d.is_holdout and d.place between p_from and p_to;
$$;
create function pg_temp.learnt() returns text language sql as $$
  select concat_ws(E'\n', 
    (select string_agg(format('%s %s %s %s', p.actor_id, p.attribute, round(p.mean::numeric, 12), p.evidence_count), E'\n' order by p.actor_id, p.attribute) from w, private.actors_posteriors(w.brand, null, w.at + interval '40 days') p),
    (select string_agg(format('%s %s %s', round(a.alpha::numeric, 9), round(a.beta::numeric, 9), a.pulls), ';' order by a.id) from stimuli.arms a, w where a.brand_id = w.brand),
    (select string_agg(format('%s %s', x.response_status, x.time_to_convert), ';' order by x.id) from stimuli.stimulus_deployments x, w where x.brand_id = w.brand),
    (select string_agg(format('%s %s %s %s', o.target_actor_id, o.outcome_type, o.outcome_value, round(o.attribution_confidence::numeric, 12)), ';' order by o.target_actor_id, o.outcome_type, o.outcome_timestamp) from outcomes.outcomes o, w where o.brand_id = w.brand),
    (select string_agg(format('%s %s', t.success_rate, round(t.avg_effectiveness::numeric, 12)), ';' order by t.id) from stimuli.stimulus_templates t, w where t.brand_id = w.brand),
    (select string_agg(format('%s %s', m.metric_name, round(m.metric_value::numeric, 12)), ';' order by m.metric_name) from cohorts.cohort_performance_metrics m, w where m.brand_id = w.brand))
$$;
select pg_temp.buy('own', 1, 40, 3, 3);
create temp table told (name text primary key, what text) on commit drop;
insert into told (name) values ('in time'), ('without');
do $$
declare
  v_what text;
begin
  begin
    perform pg_temp.buy('late', 41, 45, 4, 4);
    perform outcomes.learn(brand, at + interval '20 days') from w;
    v_what := pg_temp.learnt();
    raise exception 'undone';
  exception when raise_exception then null;
  end;
  update told set what = v_what where name = 'in time';
end
$$;
select is((select arms_updated from w, outcomes.learn(brand, at + interval '20 days')), 1, 'the window is closed and learnt');
update told set what = pg_temp.learnt() where name = 'without';
select pg_temp.buy('late', 41, 45, 4, 21);
select pg_temp.buy('after', 46, 50, 15, 21);
select results_eq($$select outcomes_learned, beliefs_moved, arms_updated from w, outcomes.learn(brand, at + interval '20 days 12 hours')$$, $$values (0, 0, 0)$$, 'before they arrive nothing changes');
select is(pg_temp.learnt(), what, 'nothing at all') from told where name = 'without';
select is((select arms_updated from w, outcomes.learn(brand, at + interval '22 days')), 0, 'five orders of the window arrive late: no new window is closed');
select is(pg_temp.learnt(), what, 'and everything is as if they had come in time') from told where name = 'in time';
select ok((select count(*) = 2 and count(*) filter (where is_active and cause = 'signal_came_late' and revises is not null and version = 2) = 1 from outcomes.outcome_learning l, w where l.brand_id = w.brand), 'by a step of its own that revises the first');
select is((select count(*)::int from outcomes.outcomes where source_signal_id in (select md5('after' || i)::uuid from generate_series(46, 50) i)), 0, 'what happened after the window is no outcome of it');
select is(pg_temp.learnt(), what, 'and the next call changes nothing') from told, w, outcomes.learn(w.brand, w.at + interval '23 days') where name = 'in time';
select ok(bool_and(actors.retract(md5('late' || i)::uuid, 'fake', at + interval '24 days')), 'they are taken back') from w, generate_series(41, 45) i;
select is(pg_temp.learnt(), what, 'and everything is as without them') from told where name = 'without';
select isnt((outcomes.undo_learning(w.brand, l.id, 'all wrong', w.at + interval '25 days')).undone_at, null, 'the first step is undone by its number, with all that revised it') from w, outcomes.outcome_learning l where l.brand_id = w.brand and l.revises is null;
select is((select count(*)::int from actors.evidence e, w where e.brand_id = w.brand and e.source_kind = 'outcome' and e.retracted_at is null), 0, 'no evidence of it counts');
select ok(actors.retract(md5('own40')::uuid, 'fake', at + interval '26 days'), 'a signal is retracted of which nothing is learnt any more') from w;
select is((select count(*)::int from actors.evidence e, w where e.brand_id = w.brand and e.source_kind = 'outcome' and e.retracted_at is null), 0, 'which brings nothing back');
select is((select (r.evidence ->> 'responses')::int from w, outcomes.outcome_learning l, outcomes.redo_learning(w.brand, l.id, null, w.at + interval '27 days') r where l.brand_id = w.brand and l.revises is null), 39, 'learnt again it counts what is left');

-- An outcome that somebody recorded.
insert into outcomes.outcomes (id, brand_id, stimulus_id, target_actor_id, outcome_type, outcome_category, outcome_value, outcome_unit, outcome_confidence, data_quality_score, outcome_timestamp)
select md5('told')::uuid, w.brand, s.id, d.actor_id, 'complaint', 'negative', 1, 'event', 0.8, 0.7, w.at + interval '2 days' from w, s, d where not d.is_holdout and d.place = 60;
create temp table m on commit drop as select outcomes.mark_outcome_as_signal(md5('told')::uuid) as id;
select ok(b.signal_type = 'outcome_signal' and b.quality_score = 0.7 and b.confidence_in_matching = 0.8 and b.processing_status = 'completed' and a.total_signals = 1, 'it becomes a signal of its person')
from m join signals.signals_base b on b.id = m.id join actors.actors a on a.id = b.actor_id;
select is(outcomes.mark_outcome_as_signal(md5('told')::uuid), id, 'once') from m;
select is((select count(*)::int from actors.evidence e, m where e.source_id = m.id), 0, 'that is no evidence of its own');
select is((select count(*)::int from private.signal_responses r, m where r.signal_id = m.id), 0, 'and is never read as an outcome again');
select is(outcomes.mark_outcome_as_signal(o.id), o.source_signal_id, 'what was read from a signal is that signal') from outcomes.outcomes o where o.source_signal_id = md5('own1')::uuid;
select is((select count(*)::int from w, signals.ingest(w.brand, '[{"type": "outcome_signal", "source_platform": "internal", "source_id": "x", "occurred_at": "2026-03-02T00:00:00Z", "data": {}}]') i where i.verdict = 'rejected'), 1, 'nobody sends one from outside');
select ok(actors.retract(id, 'a mistake'), 'retracting it') from m;
select is((select count(*)::int from outcomes.outcomes where id = md5('told')::uuid), 0, 'takes the outcome back');
select * from finish();
rollback;
