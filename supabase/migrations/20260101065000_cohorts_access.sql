grant usage on schema cohorts to authenticated, service_role;

-- Everything here is found by runs: clients read.
select private.grant_access('cohorts.clustering_runs', 'staff');
select private.grant_access('cohorts.cohorts', 'staff');
select private.grant_access('cohorts.actor_cohort_membership', 'staff');
select private.grant_access('cohorts.cohort_evolution_log', 'append');
select private.grant_access('cohorts.cohort_characteristics', 'staff');
select private.grant_access('cohorts.cohort_similarity_matrix', 'staff');
select private.grant_access('cohorts.cohort_measurements', 'staff');
select private.grant_access('cohorts.cohort_performance_metrics', 'staff');
select private.grant_access('private.clustering_points', 'service');
select private.grant_access('private.clustering_steps', 'service');
select private.grant_access('private.clustering_candidates', 'service');
select private.grant_access('private.clustering_halves', 'service');
select private.grant_access('private.clustering_refits', 'service');
select private.grant_access('private.clustering_components', 'service');
select private.grant_access('private.clustering_samples', 'service');
select private.grant_access('private.rule_sweeps', 'service');

create function private.hide_small_cohorts(p_table text, p_condition text default 'not coalesce(cohort_id = any ((select private.hidden_cohorts())::uuid[]), false)')
returns void
language plpgsql
volatile
set search_path = ''
as $$
declare
  v_policy record;
begin
  select p.polname, pg_get_expr(p.polqual, p.polrelid) as condition into strict v_policy
  from pg_policy p where p.polrelid = p_table::regclass and p.polcmd = 'r';
  execute format('alter policy %I on %s using ((%s) and %s)', v_policy.polname, p_table::regclass, v_policy.condition, p_condition);
end
$$;
comment on function private.hide_small_cohorts(text, text) is
  'Adds to the policy by which clients read a table that rows about cohorts of private.hidden_cohorts are not among them; called once per table that tells who is in a cohort or what its people are like. p_condition: where the cohort is not in a column cohort_id.';

select private.hide_small_cohorts('cohorts.' || t)
from unnest('{actor_cohort_membership, cohort_evolution_log, cohort_characteristics, cohort_performance_metrics}'::text[]) t;
select private.hide_small_cohorts('cohorts.cohorts', 'not (id = any ((select private.hidden_cohorts())::uuid[]))');
select private.hide_small_cohorts('cohorts.cohort_similarity_matrix', 'not (array[cohort_a_id, cohort_b_id] && (select private.hidden_cohorts())::uuid[])');
select private.hide_small_cohorts('actors.belief_prior_groups', 'not (group_id = any ((select private.hidden_cohorts())::uuid[]))');
select private.hide_small_cohorts('actors.belief_priors', 'not coalesce(group_id = any ((select private.hidden_cohorts())::uuid[]), false)');
select private.hide_small_cohorts('actors.actor_clustering_metadata', 'not (assigned_cohorts ?| (select private.hidden_cohorts())::text[])');
