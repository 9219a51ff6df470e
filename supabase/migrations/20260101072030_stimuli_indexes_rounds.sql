create index choice_rounds_decided_at_idx on stimuli.choice_rounds (brand_id, decided_at desc);
create index choice_odds_cohort_idx on stimuli.choice_odds (brand_id, cohort_id);
create index choice_odds_round_idx on stimuli.choice_odds (brand_id, round_id);
create index choice_odds_reasoning_log_idx on stimuli.choice_odds (brand_id, reasoning_log_id);
create index stimulus_deployments_round_idx on stimuli.stimulus_deployments (brand_id, round_id);
-- What cohorts do when they are sent nothing.
create index stimulus_deployments_held_out_idx on stimuli.stimulus_deployments (brand_id, cohort_id, learned_at) where is_holdout and learned_at is not null;
