create trigger _100_set_updated_at before update on stimuli.contact_preferences for each row execute function private.set_updated_at();
create trigger _100_set_updated_at before update on stimuli.channel_connectors for each row execute function private.set_updated_at();
create trigger _100_set_updated_at before update on stimuli.frequency_caps for each row execute function private.set_updated_at();
create trigger _100_set_updated_at before update on stimuli.sending_state for each row execute function private.set_updated_at();

create trigger _500_suppress after insert on signals.email_interactions
  referencing new table as inserted for each statement execute function private.suppress_from_emails();
create trigger _500_suppress after insert on signals.whatsapp_messages
  referencing new table as inserted for each statement execute function private.suppress_from_messages();
create trigger _500_follow_deliveries after insert on signals.crm_events
  referencing new table as inserted for each statement execute function private.follow_deliveries();
