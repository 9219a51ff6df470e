create table outcomes.attribution_runs (
  id uuid primary key default private.uuid_v7(),
  brand_id uuid not null references core.brands (id) on delete cascade,
  grouping text not null
    constraint grouping_is_known check (grouping in ('channel', 'template', 'stimulus')),
  period_start timestamptz not null,
  period_end timestamptz not null,
  window_days double precision not null
    constraint window_days_is_positive check (window_days > 0 and window_days <= 366),
  models text[] not null,
  people integer not null default 0,
  touches integer not null default 0,
  conversions integer not null default 0,
  conversion_value numeric(14, 2) not null default 0,
  refunded_value numeric(14, 2) not null default 0,
  currency text not null
    constraint currency_is_iso_4217 check (currency ~ '^[A-Z]{3}$'),
  notes jsonb not null default '[]'
    constraint notes_are_a_list check (jsonb_typeof(notes) = 'array'),
  ran_at timestamptz not null,
  created_at timestamptz not null default now(),
  unique (brand_id, id),
  unique (brand_id, grouping, period_start, period_end, window_days),
  constraint period_ends_after_it_begins check (period_start < period_end)
);
comment on table outcomes.attribution_runs is
  'One look at what brought the responses of a period. A look at the same period, grouping and window takes the place of the one before, with the returns that came since.';
comment on column outcomes.attribution_runs.window_days is 'A touch counts for responses up to so many days after it.';
comment on column outcomes.attribution_runs.people is 'People of the brand at the end of the period, touched or not.';
comment on column outcomes.attribution_runs.touches is 'Deliveries that reached people before a response or in the period; the held out are none.';
comment on column outcomes.attribution_runs.conversion_value is 'Sum of the orders in the currency of the brand, before returns. Orders in another one count as responses without a value (see notes).';
comment on column outcomes.attribution_runs.refunded_value is 'How much of it was returned until ran_at.';
comment on column outcomes.attribution_runs.notes is 'What the reader should know of the data, in words.';

create table outcomes.attributions (
  id uuid primary key default private.uuid_v7(),
  brand_id uuid not null references core.brands (id) on delete cascade,
  run_id uuid not null,
  model text not null
    constraint model_is_known check (model in ('first', 'last', 'linear', 'time_decay', 'position', 'markov', 'shapley', 'holdout')),
  group_key text not null,
  credit numeric(14, 6) not null,
  value numeric(14, 2) not null,
  refunded_value numeric(14, 2) not null,
  is_causal boolean generated always as (model = 'holdout') stored,
  share double precision
    constraint share_is_a_share check (share between 0 and 1),
  share_lower double precision,
  share_upper double precision,
  caused double precision,
  caused_lower double precision,
  caused_upper double precision,
  chance_positive double precision
    constraint chance_positive_is_a_share check (chance_positive between 0 and 1),
  people_eligible integer,
  people_held_out integer,
  conclusion text not null,
  created_at timestamptz not null default now(),
  unique (brand_id, id),
  unique (run_id, model, group_key),
  foreign key (brand_id, run_id) references outcomes.attribution_runs (brand_id, id) on delete cascade
);
comment on table outcomes.attributions is
  'What each model gives to each group in a run, with a row for direct (no touch; for holdout: would have come anyway). Only holdout is causal: it compares people with the ones who were held out at random. The others divide what happened by a rule, and credit also what would have happened without any touch.';
comment on column outcomes.attributions.group_key is 'Channel, id of the template or of the stimulus; direct; other (groups of a run with too many for the model).';
comment on column outcomes.attributions.credit is 'Responses, less the returned part of each. The groups of a model sum to the responses of the run exactly.';
comment on column outcomes.attributions.value is 'Money in the currency of the run, less returns. Sums exactly too.';
comment on column outcomes.attributions.share is 'Of what all groups together brought, direct apart. holdout: of what they cause where nobody is held out.';
comment on column outcomes.attributions.share_lower is '90% interval of share with share_upper; holdout only.';
comment on column outcomes.attributions.caused is 'People who responded because of the group (Shapley value under the intent model); below 0 it kept people from responding. With its 90% interval.';
comment on column outcomes.attributions.chance_positive is 'Probability that the group causes any response.';

create table outcomes.attribution_credits (
  id uuid primary key default private.uuid_v7(),
  brand_id uuid not null references core.brands (id) on delete cascade,
  run_id uuid not null,
  model text not null,
  signal_id uuid,
  outcome_id uuid,
  deployment_id uuid,
  group_key text not null,
  credit numeric(8, 6) not null
    constraint credit_is_a_share check (credit between 0 and 1),
  value numeric(14, 2) not null,
  refunded_value numeric(14, 2) not null,
  unique (brand_id, id),
  constraint a_credit_is_of_one_response check (num_nonnulls(signal_id, outcome_id) <= 1),
  foreign key (brand_id, run_id) references outcomes.attribution_runs (brand_id, id) on delete cascade,
  foreign key (brand_id, signal_id) references signals.signals_base (brand_id, id) on delete cascade,
  foreign key (brand_id, outcome_id) references outcomes.outcomes (brand_id, id) on delete cascade,
  foreign key (brand_id, deployment_id) references stimuli.stimulus_deployments (brand_id, id) on delete cascade
);
comment on table outcomes.attribution_credits is
  'Touch by touch: how much of one response each model gives to one deployment. The rows of a response sum to 1 less its returned part, and to its value less what was returned, to the cent.';
comment on column outcomes.attribution_credits.signal_id is 'The signal of the response; outcome_id where it was recorded without one.';
comment on column outcomes.attribution_credits.deployment_id is 'Null for direct.';

-- What a run needs between its steps; emptied at its end. Unlogged: a crash undoes the run, and it is asked for again.
create unlogged table private.attribution_groups (
  run_id uuid not null,
  number integer not null,
  group_key text not null,
  primary key (run_id, number)
);
comment on table private.attribution_groups is 'The groups of a run, the one with the most deployments first.';

create unlogged table private.attribution_touches (
  run_id uuid not null,
  deployment_id uuid not null,
  actor_id uuid not null,
  group_number integer not null,
  touched_at timestamptz not null,
  is_holdout boolean not null,
  is_touch boolean not null,
  primary key (run_id, deployment_id)
);
create index attribution_touches_actor_idx on private.attribution_touches (run_id, actor_id, touched_at);
comment on table private.attribution_touches is 'The deployments of a run by person; is_touch: it was sent, as far as is known.';

create unlogged table private.attribution_conversions (
  run_id uuid not null,
  number integer not null,
  actor_id uuid not null,
  signal_id uuid,
  outcome_id uuid,
  order_number text,
  converted_at timestamptz not null,
  value numeric(14, 2) not null,
  refunded numeric(14, 2) not null default 0,
  primary key (run_id, number)
);
create index attribution_conversions_actor_idx on private.attribution_conversions (run_id, actor_id, converted_at);
comment on table private.attribution_conversions is 'The responses of a run by person.';

create unlogged table private.attribution_people (
  run_id uuid not null,
  actor_id uuid not null,
  eligible integer not null,
  exposed integer not null,
  has_responded boolean not null,
  primary key (run_id, actor_id)
);
comment on table private.attribution_people is 'The people of a run: the groups each was eligible for and exposed to, as bits, and whether it responded.';
-- What was counted about earlier runs says that a new one has no rows: let the planner assume an average run.
alter table private.attribution_touches alter column run_id set statistics 0;
alter table private.attribution_conversions alter column run_id set statistics 0;
alter table private.attribution_people alter column run_id set statistics 0;

create index attributions_run_idx on outcomes.attributions (brand_id, run_id);
create index attribution_credits_run_idx on outcomes.attribution_credits (brand_id, run_id, model);
create index attribution_credits_signal_idx on outcomes.attribution_credits (brand_id, signal_id);
create index attribution_credits_outcome_idx on outcomes.attribution_credits (brand_id, outcome_id);
create index attribution_credits_deployment_idx on outcomes.attribution_credits (brand_id, deployment_id);
