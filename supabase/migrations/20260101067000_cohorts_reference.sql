insert into private.error_codes (key, errcode, http_status, message, hint) values
  ('clustering_failed', 'PT409', 409, 'The clustering run %s ended without cohorts: %s.', 'Its row in cohorts.clustering_runs says which step failed; mend the cause and start another run.'),
  ('cohort_name_taken', 'PT409', 409, 'Another active cohort of the brand is called %s.', 'Choose another name.'),
  ('cohort_not_pinnable', 'PT409', 409, 'Cohort %s cannot be pinned: it is %s.', 'Only active cohorts that a run found are pinned; what a rule made stays until it is retired.'),
  ('invalid_rule', 'PT422', 422, '%s %s.', 'Correct this part of the rule (%s) and send it again; the comment on cohorts.define_cohort describes rules.'),
  ('not_a_rule_cohort', 'PT409', 409, 'Cohort %s is not an active one made by a rule.', 'What a run found cannot be changed by hand: pin it, or define one of your own.'),
  ('run_publishing', 'PT409', 409, 'A run of brand %s is publishing its cohorts.', 'Wait for its end, a matter of seconds, and send the request again.'),
  ('too_many_rules', 'PT422', 422, 'A brand has at most %s cohorts made by rules.', 'Retire one that is no longer needed.'),
  ('run_not_cancellable', 'PT409', 409, 'The clustering run %s cannot be cancelled any more: it is %s.', 'Wait for its end.'),
  ('too_few_actors', 'PT422', 422, '%s people with beliefs are too few for cohorts; at least %s are needed.', 'Ingest more signals, refresh the belief vectors, or lower the setting cohorts.min_actors.');

insert into core.system_parameters (parameter_key, parameter_value, parameter_type, description)
select k, to_jsonb(v), 'number', d from (values
  ('cohorts.min_actors', 50, 'Fewest active people with beliefs that cohorts are looked for among; 2 upwards.'),
  ('cohorts.min_members', 10, 'Fewest people of a cohort, 1 upwards: a smaller group is not published, and a cohort that has become smaller is shown to managers only, since what is said of it would be said of persons.'),
  ('cohorts.min_membership', 0.1, 'Smallest posterior with which somebody has a secondary membership, 0 to 1.'),
  ('cohorts.move_margin', 0.1, 'Between runs somebody moves to another cohort when its posterior exceeds that of his own by so much, 0 to 1; a secondary membership ends below half of cohorts.min_membership. Without, whoever stands at a border would move to and fro.'),
  ('cohorts.sample_size', 1000, 'People on whom the groups are found (everybody is then placed); bounds the time of a run.'),
  ('cohorts.max_k', 8, 'Largest number of cohorts that is tried.'),
  ('cohorts.min_share', 0.02, 'Smallest share of the people that may be a cohort, 0 to 1.'),
  ('cohorts.min_stability', 0.68, 'Smallest stability of a cohort, 0 to 1: mean Jaccard overlap when half of the sample is clustered again. On the scale of fpc (Hennig 2007) 0.6 to 0.75 indicates a pattern, 0.75 a stable cluster, below 0.6 none; at 0.6 people without any groups are split now and then, at 0.75 the customers of a real shop were not.'),
  ('cohorts.rounds', 4, 'Half samples that the stability is measured on.'),
  ('cohorts.min_overlap', 0.5, 'Share of its people that a cohort must keep in one new group to keep its id, 0.5 to 1 (MONIC).'),
  ('cohorts.size_change', 0.2, 'Share by which a cohort must change in size to have grown or shrunk.'),
  ('cohorts.min_effect', 0.2, 'Smallest standardised difference to the rest that counts as a characteristic.'),
  ('cohorts.max_false_discovery_rate', 0.05, 'Largest Benjamini-Hochberg adjusted p value of a characteristic, 0 to 1.'),
  ('cohorts.max_characteristics', 8, 'Most characteristics of one cohort.'),
  ('cohorts.load_size', 50000, 'Vectors that one step of a run reads.'),
  ('cohorts.place_size', 20000, 'People whom one step of a run places.'),
  ('cohorts.publish_size', 3000, 'People whose memberships one step of a run writes; a step is to stay below two seconds.')
) p (k, v, d);

select private.register_function('cohorts.discover', 'clustering', 'clustering',
  'Finds the groups of people from the belief vectors of a brand, keeps the identity of known ones and describes them.',
  '{"parameters": ["cohorts.*"]}');
select private.register_function('cohorts.cluster_kmeans', 'clustering', 'clustering',
  'Algorithm of cohorts.discover: k-means++ with the largest k whose clusters are all stable; sees a sample of points, returns centroids with their stability.',
  '{"parameters": ["cohorts.max_k", "cohorts.min_share", "cohorts.min_stability", "cohorts.rounds"]}');
select private.register_function('cohorts.assign', 'clustering', 'clustering',
  'Places people who are new or have changed in the cohorts of the last run, in pinned ones and in those made by rules.',
  '{"parameters": ["cohorts.min_membership", "cohorts.move_margin"]}');

insert into private.explainers (kind, function_name) values
  ('cohort', 'private.explain_cohort'),
  ('membership', 'private.explain_membership'),
  ('clustering_run', 'private.explain_clustering_run');
