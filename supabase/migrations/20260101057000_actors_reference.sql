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
  ('actors.half_life_days.demographic', 730, 'Days after which a stated attribute of the person weighs half.'),
  ('actors.half_life_days.identity', 365, 'Days after which evidence of identity weighs half.'),
  ('actors.change_hazard.preference', 0.007, 'Probability that a taste changes from one piece of evidence to the next; 0: never.'),
  ('actors.change_hazard.behavior', 0.007, 'The same for behaviour, and for kinds without a number of their own.'),
  ('actors.change_hazard.communication', 0.004, 'The same for channel, hour and response.'),
  ('actors.change_hazard.experience', 0.007, 'The same for ratings.'),
  ('actors.change_hazard.friction', 0.007, 'The same for occasions that go wrong.'),
  ('actors.change_hazard.response', 0.002, 'The same for answers to stimuli; they are rare, and one answer is no change.'),
  ('actors.change_hazard.driver', 0.002, 'The same for drivers.'),
  ('actors.change_hazard.demographic', 0.002, 'The same for attributes of the person.'),
  ('actors.change_hazard.identity', 0.002, 'The same for identity.'),
  ('actors.change_after', 15, 'A belief can only change once it stands on as much evidence as so many observations.'),
  ('actors.change_strength', 20, 'A change leads away from what was believed: an expectation as strong as so many observations.'),
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
  ('actors.contradiction_log_bayes_factor', 2.3, 'A contradiction opens at this natural log Bayes factor; it is strong from twice this, and closes below 0.'),
  ('actors.friction_severity', 0.3, 'A friction point opens when the share of bad occasions reaches this; it is resolved below half of it.'),
  ('actors.routine_log_bayes_factor', 4.6, 'A weekly routine is kept when its natural log Bayes factor against chance reaches this: at most one actor in 100 without one shows it.'),
  ('actors.batch_size', 5000, 'Signals that the job processes per brand and run.')
) p (k, v, d);

select private.register_function('actors.process_signals', 'signal_processing', 'matching',
  'Finds the person of each pending signal, writes its evidence and folds it into beliefs.',
  '{"parameters": ["actors.match_confidence.*", "actors.half_life_days.*", "actors.stated_strength"]}');
select private.register_function('actors.refresh_vectors', 'transformation', 'transformation',
  'Refreshes the priors of the brand and writes the standardised belief vector of every active actor.',
  '{"parameters": ["actors.prior_strength.*"]}');

insert into private.explainers (kind, function_name) values
  ('actor', 'private.explain_actor'),
  ('belief', 'private.explain_belief'),
  ('evidence', 'private.explain_evidence');
