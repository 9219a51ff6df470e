-- A step of learning that is taken back leaves nothing behind, whatever was learnt before and after it.
begin;
select plan(29);
set local statement_timeout = '120s';

create temp table w on commit drop as
select tests.create_brand(tests.create_user('owner@undo.test')) as brand, tests.create_user('staff@undo.test') as staff, '2026-03-01T00:00:00Z'::timestamptz as at;
select tests.add_member(brand, staff, 'operator') from w;
insert into actors.actors (id, brand_id, name, primary_identifier, primary_identifier_type, first_seen_at, last_seen_at)
select md5('undo actor' || i)::uuid, brand, 'Ada Example', 'c' || i, 'customer_id', at, at from w, generate_series(1, 240) i;
insert into cohorts.cohorts (id, brand_id, cohort_type, discovery_algorithm, cohort_name, member_count)
select md5('undo cohort' || g)::uuid, brand, 'mixed', 'test', 'Group ' || g, 80 from w, generate_series(0, 2) g;
insert into cohorts.actor_cohort_membership (brand_id, actor_id, cohort_id, assigned_by_algorithm)
select brand, md5('undo actor' || i)::uuid, md5('undo cohort' || i % 3)::uuid, 'test' from w, generate_series(1, 240) i;
select stimuli.install_templates(brand) from w;

-- Three rounds, each of one offer to the first two cohorts, whose windows lie apart; the third cohort inherits later.
create temp table s (round integer, cohort integer, id uuid) on commit drop;
create function pg_temp.send(p_round integer) returns void language plpgsql as $$
declare
  v_id uuid;
begin
  for g in 0 .. 1 loop
    insert into stimuli.stimuli_base (brand_id, stimulus_type, stimulus_name, content_data, target_cohort_id, template_id, generated_by)
    select w.brand, 'offer', format('Round %s to %s', p_round, g), '{}', md5('undo cohort' || g)::uuid, t.id, 'template'
    from w join stimuli.stimulus_templates t on t.brand_id = w.brand and t.template_key = case when p_round = 2 then 'loyalty_points' else 'free_shipping' end
    returning id into v_id;
    insert into stimuli.offers (stimulus_id, brand_id, offer_type, offer_description, valid_from, valid_until)
    select v_id, w.brand, 'free_shipping', 'd', w.at, w.at + interval '1 year' from w;
    perform stimuli.approve(w.brand, v_id, w.at) from w;
    perform stimuli.deploy(w.brand, v_id, w.at + p_round * interval '20 days', p_round) from w;
    insert into s values (p_round, g, v_id);
  end loop;
  insert into signals.signals_base (id, brand_id, signal_type, source_platform, source_id, occurred_at, received_at, raw_content, content_sha256, actor_id, confidence_in_matching, quality_score, processing_status)
  select md5('undo' || d.id)::uuid, d.brand_id, 'order', 'shop', d.id::text, d.deployed_at + interval '2 days', d.deployed_at + interval '2 days', '{}', sha256(d.id::text::bytea), d.actor_id, 0.9, 0.9, 'completed'
  from stimuli.stimulus_deployments d join s on s.id = d.stimulus_id
  where s.round = p_round and tests.uniform(format('%s %s', d.actor_id, p_round)) < case when d.is_holdout then 0.1 else 0.3 end;
  insert into signals.order_history (signal_id, brand_id, order_number, order_date, order_status, items, subtotal, total_amount)
  select md5('undo' || d.id)::uuid, d.brand_id, d.id, d.deployed_at + interval '2 days', 'confirmed', '[{"product_id": "p", "name": "P", "quantity": 1, "unit_price": 50}]', 50, 50
  from stimuli.stimulus_deployments d join s on s.id = d.stimulus_id
  where s.round = p_round and exists (select from signals.signals_base b where b.id = md5('undo' || d.id)::uuid);
end
$$;
create function pg_temp.close(p_round integer) returns integer language sql as $$
  select arms_updated from w, outcomes.learn(w.brand, w.at + p_round * interval '20 days' + interval '15 days')
$$;
-- All that is learnt; arms to nine digits, everything else to the bit.
create function pg_temp.state() returns text language sql as $$
  select concat_ws(E'\n',
    private.beliefs_hash(w.brand),
    (select string_agg(format('%s %s %s %s %s', a.cohort_id, t.template_key, round(a.alpha::numeric, 9), round(a.beta::numeric, 9), a.pulls), E'\n' order by a.cohort_id, t.template_key)
      from stimuli.arms a join stimuli.stimulus_templates t on t.id = a.template_id where a.brand_id = w.brand and a.alpha + a.beta > 10 + 1e-9),
    (select string_agg(format('%s %s %s', t.template_key, t.success_rate, t.avg_effectiveness), E'\n' order by t.template_key) from stimuli.stimulus_templates t where t.brand_id = w.brand),
    (select string_agg(format('%s %s %s %s %s', s.round, s.cohort, b.effectiveness_score, o.conversion_rate, o.redemption_value), E'\n' order by s.round, s.cohort)
      from s join stimuli.stimuli_base b on b.id = s.id join stimuli.offers o on o.stimulus_id = s.id),
    (select string_agg(format('%s %s %s %s %s', m.stimulus_id, m.metric_name, m.metric_value, m.baseline_value, m.sample_size), E'\n' order by m.stimulus_id, m.metric_name) from stimuli.stimulus_performance_metrics m where m.brand_id = w.brand),
    (select string_agg(format('%s %s %s', m.cohort_id, m.metric_name, m.metric_value), E'\n' order by m.cohort_id, m.metric_name, m.context_id) from cohorts.cohort_performance_metrics m where m.brand_id = w.brand),
    (select string_agg(format('%s %s %s', c.stimulus_id, c.outcome_type, c.total_outcomes), E'\n' order by c.stimulus_id, c.outcome_type) from outcomes.cohort_outcome_summary c where c.brand_id = w.brand))
  from w
$$;
create function pg_temp.step(p_round integer, p_cohort integer) returns uuid language sql as $$
  select l.id from s join outcomes.outcome_learning l on l.impact_scope_id = s.id where s.round = p_round and s.cohort = p_cohort order by l.is_active desc, l.version desc limit 1
$$;
create temp table told (name text primary key, what text) on commit drop;

select pg_temp.send(1), pg_temp.send(2), pg_temp.send(3);
-- What would be learnt if the first offer had been measured and never learnt from: learnt so, noted and undone.
insert into told (name) values ('without');
do $$
declare
  v_what text;
begin
  begin
    perform outcomes.measure(w.brand, w.at + interval '35 days') from w;
    update stimuli.stimulus_deployments d set learned_at = w.at + interval '35 days' from w, s where s.round = 1 and s.cohort = 0 and d.stimulus_id = s.id;
    perform pg_temp.close(1);
    perform pg_temp.close(2);
    perform pg_temp.close(3);
    v_what := pg_temp.state();
    raise exception 'undone';
  exception when raise_exception then null;
  end;
  update told set what = v_what where name = 'without';
end
$$;
select is(pg_temp.close(1), 2, 'two steps are learnt');
insert into told select 'one', pg_temp.state();
select ok((select count(*) = 2 and bool_and(l.prior ->> 'alpha' = '1' and (l.posterior ->> 'alpha')::float = 1 + (l.evidence ->> 'responses')::float
    and l.weight > 0 and l.weight < (l.evidence ->> 'pieces')::float and (l.expected_impact ->> 'upper')::int > (l.expected_impact ->> 'lower')::int)
  from outcomes.outcome_learning l, w where l.brand_id = w.brand), 'each is a row with prior, evidence, its weight, posterior and what it expects of the next window');
select is((select count(*)::int from stimuli.stimulus_deployments d join s on s.id = d.stimulus_id and s.round = 1 where d.learning_id is distinct from (select l.id from outcomes.outcome_learning l where l.impact_scope_id = d.stimulus_id)), 0, 'every deployment names the step that closed it');
select is((select count(*)::int from outcomes.outcome_feedback_loop f, w where f.brand_id = w.brand and f.source_learning_id is null), 0, 'and every feedback the step it came from');

select is(pg_temp.close(2), 2, 'the second round is learnt');
insert into told select 'two', pg_temp.state();
select is(pg_temp.close(3), 2, 'and the third');
insert into told select 'three', pg_temp.state();

select isnt((outcomes.undo_learning(w.brand, pg_temp.step(3, 0), 'fake orders', w.at + interval '80 days')).undone_at, null, 'a step is undone') from w;
select is((outcomes.undo_learning(w.brand, pg_temp.step(3, 1), 'fake orders', w.at + interval '80 days')).undo_reason, 'fake orders', 'and another, with its reason') from w;
select is(pg_temp.state(), what, 'undoing the latest steps restores the state before them') from told where name = 'two';
select is((outcomes.undo_learning(w.brand, l.id, 'again', w.at + interval '81 days')).undo_reason, 'fake orders', 'undoing again changes nothing') from w, outcomes.outcome_learning l where l.undone_at is not null and l.impact_scope_id = (select id from s where round = 3 and cohort = 0);
select is((select count(*)::int from outcomes.outcome_feedback_loop f join outcomes.outcome_learning l on l.id = f.source_learning_id where l.undone_at is not null and f.processing_status = 'applied'), 0, 'its feedback counts as rejected');
select is((select count(*)::int from public.oasis_events e, w where e.brand_id = w.brand and e.type = 'outcomes.learning_undone'), 2, 'each is told as one event');

select is((select count(*)::int from core.audit_log g, w where g.brand_id = w.brand and g.table_name = 'outcomes.outcome_learning'), 2, 'and stands in the audit log');

select isnt((outcomes.redo_learning(w.brand, l.id, 'they were real', w.at + interval '82 days')).id, l.id, 'what was undone is learnt again as a new version') from w, outcomes.outcome_learning l where l.undone_at is not null order by l.id;
select is(pg_temp.state(), what, 'which restores what was learnt') from told where name = 'three';
select is((outcomes.redo_learning(w.brand, pg_temp.step(3, 0), null, w.at + interval '83 days')).id, pg_temp.step(3, 0), 'learning it again once more changes nothing') from w;
select throws_ok(format('select outcomes.redo_learning(%L, %L)', w.brand, pg_temp.step(1, 0)), 'PT409', null, 'what was never undone is not learnt again') from w;

select isnt((outcomes.undo_learning(w.brand, pg_temp.step(1, 0), 'old mistake', w.at + interval '84 days')).undone_at, null, 'an older step is undone') from w;
select is(pg_temp.state(), what, 'and what was learnt after it is as if it had never been learnt') from told where name = 'without';
select results_eq($$select outcomes_learned, beliefs_moved, arms_updated from w, outcomes.learn(brand, at + interval '85 days')$$, $$values (0, 0, 0)$$, 'the next call learns none of it again');
select isnt((outcomes.redo_learning(w.brand, pg_temp.step(1, 0), null, w.at + interval '86 days')).id, null, 'it is learnt again') from w;
select is(pg_temp.state(), what, 'and everything is as it was') from told where name = 'three';

-- Cohorts change: the first merges into the third, its arms go with its people.
insert into cohorts.cohort_evolution_log (brand_id, cohort_id, event_type, event_timestamp, event_description, after_state)
select brand, md5('undo cohort0')::uuid, 'merged', at + interval '90 days', 'merged', jsonb_build_object('heirs', jsonb_build_array(jsonb_build_object('cohort_id', md5('undo cohort2'), 'share', 1))) from w;
create temp table heir on commit drop as select a.alpha, a.beta from stimuli.arms a join stimuli.stimulus_templates t on t.id = a.template_id where a.cohort_id = md5('undo cohort2')::uuid and t.template_key = 'free_shipping';
select isnt((outcomes.undo_learning(w.brand, pg_temp.step(1, 0), null, w.at + interval '91 days')).undone_at, null, 'a step about a cohort that ended is undone') from w;
select ok(abs(h.alpha - a.alpha - (r.responses * 2 ^ (-(90 - 35) / 90.0))) < 1e-9 and abs(h.beta - a.beta - ((r.pulls - r.responses) * 2 ^ (-(90 - 35) / 90.0))) < 1e-9, 'its heir loses what is left of it')
from heir h, stimuli.arms a join stimuli.stimulus_templates t on t.id = a.template_id,
  lateral (select r.* from outcomes.arm_rewards r where r.learning_id = pg_temp.step(1, 0)) r
where a.cohort_id = md5('undo cohort2')::uuid and t.template_key = 'free_shipping';

-- What nobody learnt through outcomes.learn is in no step and stays.
select private.record_reward(w.brand, md5('undo cohort1')::uuid, t.id, 1, 5, w.at + interval '92 days', 5) from w join stimuli.stimulus_templates t on t.brand_id = w.brand and t.template_key = 'loyalty_points';
select isnt((outcomes.undo_learning(w.brand, pg_temp.step(2, 1), null, w.at + interval '93 days')).undone_at, null, 'a step is undone whose arm was rewarded by hand') from w;
select ok(abs(a.alpha - 6) < 1e-9 and abs(a.beta - 9) < 1e-9 and a.pulls = 5, 'the reward by hand stays') from stimuli.arms a join stimuli.stimulus_templates t on t.id = a.template_id where a.cohort_id = md5('undo cohort1')::uuid and t.template_key = 'loyalty_points';

create temp table tried on commit drop as select format('select outcomes.undo_learning(%L, %L)', w.brand, pg_temp.step(1, 1)) as statement from w;
grant select on tried to authenticated;
select tests.authenticate_as(staff) from w;
select throws_ok(statement, '42501', null, 'an operator undoes nothing') from tried;
select tests.clear_authentication();
select throws_ok(format('select outcomes.undo_learning(%L, %L)', tests.create_brand(tests.create_user('x@undo.test')), pg_temp.step(1, 1)), 'PT404', null, 'nor another brand');
select * from finish();
rollback;
