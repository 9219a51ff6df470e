insert into private.error_codes (key, errcode, http_status, message, hint) values
  ('clustering_failed', 'PT409', 409, 'The clustering run %s ended without cohorts: %s.', 'Its row in cohorts.clustering_runs says which step failed; mend the cause and start another run.'),
  ('cohort_name_taken', 'PT409', 409, 'Another active cohort of the brand is called %s.', 'Choose another name.'),
  ('cohort_not_active', 'PT409', 409, 'The cohort %s is %s.', 'Choose one of the active cohorts (cohorts.list).'),
  ('cohort_not_placed', 'PT409', 409, 'No clustering run places people in the cohort %s.', 'Only a cohort that a run has found compares people by their beliefs.'),
  ('actor_without_vector', 'PT409', 409, 'Nothing is known yet of the person %s.', 'Ingest signals of this person and refresh the belief vectors.'),
  ('run_not_cancellable', 'PT409', 409, 'The clustering run %s cannot be cancelled any more: it is %s.', 'Wait for its end.'),
  ('too_few_actors', 'PT422', 422, '%s people with beliefs are too few for cohorts; at least %s are needed.', 'Ingest more signals, refresh the belief vectors, or lower the setting cohorts.min_actors.');

insert into core.system_parameters (parameter_key, parameter_value, parameter_type, description)
select k, to_jsonb(v), 'number', d from (values
  ('cohorts.min_actors', 50, 'Fewest active people with beliefs that cohorts are looked for among; 2 upwards.'),
  ('cohorts.sample_size', 1000, 'People on whom the groups are found (everybody is then placed); bounds the time of a run.'),
  ('cohorts.max_k', 12, 'Largest number of cohorts that is tried.'),
  ('cohorts.min_share', 0.02, 'Smallest share of the people that may be a cohort, 0 to 1.'),
  ('cohorts.min_group_overlap', 0.5, 'Smallest mean Jaccard overlap, 0 to 1, of each group with its best match when halves of the sample are clustered by themselves; below 0.5 fpc (Hennig 2007) calls a cluster dissolved.'),
  ('cohorts.min_strata_overlap', 0.75, 'As cohorts.min_group_overlap, the mean of the slices of people who form no groups, 0 to 1; the least stable may have 0.05 less. 0.75 is where fpc begins to call clusters stable.'),
  ('cohorts.rounds', 6, 'Halves of the sample that are clustered by themselves.'),
  ('cohorts.resamples', 10, 'Bootstrap draws that the published stability is the mean of.'),
  ('cohorts.min_overlap', 0.5, 'Share of its people that a cohort must keep in one new group to keep its id, 0.5 to 1 (MONIC).'),
  ('cohorts.size_change', 0.2, 'Share by which a cohort must change in size to have grown or shrunk.'),
  ('cohorts.min_effect', 0.2, 'Smallest standardised difference to the rest that counts as a characteristic.'),
  ('cohorts.max_false_discovery_rate', 0.05, 'Largest Benjamini-Hochberg adjusted p value of a characteristic, 0 to 1.'),
  ('cohorts.max_characteristics', 8, 'Most characteristics of one cohort.'),
  ('cohorts.load_size', 50000, 'Vectors that one step of a run reads.'),
  ('cohorts.place_size', 20000, 'People whom one step of a run places.'),
  ('cohorts.publish_size', 5000, 'People whose memberships one step of a run writes; a step is to stay below two seconds.')
) p (k, v, d);

select private.register_function('cohorts.discover', 'clustering', 'clustering',
  'Finds the groups of people from the belief vectors of a brand, keeps the identity of known ones and describes them.',
  '{"parameters": ["cohorts.*"]}');
-- min_overlap: mean Jaccard overlap of the groups of halves of the sample with those of the whole; max_valley: density between
-- two groups over that of the lower peak, on people whom the half did not see. Set where 140 samples without groups (Gaussian,
-- uniform, skewed, heavy-tailed, correlated) stayed one and planted groups were found.
select private.register_function('cohorts.cluster_kmeans', 'clustering', 'clustering',
  'Algorithm of cohorts.discover for round groups: k-means begun at the groups of Ward''s method.',
  '{"min_overlap": 0.70, "max_valley": 0.72, "round_groups": true}');
select private.register_function('cohorts.cluster_graph', 'clustering', 'clustering',
  'Algorithm of cohorts.discover for groups of any shape, along the graph of nearest neighbours; leaves noise aside.',
  '{"min_overlap": 0.82, "max_valley": 0.95, "round_groups": false}');
select private.register_function('cohorts.assign', 'clustering', 'clustering',
  'Places new people in the nearest cohort of the last run.');

insert into private.explainers (kind, function_name) values
  ('cohort', 'private.explain_cohort'),
  ('membership', 'private.explain_membership'),
  ('cohort_event', 'private.explain_cohort_event'),
  ('clustering_run', 'private.explain_clustering_run');
