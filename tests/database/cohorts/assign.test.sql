begin;
select plan(24);

update core.system_parameters set parameter_value = '2' where parameter_key = 'cohorts.max_k';
create temp table t on commit drop as
select b.owner, b.staff, b.stranger, tests.create_brand(b.owner, 'Shop') as brand, tests.create_brand(b.stranger, 'Strange') as other
from (select tests.create_user('owner@example.com') as owner, tests.create_user('staff@example.com') as staff, tests.create_user('stranger@example.com') as stranger) b;
select tests.add_member(brand, staff, 'support') from t;
grant select on t to authenticated;

-- Sixty who drink tea and sixty who drink wine.
create function pg_temp.orders(p_people integer[], p_category text, p_from timestamptz, p_batch text) returns jsonb language sql as $$
  select jsonb_agg(jsonb_build_object('type', 'order', 'source_platform', 'shop', 'source_id', format('%s-%s-%s', p_batch, p, o), 'identifiers', jsonb_build_object('customer_id', 'P' || p),
    'occurred_at', p_from + o * 4 * interval '1 day' + p % 60 * interval '17 minutes',
    'data', jsonb_build_object('order_status', 'delivered', 'order_method', case when p_category = 'tea' then 'online' else 'in_store' end, 'subtotal', 20 + p % 7, 'total_amount', 20 + p % 7,
      'items', jsonb_build_array(jsonb_build_object('product_id', p_category, 'name', p_category, 'quantity', 1, 'unit_price', 20, 'category', p_category)))))
  from unnest(p_people) p, generate_series(1, 6) o
$$;
select count(*) from t, signals.ingest(t.brand, pg_temp.orders(array(select generate_series(1, 60)), 'tea', '2026-01-05', 'a'), null, '2026-03-01');
select count(*) from t, signals.ingest(t.brand, pg_temp.orders(array(select generate_series(61, 120)), 'wine', '2026-01-05', 'a'), null, '2026-03-01');
select count(*) from t, actors.process_signals(t.brand, 1000, '2026-03-01');
select is((select cohorts.assign(brand) from t), 0, 'before the first run nobody is placed');
select is((select count(*) from private.vectors_due), 120::bigint, 'and all wait');
select actors.refresh_vectors(brand, '2026-03-01') from t;
select cohorts.discover(brand, 'kmeans', p_now => '2026-03-01') from t;
create temp view m as
select m.*, a.primary_identifier as who from t join cohorts.actor_cohort_membership m on m.brand_id = t.brand join actors.actors a on a.id = m.actor_id;
create temp table home on commit drop as select (select cohort_id from m where who = 'P1' and membership_type = 'primary' and is_active) as tea, (select cohort_id from m where who = 'P61' and membership_type = 'primary' and is_active) as wine;
create temp view lives as select m.who, h.word from m cross join home, lateral (values (home.tea, 'tea'), (home.wine, 'wine')) h (id, word) where h.id = m.cohort_id and m.is_active and m.membership_type = 'primary';
grant select on m, home to authenticated;
select results_eq('select word, count(*) from lives group by 1 order by 1', $$values ('tea', 60::bigint), ('wine', 60)$$, 'a run finds both groups');
select is((select count(*) from private.vectors_due), 0::bigint, 'nobody whom it has placed waits any more');

-- Somebody new, and somebody who takes to wine.
select count(*) from t, signals.ingest(t.brand, pg_temp.orders('{901}', 'wine', '2026-01-07', 'n'), null, '2026-03-02');
select count(*) from t, signals.ingest(t.brand, pg_temp.orders('{7}', 'wine', '2026-02-01', 'w1') || pg_temp.orders('{7}', 'wine', '2026-02-03', 'w2')
  || pg_temp.orders('{7}', 'wine', '2026-02-02', 'w3') || pg_temp.orders('{7}', 'wine', '2026-02-04', 'w4'), null, '2026-03-02');
select count(*) from t, actors.process_signals(t.brand, 1000, '2026-03-02');
select is((select count(*) from private.vectors_due where is_stale), 2::bigint, 'whoever has new evidence waits to be placed');
select tests.authenticate_as(owner) from t;
select results_eq($$select a.membership_type::text, a.cohort_id from t, home, actors.find(t.brand, 'P901') f, cohorts.assign_actor(t.brand, f.id, '2026-03-02') a where a.membership_type = 'primary'$$,
  $$select 'primary', wine from home$$, 'somebody new is placed at once, without a refresh of the others');
select is((select distinct a.assigned_at::date from t, actors.find(t.brand, 'P901') f, cohorts.assign_actor(t.brand, f.id, '2026-03-03') a), '2026-03-02'::date, 'and a second time nothing changes');
select is((select cohorts.assign(brand, 100, '2026-03-02') from t), 1, 'the batch places the other');
select tests.clear_authentication();
select is((select word from lives where who = 'P7'), 'wine', 'whoever has changed moves');
select is((select (is_active, removed_at::date, removal_reason)::text from m join home on home.tea = m.cohort_id where who = 'P7'), '(f,2026-03-02,"moved to another cohort")', 'and leaves the cohort that he was in');
select set_eq($$select e.event_type::text, e.affected_actor_count, c.word from cohorts.cohort_evolution_log e, home, lateral (values (home.tea, 'tea'), (home.wine, 'wine')) c (id, word)
  where c.id = e.cohort_id and e.event_timestamp >= '2026-03-02'$$,
  $$values ('member_added', 1, 'wine'), ('member_removed', 1, 'tea'), ('member_added', 1, 'wine')$$, 'each move between runs is told, batch by batch');
select is((select array_agg(l.member_count order by l.member_count) from t, cohorts.list(t.brand) l), '{59,62}', 'and counted');
select is((select count(*) from private.vectors_due), 0::bigint, 'then nobody waits');

-- Hysteresis: somebody who stands just over the border stays where he was.
create function pg_temp.stand(p_who text, p_share double precision) returns void language sql as $$
  update actors.actor_belief_vectors v
  set vector_data = (select array_agg((a.x * (1 - p_share) + b.x * p_share)::real order by a.i)::extensions.vector
    from home, cohorts.cohorts y, cohorts.cohorts z, unnest(y.centroid_vector::real[]) with ordinality a (x, i), unnest(z.centroid_vector::real[]) with ordinality b (x, i)
    where y.id = home.tea and z.id = home.wine and a.i = b.i)
  from actors.actors p where p.id = v.actor_id and p.primary_identifier = p_who and v.is_current
$$;
-- The share at which both are equally likely, by halving.
create function pg_temp.border(p_posterior double precision) returns double precision language plpgsql as $$
declare v_low double precision := 0; v_high double precision := 1; v_p double precision;
begin
  for i in 1..50 loop
    perform pg_temp.stand('P8', (v_low + v_high) / 2);
    select p.posteriors[array_position(r.cohort_ids, home.wine)] into v_p
    from t, home, private.placing_run(t.brand) r, actors.actors a,
      private.mixture_posteriors(r.id, array(select q from private.vectors_in_scale(r, array[a.id]) q)) p
    where a.brand_id = t.brand and a.primary_identifier = 'P8';
    if v_p > p_posterior then v_high := (v_low + v_high) / 2; else v_low := (v_low + v_high) / 2; end if;
  end loop;
  return v_low;
end
$$;
create function pg_temp.placed(p_posterior double precision) returns text language plpgsql as $$
declare v_word text;
begin
  perform pg_temp.stand('P8', pg_temp.border(p_posterior));
  perform cohorts.assign_actor(t.brand, a.id, '2026-03-05') from t join actors.actors a on a.brand_id = t.brand and a.primary_identifier = 'P8';
  select word into v_word from lives where who = 'P8';
  return v_word;
end
$$;
select results_eq($$select p, pg_temp.placed(p) from unnest('{0.54, 0.56, 0.46, 0.44}'::double precision[]) p$$,
  $$values (0.54::double precision, 'tea'), (0.56, 'wine'), (0.46, 'wine'), (0.44, 'tea')$$,
  'somebody at the border moves when the other cohort is likelier by cohorts.move_margin, and not before');
select is((select array_agg(membership_type::text order by membership_confidence desc) from m where who = 'P8' and is_active), '{primary,secondary}', 'he is in both, as long as it is not clear');

-- Somebody who goes.
update actors.actors a set is_active = false from t where a.brand_id = t.brand and a.primary_identifier = 'P9';
insert into private.vectors_due (brand_id, actor_id, is_stale) select t.brand, a.id, true from t join actors.actors a on a.brand_id = t.brand and a.primary_identifier = 'P9';
select cohorts.assign(brand, 100, '2026-03-06') from t;
select is((select array_agg(distinct removal_reason) from m where who = 'P9' and not is_active), '{"no longer an active person with beliefs"}', 'somebody who is no longer active leaves');
select is((select count(*) from m where who = 'P9' and is_active), 0::bigint, 'every cohort');

-- While a run is under way, the queue waits for it.
select is((select (cohorts.request_run(brand)).joined from t), false, 'a run begins');
select count(*) from t, signals.ingest(t.brand, pg_temp.orders('{902}', 'tea', '2026-01-07', 'n'), null, '2026-03-07');
select count(*) from t, actors.process_signals(t.brand, 1000, '2026-03-07');
select is((select cohorts.assign(brand, 100, '2026-03-07') from t), 0, 'during a run nobody is placed by the one before');
select is((select count(*) from private.vectors_due where is_stale), 1::bigint, 'but waits');
update cohorts.clustering_runs set status = 'cancelled' from t where brand_id = brand and status = 'running';
select private.job_cohorts_assign(p_now => '2026-03-07');
select is((select word from lives where who = 'P902'), 'tea', 'the job places whoever waits');

-- Who may.
create temp table p1 on commit drop as select a.id from t join actors.actors a on a.brand_id = t.brand and a.primary_identifier = 'P1';
grant select on p1 to authenticated;
select tests.authenticate_as(staff) from t;
select throws_ok($$select cohorts.assign_actor(t.brand, p1.id) from t, p1$$, '42501', null, 'support staff does not place people');
select tests.authenticate_as(stranger) from t;
select throws_ok($$select cohorts.assign_actor(t.brand, p1.id) from t, p1$$, '42501', null, 'nor does another brand');
select throws_ok($$select cohorts.assign_actor(t.other, p1.id) from t, p1$$, 'PT404', null, 'for which the person does not exist');

select * from finish();
rollback;
