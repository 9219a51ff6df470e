begin;
select plan(20);

create temp table t on commit drop as
select b.owner, tests.create_brand(b.owner) as brand, tests.create_brand(b.owner, 'Replay') as replay, '2026-05-01T12:00:00Z'::timestamptz as now
from (select tests.create_user('beliefs@actors.test') as owner) b;
create temp table sent on commit drop as
select i, jsonb_build_object('type', 'order', 'source_platform', 'shop', 'source_id', 'o' || i, 'occurred_at', '2026-01-01T10:00:00Z'::timestamptz + i * interval '4 days',
  'identifiers', jsonb_build_object('email', 'Ann@Example.com'), 'name', 'Ann',
  'data', jsonb_build_object('order_number', 'o' || i, 'order_date', '2026-01-01T10:00:00Z'::timestamptz + i * interval '4 days', 'order_status', 'delivered',
    'items', jsonb_build_array(jsonb_build_object('product_id', 'p', 'name', 'p', 'category', case when i % 5 = 0 then 'Wine' else 'Coffee' end, 'quantity', 1, 'unit_price', 10 + i % 3)),
    'subtotal', 10 + i % 3, 'total_amount', 10 + i % 3)) as signal
from generate_series(1, 25) i;
insert into sent values (100, '{"type": "survey_response", "source_platform": "survey", "source_id": "q", "occurred_at": "2026-04-20T10:00:00Z", "identifiers": {"email": "ann@example.com"},
  "data": {"survey_id": "s", "question_id": "favourite_category", "question_text": "What do you like best?", "question_type": "multiple_choice", "response_value": "Flowers", "response_timestamp": "2026-04-20T10:00:00Z"}}');

-- Nobody changes here, so that beliefs can be computed by hand.
insert into core.brand_settings (brand_id, setting_key, setting_value, setting_type)
select b, 'actors.change_hazard.' || k, '0', 'number' from t, unnest(array[brand, replay]) b, unnest(array['behavior', 'preference', 'communication', 'friction']) k;

-- In order in one brand, in reverse and one by one in the other.
select signals.ingest(t.brand, (select jsonb_agg(signal order by i) from sent), null, t.now) from t;
select is((p.claimed, p.matched, p.created, p.failed), (26, 26, 1, 0), 'all signals are of one new person') from t, actors.process_signals(t.brand, 1000, t.now) p;
select is((p.claimed, p.evidence_added), (0, 0), 'a second run finds nothing to do') from t, actors.process_signals(t.brand, 1000, t.now) p;
do $$
declare
  v_signal jsonb;
  v_t t;
begin
  select * into v_t from t;
  for v_signal in select signal from sent order by i desc loop
    perform signals.ingest(v_t.replay, jsonb_build_array(v_signal), null, v_t.now);
    perform actors.process_signals(v_t.replay, 10, v_t.now);
  end loop;
end
$$;

select results_eq(
  $$select attribute, context, is_stated, evidence_count, categories, category_counts, state, as_of from actors.actor_beliefs where brand_id = (select brand from t) order by 1, 2, 3$$,
  $$select attribute, context, is_stated, evidence_count, categories, category_counts, state, as_of from actors.actor_beliefs where brand_id = (select replay from t) order by 1, 2, 3$$,
  'beliefs do not depend on the order in which signals arrive, to the last bit');
create temp table before on commit drop as
select b.id, b.state, b.as_of, b.evidence_count, b.sources from actors.actor_beliefs b where b.brand_id = (select brand from t);
select cmp_ok(private.fold_evidence(brand, (select array_agg(e.id) from actors.evidence e where e.brand_id = brand), now), '>', 0, 'folding the whole ledger again') from t;
select is_empty($$select id from actors.actor_beliefs b join before f using (id) where (b.state, b.as_of, b.evidence_count, b.sources) is distinct from (f.state, f.as_of, f.evidence_count, f.sources)$$,
  'gives the same numbers');

create temp table p on commit drop as select x.* from t, private.actors_posteriors(t.brand, null, t.now) x;
-- By hand, from the ledger: alpha = 2/K + sum of w 2^(-age/60), K = 2 categories.
select is((select round(mean::numeric, 9) from p where category = 'coffee' and not is_stated),
  (select round(((1 + sum(e.weight * e.match_probability * power(2::float8, -extract(epoch from t.now - e.occurred_at)::float8 / 86400 / 60)) filter (where e.category = 'coffee'))
    / (2 + sum(e.weight * e.match_probability * power(2::float8, -extract(epoch from t.now - e.occurred_at)::float8 / 86400 / 60))))::numeric, 9)
   from actors.evidence e, t where e.brand_id = t.brand and e.attribute = 'preference.category' and not e.is_stated),
  'a share is the posterior of a Dirichlet whose evidence halves every 60 days');
-- By hand: 24 events after the first, over the times of waiting that have not faded, each weighing what its event weighs and
-- the wait since the last what events weigh on average, with the prior of one event in 30 days.
select is((select round(mean::numeric, 9) from p where attribute = 'behavior.purchase_rate'),
  (select round(((1 + sum(x.w * x.g) filter (where x.place > 1))
    / (30 + 120 / ln(2) * (sum(x.w * (x.g - x.g_before)) filter (where x.place > 1) + sum(x.w * x.g) / sum(x.g) * (1 - max(x.g)))))::numeric, 9)
   from (
     select *, lag(g) over (order by occurred_at) as g_before, row_number() over (order by occurred_at) as place
     from (
       select e.occurred_at, e.weight * e.match_probability as w, power(2::float8, -extract(epoch from t.now - e.occurred_at)::float8 / 86400 / 120) as g
       from actors.evidence e, t where e.brand_id = t.brand and e.attribute = 'behavior.purchase_rate') e) x),
  'a rate is the posterior of a gamma over the time since the first event');
select ok(abs(mean - 11) < 0.5, 'order value is near its mean') from p where attribute = 'behavior.order_value';
select ok(bool_and(confidence between 0 and 1 and variance >= 0), 'confidences are shares and variances are not negative') from p;
select cmp_ok((select confidence from p where category = 'coffee'), '>', (select x.confidence from t, private.actors_posteriors(t.brand, null, t.now + interval '1 year') x where x.category = 'coffee'),
  'confidence fades when nothing new comes');
select ok(abs((select x.mean from t, private.actors_posteriors(t.brand, null, t.now + interval '30 years') x where x.category = 'coffee' and not x.is_stated) - 0.5) < 1e-6,
  'and the belief goes back to the prior');

select is((select array_agg(preference_dimension order by actual_strength desc nulls last) from actors.actor_preferences where brand_id = (select brand from t) and is_current and preference_category = 'category'),
  '{coffee,wine,flowers}', 'tastes are written, the stated one too');
select is((select count(*)::int from actors.actor_contradictions k where k.brand_id = (select brand from t) and k.category = 'flowers' and k.is_current and not k.is_resolved), 1,
  'saying flowers and buying coffee is a contradiction');
select is((select count(*)::int from ai.contradiction_logs l where l.brand_id = (select brand from t)), 1, 'logged once');
select is_empty($$select 1 from actors.actor_contradictions where brand_id = (select brand from t) and category <> 'flowers'$$, 'nothing else is one');
select ok(abs(private.ln_gamma(10.5) - 13.940625219403763) < 1e-10 and abs(private.ln_gamma(0.3) - 1.0957979948180756) < 1e-10, 'ln gamma is right');
-- B(1/2, 16) B(4, 2) / (B(1/2, 6) B(4, 12)): nothing seen of a favourite in ten observations.
select ok(abs(private.ln_bayes_factor_of_statement(3, 0, 10) - 5.106058981) < 1e-8, 'the Bayes factor of a statement is a ratio of two beta-binomials');

-- Versions: the replay moved the taste step by step and kept what was believed on the way.
select cmp_ok((select count(*)::int from actors.actor_preferences where brand_id = (select replay from t) and preference_dimension = 'coffee' and not is_current), '>', 0, 'a belief that moves keeps its history');
select cmp_ok((select count(*)::int from actors.actor_preferences where brand_id = (select replay from t) and preference_dimension = 'coffee'), '<', 10, 'but not a version for every signal');
select throws_ok($$delete from actors.evidence where brand_id = (select brand from t)$$, '42501', null, 'the ledger is append-only');

select * from finish();
rollback;
