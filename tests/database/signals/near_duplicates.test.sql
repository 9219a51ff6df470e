begin;
select plan(4);

create temp table t on commit drop as
select tests.create_brand(tests.create_user('owner@example.com')) as brand;

-- 200 texts of 10 to 25 words from one small vocabulary, so that different texts share many words.
create temp table originals on commit drop as
select n, array(
  select (string_to_array('the we our table was dinner waiter soup very warm cold lovely garden evening friends came back again for bread and music was too loud but service quick kind they gave us fresh fish with lemon rice was dry my sister ordered lamb curry nothing special price fair portion small dessert wonderful coffee bitter staff smiled at children', ' '))
    [1 + abs(hashint8extended(n * 100 + i, 7) % 56)]
  from generate_series(1, 10 + n % 16) i) as words
from generate_series(1, 200) n;

-- Every second text comes back changed in one of six known ways, the others not at all.
create temp table copies on commit drop as
select n, case n / 2 % 6
    when 0 then 'Fwd: ' || array_to_string(words, ' ')
    when 1 then upper(array_to_string(words, '  ')) || '!!! 😀'
    when 2 then array_to_string(words[1:4] || overlay(words[5] placing 'x' from 1 for 1) || words[6:], ' ')
    when 3 then array_to_string(words[1:6] || words[8:], ' ')
    when 4 then array_to_string(words, ' ') || ' thanks a lot'
    else array_to_string(words[1:3] || array['really'] || words[4:], ', ')
  end as text
from originals where n % 2 = 0
union all
select n + 1000, array_to_string(array(
  select (string_to_array('the we our table was dinner waiter soup very warm cold lovely garden evening friends came back again for bread and music was too loud but service quick kind they gave us fresh fish with lemon rice was dry my sister ordered lamb curry nothing special price fair portion small dessert wonderful coffee bitter staff smiled at children', ' '))
    [1 + abs(hashint8extended(n * 100 + i, 8) % 56)]
  from generate_series(1, 10 + n % 16) i), ' ')
from generate_series(1, 100) n;

create function pg_temp.send(p_prefix text, p_platform text, p_rows jsonb)
returns table (n integer, kind text)
language sql as $$
  select (r.value ->> 'n')::integer, v.duplicate_kind
  from t
  cross join lateral signals.ingest(t.brand, (
    select jsonb_agg(jsonb_build_object('type', 'review', 'source_platform', p_platform, 'source_id', p_prefix || (x.value ->> 'n'),
      'occurred_at', '2026-01-01T00:00:00Z'::timestamptz + x.ordinality * interval '1 minute',
      'data', jsonb_build_object('rating', 4, 'review_text', x.value ->> 'text')) order by x.ordinality)
    from jsonb_array_elements(p_rows) with ordinality x)) v
  join lateral (select e.value from jsonb_array_elements(p_rows) with ordinality e where e.ordinality = v.index + 1) r on true
$$;

select is((select count(*)::integer from pg_temp.send('a', 'google',
    (select jsonb_agg(jsonb_build_object('n', n, 'text', array_to_string(words, ' ')) order by n) from originals)) where kind is not null),
  0, 'different texts are not duplicates, however many words they share');

create temp table found on commit drop as
select s.n, s.kind from pg_temp.send('b', 'yelp', (select jsonb_agg(jsonb_build_object('n', n, 'text', text) order by n) from copies)) s;
select cmp_ok(
  (select 2.0 * count(*) filter (where n <= 200 and kind is not null)
     / (count(*) filter (where n <= 200) + count(*) filter (where kind is not null)) from found),
  '>=', 0.95, 'F1 of finding changed copies is at least 0.95');
select is((select count(*)::integer from found where n > 1000 and kind is not null), 0, 'and no new text is taken for a copy');
select diag('F1 ' || (select round(2.0 * count(*) filter (where n <= 200 and kind is not null)
     / (count(*) filter (where n <= 200) + count(*) filter (where kind is not null)), 4) from found));

-- Of 60 texts made from one template by as many people, person 55 sends hers again, once in the batch and once later.
create function pg_temp.from_template(p_id integer, p_person integer, p_word text)
returns jsonb
language sql as $$
  select jsonb_build_object('type', 'whatsapp_message', 'source_platform', 'template', 'source_id', p_id::text,
    'occurred_at', '2026-02-01T00:00:00Z'::timestamptz + p_id * interval '1 minute',
    'data', jsonb_build_object('sender_phone', '+4917199' || 10000 + 137 * p_person, 'message_text',
      'dear team my order number ' || md5(p_person::text) || ' has not come yet please tell me when it will be here kind regards ' || p_word))
$$;
create temp table answers on commit drop as
select v.duplicate_kind as kind, v.index from t cross join lateral signals.ingest(t.brand,
  (select jsonb_agg(pg_temp.from_template(n, n, 'anna') order by n) from generate_series(1, 60) n) || pg_temp.from_template(61, 55, 'ann')) v;
select results_eq(
  $$select array(select a.index from answers a where a.kind is not null) ||
    (select 100 + v.index from t cross join lateral signals.ingest(t.brand, jsonb_build_array(pg_temp.from_template(62, 55, 'anne'))) v where v.duplicate_kind is not null)$$,
  'values (array[60, 100])', 'a copy is found among texts of other people from the same template, and theirs are no copies');

select * from finish();
rollback;
