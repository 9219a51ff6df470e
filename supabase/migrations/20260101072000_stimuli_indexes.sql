create index stimulus_templates_created_by_idx on stimuli.stimulus_templates (brand_id, created_by);
create index stimuli_base_target_cohort_idx on stimuli.stimuli_base (brand_id, target_cohort_id, created_at desc);
create index stimuli_base_target_actor_idx on stimuli.stimuli_base (brand_id, target_actor_id);
create index stimuli_base_template_idx on stimuli.stimuli_base (brand_id, template_id);
create index stimuli_base_reasoning_log_idx on stimuli.stimuli_base (brand_id, reasoning_log_id);
create index stimuli_base_created_at_idx on stimuli.stimuli_base (brand_id, created_at desc);
create index offers_approved_by_idx on stimuli.offers (brand_id, approved_by);
create index arms_template_idx on stimuli.arms (brand_id, template_id);
create index arm_inheritance_arm_idx on stimuli.arm_inheritance (brand_id, arm_id);
create index arm_inheritance_from_arm_idx on stimuli.arm_inheritance (brand_id, from_arm_id, inherited_at);
create index stimulus_deployments_stimulus_idx on stimuli.stimulus_deployments (brand_id, stimulus_id, is_holdout);
create index stimulus_deployments_actor_idx on stimuli.stimulus_deployments (brand_id, actor_id, deployed_at);
create index stimulus_deployments_cohort_idx on stimuli.stimulus_deployments (brand_id, cohort_id);
create index stimulus_deployments_template_idx on stimuli.stimulus_deployments (brand_id, template_id);
-- What outcomes.measure and outcomes.learn still have to do.
create index stimulus_deployments_open_idx on stimuli.stimulus_deployments (brand_id, window_ends_at) where learned_at is null;
-- The queue: what is still to be sent, in the order of its time, and what somebody is sending.
create index stimulus_deployments_due_idx on stimuli.stimulus_deployments
  (brand_id, deployment_channel, purpose, (coalesce(next_attempt_at, scheduled_for, deployed_at))) where delivery_status = 'pending';
create index stimulus_deployments_lease_idx on stimuli.stimulus_deployments (brand_id, lease_until) where lease_until is not null;
