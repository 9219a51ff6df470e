-- The components of the belief vectors in words and in the units of a shop. Nobody outside this file words them.
create function private.component_words(p_component text, p_value double precision)
returns text
language sql
immutable
set search_path = ''
as $$
  select case p_component
    when 'behavior.purchase_rate' then case
      when d.days < 1.5 then 'about every day'
      when d.days < 60 then format('about every %s days', round(d.days::numeric))
      when d.days < 700 then format('about every %s months', round((d.days / 30.44)::numeric))
      else 'less than once in two years' end
    when 'behavior.order_value' then format('about %s', round(d.amount::numeric, case when d.amount < 10 then 1 else 0 end))
    when 'behavior.days_since_order' then case when d.amount < 1.5 then 'within a day' when d.amount < 2.5 then 'about a day ago'
      when d.amount < 61 then format('about %s days ago', round((d.amount - 1)::numeric))
      else format('about %s months ago', round(((d.amount - 1) / 30.44)::numeric)) end
    when 'communication.email_open' then format('%s', round(d.amount::numeric, 1))
    when 'communication.email_click' then format('%s', round(d.amount::numeric, 1))
    when 'communication.hour.sine' then case when p_value > 0 then 'in the morning' else 'in the evening' end
    when 'communication.hour.cosine' then case when p_value > 0 then 'at night' else 'around noon' end
    else format('%s%%', round((100 * p_value)::numeric))
  end
  -- Rates, amounts and times are kept as logarithms; the bounds keep exp from overflowing.
  from (select exp(least(-p_value, 20)) as days, exp(least(p_value, 20)) as amount) d
$$;
comment on function private.component_words(text, double precision) is
  'A value of a component of the belief vector (in the component''s own unit: shares, natural logarithms of orders a day, of amounts and of days + 1, points on the clock) as a shopkeeper says it: "about every 12 days", "about 18", "42%".';

create function private.component_subject(p_component text, p_label text)
returns text
language sql
immutable
set search_path = ''
as $$
  select replace(case when p_component like 'preference.category.%' then regexp_replace(p_label, '^buys ', '') else p_label end, '_', ' ')
$$;
comment on function private.component_subject(text, text) is 'What a component is about: the goods of a taste ("bags" of "buys bags"), else its label.';

create function private.trait_words(p_component text, p_label text, p_mean double precision, p_rest double precision)
returns text
language sql
immutable
set search_path = ''
as $$
  select case
    when p_component = 'communication.hour.sine' then case when p_mean > p_rest then 'are active earlier in the day than others' else 'are active later in the day than others' end
    when p_component = 'communication.hour.cosine' then case when p_mean > p_rest then 'are active at night more than others' else 'are active around noon more than others' end
    else format(case
      when p_component like 'preference.category.%' then 'buy ' || case when p_mean >= 0.5 and p_mean > p_rest then 'mainly ' else '' end || '%3$s (%1$s of what they buy; others %2$s)'
      when p_component like 'communication.channel.%' then 'are met by %4$s in %1$s of contacts (others %2$s)'
      when p_component like 'behavior.order_method.%' then 'place %1$s of their orders %5$s (others %2$s)'
      else case p_component
        when 'behavior.purchase_rate' then 'order %1$s (others %2$s)'
        when 'behavior.order_value' then 'spend %1$s per order (others %2$s)'
        when 'behavior.days_since_order' then 'ordered last %1$s (others %2$s)'
        when 'behavior.refund_share' then 'send back %1$s of their orders (others %2$s)'
        when 'behavior.weekend_share' then 'place %1$s of their orders at the weekend (others %2$s)'
        when 'experience.satisfaction' then 'are %1$s satisfied (others %2$s)'
        when 'communication.email_open' then 'open e-mails %1$s times each (others %2$s)'
        when 'communication.email_click' then 'click %1$s times in each e-mail they open (others %2$s)'
        when 'response.any' then 'answer %1$s of the offers (others %2$s)'
        else '%3$s: %1$s (others %2$s)' end end,
      private.component_words(p_component, p_mean), private.component_words(p_component, p_rest),
      private.component_subject(p_component, p_label), split_part(p_component, '.', 3), regexp_replace(p_label, '^orders ', ''))
  end
$$;
comment on function private.trait_words(text, text, double precision, double precision) is
  'A characteristic as something that the people of a cohort do, with what the others do beside it: "order about every 12 days (others about every 40 days)". p_label: of the component; p_mean, p_rest: means in the component''s own unit.';

create function private.name_words(p_component text, p_direction text)
returns text
language sql
immutable
set search_path = ''
as $$
  select case when p_direction = 'high' then w.high else w.low end
  from (
    select 'frequent' as high, 'occasional' as low where p_component = 'behavior.purchase_rate'
    union all select 'big-spending', 'small-order' where p_component = 'behavior.order_value'
    union all select 'lapsed', 'recent' where p_component = 'behavior.days_since_order'
    union all select 'often-returning', 'rarely returning' where p_component = 'behavior.refund_share'
    union all select 'weekend', 'weekday' where p_component = 'behavior.weekend_share'
    union all select 'happy', 'unhappy' where p_component = 'experience.satisfaction'
    union all select 'e-mail-reading', 'e-mail-shy' where p_component = 'communication.email_open'
    union all select 'e-mail-clicking', 'rarely clicking' where p_component = 'communication.email_click'
    union all select 'morning', 'evening' where p_component = 'communication.hour.sine'
    union all select 'night', 'midday' where p_component = 'communication.hour.cosine'
    union all select 'offer-loving', 'offer-shy' where p_component = 'response.any'
    union all select 'online', 'rarely online' where p_component = 'behavior.order_method.online'
    union all select 'in-store', 'rarely in-store' where p_component = 'behavior.order_method.in_store'
    union all select 'telephone', 'rarely telephoning' where p_component = 'behavior.order_method.phone'
    union all select split_part(p_component, '.', 3), 'non-' || split_part(p_component, '.', 3) where p_component like 'communication.channel.%'
  ) w
$$;
comment on function private.name_words(text, text) is
  'The adjective that a characteristic lends to the name of a cohort; null for a taste, which is named by its goods, and for a component without one.';

create function private.cohort_name(p_components text[], p_labels text[], p_directions text[])
returns text
language sql
immutable
set search_path = ''
as $$
  with part as (
    select x.i, x.direction, private.component_subject(x.component, x.label) as subject,
      case when x.component like 'preference.category.%' then 'taste' when w.adjective is null then 'other' else 'adjective' end as kind, w.adjective
    from unnest(p_components, p_labels, p_directions) with ordinality x (component, label, direction, i)
    cross join lateral (select private.name_words(x.component, x.direction) as adjective) w
  ),
  word as (
    select string_agg(p.adjective, ', ' order by p.i) as adjectives,
      string_agg(p.subject, ' and ' order by p.i) filter (where p.kind = 'taste' and p.direction = 'high') as goods,
      string_agg(p.subject, ' or ' order by p.i) filter (where p.kind = 'taste' and p.direction = 'low') as few,
      string_agg(p.subject, ' and ' order by p.i) filter (where p.kind = 'other' and p.direction = 'high') as more,
      string_agg(p.subject, ' or ' order by p.i) filter (where p.kind = 'other' and p.direction = 'low') as less
    from part p
  )
  select upper(left(n.name, 1)) || substr(n.name, 2, 179)
  from word w
  cross join lateral (
    select concat_ws(' ', case when cardinality(p_components) = 0 then 'all-round' end, w.adjectives, coalesce('buyers of ' || w.goods, 'customers'),
      'with few ' || w.few, 'with more ' || w.more, 'with less ' || w.less) as name
  ) n
$$;
comment on function private.cohort_name(text[], text[], text[]) is
  'Name from characteristics, given as components, their labels and directions (high, low): "Frequent, big-spending buyers of bags". At most 180 characters.';

create function private.reason_words(
  p_component text, p_label text, p_value double precision, p_is_known boolean, p_mean double precision, p_rest double precision, p_contribution double precision)
returns text
language sql
immutable
set search_path = ''
as $$
  select concat_ws('; ',
    upper(left(p_label, 1)) || substr(p_label, 2) || case when p_component is null then '' else ': ' || case when p_is_known then 'this person ' else 'not known of this person, taken as ' end
      || private.component_words(p_component, p_value) end,
    'the cohort ' || private.component_words(p_component, p_mean) || coalesce(', the others ' || private.component_words(p_component, p_rest), ''),
    case when p_contribution >= 0.1 then 'speaks for the cohort' when p_contribution <= -0.1 then 'speaks against the cohort'
      when p_contribution is null then 'there is no other cohort to compare with' else 'makes no difference' end)
$$;
comment on function private.reason_words(text, text, double precision, boolean, double precision, double precision, double precision) is
  'A row of cohorts.why as a sentence; a contribution below 0.1 either way (odds of 1.1) makes no difference.';
