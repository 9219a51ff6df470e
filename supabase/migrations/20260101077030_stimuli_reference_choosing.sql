insert into core.system_parameters (parameter_key, parameter_value, parameter_type, description) values
  ('stimuli.exploration_floor', '0.005', 'number', 'Least probability with which each candidate of a round goes to a person, 0 to 0.5; at most half of what an even share would be.'),
  ('stimuli.exploration_cap', '0.97', 'number', 'Largest probability of one candidate of several, 0.5 to 1. A candidate whose probability of being best is below what this leaves falls to the floor.'),
  ('stimuli.harm_deviations', '1.96', 'number', 'A template is stopped in a cohort where its response lies below that of the held-out people by so many standard deviations. Above 0.'),
  ('stimuli.membership_sharpness', '3', 'number', 'Power to which the probabilities of a person''s cohorts are raised before their choices are mixed: 1 mixes by probability, more follows the likeliest cohort. Above 0.'),
  ('stimuli.context_strength', '0.5', 'number', 'How much a person''s own responses to a kind of template, beside those of its cohort, move its choice: power of the odds ratio, which is cut to 1/e and e. 0: not at all.'),
  ('stimuli.pull_minutes', '60', 'number', 'Minutes for which the odds of stimuli.decide are used again before they are made anew. 0 or more.'),
  ('stimuli.candidates_per_cohort', '6', 'number', 'How many templates are proposed for a cohort at a time where proposals are approved at once, the likeliest by Thompson sampling; where people approve, it is one. 1 to 50.');

select private.register_function('stimuli.deploy_round', 'stimulus_generation', 'reasoning',
  'Gives each person one of several stimuli, or holds it out, by what is known of its cohorts and of itself',
  '{"exploration_floor": "stimuli.exploration_floor", "exploration_cap": "stimuli.exploration_cap", "holdout_share": "stimuli.holdout_share"}');
select private.register_function('stimuli.decide', 'stimulus_generation', 'reasoning', 'Chooses a stimulus for one person now',
  '{"exploration_floor": "stimuli.exploration_floor", "exploration_cap": "stimuli.exploration_cap", "holdout_share": "stimuli.holdout_share"}');
