select private.grant_access('stimuli.consents', 'append');
select private.grant_access('stimuli.suppressions', 'staff');
select private.grant_access('stimuli.contact_preferences', 'staff');
select private.grant_access('stimuli.channel_connectors', 'staff');
select private.grant_access('stimuli.frequency_caps', 'staff', p_write_role => 'manager',
  p_insert => '{brand_id, channel, window_kind, window_hours, max_sends}', p_update => '{max_sends}', p_delete => true);
select private.grant_access('stimuli.sending_state', 'staff');
select private.grant_access('stimuli.campaign_spending', 'staff');
select private.grant_access('stimuli.provider_events', 'append');

grant select on stimuli.held_deliveries, stimuli.undelivered, stimuli.delivery_queue to authenticated, service_role;
