insert into core.system_parameters (parameter_key, parameter_value, parameter_type, description) values
  ('stimuli.consent_default_marketing', 'false', 'boolean', 'Whether a person who never said anything may be sent marketing.'),
  ('stimuli.consent_default_transactional', 'true', 'boolean', 'Whether a person who never said anything may be sent what is transactional.'),
  ('stimuli.quiet_hours_start', '"21:00"', 'string', 'Local time of the person from which no marketing is sent.'),
  ('stimuli.quiet_hours_end', '"08:00"', 'string', 'Local time of the person from which marketing is sent again; the same as the start: always.'),
  ('stimuli.stop_words', '["stop", "stopp", "stop all", "unsubscribe", "cancel", "end", "quit", "abmelden", "abbestellen", "arret", "arrêt", "baja", "parar"]', 'array',
    'What a person writes, and nothing else, to be left alone; in lower case.'),
  ('stimuli.recheck_minutes', '15', 'number', 'When what waits for a decision (pause, approval, budget, connector) is looked at again. Above 0.'),
  ('stimuli.max_attempts', '6', 'number', 'How often a message is handed over at most; a message''s own retry_attempts go first.'),
  ('stimuli.retry_base_seconds', '30', 'number', 'Wait after the first failed attempt, doubled with each.'),
  ('stimuli.retry_longest_seconds', '3600', 'number', 'The longest wait between two attempts.');
insert into core.system_parameters (parameter_key, parameter_value, parameter_type, description, is_editable) values
  ('stimuli.send_lease_seconds', '120', 'number', 'How long a worker may take to answer for a message. Longer than the longest time limit of a connector.', false);

insert into private.error_codes (key, errcode, http_status, message, hint) values
  ('delivery_not_held', 'PT409', 409, 'Deployment %s is not held: it is %s.', 'Only a message of which nobody knows whether it was sent can be settled; see stimuli.held_deliveries.'),
  ('unsubscribe_link_invalid', 'PT404', 404, 'This link is not valid.', 'Use the whole link of the newest message, or answer the message with STOP.');

select private.register_function('stimuli.record_consent', 'other', 'communication', 'Writes down what a person agreed to or took back');
select private.register_function('stimuli.suppress', 'other', 'communication', 'Puts addresses on the suppression list');
select private.register_function('stimuli.release_suppression', 'other', 'communication', 'Takes an address off the suppression list');
select private.register_function('stimuli.finish_deliveries', 'other', 'communication', 'Takes the answers of the worker that sends');
select private.register_function('stimuli.settle_delivery', 'other', 'communication', 'A manager''s word on a message of which nobody knows whether it was sent');
select private.register_function('stimuli.redrive_deliveries', 'other', 'communication', 'Gives failed messages their attempts back');
select private.register_function('stimuli.pause_sending', 'other', 'communication', 'Stops everything that a brand sends');
select private.register_function('stimuli.resume_sending', 'other', 'communication', 'Lets a brand send again');
select private.register_function('stimuli.pause', 'other', 'communication', 'Stops one stimulus, or lets it go on');
select private.register_function('stimuli.connect_channel', 'other', 'communication', 'Says how a channel is delivered');
select private.register_function('stimuli.unsubscribe', 'other', 'communication', 'One-click unsubscribe');
select private.register_function('stimuli.record_events', 'other', 'communication', 'Takes the events of a provider');
