begin;
select plan(11);

create temp table t on commit drop as
select b.owner, b.staff, b.stranger, tests.create_brand(b.owner) as brand, tests.create_brand(b.stranger, 'Other') as other
from (select tests.create_user('owner@similar.test') as owner, tests.create_user('staff@similar.test') as staff, tests.create_user('stranger@similar.test') as stranger) b;
grant select on t to anon, authenticated;
select tests.add_member(brand, staff, 'support') from t;
select tests.plant_groups(brand, 300, 3, 1), tests.plant_groups(other, 300, 3, 1) from t;
create temp table someone on commit drop as
select a.id, a.identifiers ->> 'group' as own_group from t join actors.actors a on a.brand_id = t.brand and a.primary_identifier = 'c-1-7';
grant select on someone to anon, authenticated;

select tests.authenticate_as(staff) from t;
create temp table found on commit drop as
select s.*, a.identifiers ->> 'group' as their_group, a.brand_id from someone, actors.similar(someone.id, 20) s join actors.actors a on a.id = s.actor_id;
select is((select count(*)::int from found), 20, 'as many people as were asked for');
select cmp_ok((select count(*)::int from found join someone on their_group = own_group), '>=', 18, 'nearly all of them with the same hidden taste');
select is((select count(*)::int from found, t where found.brand_id <> t.brand), 0, 'none of another brand, though it has the same people');
select is((select count(*)::int from found join someone on found.actor_id = someone.id), 0, 'and not the person');
select results_eq($$select actor_id from actors.similar((select id from someone), 20)$$, $$select actor_id from found order by distance, actor_id$$, 'the nearest first');
select is((select round(f.distance::numeric, 5) from found f order by f.distance, f.actor_id limit 1),
  (select round(min(v.vector_data operator(extensions.<->) o.vector_data)::numeric, 5) from someone
   join actors.actor_belief_vectors o on o.actor_id = someone.id and o.is_current
   join actors.actor_belief_vectors v on v.brand_id = o.brand_id and v.actor_id <> o.actor_id and v.is_current), 'at the distance of their vectors');
select ok((select bool_or('buys c2' = any (shared_traits)) and max(cardinality(shared_traits)) <= 3 from found), 'with what both are above the mean in');
select throws_ok($$select actors.similar((select id from someone), 0)$$, 'PT400', null, 'a limit out of range is refused');

select tests.authenticate_as(stranger) from t;
select throws_ok($$select actors.similar((select id from someone))$$, 'PT404', null, 'a stranger finds nobody');
select tests.as_anon();
select throws_ok($$select actors.similar((select id from someone))$$, '42501', null, 'nor does the public');
select tests.clear_authentication();
update actors.actor_belief_vectors v set is_current = false from someone where v.actor_id = someone.id;
select tests.authenticate_as(staff) from t;
select is_empty($$select from someone, actors.similar(someone.id)$$, 'who has no vector yet is like nobody');

select * from finish();
rollback;
