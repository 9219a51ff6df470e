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
  source_kind actors.evidence_source not null,
  source_id uuid not null,
  unique (brand_id, source_kind, source_id, attribute, context, category, is_stated),
  foreign key (brand_id, actor_id) references actors.actors (brand_id, id) on delete cascade
);

comment on table actors.evidence is
  'Append-only ledger: one observation about one actor each. Beliefs are a fold over it and nothing else, so they can be made again at any time. Merging and splitting people moves rows from actor to actor and changes nothing else.';
comment on column actors.evidence.attribute is
  'Dotted name; its first word is the kind, which decides the half-life: preference, behavior, communication, driver, response, friction, demographic, experience.';
comment on column actors.evidence.context is 'Where the attribute holds, when that matters; empty: everywhere.';
comment on column actors.evidence.distribution is 'Likelihood: beta (value 0..1), dirichlet (category, value = count), gamma (value = events, exposure = days), normal (value).';
comment on column actors.evidence.exposure is 'Days over which the events were counted; null: a stream of single events, its first one starts the clock.';
comment on column actors.evidence.is_stated is 'True: the person said so; false: seen in behaviour. The two are folded apart.';
comment on column actors.evidence.weight is 'Signal quality x attribution confidence. In a belief it counts times match_probability.';
comment on column actors.evidence.match_probability is 'Probability that the source is of this actor. With actor_id it follows identity resolution; every other column is never changed.';
comment on column actors.evidence.occurred_at is 'Event time; the fold follows it. recorded_at is the other clock: when we learned of it.';
comment on column actors.evidence.source_id is 'signals.signals_base.id or outcomes.outcomes.id, by source_kind. A source says a thing once: a retry adds nothing.';

create table actors.actor_beliefs (
  id uuid primary key default private.uuid_v7(),
  brand_id uuid not null,
  actor_id uuid not null,
  attribute text not null,
  context text not null default '',
  is_stated boolean not null default false,
  category text not null default '',
  distribution actors.distribution not null,
  sums double precision[] not null
    constraint sums_are_three check (cardinality(sums) = 3),
  as_of timestamptz not null,
  first_value double precision not null,
  first_occurred_at timestamptz not null,
  has_exposure boolean not null,
  half_life_days double precision not null
    constraint half_life_is_positive check (half_life_days > 0),
  evidence_count integer not null
    constraint evidence_count_is_positive check (evidence_count > 0),
  sources uuid[] not null default '{}',
  version integer not null default 1,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  unique (brand_id, actor_id, attribute, context, is_stated, category),
  foreign key (brand_id, actor_id) references actors.actors (brand_id, id) on delete cascade
);

comment on table actors.actor_beliefs is
  'Sufficient statistics: one row per actor, attribute, context, origin and category, folded from actors.evidence. Priors and decay are applied when it is read (private.actors_posteriors), never stored, so nothing compounds.';
comment on column actors.actor_beliefs.sums is
  'Sums over the evidence, each piece faded by g = 2^(-age/half-life) at as_of: beta {w, wy, 0}; dirichlet {w, w n, 0}; gamma {w exposure, w x, 0}, a stream {w, w x, 1}; normal {w, wx, wxx}.';
comment on column actors.actor_beliefs.as_of is 'Event time of the latest evidence; the sums are as they stood then.';
comment on column actors.actor_beliefs.first_value is 'w x of the earliest evidence: the first event of a stream starts the clock and is not counted in the rate.';
comment on column actors.actor_beliefs.sources is 'Signals and outcomes of the latest ten pieces of evidence; actors.evidence() gives all.';
comment on column actors.actor_beliefs.version is 'How many folds changed the row. The history itself is the ledger.';

create table actors.belief_priors (
  id uuid primary key default private.uuid_v7(),
  brand_id uuid not null references core.brands (id) on delete cascade,
  attribute text not null,
  distribution actors.distribution not null,
  mean double precision not null,
  variance double precision not null
    constraint variance_is_not_negative check (variance >= 0),
  category_count integer not null default 1
    constraint category_count_is_positive check (category_count > 0),
  actor_count integer not null,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  unique (brand_id, attribute)
);

comment on table actors.belief_priors is
  'What is believed of a person of this brand before any evidence: the mean over its actors and, for dirichlet, how many categories there are. Made by private.actors_refresh_priors.';
comment on column actors.belief_priors.variance is 'Variance of one observation about the mean (normal only).';
