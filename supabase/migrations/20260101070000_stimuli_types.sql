create schema stimuli;
comment on schema stimuli is 'What the brand sends to people: templates, offers, campaigns, messages, their deployments and how they performed.';

create type stimuli.stimulus_type as enum ('offer', 'campaign', 'message', 'notification', 'promotion', 'survey', 'reminder', 'other');
create type stimuli.stimulus_status as enum ('draft', 'approved', 'scheduled', 'active', 'paused', 'completed', 'cancelled', 'failed');
create type stimuli.channel as enum ('whatsapp', 'sms', 'email', 'push', 'in_app', 'web', 'social', 'other');
-- held_out is not in the original: a person of the control group is assigned and measured, and never sent anything.
create type stimuli.delivery_status as enum ('pending', 'sent', 'delivered', 'failed', 'expired', 'cancelled', 'held_out');
create type stimuli.response_status as enum ('none', 'opened', 'clicked', 'responded', 'converted', 'bounced', 'unsubscribed');
create type stimuli.template_category as enum ('welcome', 'promotional', 'transactional', 'educational', 'reminder', 'reengagement', 'other');
create type stimuli.offer_type as enum ('discount', 'free_item', 'bogo', 'loyalty_points', 'early_access', 'free_shipping', 'upgrade', 'bundle', 'other');
