create table signals.order_history (
  signal_id uuid not null,
  brand_id uuid not null references core.brands (id) on delete cascade,
  order_number text not null,
  order_date timestamptz not null,
  order_status text not null default 'confirmed'
    constraint order_status_is_known
      check (order_status in ('pending', 'confirmed', 'preparing', 'ready', 'delivered', 'cancelled', 'refunded')),
  customer_phone text,
  customer_email text,
  customer_name text,
  delivery_address jsonb not null default '{}',
  items jsonb not null
    constraint items_are_a_list check (jsonb_typeof(items) = 'array'),
  subtotal numeric(12, 2) not null constraint subtotal_is_not_negative check (subtotal >= 0),
  tax_amount numeric(12, 2) not null default 0 constraint tax_is_not_negative check (tax_amount >= 0),
  tip_amount numeric(12, 2) not null default 0 constraint tip_is_not_negative check (tip_amount >= 0),
  delivery_fee numeric(12, 2) not null default 0 constraint delivery_fee_is_not_negative check (delivery_fee >= 0),
  total_amount numeric(12, 2) not null constraint total_is_not_negative check (total_amount >= 0),
  currency text
    constraint currency_is_iso_4217 check (currency ~ '^[A-Z]{3}$'),
  order_method text not null default 'online'
    constraint order_method_is_known check (order_method in ('online', 'phone', 'in_store', 'app', 'third_party')),
  payment_method text not null default 'other'
    constraint payment_method_is_known
      check (payment_method in ('cash', 'card', 'digital_wallet', 'online_payment', 'other')),
  delivery_method text not null default 'delivery'
    constraint delivery_method_is_known check (delivery_method in ('delivery', 'pickup', 'dine_in', 'drive_through')),
  order_time timestamptz,
  estimated_ready_time timestamptz,
  actual_ready_time timestamptz,
  delivery_time timestamptz,
  special_instructions text,
  dietary_restrictions jsonb not null default '[]',
  order_patterns jsonb not null default '{}',
  customer_preferences jsonb not null default '{}',
  satisfaction_indicators jsonb not null default '{}',
  primary key (signal_id) include (brand_id),
  foreign key (brand_id, signal_id) references signals.signals_base (brand_id, id) on delete cascade
);
create index order_history_recent_idx on signals.order_history (brand_id, order_date desc);
comment on table signals.order_history is 'Orders. A return is an order of its own with order_status refunded; amounts are never negative.';
comment on column signals.order_history.items is
  '[{"product_id", "name", "category"?, "quantity", "unit_price"}], at least one; quantity above 0, unit_price not negative.';
comment on column signals.order_history.currency is 'ISO 4217; null: the currency of the brand.';

create table signals.web_behavior (
  signal_id uuid not null,
  brand_id uuid not null references core.brands (id) on delete cascade,
  session_id text not null,
  user_agent text,
  ip_address inet,
  page_url text not null,
  page_title text,
  action_type text not null
    constraint action_type_is_known
      check (action_type in ('page_view', 'click', 'scroll', 'form_submit', 'download', 'video_play', 'exit')),
  element_id text,
  element_text text,
  referrer_url text,
  utm_source text,
  utm_medium text,
  utm_campaign text,
  utm_term text,
  utm_content text,
  "timestamp" timestamptz not null,
  time_on_page integer constraint time_on_page_is_not_negative check (time_on_page >= 0),
  scroll_depth double precision constraint scroll_depth_is_between_0_and_1 check (scroll_depth between 0 and 1),
  device_type text constraint device_type_is_known check (device_type in ('desktop', 'mobile', 'tablet', 'other')),
  browser text,
  operating_system text,
  screen_resolution text,
  conversion_goal text,
  conversion_value numeric(12, 2) constraint conversion_value_is_not_negative check (conversion_value >= 0),
  funnel_step text,
  behavior_patterns jsonb not null default '{}',
  intent_signals jsonb not null default '{}',
  engagement_score double precision
    constraint engagement_score_is_between_0_and_1 check (engagement_score between 0 and 1),
  primary key (signal_id) include (brand_id),
  foreign key (brand_id, signal_id) references signals.signals_base (brand_id, id) on delete cascade
);
create index web_behavior_recent_idx on signals.web_behavior (brand_id, "timestamp" desc);
comment on table signals.web_behavior is 'Page views, clicks and other actions on web sites and apps.';
comment on column signals.web_behavior.time_on_page is 'Seconds.';

create table signals.email_interactions (
  signal_id uuid not null,
  brand_id uuid not null references core.brands (id) on delete cascade,
  email_subject text not null default '',
  email_content text not null default '',
  email_type text not null
    constraint email_type_is_known
      check (email_type in ('sent', 'received', 'bounced', 'opened', 'clicked', 'unsubscribed', 'complained')),
  sender_email text,
  recipient_email text,
  sender_name text,
  recipient_name text,
  email_id text,
  message_id text,
  thread_id text,
  campaign_id text,
  campaign_name text,
  template_id text,
  interaction_timestamp timestamptz not null,
  link_clicked text,
  attachment_downloaded text,
  platform text not null default 'other'
    constraint email_platform_is_known
      check (platform in ('sendgrid', 'mailchimp', 'constant_contact', 'hubspot', 'active_campaign', 'other')),
  platform_event_id text,
  sentiment_score double precision
    constraint sentiment_score_is_between_minus_1_and_1 check (sentiment_score between -1 and 1),
  topics_mentioned jsonb not null default '[]',
  call_to_action_clicked text,
  unsubscribe_requested boolean not null default false,
  primary key (signal_id) include (brand_id),
  foreign key (brand_id, signal_id) references signals.signals_base (brand_id, id) on delete cascade
);
create index email_interactions_recent_idx on signals.email_interactions (brand_id, interaction_timestamp desc);
comment on table signals.email_interactions is 'What happened to an e-mail, and e-mails that people sent.';
comment on column signals.email_interactions.email_type is
  'received: the person wrote to the brand (the sender is the person). All others: the recipient is the person.';

create table signals.survey_responses (
  signal_id uuid not null,
  brand_id uuid not null references core.brands (id) on delete cascade,
  survey_id text not null,
  survey_name text,
  question_id text not null,
  question_text text not null,
  question_type text not null
    constraint question_type_is_known
      check (question_type in ('text', 'multiple_choice', 'rating_scale', 'yes_no', 'numeric', 'date', 'email', 'phone')),
  response_text text,
  response_value text,
  response_numeric double precision,
  response_boolean boolean,
  survey_version text,
  survey_channel text
    constraint survey_channel_is_known check (survey_channel in ('email', 'sms', 'web', 'in_person', 'phone', 'other')),
  completion_percentage double precision
    constraint completion_percentage_is_between_0_and_1 check (completion_percentage between 0 and 1),
  respondent_id text,
  respondent_email text,
  respondent_phone text,
  response_timestamp timestamptz not null,
  time_to_complete integer constraint time_to_complete_is_not_negative check (time_to_complete >= 0),
  response_sentiment double precision
    constraint response_sentiment_is_between_minus_1_and_1 check (response_sentiment between -1 and 1),
  response_confidence double precision
    constraint response_confidence_is_between_0_and_1 check (response_confidence between 0 and 1),
  topics_mentioned jsonb not null default '[]',
  primary key (signal_id) include (brand_id),
  foreign key (brand_id, signal_id) references signals.signals_base (brand_id, id) on delete cascade
);
create index survey_responses_recent_idx on signals.survey_responses (brand_id, response_timestamp desc);
comment on table signals.survey_responses is 'One answer to one question: what people state, to be held against what they do.';
comment on column signals.survey_responses.completion_percentage is 'Share of the survey answered, 0 to 1.';
comment on column signals.survey_responses.time_to_complete is 'Seconds.';

create table signals.crm_events (
  signal_id uuid not null,
  brand_id uuid not null references core.brands (id) on delete cascade,
  event_type text not null
    constraint event_type_is_known
      check (event_type in ('created', 'updated', 'deleted', 'status_changed', 'assigned', 'unassigned', 'converted', 'merged')),
  event_name text not null,
  event_description text,
  crm_system text not null default 'other'
    constraint crm_system_is_known check (crm_system in ('salesforce', 'hubspot', 'pipedrive', 'zoho', 'monday', 'other')),
  crm_record_id text,
  crm_object_type text
    constraint crm_object_type_is_known check (crm_object_type in
      ('contact', 'lead', 'opportunity', 'deal', 'account', 'company', 'task', 'note', 'other')),
  event_timestamp timestamptz not null,
  event_source text
    constraint event_source_is_known check (event_source in ('api', 'webhook', 'import', 'manual', 'integration')),
  related_contact_id text,
  related_company_id text,
  related_deal_id text,
  event_data jsonb not null default '{}',
  event_metadata jsonb not null default '{}',
  event_importance double precision
    constraint event_importance_is_between_0_and_1 check (event_importance between 0 and 1),
  event_sentiment double precision
    constraint event_sentiment_is_between_minus_1_and_1 check (event_sentiment between -1 and 1),
  patterns_detected jsonb not null default '{}',
  primary key (signal_id) include (brand_id),
  foreign key (brand_id, signal_id) references signals.signals_base (brand_id, id) on delete cascade
);
create index crm_events_recent_idx on signals.crm_events (brand_id, event_timestamp desc);
comment on table signals.crm_events is 'Events of a customer relationship system.';
