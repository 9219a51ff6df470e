create table private.drivers (
  driver text primary key,
  place integer not null unique
    constraint place_is_one_of_six check (place between 1 and 6),
  prior double precision not null
    constraint prior_is_a_share check (prior between 0 and 1),
  belief text not null,
  advice text not null
);
comment on table private.drivers is 'The six drivers of a person, with their prior, what is inferred of whom one leads, and what to do about it.';

create table private.driver_pairs (
  driver_a text not null references private.drivers (driver) on delete cascade,
  driver_b text not null references private.drivers (driver) on delete cascade,
  conflict double precision not null default 0
    constraint conflict_is_a_share check (conflict between 0 and 1),
  reinforcement double precision not null default 0
    constraint reinforcement_is_a_share check (reinforcement between 0 and 1),
  primary key (driver_a, driver_b),
  constraint a_pair_is_told_once check (driver_a < driver_b)
);
create index driver_pairs_b_idx on private.driver_pairs (driver_b);
comment on table private.driver_pairs is 'How far two drivers pull against each other or strengthen each other; each pair once, so both ways are the same.';

create table actors.actor_drivers (
  id uuid primary key default private.uuid_v7(),
  brand_id uuid not null,
  actor_id uuid not null,
  safety double precision not null,
  connection double precision not null,
  status double precision not null,
  growth double precision not null,
  freedom double precision not null,
  purpose double precision not null,
  entropy_bits double precision not null,
  information_gain_bits double precision not null,
  kl_divergence_nats double precision not null,
  coherence double precision not null
    constraint coherence_is_a_share check (coherence between 0 and 1),
  driver_state text not null
    constraint driver_state_is_known check (driver_state in ('collapsed', 'partial', 'superposed')),
  leading_driver text not null,
  second_driver text not null,
  is_superposed boolean not null,
  collapse_probability double precision not null
    constraint collapse_probability_is_a_share check (collapse_probability between 0 and 1),
  pair_correlation double precision not null
    constraint pair_correlation_is_from_minus_one_to_one check (pair_correlation between -1 and 1),
  decoherence_rate double precision not null,
  conflicts jsonb not null default '[]'
    constraint conflicts_is_a_list check (jsonb_typeof(conflicts) = 'array'),
  contradiction_score double precision not null
    constraint contradiction_score_is_a_share check (contradiction_score between 0 and 1),
  fragments jsonb not null default '[]'
    constraint fragments_is_a_list check (jsonb_typeof(fragments) = 'array'),
  identity_coherence double precision
    constraint identity_coherence_is_a_share check (identity_coherence between 0 and 1),
  complexity double precision not null
    constraint complexity_is_a_share check (complexity between 0 and 1),
  complexity_level text not null
    constraint complexity_level_is_known check (complexity_level in ('low', 'medium', 'high')),
  resolution_capacity double precision not null,
  decoded jsonb not null,
  confidence double precision not null
    constraint confidence_is_a_share check (confidence between 0 and 1),
  evidence_count integer not null
    constraint evidence_count_is_not_negative check (evidence_count >= 0),
  last_updated_at timestamptz not null default now(),
  source_signals jsonb not null default '[]'
    constraint source_signals_is_a_list check (jsonb_typeof(source_signals) = 'array'),
  source_weights jsonb not null default '[]'
    constraint source_weights_is_a_list check (jsonb_typeof(source_weights) = 'array'),
  version integer not null default 1
    constraint version_is_positive check (version > 0),
  is_current boolean not null default true,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  foreign key (brand_id, actor_id) references actors.actors (brand_id, id) on delete cascade,
  constraint drivers_are_shares_of_one check (abs(safety + connection + status + growth + freedom + purpose - 1) < 1e-6
    and least(safety, connection, status, growth, freedom, purpose) >= 0)
);
create index actor_drivers_actor_idx on actors.actor_drivers (brand_id, actor_id);
create unique index actor_drivers_one_current_idx on actors.actor_drivers (brand_id, actor_id) where is_current;
comment on table actors.actor_drivers is
  'What moves the person: probabilities of the six drivers, from the evidence driver.primary and identity.archetype (text, behaviour, surveys), and what follows from them. One current row per actor.';
comment on column actors.actor_drivers.entropy_bits is 'Of the six probabilities; log2 6 = 2.585 at most.';
comment on column actors.actor_drivers.information_gain_bits is 'Entropy of the prior less entropy_bits: what all evidence told; below 0 where it made the person less clear.';
comment on column actors.actor_drivers.kl_divergence_nats is 'Of the probabilities from the prior.';
comment on column actors.actor_drivers.coherence is '1 - entropy / log2 6: collapsed above 0.8, partial above 0.5, else superposed.';
comment on column actors.actor_drivers.is_superposed is 'The two leading drivers are less than 0.15 apart and both above 0.25.';
comment on column actors.actor_drivers.collapse_probability is '1 - gap of the two leading drivers while is_superposed, else 0.';
comment on column actors.actor_drivers.pair_correlation is 'Of the two leading drivers: reinforcement less conflict. Asking about one moves the other by 0.8 of it.';
comment on column actors.actor_drivers.decoherence_rate is 'How fast the state blurs without new evidence: 0.1 below 5 pieces, 0.05 below 20, then 0.02.';
comment on column actors.actor_drivers.conflicts is 'Pairs of drivers with conflict above 0.5 and both probabilities above 0.3, each once: [{"drivers", "conflict"}].';
comment on column actors.actor_drivers.contradiction_score is 'Driver tension: 4 x sum over pairs of conflict x p_a x p_b, at most 1; two equal drivers alone give their conflict.';
comment on column actors.actor_drivers.fragments is 'Archetypes: [{"archetype", "confidence", "count"}].';
comment on column actors.actor_drivers.complexity is '0.6 contradiction_score + 0.4 identity tension; resolution_capacity = 1.2 - complexity.';
comment on column actors.actor_drivers.decoded is 'The seven outputs: segment, observed_behavior, belief_inferred, confidence, friction, core_driver, actionable_insight.';
