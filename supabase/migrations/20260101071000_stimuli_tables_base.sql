create table stimuli.stimulus_templates (
  id uuid primary key default private.uuid_v7(),
  brand_id uuid not null references core.brands (id) on delete cascade,
  template_key text,
  template_name text not null
    constraint template_name_is_not_blank check (btrim(template_name) <> '' and length(template_name) <= 200),
  template_type text not null
    constraint template_type_is_known
      check (template_type in ('offer', 'campaign', 'message', 'notification', 'promotion', 'survey', 'other')),
  template_category stimuli.template_category not null default 'other',
  template_description text,
  template_structure jsonb not null
    constraint template_structure_is_an_object check (jsonb_typeof(template_structure) = 'object'),
  default_content jsonb not null default '{}'
    constraint default_content_is_an_object check (jsonb_typeof(default_content) = 'object'),
  required_fields jsonb not null default '[]'
    constraint required_fields_are_a_list check (jsonb_typeof(required_fields) = 'array'),
  optional_fields jsonb not null default '[]'
    constraint optional_fields_are_a_list check (jsonb_typeof(optional_fields) = 'array'),
  target_cohort_criteria jsonb not null default '{}',
  target_actor_criteria jsonb not null default '{}',
  exclusion_criteria jsonb not null default '{}',
  usage_limits jsonb not null default '{}',
  priority integer not null default 0,
  is_active boolean not null default true,
  current_version_id uuid,
  usage_count integer not null default 0
    constraint usage_count_is_not_negative check (usage_count >= 0),
  success_rate double precision
    constraint success_rate_is_a_share check (success_rate between 0 and 1),
  avg_effectiveness double precision
    constraint avg_effectiveness_is_a_share check (avg_effectiveness between 0 and 1),
  created_by uuid,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  unique (brand_id, id),
  unique (brand_id, template_key),
  constraint an_offer_has_its_terms check (template_type <> 'offer' or (
    default_content ->> 'offer_type' in (
      'discount', 'free_item', 'bogo', 'loyalty_points', 'early_access', 'free_shipping', 'upgrade', 'bundle', 'other')
    and default_content @? '$.valid_days ? (@ >= 1 && @ <= 366)'
    and (default_content @? '$.offer_percentage ? (@ >= 0 && @ <= 100)' or not default_content ? 'offer_percentage')
    and (default_content @? '$.offer_value ? (@ >= 0 && @ < 100000000)' or not default_content ? 'offer_value')
    and (default_content @? '$.minimum_purchase ? (@ >= 0 && @ < 100000000)' or not default_content ? 'minimum_purchase')
    and (default_content @? '$.maximum_discount ? (@ >= 0 && @ < 100000000)' or not default_content ? 'maximum_discount')
    and (default_content @? '$.usage_limit ? (@ >= 1 && @ <= 1000000000 && @ == @.floor())' or not default_content ? 'usage_limit')
    and (default_content @? '$.usage_limit_per_customer ? (@ >= 1 && @ <= 1000000000 && @ == @.floor())'
      or not default_content ? 'usage_limit_per_customer')) is true),
  foreign key (brand_id, created_by) references core.users (brand_id, id) on delete set null (created_by)
);
comment on table stimuli.stimulus_templates is
  'What the brand could send. stimuli.propose chooses among the active ones and fills them from what is known about the cohort.';
comment on column stimuli.stimulus_templates.template_key is 'Name of the default template it was installed from; null for the brand''s own.';
comment on column stimuli.stimulus_templates.template_structure is
  'Texts in Liquid, as last edited: subject, body, html, call_to_action, url, footer (e-mail only), and under channels.<channel> what is different there. Only declared fields may be used. What is sent is current_version_id.';
comment on column stimuli.stimulus_templates.current_version_id is
  'The version in use: the last one that was checked and put into use. Null: never checked, so no choice. An edit makes a new version and leaves this one in use until the check passes.';
comment on column stimuli.stimulus_templates.default_content is
  'Values of fields that neither cohort nor person gives, and the terms of an offer: offer_type, offer_percentage, offer_value, valid_days, minimum_purchase, maximum_discount, usage_limit, usage_limit_per_customer.';
comment on column stimuli.stimulus_templates.required_fields is
  'Fields that must be known about the cohort itself; without one of them the template is not a choice for it. A name, or {"name", "type": text, number, money, date, url or list, "format"?, "sample"?}.';
comment on column stimuli.stimulus_templates.optional_fields is
  'The other fields that its texts use, declared alike: of the cohort, of the person (private.person_fields), of the sender (unsubscribe_url), or the brand''s own with a value in default_content.';
comment on column stimuli.stimulus_templates.target_cohort_criteria is
  'Which cohorts it is for: {"min_members": 20, "traits": {"<component of the belief vector>": "high" or "low"}}; empty for all.';
comment on column stimuli.stimulus_templates.success_rate is 'Responses per treated person over all cohorts whose window is over.';
comment on column stimuli.stimulus_templates.avg_effectiveness is 'Mean attribution of its stimuli.';

create table stimuli.stimuli_base (
  id uuid primary key default private.uuid_v7(),
  brand_id uuid not null references core.brands (id) on delete cascade,
  stimulus_type stimuli.stimulus_type not null,
  stimulus_name text not null
    constraint stimulus_name_is_not_blank check (btrim(stimulus_name) <> '' and length(stimulus_name) <= 200),
  stimulus_description text,
  content_data jsonb not null
    constraint content_is_an_object check (jsonb_typeof(content_data) = 'object'),
  presentation_config jsonb not null default '{}',
  target_cohort_id uuid,
  target_actor_id uuid,
  target_criteria jsonb not null default '{}',
  template_id uuid,
  template_version_id uuid,
  campaign_id uuid,
  variant_weight double precision
    constraint variant_weight_is_positive check (variant_weight > 0 and variant_weight <= 1000000),
  generated_by text not null default 'user'
    constraint generated_by_is_known check (generated_by in ('system', 'user', 'ai_model', 'template', 'hybrid')),
  generation_algorithm text,
  generation_parameters jsonb not null default '{}',
  generation_confidence double precision not null default 0
    constraint generation_confidence_is_a_share check (generation_confidence between 0 and 1),
  reasoning_log_id uuid,
  decision_factors jsonb not null default '[]',
  expected_outcomes jsonb not null default '{}',
  purpose stimuli.send_purpose not null default 'marketing',
  status stimuli.stimulus_status not null default 'draft',
  priority integer not null default 0,
  scheduled_for timestamptz,
  activated_at timestamptz,
  expires_at timestamptz,
  completed_at timestamptz,
  content_checked_at timestamptz,
  created_by uuid,
  approved_by uuid,
  approved_at timestamptz,
  rejection_reason text
    constraint rejection_reason_is_short check (length(rejection_reason) <= 1000),
  total_sent integer not null default 0,
  total_delivered integer not null default 0,
  total_opened integer not null default 0,
  total_clicked integer not null default 0,
  total_converted integer not null default 0,
  quality_score double precision not null default 0
    constraint quality_score_is_a_share check (quality_score between 0 and 1),
  relevance_score double precision not null default 0
    constraint relevance_score_is_a_share check (relevance_score between 0 and 1),
  effectiveness_score double precision not null default 0
    constraint effectiveness_score_is_a_share check (effectiveness_score between 0 and 1),
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  unique (brand_id, id),
  constraint each_stage_is_part_of_the_one_before check (
    0 <= total_converted and total_converted <= total_clicked and total_clicked <= total_opened
    and total_opened <= total_delivered and total_delivered <= total_sent),
  foreign key (brand_id, target_cohort_id) references cohorts.cohorts (brand_id, id) on delete set null (target_cohort_id),
  foreign key (brand_id, target_actor_id) references actors.actors (brand_id, id) on delete set null (target_actor_id),
  foreign key (brand_id, template_id) references stimuli.stimulus_templates (brand_id, id) on delete set null (template_id),
  constraint only_a_variant_has_a_weight check (variant_weight is null or campaign_id is not null),
  constraint a_campaign_is_no_variant check (campaign_id is null or stimulus_type <> 'campaign'),
  foreign key (brand_id, campaign_id) references stimuli.stimuli_base (brand_id, id) on delete cascade,
  foreign key (brand_id, created_by) references core.users (brand_id, id) on delete set null (created_by),
  foreign key (brand_id, approved_by) references core.users (brand_id, id) on delete set null (approved_by),
  foreign key (brand_id, reasoning_log_id) references ai.reasoning_logs (brand_id, id) on delete set null (reasoning_log_id)
);
create index stimuli_base_campaign_idx on stimuli.stimuli_base (brand_id, campaign_id);
create index stimuli_base_created_by_idx on stimuli.stimuli_base (brand_id, created_by);
create index stimuli_base_approved_by_idx on stimuli.stimuli_base (brand_id, approved_by);

comment on table stimuli.stimuli_base is
  'One thing the brand offers or says to a cohort or a person. The row of offers, campaigns or messages with the same id holds what only that kind has.';
comment on column stimuli.stimuli_base.content_data is
  'What is sent, in Liquid: the texts of the template version it was made from, or its own. Rendered at the moment of sending with generation_parameters.values and the values of the deployment''s person. Fixed once it is no draft.';
comment on column stimuli.stimuli_base.campaign_id is 'The campaign that it is a variant of: approved, paused and ended with it, never by itself.';
comment on column stimuli.stimuli_base.variant_weight is 'Share of the campaign''s people in relation to the other variants, where campaigns.variant_choice is weights.';
comment on column stimuli.stimuli_base.content_checked_at is 'When the content, as it is, passed the check of templates; without it there is no approval.';
comment on column stimuli.stimuli_base.created_by is 'Who wrote or asked for it; null for jobs. Where stimuli.four_eyes is on, somebody else approves.';
comment on column stimuli.stimuli_base.reasoning_log_id is 'Why this template for this cohort: the alternatives with their draws.';
comment on column stimuli.stimuli_base.generation_parameters is
  'For a proposal: template_id, seed, decided_at and propensity (probability that Thompson sampling chooses this template, given the beliefs of that moment); values: defaults and what the cohort gave; fields: as the template declares them; personal_fields: which of them are the person''s.';
comment on column stimuli.stimuli_base.expected_outcomes is
  'Per person: response_rate, order_value and value (their product, in the currency of the brand), each with standard_deviation and 90% interval; expected_responses of all members.';
comment on column stimuli.stimuli_base.total_sent is
  'People whom it was sent to. This and the four totals below count the furthest stage of each deployment (a conversion was also opened), so that each is part of the one before. Held-out people are in none.';
comment on column stimuli.stimuli_base.effectiveness_score is 'Share of the responses that would not have come without it (outcomes.attribution).';

create table stimuli.offers (
  stimulus_id uuid primary key,
  brand_id uuid not null references core.brands (id) on delete cascade,
  offer_type stimuli.offer_type not null,
  offer_value numeric(10, 2)
    constraint offer_value_is_not_negative check (offer_value >= 0),
  offer_percentage double precision
    constraint offer_percentage_is_a_percentage check (offer_percentage between 0 and 100),
  offer_code text
    constraint offer_code_is_in_its_normal_form check (offer_code ~ '^[A-Z0-9]{4,32}$'),
  offer_description text not null,
  terms_and_conditions text,
  minimum_purchase numeric(10, 2)
    constraint minimum_purchase_is_not_negative check (minimum_purchase >= 0),
  maximum_discount numeric(10, 2)
    constraint maximum_discount_is_not_negative check (maximum_discount >= 0),
  usage_limit integer
    constraint usage_limit_is_positive check (usage_limit > 0),
  usage_limit_per_customer integer
    constraint usage_limit_per_customer_is_positive check (usage_limit_per_customer > 0),
  valid_from timestamptz not null,
  valid_until timestamptz not null,
  redemption_deadline timestamptz,
  applicable_products jsonb not null default '[]',
  applicable_services jsonb not null default '[]',
  excluded_products jsonb not null default '[]',
  business_rules jsonb not null default '{}',
  approval_required boolean not null default false,
  approval_status text not null default 'pending'
    constraint approval_status_is_known check (approval_status in ('pending', 'approved', 'rejected', 'expired')),
  approved_by uuid,
  approved_at timestamptz,
  redemption_count integer not null default 0
    constraint redemption_count_is_not_negative check (redemption_count >= 0),
  redemption_value numeric(12, 2) not null default 0,
  conversion_rate double precision
    constraint conversion_rate_is_a_share check (conversion_rate between 0 and 1),
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  unique (brand_id, stimulus_id),
  unique (brand_id, offer_code),
  constraint offer_ends_after_it_begins check (valid_from < valid_until),
  foreign key (brand_id, stimulus_id) references stimuli.stimuli_base (brand_id, id) on delete cascade,
  foreign key (brand_id, approved_by) references core.users (brand_id, id) on delete set null (approved_by)
);

comment on table stimuli.offers is 'The commercial part of a stimulus of type offer. Money is in the currency of the brand.';
comment on column stimuli.offers.offer_percentage is 'Per cent, 0 to 100.';
comment on column stimuli.offers.offer_code is 'The code that everybody may use, in capitals and digits only; null where each person has one of its own (personalization_applied.offer_code of the deployment).';
comment on column stimuli.offers.redemption_count is 'Redemptions less reversals; moves with them.';
comment on column stimuli.offers.redemption_value is 'What the redemptions less reversals took off, in the currency of the brand.';
comment on column stimuli.offers.applicable_products is 'What it is for: [{"product_id"} or {"category"}]; empty for everything. A bundle needs one of each.';

create table stimuli.campaigns (
  stimulus_id uuid primary key,
  brand_id uuid not null references core.brands (id) on delete cascade,
  campaign_type text not null
    constraint campaign_type_is_known
      check (campaign_type in ('email', 'sms', 'push', 'social', 'display', 'retargeting', 'search', 'video', 'other')),
  campaign_goal text not null
    constraint campaign_goal_is_known
      check (campaign_goal in ('awareness', 'engagement', 'conversion', 'retention', 'reactivation', 'education', 'other')),
  campaign_theme text,
  subject_line text,
  headline text,
  body_text text,
  call_to_action text,
  media_urls jsonb not null default '[]',
  channel_config jsonb not null default '{}',
  delivery_schedule jsonb not null default '{}',
  audience_segments jsonb not null default '[]',
  exclusion_criteria jsonb not null default '{}',
  personalization_level text not null default 'basic'
    constraint personalization_level_is_known check (personalization_level in ('basic', 'moderate', 'high', 'custom')),
  budget_limit numeric(12, 2)
    constraint budget_limit_is_not_negative check (budget_limit >= 0),
  daily_budget_limit numeric(12, 2)
    constraint daily_budget_limit_is_not_negative check (daily_budget_limit >= 0),
  max_sends_per_day integer
    constraint max_sends_per_day_is_positive check (max_sends_per_day > 0),
  total_send_limit integer
    constraint total_send_limit_is_positive check (total_send_limit > 0),
  target_open_rate double precision
    constraint target_open_rate_is_a_share check (target_open_rate between 0 and 1),
  target_click_rate double precision
    constraint target_click_rate_is_a_share check (target_click_rate between 0 and 1),
  target_conversion_rate double precision
    constraint target_conversion_rate_is_a_share check (target_conversion_rate between 0 and 1),
  target_roi double precision,
  variant_choice text not null default 'adaptive'
    constraint variant_choice_is_known check (variant_choice in ('weights', 'adaptive')),
  is_ab_test boolean not null default false,
  ab_test_variant text
    constraint ab_test_variant_is_known
      check (ab_test_variant in ('control', 'variant_a', 'variant_b', 'variant_c', 'variant_d')),
  ab_test_percentage double precision
    constraint ab_test_percentage_is_a_percentage check (ab_test_percentage between 0 and 100),
  ab_test_winner text,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  unique (brand_id, stimulus_id),
  foreign key (brand_id, stimulus_id) references stimuli.stimuli_base (brand_id, id) on delete cascade
);
comment on table stimuli.campaigns is 'The part of a stimulus of type campaign: goal, text, limits, test variant.';
comment on column stimuli.campaigns.variant_choice is 'weights: people are spread over the variants by variant_weight; adaptive: by what is learnt of them.';
comment on column stimuli.campaigns.target_roi is 'Wanted return per unit of money spent; 1 means the money comes back.';

create table stimuli.messages (
  stimulus_id uuid primary key,
  brand_id uuid not null references core.brands (id) on delete cascade,
  message_type text not null
    constraint message_type_is_known
      check (message_type in ('text', 'image', 'video', 'audio', 'document', 'interactive', 'template', 'other')),
  message_channel stimuli.channel not null,
  message_text text not null,
  media_url text,
  media_type text,
  media_caption text,
  quick_replies jsonb not null default '[]',
  buttons jsonb not null default '[]',
  carousel_items jsonb not null default '[]',
  personalization_tokens jsonb not null default '{}',
  dynamic_content jsonb not null default '{}',
  delivery_method text not null default 'immediate'
    constraint delivery_method_is_known check (delivery_method in ('immediate', 'scheduled', 'triggered', 'batch')),
  delivery_priority text not null default 'normal'
    constraint delivery_priority_is_known check (delivery_priority in ('low', 'normal', 'high', 'urgent')),
  retry_attempts integer not null default 3
    constraint retry_attempts_are_not_negative check (retry_attempts >= 0),
  retry_delay_minutes integer not null default 5
    constraint retry_delay_is_not_negative check (retry_delay_minutes >= 0),
  expect_response boolean not null default false,
  response_timeout_minutes integer
    constraint response_timeout_is_positive check (response_timeout_minutes > 0),
  response_handlers jsonb not null default '[]',
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  unique (brand_id, stimulus_id),
  foreign key (brand_id, stimulus_id) references stimuli.stimuli_base (brand_id, id) on delete cascade
);
comment on table stimuli.messages is 'The part of a stimulus of type message.';
comment on column stimuli.messages.message_channel is 'Where a person has no preferred channel of its own.';
