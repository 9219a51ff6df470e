insert into private.default_templates
  (template_key, template_name, template_type, template_category, required_fields, optional_fields, template_description, template_structure, default_content)
values
  ('category_discount', 'Discount on the favourite category', 'offer', 'promotional', '["top_category"]', '["brand_name", "first_name", {"name": "unsubscribe_url", "type": "url"}]',
    'Ten per cent off what this cohort buys more than others do.',
    '{"subject": "10% off {{top_category}}", "body": "Hello {{first_name}}, this week we take 10% off everything in {{top_category}}. Your {{brand_name}}", "call_to_action": "Choose", "footer": "You get this because you are a customer of {{brand_name}}. No more of it: {{unsubscribe_url}}"}',
    '{"offer_type": "discount", "offer_percentage": 10, "valid_days": 7, "first_name": "there"}'),
  ('free_shipping', 'Free delivery', 'offer', 'transactional', '[]', '["brand_name", "first_name", {"name": "unsubscribe_url", "type": "url"}]',
    'The next order is delivered free.',
    '{"subject": "Delivery is on us", "body": "Hello {{first_name}}, order within the next 7 days and we deliver free. Your {{brand_name}}", "call_to_action": "Order", "footer": "You get this because you are a customer of {{brand_name}}. No more of it: {{unsubscribe_url}}"}',
    '{"offer_type": "free_shipping", "valid_days": 7, "first_name": "there"}'),
  ('early_access', 'Early access to news', 'offer', 'educational', '["top_category"]', '["brand_name", "first_name", {"name": "unsubscribe_url", "type": "url"}]',
    'What is new in their favourite category, before others see it.',
    '{"subject": "New in {{top_category}}, before everyone else", "body": "Hello {{first_name}}, you see what is new in {{top_category}} three days before it opens to everyone. Your {{brand_name}}", "call_to_action": "Have a look", "footer": "You get this because you are a customer of {{brand_name}}. No more of it: {{unsubscribe_url}}"}',
    '{"offer_type": "early_access", "valid_days": 3, "first_name": "there"}'),
  ('win_back', 'We miss you', 'message', 'reengagement', '[]', '["brand_name", "first_name", {"name": "unsubscribe_url", "type": "url"}]',
    'A friendly word without an offer.',
    '{"subject": "It has been a while", "body": "Hello {{first_name}}, we have not seen you for some time. Tell us what we can do better, or come and look at what has changed. Your {{brand_name}}", "call_to_action": "Come back", "footer": "You get this because you are a customer of {{brand_name}}. No more of it: {{unsubscribe_url}}"}',
    '{"first_name": "there"}'),
  ('category_bundle', 'Two categories together', 'offer', 'promotional', '["top_category", "second_category"]', '["brand_name", "first_name", {"name": "unsubscribe_url", "type": "url"}]',
    'A bundle of the two categories that this cohort prefers.',
    '{"subject": "{{top_category}} and {{second_category}} together", "body": "Hello {{first_name}}, take one of {{top_category}} and one of {{second_category}} and save 15% on both. Your {{brand_name}}", "call_to_action": "Put it together", "footer": "You get this because you are a customer of {{brand_name}}. No more of it: {{unsubscribe_url}}"}',
    '{"offer_type": "bundle", "offer_percentage": 15, "valid_days": 10, "first_name": "there"}'),
  ('loyalty_points', 'Double points', 'offer', 'reminder', '[]', '["brand_name", "first_name", {"name": "unsubscribe_url", "type": "url"}]',
    'Twice the loyalty points for two weeks.',
    '{"subject": "Double points for two weeks", "body": "Hello {{first_name}}, until the end of next week every purchase counts twice on your points. Your {{brand_name}}", "call_to_action": "Collect", "footer": "You get this because you are a customer of {{brand_name}}. No more of it: {{unsubscribe_url}}"}',
    '{"offer_type": "loyalty_points", "offer_value": 2, "valid_days": 14, "first_name": "there"}');

insert into core.system_parameters (parameter_key, parameter_value, parameter_type, description) values
  ('stimuli.prior_alpha', '1', 'number', 'Prior of an arm: Beta(prior_alpha, prior_beta). At least 1.'),
  ('stimuli.prior_beta', '9', 'number', 'See stimuli.prior_alpha; 1 and 9 expect one response in ten. At least 1.'),
  ('stimuli.half_life_days', '90', 'number', 'Days after which a reward counts half in its arm. Above 0.'),
  ('stimuli.inherited_strength', '1', 'number', 'How much of what was learnt from the people of a split cohort counts for the new cohort that they form, 0 to 1.'),
  ('stimuli.auto_approve', 'false', 'boolean', 'Proposals are approved at once instead of waiting as drafts.'),
  ('stimuli.four_eyes', 'false', 'boolean', 'Who wrote a stimulus does not approve it.'),
  ('stimuli.writings_per_hour', '60', 'number', 'How often an hour an AI provider may be asked for the text of a stimulus. At least 1.'),
  ('stimuli.holdout_share', '0.1', 'number', 'Share of people held out of every deployment, 0 to 0.9. With 0 nothing can be attributed.'),
  ('stimuli.attribution_window_days', '14', 'number', 'Days after a deployment in which a signal can be its outcome. Above 0.'),
  ('stimuli.default_channel', '"email"', 'string', 'Channel for people whose preferred one is not known.');

insert into private.error_codes (key, errcode, http_status, message, hint) values
  ('template_not_usable', 'PT409', 409, 'Template %s is not active, or its check has not passed.', 'Check it with the Edge Function stimuli, POST /templates/check.'),
  ('template_not_checked', 'PT409', 409, 'The check of version %s has not passed.', 'Check it with the Edge Function stimuli, or use another version.'),
  ('template_lacks_fields', 'PT409', 409, 'Template %s needs fields that the cohort does not give: %s.', 'Give the template defaults for them, or choose another.'),
  ('no_usable_template', 'PT409', 409, 'No template can be filled for this cohort or person.', 'Install or check templates; of a person who is in no cohort too little is known.'),
  ('stimulus_not_checked', 'PT409', 409, 'The content of stimulus %s has not passed the check.', 'Approve it through the Edge Function stimuli, which checks it first.'),
  ('stimulus_is_fixed', 'PT409', 409, 'Stimulus %s is %s: its content, target and terms do not change any more.', 'Make a new one.'),
  ('stimulus_needs_another_approver', 'PT409', 409, 'Stimulus %s is approved by somebody else than its author.', 'Ask another manager.'),
  ('variant_follows_campaign', 'PT409', 409, 'Stimulus %s is a variant of campaign %s and follows it.', 'Do the same with the campaign.'),
  ('campaign_without_variants', 'PT409', 409, 'Campaign %s has no variant to send.', 'Make it with stimuli.create_campaign.'),
  ('offer_terms_invalid', 'PT409', 409, 'The terms of offer %s are not sound: %s.', 'Make a new one with other terms.'),
  ('offer_not_open', 'PT409', 409, 'Offer %s cannot be redeemed now.', 'Look at valid_from, valid_until and the status of its stimulus.'),
  ('offer_used_up', 'PT409', 409, 'Offer %s has been used as often as it may be.', 'Each customer and all together have a limit.'),
  ('order_does_not_qualify', 'PT422', 422, 'The order does not qualify: %s.', 'Compare the order with the terms of the offer.'),
  ('stimulus_not_ready', 'PT409', 409, 'Stimulus %s is %s and cannot be %s.', 'A draft is approved, an approved or scheduled one is deployed.'),
  ('stimulus_has_no_target', 'PT409', 409, 'Stimulus %s has no target left.', 'Give it a cohort or a person; its own may have been deleted.'),
  ('stimulus_expired', 'PT409', 409, 'Stimulus %s expired at %s.', 'Make a new one.');

select private.register_function('stimuli.install_templates', 'other', 'other', 'Gives a brand the default templates', p_implementation => 'sql');
select private.register_function('stimuli.propose', 'stimulus_generation', 'reasoning',
  'Chooses a template for every active cohort by Thompson sampling and fills it with what is known about the cohort',
  '{"prior_alpha": "stimuli.prior_alpha", "prior_beta": "stimuli.prior_beta", "half_life_days": "stimuli.half_life_days"}');
select private.register_function('stimuli.generate', 'stimulus_generation', 'reasoning',
  'Makes a draft for a cohort or a person from a template, with what is expected of it');
select private.register_function('stimuli.write', 'stimulus_generation', 'communication',
  'Has an AI provider write the texts of a draft anew', '{"writings_per_hour": "stimuli.writings_per_hour"}', p_implementation => 'javascript');
select private.register_function('stimuli.create_campaign', 'stimulus_generation', 'communication', 'Makes a campaign with variants');
select private.register_function('stimuli.redeem', 'other', 'other', 'Redeems an offer for an order');
select private.register_function('stimuli.approve', 'other', 'validation', 'Approves a draft');
select private.register_function('stimuli.deploy', 'stimulus_generation', 'communication',
  'Assigns every member of the target cohort to a stimulus: treated, or held out at random', '{"holdout_share": "stimuli.holdout_share"}');
select private.register_function('stimuli.record_delivery', 'other', 'communication', 'Takes the delivery reports of a sender');

insert into private.explainers (kind, function_name) values
  ('stimulus', 'private.explain_stimulus'),
  ('deployment', 'private.explain_deployment'),
  ('arm', 'private.explain_arm');
