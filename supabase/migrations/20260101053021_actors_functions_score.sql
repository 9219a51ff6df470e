create type private.identity_model as (
  version integer,
  records double precision,
  matches_per_record double precision,
  household double precision,
  m double precision[],
  u double precision[]
);
create type private.identity_score as (
  record_a uuid,
  record_b uuid,
  levels smallint[],
  weights double precision[],
  bits double precision,
  household_bits double precision,
  weight double precision,
  probability double precision
);

create function private.default_identity_shares()
returns table (place integer, field text, m double precision[], u double precision[])
language sql
immutable
set search_path = ''
as $$
  values
    (1, 'customer_id', '{.05, .005, .025, .92}'::double precision[], '{.9499, .03, .02, .0001}'::double precision[]),
    (2, 'email', '{.10, .01, .05, .84}', '{.9839, .01, .006, .0001}'),
    (3, 'phone', '{.08, .01, .05, .86}', '{.9799, .01, .01, .0001}'),
    (4, 'social_handle', '{.10, .01, .05, .84}', '{.9599, .02, .02, .0001}'),
    (5, 'given_name', '{.04, .03, .09, .84}', '{.98, .005, .005, .01}'),
    (6, 'family_name', '{.04, .02, .09, .85}', '{.99, .003, .002, .005}'),
    (7, 'birth_date', '{.04, .03, .03, .90}', '{.984, .01, .001, .005}'),
    (8, 'street', '{.12, .06, .12, .70}', '{.998, .0005, .0005, .001}'),
    (9, 'house_number', '{.12, .0001, .06, .8199}', '{.76, .0001, .2199, .02}'),
    (10, 'city', '{.09, .02, .06, .83}', '{.947, .002, .001, .05}'),
    (11, 'postcode', '{.08, .01, .08, .83}', '{.985, .0005, .0125, .002}'),
    (12, 'region', '{.06, .01, .03, .90}', '{.77, .01, .02, .20}'),
    (13, 'given_name_derived', '{.12, .03, .10, .75}', '{.98, .005, .005, .01}'),
    (14, 'family_name_derived', '{.12, .03, .10, .75}', '{.99, .003, .002, .005}')
$$;
comment on function private.default_identity_shares() is
  'What a brand without data starts from, per field: m, the shares of different, similar, near and exact among pairs of one person, and u, the same among pairs of two. They are also the Dirichlet prior of training. A name read from an e-mail address has rows of its own. Identifiers that nearly agree say little until it is known whether the brand''s are numbered in a row.';

create function private.identity_model_of(p_brand uuid)
returns private.identity_model
language sql
stable
set search_path = ''
as $$
  select (coalesce(l.version, 0),
    greatest(private.actors_number(p_brand, 'identity_population'),
      (select v.record_count from private.identity_values v where (v.brand_id, v.field, v.value) = (p_brand, 'record', ''))),
    coalesce(l.matches_per_record, 1), private.actors_number(p_brand, 'household_share'),
    (select array_agg(x.share order by s.place, x.level) from private.default_identity_shares() s
      cross join lateral unnest(coalesce(array(select e.value::double precision from jsonb_array_elements_text(l.m -> s.field) e), '{}') || s.m) with ordinality x (share, level)
      where x.level <= 4),
    (select array_agg(x.share order by s.place, x.level) from private.default_identity_shares() s
      cross join lateral unnest(coalesce(array(select e.value::double precision from jsonb_array_elements_text(l.u -> s.field) e), '{}') || s.u) with ordinality x (share, level)
      where x.level <= 4))::private.identity_model
  from (select 1) one
  left join lateral (
    select * from actors.identity_models d where d.brand_id = p_brand order by d.version desc limit 1
  ) l on true
$$;
comment on function private.identity_model_of(uuid) is
  'The model that the brand''s pairs are scored with: the last trained one, else the built-in one (version 0). m and u are flat: four levels for each row of private.default_identity_shares. records: how many there are, at least actors.identity_population; household: parameter actors.household_share.';

create function private.score_identities(p_brand uuid, p_a uuid[], p_b uuid[], p_model private.identity_model, p_floor double precision default 0)
returns setof private.identity_score
language plpgsql
stable
set search_path = ''
set plan_cache_mode = force_custom_plan -- the plan depends on how many pairs there are
set work_mem = '128MB' -- the records of all pairs are hashed
set enable_nestloop = on -- until the body knows better; what it sets ends with it
as $$
declare
  v_least constant double precision := case when p_floor < 1 then p_floor / (1 - p_floor) else 'infinity' end;
  v_m constant double precision[] := (p_model).m;
  v_w double precision[]; -- log2 m/u of the levels below exact, log2 m of exact
  v_n constant double precision := log(2::numeric, (p_model).records::numeric);
  v_k constant double precision := (p_model).matches_per_record / (p_model).records;
  v_h constant double precision := (p_model).household / (p_model).records;
  v_need constant double precision := case when p_floor > 0 then ln(v_least / v_k) / ln(2::double precision) - 0.001 end; -- bits; null: no floor
  v_most double precision[]; -- per field: what agreement below exact gives at most
begin
  select array_agg(case when (i.i - 1) % 4 = 3 then ln(v_m[i.i]) else ln(v_m[i.i] / (p_model).u[i.i]) end / ln(2::double precision) order by i.i)
  into v_w from generate_series(1, cardinality(v_m)) i (i);
  select array_agg(greatest(0, v_w[f.f * 4 + 1], v_w[f.f * 4 + 2], v_w[f.f * 4 + 3]) order by f.f) into v_most from generate_series(0, cardinality(v_m) / 4 - 1) f (f);
  -- More pairs than records: reading each record once is cheaper than a lookup for every pair, which the statistics of a new brand hide.
  if cardinality(p_a) > (p_model).records then
    perform set_config('enable_nestloop', 'off', true);
  end if;

  return query
  with levels as (
    -- 0 different, 1 similar, 2 near (one edit or two letters swapped), 3 exact, 4 agrees but says nothing new; null: not comparable.
    -- Numbers are given out in series: identifiers that differ only in their digits (a phone: in its last two) are as
    -- near as neighbours are, and that is no slip of the finger.
    -- Written out field by field: a function that pins its search path is not inlined, and this runs for every pair.
    select x.id as a, y.id as b, x.agreement_bits as xb, y.agreement_bits as yb,
      x.given_is_derived or y.given_is_derived as given_derived, x.family_is_derived or y.family_is_derived as family_derived,
      x.email_letters as xm, y.email_letters as ym, x.given_name as xg, y.given_name as yg, x.family_name as xf, y.family_name as yf,
      case when x.customer_id = y.customer_id then 3 when x.customer_id is null or y.customer_id is null then null
        when translate(x.customer_id, '0123456789', '') = translate(y.customer_id, '0123456789', '') or abs(length(x.customer_id) - length(y.customer_id)) > 1 or length(x.customer_id) not between 6 and 250 or length(y.customer_id) > 250 then 0
        else case extensions.levenshtein_less_equal(x.customer_id, y.customer_id, 2) when 1 then 2
          when 2 then case when translate(x.customer_id, y.customer_id, '') = '' and length(x.customer_id) = length(y.customer_id) then 2 else 1 end else 0 end end as l1,
      case when x.email = y.email then 3 when x.email is null or y.email is null then null
        -- The same letters at another number or provider is what a namesake has too: the names themselves are compared instead.
        when x.email_letters = y.email_letters then null
        -- One letter of a short mailbox is no slip of the finger.
        when abs(length(x.email) - length(y.email)) > 2 or least(length(x.email_letters), length(y.email_letters)) < 5 or greatest(length(x.email), length(y.email)) > 250 then 0
        else case extensions.levenshtein_less_equal(x.email, y.email, 2) when 1 then 2
          when 2 then case when length(x.email) = length(y.email) and translate(x.email, y.email, '') = '' and translate(y.email, x.email, '') = '' then 2 else 1 end else 0 end end as l2,
      case when x.phone = y.phone then 3 when x.phone is null or y.phone is null then null
        when left(x.phone, length(y.phone) - 2) = left(y.phone, length(x.phone) - 2) then null
        when abs(length(x.phone) - length(y.phone)) > 1 then 0
        else case extensions.levenshtein_less_equal(x.phone, y.phone, 2) when 1 then 2
          when 2 then case when length(x.phone) = length(y.phone) and translate(x.phone, y.phone, '') = '' and translate(y.phone, x.phone, '') = '' then 2 else 1 end else 0 end end as l3,
      case when x.social_handle = y.social_handle then 3 when x.social_handle is null or y.social_handle is null or split_part(x.social_handle, ':', 1) <> split_part(y.social_handle, ':', 1) then null
        when translate(x.social_handle, '0123456789', '') = translate(y.social_handle, '0123456789', '') or abs(length(x.social_handle) - length(y.social_handle)) > 1 or greatest(length(x.social_handle), length(y.social_handle)) > 250 then 0
        else case extensions.levenshtein_less_equal(x.social_handle, y.social_handle, 2) when 1 then 2 when 2 then 1 else 0 end end as l4,
      case when x.given_name = y.given_name then 3 when x.given_name is null or y.given_name is null then null
        when length(x.given_name) = 1 or length(y.given_name) = 1 then case when left(x.given_name, 1) = left(y.given_name, 1) then null else 0 end
        when x.given_name = y.family_name and x.family_name = y.given_name then 2
        else case extensions.levenshtein_less_equal(x.given_name, y.given_name, 2)
          when 1 then case when greatest(length(x.given_name), length(y.given_name)) >= 3 then 2 else 1 end
          when 2 then case when length(x.given_name) = length(y.given_name) and translate(x.given_name, y.given_name, '') = '' and translate(y.given_name, x.given_name, '') = '' then 2
            when greatest(length(x.given_name), length(y.given_name)) >= 6 then 1 else 0 end
          else case when least(length(x.given_name), length(y.given_name)) >= 3 and (left(x.given_name, length(y.given_name)) = y.given_name or left(y.given_name, length(x.given_name)) = x.given_name)
            then 1 else 0 end end end as l5,
      case when x.family_name = y.family_name then 3 when x.family_name is null or y.family_name is null then null
        when length(x.family_name) = 1 or length(y.family_name) = 1 then case when left(x.family_name, 1) = left(y.family_name, 1) then null else 0 end
        when x.given_name = y.family_name and x.family_name = y.given_name then 2
        else case extensions.levenshtein_less_equal(x.family_name, y.family_name, 2)
          when 1 then case when greatest(length(x.family_name), length(y.family_name)) >= 3 then 2 else 1 end
          when 2 then case when length(x.family_name) = length(y.family_name) and translate(x.family_name, y.family_name, '') = '' and translate(y.family_name, x.family_name, '') = '' then 2
            when greatest(length(x.family_name), length(y.family_name)) >= 6 then 1 else 0 end
          else case when least(length(x.family_name), length(y.family_name)) >= 3 and (left(x.family_name, length(y.family_name)) = y.family_name or left(y.family_name, length(x.family_name)) = x.family_name)
            then 1 else 0 end end end as l6,
      case when x.birth_date = y.birth_date then 3 when x.birth_date is null or y.birth_date is null then null
        when length(x.birth_date) = 4 or length(y.birth_date) = 4 then case when left(x.birth_date, 4) = left(y.birth_date, 4) then 1 else 0 end
        when left(x.birth_date, 4) || substr(x.birth_date, 7, 2) || substr(x.birth_date, 5, 2) = y.birth_date then 2
        else case extensions.levenshtein_less_equal(x.birth_date, y.birth_date, 2) when 1 then 2
          when 2 then case when length(x.birth_date) = length(y.birth_date) and translate(x.birth_date, y.birth_date, '') = '' and translate(y.birth_date, x.birth_date, '') = '' then 2 else 1 end
          else case when left(x.birth_date, 4) = left(y.birth_date, 4) and (substr(x.birth_date, 5, 2) = substr(y.birth_date, 5, 2) or substr(x.birth_date, 7) = substr(y.birth_date, 7)) then 1 else 0 end end end as l7,
      case when x.street = y.street then 3 when x.street is null or y.street is null then null when abs(length(x.street) - length(y.street)) > 2 then 0
        else case extensions.levenshtein_less_equal(x.street, y.street, 2) when 1 then 2 when 2 then case when greatest(length(x.street), length(y.street)) >= 6 then 1 else 0 end else 0 end end as l8,
      case when x.house_number = y.house_number then 3 when x.house_number is null or y.house_number is null then null when abs(length(x.house_number) - length(y.house_number)) > 1 then 0
        else case extensions.levenshtein_less_equal(x.house_number, y.house_number, 1) when 1 then 2 else 0 end end as l9,
      case when x.city = y.city then 3 when x.city is null or y.city is null then null when abs(length(x.city) - length(y.city)) > 2 then 0
        else case extensions.levenshtein_less_equal(x.city, y.city, 2) when 1 then 2 when 2 then case when greatest(length(x.city), length(y.city)) >= 6 then 1 else 0 end else 0 end end as l10,
      case when x.postcode = y.postcode then 3 when x.postcode is null or y.postcode is null then null when abs(length(x.postcode) - length(y.postcode)) > 1 then 0
        else case extensions.levenshtein_less_equal(x.postcode, y.postcode, 2) when 1 then 2
          when 2 then case when length(x.postcode) = length(y.postcode) and translate(x.postcode, y.postcode, '') = '' then 2 when greatest(length(x.postcode), length(y.postcode)) >= 6 then 1 else 0 end else 0 end end as l11,
      case when x.region = y.region then 3 when x.region is null or y.region is null then null when abs(length(x.region) - length(y.region)) > 1 then 0
        else case extensions.levenshtein_less_equal(x.region, y.region, 1) when 1 then 2 else 0 end end as l12,
      coalesce(x.more_identifiers, y.more_identifiers) is not null and (x.more_identifiers || array['customer_id:' || x.customer_id, 'email:' || x.email, 'phone:' || x.phone, 'social_handle:' || x.social_handle])
        && (y.more_identifiers || array['customer_id:' || y.customer_id, 'email:' || y.email, 'phone:' || y.phone, 'social_handle:' || y.social_handle]) as share_another
    from (select unnest(p_a) as a, unnest(p_b) as b) p -- side by side here, they are not stored once more
    join actors.identity_records x on x.brand_id = p_brand and x.id = p.a
    join actors.identity_records y on y.brand_id = p_brand and y.id = p.b
    -- Nine in ten pairs fall short of the floor even if whatever nearly agrees counts in full: they are not looked at closer.
    where v_need is null or x.email = y.email or coalesce(x.more_identifiers, y.more_identifiers) is not null or v_need <=
        case when x.given_name = y.given_name then greatest(0, greatest(v_w[20], v_w[52]) + least(x.agreement_bits[5], y.agreement_bits[5])) when x.given_name is null or y.given_name is null then 0
          when extensions.levenshtein_less_equal(x.given_name, y.given_name, 2) <= 2 or x.given_name = y.family_name or starts_with(x.given_name, y.given_name) or starts_with(y.given_name, x.given_name)
          then greatest(v_most[5], v_most[13]) else greatest(v_w[17], v_w[49]) end
        + case when x.family_name = y.family_name then greatest(0, greatest(v_w[24], v_w[56]) + least(x.agreement_bits[6], y.agreement_bits[6])) when x.family_name is null or y.family_name is null then 0
          when extensions.levenshtein_less_equal(x.family_name, y.family_name, 2) <= 2 or x.given_name = y.family_name or starts_with(x.family_name, y.family_name) or starts_with(y.family_name, x.family_name)
          then greatest(v_most[6], v_most[14]) else greatest(v_w[21], v_w[53]) end
        + case when x.email is null or y.email is null or x.email_letters = y.email_letters then 0
          when octet_length(x.email) > 250 or octet_length(y.email) > 250 or extensions.levenshtein_less_equal(x.email, y.email, 2) <= 2 then v_most[2] else v_w[5] end
        + case when x.city = y.city then greatest(0, v_w[40] + least(x.agreement_bits[10], y.agreement_bits[10])) when x.city is null or y.city is null then 0
          when extensions.levenshtein_less_equal(x.city, y.city, 2) <= 2 then v_most[10] else v_w[37] end
        + case when x.customer_id = y.customer_id then greatest(0, coalesce(v_w[4] + v_n + least(x.agreement_bits[1], y.agreement_bits[1]), 0)) when x.customer_id is null or y.customer_id is null then 0 else v_most[1] end
        + case when x.phone = y.phone then greatest(0, coalesce(v_w[12] + v_n + least(x.agreement_bits[3], y.agreement_bits[3]), 0)) when x.phone is null or y.phone is null then 0 else v_most[3] end
        + case when x.social_handle = y.social_handle then greatest(0, coalesce(v_w[16] + v_n + least(x.agreement_bits[4], y.agreement_bits[4]), 0)) when x.social_handle is null or y.social_handle is null then 0 else v_most[4] end
        + case when x.birth_date = y.birth_date then greatest(0, v_w[28] + least(x.agreement_bits[7], y.agreement_bits[7])) when x.birth_date is null or y.birth_date is null then 0 else v_most[7] end
        + case when x.street = y.street then greatest(0, v_w[32] + least(x.agreement_bits[8], y.agreement_bits[8])) when x.street is null or y.street is null then 0 else v_most[8] end
        + case when x.house_number = y.house_number then greatest(0, v_w[36] + least(x.agreement_bits[9], y.agreement_bits[9])) when x.house_number is null or y.house_number is null then 0 else v_most[9] end
        + case when x.postcode = y.postcode then greatest(0, v_w[44] + least(x.agreement_bits[11], y.agreement_bits[11])) when x.postcode is null or y.postcode is null then 0 else v_most[11] end
        + case when x.region = y.region then greatest(0, v_w[48] + least(x.agreement_bits[12], y.agreement_bits[12])) when x.region is null or y.region is null then 0 else v_most[12] end
    offset 0 -- keeps each comparison from being made again wherever its level is named
  ), counted as (
    -- An e-mail address that agrees holds the name already, all the more one that was read from it; one of several
    -- identifiers that agrees makes the others silent.
    select l.a, l.b, l.xb, l.yb, l.given_derived, l.family_derived, l.share_another,
      case when l.share_another and l.l1 < 3 then null else l.l1 end as l1, case when l.share_another and l.l2 < 3 then null else l.l2 end as l2,
      case when l.share_another and l.l3 < 3 then null else l.l3 end as l3, case when l.share_another and l.l4 < 3 then null else l.l4 end as l4,
      case when l.l2 = 3 and l.given_derived then null when l.l2 >= 1 and l.l5 >= 2 and (strpos(l.xm, l.xg) > 0 or strpos(l.ym, l.yg) > 0) then 4 else l.l5 end as l5,
      case when l.l2 = 3 and l.family_derived then null when l.l2 >= 1 and l.l6 >= 2 and (strpos(l.xm, l.xf) > 0 or strpos(l.ym, l.yf) > 0) then 4 else l.l6 end as l6,
      l.l7, l.l8, l.l9, l.l10, l.l11, l.l12
    from levels l
    offset 0
  ), weighed as (
    select c.*,
      case when c.share_another and coalesce(c.l1, c.l2, c.l3, c.l4) is null then v_n + 4 when c.l1 < 3 then v_w[c.l1 + 1] when c.l1 = 3 then coalesce(v_w[4] + v_n + least(c.xb[1], c.yb[1]) + 0 * (c.xb[1] + c.yb[1]), 0) end as w1,
      case when c.l2 < 3 then v_w[c.l2 + 5] when c.l2 = 3 then coalesce(v_w[8] + v_n + least(c.xb[2], c.yb[2]) + 0 * (c.xb[2] + c.yb[2]), 0) end as w2,
      case when c.l3 < 3 then v_w[c.l3 + 9] when c.l3 = 3 then coalesce(v_w[12] + v_n + least(c.xb[3], c.yb[3]) + 0 * (c.xb[3] + c.yb[3]), 0) end as w3,
      case when c.l4 < 3 then v_w[c.l4 + 13] when c.l4 = 3 then coalesce(v_w[16] + v_n + least(c.xb[4], c.yb[4]) + 0 * (c.xb[4] + c.yb[4]), 0) end as w4,
      case when c.l5 < 3 then v_w[c.l5 + case when c.given_derived then 49 else 17 end]
        when c.l5 = 3 then v_w[case when c.given_derived then 52 else 20 end] + least(c.xb[5], c.yb[5]) when c.l5 = 4 then 0 end as w5,
      case when c.l6 < 3 then v_w[c.l6 + case when c.family_derived then 53 else 21 end]
        when c.l6 = 3 then v_w[case when c.family_derived then 56 else 24 end] + least(c.xb[6], c.yb[6]) when c.l6 = 4 then 0 end as w6,
      case when c.l7 < 3 then v_w[c.l7 + 25] when c.l7 = 3 then v_w[28] + least(c.xb[7], c.yb[7]) end as w7,
      case when c.l8 < 3 then v_w[c.l8 + 29] when c.l8 = 3 then v_w[32] + least(c.xb[8], c.yb[8]) end as w8,
      case when c.l9 < 3 then v_w[c.l9 + 33] when c.l9 = 3 then v_w[36] + least(c.xb[9], c.yb[9]) end as w9,
      case when c.l10 < 3 then v_w[c.l10 + 37] when c.l10 = 3 then v_w[40] + least(c.xb[10], c.yb[10]) end as w10,
      case when c.l11 < 3 then v_w[c.l11 + 41] when c.l11 = 3 then v_w[44] + least(c.xb[11], c.yb[11]) end as w11,
      case when c.l12 < 3 then v_w[c.l12 + 45] when c.l12 = 3 then v_w[48] + least(c.xb[12], c.yb[12]) end as w12
    from counted c
    offset 0
  ), summed as (
    select d.*, coalesce(d.w1, 0) + coalesce(d.w2, 0) + coalesce(d.w4, 0) + coalesce(d.w5, 0) + coalesce(d.w7, 0) as own,
      coalesce(d.w3, 0) + coalesce(d.w6, 0) + coalesce(d.w8, 0) + coalesce(d.w9, 0) + coalesce(d.w10, 0) + coalesce(d.w11, 0) + coalesce(d.w12, 0) as shared
    from weighed d
    offset 0
  ), judged as (
    -- Three ways to come by such a pair: one person, two strangers, two people of one household, who share what a household shares.
    select j.*, v_k * power(2::double precision, greatest(-500, least(500, j.own + j.shared)))
      / (1 + v_h * power(2::double precision, greatest(-500, least(500, j.shared)))) as odds
    from summed j
    offset 0
  )
  select s.a, s.b, array[s.l1, s.l2, s.l3, s.l4, s.l5, s.l6, s.l7, s.l8, s.l9, s.l10, s.l11, s.l12,
      case when s.given_derived then 8 else 0 end + case when s.family_derived then 16 else 0 end]::smallint[],
    array[s.w1, s.w2, s.w3, s.w4, s.w5, s.w6, s.w7, s.w8, s.w9, s.w10, s.w11, s.w12],
    h.bits + coalesce(case when s.l1 = 3 then s.w1 - v_w[4] end, 0) + coalesce(case when s.l2 = 3 then s.w2 - v_w[8] end, 0) + coalesce(case when s.l4 = 3 then s.w4 - v_w[16] end, 0)
      + coalesce(case when s.l5 = 3 then least(s.xb[5], s.yb[5]) end, 0) + coalesce(case when s.l7 = 3 then least(s.xb[7], s.yb[7]) end, 0),
    h.bits, ln(s.odds) / ln(2::double precision), s.odds / (1 + s.odds)
  from judged s
  cross join lateral (
    select coalesce(case when s.l3 = 3 then s.w3 - v_w[12] end, 0) + coalesce(case when s.l6 = 3 then least(s.xb[6], s.yb[6]) end, 0)
      + coalesce(case when s.l8 = 3 then least(s.xb[8], s.yb[8]) end, 0) + coalesce(case when s.l9 = 3 then least(s.xb[9], s.yb[9]) end, 0)
      + coalesce(case when s.l10 = 3 then least(s.xb[10], s.yb[10]) end, 0) + coalesce(case when s.l11 = 3 then least(s.xb[11], s.yb[11]) end, 0)
      + coalesce(case when s.l12 = 3 then least(s.xb[12], s.yb[12]) end, 0) as bits
  ) h
  where s.odds >= v_least;
end
$$;
comment on function private.score_identities(uuid, uuid[], uuid[], private.identity_model, double precision) is
  'Fellegi-Sunter match weights of pairs p_a[i], p_b[i] whose probability reaches p_floor. levels: per field of private.identity_fields the level of agreement (0 different to 3 exact, 4 agrees but is counted elsewhere, null not comparable), then 8 + 16 flags for names read from e-mail; weights: log2 m/u, u of exact agreement being the frequency of the value; bits, household_bits: the part of the weights that the values'' rarity gives, for training. probability = odds / (1 + odds), odds = k/n 2^w / (1 + h/n 2^s): k matches per record, n records, h household mates per record, s the sum over what a household shares (family name, phone, address).';
