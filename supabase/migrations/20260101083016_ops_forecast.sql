create function private.gamma_point(p_mean double precision, p_variance double precision, p_score double precision)
returns double precision
language sql
immutable
parallel safe
set search_path = ''
as $$
  -- Wilson and Hilferty: the cube root of a gamma variable is nearly normal.
  select case when p_mean <= 0 or p_variance <= 0 then greatest(0, p_mean) else p_mean * greatest(0, 1 - k.k / 9 + p_score * sqrt(k.k / 9)) ^ 3 end
  from (select p_variance / nullif(p_mean, 0) ^ 2 as k) k
$$;
comment on function private.gamma_point(double precision, double precision, double precision) is
  'Quantile of the gamma distribution with this mean and variance; p_score: the normal score of its probability.';

create function private.stock_forecast(p_brand uuid, p_service_level double precision, p_now timestamptz)
returns table (
  inventory_id uuid, site_id uuid, product_id text, current_stock integer, daily_rate double precision, rate_low double precision, rate_high double precision,
  days_of_cover double precision, cover_low double precision, cover_high double precision, lead_time_days double precision, suggested_order integer
)
language sql
stable
set search_path = ''
as $$
  with settings as materialized (
    select (private.parameter(p_brand, 'ops.forecast_days') #>> '{}')::double precision as days,
      (private.parameter(p_brand, 'ops.default_lead_time_days') #>> '{}')::double precision as lead_days,
      (private.parameter(p_brand, 'ops.review_days') #>> '{}')::double precision as review_days,
      private.normal_quantile(p_service_level) as service_score, private.normal_quantile(0.95) as score
  ), daily as materialized (
    -- Units that went out, net of what came back, by day before p_now.
    select m.inventory_id, floor(extract(epoch from p_now - m.moved_at) / 86400) as day, greatest(0, -sum(m.units))::double precision as units
    from ops.stock_movements m cross join settings s
    where m.brand_id = p_brand and m.reason in ('sale', 'refund') and m.moved_at <= p_now and m.moved_at > p_now - s.days * interval '1 day'
    group by 1, 2
  ), sums as materialized (
    select d.inventory_id, sum(d.units) as units, sum(d.units ^ 2) as squares from daily d group by d.inventory_id
  ), known as materialized (
    select i.*, coalesce(u.units, 0) as units, e.days, coalesce(i.lead_time_days, c.lead_time_days, s.lead_days) as lead,
      case when i.lead_time_days is null then coalesce(c.lead_time_deviation, 0) else 0 end as lead_deviation,
      -- How much more days differ than Poisson's do (goods go by the dozen, and weekends are not weekdays), where it is more
      -- than chance: the index of dispersion has a standard deviation of sqrt(2 / (days - 1)).
      coalesce(case when v.dispersion > 1 + 1.645 * sqrt(2 / greatest(1, e.days - 1)) then v.dispersion end, 1) as dispersion,
      s.service_score, s.score, s.review_days
    from ops.inventory i
    cross join settings s
    left join sums u on u.inventory_id = i.id
    left join private.supplier_scores c on c.brand_id = p_brand and c.supplier_id = i.supplier_id
    cross join lateral (
      select greatest(1, least(s.days, extract(epoch from p_now - least(i.created_at, (
        select min(m.moved_at) from ops.stock_movements m where m.brand_id = p_brand and m.inventory_id = i.id))) / 86400))::double precision as days) e
    cross join lateral (select (u.squares - u.units ^ 2 / e.days) / greatest(1, e.days - 1) / nullif(u.units / e.days, 0) as dispersion) v
    where i.brand_id = p_brand and i.is_active
  ), rates as materialized (
    -- Gamma posterior of the daily rate under Jeffreys' prior, its variance as many times Poisson's as the days' is.
    select k.*, (k.units + 0.5) / k.days as rate, k.dispersion * (k.units + 0.5) / k.days ^ 2 as rate_variance from known k
  ), needs as (
    select r.*, r.rate * h.days as need, r.dispersion * r.rate * h.days + r.rate_variance * h.days ^ 2 + (r.rate * r.lead_deviation) ^ 2 as need_variance
    from rates r cross join lateral (select r.lead + r.review_days as days) h
  )
  select n.id, n.site_id, n.product_id, n.current_stock, n.rate, i.low, i.high, n.current_stock / n.rate, n.current_stock / i.high,
    n.current_stock / nullif(i.low, 0), n.lead,
    least(2147483647, o.quantity, case when n.maximum_stock is not null then greatest(0, n.maximum_stock - n.ledger_balance) end)::integer
  from needs n
  cross join lateral (
    select private.gamma_point(n.rate, n.rate_variance, -n.score) as low, private.gamma_point(n.rate, n.rate_variance, n.score) as high) i
  cross join lateral (
    select case when q.quantity > 0 then greatest(q.quantity, n.reorder_quantity) else 0 end as quantity
    from (select ceil(private.gamma_point(n.need, n.need_variance, n.service_score) - n.ledger_balance) as quantity) q) o
$$;
comment on function private.stock_forecast(uuid, double precision, timestamptz) is
  'Gamma-Poisson forecast of each active inventory row of the brand; the columns of ops.forecast_stock.';

create function private.ops_forecast_stock(p_brand uuid, p_site uuid, p_service_level double precision, p_now timestamptz)
returns table (
  inventory_id uuid, site_id uuid, product_id text, current_stock integer, daily_rate double precision, rate_low double precision, rate_high double precision,
  days_of_cover double precision, cover_low double precision, cover_high double precision, lead_time_days double precision, suggested_order integer
)
language plpgsql
stable
security definer
set search_path = ''
as $$
begin
  perform private.require_role(p_brand, 'support');
  perform private.require_time('p_now', p_now);
  if coalesce(p_service_level not between 0.5 and 0.9999, true) then
    perform private.raise_error('invalid_argument', 'p_service_level', 'must be from 0.5 to 0.9999');
  end if;
  return query
  select f.* from private.stock_forecast(p_brand, p_service_level, p_now) f
  where p_site is null or f.site_id = p_site
  order by f.days_of_cover, f.product_id, f.inventory_id;
end
$$;
comment on function private.ops_forecast_stock(uuid, uuid, double precision, timestamptz) is
  'Body of ops.forecast_stock. Definer: checks the role once and reads the brand''s settings.';
grant execute on function private.ops_forecast_stock(uuid, uuid, double precision, timestamptz) to authenticated, service_role;

create function ops.forecast_stock(p_brand uuid, p_site uuid default null, p_service_level double precision default 0.95, p_now timestamptz default now())
returns table (
  inventory_id uuid, site_id uuid, product_id text, current_stock integer, daily_rate double precision, rate_low double precision, rate_high double precision,
  days_of_cover double precision, cover_low double precision, cover_high double precision, lead_time_days double precision, suggested_order integer
)
language sql
stable
set search_path = ''
begin atomic
  select * from private.ops_forecast_stock(p_brand, p_site, p_service_level, p_now);
end;
comment on function ops.forecast_stock(uuid, uuid, double precision, timestamptz) is
  'How long stock lasts, the shortest first: units sold per day over the last 28 days (parameter ops.forecast_days; fewer for a product that is newer) with its 90% interval, days of cover with theirs (cover_high null: no end in sight), and what to order so that stock lasts through the lead time and the days between two orders (parameter ops.review_days) with probability p_service_level (0.5 to 0.9999): at least reorder_quantity, at most up to maximum_stock. Lead time: of the inventory row, else the mean of the supplier''s deliveries, else parameter ops.default_lead_time_days. p_site: only this one. For support and up. Errors: invalid_argument, not_a_member.';
grant execute on function ops.forecast_stock(uuid, uuid, double precision, timestamptz) to authenticated, service_role;
