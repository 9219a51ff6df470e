create table ai.ai_system_state (
  id uuid primary key default private.uuid_v7(),
  brand_id uuid not null unique references core.brands (id) on delete cascade,
  system_version text not null,
  active_functions jsonb not null default '[]',
  function_health_scores jsonb not null default '{}',
  learning_mode ai.learning_mode not null default 'active',
  learning_rate double precision not null default 0.1
    constraint learning_rate_is_a_share check (learning_rate between 0 and 1),
  knowledge_base_size integer not null default 0
    constraint knowledge_base_size_is_not_negative check (knowledge_base_size >= 0),
  last_learning_update timestamptz,
  total_function_calls bigint not null default 0
    constraint total_function_calls_is_not_negative check (total_function_calls >= 0),
  successful_function_calls bigint not null default 0
    constraint successful_function_calls_is_not_negative check (successful_function_calls >= 0),
  failed_function_calls bigint not null default 0
    constraint failed_function_calls_is_not_negative check (failed_function_calls >= 0),
  average_response_time_ms double precision,
  p95_response_time_ms double precision,
  error_rate double precision
    constraint error_rate_is_a_share check (error_rate between 0 and 1),
  overall_health_score double precision
    constraint overall_health_score_is_a_share check (overall_health_score between 0 and 1),
  memory_usage_percent double precision
    constraint memory_usage_is_a_percentage check (memory_usage_percent between 0 and 100),
  cpu_usage_percent double precision
    constraint cpu_usage_is_a_percentage check (cpu_usage_percent between 0 and 100),
  disk_usage_percent double precision
    constraint disk_usage_is_a_percentage check (disk_usage_percent between 0 and 100),
  active_alerts jsonb not null default '[]',
  recent_errors jsonb not null default '[]',
  system_config jsonb not null default '{}',
  feature_flags jsonb not null default '{}',
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint ended_calls_are_among_all_calls check (successful_function_calls + failed_function_calls <= total_function_calls)
);

comment on table ai.ai_system_state is
  'How the logic of a brand is doing: one row per brand, rewritten every five minutes by private.job_ai_refresh from the call log.';
comment on column ai.ai_system_state.total_function_calls is 'Calls since the beginning; the rate, times and errors are of the last 24 hours.';
comment on column ai.ai_system_state.error_rate is 'Failed and timed-out calls among the ended ones of the last 24 hours, 0 to 1; null without calls.';
comment on column ai.ai_system_state.p95_response_time_ms is '95th percentile of execution_time_ms over the last 24 hours, interpolated.';
comment on column ai.ai_system_state.overall_health_score is '1 - error_rate; null without calls.';
comment on column ai.ai_system_state.recent_errors is 'The last ten failed calls of the last 24 hours, newest first.';
comment on column ai.ai_system_state.memory_usage_percent is
  'Written by whoever watches the server, with the service role; SQL cannot see it. The same holds for cpu and disk.';

create table ai.ai_system_measures (
  id uuid primary key default private.uuid_v7(),
  brand_id uuid not null references core.brands (id) on delete cascade,
  measure text not null
    constraint measure_is_a_word check (measure ~ '^[a-z][a-z0-9_]*$'),
  value double precision,
  lower_bound double precision,
  upper_bound double precision,
  is_within boolean generated always as (value is null or (value >= coalesce(lower_bound, value) and value <= coalesce(upper_bound, value))) stored,
  sample_size integer not null default 0
    constraint sample_size_is_not_negative check (sample_size >= 0),
  details jsonb not null default '{}',
  measured_at timestamptz not null,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  unique (brand_id, id),
  unique (brand_id, measure)
);
comment on table ai.ai_system_measures is
  'Whether what a brand''s system learns can be trusted: one row per measure with the bounds it should lie in, rewritten nightly by the domain that measures it (private.note_measure).';
comment on column ai.ai_system_measures.value is 'Null: too little to say.';
comment on column ai.ai_system_measures.lower_bound is 'What is right is not below it; null: no bound. Likewise upper_bound.';

create table private.function_totals (
  brand_id uuid not null references core.brands (id) on delete cascade,
  function_id uuid not null references ai.functions (id) on delete cascade,
  total_calls bigint not null,
  successful_calls bigint not null,
  failed_calls bigint not null,
  timed_calls bigint not null,
  total_time_ms double precision not null,
  last_called_at timestamptz not null,
  primary key (brand_id, function_id)
);
create index function_totals_function_id_idx on private.function_totals (function_id);
comment on table private.function_totals is
  'Calls per brand and function up to private.call_watermark. Counted by a job, so that no call waits for the row lock of a counter.';

create table private.call_watermark (
  is_single boolean primary key default true
    constraint there_is_one_row check (is_single),
  counted_before xid8 not null
);
comment on table private.call_watermark is 'Calls written by transactions older than counted_before are in private.function_totals; no other is.';
insert into private.call_watermark (counted_before) values (pg_snapshot_xmin(pg_current_snapshot()));

create table private.explainers (
  kind text primary key
    constraint kind_is_a_word check (kind ~ '^[a-z][a-z0-9_]*$'),
  function_name text not null
);
comment on table private.explainers is
  'What ai.explain can walk. A function takes the id (uuid) and returns null when there is no such row, else jsonb {"kind", "id", "brand_id", "summary", "because": [{"kind", "id"}, …], …}; because names the causes, most important first.';
