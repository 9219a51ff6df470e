create table stimuli.experiment_assignments (
  id uuid primary key default private.uuid_v7(),
  brand_id uuid not null,
  experiment_id uuid not null,
  actor_id uuid not null,
  variant_id uuid not null,
  covariate double precision
    constraint covariate_is_finite check (covariate > '-infinity' and covariate < 'infinity'),
  assigned_at timestamptz not null default now(),
  unique (brand_id, experiment_id, actor_id),
  foreign key (brand_id, experiment_id, variant_id) references stimuli.experiment_variants (brand_id, experiment_id, id) on delete cascade,
  foreign key (brand_id, actor_id) references actors.actors (brand_id, id) on delete cascade
);
comment on table stimuli.experiment_assignments is
  'Which variant a person belongs to. The first assignment stays; of a person who absorbs another the own one goes first, and two that differ are a crossover.';
comment on column stimuli.experiment_assignments.covariate is 'Mean of the belief covariate_attribute as it stood when the person was assigned; null: nothing was known.';

create table stimuli.experiment_exposures (
  id uuid primary key default private.uuid_v7(),
  brand_id uuid not null,
  experiment_id uuid not null,
  actor_id uuid not null,
  variant_id uuid not null,
  exposed_at timestamptz not null,
  unique (brand_id, experiment_id, actor_id, variant_id),
  foreign key (brand_id, experiment_id, variant_id) references stimuli.experiment_variants (brand_id, experiment_id, id) on delete cascade,
  foreign key (brand_id, actor_id) references actors.actors (brand_id, id) on delete cascade
);
comment on table stimuli.experiment_exposures is
  'When a person first met a variant (for the control: would have met one). Only who was exposed counts, and only outcomes after it.';

create table stimuli.experiment_looks (
  id uuid primary key default private.uuid_v7(),
  brand_id uuid not null references core.brands (id) on delete cascade,
  experiment_id uuid not null,
  looked_at timestamptz not null,
  information double precision not null
    constraint information_is_a_share check (information between 0 and 1),
  boundary double precision
    constraint boundary_is_positive check (boundary > 0),
  verdict text not null
    constraint verdict_is_known check (verdict in ('too_early', 'open', 'better', 'worse', 'no_difference', 'invalid')),
  variant_id uuid,
  broken_guardrails text[] not null default '{}',
  figures jsonb not null,
  created_at timestamptz not null default now(),
  unique (brand_id, experiment_id, id),
  unique (experiment_id, looked_at),
  foreign key (brand_id, experiment_id) references stimuli.experiments (brand_id, id) on delete cascade,
  foreign key (brand_id, experiment_id, variant_id) references stimuli.experiment_variants (brand_id, experiment_id, id) on delete cascade
);
comment on table stimuli.experiment_looks is
  'Every recorded look at a running experiment: what was seen, where the boundary stood, what followed. The first verdict that was reached stands.';
comment on column stimuli.experiment_looks.information is 'People counted, of max_people.';
comment on column stimuli.experiment_looks.boundary is 'What the standardised difference of the primary metric had to reach, either way; null before anybody counts.';
comment on column stimuli.experiment_looks.variant_id is 'The variant that the verdict is about.';
comment on column stimuli.experiment_looks.figures is 'Rows of outcomes.experiment_results, and the checks, as they stood.';

create table stimuli.experiment_decisions (
  id uuid primary key default private.uuid_v7(),
  brand_id uuid not null references core.brands (id) on delete cascade,
  experiment_id uuid not null unique,
  look_id uuid not null,
  winner_id uuid,
  is_override boolean not null default false,
  reason text not null
    constraint reason_is_not_blank check (btrim(reason) <> '' and length(reason) <= 2000),
  lift double precision,
  lift_variance double precision
    constraint lift_variance_is_positive check (lift_variance > 0),
  learning_log_id uuid,
  decided_by uuid,
  decided_at timestamptz not null,
  unique (brand_id, id),
  foreign key (brand_id, experiment_id, look_id) references stimuli.experiment_looks (brand_id, experiment_id, id) on delete cascade,
  foreign key (brand_id, experiment_id, winner_id) references stimuli.experiment_variants (brand_id, experiment_id, id) on delete cascade,
  foreign key (brand_id, learning_log_id) references ai.learning_logs (brand_id, id) on delete set null (learning_log_id),
  foreign key (brand_id, decided_by) references core.users (brand_id, id) on delete set null (decided_by)
);
comment on table stimuli.experiment_decisions is
  'What was decided on an experiment, by whom, on which look and why. The lifts of a brand are what its next experiment expects (private.lift_prior).';
comment on column stimuli.experiment_decisions.winner_id is 'The variant that everybody gets from now on; null: the control stays.';
comment on column stimuli.experiment_decisions.is_override is 'The verdict did not support it.';
comment on column stimuli.experiment_decisions.lift is 'Relative lift of the primary metric of the variant that was decided on, else of the largest; lift_variance: its sampling variance. Null after an invalid test: it teaches nothing.';
