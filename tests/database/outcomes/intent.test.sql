-- The causal model against people whose intent, and so the truth, is known.
begin;
select plan(13);

-- Four groups: the first two work and meet people by chance; the last two meet those who want to buy, and hardly work.
create temp table truth (g integer, base double precision, loading double precision, effect double precision) on commit drop;
insert into truth values (1, -0.4, 0, 0.9), (2, -0.6, 0.2, 0.6), (3, -0.8, 1.2, 0), (4, -0.6, 1, 0.25);

create function pg_temp.simulate(p_seed double precision, p_people integer, p_holdout double precision)
returns table (eligible integer, exposed integer, has_responded boolean, intent double precision) language plpgsql as $$
begin
  perform setseed(p_seed);
  return query
  with person as materialized (select i, random_normal() as u, random() as a, random() as b, random() as c, random() as d,
      random() as ha, random() as hb, random() as hc, random() as hd, random() as y from generate_series(1, p_people) i),
  met as materialized (
    select p.i, p.u, p.y, sum(case when x.draw < 1 / (1 + exp(-t.base - t.loading * p.u)) then 1 << (t.g - 1) else 0 end)::integer as eligible,
      sum(case when x.held < p_holdout then 1 << (t.g - 1) else 0 end)::integer as held
    from person p cross join truth t
    cross join lateral (select (array[p.a, p.b, p.c, p.d])[t.g] as draw, (array[p.ha, p.hb, p.hc, p.hd])[t.g] as held) x
    group by p.i, p.u, p.y
  )
  select m.eligible, m.eligible & ~m.held, m.y < 1 / (1 + exp(2.5 - 0.9 * m.u - (select coalesce(sum(t.effect) filter (where (m.eligible & ~m.held) >> (t.g - 1) & 1 = 1), 0) from truth t))), m.u
  from met m;
end
$$;
create temp table people on commit drop as
select s as seed, p.* from generate_series(1, 4) s cross join lateral pg_temp.simulate(s / 10.0, 6000, 0.2) p;
create temp table patterns on commit drop as
select seed, array_agg(row(eligible, exposed, has_responded, n)::private.journey_pattern order by eligible, exposed, has_responded) as p
from (select seed, eligible, exposed, has_responded, count(*) as n from people group by 1, 2, 3, 4) x group by seed;
-- What the groups really cause: Shapley values of the expected responses.
create temp table real on commit drop as
with value as (
  select seed, s, sum(1 / (1 + exp(2.5 - 0.9 * intent - (select coalesce(sum(t.effect) filter (where (eligible & s) >> (t.g - 1) & 1 = 1), 0) from truth t)))) as v
  from (select seed, eligible, s, intent from people cross join generate_series(0, 15) s) x group by seed, s
), caused as (
  select seed, g, sum(private.shapley_weight(4, bit_count((s & ~(1 << (g - 1)))::bit(32))::integer) * case when s >> (g - 1) & 1 = 1 then v else -v end) as caused
  from value cross join generate_series(1, 4) g group by seed, g
)
select seed, g, caused / sum(caused) over (partition by seed) as share from caused;

create temp table found on commit drop as
select p.seed, e.* from patterns p cross join lateral (select array(select f from private.fit_intent(p.p, 4) f) as fits) f
cross join lateral private.intent_effects(p.p, 4, f.fits, 100, 1) e;
create temp table scores on commit drop as
select avg(abs(f.share - r.share)) as error, count(*) filter (where r.share between f.share_lower and f.share_upper) as covered from found f join real r on r.seed = f.seed and r.g = f.group_number;
select cmp_ok(error, '<', 0.07::double precision, format('the shares are found: mean error %s', round(error::numeric, 3))) from scores;
select cmp_ok(covered, '>=', 12::bigint, 'their 90% intervals hold the truth') from scores;
select ok(bool_and(caused_lower > 0), 'a group that works is told from chance') from found where group_number <= 2;
select cmp_ok(count(*) filter (where caused_lower > 0), '<=', 1::bigint, 'one that only meets those who buy anyway is not') from found where group_number = 3;
select ok(bool_and(abs(s.total - 1) < 1e-9), 'the shares sum to 1') from (select sum(share) as total from found group by seed) s;

-- The same people with the held out taken for people whom nothing would have reached: what a look without a ledger sees.
create temp table blind on commit drop as
select avg(abs(e.share - r.share)) as error
from (
  select seed, array_agg(row(exposed, exposed, has_responded, n)::private.journey_pattern order by exposed, has_responded) as p
  from (select seed, exposed, has_responded, count(*) as n from people group by 1, 2, 3) x group by seed) p
cross join lateral (select array(select f from private.fit_intent(p.p, 4) f) as fits) f
cross join lateral private.intent_effects(p.p, 4, f.fits, 100, 1) e
join real r on r.seed = p.seed and r.g = e.group_number;
select cmp_ok(b.error, '>', 1.3 * s.error, format('the held out make the difference: %s without them, %s with', round(b.error::numeric, 3), round(s.error::numeric, 3))) from blind b, scores s;

select ok(bool_and(c.total between 1 - 1e-9 and 1 + 1e-9 and c.least >= 0), 'each response is divided wholly, also to what would have come anyway')
from patterns p cross join lateral (
  select sum(x.credit) as total, min(x.credit) as least from private.intent_credit(p.p, 4, array(select f from private.fit_intent(p.p, 4) f)) x group by x.eligible, x.exposed) c
where p.seed = 1;
select results_eq($$select e.caused, e.share_upper from patterns p, private.intent_effects(p.p, 4, array(select f from private.fit_intent(p.p, 4) f), 100, 1) e where p.seed = 2$$,
  $$select caused, share_upper from found where seed = 2$$, 'a second look finds the same to the last digit');

-- One group of 2,000 people: 10% respond of the held out, 20% of the exposed.
select ok(e.caused between 110 and 190 and e.caused_lower > 0, format('one group is found by its held out alone: %s of 160 caused', round(e.caused::numeric)))
from (select array[row(1, 0, false, 360), row(1, 0, true, 40), row(1, 1, false, 1280), row(1, 1, true, 320)]::private.journey_pattern[] as p) x,
  private.intent_effects(x.p, 1, array(select f from private.fit_intent(x.p, 1) f), 100, 1) e;
select ok(e.caused_lower <= 0 and e.caused_upper >= 0, 'where the held out respond alike there is no effect')
from (select array[row(1, 0, false, 180), row(1, 0, true, 20), row(1, 1, false, 1620), row(1, 1, true, 180)]::private.journey_pattern[] as p) x,
  private.intent_effects(x.p, 1, array(select f from private.fit_intent(x.p, 1) f), 100, 1) e;
select ok(e.caused_lower <= 0 and e.caused_upper >= 0, 'nor where nobody responds')
from (select array[row(3, 1, false, 500), row(3, 2, false, 500), row(7, 7, false, 300)]::private.journey_pattern[] as p) x,
  private.intent_effects(x.p, 3, array(select f from private.fit_intent(x.p, 3) f), 100, 1) e where e.group_number = 1;

select is((select array_agg(round(v::numeric, 9)) from unnest(private.inverse_matrix('{{0,2},{4,0}}')) v), array[0, 0.25, 0.5, 0], 'a matrix is inverted by its pivots');
select is(private.inverse_matrix('{{1,2},{2,4}}'), null, 'one without an inverse is told');

select * from finish();
rollback;
