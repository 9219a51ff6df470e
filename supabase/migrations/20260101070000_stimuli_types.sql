create schema stimuli;
comment on schema stimuli is 'What the brand sends to people: templates, offers, campaigns, messages, their deployments and how they performed.';

create type stimuli.stimulus_type as enum ('offer', 'campaign', 'message', 'notification', 'promotion', 'survey', 'reminder', 'other');
create type stimuli.stimulus_status as enum ('draft', 'approved', 'scheduled', 'active', 'paused', 'completed', 'cancelled', 'failed');
create type stimuli.channel as enum ('whatsapp', 'sms', 'email', 'push', 'in_app', 'web', 'social', 'other');
-- held_out is not in the original: a person of the control group is assigned and measured, and never sent anything.
-- sending: handed to a provider that has not answered. unknown: its answer was lost, so nobody knows whether it was sent.
create type stimuli.delivery_status as enum ('pending', 'sending', 'sent', 'delivered', 'failed', 'expired', 'cancelled', 'held_out', 'unknown');
create type stimuli.response_status as enum ('none', 'opened', 'clicked', 'responded', 'converted', 'bounced', 'unsubscribed');
create type stimuli.template_category as enum ('welcome', 'promotional', 'transactional', 'educational', 'reminder', 'reengagement', 'other');
create type stimuli.offer_type as enum ('discount', 'free_item', 'bogo', 'loyalty_points', 'early_access', 'free_shipping', 'upgrade', 'bundle', 'other');
create type stimuli.send_purpose as enum ('marketing', 'transactional');
comment on type stimuli.send_purpose is 'transactional: what the person is owed whatever it consented to (a receipt, a changed appointment); it may be sent at night and counts in no frequency cap.';
create type stimuli.connector_kind as enum ('smtp', 'whatsapp', 'webhook', 'in_app');
create type stimuli.suppression_reason as enum ('bounce', 'complaint', 'unsubscribe', 'manual');
create type stimuli.cap_window as enum ('rolling', 'local_day', 'local_week');
