grant usage on schema outcomes to authenticated, service_role;

-- Measured and learned by functions; nobody writes results by hand.
select private.grant_access('outcomes.outcomes', 'staff');
select private.grant_access('outcomes.cohort_outcome_summary', 'staff');
select private.hide_small_cohorts('outcomes.cohort_outcome_summary');
select private.grant_access('outcomes.outcome_analysis', 'staff');
select private.grant_access('outcomes.outcome_learning', 'staff');
select private.grant_access('outcomes.outcome_feedback_loop', 'staff');
select private.grant_access('outcomes.arm_rewards', 'append');
