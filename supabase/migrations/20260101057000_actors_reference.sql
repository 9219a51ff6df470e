insert into core.system_parameters (parameter_key, parameter_value, parameter_type, description)
select k, to_jsonb(v), 'number', d from (values
  ('actors.match_confidence.customer_id', 0.999, 'Probability that two records with the same customer id and nothing else to compare are of one person, 0 to 1; must be below 1.'),
  ('actors.match_confidence.phone', 0.98, 'The same for a phone number; below 1 because households share one.'),
  ('actors.match_confidence.email', 0.99, 'The same for an e-mail address.'),
  ('actors.match_confidence.social_handle', 0.97, 'The same for a handle; handles change hands.'),
  ('actors.match_auto', 0.95, 'Records whose probability of being of one person reaches this are joined without asking, 0 to 1.'),
  ('actors.match_review', 0.5, 'From here to match_auto a review is opened; below, they are two people.'),
  ('actors.match_floor', 0.02, 'Pairs of records below this probability are forgotten.'),
  ('actors.household_share', 0.1, 'How many other people of its household a record has among the brand''s records: they share family name, phone and address.'),
  ('actors.identity_population', 1000, 'A brand with fewer records of identity is taken to deal with so many people, so that the first ones are not joined for want of others.'),
  ('actors.training_pairs', 150000, 'Random pairs that the identity model is trained on; of pairs that share a block, four times as many.'),
  ('actors.block_cap', 60, 'Blocks of more records are too common to compare all their pairs.'),
  ('actors.component_cap', 300, 'Most records of a person, and of what is clustered with all its pairs.'),
  ('actors.half_life_days.preference', 60, 'Days after which evidence of a taste weighs half.'),
  ('actors.half_life_days.behavior', 120, 'Days after which evidence of behaviour (rates, values, shares) weighs half.'),
  ('actors.half_life_days.communication', 90, 'Days after which evidence of channel, hour and response weighs half.'),
  ('actors.half_life_days.experience', 90, 'Days after which a rating weighs half.'),
  ('actors.half_life_days.friction', 60, 'Days after which a bad or good occasion weighs half.'),
  ('actors.half_life_days.response', 120, 'Days after which an answer to a stimulus weighs half.'),
  ('actors.half_life_days.driver', 365, 'Days after which evidence of a driver weighs half.'),
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
  ('actors.contradiction_log_bayes_factor', 2.3, 'A contradiction opens at this natural log Bayes factor; it is strong from twice this, and closes below 0.'),
  ('actors.friction_severity', 0.3, 'A friction point opens when the share of bad occasions reaches this; it is resolved below half of it.'),
  ('actors.routine_log_bayes_factor', 4.6, 'A weekly routine is kept when its natural log Bayes factor against chance reaches this: at most one actor in 100 without one shows it.'),
  ('actors.batch_size', 5000, 'Signals that the job processes per brand and run.')
) p (k, v, d);

select private.register_function('actors.process_signals', 'signal_processing', 'matching',
  'Finds the person of each pending signal, writes its evidence and folds it into beliefs.',
  '{"parameters": ["actors.match_*", "actors.household_share", "actors.identity_population", "actors.block_cap", "actors.component_cap", "actors.half_life_days.*", "actors.stated_strength"]}');
select private.register_function('actors.train_identity', 'learning', 'learning',
  'Learns from the brand''s records how the fields of one person and of two people differ.', '{"parameters": ["actors.training_pairs", "actors.match_confidence.*"]}');
select private.register_function('actors.answer_review', 'actor_matching', 'matching',
  'Takes the answer to a review: the records are tied together, or kept apart, in every clustering from then on.', '{}');
select private.register_function('actors.refresh_vectors', 'transformation', 'transformation',
  'Refreshes the priors of the brand and writes the standardised belief vector of every active actor.',
  '{"parameters": ["actors.prior_strength.*"]}');

insert into private.explainers (kind, function_name) values
  ('actor', 'private.explain_actor'),
  ('belief', 'private.explain_belief'),
  ('evidence', 'private.explain_evidence');
