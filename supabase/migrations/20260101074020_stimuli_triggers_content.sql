create trigger _100_set_updated_at before update on stimuli.offer_redemptions for each row execute function private.set_updated_at();

create trigger _500_keep_version_inserted after insert on stimuli.stimulus_templates
  for each row execute function private.keep_template_version();
create trigger _500_keep_version_updated after update of template_structure, default_content, required_fields, optional_fields on stimuli.stimulus_templates
  for each row execute function private.keep_template_version();

create trigger _100_note_author before insert on stimuli.stimuli_base for each row execute function private.note_author();
create trigger _200_keep_approved before update of content_data, presentation_config, stimulus_type, target_cohort_id, target_actor_id, target_criteria,
    template_id, template_version_id, campaign_id, variant_weight, generation_parameters on stimuli.stimuli_base
  for each row when ((old.content_data, old.presentation_config, old.stimulus_type, old.target_cohort_id, old.target_actor_id, old.target_criteria,
      old.template_id, old.template_version_id, old.campaign_id, old.variant_weight, old.generation_parameters)
    is distinct from (new.content_data, new.presentation_config, new.stimulus_type, new.target_cohort_id, new.target_actor_id, new.target_criteria,
      new.template_id, new.template_version_id, new.campaign_id, new.variant_weight, new.generation_parameters)
    -- A foreign key lets go of what was deleted.
    and pg_trigger_depth() = 0)
  execute function private.keep_approved_content();
create trigger _500_roll_up_campaigns after update on stimuli.stimuli_base
  referencing new table as touched for each statement execute function private.roll_up_campaigns();

create trigger _200_keep_approved_inserted before insert on stimuli.offers for each row execute function private.keep_approved_part();
create trigger _200_keep_approved_updated before update of stimulus_id, offer_type, offer_value, offer_percentage, offer_code, offer_description,
    terms_and_conditions, minimum_purchase, maximum_discount, usage_limit, usage_limit_per_customer, valid_from, valid_until, redemption_deadline,
    applicable_products, applicable_services, excluded_products, business_rules on stimuli.offers
  for each row execute function private.keep_approved_part();
create trigger _200_keep_approved_inserted before insert on stimuli.messages for each row execute function private.keep_approved_part();
create trigger _200_keep_approved_updated before update of stimulus_id, message_type, message_channel, message_text, media_url, media_type, media_caption,
    quick_replies, buttons, carousel_items on stimuli.messages
  for each row execute function private.keep_approved_part();
create trigger _200_keep_approved_inserted before insert on stimuli.campaigns for each row execute function private.keep_approved_part();
create trigger _200_keep_approved_updated before update of stimulus_id, campaign_type, campaign_goal, subject_line, headline, body_text, call_to_action,
    media_urls, audience_segments, exclusion_criteria, variant_choice on stimuli.campaigns
  for each row execute function private.keep_approved_part();
