insert into private.error_codes (key, errcode, http_status, message, hint) values
  ('clustering_failed', 'PT409', 409, 'The clustering run %s ended without cohorts: %s.', 'Its row in cohorts.clustering_runs says which step failed; mend the cause and start another run.'),
  ('cohort_name_taken', 'PT409', 409, 'Another active cohort of the brand is called %s.', 'Choose another name.'),
  ('cohort_not_pinnable', 'PT409', 409, 'Cohort %s cannot be pinned: it is %s.', 'Only active cohorts that a run found are pinned; what a rule made stays until it is retired.'),
  ('invalid_rule', 'PT422', 422, '%s %s.', 'Correct this part of the rule (%s) and send it again; the comment on cohorts.define_cohort describes rules.'),
  ('not_a_rule_cohort', 'PT409', 409, 'Cohort %s is not an active one made by a rule.', 'What a run found cannot be changed by hand: pin it, or define one of your own.'),
  ('run_publishing', 'PT409', 409, 'A run of brand %s is publishing its cohorts.', 'Wait for its end, a matter of seconds, and send the request again.'),
  ('too_many_rules', 'PT422', 422, 'A brand has at most %s cohorts made by rules.', 'Retire one that is no longer needed.'),
  ('cohort_not_active', 'PT409', 409, 'The cohort %s is %s.', 'Choose one of the active cohorts (cohorts.list).'),
  ('cohort_not_placed', 'PT409', 409, 'No clustering run places people in the cohort %s.', 'Only a cohort that a run has found compares people by their beliefs.'),
  ('actor_without_vector', 'PT409', 409, 'Nothing is known yet of the person %s.', 'Ingest signals of this person and refresh the belief vectors.'),
  ('run_not_cancellable', 'PT409', 409, 'The clustering run %s cannot be cancelled any more: it is %s.', 'Wait for its end.'),
  ('too_few_actors', 'PT422', 422, '%s people with beliefs are too few for cohorts; at least %s are needed.', 'Ingest more signals, refresh the belief vectors, or lower the setting cohorts.min_actors.');

insert into core.system_parameters (parameter_key, parameter_value, parameter_type, description)
select k, to_jsonb(v), 'number', d from (values
  ('cohorts.min_actors', 50, 'Fewest active people with beliefs that cohorts are looked for among; 2 upwards.'),
  ('cohorts.min_members', 10, 'Fewest people of a cohort, 1 upwards: a smaller group is not published, and a cohort that has become smaller is shown to managers only, since what is said of it would be said of persons.'),
  ('cohorts.min_membership', 0.1, 'Smallest posterior with which somebody has a secondary membership, 0 to 1.'),
  ('cohorts.move_margin', 0.1, 'Between runs somebody moves to another cohort when its posterior exceeds that of his own by so much, 0 to 1; a secondary membership ends below half of cohorts.min_membership. Without, whoever stands at a border would move to and fro.'),
  ('cohorts.sample_size', 1000, 'People on whom the groups are found (everybody is then placed); bounds the time of a run.'),
  ('cohorts.max_k', 12, 'Largest number of cohorts that is tried.'),
  ('cohorts.min_share', 0.02, 'Smallest share of the people that may be a cohort, 0 to 1.'),
  ('cohorts.rounds', 6, 'Halves of the sample that are clustered by themselves.'),
  ('cohorts.resamples', 10, 'Bootstrap draws that the published stability is the mean of.'),
  ('cohorts.min_overlap', 0.5, 'Share of its people that a cohort must keep in one new group to keep its id, 0.5 to 1 (MONIC).'),
  ('cohorts.min_split_share', 0.25, 'Share of its people that a group must have, and be made of mostly, to be a part into which a cohort split, 0 to 0.5.'),
  ('cohorts.overlap_half_life_days', 90, 'Days since somebody was last seen after which he counts half for the question where his cohort went. Above 0.'),
  ('cohorts.size_change', 0.2, 'Share by which a cohort must change in size to have grown or shrunk.'),
  ('cohorts.size_errors', 3, 'And by how many standard errors of what coming and going does by chance.'),
  ('cohorts.review_confidence', 0.6, 'An event in the life of a cohort that is less sure asks for a look by people, 0 to 1; 0.6 is where fpc begins to trust a cluster.'),
  ('cohorts.min_effect', 0.2, 'Smallest standardised difference to the rest that counts as a characteristic.'),
  ('cohorts.max_false_discovery_rate', 0.05, 'Largest Benjamini-Hochberg adjusted p value of a characteristic, 0 to 1.'),
  ('cohorts.max_characteristics', 8, 'Most characteristics of one cohort.'),
  ('cohorts.namings_per_hour', 60, 'Names and descriptions of cohorts that a brand may ask an AI provider for in an hour.'),
  ('cohorts.load_size', 25000, 'Vectors that one step of a run reads.'),
  ('cohorts.place_size', 10000, 'People whom one step of a run places.'),
  ('cohorts.publish_size', 2500, 'People whose memberships one step of a run writes; a step is to stay below two seconds.'),
  ('cohorts.rerun_change', 0.2, 'Share of the people that must be new, gone or moved since the last run for another one before the night; 0 to 1.'),
  ('cohorts.rerun_drift', 0.25, 'How far the fit of the people to the cohorts of the last run must have fallen for another one before the night, in standard deviations of the fit of a person.'),
  ('cohorts.min_hours_between_runs', 6, 'Shortest time between two runs that no manager asked for, in hours.')
) p (k, v, d);

select private.register_function('cohorts.discover', 'clustering', 'clustering',
  'Finds the groups of people from the belief vectors of a brand, keeps the identity of known ones and describes them.',
  '{"parameters": ["cohorts.*"]}');
-- min_overlap: mean Jaccard overlap of the groups of halves of the sample with those of the whole, min_group_overlap that of
-- each (below 0.5 fpc calls a cluster dissolved, from 0.75 stable); max_valley: density between two groups over that of the
-- lower peak, on people whom the half did not see. Set where 140 samples without groups (Gaussian, uniform, skewed,
-- heavy-tailed, correlated) stayed one and planted groups were found.
select private.register_function('cohorts.cluster_kmeans', 'clustering', 'clustering',
  'Algorithm of cohorts.discover for round groups: k-means begun at the groups of Ward''s method.',
  '{"min_overlap": 0.70, "min_group_overlap": 0.5, "max_valley": 0.72, "round_groups": true}');
select private.register_function('cohorts.cluster_graph', 'clustering', 'clustering',
  'Algorithm of cohorts.discover for groups of any shape, along the graph of nearest neighbours; leaves noise aside.',
  '{"min_overlap": 0.82, "min_group_overlap": 0.5, "max_valley": 0.95}');
select private.register_function('cohorts.cluster_strata', 'clustering', 'clustering',
  'Algorithm of cohorts.discover where nobody finds groups: slices of the range along which people differ most.',
  '{"min_overlap": 0.75, "min_group_overlap": 0.70, "slices": true}');
select private.register_function('cohorts.assign', 'clustering', 'clustering',
  'Places people who are new or have changed in the cohorts of the last run, in pinned ones and in those made by rules.',
  '{"parameters": ["cohorts.min_membership", "cohorts.move_margin"]}');
select private.register_function('cohorts.describe', 'clustering', 'communication',
  'Edge Function: asks an AI provider for the name and the description of a cohort, from its characteristics.',
  '{"parameters": ["cohorts.namings_per_hour"]}', 'typescript');

insert into private.explainers (kind, function_name) values
  ('cohort', 'private.explain_cohort'),
  ('membership', 'private.explain_membership'),
  ('cohort_event', 'private.explain_cohort_event'),
  ('clustering_run', 'private.explain_clustering_run');
