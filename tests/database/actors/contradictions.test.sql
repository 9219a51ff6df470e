begin;
select plan(14);

create temp table t on commit drop as
select tests.create_brand(b.owner) as brand, tests.create_brand(b.owner, 'Two') as brand_2, tests.create_brand(b.owner, 'Three') as brand_3, '2026-05-01T12:00:00Z'::timestamptz as now
from (select tests.create_user('contradictions@actors.test') as owner) b;

select tests.plant_tastes(x.brand, x.seed, 600, 0.25, t.now) from t, lateral (values (brand, 0.12), (brand_2, 0.47), (brand_3, 0.91)) x (brand, seed);
create temp table scored on commit drop as select s.* from t, unnest(array[brand, brand_2, brand_3]) x, tests.score_tastes(x) s;
select is(sum(planted)::integer, 450, 'one in four of 1,800 people contradict themselves') from scored;
select ok(sum(right_found) >= 0.95 * sum(found), 'precision is at least 0.95: ' || round(sum(right_found)::numeric / sum(found), 3)) from scored;
select ok(sum(right_found) >= 0.90 * sum(planted), 'recall is at least 0.90: ' || round(sum(right_found)::numeric / sum(planted), 3)) from scored;
create temp view k as select k.*, a.name from actors.actor_contradictions k join actors.actors a on a.id = k.actor_id, t where k.brand_id = t.brand and k.is_current;
select is_empty($$select 1 from k where name = 'contradicts' and category <> 'c2'$$, 'it is about what was named');
select is_empty($$select 1 from k where not (select array_agg(distinct p.is_stated) = '{f,t}' from t, private.actors_posteriors(t.brand, array[k.actor_id], t.now) p where p.attribute = k.attribute)$$, 'both beliefs are kept');

-- The question worth asking.
select ok(private.entropy_bits('{0.5,0.5}') = 1 and abs(private.entropy_bits('{0.25,0.25,0.25,0.25}') - 2) < 1e-12 and private.entropy_bits('{1,0}') = 0, 'entropy is in bits');
select is_empty($$select 1 from k where (expected_information_gain is null or expected_information_gain not between 0 and 1.6) and not is_resolved$$, 'every open contradiction has a question with its expected gain in bits');
-- By hand: tea is said, wine done, strength 0.8: favourite tea 0.26, wine 0.74. Yes/no about either gains
-- H(0.332) - H(0.85) = 0.307 bits, the choice H(0.2765 0.6485 0.075) - H(0.85 0.075 0.075) = 0.4385.
create temp table asked on commit drop as
select q.* from private.best_questions(array[
  row('00000000-0000-4000-8000-000000000001', 'preference.category', 'tea', 0.9, 0.5, null, 0.1, 0.5, null, 10, 3, ln(4.0::float8)),
  row('00000000-0000-4000-8000-000000000001', 'preference.category', 'wine', 0.1, 0.5, null, 0.9, 0.5, null, 10, 3, null)]::private.compared_share[], 1.0, 0.85) q;
select is((select asked from asked), '{tea,wine}', 'the choice between what is said and what is done tells most');
select ok((select abs(information_gain - 0.4385) < 0.0005 from asked), 'and its gain is the entropy of the answer less that of an answer known: ' || (select round(information_gain::numeric, 3) from asked));
-- Of several rivals the likeliest is asked about.
select is((select q.asked from private.best_questions(array[
  row('00000000-0000-4000-8000-000000000001', 'preference.category', 'tea', 0.7, 0.5, null, 0.1, 0.5, null, 10, 3, ln(4.0::float8)),
  row('00000000-0000-4000-8000-000000000001', 'preference.category', 'salt', 0.1, 0.5, null, 0.25, 0.5, null, 10, 3, null),
  row('00000000-0000-4000-8000-000000000001', 'preference.category', 'soap', 0.1, 0.5, null, 0.05, 0.5, null, 10, 3, null),
  row('00000000-0000-4000-8000-000000000001', 'preference.category', 'wine', 0.1, 0.5, null, 0.6, 0.5, null, 10, 3, null)]::private.compared_share[], 1.0, 0.85) q), '{tea,wine}', 'of several rivals the likeliest is asked about');

-- They agree again: sixty of what was named.
create temp table one on commit drop as select k.actor_id, k.id, t.brand, t.now from k, t where name = 'contradicts' and not is_resolved order by k.actor_id limit 1;
with added as (
  insert into actors.evidence (brand_id, actor_id, attribute, distribution, category, value, weight, occurred_at, source_kind, source_id)
  select brand, actor_id, 'preference.category', 'dirichlet', 'c2', 1, 1, now - i * interval '1 hour', 'signal', gen_random_uuid() from one, generate_series(1, 120) i returning id
)
select array_agg(id) as ids into temp added_ids from added;
select private.fold_evidence(one.brand, a.ids, one.now) from one, added_ids a;
select private.actors_write_beliefs(one.brand, array[one.actor_id], one.now) from one;
select is((select (k.is_resolved, k.resolution_date is not null, k.log_bayes_factor < 0) from k, one where k.id = one.id), (true, true, true), 'a contradiction is resolved when what is done agrees again');
select is((select count(*)::int from actors.actor_contradictions c, one where c.actor_id = one.actor_id and c.category = 'c2'), 2, 'and the open one is kept as a version');

-- Who said tea once: every wine more makes it less true, though of tea nothing new is known.
insert into actors.actors (id, brand_id, primary_identifier, primary_identifier_type, first_seen_at, last_seen_at)
select '00000000-0000-4000-8000-0000000000e1', brand, 'says-tea', 'customer_id', now, now from t;
create function pg_temp.wines(p_from integer, p_to integer) returns double precision language plpgsql as $$
declare
  v_brand constant uuid := (select brand from t);
  v_ids uuid[];
begin
  with added as (
    insert into actors.evidence (brand_id, actor_id, attribute, distribution, category, value, is_stated, weight, occurred_at, source_kind, source_id)
    select v_brand, '00000000-0000-4000-8000-0000000000e1'::uuid, 'preference.category', 'dirichlet'::actors.distribution, 'tea', 3, true, 1, t.now - interval '40 days', 'signal'::actors.evidence_source, gen_random_uuid() from t where p_from = 1
    union all
    select v_brand, '00000000-0000-4000-8000-0000000000e1', 'preference.category', 'dirichlet', 'wine', 1, false, 1, t.now - (31 - i) * interval '1 day', 'signal', gen_random_uuid() from t, generate_series(p_from, p_to) i
    returning id)
  select array_agg(id) into v_ids from added;
  perform private.fold_evidence(v_brand, v_ids, (select now from t));
  perform private.actors_write_beliefs(v_brand, '{00000000-0000-4000-8000-0000000000e1}', (select now from t));
  return (select c.log_bayes_factor from actors.actor_contradictions c where c.actor_id = '00000000-0000-4000-8000-0000000000e1' and c.is_current and c.category = 'tea');
end
$$;
create temp table wines on commit drop as select pg_temp.wines(1, 12) as twelve;
select ok(twelve > 1.6, 'twelve wines contradict it') from wines;
select ok(pg_temp.wines(13, 30) > twelve + 1, 'thirty contradict it more') from wines;

select * from finish();
rollback;
