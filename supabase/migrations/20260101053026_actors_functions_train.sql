create type private.identity_pattern as (
  own integer[],
  shared integer[],
  bits double precision,
  household_bits double precision,
  pairs double precision,
  answer double precision
);

create function private.identity_patterns(p_brand uuid, p_a uuid[], p_b uuid[], p_answers double precision[], p_model private.identity_model)
returns setof private.identity_pattern
language sql
stable
set search_path = ''
as $$
  -- Pairs that compare alike are one row: training looks at a few thousand patterns, however many pairs there are.
  with scored as (
    select s.levels, round(s.bits) as bits, round(s.household_bits) as household_bits, n.answer, count(*) as pairs
    from private.score_identities(p_brand, p_a, p_b, p_model) s
    left join unnest(p_a, p_b, p_answers) n (a, b, answer) on p_answers is not null and n.a = s.record_a and n.b = s.record_b
    group by 1, 2, 3, 4
  )
  select array_agg(x.at order by x.at) filter (where not x.is_shared), array_agg(x.at order by x.at) filter (where x.is_shared),
    s.bits, s.household_bits, s.pairs, s.answer
  from scored s
  left join lateral (
    select case when l.place = 5 and s.levels[13] & 8 > 0 then 48 when l.place = 6 and s.levels[13] & 16 > 0 then 52
      else (l.place::integer - 1) * 4 end + 1 + l.level as at, l.place = any ('{3, 6, 8, 9, 10, 11, 12}') as is_shared
    from unnest(s.levels[:12]) with ordinality l (level, place) where l.level < 4
  ) x on true
  group by s.levels, s.bits, s.household_bits, s.pairs, s.answer
$$;
comment on function private.identity_patterns(uuid, uuid[], uuid[], double precision[], private.identity_model) is
  'The pairs p_a[i], p_b[i] counted by how they compare. own, shared: places in the model''s m and u of the fields'' levels, shared being those that a household has in common; bits: what the rarity of the values adds, to the bit. answer: p_answers[i], 1 of one person, 0 of two, null not known.';

create function private.random_identity_pairs(p_brand uuid, p_pairs integer, p_seed integer)
returns table (record_a uuid, record_b uuid)
language sql
stable
set search_path = ''
as $$
  with records as materialized (
    select array_agg(r.id order by r.fingerprint) as ids, count(*)::integer as n from actors.identity_records r where r.brand_id = p_brand
  )
  select least(r.ids[i.i + 1], r.ids[j.j + 1]), greatest(r.ids[i.i + 1], r.ids[j.j + 1])
  from records r
  cross join lateral generate_series(0, r.n - 1) i (i)
  cross join lateral generate_series(1, least(p_pairs / nullif(r.n, 0), r.n - 1)) k (k)
  cross join lateral (select ((i.i::bigint * 7919 + hashint8extended(k.k, p_seed) % r.n + r.n) % r.n)::integer as j) j
  where i.i <> j.j
$$;
comment on function private.random_identity_pairs(uuid, integer, integer) is
  'About p_pairs pairs of records as if drawn at random, the same ones for the same p_seed: almost all are of two people.';

create function private.learn_identity(p_patterns private.identity_pattern[], p_model private.identity_model)
returns private.identity_model
language plpgsql
immutable
set search_path = ''
set plan_cache_mode = force_custom_plan -- the plan depends on the number of patterns
as $$
declare
  v_prior constant double precision[] := (select array_agg(x.share order by s.place, x.level)
    from private.default_identity_shares() s cross join lateral unnest(s.m) with ordinality x (share, level));
  v_strength constant double precision := 200;
  v_model private.identity_model := p_model;
  v_w double precision[];
  v_matches double precision;
begin
  -- A loop: expectation and maximisation follow each other; after so many rounds nothing moves any more.
  for v_round in 1..10 loop
    select array_agg(case when (i.i - 1) % 4 = 3 then ln(v_model.m[i.i]) else ln(v_model.m[i.i] / v_model.u[i.i]) end / ln(2::double precision) order by i.i)
    into v_w from generate_series(1, cardinality(v_model.m)) i (i);
    with expected as materialized (
      select p.own, p.shared, p.pairs, p.answer, coalesce(p.answer, o.odds / (1 + o.odds)) as probability
      from unnest(p_patterns) p
      cross join lateral (select coalesce(sum(v_w[x.at]), 0) + p.bits as total from unnest(p.own || p.shared) x (at)) t
      cross join lateral (select coalesce(sum(v_w[x.at]), 0) + p.household_bits as total from unnest(p.shared) x (at)) h
      cross join lateral (
        select v_model.matches_per_record / v_model.records * power(2::double precision, greatest(-500, least(500, t.total)))
          / (1 + v_model.household / v_model.records * power(2::double precision, greatest(-500, least(500, h.total)))) as odds
      ) o
    ), levels as materialized (
      -- An answer is worth ten guesses.
      select x.at, sum(e.probability * e.pairs * case when e.answer is null then 1 else 10 end) as n
      from expected e cross join lateral unnest(e.own || e.shared) x (at)
      group by x.at
    ), shares as (
      select i.i, v_strength * v_prior[i.i] + coalesce(l.n, 0) as n from generate_series(1, cardinality(v_prior)) i (i) left join levels l on l.at = i.i
    )
    select (select array_agg(t.share order by t.i) from (select s.i, s.n / sum(s.n) over (partition by (s.i - 1) / 4) as share from shares s) t),
      (select coalesce(sum(e.probability * e.pairs), 0) from expected e where e.answer is null)
    into v_model.m, v_matches;
    v_model.matches_per_record := (2 * v_matches + 500) / (v_model.records + 500);
  end loop;
  return v_model;
end
$$;
comment on function private.learn_identity(private.identity_pattern[], private.identity_model) is
  'Expectation maximisation: m and the matches per record that explain the patterns best, given u. Dirichlet prior: the built-in m, as much as 200 pairs; 1 match per record, as much as 500 records. All pairs outside the blocks count as pairs of two people.';

create function private.actors_train_identity(p_brand uuid, p_now timestamptz, p_seed integer)
returns actors.identity_models
language plpgsql
volatile
security definer
set search_path = ''
set plan_cache_mode = force_custom_plan -- the plan depends on the size of the arrays
as $$
declare
  v_started constant timestamptz := clock_timestamp();
  v_sample constant integer := private.actors_number(p_brand, 'training_pairs');
  v_fields constant text[] := array(select s.field from private.default_identity_shares() s order by s.place);
  v_model private.identity_model;
  v_patterns private.identity_pattern[];
  v_a uuid[];
  v_b uuid[];
  v_answers double precision[];
  v_labels integer;
  v_pairs integer;
  v_row actors.identity_models;
begin
  perform private.require_role(p_brand, 'manager');
  perform private.require_time('p_now', p_now);
  if p_seed is null then
    perform private.raise_error('invalid_argument', 'p_seed', 'must not be null');
  end if;
  perform private.lock_brand_identity(p_brand);
  perform private.refresh_identity_bits(p_brand);
  v_model := private.identity_model_of(p_brand);

  select array_agg(r.record_a), array_agg(r.record_b) into v_a, v_b from private.random_identity_pairs(p_brand, v_sample, p_seed) r;
  v_patterns := array(select p from private.identity_patterns(p_brand, v_a, v_b, null, v_model) p);
  with levels as materialized (
    select x.at, sum(p.pairs) as n from unnest(v_patterns) p cross join lateral unnest(p.own || p.shared) x (at) group by x.at
  ), counted as (
    select (s.place - 1) * 4 + x.level as i, s.place, x.level, 200 * x.share + coalesce(l.n, 0) as n
    from private.default_identity_shares() s cross join lateral unnest(s.u) with ordinality x (share, level)
    left join levels l on l.at = (s.place - 1) * 4 + x.level
  )
  select array_agg(case when t.level in (2, 3) and t.place <= 4 then greatest(t.share, case t.level when 2 then 0.2 else 0.05 end / v_model.records) else t.share end order by t.i)
  into v_model.u
  from (select c.i, c.place, c.level, c.n / sum(c.n) over (partition by c.place) as share from counted c) t;

  -- The pairs that share a block, or as many of them as fit, drawn by p_seed.
  select array_agg(c.record_a order by c.record_a, c.record_b), array_agg(c.record_b order by c.record_a, c.record_b) into v_a, v_b
  from (select * from private.identity_candidates(p_brand, null) d
    order by hashtextextended(d.record_a::text || d.record_b, p_seed) limit v_sample * 4) c;
  v_pairs := coalesce(cardinality(v_a), 0);
  v_patterns := array(select p from private.identity_patterns(p_brand, v_a, v_b, null, v_model) p);
  select array_agg(v.record_a), array_agg(v.record_b), array_agg((v.status = 'same')::integer), count(*) into v_a, v_b, v_answers, v_labels
  from actors.identity_reviews v where v.brand_id = p_brand and v.status in ('same', 'different');
  v_patterns := v_patterns || array(select p from private.identity_patterns(p_brand, v_a, v_b, v_answers, v_model) p);
  v_model := private.learn_identity(v_patterns, v_model);

  insert into actors.identity_models (brand_id, version, matches_per_record, m, u, pair_count, label_count, trained_at)
  select p_brand, 1 + coalesce((select max(o.version) from actors.identity_models o where o.brand_id = p_brand), 0), v_model.matches_per_record,
    jsonb_object_agg(f.field, to_jsonb(v_model.m[f.place * 4 - 3:f.place * 4])), jsonb_object_agg(f.field, to_jsonb(v_model.u[f.place * 4 - 3:f.place * 4])),
    v_pairs, v_labels, p_now
  from unnest(v_fields) with ordinality f (field, place)
  returning * into v_row;
  perform private.log_call('actors.train_identity', p_brand, jsonb_build_object('now', p_now, 'seed', p_seed),
    jsonb_build_object('version', v_row.version, 'pairs', v_pairs, 'labels', v_labels), v_started);
  return v_row;
end
$$;
comment on function private.actors_train_identity(uuid, timestamptz, integer) is 'Body of actors.train_identity. Definer: clients write no models.';
grant execute on function private.actors_train_identity(uuid, timestamptz, integer) to authenticated, service_role;

create function actors.train_identity(p_brand uuid, p_now timestamptz default now(), p_seed integer default 1)
returns actors.identity_models
language sql
volatile
set search_path = ''
begin atomic
  select * from private.actors_train_identity(p_brand, p_now, p_seed);
end;
comment on function actors.train_identity(uuid, timestamptz, integer) is
  'Learns from the brand''s own records, without being told who is who, how the fields of one person and of two people differ (u from random pairs, m and the prior by expectation maximisation), with answered reviews as examples that are known. Writes and returns the next version of the model; pairs scored from then on use it. p_seed draws the pairs: the same seed and data give the same model. For managers. Errors: not_a_member, role_too_low, invalid_argument.';
grant execute on function actors.train_identity(uuid, timestamptz, integer) to authenticated, service_role;

create function private.resolve_identity(p_brand uuid, p_now timestamptz default now())
returns integer
language plpgsql
volatile
set search_path = ''
set plan_cache_mode = force_custom_plan -- the plan depends on how many records are left
as $$
declare
  v_floor constant double precision := private.actors_number(p_brand, 'match_floor');
  v_model private.identity_model;
  v_left uuid[];
  v_some uuid[];
  v_count integer;
begin
  perform private.lock_brand_identity(p_brand);
  perform private.refresh_identity_bits(p_brand);
  v_model := private.identity_model_of(p_brand);
  delete from actors.identity_matches m where m.brand_id = p_brand;
  v_count := private.match_records(p_brand, null, v_model, v_floor);
  -- A loop: what is not tied together is clustered apart, some thousands of records at a time, so that memory has a bound.
  v_left := array(select r.id from actors.identity_records r where r.brand_id = p_brand order by r.fingerprint);
  while cardinality(v_left) > 0 loop
    v_some := private.identity_reach(p_brand, v_left[:5000], v_floor);
    perform private.assign_records(p_brand, v_some, v_model, p_now);
    v_left := array(select l.id from unnest(v_left) with ordinality l (id, i)
      where not exists (select from unnest(v_some) s (id) where s.id = l.id) order by l.i);
  end loop;
  return v_count;
end
$$;
comment on function private.resolve_identity(uuid, timestamptz) is
  'Scores all records of the brand against each other and clusters them from nothing with the model and the frequencies of now; people keep their ids where most of their signals stay together. Returns how many pairs are kept.';
