begin;
select plan(18);

create temp table t on commit drop as
select b.owner, b.operator, tests.create_brand(b.owner) as brand, tests.create_brand(b.owner, 'Other') as other, '2026-05-01T12:00:00Z'::timestamptz as now
from (select tests.create_user('vectors@actors.test') as owner, tests.create_user('operator-of-vectors@actors.test') as operator) b;
select tests.add_member(brand, operator, 'operator') from t;
grant select on t to authenticated;

-- Twelve people who differ in taste, amount, frequency, hour and way to order; only some send messages.
create function pg_temp.signals() returns jsonb language sql as $$
  select jsonb_agg(s) from (
    select jsonb_build_object('type', 'order', 'source_platform', 'shop', 'source_id', format('o%s-%s', p, o), 'identifiers', jsonb_build_object('customer_id', 'P' || p),
      'occurred_at', '2026-01-05T00:00:00Z'::timestamptz + o * (3 + p) * interval '1 day' + p * interval '100 minutes',
      'data', jsonb_build_object('order_status', 'delivered', 'order_method', (array['online', 'phone', 'in_store'])[1 + p % 3], 'subtotal', 10 * p, 'total_amount', 10 * p,
        'items', jsonb_build_array(jsonb_build_object('product_id', 'x', 'name', 'x', 'quantity', 1, 'unit_price', 10 * p,
          'category', (array['tea', 'wine', 'bread'])[1 + (p + case when o % 4 = 0 then 1 else 0 end) % 3])))) as s
    from generate_series(1, 12) p, generate_series(1, 6) o
    union all
    select jsonb_build_object('type', 'email_interaction', 'source_platform', 'shop', 'source_id', format('m%s', p), 'identifiers', jsonb_build_object('customer_id', 'P' || p),
      'occurred_at', '2026-04-05T00:00:00Z'::timestamptz + p * interval '1 hour', 'data', jsonb_build_object('email_type', case when p = 2 then 'opened' else 'sent' end, 'recipient_email', format('p%s@example.com', p)))
    from generate_series(1, 4) p
  ) x
$$;
select signals.ingest(t.brand, pg_temp.signals(), null, t.now) from t;
select actors.process_signals(t.brand, 1000, t.now) from t;
select is(actors.refresh_vectors(t.brand, t.now), 12, 'everybody has a vector') from t;

create temp view vectors as
select v.actor_id, v.vector_data, v.completeness_score, v.vector_quality, a.primary_identifier
from t join actors.actor_belief_vectors v on v.brand_id = t.brand and v.vector_name = 'belief' and v.is_current
join actors.actors a on a.id = v.actor_id;
create temp view components as
select v.actor_id, v.primary_identifier, p.position, p.value::double precision as value
from vectors v cross join lateral unnest(v.vector_data::real[]) with ordinality p (value, position);
create temp view used as
select c.* from t join actors.belief_vector_components c on c.brand_id = t.brand where c.standard_deviation > 0;

select is((select (count(*), count(distinct actor_id), min(extensions.vector_dims(vector_data)), max(extensions.vector_dims(vector_data))) from vectors), (12::bigint, 12::bigint, 32, 32), 'one current vector each, of 32 numbers');
select set_has('select component_name from used', $$values ('preference.category.tea'), ('behavior.purchase_rate'), ('behavior.order_value'), ('behavior.order_method.phone'), ('communication.hour.sine')$$,
  'tastes, rates, amounts, ways and hours are in it');
select is_empty($$select position, avg(value) from components group by 1 having abs(avg(value)) > 1e-5$$, 'every component has mean 0');
select is_empty($$select c.position, stddev_pop(c.value) from components c join used u using (position) where u.component_name !~ 'email|channel' group by 1 having abs(stddev_pop(c.value) - 1) > 1e-4$$,
  'and standard deviation 1 where everybody has it');
select is_empty($$select position from components where position not in (select position from used) and value <> 0$$, 'unused components are 0');
select isnt_empty($$select i from generate_series(1, 32) i where i not in (select position from used)$$, 'of which there are some');
select is((select count(*)::int from components c join used u using (position) where u.component_name = 'communication.email_open' and c.value <> 0), 4, 'who was sent no e-mail is 0 there, the mean of the others');
select results_eq($$select c.primary_identifier from components c join used u using (position) where u.component_name = 'behavior.order_value' order by c.value$$,
  $$select 'P' || p from generate_series(1, 12) p$$, 'who spends more has more in that component');
select is((select round(exp(u.mean_value + c.value * u.standard_deviation)::numeric, 2) from components c join used u using (position) where u.component_name = 'behavior.order_value' and c.primary_identifier = 'P7'),
  (select round(p.mean::numeric, 2) from t, actors.find(t.brand, 'P7') a, private.actors_posteriors(t.brand, array[a.id], t.now) p where p.attribute = 'behavior.order_value'),
  'mean and deviation give the belief back');
select is((select label from used where component_name = 'preference.category.tea'), 'buys tea', 'components have words for a shopkeeper');
select ok(bool_and(completeness_score between 0 and 1 and vector_quality between 0 and 1) and max(completeness_score) > min(completeness_score), 'who is known in more components is more complete') from vectors;

create temp table before on commit drop as select component_name, position from used;
create temp table first_vectors on commit drop as select actor_id, vector_data from vectors;
select is(actors.refresh_vectors(t.brand, t.now), 12, 'a second refresh writes the same people') from t;
select results_eq('select component_name, position from used order by 2', 'select component_name, position from before order by 2', 'and no component moves');
select is((select count(*)::int from vectors join first_vectors f using (actor_id) where vectors.vector_data operator(extensions.<->) f.vector_data < 1e-5), 12, 'nor anybody');

update actors.actors a set is_active = false from t where a.brand_id = t.brand and a.primary_identifier = 'P12';
select actors.refresh_vectors(t.brand, t.now + interval '1 day') from t;
select is_empty($$select from vectors where primary_identifier = 'P12'$$, 'who is not active any more has no current vector');
select is((select count(*)::int from vectors), 11, 'all others have');
select tests.authenticate_as(operator) from t;
select throws_ok($$select actors.refresh_vectors((select brand from t))$$, '42501', null, 'an operator may not refresh vectors');

select * from finish();
rollback;
