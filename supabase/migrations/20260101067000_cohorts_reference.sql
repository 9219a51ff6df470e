insert into private.error_codes (key, errcode, http_status, message, hint) values
  ('clustering_failed', 'PT409', 409, 'The clustering run %s ended without cohorts: %s.', 'Its row in cohorts.clustering_runs says which step failed; mend the cause and start another run.'),
  ('run_not_cancellable', 'PT409', 409, 'The clustering run %s cannot be cancelled any more: it is %s.', 'Wait for its end.'),
  ('too_few_actors', 'PT422', 422, '%s people with beliefs are too few for cohorts; at least %s are needed.', 'Ingest more signals, refresh the belief vectors, or lower the setting cohorts.min_actors.');

insert into core.system_parameters (parameter_key, parameter_value, parameter_type, description)
select k, to_jsonb(v), 'number', d from (values
  ('cohorts.min_actors', 50, 'Fewest active people with beliefs that cohorts are looked for among; 2 upwards.'),
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
select private.register_function('cohorts.cluster_kmeans', 'clustering', 'clustering',
  'Algorithm of cohorts.discover: k-means++ with the largest k whose clusters are all stable; sees a sample of points, returns centroids with their stability.',
  '{"parameters": ["cohorts.max_k", "cohorts.min_share", "cohorts.min_stability", "cohorts.rounds"]}');
select private.register_function('cohorts.assign', 'clustering', 'clustering',
  'Places new people in the nearest cohort of the last run.');

insert into private.explainers (kind, function_name) values
  ('cohort', 'private.explain_cohort'),
  ('membership', 'private.explain_membership'),
  ('clustering_run', 'private.explain_clustering_run');
