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
  ('actors.half_life_days.intent', 30, 'Days after which a stated intent weighs half.'),
  ('actors.half_life_days.demographic', 730, 'Days after which a stated attribute of the person weighs half.'),
  ('actors.half_life_days.identity', 365, 'Days after which evidence of identity weighs half.'),
  ('actors.change_hazard.preference', 0.005, 'Probability that a taste changes from one piece of evidence to the next, until the brand''s people tell better; 0: never.'),
  ('actors.change_hazard.behavior', 0.005, 'The same for behaviour, and for kinds without a number of their own.'),
  ('actors.change_hazard.communication', 0.004, 'The same for channel, hour and response.'),
  ('actors.change_hazard.experience', 0.005, 'The same for ratings.'),
  ('actors.change_hazard.friction', 0.005, 'The same for occasions that go wrong.'),
  ('actors.change_hazard.response', 0.002, 'The same for answers to stimuli; they are rare, and one answer is no change.'),
  ('actors.change_hazard.driver', 0.002, 'The same for drivers.'),
  ('actors.change_hazard.demographic', 0.002, 'The same for attributes of the person.'),
  ('actors.change_hazard.identity', 0.002, 'The same for identity.'),
  ('actors.change_after', 15, 'A belief can only change once it stands on as much evidence as so many observations.'),
  ('actors.change_strength', 15, 'A change leads away from what was believed: an expectation as strong as so many observations.'),
  ('actors.prior_strength.least', 0.5, 'Priors learnt from people are at least as strong as so many observations.'),
  ('actors.prior_strength.most', 200, 'And at most as strong as so many.'),
  ('actors.prior_actors', 30, 'From so many people on, strength is learnt from them.'),
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
  ('actors.batch_size', 1000, 'Most signals of a brand that the job processes in one transaction: small ones are seen sooner, large ones cost less.')
) p (k, v, d);

insert into private.error_codes (key, errcode, http_status, message, hint) values
  ('actor_is_merged', 'PT409', 409, 'Actor %s was merged into %s.', 'Use the actor that it was merged into, or take the merge back first (actors.unmerge).');

insert into core.system_parameters (parameter_key, parameter_value, parameter_type, description) values
  ('actors.text_provider', '"offline"', 'string', 'Who reads texts: offline (the lexicon, while signals are processed) or the name of a provider that tells its results by actors.set_text_insight.');

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
select private.register_function('actors.refresh_insights', 'analysis', 'analysis',
  'Looks for rhythms and habits of people with new evidence and ends those that stopped.',
  '{"parameters": ["actors.rhythm_chance", "actors.habit_chance"]}');

select private.register_function('actors.merge', 'transformation', 'matching', 'Makes two people one, by hand.', '{}');
select private.register_function('actors.unmerge', 'transformation', 'matching', 'Takes a merge back, to the last digit.', '{}');
select private.register_function('actors.retract', 'transformation', 'transformation', 'Takes a signal back, with everything believed because of it.', '{}');
select private.register_function('actors.rebuild', 'transformation', 'transformation', 'Makes evidence and beliefs of a brand again from its signals.', '{}');
select private.register_function('actors.split', 'transformation', 'matching', 'Makes a new person of some identity records of a person.', '{}');

insert into private.explainers (kind, function_name) values
  ('actor', 'private.explain_actor'),
  ('belief', 'private.explain_belief'),
  ('computation', 'private.explain_computation'),
  ('evidence', 'private.explain_evidence'),
  ('communication_profile', 'private.explain_communication_profile'),
  ('contradiction', 'private.explain_contradiction'),
  ('drivers', 'private.explain_drivers'),
  ('friction_point', 'private.explain_friction_point'),
  ('memory_loop', 'private.explain_memory_loop'),
  ('identity_event', 'private.explain_identity_event');
