create table stimuli.choice_rounds (
  id uuid primary key default private.uuid_v7(),
  brand_id uuid not null references core.brands (id) on delete cascade,
  choice_mode text not null
    constraint choice_mode_is_known check (choice_mode in ('batch', 'pull')),
  candidates uuid[] not null
    constraint there_is_something_to_choose check (cardinality(candidates) > 0),
  seed integer not null,
  decided_at timestamptz not null,
  holdout_share double precision not null
    constraint holdout_share_leaves_somebody check (holdout_share between 0 and 0.9),
  exploration_floor double precision not null
    constraint exploration_floor_is_a_share check (exploration_floor between 0 and 1),
  exploration_cap double precision not null
    constraint exploration_cap_is_a_share check (exploration_cap between 0 and 1),
  membership_sharpness double precision not null
    constraint membership_sharpness_is_positive check (membership_sharpness > 0),
  context_strength double precision not null
    constraint context_strength_is_not_negative check (context_strength >= 0),
  treated integer not null default 0
    constraint treated_are_not_negative check (treated >= 0),
  held_out integer not null default 0
    constraint held_out_are_not_negative check (held_out >= 0),
  created_at timestamptz not null default now(),
  unique (brand_id, id)
);
comment on table stimuli.choice_rounds is
  'One choice between stimuli, for many people at once (batch) or, as they come, one by one (pull): with what settings and when the odds of stimuli.choice_odds were made. Each person gets one of the candidates at most.';
comment on column stimuli.choice_rounds.candidates is 'Ids of stimuli.stimuli_base, in order.';
comment on column stimuli.choice_rounds.exploration_floor is 'Least probability of a candidate that was not stopped; the other settings are explained by the parameters stimuli.*.';

create table stimuli.choice_odds (
  id uuid primary key default private.uuid_v7(),
  brand_id uuid not null references core.brands (id) on delete cascade,
  round_id uuid not null,
  cohort_id uuid,
  slot_id uuid not null,
  alpha double precision not null
    constraint alpha_is_positive check (alpha > 0 and alpha < 'infinity'),
  beta double precision not null
    constraint beta_is_positive check (beta > 0 and beta < 'infinity'),
  best_probability double precision not null
    constraint best_probability_is_a_share check (best_probability between 0 and 1),
  free_share double precision not null
    constraint free_share_is_a_share check (free_share between 0 and 1),
  is_stopped boolean not null,
  reasoning_log_id uuid,
  unique nulls not distinct (round_id, cohort_id, slot_id),
  foreign key (brand_id, round_id) references stimuli.choice_rounds (brand_id, id) on delete cascade,
  foreign key (brand_id, cohort_id) references cohorts.cohorts (brand_id, id) on delete cascade,
  foreign key (brand_id, reasoning_log_id) references ai.reasoning_logs (brand_id, id) on delete set null (reasoning_log_id)
);
comment on table stimuli.choice_odds is
  'What a round knew: the posterior of each candidate in each cohort, and how the people of that cohort are shared out. cohort_id null: people without a cohort.';
comment on column stimuli.choice_odds.slot_id is 'The template, which arms learn by; the stimulus itself where it was made without one.';
comment on column stimuli.choice_odds.best_probability is 'Probability of being the best of the candidates that were not stopped; 0 for one that was.';
comment on column stimuli.choice_odds.free_share is
  'Share of what exploration leaves: best_probability where it is at least 1 - exploration_cap, else 0; sums to 1 over the cohort.';
comment on column stimuli.choice_odds.is_stopped is 'Surely worse than sending nothing: nobody of the cohort gets it.';
comment on column stimuli.choice_odds.reasoning_log_id is 'One for all candidates of a cohort.';

alter table stimuli.stimulus_deployments
  add column round_id uuid,
  add column belief_version bigint
    constraint belief_version_is_positive check (belief_version > 0),
  add foreign key (brand_id, round_id) references stimuli.choice_rounds (brand_id, id) on delete set null (round_id);
comment on column stimuli.stimulus_deployments.round_id is 'The choice it came out of.';
comment on column stimuli.stimulus_deployments.belief_version is
  'Sum of the versions (actors.actor_beliefs.version) of the person''s beliefs that moved the choice; null where none did. It grows with every fold; actors.belief_as_of tells what they were at deployed_at.';
