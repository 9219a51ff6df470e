create table ops.metric_targets (
  id uuid primary key default private.uuid_v7(),
  brand_id uuid not null references core.brands (id) on delete cascade,
  site_id uuid,
  metric_name text not null
    constraint metric_name_is_short check (length(metric_name) between 1 and 100),
  measurement_period text not null
    constraint measurement_period_is_known check (measurement_period in ('daily', 'weekly', 'monthly', 'quarterly', 'yearly')),
  valid_from date not null,
  target_value double precision not null
    constraint target_is_finite check (target_value > '-Infinity' and target_value < 'Infinity'),
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  unique (brand_id, id),
  unique nulls not distinct (brand_id, metric_name, measurement_period, site_id, valid_from),
  foreign key (brand_id, site_id) references ops.sites (brand_id, id) on delete cascade
);
comment on table ops.metric_targets is 'What a metric should reach per period, for a site or the whole brand (site_id null).';
comment on column ops.metric_targets.valid_from is 'First local day of the periods that it is meant for; the latest one that has begun counts.';

create table ops.alert_rules (
  id uuid primary key default private.uuid_v7(),
  brand_id uuid not null references core.brands (id) on delete cascade,
  site_id uuid,
  rule_name text not null
    constraint rule_name_is_not_blank check (btrim(rule_name) <> '' and length(rule_name) <= 200),
  watches text not null
    constraint watched_thing_is_known check (watches in ('metric', 'stock', 'case')),
  measure text not null
    constraint measure_is_short check (length(measure) between 1 and 100),
  measurement_period text
    constraint measurement_period_is_known check (measurement_period in ('daily', 'weekly', 'monthly', 'quarterly', 'yearly')),
  is_anomaly boolean not null default false,
  threshold_type text not null
    constraint threshold_type_is_known check (threshold_type in ('above', 'below', 'equals', 'not_equals', 'changed', 'unchanged')),
  threshold double precision
    constraint threshold_is_finite check (threshold > '-Infinity' and threshold < 'Infinity'),
  clear_threshold double precision
    constraint clear_threshold_is_finite check (clear_threshold > '-Infinity' and clear_threshold < 'Infinity'),
  escalate_threshold double precision
    constraint escalate_threshold_is_finite check (escalate_threshold > '-Infinity' and escalate_threshold < 'Infinity'),
  minimum_minutes integer not null default 0
    constraint minimum_minutes_is_not_negative check (minimum_minutes between 0 and 525600),
  cool_down_minutes integer not null default 60
    constraint cool_down_is_not_negative check (cool_down_minutes between 0 and 525600),
  expires_after_minutes integer
    constraint expiry_is_positive check (expires_after_minutes between 1 and 525600),
  alert_type text not null default 'other'
    constraint alert_type_is_known
      check (alert_type in ('inventory', 'sales', 'customer', 'system', 'financial', 'supply_chain', 'quality', 'other')),
  alert_severity text not null default 'medium'
    constraint alert_severity_is_known check (alert_severity in ('low', 'medium', 'high', 'critical')),
  is_active boolean not null default true,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  unique (brand_id, id),
  unique (brand_id, rule_name),
  constraint a_metric_has_a_period check (watches <> 'metric' or measurement_period is not null),
  constraint only_a_metric_has_a_history check (not is_anomaly or watches = 'metric'),
  constraint a_comparison_has_a_threshold check (threshold is not null or is_anomaly or threshold_type in ('changed', 'unchanged')),
  constraint it_clears_on_the_good_side check (case threshold_type when 'above' then clear_threshold <= threshold
    when 'below' then clear_threshold >= threshold else clear_threshold is null end),
  constraint it_escalates_on_the_bad_side check (case threshold_type when 'above' then escalate_threshold >= threshold
    when 'below' then escalate_threshold <= threshold else escalate_threshold is null end),
  foreign key (brand_id, site_id) references ops.sites (brand_id, id) on delete cascade
);
comment on table ops.alert_rules is 'What raises an alert: a metric, a measure of stock (per product), or a measure of the open service cases.';
comment on column ops.alert_rules.site_id is 'Only this site; null: the whole brand, and for stock every site.';
comment on column ops.alert_rules.measure is
  'metric: ops.business_metrics.metric_name. stock: current_stock, days_of_cover. case: open_cases, overdue_cases, satisfaction (mean of the last 28 days).';
comment on column ops.alert_rules.is_anomaly is
  'Instead of threshold: the value leaves the interval that its own history gives (parameter ops.anomaly_width), above it, below it or (not_equals) either.';
comment on column ops.alert_rules.threshold_type is 'changed and unchanged compare with the look before.';
comment on column ops.alert_rules.clear_threshold is 'Hysteresis: an open alert closes at this value; null: as soon as the threshold is no longer passed.';
comment on column ops.alert_rules.escalate_threshold is 'From here the alert is critical.';
comment on column ops.alert_rules.minimum_minutes is 'How long it must last before the alert opens.';
comment on column ops.alert_rules.cool_down_minutes is 'An alert that closed within them opens again itself, silently, instead of a new one.';

create table private.alert_states (
  brand_id uuid not null references core.brands (id) on delete cascade,
  rule_id uuid not null,
  subject text not null,
  value double precision,
  breached_since timestamptz,
  looked_at timestamptz not null,
  primary key (rule_id, subject),
  foreign key (brand_id, rule_id) references ops.alert_rules (brand_id, id) on delete cascade
);
comment on table private.alert_states is 'What each alert rule saw last, and since when without pause it has been passed.';

create table private.ops_untold (
  id bigint generated always as identity primary key,
  brand_id uuid not null references core.brands (id) on delete cascade,
  source text not null
    constraint source_is_known check (source in ('sale', 'case')),
  row_id uuid not null
);
comment on table private.ops_untold is
  'Sales and service cases that signals do not know of yet. One row may wait several times: nobody who records a sale waits for the job that tells it.';

create table private.late_sales (
  brand_id uuid not null references core.brands (id) on delete cascade,
  local_day date not null,
  recorded_at timestamptz not null default clock_timestamp()
);
comment on table private.late_sales is 'Local days in the past that sales were recorded or changed for: their metrics are computed again.';
