create table ops.crm_events (
  id uuid primary key default private.uuid_v7(),
  brand_id uuid not null references core.brands (id) on delete cascade,
  site_id uuid,
  actor_id uuid,
  event_type text not null
    constraint event_type_is_known
      check (event_type in ('interaction', 'complaint', 'compliment', 'inquiry', 'feedback', 'escalation', 'other')),
  event_category text
    constraint event_category_is_known
      check (event_category in ('service', 'product', 'delivery', 'billing', 'general', 'technical', 'other')),
  event_description text not null
    constraint event_description_is_not_too_long check (length(event_description) <= 16000),
  event_source text not null,
  event_channel text,
  event_priority text not null default 'medium'
    constraint event_priority_is_known check (event_priority in ('low', 'medium', 'high', 'urgent')),
  customer_identifier text,
  customer_sentiment text
    constraint customer_sentiment_is_known check (customer_sentiment in ('positive', 'neutral', 'negative', 'mixed')),
  customer_satisfaction_score integer
    constraint satisfaction_is_one_to_five check (customer_satisfaction_score between 1 and 5),
  status text not null default 'open'
    constraint status_is_known check (status in ('open', 'in_progress', 'resolved', 'closed', 'escalated', 'cancelled')),
  assigned_to uuid,
  resolution_notes text,
  resolution_date timestamptz,
  follow_up_required boolean not null default false,
  follow_up_date timestamptz,
  follow_up_notes text,
  event_timestamp timestamptz not null default now(),
  first_response_time integer
    constraint first_response_time_is_not_negative check (first_response_time >= 0),
  resolution_time integer
    constraint resolution_time_is_not_negative check (resolution_time >= 0),
  reopened_count integer not null default 0
    constraint reopened_count_is_not_negative check (reopened_count >= 0),
  escalated_at timestamptz,
  signal_id uuid,
  tags jsonb not null default '[]',
  metadata jsonb not null default '{}',
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  unique (brand_id, id),
  foreign key (brand_id, site_id) references ops.sites (brand_id, id) on delete set null (site_id),
  foreign key (brand_id, actor_id) references actors.actors (brand_id, id) on delete set null (actor_id),
  foreign key (brand_id, signal_id) references signals.signals_base (brand_id, id) on delete set null (signal_id),
  foreign key (brand_id, assigned_to) references core.users (brand_id, id) on delete set null (assigned_to)
);
comment on table ops.crm_events is
  'Service cases that staff work on. What a CRM sends about a person is a signal (signals.crm_events).';
comment on column ops.crm_events.first_response_time is
  'Minutes from event_timestamp until the case first left the state open; so is resolution_time, until it was last resolved. Inside the operating hours of the site where it has some, else by the clock.';
comment on column ops.crm_events.customer_sentiment is 'Where it is not given, what the offline reader finds in the description.';
comment on column ops.crm_events.escalated_at is 'When the answer or the solution was late (parameters ops.first_response_minutes, ops.resolution_minutes).';
comment on column ops.crm_events.signal_id is 'The case as the brain knows it. Null until it was told, and for cases without a person.';

create table ops.business_metrics (
  id uuid primary key default private.uuid_v7(),
  brand_id uuid not null references core.brands (id) on delete cascade,
  site_id uuid,
  metric_name text not null,
  metric_category text not null
    constraint metric_category_is_known
      check (metric_category in ('financial', 'operational', 'customer', 'marketing', 'inventory', 'supply_chain')),
  metric_value double precision not null,
  metric_unit text,
  measurement_date date not null,
  measurement_period text not null
    constraint measurement_period_is_known
      check (measurement_period in ('daily', 'weekly', 'monthly', 'quarterly', 'yearly', 'custom')),
  period_start timestamptz not null,
  period_end timestamptz not null,
  breakdown_dimension text,
  breakdown_value text,
  previous_period_value double precision,
  year_over_year_value double precision,
  target_value double precision,
  variance_from_target double precision,
  sample_size integer
    constraint sample_size_is_not_negative check (sample_size >= 0),
  confidence_level double precision
    constraint confidence_level_is_a_share check (confidence_level between 0 and 1),
  margin_of_error double precision
    constraint margin_of_error_is_not_negative check (margin_of_error >= 0),
  data_quality_score double precision not null default 0
    constraint data_quality_score_is_a_share check (data_quality_score between 0 and 1),
  calculation_method text,
  source_systems jsonb not null default '[]',
  calculated_at timestamptz not null default now(),
  calculated_by text,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  unique (brand_id, id),
  unique nulls not distinct (brand_id, metric_name, site_id, period_start, period_end, breakdown_dimension, breakdown_value),
  constraint period_ends_after_it_begins check (period_start < period_end),
  foreign key (brand_id, site_id) references ops.sites (brand_id, id) on delete cascade
);
comment on table ops.business_metrics is 'One number per metric, site, period and breakdown.';
comment on column ops.business_metrics.variance_from_target is 'metric_value less target_value.';

create table ops.operational_alerts (
  id uuid primary key default private.uuid_v7(),
  brand_id uuid not null references core.brands (id) on delete cascade,
  site_id uuid,
  alert_type text not null
    constraint alert_type_is_known
      check (alert_type in ('inventory', 'sales', 'customer', 'system', 'financial', 'supply_chain', 'quality', 'other')),
  alert_severity text not null
    constraint alert_severity_is_known check (alert_severity in ('low', 'medium', 'high', 'critical')),
  alert_title text not null,
  alert_description text not null,
  alert_key text,
  trigger_condition text not null,
  trigger_value double precision,
  threshold_value double precision,
  threshold_type text
    constraint threshold_type_is_known
      check (threshold_type in ('above', 'below', 'equals', 'not_equals', 'changed', 'unchanged')),
  status ops.alert_status not null default 'active',
  assigned_to uuid,
  acknowledged_at timestamptz,
  acknowledged_by uuid,
  resolved_at timestamptz,
  resolved_by uuid,
  resolution_notes text,
  resolution_action text,
  follow_up_required boolean not null default false,
  triggered_at timestamptz not null default now(),
  expires_at timestamptz,
  source_system text,
  alert_data jsonb not null default '{}',
  related_entities jsonb not null default '[]',
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  unique (brand_id, id),
  foreign key (brand_id, site_id) references ops.sites (brand_id, id) on delete cascade,
  foreign key (brand_id, assigned_to) references core.users (brand_id, id) on delete set null (assigned_to),
  foreign key (brand_id, acknowledged_by) references core.users (brand_id, id) on delete set null (acknowledged_by),
  foreign key (brand_id, resolved_by) references core.users (brand_id, id) on delete set null (resolved_by)
);
comment on table ops.operational_alerts is 'Something that needs a person: raised by triggers and jobs, closed by staff or when the cause is gone.';
comment on column ops.operational_alerts.alert_key is 'What the alert is about, for example low_stock:<inventory id>. While one is open, the same thing raises no second one.';
