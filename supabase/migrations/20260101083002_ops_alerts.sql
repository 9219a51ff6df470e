create function private.severity_rank(p_severity text)
returns integer
language sql
immutable
parallel safe
set search_path = ''
return array_position(array['low', 'medium', 'high', 'critical'], p_severity);
comment on function private.severity_rank(text) is '1 low to 4 critical.';

create type private.alert_call as (
  brand_id uuid, site_id uuid, alert_type text, alert_severity text, alert_title text, alert_description text, alert_key text,
  trigger_condition text, trigger_value double precision, threshold_value double precision, threshold_type text, source_system text,
  alert_data jsonb, related_entities jsonb, cool_down interval, expires_at timestamptz
);

create function private.raise_alerts(p_alerts private.alert_call[], p_now timestamptz)
returns void
language plpgsql
volatile
set search_path = ''
as $$
begin
  -- One that closed within the cool-down opens again itself; one that was dismissed within it stays closed.
  update ops.operational_alerts a
  set status = 'active', alert_severity = g.alert_severity, alert_description = g.alert_description, trigger_value = g.trigger_value,
    threshold_value = g.threshold_value, expires_at = g.expires_at, resolved_at = null, resolved_by = null, resolution_action = null,
    alert_data = g.alert_data || jsonb_build_object('reopened', coalesce((a.alert_data ->> 'reopened')::integer, 0) + 1)
  from (
    select distinct on (c.brand_id, c.alert_key) c.*, (
      select l.id from ops.operational_alerts l
      where l.brand_id = c.brand_id and l.alert_key = c.alert_key order by l.triggered_at desc, l.id desc limit 1) as last_id
    from unnest(p_alerts) c where c.cool_down > interval '0'
  ) g
  where a.id = g.last_id and a.status in ('resolved', 'expired')
    and coalesce(a.resolved_at, a.expires_at) > p_now - g.cool_down;
  insert into ops.operational_alerts (brand_id, site_id, alert_type, alert_severity, alert_title, alert_description, alert_key,
    trigger_condition, trigger_value, threshold_value, threshold_type, source_system, alert_data, related_entities, triggered_at, expires_at)
  select distinct on (c.brand_id, c.alert_key) c.brand_id, c.site_id, c.alert_type, c.alert_severity, c.alert_title, c.alert_description, c.alert_key,
    c.trigger_condition, c.trigger_value, c.threshold_value, c.threshold_type, c.source_system, c.alert_data, c.related_entities, p_now, c.expires_at
  from unnest(p_alerts) c
  where not exists (
    select from ops.operational_alerts d
    where d.brand_id = c.brand_id and d.alert_key = c.alert_key and d.status = 'dismissed' and d.resolved_at > p_now - c.cool_down)
  order by c.brand_id, c.alert_key, private.severity_rank(c.alert_severity) desc
  on conflict (brand_id, alert_key) where status in ('active', 'acknowledged') do update
  set alert_severity = excluded.alert_severity, alert_description = excluded.alert_description, trigger_value = excluded.trigger_value
  where private.severity_rank(excluded.alert_severity) > private.severity_rank(operational_alerts.alert_severity);
end
$$;
comment on function private.raise_alerts(private.alert_call[], timestamptz) is
  'Opens alerts, at most one per alert_key: where one is open it only grows more severe; within cool_down of the last one that one opens again, and a dismissed one keeps the key quiet.';

create function private.clear_alerts(p_brand uuid, p_keys text[], p_action text, p_now timestamptz)
returns void
language sql
volatile
set search_path = ''
as $$
  update ops.operational_alerts a
  set status = 'resolved', resolved_at = p_now, resolution_action = p_action
  where a.brand_id = p_brand and a.alert_key = any (p_keys) and a.status in ('active', 'acknowledged')
$$;
comment on function private.clear_alerts(uuid, text[], text, timestamptz) is 'Resolves the open alerts of these keys; p_action: what made them go.';

create function private.watch_stock()
returns trigger
language plpgsql
security definer
set search_path = ''
as $$
declare
  v_was_low boolean := tg_op = 'UPDATE' and old.is_active and old.reorder_point > 0 and old.current_stock <= old.reorder_point;
  v_is_low boolean := new.is_active and new.reorder_point > 0 and new.current_stock <= new.reorder_point;
  v_entity jsonb := jsonb_build_array(jsonb_build_object('kind', 'inventory', 'id', new.id));
begin
  if v_is_low then
    perform private.raise_alerts(array[row(new.brand_id, new.site_id, 'inventory', case new.current_stock when 0 then 'critical' else 'medium' end,
      'Reorder ' || new.product_name, format('%s %s left, reorder point %s.', new.current_stock, new.unit_of_measure, new.reorder_point),
      'low_stock:' || new.id, 'current_stock <= reorder_point', new.current_stock, new.reorder_point, 'below', 'ops.inventory',
      jsonb_build_object('reorder_quantity', new.reorder_quantity, 'supplier_id', new.supplier_id), v_entity, interval '1 hour', null)::private.alert_call], now());
  elsif v_was_low then
    perform private.clear_alerts(new.brand_id, array['low_stock:' || new.id], 'restocked', now());
  end if;
  -- The till is right and the books are wrong: the sale stands, somebody has to count.
  if new.ledger_balance < 0 then
    perform private.raise_alerts(array[row(new.brand_id, new.site_id, 'inventory', 'high', 'Sold more than in stock: ' || new.product_name,
      format('%s units of %s were sold that the books did not have.', -new.ledger_balance, new.product_name),
      'oversold:' || new.id, 'units sold > current_stock', new.ledger_balance, 0, 'below', 'ops.sales_data', '{}'::jsonb, v_entity, interval '1 hour', null)::private.alert_call], now());
  elsif tg_op = 'UPDATE' and old.ledger_balance < 0 then
    perform private.clear_alerts(new.brand_id, array['oversold:' || new.id], 'the books are right again', now());
  end if;
  if new.is_active and new.current_stock = 0 and tg_op = 'UPDATE' and old.current_stock > 0 then
    perform private.emit(new.brand_id, 'ops.stock_out', 'inventory', new.id,
      jsonb_build_object('product_id', new.product_id, 'site_id', new.site_id));
  end if;
  return null;
end
$$;
comment on function private.watch_stock() is
  'Trigger (after insert or update of stock that is or was low): one open alert while stock is at or below the reorder point, one while the balance is negative, and the event ops.stock_out. Definer: clients may not write alerts.';

create function private.stamp_alert()
returns trigger
language plpgsql
security definer
set search_path = ''
as $$
declare
  v_user uuid := (select u.id from core.users u where u.brand_id = new.brand_id and u.auth_user_id = auth.uid());
begin
  if new.status = 'acknowledged' then
    new.acknowledged_at := now();
    new.acknowledged_by := v_user;
  elsif new.status in ('resolved', 'dismissed') and new.resolved_at is null then
    new.resolved_at := now();
    new.resolved_by := v_user;
  end if;
  return new;
end
$$;
comment on function private.stamp_alert() is
  'Trigger (before the status of an alert changes): when and by whom it was acknowledged or closed, unless the system that closes it has said so. Definer: those columns are not for clients to write.';

create function private.refuse_alert_change()
returns trigger
language plpgsql
security definer
set search_path = ''
as $$
begin
  perform private.raise_error('alert_not_open', old.status::text, new.status::text);
  return null;
end
$$;
comment on function private.refuse_alert_change() is
  'Trigger (before a client moves an alert otherwise than from open to acknowledged, resolved or dismissed). Error: alert_not_open. Definer: the error registry is closed to clients.';

create function private.tell_alert()
returns trigger
language plpgsql
security definer
set search_path = ''
as $$
begin
  perform private.emit(new.brand_id,
    case when tg_op = 'INSERT' then 'ops.alert_opened' when new.status is distinct from old.status then 'ops.alert_' || new.status else 'ops.alert_escalated' end,
    'alert', new.id, jsonb_build_object('alert_key', new.alert_key, 'severity', new.alert_severity, 'title', new.alert_title));
  return null;
end
$$;
comment on function private.tell_alert() is
  'Trigger (after an alert opens, changes its state or grows more severe; reopening within the cool-down is silent): the event ops.alert_<what>. Definer: clients write no events.';

insert into private.error_codes (key, errcode, http_status, message, hint) values
  ('alert_not_open', 'PT409', 409, 'An alert cannot go from %s to %s.', 'Acknowledge, resolve or dismiss an alert that is active or acknowledged.');
