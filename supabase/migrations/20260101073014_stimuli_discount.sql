create function private.check_order(p_order jsonb, p_currency text)
returns void
language plpgsql
stable
set search_path = ''
as $$
begin
  if jsonb_typeof(p_order) is distinct from 'object' or length(p_order::text) > 65536 then
    perform private.raise_error('invalid_argument', 'p_order', 'must be an object of at most 64 kB');
  elsif jsonb_typeof(p_order -> 'items') is distinct from 'array' or jsonb_array_length(p_order -> 'items') not between 1 and 500 then
    perform private.raise_error('invalid_argument', 'p_order.items', 'must hold 1 to 500 lines');
  elsif exists (
    select from jsonb_array_elements(p_order -> 'items') i
    where not coalesce(
      i @? '$ ? (@.quantity.type() == "number" && @.quantity > 0 && @.quantity <= 10000 && @.unit_price.type() == "number" && @.unit_price >= 0 && @.unit_price < 1000000)'
      and coalesce(jsonb_typeof(i -> 'product_id'), 'string') = 'string' and coalesce(jsonb_typeof(i -> 'category'), 'string') = 'string', false))
  then
    perform private.raise_error('invalid_argument', 'p_order.items', 'each line needs a quantity above 0 and a unit_price, and has product_id and category as texts');
  elsif not coalesce(p_order @? '$ ? (!exists(@.delivery_fee) || @.delivery_fee.type() == "number" && @.delivery_fee >= 0 && @.delivery_fee < 1000000)', false) then
    perform private.raise_error('invalid_argument', 'p_order.delivery_fee', 'must be an amount');
  elsif (select sum((i ->> 'quantity')::numeric * (i ->> 'unit_price')::numeric) from jsonb_array_elements(p_order -> 'items') i) > 99999999 then
    perform private.raise_error('invalid_argument', 'p_order.items', 'come to more than any order does');
  elsif coalesce(p_order ->> 'currency', p_currency) <> p_currency then
    perform private.raise_error('order_does_not_qualify', format('it is in %s, the offer in %s', p_order ->> 'currency', p_currency));
  elsif coalesce(jsonb_typeof(p_order -> 'order_number'), 'string') <> 'string' or length(p_order ->> 'order_number') > 255 then
    perform private.raise_error('invalid_argument', 'p_order.order_number', 'must be a text of at most 255 characters');
  elsif coalesce(p_order ->> 'actor_id' !~ '^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$', false) then
    perform private.raise_error('invalid_argument', 'p_order.actor_id', 'must be a UUID');
  end if;
end
$$;
comment on function private.check_order(jsonb, text) is
  'Refuses what is no order: {"items": [{"product_id"?, "category"?, "quantity", "unit_price"}], "delivery_fee"?, "currency"?, "order_number"?, "actor_id"?}. Errors: invalid_argument, order_does_not_qualify (another currency).';

create function private.is_of(p_line jsonb, p_thing jsonb)
returns boolean
language sql
immutable
set search_path = ''
as $$
  select coalesce(p_thing ->> 'product_id' = p_line ->> 'product_id', false)
    -- Shops write the same category as "Hand Bags" and hand_bags.
    or coalesce(lower(btrim(replace(p_thing ->> 'category', '_', ' '))) = lower(btrim(replace(p_line ->> 'category', '_', ' '))), false)
$$;
comment on function private.is_of(jsonb, jsonb) is 'Whether a line of an order is of a product or category {"product_id"} or {"category"}.';

create function private.offer_discount(
  p_offer stimuli.offers, p_order jsonb,
  out order_total numeric, out eligible_total numeric, out discount numeric, out benefit jsonb, out refusal text)
language sql
immutable
set search_path = ''
as $$
  with lines as materialized (
    select i.line, i.place, (i.line ->> 'quantity')::numeric as quantity, (i.line ->> 'unit_price')::numeric as price,
      (p_offer.applicable_products = '[]' or exists (select from jsonb_array_elements(p_offer.applicable_products) a where private.is_of(i.line, a)))
        and not exists (select from jsonb_array_elements(p_offer.excluded_products) x where private.is_of(i.line, x)) as is_eligible
    from jsonb_array_elements(p_order -> 'items') with ordinality i (line, place)
  ), units as materialized (
    -- Cheapest first, whole pieces only: what "one free" means.
    select l.price, floor(l.quantity) as pieces, sum(floor(l.quantity)) over (order by l.price, l.place) - floor(l.quantity) as before
    from lines l where l.is_eligible
  ), sums as materialized (
    select round(sum(l.quantity * l.price), 2) + round(coalesce((p_order ->> 'delivery_fee')::numeric, 0), 2) as total, round(sum(l.quantity * l.price), 2) as goods,
      coalesce(round(sum(l.quantity * l.price) filter (where l.is_eligible), 2), 0) as eligible,
      round(coalesce((p_order ->> 'delivery_fee')::numeric, 0), 2) as delivery,
      (select count(*) from jsonb_array_elements(p_offer.applicable_products) a
        where not exists (select from lines e where e.is_eligible and private.is_of(e.line, a))) as missing
    from lines l
  ), off as materialized (
    select s.*, case
      when p_offer.offer_type in ('discount', 'bundle') then case when p_offer.offer_percentage > 0
        then s.eligible * p_offer.offer_percentage::numeric / 100 else p_offer.offer_value end
      when p_offer.offer_type = 'free_item' then
        (select least(u.price, coalesce(p_offer.offer_value, u.price)) from units u where u.pieces > 0 order by u.price limit 1)
      when p_offer.offer_type = 'bogo' then coalesce(nullif(p_offer.offer_percentage, 0)::numeric, 100) / 100
        * (select sum(u.price * greatest(0, least(u.pieces, floor(t.pieces / 2) - u.before))) from units u, (select sum(pieces) as pieces from units) t)
      when p_offer.offer_type = 'free_shipping' then s.delivery
      else 0 end as amount
    from sums s
  )
  select o.total, o.eligible,
    round(least(coalesce(o.amount, 0), case when p_offer.offer_type = 'free_shipping' then o.delivery else o.eligible end, p_offer.maximum_discount), 2),
    case p_offer.offer_type
      when 'loyalty_points' then jsonb_build_object('points_factor', p_offer.offer_value)
      when 'free_shipping' then '{"free_delivery": true}'::jsonb
      when 'early_access' then '{"access": true}'::jsonb
      when 'upgrade' then '{"upgrade": true}'::jsonb else '{}'::jsonb end,
    case
      when o.goods < p_offer.minimum_purchase then format('it comes to %s, and the offer begins at %s', o.goods, p_offer.minimum_purchase)
      when o.eligible = 0 and p_offer.applicable_products <> '[]' then 'it has nothing that the offer is for'
      when p_offer.offer_type = 'bundle' and o.missing > 0 then 'the bundle is not complete'
      when p_offer.offer_type = 'bogo' and coalesce(o.amount, 0) = 0 then 'one free needs two'
    end
  from off o
$$;
comment on function private.offer_discount(stimuli.offers, jsonb) is
  'What an offer takes off a sound order (private.check_order), exact to the cent. discount and bundle: per cent of the eligible lines, or the amount; a bundle needs a line of each of its things; bogo: of the eligible pieces every second one, the cheapest, free (or offer_percentage off); free_item: the cheapest eligible piece, at most offer_value; free_shipping: the delivery fee; the others no money, but benefit. Never more than the eligible lines (or the delivery) and maximum_discount. minimum_purchase is compared with all lines without delivery. refusal: why the order does not qualify; null where it does.';
