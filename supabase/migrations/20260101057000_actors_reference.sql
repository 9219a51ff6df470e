insert into core.system_parameters (parameter_key, parameter_value, parameter_type, description)
select k, to_jsonb(v), 'number', d from (values
  ('actors.match_confidence.customer_id', 0.99, 'Probability that two signals with the same customer id are of one person, 0 to 1.'),
  ('actors.match_confidence.phone', 0.98, 'The same for a phone number; below 1 because households share one.'),
  ('actors.match_confidence.email', 0.95, 'The same for an e-mail address.'),
  ('actors.match_confidence.social_handle', 0.90, 'The same for a handle; handles change hands.'),
  ('actors.half_life_days.preference', 60, 'Days after which evidence of a taste weighs half.'),
  ('actors.half_life_days.behavior', 120, 'Days after which evidence of behaviour (rates, values, shares) weighs half.'),
  ('actors.half_life_days.communication', 90, 'Days after which evidence of channel, hour and response weighs half.'),
  ('actors.half_life_days.experience', 90, 'Days after which a rating weighs half.'),
  ('actors.half_life_days.friction', 60, 'Days after which a bad or good occasion weighs half.'),
  ('actors.half_life_days.response', 120, 'Days after which an answer to a stimulus weighs half.'),
  ('actors.half_life_days.driver', 365, 'Days after which evidence of a driver weighs half.'),
  ('actors.half_life_days.intent', 30, 'Days after which a stated intent weighs half.'),
  ('actors.half_life_days.demographic', 730, 'Days after which a stated attribute of the person weighs half.'),
  ('actors.half_life_days.identity', 365, 'Days after which evidence of identity weighs half.'),
  ('actors.prior_strength.beta', 2, 'Prior of a share: as much as so many observations.'),
  ('actors.prior_strength.dirichlet', 2, 'Prior of a taste, spread evenly over the categories: as much as so many observations.'),
  ('actors.prior_strength.gamma', 1, 'Prior of a rate: as much as so many events at the brand''s mean rate.'),
  ('actors.prior_strength.normal', 1, 'Prior of a mean: as much as so many observations.'),
  ('actors.prior_rate.per_day', 0.0333333333333333, 'Events a day before the brand has a mean of its own.'),
  ('actors.prior_rate.per_occasion', 0.3, 'Answers per occasion before the brand has a mean of its own.'),
  ('actors.prior_share.friction', 0.1, 'Share of occasions that go wrong before the brand has a mean of its own.'),
  ('actors.stated_strength', 3, 'What a person states counts as so many observations of the stated side.'),
  ('actors.contradiction_log_bayes_factor', 1.6, 'A contradiction opens at this natural log Bayes factor; it is strong from twice this, and closes below 0.'),
  ('actors.answer_reliability', 0.85, 'Probability that an answer to a question is true; decides which question is worth asking.'),
  ('actors.intent_window_days', 14, 'Days in which a stated intent to buy should be followed by a purchase.'),
  ('actors.friction_severity', 0.3, 'A friction point opens when the share of bad occasions reaches this; it is resolved below half of it.'),
  ('actors.rhythm_chance', 0.15, 'A regular period is kept when the bound of its probability by chance is at most this. It is a bound for the least favourable stream: of 5,000 people with the usual ones (chance, bursts, silences) about one reaches it.'),
  ('actors.habit_chance', 0.001, 'A habit of weekday or hour is kept when chance alone would show as much with at most this probability.'),
  ('actors.batch_size', 5000, 'Signals that the job processes per brand and run.')
) p (k, v, d);

insert into core.system_parameters (parameter_key, parameter_value, parameter_type, description) values
  ('actors.text_provider', '"offline"', 'string', 'Who reads texts: offline (the lexicon, while signals are processed) or the name of a provider that tells its results by actors.set_text_insight.');

select private.register_function('actors.process_signals', 'signal_processing', 'matching',
  'Finds the person of each pending signal, writes its evidence and folds it into beliefs.',
  '{"parameters": ["actors.match_confidence.*", "actors.half_life_days.*", "actors.stated_strength"]}');
select private.register_function('actors.refresh_vectors', 'transformation', 'transformation',
  'Refreshes the priors of the brand and writes the standardised belief vector of every active actor.',
  '{"parameters": ["actors.prior_strength.*"]}');
select private.register_function('actors.refresh_insights', 'analysis', 'analysis',
  'Looks for rhythms and habits of people with new evidence and ends those that stopped.',
  '{"parameters": ["actors.rhythm_chance", "actors.habit_chance"]}');

insert into private.explainers (kind, function_name) values
  ('actor', 'private.explain_actor'),
  ('belief', 'private.explain_belief'),
  ('evidence', 'private.explain_evidence');
