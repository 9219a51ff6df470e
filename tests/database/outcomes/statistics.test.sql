begin;
select plan(10);

-- Worked examples of Newcombe, Statistics in Medicine 17 (1998): 857-872 and 873-890.
select is(round(lower::numeric, 4) || ' ' || round(upper::numeric, 4), '0.2553 0.3662', 'the Wilson interval of 81 in 263 is the published one')
from private.wilson_interval(81, 263);
select is(round(difference::numeric, 4) || ' ' || round(lower::numeric, 4) || ' ' || round(upper::numeric, 4), '0.2000 0.0524 0.3339',
  'so is the interval of 56 in 70 against 48 in 80') from private.two_shares(56, 70, 48, 80);
select is(round(lower::numeric, 4) || ' ' || round(upper::numeric, 4), '0.0000 0.2775', 'none of ten is not surely none') from private.wilson_interval(0, 10);
select ok(lower = 0 and upper = 1, 'nothing is known without trials') from private.wilson_interval(0, 0);
select ok(difference is null and lower is null and p_value is null, 'nor of a difference to nobody') from private.two_shares(3, 10, 0, 0);
select is(p_value, 1::double precision, 'two groups in which nobody responds do not differ') from private.two_shares(0, 90, 0, 10);
select is(round(private.normal_cdf(1.959963984540054)::numeric, 6), 0.975, 'the normal distribution has its 97.5% point at 1.96');

create temp table o on commit drop as select tests.create_brand(tests.create_user('owner@example.com')) as brand;
insert into outcomes.outcomes (brand_id, outcome_type, outcome_value, outcome_confidence, data_quality_score) select brand, 'purchase', 5, 0.9, 0.9 from o;
select is((select processing_status::text from outcomes.outcomes), 'processed', 'a sure outcome is processed at once');
update outcomes.outcomes set processing_status = 'learned';
update outcomes.outcomes set review_notes = 'seen', processing_status = 'processed';
select is((select processing_status::text from outcomes.outcomes), 'learned', 'an outcome that was learned from never falls back');
select throws_ok($$insert into outcomes.outcomes (brand_id, outcome_type, outcome_value) select brand, 'purchase', 'NaN' from o$$, '23514', null, 'a value is a finite number');

select * from finish();
rollback;
