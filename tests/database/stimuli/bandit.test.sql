begin;
select plan(7);

create temp table b on commit drop as
select tests.create_brand(tests.create_user('owner@example.com')) as id, '00000000-0000-4000-8000-00000000c001'::uuid as cohort;
insert into cohorts.cohorts (id, brand_id, cohort_type, discovery_algorithm, cohort_name) select cohort, id, 'mixed', 'test', 'Everybody' from b;
-- Five messages whose true response rates nobody tells the system.
create temp table truth on commit drop as
select md5('arm' || k)::uuid as template_id, rate from unnest('{0.03, 0.05, 0.08, 0.12, 0.20}'::double precision[]) with ordinality t (rate, k);
insert into stimuli.stimulus_templates (id, brand_id, template_name, template_type, template_structure)
select template_id, b.id, template_id::text, 'message', '{"body": "Hello"}' from truth, b;
select tests.pass_templates(id) from b;

-- Forty rounds of thirty people; returns mean reward per person.
create function pg_temp.play(p_seed integer) returns double precision language plpgsql as $$
declare
  v_now timestamptz := '2026-01-01';
  v_rate double precision;
  v_template uuid;
  v_hits integer;
  v_total integer := 0;
begin
  delete from stimuli.arms;
  for v_round in 1 .. 40 loop
    v_now := v_now + interval '1 day';
    select c.template_id, t.rate into v_template, v_rate
    from b, private.template_choices(b.id, b.cohort, v_now, p_seed) c join truth t using (template_id) limit 1;
    select count(*) filter (where private.random_uniform(p_seed * 1000 + v_round, i) < v_rate) into v_hits from generate_series(1, 30) i;
    perform private.record_reward(b.id, b.cohort, v_template, v_hits / 30.0, 30, v_now, 30) from b;
    v_total := v_total + v_hits;
  end loop;
  return v_total / 1200.0;
end
$$;

create temp table played on commit drop as select seed, pg_temp.play(seed) as reward from generate_series(1, 4) seed;
-- Random choice earns 0.096 per person, the best arm 0.20.
select ok(reward > 0.096 + 0.4 * (0.20 - 0.096), format('Thompson sampling beats random choice clearly (seed %s: %s)', seed, round(reward::numeric, 3))) from played;
select is((select pulls::int from stimuli.arms order by pulls desc limit 1),
  (select pulls::int from stimuli.arms a join truth t using (template_id) order by t.rate desc limit 1), 'the best arm is played most');

select is(
  (select round((f.alpha + f.beta)::numeric, 6) from b, private.faded_arm(b.id, row(null, b.id, b.cohort, null, 11, 99, 0, '2026-01-01', null, null)::stimuli.arms, '2026-04-01') f),
  60.0, 'after a half-life (90 days) half of what was learned is left, above the prior of 10');
select throws_ok($$select private.record_reward(b.id, b.cohort, t.template_id, 1.5) from b, truth t limit 1$$, 'PT400', null, 'a reward lies between 0 and 1');

select * from finish();
rollback;
