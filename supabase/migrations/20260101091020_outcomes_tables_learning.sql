create table outcomes.arm_rewards (
  id uuid primary key default private.uuid_v7(),
  brand_id uuid not null references core.brands (id) on delete cascade,
  learning_id uuid not null,
  arm_id uuid not null,
  cohort_id uuid not null,
  share double precision not null
    constraint share_is_a_positive_share check (share > 0 and share <= 1),
  pulls integer not null
    constraint pulls_are_positive check (pulls > 0),
  responses integer not null
    constraint responses_are_among_the_pulls check (responses between 0 and pulls),
  rewarded_at timestamptz not null,
  alpha_before double precision not null,
  beta_before double precision not null,
  alpha_after double precision not null,
  beta_after double precision not null,
  created_at timestamptz not null default now(),
  unique (brand_id, id),
  unique (brand_id, learning_id, cohort_id, arm_id),
  foreign key (brand_id, learning_id) references outcomes.outcome_learning (brand_id, id) on delete cascade,
  foreign key (brand_id, arm_id) references stimuli.arms (brand_id, id) on delete cascade,
  foreign key (brand_id, cohort_id) references cohorts.cohorts (brand_id, id) on delete cascade
);
create index arm_rewards_arm_idx on outcomes.arm_rewards (brand_id, arm_id, rewarded_at);
create index arm_rewards_cohort_idx on outcomes.arm_rewards (brand_id, cohort_id);
create index outcome_learning_revises_idx on outcomes.outcome_learning (brand_id, revises);
create index outcome_learning_scope_idx on outcomes.outcome_learning (brand_id, impact_scope_id) where is_active;
comment on table outcomes.arm_rewards is
  'What the arms of stimuli.arms were rewarded with, append-only: one row per step of learning, cohort and rewarded arm. Rows of active steps count; an arm is a fold over them (private.folded_arms), so a step that is undone leaves nothing behind.';
comment on column outcomes.arm_rewards.cohort_id is 'The cohort that it was sent to; arm_id is its arm, or an heir''s where it has ended since.';
comment on column outcomes.arm_rewards.share is 'Share of the reward that this arm got: 1, or the heir''s share of the people.';
comment on column outcomes.arm_rewards.alpha_before is 'The arm just before, faded to rewarded_at, as it was then; likewise the three after it.';
