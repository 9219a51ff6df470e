grant usage on schema stimuli to authenticated, service_role;

-- Clients write drafts; their status, totals and scores move only through functions.
select private.grant_access('stimuli.stimulus_templates', 'staff', p_write_role => 'manager',
  p_insert => '{brand_id, template_name, template_type, template_category, template_description, template_structure, default_content, required_fields, optional_fields, target_cohort_criteria, target_actor_criteria, exclusion_criteria, usage_limits, priority, is_active}',
  p_update => '{template_name, template_description, template_structure, default_content, required_fields, optional_fields, target_cohort_criteria, target_actor_criteria, exclusion_criteria, usage_limits, priority, is_active}');
select private.grant_access('stimuli.stimuli_base', 'staff',
  p_insert => '{brand_id, stimulus_type, stimulus_name, stimulus_description, content_data, presentation_config, target_cohort_id, target_actor_id, target_criteria, priority, scheduled_for, expires_at}');
select private.grant_access('stimuli.offers', 'staff',
  p_insert => '{brand_id, stimulus_id, offer_type, offer_value, offer_percentage, offer_code, offer_description, terms_and_conditions, minimum_purchase, maximum_discount, usage_limit, usage_limit_per_customer, valid_from, valid_until, redemption_deadline, applicable_products, applicable_services, excluded_products, business_rules}');
select private.grant_access('stimuli.campaigns', 'staff',
  p_insert => '{brand_id, stimulus_id, campaign_type, campaign_goal, campaign_theme, subject_line, headline, body_text, call_to_action, media_urls, channel_config, delivery_schedule, audience_segments, exclusion_criteria, personalization_level, budget_limit, daily_budget_limit, max_sends_per_day, total_send_limit, target_open_rate, target_click_rate, target_conversion_rate, target_roi}');
select private.grant_access('stimuli.messages', 'staff',
  p_insert => '{brand_id, stimulus_id, message_type, message_channel, message_text, media_url, media_type, media_caption, quick_replies, buttons, carousel_items, personalization_tokens, dynamic_content, delivery_method, delivery_priority, retry_attempts, retry_delay_minutes, expect_response, response_timeout_minutes, response_handlers}');
select private.grant_access('stimuli.arms', 'staff');
select private.grant_access('stimuli.arm_inheritance', 'staff');
select private.grant_access('stimuli.stimulus_deployments', 'staff');
select private.grant_access('stimuli.stimulus_performance_metrics', 'staff');
select private.grant_access('private.default_templates', 'service');
