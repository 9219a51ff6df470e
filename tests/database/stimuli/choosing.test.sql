-- Who gets which stimulus, with what probability.
begin;
select plan(31);
set local statement_timeout = '120s';

create temp table w on commit drop as
select tests.create_brand(tests.create_user('owner@choosing.test')) as brand, '2026-03-01T00:00:00Z'::timestamptz as at,
  md5('choosing near')::uuid as near, md5('choosing far')::uuid as far, md5('choosing young')::uuid as young;
insert into cohorts.cohorts (id, brand_id, cohort_type, discovery_algorithm, cohort_name)
select x.id, brand, 'mixed', 'test', x.name from w, lateral (values (near, 'Near'), (far, 'Far'), (young, 'Young')) x (id, name);
insert into stimuli.stimulus_templates (id, brand_id, template_name, template_type, template_category, template_structure)
select md5('choosing ' || k)::uuid, brand, k, 'message', c::stimuli.template_category, '{"body": "Hello"}'
from w, (values ('a', 'promotional'), ('b', 'reminder'), ('c', 'educational'), ('d', 'welcome')) t (k, c);
create function pg_temp.template(p_key text) returns uuid language sql as $$ select md5('choosing ' || p_key)::uuid $$;
create function pg_temp.reward(p_cohort uuid, p_key text, p_rate double precision, p_people integer, p_at timestamptz) returns void language sql as $$
  select private.record_reward(brand, p_cohort, pg_temp.template(p_key), p_rate, p_people, p_at, p_people) from w
$$;

-- Shrinkage. In two cohorts a does well and b badly; of the young one little is known.
select pg_temp.reward(c.id, k.key, k.rate, 400, at) from w, lateral (values (near), (far)) c (id), (values ('a', 0.30), ('b', 0.10), ('c', 0.20)) k (key, rate);
select pg_temp.reward(young, 'a', 0, 2, at), pg_temp.reward(young, 'c', 0.2, 30, at) from w;
create function pg_temp.believed(p_cohort uuid, p_key text, p_at timestamptz) returns double precision language sql as $$
  select p.alpha / (p.alpha + p.beta) from w, private.arm_posteriors(w.brand, p_at) p where p.cohort_id is not distinct from p_cohort and p.template_id = pg_temp.template(p_key)
$$;
select ok(pg_temp.believed(young, 'a', at) between 0.2 and 0.32, 'a cohort with two silences stands near the others') from w;
select ok(pg_temp.believed(young, 'b', at) < pg_temp.believed(young, 'c', at) and pg_temp.believed(young, 'c', at) < pg_temp.believed(young, 'a', at),
  'and ranks what it never tried as they do') from w;
select pg_temp.reward(young, 'a', 0.02, 2000, at) from w;
select ok(pg_temp.believed(young, 'a', at) < 0.05, 'with two thousand answers it stands at its own') from w;
select ok(abs(pg_temp.believed(near, 'a', at) - 0.3) < 0.03, 'and moves the others hardly') from w;
select ok(abs(pg_temp.believed(null, 'b', at) - 0.1) < 0.02, 'people without a cohort stand at the mean of all') from w;
select ok((select max(p.prior_strength) from w, private.arm_posteriors(w.brand, at) p where p.cohort_id is not null) < 30, 'cohorts that differ borrow little from each other') from w;
-- Discounting.
select ok((select p.successes + p.failures between 199 and 201 from private.arm_posteriors(brand, at + interval '90 days') p
  where p.cohort_id = near and p.template_id = pg_temp.template('a')), 'after a half-life half of the evidence is left') from w;

-- Floor and cap.
select is(private.exploration_floor(0.005, 0.97, 1), 0::double precision, 'one candidate alone is certain');
select is(round(private.exploration_floor(0.005, 0.97, 4)::numeric, 6), 0.01, 'the floor rises until no candidate exceeds the cap');
select is(private.exploration_floor(0.3, 0.97, 4), 0.125::double precision, 'it is at most half of an even share');

-- A round for 4,000 people: half near, half far, some of them in between, one who wants nothing.
delete from stimuli.arms a using w where a.brand_id = w.brand;
select pg_temp.reward(near, 'a', 0.30, 400, at), pg_temp.reward(near, 'b', 0.27, 400, at), pg_temp.reward(near, 'c', 0.05, 400, at), pg_temp.reward(near, 'd', 0.02, 400, at),
  pg_temp.reward(far, 'a', 0.05, 400, at), pg_temp.reward(far, 'b', 0.05, 400, at), pg_temp.reward(far, 'c', 0.30, 400, at), pg_temp.reward(far, 'd', 0.02, 400, at) from w;
insert into actors.actors (id, brand_id, name, primary_identifier, primary_identifier_type, first_seen_at, last_seen_at)
select md5('choosing actor' || i)::uuid, brand, 'Ada Example', 'c' || i, 'customer_id', at, at from w, generate_series(1, 4000) i;
insert into cohorts.actor_cohort_membership (brand_id, actor_id, cohort_id, membership_type, membership_confidence, assigned_by_algorithm)
select brand, md5('choosing actor' || i)::uuid, case when i % 2 = 0 then near else far end, 'primary'::cohorts.membership_type, case when i % 10 = 0 then 0.6 else 0.99 end, 'test' from w, generate_series(1, 4000) i
union all
select brand, md5('choosing actor' || i)::uuid, far, 'secondary', 0.4, 'test' from w, generate_series(10, 4000, 10) i;
insert into actors.actor_communication_profiles (brand_id, actor_id, preferred_channel, preferred_frequency, confidence, evidence_count, last_updated_at)
select brand, md5('choosing actor7')::uuid, 'email', 'never', 1, 1, at from w;
insert into stimuli.stimuli_base (id, brand_id, stimulus_type, stimulus_name, content_data, target_cohort_id, template_id, status)
select md5('choosing ' || c.id || k)::uuid, brand, 'message', k, '{"body": "Hello"}', c.id, pg_temp.template(k), 'approved'
from w, lateral (values (near), (far)) c (id), unnest('{a,b,c,d}'::text[]) k;
create temp table s on commit drop as select array_agg(b.id order by b.id) as ids from stimuli.stimuli_base b join w on w.brand = b.brand_id;
-- One person's own answers to reminders lie far above those of its cohort.
insert into actors.belief_priors (brand_id, attribute, group_id, distribution, mean, strength, variance, actor_count)
select brand, 'response.reminder', near, 'beta', 0.2, 10, 0, 100 from w;
insert into actors.evidence (brand_id, actor_id, attribute, distribution, value, weight, occurred_at, source_kind, source_id)
select brand, md5('choosing actor2')::uuid, 'response.reminder', 'beta', 1, 1, at - i * interval '1 day', 'outcome', gen_random_uuid() from w, generate_series(1, 8) i;
select private.fold_evidence(brand, array(select e.id from actors.evidence e where e.brand_id = brand and e.attribute = 'response.reminder'), at) from w;

create temp table r on commit drop as select private.add_round(brand, 'batch', ids, at, 5) as round from w, s;
create temp table p on commit drop as select x.* from r, private.round_probabilities(r.round, null) x;
select is((select count(*)::int from (select actor_id from p group by actor_id having abs(sum(probability) - 1) > 1e-12) x), 0, 'the probabilities of a person sum to 1');
select ok((select min(probability) >= 0.01 - 1e-12 and max(probability) <= 0.97 + 1e-12 from p), 'none lies below the floor or above the cap');
select ok((select (select probability from p where actor_id = md5('choosing actor1')::uuid and b.id = stimulus_id) > 0.96 from w, stimuli.stimuli_base b
  where b.target_cohort_id = w.far and b.template_id = pg_temp.template('c')), 'what is surely best in a cohort gets what exploration leaves');
-- 0.4^3 / (0.4^3 + 0.6^3) of what exploration leaves, 0.96, and the floor.
select is((select round((select probability from p where actor_id = md5('choosing actor10')::uuid and b.id = stimulus_id)::numeric, 3) from w, stimuli.stimuli_base b
  where b.target_cohort_id = w.near and b.template_id = pg_temp.template('c')), 0.229, 'who stands between two cohorts is given what is best in either, by how likely it is of each');
select ok((select (select probability from p where actor_id = md5('choosing actor2')::uuid and b.id = stimulus_id)
    > (select probability from p where actor_id = md5('choosing actor4')::uuid and b.id = stimulus_id) + 0.05 from w, stimuli.stimuli_base b
  where b.target_cohort_id = w.near and b.template_id = pg_temp.template('b')), 'own answers move the choice towards that kind');
select is((select max(belief_version) - min(belief_version) from p where actor_id = md5('choosing actor2')::uuid), 0::bigint, 'and the version of these beliefs is told');

-- The draw has just these probabilities: each candidate is drawn as often as the probabilities sum to, over three seeds.
create temp table drawn on commit drop as
select seed, c.* from r, generate_series(1, 3) seed, private.round_choices(r.round, null, (select at from w), seed) c;
create temp table score on commit drop as
select e.stimulus_id, e.expected, e.variance, coalesce(d.n, 0) as n
from (select stimulus_id, 3 * sum(probability) as expected, 3 * sum(probability * (1 - probability)) as variance from p group by stimulus_id) e
left join (select stimulus_id, count(*) as n from drawn group by stimulus_id) d using (stimulus_id);
-- Chi-square with 8 terms: 26.1 is exceeded once in a thousand.
select ok((select sum((n - expected) ^ 2 / variance) < 26.1 from score), format('candidates are drawn as often as they should be (chi-square %s)', (select round(sum((n - expected) ^ 2 / variance)::numeric, 1) from score)));
-- Of each candidate, 1/propensity over those who were treated sums to the people who could have got it.
select ok((select bool_and(abs(x.total / 6000 - 1) < 4 * x.deviation) from (
    select d.stimulus_id, sum(1 / d.propensity) as total, sqrt(sum((1 - d.propensity) / d.propensity ^ 2)) / 6000 as deviation
    from drawn d where not d.is_holdout group by d.stimulus_id) x), 'inverse-propensity weights average 1');
select ok((select abs(avg(is_holdout::integer) - 0.1) < 0.012 from drawn), 'a tenth is held out');
select is((select count(*)::int from drawn d join p using (actor_id, stimulus_id)
  where abs(d.propensity - p.probability * case when d.is_holdout then 0.1 else 0.9 end) > 1e-12), 0, 'propensity is that of candidate and holdout together');
-- Two stimuli, the same people: held out of both 1 in 100 times.
select ok((select abs(avg((h.a and h.b)::integer) - 0.01) < 0.007 from (
    select private.random_uniform(hashtextextended(concat_ws(':', 42, a.id, 'one'), 0), 0) < 0.1 as a, private.random_uniform(hashtextextended(concat_ws(':', 42, a.id, 'two'), 0), 0) < 0.1 as b
    from actors.actors a join w on w.brand = a.brand_id) h), 'being held out of one stimulus says nothing about another');

-- Deployed.
create temp table first on commit drop as select d.* from w, s, stimuli.deploy_round(w.brand, s.ids, w.at, 5) d;
select ok((select sum(deployed) + sum(held_out) = 3999 from first), 'everybody gets one, but who wants nothing');
select results_eq($$select d.* from w, s, stimuli.deploy_round(w.brand, s.ids, w.at, 6) d$$, $$select * from first$$, 'deploying again changes nothing and answers the same');
select ok((select jsonb_path_exists(ai.explain('deployment', d.id), '$.**.alternatives[*].best_probability') from stimuli.stimulus_deployments d where d.actor_id = md5('choosing actor2')::uuid),
  'a deployment is explained by the odds of its cohort');

-- Harm: in far, b is answered less than nothing is.
update stimuli.stimulus_deployments d set learned_at = w.at + interval '20 days', response_status = case when d.actor_id::text < '6' then 'converted' else 'none' end::stimuli.response_status
from w where d.brand_id = w.brand and d.is_holdout and d.cohort_id = w.far;
select ok((select array_agg(h.template_id) @> array[pg_temp.template('b'), pg_temp.template('d')] and not pg_temp.template('c') = any (array_agg(h.template_id)) from private.harmful_arms(brand, at + interval '20 days') h),
  'what surely does worse than nothing is found') from w;
insert into stimuli.stimuli_base (id, brand_id, stimulus_type, stimulus_name, content_data, target_cohort_id, template_id, status)
select md5('choosing later' || k)::uuid, brand, 'message', k, '{"body": "Hello"}', far, pg_temp.template(k), 'approved' from w, unnest('{b,c}'::text[]) k;
select is((select array_agg(deployed + held_out > 0 order by stimulus_id = md5('choosing laterc')::uuid) from w,
  stimuli.deploy_round(w.brand, array[md5('choosing laterb'), md5('choosing laterc')]::uuid[], w.at + interval '20 days', 5)), '{f,t}', 'and nobody gets it');

-- One person now.
create function pg_temp.decide(p_actor text, p_at timestamptz) returns setof stimuli.stimulus_deployments language sql as $$
  select d.* from w, stimuli.decide(w.brand, md5(p_actor)::uuid, array[md5('choosing latera'), md5('choosing laterd')]::uuid[], 'web', p_at, 7) d
$$;
insert into stimuli.stimuli_base (id, brand_id, stimulus_type, stimulus_name, content_data, target_cohort_id, template_id, status)
select md5('choosing later' || k)::uuid, brand, 'message', k, '{"body": "Hello"}', near, pg_temp.template(k), 'approved' from w, unnest('{a,d}'::text[]) k;
create temp table decided on commit drop as select d.* from w, pg_temp.decide('choosing actor8', w.at + interval '40 days') d;
select ok((select count(*) = 1 and bool_and(propensity > 0 and deployment_method = 'pull' and delivery_status in ('sent', 'held_out')) from decided), 'somebody who comes is given one of what runs');
select results_eq($$select d.id from w, pg_temp.decide('choosing actor8', w.at + interval '41 days') d$$, $$select id from decided$$, 'and the same again while its window is open');
select is((select count(distinct d.round_id)::int from w, unnest('{choosing actor12,choosing actor14,choosing actor16}'::text[]) a, pg_temp.decide(a, w.at + interval '40 days') d), 1,
  'the odds are made once for all who come soon after each other');
select is((select count(*)::int from w, pg_temp.decide('choosing actor9', w.at + interval '40 days')), 0, 'nothing for somebody whom none of it is meant for');
select throws_ok($$select stimuli.decide(brand, gen_random_uuid()) from w$$, 'PT404', null, 'an unknown person is not found');

select * from finish();
rollback;
