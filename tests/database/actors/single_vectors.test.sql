begin;
select plan(10);

create temp table t on commit drop as
select b.owner, tests.create_brand(b.owner) as brand, '2026-05-01T12:00:00Z'::timestamptz as now
from (select tests.create_user('vectors@actors.test') as owner) b;

-- Twelve people who differ in taste, amount, frequency, hour and way to order; only some send messages.
create function pg_temp.orders(p_people integer[], p_category text[], p_from timestamptz, p_batch text) returns jsonb language sql as $$
  select jsonb_agg(s) from (
    select jsonb_build_object('type', 'order', 'source_platform', 'shop', 'source_id', format('%s-%s-%s', p_batch, p, o), 'identifiers', jsonb_build_object('customer_id', 'P' || p),
      'occurred_at', p_from + o * (3 + p) * interval '1 day' + p * interval '100 minutes',
      'data', jsonb_build_object('order_status', 'delivered', 'order_method', (array['online', 'phone', 'in_store'])[1 + p % 3], 'subtotal', 10 * p, 'total_amount', 10 * p,
        'items', jsonb_build_array(jsonb_build_object('product_id', 'x', 'name', 'x', 'quantity', 1, 'unit_price', 10 * p,
          'category', p_category[1 + (p + case when o % 4 = 0 then 1 else 0 end) % cardinality(p_category)])))) as s
    from unnest(p_people) p, generate_series(1, 6) o
    union all
    select jsonb_build_object('type', 'email_interaction', 'source_platform', 'shop', 'source_id', format('m%s-%s', p_batch, p), 'identifiers', jsonb_build_object('customer_id', 'P' || p),
      'occurred_at', p_from + p * interval '1 hour', 'data', jsonb_build_object('email_type', case when p = 2 then 'opened' else 'sent' end, 'recipient_email', format('p%s@example.com', p)))
    from unnest(p_people) p where p <= 4
  ) x
$$;
create temp view vectors as
select a.primary_identifier as who, v.actor_id, v.vector_data, v.vector_quality, v.completeness_score, v.source_attributes, v.source_weights
from t join actors.actor_belief_vectors v on v.brand_id = t.brand and v.is_current join actors.actors a on a.id = v.actor_id;
create temp view due as select a.primary_identifier as who, d.is_stale from t join private.vectors_due d on d.brand_id = t.brand join actors.actors a on a.id = d.actor_id;

select signals.ingest(t.brand, pg_temp.orders(array(select generate_series(1, 12)), '{tea, wine, bread}', '2026-01-05', 'a'), null, t.now) from t;
select actors.process_signals(t.brand, 1000, t.now) from t;
select results_eq('select count(*), bool_and(is_stale) from due', $$values (12::bigint, true)$$, 'whose beliefs changed is noted');
select actors.refresh_vectors(t.brand, t.now) from t;
select results_eq('select count(*) from due', $$values (12::bigint)$$, 'and stays noted, for those who place people');

create temp table whole on commit drop as select * from vectors;
-- The vector that is made anew must not lean on the one that is there, nor on the other people.
update actors.actor_belief_vectors v set vector_data = array_fill(0::real, array[32])::extensions.vector, vector_quality = 0 from t where v.brand_id = t.brand and v.is_current;
select private.refresh_vectors_of(t.brand, array(select w.actor_id from whole w where w.who in ('P2', 'P3', 'P11')), t.now) from t;
select is_empty($$select who from vectors v join whole w using (who, actor_id)
  where who in ('P2', 'P3', 'P11') and (v.vector_data operator(extensions.<>) w.vector_data or abs(v.vector_quality - w.vector_quality) > 1e-12 or v.completeness_score <> w.completeness_score
    or (v.source_attributes, v.source_weights) <> (w.source_attributes, w.source_weights))$$,
  'the vectors of some people are, to the last digit, those that the refresh of all gave them');
select is((select count(*) from vectors where extensions.vector_norm(vector_data) > 0), 3::bigint, 'and nobody else is touched');
select cmp_ok((select count(distinct c.component_name) from t join actors.belief_vector_components c on c.brand_id = t.brand where c.pooled_shares <> '{}'), '>=', 8::bigint,
  'because the shares of the brand are kept with the components');

-- New evidence about one of them.
select private.refresh_vectors_of(t.brand, array(select w.actor_id from whole w), t.now) from t;
select signals.ingest(t.brand, pg_temp.orders('{3}', '{wine}', '2026-04-01', 'b'), null, t.now) from t;
delete from private.vectors_due;
select actors.process_signals(t.brand, 1000, t.now) from t;
select results_eq('select who, is_stale from due', $$values ('P3', true)$$, 'only who has new evidence is noted');
select private.refresh_vectors_of(t.brand, array(select w.actor_id from whole w where w.who = 'P3'), t.now) from t;
select is((select array_agg(w.who) from vectors v join whole w using (who) where v.vector_data operator(extensions.<>) w.vector_data), '{P3}', 'and has another vector');
select is((select sign((v.vector_data::real[])[c.position] - (w.vector_data::real[])[c.position]) from t
  join actors.belief_vector_components c on c.brand_id = t.brand and c.component_name = 'preference.category.wine', vectors v join whole w using (who) where who = 'P3'),
  1::double precision, 'which shows what was bought');

-- Who has gone has none.
update actors.actors a set is_active = false from whole w where a.id = w.actor_id and w.who = 'P3';
select private.refresh_vectors_of(t.brand, array(select w.actor_id from whole w where w.who in ('P3', 'P4')), t.now) from t;
select is((select array_agg(who order by who) from vectors where who in ('P3', 'P4')), '{P4}', 'somebody who is not active has no current vector');
select ok(private.lock_vectors(t.brand, true), 'single vectors are made side by side') from t;

select * from finish();
rollback;
