begin;
select plan(17);

create temp table t on commit drop as select tests.create_user('owner@example.com') as owner, '2026-01-05'::timestamptz as at, md5('cohort')::uuid as cohort;
alter table t add brand uuid;
update t set brand = tests.create_brand(owner, 'Shop');
insert into cohorts.cohorts (id, brand_id, cohort_type, discovery_algorithm, cohort_name) select cohort, brand, 'mixed', 'test', 'All' from t;
insert into actors.actors (id, brand_id, name, primary_identifier, primary_identifier_type, first_seen_at, last_seen_at)
select md5('p' || i)::uuid, brand, 'Ada Example', 'p' || i, 'customer_id', at, at from t, generate_series(1, 2000) i;
insert into cohorts.actor_cohort_membership (brand_id, actor_id, cohort_id, assigned_by_algorithm)
select brand, md5('p' || i)::uuid, cohort, 'test' from t, generate_series(1, 2000) i;
select stimuli.install_templates(brand) from t;

create function pg_temp.campaign(p_change jsonb) returns uuid language sql as $$
  select (stimuli.create_campaign(t.brand, jsonb_build_object('name', 'Spring', 'goal', 'conversion', 'cohort_id', t.cohort, 'expires_at', '2026-03-01T00:00:00Z',
    'variants', jsonb_build_array(jsonb_build_object('template_id', f.id, 'weight', 3), jsonb_build_object('template_id', w.id))) || p_change, t.at)).id
  from t
  join stimuli.stimulus_templates f on f.brand_id = t.brand and f.template_key = 'free_shipping'
  join stimuli.stimulus_templates w on w.brand_id = t.brand and w.template_key = 'win_back'
$$;
create function pg_temp.sent(p_campaign uuid) returns table (template text, people bigint, treated bigint, propensities numeric[], holdout_propensities numeric[]) language sql as $$
  select x.template_key, count(*), count(*) filter (where not d.is_holdout),
    array_agg(distinct round(d.propensity::numeric, 6)) filter (where not d.is_holdout), array_agg(distinct round(d.propensity::numeric, 6)) filter (where d.is_holdout)
  from stimuli.stimulus_deployments d
  join stimuli.stimuli_base s on s.id = d.stimulus_id
  join stimuli.stimulus_templates x on x.id = s.template_id
  where s.campaign_id = p_campaign group by x.template_key
$$;

-- By weights: three to one.
create temp table weighted on commit drop as select pg_temp.campaign('{"choice": "weights"}') as id;
select stimuli.approve(t.brand, w.id, t.at) from t, weighted w;
select throws_ok($$select stimuli.deploy(brand, s.id, at) from t, stimuli.stimuli_base s, weighted w where s.campaign_id = w.id$$, 'PT409', null, 'a variant is not sent by itself');
create temp table counts on commit drop as select d.* from t, weighted w, stimuli.deploy(t.brand, w.id, t.at, 7) d;
select is((select deployed + held_out from counts), 2000, 'a campaign reaches everybody of its cohort once');
select is((select (select c.deployed from counts c) - sum(s.treated) from weighted w, pg_temp.sent(w.id) s), 0::numeric, 'its count is that of its variants');
select ok((select abs(s.people - 1500) < 80 from weighted w, pg_temp.sent(w.id) s where s.template = 'free_shipping'), 'weights of 3 and 1 make three of four');
select is((select array_agg(s.propensities::text || s.holdout_propensities::text order by s.template) from weighted w, pg_temp.sent(w.id) s),
  array['{0.675000}{0.075000}', '{0.225000}{0.025000}'], 'with exactly that probability, treated or held out');
select is((select count(*)::int from stimuli.stimulus_deployments d join weighted w on w.id = d.stimulus_id), 0, 'nothing is sent as the campaign itself');
select is((select array_agg(distinct s.status::text || ' ' || s.expires_at::date) from stimuli.stimuli_base s, weighted w where w.id in (s.id, s.campaign_id)), '{"active 2026-03-01"}', 'campaign and variants run, as long as the campaign does');
select is((select d.deployed from t, weighted w, stimuli.deploy(t.brand, w.id, t.at, 8) d), (select deployed from counts), 'a second call changes nothing');
select is((select count(*)::int from stimuli.stimulus_deployments), 2000, 'and sends nobody anything');
select is((select jsonb_agg(distinct d.personalization_applied) from stimuli.stimulus_deployments d where d.is_holdout), '[{}]', 'of the held out nothing is put down');
select ok((select bool_and(d.personalization_applied ->> 'first_name' = 'Ada') from stimuli.stimulus_deployments d where not d.is_holdout), 'of the others what the texts need');
select is((select array_agg(distinct k.kind) from (
    select b ->> 'kind' as kind from stimuli.stimulus_deployments d, jsonb_array_elements(ai.explain('deployment', d.id) -> 'because') b where d.id = (select min(x.id::text)::uuid from stimuli.stimulus_deployments x)) k
  where k.kind in ('stimulus', 'reasoning')), '{reasoning,stimulus}', 'each is explained by its stimulus and by the choice');

-- By what is learnt: the template that everybody answers takes the most.
select tests.clear_authentication();
delete from stimuli.stimulus_deployments;
update stimuli.stimuli_base set status = 'completed';
select private.record_reward(t.brand, t.cohort, x.id, case x.template_key when 'win_back' then 0.6 else 0.1 end, 300, t.at)
from t, stimuli.stimulus_templates x where x.brand_id = t.brand and x.template_key in ('win_back', 'free_shipping');
create temp table adaptive on commit drop as select pg_temp.campaign('{"choice": "adaptive"}') as id;
select stimuli.approve(t.brand, a.id, t.at) from t, adaptive a;
select is((select count(*)::int from t, stimuli.decide(t.brand, md5('p1')::uuid, array(select s.id from stimuli.stimuli_base s, adaptive a where s.campaign_id = a.id), 'web', t.at)), 0,
  'nobody is shown a variant of a campaign that does not run yet');
select private.job_stimuli_deploy(t.at, 7) from t;
select is((select sum(s.people) from adaptive a, pg_temp.sent(a.id) s), 2000::numeric, 'the job sends an approved campaign');
select ok((select s.people > 1800 from adaptive a, pg_temp.sent(a.id) s where s.template = 'win_back'), 'most get what is answered most');
select ok((select s.people between 20 and 100 from adaptive a, pg_temp.sent(a.id) s where s.template = 'free_shipping'), 'a few the other');
select ok((select abs(sum(1 / d.propensity) filter (where not d.is_holdout) / count(*) - 2) < 0.5 from stimuli.stimulus_deployments d), 'weighing the treated by their probabilities counts each of the two variants once');

select * from finish();
rollback;
