begin;
select plan(23);

create temp table t on commit drop as
select b.owner, b.staff, b.stranger, tests.create_brand(b.owner) as brand, tests.create_brand(b.stranger) as other
from (select tests.create_user('owner@example.com') as owner, tests.create_user('staff@example.com') as staff, tests.create_user('stranger@example.com') as stranger) b;
select tests.add_member(brand, staff, 'support') from t;
insert into cohorts.cohorts (brand_id, cohort_type, discovery_algorithm, member_count, stability_score, first_formed_at)
select brand, 'mixed', 'test', 40, 0.8, '2026-01-01'::timestamptz + i * interval '1 hour' from t, generate_series(1, 3) i;
create temp table c on commit drop as select id, row_number() over (order by first_formed_at) as place from cohorts.cohorts;
grant select on t, c to authenticated;

-- A run up to its naming: 40 people in each of three cohorts, who differ from the mean of the shop as p_shift says.
create function pg_temp.run(p_shift jsonb, p_at timestamptz) returns void language plpgsql as $$
declare
  v_run cohorts.clustering_runs;
begin
  perform setseed(0.5);
  insert into cohorts.clustering_runs (brand_id, algorithm_name, function_name, seed, parameters, input_actor_count, input_vector_type, input_vector_dimensions,
    started_at, status, cohort_ids, feature_scaling)
  select brand, 'kmeans', 'cohorts.discover', 1, '{"min_effect": 0.2, "max_false_discovery_rate": 0.05, "max_characteristics": 8}', 120, 'combined', 5, p_at, 'completed',
    (select array_agg(c.id order by c.place) from c),
    (select jsonb_agg(jsonb_build_object('position', j, 'component', f.component, 'label', private.actors_component_label(f.component), 'mean', f.mean, 'standard_deviation', f.sd) order by j)
     from (values (1, 'behavior.purchase_rate', ln(1 / 30.0), 0.8), (2, 'behavior.order_value', ln(20), 0.5), (3, 'behavior.days_since_order', ln(31), 0.7),
       (4, 'preference.category.bags', 0.3, 0.15), (5, 'preference.category.mugs', 0.2, 0.1)) f (j, component, mean, sd))
  from t returning * into v_run;
  insert into private.clustering_points (run_id, actor_id, vector, label)
  select v_run.id, gen_random_uuid(), array_agg((0.4 * random_normal() + coalesce((p_shift -> c.place::text ->> (j - 1))::double precision, 0) + 0 * p)::real order by j)::extensions.vector, c.place
  from c cross join generate_series(1, 40) p cross join generate_series(1, 5) j group by c.place, p;
  perform private.describe_characteristics(v_run);
  perform private.name_cohorts(v_run);
end
$$;
create function pg_temp.name(p_place integer) returns text language sql as $$ select x.cohort_name from c join cohorts.cohorts x using (id) where c.place = p_place $$;
create function pg_temp.text(p_place integer) returns text language sql as $$ select x.cohort_description from c join cohorts.cohorts x using (id) where c.place = p_place $$;

select pg_temp.run('{"1": [1.1, 0, 0, 2, 0], "2": [0, -1.5, 1.5, 0, 0], "3": [0, 0, 0, 0, 0]}', '2026-02-01');
select is(pg_temp.name(1), 'Frequent buyers of bags', 'a cohort is named after what its people do, in the words of a shop');
select is(pg_temp.name(2), 'Lapsed, small-order customers', 'two adjectives are two adjectives');
select matches(pg_temp.text(1), '^40 people, 33% of all\. They buy mainly bags \(\d+% of what they buy; others \d+%\), order about every 1\d days \(others about every \d\d days\).*\. Stability: stable\. Watch: much of the sales hangs on them',
  'the description has how many, how they differ in natural units, the stability and what to watch');
select matches(pg_temp.text(2), 'ordered last about \d+ months ago \(others about \d+ days ago\).*spend about [\d.]+ per order \(others about \d\d\).*Watch: they are slipping away', 'for each cohort its own');
select is_empty($$select * from cohorts.cohorts where brand_id in (select brand from t) and (array_length(regexp_split_to_array(cohort_name, '\s+'), 1) > 6
  or cohort_name || cohort_description ~* 'component|deviation|\mhigh\M|\mlow\M|effect|score|_')$$, 'names are short, and nothing is said in jargon');
select is((select count(distinct cohort_name) from c join cohorts.cohorts using (id)), 3::bigint, 'no two are called the same');

-- All components of the belief vector have words of their own.
select is_empty($$select f from unnest('{preference.category.x, communication.channel.email, behavior.order_method.in_store, behavior.purchase_rate, behavior.order_value, behavior.refund_share,
  experience.satisfaction, communication.email_open, communication.email_click, behavior.days_since_order, communication.hour.sine, communication.hour.cosine, behavior.weekend_share, response.any}'::text[]) f
  where private.trait_words(f, private.actors_component_label(f), 0.2, 0.1) !~ '^(buy|are|place|order|ordered|spend|send|open|click|answer) ' or (f not like 'preference%' and private.name_words(f, 'high') is null)$$,
  'every component that there is is told as something people do');

select pg_temp.run('{"1": [1, 0.3, 0, 1.6, 0], "2": [0, -1.5, 1.5, 0, 0], "3": [0, 0, 0, 0.1, 0.1]}', '2026-02-02');
select is(pg_temp.name(1), 'Frequent buyers of bags', 'a name that still holds stays');
select is((select count(*) from cohorts.cohort_evolution_log), 0::bigint, 'and the log is quiet');
select pg_temp.run('{"1": [1.1, 0, 0, 0, 2], "2": [0, -1.5, 1.5, 0, 0], "3": [0, 0, 0, 0, 0]}', '2026-02-03');
select is(pg_temp.name(1), 'Frequent buyers of mugs', 'one that holds no more is replaced');
select set_eq($$select e.event_type::text, e.before_state ->> 'cohort_name' from cohorts.cohort_evolution_log e join c on c.id = e.cohort_id where c.place = 1$$,
  $$values ('updated', 'Frequent buyers of bags'), ('characteristics_changed', null)$$, 'and the log tells both, the change and the new name');

-- Names from outside.
select tests.authenticate_as(owner) from t;
select is((select r.name_source::text from c, cohorts.rename(c.id, 'Mug friends', 'They love mugs.', 'provider') r where c.place = 1), 'provider', 'a provider may name a cohort');
select is((select r.cohort_name from c, cohorts.rename(c.id, 'Sleepers', null) r where c.place = 2), 'Sleepers', 'a manager too');
select is((select r.cohort_name from c, cohorts.rename(c.id, 'Dormant clientele', 'x', 'provider') r where c.place = 2), 'Sleepers', 'over whom no provider goes');
select throws_ok($$select cohorts.rename(id, ' ') from c where place = 1$$, 'PT400', null, 'a name is not blank');
select throws_ok($$select cohorts.rename(id, 'Sleepers') from c where place = 1$$, 'PT409', null, 'nor taken');
select tests.authenticate_as(staff) from t;
select throws_ok($$select cohorts.rename(id, 'Mine') from c where place = 1$$, '42501', null, 'support staff gives no names');
select tests.authenticate_as(stranger) from t;
select throws_ok($$select cohorts.rename(id, 'Mine') from c where place = 1$$, 'PT404', null, 'nor does another brand');
select tests.clear_authentication();
select pg_temp.run('{"1": [1, 0, 0, 0, 1.8], "2": [0, -1.5, 1.5, 0, 0], "3": [0, 0, 0, 0, 0]}', '2026-02-04');
select is(array[pg_temp.name(1), pg_temp.text(1), pg_temp.name(2)], '{Mug friends, They love mugs., Sleepers}', 'a run keeps what was given while it holds');
select matches(pg_temp.text(2), 'slipping away', 'and describes where no description was given');
select pg_temp.run('{"1": [-1.5, 0, 0, 2, 0], "2": [2, 1.5, -1.5, 0, 0], "3": [0, 0, 0, 0, 0]}', '2026-02-05');
select is(array[pg_temp.name(1), pg_temp.name(2), left(pg_temp.text(1), 10)], '{Occasional buyers of bags, Sleepers, "40 people,"}', 'after that a provider''s name goes, a manager''s stays for good');

select is((select ai.explain('cohort_event', e.id) ->> 'summary' from cohorts.cohort_evolution_log e where e.before_state ->> 'cohort_name' = 'Frequent buyers of bags'),
  'Occasional buyers of bags: Renamed from "Frequent buyers of bags" to "Frequent buyers of mugs": what the name said no longer holds.', 'an event is explained');
select is((select ai.explain('cohort_event', e.id) #>> '{because, 0, kind}' from cohorts.cohort_evolution_log e where e.before_state ->> 'cohort_name' = 'Frequent buyers of bags'), 'clustering_run', 'by the run that saw it');

select * from finish();
rollback;
