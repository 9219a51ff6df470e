grant usage on schema cohorts to authenticated, service_role;

-- Everything here is found by runs: clients read.
select private.grant_access('cohorts.clustering_runs', 'staff');
select private.grant_access('cohorts.cohorts', 'staff');
select private.grant_access('cohorts.actor_cohort_membership', 'staff');
select private.grant_access('cohorts.cohort_evolution_log', 'append');
select private.grant_access('cohorts.cohort_characteristics', 'staff');
select private.grant_access('cohorts.cohort_similarity_matrix', 'staff');
select private.grant_access('cohorts.cohort_performance_metrics', 'staff');
select private.grant_access('private.clustering_points', 'service');
select private.grant_access('private.clustering_steps', 'service');
select private.grant_access('private.clustering_candidates', 'service');
select private.grant_access('private.clustering_components', 'service');
select private.grant_access('private.clustering_samples', 'service');
