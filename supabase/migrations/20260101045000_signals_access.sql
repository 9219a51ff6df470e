grant usage on schema signals to authenticated, service_role;

-- Clients read; rows come in through signals.ingest, which weighs, hashes and compares them.
select private.grant_access('signals.signals_base', 'staff');
select private.grant_access('signals.whatsapp_messages', 'staff');
select private.grant_access('signals.reviews', 'staff');
select private.grant_access('signals.social_comments', 'staff');
select private.grant_access('signals.order_history', 'staff');
select private.grant_access('signals.web_behavior', 'staff');
select private.grant_access('signals.email_interactions', 'staff');
select private.grant_access('signals.survey_responses', 'staff');
select private.grant_access('signals.crm_events', 'staff');
select private.grant_access('private.signal_fields', 'service');
select private.grant_access('private.calling_codes', 'service');
