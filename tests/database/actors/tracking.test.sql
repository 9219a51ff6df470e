-- The fold by itself: pieces of evidence in, beliefs out, without signals.
begin;
select plan(27);

create temp table t on commit drop as
select tests.create_brand(b.owner) as brand, '2026-01-01T00:00:00Z'::timestamptz as start from (select tests.create_user('tracking@actors.test') as owner) b;
create function pg_temp.person(p_name text) returns uuid language sql as $$
  insert into actors.actors (id, brand_id, primary_identifier, primary_identifier_type, first_seen_at, last_seen_at)
  select md5(brand || p_name)::uuid, brand, p_name, 'customer_id', start, start from t
  on conflict (id) do update set updated_at = now() returning id
$$;
create function pg_temp.tell(p_who text, p_attribute text, p_distribution text, p_hour double precision, p_value double precision,
  p_category text default '', p_weight double precision default 1, p_exposure double precision default null) returns uuid language sql as $$
  insert into actors.evidence (brand_id, actor_id, attribute, distribution, category, value, exposure, weight, occurred_at, source_kind, source_id)
  select brand, pg_temp.person(p_who), p_attribute, p_distribution::actors.distribution, p_category, p_value, p_exposure, p_weight,
    start + p_hour * interval '1 hour', 'signal', gen_random_uuid() from t returning id
$$;
create function pg_temp.fold(p_ids uuid[]) returns integer language sql as $$ select private.fold_evidence(brand, p_ids) from t $$;
create function pg_temp.belief(p_who text, p_attribute text, p_hour double precision default null, p_category text default '')
returns private.posterior language sql as $$
  select p from t, private.actors_posteriors(t.brand, array[pg_temp.person(p_who)], t.start + coalesce(p_hour, 0) * interval '1 hour') p
  where p.attribute = p_attribute and p.category = p_category
$$;
create view pg_temp.stored as
select actor_id, attribute, context, is_stated, categories, category_counts, state, tracking, as_of, evidence_count, sources from actors.actor_beliefs where brand_id = (select brand from t);
create view pg_temp.from_the_ledger as
select f.actor_id, f.attribute, f.context, f.is_stated, f.categories, f.category_counts, f.state, f.tracking, f.as_of, f.evidence_count, f.sources
from t, private.folded_beliefs(t.brand, array(select id from actors.actors where brand_id = (select brand from t))) f;

-- Every distribution by hand.
select pg_temp.fold(array[pg_temp.tell('hand', 'preference.tea', 'beta', 0, 1), pg_temp.tell('hand', 'preference.tea', 'beta', 60 * 24, 0, p_weight => 0.5)]);
select is(round((pg_temp.belief('hand', 'preference.tea', 60 * 24)).mean::numeric, 12), round((1.5 / 3.0)::numeric, 12),
  'a share: (2 x .5 + 1 x 2^-1) / (2 + 2^-1 + .5), after one half-life of 60 days');
select is(round((pg_temp.belief('hand', 'preference.tea', 120 * 24)).evidence_weight::numeric, 12), 0.5, 'evidence goes on fading after the last piece');
select pg_temp.fold(array[pg_temp.tell('hand', 'preference.colour', 'dirichlet', 0, 3, 'red'), pg_temp.tell('hand', 'preference.colour', 'dirichlet', 0, 1, 'blue')]);
select is(round((pg_temp.belief('hand', 'preference.colour', 0, 'red')).mean::numeric, 12), round((4 / 6.0)::numeric, 12), 'a taste: (2 / 2 + 3) / (2 + 4)');
select pg_temp.fold(array[pg_temp.tell('hand', 'communication.opens', 'gamma', 0, 0, p_exposure => 4), pg_temp.tell('hand', 'communication.opens', 'gamma', 0, 3, p_exposure => 0)]);
select is(round((pg_temp.belief('hand', 'communication.opens')).mean::numeric, 12), round((4 / (1 / 0.3 + 4))::numeric, 12), 'a rate per occasion: (1 + 3) / (1 / .3 + 4)');
select pg_temp.fold(array[pg_temp.tell('hand', 'behavior.visits', 'gamma', 0, 1), pg_temp.tell('hand', 'behavior.visits', 'gamma', 240, 1)]);
select is(round((pg_temp.belief('hand', 'behavior.visits', 240)).mean::numeric, 9), round((2 / (30 + 120 / ln(2) * (1 - power(2::float8, -10 / 120.0))))::numeric, 9),
  'a rate per day: the first event starts the clock, ten days with one more event fade on the way');
select pg_temp.fold(array[pg_temp.tell('hand', 'behavior.spend', 'normal', 0, 10), pg_temp.tell('hand', 'behavior.spend', 'normal', 0, 20)]);
select is(((pg_temp.belief('hand', 'behavior.spend')).mean, (pg_temp.belief('hand', 'behavior.spend')).evidence_weight), (15::float8, 2::float8), 'an amount: the mean of 10 and 20, from two');

-- Histories of every kind with ties, weights and flips, told in pieces.
select setseed(0.5);
create temp table told on commit drop as
select row_number() over () as n, random() as place, w as who, h, pg_temp.tell('p' || w, 'preference.cat', 'dirichlet', h, 1, (array['a', 'b', 'c'])[case when h < 90 then 1 else 2 end + (random() < 0.2)::int], 0.5 + 0.5 * random()) as id
from generate_series(1, 5) w, generate_series(0, 170, 3) h
union all
select 0, random(), w, h, pg_temp.tell('p' || w, 'preference.yes', 'beta', h, ((random() < 0.8) = (h < 90))::int, p_weight => random()) from generate_series(1, 5) w, generate_series(0, 170, 3) h
union all
select 0, random(), w, h, pg_temp.tell('p' || w, 'behavior.rate', 'gamma', h + case when h < 90 then 0 else h * h / 10.0 end, 1) from generate_series(1, 5) w, generate_series(0, 170, 3) h
union all
select 0, random(), w, h, pg_temp.tell('p' || w, 'behavior.value', 'normal', h, case when h < 90 then 10 else 50 end + random()) from generate_series(1, 5) w, generate_series(0, 170, 3) h;
do $$
declare
  v_ids uuid[];
begin
  for v_ids in select array_agg(id) from told group by h order by h loop
    perform pg_temp.fold(v_ids);
  end loop;
end
$$;
select results_eq($$select * from pg_temp.stored order by 1, 2, 3, 4$$, $$select * from pg_temp.from_the_ledger order by 1, 2, 3, 4$$, 'folded piece by piece the beliefs are those of the whole ledger, to the last bit');
select cmp_ok((select max(state[5]) from pg_temp.stored), '>', 1::float8, 'among them beliefs of several runs');
create temp table in_order on commit drop as select * from pg_temp.stored;
delete from actors.actor_beliefs where brand_id = (select brand from t) and attribute in ('preference.cat', 'preference.yes', 'behavior.rate', 'behavior.value');
do $$
declare
  v_ids uuid[];
begin
  for v_ids in select array_agg(id) from told group by floor(place * 12) order by floor(place * 12) loop
    perform pg_temp.fold(v_ids);
  end loop;
end
$$;
select results_eq($$select * from pg_temp.stored order by 1, 2, 3, 4$$, $$select * from in_order order by 1, 2, 3, 4$$, 'nor does it matter in which order they arrive');

-- Changes.
select pg_temp.fold(array(select pg_temp.tell('turner', 'preference.a', 'beta', h, (h < 40)::int) from generate_series(1, 48) h));
select pg_temp.fold(array(select pg_temp.tell('turner', 'preference.b', 'dirichlet', h, 1, case when h < 40 then 'tea' else 'wine' end) from generate_series(1, 48) h));
select pg_temp.fold(array(select pg_temp.tell('turner', 'behavior.c', 'normal', h, case when h < 40 then 10 else 40 end + h % 3) from generate_series(1, 48) h));
select pg_temp.fold(array(select pg_temp.tell('turner', 'behavior.d', 'gamma', case when h < 40 then h else 40 + (h - 40) * 100 end, 1) from generate_series(1, 48) h));
select cmp_ok((pg_temp.belief('turner', 'preference.a', 48)).mean, '<', 0.25::float8, 'nine refusals after forty yeses turn a share round');
select cmp_ok((pg_temp.belief('turner', 'preference.b', 48, 'wine')).mean, '>', 0.7::float8, 'and a taste');
select cmp_ok((pg_temp.belief('turner', 'behavior.c', 48)).mean, '>', 35::float8, 'and an amount');
select cmp_ok((pg_temp.belief('turner', 'behavior.d', 840)).mean, '<', 2::float8, 'and a rate that was 24 a day');
select ok((b).trend < -0.3 and (b).trend_probability > 0.9 and (b).change_probability > 0.9, 'its trend points down, and it changed within the last ten pieces')
from (select pg_temp.belief('turner', 'preference.a', 48) as b) x;
select ok((b).interval_low between 0 and (b).mean and (b).interval_high between (b).mean and 1, 'the interval holds the mean') from (select pg_temp.belief('turner', 'preference.a', 48) as b) x;
select pg_temp.fold(array(select pg_temp.tell('steady', 'preference.a', 'beta', h, (h % 5 <> 0)::int) from generate_series(1, 100) h));
select ok(abs((b).mean - 0.8) < 0.05 and (b).change_probability < 0.1, 'four yeses in five stay what they are') from (select pg_temp.belief('steady', 'preference.a', 100) as b) x;

-- Retraction.
alter table actors.evidence disable trigger _500_append_only;
update actors.evidence set retracted_at = now() where actor_id = pg_temp.person('turner') and (attribute = 'preference.b' or attribute = 'preference.a' and value = 0);
alter table actors.evidence enable trigger _500_append_only;
select is(private.refold_actors(brand, array[pg_temp.person('turner')], start + interval '2 days'), 1, 'after a retraction one belief comes out otherwise') from t;
select cmp_ok((pg_temp.belief('turner', 'preference.a', 48)).mean, '>', 0.9::float8, 'as if the refusals had never been');
select is((pg_temp.belief('turner', 'preference.b', 48, 'tea')).mean, null, 'a belief without evidence is gone');
select results_eq($$select * from pg_temp.stored order by 1, 2, 3, 4$$, $$select * from pg_temp.from_the_ledger order by 1, 2, 3, 4$$, 'and all are what the ledger says');
select is((select count(*)::int from t, private.folded_beliefs(t.brand, array[pg_temp.person('turner')], t.start - interval '1 day')), 0, 'before anything was recorded nothing was believed');

-- Priors.
select pg_temp.fold(array(select pg_temp.tell('q' || w, 'preference.alike', 'beta', h, ((h + w) % 10 < 3)::int) from generate_series(1, 40) w, generate_series(1, 20) h));
select pg_temp.fold(array(select pg_temp.tell('q' || w, 'preference.apart', 'beta', h, case when w % 2 = 0 then (h % 10 <> 0)::int else (h % 10 = 0)::int end) from generate_series(1, 40) w, generate_series(1, 20) h));
insert into actors.belief_prior_groups (brand_id, actor_id, group_id, share)
select brand, pg_temp.person('q' || w), '11111111-1111-1111-1111-111111111111', 1 from t, generate_series(2, 40, 2) w;
select cmp_ok(private.actors_refresh_priors(brand, start + interval '1 day'), '>', 0, 'priors are made') from t;
select ok(max(strength) filter (where attribute = 'preference.alike') > 20 and max(strength) filter (where attribute = 'preference.apart') < 3,
  'strong where people are alike, weak where they differ') from actors.belief_priors where brand_id = (select brand from t) and group_id is null;
insert into actors.belief_prior_groups (brand_id, actor_id, group_id, share)
select brand, pg_temp.person(w.w), '11111111-1111-1111-1111-111111111111', w.share from t, (values ('half', 0.5), ('member', 1)) w (w, share);
select pg_temp.fold(array[pg_temp.tell('half', 'preference.apart', 'beta', 1, 0, p_weight => 0.001), pg_temp.tell('member', 'preference.apart', 'beta', 1, 0, p_weight => 0.001)]);
select ok((pg_temp.belief('member', 'preference.apart', 1)).mean > 0.85 and (pg_temp.belief('half', 'preference.apart', 1)).mean between 0.6 and 0.8,
  'who belongs to a group is believed to be like it, by its share');

-- How readily people change is learnt, and comes in when a belief is read.
select pg_temp.fold(array(select pg_temp.tell('q' || w, 'preference.kept', 'beta', h, ((7 * h + w) % 10 < 6)::int) from generate_series(1, 40) w, generate_series(1, 60) h));
select pg_temp.fold(array(select pg_temp.tell('q' || w, 'preference.turned', 'beta', h, ((h + w) % 10 < case when h < 30 + w then 8 else 2 end)::int) from generate_series(1, 40) w, generate_series(1, 100) h));
create function pg_temp.changed() returns double precision language sql as $$
  select avg((pg_temp.belief('q' || w, 'preference.kept', 60)).trend_probability) from generate_series(1, 40) w
$$;
create temp table before on commit drop as select pg_temp.changed() as kept;
select private.actors_refresh_priors(brand, start + interval '2 days') from t;
select results_eq($$select attribute, change_hazard < 0.002, change_hazard between 0.007 and 0.025 from actors.belief_priors, t
  where brand_id = brand and group_id is null and valid_until = 'infinity' and attribute in ('preference.kept', 'preference.turned') order by 1$$,
  $$values ('preference.kept', true, false), ('preference.turned', false, true)$$, 'one change in a hundred pieces, or none, is learnt from forty people');
select cmp_ok(pg_temp.changed(), '<', 0.5 * kept, 'where nobody changes it is believed less of anybody') from before;
update actors.belief_priors set change_hazard = 0.001 where brand_id = (select brand from t) and attribute = 'preference.kept' and valid_until = 'infinity';
select results_eq($$select round((pg_temp.belief('q' || w, 'preference.kept', 60)).trend_probability::numeric, 12) from generate_series(1, 40) w order by w$$,
  $$select round((c * 0.2 / (1 - 0.8 * c))::numeric, 12) from generate_series(1, 40) w join actors.actor_beliefs b on b.actor_id = pg_temp.person('q' || w) and b.attribute = 'preference.kept'
    cross join lateral (select 1 - case when b.state[2 + 5 * b.state[5]::int] = 0 then b.state[1 + 5 * b.state[5]::int] else 0 end as c) x order by w$$,
  'by Bayes: odds of a change times the hazard over that of the settings');

select * from finish();
rollback;
