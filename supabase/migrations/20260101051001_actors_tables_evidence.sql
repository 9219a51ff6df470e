create table actors.evidence (
  id uuid primary key default private.uuid_v7(),
  brand_id uuid not null,
  actor_id uuid not null,
  attribute text not null
    constraint attribute_is_a_dotted_name check (attribute ~ '^[a-z][a-z0-9_]*(\.[a-z0-9_]+)+$' and length(attribute) <= 200),
  context text not null default ''
    constraint context_is_not_too_long check (length(context) <= 200),
  distribution actors.distribution not null,
  category text not null default ''
    constraint category_belongs_to_dirichlet check ((category <> '') = (distribution = 'dirichlet') and length(category) <= 200),
  value double precision not null
    constraint value_is_finite check (value > '-infinity' and value < 'infinity')
    constraint value_fits_its_distribution check (case distribution
      when 'beta' then value between 0 and 1 when 'normal' then true else value >= 0 end),
  exposure double precision
    constraint exposure_is_days_of_a_rate check (exposure is null or distribution = 'gamma' and exposure >= 0 and exposure < 'infinity'),
  is_stated boolean not null default false,
  weight double precision not null
    constraint weight_is_a_share check (weight between 0 and 1),
  match_probability double precision not null default 1
    constraint match_probability_is_a_share check (match_probability between 0 and 1),
  occurred_at timestamptz not null,
  recorded_at timestamptz not null default now(),
  retracted_at timestamptz,
  source_kind actors.evidence_source not null,
  source_id uuid not null,
  foreign key (brand_id, actor_id) references actors.actors (brand_id, id) on delete cascade
);

-- What was retracted may be said again, by better rules.
create unique index evidence_once_idx on actors.evidence (brand_id, source_kind, source_id, attribute, context, category, is_stated)
  where retracted_at is null;
comment on table actors.evidence is
  'Append-only ledger: one observation about one actor each. Beliefs are a fold over it and nothing else, so they can be made again at any time. Merging and splitting people moves rows from actor to actor and changes nothing else.';
comment on column actors.evidence.attribute is
  'Dotted name; its first word is the kind, which decides the half-life: preference, behavior, communication, driver, response, friction, demographic, experience.';
comment on column actors.evidence.context is 'Where the attribute holds, when that matters; empty: everywhere.';
comment on column actors.evidence.distribution is 'Likelihood: beta (value 0..1), dirichlet (category, value = count), gamma (value = events, exposure = days), normal (value).';
comment on column actors.evidence.exposure is 'Days over which the events were counted; null: a stream of single events, its first one starts the clock.';
comment on column actors.evidence.is_stated is 'True: the person said so; false: seen in behaviour. The two are folded apart.';
comment on column actors.evidence.weight is 'Signal quality x attribution confidence. In a belief it counts times match_probability.';
comment on column actors.evidence.match_probability is 'Probability that the source is of this actor. With actor_id it follows identity resolution; of the other columns only retracted_at is ever set.';
comment on column actors.evidence.occurred_at is 'Event time; the fold follows it. recorded_at is the other clock: when we learned of it.';
comment on column actors.evidence.retracted_at is 'When its source was taken back; null: it counts.';
comment on column actors.evidence.source_id is 'signals.signals_base.id or outcomes.outcomes.id, by source_kind. A source says a thing once: a retry adds nothing.';

create table actors.actor_beliefs (
  id uuid primary key default private.uuid_v7(),
  brand_id uuid not null,
  actor_id uuid not null,
  attribute text not null,
  context text not null default '',
  is_stated boolean not null default false,
  distribution actors.distribution not null,
  categories text[] not null default '{}'
    constraint only_a_dirichlet_has_categories check ((categories <> '{}') = (distribution = 'dirichlet')),
  state double precision[] not null
    constraint state_has_runs check (cardinality(state) >= 10 and state[5] between 1 and 4),
  tracking double precision[] not null
    constraint tracking_has_seven_settings check (cardinality(tracking) = 7),
  as_of timestamptz not null,
  evidence_count integer not null
    constraint evidence_count_is_positive check (evidence_count > 0),
  category_counts integer[] not null
    constraint every_category_is_counted check (cardinality(category_counts) = greatest(1, cardinality(categories))),
  sources uuid[] not null default '{}',
  version integer not null default 1,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  unique (brand_id, actor_id, attribute, context, is_stated),
  foreign key (brand_id, actor_id) references actors.actors (brand_id, id) on delete cascade
)
-- Every fold rewrites rows and no index of them: room on the page keeps that off the indexes.
with (fillfactor = 75);

comment on table actors.actor_beliefs is
  'Sufficient statistics: one row per actor, attribute, context and origin, folded from actors.evidence. The priors of the brand and decay are applied when it is read (private.actors_posteriors), never stored, so nothing compounds.';
comment on column actors.actor_beliefs.categories is 'Categories in the order in which they were first seen (dirichlet only).';
comment on column actors.actor_beliefs.category_counts is 'Pieces of evidence per category, in the same order; without categories the one number is evidence_count.';
comment on column actors.actor_beliefs.state is
  'A mixture of runs, hypotheses of when the person last changed, newest first: {scale, W, C, n, runs, then per run {weight, born, u, real, n}, then per number {all, run 1, run 2, ...}}. Numbers: beta {y}, dirichlet one per category, gamma {events}, normal {sum x, sum x^2}; n: what they are out of (gamma: days or occasions). W: weight, C: squared weights (a stream: its pieces). born: 1-based place of the piece at which the run began, 0: never changed. real: weight of its evidence; n also holds what a change leads one to expect, of which u is left. All but weight and born are to be multiplied by scale and by 2^(-age/half-life) since as_of.';
comment on column actors.actor_beliefs.tracking is 'Settings it was folded with, see private.tracking; the first is the half-life in days. Where they change, the next fold starts at the first piece.';
comment on column actors.actor_beliefs.as_of is 'Event time of the latest evidence; the state is as it stood then.';
comment on column actors.actor_beliefs.sources is 'Signals and outcomes of the latest ten pieces of evidence; actors.evidence() gives all.';
comment on column actors.actor_beliefs.version is 'How many folds changed the row. The history itself is the ledger.';

create table actors.belief_priors (
  id uuid primary key default private.uuid_v7(),
  brand_id uuid not null references core.brands (id) on delete cascade,
  attribute text not null,
  group_id uuid,
  distribution actors.distribution not null,
  mean double precision not null,
  strength double precision
    constraint strength_is_positive check (strength > 0),
  variance double precision not null
    constraint variance_is_not_negative check (variance >= 0),
  category_count integer not null default 1
    constraint category_count_is_positive check (category_count > 0),
  change_hazard double precision
    constraint change_hazard_is_a_share check (change_hazard between 0 and 1),
  actor_count integer not null,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  valid_from timestamptz not null default '-infinity',
  valid_until timestamptz not null default 'infinity',
  unique nulls not distinct (brand_id, attribute, group_id, valid_until)
);

comment on table actors.belief_priors is
  'What is believed of a person of this brand, or of one of its groups, before any evidence: mean and spread over its people by moments (empirical Bayes) and, for dirichlet, how many categories there are. Made by private.actors_refresh_priors.';
comment on column actors.belief_priors.valid_until is 'infinity: in use. Earlier ones are kept, so that what was believed at any time can be told again (actors.belief_as_of).';
comment on column actors.belief_priors.group_id is 'A group of actors.belief_prior_groups; null: the whole brand.';
comment on column actors.belief_priors.strength is
  'As much as so many observations (gamma: events): large where people are alike. Null: too few people to tell, the parameter actors.prior_strength.<distribution> holds.';
comment on column actors.belief_priors.change_hazard is
  'Probability that a person changes from one piece of evidence to the next, learnt from the brand''s people. Null: too few with enough evidence, or the prior of a group; the parameter actors.change_hazard.<kind> holds.';
comment on column actors.belief_priors.variance is 'Variance of one observation about the mean (normal only).';

create table actors.belief_prior_groups (
  id uuid primary key default private.uuid_v7(),
  brand_id uuid not null,
  actor_id uuid not null,
  group_id uuid not null,
  share double precision not null
    constraint share_is_a_share check (share between 0 and 1),
  valid_from timestamptz not null default '-infinity',
  valid_until timestamptz not null default 'infinity',
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  unique (brand_id, actor_id, group_id, valid_until),
  foreign key (brand_id, actor_id) references actors.actors (brand_id, id) on delete cascade
);

comment on table actors.belief_prior_groups is
  'Groups whose people an actor resembles, for its priors: cohorts, written by whoever discovers them. Written by private.set_prior_groups; a hook, so it names no cohort. Rows that are over are kept, as in actors.belief_priors.';
comment on column actors.belief_prior_groups.share is 'Probability of membership; what the shares of an actor leave of 1 is the whole brand''s prior.';
